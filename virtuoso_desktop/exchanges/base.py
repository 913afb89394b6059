"""What every venue's adapter offers, and the facts that it tells.

Data goes to a sink, synchronously, from inside the socket read; only rare facts travel as signals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum, StrEnum
from typing import Protocol

import msgspec

from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import (
    BookSnapshot,
    FundingRate,
    LongShortRatio,
    MarketEvent,
    OpenInterest,
    PriceKind,
    Ticker,
    Trade,
)
from virtuoso_desktop.model.timeframe import Timeframe

EventSink = Callable[[MarketEvent], None]
"""Takes one event. Raises BookGap when an order book has to be subscribed anew."""


class TopicKind(StrEnum):
    """What a subscription brings."""

    TICKER = "ticker"
    ORDER_BOOK = "order_book"
    TRADES = "trades"
    CANDLES = "candles"
    LIQUIDATIONS = "liquidations"


class Subscription(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """One topic of one instrument. ``timeframe`` belongs to candles, ``depth`` (levels a side) to order books."""

    instrument_id: InstrumentId
    kind: TopicKind
    timeframe: Timeframe | None = None
    depth: int | None = None

    def __post_init__(self) -> None:
        if (self.timeframe is not None) != (self.kind is TopicKind.CANDLES):
            raise ValueError(f"{self.instrument_id}: candles need a timeframe, and only they have one")
        if (self.depth is not None) != (self.kind is TopicKind.ORDER_BOOK):
            raise ValueError(f"{self.instrument_id}: order books need a depth, and only they have one")


class Capability(msgspec.Struct, frozen=True):
    """What a venue offers for one topic of one market kind."""

    is_streamed: bool
    has_history: bool
    """Past values can be asked for over REST."""
    depths: tuple[int, ...] = ()
    timeframes: tuple[Timeframe, ...] = ()


Capabilities = Mapping[tuple[MarketKind, TopicKind], Capability]
"""A venue's table; what is absent is not offered."""


class RequestPriority(IntEnum):
    """Order in which waiting requests are sent; lower goes first, equal ones in the order they came."""

    CLOCK = 0
    SHOWN = 10
    """What the user looks at now."""
    START = 20
    """Instruments and tickers, without which nothing is known."""
    REPAIR = 30
    """Holes in live series."""
    HISTORY = 40
    BACKGROUND = 50


class LinkPhase(StrEnum):
    """State of one connection; the values are those of the read models."""

    CONNECTING = "connecting"
    SYNCING = "syncing"
    """Open; not every book and ticker has brought its first data."""
    LIVE = "live"
    STALE = "stale"
    """Open, but some topics bring nothing."""
    BACKOFF = "backoff"
    """Lost; another attempt is planned."""
    BANNED = "banned"
    """The venue wants no more from this address for a while."""
    BLOCKED = "blocked"
    """The venue does not serve this address or country."""
    MAINTENANCE = "maintenance"
    """The venue's own servers are down."""


DOWN_PHASES = frozenset({LinkPhase.BACKOFF, LinkPhase.BANNED, LinkPhase.BLOCKED, LinkPhase.MAINTENANCE})
"""No connection, and none being made."""


class RestState(msgspec.Struct, frozen=True):
    """How requests to a venue fare, in real seconds."""

    phase: LinkPhase
    for_s: float
    """How long it has been in this phase."""
    reason: str | None = None
    next_try_s: float | None = None
    """Until the next request may probe."""
    groups: tuple[str, ...] = ()
    """Groups of endpoints that are not asked for now."""


class Maintenance(msgspec.Struct, frozen=True):
    """A venue's announcement; times in venue ms."""

    title: str
    is_ongoing: bool
    begin_ms: int
    end_ms: int | None


class StaleFeed(msgspec.Struct, frozen=True):
    """A topic that is subscribed and silent while others of its link live."""

    topic: str
    subscription: Subscription
    newest_ms: int | None
    """Venue time of its newest frame; None if none ever came."""


class LinkState(msgspec.Struct, frozen=True):
    """One connection, told whenever something of it changes."""

    link: str
    """``bybit.linear.1``."""
    market_kind: MarketKind
    phase: LinkPhase
    since_ms: int
    """Venue time at which the phase began; in backoff that of the newest data before it."""
    reason: str | None = None
    """Why it is not live, in words."""
    next_retry_ms: int | None = None
    """Venue time of the next attempt while in backoff."""
    stale: tuple[StaleFeed, ...] = ()
    """Longest silent first."""


