"""A link keeps one WebSocket connection to a venue alive for ever: connect, ping, watch, back off.

Nothing is queued, awaited or spawned per frame: `LinkConnection` hands each one to the driver from
inside the socket read.
"""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import Any, Protocol

import msgspec
from aiolimiter import AsyncLimiter
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, PayloadTooBig, WebSocketException
from websockets.protocol import State

from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.exchanges.connection import LinkConnection
from virtuoso_desktop.exchanges.network import Network, failure_words
from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.tasks import Backoff

MOST_FRAME_BYTES = 16 * 1024 * 1024
DOWN_AFTER = 3
"""So many handshakes in a row answered by a gateway's error mean that the venue is down."""
STALL_S = 1.0
"""A wait that lasts this much longer than asked for means that the program stood still, not the venue."""

log = logging.getLogger(__name__)


class LinkTimes(msgspec.Struct, frozen=True):
    """Deadlines of a link in real seconds."""

    open_timeout_s: float = 10.0
    ping_interval_s: float = 20.0
    pong_timeout_s: float = 10.0
    close_timeout_s: float = 0.4
    tick_s: float = 0.5
    """How often the link is looked after."""
    stable_s: float = 30.0
    """A connection that lived this long was a success: the next failure waits little again."""
    first_retry_s: float = 0.5
    most_retry_s: float = 30.0
    silence_factor: float = 1.0
    """All limits of silence are multiplied by this."""
    read_budget_s: float = 0.004
    """Frames are handled at most this long in one turn of the loop."""


class LinkDriver(Protocol):
    """What a venue makes of a link. All calls come on the loop; ``now_s`` is the link's own steady time."""

    def connecting(self) -> None: ...

    def opened(self) -> None:
        """The connection stands: subscribe."""
        ...

    def frame(self, frame: bytes, recv_ns: int) -> None: ...

    def tick(self, now_s: float) -> float | None:
        """Look after the topics; returns when to come again (s), None for the usual pause."""
        ...

    def ping(self) -> str:
        """The text that asks for a pong."""
        ...

    def waiting(self, reason: str, wait_s: float, phase: LinkPhase) -> None:
        """The connection is lost (or was not made) for ``reason``; the next attempt is in ``wait_s``.

        ``phase`` is one of `DOWN_PHASES`.
        """
        ...


class Link(Protocol):
    """What a driver may do with its connection; `WsLink` is the real one."""

    @property
    def is_open(self) -> bool: ...

    @property
    def now_s(self) -> float: ...

    async def run(self) -> None: ...

    def send(self, text: str) -> None: ...

    def pong_received(self) -> None: ...

    def reconnect(self, reason: str) -> None: ...

    def retry_now(self) -> None: ...


class LinkSurroundings(msgspec.Struct, frozen=True):
    """What all links of a venue share."""

    network: Network
    clock: Clock
    metrics: LinkMetrics
    connects: AsyncLimiter
    """Budget of connection attempts."""
    times: LinkTimes


