"""When topics were heard: links that open and break, topics that come later, refusals."""

from __future__ import annotations

from virtuoso_desktop.engine.coverage import FOR_NOW, MOST_SPANS, Coverage, Span
from virtuoso_desktop.exchanges.base import LinkPhase, LinkState, Subscription, TopicKind
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind

BTC = Subscription(InstrumentId.parse("bybit:linear:BTCUSDT"), TopicKind.LIQUIDATIONS)
ETH = Subscription(InstrumentId.parse("bybit:linear:ETHUSDT"), TopicKind.LIQUIDATIONS)
T0 = 1_700_000_000_000


def state(phase: LinkPhase, since_ms: int, link: str = "bybit.linear.1") -> LinkState:
    return LinkState(link, MarketKind.LINEAR, phase, since_ms)


def coverage(clock: ManualClock) -> Coverage:
    return Coverage(lambda link: (BTC, ETH) if link == "bybit.linear.1" else (), clock.now_ms)


def test_a_topic_is_heard_from_the_connection_on_and_not_while_it_is_lost() -> None:
    clock = ManualClock(T0)
    heard = coverage(clock)
    heard.begin([BTC])
    heard.update(state(LinkPhase.CONNECTING, T0))
    assert heard.spans(BTC) == ()
    clock.set_ms(T0 + 1_000)
    heard.update(state(LinkPhase.SYNCING, T0 + 1_000))
    heard.update(state(LinkPhase.LIVE, T0 + 1_500))
    assert heard.spans(BTC) == (Span(T0 + 1_000, FOR_NOW),)
    clock.set_ms(T0 + 60_000)
    heard.update(state(LinkPhase.BACKOFF, T0 + 50_000))
    assert heard.spans(BTC) == (Span(T0 + 1_000, T0 + 50_000),)
    clock.set_ms(T0 + 90_000)
    heard.update(state(LinkPhase.LIVE, T0 + 90_000))
    assert heard.spans(BTC) == (Span(T0 + 1_000, T0 + 50_000), Span(T0 + 90_000, FOR_NOW))


def test_a_topic_that_is_asked_for_later_is_heard_from_then_on() -> None:
    clock = ManualClock(T0)
    heard = coverage(clock)
    heard.update(state(LinkPhase.LIVE, T0))
    clock.set_ms(T0 + 5_000)
    heard.begin([ETH])
    assert heard.spans(ETH) == (Span(T0 + 5_000, FOR_NOW),)
    assert heard.spans(BTC) == ()
    heard.end([ETH])
    assert heard.spans(ETH) == ()


def test_a_topic_that_the_venue_refuses_is_never_heard() -> None:
    heard = coverage(ManualClock(T0))
    heard.begin([BTC])
    heard.update(state(LinkPhase.LIVE, T0))
    heard.refuse(BTC)
    assert heard.spans(BTC) == ()


def test_a_silent_topic_of_an_open_link_does_not_end_the_span() -> None:
    heard = coverage(ManualClock(T0))
    heard.begin([BTC])
    heard.update(state(LinkPhase.LIVE, T0))
    version = heard.version
    heard.update(state(LinkPhase.STALE, T0))
    assert heard.version == version
    assert heard.spans(BTC) == (Span(T0, FOR_NOW),)


def test_a_link_that_breaks_for_ever_keeps_the_newest_spans() -> None:
    clock = ManualClock(T0)
    heard = coverage(clock)
    heard.begin([BTC])
    for turn in range(2 * MOST_SPANS):
        clock.set_ms(T0 + 2_000 * turn)
        heard.update(state(LinkPhase.LIVE, clock.now_ms()))
        clock.set_ms(T0 + 2_000 * turn + 1_000)
        heard.update(state(LinkPhase.BACKOFF, clock.now_ms()))
    assert len(heard.spans(BTC)) == MOST_SPANS
