"""A Bybit that says exactly what a test tells it to: streams over websockets, answers over aiohttp."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

TS = 1_700_000_000_000


def compact(value: Any) -> str:
    """JSON as the venue writes it: without spaces."""
    return json.dumps(value, separators=(",", ":"))


def book_frame(symbol: str = "BTCUSDT", *, kind: str = "snapshot", u: int = 10, price: float = 100.0) -> str:
    levels = {"b": [[f"{price - 0.1:.1f}", "1"]], "a": [[f"{price + 0.1:.1f}", "2"]]}
    data = {"s": symbol, **levels, "u": u, "seq": u}
    return compact({"topic": f"orderbook.50.{symbol}", "type": kind, "ts": TS + u, "data": data, "cts": TS + u})


def ticker_frame(symbol: str = "BTCUSDT", *, kind: str = "snapshot", last: str = "100.0") -> str:
    return compact(
        {"topic": f"tickers.{symbol}", "type": kind, "data": {"symbol": symbol, "lastPrice": last}, "cs": 1, "ts": TS}
    )


def trade_frame(symbol: str = "BTCUSDT", *, number: int = 1) -> str:
    row = {"T": TS, "s": symbol, "S": "Buy", "v": "0.5", "p": "100.0", "i": f"t{number}", "BT": False, "seq": number}
    return compact({"topic": f"publicTrade.{symbol}", "type": "snapshot", "ts": TS, "data": [row]})


def kline_frame(symbol: str = "BTCUSDT", interval: str = "1") -> str:
    row = {
        "start": TS - TS % 60_000, "end": TS, "interval": interval, "open": "100", "close": "101", "high": "102",
        "low": "99", "volume": "1", "turnover": "100", "confirm": False, "timestamp": TS,
    }  # fmt: skip
    return compact({"topic": f"kline.{interval}.{symbol}", "data": [row], "ts": TS, "type": "snapshot"})


def first_frame(topic: str) -> str | None:
    """What the venue sends at once after a subscription."""
    name, _, symbol = topic.rpartition(".")
    if name.startswith("orderbook."):
        return book_frame(symbol)
    if name == "tickers":
        return ticker_frame(symbol)
    if name.startswith("kline."):
        return kline_frame(symbol, name.partition(".")[2])
    return None


class FakeStream:
    """The streaming side. Everything it received is kept; what it does wrong is set by attributes."""

    def __init__(self) -> None:
        self.url = ""
        self.paths: list[str] = []
        self.connections: list[ServerConnection] = []
        self.requests: list[dict[str, Any]] = []
        self.subscribed: set[str] = set()
        self.silent: Callable[[str], bool] = lambda _: False
        """Topics that are accepted and bring nothing."""
        self.refused: set[str] = set()
        """Topics that fail the request that names them."""
        self.most_args = 500
        self.echoes_request_id = True
        self.answers_pings = True
        self.handshakes: list[int] = []
        """HTTP statuses of the next handshakes instead of an upgrade."""
        self.first_frame = first_frame
        self._server: Server | None = None

    def __call__(self, op: str) -> list[list[str]]:
        """Argument lists of all requests of one kind."""
        return [request["args"] for request in self.requests if request["op"] == op]

    async def start(self, port: int = 0) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", port, process_request=self._handshake, compression=None, ping_interval=None,
            close_timeout=0.1,
        )  # fmt: skip
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def push(self, frame: str) -> None:
        for connection in self.connections:
            await connection.send(frame)

    def _handshake(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        if not self.handshakes:
            return None
        return connection.respond(HTTPStatus(self.handshakes.pop(0)), "no\n")

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        self.subscribed.clear()
        try:
            with contextlib.suppress(ConnectionClosed):
                async for message in connection:
                    request = json.loads(message)
                    self.requests.append(request)
                    for answer in self._answer(request):
                        await connection.send(answer)
        finally:
            self.connections.remove(connection)

    def _answer(self, request: dict[str, Any]) -> list[str]:
        op, request_id = request["op"], request.get("req_id", "") if self.echoes_request_id else ""
        if op == "ping":
            pong = {"success": True, "ret_msg": "pong", "conn_id": "c", "req_id": request_id, "op": "ping"}
            return [compact(pong)] if self.answers_pings else []
        fault = self._fault(op, request["args"])
        ack = {"success": fault is None, "ret_msg": fault or "", "conn_id": "c", "req_id": request_id, "op": op}
        answers = [compact(ack)]
        if fault is not None:
            return answers
        if op == "unsubscribe":
            self.subscribed.difference_update(request["args"])
            return answers
        self.subscribed.update(request["args"])
        frames = [self.first_frame(topic) for topic in request["args"] if not self.silent(topic)]
        return answers + [frame for frame in frames if frame is not None]

    def _fault(self, op: str, args: list[str]) -> str | None:
        if op != "subscribe":
            return None
        if len(args) > self.most_args:
            return f"args size >{self.most_args}"
        for topic in args:
            if topic in self.refused:
                return f"error:handler not found,topic:{topic}"
            if topic in self.subscribed:
                return f"error:already subscribed,topic:{topic}"
        return None


@contextlib.asynccontextmanager
async def fake_stream() -> AsyncGenerator[FakeStream, None]:
    stream = FakeStream()
    await stream.start()
    try:
        yield stream
    finally:
        await stream.stop()


class FakeRest:
    """The asking side: a handler per test, every request kept."""

    def __init__(self) -> None:
        self.url = ""
        self.queries: list[tuple[float, str, str]] = []
        """(loop time, path, raw query)."""
        self.answer: Callable[[str, dict[str, str]], Any] = lambda path, query: ok({})
        self.running = 0
        self.most_running = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.queries.append((asyncio.get_running_loop().time(), request.path, request.raw_path.partition("?")[2]))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            answer = self.answer(request.path, dict(request.query))
            if asyncio.iscoroutine(answer):
                answer = await answer
            return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)
        finally:
            self.running -= 1


def ok(result: Any, time_ms: int = TS) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": time_ms}


@contextlib.asynccontextmanager
async def fake_rest() -> AsyncGenerator[FakeRest, None]:
    rest = FakeRest()
    application = web.Application()
    application.router.add_get("/{path:.*}", rest.handle)
    runner = web.AppRunner(application, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    rest.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield rest
    finally:
        await runner.cleanup()
