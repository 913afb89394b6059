"""Candles per pixel: the visible slice as at most one bar a column, in time that does not grow with history.

Zoomed out, one pixel column holds many slots. Groups of 8, 64, 512 and 4,096 slots are reduced once
(`Pyramid`); a view combines the coarsest groups that fit into its columns. Groups are aligned to slots,
not to rows: missing candles leave empty columns and a pan never changes what a column shows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.slots import open_of, slots_of

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

FACTORS = (8, 64, 512, 4096)
CHUNK_ROWS = 65_536
"""Rows reduced per call of `Pyramid.advance`: about 1 ms."""


class Bars(NamedTuple):
    """Bars of increasing ``key`` (slot divided by the group's length). Prices in ticks.

    ``volume`` is the largest of the group: the scale stays that of single candles. ``row`` is the
    last row of the group in the series.
    """

    key: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    row: Indices

    @property
    def count(self) -> int:
        return self.key.shape[0]

    def cut(self, begin: int, end: int) -> Bars:
        """The bars [begin, end), as views."""
        part = slice(begin, end)
        return Bars(
            self.key[part],
            self.open[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
            self.row[part],
        )


class Candles:
    """The candles of one series as the chart reads them, with their pyramid.

    Parameters
    ----------
    timeframe : Timeframe
        Length of a slot.
    """

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self._pyramid = Pyramid(timeframe)

    def advance(self, view: CandleView) -> None:
        """Give the pyramid its turn; once a frame."""
        self._pyramid.advance(view)

    def bars(self, view: CandleView, first_slot: int, last_slot: int, per_column: int) -> Bars:
        """Copies of the bars between two slots (both included), ``per_column`` slots each."""
        first = int(np.searchsorted(view.open_ms, open_of(first_slot, self.timeframe)))
        last = int(np.searchsorted(view.open_ms, open_of(last_slot, self.timeframe), side="right"))
        if per_column == 1:
            return raw_bars(view, first, last, self.timeframe)
        factor = max((f for f in FACTORS if per_column % f == 0), default=1)
        parts: list[Bars] = []
        keys: list[Floats] = []
        covered = self._pyramid.covered_rows(view) if factor > 1 else 0
        if covered > first:
            level = self._pyramid.level(factor)
            begin = int(np.searchsorted(level.key, first_slot // factor))
            end = int(np.searchsorted(level.key, last_slot // factor, side="right"))
            parts.append(level.cut(begin, end))
            keys.append(np.floor(parts[0].key * (factor / per_column)))
        if last > max(first, covered):
            parts.append(raw_bars(view, max(first, covered), last, self.timeframe))
            keys.append(np.floor(parts[-1].key / per_column))
        return group(_joined(parts), np.concatenate(keys)) if parts else _joined([])


class Pyramid:
    """Groups of 8, 64, 512 and 4,096 slots of one series, built a chunk at a time."""

    def __init__(self, timeframe: Timeframe) -> None:
        self._timeframe = timeframe
        self._chunks: list[Bars] = []
        self._levels: dict[int, Bars] = {}
        self._covered = 0
        self._seen: tuple[int, int, float, float] | None = None
        self._whole_version: int | None = None

    def covered_rows(self, view: CandleView) -> int:
        """Rows from the oldest on that `level` holds; 0 when older rows changed since."""
        return self._covered if self._continues(view) else 0

    def level(self, factor: int) -> Bars:
        """Groups of ``factor`` slots over the covered rows; the last one may be a part."""
        found = self._levels.get(factor)
        if found is None:
            if factor == FACTORS[0]:
                found = _joined(self._chunks)
                self._chunks = [found]
            else:
                below = self.level(factor // 8)
                found = group(below, np.floor(below.key / 8))
            self._levels[factor] = found
        return found

    def advance(self, view: CandleView) -> None:
        """Cover at most `CHUNK_ROWS` more rows; begin anew when older rows changed."""
        if self._whole_version == view.base_version:
            return
        if not self._continues(view):
            self._chunks, self._covered = [], 0
            self._levels.clear()
        rows = len(view)
        if not rows:
            self._seen = None
            return
        self._seen = (view.base_version, rows, view.open_ms[0], view.open_ms[-1])
        end = min(self._covered + CHUNK_ROWS, rows)
        if end == rows:
            self._whole_version = view.base_version
        if end - self._covered < FACTORS[0]:
            return
        bars = raw_bars(view, self._covered, end, self._timeframe)
        keys = np.floor(bars.key / FACTORS[0])
        whole = int(np.searchsorted(keys, keys[-1]))  # the group of the newest row may still grow
        if whole:
            self._chunks.append(group(bars.cut(0, whole), keys[:whole]))
            self._covered += whole
            self._levels.clear()

    def _continues(self, view: CandleView) -> bool:
        """Whether the covered rows are as they were: nothing changed, or one row was appended."""
        if self._seen is None or not len(view):
            return False
        base_version, rows, first_ms, last_ms = self._seen
        if view.base_version == base_version:
            return True
        return (
            view.base_version == base_version + 1
            and len(view) == rows + 1
            and view.open_ms[0] == first_ms
            and view.open_ms[-2] == last_ms
        )


def no_bars() -> Bars:
    """No bar at all."""
    empty = np.empty(0)
    return Bars(empty, empty, empty, empty, empty, empty, np.empty(0, dtype=np.int64))


def raw_bars(view: CandleView, first: int, last: int, timeframe: Timeframe) -> Bars:
    """Copies of the rows [first, last), one bar each."""
    rows = slice(first, last)
    return Bars(
        slots_of(view.open_ms[rows], timeframe),
        view.open[rows].copy(),
        view.high[rows].copy(),
        view.low[rows].copy(),
        view.close[rows].copy(),
        view.volume[rows].copy(),
        np.arange(first, last),
    )


def group(bars: Bars, keys: Floats) -> Bars:
    """One bar for every run of equal ``keys``."""
    if not len(keys):
        return bars
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    ends = np.concatenate((starts[1:], [len(keys)])) - 1
    return Bars(
        keys[starts],
        bars.open[starts],
        np.maximum.reduceat(bars.high, starts),
        np.minimum.reduceat(bars.low, starts),
        bars.close[ends],
        np.maximum.reduceat(bars.volume, starts),
        bars.row[ends],
    )


def _joined(parts: list[Bars]) -> Bars:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return no_bars()
    return Bars(
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.open for part in parts]),
        np.concatenate([part.high for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.close for part in parts]),
        np.concatenate([part.volume for part in parts]),
        np.concatenate([part.row for part in parts]),
    )
