"""Stands between the program and a venue, and passes everything on but what a test changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from virtuoso_desktop.simulator.server import SimulatedExchange

Answer = tuple[int, str, str]
"""HTTP status, content type, body."""


class LyingProxy:
    """REST and streams of one venue, on a port of their own."""

    def __init__(self, venue: SimulatedExchange) -> None:
        self._venue = venue
        self._sockets: list[web.WebSocketResponse] = []
        self._session: aiohttp.ClientSession | None = None
        self.port = 0
        self.change: Callable[[str], list[str]] = lambda frame: [frame]
        """What the program gets instead of one frame of the venue."""
        self.answer: Callable[[str, str], Answer | None] = lambda path, query: None
        """What the program gets instead of the answer to (path, query); None passes it on."""

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def push(self, *frames: str | bytes) -> None:
        """Say something that the venue did not."""
        for socket in self._sockets:
            for frame in frames:
                await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._relay(request)
        answer = self.answer(request.path, request.rel_url.raw_query_string)
        if answer is not None:
            status, content_type, body = answer
            return web.Response(status=status, content_type=content_type, text=body)
        async with self._session.get(self._venue.http_url + request.raw_path) as passed:
            return web.Response(status=passed.status, body=await passed.read(), headers={
                name: value for name, value in passed.headers.items() if name.startswith(("X-", "Content-Type"))
            })  # fmt: skip

    async def _relay(self, request: web.Request) -> web.WebSocketResponse:
        assert self._session is not None
        ours = web.WebSocketResponse(compress=False)
        await ours.prepare(request)
        async with self._session.ws_connect(self._venue.ws_url + request.path) as theirs:
            self._sockets.append(ours)
            try:
                await asyncio.gather(self._ask(ours, theirs), self._tell(theirs, ours))
            finally:
                self._sockets.remove(ours)
        return ours

    async def _ask(self, ours: web.WebSocketResponse, theirs: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ours:
            await theirs.send_str(message.data)
        await theirs.close()

    async def _tell(self, theirs: aiohttp.ClientWebSocketResponse, ours: web.WebSocketResponse) -> None:
        async for message in theirs:
            for frame in self.change(message.data):
                if not ours.closed:
                    await ours.send_str(frame)
        await ours.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LyingProxy]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.serve)
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as self._session:
            try:
                yield self
            finally:
                await runner.cleanup()
