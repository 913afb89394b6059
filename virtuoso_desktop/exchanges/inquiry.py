"""Asking a venue once: one request, or one stream until its first data; what came instead is put into words."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from virtuoso_desktop.exchanges import diagnosis
from virtuoso_desktop.exchanges.base import Maintenance
from virtuoso_desktop.exchanges.diagnosis import Cause, Refusal, Words
from virtuoso_desktop.exchanges.network import Network
from virtuoso_desktop.exchanges.way import Resolver, Target, WayTimes, system_addresses

MOST_BODY_BYTES = 64 * 1024


class VenueProbe(NamedTuple):
    """What is the venue's own about it."""

    name: str
    time_path: str
    status_path: str
    stream_path: str
    subscribe: str
    """Asks the stream for a topic that is never silent."""
    data_head: bytes
    """Each frame of data begins so."""
    read_time: Callable[[Any], int]
    read_maintenance: Callable[[Any], list[Maintenance]]
    refused_topic: Callable[[bytes], str | None]


class Surroundings(NamedTuple):
    """Where to look and with what; tests bring their own."""

    rest_endpoint: str
    ws_endpoint: str
    network: Network
    now_ms: Callable[[], int]
    """The computer's clock."""
    environment_proxy: str | None = None
    """A proxy that the environment names and nobody follows, without password."""
    known_refusal: Refusal | None = None
    """A ban that is known of: then no request is sent, since each makes it last longer."""
    resolve: Resolver = system_addresses
    times: WayTimes = WayTimes()


class Answer(NamedTuple):
    """An HTTP answer; times by the computer's clock."""

    status: int
    headers: dict[str, str]
    body: str
    sent_ms: int
    received_ms: int


class KnownAddresses(AbstractResolver):
    """Tells aiohttp the addresses that were found already; other names (a proxy's) are looked up as usual."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC) -> list[ResolveResult]:
        for target in self._targets:
            if target.host == host and target.addresses:
                return [_entry(host, port, address) for address in target.addresses]
        return await ThreadedResolver().resolve(host, port, family)

    async def close(self) -> None:
        """Nothing is held."""


def _entry(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


class Inquiry:
    """Requests to one target and a stream of another.

    Parameters
    ----------
    around : Surroundings
        Endpoints, certificates, deadlines.
    probe : VenueProbe
        What to ask.
    rest, stream : Target
        Both sides of the venue, as far as they were reached.
    """

    def __init__(self, around: Surroundings, probe: VenueProbe, rest: Target, stream: Target) -> None:
        self._around = around
        self._probe = probe
        self._rest = rest
        self._stream = stream
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, path: str) -> Answer | Words:
        """One request; why there is no answer, in words."""
        around = self._around
        if self._session is None:
            connector = aiohttp.TCPConnector(
                ssl=await around.network.tls(), resolver=KnownAddresses([self._rest, self._stream])
            )
            self._session = aiohttp.ClientSession(connector=connector, trust_env=False)
        sent_ms = around.now_ms()
        try:
            async with (
                asyncio.timeout(around.times.answer_s),
                self._session.get(
                    around.rest_endpoint.rstrip("/") + path,
                    proxy=self._rest.proxy,
                    allow_redirects=False,
                ) as answer,
            ):
                body = await answer.content.read(MOST_BODY_BYTES)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, headers, body.decode("utf-8", "replace"), sent_ms, around.now_ms())
        except aiohttp.ClientConnectorCertificateError as error:
            return diagnosis.no_tls(self._rest.host, error.certificate_error)
        except aiohttp.ClientHttpProxyError as error:
            named = urlsplit(self._rest.proxy or "")
            where = f"{named.hostname}:{named.port}"
            return diagnosis.refusing_proxy(where, self._rest.host, error.status, bool(named.username))
        except (aiohttp.ClientError, OSError) as error:
            return diagnosis.no_answer(self._rest.host, error)

    def result_of(self, answer: Answer) -> Any:
        """The venue's result, or the refusal that the answer is."""
        host = self._rest.host
        refusal = diagnosis.refused_request(host, answer.status, answer.body)
        if refusal is not None:
            return refusal
        try:
            payload: Any = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return diagnosis.no_data(host, answer.headers)
        fields = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
        code = fields.get("retCode")
        if not isinstance(code, int):
            return diagnosis.no_data(host, answer.headers)
        return fields.get("result") if code == 0 else diagnosis.refused_code(host, code, str(fields.get("retMsg", "")))

    async def open_stream(self) -> Refusal | None:
        """Open the stream, ask for a topic, wait for data; what came instead."""
        around, host = self._around, self._stream.host
        proxy = self._stream.proxy
        place: dict[str, Any] = {}
        if proxy is None:
            place = {"host": self._stream.addresses[0], "port": self._stream.port}
        tls = await around.network.tls() if self._stream.is_secure else None
        if tls is not None:
            place["server_hostname"] = host
        url = around.ws_endpoint.rstrip("/") + self._probe.stream_path
        is_open = False
        try:
            async with (
                asyncio.timeout(around.times.stream_s),
                connect(
                    url, compression=None, proxy=proxy, ssl=tls, open_timeout=None, close_timeout=0.5, **place
                ) as stream,
            ):
                is_open = True
                await stream.send(self._probe.subscribe)
                while True:
                    frame = await stream.recv(decode=False)
                    if frame.startswith(self._probe.data_head):
                        return None
                    refused = self._probe.refused_topic(frame)
                    if refused is not None:
                        return Refusal(Cause.OTHER, diagnosis.no_stream(host, ValueError(refused)))
        except InvalidStatus as error:
            status, body = error.response.status_code, (error.response.body or b"").decode("utf-8", "replace")
            refusal = diagnosis.refused_request(host, status, body)
            return refusal or Refusal(Cause.OTHER, diagnosis.no_stream(host, ValueError(f"http {status}")))
        except TimeoutError as error:
            words = (
                diagnosis.silent_stream(host, around.times.stream_s) if is_open else diagnosis.no_stream(host, error)
            )
            return Refusal(Cause.OTHER, words)
        except (OSError, EOFError, WebSocketException) as error:
            return Refusal(Cause.OTHER, diagnosis.no_stream(host, error))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
