"""Candles per pixel: the visible slice as at most one bar a column, in time that does not grow with history.

Zoomed out, one pixel column holds many slots. Groups of 8, 64, 512 and 4,096 slots are reduced once
(`Pyramid`); a view combines the coarsest groups that fit into its columns. Groups are aligned to slots,
not to rows: missing candles leave empty columns and a pan never changes what a column shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.slots import open_of, slots_of

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.candletypes import Read

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

FACTORS = (8, 64, 512, 4096)
CHUNK_ROWS = 65_536
"""Rows reduced at a time: about 1 ms."""
CHUNKS = 4
"""Of one call of `Pyramid.advance`."""


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
    read : callable, optional
        What is made of rows before they are reduced; the candles themselves unless given.
    lead : int
        How many rows before a row that depends on.
    """

    def __init__(self, timeframe: Timeframe, read: Read | None = None, lead: int = 0) -> None:
        self.timeframe = timeframe
        self.read: Read = read or raw_bars
        self._pyramid = Pyramid(timeframe, self.read, lead)

    def advance(self, view: CandleView) -> None:
        """Give the pyramid its turn; once a frame."""
        self._pyramid.advance(view)

    def bars(self, view: CandleView, first_slot: int, last_slot: int, per_column: int) -> Bars:
        """Copies of the bars between two slots (both included), ``per_column`` slots each."""
        first = int(view.open_ms.searchsorted(open_of(first_slot, self.timeframe)))
        last = int(view.open_ms.searchsorted(open_of(last_slot, self.timeframe), side="right"))
        if per_column == 1:
            return self.read(view, first, last, self.timeframe)
        factor = max((f for f in FACTORS if per_column % f == 0), default=1)
        parts: list[Bars] = []
        begin, end = self._pyramid.covered(view, first) if factor > 1 else (last, last)
        begin, end = min(max(begin, first), last), min(max(end, first), last)
        if begin >= end:
            begin = end = last
        parts += self._groups(view, first, begin, per_column)
        if begin < end:
            parts.append(self._pyramid.columns(factor, per_column, first_slot, last_slot))
        parts += self._groups(view, end, last, per_column)
        joined = _joined(parts)
        return group(joined, joined.key)

    def _groups(self, view: CandleView, first: int, last: int, per_column: int) -> list[Bars]:
        """Rows as bars of ``per_column`` slots, a chunk at a time; neighbours may share a key."""
        found: list[Bars] = []
        for begin in range(first, last, CHUNK_ROWS):
            bars = self.read(view, begin, min(begin + CHUNK_ROWS, last), self.timeframe)
            found.append(group(bars, np.floor(bars.key / per_column)))
        return found


class _Seen(NamedTuple):
    """A series as it was."""

    base_version: int
    rows: int
    first_ms: float
    last_ms: float


class Growth:
    """Whether a series grew since it was seen last, or changed."""

    def __init__(self) -> None:
        self._seen: _Seen | None = None

    def follow(self, view: CandleView) -> int | None:
        """How many rows came before those that were seen; None when more than that or one append changed."""
        added, rows = self._added(view), len(view)
        self._seen = _Seen(view.base_version, rows, view.open_ms[0], view.open_ms[-1]) if rows else None
        return added

    def _added(self, view: CandleView) -> int | None:
        seen, rows = self._seen, len(view)
        if seen is None or not rows:
            return None
        if view.base_version == seen.base_version:
            return 0
        if view.base_version != seen.base_version + 1 or rows <= seen.rows:
            return None
        added = rows - seen.rows
        if view.open_ms[added] == seen.first_ms and view.open_ms[-1] == seen.last_ms:
            return added
        is_append = added == 1 and view.open_ms[0] == seen.first_ms and view.open_ms[-2] == seen.last_ms
        return 0 if is_append else None


