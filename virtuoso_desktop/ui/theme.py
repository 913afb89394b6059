"""Every colour of the program, in one place, and the switch between them at run time.

Tokens are plain strings, so that this module costs nothing before the first paint. Painters ask
`Theme.color` and get a cached ``QColor``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from virtuoso_desktop.kernel.signals import Signal


@dataclass(frozen=True, slots=True)
class Palette:
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
    vwap="#4B5563",
    heatmap=("#FFFFFF", "#E4EFF8", "#A9CDE8", "#5B9FD0", "#2268A8", "#0B2F66"),
    accent_tint_ratio=0.10,
    score_tint_ratio=0.42,
)

DARK_COLOUR_BLIND = replace(
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

LIGHT_COLOUR_BLIND = replace(
    LIGHT,
    up="#3B82E0",
    up_text="#1A62C4",
    up_tag="#1A62C4",
    down="#D9700A",
    down_text="#A34E00",
    down_tag="#A34E00",
    info="#566272",
)

BANNER_TINT_RATIO = 0.14
BANNER_EDGE_RATIO = 0.50
BADGE_TINT_RATIO = 0.16
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


class Theme:
    """The palette in force. ``changed`` is emitted after it was replaced; painters then repaint.

    Parameters
    ----------
    choice : ThemeChoice
        Dark, light, or what the desktop says.
    colour_blind : bool
        Blue and orange instead of green and red.
    reduced_motion : bool or None
        None follows the desktop where it can be asked.
    """

    def __init__(
        self,
        choice: ThemeChoice = ThemeChoice.DARK,
        *,
        colour_blind: bool = False,
        reduced_motion: bool | None = None,
    ) -> None:
        self.changed: Signal[Theme] = Signal("theme changed")
        self.choice = choice
        self.colour_blind = colour_blind
        self.reduced_motion_choice = reduced_motion
        self.system_reduces_motion = False
        """Set by the window once the desktop has been asked, after the first paint."""
        self.version = 0
        """Counts palettes: a key for anything cached in this theme's colours."""
        self.palette = self._chosen_palette()
        self._colors: dict[tuple[str, float], QColor] = {}
        self._watches_system = False

    @property
    def is_dark(self) -> bool:
        return self.palette.background == DARK.background

    @property
    def reduced_motion(self) -> bool:
        if self.reduced_motion_choice is None:
            return self.system_reduces_motion
        return self.reduced_motion_choice

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """The token's colour with opacity ``alpha`` in [0, 1]. Shared: do not modify."""
        key = (token, alpha)
        color = self._colors.get(key)
        if color is None:
            color = QColor(getattr(self.palette, token))
            color.setAlphaF(alpha)
            self._colors[key] = color
        return color

    def choose(self, choice: ThemeChoice) -> None:
        """Switch at run time; applies to the running application."""
        self.choice = choice
        self._replace_palette()

    def set_colour_blind(self, colour_blind: bool) -> None:
        """Blue and orange instead of green and red."""
        self.colour_blind = colour_blind
        self._replace_palette()

    def set_reduced_motion(self, reduced: bool | None) -> None:
        """None follows the desktop."""
        self.reduced_motion_choice = reduced

    def cycle(self) -> ThemeChoice:
        """Dark, light, system, and again."""
        order = tuple(ThemeChoice)
        self.choose(order[(order.index(self.choice) + 1) % len(order)])
        return self.choice

    def apply(self) -> None:
        """Give palette and style sheet to the running application, and follow the desktop from now on."""
        from virtuoso_desktop.ui.style import apply_style

        apply_style(self)
        if not self._watches_system:
            self._watches_system = True
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_scheme)

    def _on_system_scheme(self, _scheme: Qt.ColorScheme) -> None:
        if self.choice is ThemeChoice.SYSTEM:
            self._replace_palette()

    def _chosen_palette(self) -> Palette:
        dark = self.choice is ThemeChoice.DARK or (self.choice is ThemeChoice.SYSTEM and system_is_dark())
        if self.colour_blind:
            return DARK_COLOUR_BLIND if dark else LIGHT_COLOUR_BLIND
        return DARK if dark else LIGHT

    def _replace_palette(self) -> None:
        palette = self._chosen_palette()
        if palette == self.palette:
            return
        self.palette = palette
        self.version += 1
        self._colors.clear()
        self.apply()
        self.changed.emit(self)


def system_is_dark() -> bool:
    """The desktop's own scheme; dark where it says nothing."""
    return QGuiApplication.styleHints().colorScheme() is not Qt.ColorScheme.Light


def qt_palette(palette: Palette) -> QPalette:
    """The tokens as Qt's roles, for everything that Qt paints itself."""
    result = QPalette()
    role = QPalette.ColorRole
    for name, token in (
        (role.Window, palette.gutter),
        (role.WindowText, palette.text),
        (role.Base, palette.background),
        (role.AlternateBase, palette.surface),
        (role.Text, palette.text),
        (role.PlaceholderText, palette.muted),
        (role.Button, palette.raised),
        (role.ButtonText, palette.text),
        (role.BrightText, palette.text),
        (role.Light, palette.raised2),
        (role.Midlight, palette.raised),
        (role.Mid, palette.line),
        (role.Dark, palette.hair),
        (role.Shadow, palette.gutter),
        (role.Highlight, palette.accent),
        (role.HighlightedText, palette.on_accent),
        (role.Accent, palette.accent),
        (role.Link, palette.accent_text),
        (role.LinkVisited, palette.accent_text),
        (role.ToolTipBase, palette.raised2),
        (role.ToolTipText, palette.text),
    ):
        result.setColor(name, QColor(token))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(palette.disabled))
    return result


COLOUR_TOKENS: tuple[str, ...] = tuple(
    field.name for field in fields(Palette) if not field.name.endswith("_ratio") and field.name != "heatmap"
)
"""Names that `Theme.color` knows."""
