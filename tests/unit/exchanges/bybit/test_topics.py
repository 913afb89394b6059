"""Names, order and batches of topics."""

from __future__ import annotations

import pytest

from virtuoso_desktop.exchanges.base import Subscription, TopicKind
from virtuoso_desktop.exchanges.bybit import topics
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import Timeframe

LINEAR = InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "BTCUSDT")
SPOT = InstrumentId(Venue.BYBIT, MarketKind.SPOT, "BTCUSDT")


def test_topics_have_the_venues_names() -> None:
    assert topics.topic_of(Subscription(LINEAR, TopicKind.TICKER)) == "tickers.BTCUSDT"
    assert topics.topic_of(Subscription(LINEAR, TopicKind.TRADES)) == "publicTrade.BTCUSDT"
    assert topics.topic_of(Subscription(LINEAR, TopicKind.LIQUIDATIONS)) == "allLiquidation.BTCUSDT"
    for depth in (1, 50, 200, 1000):
        book = Subscription(LINEAR, TopicKind.ORDER_BOOK, depth=depth)
        assert topics.topic_of(book) == f"orderbook.{depth}.BTCUSDT"
    names = [
        topics.topic_of(Subscription(LINEAR, TopicKind.CANDLES, timeframe)).split(".")[1] for timeframe in Timeframe
    ]
    assert names == ["1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M"]


def test_what_the_venue_does_not_offer_is_refused_before_it_is_asked() -> None:
    with pytest.raises(ValueError, match="has no liquidations"):
        topics.topic_of(Subscription(SPOT, TopicKind.LIQUIDATIONS))
    with pytest.raises(ValueError, match="no order book of 500 levels"):
        topics.topic_of(Subscription(LINEAR, TopicKind.ORDER_BOOK, depth=500))
    with pytest.raises(ValueError, match="need a timeframe"):
        Subscription(LINEAR, TopicKind.CANDLES)
    with pytest.raises(ValueError, match="need a depth"):
        Subscription(LINEAR, TopicKind.ORDER_BOOK)


def test_feeds_know_how_they_are_counted_and_what_they_wait_for() -> None:
    book = topics.feed_of(Subscription(SPOT, TopicKind.ORDER_BOOK, depth=50))
    candles = topics.feed_of(Subscription(SPOT, TopicKind.CANDLES, Timeframe.H1))
    assert (book.label, book.needs_snapshot) == ("orderbook.50", True)
    assert (candles.label, candles.needs_snapshot) == ("kline", False)
    assert topics.feed_of(Subscription(LINEAR, TopicKind.TICKER)).needs_snapshot
    assert not topics.feed_of(Subscription(SPOT, TopicKind.TICKER)).needs_snapshot, "spot has snapshots only"
    assert topics.feed_of(Subscription(SPOT, TopicKind.TRADES)).label == "publicTrade"


def test_batches_hold_the_limits_and_leave_refused_topics_alone() -> None:
    feeds = [
        topics.feed_of(Subscription(InstrumentId(Venue.BYBIT, MarketKind.SPOT, f"C{n}"), TopicKind.TICKER))
        for n in range(25)
    ]
    feeds[3].rejected = feeds[20].rejected = "handler not found"
    sizes = [len(batch) for batch in topics.batches(feeds, MarketKind.SPOT)]
    assert sizes == [10, 10, 3, 1, 1]
    assert [len(batch) for batch in topics.batches(feeds, MarketKind.LINEAR)] == [23, 1, 1]


def test_every_limit_names_a_lively_topic_within_8_seconds() -> None:
    for limits in topics.LIMITS.values():
        if limits.is_lively:
            assert limits.silence_s is not None
            assert limits.silence_s + limits.answer_s <= 8.0
