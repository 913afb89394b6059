"""A venue that sends exactly so many frames a second: ``python -m tests.benchmarks.load [--rate N]``.

Its first line on stdout says where it is: ``{"bybit":{"http","ws"},"symbols":[...]}``. REST is answered by a
`virtuoso-desktop simulate` of the same market, started as a child. Frames flow to whoever subscribes their
topics, each at its time within the minute, with fresh times and numbers; at every full minute they begin again,
books with a snapshot. Lines on stdin: ``mark`` forgets what was measured so far, ``figures`` prints what was sent
since the start and how late since the mark, ``stop`` ends the flow and prints the same. The end of stdin ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from itertools import count
from typing import Any

from tests.benchmarks.load_frames import DEPTHS, SECONDS, Frame, Minute, Series, Stamp, largest, take_minute
from virtuoso_desktop.kernel.metrics import Distribution
from virtuoso_desktop.simulator import operations
from virtuoso_desktop.simulator.encode import text_frame
from virtuoso_desktop.simulator.operations import BadOperation
from virtuoso_desktop.simulator.synthetic import SyntheticMarket

SEED = 1
RATE = 2_000
INSTRUMENTS = 35
FIRST_UPDATE_ID = 20_000_000_000
ACCEPT_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NAP_S = 0.001
PRIORITY = -10
MINUTE_MS = 60_000


class Connection(asyncio.Protocol):
    """One client: handshake, requests, and whatever its topics bring."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._unread = bytearray()
        self._is_open = False
        self.outbox: list[bytes | bytearray] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._venue.leave(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._is_open:
            end = self._unread.find(b"\r\n\r\n")
            if end < 0:
                return
            self._shake_hands(bytes(self._unread[:end]).decode("latin-1"))
            del self._unread[: end + 4]
        while (frame := self._next_frame()) is not None:
            opcode, payload = frame
            if opcode == 8:
                self.transport.write(b"\x88\x02\x03\xe8")
                self.transport.close()
            elif opcode == 9:
                self.transport.write(bytes((0x8A, len(payload))) + payload)
            elif opcode in (1, 2):
                self.transport.write(text_frame(self._venue.answer(self, payload)))

    def _shake_hands(self, request: str) -> None:
        headers = dict(line.lower().split(": ", 1) for line in request.split("\r\n")[1:])
        key = next(
            line.split(": ", 1)[1] for line in request.split("\r\n") if line.lower().startswith("sec-websocket-key")
        )
        assert headers["upgrade"] == "websocket"
        accept = base64.b64encode(hashlib.sha1((key + ACCEPT_KEY).encode()).digest()).decode()
        self.transport.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        self._is_open = True

    def _next_frame(self) -> tuple[int, bytes] | None:
        """(opcode, payload) of one whole client frame; clients mask, and ours never sends long or split ones."""
        data = self._unread
        if len(data) < 6:
            return None
        size, start = data[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        if len(data) < start + 4 + size:
            return None
        mask = data[start : start + 4]
        payload = bytes(byte ^ mask[at & 3] for at, byte in enumerate(data[start + 4 : start + 4 + size]))
        opcode = data[0] & 0x0F
        del data[: start + 4 + size]
        return opcode, payload


class Venue:
    """Topics, their clients and their frames."""

    def __init__(self, minute: Minute) -> None:
        self._minute = minute
        self._clients: dict[str, Connection] = {}
        self._waiting: set[str] = set()
        self._books = {frame.topic for frame in minute.slots if frame is not None and frame.kind in DEPTHS}
        self._update_ids = {topic: count(FIRST_UPDATE_ID) for topic in self._books}
        self._series = {series.topic: series for series in minute.series}
        self.topics = {frame.topic for frame in minute.slots if frame is not None} | set(self._series)
        self.topics |= set(minute.tickers) | minute.quiet
        self._serial = count(1)
        self._to_close: list[Series] = []
        self._turn = 0
        self._minute_ms = 0
        self._writers: set[Connection] = set()
        self.sent: Counter[str] = Counter()
        self.late_ms = Distribution()
        self.is_flowing = True

    # --- requests ------------------------------------------------------------------------------------------------

    def answer(self, client: Connection, text: bytes) -> bytes:
        """The reply to a request of a client."""
        identity = f"load-{id(client):x}"
        try:
            operation = operations.decode(text)
            if operation.name == "ping":
                return operations.pong("linear", identity, operation)
            unknown = [topic for topic in operation.topics if topic not in self.topics]
            if unknown:
                reason = f"error:handler not found,topic:{unknown[0]}"
                raise BadOperation(reason, operation.name, operation.request_id)
            for topic in operation.topics:
                if operation.name == "subscribe":
                    self._join(client, topic)
                else:
                    self._clients.pop(topic, None)
            return operations.ack("linear", identity, operation)
        except BadOperation as error:
            return operations.refusal(identity, error)

    def _join(self, client: Connection, topic: str) -> None:
        self._clients[topic] = client
        if topic in self._books or topic in self._minute.tickers:
            self._waiting.add(topic)

    def leave(self, client: Connection) -> None:
        for topic in [topic for topic, owner in self._clients.items() if owner is client]:
            del self._clients[topic]

    # --- the flow ------------------------------------------------------------------------------------------------

    async def flow(self) -> None:
        """Send every frame at its time, from the place in the minute that the clock shows now."""
        minute = self._minute
        slots, per_second = minute.slots, minute.per_second
        now_s = time.time()
        slot = int(now_s % SECONDS * per_second)
        self.begin_minute(now_s)
        while True:
            now_s = time.time()
            begin_s = self._minute_ms / 1000
            while self.is_flowing and begin_s + slot / per_second <= now_s:
                self.take(slots[slot], slot, now_s)
                self.late_ms.add((now_s - begin_s - slot / per_second) * 1000)
                slot += 1
                if slot == len(slots):
                    slot = 0
                    self.begin_minute(begin_s + SECONDS + 0.001)
                    begin_s = self._minute_ms / 1000
            for client in self._writers:
                client.transport.write(b"".join(client.outbox))
                client.outbox.clear()
            self._writers.clear()
            await asyncio.sleep(NAP_S)

    def begin_minute(self, now_s: float) -> None:
        previous_ms = self._minute_ms
        self._minute_ms = int(now_s) // SECONDS * MINUTE_MS
        if previous_ms:
            self._waiting |= {topic for topic in self._books if topic in self._clients}
            self._to_close = [each for each in self._minute.series if self._closes(each)]

    def _closes(self, series: Series) -> bool:
        return series.timeframe.open_ms(self._minute_ms) == self._minute_ms

    def take(self, frame: Frame | None, slot: int, now_s: float) -> None:
        """Hand the frame of a slot to its client, as it is now."""
        if frame is None:
            self._take_kline(now_s)
            return
        topic = frame.topic
        client = self._clients.get(topic)
        if client is None:
            return
        if topic in self._waiting:
            whole = self._minute.snapshots.get(slot) if frame.kind in DEPTHS else self._minute.tickers[topic]
            if whole is None:
                return  # a book's client comes into step with the first frame of a second
            self._waiting.discard(topic)
            frame = whole
        self._send(client, frame, now_s, None)

    def _take_kline(self, now_s: float) -> None:
        if self._to_close:
            series = self._to_close.pop()
            frame = series.closed
            open_ms = series.timeframe.open_ms(self._minute_ms - 1)
        else:
            series = self._minute.series[self._turn % len(self._minute.series)]
            turns = len(series.forming)
            frame = series.forming[int(now_s % SECONDS * turns / SECONDS)]
            open_ms = series.timeframe.open_ms(self._minute_ms)
            self._turn += 1
        client = self._clients.get(series.topic)
        if client is not None and frame is not None:
            self._send(client, frame, now_s, (open_ms, series.timeframe.close_ms(open_ms) - 1))

    def _send(self, client: Connection, frame: Frame, now_s: float, candle: tuple[int, int] | None) -> None:
        buffer = frame.buffer
        sent_ms = b"%013d" % int(now_s * 1000)
        for place, stamp in frame.stamps:
            if stamp is Stamp.SENT_MS:
                buffer[place : place + 13] = sent_ms
            elif stamp is Stamp.SEQUENCE:
                buffer[place : place + 16] = b"%016d" % (time.time_ns() // 1000)
            elif stamp is Stamp.UPDATE_ID:
                buffer[place : place + 11] = b"%011d" % next(self._update_ids[frame.topic])
            elif stamp is Stamp.ROUND:
                buffer[place : place + 8] = b"%08x" % (self._minute_ms // MINUTE_MS)
            elif candle is not None:
                buffer[place : place + 13] = b"%013d" % candle[0 if stamp is Stamp.OPEN_MS else 1]
        client.outbox.append(bytes(buffer))
        self._writers.add(client)
        self.sent[frame.kind] += 1

    # --- figures -------------------------------------------------------------------------------------------------

    def figures(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "topics": len(self._clients),
            "late_ms": {name: self.late_ms.quantile_ms(q) for name, q in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))},
        }


class Rest:
    """The same market's REST: a simulated exchange as a child."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "virtuoso_desktop", "simulate", "--source", f"synthetic:{SEED}"]
        self._process = subprocess.Popen(
            [*command, "--exit-on-stdin-close"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["bybit"]["http"]

    def close(self) -> None:
        self._process.communicate(timeout=10)


async def serve(minute: Minute, rest_url: str, symbols: list[str]) -> None:
    venue = Venue(minute)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(venue), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    say({"bybit": {"http": rest_url, "ws": f"ws://127.0.0.1:{port}"}, "symbols": symbols})
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as group:
        flow = group.create_task(venue.flow())
        while line := (await reader.readline()).decode().strip():
            if line == "mark":
                venue.late_ms = Distribution()
            elif line == "stop":
                venue.is_flowing = False
            say(venue.figures())
        flow.cancel()
    server.close()


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load", description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE, help="frames a second")
    parser.add_argument("--instruments", type=int, default=INSTRUMENTS)
    arguments = parser.parse_args()
    rest = Rest()
    try:
        market = SyntheticMarket(SEED)
        begin_ms = (time.time_ns() // 1_000_000 // MINUTE_MS - 1) * MINUTE_MS
        instruments = largest(market, arguments.instruments, begin_ms)
        minute = take_minute(market, instruments, begin_ms, arguments.rate)
        with contextlib.suppress(PermissionError):
            os.nice(PRIORITY)  # a sender that waits for its turn measures itself
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(minute, rest.url, [instrument.symbol for instrument in instruments]))
    finally:
        rest.close()


if __name__ == "__main__":
    main()
