"""What a panel under the chart says of the state of its data: what happened, what was kept, what to do. No Qt."""

from __future__ import annotations

from typing import NamedTuple

from virtuoso_desktop.engine.desk_views import FeedPhase, FeedView
from virtuoso_desktop.ui import format as text

RETRY, NEWEST = "Retry now", "Newest"
ACTIONS = {RETRY: "Connect anew at once instead of waiting", NEWEST: "Go on with the newest rows"}
"""Tooltips of the buttons."""


class StateWords(NamedTuple):
    """A sentence, what follows from it, and the button that leads out of it; empty words where there is none."""

    title: str
    detail: str
    colour: str = "muted"
    """Token of the title and its sign."""
    action: str = ""

    @property
    def spoken(self) -> str:
        return ". ".join(part for part in (self.title, self.detail) if part)


STARTING = StateWords("The engine is being started", "This panel fills by itself.")
NO_INSTRUMENT = StateWords("No instrument is shown", "Choose one in Markets, or with Ctrl+L.")


def feed_words(feed: FeedView, what: str, now_ms: int) -> StateWords | None:
    """What to say of a feed, ``what`` being for example ``The order book of BTCUSDT``; None while it is live."""
    reason = f": {feed.reason}" if feed.reason else ""
    if feed.phase is FeedPhase.LOADING:
        return StateWords(f"{what} is on its way", _capital(feed.reason), "muted", RETRY if feed.venue else "")
    if feed.phase is FeedPhase.STALE:
        detail = "The connection is live; the last values are kept, in grey."
        return StateWords(f"{what} is stale, {_age(feed, now_ms)} old{reason}", detail, "warning", RETRY)
    if feed.phase is FeedPhase.LOST:
        detail = f"{_next_try(feed, now_ms)}The last values are kept, in grey."
        return StateWords(f"{what} was lost {_age(feed, now_ms)} ago{reason}", detail, "down_text", RETRY)
    if feed.phase is FeedPhase.ERROR:
        detail = "Other panels go on. Retry asks for everything anew."
        return StateWords(f"{what} is refused{reason}", detail, "down_text", RETRY)
    if feed.phase is FeedPhase.OFF:
        return StateWords(f"{what} is not there", _capital(feed.reason))
    return None


def _age(feed: FeedView, now_ms: int) -> str:
    return "some time" if feed.since_ms is None else text.age(now_ms - feed.since_ms)


def _next_try(feed: FeedView, now_ms: int) -> str:
    if feed.next_retry_ms is None:
        return ""
    left_ms = feed.next_retry_ms - now_ms
    return f"Next try in {text.countdown(left_ms)}. " if left_ms >= 1000 else "Trying again now. "


def _capital(sentence: str | None) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""
