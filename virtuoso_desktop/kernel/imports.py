"""Imports past PySide6's hook.

PySide6 replaces ``builtins.__import__`` by one that reads the source of every module imported later, which
doubles the memory of large packages and triples their time.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import os
import sys
import threading
import types
from collections.abc import Generator
from typing import Any

SWITCH_INTERVAL_S = 0.0005
"""How long a worker may hold the interpreter while the window wants it."""


_lock = threading.Lock()
_replaced: list[Any] = []
"""What each phase found in ``builtins.__import__``; the first is what stands there in the end."""


@contextlib.contextmanager
def plain_imports() -> Generator[None]:
    """Python's own ``__import__`` for the duration; several workers may be inside at once."""
    with _lock:
        _replaced.append(builtins.__import__)
        builtins.__import__ = importlib.__import__
    try:
        yield
    finally:
        with _lock:
            last = _replaced.pop()
            if not _replaced:
                builtins.__import__ = last


@contextlib.contextmanager
def short_switches() -> Generator[None]:
    """Let the main thread in more often while workers import."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)


def import_all(*names: str) -> None:
    """Import modules by name; for a worker, so that the main thread finds them loaded."""
    with plain_imports():
        for name in names:
            importlib.import_module(name)


def import_without(name: str, optional: str) -> None:
    """Import a module that would import ``optional`` and does as well without; the latter stays free for others."""
    if optional in sys.modules:
        importlib.import_module(name)
        return
    sys.modules[optional] = None  # type: ignore[assignment] (Python's own way to refuse an import)
    try:
        importlib.import_module(name)
    finally:
        del sys.modules[optional]


def import_uuid() -> None:
    """Import ``uuid``, which msgspec needs, without ``platform`` and its expressions: it asks for one word of it."""
    if "platform" in sys.modules or not hasattr(os, "uname"):
        return
    stand_in = types.ModuleType("platform")
    stand_in.system = lambda: os.uname().sysname  # type: ignore[attr-defined]
    sys.modules["platform"] = stand_in
    try:
        importlib.import_module("uuid")
    finally:
        del sys.modules["platform"]
