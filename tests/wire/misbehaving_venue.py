"""A venue on this computer that answers wrongly in every way a network can, with certificates of any kind."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import ssl
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS = "127.0.0.2"
"""Of this computer, but not the address that filters answer with."""
API, STREAM = "api.venue.test", "stream.venue.test"
DAY = dt.timedelta(days=1)


class Authority:
    """Signs certificates. ``trusted`` is a context that believes it and nobody else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        now = dt.datetime.now(dt.UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - 1000 * DAY)
            .not_valid_after(now + 1000 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        file = folder / "authority.pem"
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        self.trusted = ssl.create_default_context(cafile=str(file))

    def server(
        self, names: tuple[str, ...] = (API, STREAM), since_days: float = -1, until_days: float = 1
    ) -> ssl.SSLContext:
        """A server's context whose certificate is for ``names`` and valid between two days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + since_days * DAY)
            .not_valid_after(now + until_days * DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self._folder / f"{time.monotonic_ns()}.pem"
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@dataclass
class Behaviour:
    """What the venue does; by default everything right."""

    status: int = 200
    body: str | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    ahead_ms: int = 0
    rows: list[dict[str, str]] = field(default_factory=list)
    stalls: bool = False
    stream_status: int = 101
    stream_body: str = ""
    stream: str = "data"
    asked: list[str] = field(default_factory=list)


def _ok(result: object) -> str:
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "time": 0})


@contextlib.asynccontextmanager
async def venue(does: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """The port of a venue that behaves so."""
    ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        does.asked.append(request.path)
        if does.stalls:
            await ended.wait()
        if request.path == "/v5/system/status":
            return web.Response(text=_ok({"list": does.rows}), content_type="application/json")
        if does.status != 200 or does.body is not None:
            return web.Response(
                status=does.status, text=does.body or "", content_type=does.content_type, headers=does.headers
            )
        now_ns = time.time_ns() + does.ahead_ms * 1_000_000
        text = _ok({"timeSecond": str(now_ns // 10**9), "timeNano": str(now_ns)})
        return web.Response(text=text, content_type="application/json")

    async def stream(request: web.Request) -> web.StreamResponse:
        does.asked.append(request.path)
        if does.stream_status != 101:
            return web.Response(status=does.stream_status, text=does.stream_body)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT or does.stream == "silent":
                continue
            ack = {"op": "subscribe", "success": does.stream == "data", "ret_msg": "topic not found", "conn_id": "1"}
            await socket.send_str(json.dumps(ack, separators=(",", ":")))
            await socket.send_str('{"topic":"tickers.BTCUSDT","type":"snapshot","ts":1,"data":{}}')
        return socket

    app = web.Application()
    app.router.add_get("/v5/public/linear", stream)
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, ADDRESS, 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        ended.set()
        await runner.cleanup()


@contextlib.asynccontextmanager
async def raw_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], address: str = ADDRESS
) -> AsyncGenerator[int]:
    """The port of a server that does anything with a connection."""
    serving: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        serving.add(own)
        try:
            found = serve(reader, writer)
            if asyncio.iscoroutine(found):
                await found
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # it is over, one way or the other
        finally:
            writer.transport.abort()
            serving.discard(own)

    server = await asyncio.start_server(handle, address, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        left = tuple(serving)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0.02)  # what they awaited ends too
