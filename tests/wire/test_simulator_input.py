"""Whatever a client sends, the simulated venue answers and lives."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_market import T0_MS, FakeMarket
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.simulator import operations
from virtuoso_desktop.simulator.operations import BadOperation
from virtuoso_desktop.simulator.query import Listing
from virtuoso_desktop.simulator.rest import RestApi
from virtuoso_desktop.simulator.topics import BookState, book_at

NOW_MS = T0_MS + DAY_MS
MARKET = FakeMarket()
LISTING = Listing(MARKET)


def deep_book(instrument: Instrument) -> BookState:
    return book_at(MARKET, instrument, 50, NOW_MS, 5)


API = RestApi(MARKET, LISTING, deep_book, ManualClock(NOW_MS))


def answered(text: str | bytes) -> dict[str, Any]:
    """The answer to one message of a client, as JSON."""
    try:
        operation = operations.decode(text)
        if operation.name == "subscribe":
            operations.check_subscribe("linear", operation, {}, LISTING)
        return json.loads(operations.ack("linear", "c", operation))
    except BadOperation as error:
        return json.loads(operations.refusal("c", error))


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["op", "args", "req_id"]) | st.text(), inner),
    max_leaves=8,
)
_topics = st.lists(st.text() | st.just("tickers.BTCUSDT") | st.sampled_from([".", "kline..", "orderbook.50.", "*"]))
_requests = st.fixed_dictionaries(
    {}, optional={"op": st.sampled_from(["subscribe", "unsubscribe", "ping"]) | _values, "args": _topics | _values}
)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes(message: bytes | str) -> None:
    assert answered(message)["success"] in (True, False)


@given(_requests | _values)
def test_any_json(message: Any) -> None:
    assert "ret_msg" in answered(json.dumps(message))


@pytest.mark.parametrize(
    "message", ["[" * 100_000, '{"op":' * 5_000, '{"op":"ping","req_id":"\\ud800"}', '{"op":1e999}']
)
def test_hostile_messages(message: str) -> None:
    assert "ret_msg" in answered(message)


_names = st.sampled_from(["category", "symbol", "interval", "limit", "start", "end", "cursor", "status", "baseCoin"])
_words = st.sampled_from(
    ["linear", "spot", "inverse", "option", "BTCUSDT", "1", "D", "0", "-1", "9" * 16, "%", "%2525"]
)


@given(
    st.sampled_from(sorted(API.endpoints)),
    st.lists(st.tuples(_names, _words | st.text(max_size=8)), max_size=6).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
    )
    | st.text(max_size=40),
)
def test_any_query(path: str, query: str) -> None:
    answer = msgspec.json.decode(API.answer(API.endpoints[path], query))
    assert answer["retCode"] in (0, 10001)
    assert answer["time"] == NOW_MS
