"""The public streams: who subscribed what, when each topic is pushed, and the fan-out of its frames.

One pump advances all topics in the order of their due venue times. A frame is encoded and framed once
and the same bytes are written to every client; a client that does not read is dropped. Topics exist
while somebody subscribes them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools
import logging
from concurrent.futures import Executor
from typing import NamedTuple

from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.metrics import Distribution
from virtuoso_desktop.kernel.tasks import Backoff, Supervisor
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.simulator import operations, pace
from virtuoso_desktop.simulator.encode import close_frame, text_frame
from virtuoso_desktop.simulator.fault_board import FaultBoard
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.operations import BadOperation, Named, Operation
from virtuoso_desktop.simulator.query import Listing
from virtuoso_desktop.simulator.sockets import break_connection
from virtuoso_desktop.simulator.stream_faults import fits, spoil
from virtuoso_desktop.simulator.topics import BookState, BookTopic, Subject, Topic, book_at, first_update_id, make_topic

log = logging.getLogger(__name__)

MOST_UNSENT_BYTES = 8 * 1024 * 1024
_TURN_S = 0.004
_LONGEST_NAP_S = 0.02
_BREAKS = frozenset((FaultKind.RESET, FaultKind.EOF, FaultKind.CLOSE))
_PUMP_RESTART = Backoff(first_s=0.05, most_s=1.0)
GOING_AWAY = 1001


class Client:
    """One connection to one category's stream. Writes never wait; ``topics`` by the venue's name."""

    def __init__(self, connection_id: str, category: str, transport: asyncio.Transport) -> None:
        self.connection_id = connection_id
        self.category = category
        self.topics: dict[str, _Live] = {}
        self._transport = transport

    def write(self, frame: bytes) -> None:
        """Send a ready WebSocket frame; a client with too much unread data is dropped."""
        transport = self._transport
        if transport.is_closing():
            return
        transport.write(frame)
        if transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            log.warning("client %s does not read: dropped", self.connection_id)
            transport.abort()

    def close(self, code: int = GOING_AWAY, reason: str = "going away") -> None:
        """Say goodbye with a close code (1001 as a restarting venue) and close."""
        if not self._transport.is_closing():
            self._transport.write(close_frame(code, reason))
            self._transport.close()

    def end(self) -> None:
        """End the connection without any goodbye (what a client calls 1006)."""
        self._transport.close()

    def reset(self, frame: bytes) -> None:
        """Break the connection by TCP reset in the middle of ``frame``."""
        if self._transport.is_closing():
            return
        self._transport.write(frame[: len(frame) // 2])
        break_connection(self._transport)


class _Key(NamedTuple):
    category: str
    name: str


class _Live:
    """A subscribed topic. ``waiting`` clients need its snapshot, ``in_step`` ones get its frames."""

    def __init__(self, key: _Key, named: Named) -> None:
        self.key = key
        self.kind = named.kind
        self.instrument = named.instrument
        self.topic: Topic | None = None
        self.waiting: list[Client] = []
        self.in_step: list[Client] = []
        self.held: list[bytes] = []
        """Frames that a fault keeps back until the next push."""

    @property
    def is_wanted(self) -> bool:
        return bool(self.waiting or self.in_step)

    def remove(self, client: Client) -> None:
        for clients in (self.waiting, self.in_step):
            if client in clients:
                clients.remove(client)


class Streams:
    """All categories' streams over one market. ``start`` spawns its tasks, which the supervisor ends."""

    def __init__(self, market: MarketSource, listing: Listing, clock: Clock, faults: FaultBoard) -> None:
        self._market = market
        self._listing = listing
        self._clock = clock
        self._faults = faults
        self._paces: dict[InstrumentId, pace.Pace] = {}
        self._live: dict[_Key, _Live] = {}
        self._due: list[tuple[int, int, _Live]] = []
        self._order = itertools.count()
        self._unprimed: asyncio.Queue[_Live] = asyncio.Queue()
        self._clients: set[Client] = set()
        self._ended = False
        self.frames = 0
        """Frames pushed so far, whatever the number of their receivers."""
        self.late_ms = Distribution()
        """Real ms by which pushes came later than they were due."""

    def start(self, supervisor: Supervisor, worker: Executor) -> None:
        """Begin to push; first states are computed in ``worker``, one after the other."""

        async def prime() -> None:
            loop = asyncio.get_running_loop()
            while True:
                live = await self._unprimed.get()
                live.topic = await loop.run_in_executor(worker, self._first_state, live)
                self._admit(live)
                self._schedule(live, self.now_ms())

        supervisor.spawn("simulator.prime", prime, restart=_PUMP_RESTART)
        supervisor.spawn("simulator.pump", self._pump, restart=_PUMP_RESTART)

    def now_ms(self) -> int:
        """Venue time, which for the market stands still where its data end."""
        now_ms, end_ms = self._clock.now_ms(), self._market.end_ms
        return now_ms if end_ms is None else min(now_ms, end_ms)

    def book(self, instrument: Instrument, depth: int) -> BookState:
        """The book as the subscribers of this depth have it; without any, one of the same chain of ``u``."""
        live = self._live.get(_Key(instrument.id.market_kind.value, f"orderbook.{depth}.{instrument.symbol}"))
        if live is not None and isinstance(live.topic, BookTopic):
            return live.topic.state
        step_ms = pace.VENUE_BOOK_MS[depth]
        at_ms = self.now_ms() // step_ms * step_ms
        return book_at(self._market, instrument, depth, at_ms, first_update_id(depth, at_ms))

    # --- clients ---

    @property
    def clients(self) -> int:
        """How many connections are open now."""
        return len(self._clients)

    def join(self, client: Client) -> None:
        self._clients.add(client)

    def leave(self, client: Client) -> None:
        self._clients.discard(client)
        for name in tuple(client.topics):
            self._unsubscribe(client, name)

    def close_all(self) -> None:
        for client in self._clients:
            client.close()

    def receive(self, client: Client, text: str | bytes) -> None:
        """Carry out one request of a client; the answer comes before the first frame of a new topic."""
        joined: list[_Live] = []
        try:
            operation = operations.decode(text)
            if operation.name == "ping":
                if self._faults.ignores_ping(client.category):
                    return
                answer = operations.pong(client.category, client.connection_id, operation)
            else:
                joined = self._change(client, operation)
                answer = operations.ack(client.category, client.connection_id, operation)
        except BadOperation as error:
            answer = operations.refusal(client.connection_id, error)
        client.write(text_frame(answer))
        for live in joined:
            self._admit(live)

    def _change(self, client: Client, operation: Operation) -> list[_Live]:
        if operation.name == "subscribe":
            found = operations.check_subscribe(client.category, operation, client.topics, self._listing)
            return [self._subscribe(client, named) for named in found]
        for name in operation.topics:
            self._unsubscribe(client, name)
        return []

    def _subscribe(self, client: Client, named: Named) -> _Live:
        key = _Key(client.category, f"{named.kind}.{named.instrument.symbol}")
        if self._faults.kills(named.kind, named.instrument.symbol, client.category):
            client.topics[key.name] = dead = _Live(key, named)
            return dead
        live = self._live.get(key)
        if live is None:
            live = self._live[key] = _Live(key, named)
            self._unprimed.put_nowait(live)
        live.waiting.append(client)
        client.topics[key.name] = live
        return live

    def _unsubscribe(self, client: Client, name: str) -> None:
        live = client.topics.pop(name, None)
        if live is None:
            return
        live.remove(client)
        if not live.is_wanted and self._live.get(live.key) is live:
            del self._live[live.key]

    def _first_state(self, live: _Live) -> Topic:
        """Runs in the worker."""
        if not self._paces:
            self._paces = pace.paces(self._market, self.now_ms())
        instrument, listing = live.instrument, self._listing
        texts, twin = listing.texts[instrument.id], listing.twin(instrument)
        own = self._paces[instrument.id]
        subject = Subject(self._market, instrument, texts, twin, own, self._clock.rate)
        topic = make_topic(live.kind, subject)
        topic.prime(self.now_ms())
        return topic

    def _admit(self, live: _Live) -> None:
        """Bring waiting clients into step, unless the topic is silent or not ready."""
        topic, now_ms = live.topic, self.now_ms()
        if topic is None or not live.waiting or self._ended or self._is_silent(live):
            return
        snapshot = topic.snapshot(now_ms)
        if snapshot is not None:
            self._send(live.waiting, snapshot)
        live.in_step += live.waiting
        live.waiting = []

    # --- pushing ---

    def _schedule(self, live: _Live, due_ms: int) -> None:
        heapq.heappush(self._due, (due_ms, next(self._order), live))

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            turn_ends_s = loop.time() + _TURN_S
            while self._due and self._due[0][0] <= self.now_ms() and loop.time() < turn_ends_s:
                due_ms, _, live = heapq.heappop(self._due)
                self._push(live, due_ms)
            self._end_with_data()
            await asyncio.sleep(self._nap_s())

    def _nap_s(self) -> float:
        if not self._due:
            return _LONGEST_NAP_S
        ahead_s = (self._due[0][0] - self.now_ms()) / 1000 / self._clock.rate
        return min(max(ahead_s, 0.0), _LONGEST_NAP_S)

    def _push(self, live: _Live, due_ms: int) -> None:
        topic, now_ms = live.topic, self.now_ms()
        if topic is None or self._live.get(live.key) is not live:
            return
        self.late_ms.add((now_ms - due_ms) / self._clock.rate)
        frames = topic.advance(now_ms)
        if frames:
            self._deliver(live, topic, frames)
        self._admit(live)
        self._schedule(live, topic.due_ms(now_ms))

    def _is_silent(self, live: _Live) -> bool:
        return self._faults.silences(live.kind, live.instrument.symbol, live.key.category)

    def _deliver(self, live: _Live, topic: Topic, frames: list[bytes]) -> None:
        held, live.held = live.held, []
        if self._is_silent(live):
            live.waiting += live.in_step
            live.in_step = []
            return
        fault = None if held else self._strike(live, frames)
        if fault is not None and fault.fault in _BREAKS:
            self._break(fault, text_frame(frames[0]))
            return
        if fault is not None:
            frames, live.held, later = spoil(fault, topic, frames, self.now_ms())
            loop = asyncio.get_running_loop()
            for delay_s, frame in later:
                loop.call_later(delay_s, self._send_late, live, frame)
        for frame in (*frames, *held):
            self._send(live.in_step, frame)

    def _strike(self, live: _Live, frames: list[bytes]) -> Fault | None:
        name, symbol, category = str(live.key), live.instrument.symbol, live.key.category
        return self._faults.strike(name, live.kind, symbol, category, lambda kind: fits(kind, frames))

    def _send_late(self, live: _Live, frame: bytes) -> None:
        self._send(live.in_step, frame)

    def _send(self, clients: list[Client], payload: bytes) -> None:
        self.frames += 1
        frame = text_frame(payload)
        for client in clients:
            client.write(frame)

    def _break(self, fault: Fault, frame: bytes) -> None:
        """End the connections that have a topic which the fault means."""
        for client in tuple(self._clients):
            if not any(
                fault.matches(live.kind, live.instrument.symbol, client.category) for live in client.topics.values()
            ):
                continue
            if fault.fault is FaultKind.RESET:
                client.reset(frame)
            elif fault.fault is FaultKind.EOF:
                client.end()
            else:
                client.close(fault.code or GOING_AWAY, "")

    def _end_with_data(self) -> None:
        """After the last row: every topic's last state once, then nothing more."""
        end_ms = self._market.end_ms
        if self._ended or end_ms is None or self._clock.now_ms() < end_ms:
            return
        for live in tuple(self._live.values()):
            self._push(live, end_ms)
        self._ended = True
        moment = dt.datetime.fromtimestamp(end_ms / 1000, dt.UTC).isoformat(timespec="seconds")
        log.warning("the data end at %s: all topics are silent from now on", moment)
