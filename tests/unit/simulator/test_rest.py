from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.fake_market import BTC, ETH, SPOT_BTC, T0_MS, FakeMarket, instrument
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.query import Listing
from virtuoso_desktop.simulator.ranges import candle_range
from virtuoso_desktop.simulator.rest import RestApi
from virtuoso_desktop.simulator.topics import BookState, book_at

NOW_MS = T0_MS + DAY_MS + 90_500


def api(market: FakeMarket | None = None, now_ms: int = NOW_MS) -> RestApi:
    market = market or FakeMarket()

    def deep_book(instrument: Instrument) -> BookState:
        return book_at(market, instrument, 1000, now_ms - 77, 4_711)

    return RestApi(market, Listing(market), deep_book, ManualClock(now_ms))


def get(path: str, rest: RestApi | None = None) -> dict[str, Any]:
    """The decoded envelope of ``name?query`` under /v5."""
    rest = rest or api()
    name, _, query = path.partition("?")
    return msgspec.json.decode(rest.answer(rest.endpoints[f"/v5/{name}"], query))


def result(path: str, rest: RestApi | None = None) -> dict[str, Any]:
    answer = get(path, rest)
    assert (answer["retCode"], answer["retMsg"], answer["retExtInfo"]) == (0, "OK", {})
    return answer["result"]


