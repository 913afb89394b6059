from __future__ import annotations

import msgspec
import pytest

from virtuoso_desktop.engine.views import REQUESTS, LinkPhase, LinkView, PartView, StaleTopic
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.ui.feed_state import FeedWatch

NOW_MS = 1_700_000_000_000
ICP = InstrumentId.parse("bybit:linear:ICPUSDT")
DOT = InstrumentId.parse("bybit:linear:DOTUSDT")


def link(phase: LinkPhase, since_ms: int = NOW_MS, **fields: object) -> LinkView:
    return msgspec.structs.replace(LinkView("bybit", phase, None, since_ms), **fields)


def live_watch() -> FeedWatch:
    watch = FeedWatch()
    assert watch.judge([link(LinkPhase.LIVE)], NOW_MS) is None
    return watch


def test_a_lost_feed_says_what_since_when_why_and_what_next() -> None:
    lost = link(LinkPhase.BACKOFF, NOW_MS - 52_000, reason="connection reset by peer", next_retry_ms=NOW_MS + 8_000)
    message = live_watch().judge([lost], NOW_MS)
    assert message is not None
    assert message.title == "Bybit feed lost 52 s ago: connection reset by peer"
    assert message.detail.startswith("Next try in 8s.")
    assert "kept" in message.detail
    assert (message.colour, message.can_retry, message.venue) == ("down", True, "bybit")


def test_the_loss_is_counted_from_the_first_phase_that_was_not_live() -> None:
    watch = live_watch()
    watch.judge([link(LinkPhase.BACKOFF, NOW_MS - 60_000)], NOW_MS - 30_000)
    for phase in (LinkPhase.CONNECTING, LinkPhase.BACKOFF, LinkPhase.SYNCING):
        message = watch.judge([link(phase, NOW_MS - 1_000)], NOW_MS)
        assert message is not None
        assert "lost 60 s ago" in message.title
    assert watch.judge([link(LinkPhase.LIVE)], NOW_MS) is None
    again = watch.judge([link(LinkPhase.BACKOFF, NOW_MS - 2_000)], NOW_MS)
    assert again is not None
    assert "lost 2 s ago" in again.title


@pytest.mark.parametrize(
    ("phase", "patience_ms", "words"),
    [(LinkPhase.CONNECTING, 5_000, "has not answered"), (LinkPhase.SYNCING, 8_000, "has not sent everything")],
)
def test_the_first_connection_has_some_seconds_before_anything_is_said(
    phase: LinkPhase, patience_ms: int, words: str
) -> None:
    watch = FeedWatch()
    assert watch.judge([link(phase)], NOW_MS) is None
    assert watch.judge([link(phase)], NOW_MS + patience_ms - 100) is None
    message = watch.judge([link(phase)], NOW_MS + patience_ms + 100)
    assert message is not None
    assert message.colour == "warning"
    assert words in message.title


def test_a_venue_that_was_never_reached_is_told_at_once_with_its_reason() -> None:
    message = FeedWatch().judge([link(LinkPhase.BACKOFF, reason="no route to host")], NOW_MS)
    assert message is not None
    assert message.title.startswith("Bybit cannot be reached since")
    assert message.title.endswith(": no route to host")
    assert message.can_retry


def test_a_silent_topic_is_named_with_its_age_while_the_link_lives() -> None:
    stale = (StaleTopic("tickers.ICPUSDT", ICP, NOW_MS - 42_000),)
    message = live_watch().judge([link(LinkPhase.LIVE, stale_topics=stale)], NOW_MS)
    assert message is not None
    assert message.title == "tickers ICPUSDT silent for 42 s"
    assert (message.colour, message.can_retry) == ("warning", False)


def test_more_silent_topics_are_counted_and_the_key_tells_them_apart() -> None:
    one = (StaleTopic("tickers.ICPUSDT", ICP, None),)
    two = (*one, StaleTopic("orderbook.50.DOTUSDT", DOT, NOW_MS - 12_000))
    watch = live_watch()
    first = watch.judge([link(LinkPhase.LIVE, stale_topics=one)], NOW_MS)
    second = watch.judge([link(LinkPhase.LIVE, stale_topics=two)], NOW_MS)
    assert first is not None
    assert second is not None
    assert first.title == "tickers ICPUSDT nothing came since it was subscribed"
    assert second.title.endswith(", and 1 more topic")
    assert first.key != second.key


def test_a_lost_link_goes_before_a_silent_topic() -> None:
    stale = link(LinkPhase.LIVE, stale_topics=(StaleTopic("tickers.ICPUSDT", ICP, NOW_MS),))
    lost = msgspec.structs.replace(link(LinkPhase.BACKOFF, reason="refused"), venue="binance")
    message = FeedWatch().judge([stale, lost], NOW_MS)
    assert message is not None
    assert message.venue == "binance"


def test_a_retry_that_is_due_is_not_counted_down() -> None:
    due = link(LinkPhase.BACKOFF, NOW_MS - 5_000, next_retry_ms=NOW_MS + 400)
    message = live_watch().judge([due], NOW_MS)
    assert message is not None
    assert message.detail.startswith("Trying again now.")


@pytest.mark.parametrize(
    ("phase", "words"),
    [(LinkPhase.BANNED, "has stopped this address"), (LinkPhase.BLOCKED, "refuses this address or country"),
     (LinkPhase.MAINTENANCE, "is under maintenance")],
)  # fmt: skip
def test_a_ban_a_block_and_maintenance_are_told_apart(phase: LinkPhase, words: str) -> None:
    down = link(phase, NOW_MS - 52_000, reason="HTTP 403", next_retry_ms=NOW_MS + 30_000)
    message = live_watch().judge([down], NOW_MS)
    assert message is not None
    assert message.title == f"Bybit {words}, feed lost 52 s ago: HTTP 403"
    assert message.detail.startswith("Next try in 30s.")
    assert (message.colour, message.can_retry) == ("down", True)
    first = FeedWatch().judge([down], NOW_MS)
    assert first is not None
    assert first.colour == "down"


def test_requests_that_stop_are_told_while_the_streams_live() -> None:
    def with_requests(phase: LinkPhase, groups: tuple[str, ...] = ()) -> LinkView:
        part = PartView(REQUESTS, phase, NOW_MS - 5_000, "Bybit answers HTTP 403.", NOW_MS + 590_000, groups=groups)
        return link(LinkPhase.LIVE, parts=(PartView("linear 1", LinkPhase.LIVE, NOW_MS), part))

    watch = live_watch()
    message = watch.judge([with_requests(LinkPhase.BANNED)], NOW_MS)
    assert message is not None
    assert "Bybit does not answer requests since" in message.title
    assert "Next try in 9m" in message.detail
    assert "HTTP 403" in message.detail
    assert (message.colour, message.can_retry) == ("warning", False), "a request would make a ban longer"
    some = watch.judge([with_requests(LinkPhase.BACKOFF, ("candles", "clock"))], NOW_MS)
    assert some is not None
    assert "requests for candles, clock since" in some.title
    assert some.can_retry
    assert watch.judge([with_requests(LinkPhase.LIVE)], NOW_MS) is None
