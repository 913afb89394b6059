"""Read models of the panels under the chart: order book, trades and liquidations. Imports no numpy."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.market import Aggressor, PositionSide


class FeedPhase(StrEnum):
    """How far a panel's data can be trusted."""

    LOADING = "loading"
    """Asked for; nothing came yet."""
    LIVE = "live"
    STALE = "stale"
    """The connection lives, this topic is silent beyond its limit or contradicts itself."""
    LOST = "lost"
    """The connection is gone."""
    ERROR = "error"
    """The venue refuses the topic."""
    OFF = "off"
    """Not asked for: switched off in the settings, or the market has no such thing."""


class FeedView(msgspec.Struct, frozen=True):
    """State of the topic that a panel reads."""

    phase: FeedPhase
    reason: str | None = None
    """Why it is not live, in words."""
    since_ms: int | None = None
    """Venue time of the newest data, or of the loss."""
    next_retry_ms: int | None = None
    """Venue time of the next attempt to connect."""
    venue: str = ""


class LadderLevel(NamedTuple):
    """One price, or group of prices, of one side: decimals."""

    price: float
    size: float
    total: float
    """Size of this and all better levels."""


class KnownWall(Protocol):
    """A price range that holds far more than is usual at its distance, as the analysis found it; decimals."""

    @property
    def is_bid(self) -> bool: ...

    @property
    def price(self) -> float:
        """Its largest level."""
        ...

    @property
    def is_confirmed(self) -> bool:
        """It has stood for long enough."""
        ...

    @property
    def is_suspected_pull(self) -> bool:
        """Most of it went untraded when the price came near before."""
        ...


class WallMark(NamedTuple):
    """A wall in the row of a ladder."""

    is_bid: bool
    row: int
    is_suspected_pull: bool


class LadderView(msgspec.Struct, frozen=True):
    """Both sides of an order book, best first, and what the best prices say."""

    instrument: Instrument
    feed: FeedView
    group_ticks: int
    bids: tuple[LadderLevel, ...] = ()
    asks: tuple[LadderLevel, ...] = ()
    walls: tuple[WallMark, ...] = ()
    """Confirmed walls, by the row that holds their largest level."""
    is_deep: bool = False
    """From the book of 1,000 levels, which is pushed less often: the fast one ends too early for this grouping."""
    spread: float | None = None
    spread_ticks: int | None = None
    spread_bps: float | None = None
    mid: float | None = None
    microprice: float | None = None
    """(ask x bid size + bid x ask size) / both sizes."""


class BandView(msgspec.Struct, frozen=True):
    """Imbalance of the base quantity within a distance of the middle: (bids - asks) / both, in [-1, 1]."""

    reach_bps: float
    imbalance: float | None


class SlippageSide(msgspec.Struct, frozen=True):
    """What a market order would pay beyond the middle; where the book ends before it is filled, at least that."""

    bps: float | None
    filled_ratio: float

    @property
    def is_lower_bound(self) -> bool:
        return self.filled_ratio < 1.0


class DepthView(msgspec.Struct, frozen=True):
    """What the book of 1,000 levels says. ``bid_sizes`` and ``ask_sizes`` are cumulative, at equal steps of bps."""

    instrument: Instrument
    feed: FeedView
    mid: float | None = None
    span_bps: float | None = None
    """Where the curve ends: the shorter reach of both sides."""
    bid_sizes: tuple[float, ...] = ()
    ask_sizes: tuple[float, ...] = ()
    bands: tuple[BandView, ...] = ()
    notional: float | None = None
    """Of the slippage, quote coin."""
    buy: SlippageSide | None = None
    sell: SlippageSide | None = None


class OrderView(msgspec.Struct, frozen=True):
    """One aggressive order: its fills of the same millisecond, side and sequence."""

    time_ms: int
    aggressor: Aggressor
    price: float
    """Of its newest fill."""
    average: float
    """Weighted by size."""
    size: float
    notional: float
    """Quote coin."""
    fills: int
    is_block: bool
    sequence: int | None


class TapeView(msgspec.Struct, frozen=True):
    """The newest aggressive orders, newest first."""

    instrument: Instrument
    feed: FeedView
    orders: tuple[OrderView, ...]
    version: int
    total: int
    """Orders read since this reader began to read: tells how many are new."""


class LiquidationView(msgspec.Struct, frozen=True):
    """One liquidated position."""

    instrument: Instrument
    side: PositionSide
    price: float
    """Bankruptcy price."""
    size: float
    notional: float
    """Quote coin."""
    time_ms: int


class LiquidationMinute(msgspec.Struct, frozen=True):
    """Liquidated positions of one minute, quote coin."""

    open_ms: int
    longs: float
    shorts: float
    is_covered: bool
    """The stream was there the whole time."""


class LiquidationsView(msgspec.Struct, frozen=True):
    """Liquidations of one instrument or of all watched ones."""

    feed: FeedView
    events: tuple[LiquidationView, ...] = ()
    """Newest first."""
    minutes: tuple[LiquidationMinute, ...] = ()
    """The last hour, oldest first, the running minute last."""
    longs: float = 0.0
    shorts: float = 0.0
    """Sums of the last hour."""
    covered_from_ms: int | None = None
    """Since when the stream is heard; None while it never was."""
    heard_until_ms: int | None = None
    """When it was lost; None while it is heard, or never was."""
    gaps: int = 0
    """Interruptions since then."""


class TapeReader(Protocol):
    """One reader of one instrument's trades."""

    def read(self) -> TapeView | None:
        """The tape now, the same object until it changes; None while the instrument is unknown."""
        ...


class Desk(Protocol):
    """What the panels under the chart ask of the engine. Cheap enough for ten calls a second."""

    def ladder(self, instrument_id: InstrumentId, group_ticks: int, rows: int) -> LadderView | None:
        """Both sides by groups of ``group_ticks``; None while the instrument is unknown."""
        ...

    def ladder_version(self, instrument_id: InstrumentId) -> int:
        """Changes with every change of a book of this instrument."""
        ...

    def depth(self, instrument_id: InstrumentId, notional: float | None) -> DepthView | None:
        """Curve, imbalance and slippage of the deep book; None while the instrument is unknown."""
        ...

    def tape(self, instrument_id: InstrumentId) -> TapeReader:
        """A new reader of the trades."""
        ...

    def liquidations(self, instrument_id: InstrumentId | None) -> LiquidationsView:
        """Of one instrument, or of all watched ones."""
        ...

    def liquidations_version(self, instrument_id: InstrumentId | None) -> int:
        """Changes with every new liquidation."""
        ...


def size_unit(instrument: Instrument) -> str:
    """What sizes are counted in: inverse contracts in the quote coin, all others in the base coin."""
    return instrument.quote_coin if instrument.id.market_kind is MarketKind.INVERSE else instrument.base_coin


def notional_of(instrument: Instrument, price: float, size: float) -> float:
    """Value in quote coin: inverse contracts are counted in it."""
    return size if instrument.id.market_kind is MarketKind.INVERSE else price * size
