"""The way to a venue's hosts, step by step: name, connection, certificate, or the proxy in their place.

Each step is tried with plain sockets, so that what fails is known and not only that something did.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

import msgspec

from virtuoso_desktop.exchanges import diagnosis
from virtuoso_desktop.exchanges.diagnosis import EXPIRED, NOT_YET_VALID, Words
from virtuoso_desktop.exchanges.network import Network

MOST_ADDRESSES = 4
WRONG_DATE_S = 86_400.0
Resolver = Callable[[str, int], Awaitable[list[str]]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def system_addresses(host: str, port: int) -> list[str]:
    """Addresses of a name as this computer looks them up. Raises socket.gaierror."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class WayTimes(msgspec.Struct, frozen=True):
    """Deadlines of the single steps in real seconds."""

    resolve_s: float = 6.0
    connect_s: float = 6.0
    tls_s: float = 8.0
    answer_s: float = 12.0
    stream_s: float = 12.0


class Target:
    """One host to be reached, and how far that went.

    Parameters
    ----------
    endpoint : str
        Scheme and host.
    proxy : str or None
        What leads to it.

    Attributes
    ----------
    addresses : list of str
        What its name leads to, the one that answered first.
    is_lost : bool
        A step failed: nothing further is tried.
    """

    def __init__(self, endpoint: str, proxy: str | None) -> None:
        self.proxy = proxy
        parts = urlsplit(endpoint)
        self.is_secure = parts.scheme in ("https", "wss")
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.is_secure else 80)
        self.addresses: list[str] = []
        self.is_lost = False


class Way:
    """Tries the single steps to one target.

    Parameters
    ----------
    network : Network
        Certificates and proxy.
    resolve : Resolver
        Looks names up.
    times : WayTimes
        Deadlines.
    """

    def __init__(self, network: Network, resolve: Resolver, times: WayTimes) -> None:
        self._network = network
        self._resolve = resolve
        self._times = times

    async def look_up(self, target: Target) -> BaseException | None:
        """Fill the target's addresses; what went wrong otherwise."""
        try:
            async with asyncio.timeout(self._times.resolve_s):
                target.addresses = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            return error
        return None

    async def connect(self, target: Target) -> BaseException | None:
        """Open a TCP connection to one of the addresses."""
        failure: BaseException | None = None
        for address in target.addresses[:MOST_ADDRESSES]:
            try:
                async with _opened(address, target.port, self._times.connect_s):
                    target.addresses.remove(address)
                    target.addresses.insert(0, address)
                    return None
            except OSError as error:
                failure = failure or error
        return failure

    async def secure(self, target: Target) -> Words | None:
        """Open a TLS connection; what is wrong, in words."""
        tls = await self._network.tls()
        try:
            async with _opened(target.addresses[0], target.port, self._times.tls_s, tls, target.host):
                return None
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in (EXPIRED, NOT_YET_VALID):
                ahead_s = await self._seconds_ahead(target)
                if ahead_s is not None and abs(ahead_s) > WRONG_DATE_S:
                    return diagnosis.wrong_date(target.host, ahead_s)
            return diagnosis.no_tls(target.host, error)
        except (OSError, EOFError) as error:
            return diagnosis.no_tls(target.host, error)

    async def _seconds_ahead(self, target: Target) -> float | None:
        """How far this computer's date is ahead of the server's; nothing else of the unverified answer is used."""
        unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        try:
            async with _opened(target.addresses[0], target.port, self._times.tls_s, unverified, target.host) as (
                reader,
                writer,
            ):
                writer.write(f"HEAD / HTTP/1.1\r\nHost: {target.host}\r\nConnection: close\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, EOFError, asyncio.LimitOverrunError):
            return None
        for line in head.decode("latin-1").splitlines():
            name, _, value = line.partition(":")
            if name.lower() == "date":
                with contextlib.suppress(ValueError):
                    return time.time() - parsedate_to_datetime(value.strip()).timestamp()
        return None

    async def through_proxy(self, target: Target) -> Words | None:
        """Ask the target's proxy for a connection to it; what is wrong, in words."""
        parts = urlsplit(target.proxy or "")
        named = f"{parts.hostname}:{parts.port or 80}"
        tls = await self._network.tls() if parts.scheme == "https" else None
        try:
            async with _opened(parts.hostname or "", parts.port or 80, self._times.connect_s, tls, parts.hostname) as (
                reader,
                writer,
            ):
                if not target.is_secure:
                    return None
                try:
                    status = await _ask_for(target, parts.username, parts.password, reader, writer)
                except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                    status = None
        except OSError as error:
            return diagnosis.no_proxy(named, error)
        return None if status == 200 else diagnosis.refusing_proxy(named, target.host, status, bool(parts.username))


async def _ask_for(
    target: Target, user: str | None, password: str | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> int:
    """Status of the proxy's answer to CONNECT. Raises ValueError when it is no HTTP."""
    where = f"{target.host}:{target.port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if user is not None:
        secret = base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {secret}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    version, _, rest = (await reader.readuntil(b"\r\n")).decode("latin-1").partition(" ")
    if not version.startswith("HTTP/"):
        raise ValueError("no HTTP")
    return int(rest.split(" ", 1)[0])


@contextlib.asynccontextmanager
async def _opened(
    address: str, port: int, deadline_s: float, tls: ssl.SSLContext | None = None, name: str | None = None
) -> AsyncGenerator[Streams]:
    """A connection for as long as the block lasts, at most for the deadline."""
    async with asyncio.timeout(deadline_s):
        reader, writer = await asyncio.open_connection(
            address, port, ssl=tls, server_hostname=name if tls is not None else None
        )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
