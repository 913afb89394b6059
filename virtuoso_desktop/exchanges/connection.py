"""The reading side of a WebSocket connection: from the socket read to the frame handler, synchronously.

Only reading is ours: handshake, TLS, proxy and close stay websockets'.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from virtuoso_desktop.kernel.clock import Clock

READ_BYTES = 64 * 1024
HUGE_FRAME_BYTES = 1024 * 1024
"""Frames above this are counted: no documented topic needs them."""

FrameHandler = Callable[[bytes, int], None]
"""Takes one whole message and the ns at which the socket was read."""


class LinkConnection(ClientConnection):
    """websockets' client connection with a reading side of its own.

    Parameters
    ----------
    protocol : ClientProtocol
        From websockets' ``connect``.
    on_frame : FrameHandler
        Called synchronously with every data message.
    clock : Clock
        Stamps each socket read once.
    budget_s : float
        Most seconds of handling in one loop turn; then reading pauses and the rest follows in the next turn.
    **options
        What ``connect`` passes on.
    """

    def __init__(
        self, protocol: ClientProtocol, *, on_frame: FrameHandler, clock: Clock, budget_s: float, **options: Any
    ) -> None:
        super().__init__(protocol, **options)
        self._on_frame = on_frame
        self._clock = clock
        self._budget_s = budget_s
        self._recv_ns = 0
        self._turn_ends_s = 0.0
        self._kept: deque[Frame] = deque()
        self._unread: deque[tuple[bytes, int]] = deque()
        self._is_behind = False
        self._was_made = False
        self._fragments: list[bytes] = []
        self.huge_frames = 0
        self.read_pauses = 0
        """Turns of the loop in which the read budget was spent."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        with contextlib.suppress(AttributeError):  # uvloop's transports have no such attribute
            transport.max_size = READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)
        self._was_made = True

    def data_received(self, data: bytes) -> None:
        recv_ns = self._clock.now_ns()
        if self._is_behind:  # some transports deliver once more after the pause
            self._unread.append((data, recv_ns))
            return
        self._turn_ends_s = perf_counter() + self._budget_s
        self._read(data, recv_ns)
        if self._is_behind:
            if not self.transport.is_closing():
                self.transport.pause_reading()
            self._come_again()

    def _read(self, data: bytes, recv_ns: int) -> None:
        self._recv_ns = recv_ns
        for start in range(0, len(data), READ_BYTES):
            if self.protocol.reader.eof:
                return
            if self._is_behind:
                self._unread.appendleft((data[start:], recv_ns))
                return
            super().data_received(data[start : start + READ_BYTES])

    def process_event(self, event: Event) -> None:
        if not isinstance(event, Frame) or event.opcode >= Opcode.CLOSE:
            super().process_event(event)
        elif self._is_behind or perf_counter() >= self._turn_ends_s:
            self._kept.append(event)
            self._is_behind = True
        else:
            self._deliver(event)

    def _deliver(self, frame: Frame) -> None:
        data = bytes(frame.data)
        if not frame.fin or self._fragments:
            self._fragments.append(data)
            if not frame.fin:
                return
            data = b"".join(self._fragments)
            self._fragments.clear()
        if len(data) > HUGE_FRAME_BYTES:
            self.huge_frames += 1
        self._on_frame(data, self._recv_ns)

    def _come_again(self) -> None:
        self.read_pauses += 1
        self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        is_done = False
        try:
            self._work_off(perf_counter() + self._budget_s)
            is_done = True
        finally:
            if not is_done:  # a handler failed: as in a socket read, that ends the connection
                self.transport.abort()
        if self._is_behind:
            self._come_again()
        elif not self.transport.is_closing():
            self.transport.resume_reading()

    def _work_off(self, until_s: float) -> None:
        self._turn_ends_s = until_s
        while self._kept or self._unread:
            if self._kept:
                self._deliver(self._kept.popleft())
            else:
                self._is_behind = False
                self._read(*self._unread.popleft())
            if perf_counter() >= until_s:
                break
        self._is_behind = bool(self._kept or self._unread)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._was_made:  # TLS failed behind a proxy: nothing is there that could be lost
            return
        self._work_off(float("inf"))
        super().connection_lost(exc)

    def send_now(self, text: str) -> None:
        """Send a short text at once, without flow control; a connection that is closing drops it."""
        if self.protocol.state is State.OPEN and not self.transport.is_closing():
            self.protocol.send_text(text.encode())
            self.send_data()
