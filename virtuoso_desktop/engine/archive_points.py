"""Points beside the candles on their way to the disk and back: funding, open interest, ratios, contract prices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from virtuoso_desktop.engine.archive import page_cover
from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery, PointQuery
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import FundingRate, LongShortRatio, OpenInterest
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history import HistoryStore
from virtuoso_desktop.storage.history_rows import VALUES, Batch, HistoryKind, Rows, SeriesKey
from virtuoso_desktop.storage.ranges import Range, clipped

END_MS = 2**53
READ_PATIENCE_S = 30.0
"""A disk that answers no sooner is not asked again: nobody waits for these lists, but the venue has them too."""
PERIOD = Timeframe.H1
"""Spacing of what is not funding, which has its own."""
Point = FundingRate | OpenInterest | LongShortRatio


class Stored(NamedTuple):
    """What the disk holds of a list: rows, and the time in which the venue has nothing else."""

    rows: Rows
    covered: tuple[Range, ...]


class PointArchive:
    """Keeps points and gives them back.

    Parameters
    ----------
    history : HistoryStore
        The file's thread.
    is_real : bool
        The source is a real market: what it says now corrects what is stored. Elsewhere another market may answer.
    """

    def __init__(self, history: HistoryStore, *, is_real: bool) -> None:
        self._history = history
        self._is_real = is_real
        self._is_stuck = False

    @property
    def is_pending(self) -> bool:
        """What the disk holds cannot be known yet."""
        return self._history.is_pending

    def keep(self, batch: Batch) -> None:
        """Keep one answer of the venue."""
        if batch.covered:
            self._history.add(batch)

    def forget(self, key: SeriesKey) -> None:
        """Another market answers under this name: what is held of the list is of no use."""
        self._history.forget(key)

    async def stored(self, key: SeriesKey, since_ms: int) -> Stored:
        """What the disk holds from a time on; nothing when it cannot be read."""
        nothing = Stored(np.empty((1 + len(VALUES[key.kind]), 0)), ())
        if self._is_stuck or not self._history.is_kept:
            return nothing
        try:
            async with asyncio.timeout(READ_PATIENCE_S):
                rows = await self._history.read(key, since_ms, END_MS)
        except StorageError:
            return nothing
        except TimeoutError:
            self._is_stuck = True
            return nothing
        return Stored(rows, clipped(self._history.covered(key), since_ms, END_MS))

    def is_contradicted(self, stored: Rows, said: Rows) -> bool:
        """The venue says something else about a stored time than it did: never judged so of a real market.

        The oldest time that both have is compared: newer ones may still have been in the making.
        """
        if self._is_real:
            return False
        _, ours, theirs = np.intersect1d(stored[0], said[0], return_indices=True)
        return bool(ours.size) and not np.array_equal(stored[:, ours[0]], said[:, theirs[0]])


def list_key(instrument_id: InstrumentId, kind: HistoryKind) -> SeriesKey:
    """The series of one list of one contract."""
    return SeriesKey(instrument_id, kind, "" if kind is HistoryKind.FUNDING else PERIOD.value)


def points_batch(key: SeriesKey, query: PointQuery, points: Sequence[Point]) -> Batch:
    """An answer with the time that it proves to hold nothing else.

    It is the newest ``limit`` points of what was asked: a full one proves nothing before its oldest point. Nothing
    younger than the newest point is taken as absent.
    """
    begin_ms, stop_ms = query.start_ms, None if query.end_ms is None else query.end_ms + 1
    if not points:
        rows = np.empty((1 + len(VALUES[key.kind]), 0))
        return Batch(key, rows, () if begin_ms is None or stop_ms is None else ((begin_ms, stop_ms),))
    rows = np.array([_values(point) for point in points]).T
    rows = rows[:, np.argsort(rows[0], kind="stable")]
    if begin_ms is None or len(points) >= query.limit:
        begin_ms = int(rows[0, 0])
    return Batch(key, rows, ((begin_ms, int(rows[0, -1]) + 1 if stop_ms is None else stop_ms),))


def prices_batch(key: SeriesKey, query: CandleQuery, page: CandlePage) -> Batch:
    """The closed candles of a mark price, an index or a premium, with the time that they cover."""
    count, covered = page_cover(query, page)
    return Batch(key, price_rows(page)[:, :count], covered)


def price_rows(page: CandlePage) -> Rows:
    """A page without volumes as (5, n) columns, the forming candle included."""
    return np.array([page.open_ms, page.open, page.high, page.low, page.close], dtype=np.float64)


def points_of(key: SeriesKey, rows: Rows) -> list[Point]:
    """Stored rows of funding, open interest or ratios as the store's points."""
    each_id = key.instrument_id
    if key.kind is HistoryKind.FUNDING:
        return [FundingRate(each_id, rate, int(time_ms)) for time_ms, rate in rows.T.tolist()]
    if key.kind is HistoryKind.OPEN_INTEREST:
        return [OpenInterest(each_id, value, int(time_ms)) for time_ms, value in rows.T.tolist()]
    return [LongShortRatio(each_id, up, down, int(time_ms)) for time_ms, up, down in rows.T.tolist()]


def _values(point: Point) -> tuple[float, ...]:
    if isinstance(point, FundingRate):
        return point.time_ms, point.rate
    if isinstance(point, OpenInterest):
        return point.time_ms, point.open_interest
    return point.time_ms, point.long_ratio, point.short_ratio
