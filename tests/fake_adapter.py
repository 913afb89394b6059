"""A venue without a network: answers from tables, records what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal

from virtuoso_desktop.exchanges.base import (
    CandlePage,
    CandleQuery,
    Capabilities,
    LinkHole,
    LinkPhase,
    LinkState,
    Maintenance,
    PointQuery,
    RequestPriority,
    RestState,
    ServerTime,
    Subscription,
    TopicRejected,
)
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import (
    BookSnapshot,
    FundingRate,
    LongShortRatio,
    OpenInterest,
    PriceKind,
    Ticker,
    Trade,
)

LINK = "bybit.linear.1"


def instrument(symbol: str, *, status: str = "Trading", contract: str = "LinearPerpetual") -> Instrument:
    return Instrument(
        id=InstrumentId(Venue.BYBIT, MarketKind.LINEAR, symbol),
        base_coin=symbol.removesuffix("USDT"),
        quote_coin="USDT",
        settle_coin="USDT",
        status=status,
        contract_type=contract,
        tick_size=Decimal("0.10"),
        lot_step=Decimal("0.001"),
    )


def ticker(symbol: str, *, turnover: float = 1e9, event_ms: int = 0, last: float = 100.0) -> Ticker:
    fields: dict[str, float | None] = {"last_price": last, "turnover_24h": turnover}
    return Ticker(InstrumentId(Venue.BYBIT, MarketKind.LINEAR, symbol), True, fields, event_ms, 0)


class FakeAdapter:
    """Implements `exchanges.base.Adapter`. Every series begins ``history_rows`` candles ago."""

    def __init__(self, clock: ManualClock, symbols: Iterable[str] = ("BTCUSDT", "ETHUSDT")) -> None:
        self.venue = Venue.BYBIT
        self.capabilities: Capabilities = {}
        self.metrics = LinkMetrics()
        self.states: Signal[LinkState] = Signal("states")
        self.reconnected: Signal[LinkHole] = Signal("reconnected")
        self.rejected: Signal[TopicRejected] = Signal("rejected")
        self.clock = clock
        self.listed = [instrument(symbol) for symbol in symbols]
        self.turnovers = {symbol: 1e9 - number for number, symbol in enumerate(symbols)}
        self.history_rows = 2_500
        self.holes: set[int] = set()
        """Open times that the venue does not have."""
        self.asked: list[CandleQuery] = []
        self.tickers_asked: list[MarketKind] = []
        self.priorities: list[int] = []
        self.trades_asked: list[InstrumentId] = []
        self.trades: list[Trade] = []
        self.trades_failure: VirtuosoError | None = None
        self.points_asked: list[tuple[str, PointQuery]] = []
        self.points_failure: VirtuosoError | None = None
        self.topics: set[Subscription] = set()
        self.failure: VirtuosoError | None = None
        self.gate: asyncio.Event | None = None
        """While set and clear, candle requests hang."""
        self.rest = RestState(LinkPhase.LIVE, 0.0)
        self.newest: dict[str, int] = {}
        self.announced: list[Maintenance] = []
        self.retries = 0
        self.resynced: list[Subscription] = []
        self.rest_book: Callable[[InstrumentId], BookSnapshot] | None = None
        self.is_closed = False

    @property
    def rest_state(self) -> RestState:
        return self.rest

    def newest_ms(self, link: str) -> int | None:
        return self.newest.get(link)

    async def maintenance(self, *, priority: int = RequestPriority.CLOCK) -> list[Maintenance]:
        self._fail()
        return self.announced

    async def server_time(self, *, priority: int = RequestPriority.CLOCK) -> ServerTime:
        self._fail()
        now_ms = self.clock.now_ms()
        return ServerTime(now_ms, now_ms, now_ms)

    async def instruments(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Instrument]:
        self._fail()
        return [each for each in self.listed if each.id.market_kind is kind]

    async def tickers(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Ticker]:
        self.tickers_asked.append(kind)
        self._fail()
        now_ms = self.clock.now_ms()
        return [ticker(symbol, turnover=turnover, event_ms=now_ms) for symbol, turnover in self.turnovers.items()]

    async def candles(self, query: CandleQuery, *, priority: int = RequestPriority.HISTORY) -> CandlePage:
        self.asked.append(query)
        self.priorities.append(priority)
        if self.gate is not None:
            await self.gate.wait()
        self._fail()
        now_ms = self.clock.now_ms()
        timeframe = query.timeframe
        newest = timeframe.open_ms(min(now_ms, query.end_ms if query.end_ms is not None else now_ms))
        oldest = timeframe.step_back(timeframe.open_ms(now_ms), self.history_rows - 1)
        first = max(oldest, timeframe.step_back(newest, query.limit - 1), query.start_ms or 0)
        opens = [ms for ms in range(first, newest + 1, timeframe.duration_ms) if ms not in self.holes]
        prices = [100.0] * len(opens)
        return CandlePage(
            query.instrument_id, timeframe, opens, prices, prices, prices, prices, [1.0] * len(opens),
            [100.0] * len(opens), now_ms, True,
        )  # fmt: skip

    async def order_book(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.SHOWN
    ) -> BookSnapshot:
        if self.rest_book is not None:
            return self.rest_book(instrument_id)
        return BookSnapshot(instrument_id, limit, [(99.9, 1.0)], [(100.0, 1.0)], 1, 1, self.clock.now_ms(), None, 0)

    async def recent_trades(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[Trade]:
        self.trades_asked.append(instrument_id)
        if self.trades_failure is not None:
            raise self.trades_failure
        return self.trades

    async def funding_rates(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[FundingRate]:
        return [FundingRate(query.instrument_id, 1e-4, ms) for ms in self._hours("funding", query, 8)]

    async def open_interest(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[OpenInterest]:
        return [OpenInterest(query.instrument_id, 5e4, ms) for ms in self._hours("open_interest", query, 1)]

    async def long_short_ratios(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[LongShortRatio]:
        return [LongShortRatio(query.instrument_id, 0.6, 0.4, ms) for ms in self._hours("long_short", query, 1)]

    async def price_candles(
        self, price: PriceKind, query: CandleQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> CandlePage:
        points = PointQuery(query.instrument_id, query.start_ms, query.end_ms, query.limit)
        opens = self._hours(price.value, points, 1)
        prices = [100.0] * len(opens)
        return CandlePage(
            query.instrument_id, query.timeframe, opens, prices, prices, prices, prices, [], [],
            self.clock.now_ms(), True,
        )  # fmt: skip

    def _hours(self, what: str, query: PointQuery, step_h: int) -> list[int]:
        """Times every so many hours up to now."""
        self.points_asked.append((what, query))
        self._fail()
        if self.points_failure is not None:
            raise self.points_failure
        step_ms = step_h * 3_600_000
        end_ms = self.clock.now_ms() if query.end_ms is None else query.end_ms
        newest = end_ms // step_ms
        times = [number * step_ms for number in range(newest - query.limit + 1, newest + 1)]
        return [ms for ms in times if ms >= (query.start_ms or 0)]

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self.topics.update(subscriptions)

    def unsubscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self.topics.difference_update(subscriptions)

    def resync(self, subscription: Subscription) -> None:
        self.resynced.append(subscription)

    def subscriptions(self, link: str) -> tuple[Subscription, ...]:
        return tuple(self.topics) if link == LINK else ()

    def retry_now(self) -> None:
        self.retries += 1

    async def close(self) -> None:
        self.is_closed = True

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure
