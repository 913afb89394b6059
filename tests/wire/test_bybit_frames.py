"""Recorded and documented Bybit frames against an independent reader, and bytes that are no frames."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.exchanges.bybit.parse import BybitParser, Pong, StreamReply
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import BookDelta, BookSnapshot, Candle, Liquidation, Ticker, Trade

RECV_NS = 7
REFUSED = {
    "bybit_docs/websocket_public_insurance-pool_1.json": {"unsupported_topic": 1},
    "bybit_docs/websocket_public_order-price-limit_1.json": {"unsupported_topic": 1},
    "bybit_docs/websocket_public_ticker_1.json": {"unsupported_kind": 1},
    "gct_wsTicker.jsonl": {"unsupported_kind": 1},
    "nautilus/ws_ticker_option.json": {"unsupported_kind": 1},
    "tardis_map_bybit_messages__messagesIncludingOrderBook200.jsonl": {"old_format": 16},
}
"""Options, status topics and the formats before v5, by file; nothing else may be refused."""


def frames(path: Path) -> Iterator[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    decoder, position = json.JSONDecoder(), 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        value, position = decoder.raw_decode(text, position)
        yield value.get("frame", value)


def independent(frame: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What the frame says, read by hand: (symbol, what, times, prices, sizes, side) tuples."""
    word, data, ts = frame["topic"].split(".")[0], frame["data"], frame["ts"]
    if word == "orderbook":
        sides = [[(float(level[0]), float(level[1])) for level in data[side]] for side in "ba"]
        return [(data["s"], frame["type"], ts, data["u"], data["seq"], frame.get("cts"), *sides)]
    if word == "tickers":
        values = {name: data[key] for key, name in TICKER_NAMES.items() if key in data}
        return [(data["symbol"], frame["type"], ts, {name: float(v) if v else None for name, v in values.items()})]
    if word == "kline":
        prices = [[float(row[key]) for key in ("open", "high", "low", "close", "volume", "turnover")] for row in data]
        return [
            (frame["topic"].split(".")[2], row["start"], row["confirm"], *p)
            for row, p in zip(data, prices, strict=True)
        ]
    if word == "liquidation":
        return [(data["symbol"], data["updatedTime"], float(data["price"]), float(data["size"]), data["side"])]
    return [(row["s"], row["T"], float(row["p"]), float(row["v"]), row["S"], row.get("i")) for row in data]


