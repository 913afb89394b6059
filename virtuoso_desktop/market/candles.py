"""Candle series: preallocated float64 columns of one (instrument, timeframe).

It is long, since every way in which rows come (stream, page, disk) has to keep the same few cells in step.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.timeframe import Timeframe

Columns = NDArray[np.float64]

OPEN_MS, OPEN, HIGH, LOW, CLOSE, VOLUME, TURNOVER = range(7)
COLUMN_COUNT = 7
FIRST_CAPACITY = 64
MOST_ROWS = 1_500_000
"""Of one series: 84 MB. Nearly three years of 1m."""
KEPT_ROWS = 50_000
"""Of a series that nobody looks at: the history has the rest."""
SPARE_ROWS = 4_096
"""Most room that a long series has for candles to come."""

_nearest = float.__round__
"""``round`` for floats only, at half its price."""


class Laid(NamedTuple):
    """Older rows in front of those of a series as it was: see `CandleSeries.lay_before`."""

    columns: Columns
    added: int
    held: int
    base_version: int
    rejected: int


class CandleSeries:
    """Rows oldest first: open_ms, open, high, low, close (ticks), volume, turnover.

    A row is committed once the venue called it closed (``confirm`` on the stream, or a REST row
    whose close lies in the past). Rows that are not committed are listed in ``uncommitted``:
    normally just the forming one.

    Parameters
    ----------
    instrument : Instrument
        Gives the tick size.
    timeframe : Timeframe
        Length of a candle.
    most_rows : int
        Oldest rows beyond this are dropped.
    """

    __slots__ = (
        "_cells",
        "_columns",
        "_count",
        "_inverse_tick",
        "_most_rows",
        "_newest_ms",
        "base_version",
        "changed_from_ms",
        "event_ms",
        "is_joined",
        "late",
        "recv_ns",
        "rejected",
        "revisions",
        "timeframe",
        "uncommitted",
        "version",
    )

    def __init__(self, instrument: Instrument, timeframe: Timeframe, most_rows: int = MOST_ROWS) -> None:
        self.timeframe = timeframe
        self._inverse_tick = 1.0 / float(instrument.tick_size)
        self._most_rows = most_rows
        self._count: int = 0
        self._newest_ms = -1
        self._allocate(FIRST_CAPACITY)
        self.uncommitted: set[int] = set()
        self.version = 0
        """Changes with every change of any row."""
        self.base_version = 0
        """Changes when something other than the values of the last row changed."""
        self.revisions = 0
        """Committed rows that the venue changed afterwards."""
        self.changed_from_ms: int | None = None
        """Oldest committed row that came or changed behind the newest one, until a reader sets it back to None."""
        self.late = 0
        """Updates of a candle before the newest one."""
        self.rejected = 0
        """Rows refused by the candle gate (analysis 0.7)."""
        self.event_ms: int | None = None
        """Venue time of the newest streamed state."""
        self.recv_ns = 0
        self.is_joined = False
        """History and stream overlap: there is no hole between them."""

    def __len__(self) -> int:
        return self._count

    @property
    def columns(self) -> Columns:
        """View of the rows, shape (7, n). Valid until the next append or merge."""
        return self._columns[:, : self._count]

    @property
    def first_open_ms(self) -> int | None:
        return int(self._columns[OPEN_MS, 0]) if self._count else None

    @property
    def last_open_ms(self) -> int | None:
        return int(self._columns[OPEN_MS, self._count - 1]) if self._count else None

    @property
    def last_close_ticks(self) -> float | None:
        return float(self._columns[CLOSE, self._count - 1]) if self._count else None

    @property
    def last_is_forming(self) -> bool:
        return bool(self._count) and self.last_open_ms in self.uncommitted

    def apply(self, candle: Candle) -> bool:  # noqa: C901 (one table of cases: new, forming, committed, late)
        """Upsert one streamed candle by its open time; returns True when it committed a row.

        A second ``closed`` for the same candle, a candle that arrives after the next one began, and a
        correction after the close overwrite the row; the last word of the venue holds. An update
        that is not closed never reopens a committed row.
        """
        open_ms = candle.open_ms
        is_new = open_ms > self._newest_ms
        if is_new:
            if self.timeframe.open_ms(open_ms) != open_ms:
                self.rejected += 1
                return False
            index = self._append_row()
            self._newest_ms = open_ms
        elif open_ms == self._newest_ms:
            index = self._count - 1
        else:
            self.late += 1
            index = self._index_of(open_ms)
            if self._cells[OPEN_MS, index] != open_ms:
                self.rejected += 1
                return False
        closed = candle.closed
        if is_new:
            self.base_version += 1
            if not closed:
                self.uncommitted.add(open_ms)
        elif open_ms in self.uncommitted:
            if index != self._count - 1:
                self.base_version += 1
            if closed:
                self.uncommitted.discard(open_ms)
        elif closed and self._differs(index, candle):
            self.base_version += 1
            self.revisions += 1
            self._note_change(open_ms)
        else:
            return False
        self._write(index, candle)
        self.version += 1
        self.event_ms = candle.event_ms
        self.recv_ns = candle.recv_ns
        return closed

    def _write(self, index: int, candle: Candle) -> None:
        cells = self._cells
        inverse_tick = self._inverse_tick
        cells[OPEN_MS, index] = candle.open_ms
        cells[OPEN, index] = _nearest(candle.open * inverse_tick)
        cells[HIGH, index] = _nearest(candle.high * inverse_tick)
        cells[LOW, index] = _nearest(candle.low * inverse_tick)
        cells[CLOSE, index] = _nearest(candle.close * inverse_tick)
        cells[VOLUME, index] = candle.volume
        cells[TURNOVER, index] = candle.turnover

    def _differs(self, index: int, candle: Candle) -> bool:
        """Whether a candle says something else than its row."""
        prices = (candle.open, candle.high, candle.low, candle.close)
        row = (*(_nearest(price * self._inverse_tick) for price in prices), candle.volume, candle.turnover)
        return self._columns[OPEN:, index].tolist() != list(row)

    def merge(self, page: Columns, committed_before_ms: int) -> int:
        """Merge a page of REST rows (prices in ticks), any order; returns how many rows were added.

        Parameters
        ----------
        page : ndarray, shape (7, n)
            Rows of this series.
        committed_before_ms : int
            Venue time now: rows whose close lies at or before it are closed on the venue's word.

        Notes
        -----
        A committed page row replaces what is held (a difference from a committed row is counted as a
        revision); an uncommitted page row is only added where nothing is held, since the stream is newer.
        """
        page = self._gate(page)
        if not page.shape[1]:
            return 0
        opens = page[OPEN_MS]
        duration_ms = self.timeframe.duration_ms
        if self.timeframe is Timeframe.MO1:
            committed = np.array([self.timeframe.close_ms(int(ms)) <= committed_before_ms for ms in opens])
        else:
            committed = opens + duration_ms <= committed_before_ms
        held = self.columns
        matches: NDArray[np.bool_] = np.isin(opens, held[OPEN_MS], assume_unique=True)

        for column in np.flatnonzero(matches & committed):
            self._replace_committed(self._index_of(opens[column]), page[:, column])
        new = ~matches
        added = int(new.sum())
        if added:
            self._note_filled(opens[new])
            self._insert(page[:, new])
            self.uncommitted.update(int(ms) for ms in opens[new & ~committed])
            self.base_version += 1
            self.version += 1
        return added

    def lay_before(self, page: Columns) -> Laid:
        """Memory that holds older rows in front of the present ones; for a worker, since it copies them all.

        Parameters
        ----------
        page : ndarray, shape (7, n)
            Closed rows of this series, prices in ticks, any order; those that are not older are left out.
        """
        held, base_version = self.columns, self.base_version
        count = held.shape[1]
        good = _sound(page, self.timeframe)
        rejected = int((~good).sum())
        if count:
            good &= page[OPEN_MS] < held[OPEN_MS, 0]
        if not (good.all() and (np.diff(page[OPEN_MS]) > 0).all()):
            page = page[:, good]
            page = page[:, np.unique(page[OPEN_MS], return_index=True)[1]]
        added = min(page.shape[1], max(0, self._most_rows - count))
        columns = np.empty((COLUMN_COUNT, added + count + _spare(added + count)))
        columns[:, :added] = page[:, page.shape[1] - added :]
        columns[:, added : added + count] = held
        return Laid(columns, added, count, base_version, rejected)

    def take(self, laid: Laid) -> bool:
        """Go over to the memory of `lay_before`; False when rows changed meanwhile and it must be laid again."""
        if laid.base_version != self.base_version or laid.held != self._count:
            return False
        self.rejected += laid.rejected
        if not laid.added:
            return True
        if laid.held:  # the newest row may have moved on
            laid.columns[:, laid.added + laid.held - 1] = self._columns[:, laid.held - 1]
        self._hold(laid.columns)
        self._count = laid.added + laid.held
        self._newest_ms = int(self._columns[OPEN_MS, self._count - 1])
        self.base_version += 1
        self.version += 1
        return True

    def shorten(self, most_rows: int = KEPT_ROWS) -> bool:
        """Let the oldest rows go beyond ``most_rows``; True when there were any."""
        if self._count <= most_rows:
            return False
        kept = self.columns[:, -most_rows:]
        self._allocate(most_rows + FIRST_CAPACITY)
        self._columns[:, :most_rows] = kept
        self._count = most_rows
        self.base_version += 1
        self.version += 1
        return True

    def _note_change(self, open_ms: int) -> None:
        if self.changed_from_ms is None or open_ms < self.changed_from_ms:
            self.changed_from_ms = open_ms

    def _note_filled(self, opens: NDArray[np.float64]) -> None:
        """Rows that go between held ones change what came after them; older ones only lengthen the series."""
        if self._count:
            between = opens[(opens > self._columns[OPEN_MS, 0]) & (opens < self._newest_ms)]
            if between.size:
                self._note_change(int(between[0]))

    def _index_of(self, open_ms: float) -> int:
        return int(np.searchsorted(self._columns[OPEN_MS, : self._count], open_ms))

    def _replace_committed(self, index: int, row: Columns) -> None:
        open_ms = int(row[OPEN_MS])
        was_committed = open_ms not in self.uncommitted
        self.uncommitted.discard(open_ms)
        if np.array_equal(self._columns[:, index], row):
            if not was_committed:
                self.version += 1
            return
        if was_committed:
            self.revisions += 1
            self._note_change(open_ms)
        self._columns[:, index] = row
        self.base_version += 1
        self.version += 1

    def missing(self, now_ms: int) -> list[int]:
        """Open times that REST should be asked for, oldest first; empty when the rows are whole up to ``now_ms``.

        These are the beginnings of holes between two held rows (not looked for in months), and
        candles whose close lies in the past and which the venue has not called closed.
        """
        overdue = [ms for ms in self.uncommitted if self.timeframe.close_ms(ms) <= now_ms]
        return sorted({*overdue, *self._holes_ms()})

    def _holes_ms(self) -> list[int]:
        if self.timeframe is Timeframe.MO1 or self._count < 2:
            return []
        opens = self._columns[OPEN_MS, : self._count]
        duration_ms = self.timeframe.duration_ms
        steps = np.flatnonzero(np.diff(opens) > duration_ms)
        return [int(opens[step]) + duration_ms for step in steps]

    def index_of(self, open_ms: int) -> int | None:
        """Place of a held row by its open time."""
        index = self._index_of(open_ms)
        return index if index < self._count and self._columns[OPEN_MS, index] == open_ms else None

    def committed(self, most: int) -> Columns:
        """A copy of the newest committed rows, shape (7, n); of the last ``most`` rows those that are."""
        rows = self._columns[:, max(0, self._count - most) : self._count]
        if not self.uncommitted:
            return rows.copy()
        return rows[:, ~np.isin(rows[OPEN_MS], np.fromiter(self.uncommitted, np.float64))]

    def committed_after(self, open_ms: int) -> list[int]:
        """Places of the committed rows that open later than ``open_ms``."""
        first = int(np.searchsorted(self._columns[OPEN_MS, : self._count], open_ms, side="right"))
        return [
            index for index in range(first, self._count) if int(self._columns[OPEN_MS, index]) not in self.uncommitted
        ]

    def clear(self) -> None:
        """Forget all rows (the instrument's tick size changed)."""
        self._count = 0
        self._newest_ms = -1
        self.uncommitted.clear()
        self.is_joined = False
        self.version += 1
        self.base_version += 1

    def _gate(self, page: Columns) -> Columns:
        """Rows that pass analysis 0.7, sorted, without duplicates; the others are counted."""
        _, order = np.unique(page[OPEN_MS], return_index=True)
        page = page[:, order]
        good = _sound(page, self.timeframe)
        self.rejected += int((~good).sum())
        return page[:, good]

    def _insert(self, rows: Columns) -> None:
        merged = np.concatenate((self.columns, rows), axis=1)
        merged = merged[:, np.argsort(merged[OPEN_MS], kind="stable")][:, -self._most_rows :]
        count = merged.shape[1]
        self._allocate(count + _spare(count))
        self._columns[:, :count] = merged
        self._count = count
        self._newest_ms = int(merged[OPEN_MS, -1])

    def _append_row(self) -> int:
        if self._count == self._columns.shape[1]:
            kept = self._columns
            if self._count >= self._most_rows:
                kept = kept[:, self._count - self._most_rows + max(1, self._most_rows // 10) :]
            count = kept.shape[1]
            capacity = min(count + 2 * _spare(count), max(self._most_rows, count + 1))
            self._allocate(capacity)
            self._columns[:, :count] = kept
            self._count = count
        self._count += 1
        return self._count - 1

    def _allocate(self, capacity: int) -> None:
        self._hold(np.empty((COLUMN_COUNT, capacity)))

    def _hold(self, columns: Columns) -> None:
        self._columns: Columns = columns
        # Single values are written a third faster through a memoryview than through the array.
        self._cells = cast("memoryview[float]", self._columns.data)


def _spare(count: int) -> int:
    """Room for candles to come behind so many rows."""
    return min(SPARE_ROWS, max(FIRST_CAPACITY, count // 8))


def _sound(page: Columns, timeframe: Timeframe) -> NDArray[np.bool_]:
    """Which rows pass analysis 0.7."""
    low, high = page[LOW], page[HIGH]
    good = (
        np.isfinite(page).all(axis=0)
        & (low > 0)
        & (low <= np.minimum(page[OPEN], page[CLOSE]))
        & (high >= np.maximum(page[OPEN], page[CLOSE]))
        & (page[VOLUME] >= 0)
        & (page[TURNOVER] >= 0)
    )
    if timeframe is not Timeframe.W1 and timeframe is not Timeframe.MO1:
        good &= page[OPEN_MS] % timeframe.duration_ms == 0
    return good
