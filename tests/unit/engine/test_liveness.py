"""Which topics live: an open connection that brings something, a topic on it that nobody disproved."""

from __future__ import annotations

import pytest

from tests.fake_adapter import LINK, instrument
from virtuoso_desktop.engine.liveness import BOOK_HEARD_MS, HEARD_MS, Carriers, Liveness
from virtuoso_desktop.exchanges.base import LinkPhase, LinkState, StaleFeed, Subscription, TopicKind
from virtuoso_desktop.market.store import ANALYSED_DEPTH
from virtuoso_desktop.model.instrument import MarketKind

BTC = instrument("BTCUSDT").id
TRADES = Subscription(BTC, TopicKind.TRADES)
BOOK = Subscription(BTC, TopicKind.ORDER_BOOK, depth=ANALYSED_DEPTH)
LIQUIDATIONS = Subscription(BTC, TopicKind.LIQUIDATIONS)
BEGIN_MS = 1_000_000


class Venue:
    """One connection with the topics of one instrument."""

    def __init__(self) -> None:
        self.now_ms = BEGIN_MS
        self.topics: tuple[Subscription, ...] = (TRADES, BOOK, LIQUIDATIONS)
        self.newest_ms: int | None = None
        carriers = Carriers(lambda link: self.topics if link == LINK else (), lambda _: self.newest_ms)
        self.liveness = Liveness(carriers, lambda: self.now_ms)
        self.life = self.liveness.of(BTC)

    def tell(self, phase: LinkPhase, *silent: Subscription) -> None:
        stale = tuple(StaleFeed("topic", each, None) for each in silent)
        self.liveness.update(LinkState(LINK, MarketKind.LINEAR, phase, self.now_ms, stale=stale))

    def hear(self, after_ms: int = 0) -> None:
        self.now_ms += after_ms
        self.newest_ms = self.now_ms


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.tell(LinkPhase.CONNECTING)
    venue.tell(LinkPhase.SYNCING)
    venue.hear(100)
    return venue


def test_an_open_connection_that_brings_something_carries_living_topics(venue: Venue) -> None:
    life, now_ms = venue.life, venue.now_ms
    assert life.trades_alive(now_ms + HEARD_MS)
    assert not life.trades_alive(now_ms + HEARD_MS + 1)
    assert life.book_alive(now_ms + BOOK_HEARD_MS)
    assert not life.book_alive(now_ms + BOOK_HEARD_MS + 1)
    assert life.liquidations_alive(now_ms)
    assert life.liquidations_since_ms() == life.trades_since_ms() == life.book_since_ms() == BEGIN_MS


def test_before_any_data_nothing_lives() -> None:
    venue = Venue()
    venue.tell(LinkPhase.LIVE)
    assert not venue.life.trades_alive(venue.now_ms)


@pytest.mark.parametrize("phase", [LinkPhase.CONNECTING, LinkPhase.BACKOFF, LinkPhase.MAINTENANCE, LinkPhase.BLOCKED])
def test_a_connection_that_is_down_carries_none_and_begins_anew(venue: Venue, phase: LinkPhase) -> None:
    venue.hear(5_000)
    venue.tell(phase)
    assert not venue.life.trades_alive(venue.now_ms)
    assert venue.life.trades_since_ms() is None
    venue.hear(2_000)
    venue.tell(LinkPhase.LIVE)
    assert venue.life.trades_alive(venue.now_ms)
    assert venue.life.trades_since_ms() == venue.now_ms


def test_a_topic_whose_silence_was_proved_wrong_is_dead_and_the_others_are_not(venue: Venue) -> None:
    venue.tell(LinkPhase.STALE, TRADES)
    assert not venue.life.trades_alive(venue.now_ms)
    assert venue.life.book_alive(venue.now_ms)
    venue.tell(LinkPhase.LIVE)
    assert venue.life.trades_alive(venue.now_ms)


def test_a_refused_topic_never_lives(venue: Venue) -> None:
    venue.liveness.refuse(LIQUIDATIONS)
    assert not venue.life.liquidations_alive(venue.now_ms)
    assert venue.life.liquidations_since_ms() is None


def test_a_topic_counts_from_when_it_was_asked_for_and_not_after_it_was_given_up(venue: Venue) -> None:
    eth = instrument("ETHUSDT").id
    later = Subscription(eth, TopicKind.TRADES)
    assert not venue.liveness.of(eth).trades_alive(venue.now_ms)
    venue.hear(7_000)
    venue.topics += (later,)
    venue.liveness.look(())
    assert venue.liveness.of(eth).trades_since_ms() == venue.now_ms
    venue.topics = venue.topics[:-1]
    venue.liveness.look((later,))
    assert not venue.liveness.of(eth).trades_alive(venue.now_ms)
