"""Loads candles behind the streams: first pages in the user's order, older pages, repairs.

A page joins the stream when no candle is missing between them; a hole or a candle whose close
the venue never confirmed is asked for again over REST. What the history on disk holds is not asked for. More than
400 lines: first pages, older pages and repairs share what is known of a series and stand together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

import numpy as np

from virtuoso_desktop.engine.archive import Archive, to_ticks
from virtuoso_desktop.exchanges.base import Adapter, CandlePage, CandleQuery, RequestPriority
from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.candles import MOST_ROWS, CandleSeries, Columns
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.errors import LinkError, ParseError, VenueRejected, VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_rows import Rows
from virtuoso_desktop.storage.ranges import holding

log = logging.getLogger(__name__)

LOADING_ORDER: tuple[Timeframe, ...] = (
    Timeframe.M1,
    Timeframe.M5,
    Timeframe.M15,
    Timeframe.H1,
    Timeframe.H4,
    Timeframe.D1,
    Timeframe.M30,
)
PAGE_ROWS = 1_000
FEWEST_STORED_ROWS = 500
"""With fewer on disk the newest page is asked for as if there were none."""
MOST_BLOCK_ROWS = 1_000_000
BLOCK_FACTOR = 3
"""The disk is asked for so many times the rows that are held: few steps lead to a million."""
LAY_ATTEMPTS = 3
FULL_TEXT = f"A chart holds {MOST_ROWS:,} candles. Choose a longer interval to look further back."
WORKERS = 4
LATE_AFTER_MS = 3_000
"""A candle that the venue has not closed this long after its end is asked for over REST."""
REPAIR_PAUSE_S = 5.0
"""Between two repairs of one series."""
RETRY_PAUSE_S = 2.0
TRADES_LIMIT = 1_000

SeriesKey = tuple[InstrumentId, Timeframe]


class HistoryLoader:
    """Fills the store's candle series of one venue.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    store : MarketStore
        Whose series are filled.
    tasks : Supervisor
        Owns the workers and the pages in flight.
    venue_now_ms : callable
        Venue time.
    clock : Clock
        For the pauses between repairs.
    archive : Archive
        Candles on disk.
    """

    def __init__(
        self,
        adapter: Adapter,
        store: MarketStore,
        tasks: Supervisor,
        venue_now_ms: Callable[[], int],
        clock: Clock,
        archive: Archive,
    ) -> None:
        self._adapter = adapter
        self._archive = archive
        self._store = store
        self._tasks = tasks
        self._venue_now_ms = venue_now_ms
        self._clock = clock
        self._waiting: dict[SeriesKey, None] = {}
        self._wake = asyncio.Event()
        self._shown: SeriesKey | None = None
        self._beside: tuple[SeriesKey, ...] = ()
        """What stands beside the shown series: other charts, instruments compared with it."""
        self._loading: set[SeriesKey] = set()
        self._failing: set[SeriesKey] = set()
        """Series whose first page was asked for in vain; they are tried again and again."""
        self._first_pages: set[SeriesKey] = set()
        self._complete_left: set[SeriesKey] = set()
        self._older: dict[SeriesKey, asyncio.Task[None]] = {}
        self._older_errors: dict[SeriesKey, str] = {}
        self._repaired_ns: dict[SeriesKey, int] = {}
        self._whole_version: dict[SeriesKey, int] = {}
        self._real_holes: set[tuple[SeriesKey, int]] = set()
        self._trades_waiting: dict[InstrumentId, None] = {}
        self.refused: Signal[InstrumentId] = Signal("candles refused")
        """The venue does not answer about this instrument."""

    def start(self) -> None:
        for number in range(WORKERS):
            self._tasks.spawn(f"history.worker.{number}", self._work)

    def watch(self, instruments: Iterable[Instrument]) -> None:
        """Queue the first page of every series of new instruments, and their recent trades."""
        for instrument in instruments:
            state = self._store.get(instrument.id)
            for timeframe in state.candles if state is not None else ():
                self._waiting[instrument.id, timeframe] = None
            self._trades_waiting[instrument.id] = None
        self._wake.set()

    def unwatch(self, instrument_id: InstrumentId) -> None:
        """Forget all that is queued or known of an instrument."""
        for key in [key for key in self._waiting if key[0] == instrument_id]:
            del self._waiting[key]
        self._trades_waiting.pop(instrument_id, None)
        self._first_pages = {key for key in self._first_pages if key[0] != instrument_id}
        self._complete_left = {key for key in self._complete_left if key[0] != instrument_id}
        for key in [key for key in self._older if key[0] == instrument_id]:
            self._older[key].cancel()

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """Load this series before all others; the one shown before gives back the memory of its oldest rows."""
        before, self._shown = self._shown, (instrument_id, timeframe)
        if before is not None:
            self._give_back([before])

    def show_beside(self, series: tuple[SeriesKey, ...]) -> None:
        """Load these next; those that no longer stand beside the shown one give back memory."""
        before, self._beside = self._beside, series
        self._give_back(before)

    def _give_back(self, keys: Iterable[SeriesKey]) -> None:
        """The memory of the oldest rows of what nobody looks at any more."""
        for key in keys:
            series = self._series(key) if key != self._shown and key not in self._beside else None
            if series is not None and series.shorten():
                self._complete_left.discard(key)
                self._touch(key)

    def _is_shown(self, key: SeriesKey) -> bool:
        return key == self._shown or key in self._beside

    def refresh_trades(self, instrument_ids: Iterable[InstrumentId]) -> None:
        """Ask for recent trades again, after a hole in the streams."""
        for instrument_id in instrument_ids:
            self._trades_waiting[instrument_id] = None
        self._wake.set()

    @property
    def is_idle(self) -> bool:
        """Every first page has come, or failed once: one that never comes does not hold up the background."""
        return (self._waiting.keys() | self._loading) <= self._failing

    @property
    def loaded(self) -> int:
        """Series whose first page has come."""
        return len(self._first_pages)

    def is_complete_left(self, key: SeriesKey) -> bool:
        """The venue has nothing older."""
        return key in self._complete_left

    def is_loading_older(self, key: SeriesKey) -> bool:
        return key in self._older or key in self._waiting

    def load_error(self, key: SeriesKey) -> str | None:
        """Why the newest page of this series failed, in words."""
        return self._older_errors.get(key)

    def load_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """Ask for the page before the oldest row, unless one is in flight or nothing is older."""
        key = (instrument_id, timeframe)
        if key in self._older or key not in self._first_pages or self.is_complete_left(key):
            return
        series = self._series(key)
        if series is not None and len(series) >= MOST_ROWS:
            self._older_errors[key] = FULL_TEXT
            return
        self._older[key] = self._tasks.spawn(
            f"history.older.{instrument_id}.{timeframe}", lambda: self._load_older(key)
        )

    def cancel_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        task = self._older.get((instrument_id, timeframe))
        if task is not None:
            task.cancel()

    def check(self) -> None:
        """Queue repairs for holes and late candles; to be called about once a second."""
        now_ms = self._venue_now_ms() - LATE_AFTER_MS
        for state in self._store.states:
            for timeframe, series in state.candles.items():
                key = (state.instrument.id, timeframe)
                if key not in self._first_pages or self._is_whole(key, series, now_ms):
                    continue
                missing_ms = self._first_missing_ms(key, series, now_ms)
                if missing_ms is None:
                    self._whole_version[key] = series.base_version
                    if not series.is_joined and series.event_ms is not None:
                        series.is_joined = True
                        state.revision += 1
                else:
                    self._repair(key, missing_ms)

    def _is_whole(self, key: SeriesKey, series: CandleSeries, now_ms: int) -> bool:
        """Nothing to look for: checked at this version, and only the forming candle is open."""
        return (
            series.is_joined
            and self._whole_version.get(key) == series.base_version
            and all(series.timeframe.close_ms(open_ms) > now_ms for open_ms in series.uncommitted)
        )

    def _first_missing_ms(self, key: SeriesKey, series: CandleSeries, now_ms: int) -> int | None:
        missing = [ms for ms in series.missing(now_ms) if (key, ms) not in self._real_holes]
        if missing:
            known = self._archive.covered(*key)
            missing = [ms for ms in missing if ms in series.uncommitted or holding(known, ms) is None]
        return min(missing, default=None)

    def _repair(self, key: SeriesKey, from_ms: int) -> None:
        now_ns = self._clock.now_ns()
        pause_ns = REPAIR_PAUSE_S * 1e9 * self._clock.rate
        if 0 <= now_ns - self._repaired_ns.get(key, -(10**18)) < pause_ns:
            return
        self._repaired_ns[key] = now_ns
        name = f"history.repair.{key[0]}.{key[1]}"
        if name not in self._tasks.names:
            self._tasks.spawn(name, lambda: self._run_repair(key, from_ms))

    async def _run_repair(self, key: SeriesKey, from_ms: int) -> None:
        query = CandleQuery(key[0], key[1], start_ms=from_ms, end_ms=self._venue_now_ms(), limit=PAGE_ROWS)
        try:
            page = await self._adapter.candles(query, priority=RequestPriority.REPAIR)
        except (LinkError, ParseError, VenueRejected) as error:
            log.info("repair of %s %s from %d failed: %s", key[0], key[1], from_ms, error.user_text)
            return
        self._archive.keep_page(query, page)
        self._merge(key, page)
        series = self._series(key)
        if series is not None and from_ms in series.missing(self._venue_now_ms() - LATE_AFTER_MS):
            self._real_holes.add((key, from_ms))

    def _next(self) -> SeriesKey | None:
        if not self._waiting:
            return None
        for key in (self._shown, *self._beside):
            if key in self._waiting:
                return key
        order = {timeframe: rank for rank, timeframe in enumerate(LOADING_ORDER)}
        return min(self._waiting, key=lambda key: order.get(key[1], len(order)))

    async def _work(self) -> None:
        while True:
            key = self._next()
            if key is not None:
                del self._waiting[key]
                self._loading.add(key)
                try:
                    await self._load_first(key)
                finally:
                    self._loading.discard(key)
            elif self._trades_waiting:
                instrument_id = next(iter(self._trades_waiting))
                del self._trades_waiting[instrument_id]
                await self._load_trades(instrument_id)
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _load_first(self, key: SeriesKey) -> None:
        try:
            is_complete = await self._first_page(key)
        except VirtuosoError as error:
            self._older_errors[key] = error.user_text
            self._failing.add(key)
            if isinstance(error, VenueRejected):
                self.refused.emit(key[0])
            elif self._store.get(key[0]) is not None:
                await asyncio.sleep(RETRY_PAUSE_S)
                self._waiting[key] = None
            return
        if self._store.get(key[0]) is None:
            return
        self._older_errors.pop(key, None)
        self._failing.discard(key)
        self._first_pages.add(key)
        if is_complete:
            self._complete_left.add(key)

    async def _first_page(self, key: SeriesKey) -> bool:
        """Merge the newest rows, as far as possible from the disk; returns whether the venue has nothing older."""
        priority = RequestPriority.SHOWN if self._is_shown(key) else RequestPriority.HISTORY
        rows = await self._stored_tail(key)
        if rows is not None:
            forming_ms = key[1].open_ms(self._venue_now_ms())
            if key[1].close_ms(int(rows[0, -1])) >= forming_ms:
                self._merge_stored(key, rows)
                return False
            query = CandleQuery(*key, start_ms=int(rows[0, -1]), limit=PAGE_ROWS)
            page = await self._adapter.candles(query, priority=priority)
            if not self._archive.is_contradicted(rows, page):
                self._archive.keep_page(query, page)
                self._merge_stored(key, rows)
                self._merge(key, page)
                return False
            log.info("%s: another market than the one on disk, which is forgotten", key[0])
            self._forget(key[0])
        query = CandleQuery(*key, limit=PAGE_ROWS)
        page = await self._adapter.candles(query, priority=priority)
        self._archive.keep_page(query, page)
        self._merge(key, page)
        return len(page) + page.refused < PAGE_ROWS

    def _forget(self, instrument_id: InstrumentId) -> None:
        """Nothing on disk of this instrument is true here: what came from there is loaded anew."""
        state = self._store.get(instrument_id)
        for timeframe, series in state.candles.items() if state is not None else ():
            key = (instrument_id, timeframe)
            self._archive.forget(*key)
            if key in self._first_pages:
                self._first_pages.discard(key)
                series.clear()
                self._waiting[key] = None
        self._wake.set()

    async def _stored_tail(self, key: SeriesKey) -> Rows | None:
        """Rows on disk that are many and reach so near to now that one page joins them; None when there are none.

        A few would be those that this very run streamed while other first pages were loaded.
        """
        await self._archive.opened()
        covered = self._archive.covered(*key)
        now_ms = self._venue_now_ms()
        oldest_ms = key[1].step_back(key[1].open_ms(now_ms), PAGE_ROWS - 2)
        if not covered or not oldest_ms < covered[-1][1] <= now_ms:
            return None
        rows = await self._archive.newest(*key, covered[-1][1], PAGE_ROWS)
        return rows if rows.shape[1] >= FEWEST_STORED_ROWS and rows[0, -1] >= oldest_ms else None

    async def _load_older(self, key: SeriesKey) -> None:
        try:
            if not await self._merge_older_stored(key):
                await self._ask_older(key)
            self._older_errors.pop(key, None)
        except VirtuosoError as error:
            self._older_errors[key] = error.user_text
            if isinstance(error, VenueRejected):
                self.refused.emit(key[0])
        finally:
            self._older.pop(key, None)
            self._touch(key)

    async def _ask_older(self, key: SeriesKey) -> None:
        """Ask for the page before the oldest row, no further back than to what the disk holds."""
        series = self._series(key)
        if series is None or series.first_open_ms is None:
            return
        first_ms = series.first_open_ms
        held_until_ms = max((end for _, end in self._archive.covered(*key) if end < first_ms), default=None)
        query = CandleQuery(*key, start_ms=held_until_ms, end_ms=first_ms - 1, limit=PAGE_ROWS)
        page = await self._adapter.candles(query, priority=RequestPriority.SHOWN)
        self._archive.keep_page(query, page)
        state = self._store.get(key[0])
        added = 0 if state is None else await self._lay_before(key, page_columns(page, state.instrument))
        if held_until_ms is None and (not added or len(page) + page.refused < PAGE_ROWS):
            self._complete_left.add(key)

    async def _merge_older_stored(self, key: SeriesKey) -> int:
        """Merge rows on disk that join the oldest one; returns how many."""
        series = self._series(key)
        if series is None or series.first_open_ms is None:
            return 0
        wanted = max(PAGE_ROWS, BLOCK_FACTOR * len(series)) if self._is_shown(key) else PAGE_ROWS
        count = min(wanted, MOST_BLOCK_ROWS, MOST_ROWS - len(series))
        rows = await self._archive.newest(*key, series.first_open_ms, count)
        state = self._store.get(key[0])
        if state is None or not rows.shape[1]:
            return 0
        return await self._lay_before(key, await asyncio.to_thread(to_ticks, rows, state.instrument))

    async def _lay_before(self, key: SeriesKey, columns: Columns) -> int:
        """Put older rows before the held ones without the loop noticing how many there are; returns how many."""
        for _ in range(LAY_ATTEMPTS):
            series = self._series(key)
            if series is None:
                return 0
            laid = await asyncio.to_thread(series.lay_before, columns)
            if self._series(key) is series and series.take(laid):
                self._touch(key)
                return laid.added
        series = self._series(key)
        if series is None:
            return 0
        added = series.merge(columns, self._venue_now_ms())  # rows change faster than they can be laid
        self._touch(key)
        return added

    async def _load_trades(self, instrument_id: InstrumentId) -> None:
        try:
            trades = await self._adapter.recent_trades(instrument_id, TRADES_LIMIT, priority=RequestPriority.BACKGROUND)
        except VirtuosoError as error:
            log.info("recent trades of %s failed: %s", instrument_id, error.user_text)
            if isinstance(error, LinkError):
                await asyncio.sleep(RETRY_PAUSE_S)
                if self._store.get(instrument_id) is not None:
                    self._trades_waiting[instrument_id] = None
            return
        state = self._store.get(instrument_id)
        if state is not None:
            state.tape.merge(trades)

    def _series(self, key: SeriesKey) -> CandleSeries | None:
        state = self._store.get(key[0])
        return state.candles.get(key[1]) if state is not None else None

    def _merge(self, key: SeriesKey, page: CandlePage) -> int:
        state = self._store.get(key[0])
        series = self._series(key)
        if state is None or series is None or not len(page):
            return 0
        added = series.merge(page_columns(page, state.instrument), page.venue_ms)
        self._touch(key)
        return added

    def _merge_stored(self, key: SeriesKey, rows: Rows) -> int:
        state = self._store.get(key[0])
        series = self._series(key)
        if state is None or series is None or not rows.shape[1]:
            return 0
        added = series.merge(to_ticks(rows, state.instrument), self._venue_now_ms())
        self._touch(key)
        return added

    def _touch(self, key: SeriesKey) -> None:
        state = self._store.get(key[0])
        if state is not None:
            state.candles_version += 1


def page_columns(page: CandlePage, instrument: Instrument) -> Columns:
    """A page as (7, n) columns with prices in ticks."""
    inverse_tick = 1.0 / float(instrument.tick_size)
    columns = np.array(
        [page.open_ms, page.open, page.high, page.low, page.close, page.volume, page.turnover], dtype=np.float64
    )
    columns[1:5] = np.rint(columns[1:5] * inverse_tick)
    return columns
