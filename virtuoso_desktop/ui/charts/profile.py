"""Volume by price of the candles in view (analysis A.14, from candles: spread evenly between low and high)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VALUE_AREA = 0.70
MOST_ROWS = 400


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
    first = np.floor(bottom / step) * step
    rows = int(np.ceil((top - first) / step))
    begin, end = low - 0.5 - first, high + 0.5 - first
    density = volume / (end - begin)
    below = _integral(begin, density, rows, step) - _integral(end, density, rows, step)
    found = np.maximum(np.diff(below), 0.0)
    poc = int(np.argmax(found))
    return Profile(float(first), step, found, poc, *_value_area(found, poc))


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
