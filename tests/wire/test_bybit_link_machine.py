"""A link driven at random against a venue in memory: whatever happens, once the venue behaves it is whole again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from aiolimiter import AsyncLimiter
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.wire.fake_bybit import TS, compact, kline_frame, ticker_frame, trade_frame
from tests.wire.test_bybit_stream import BTC, ETH, of
from virtuoso_desktop.exchanges.base import (
    DOWN_PHASES,
    LinkHole,
    LinkPhase,
    LinkState,
    Subscription,
    TopicKind,
    TopicRejected,
)
from virtuoso_desktop.exchanges.bybit import topics
from virtuoso_desktop.exchanges.bybit.link import BybitLink, StreamEnds
from virtuoso_desktop.exchanges.network import Network
from virtuoso_desktop.exchanges.transport import LinkDriver, LinkSurroundings, LinkTimes
from virtuoso_desktop.kernel.clock import ManualClock, VenueClock
from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind

ALL: list[Subscription] = [
    each
    for instrument_id in (BTC, ETH)
    for each in (*of(instrument_id), Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=1000))
]
TOPICS = [topics.topic_of(each) for each in ALL]
BOOKS = [topic for topic in TOPICS if topic.startswith("orderbook")]


class VenueSide:
    """The other end of the connection: what it was sent and what it makes of it, when a test lets it."""

    def __init__(self) -> None:
        self.inbox: list[dict[str, Any]] = []
        self.live: set[str] = set()
        self.update_ids: dict[str, int] = {}
        self.clock_ms = TS

    def book(self, topic: str, kind: str, *, skip: int = 0) -> str:
        depth, symbol = topic.split(".")[1:]
        u = self.update_ids[topic] = self.update_ids.get(topic, 10) + 1 + skip
        levels = {"b": [["99.9", str(u)]], "a": [["100.1", str(u)]]}
        data = {"s": symbol, **levels, "u": u, "seq": u}
        return compact(
            {"topic": f"orderbook.{depth}.{symbol}", "type": kind, "ts": self.clock_ms, "data": data,
             "cts": self.clock_ms}
        )  # fmt: skip

    def frame(self, topic: str, kind: str = "delta") -> str:
        """A frame of now."""
        return self._frame(topic, kind).replace(str(TS), str(self.clock_ms))

    def _frame(self, topic: str, kind: str) -> str:
        name, _, symbol = topic.rpartition(".")
        if name.startswith("orderbook"):
            return self.book(topic, kind)
        if name == "tickers":  # the price is another one at every look: a trade that the stream of trades should tell
            return ticker_frame(symbol, kind=kind, last=f"{100 + self.clock_ms % 97}.0")
        return kline_frame(symbol) if name.startswith("kline") else trade_frame(symbol, number=self.clock_ms)


class MemoryLink:
    """A `Link` without a socket."""

    def __init__(self, name: str, url: str, driver: LinkDriver, surroundings: LinkSurroundings) -> None:
        self.driver = driver
        self.venue = VenueSide()
        self.is_open = False
        self.now_s = 1000.0
        self.cut: str | None = None

    async def run(self) -> None:
        raise AssertionError("nobody runs it")

    def send(self, text: str) -> None:
        if self.is_open:
            assert len(text) < topics.MOST_ARGUMENT_CHARS + 100
            self.venue.inbox.append(json.loads(text))

    def pong_received(self) -> None:
        raise AssertionError("no pong was sent")

    def reconnect(self, reason: str) -> None:
        self.cut = reason

    def retry_now(self) -> None:
        self.cut = "reconnecting on request"


class LinkMachine(RuleBasedStateMachine):
    """Rules are what may happen on a network; the end of each run is an hour of good behaviour."""

    @initialize()
    def start(self) -> None:
        clock = ManualClock(TS)
        self.clock = clock
        self.store = MarketStore((50, 1000))
        self.states: list[LinkState] = []
        self.holes: list[LinkHole] = []
        states: Signal[LinkState] = Signal("states")
        reconnected: Signal[LinkHole] = Signal("reconnected")
        rejected: Signal[TopicRejected] = Signal("rejected")
        states.connect(self.states.append)
        reconnected.connect(self.holes.append)
        surroundings = LinkSurroundings(Network(), clock, LinkMetrics(), AsyncLimiter(1), LinkTimes())
        ends = StreamEnds(self.store.apply, VenueClock(clock), states, reconnected, rejected)
        self.driver = BybitLink("bybit.linear.1", "ws://venue", MarketKind.LINEAR, surroundings, ends, MemoryLink)
        assert isinstance(self.driver.link, MemoryLink)
        self.link = self.driver.link
        self.venue = self.link.venue
        self.wanted: set[str] = set()
        for instrument_id in (BTC, ETH):
            self.store.add(_instrument(instrument_id))
        self.calm = 0
        self._carry(ALL[:5])

    # --- what may happen -----------------------------------------------------------------------------------------

    @rule(which=st.sets(st.sampled_from(range(len(ALL))), min_size=1, max_size=4))
    def add(self, which: set[int]) -> None:
        self._carry([ALL[index] for index in which])

    @rule(which=st.sets(st.sampled_from(range(len(ALL))), min_size=1, max_size=4))
    def remove(self, which: set[int]) -> None:
        self.wanted -= {TOPICS[index] for index in which}
        self.driver.remove([ALL[index] for index in which])

    @precondition(lambda self: not self.link.is_open)
    @rule()
    def connect(self) -> None:
        self.driver.connecting()
        self.link.is_open = True
        self.driver.opened()
        self._tick(0.05)
        self.calm = 0

    @precondition(lambda self: self.link.is_open)
    @rule()
    def serve(self) -> None:
        """The venue answers everything and sends a frame of each topic."""
        while self.venue.inbox:
            self._answer(self.venue.inbox.pop(0), echo=True, refuse=False)
        for topic in sorted(self.venue.live):
            self._frame(self.venue.frame(topic))
        self._tick(0.5)
        self.calm += 1

    @precondition(lambda self: self.link.is_open and self.calm >= 3)
    @rule(phase=st.sampled_from(sorted(DOWN_PHASES)))
    def lose(self, phase: LinkPhase) -> None:
        self._lose(phase)
        assert self.driver.state.phase is phase
        assert self.driver.state.next_retry_ms == self.clock.now_ms() + 1000

    @precondition(lambda self: self.link.is_open)
    @rule(echo=st.booleans(), refuse=st.booleans(), count=st.integers(1, 5))
    def answer(self, echo: bool, refuse: bool, count: int) -> None:
        for _ in range(min(count, len(self.venue.inbox))):
            self._answer(self.venue.inbox.pop(0), echo=echo, refuse=refuse)

    @precondition(lambda self: self.link.is_open)
    @rule(topic=st.sampled_from(TOPICS), kind=st.sampled_from(["snapshot", "delta"]))
    def push(self, topic: str, kind: str) -> None:
        if topic in self.venue.live:
            self._frame(self.venue.frame(topic, kind))

    @precondition(lambda self: self.link.is_open and self.venue.live & set(BOOKS))
    @rule(data=st.data(), skip=st.integers(1, 3))
    def gap(self, data: st.DataObject, skip: int) -> None:
        topic = data.draw(st.sampled_from(sorted(self.venue.live & set(BOOKS))))
        self._frame(self.venue.book(topic, "delta", skip=skip))

    @precondition(lambda self: self.link.is_open)
    @rule(topic=st.sampled_from(TOPICS))
    def stray(self, topic: str) -> None:
        """A frame of what was never subscribed or has just been given up."""
        if topic not in self.venue.live:
            self._frame(self.venue.frame(topic))

    @precondition(lambda self: self.link.is_open)
    @rule(frame=st.binary(max_size=60), head=st.sampled_from(["", *TOPICS]))
    def garbage(self, frame: bytes, head: str) -> None:
        """Bytes that are no frame, with or without the beginning of one."""
        start = f'{{"topic":"{head}","type":"delta","data":'.encode() if head else b""
        before = self.driver.state.phase
        self.driver.frame(start + frame, self.clock.now_ns())
        assert self.driver.state.phase is before

    @precondition(lambda self: self.link.is_open and self.calm >= 3)
    @rule(topic=st.sampled_from(TOPICS), turns=st.integers(1, 60))
    def silence(self, topic: str, turns: int) -> None:
        """One topic brings nothing for some time, whatever is asked; all others live."""
        for _ in range(turns):
            while self.venue.inbox:
                self._answer(self.venue.inbox.pop(0), echo=True, refuse=False, mute=topic)
            for other in sorted(self.venue.live - {topic}):
                self._frame(self.venue.frame(other))
            self._tick(0.5)
            if self.link.cut is not None:
                self._lose(LinkPhase.BACKOFF)
                return
        named = {feed.topic for feed in self.driver.state.stale}
        assert named <= {topic}, "a topic that lives is called silent"
        if self._proves_itself(topic) and turns >= 20:
            assert named == {topic}, "10 s of silence were not noticed"

    def _proves_itself(self, topic: str) -> bool:
        """Whether the silence of a wanted topic is a fact after 10 s, and does not turn the link over."""
        if topic not in self.wanted or topic not in self.venue.live:
            return False
        name, _, symbol = topic.rpartition(".")
        others = {each for each in self.wanted & self.venue.live if each.startswith(("orderbook", "tickers"))} - {topic}
        if not others:
            return False
        return name.startswith(("orderbook", "tickers")) or (name == "publicTrade" and f"tickers.{symbol}" in others)

    @precondition(lambda self: self.link.is_open)
    @rule(which=st.sampled_from(range(len(ALL))))
    def resync(self, which: int) -> None:
        self.driver.resync(ALL[which])

    @precondition(lambda self: self.link.is_open)
    @rule(after_s=st.sampled_from([0.05, 0.5, 3.0, 20.0]))
    def wait(self, after_s: float) -> None:
        self._tick(after_s)

    # --- what holds always ---------------------------------------------------------------------------------------

    @invariant()
    def carries_what_is_wanted(self) -> None:
        assert {topics.topic_of(each) for each in self.driver.subscriptions} == self.wanted

    @invariant()
    def states_tell_a_change_and_times_that_fit(self) -> None:
        for before, after in zip(self.states, self.states[1:], strict=False):
            assert before != after
            assert after.since_ms >= before.since_ms
        for state in self.states:
            assert (state.next_retry_ms is not None) == (state.phase in DOWN_PHASES)
            assert (state.phase is LinkPhase.STALE) == bool(state.stale)

    @invariant()
    def live_means_open(self) -> None:
        if self.driver.state.phase in (LinkPhase.LIVE, LinkPhase.STALE, LinkPhase.SYNCING):
            assert self.link.is_open

    # --- and in the end ------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "driver"):
            return
        for _ in range(400):
            if not self.link.is_open:
                self.connect()
            self.serve()
            if self.link.cut is not None:
                self._lose(LinkPhase.BACKOFF)
        assert self.driver.state.phase is LinkPhase.LIVE or not self.wanted
        assert self.venue.live == self.wanted, "the venue streams exactly what is wanted"
        for topic in self.wanted & set(BOOKS):
            _, depth, symbol = topic.split(".")
            state = self.store.get(InstrumentId(BTC.venue, MarketKind.LINEAR, symbol))
            assert state is not None
            book = state.books[int(depth)]
            assert book.is_valid
            assert book.update_id == self.venue.update_ids[topic]
            assert book.best_bid == 999

    def _carry(self, subscriptions: Iterable[Subscription]) -> None:
        chosen = list(subscriptions)
        self.wanted |= {topics.topic_of(each) for each in chosen}
        self.driver.add(chosen)

    def _lose(self, phase: LinkPhase) -> None:
        self.link.is_open = False
        self.link.cut = None
        self.venue.inbox.clear()
        self.venue.live.clear()
        self.driver.waiting("connection reset by peer", 1.0, phase)
        for state in self.store.states:
            for book in state.books.values():
                book.invalidate("the link was lost")

    def _tick(self, after_s: float) -> None:
        self.link.now_s += after_s
        self.clock.advance_ms(after_s * 1000)
        self.venue.clock_ms = self.clock.now_ms()
        while self.driver.tick(self.link.now_s) is not None:
            self.link.now_s += 0.05

    def _answer(self, request: dict[str, Any], *, echo: bool, refuse: bool, mute: str | None = None) -> None:
        op, args = request["op"], request["args"]
        reply = {"success": True, "ret_msg": "", "conn_id": "c", "req_id": request["req_id"] if echo else "", "op": op}
        if op == "unsubscribe":
            self.venue.live.difference_update(args)
            self._frame(compact(reply))
            return
        again = next((topic for topic in args if topic in self.venue.live), None)
        fault = f"error:already subscribed,topic:{again}" if again else None
        if refuse and fault is None and len(args) > 1:
            fault = f"error:handler not found,topic:{args[0]}"
        self._frame(compact(reply if fault is None else {**reply, "success": False, "ret_msg": fault}))
        if fault is None:
            self.venue.live.update(args)
            for topic in args:
                if not topic.startswith("publicTrade") and topic != mute:
                    self._frame(self.venue.frame(topic, "snapshot"))

    def _frame(self, text: str) -> None:
        self.driver.frame(text.encode(), self.clock.now_ns())


def _instrument(instrument_id: InstrumentId) -> Instrument:
    fields = {
        "id": {"venue": "bybit", "market_kind": "linear", "symbol": instrument_id.symbol},
        "base_coin": "X", "quote_coin": "USDT", "settle_coin": "USDT", "status": "Trading",
        "contract_type": "LinearPerpetual", "tick_size": "0.1", "lot_step": "0.001",
    }  # fmt: skip
    return msgspec.convert(fields, Instrument)


LinkMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=50, deadline=None)
TestLink = pytest.mark.logs("cannot be read")(LinkMachine.TestCase)