def test_time() -> None:
    answer = get("market/time")
    assert answer["time"] == NOW_MS
    assert answer["result"] == {"timeSecond": str(NOW_MS // 1000), "timeNano": f"{NOW_MS}000000"}


@pytest.mark.parametrize(
    "path",
    [
        "market/tickers",
        "market/tickers?category=futures",
        "market/tickers?category=linear&symbol=NOPE",
        "market/tickers?category=linear&symbol=btcusdt",
        "market/kline?symbol=BTCUSDT",
        "market/kline?symbol=BTCUSDT&interval=1m",
        "market/kline?interval=1",
        "market/kline?category=option&symbol=BTCUSDT&interval=1",
        "market/kline?symbol=BTCUSDT&interval=1&limit=0",
        "market/kline?symbol=BTCUSDT&interval=1&limit=-5",
        "market/kline?symbol=BTCUSDT&interval=1&start=yesterday",
        "market/kline?symbol=BTCUSDT&interval=1&end=99999999999999999999",
        "market/orderbook?category=linear",
        "market/orderbook?category=spot&symbol=ETHUSDT",
        "market/recent-trade?symbol=BTCUSDT",
        "market/instruments-info",
        "market/instruments-info?category=linear&status=Open",
        "market/instruments-info?category=linear&cursor=first%3DNOPE%26last%3DNOPE",
        "market/instruments-info?category=linear&cursor=first%253DBTCUSDT%2526last%253DBTCUSDT",
    ],
)
def test_bad_parameters_are_10001_with_an_empty_result(path: str) -> None:
    answer = get(path)
    assert answer["retCode"] == 10001
    assert answer["retMsg"]
    assert answer["result"] == {}
    assert answer["time"] == NOW_MS


def test_pages_of_instruments_follow_the_cursor_verbatim() -> None:
    many = [instrument(f"C{at:03d}USDT") for at in range(7)]
    rest = api(FakeMarket(many))
    seen: list[str] = []
    cursor = ""
    for expected in (3, 3, 1):
        page = result(f"market/instruments-info?category=linear&limit=3{cursor}", rest)
        assert len(page["list"]) == expected
        seen += [row["symbol"] for row in page["list"]]
        cursor = f"&cursor={page['nextPageCursor']}"
        if page["nextPageCursor"]:
            assert page["nextPageCursor"] == quote(f"first={seen[-3]}&last={seen[-1]}", safe="")
            twice = f"market/instruments-info?category=linear&cursor={quote(page['nextPageCursor'])}"
            assert get(twice, rest)["retCode"] == 10001
    assert seen == [instrument.symbol for instrument in many]
    assert cursor == "&cursor="


def test_the_default_page_has_500_instruments_and_a_larger_limit_counts_as_1000() -> None:
    rest = api(FakeMarket(instrument(f"C{at:04d}USDT") for at in range(1_001)))
    assert len(result("market/instruments-info?category=linear", rest)["list"]) == 500
    assert len(result("market/instruments-info?category=linear&limit=5000", rest)["list"]) == 1_000


def test_spot_is_not_paged_and_has_no_key_of_contracts() -> None:
    page = result("market/instruments-info?category=spot&limit=1&cursor=anything")
    assert set(page) == {"category", "list"}
    assert [row["symbol"] for row in page["list"]] == ["BTCUSDT"]
    assert not {"contractType", "settleCoin", "launchTime"} & set(page["list"][0])
    assert page["list"][0]["priceFilter"] == {"tickSize": "0.1"}


def test_filters_of_instruments() -> None:
    base = "market/instruments-info?category=linear"
    assert [row["symbol"] for row in result(f"{base}&baseCoin=ETH")["list"]] == ["ETHUSDT"]
    assert [row["symbol"] for row in result(f"{base}&symbol=BTCUSDT")["list"]] == ["BTCUSDT"]
    assert result(f"{base}&status=PreLaunch") == {"category": "linear", "list": [], "nextPageCursor": ""}
    for category in ("option&baseCoin=BTC", "inverse&limit=1000", "inverse&status=PreLaunch"):
        assert result(f"market/instruments-info?category={category}")["list"] == []


def test_candles_are_seven_strings_newest_first_with_the_forming_one() -> None:
    rows = result("market/kline?symbol=BTCUSDT&interval=1&limit=3")["list"]
    assert [int(row[0]) for row in rows] == [T0_MS + DAY_MS + at * MINUTE_MS for at in (1, 0, -1)]
    assert all(len(row) == 7 and all(isinstance(value, str) for value in row) for row in rows)
    forming, closed = rows[0], rows[1]
    assert float(forming[5]) < float(closed[5]) == 0.18


def test_default_and_largest_number_of_candles() -> None:
    assert len(result("market/kline?symbol=BTCUSDT&interval=1")["list"]) == 200
    assert len(result("market/kline?symbol=BTCUSDT&interval=1&limit=2000")["list"]) == 1_000


def test_a_kline_answer_names_category_and_symbol_and_defaults_to_linear() -> None:
    answer = result("market/kline?symbol=BTCUSDT&interval=D&limit=1")
    assert (answer["category"], answer["symbol"]) == ("linear", "BTCUSDT")


def opens(query: str) -> list[int]:
    """Open times of an answer in minutes since midnight."""
    rows = result(f"market/kline?symbol=BTCUSDT&interval=1&{query}")["list"]
    return [(int(row[0]) - T0_MS - DAY_MS) // MINUTE_MS for row in rows]


def at(minute: float) -> int:
    return T0_MS + DAY_MS + int(minute * MINUTE_MS)


def test_ranges_of_candles() -> None:
    assert opens(f"start={at(-5)}&limit=3") == [-3, -4, -5]
    assert opens(f"start={at(-4.5)}&limit=3") == [-3, -4, -5]
    assert opens(f"end={at(-5) - 1}&limit=2") == [-6, -7]
    assert opens(f"end={at(-5)}&limit=2") == [-5, -6]
    assert opens(f"start={at(-9)}&end={at(-5)}&limit=2") == [-5, -6]
    assert opens(f"start={at(-9)}&end={at(-5)}") == [-5, -6, -7, -8, -9]
    assert opens(f"start={at(0)}&limit=5") == [1, 0]
    assert opens(f"start={at(5)}&limit=5") == []
    assert opens(f"start={at(-5)}&end={at(-9)}") == []
    assert opens(f"end={T0_MS - 1}&limit=5") == []
    assert opens(f"start=0&end={T0_MS}&limit=5") == [-1440]


def test_ranges_of_months() -> None:
    now_ms = T0_MS
    first, last = candle_range(Timeframe.MO1, None, None, 13, now_ms)
    assert last == Timeframe.MO1.open_ms(now_ms)
    assert first == Timeframe.MO1.step_back(last, 12)
    start = Timeframe.MO1.step_back(last, 100)
    assert candle_range(Timeframe.MO1, start + 5, None, 3, now_ms) == (start, Timeframe.MO1.step_back(last, 98))


def test_tickers_of_a_category_or_a_symbol() -> None:
    rows = result("market/tickers?category=linear")["list"]
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"]
    only = result("market/tickers?category=linear&symbol=ETHUSDT")["list"]
    assert only == [rows[1]]
    assert all(isinstance(value, str) for value in only[0].values())
    assert only[0]["deliveryTime"] == "0"
    spot = result("market/tickers?category=spot")["list"][0]
    assert {"bid1Price", "ask1Size", "usdIndexPrice"} <= set(spot)
    assert "markPrice" not in spot
    assert result("market/tickers?category=option")["list"] == []


@pytest.mark.parametrize(
    ("query", "levels"),
    [("category=linear", 25), ("category=spot", 1), ("category=linear&limit=1000", 1000), ("category=spot&limit=7", 7)],
)
def test_order_books(query: str, levels: int) -> None:
    book = result(f"market/orderbook?symbol=BTCUSDT&{query}")
    assert len(book["b"]) == len(book["a"]) == levels
    assert book["u"] == 4_711
    assert (book["ts"], book["cts"]) == (NOW_MS, NOW_MS - 77)
    bids, asks = [float(price) for price, _ in book["b"]], [float(price) for price, _ in book["a"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [("linear", 500), ("linear&limit=2000", 1_000), ("spot", 60), ("spot&limit=1000", 60), ("spot&limit=2", 2)],
)
def test_recent_trades_are_the_newest_newest_first(query: str, count: int) -> None:
    rows = result(f"market/recent-trade?symbol=BTCUSDT&category={query}")["list"]
    times = [int(row["time"]) for row in rows]
    newest = (NOW_MS - 250) // 1000 * 1000 + 250
    assert times == [newest - 1_000 * at for at in range(count)]
    assert all(isinstance(value, str | bool) for row in rows for value in row.values())


def test_recent_trades_end_at_the_launch() -> None:
    rest = api(now_ms=T0_MS + 5_000)
    assert len(result("market/recent-trade?symbol=BTCUSDT&category=linear", rest)["list"]) == 5


def test_nothing_after_the_end_of_the_data() -> None:
    end_ms = NOW_MS - 30_000
    rest = api(FakeMarket((BTC, ETH, SPOT_BTC), end_ms=end_ms))
    newest = result("market/kline?symbol=BTCUSDT&interval=1&limit=1", rest)["list"][0]
    assert int(newest[0]) == Timeframe.M1.open_ms(end_ms)
    assert get("market/time", rest)["time"] == NOW_MS


def test_system_status_is_an_empty_list() -> None:
    assert result("system/status") == {"list": []}
