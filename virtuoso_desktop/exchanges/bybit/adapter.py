"""Bybit as one `Adapter`: requests and streams of one environment (mainnet, testnet, or a simulator)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from aiolimiter import AsyncLimiter

from virtuoso_desktop.exchanges.base import (
    CandlePage,
    CandleQuery,
    EventSink,
    LinkHole,
    LinkState,
    Maintenance,
    PointQuery,
    RequestPriority,
    RestState,
    ServerTime,
    Subscription,
    TopicRejected,
)
from virtuoso_desktop.exchanges.bybit.answers import RULES
from virtuoso_desktop.exchanges.bybit.link import StreamEnds
from virtuoso_desktop.exchanges.bybit.rest import BybitRest
from virtuoso_desktop.exchanges.bybit.rest_derivatives import BybitDerivatives
from virtuoso_desktop.exchanges.bybit.stream import BybitStream
from virtuoso_desktop.exchanges.bybit.topics import CAPABILITIES
from virtuoso_desktop.exchanges.network import Network
from virtuoso_desktop.exchanges.rest_client import RestClient, RestSettings
from virtuoso_desktop.exchanges.transport import LinkSurroundings, LinkTimes
from virtuoso_desktop.kernel.clock import Clock, VenueClock
from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.kernel.tasks import Supervisor
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

MOST_CONNECTS, CONNECT_SPAN_S = 250, 300.0
"""A leaky bucket of 250 lets at most 500 attempts through in any five minutes, which is Bybit's limit."""


class BybitEndpoints(msgspec.Struct, frozen=True):
    """Scheme and host of both sides, and the proxy to them."""

    rest: str = "https://api.bybit.com"
    ws: str = "wss://stream.bybit.com"
    proxy: str | None = None


class BybitAdapter:
    """Bybit spot, linear and inverse. No key is needed and none is used.

    Parameters
    ----------
    endpoints : BybitEndpoints
        Where to connect.
    sink : EventSink
        Takes every event, synchronously, from inside the socket read.
    clock : Clock
        Stamps receipt; its ``rate`` below 1 stretches the limits of silence.
    supervisor : Supervisor
        Owns the links' tasks.
    rest : RestSettings
        Limits and deadlines of requests.
    links : LinkTimes
        Deadlines of links, and the factor of the limits of silence.

    Attributes
    ----------
    venue_clock : VenueClock
        Venue time; the engine measures its offset with `server_time`.
    """

    venue = Venue.BYBIT
    capabilities = CAPABILITIES

    def __init__(
        self,
        endpoints: BybitEndpoints,
        sink: EventSink,
        clock: Clock,
        supervisor: Supervisor,
        rest: RestSettings | None = None,
        links: LinkTimes | None = None,
    ) -> None:
        self.metrics = LinkMetrics()
        self.venue_clock = VenueClock(clock)
        self.states: Signal[LinkState] = Signal("bybit link state")
        self.reconnected: Signal[LinkHole] = Signal("bybit reconnected")
        self.rejected: Signal[TopicRejected] = Signal("bybit topic rejected")
        network = Network(endpoints.proxy)
        self._client = RestClient(RULES, endpoints.rest, network, self.metrics, rest or RestSettings())
        self._rest = BybitRest(self._client, clock, self.venue_clock)
        self._derivatives = BybitDerivatives(self._client, self.venue_clock)
        # A venue whose streams are back is asked again at once.
        self.reconnected.connect(lambda _: self._client.retry_now())
        self._stream = BybitStream(
            endpoints.ws,
            StreamEnds(sink, self.venue_clock, self.states, self.reconnected, self.rejected),
            LinkSurroundings(
                network, clock, self.metrics, AsyncLimiter(MOST_CONNECTS, CONNECT_SPAN_S), links or LinkTimes()
            ),
            supervisor,
        )

    @property
    def link_states(self) -> tuple[LinkState, ...]:
        """Every link as it is now."""
        return self._stream.states

    @property
    def waiting_requests(self) -> int:
        """Requests that have not been sent yet."""
        return self._client.waiting

    @property
    def rest_state(self) -> RestState:
        return self._client.state

    def newest_ms(self, link: str) -> int | None:
        return self._stream.newest_ms(link)

    async def load(self) -> None:
        """Import ccxt in a worker now rather than with the first request."""
        await self._client.load()

    async def server_time(self, *, priority: int = RequestPriority.CLOCK) -> ServerTime:
        return await self._rest.server_time(priority=priority)

    async def maintenance(self, *, priority: int = RequestPriority.CLOCK) -> list[Maintenance]:
        return await self._rest.maintenance(priority=priority)

    async def instruments(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Instrument]:
        return await self._rest.instruments(kind, priority=priority)

    async def tickers(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Ticker]:
        return await self._rest.tickers(kind, priority=priority)

    async def candles(self, query: CandleQuery, *, priority: int = RequestPriority.HISTORY) -> CandlePage:
        return await self._rest.candles(query, priority=priority)

    async def order_book(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.SHOWN
    ) -> BookSnapshot:
        return await self._rest.order_book(instrument_id, limit, priority=priority)

    async def recent_trades(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[Trade]:
        return await self._rest.recent_trades(instrument_id, limit, priority=priority)

    async def funding_rates(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[FundingRate]:
        return await self._derivatives.funding_rates(query, priority=priority)

    async def open_interest(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[OpenInterest]:
        return await self._derivatives.open_interest(query, priority=priority)

    async def long_short_ratios(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[LongShortRatio]:
        return await self._derivatives.long_short_ratios(query, priority=priority)

    async def price_candles(
        self, price: PriceKind, query: CandleQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> CandlePage:
        return await self._derivatives.price_candles(price, query, priority=priority)

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self._stream.subscribe(subscriptions)

    def unsubscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self._stream.unsubscribe(subscriptions)

    def resync(self, subscription: Subscription) -> None:
        self._stream.resync(subscription)

    def subscriptions(self, link: str) -> tuple[Subscription, ...]:
        return self._stream.subscriptions(link)

    def retry_now(self) -> None:
        self._stream.retry_now()
        self._client.retry_now()

    async def close(self) -> None:
        await self._stream.close()
        await self._client.close()
