"""Requests about contracts: parameters, pages and cursors as documented, values as the venue tells them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.fake_bybit import TS, fake_rest, ok
from tests.wire.test_bybit_rest import adapter
from virtuoso_desktop.exchanges.base import CandleQuery, PointQuery
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import PriceKind
from virtuoso_desktop.model.timeframe import Timeframe

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
USD = InstrumentId.parse("bybit:inverse:BTCUSD")
SPOT = InstrumentId.parse("bybit:spot:BTCUSDT")
HOUR = 3_600_000
T0 = TS - TS % (8 * HOUR)


def funding_page(query: dict[str, str]) -> Any:
    """500 settlements end at T0; newest first, as the venue lists them."""
    end_ms = int(query.get("endTime", TS))
    times = [T0 - n * 8 * HOUR for n in range(500) if T0 - n * 8 * HOUR <= end_ms][: int(query["limit"])]
    rows = [{"symbol": query["symbol"], "fundingRate": f"{ms % 7}e-4", "fundingRateTimestamp": str(ms)} for ms in times]
    return ok({"category": query["category"], "list": rows})


async def test_funding_walks_backwards_and_never_sends_a_lone_start() -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: funding_page(query)
        rates = await a.funding_rates(PointQuery(BTC, limit=450))
        assert [rate.time_ms for rate in rates] == [T0 - n * 8 * HOUR for n in range(450)][::-1]
        assert [query for _, _, query in venue.queries] == [
            "category=linear&symbol=BTCUSDT&limit=200",
            f"category=linear&symbol=BTCUSDT&limit=200&endTime={T0 - 199 * 8 * HOUR - 1}",
            f"category=linear&symbol=BTCUSDT&limit=50&endTime={T0 - 399 * 8 * HOUR - 1}",
        ]
        venue.queries.clear()
        await a.funding_rates(PointQuery(USD, start_ms=T0 - HOUR))
        (_, _, sent) = venue.queries[0]
        assert "category=inverse" in sent
        assert f"startTime={T0 - HOUR}" in sent
        assert "endTime=" in sent


@pytest.mark.parametrize("what", ["open_interest", "long_short"])
async def test_lists_by_cursor_are_read_to_the_end_and_sent_back_as_they_came(what: str) -> None:
    def answer(path: str, query: dict[str, str]) -> Any:
        page = int(query.get("cursor", "lastid=0").partition("=")[2])
        times = [T0 - (page * 100 + n) * HOUR for n in range(100)]
        rows = [
            {"openInterest": "5.5", "timestamp": str(ms)}
            if what == "open_interest"
            else {"symbol": "BTCUSDT", "buyRatio": "0.49", "sellRatio": "0.51", "timestamp": str(ms)}
            for ms in times
        ]
        shared = {"symbol": "BTCUSDT", "category": "linear"} if what == "open_interest" else {}
        return ok({**shared, "list": rows, "nextPageCursor": f"lastid%3D{page + 1}" if page < 9 else ""})

    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = answer
        ask = a.open_interest if what == "open_interest" else a.long_short_ratios
        points = await ask(PointQuery(BTC, limit=720))
        assert [point.time_ms for point in points] == [T0 - n * HOUR for n in range(720)][::-1]
        sent = [query for _, _, query in venue.queries]
        name, most = ("intervalTime", 200) if what == "open_interest" else ("period", 500)
        assert sent[0] == f"category=linear&symbol=BTCUSDT&{name}=1h&limit={most}"
        assert sent[1] == sent[0] + "&cursor=lastid%3D1"
        assert len(sent) == 8


async def test_points_before_the_start_and_of_others_are_left_out() -> None:
    rows = [
        {"symbol": symbol, "buyRatio": "0.5", "sellRatio": "0.5", "timestamp": str(ms)}
        for symbol, ms in (("BTCUSDT", T0), ("ETHUSDT", T0 - HOUR), ("BTCUSDT", T0 - 2 * HOUR))
    ]
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: ok({"list": rows, "nextPageCursor": ""})
        points = await a.long_short_ratios(PointQuery(BTC, start_ms=T0 - HOUR))
        assert [point.time_ms for point in points] == [T0]


async def test_mark_index_and_premium_candles_have_no_volume_and_their_own_paths() -> None:
    row = [str(T0), "-0.0001", "0.0002", "-0.0003", "0.0001"]
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: ok({"category": "linear", "symbol": "BTCUSDT", "list": [row]})
        pages = [await a.price_candles(kind, CandleQuery(BTC, Timeframe.H1, limit=5)) for kind in PriceKind]
        assert [path for _, path, _ in venue.queries] == [
            "/v5/market/mark-price-kline", "/v5/market/index-price-kline", "/v5/market/premium-index-price-kline",
        ]  # fmt: skip
        assert all(query == "category=linear&symbol=BTCUSDT&interval=60&limit=5" for _, _, query in venue.queries)
        assert (pages[2].open, pages[2].close, pages[2].volume) == ([-0.0001], [0.0001], [])


async def test_what_has_no_endpoint_is_not_asked_for() -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        for question in (
            a.funding_rates(PointQuery(SPOT)), a.open_interest(PointQuery(SPOT)), a.long_short_ratios(PointQuery(SPOT)),
            a.price_candles(PriceKind.PREMIUM, CandleQuery(USD, Timeframe.H1)),
            a.price_candles(PriceKind.MARK, CandleQuery(SPOT, Timeframe.H1)),
            a.open_interest(PointQuery(BTC, period=Timeframe.W1)),
        ):  # fmt: skip
            with pytest.raises(ValueError, match=r"has no|is no contract"):
                await question
        assert venue.queries == []
