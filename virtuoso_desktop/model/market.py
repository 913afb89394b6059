"""Market events, as parsers return them and the store applies them.

Prices and sizes are decimals as floats; the store converts them to ticks and lots. Times are
int64 ms UTC in venue time; ``recv_ns`` is the local clock at the socket read.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, get_args

import msgspec

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe

Level = tuple[float, float]
"""(price, size); size 0 deletes the level in a delta."""

FULL_DEPTH = 0
"""``depth`` of a book that the venue does not cut."""
RPI_DEPTH = -50
"""``depth`` of Bybit's 50-level book with retail price improvement orders told apart."""


class Aggressor(StrEnum):
    """The side that took liquidity."""

    BUY = "buy"
    SELL = "sell"


class PositionSide(StrEnum):
    """The side of a position that was liquidated."""

    LONG = "long"
    SHORT = "short"


class PriceKind(StrEnum):
    """A price that a contract has beside its last one."""

    MARK = "mark"
    INDEX = "index"
    PREMIUM = "premium"
    """Premium of the contract over its index, a fraction."""


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A whole order book of one depth. ``bids`` and ``asks`` are unsorted lists of levels."""

    instrument_id: InstrumentId
    depth: int
    bids: list[Level]
    asks: list[Level]
    update_id: int
    sequence: int
    event_ms: int
    """Venue's send time."""
    match_ms: int | None
    """Matching-engine time, where the venue tells it."""
    recv_ns: int


class BookDelta(msgspec.Struct, frozen=True, gc=False):
    """Changed levels. Applies to a book whose ``update_id`` equals ``previous_update_id``."""

    instrument_id: InstrumentId
    depth: int
    bids: list[Level]
    asks: list[Level]
    previous_update_id: int
    update_id: int
    sequence: int
    event_ms: int
    match_ms: int | None
    recv_ns: int


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One public trade. ``sequence`` is the venue's cross sequence, None where it has none."""

    instrument_id: InstrumentId
    trade_id: str
    price: float
    size: float
    aggressor: Aggressor
    time_ms: int
    sequence: int | None
    is_block: bool
    event_ms: int
    recv_ns: int
    is_rpi: bool = False
    """Against a retail price improvement order: those stand in no order book (analysis D12)."""


TickerField = Literal[
    "last_price",
    "mark_price",
    "index_price",
    "bid_price",
    "bid_size",
    "ask_price",
    "ask_size",
    "previous_price_24h",
    "previous_price_1h",
    "change_24h_ratio",
    "high_24h",
    "low_24h",
    "volume_24h",
    "turnover_24h",
    "open_interest",
    "open_interest_value",
    "single_open_interest",
    "funding_rate",
    "funding_interval_h",
    "next_funding_ms",
    "usd_index_price",
]
"""Every ticker value the program knows, in decimals; ``next_funding_ms`` is UTC ms."""

TICKER_FIELDS: tuple[TickerField, ...] = get_args(TickerField)


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """A ticker frame: a whole ticker (``is_snapshot``) or only the values that changed.

    ``fields`` maps each `TickerField` that the frame named to its new value; None means that the
    venue has no value now (it sent ``""``). A field that is absent from a delta is unchanged.
    """

    instrument_id: InstrumentId
    is_snapshot: bool
    fields: dict[str, float | None]
    event_ms: int
    recv_ns: int


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One candle state of the venue's own kline. ``closed`` only on the venue's word.

    ``volume`` is in base coin and ``turnover`` in quote coin for spot and linear; swapped for inverse.
    ``event_ms`` is the venue's time of this state.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float
    closed: bool
    event_ms: int
    recv_ns: int


class Liquidation(msgspec.Struct, frozen=True, gc=False):
    """One liquidated position. ``side`` is the position's side; ``price`` the bankruptcy price."""

    instrument_id: InstrumentId
    side: PositionSide
    price: float
    size: float
    time_ms: int
    event_ms: int
    recv_ns: int


class FundingRate(msgspec.Struct, frozen=True, gc=False):
    """A settled funding rate: fraction of the position value paid by longs to shorts."""

    instrument_id: InstrumentId
    rate: float
    time_ms: int


class OpenInterest(msgspec.Struct, frozen=True, gc=False):
    """Open interest at one time: base coin (linear) or USD (inverse), as the venue counts it."""

    instrument_id: InstrumentId
    open_interest: float
    time_ms: int


class LongShortRatio(msgspec.Struct, frozen=True, gc=False):
    """Share of accounts that are net long and net short; both in [0, 1]."""

    instrument_id: InstrumentId
    long_ratio: float
    short_ratio: float
    time_ms: int


MarketEvent = BookSnapshot | BookDelta | Trade | Ticker | Candle | Liquidation
"""What a stream parser may return."""
