"""Loads one ccxt exchange class without the hundred others, in a worker.

ccxt's two package initialisers import every exchange (149 MB, 2 s). Empty stand-ins take their place,
so that only the class asked for and its bases load (29 MB, 0.3 s). PySide6 replaces
``builtins.__import__`` and reads every later module's source, so the plain one is put back meanwhile.
Depends on ccxt's inner layout: the version is pinned and a test holds it.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import sys
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import msgspec

from virtuoso_desktop.kernel.imports import plain_imports

_STAND_INS = ("ccxt", "ccxt.async_support")
_BORROWED = ("ccxt.base.errors", "ccxt.base.exchange")
"""Where the names are that inner modules of ccxt ask of the package itself."""


class HttpAnswer(msgspec.Struct):
    """What came over HTTP, as ccxt's hook sees it: ccxt itself keeps only the newest answer of all requests."""

    status: int | None = None
    headers: dict[str, str] = {}
    body: str = ""


class CcxtExchange(Protocol):
    """The few parts of a ccxt exchange that are used: its implicit endpoint methods come by `getattr`."""

    urls: dict[str, Any]
    session: Any
    ssl_context: Any
    aiohttp_proxy: str | None
    timeout_on_exit: int

    async def close(self) -> None: ...


class CcxtVenue(msgspec.Struct, frozen=True):
    """A loaded exchange class and the base of the errors that it raises."""

    exchange_class: type[Any]
    base_error: type[Exception]

    def create(self, **config: Any) -> CcxtExchange:
        """A key-less instance that neither throttles nor retries."""
        return self.exchange_class({"enableRateLimit": False, **config})


ANSWER: ContextVar[HttpAnswer] = ContextVar("http answer")
"""Set it around a request; the exchange fills it in."""

_loading = asyncio.Lock()


async def load_exchange(name: str) -> CcxtVenue:
    """Import ``ccxt.async_support.NAME`` and aiohttp in a worker; at once when they are loaded."""
    async with _loading:
        return await asyncio.to_thread(_load, name)


def _load(name: str) -> CcxtVenue:
    with plain_imports():
        importlib.import_module("aiohttp")
        _put_stand_ins()
        module = importlib.import_module(f"ccxt.async_support.{name}")
        errors = importlib.import_module("ccxt.base.errors")
    return CcxtVenue(_recording(getattr(module, name)), errors.BaseError)


def _put_stand_ins() -> None:
    if "ccxt" in sys.modules:
        return
    spec = importlib.util.find_spec("ccxt")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("ccxt is not installed", name="ccxt")
    root = Path(spec.origin).parent
    for name in _STAND_INS:
        stand_in = ModuleType(name)
        stand_in.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        stand_in.__spec__ = importlib.util.spec_from_loader(name, None, is_package=True)
        stand_in.__getattr__ = _borrow  # type: ignore[method-assign]
        sys.modules[name] = stand_in


def _borrow(name: str) -> Any:
    if not name.startswith("__"):
        for source in _BORROWED:
            module = importlib.import_module(source)
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(name)


def _recording(exchange_class: type[Any]) -> type[Any]:
    """A subclass that notes status, headers and body of each answer for the one who asked."""

    def on_rest_response(exchange: Any, *answer: Any) -> Any:
        code, _, _, _, headers, body = answer[:6]
        noted = ANSWER.get(None)
        if noted is not None:
            noted.status = code
            noted.headers = {key.lower(): value for key, value in headers.items()}
            noted.body = body
        return exchange_class.on_rest_response(exchange, *answer)

    return type(exchange_class.__name__, (exchange_class,), {"on_rest_response": on_rest_response})
