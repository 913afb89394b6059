from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from tests.fake_market import BTC, SPOT_BTC, T0_MS, FakeMarket
from tests.unit.simulator.test_rest import NOW_MS, api, get, result
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS
from virtuoso_desktop.simulator.market import PriceSeries
from virtuoso_desktop.simulator.rest import RestApi

HOUR_MS = 60 * MINUTE_MS
FUNDING = "market/funding/history?category=linear&symbol=BTCUSDT"
INTEREST = "market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min"
RATIO = "market/account-ratio?category=linear&symbol=BTCUSDT&period=1h"


def later(days: int = 100) -> RestApi:
    return api(now_ms=T0_MS + days * DAY_MS + 90_500)


def stamps(answer: dict[str, Any], key: str = "timestamp") -> list[int]:
    return [int(row[key]) for row in answer["list"]]


@pytest.mark.parametrize(
    "path",
    [
        "market/funding/history?category=spot&symbol=BTCUSDT",
        "market/funding/history?symbol=BTCUSDT",
        "market/funding/history?category=linear",
        "market/funding/history?category=inverse&symbol=BTCUSDT",
        f"{FUNDING}&startTime={T0_MS}",
        f"{FUNDING}&startTime={T0_MS + 1}&endTime={T0_MS}",
        f"{FUNDING}&limit=0",
        "market/open-interest?category=linear&symbol=BTCUSDT",
        "market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5",
        "market/open-interest?category=spot&symbol=BTCUSDT&intervalTime=5min",
        f"{INTEREST}&cursor=lastid%253D0%2526lasttime%253D1696258800",
        f"{INTEREST}&cursor=nonsense",
        "market/account-ratio?category=linear&symbol=BTCUSDT&period=2h",
        "market/account-ratio?category=linear&symbol=BTCUSDT",
        "market/mark-price-kline?category=spot&symbol=BTCUSDT&interval=1",
        "market/index-price-kline?symbol=BTCUSDT&interval=1m",
        "market/premium-index-price-kline?category=inverse&symbol=BTCUSD&interval=1",
    ],
)
def test_bad_parameters_are_10001(path: str) -> None:
    answer = get(path)
    assert (answer["retCode"], answer["result"]) == (10001, {})
    assert answer["retMsg"]


def test_funding_is_newest_first_and_at_most_200() -> None:
    answer = result(FUNDING, later())
    times = stamps(answer, "fundingRateTimestamp")
    assert answer["category"] == "linear"
    assert len(times) == 200
    assert times[0] == T0_MS + 100 * DAY_MS
    assert times == [times[0] - at * 8 * HOUR_MS for at in range(200)]
    assert answer["list"][0] == {"symbol": "BTCUSDT", "fundingRate": "0.000300", "fundingRateTimestamp": str(times[0])}
    assert len(stamps(result(f"{FUNDING}&limit=3", later()), "fundingRateTimestamp")) == 3
    assert len(stamps(result(f"{FUNDING}&limit=999", later()), "fundingRateTimestamp")) == 200


def test_funding_between_two_times_or_up_to_one() -> None:
    start, end = T0_MS + DAY_MS, T0_MS + 2 * DAY_MS
    both = stamps(result(f"{FUNDING}&startTime={start}&endTime={end}", later()), "fundingRateTimestamp")
    assert both == [end, end - 8 * HOUR_MS, end - 16 * HOUR_MS, start]
    upto = stamps(result(f"{FUNDING}&endTime={end - 1}&limit=2", later()), "fundingRateTimestamp")
    assert upto == [end - 8 * HOUR_MS, end - 16 * HOUR_MS]
    assert result(f"{FUNDING}&startTime={NOW_MS + 1}&endTime={NOW_MS + DAY_MS}")["list"] == []


@pytest.mark.parametrize(("path", "most", "step_ms"), [(INTEREST, 200, 5 * MINUTE_MS), (RATIO, 500, HOUR_MS)])
def test_pages_go_back_to_the_launch_without_hole_or_double(path: str, most: int, step_ms: int) -> None:
    rest = later(30)
    assert len(result(path, rest)["list"]) == 50
    seen: list[int] = []
    cursor, pages = "", 0
    while True:
        answer = result(f"{path}&limit=9999{f'&cursor={cursor}' if cursor else ''}", rest)
        seen += stamps(answer)
        pages, cursor = pages + 1, answer["nextPageCursor"]
        assert len(answer["list"]) == most or not cursor
        if not cursor:
            break
        assert unquote(cursor) == f"lastid=0&lasttime={seen[-1] // 1000}"
    newest = (T0_MS + 30 * DAY_MS + 90_500) // step_ms * step_ms
    assert seen == list(range(newest, T0_MS - 1, -step_ms))
    assert pages == -(-len(seen) // most)


def test_open_interest_rows_and_times() -> None:
    end = T0_MS + DAY_MS
    answer = result(f"{INTEREST}&startTime={end - 2 * HOUR_MS}&endTime={end + 1}&limit=3", later(3))
    assert (answer["symbol"], answer["category"]) == ("BTCUSDT", "linear")
    assert answer["list"][0] == {
        "openInterest": "1440.500",
        "singleOpenInterest": "720.250",
        "timestamp": str(end),
    }
    assert stamps(answer) == [end, end - 5 * MINUTE_MS, end - 10 * MINUTE_MS]
    assert stamps(result(f"{INTEREST}&startTime={T0_MS}&limit=1", later(3)))[0] > T0_MS + 3 * DAY_MS - HOUR_MS
    assert stamps(result(f"{INTEREST}&startTime={end}&endTime={end}", later(3))) == [end]


def test_both_shares_of_accounts_add_up() -> None:
    answer = result(f"{RATIO}&limit=4", later(2))
    assert "category" not in answer
    for row in answer["list"]:
        assert set(row) == {"symbol", "buyRatio", "sellRatio", "timestamp"}
        assert float(row["buyRatio"]) + float(row["sellRatio"]) == pytest.approx(1)
        assert len(row["buyRatio"]) == len("0.5000")


@pytest.mark.parametrize("series", list(PriceSeries))
def test_price_candles_are_five_texts_newest_first(series: PriceSeries) -> None:
    name = "premium-index" if series is PriceSeries.PREMIUM else series.value
    answer = result(f"market/{name}-price-kline?symbol=BTCUSDT&interval=60&limit=3")
    assert (answer["symbol"], answer["category"]) == ("BTCUSDT", "linear")
    assert {len(row) for row in answer["list"]} == {5}
    assert all(isinstance(text, str) for row in answer["list"] for text in row)
    newest = T0_MS + DAY_MS
    assert [int(row[0]) for row in answer["list"]] == [newest, newest - HOUR_MS, newest - 2 * HOUR_MS]
    lone = result(f"market/{name}-price-kline?symbol=BTCUSDT&interval=1&start={T0_MS - DAY_MS}&end={T0_MS + 90_000}")
    assert [int(row[0]) for row in lone["list"]] == [T0_MS + MINUTE_MS, T0_MS]


def test_spot_has_none_of_it() -> None:
    market = FakeMarket()
    assert SPOT_BTC.id.market_kind is MarketKind.SPOT
    assert market.open_interest(SPOT_BTC.id, NOW_MS) is None
    assert market.open_interest(BTC.id, NOW_MS) is not None
