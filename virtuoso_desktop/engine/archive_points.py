"""Points beside the candles (settled funding, open interest, long/short ratios) on their way to the disk and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import FundingRate, LongShortRatio, OpenInterest
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history import HistoryStore
from virtuoso_desktop.storage.history_rows import Batch, HistoryKind, Rows, SeriesKey

END_MS = 2**53
Points = Sequence[FundingRate] | Sequence[OpenInterest] | Sequence[LongShortRatio]


class PointArchive:
    """Keeps points and gives them back.

    Parameters
    ----------
    history : HistoryStore
        The file's thread.
    """

    def __init__(self, history: HistoryStore) -> None:
        self._history = history

    def keep(self, points: Points, period: Timeframe = Timeframe.H1) -> None:
        """Keep one answer of the venue; ``period`` is the spacing of what is not funding."""
        if points:
            self._history.add(points_batch(points, period))

    async def funding(self, instrument_id: InstrumentId, since_ms: int) -> list[FundingRate]:
        """Settled rates on disk, oldest first; none when nothing can be read."""
        rows = await self._read(SeriesKey(instrument_id, HistoryKind.FUNDING), since_ms)
        return [FundingRate(instrument_id, rate, int(time_ms)) for time_ms, rate in rows.T.tolist()]

    async def open_interest(
        self, instrument_id: InstrumentId, since_ms: int, period: Timeframe = Timeframe.H1
    ) -> list[OpenInterest]:
        """Open interest on disk, oldest first; none when nothing can be read."""
        rows = await self._read(SeriesKey(instrument_id, HistoryKind.OPEN_INTEREST, period.value), since_ms)
        return [OpenInterest(instrument_id, value, int(time_ms)) for time_ms, value in rows.T.tolist()]

    async def ratios(
        self, instrument_id: InstrumentId, since_ms: int, period: Timeframe = Timeframe.H1
    ) -> list[LongShortRatio]:
        """Ratios on disk, oldest first; none when nothing can be read."""
        rows = await self._read(SeriesKey(instrument_id, HistoryKind.LONG_SHORT_RATIO, period.value), since_ms)
        return [LongShortRatio(instrument_id, up, down, int(time_ms)) for time_ms, up, down in rows.T.tolist()]

    async def _read(self, key: SeriesKey, since_ms: int) -> Rows:
        try:
            return await self._history.read(key, since_ms, END_MS)
        except StorageError:
            return np.empty((1, 0))


def points_batch(points: Points, period: Timeframe) -> Batch:
    """At least one point, all of one instrument and kind; the answer proves that there is none between two of them."""
    first = points[0]
    if isinstance(first, FundingRate):
        key = SeriesKey(first.instrument_id, HistoryKind.FUNDING)
    elif isinstance(first, OpenInterest):
        key = SeriesKey(first.instrument_id, HistoryKind.OPEN_INTEREST, period.value)
    else:
        key = SeriesKey(first.instrument_id, HistoryKind.LONG_SHORT_RATIO, period.value)
    rows = np.array([_values(point) for point in points]).T
    rows = rows[:, np.argsort(rows[0], kind="stable")]
    return Batch(key, rows, ((int(rows[0, 0]), int(rows[0, -1]) + 1),))


def _values(point: FundingRate | OpenInterest | LongShortRatio) -> tuple[float, ...]:
    if isinstance(point, FundingRate):
        return point.time_ms, point.rate
    if isinstance(point, OpenInterest):
        return point.time_ms, point.open_interest
    return point.time_ms, point.long_ratio, point.short_ratio
