"""Failures in words, and the proxy's reach."""

from __future__ import annotations

import socket
import ssl

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidStatus, InvalidUpgrade, PayloadTooBig, ProtocolError
from websockets.http11 import Response

from virtuoso_desktop.exchanges.network import Network, failure_words


def test_the_proxy_is_never_used_for_this_computer() -> None:
    network = Network("http://proxy.example:3128")
    assert network.proxy_for("wss://stream.bybit.com/v5/public/linear") == "http://proxy.example:3128"
    for url in ("ws://127.0.0.1:9001/v5", "http://localhost:1", "http://[::1]:1"):
        assert network.proxy_for(url) is None
    assert Network().proxy_for("https://api.bybit.com") is None


async def test_certificates_are_read_once() -> None:
    network = Network()
    context = await network.tls()
    assert await network.tls() is context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) > 50


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "the connection broke off"),
        (EOFError("stream ends"), "the connection broke off"),
        (
            InvalidStatus(Response(403, "Forbidden", Headers())),
            "the exchange refused the connection: HTTP 403 Forbidden",
        ),
        (InvalidMessage("did not receive a valid HTTP response"), "the connection broke off during the handshake"),
        (InvalidUpgrade("Upgrade", "h2c"), "the exchange's answer is no WebSocket handshake"),
        (PayloadTooBig(2, 1), "the exchange sent a message above the size limit"),
        (ProtocolError("invalid opcode"), "the exchange broke the WebSocket protocol: invalid opcode"),
        (TimeoutError(), "no answer in time"),
        (
            socket.gaierror(-2, "Name or service not known"),
            "the host name cannot be resolved (is the computer offline?)",
        ),
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), "connection refused"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection reset by peer"),
        (NameError("name 'x' is not defined"), "an error inside this program (NameError)"),
        (OSError(101, "Network is unreachable"), "network is unreachable"),
    ],
)
def test_every_failure_has_words_for_a_person(error: BaseException | None, words: str) -> None:
    assert failure_words(error) == words
