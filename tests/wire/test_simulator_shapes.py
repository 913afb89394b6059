"""The simulated venue's frames and answers beside recorded and documented ones: same keys, order and types."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fake_market import BTC, SPOT_BTC, T0_MS, FakeMarket
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.simulator import operations, pace
from virtuoso_desktop.simulator.encode import Texts
from virtuoso_desktop.simulator.operations import Operation
from virtuoso_desktop.simulator.query import Listing
from virtuoso_desktop.simulator.rest import RestApi
from virtuoso_desktop.simulator.topics import BookState, Subject, book_at, make_topic

NOW_MS = T0_MS + DAY_MS + 7_777
SINCE_2026 = {"singleOpenInterest", "singleOpenInterestValue"}
"""Ticker keys that the venue added after the captures."""


def recorded(file: Path) -> list[dict[str, Any]]:
    """All JSON objects of a file, one after another, pretty-printed or not."""
    content = file.read_bytes()
    text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
    decoder, objects, at = json.JSONDecoder(), [], 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        objects.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return objects


def shape(value: Any) -> Any:
    """Types instead of values; a list by its first element."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def ordered(value: Any) -> Any:
    """Shape in which the order of keys counts."""
    if isinstance(value, dict):
        return [(key, ordered(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [ordered(value[0])] if value else []
    return type(value).__name__


def frame(kind: str, instrument: Instrument = BTC) -> dict[str, Any]:
    """The first frame of a topic."""
    twin = BTC if instrument is SPOT_BTC else None
    topic = make_topic(kind, Subject(FakeMarket(), instrument, Texts(instrument), twin, pace.LARGE, 1.0))
    topic.prime(NOW_MS)
    return json.loads(topic.snapshot(NOW_MS) or topic.advance(NOW_MS + 4_000)[0])


def answer(path: str) -> dict[str, Any]:
    market = FakeMarket()

    def deep_book(instrument: Instrument) -> BookState:
        return book_at(market, instrument, 1000, NOW_MS, 5)

    api = RestApi(market, Listing(market), deep_book, ManualClock(NOW_MS))
    name, _, query = path.partition("?")
    return json.loads(api.answer(api.endpoints[f"/v5/market/{name}"], query))


def test_acks_and_pongs(real_data: Path) -> None:
    ack, pong, *_ = recorded(real_data / "a_bybit_v5_ws/fintick_BybitLinearWsLiquidation.jsonl")
    subscribe, ping = Operation("subscribe", ack["req_id"], []), Operation("ping", "", [])
    assert json.loads(operations.ack("linear", ack["conn_id"], subscribe)) == ack
    assert json.loads(operations.pong("linear", pong["conn_id"], ping)) == pong
    assert list(json.loads(operations.pong("linear", "", ping))) == list(pong)


def test_trades(real_data: Path) -> None:
    real = next(
        item for item in recorded(real_data / "a_bybit_v5_ws/fintick_BybitLinearWsTrade.jsonl") if "topic" in item
    )
    assert ordered(frame("publicTrade")) == ordered(real)
    assert len(frame("publicTrade")["data"][0]["i"]) == len(real["data"][0]["i"])


def test_order_books(real_data: Path) -> None:
    snapshot, *deltas = recorded(real_data / "a_bybit_v5_ws/fintick_BybitLinearWsDepthUpdate.jsonl.gz")
    ours = frame("orderbook.1000")
    assert ordered(ours) == ordered(snapshot)
    prices = {len(price.partition(".")[2]) for price, _ in snapshot["data"]["b"]}
    assert {len(price.partition(".")[2]) for price, _ in ours["data"]["b"]} == prices == {2}
    deleted = {size for delta in deltas for _, size in delta["data"]["a"] if float(size) == 0}
    assert deleted == {"0"}
    document = recorded(real_data / "a_bybit_v5_ws/bybit_docs/websocket_public_orderbook_1.json")[0]
    assert shape(frame("orderbook.50")) == shape(document)


def test_contract_tickers(real_data: Path) -> None:
    snapshot, *deltas = recorded(real_data / "a_bybit_v5_ws/fintick_BybitLinearWsOIFundingUpdate.jsonl")
    ours = frame("tickers")
    assert set(ours["data"]) - set(snapshot["data"]) == SINCE_2026
    assert set(snapshot["data"]) <= set(ours["data"])
    assert [key for key, _ in ordered(ours)] == [key for key, _ in ordered(snapshot)]
    assert {shape(value) for value in ours["data"].values()} == {"str"}
    assert all(set(delta["data"]) <= set(ours["data"]) for delta in deltas)
    for key in ("lastPrice", "bid1Price", "price24hPcnt", "fundingIntervalHour", "nextFundingTime"):
        assert len(ours["data"][key].partition(".")[2]) == len(snapshot["data"][key].partition(".")[2])


def test_spot_tickers(real_data: Path) -> None:
    real = recorded(real_data / "a_bybit_v5_ws/gct_wsTicker.jsonl")[0]
    ours = frame("tickers", SPOT_BTC)
    assert shape(ours) == shape(real)
    assert len(ours["data"]["price24hPcnt"].partition(".")[2]) == 4


@pytest.mark.parametrize("name", ["nautilus/ws_kline.json", "bybit_docs/websocket_public_kline_1.json"])
def test_klines(real_data: Path, name: str) -> None:
    assert ordered(frame("kline.5")) == ordered(recorded(real_data / "a_bybit_v5_ws" / name)[0])


@pytest.mark.parametrize(
    "name", ["bybit_docs/websocket_public_all-liquidation_1.json", "hyperdata_allLiquidation.jsonl"]
)
def test_liquidations(real_data: Path, name: str) -> None:
    real = recorded(real_data / "a_bybit_v5_ws" / name)[0]
    assert ordered(frame("allLiquidation")) == ordered(real.get("frame", real))


def test_server_time(real_data: Path) -> None:
    real = recorded(real_data / "b_bybit_v5_rest/fintick_BybitLinearServerTimeSnapshot.json")[0]
    assert ordered(answer("time")) == ordered(real)
    assert [len(text) for text in answer("time")["result"].values()] == [10, 19]


def test_contract_instruments(real_data: Path) -> None:
    real = recorded(real_data / "b_bybit_v5_rest/fintick_BybitLinearExchangeInfoSnapshot.json.gz")[0]
    ours = answer("instruments-info?category=linear")
    assert set(ours["result"]) == set(real["result"])
    row, real_row = shape(ours["result"]["list"][0]), shape(real["result"]["list"][0])
    assert {key: row[key] for key in real_row} == real_row
    assert set(row) - set(real_row) == {"symbolId"}
    bitcoin = next(row for row in real["result"]["list"] if row["symbol"] == "BTCUSDT")
    assert ours["result"]["list"][0]["priceFilter"] == bitcoin["priceFilter"]
    assert ours["result"]["list"][0]["priceScale"] == bitcoin["priceScale"]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("instruments-info?category=spot", "market_instrument_2"),
        ("kline?symbol=BTCUSDT&interval=1", "market_kline_1"),
        ("orderbook?category=spot&symbol=BTCUSDT", "market_orderbook_1"),
        ("recent-trade?category=spot&symbol=BTCUSDT", "market_recent-trade_1"),
        ("tickers?category=spot", "market_tickers_3"),
        ("funding/history?category=linear&symbol=BTCUSDT", "market_history-fund-rate_1"),
        ("open-interest?category=linear&symbol=BTCUSDT&intervalTime=1d", "market_open-interest_1"),
        ("account-ratio?category=linear&symbol=BTCUSDT&period=1h", "market_long-short-ratio_1"),
        ("mark-price-kline?symbol=BTCUSDT&interval=1", "market_mark-kline_1"),
        ("index-price-kline?symbol=BTCUSDT&interval=1", "market_index-kline_1"),
        ("premium-index-price-kline?symbol=BTCUSDT&interval=D", "market_premium-index-kline_1"),
    ],
)
def test_answers_have_the_documented_shape(real_data: Path, path: str, document: str) -> None:
    real = recorded(real_data / f"b_bybit_v5_rest/bybit_docs/{document}.json")[0]
    ours = answer(path)
    assert shape(ours["result"]) == shape(real["result"])
    assert set(ours) == set(real)


def test_contract_tickers_of_rest(real_data: Path) -> None:
    real = recorded(real_data / "b_bybit_v5_rest/bybit_docs/market_tickers_1.json")[0]["result"]["list"][0]
    ours = answer("tickers?category=linear")["result"]["list"][0]
    assert set(real) <= set(ours)
    assert set(ours) - set(real) == SINCE_2026
