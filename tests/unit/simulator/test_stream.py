from __future__ import annotations

import asyncio
from typing import Any

import pytest

from virtuoso_desktop.simulator.encode import text_frame
from virtuoso_desktop.simulator.stream import MOST_UNSENT_BYTES, Client


class Wire(asyncio.Transport):
    """A transport that keeps what is written; ``unread`` is what the peer has not taken yet."""

    def __init__(self, unread: int = 0) -> None:
        super().__init__()
        self.unread = unread
        self.written = b""
        self.end = ""

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return bool(self.end)

    def close(self) -> None:
        self.end = "closed"

    def abort(self) -> None:
        self.end = "aborted"


@pytest.mark.logs("client c does not read: dropped")
def test_a_client_that_does_not_read_is_dropped() -> None:
    wire = Wire(unread=MOST_UNSENT_BYTES)
    client = Client("c", "linear", wire)
    client.write(b"one")
    assert wire.end == ""
    wire.unread += 1
    client.write(b"two")
    assert wire.end == "aborted"
    client.write(b"three")
    client.close()
    client.reset(b"four")
    assert wire.written == b"onetwo"


def test_a_reset_sends_half_a_frame() -> None:
    wire = Wire()
    frame = text_frame(b"x" * 300)
    Client("c", "linear", wire).reset(frame)
    assert wire.end == "aborted"
    assert wire.written == frame[:152]


def test_closing_says_going_away() -> None:
    wire = Wire()
    Client("c", "linear", wire).close()
    assert wire.written[:4] == b"\x88\x0c\x03\xe9"
    assert wire.end == "closed"