class LinkHole(msgspec.Struct, frozen=True):
    """Topics live again; what the venue sent between ``from_ms`` and ``to_ms`` (venue time) never came."""

    link: str
    from_ms: int
    to_ms: int
    subscriptions: tuple[Subscription, ...]


class TopicRejected(msgspec.Struct, frozen=True):
    """The venue refuses one topic; the others of the link live on."""

    link: str
    topic: str
    subscription: Subscription
    user_text: str


class ServerTime(msgspec.Struct, frozen=True):
    """One sample of a venue's clock, as `VenueClock.measure` takes it (ms)."""

    sent_ms: int
    venue_ms: int
    received_ms: int


class CandleQuery(msgspec.Struct, frozen=True):
    """Candles that open within [start_ms, end_ms] (the one containing ``start_ms`` included); the newest ``limit``."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    start_ms: int | None = None
    end_ms: int | None = None
    limit: int = 1000


class PointQuery(msgspec.Struct, frozen=True):
    """Points of time within [start_ms, end_ms]; the newest ``limit``.

    ``period`` is the spacing of open interest and ratios; funding has its own.
    """

    instrument_id: InstrumentId
    start_ms: int | None = None
    end_ms: int | None = None
    limit: int = 200
    period: Timeframe = Timeframe.H1


class CandlePage(msgspec.Struct, frozen=True):
    """Candles of one series as columns of equal length, oldest first, without duplicates.

    Prices and sizes are decimals. Mark, index and premium candles have no volume: those columns are empty.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    open_ms: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    turnover: list[float]
    venue_ms: int
    """Venue time of the answer: a candle whose close lies at or before it is closed."""
    newest_is_forming: bool
    refused: int = 0
    """Rows that were no candle (empty or absurd values), left out."""

    def __len__(self) -> int:
        return len(self.open_ms)


class Adapter(Protocol):
    """One venue: requests by coroutine, streams into the sink that the adapter was made with.

    Every request raises LinkError (try later), RateLimited (try after ``retry_after_s``),
    VenueRejected (never try again) or ParseError, all with ``user_text``; cancelling one takes it
    out of the queue or drops its answer.
    """

    venue: Venue
    capabilities: Capabilities
    metrics: LinkMetrics
    states: Signal[LinkState]
    reconnected: Signal[LinkHole]
    rejected: Signal[TopicRejected]

    @property
    def rest_state(self) -> RestState:
        """How requests fare now."""
        ...

    def newest_ms(self, link: str) -> int | None:
        """Venue time of the newest frame of a link; None if none came."""
        ...

    async def maintenance(self, *, priority: int = RequestPriority.CLOCK) -> list[Maintenance]:
        """Ongoing and announced maintenance."""
        ...

    async def server_time(self, *, priority: int = RequestPriority.CLOCK) -> ServerTime: ...

    async def instruments(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Instrument]:
        """All instruments in trade, every page."""
        ...

    async def tickers(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Ticker]: ...

    async def candles(self, query: CandleQuery, *, priority: int = RequestPriority.HISTORY) -> CandlePage: ...

    async def order_book(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.SHOWN
    ) -> BookSnapshot: ...

    async def recent_trades(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[Trade]:
        """Oldest first, by (time, sequence, id)."""
        ...

    async def funding_rates(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[FundingRate]:
        """Settled rates of a contract, oldest first."""
        ...

    async def open_interest(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[OpenInterest]:
        """Open interest of a contract as the venue counts it, oldest first."""
        ...

    async def long_short_ratios(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[LongShortRatio]:
        """Shares of accounts that are net long and net short, oldest first."""
        ...

    async def price_candles(
        self, price: PriceKind, query: CandleQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> CandlePage:
        """Candles of a contract's mark price, index or premium; they have no volume."""
        ...

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Add topics; links are opened as needed and kept until `close`. Returns at once."""
        ...

    def unsubscribe(self, subscriptions: Iterable[Subscription]) -> None: ...

    def resync(self, subscription: Subscription) -> None:
        """Ask for a fresh snapshot of one order book; unknown ones are ignored."""
        ...

    def subscriptions(self, link: str) -> tuple[Subscription, ...]:
        """Topics that one link carries."""
        ...

    def retry_now(self) -> None:
        """Reconnect what is not live, without waiting for the backoff."""
        ...

    async def close(self) -> None:
        """End requests and streams, in less than a second."""
        ...
