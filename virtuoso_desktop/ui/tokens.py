"""Every colour and strength of the window as plain values. No Qt: nothing here costs before the first paint.

The numbers come from the visual system; no colour literal stands anywhere else.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Palette(msgspec.Struct, frozen=True):
    """One set of tokens. Colours are ``#RRGGBB``; ``*_ratio`` are tint strengths in [0, 1]."""

    gutter: str
    """Between panels, behind everything."""
    background: str
    """Panel bodies, charts, tables."""
    surface: str
    """Top bar, panel headers, status bar, dialogs."""
    raised: str
    """Inputs, menus, hover."""
    raised2: str
    """Tooltips, crosshair tags, empty bars."""
    hair: str
    """Lines inside a panel."""
    line: str
    """Borders, axes, pane separators."""
    grid: str
    """Chart grid only."""
    text: str
    muted: str
    """Never on ``raised2``."""
    disabled: str
    accent: str
    on_accent: str
    accent_text: str
    up: str
    """Fill of candles and bars."""
    up_text: str
    up_tag: str
    """Fill of a tag that carries ``on_up`` text."""
    on_up: str
    down: str
    down_text: str
    down_tag: str
    on_down: str
    info: str
    warning: str
    ema_fast: str
    ema_slow: str
    ema_third: str
    vwap: str
    heatmap: tuple[str, str, str, str, str, str]
    """Six colours at five equal steps."""
    accent_tint_ratio: float
    score_tint_ratio: float


DARK = Palette(
    gutter="#080A0D",
    background="#0E1116",
    surface="#151A21",
    raised="#1C232D",
    raised2="#2A323D",
    hair="#1D242D",
    line="#2A323D",
    grid="#171D25",
    text="#E6EAF0",
    muted="#8B96A5",
    disabled="#5F6A79",
    accent="#9187FF",
    on_accent="#0E0B2B",
    accent_text="#B4ADFF",
    up="#2EBD85",
    up_text="#2EBD85",
    up_tag="#2EBD85",
    on_up="#04150E",
    down="#F6465D",
    down_text="#FF6B7D",
    down_tag="#F6465D",
    on_down="#1E0308",
    info="#4C9AFF",
    warning="#E8B339",
    ema_fast="#4CC9F0",
    ema_slow="#8A7BFF",
    ema_third="#E889C5",
    vwap="#C9D1DC",
    heatmap=("#0E1116", "#0F2135", "#134266", "#1F76A3", "#6BB8D6", "#FFF0BF"),
    accent_tint_ratio=0.16,
    score_tint_ratio=0.50,
)

LIGHT = Palette(
    gutter="#D9DEE5",
    background="#FFFFFF",
    surface="#F4F6F9",
    raised="#FFFFFF",
    raised2="#E3E8EE",
    hair="#E8ECF1",
    line="#CBD2DB",
    grid="#EEF1F5",
    text="#12171F",
    muted="#566272",
    disabled="#8A94A2",
    accent="#5547D9",
    on_accent="#FFFFFF",
    accent_text="#4A3CCB",
    up="#12A573",
    up_text="#08774F",
    up_tag="#08774F",
    on_up="#FFFFFF",
    down="#E0364F",
    down_text="#BE1732",
    down_tag="#CC1F3A",
    on_down="#FFFFFF",
    info="#1762C9",
    warning="#865D00",
    ema_fast="#0891B2",
    ema_slow="#6D5BD0",
    ema_third="#B0307F",
    vwap="#4B5563",
    heatmap=("#FFFFFF", "#E4EFF8", "#A9CDE8", "#5B9FD0", "#2268A8", "#0B2F66"),
    accent_tint_ratio=0.10,
    score_tint_ratio=0.42,
)

DARK_COLOUR_BLIND = msgspec.structs.replace(
    DARK,
    up="#5AA2FF",
    up_text="#5AA2FF",
    up_tag="#5AA2FF",
    on_up="#030F1F",
    down="#FF9F45",
    down_text="#FF9F45",
    down_tag="#FF9F45",
    on_down="#1F0F02",
    info="#A9B4C2",
    warning="#F7D154",
)

LIGHT_COLOUR_BLIND = msgspec.structs.replace(
    LIGHT,
    up="#3B82E0",
    up_text="#1A62C4",
    up_tag="#1A62C4",
    down="#D9700A",
    down_text="#A34E00",
    down_tag="#A34E00",
    info="#566272",
)

BANNER_TINT_RATIO = 0.13
BANNER_EDGE_RATIO = 0.50
BADGE_TINT_RATIO = 0.12
"""Stronger, and the words on a light badge fall under 4.5:1."""
FLASH_RATIO = 0.28
"""A changed price tints its cell with this strength, fading to 0."""
FLASH_MS = 300.0
FORMING_RATIO = 0.35
VOLUME_RATIO = 0.45


class ThemeChoice(StrEnum):
    """What the user chose; ``system`` follows the desktop."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


MOTION_CHOICES: dict[str, bool | None] = {"system": None, "full": False, "reduced": True}
"""What the setting ``ui.motion`` means for reduced motion; None follows the desktop."""

COLOUR_TOKENS: tuple[str, ...] = tuple(
    name for name in Palette.__struct_fields__ if not name.endswith("_ratio") and name != "heatmap"
)
"""Names that `Theme.color` knows."""
