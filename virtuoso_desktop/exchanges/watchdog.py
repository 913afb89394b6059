"""Judges the topics of one link by the age of their data alone: an ack proves nothing, a pong proves nothing.

Pure: time comes by argument (real seconds of a clock that never jumps).
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from virtuoso_desktop.exchanges.base import StaleFeed, Subscription

LINK_SILENT_S = 5.0
"""A link lives while anything at all came within this span; shorter than any lively feed's limit."""
NUDGE_AGAIN_S = (15.0, 30.0, 60.0, 120.0, 300.0)
RECONNECT_AGAIN_S = (300.0, 1800.0, 3600.0)
"""A topic for which the whole link was reconnected in vain gets the next reconnect after this."""
SIGNS_OF_MISSING = 3
"""So many things that another topic tells, and this one should have told, prove that it misses them."""


class FeedLimits(msgspec.Struct, frozen=True):
    """How long a topic may bring nothing, in seconds. None: for ever.

    A feed beyond its limit is nudged (subscribed anew, which makes the venue send a snapshot, so a
    topic that is merely quiet proves that it lives); without an answer it is stale.
    """

    first_data_s: float | None
    """From the subscription to the first data."""
    silence_s: float | None
    """Between data."""
    answer_s: float = 1.5
    """From the nudge to its answer, before the feed is called stale."""
    reconnect_s: float | None = 10.0
    """From the nudge to a reconnect of the link."""
    is_lively: bool = False
    """It changes so often that its silence says something about the whole link."""
    is_reported: bool = True
    """False: nudged when silent, but called stale only when another topic proves that it misses something (an
    instrument may simply not trade)."""
    missing_s: float | None = None
    """From the first sign that it misses something, with nothing coming, to the proof. None: there are no signs."""

    def stretched(self, factor: float) -> FeedLimits:
        """All limits multiplied by ``factor`` (a venue whose clock runs slower than real time needs more)."""

        def times(limit_s: float | None) -> float | None:
            return None if limit_s is None else limit_s * factor

        return FeedLimits(
            times(self.first_data_s),
            times(self.silence_s),
            self.answer_s * factor,
            times(self.reconnect_s),
            self.is_lively,
            self.is_reported,
            times(self.missing_s),
        )


class Feed:
    """One subscribed topic and what is known of its life. It outlives reconnects."""

    __slots__ = (
        "asked_s",
        "awaits_snapshot",
        "frames",
        "is_stale",
        "label",
        "limits",
        "may_reconnect_s",
        "needs_snapshot",
        "newest_ms",
        "newest_s",
        "next_nudge_s",
        "next_resync_s",
        "nudged_s",
        "nudges",
        "proves",
        "reconnects",
        "rejected",
        "resync_is_due",
        "resyncs",
        "seen_frames",
        "seen_price",
        "signs",
        "signs_s",
        "silent_since_ms",
        "subscription",
        "topic",
    )

    def __init__(
        self, topic: str, label: str, subscription: Subscription, limits: FeedLimits, needs_snapshot: bool
    ) -> None:
        self.topic = topic
        self.label = label
        """Kind of frame to count by: ``orderbook.50``."""
        self.subscription = subscription
        self.limits = limits
        self.needs_snapshot = needs_snapshot
        """Deltas are worth nothing before a snapshot came on this connection."""
        self.newest_ms: int | None = None
        """Venue time of the newest frame."""
        self.frames = 0
        self.rejected: str | None = None
        """Why the venue refuses the topic."""
        self.proves: Feed | None = None
        """The feed that should bring what this one tells of: a ticker's last price is that of a trade."""
        self.reconnects = 0
        self.may_reconnect_s = 0.0
        self.resyncs = 0
        self.next_resync_s = 0.0
        self.reset()

    def reset(self) -> None:
        """The connection is gone; nothing of it counts any more."""
        self.asked_s: float | None = None
        """When it was last subscribed on this connection."""
        self.newest_s: float | None = None
        self.nudged_s: float | None = None
        self.next_nudge_s = 0.0
        self.nudges = 0
        self.is_stale = False
        self.silent_since_ms: int | None = None
        """Venue time of the newest frame before it was found silent."""
        self.awaits_snapshot = self.needs_snapshot
        self.seen_frames = self.frames
        self.resync_is_due = False
        self.seen_price: float | None = None
        """The last price that it told, to see the next change."""
        self.signs = 0
        """What should have come here since its newest data, as others tell."""
        self.signs_s: float | None = None
        """When the first of the signs was noticed."""

    def asked(self, now_s: float) -> None:
        """A subscription was sent: from now on first data are expected."""
        self.asked_s = now_s
        self.newest_s = None
        self.seen_frames = self.frames
        self.awaits_snapshot = self.needs_snapshot

    def tell_price(self, price: float | None) -> None:
        """A last price came here: a change is a trade, of which the feed of trades should tell too."""
        if price is None or price == self.seen_price:
            return
        if self.seen_price is not None and self.proves is not None:
            self.proves.signs += 1
        self.seen_price = price

    @property
    def is_lively(self) -> bool:
        """Whether its silence says something about the whole link."""
        return self.limits.is_lively and self.rejected is None

    def misses(self, now_s: float) -> bool:
        """Whether others prove that it should have brought something; one that never did yet gets twice the time."""
        missing_s = self.limits.missing_s
        return (
            missing_s is not None
            and self.signs >= SIGNS_OF_MISSING
            and self.signs_s is not None
            and now_s - self.signs_s >= (missing_s if self.frames else 2 * missing_s)
        )

    @property
    def has_data(self) -> bool:
        """Whether data came since it was last subscribed."""
        return self.newest_s is not None or self.frames != self.seen_frames


