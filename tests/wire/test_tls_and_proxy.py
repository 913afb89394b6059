"""The way to the real venue: TLS and an HTTP proxy, for requests and streams alike."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import struct
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve

from tests.running import until
from tests.wire import fake_bybit
from tests.wire.fake_bybit import fake_rest, fake_stream, ok
from tests.wire.test_bybit_stream import BTC, FAST, Client, of
from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.exchanges.rest_client import RestSettings
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.model.errors import LinkError
from virtuoso_desktop.model.market import Trade

TIME = ok({"timeSecond": "1", "timeNano": "1000000000"})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this computer that nothing trusts by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "venue of a test")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "venue.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return path


@contextlib.asynccontextmanager
async def secure_venue(certificate: Path) -> AsyncGenerator[tuple[str, str, list[ServerConnection]], None]:
    """(https endpoint, wss endpoint, connections): answers subscriptions and the time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    connections: list[ServerConnection] = []

    async def stream(connection: ServerConnection) -> None:
        connections.append(connection)
        with contextlib.suppress(Exception):
            async for _ in connection:
                for topic in ("tickers.BTCUSDT", "orderbook.50.BTCUSDT"):
                    await connection.send(fake_bybit.first_frame(topic) or "")

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(TIME)

    application = web.Application()
    application.router.add_get("/v5/market/time", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    async with serve(stream, "127.0.0.1", 0, ssl=context, compression=None, close_timeout=0.1) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"https://localhost:{runner.addresses[0][1]}", f"wss://localhost:{port}", connections
    await runner.cleanup()


@contextlib.asynccontextmanager
async def connected(endpoints: BybitEndpoints) -> AsyncGenerator[Client, None]:
    made = Client("", Supervisor(), FAST)
    settings = RestSettings(requests_per_s=100.0, total_timeout_s=2.0, first_retry_s=0.01, most_retry_s=0.05)
    sink = made.events.append
    made.adapter = BybitAdapter(endpoints, sink, LiveClock(), Supervisor(), settings, FAST)
    made.adapter.states.connect(made.states.append)
    made.adapter.subscribe(of(BTC))
    try:
        yield made
    finally:
        await made.adapter.close()


async def test_trusted_tls_works_for_both_sides_and_a_flood_over_it_stays_in_order(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with secure_venue(certificate) as (https, wss, connections), connected(BybitEndpoints(https, wss)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        assert (await c.adapter.server_time()).venue_ms == 1000
        payloads = [fake_bybit.trade_frame(number=number).encode() for number in range(3000)]
        data = b"".join(b"\x81\x7e" + struct.pack("!H", len(p)) + p for p in payloads)
        connections[0].transport.write(data)
        await until(lambda: c.count(Trade) == 3000, "all trades")
        trades = [event.trade_id for event in c.events if isinstance(event, Trade)]
        assert trades == [f"t{number}" for number in range(3000)]


async def test_an_untrusted_certificate_is_refused_in_words(certificate: Path) -> None:
    async with secure_venue(certificate) as (https, wss, _), connected(BybitEndpoints(https, wss)) as c:
        await until(lambda: c.phase is LinkPhase.BACKOFF, "the refusal")
        assert "certificate cannot be trusted" in (c.states[-1].reason or "")
        with pytest.raises(LinkError) as caught:
            await c.adapter.server_time()
        assert "certificate cannot be trusted" in caught.value.user_text


class FakeProxy:
    """Leads every host to one port of this computer; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ports: dict[str, int] = {}
        self.status = b"200 Connection established"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # the client went away while it connected
            writer.close()
            return
        method, target = head.split(b" ")[:2]
        self.asked.append(f"{method.decode()} {target.decode()}")
        if self.status[:3] != b"200":
            writer.write(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        host = target.decode().removeprefix("http://").partition("/")[0]
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.ports[host.partition(":")[0]])
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
        else:
            upstream.write(head.replace(b"http://" + host.encode(), b"", 1))
        await asyncio.gather(self._copy(reader, upstream), self._copy(upstream_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


async def test_one_proxy_serves_requests_and_streams() -> None:
    proxy = FakeProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with fake_rest() as rest, fake_stream() as stream:
        rest.answer = lambda path, query: TIME
        proxy.ports = {"api.venue.test": port_of(rest.url), "stream.venue.test": port_of(stream.url)}
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        endpoints = BybitEndpoints("http://api.venue.test", "ws://stream.venue.test", url)
        async with server, connected(endpoints) as c:
            await until(lambda: c.phase is LinkPhase.LIVE, "live")
            assert (await c.adapter.server_time()).venue_ms == 1000
        assert proxy.asked == ["CONNECT stream.venue.test:80", "GET http://api.venue.test/v5/market/time"]
        await until(lambda: not stream.connections, "the end of the stream")


async def test_a_proxy_that_intercepts_is_refused_in_words(certificate: Path) -> None:
    proxy = FakeProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with secure_venue(certificate) as (https, wss, _):
        proxy.ports = {"api.venue.test": port_of(https), "stream.venue.test": port_of(wss)}
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        endpoints = BybitEndpoints("https://api.venue.test", "wss://stream.venue.test", url)
        async with server, connected(endpoints) as c:
            await until(lambda: c.phase is LinkPhase.BACKOFF, "the refusal")
            assert "certificate cannot be trusted" in (c.states[-1].reason or "")
            with pytest.raises(LinkError, match="certificate cannot be trusted"):
                await c.adapter.server_time()


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"503 Service Unavailable"])
async def test_a_proxy_that_refuses_is_named(status: bytes) -> None:
    proxy = FakeProxy()
    proxy.status = status
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, connected(BybitEndpoints("https://api.venue.test", "ws://stream.venue.test", url)) as c:
        await until(lambda: c.phase is LinkPhase.BACKOFF, "the refusal")
        assert f"the proxy refused the connection: HTTP {status[:3].decode()}" in (c.states[-1].reason or "")
        with pytest.raises(LinkError) as caught:
            await c.adapter.server_time()
        assert "proxy" in caught.value.user_text


async def test_the_proxys_environment_variables_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    answers: Any = TIME
    async with fake_rest() as rest, fake_stream() as stream:
        rest.answer = lambda path, query: answers
        async with connected(BybitEndpoints(rest.url, stream.url)) as c:
            await until(lambda: c.phase is LinkPhase.LIVE, "live")
            assert (await c.adapter.server_time()).venue_ms == 1000
