"""Between the venue's candles and the history on disk: what an answer proves, and what need not be asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import numpy as np

from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.market.candles import Columns
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history import HistoryStore
from virtuoso_desktop.storage.history_rows import Batch, Rows, SeriesKey, candle_rows
from virtuoso_desktop.storage.ranges import Range, joined

SETTLED_AFTER_MS = 60_000
"""A candle that the venue does not list this long after its close does not exist."""
OPEN_PATIENCE_S = 3.0
"""The first pages wait this long for the history to be opened, then the venue is asked."""
TELL_PERIOD_S = 1.0


class Archive:
    """Keeps closed candles and gives them back.

    Parameters
    ----------
    history : HistoryStore
        The file's thread.
    is_real : bool
        The source is a real market. Elsewhere another market may answer under the same name: candles that it
        contradicts are forgotten.
    """

    def __init__(self, history: HistoryStore, *, is_real: bool) -> None:
        self.history = history
        self._is_real = is_real
        self.asked = 0
        """Questions for stored candles."""
        self.answered = 0
        """Those of them that the disk had something for."""

    # --- keeping ---------------------------------------------------------------------------------------------------

    def keep_candle(self, candle: Candle) -> None:
        """Keep a candle that the stream closed."""
        close_ms = candle.timeframe.close_ms(candle.open_ms)
        rows = candle_rows(
            [candle.open_ms], [candle.open], [candle.high], [candle.low], [candle.close], [candle.volume],
            [candle.turnover],
        )  # fmt: skip
        self.history.add(Batch(_key(candle.instrument_id, candle.timeframe), rows, ((candle.open_ms, close_ms),)))

    def keep_page(self, query: CandleQuery, page: CandlePage) -> None:
        """Keep the closed candles of an answer, and the time that it proves to hold no others."""
        batch = page_batch(query, page)
        if batch.covered:
            self.history.add(batch)

    def forget(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """Another market answers under this name: what is held of the series is of no use."""
        self.history.forget(_key(instrument_id, timeframe))

    async def tell(self, notices: NoticeBoard) -> None:
        """Tell people what becomes of the file; runs until cancelled."""
        while True:
            for message in self.history.take_messages():
                notices.post(Severity.WARNING if message.is_bad else Severity.INFO, "history", message.user_text)
            await asyncio.sleep(TELL_PERIOD_S)

    # --- giving back -----------------------------------------------------------------------------------------------

    def covered(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[Range, ...]:
        """Time that need not be asked for."""
        return self.history.covered(_key(instrument_id, timeframe))

    async def opened(self) -> None:
        """Wait until it is known what is held, or that nothing will be."""
        await self.history.opened(OPEN_PATIENCE_S)

    async def newest(self, instrument_id: InstrumentId, timeframe: Timeframe, before_ms: int, count: int) -> Rows:
        """The newest rows before a time that no unknown time separates; none when nothing can be read.

        Rows of an imported file that lack volume or turnover are of no use here, nor is what lies before them.
        """
        try:
            self.asked += 1
            rows = await self.history.newest(_key(instrument_id, timeframe), before_ms, count)
            self.answered += rows.shape[1] > 0
        except StorageError:
            return np.empty((7, 0))
        unknown = np.flatnonzero(np.isnan(rows).any(axis=0))
        return rows[:, int(unknown[-1]) + 1 :] if unknown.size else rows

    def is_contradicted(self, rows: Rows, page: CandlePage) -> bool:
        """The venue says something else about the newest stored candle: never judged so of a real market."""
        if self._is_real or not rows.shape[1] or not len(page):
            return False
        stored = rows[:, -1]
        said = (page.open_ms[0], page.open[0], page.high[0], page.low[0], page.close[0])
        return stored[:5].tolist() != [float(value) for value in said]


def _key(instrument_id: InstrumentId, timeframe: Timeframe) -> SeriesKey:
    return SeriesKey.candles(instrument_id, timeframe)


def to_ticks(rows: Rows, instrument: Instrument) -> Columns:
    """Stored rows as the store's columns: prices in ticks."""
    columns = rows.copy()
    prices = columns[1:5]
    prices *= 1.0 / float(instrument.tick_size)
    np.rint(prices, out=prices)
    return columns


def page_batch(query: CandleQuery, page: CandlePage) -> Batch:
    """The closed candles of an answer with the time that it covers."""
    count, covered = page_cover(query, page)
    columns = (page.open_ms, page.open, page.high, page.low, page.close, page.volume, page.turnover)
    return Batch(
        _key(page.instrument_id, page.timeframe), candle_rows(*(column[:count] for column in columns)), covered
    )


def page_cover(query: CandleQuery, page: CandlePage) -> tuple[int, tuple[Range, ...]]:
    """How many rows of an answer are closed, and the time in which it proves that there are no others.

    The answer is the newest ``limit`` candles of what was asked: a full one covers nothing before its oldest row.
    What the venue left out between two rows does not exist, unless rows were refused as no candles.
    """
    timeframe = page.timeframe
    closes = [timeframe.close_ms(open_ms) for open_ms in page.open_ms]
    count = sum(1 for close_ms in closes if close_ms <= page.venue_ms)
    if page.refused:
        return count, joined(zip(page.open_ms[:count], closes[:count], strict=True))
    end_ms = timeframe.open_ms(page.venue_ms - SETTLED_AFTER_MS)
    if query.end_ms is not None:
        end_ms = min(end_ms, timeframe.close_ms(timeframe.open_ms(query.end_ms)))
    if count:
        end_ms = max(end_ms, closes[count - 1])
    if len(page) < query.limit and query.start_ms is not None:
        start_ms = timeframe.open_ms(query.start_ms)
    else:
        start_ms = page.open_ms[0] if count else end_ms
    return count, joined([(start_ms, end_ms)])


def share_of(covered: Iterable[Range], start_ms: int, end_ms: int) -> float:
    """Share of [start_ms, end_ms) that is covered."""
    known_ms = sum(max(0, min(stop_ms, end_ms) - max(begin_ms, start_ms)) for begin_ms, stop_ms in covered)
    return known_ms / (end_ms - start_ms)
