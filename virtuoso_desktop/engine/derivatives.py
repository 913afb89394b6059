"""Keeps what contracts have beside their market: funding, open interest, ratios, mark, index, premium.

First 30 days by the hour (200 settlements of funding), behind every candle request; then what each
hour and each settlement adds.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from enum import StrEnum

import numpy as np

from virtuoso_desktop.exchanges.base import Adapter, CandlePage, CandleQuery, PointQuery, RequestPriority
from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.tasks import Backoff
from virtuoso_desktop.market.derivatives import KEPT_FUNDING, KEPT_HOURS, DerivativeState
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.errors import VenueRejected, VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.market import PriceKind
from virtuoso_desktop.model.timeframe import Timeframe

log = logging.getLogger(__name__)

HOUR_MS = Timeframe.H1.duration_ms
SETTLED_AFTER_MS = 60_000
"""The venue publishes an hour's values about a minute after it has ended."""
SPREAD_MS = 120_000
"""Requests of one hour are spread over this time."""
MOST_SLEEP_S = 30.0
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
    venue_now_ms : callable
        Venue time.
    clock : Clock
        Its rate turns venue time into waits.
    """

    def __init__(self, adapter: Adapter, store: MarketStore, venue_now_ms: Callable[[], int], clock: Clock) -> None:
        self._adapter = adapter
        self._store = store
        self._venue_now_ms = venue_now_ms
        self._clock = clock
        self._due_ms: dict[TopicKey, int] = {}
        self._failures: dict[TopicKey, int] = {}
        self._wake = asyncio.Event()
        self.loaded = 0
        """Answers that were kept."""

    def watch(self, instruments: Iterable[Instrument]) -> None:
        """Queue every list of new contracts."""
        now_ms = self._venue_now_ms()
        for instrument in instruments:
            for rank, topic in enumerate(topics_of(instrument)):
                self._due_ms.setdefault((instrument.id, topic), now_ms - len(Topic) + rank)
        self._wake.set()

    def unwatch(self, instrument_id: InstrumentId) -> None:
        for key in [key for key in self._due_ms if key[0] == instrument_id]:
            del self._due_ms[key]
            self._failures.pop(key, None)

    async def run(self) -> None:
        """Ask for what is due, for ever."""
        while True:
            key = min(self._due_ms, key=self._due_ms.__getitem__, default=None)
            wait_s = MOST_SLEEP_S if key is None else self._wait_s(key)
            if key is None or wait_s > 0:
                self._wake.clear()
                await self._sleep(min(wait_s, MOST_SLEEP_S))
            else:
                await self._load(key)

    def _wait_s(self, key: TopicKey) -> float:
        return (self._due_ms[key] - self._venue_now_ms()) / 1000 / self._clock.rate

    async def _sleep(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _load(self, key: TopicKey) -> None:
        try:
            await self._ask(*key)
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
        else:
            self._plan(key, self._venue_now_ms() + round(RETRY.wait_s(failures) * 1000 * self._clock.rate))

    def _plan(self, key: TopicKey, due_ms: int) -> None:
        if key in self._due_ms:  # it may have been given up meanwhile
            self._due_ms[key] = due_ms

    def _next_ms(self) -> int:
        """Some time after the next full hour: settlements lie on full hours too."""
        now_ms = self._venue_now_ms()
        return now_ms - now_ms % HOUR_MS + HOUR_MS + SETTLED_AFTER_MS + random.randrange(SPREAD_MS)

    async def _ask(self, instrument_id: InstrumentId, topic: Topic) -> None:
        state = self._held(instrument_id)
        if state is None:
            return
        priority = RequestPriority.BACKGROUND
        if topic is Topic.FUNDING:
            points = self._query(instrument_id, state.funding.newest_ms, KEPT_FUNDING)
            rates = await self._adapter.funding_rates(points, priority=priority)
            state.funding.merge(rates)
        elif topic is Topic.OPEN_INTEREST:
            points = self._query(instrument_id, state.open_interest.newest_ms, KEPT_HOURS)
            state.open_interest.merge(await self._adapter.open_interest(points, priority=priority))
        elif topic is Topic.LONG_SHORT:
            points = self._query(instrument_id, state.long_short.newest_ms, KEPT_HOURS)
            state.long_short.merge(await self._adapter.long_short_ratios(points, priority=priority))
        else:
            await self._ask_prices(instrument_id, PriceKind(topic.value), state)

    async def _ask_prices(self, instrument_id: InstrumentId, price: PriceKind, state: DerivativeState) -> None:
        series = state.prices[price]
        start_ms = int(series.columns[0, -1]) - OVERLAP_MS if len(series) else None
        query = CandleQuery(instrument_id, Timeframe.H1, start_ms=start_ms, limit=KEPT_HOURS)
        page = await self._adapter.price_candles(price, query, priority=RequestPriority.BACKGROUND)
        if len(page):
            series.merge(price_columns(page))

    def _query(self, instrument_id: InstrumentId, newest_ms: int | None, limit: int) -> PointQuery:
        start_ms = None if newest_ms is None else newest_ms - OVERLAP_MS
        return PointQuery(instrument_id, start_ms=start_ms, limit=limit)

    def _held(self, instrument_id: InstrumentId) -> DerivativeState | None:
        state = self._store.get(instrument_id)
        return None if state is None else state.derivatives


def price_columns(page: CandlePage) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A page without volumes as (5, n) columns."""
    return np.array([page.open_ms, page.open, page.high, page.low, page.close], dtype=np.float64)