class WsLink:
    """Keeps one connection open for ever: connect, ping, backoff.

    Parameters
    ----------
    name : str
        For logs, e.g. ``bybit.linear.1``.
    url : str
        Where to connect.
    driver : LinkDriver
        The venue's side.
    surroundings : LinkSurroundings
        Network, clock, metrics, deadlines.
    """

    def __init__(self, name: str, url: str, driver: LinkDriver, surroundings: LinkSurroundings) -> None:
        self.name = name
        self._url = url
        self._driver = driver
        self._network = surroundings.network
        self._clock = surroundings.clock
        self._metrics = surroundings.metrics
        self._connects = surroundings.connects
        self._times = surroundings.times
        self._backoff = Backoff(surroundings.times.first_retry_s, surroundings.times.most_retry_s)
        self._connection: LinkConnection | None = None
        self._wake: asyncio.Future[None] | None = None
        self._drop_reason: str | None = None
        self._ping_sent_s: float | None = None
        self._next_ping_s = 0.0
        self._stalled_s = 0.0
        self._was_open = False
        self._refusals: tuple[LinkPhase, ...] = ()
        """What the newest failed handshakes in a row say."""

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    @property
    def now_s(self) -> float:
        """The link's steady time: that of the loop, without the times when the program stood still."""
        return asyncio.get_running_loop().time() - self._stalled_s

    async def run(self) -> None:
        """Connect again and again; ends only by cancellation, then closes within ``close_timeout_s``."""
        failures = 0
        while True:
            reason, lived_s = await self._attempt()
            failures = 0 if lived_s >= self._times.stable_s else failures + 1
            wait_s = self._backoff.wait_s(failures)
            log.info("%s: %s; next attempt in %.1f s", self.name, reason, wait_s)
            self._driver.waiting(reason, wait_s, self._down_phase())
            await self._pause(wait_s)

    def send(self, text: str) -> None:
        """Send now; dropped while there is no connection."""
        if self._connection is not None:
            self._connection.send_now(text)

    def pong_received(self) -> None:
        self._ping_sent_s = None

    def reconnect(self, reason: str) -> None:
        """Cut the connection and make a new one, for ``reason`` in words."""
        if self._connection is not None and self._drop_reason is None:
            self._drop_reason = reason
            self._connection.transport.abort()

    def retry_now(self) -> None:
        """Do not wait for the backoff any longer; an open connection is made anew."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
        else:
            self.reconnect("reconnecting on request")

    def _down_phase(self) -> LinkPhase:
        """A single gateway error is nothing; several in a row are the venue's maintenance."""
        newest = self._refusals[-1] if self._refusals else LinkPhase.BACKOFF
        is_brief = len(self._refusals) < DOWN_AFTER or len(set(self._refusals)) > 1
        return LinkPhase.BACKOFF if newest is LinkPhase.MAINTENANCE and is_brief else newest

    async def _pause(self, wait_s: float) -> None:
        self._wake = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._wake], timeout=wait_s)
        self._wake = None

    async def _attempt(self) -> tuple[str, float]:
        """One connection from handshake to end: (why it ended, how many seconds it lived)."""
        await self._connects.acquire()
        self._driver.connecting()
        try:
            connection = await self._open()
        except (OSError, WebSocketException) as error:
            self._refusals = (*self._refusals, _refusal(error))[-DOWN_AFTER:]
            return failure_words(error), 0.0
        self._refusals = ()
        self._metrics.connects += 1
        self._metrics.reconnects += self._was_open
        self._was_open = True
        started_s = perf_counter()
        self._connection = connection
        self._drop_reason = None
        try:
            await self._serve(connection)
        finally:
            self._connection = None
            await self._close(connection)
        return self._drop_reason or self._end_words(connection), perf_counter() - started_s

    async def _open(self) -> LinkConnection:
        def create(protocol: ClientProtocol, **options: Any) -> LinkConnection:
            return LinkConnection(
                protocol,
                on_frame=self._driver.frame,
                clock=self._clock,
                budget_s=self._times.read_budget_s,
                **options,
            )

        connection = await connect(
            self._url,
            compression=None,
            max_size=MOST_FRAME_BYTES,
            max_queue=None,
            ping_interval=None,
            open_timeout=self._times.open_timeout_s,
            close_timeout=1,
            proxy=self._network.proxy_for(self._url),
            create_connection=create,  # type: ignore[arg-type]  # any factory does, a class is asked for
            ssl=await self._network.tls() if self._url.startswith("wss:") else None,
        )
        assert isinstance(connection, LinkConnection)
        return connection

    async def _serve(self, connection: LinkConnection) -> None:
        loop = asyncio.get_running_loop()
        lost = connection.connection_lost_waiter
        now_s = self.now_s
        self._ping_sent_s = None
        self._next_ping_s = now_s + self._times.ping_interval_s
        closing_s: float | None = None
        self._driver.opened()
        while not lost.done():
            pause_s = self._driver.tick(now_s) or self._times.tick_s
            before_s = loop.time()
            await asyncio.wait([lost], timeout=pause_s)
            self._count(connection)
            stall_s = loop.time() - before_s - pause_s
            if stall_s > STALL_S:
                log.info("%s: the program stood still for %.1f s", self.name, stall_s)
                self._stalled_s += stall_s
            now_s = self.now_s
            if connection.state is State.OPEN:
                self._heartbeat(now_s)
            else:
                closing_s = closing_s or now_s
                if now_s - closing_s > self._times.close_timeout_s:
                    connection.transport.abort()

    def _count(self, connection: LinkConnection) -> None:
        self._metrics.huge_frames += connection.huge_frames
        self._metrics.read_pauses += connection.read_pauses
        connection.huge_frames = connection.read_pauses = 0

    def _heartbeat(self, now_s: float) -> None:
        if self._ping_sent_s is not None:
            if now_s - self._ping_sent_s > self._times.pong_timeout_s:
                self.reconnect(f"no answer to a ping within {self._times.pong_timeout_s:g} s")
        elif now_s >= self._next_ping_s:
            self._ping_sent_s = now_s
            self._next_ping_s = now_s + self._times.ping_interval_s
            self.send(self._driver.ping())

    async def _close(self, connection: LinkConnection) -> None:
        """Say goodbye, wait a little, cut."""
        try:
            if connection.state is State.OPEN and not connection.transport.is_closing():
                connection.protocol.send_close(1000)
                connection.send_data()
            await asyncio.wait([connection.connection_lost_waiter], timeout=self._times.close_timeout_s)
        finally:
            connection.transport.abort()

    def _end_words(self, connection: LinkConnection) -> str:
        protocol = connection.protocol
        fault = protocol.parser_exc
        if isinstance(fault, PayloadTooBig):
            self._metrics.refused["too_big"] += 1
        if fault is not None and not isinstance(fault, EOFError):
            return failure_words(fault)
        if protocol.close_rcvd is not None:
            return f"the exchange closed the connection: {protocol.close_rcvd}"
        return failure_words(connection.connection_exc or fault)


def _refusal(error: Exception) -> LinkPhase:
    """What a failed handshake says about the venue."""
    if not isinstance(error, InvalidStatus):
        return LinkPhase.BACKOFF
    status = error.response.status_code
    if status == 429 or (status == 403 and b"too frequent" in (error.response.body or b"").lower()):
        return LinkPhase.BANNED
    if status in (403, 451):
        return LinkPhase.BLOCKED
    return LinkPhase.MAINTENANCE if status in (502, 503, 504) else LinkPhase.BACKOFF