class Pyramid:
    """Groups of 8, 64, 512 and 4,096 slots of one series, built a few chunks at a time.

    It begins with the newest rows and survives older ones that come before its own.
    """

    def __init__(self, timeframe: Timeframe, read: Read, lead: int) -> None:
        self._timeframe = timeframe
        self._read = read
        self._lead = lead
        self._chunks: list[Bars] = []
        self._levels: dict[int, Bars] = {}
        self._whole: tuple[int, Bars] | None = None
        """Slots of a column, and every covered column of that zoom."""
        self._begin = self._end = 0
        self._growth = Growth()
        self._whole_version: int | None = None

    def covered(self, view: CandleView, first: int) -> tuple[int, int]:
        """Rows [begin, end) that `level` holds; as far back as ``first`` is reduced now, which is cheaper than later.

        Bars of rows that are not covered cost as much as covering them (16 ms a million), but at every step.
        """
        self._follow(view)
        while self._begin > first and self._cover_older(view):
            pass
        return self._begin, self._end

    def level(self, factor: int) -> Bars:
        """Groups of ``factor`` slots over the covered rows; the first and the last one may be a part."""
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

    def columns(self, factor: int, per_column: int, first_slot: int, last_slot: int) -> Bars:
        """Bars of ``per_column`` slots, made of the covered groups of ``factor`` slots between two slots.

        While most of the series is in view all of it is reduced and kept: a pan then has nothing to reduce.
        Both ends of the slots lie where a bar begins and where one ends.
        """
        level = self.level(factor)
        begin = int(level.key.searchsorted(first_slot // factor))
        end = int(level.key.searchsorted(last_slot // factor, side="right"))
        if 2 * (end - begin) < len(level.key):
            bars = level.cut(begin, end)
            return bars._replace(key=np.floor(bars.key * (factor / per_column)))
        if self._whole is None or self._whole[0] != per_column:
            self._whole = (per_column, group(level, np.floor(level.key * (factor / per_column))))
        whole = self._whole[1]
        begin = int(whole.key.searchsorted(first_slot // per_column))
        return whole.cut(begin, int(whole.key.searchsorted(last_slot // per_column, side="right")))

    def _forget_levels(self) -> None:
        self._levels.clear()
        self._whole = None

    def advance(self, view: CandleView) -> None:
        """Cover some more rows; begin anew when rows inside changed."""
        if self._whole_version == view.base_version:
            return
        self._follow(view)
        if not len(view):
            return
        for _ in range(CHUNKS):
            if not (self._cover_newer(view) or self._cover_older(view)):
                self._whole_version = view.base_version
                return

    def _follow(self, view: CandleView) -> None:
        """Take over the rows that came before the covered ones, or begin anew behind the newest row."""
        added, rows = self._growth.follow(view), len(view)
        if added is None or (added and self._begin < self._lead):
            self._chunks = []
            self._forget_levels()
            self._begin = self._end = self._aligned(view, max(0, rows - CHUNK_ROWS)) if rows else 0
        elif added:
            self._begin += added
            self._end += added
            self._chunks = [chunk._replace(row=chunk.row + added) for chunk in self._chunks]
            self._forget_levels()

    def _aligned(self, view: CandleView, row: int) -> int:
        """The first row from ``row`` on that begins a group: the one before it belongs to another."""
        near = np.floor(slots_of(view.open_ms[row : row + 2 * FACTORS[0]], self._timeframe) / FACTORS[0])
        begins = np.flatnonzero(near[1:] != near[:-1])
        return row + 1 + int(begins[0]) if begins.size else len(view)

    def _cover_newer(self, view: CandleView) -> bool:
        stop = min(self._end + CHUNK_ROWS, len(view))
        if stop - self._end < FACTORS[0]:
            return False
        bars = self._read(view, self._end, stop, self._timeframe)
        keys = np.floor(bars.key / FACTORS[0])
        whole = int(np.searchsorted(keys, keys[-1]))  # the group of the newest row may still grow
        if not whole:
            return False
        self._chunks.append(group(bars.cut(0, whole), keys[:whole]))
        self._end += whole
        self._forget_levels()
        return True

    def _cover_older(self, view: CandleView) -> bool:
        if not self._begin:
            return False
        begin = self._aligned(view, max(0, self._begin - CHUNK_ROWS))  # the oldest group may still grow
        if begin >= self._begin:
            return False
        bars = self._read(view, begin, self._begin, self._timeframe)
        self._chunks.insert(0, group(bars, np.floor(bars.key / FACTORS[0])))
        self._begin = begin
        self._forget_levels()
        return True


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
