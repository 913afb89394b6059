"""Unit tests use no sockets and no child processes: what they test gets those by argument."""

from __future__ import annotations

import sys
from typing import Any

import pytest

_FORBIDDEN = frozenset({"socket.connect", "socket.bind", "subprocess.Popen", "os.posix_spawn"})
_armed = False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if _armed and event in _FORBIDDEN:
        raise AssertionError(f"{event} in a unit test: {arguments[-1]!r}")


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    global _armed
    _armed = item.get_closest_marker("own_process") is None
    try:
        return (yield)
    finally:
        _armed = False
