"""One Bybit v5 stream connection: subscriptions and their acks, frames into the sink, resync, watchdog.

Source: Bybit API documentation, v5, WebSocket (connect, public topics). Not documented, so both ways
are borne: whether the good topics of a refused request are live, and which acks carry a ``req_id``.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from virtuoso_desktop.exchanges.base import (
    EventSink,
    LinkHole,
    LinkPhase,
    LinkState,
    StaleFeed,
    Subscription,
    TopicKind,
    TopicRejected,
)
from virtuoso_desktop.exchanges.bybit import topics
from virtuoso_desktop.exchanges.bybit.parse import BybitParser, Pong, StreamItem, StreamReply
from virtuoso_desktop.exchanges.bybit.wire import Envelope
from virtuoso_desktop.exchanges.transport import Link, LinkDriver, LinkSurroundings, WsLink
from virtuoso_desktop.exchanges.watchdog import Feed, FeedWatch
from virtuoso_desktop.kernel.clock import NS_PER_MS, VenueClock
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.errors import BookGap, ParseError
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import BookSnapshot, MarketEvent, Ticker

SUBSCRIBE, UNSUBSCRIBE = "subscribe", "unsubscribe"
PACE_S = 0.05
"""Between two requests."""
REPLY_TIMEOUT_S = 30.0
RESYNC_EVERY_S = 2.0
RESYNC_MOST_S = 30.0
RESYNC_CALM_S = 60.0
"""A book that kept in order this long is resynced at once again."""
REFUSAL_LOG_S = 60.0
DATA_HEAD = b'{"topic":"'
_HEAD = len(DATA_HEAD)

log = logging.getLogger(__name__)
_topic = msgspec.json.Decoder(Envelope)


class StreamEnds(msgspec.Struct, frozen=True):
    """Where what comes over a venue's links goes."""

    sink: EventSink
    venue_clock: VenueClock
    states: Signal[LinkState]
    reconnected: Signal[LinkHole]
    rejected: Signal[TopicRejected]


class _Request(msgspec.Struct):
    op: str
    feeds: list[Feed]
    sent_s: float = 0.0


