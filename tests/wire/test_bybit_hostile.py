"""Damaged answers and frames: whatever a venue or a gateway sends is data that can be, or an error in words."""

from __future__ import annotations

import contextlib
import copy
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.fake_bybit import TS, book_frame, compact, kline_frame, ticker_frame, trade_frame
from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery
from virtuoso_desktop.exchanges.bybit import parse_rest
from virtuoso_desktop.exchanges.bybit.answers import judge
from virtuoso_desktop.exchanges.bybit.parse import BybitParser, Pong, StreamReply
from virtuoso_desktop.exchanges.lazy_ccxt import HttpAnswer
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.errors import (
    BookGap,
    LinkError,
    ParseError,
    RateLimited,
    VenueRejected,
    VirtuosoError,
)
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.market import BookSnapshot
from virtuoso_desktop.model.timeframe import Timeframe

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
RECV_NS = 7
MINUTE = 60_000
BEGIN = TS - TS % MINUTE


def listed(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"category": "linear", "symbol": "BTCUSDT", "list": list(rows), "nextPageCursor": "", **more}


SYMBOL = {"symbol": "BTCUSDT"}
ANSWERS: dict[str, Any] = {
    "time": {"timeSecond": "1700000000", "timeNano": "1700000000123456789"},
    "instruments": listed(
        {**SYMBOL, "status": "Trading", "baseCoin": "BTC", "quoteCoin": "USDT", "settleCoin": "USDT",
         "contractType": "LinearPerpetual", "launchTime": "1585526400000", "deliveryTime": "0", "fundingInterval": 480,
         "priceFilter": {"tickSize": "0.10"}, "lotSizeFilter": {"qtyStep": "0.001"}},
    ),
    "candles": listed(*([str(BEGIN - n * MINUTE), "10", "12", "9", "11", "5", "50"] for n in range(4))),
    "price_candles": listed(*([str(BEGIN - n * MINUTE), "-0.1", "0.2", "-0.3", "0.1"] for n in range(4))),
    "tickers": listed({**SYMBOL, "lastPrice": "10.5", "fundingRate": "0.0001", "nextFundingTime": "1700006400000",
                       "volume24h": "5", "turnover24h": "50", "markPrice": "10.4", "indexPrice": ""}),
    "book": {"s": "BTCUSDT", "b": [["9.9", "1"], ["9.8", "2"]], "a": [["10.1", "1"], ["10.2", "2"]], "ts": TS,
             "u": 5, "seq": 9, "cts": TS},
    "trades": listed(*({"execId": f"t{n}", **SYMBOL, "price": "10", "size": "1", "side": "Buy", "time": str(TS + n),
                        "isBlockTrade": False, "seq": str(n)} for n in range(3))),
    "funding": listed(*({**SYMBOL, "fundingRate": "-0.01", "fundingRateTimestamp": str(BEGIN - n)} for n in range(3))),
    "interest": listed(*({"openInterest": "5.5", "timestamp": str(BEGIN - n)} for n in range(3))),
    "ratios": listed(*({**SYMBOL, "buyRatio": "0.4", "sellRatio": "0.6", "timestamp": str(TS - n)} for n in range(3))),
    "status": {"list": [{"title": "upgrade", "state": "ongoing", "begin": str(TS), "end": str(TS + 1)}]},
}  # fmt: skip
"""What the venue answers when nothing is wrong."""


def parse(name: str, result: Any) -> Any:
    """The parser of each answer."""
    query = CandleQuery(BTC, Timeframe.M1)
    parsers: dict[str, Any] = {
        "time": lambda: parse_rest.parse_time(result),
        "instruments": lambda: parse_rest.parse_instruments(result, MarketKind.LINEAR),
        "candles": lambda: parse_rest.parse_candles(result, query, TS),
        "price_candles": lambda: parse_rest.parse_price_candles(result, query, TS),
        "tickers": lambda: parse_rest.parse_tickers(result, MarketKind.LINEAR, TS, RECV_NS),
        "book": lambda: parse_rest.parse_order_book(result, BTC, 1000, RECV_NS),
        "trades": lambda: parse_rest.parse_trades(result, MarketKind.LINEAR, TS, RECV_NS),
        "funding": lambda: parse_rest.parse_funding(result, MarketKind.LINEAR),
        "interest": lambda: parse_rest.parse_open_interest(result, BTC),
        "ratios": lambda: parse_rest.parse_long_short(result, MarketKind.LINEAR),
        "status": lambda: parse_rest.parse_maintenance(result),
    }
    return parsers[name]()


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["", "0", "-0", "nan", "inf", "1e400", "-1", "0x10", "1_0", " 1", "9" * 40, "\u0661"])
)  # fmt: skip
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything within a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in places(child, (*path, key)))]


def damaged(data: st.DataObject, value: Any) -> Any:
    """The value with one to three parts of it replaced or taken away."""
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(places(value)[1:]))
        holder = value
        for key in path:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[last] = data.draw(VALUES)
        else:
            del holder[last]
        if not places(value)[1:]:
            break
    return value


