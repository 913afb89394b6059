from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.fake_market import FakeMarket
from virtuoso_desktop.simulator import operations
from virtuoso_desktop.simulator.operations import BadOperation
from virtuoso_desktop.simulator.query import Listing

INTERVALS = ["1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M"]
LISTING = Listing(FakeMarket())


def subscribe(category: str, topics: list[str], held: tuple[str, ...] = ()) -> list[str]:
    request = operations.decode(msgspec.json.encode({"op": "subscribe", "req_id": "7", "args": topics}))
    found = operations.check_subscribe(category, request, dict.fromkeys(held), LISTING)
    return [f"{named.kind}.{named.instrument.symbol}" for named in found]


def reason(category: str, topics: list[str], held: tuple[str, ...] = ()) -> str:
    with pytest.raises(BadOperation) as caught:
        subscribe(category, topics, held)
    assert caught.value.request_id == "7"
    return caught.value.reason


def test_all_kinds_of_topics_are_known() -> None:
    kinds = ["orderbook.1", "orderbook.50", "orderbook.200", "orderbook.1000", "publicTrade", "tickers"]
    kinds += [f"kline.{interval}" for interval in INTERVALS]
    topics = [f"{kind}.BTCUSDT" for kind in kinds]
    assert subscribe("linear", topics) == topics


@pytest.mark.parametrize(
    "topic",
    [
        "orderbook.500.BTCUSDT",
        "orderbook.rpi.BTCUSDT",
        "orderbook.full.BTCUSDT",
        "liquidation.BTCUSDT",
        "kline.1m.BTCUSDT",
        "tickers.btcusdt",
        "tickers.NOPEUSDT",
        "tickers",
        "",
    ],
)
def test_topics_without_a_handler(topic: str) -> None:
    assert reason("linear", [topic]) == f"error:handler not found,topic:{topic}"


def test_spot_and_linear_are_separate_and_inverse_is_empty() -> None:
    assert subscribe("linear", ["tickers.ETHUSDT"])
    assert reason("spot", ["tickers.ETHUSDT"]) == "error:handler not found,topic:tickers.ETHUSDT"
    assert reason("inverse", ["tickers.BTCUSDT"]) == "error:handler not found,topic:tickers.BTCUSDT"


def test_spot_has_no_liquidations() -> None:
    assert subscribe("linear", ["allLiquidation.BTCUSDT"])
    assert reason("spot", ["allLiquidation.BTCUSDT"]) == "error:handler not found,topic:allLiquidation.BTCUSDT"


def test_a_topic_twice() -> None:
    twice = "error:already subscribed,topic:tickers.BTCUSDT"
    assert reason("linear", ["tickers.BTCUSDT"], held=("tickers.BTCUSDT",)) == twice
    assert reason("linear", ["tickers.BTCUSDT", "tickers.BTCUSDT"]) == twice


def test_spot_takes_ten_args_a_request() -> None:
    kinds = [f"kline.{interval}" for interval in INTERVALS[:11]]
    assert len(subscribe("spot", [f"{kind}.BTCUSDT" for kind in kinds[:10]])) == 10
    assert reason("spot", [f"{kind}.BTCUSDT" for kind in kinds]) == "args size >10"
    assert len(subscribe("linear", [f"{kind}.BTCUSDT" for kind in kinds])) == 11


def test_a_connection_holds_21000_characters_of_topics() -> None:
    held = tuple(f"{at:021d}" for at in range(999))
    assert subscribe("linear", ["tickers.BTCUSDT"], held)
    assert "21000 characters" in reason("linear", ["tickers.BTCUSDT", "tickers.ETHUSDT"], held)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "Failed to decode incoming data"),
        ("[1]", "Failed to decode incoming data"),
        ('{"op":"nope"}', "error:invalid op"),
        ("{}", "error:invalid op"),
        ('{"op":"subscribe"}', "Params Error"),
        ('{"op":"subscribe","args":"tickers.BTCUSDT"}', "Params Error"),
        ('{"op":"subscribe","args":[1]}', "Params Error"),
        ('{"op":"unsubscribe","args":null}', "Params Error"),
    ],
)
def test_bad_requests_are_answered(text: str, said: str) -> None:
    with pytest.raises(BadOperation) as caught:
        operations.decode(text)
    assert caught.value.reason.startswith(said)
    answer: dict[str, Any] = msgspec.json.decode(operations.refusal("c", caught.value))
    assert answer["success"] is False
    assert list(answer) == ["success", "ret_msg", "conn_id", "req_id", "op"]


def test_no_topics_at_all() -> None:
    assert reason("linear", []) == "Params Error"


def test_acks_and_pongs_by_category() -> None:
    ping = operations.decode('{"req_id":"100001","op":"ping"}')
    asked = operations.decode('{"op":"subscribe","args":["tickers.BTCUSDT"]}')
    assert operations.pong("spot", "c", ping) == b'{"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"}'
    linear = b'{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"100001","op":"ping"}'
    assert operations.pong("linear", "c", ping) == linear
    ack = b'{"success":true,"ret_msg":"%s","conn_id":"c","req_id":"","op":"subscribe"}'
    assert operations.ack("spot", "c", asked) == ack % b"subscribe"
    assert operations.ack("linear", "c", asked) == ack % b""
