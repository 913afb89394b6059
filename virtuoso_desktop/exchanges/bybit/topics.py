"""Bybit v5 stream topics: their names, their order, their batches and how long they may be silent.

Source: Bybit API documentation, v5, WebSocket (connect, public topics); limits as in
``docs/v5/websocket/wss-authentication`` (21,000 characters of arguments per connection, 10 per
request on spot).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from virtuoso_desktop.exchanges.base import Capabilities, Capability, Subscription, TopicKind
from virtuoso_desktop.exchanges.bybit.parse import INTERVAL_BY_TIMEFRAME
from virtuoso_desktop.exchanges.watchdog import Feed, FeedLimits
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.timeframe import Timeframe

MOST_ARGUMENT_CHARS = 21_000
"""Per connection, written as JSON."""
MOST_PER_REQUEST: dict[MarketKind, int] = {MarketKind.SPOT: 10, MarketKind.LINEAR: 100, MarketKind.INVERSE: 100}
"""Spot allows 10; the others have no documented limit but the connection's."""
BOOK_DEPTHS = (1, 50, 200, 1000)

LIMITS: dict[TopicKind, FeedLimits] = {
    TopicKind.TICKER: FeedLimits(first_data_s=5.0, silence_s=6.0, is_lively=True),
    TopicKind.ORDER_BOOK: FeedLimits(first_data_s=5.0, silence_s=6.0, is_lively=True),
    # Pushed every 1-60 s.
    TopicKind.CANDLES: FeedLimits(first_data_s=70.0, silence_s=90.0, answer_s=15.0, reconnect_s=60.0),
    # Nothing is sent while nothing trades; that something does, the ticker's last price tells. Trades that do not come
    # are asked for over REST afterwards: a reconnect, which takes all books away, is the last resort.
    TopicKind.TRADES: FeedLimits(
        first_data_s=120.0, silence_s=120.0, reconnect_s=40.0, is_reported=False, missing_s=4.0
    ),
    TopicKind.LIQUIDATIONS: FeedLimits(first_data_s=None, silence_s=None, reconnect_s=None, is_reported=False),
}
"""In real seconds. A lively topic that falls silent, or one of trades while there are some, is named within 8 s."""

_ORDER = (TopicKind.TICKER, TopicKind.ORDER_BOOK, TopicKind.TRADES, TopicKind.CANDLES, TopicKind.LIQUIDATIONS)
_NAMES = {TopicKind.TICKER: "tickers", TopicKind.TRADES: "publicTrade", TopicKind.LIQUIDATIONS: "allLiquidation"}


def _capabilities() -> Capabilities:
    timeframes = tuple(Timeframe)
    table: dict[tuple[MarketKind, TopicKind], Capability] = {}
    for kind in MarketKind:
        table[kind, TopicKind.TICKER] = Capability(is_streamed=True, has_history=False)
        table[kind, TopicKind.ORDER_BOOK] = Capability(is_streamed=True, has_history=False, depths=BOOK_DEPTHS)
        table[kind, TopicKind.TRADES] = Capability(is_streamed=True, has_history=False)
        table[kind, TopicKind.CANDLES] = Capability(is_streamed=True, has_history=True, timeframes=timeframes)
        if kind is not MarketKind.SPOT:
            table[kind, TopicKind.LIQUIDATIONS] = Capability(is_streamed=True, has_history=False)
    return table


CAPABILITIES: Capabilities = _capabilities()


def topic_of(subscription: Subscription) -> str:
    """``orderbook.50.BTCUSDT``; raises ValueError for what Bybit does not offer."""
    kind = subscription.kind
    capability = CAPABILITIES.get((subscription.instrument_id.market_kind, kind))
    if capability is None:
        raise ValueError(f"Bybit has no {kind.value} for {subscription.instrument_id}")
    symbol = subscription.instrument_id.symbol
    if subscription.timeframe is not None:
        return f"kline.{INTERVAL_BY_TIMEFRAME[subscription.timeframe]}.{symbol}"
    if subscription.depth is not None:
        if subscription.depth not in capability.depths:
            raise ValueError(f"Bybit has no order book of {subscription.depth} levels, only of {capability.depths}")
        return f"orderbook.{subscription.depth}.{symbol}"
    return f"{_NAMES[kind]}.{symbol}"


def feed_of(subscription: Subscription, stretch: float = 1.0) -> Feed:
    """A feed that was not subscribed yet; ``stretch`` as in `FeedLimits.stretched`."""
    topic = topic_of(subscription)
    kind = subscription.kind
    is_spot = subscription.instrument_id.market_kind is MarketKind.SPOT
    label = topic.rpartition(f".{subscription.instrument_id.symbol}")[0]
    return Feed(
        topic,
        "kline" if kind is TopicKind.CANDLES else label,
        subscription,
        LIMITS[kind].stretched(stretch),
        needs_snapshot=kind is TopicKind.ORDER_BOOK or (kind is TopicKind.TICKER and not is_spot),
    )


def let_tickers_prove_trades(feeds: Mapping[bytes, Feed], changed: Iterable[Feed]) -> None:
    """Join the tickers of changed instruments with their trades, so that a price tells of trades that do not come."""
    for instrument_id in {feed.subscription.instrument_id for feed in changed}:
        ticker, trades = (
            feeds.get(topic_of(Subscription(instrument_id, kind)).encode())
            for kind in (TopicKind.TICKER, TopicKind.TRADES)
        )
        if ticker is not None:
            ticker.proves = trades


def argument_chars(topic: str) -> int:
    """Characters that a topic takes in a request's list."""
    return len(topic) + 3


def in_order(feeds: Iterable[Feed]) -> list[Feed]:
    """Tickers and books first: with them a market is live. Candles from the shortest on."""
    lengths = list(Timeframe)

    def rank(feed: Feed) -> tuple[int, int]:
        timeframe = feed.subscription.timeframe
        return _ORDER.index(feed.subscription.kind), 0 if timeframe is None else lengths.index(timeframe)

    return sorted(feeds, key=rank)


def batches(feeds: Iterable[Feed], market_kind: MarketKind) -> Iterator[list[Feed]]:
    """Lists of feeds, each small enough for one request. A feed refused before goes alone."""
    most = MOST_PER_REQUEST[market_kind]
    batch: list[Feed] = []
    refused: list[Feed] = []
    for feed in feeds:
        if feed.rejected is not None:
            refused.append(feed)
            continue
        batch.append(feed)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
    for feed in refused:
        yield [feed]
