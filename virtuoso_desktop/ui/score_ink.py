"""How a score looks in a table cell: tint, figure, bar, badge (visual system, score colours). No Qt."""

from __future__ import annotations

from functools import lru_cache

from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.ui.cell import KEY, MISSING, MUTED, SMALL, SMALL_MUTED, Cell, Ink, Part, Plate, cell, no_value
from virtuoso_desktop.ui.format import DASH
from virtuoso_desktop.ui.tokens import BADGE_TINT_RATIO, FORMING_RATIO

MIDDLE = 50.0
QUIET_POINTS, FULL_POINTS = 3.0, 32.0
"""No tint within 3 points of the middle, the whole tint 32 points further on."""
BAR_POINTS = 36.0
"""Points that fill half of a score bar."""
HIGH, LOW = 65.0, 35.0
STEPS = 32
PROVISIONAL = "~"
"""Before a value of a candle that is not closed."""
ARROWS = {SignalKind.BUY: "\u25b2", SignalKind.SELL: "\u25bc", SignalKind.NEUTRAL: ""}
SIDES = {SignalKind.BUY: "up", SignalKind.SELL: "down"}
_BADGES = {kind: Ink(600, f"{side}_text", 10) for kind, side in SIDES.items()}
_NO_SIGNAL = cell(DASH, MUTED, spoken="no signal")


def tint(score: float) -> tuple[str, float]:
    """Colour token and strength, 0 to 1 of the palette's full tint."""
    score = round(score, 1)
    strength = min(1.0, max(0.0, (abs(score - MIDDLE) - QUIET_POINTS) / FULL_POINTS))
    return ("up" if score > MIDDLE else "down"), round(strength * STEPS) / STEPS


def plates(score: float, *, forming: bool = False, shape: str = "cell") -> tuple[Plate, ...]:
    """The tint under a score; an outline over a weaker one while the candle forms."""
    return _plates(*tint(score), forming=forming, shape=shape)


def _plates(token: str, strength: float, *, forming: bool, shape: str = "cell") -> tuple[Plate, ...]:
    if not strength:
        return ()
    if not forming:
        return (Plate(shape, token, strength),)
    return (Plate(shape, token, strength * FORMING_RATIO), Plate("outline", token, 0.25 + strength / 2))


def score_cell(score: float | None, *, is_stale: bool = False, forming: bool = False, why: str = "") -> Cell:
    """A tinted cell with a whole number; ``why`` is read aloud where there is none."""
    if score is None:
        return no_value(why) if why else MISSING
    return _score_cell(f"{score:.0f}", tint(score), is_stale, forming)


@lru_cache(maxsize=4096)
def _score_cell(figure: str, tinted: tuple[str, float], is_stale: bool, forming: bool) -> Cell:
    if is_stale:
        return cell(figure, SMALL_MUTED, spoken=f"{figure}, stale")
    return Cell(
        (Part(figure, SMALL),),
        spoken=f"{figure}, provisional" if forming else "",
        plates=_plates(*tinted, forming=forming),
    )


def bar_token(score: float) -> str:
    """Colour of a score bar: up and down only where a signal may hold."""
    shown = round(score, 1)
    return "up" if shown >= HIGH else "down" if shown <= LOW else "muted"


def bar_length(score: float, half_px: float) -> float:
    """Length of a score bar from its middle, in half pixels, negative to the left."""
    share = max(-1.0, min(1.0, (score - MIDDLE) / BAR_POINTS))
    return round(share * half_px * 2) / 2


def total_cell(score: float | None, *, forming: bool = False, with_bar: bool = True, half_px: float = 14.0) -> Cell:
    """The confluence of a row: one decimal, with its bar where there is room."""
    if score is None:
        return MISSING
    figure = f"{score:.1f}"
    if forming:
        return Cell((Part(PROVISIONAL + figure, KEY),), spoken=f"{figure}, provisional")
    bar = (Plate("bar", bar_token(score), 1.0, bar_length(score, half_px)),) if with_bar else ()
    return Cell((Part(figure, KEY),), plates=bar)


def signal_cell(kind: SignalKind, *, is_short: bool = False, spoken: str = "") -> Cell:
    """A badge with the word, or its letter; an em dash for no signal."""
    if kind is SignalKind.NEUTRAL:
        return _NO_SIGNAL
    word, shape = (kind.value[0], "short_badge") if is_short else (kind.value, "badge")
    plate = Plate(shape, SIDES[kind], BADGE_TINT_RATIO)
    return Cell((Part(word, _BADGES[kind]),), spoken=spoken or kind.value, plates=(plate,))
