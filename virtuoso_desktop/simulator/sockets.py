"""Ends of connections that no library offers."""

from __future__ import annotations

import asyncio
import os
import socket
import struct

_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


def break_connection(transport: asyncio.Transport) -> None:
    """End a TCP connection by reset: what is unsent or unread is lost on both sides."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()
