"""The simulated exchange on one loopback port: REST and WebSocket, in any running asyncio loop."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

from aiohttp import web

from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.simulator import rest_faults
from virtuoso_desktop.simulator.encode import Texts
from virtuoso_desktop.simulator.fault_board import FaultBoard
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.limits import Allowance, RateLimiter, RateLimits
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.query import Listing
from virtuoso_desktop.simulator.rest import ROUTE_NOT_FOUND, Endpoint, RestApi, envelope
from virtuoso_desktop.simulator.stream import Client, Streams
from virtuoso_desktop.simulator.topics import BookState

HOST = "127.0.0.1"
_STREAM_PATHS = {f"/v5/public/{category}": category for category in ("linear", "spot", "inverse")}
_JSON = "application/json; charset=utf-8"
_SHUTDOWN_S = 0.5
log = logging.getLogger(__name__)


class SkewedClock:
    """The venue's clock as faults set it; ahead or behind it runs at the same rate."""

    def __init__(self, clock: Clock, faults: FaultBoard) -> None:
        self._clock = clock
        self._faults = faults

    @property
    def rate(self) -> float:
        return self._clock.rate

    def now_ns(self) -> int:
        return self._clock.now_ns() + self._faults.skew_ms * 1_000_000

    def now_ms(self) -> int:
        return self._clock.now_ms() + self._faults.skew_ms


class SimulatedExchange:
    """A venue at ``http_url`` and ``ws_url`` while the ``async with`` block runs.

    Parameters
    ----------
    market : MarketSource
        Where every number comes from.
    clock : Clock
        Venue time.
    port : int
        TCP port on loopback; 0 takes a free one. A taken port raises OSError.
    limits : RateLimits
        Limits per address and endpoint, in real seconds.
    faults : iterable of Fault
        Injected at start.
    """

    def __init__(
        self,
        market: MarketSource,
        clock: Clock,
        *,
        port: int = 0,
        limits: RateLimits | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        self._faults = FaultBoard(time.monotonic, clock)
        self._clock = clock = SkewedClock(clock, self._faults)
        self._wanted_port = port
        self._planned_faults = tuple(faults)
        self._limiter = RateLimiter(limits or RateLimits(), time.monotonic)
        self._listing = Listing(market, self._faults.standing)
        self.streams = Streams(market, self._listing, clock, self._faults)
        deep_book = partial(self.streams.book, depth=1000)
        self._api = RestApi(market, self._listing, deep_book, clock, self._faults.maintenances)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="simulator")
        self._supervisor = Supervisor()
        self._port = 0
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, HOST, self._wanted_port)
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        for fault in self._planned_faults:
            self._faults.inject(fault)
        self.streams.start(self._supervisor, self._worker)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._supervisor.stop()
        self.streams.close_all()
        await self._runner.cleanup()
        self._worker.shutdown(wait=False, cancel_futures=True)

    @property
    def http_url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self._port}"

    def book(self, instrument_id: InstrumentId, depth: int) -> BookState:
        """The book of this depth as its subscribers have it now."""
        return self.streams.book(self._listing.by_id[instrument_id], depth)

    def texts(self, instrument_id: InstrumentId) -> Texts:
        """How this venue writes an instrument's prices and sizes."""
        return self._listing.texts[instrument_id]

    def inject(self, fault: Fault) -> None:
        """Let a fault happen; its ``at_s`` counts from now. Raises ConfigError when it makes no sense."""
        self._faults.inject(fault)

    def heal(self) -> None:
        """End all faults now, also those that have not begun."""
        self._faults.heal()

    # --- requests ---

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        category = _STREAM_PATHS.get(request.path)
        if category is not None and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._stream(request, category)
        return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path if request.path in self._api.endpoints else "unknown"
        allowance = self._limiter.admit(request.remote or "", path)
        if allowance.banned:
            return web.Response(status=403, text="403, access too frequent", content_type="text/plain")
        now_ms = self._clock.now_ms()
        headers = self._limit_headers(allowance, now_ms)
        if allowance.exceeded:
            body = envelope({}, now_ms, rest_faults.TOO_MANY_VISITS, "Too many visits! Exceeded the API Rate Limit.")
            return web.Response(body=body, headers=headers)
        endpoint = self._api.endpoints.get(path) if request.method == "GET" else None
        if endpoint is None:
            body = envelope({}, now_ms, ROUTE_NOT_FOUND, "Route not found.")
            return web.Response(status=404, body=body, headers=headers)
        asked = request.query
        fault = self._faults.request(path, asked.get("category", ""), asked.get("symbol", ""))
        if fault is not None and fault.fault is FaultKind.RESET:
            return rest_faults.cut(request)
        if fault is not None and not rest_faults.needs_the_answer(fault):
            return rest_faults.refused(fault, headers, now_ms)
        body = await self._body(endpoint, request.rel_url.raw_query_string)
        if fault is not None:
            return await rest_faults.broken(fault, request, body, headers)
        return web.Response(body=body, headers=headers)

    async def _body(self, endpoint: Endpoint, query: str) -> bytes:
        if not endpoint.heavy:
            return self._api.answer(endpoint, query)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._api.answer, endpoint, query)

    def _limit_headers(self, allowance: Allowance, now_ms: int) -> dict[str, str]:
        reset_ms = now_ms + round(allowance.reset_in_s * 1000 * self._clock.rate)
        return {
            "Content-Type": _JSON,
            "X-Bapi-Limit": str(allowance.limit),
            "X-Bapi-Limit-Status": str(allowance.remaining),
            "X-Bapi-Limit-Reset-Timestamp": str(reset_ms),
        }

    async def _stream(self, request: web.Request, category: str) -> web.StreamResponse:
        fault = self._faults.handshake(category)
        if fault is not None:
            return rest_faults.page(fault.code or 503)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        client = Client(str(uuid.uuid4()), category, transport)
        self.streams.join(client)
        log.info("%s client %s connected", category, client.connection_id)
        try:
            async for message in socket:
                if message.type in (web.WSMsgType.TEXT, web.WSMsgType.BINARY):
                    self.streams.receive(client, message.data)
        finally:
            self.streams.leave(client)
            log.info("%s client %s left", category, client.connection_id)
        return socket
