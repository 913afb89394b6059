"""How each study is drawn: which columns become lines, in which colour and stroke, on which scale."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from virtuoso_desktop.model.study import BANDS, CVD, Study, StudyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LINE_WIDTH = 1.25
PANE_WIDTH = 1.0
"""Of lines in panes of their own; Qt draws them twice as fast."""
HIGHLIGHT_WIDTH = 2.5
"""Of lines that evidence points at."""
SESSION = "vwap"
"""Lines of a name that begins so are broken at midnight UTC."""


class LineLook(NamedTuple):
    """One line: its column, colour token and stroke in logical pixels."""

    key: str
    token: str
    width: float = LINE_WIDTH
    alpha: float = 1.0
    is_dashed: bool = False
    words: str = ""
    """What a legend says before its value, where the colour alone would tell."""

    @property
    def is_session(self) -> bool:
        """Whether it begins anew with every UTC day."""
        return self.key.startswith((SESSION, "cvd", "trade_cvd"))


class LevelLook(NamedTuple):
    """A level line right across a pane."""

    value: float
    token: str
    alpha: float
    dash: tuple[float, float] = (0.0, 0.0)


class PaneLook(NamedTuple):
    """A pane of its own: lines, levels and scale."""

    lines: tuple[LineLook, ...]
    fixed: tuple[float, float] | None = None
    """Its scale; None fits it to what is in view."""
    levels: tuple[LevelLook, ...] = ()
    band: tuple[float, float] | None = None
    """A faint band between two values."""
    bars: str = ""
    """Column of a histogram about zero."""
    beyond: tuple[float, float] | None = None
    """The line's area is filled above the second and below the first value."""
    labels: tuple[float, ...] = ()
    """Values that the axis names; empty for round ones."""
    decimals: int = 1
    in_ticks: bool = False
    """The values are differences of prices, in ticks."""
    as_bars: bool = False
    """Every line is drawn as bars from zero, coloured by their sign."""
    is_signed: bool = False
    """Values are told with their sign."""
    unit: str = ""
    digits: int = 3
    """Significant ones, of amounts without decimals."""


_EMA_TOKENS = ("ema_fast", "ema_slow", "ema_third")
BOLLINGER = "info"
_DASH = (3.0, 3.0)

_VWAP = (
    LineLook("vwap", "vwap"),
    LineLook("vwap.up1", "vwap", 1.0, 0.38),
    LineLook("vwap.down1", "vwap", 1.0, 0.38),
    LineLook("vwap.up2", "vwap", 1.0, 0.24, True),
    LineLook("vwap.down2", "vwap", 1.0, 0.24, True),
)


def highlighted(lines: Iterable[LineLook]) -> tuple[LineLook, ...]:
    """The same lines, wider."""
    return tuple(line._replace(width=HIGHLIGHT_WIDTH) for line in lines)


def overlay_lines(studies: tuple[Study, ...]) -> dict[str, tuple[LineLook, ...]]:
    """The lines over the candles, by study; the first of a study's lines is what its legend tells."""
    found: dict[str, tuple[LineLook, ...]] = {}
    emas = 0
    for study in studies:
        name = study.name
        if study.kind is StudyKind.EMA:
            round_, place = divmod(emas, len(_EMA_TOKENS))
            found[name] = (LineLook(name, _EMA_TOKENS[place], is_dashed=bool(round_ % 2)),)
            emas += 1
        elif study.kind is StudyKind.VWAP:
            found[name] = _VWAP if study.has(BANDS) else _VWAP[:1]
        elif study.kind is StudyKind.BOLLINGER:
            found[name] = (
                LineLook(f"{name}.middle", BOLLINGER, 1.0, 0.6, True),
                LineLook(f"{name}.upper", BOLLINGER, 1.0, 0.8),
                LineLook(f"{name}.lower", BOLLINGER, 1.0, 0.8),
            )
        elif study.kind is StudyKind.SUPERTREND:
            found[name] = (LineLook(f"{name}.below", "up"), LineLook(f"{name}.above", "down"))
    return found


def fills(studies: tuple[Study, ...]) -> list[tuple[str, str, str, float]]:
    """Faint areas between two lines: (upper, lower, token, alpha)."""
    found: list[tuple[str, str, str, float]] = []
    for study in studies:
        if study.kind is StudyKind.VWAP and study.has(BANDS):
            found.append(("vwap.up1", "vwap.down1", "vwap", 0.045))
        elif study.kind is StudyKind.BOLLINGER:
            found.append((f"{study.name}.upper", f"{study.name}.lower", BOLLINGER, 0.045))
    return found


@lru_cache(maxsize=64)
def pane_look(study: Study) -> PaneLook:
    """The pane of a study that has one."""
    return _PANES[study.kind](study.name) if study.kind is not StudyKind.VOLUME else _volume(study)


def _volume(study: Study) -> PaneLook:
    return PaneLook((LineLook("cvd", "info", PANE_WIDTH),) if study.has(CVD) else ())