class BybitLink:
    """Drives one `WsLink`.

    Parameters
    ----------
    name : str
        ``bybit.linear.1``.
    url : str
        ``wss://stream.bybit.com/v5/public/linear``.
    market_kind : MarketKind
        What the connection carries.
    surroundings : LinkSurroundings
        Network, clock, metrics, deadlines.
    ends : StreamEnds
        Sink and signals.
    make_link : callable
        Makes the `WsLink` that is driven.
    """

    def __init__(
        self,
        name: str,
        url: str,
        market_kind: MarketKind,
        surroundings: LinkSurroundings,
        ends: StreamEnds,
        make_link: Callable[[str, str, LinkDriver, LinkSurroundings], Link] = WsLink,
    ) -> None:
        self.name = name
        self.market_kind = market_kind
        self.link = make_link(name, url, self, surroundings)
        self._clock = surroundings.clock
        self._stretch = surroundings.times.silence_factor * max(1.0, 1.0 / surroundings.clock.rate)
        self._metrics = surroundings.metrics
        self._ends = ends
        self._sink = ends.sink
        self._parser = BybitParser(market_kind)
        self._feeds: dict[bytes, Feed] = {}
        self._watch = FeedWatch(self._stretch)
        self._outbox: deque[_Request] = deque()
        self._outstanding: dict[str, _Request] = {}
        self._serial = 0
        self.newest_ms: int | None = None
        """Venue time of the newest frame."""
        self._opened_ms = 0
        """Venue time at which the connection was made."""
        self._hole_from_ms: int | None = None
        self._is_synced = False
        self._refusals_logged: dict[str, float] = {}
        self._was_told = False
        self.state = LinkState(name, market_kind, LinkPhase.CONNECTING, ends.venue_clock.now_ms())

    # --- topics --------------------------------------------------------------------------------------------------

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        return tuple(feed.subscription for feed in self._feeds.values())

    @property
    def argument_chars(self) -> int:
        """Characters of all topics as the venue counts them."""
        return sum(topics.argument_chars(feed.topic) for feed in self._feeds.values())

    def add(self, subscriptions: Iterable[Subscription]) -> None:
        """Carry more topics; known ones are left alone."""
        new: list[Feed] = []
        for subscription in subscriptions:
            self._parser.know(subscription.instrument_id)
            feed = topics.feed_of(subscription, self._stretch)
            key = feed.topic.encode()
            if key not in self._feeds:
                self._feeds[key] = feed
                new.append(feed)
        topics.let_tickers_prove_trades(self._feeds, new)
        if new and self.link.is_open:
            self._is_synced = False
            self._queue(SUBSCRIBE, topics.in_order(new))

    def remove(self, subscriptions: Iterable[Subscription]) -> None:
        """Carry fewer topics; unknown ones are left alone."""
        keys = [topics.topic_of(subscription).encode() for subscription in subscriptions]
        gone = [feed for feed in (self._feeds.pop(key, None) for key in keys) if feed is not None]
        topics.let_tickers_prove_trades(self._feeds, gone)
        if gone and self.link.is_open:
            self._queue(UNSUBSCRIBE, gone)

    def resync(self, subscription: Subscription) -> None:
        """Ask for a fresh snapshot of one topic, as seldom as after gaps."""
        feed = self._feeds.get(topics.topic_of(subscription).encode())
        if feed is not None and self.link.is_open:
            self._resync(feed, self.link.now_s)

    def _queue(self, op: str, feeds: Sequence[Feed]) -> None:
        self._outbox.extend(_Request(op, batch) for batch in topics.batches(feeds, self.market_kind))

    def _send(self, request: _Request, now_s: float) -> None:
        feeds = request.feeds
        if request.op == SUBSCRIBE:
            feeds = [feed for feed in feeds if self._feeds.get(feed.topic.encode()) is feed]
            for feed in feeds:
                feed.asked(now_s)
        if not feeds:
            return
        self._serial += 1
        request_id = str(self._serial)
        self._outstanding[request_id] = _Request(request.op, feeds, now_s)
        body = {"req_id": request_id, "op": request.op, "args": [feed.topic for feed in feeds]}
        self.link.send(msgspec.json.encode(body).decode())

    def _subscribe_anew(self, feed: Feed, now_s: float) -> None:
        self._send(_Request(UNSUBSCRIBE, [feed]), now_s)
        self._send(_Request(SUBSCRIBE, [feed]), now_s)

    # --- what the link tells -------------------------------------------------------------------------------------

    def connecting(self) -> None:
        self._tell(LinkPhase.CONNECTING, self.state.reason)

    def opened(self) -> None:
        self._opened_ms = self._ends.venue_clock.now_ms()
        self._start_over()
        self._queue(SUBSCRIBE, topics.in_order(self._feeds.values()))
        self._tell(LinkPhase.SYNCING, self.state.reason)

    def waiting(self, reason: str, wait_s: float, phase: LinkPhase) -> None:
        if self._hole_from_ms is None:
            self._hole_from_ms = self.newest_ms
        self._start_over()
        next_retry_ms = self._ends.venue_clock.now_ms() + round(wait_s * self._clock.rate * 1000)
        self._tell(phase, reason, next_retry_ms=next_retry_ms)

    def ping(self) -> str:
        self._serial += 1
        return msgspec.json.encode({"req_id": str(self._serial), "op": "ping"}).decode()

    def tick(self, now_s: float) -> float | None:
        verdict = self._watch.check(self._feeds.values(), now_s)
        if verdict.reconnect is not None:
            self.link.reconnect(verdict.reconnect)
            return None
        self._nudge(verdict.nudge)
        for feed in self._feeds.values():
            if feed.resync_is_due:
                self._resync(feed, now_s)
        if self._outbox:
            self._send(self._outbox.popleft(), now_s)
        self._forget_unanswered(now_s)
        self._judge(verdict.is_synced, verdict.stale)
        if verdict.recovered:
            self._tell_recovered(verdict.recovered)
        return PACE_S if self._outbox else None

    def frame(self, frame: bytes, recv_ns: int) -> None:
        feed = self._feeds.get(frame[_HEAD : frame.find(b'"', _HEAD)])
        try:
            items = self._parser.parse(frame, recv_ns)
        except ParseError as error:
            self._refuse(error)
            return
        if feed is None:
            feed = self._odd_frame(frame, items)
            if feed is None:
                return
        events: Sequence[MarketEvent] = items  # type: ignore[assignment]  # a topic's frame holds no replies
        for event in events:
            try:
                self._sink(event)
            except BookGap as gap:
                self._gap(feed, gap)
                return
        if events:
            self._note(feed, events[0], recv_ns)

    # --- frames --------------------------------------------------------------------------------------------------

    def _note(self, feed: Feed, event: MarketEvent, recv_ns: int) -> None:
        metrics = self._metrics
        metrics.messages[feed.label] += 1
        self.newest_ms = feed.newest_ms = event.event_ms
        metrics.lag_ms.add(self._ends.venue_clock.to_venue_ms(recv_ns) - event.event_ms)
        metrics.apply_ms.add((self._clock.now_ns() - recv_ns) / NS_PER_MS / self._clock.rate)
        if feed.awaits_snapshot:
            if not (isinstance(event, BookSnapshot) or (isinstance(event, Ticker) and event.is_snapshot)):
                return
            feed.awaits_snapshot = False
        feed.frames += 1
        if feed.proves is not None and type(event) is Ticker:
            feed.tell_price(event.fields.get("last_price"))

    def _odd_frame(self, frame: bytes, items: Sequence[StreamItem]) -> Feed | None:
        """Act on replies; else the feed of a frame whose topic does not come first, None for a topic not carried."""
        for item in items:
            if isinstance(item, Pong):
                self.link.pong_received()
            elif isinstance(item, StreamReply):
                self._reply(item)
        topic = _topic.decode(frame).topic
        return None if topic is None else self._feeds.get(topic.encode())

    def _refuse(self, error: ParseError) -> None:
        self._metrics.refused[error.kind] += 1
        now_s = self.link.now_s
        if now_s >= self._refusals_logged.get(error.kind, now_s):
            self._refusals_logged[error.kind] = now_s + REFUSAL_LOG_S
            log.warning("%s: %s (%d so far)", self.name, error.user_text, self._metrics.refused[error.kind])

    def _gap(self, feed: Feed, gap: BookGap) -> None:
        self._metrics.messages[feed.label] += 1
        self._metrics.gaps += 1
        log.info("%s: %s: %s", self.name, feed.topic, gap.user_text)
        self._resync(feed, self.link.now_s)

    def _resync(self, feed: Feed, now_s: float) -> None:
        """Ask for a fresh snapshot, at most every 2 s per topic and ever more seldom if it does not help."""
        feed.resync_is_due = now_s < feed.next_resync_s
        if feed.resync_is_due:
            return
        if now_s >= feed.next_resync_s + RESYNC_CALM_S * self._stretch:
            feed.resyncs = 0
        feed.next_resync_s = now_s + min(RESYNC_MOST_S, RESYNC_EVERY_S * 2**feed.resyncs) * self._stretch
        feed.resyncs += 1
        self._subscribe_anew(feed, now_s)

    # --- replies -------------------------------------------------------------------------------------------------

    def _reply(self, reply: StreamReply) -> None:
        request = self._answered(reply)
        if request is None or request.op != SUBSCRIBE:
            return
        message = reply.message
        if reply.success:
            for feed in request.feeds:
                feed.rejected = None
        elif len(request.feeds) > 1:
            # What of a refused request is live is not documented: each topic is asked for by itself.
            self._outbox.extend(_Request(SUBSCRIBE, [feed]) for feed in request.feeds if not feed.has_data)
        elif "already subscribed" not in message:
            self._reject(request.feeds[0], message)

    def _answered(self, reply: StreamReply) -> _Request | None:
        """The request that a reply belongs to; without its number, the one that alone can be meant."""
        if reply.request_id:
            return self._outstanding.pop(reply.request_id, None)
        candidates = {key: request for key, request in self._outstanding.items() if request.op == reply.op}
        named = [
            key
            for key, request in candidates.items()
            if any(reply.message.endswith(feed.topic) for feed in request.feeds)
        ]
        keys = [*named, *candidates]
        return self._outstanding.pop(keys[0]) if keys else None

    def _reject(self, feed: Feed, message: str) -> None:
        words = message.removeprefix("error:").partition(",")[0] or "no reason given"
        if feed.rejected == words:
            return
        feed.rejected = words
        log.info("%s: %s is refused: %s", self.name, feed.topic, words)
        text = f"Bybit refuses {feed.topic} ({words}). All other topics go on."
        self._ends.rejected.emit(TopicRejected(self.name, feed.topic, feed.subscription, text))

    def _forget_unanswered(self, now_s: float) -> None:
        for key in [key for key, request in self._outstanding.items() if now_s - request.sent_s > REPLY_TIMEOUT_S]:
            del self._outstanding[key]

    # --- state ---------------------------------------------------------------------------------------------------

    def _start_over(self) -> None:
        self._outbox.clear()
        self._outstanding.clear()
        self._is_synced = False
        self._watch.reset()
        for feed in self._feeds.values():
            feed.reset()

    def _nudge(self, feeds: list[Feed]) -> None:
        quiet = [feed for feed in feeds if feed.subscription.kind is TopicKind.TRADES and not feed.signs]
        # A second subscription revives a dead topic and does not hurt a live one, which would lose trades.
        self._queue(SUBSCRIBE, quiet)
        silent = [feed for feed in feeds if feed not in quiet]
        if silent:
            log.info("%s: %d topics are silent, first %s", self.name, len(silent), silent[0].topic)
            self._queue(UNSUBSCRIBE, silent)
            self._queue(SUBSCRIBE, silent)

    def _judge(self, is_synced: bool, stale: Sequence[StaleFeed]) -> None:
        if not self._is_synced:
            if not is_synced or self._outbox:
                return
            self._is_synced = True
            self._tell_hole()
        if stale:
            others = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
            self._tell(LinkPhase.STALE, f"no data from {stale[0].topic}{others}", stale=stale)
        else:
            self._tell(LinkPhase.LIVE)

    def _tell(
        self,
        phase: LinkPhase,
        reason: str | None = None,
        *,
        next_retry_ms: int | None = None,
        stale: Sequence[StaleFeed] = (),
    ) -> None:
        now_ms = self._ends.venue_clock.now_ms()
        since_ms = self.state.since_ms if phase is self.state.phase else now_ms
        if phase is LinkPhase.BACKOFF and self._hole_from_ms is not None:
            since_ms = self._hole_from_ms
        state = LinkState(self.name, self.market_kind, phase, since_ms, reason, next_retry_ms, tuple(stale))
        if state != self.state or not self._was_told:
            self._was_told = True
            self.state = state
            self._ends.states.emit(state)

    def _tell_hole(self) -> None:
        from_ms, self._hole_from_ms = self._hole_from_ms, None
        if from_ms is not None:
            hole = LinkHole(self.name, from_ms, self._ends.venue_clock.now_ms(), self.subscriptions)
            self._ends.reconnected.emit(hole)

    def _tell_recovered(self, feeds: list[Feed]) -> None:
        """Topics that were stale live again; a hole begins with the newest frame before it, or with the connection."""
        log.info("%s: %d topics live again, first %s", self.name, len(feeds), feeds[0].topic)
        begins = [self._opened_ms if feed.silent_since_ms is None else feed.silent_since_ms for feed in feeds]
        subscriptions = tuple(feed.subscription for feed in feeds)
        self._ends.reconnected.emit(LinkHole(self.name, min(begins), self._ends.venue_clock.now_ms(), subscriptions))