class Verdict(msgspec.Struct, frozen=True):
    """What has to be done about the feeds of a link now."""

    nudge: list[Feed]
    recovered: list[Feed]
    """Feeds that were stale and live again."""
    stale: tuple[StaleFeed, ...]
    """Silent while others live, longest silent first."""
    is_synced: bool
    """Every lively feed has brought its first data (or is known to be stale)."""
    reconnect: str | None
    """Why the link must be connected anew, in words."""


class FeedWatch:
    """Remembers when anything last came; judges on demand.

    Parameters
    ----------
    stretch : float
        The factor by which the feeds' limits were stretched; it holds for the watch's own spans too.
    """

    def __init__(self, stretch: float = 1.0) -> None:
        self._stretch = stretch
        self._newest_s: float | None = None

    def reset(self) -> None:
        """A new connection begins."""
        self._newest_s = None

    def check(self, feeds: Collection[Feed], now_s: float) -> Verdict:
        """Judge all feeds; call it a few times a second."""
        nudge: list[Feed] = []
        recovered: list[Feed] = []
        reconnect: str | None = None
        for feed in feeds:
            if feed.signs and feed.signs_s is None:
                feed.signs_s = now_s
            if feed.frames != feed.seen_frames:
                if feed.is_stale:
                    recovered.append(feed)
                self._note_data(feed, now_s)
            elif self._is_overdue(feed, now_s):
                if self._wants_nudge(feed, now_s):
                    nudge.append(feed)
                reconnect = self._judge_nudged(feed, now_s) or reconnect
        lively = [feed for feed in feeds if feed.is_lively and feed.asked_s is not None]
        if lively and all(feed.is_stale for feed in lively) and not self._lives(now_s):
            reconnect = "the exchange answers, but sends no data"
        return Verdict(nudge, recovered, self._stale(feeds, now_s), self._is_synced(feeds), reconnect)

    def _note_data(self, feed: Feed, now_s: float) -> None:
        feed.seen_frames = feed.frames
        feed.newest_s = self._newest_s = now_s
        feed.nudged_s = None
        feed.nudges = 0
        feed.is_stale = False
        feed.signs = 0
        feed.signs_s = None
        if now_s >= feed.may_reconnect_s:
            feed.reconnects = 0

    def _is_overdue(self, feed: Feed, now_s: float) -> bool:
        if feed.asked_s is None or feed.rejected is not None:
            return False
        if feed.misses(now_s):
            if feed.nudged_s is not None and feed.signs_s is not None and feed.nudged_s < feed.signs_s:
                feed.nudged_s, feed.nudges = None, 0  # it was asked while nobody knew better: that said nothing
            return True
        if feed.nudged_s is not None:
            return True
        since_s, limit_s = (
            (feed.asked_s, feed.limits.first_data_s)
            if feed.newest_s is None
            else (feed.newest_s, feed.limits.silence_s)
        )
        return limit_s is not None and now_s - since_s >= limit_s

    def _wants_nudge(self, feed: Feed, now_s: float) -> bool:
        if feed.nudged_s is None:
            feed.nudged_s = now_s
            feed.silent_since_ms = feed.newest_ms
        elif now_s < feed.next_nudge_s:
            return False
        feed.next_nudge_s = now_s + self._span_s(NUDGE_AGAIN_S, feed.nudges)
        feed.nudges += 1
        return True

    def _judge_nudged(self, feed: Feed, now_s: float) -> str | None:
        """Call it stale; words if the link has to be reconnected for it."""
        if feed.nudged_s is None or not (feed.limits.is_reported or feed.misses(now_s)):
            return None
        waited_s = now_s - feed.nudged_s
        if waited_s >= feed.limits.answer_s:
            feed.is_stale = True
        if feed.limits.reconnect_s is None or waited_s < feed.limits.reconnect_s or now_s < feed.may_reconnect_s:
            return None
        feed.may_reconnect_s = now_s + self._span_s(RECONNECT_AGAIN_S, feed.reconnects)
        feed.reconnects += 1
        return f"{feed.topic} brings nothing, even subscribed anew"

    def _span_s(self, spans_s: tuple[float, ...], times: int) -> float:
        return spans_s[min(times, len(spans_s) - 1)] * self._stretch

    def _lives(self, now_s: float) -> bool:
        return self._newest_s is not None and now_s - self._newest_s < LINK_SILENT_S * self._stretch

    def _stale(self, feeds: Collection[Feed], now_s: float) -> tuple[StaleFeed, ...]:
        if not self._lives(now_s):
            return ()
        stale = [feed for feed in feeds if feed.is_stale]
        stale.sort(key=lambda feed: feed.newest_ms or 0)
        return tuple(StaleFeed(feed.topic, feed.subscription, feed.newest_ms) for feed in stale)

    def _is_synced(self, feeds: Collection[Feed]) -> bool:
        return all(feed.has_data or feed.is_stale for feed in feeds if feed.is_lively)
