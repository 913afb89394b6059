"""What was sealed beside the newest candles of a series, so that a revision comes to what they would have said."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import STREAMS_WIDTH

Floats = NDArray[np.float64]

FIRST_ROWS = 16
KEPT_DELTA = 0
KEPT_STALE = 1
KEPT_STREAMS = 2
WIDTH = KEPT_STREAMS + STREAMS_WIDTH
"""A row: volume delta (NaN without one), 1 when the candle came too late, its streams row."""


class KeptInputs:
    """Rows by the open time of their candles, the newest ``most``; memory grows with what is kept.

    Parameters
    ----------
    nothing : ndarray, shape (STREAMS_WIDTH,)
        The streams row of a candle that is not kept.
    most : int
        Candles.
    """

    def __init__(self, nothing: Floats, most: int) -> None:
        self._nothing = np.concatenate(([math.nan, 0.0], nothing))
        self._most = most
        self._rows: Floats = np.empty((0, WIDTH))
        self._places: dict[int, int] = {}
        """Oldest first."""

    def __len__(self) -> int:
        return len(self._places)

    def keep(self, open_ms: int, delta: float, *, is_stale: bool, streams: Floats | None) -> None:
        """Keep what a candle was sealed with; another one of the same time is replaced."""
        place = self._places.get(open_ms)
        if place is None:
            place = self._new_place()
            self._places[open_ms] = place
        row = self._rows[place]
        row[KEPT_DELTA], row[KEPT_STALE] = delta, float(is_stale)
        row[KEPT_STREAMS:] = self._nothing[KEPT_STREAMS:] if streams is None else streams

    def of(self, open_ms: int) -> Floats:
        """The row of a candle; without one, a row that says so. A view."""
        place = self._places.get(open_ms)
        return self._nothing if place is None else self._rows[place]

    def _new_place(self) -> int:
        if len(self._places) == self._most:
            return self._places.pop(next(iter(self._places)))
        if len(self._places) == len(self._rows):
            longer = np.empty((min(max(2 * len(self._rows), FIRST_ROWS), self._most), WIDTH))
            longer[: len(self._rows)] = self._rows
            self._rows = longer
        return len(self._places)
