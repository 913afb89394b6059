"""What a person is told about the feeds: which sentence, how loud, and since when. No Qt.

A venue counts as lost from the moment it stopped being live until it is live again, whatever phases
of reconnecting it goes through meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from virtuoso_desktop.engine.views import DOWN_PHASES, LinkPhase, LinkView, PartView, StaleTopic
from virtuoso_desktop.ui import format as text

DATA_PHASES = (LinkPhase.LIVE, LinkPhase.STALE)
"""The connection brings data; stale: of all topics but some."""
PATIENCE_MS = 5_000
"""The first connection may take this long before a person is told."""
SYNC_PATIENCE_MS = 8_000
"""Once connected, a topic may take this long: by then it has been asked for anew, and is named if that was in vain."""
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
            return _stale_message(link, now_ms) if link.stale_topics else _requests_message(link, now_ms)
        if link.venue not in self._was_live:
            return self._never_live(link, now_ms)
        lost_ms = self._lost_ms.setdefault(link.venue, link.since_ms)
        title = f"{venue_name(link.venue)} {_loss(link.phase)} {text.age(now_ms - lost_ms)} ago"
        return FeedMessage(
            f"lost {link.venue}", "down", title + _reason(link), f"{_next_step(link, now_ms)} {KEPT}", link.venue,
            link.phase in DOWN_PHASES,
        )  # fmt: skip

    def _never_live(self, link: LinkView, now_ms: int) -> FeedMessage | None:
        waited_ms = now_ms - self._seen_ms[link.venue]
        is_down = link.phase in DOWN_PHASES
        is_open = link.phase is LinkPhase.SYNCING
        if not is_down and waited_ms < (SYNC_PATIENCE_MS if is_open else PATIENCE_MS):
            return None
        what = "cannot be reached" if is_down else "has not sent everything" if is_open else "has not answered"
        title = f"{venue_name(link.venue)} {what}"
        title += f" since {text.local_time(self._seen_ms[link.venue])}"
        detail = f"{_next_step(link, now_ms)} Until then nothing here is live."
        return FeedMessage(
            f"lost {link.venue}", "down" if is_down else "warning", title + _reason(link), detail, link.venue, is_down
        )


_LOSSES = {
    LinkPhase.BANNED: "has stopped this address, feed lost",
    LinkPhase.BLOCKED: "refuses this address or country, feed lost",
    LinkPhase.MAINTENANCE: "is under maintenance, feed lost",
}


def _loss(phase: LinkPhase) -> str:
    """What happened, up to how long ago."""
    return _LOSSES.get(phase, "feed lost")


def requests_trouble(link: LinkView) -> PartView | None:
    """The requests of a venue while they do not go; streams may live all the same."""
    requests = link.requests
    return requests if requests is not None and requests.phase in DOWN_PHASES else None


def _requests_message(link: LinkView, now_ms: int) -> FeedMessage | None:
    requests = requests_trouble(link)
    if requests is None:
        return None
    what = f"requests for {', '.join(requests.groups)}" if requests.groups else "requests"
    title = f"{venue_name(link.venue)} does not answer {what} since {text.local_time(requests.since_ms)}"
    detail = requests.reason or "Live streams go on."
    if requests.next_retry_ms is not None:
        left_ms = requests.next_retry_ms - now_ms
        again = f"in {text.countdown(left_ms)}" if left_ms >= 1000 else "now"
        detail = f"Next try {again}. {detail}"
    key = f"requests {link.venue} {requests.phase.value} {what}"
    return FeedMessage(key, "warning", title, detail, link.venue, can_retry=requests.phase is not LinkPhase.BANNED)


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
    if link.phase in DOWN_PHASES and link.next_retry_ms is not None:
        left_ms = link.next_retry_ms - now_ms
        return f"Next try in {text.countdown(left_ms)}." if left_ms >= 1000 else "Trying again now."
    if link.phase is LinkPhase.SYNCING:
        return "Connected, loading what is missing."
    return "Connecting now."
