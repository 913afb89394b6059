"""A hand-written Bybit stream client for tests: raw frames in, a book by the venue's rules, nothing of the program."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import websockets

Frame = dict[str, Any]


class StreamClient:
    """One connection. ``frames`` holds all data frames by topic, ``answers`` the acks and pongs."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.frames: dict[str, list[Frame]] = {}
        self.answers: list[Frame] = []

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def subscribe(self, *topics: str) -> Frame:
        return await self.ask(op="subscribe", args=list(topics))

    async def ask(self, **message: Any) -> Frame:
        """Send a request and read until its answer."""
        count = len(self.answers)
        await self.send(**message)
        await self.read_until(lambda: len(self.answers) > count)
        return self.answers[-1]

    async def read_until(self, done: Callable[[], Any], deadline_s: float = 5.0) -> None:
        async with asyncio.timeout(deadline_s):
            while not done():
                self._keep(json.loads(await self.connection.recv()))

    async def read_for(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await self.read_until(lambda: False, seconds)

    def _keep(self, frame: Frame) -> None:
        if "topic" in frame:
            self.frames.setdefault(frame["topic"], []).append(frame)
        else:
            self.answers.append(frame)

    def count(self, topic: str) -> int:
        return len(self.frames.get(topic, []))


@asynccontextmanager
async def connected(ws_url: str, category: str = "linear") -> AsyncIterator[StreamClient]:
    """A client of one category's public stream."""
    async with websockets.connect(f"{ws_url}/v5/public/{category}", proxy=None, max_size=2**24) as connection:
        yield StreamClient(connection)


class Gap(Exception):
    """The update id is not the next one."""


class RebuiltBook:
    """A book by the venue's documented rules; raises Gap when an update is missing."""

    def __init__(self) -> None:
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.update_id = 0
        self.sequence = 0

    def apply(self, frame: Frame) -> None:
        data = frame["data"]
        if frame["type"] == "snapshot":
            self.bids, self.asks = {}, {}
        elif data["u"] != self.update_id + 1:
            raise Gap(f"{data['u']} after {self.update_id}")
        assert data["seq"] >= self.sequence
        self.update_id, self.sequence = data["u"], data["seq"]
        for side, levels in ((self.bids, data["b"]), (self.asks, data["a"])):
            for price, size in levels:
                if size == "0":
                    side.pop(price, None)
                else:
                    side[price] = size

    def sides(self) -> tuple[list[list[str]], list[list[str]]]:
        """(bids, asks) as the venue lists them: best first."""
        bids = sorted(self.bids.items(), key=lambda level: -float(level[0]))
        asks = sorted(self.asks.items(), key=lambda level: float(level[0]))
        return [list(level) for level in bids], [list(level) for level in asks]


def rebuilt(frames: Iterable[Frame]) -> RebuiltBook:
    """The book after all these frames."""
    book = RebuiltBook()
    for frame in frames:
        book.apply(frame)
    return book
