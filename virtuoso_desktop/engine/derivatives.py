"""Keeps what contracts have beside their market: funding, open interest, ratios, mark, index, premium.

First what the disk holds, then what is missing of 30 days by the hour (200 settlements of funding), behind the
first page of every candle series; then what each hour and each settlement adds.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from virtuoso_desktop.engine.archive_points import (
    PointArchive,
    list_key,
    points_batch,
    points_of,
    price_rows,
    prices_batch,
)
from virtuoso_desktop.engine.backfill import Progress
from virtuoso_desktop.exchanges.base import Adapter, CandleQuery, PointQuery, RequestPriority
from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.tasks import Backoff
from virtuoso_desktop.market.derivatives import KEPT_FUNDING, KEPT_HOURS, DerivativeState, PointSeries
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.errors import VenueRejected, VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.market import PriceKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_rows import Batch, HistoryKind, Rows, SeriesKey
from virtuoso_desktop.storage.ranges import Range, gaps, joined

log = logging.getLogger(__name__)

HOUR_MS = Timeframe.H1.duration_ms
SETTLED_AFTER_MS = 60_000
"""The venue publishes an hour's values about a minute after it has ended."""
SPREAD_MS = 120_000
"""Requests of one hour are spread over this time."""
MOST_SLEEP_S = 30.0
IDLE_S = 0.5
"""Between two looks whether the first pages of the candles are done."""
OVERLAP_MS = 2 * HOUR_MS
"""Values this old may still be corrected: they are asked for again."""
PERPETUAL_WORD = "Perpetual"
RETRY = Backoff(first_s=5.0, most_s=120.0)


class Topic(StrEnum):
    """One list of one contract."""

    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    LONG_SHORT = "long_short"
    MARK = "mark"
    INDEX = "index"
    PREMIUM = "premium"


TopicKey = tuple[InstrumentId, Topic]
PRICES = frozenset({Topic.MARK, Topic.INDEX, Topic.PREMIUM})
KINDS: dict[Topic, HistoryKind] = {
    Topic.FUNDING: HistoryKind.FUNDING,
    Topic.OPEN_INTEREST: HistoryKind.OPEN_INTEREST,
    Topic.LONG_SHORT: HistoryKind.LONG_SHORT_RATIO,
    Topic.MARK: HistoryKind.MARK_PRICE,
    Topic.INDEX: HistoryKind.INDEX_PRICE,
    Topic.PREMIUM: HistoryKind.PREMIUM_INDEX,
}


def topics_of(instrument: Instrument) -> tuple[Topic, ...]:
    """What the venue keeps of an instrument: nothing of spot, no funding of dated contracts."""
    kind = instrument.id.market_kind
    if kind is MarketKind.SPOT:
        return ()
    is_perpetual = PERPETUAL_WORD in instrument.contract_type
    funded = (Topic.FUNDING,) if is_perpetual else ()
    premium = (Topic.PREMIUM,) if is_perpetual and kind is MarketKind.LINEAR else ()
    return (*funded, Topic.OPEN_INTEREST, Topic.LONG_SHORT, Topic.MARK, Topic.INDEX, *premium)


