"""How far each drawing reaches in time and price, as columns: what is out of view is found without a loop. No Qt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from virtuoso_desktop.ui.charts.drawing.figures import MOST_LETTERS, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from virtuoso_desktop.ui.charts.drawing.figures import Drawing

    Floats = NDArray[np.float64]

_LETTER_PX = 9.0
_PLATE_PX = 260.0
"""Words beside a drawing reach no further."""
_Row = tuple[float, float, float, float, float]


class Window(NamedTuple):
    """A stretch of time and price; ``ms_per_px`` of a logical pixel, ``price_per_px`` likewise."""

    left_ms: float
    right_ms: float
    low: float
    high: float
    ms_per_px: float
    price_per_px: float


class Reaches:
    """Columns of one list of drawings; a drawing that stayed is not measured again."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Drawing, _Row]] = {}
        self._table: Floats = np.empty((0, 5))

    def take(self, drawings: Sequence[Drawing]) -> None:
        """Measure these from now on."""
        before, self._rows = self._rows, {}
        rows: list[_Row] = []
        for drawing in drawings:
            known = before.get(drawing.id)
            if known is None or known[0] is not drawing:
                known = (drawing, _reach(drawing))
            self._rows[drawing.id] = known
            rows.append(known[1])
        self._table = np.array(rows, dtype=np.float64).reshape(len(rows), 5)

    def inside(self, window: Window) -> NDArray[np.intp]:
        """Places in the list of those that reach into the window, lowest first."""
        begin, end, low, high, words_px = self._table.T
        words_ms = words_px * window.ms_per_px
        above = np.where(words_px > 0, 40.0, 8.0) * window.price_per_px
        is_inside = (begin - words_ms <= window.right_ms) & (end + words_ms >= window.left_ms)
        is_inside &= (low - above <= window.high) & (high + above >= window.low)
        return np.flatnonzero(is_inside)


def _reach(drawing: Drawing) -> _Row:
    times = [point.time_ms for point in drawing.points]
    prices = [point.price for point in drawing.points]
    begin, end, low, high = float(min(times)), float(max(times)), min(prices), max(prices)
    words_px = 0.0
    if drawing.kind is Kind.LEVEL:
        begin, end = -math.inf, math.inf
    elif drawing.kind is Kind.RAY:
        begin, end = _onwards(times[0], times[1])
        low, high = _onwards(prices[0], prices[1])
    elif drawing.kind is Kind.TEXT:
        words_px = _LETTER_PX * min(len(drawing.text), MOST_LETTERS) + 20
    elif drawing.kind in (Kind.FIB, Kind.MEASURE):
        words_px = _PLATE_PX
    return begin, end, low, high, words_px


def _onwards(first: float, second: float) -> tuple[float, float]:
    if first == second:
        return first, first
    return (first, math.inf) if second > first else (-math.inf, first)