def _rsi(name: str) -> PaneLook:
    edges = (LevelLook(70, "muted", 0.5, _DASH), LevelLook(30, "muted", 0.5, _DASH))
    return PaneLook((LineLook(name, "ema_fast", PANE_WIDTH),), (0.0, 104.0), edges, band=(30, 70), labels=(30, 70))


def _macd(name: str) -> PaneLook:
    lines = (
        LineLook(f"{name}.line", "ema_fast", PANE_WIDTH),
        LineLook(f"{name}.signal", "ema_slow", PANE_WIDTH, words="signal"),
    )
    return PaneLook(lines, levels=(LevelLook(0, "muted", 0.35),), bars=f"{name}.hist", labels=(0,), in_ticks=True)


def _adx(name: str) -> PaneLook:
    lines = (
        LineLook(name, "text", PANE_WIDTH),
        LineLook(f"{name}.plus", "up", 1.0, words="+DI"),
        LineLook(f"{name}.minus", "down", 1.0, words="\u2212DI"),
    )
    return PaneLook(lines, levels=(LevelLook(15, "muted", 0.5, _DASH), LevelLook(30, "muted", 0.5, _DASH)),
                    labels=(15, 30))  # fmt: skip


def _obv(name: str) -> PaneLook:
    return PaneLook((LineLook(name, "info", PANE_WIDTH),), decimals=0)


def _confluence(_name: str) -> PaneLook:
    levels = (
        LevelLook(70, "up", 0.7),
        LevelLook(30, "down", 0.7),
        LevelLook(65, "up", 0.7, (1.0, 3.0)),
        LevelLook(35, "down", 0.7, (1.0, 3.0)),
    )
    return PaneLook((LineLook("confluence", "text"),), (8.0, 108.0), levels, beyond=(35, 65), labels=(30, 70))


_ZERO = LevelLook(0, "muted", 0.35)


def _open_interest(name: str) -> PaneLook:
    return PaneLook((LineLook(name, "info", PANE_WIDTH),), decimals=0, digits=5)


def _funding(name: str) -> PaneLook:
    return PaneLook((LineLook(name, "up"),), levels=(_ZERO,), decimals=4, as_bars=True, is_signed=True, unit="%")


def _long_short(name: str) -> PaneLook:
    return PaneLook((LineLook(name, "ema_slow", PANE_WIDTH),), levels=(LevelLook(1, "muted", 0.5, _DASH),), decimals=2)


def _liquidations(name: str) -> PaneLook:
    lines = (LineLook(f"{name}.shorts", "up", words="shorts"), LineLook(f"{name}.longs", "down", words="longs"))
    return PaneLook(lines, levels=(_ZERO,), decimals=0, as_bars=True)


def _trade_cvd(name: str) -> PaneLook:
    return PaneLook((LineLook(name, "info", PANE_WIDTH),), levels=(_ZERO,), decimals=0, is_signed=True)


def _flow(name: str) -> PaneLook:
    return PaneLook((LineLook(name, "up"),), levels=(_ZERO,), decimals=0, as_bars=True, is_signed=True)


def _book(name: str) -> PaneLook:
    lines = (
        LineLook(f"{name}.depth", "text", PANE_WIDTH, words="depth"),
        LineLook(f"{name}.top", "ema_fast", 1.0, 0.7, words="best prices"),
    )
    return PaneLook(lines, (-1.1, 1.6), (_ZERO,), labels=(-1, 0, 1), decimals=2, is_signed=True)


_PANES: dict[StudyKind, Callable[[str], PaneLook]] = {
    StudyKind.RSI: _rsi,
    StudyKind.MACD: _macd,
    StudyKind.ADX: _adx,
    StudyKind.OBV: _obv,
    StudyKind.CONFLUENCE: _confluence,
    StudyKind.OPEN_INTEREST: _open_interest,
    StudyKind.FUNDING: _funding,
    StudyKind.LONG_SHORT: _long_short,
    StudyKind.LIQUIDATIONS: _liquidations,
    StudyKind.TRADE_CVD: _trade_cvd,
    StudyKind.FLOW: _flow,
    StudyKind.BOOK: _book,
}


def derived(studies: tuple[Study, ...], columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Lines that follow from columns, cell by cell: the bands of the VWAP, the two sides of Supertrend."""
    found: dict[str, Floats] = {}
    for study in studies:
        if study.kind is StudyKind.VWAP and study.has(BANDS) and "vwap.sd" in columns:
            middle, sd = columns["vwap"], columns["vwap.sd"]
            for count in (1, 2):
                found[f"vwap.up{count}"], found[f"vwap.down{count}"] = middle + count * sd, middle - count * sd
        elif study.kind is StudyKind.SUPERTREND and f"{study.name}.direction" in columns:
            name = study.name
            line, direction = columns[name], columns[f"{name}.direction"]
            found[f"{name}.below"] = np.where(direction > 0, line, np.nan)
            found[f"{name}.above"] = np.where(direction < 0, line, np.nan)
    return found
