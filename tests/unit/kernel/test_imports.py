"""Imports past a replaced ``__import__``."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from virtuoso_desktop.kernel.imports import plain_imports


def hook(*args: Any, **options: Any) -> Any:
    """Stand where PySide6's import function stands."""
    return importlib.__import__(*args, **options)


@pytest.fixture(autouse=True)
def _hooked() -> Iterator[None]:
    before = builtins.__import__
    builtins.__import__ = hook
    yield
    builtins.__import__ = before


def test_python_own_import_stands_there_for_the_duration() -> None:
    with plain_imports():
        assert builtins.__import__ is importlib.__import__
    assert builtins.__import__ is hook


def test_two_workers_inside_at_once_leave_the_hook_as_it_was() -> None:
    first, second = plain_imports(), plain_imports()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert builtins.__import__ is importlib.__import__, "the second is still inside"
    second.__exit__(None, None, None)
    assert builtins.__import__ is hook


def test_a_failing_import_gives_the_hook_back() -> None:
    with pytest.raises(ModuleNotFoundError), plain_imports():
        importlib.import_module("no_such_module")
    assert builtins.__import__ is hook


@pytest.mark.own_process
def test_an_import_goes_without_what_it_need_not_have() -> None:
    code = """
import sys
from virtuoso_desktop.kernel.imports import import_without
import_without("msgspec", "typing_extensions")
assert "msgspec" in sys.modules and "typing_extensions" not in sys.modules
import msgspec, typing
class Row(typing.TypedDict):
    price: float
    mark: typing.NotRequired[float]
assert msgspec.json.decode(b'{"price":1}', type=Row) == {"price": 1.0}
import typing_extensions
import_without("msgspec.json", "typing_extensions")
assert sys.modules["typing_extensions"] is typing_extensions
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.own_process
@pytest.mark.skipif(not hasattr(os, "uname"), reason="there uuid needs no platform")
def test_uuid_comes_without_platform_and_says_the_same() -> None:
    code = """
import sys
from virtuoso_desktop.kernel.imports import import_uuid
import_uuid()
assert "platform" not in sys.modules
import platform, uuid
assert platform.system() and hasattr(platform, "python_version")
assert uuid._LINUX == (platform.system() == "Linux")
assert len(str(uuid.uuid4())) == 36 and uuid.getnode()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