class DerivativeLoader:
    """Fills the store's `DerivativeState` of every watched contract, one request at a time.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    store : MarketStore
        Whose states are filled.
    archive : PointArchive
        What the disk holds.
    venue_now_ms : callable
        Venue time.
    clock : Clock
        Its rate turns venue time into waits.
    may_ask : callable
        Whether the first pages of the candles are done.
    """

    def __init__(
        self,
        adapter: Adapter,
        store: MarketStore,
        archive: PointArchive,
        venue_now_ms: Callable[[], int],
        clock: Clock,
        may_ask: Callable[[], bool],
    ) -> None:
        self._adapter = adapter
        self._store = store
        self._archive = archive
        self._venue_now_ms = venue_now_ms
        self._clock = clock
        self._may_ask = may_ask
        self._due_ms: dict[TopicKey, int] = {}
        self._failures: dict[TopicKey, int] = {}
        self._unread: dict[TopicKey, None] = {}
        """Lists that have not been read from the disk yet."""
        self._stored: dict[TopicKey, Rows] = {}
        """What came from the disk, until the venue's first answer is compared with it."""
        self._whole: dict[TopicKey, tuple[Range, ...]] = {}
        """Time in which the venue has nothing that is not held."""
        self._asked_holes: set[tuple[TopicKey, Range]] = set()
        self._answered: set[TopicKey] = set()
        self._wake = asyncio.Event()
        self.loaded = 0
        """Lists that the venue brought up to date, counted again every hour."""

    @property
    def progress(self) -> Progress:
        """How many lists are there, from the disk or by the venue's word; a refusal is one."""
        return Progress(len((self._answered | self._stored.keys()) & self._due_ms.keys()), len(self._due_ms))

    def watch(self, instruments: Iterable[Instrument]) -> None:
        """Queue every list of new contracts."""
        now_ms = self._venue_now_ms()
        for instrument in instruments:
            for rank, topic in enumerate(topics_of(instrument)):
                key = instrument.id, topic
                if key not in self._due_ms:
                    self._due_ms[key] = now_ms - len(Topic) + rank
                    self._unread[key] = None
        self._wake.set()

    def unwatch(self, instrument_id: InstrumentId) -> None:
        for key in [key for key in self._due_ms if key[0] == instrument_id]:
            del self._due_ms[key]
            self._unread.pop(key, None)
            self._failures.pop(key, None)
            self._stored.pop(key, None)
            self._whole.pop(key, None)
            self._answered.discard(key)
        self._asked_holes = {each for each in self._asked_holes if each[0][0] != instrument_id}

    async def run(self) -> None:
        """Read from the disk what is new here, ask for what is due, for ever."""
        while True:
            if self._unread and not self._archive.is_pending:
                await self._read_stored(next(iter(self._unread)))
                continue
            key = min(self._due_ms, key=self._due_ms.__getitem__, default=None)
            wait_s = MOST_SLEEP_S if key is None else self._wait_s(key)
            if key is not None and wait_s <= 0 and not self._unread and self._may_ask():
                await self._load(key)
            else:
                self._wake.clear()
                await self._sleep(min(wait_s, MOST_SLEEP_S) if wait_s > 0 else IDLE_S)

    def _wait_s(self, key: TopicKey) -> float:
        return (self._due_ms[key] - self._venue_now_ms()) / 1000 / self._clock.rate

    async def _sleep(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    # --- from the disk ---------------------------------------------------------------------------------------------

    async def _read_stored(self, key: TopicKey) -> None:
        """Show what the disk holds before the venue has said anything."""
        since_ms = 0 if key[1] is Topic.FUNDING else self._first_ms()
        stored = await self._archive.stored(_series(key), since_ms)
        if key not in self._unread:
            return  # it was given up meanwhile
        del self._unread[key]
        if stored.rows.shape[1]:
            self._stored[key] = stored.rows
            self._whole[key] = stored.covered
            self._put_rows(key, stored.rows)

    def _put_rows(self, key: TopicKey, rows: Rows) -> None:
        state = self._held(key[0])
        if state is None or not rows.shape[1]:
            return
        if key[1] in PRICES:
            state.prices[PriceKind(key[1].value)].merge(rows)
        else:
            _points(state, key[1]).merge(points_of(_series(key), rows))

    def _forget(self, key: TopicKey) -> None:
        log.info("%s of %s: another market than the one on disk, which is forgotten", key[1].value, key[0])
        self._archive.forget(_series(key))
        self._whole.pop(key, None)
        state = self._held(key[0])
        if state is None:
            return
        held = state.prices[PriceKind(key[1].value)] if key[1] in PRICES else _points(state, key[1])
        held.clear()

    # --- from the venue --------------------------------------------------------------------------------------------

    async def _load(self, key: TopicKey) -> None:
        try:
            await self._ask(key)
        except VirtuosoError as error:
            self._fail(key, error)
            return
        self.loaded += 1
        self._failures.pop(key, None)
        self._plan(key, self._next_ms())

    def _fail(self, key: TopicKey, error: VirtuosoError) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if failures == 1:
            log.info("%s of %s is not there: %s", key[1].value, key[0], error.user_text)
        if isinstance(error, VenueRejected):
            self._plan(key, self._next_ms())
        elif key in self._due_ms:
            self._due_ms[key] = self._venue_now_ms() + round(RETRY.wait_s(failures) * 1000 * self._clock.rate)

    def _plan(self, key: TopicKey, due_ms: int) -> None:
        if key in self._due_ms:  # it may have been given up meanwhile
            self._due_ms[key] = due_ms
            self._answered.add(key)

    def _next_ms(self) -> int:
        """Some time after the next full hour: settlements lie on full hours too."""
        now_ms = self._venue_now_ms()
        return now_ms - now_ms % HOUR_MS + HOUR_MS + SETTLED_AFTER_MS + random.randrange(SPREAD_MS)

    async def _ask(self, key: TopicKey) -> None:
        """Ask for what is missing of a list: a hole, and what came since."""
        for hole in self._holes(key):
            self._asked_holes.add((key, hole))
            self._take(key, await self._fetch(key, hole[0], hole[1] - 1))
        batch = await self._fetch(key, self._asked_from_ms(key), None)
        stored = self._stored.pop(key, None)
        if stored is not None and self._archive.is_contradicted(stored, batch.rows):
            self._forget(key)
            batch = await self._fetch(key, self._asked_from_ms(key), None)
        self._take(key, batch)

    def _take(self, key: TopicKey, batch: Batch) -> None:
        if key not in self._due_ms:
            return
        self._archive.keep(batch)
        self._whole[key] = joined((*self._whole.get(key, ()), *batch.covered))

    def _holes(self, key: TopicKey) -> list[Range]:
        """From the beginning of the first hole to the end of the last one, once a run; usually nothing."""
        whole = self._whole.get(key)
        if not whole or key[1] is Topic.FUNDING:
            return []
        found = gaps(whole, self._first_ms(), whole[-1][1])
        hole = (found[0][0], found[-1][1]) if found else (0, 0)
        return [hole] if found and (key, hole) not in self._asked_holes else []

    def _asked_from_ms(self, key: TopicKey) -> int | None:
        """From where on the newest part of a list is asked for; None for the whole of funding, whose steps vary."""
        whole = self._whole.get(key)
        if key[1] is Topic.FUNDING:
            state = self._held(key[0])
            points = state.funding.points if state is not None else []
            is_enough = bool(whole) and len(points) == KEPT_FUNDING and points[0].time_ms >= whole[-1][0]
            return points[-1].time_ms - OVERLAP_MS if is_enough else None
        first_ms = self._first_ms()
        return max(first_ms, whole[-1][1] - 1 - OVERLAP_MS) if whole else first_ms

    def _first_ms(self) -> int:
        """The oldest hour that is kept."""
        return Timeframe.H1.open_ms(self._venue_now_ms()) - (KEPT_HOURS - 1) * HOUR_MS

    async def _fetch(self, key: TopicKey, start_ms: int | None, end_ms: int | None) -> Batch:
        """Ask for a part of a list and show it."""
        instrument_id, topic = key
        adapter, series, priority = self._adapter, _series(key), RequestPriority.BACKGROUND
        limit = KEPT_FUNDING if topic is Topic.FUNDING else KEPT_HOURS
        if topic in PRICES:
            asked = CandleQuery(instrument_id, Timeframe.H1, start_ms=start_ms, end_ms=end_ms, limit=limit)
            page = await adapter.price_candles(PriceKind(topic.value), asked, priority=priority)
            self._put_rows(key, price_rows(page))
            return prices_batch(series, asked, page)
        query = PointQuery(instrument_id, start_ms=start_ms, end_ms=end_ms, limit=limit)
        if topic is Topic.FUNDING:
            batch = points_batch(series, query, await adapter.funding_rates(query, priority=priority))
        elif topic is Topic.OPEN_INTEREST:
            batch = points_batch(series, query, await adapter.open_interest(query, priority=priority))
        else:
            batch = points_batch(series, query, await adapter.long_short_ratios(query, priority=priority))
        self._put_rows(key, batch.rows)
        return batch

    def _held(self, instrument_id: InstrumentId) -> DerivativeState | None:
        state = self._store.get(instrument_id)
        return None if state is None else state.derivatives


def _series(key: TopicKey) -> SeriesKey:
    return list_key(key[0], KINDS[key[1]])


def _points(state: DerivativeState, topic: Topic) -> PointSeries[Any]:
    """The list that a topic other than a price fills."""
    if topic is Topic.FUNDING:
        return state.funding
    return state.open_interest if topic is Topic.OPEN_INTEREST else state.long_short
