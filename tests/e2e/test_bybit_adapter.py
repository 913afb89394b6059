"""The real adapter and store against the simulated venue: whole, with each fault, and with a restart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

import msgspec

from tests.fake_market import BTC, ETH, SPOT_BTC, T0_MS, FakeMarket
from tests.running import until
from virtuoso_desktop.exchanges.base import (
    CandleQuery,
    LinkHole,
    LinkPhase,
    LinkState,
    Subscription,
    TopicKind,
    TopicRejected,
)
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.exchanges.transport import LinkTimes
from virtuoso_desktop.kernel.clock import ScaledClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.server import SimulatedExchange

START_MS = T0_MS + DAY_MS + 55_000
TIMES = LinkTimes(tick_s=0.05, first_retry_s=0.05, most_retry_s=0.2, silence_factor=0.25)


class Scene:
    """A venue, an adapter that fills a store, and what the adapter told."""

    def __init__(self) -> None:
        self.clock = ScaledClock(START_MS, 1.0)
        self.venue = SimulatedExchange(FakeMarket(), self.clock)
        self.store = MarketStore((50,), (Timeframe.M1,))
        self.states: list[LinkState] = []
        self.holes: list[LinkHole] = []
        self.rejected: list[TopicRejected] = []
        self.adapter: BybitAdapter

    def connect(self) -> None:
        endpoints = BybitEndpoints(self.venue.http_url, self.venue.ws_url)
        self.adapter = BybitAdapter(endpoints, self.store.apply, self.clock, Supervisor(), links=TIMES)
        self.adapter.states.connect(self.states.append)
        self.adapter.reconnected.connect(self.holes.append)
        self.adapter.rejected.connect(self.rejected.append)
        for instrument in (BTC, ETH, SPOT_BTC):
            self.store.add(instrument)
            self.adapter.subscribe(
                [
                    Subscription(instrument.id, TopicKind.TICKER),
                    Subscription(instrument.id, TopicKind.ORDER_BOOK, depth=50),
                    Subscription(instrument.id, TopicKind.TRADES),
                    Subscription(instrument.id, TopicKind.CANDLES, timeframe=Timeframe.M1),
                ]
            )

    @property
    def is_live(self) -> bool:
        states = self.adapter.link_states
        return len(states) == 2 and all(state.phase is LinkPhase.LIVE for state in states)

    def reasons(self) -> list[str]:
        return [state.reason for state in self.states if state.phase is LinkPhase.BACKOFF and state.reason is not None]

    async def settled(self, what: str) -> None:
        await until(lambda: self.is_live, what)
        for instrument in (BTC, ETH, SPOT_BTC):
            await until(lambda instrument=instrument: self.equals(instrument), f"the book of {instrument.id}")

    def equals(self, instrument: Instrument) -> bool:
        """The store's book is the venue's, level by level, whenever both stand at the same update."""
        state = self.store.get(instrument.id)
        assert state is not None
        book, own = state.books[50], self.venue.book(instrument.id, 50)
        if not book.is_valid or book.update_id != own.update_id:
            return False
        assert (book.bids, book.asks) == (dict(own.bids), dict(own.asks))
        return True


@contextlib.asynccontextmanager
async def scene() -> AsyncGenerator[Scene, None]:
    made = Scene()
    async with made.venue:
        made.connect()
        try:
            await made.settled("both links live")
            yield made
        finally:
            await made.adapter.close()


async def test_everything_reaches_the_store_and_requests_agree_with_streams() -> None:
    async with scene() as s:
        state = s.store.get(BTC.id)
        assert state is not None
        await until(lambda: state.tape.newest is not None and len(state.candles[Timeframe.M1]), "a trade and a candle")
        assert state.ticker.value("last_price") is not None
        assert [found.id for found in await s.adapter.instruments(MarketKind.LINEAR)] == [BTC.id, ETH.id]
        assert [found.id for found in await s.adapter.instruments(MarketKind.SPOT)] == [SPOT_BTC.id]
        assert {ticker.instrument_id for ticker in await s.adapter.tickers(MarketKind.LINEAR)} == {BTC.id, ETH.id}
        page = await s.adapter.candles(CandleQuery(BTC.id, Timeframe.M1, limit=5))
        assert page.newest_is_forming
        assert page.open_ms[-1] == s.clock.now_ms() // 60_000 * 60_000
        assert state.candles[Timeframe.M1].last_open_ms == page.open_ms[-1]
        trades = await s.adapter.recent_trades(BTC.id, 50)
        newest = state.tape.newest
        assert newest is not None
        assert {newest.trade_id} <= {trade.trade_id for trade in [*trades, newest]}
        assert trades == sorted(trades, key=lambda trade: (trade.time_ms, trade.sequence or 0))
        assert s.adapter.metrics.gaps == 0
        assert s.adapter.metrics.refused == {}
        assert s.rejected == []


async def faulted(s: Scene, fault: Fault, seen: Callable[[], bool], what: str) -> None:
    s.venue.inject(fault)
    await until(seen, what, 8.0)
    await s.settled(f"whole again after {fault.fault.value}")


async def test_a_lost_update_is_noticed_and_the_book_rebuilt() -> None:
    async with scene() as s:
        gap = Fault(0.0, FaultKind.GAP, "orderbook.50", symbol="BTCUSDT")
        await faulted(s, gap, lambda: s.adapter.metrics.gaps >= 1, "the gap")
        assert s.reasons() == []


async def test_a_reset_inside_a_frame_is_survived_and_its_hole_told() -> None:
    async with scene() as s:
        await faulted(s, Fault(0.0, FaultKind.RESET, "orderbook.50"), lambda: len(s.holes) >= 1, "the hole")
        assert set(s.reasons()) <= {"connection reset by peer", "the connection broke off"}
        assert s.holes[0].from_ms <= s.holes[0].to_ms <= s.clock.now_ms()
        assert all(state.phase is not LinkPhase.STALE for state in s.states)


async def test_one_silent_topic_is_named_and_the_others_stay() -> None:
    async with scene() as s:
        silence = Fault(0.0, FaultKind.SILENT, "orderbook.50", for_s=3.5, symbol="ETHUSDT")
        await faulted(s, silence, lambda: any(state.stale for state in s.states), "the silent topic")
        named = {feed.topic for state in s.states for feed in state.stale}
        assert named == {"orderbook.50.ETHUSDT"}
        eth = [hole for hole in s.holes if any(each.instrument_id == ETH.id for each in hole.subscriptions)]
        assert eth, "the end of the silence was not told"


async def test_a_venue_that_falls_silent_altogether_is_connected_anew() -> None:
    async with scene() as s:
        silence = Fault(0.0, FaultKind.SILENT, "*", for_s=3.0)
        await faulted(s, silence, lambda: "the exchange answers, but sends no data" in s.reasons(), "the reconnect")
        assert all(state.stale == () for state in s.states)


async def test_a_venue_that_goes_and_comes_back_on_the_same_port() -> None:
    s = Scene()
    port = 0
    async with s.venue:
        port = int(s.venue.ws_url.rpartition(":")[2])
        s.connect()
        await s.settled("both links live")
    try:
        await until(lambda: "connection refused" in s.reasons(), "nobody there")
        s.venue = SimulatedExchange(FakeMarket(), s.clock, port=port)
        async with s.venue:
            await s.settled("whole again")
            assert len(s.holes) == 2
    finally:
        await s.adapter.close()


async def test_spot_topics_are_kept_apart_from_linear_ones() -> None:
    async with scene() as s:
        await asyncio.sleep(0.5)
        linear, spot = s.store.get(BTC.id), s.store.get(SPOT_BTC.id)
        assert linear is not None
        assert spot is not None
        assert linear.ticker.value("mark_price") is not None
        assert spot.ticker.value("mark_price") is None
        assert linear.tape.newest != spot.tape.newest
        assert msgspec.structs.asdict(BTC)["id"] != msgspec.structs.asdict(SPOT_BTC)["id"]
