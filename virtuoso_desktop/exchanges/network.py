"""How the network is reached, by requests and streams alike, and its failures in words."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import certifi
from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidProxyStatus,
    InvalidStatus,
    PayloadTooBig,
    ProtocolError,
    ProxyError,
    WebSocketException,
)

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this computer."""
    return urlsplit(url).hostname in LOOPBACK_HOSTS


class Network:
    """One proxy and one set of trusted certificates for everything that leaves this computer.

    Parameters
    ----------
    proxy : str, optional
        ``http://host:port`` or ``https://host:port``; never used for this computer itself.
    """

    def __init__(self, proxy: str | None = None) -> None:
        self._proxy = proxy
        self._tls: ssl.SSLContext | None = None

    def proxy_for(self, url: str) -> str | None:
        return None if is_loopback(url) else self._proxy

    async def tls(self) -> ssl.SSLContext:
        """Certificates of the system and of certifi; read once, in a worker (it takes 20-50 ms)."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(_trust)
        return self._tls


def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


def _status_words(error: InvalidStatus) -> str:
    response = error.response
    return f"the exchange refused the connection: HTTP {response.status_code} {response.reason_phrase}".rstrip()


# The first class that fits counts, so subclasses stand above their bases.
_WORDS: tuple[tuple[type[BaseException], str | Callable[[Any], str]], ...] = (
    (EOFError, "the connection broke off"),
    (InvalidStatus, _status_words),
    (InvalidProxyStatus, lambda error: f"the proxy refused the connection: HTTP {error.response.status_code}"),
    (ProxyError, "the proxy cannot be used"),
    (InvalidMessage, "the connection broke off during the handshake"),
    (InvalidHandshake, "the exchange's answer is no WebSocket handshake"),
    (PayloadTooBig, "the exchange sent a message above the size limit"),
    (ProtocolError, lambda error: f"the exchange broke the WebSocket protocol: {error}"),
    (TimeoutError, "no answer in time"),
    (socket.gaierror, "the host name cannot be resolved (is the computer offline?)"),
    (ssl.SSLCertVerificationError, lambda error: f"the certificate cannot be trusted: {error.verify_message}"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset by peer"),
    (OSError, lambda error: str(error.strerror or error).lower()),
    (WebSocketException, str),
)


def failure_words(error: BaseException | None) -> str:
    """What went wrong on the network, for a person; without names of classes."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words if isinstance(words, str) else words(error)
    return "the connection broke off" if error is None else f"an error inside this program ({type(error).__name__})"
