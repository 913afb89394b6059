"""Volume by price of the candles in view (analysis A.14, from candles: spread evenly between low and high)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.ui.charts.reduction import Growth

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.engine.views import CandleView

Floats = NDArray[np.float64]

VALUE_AREA = 0.70
MOST_ROWS = 400
BLOCK_ROWS = 8192
LEAST_BLOCKS = 4
"""Fewer are not worth it."""
_MOST_HEIGHTS = 3


class Profile(NamedTuple):
    """``volume`` of each row; row i reaches from ``first + i * step`` to one step higher, in ticks."""

    first: float
    step: float
    volume: Floats
    poc: int
    """The row with the largest volume."""
    value_low: int
    value_high: int
    """First and last row of the value area: 70 % of the volume about the largest row."""

    @property
    def poc_price(self) -> float:
        """Middle of the largest row, ticks."""
        return self.first + (self.poc + 0.5) * self.step


def profile_of(low: Floats, high: Floats, volume: Floats, step: float) -> Profile | None:
    """Spread the volume of each candle over rows of ``step`` ticks; None without any volume.

    A candle covers the ticks from its low to its high, both included.
    """
    if not len(low) or not volume.any():
        return None
    bottom, top = float(low.min()) - 0.5, float(high.max()) + 0.5
    step = max(step, (top - bottom) / MOST_ROWS)
    first, found = spread(low, high, volume, step)
    return _told(first * step, step, found)


def spread(low: Floats, high: Floats, volume: Floats, step: float) -> tuple[int, Floats]:
    """Volume of every row of ``step`` ticks, and the number of the first: it begins at that many steps."""
    bottom, top = float(low.min()) - 0.5, float(high.max()) + 0.5
    first = int(np.floor(bottom / step))
    base = first * step
    rows = int(np.ceil((top - base) / step))
    begin, end = low - 0.5 - base, high + 0.5 - base
    density = volume / (end - begin)
    below = _integral(begin, density, rows, step) - _integral(end, density, rows, step)
    return first, np.maximum(np.diff(below), 0.0)


def _told(first: float, step: float, volume: Floats) -> Profile:
    poc = int(np.argmax(volume))
    return Profile(first, step, volume, poc, *_value_area(volume, poc))


class Profiles:
    """Volume by price of any stretch of one series: of long ones in blocks of rows that are computed once.

    Blocks are kept in rows of half a power of ten, of which the wanted rows are multiples; so they serve while the
    view moves and while it zooms. Blocks are counted from a row of their own: rows that come before move nothing.
    """

    def __init__(self, block_rows: int = BLOCK_ROWS) -> None:
        self._block_rows = block_rows
        self._growth = Growth()
        self._origin = 0
        """The row at which block 0 begins."""
        self._reach: dict[int, tuple[float, float]] = {}
        """Lowest low and highest high by block."""
        self._blocks: dict[float, dict[int, tuple[int, Floats]]] = {}
        """By the height of their rows."""

    def of(self, view: CandleView, part: slice, step_of: Callable[[float], float]) -> Profile | None:
        """The profile of some closed rows; ``step_of`` chooses the height of a row by the range of prices."""
        added = self._growth.follow(view)
        if added is None:
            self._origin = 0
            self._reach.clear()
            self._blocks.clear()
        else:
            self._origin += added
        settled = min(part.stop, len(view) - 1)  # the newest candle may still be corrected
        first, last = -((self._origin - part.start) // self._block_rows), (settled - self._origin) // self._block_rows
        if last - first < LEAST_BLOCKS:
            low, high = view.low[part], view.high[part]
            step = step_of(float(high.max()) - float(low.min()))
            return profile_of(low, high, view.volume[part], step)
        return self._joined(view, part, range(first, last), step_of)

    def _joined(
        self, view: CandleView, part: slice, blocks: range, step_of: Callable[[float], float]
    ) -> Profile | None:
        """From blocks, and from the rows before the first and after the last one."""
        rests = [
            rows
            for rows in (slice(part.start, self._rows(blocks[0]).start), slice(self._rows(blocks[-1]).stop, part.stop))
            if rows.start < rows.stop
        ]
        reach = [*(self._reach_of(view, block) for block in blocks), *(_reach(view, rows) for rows in rests)]
        low, high = min(low for low, _ in reach), max(high for _, high in reach)
        step = max(step_of(high - low), (high - low + 1.0) / MOST_ROWS)
        fine = 10.0 ** math.floor(math.log10(step)) / 2.0
        fine = fine if step % fine == 0.0 else step
        if fine not in self._blocks and len(self._blocks) >= _MOST_HEIGHTS:
            self._blocks.pop(next(iter(self._blocks)))
        kept = self._blocks.setdefault(fine, {})
        for block in blocks:
            if block not in kept:
                kept[block] = _spread_rows(view, self._rows(block), fine)
        parts = [*(kept[block] for block in blocks), *(_spread_rows(view, rows, fine) for rows in rests)]
        first, volume = _summed(parts, round(step / fine))
        return _told(first * step, step, volume) if volume.any() else None

    def _rows(self, block: int) -> slice:
        begin = self._origin + block * self._block_rows
        return slice(begin, begin + self._block_rows)

    def _reach_of(self, view: CandleView, block: int) -> tuple[float, float]:
        found = self._reach.get(block)
        if found is None:
            found = self._reach[block] = _reach(view, self._rows(block))
        return found


def _reach(view: CandleView, rows: slice) -> tuple[float, float]:
    return float(view.low[rows].min()), float(view.high[rows].max())


def _spread_rows(view: CandleView, rows: slice, step: float) -> tuple[int, Floats]:
    return spread(view.low[rows], view.high[rows], view.volume[rows], step)


def _summed(parts: list[tuple[int, Floats]], count: int) -> tuple[int, Floats]:
    """The sum of some spreads, ``count`` of their rows made one: number of the first such row, volumes."""
    first = min(first for first, _ in parts) // count
    rows = -(-max(first + len(volume) for first, volume in parts) // count) - first
    total = np.zeros(rows * count)
    for begin, volume in parts:
        at = begin - first * count
        total[at : at + len(volume)] += volume
    return first, total.reshape(rows, count).sum(axis=1)


def _integral(starts: Floats, density: Floats, rows: int, step: float) -> Floats:
    """Sum of density x (edge - start) over the starts below each of the rows + 1 edges."""
    at = np.ceil(starts / step).astype(np.int64)
    total = np.cumsum(np.bincount(at, density, rows + 1)[: rows + 1])
    moment = np.cumsum(np.bincount(at, density * starts, rows + 1)[: rows + 1])
    edges: Floats = np.arange(rows + 1, dtype=np.float64) * step
    return np.asarray(edges * total - moment, dtype=np.float64)


def _value_area(volume: Floats, poc: int) -> tuple[int, int]:
    """From the largest row outwards, the larger neighbour first, both when equal, until 70 % are in."""
    cells = volume.tolist()
    wanted = VALUE_AREA * sum(cells)
    low = high = poc
    held = cells[poc]
    while held < wanted and (low > 0 or high < len(cells) - 1):
        below = cells[low - 1] if low > 0 else -1.0
        above = cells[high + 1] if high < len(cells) - 1 else -1.0
        if below >= above:
            low -= 1
            held += below
        if above >= below:
            high += 1
            held += above
    return low, high
