"""ccxt loads small, or the pin is wrong. In processes of their own: imports cannot be undone."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

PROBE = """
import asyncio, builtins, json, resource, sys
def foreign(*args, **kwargs):
    calls.append(args[0])
    return plain(*args, **kwargs)
calls, plain = [], builtins.__import__
import aiohttp, msgspec
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from virtuoso_desktop.exchanges.lazy_ccxt import load_exchange
assert "ccxt" not in sys.modules, "ccxt is loaded before it is asked for"
builtins.__import__ = foreign
calls.clear()
venue = asyncio.run(load_exchange("bybit"))
assert builtins.__import__ is foreign, "the import function was not put back"
exchange = venue.create()
import ccxt.base.errors
print(json.dumps({
    "modules": sorted(name for name in sys.modules if name.split(".")[0] == "ccxt"),
    "foreign": [name for name in calls if name.startswith("ccxt") and name != "ccxt.base.errors"],
    "grown_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    "key": exchange.apiKey, "throttled": exchange.enableRateLimit, "is_error": issubclass(
        ccxt.base.errors.RateLimitExceeded, venue.base_error),
    "endpoints": [hasattr(exchange, "public_get_v5_market_" + name) for name in (
        "time", "kline", "instruments_info", "orderbook", "tickers", "recent_trade", "funding_history",
        "open_interest", "account_ratio", "mark_price_kline", "index_price_kline", "premium_index_price_kline")],
}))
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.own_process
def test_only_the_one_exchange_is_loaded() -> None:
    probe = json.loads(run(PROBE))
    exchanges = {
        name for name in probe["modules"] if name.count(".") == 2 and ".base" not in name and ".abstract" not in name
    }
    assert exchanges == {"ccxt.async_support.bybit"}
    assert len(probe["modules"]) < 30
    assert not any(name.startswith("ccxt.pro") for name in probe["modules"])
    assert probe["foreign"] == [], "modules were imported through the replaced function"
    assert probe["grown_mb"] < 45
    assert not probe["key"]
    assert not probe["throttled"]
    assert probe["is_error"]
    assert all(probe["endpoints"])


@pytest.mark.own_process
def test_a_whole_ccxt_that_is_there_already_is_used() -> None:
    code = """
import asyncio, ccxt.async_support
from virtuoso_desktop.exchanges.lazy_ccxt import load_exchange
venue = asyncio.run(load_exchange("bybit"))
assert issubclass(venue.exchange_class, ccxt.async_support.bybit)
"""
    run(code)


@pytest.mark.own_process
def test_a_failed_import_puts_the_import_function_back() -> None:
    code = """
import asyncio, builtins
from virtuoso_desktop.exchanges.lazy_ccxt import load_exchange
builtins.__import__ = marked = lambda *args, plain=builtins.__import__, **kwargs: plain(*args, **kwargs)
try:
    asyncio.run(load_exchange("nowhere"))
except ModuleNotFoundError as error:
    assert error.name == "ccxt.async_support.nowhere"
else:
    raise AssertionError
assert builtins.__import__ is marked
"""
    run(code)


def test_the_version_is_the_pinned_one() -> None:
    assert importlib.metadata.version("ccxt") == "4.5.90", (
        "look at lazy_ccxt and on_rest_response before moving the pin"
    )