def as_read(event: Any, said: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parsed event in the reader's shape."""
    symbol = event.instrument_id.symbol
    if isinstance(event, (BookSnapshot, BookDelta)):
        kind = "snapshot" if isinstance(event, BookSnapshot) else "delta"
        return (symbol, kind, event.event_ms, event.update_id, event.sequence, event.match_ms, event.bids, event.asks)
    if isinstance(event, Ticker):
        return (symbol, "snapshot" if event.is_snapshot else "delta", event.event_ms, event.fields)
    if isinstance(event, Candle):
        return (symbol, event.open_ms, event.closed, event.open, event.high, event.low, event.close, event.volume,
                event.turnover)  # fmt: skip
    if isinstance(event, Liquidation):
        side = {"long": "Buy", "short": "Sell"}[event.side.value]
        return (symbol, event.time_ms, event.price, event.size, side, None)[: len(said)]
    assert isinstance(event, Trade)
    return (symbol, event.time_ms, event.price, event.size, event.aggressor.value.title(), event.trade_id)


TICKER_NAMES = {
    "lastPrice": "last_price", "markPrice": "mark_price", "indexPrice": "index_price", "bid1Price": "bid_price",
    "bid1Size": "bid_size", "ask1Price": "ask_price", "ask1Size": "ask_size", "prevPrice24h": "previous_price_24h",
    "prevPrice1h": "previous_price_1h", "price24hPcnt": "change_24h_ratio", "highPrice24h": "high_24h",
    "lowPrice24h": "low_24h", "volume24h": "volume_24h", "turnover24h": "turnover_24h",
    "openInterest": "open_interest", "openInterestValue": "open_interest_value",
    "singleOpenInterest": "single_open_interest", "fundingRate": "funding_rate",
    "fundingIntervalHour": "funding_interval_h", "nextFundingTime": "next_funding_ms",
    "usdIndexPrice": "usd_index_price",
}  # fmt: skip


def test_every_recorded_frame_is_read_as_an_independent_reader_reads_it(real_data: Path) -> None:
    folder = real_data / "a_bybit_v5_ws"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 27
    refused: dict[str, dict[str, int]] = {}
    events = 0
    for path in files:
        counted: Counter[str] = Counter()
        parser = BybitParser(MarketKind.LINEAR)
        for frame in frames(path):
            try:
                parsed = parser.parse(json.dumps(frame).encode(), RECV_NS)
            except ParseError as error:
                counted[error.kind] += 1
                continue
            if "topic" not in frame:
                assert all(isinstance(item, (StreamReply, Pong)) for item in parsed)
                continue
            said = independent(frame)
            assert [as_read(event, each) for event, each in zip(parsed, said, strict=True)] == said, path.name
            assert all(event.recv_ns == RECV_NS for event in parsed)  # pyright: ignore[reportAttributeAccessIssue]
            events += len(parsed)
        if counted:
            refused[path.relative_to(folder).as_posix()] = dict(counted)
    assert refused == REFUSED
    assert events > 80


def test_formats_before_v5_are_refused_by_name(real_data: Path) -> None:
    path = real_data / "a2_bybit_OLD_v2" / "cryptofeed_BYBIT.ws.25.0.txt.gz"
    parser = BybitParser(MarketKind.LINEAR)
    counted: Counter[str] = Counter()
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        text = line.partition(": ")[2]
        if not text.startswith('{"topic"'):
            continue
        with pytest.raises(ParseError) as refusal:
            parser.parse(text.encode(), RECV_NS)
        counted[refusal.value.kind] += 1
    assert counted == {"old_format": 3326}


BOOK = (
    b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[["1.5","2"]],'
    b'"a":[],"u":5,"seq":6},"cts":1}'
)


def test_key_order_does_not_matter() -> None:
    shuffled = (
        b'{"cts":1,"ts":1,"data":{"seq":6,"u":5,"a":[],"b":[["1.5","2"]],"s":"BTCUSDT"},"type":"delta",'
        b'"topic":"orderbook.50.BTCUSDT"}'
    )
    parser = BybitParser(MarketKind.LINEAR)
    assert parser.parse(BOOK, RECV_NS) == parser.parse(shuffled, RECV_NS)


def test_first_update_id_is_a_snapshot_whatever_the_type_says() -> None:
    (event,) = BybitParser(MarketKind.LINEAR).parse(BOOK.replace(b'"u":5', b'"u":1'), RECV_NS)
    assert isinstance(event, BookSnapshot)


@pytest.mark.parametrize(
    "pong",
    [
        b'{"success":true,"ret_msg":"pong","conn_id":"0970e817","op":"ping"}',
        b'{"success":true,"ret_msg":"pong","conn_id":"465772b1","req_id":"","op":"ping"}',
        b'{"args":["1672916271846"],"op":"pong"}',
        b'{"req_id":"test","op":"pong","args":["1675418560633"],"conn_id":"cfcb4oc"}',
    ],
)
def test_every_shape_of_pong(pong: bytes) -> None:
    assert BybitParser(MarketKind.SPOT).parse(pong, RECV_NS) == (Pong(),)


@pytest.mark.parametrize(
    ("ack", "success", "message"),
    [
        (b'{"success":true,"ret_msg":"subscribe","conn_id":"2","req_id":"7","op":"subscribe"}', True, "subscribe"),
        (b'{"success":false,"ret_msg":"error:handler not found","req_id":"7","op":"subscribe"}', False,
         "error:handler not found"),
    ],
)  # fmt: skip
def test_replies_to_a_subscription(ack: bytes, success: bool, message: str) -> None:
    assert BybitParser(MarketKind.SPOT).parse(ack, RECV_NS) == (StreamReply("subscribe", success, message, "7"),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lastPrice", '"abc"'),
        ("lastPrice", '"nan"'),
        ("lastPrice", '"-1"'),
        ("volume24h", '"inf"'),
        ("lastPrice", "[]"),
    ],
)
def test_ticker_values_that_cannot_be_are_refused(field: str, value: str) -> None:
    frame = f'{{"topic":"tickers.BTCUSDT","type":"delta","data":{{"symbol":"BTCUSDT","{field}":{value}}},"ts":1}}'
    with pytest.raises(ParseError):
        BybitParser(MarketKind.LINEAR).parse(frame.encode(), RECV_NS)


def test_empty_and_null_ticker_values_mean_no_value() -> None:
    frame = (
        b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","fundingRate":"","nextFundingTime":null,'
        b'"lastPrice":"2.5"},"ts":1}'
    )
    (event,) = BybitParser(MarketKind.LINEAR).parse(frame, RECV_NS)
    assert isinstance(event, Ticker)
    assert event.fields == {"funding_rate": None, "next_funding_ms": None, "last_price": 2.5}


@pytest.mark.parametrize("price", ['"nan"', '"-5"', '"0"', '""', "null", '"1_0"'])
def test_book_levels_that_cannot_be_are_refused(price: str) -> None:
    with pytest.raises(ParseError):
        BybitParser(MarketKind.LINEAR).parse(BOOK.replace(b'"1.5"', price.encode()), RECV_NS)


def assert_events_or_parse_error(frame: bytes) -> None:
    with contextlib.suppress(ParseError):
        for event in BybitParser(MarketKind.LINEAR).parse(frame, RECV_NS):
            assert isinstance(event, msgspec.Struct)


@given(st.binary(max_size=200))
def test_any_bytes_are_events_or_a_parse_error(frame: bytes) -> None:
    assert_events_or_parse_error(frame)


@given(st.data())
def test_any_damage_to_a_frame_is_events_or_a_parse_error(data: st.DataObject) -> None:
    frame = bytearray(BOOK)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(frame) - 1))
        frame[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert_events_or_parse_error(bytes(frame))


def test_deep_nesting_is_a_parse_error() -> None:
    with pytest.raises(ParseError):
        BybitParser(MarketKind.LINEAR).parse(b'{"topic":"tickers.X","data":' + b"[" * 100_000, RECV_NS)


@pytest.mark.parametrize("is_rpi", [False, True])
def test_a_trade_says_whether_it_met_a_retail_price_improvement_order(is_rpi: bool) -> None:
    row = {"T": 5, "s": "BTCUSDT", "S": "Sell", "v": "0.5", "p": "100.5", "i": "t1", "BT": False, "RPI": is_rpi}
    frame = json.dumps({"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 6, "data": [row]}).encode()
    (trade,) = BybitParser(MarketKind.LINEAR).parse(frame, RECV_NS)
    assert isinstance(trade, Trade)
    assert (trade.is_rpi, trade.is_block) == (is_rpi, False)