@pytest.mark.parametrize("name", list(ANSWERS))
def test_an_answer_is_read_before_it_is_damaged(name: str) -> None:
    assert parse(name, ANSWERS[name])


@given(st.sampled_from(list(ANSWERS)), st.data())
def test_a_damaged_answer_is_possible_data_or_an_error_in_words(name: str, data: st.DataObject) -> None:
    found: Any = None
    with contextlib.suppress(ParseError):
        found = parse(name, damaged(data, copy.deepcopy(ANSWERS[name])))
    if isinstance(found, CandlePage):
        _assert_page(found, has_volume=name == "candles")
    elif isinstance(found, BookSnapshot):
        assert not found.bids or not found.asks or max(found.bids)[0] < min(found.asks)[0]
        assert all(price > 0 and size >= 0 for side in (found.bids, found.asks) for price, size in side)
    elif name in ("trades", "funding", "interest", "ratios") and found is not None:
        times = [point.time_ms for point in found]
        assert times == sorted(times)
    _assert_finite(found)


def _assert_page(page: CandlePage, *, has_volume: bool) -> None:
    assert page.open_ms == sorted(set(page.open_ms))
    columns = (page.open, page.high, page.low, page.close)
    assert {len(column) for column in columns} == {len(page.open_ms)}
    if has_volume:
        for o, high, low, close in zip(*columns, strict=True):
            assert 0 < low <= min(o, close) <= max(o, close) <= high
        assert all(value >= 0 for value in (*page.volume, *page.turnover))


def _assert_finite(found: Any) -> None:
    """No number that is none, wherever it stands."""
    if isinstance(found, float):
        assert math.isfinite(found)
    elif isinstance(found, dict):
        for value in found.values():
            _assert_finite(value)
    elif isinstance(found, list | tuple):
        for value in found:
            _assert_finite(value)
    elif isinstance(found, msgspec.Struct):
        _assert_finite(list(msgspec.structs.asdict(found).values()))


TEXTS = st.text(max_size=80) | st.sampled_from(["", "<html>502</html>", "403, access too frequent", "{", "null", "[]"])


@given(st.sampled_from([200, 301, 400, 401, 403, 404, 429, 451, 500, 502, 503, 599]), TEXTS, VALUES, st.data())
def test_any_status_body_and_header_is_data_or_an_error_that_says_what_to_do(
    status: int, body: str, code: Any, data: st.DataObject
) -> None:
    headers = {name: data.draw(TEXTS) for name in ("x-bapi-limit-status", "x-bapi-limit-reset-timestamp")}
    payload = data.draw(st.none() | st.just({"retCode": code, "retMsg": body, "result": {}, "time": code}))
    error: VirtuosoError | None = None
    try:
        answer = judge(HttpAnswer(status, headers, body), payload)
    except (LinkError, VenueRejected, ParseError) as caught:
        error = caught
    else:
        assert code == 0
        assert 0 <= answer.pause_s <= 5
    assert error is None or error.user_text
    assert not isinstance(error, RateLimited) or 0 < error.retry_after_s <= 600


LIQUIDATION = compact(
    {"topic": "allLiquidation.BTCUSDT", "type": "snapshot", "ts": TS,
     "data": [{"T": TS, "s": "BTCUSDT", "S": "Buy", "v": "1.5", "p": "99.5"}]}
)  # fmt: skip
ACK = compact({"success": True, "ret_msg": "", "conn_id": "c", "req_id": "1", "op": "subscribe"})
FRAMES = [
    book_frame(), book_frame(kind="delta"), ticker_frame(), ticker_frame(kind="delta"), trade_frame(), kline_frame(),
    LIQUIDATION, ACK,
]  # fmt: skip


def _takes(frame: bytes) -> None:
    """Parser and store bear the frame, as a link would feed it to them."""
    store = MarketStore((50,))
    with contextlib.suppress(ParseError):
        for event in BybitParser(MarketKind.LINEAR).parse(frame, RECV_NS):
            assert isinstance(event, msgspec.Struct)
            _assert_finite(event)
            if isinstance(event, StreamReply | Pong):
                continue  # the link's own
            with contextlib.suppress(BookGap):
                store.apply(event)  # type: ignore[arg-type]


@pytest.mark.parametrize("frame", FRAMES)
def test_frames_are_read_before_they_are_damaged(frame: str) -> None:
    assert BybitParser(MarketKind.LINEAR).parse(frame.encode(), RECV_NS)


@given(st.sampled_from(FRAMES), st.data())
def test_bytes_of_any_frame_may_be_others(text: str, data: st.DataObject) -> None:
    frame = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, max(0, len(frame) - 1)))
        frame[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    _takes(bytes(frame))


@given(st.sampled_from(FRAMES), st.data())
def test_values_of_any_frame_may_be_others(text: str, data: st.DataObject) -> None:
    value = damaged(data, json.loads(text))
    _takes(json.dumps(value).encode())
