"""What a person is told about the feeds: which sentence, how loud, and since when. No Qt.

A venue counts as lost from the moment it stopped being live until it is live again, whatever phases
of reconnecting it goes through meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from virtuoso_desktop.engine.views import LinkPhase, LinkView, StaleTopic
from virtuoso_desktop.ui import format as text

DATA_PHASES = (LinkPhase.LIVE, LinkPhase.STALE)
"""The connection brings data; stale: of all topics but some."""
PATIENCE_MS = 5_000
"""The first connection may take this long before a person is told."""
KEPT = "Candles and last values are kept and shown in grey."


class FeedMessage(NamedTuple):
    """One banner: ``colour`` is a token, ``key`` identifies what a user hides."""

    key: str
    colour: str
    title: str
    detail: str
    venue: str
    can_retry: bool


class FeedWatch:
    """Remembers, per venue, whether it was live in this run and since when it is not."""

    def __init__(self) -> None:
        self._seen_ms: dict[str, int] = {}
        self._was_live: set[str] = set()
        self._lost_ms: dict[str, int] = {}

    def judge(self, links: Sequence[LinkView], now_ms: int) -> FeedMessage | None:
        """The most urgent message of all links; None while everything is well."""
        messages = [self._judge(link, now_ms) for link in links]
        found = [message for message in messages if message is not None]
        return min(found, key=lambda message: message.colour != "down", default=None)

    def _judge(self, link: LinkView, now_ms: int) -> FeedMessage | None:
        self._seen_ms.setdefault(link.venue, now_ms)
        if link.phase in DATA_PHASES:
            self._was_live.add(link.venue)
            self._lost_ms.pop(link.venue, None)
            return _stale_message(link, now_ms) if link.stale_topics else None
        if link.venue not in self._was_live:
            return self._never_live(link, now_ms)
        lost_ms = self._lost_ms.setdefault(link.venue, link.since_ms)
        title = f"{venue_name(link.venue)} feed lost {text.age(now_ms - lost_ms)} ago"
        return FeedMessage(
            f"lost {link.venue}", "down", title + _reason(link), f"{_next_step(link, now_ms)} {KEPT}", link.venue,
            link.phase is LinkPhase.BACKOFF,
        )  # fmt: skip

    def _never_live(self, link: LinkView, now_ms: int) -> FeedMessage | None:
        waited_ms = now_ms - self._seen_ms[link.venue]
        if link.phase is not LinkPhase.BACKOFF and waited_ms < PATIENCE_MS:
            return None
        is_down = link.phase is LinkPhase.BACKOFF
        title = f"{venue_name(link.venue)} {'cannot be reached' if is_down else 'has not answered'}"
        title += f" since {text.local_time(self._seen_ms[link.venue])}"
        detail = f"{_next_step(link, now_ms)} Until then nothing here is live."
        return FeedMessage(
            f"lost {link.venue}", "down" if is_down else "warning", title + _reason(link), detail, link.venue, is_down
        )


def venue_name(venue: str) -> str:
    """``bybit`` as it is written."""
    return venue.capitalize()


def topic_name(stale: StaleTopic) -> str:
    """``orderbook.50.BTCUSDT`` as ``orderbook.50 BTCUSDT``."""
    symbol = stale.instrument_id.symbol
    return f"{stale.topic.removesuffix(f'.{symbol}')} {symbol}"


def silence(stale: StaleTopic, now_ms: int) -> str:
    """How long the topic has been silent, in words."""
    if stale.newest_ms is None:
        return "nothing came since it was subscribed"
    return f"silent for {text.age(now_ms - stale.newest_ms)}"


def _stale_message(link: LinkView, now_ms: int) -> FeedMessage:
    oldest, *others = link.stale_topics
    title = f"{topic_name(oldest)} {silence(oldest, now_ms)}"
    if others:
        title += f", and {len(others)} more {'topic' if len(others) == 1 else 'topics'}"
    detail = f"{venue_name(link.venue)} is connected and the other topics are live. "
    detail += "The last values are kept, in grey with their age."
    names = " ".join(sorted(topic.topic for topic in link.stale_topics))
    return FeedMessage(f"stale {names}", "warning", title, detail, link.venue, can_retry=False)


def _reason(link: LinkView) -> str:
    return f": {link.reason}" if link.reason else ""


def _next_step(link: LinkView, now_ms: int) -> str:
    if link.phase is LinkPhase.BACKOFF and link.next_retry_ms is not None:
        left_ms = link.next_retry_ms - now_ms
        return f"Next try in {text.countdown(left_ms)}." if left_ms >= 1000 else "Trying again now."
    if link.phase is LinkPhase.SYNCING:
        return "Connected again, loading what was missed."
    return "Connecting now."
