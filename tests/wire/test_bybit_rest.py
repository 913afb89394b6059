"""Requests through the real ccxt against a venue that behaves, and one that does not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.running import until
from tests.wire.fake_bybit import TS, fake_rest, ok
from virtuoso_desktop.exchanges.base import CandleQuery, RequestPriority
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.exchanges.rest_client import RestSettings
from virtuoso_desktop.kernel.clock import LiveClock, ManualClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.model.errors import LinkError, ParseError, RateLimited, VenueRejected, VirtuosoError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import Timeframe

QUICK = RestSettings(
    requests_per_s=200.0, total_timeout_s=1.0, read_timeout_s=0.3, first_retry_s=0.01, most_retry_s=0.5
)
BTC = InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "BTCUSDT")
MINUTE_MS = 60_000
ROW = ["1699999980000", "100", "102", "99", "101", "5", "500"]


@contextlib.asynccontextmanager
async def adapter(url: str, settings: RestSettings = QUICK) -> AsyncGenerator[BybitAdapter, None]:
    endpoints = BybitEndpoints(rest=url, ws="ws://127.0.0.1:9")
    made = BybitAdapter(endpoints, lambda _: None, ManualClock(TS), Supervisor(), settings)
    await made.load()
    try:
        yield made
    finally:
        started_s = time.perf_counter()
        await made.close()
        assert time.perf_counter() - started_s < 1.0


def kline(*rows: list[str], symbol: str = "BTCUSDT") -> dict[str, Any]:
    return ok({"category": "linear", "symbol": symbol, "list": list(rows)})


def instrument(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol, "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "X", "quoteCoin": "USDT",
        "launchTime": "1585526400000", "deliveryTime": "0", "settleCoin": "USDT", "fundingInterval": 480,
        "priceFilter": {"tickSize": "0.10"}, "lotSizeFilter": {"qtyStep": "0.001"},
    }  # fmt: skip


# --- what is sent ----------------------------------------------------------------------------------------------


async def test_requests_are_exactly_the_documented_ones() -> None:
    answers: dict[str, Any] = {
        "/v5/market/time": ok({"timeSecond": "1700000000", "timeNano": "1700000000123000000"}),
        "/v5/market/tickers": ok({"category": "spot", "list": [{"symbol": "BTCUSDT", "lastPrice": "1"}]}),
        "/v5/market/kline": kline(ROW),
        "/v5/market/orderbook": ok(
            {"s": "BTCUSDT", "a": [["101", "1"]], "b": [["100", "1"]], "ts": TS, "u": 7, "seq": 8, "cts": TS}
        ),
        "/v5/market/recent-trade": ok({"category": "linear", "list": []}),
    }
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: answers[path]
        sample = await a.server_time()
        await a.tickers(MarketKind.SPOT)
        await a.candles(CandleQuery(BTC, Timeframe.H1, start_ms=5, end_ms=9, limit=5000))
        await a.order_book(BTC, 50)
        await a.recent_trades(BTC, 5000)
        await a.recent_trades(InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "币安人生USDT"), 10)
        assert [f"{path}?{query}" for _, path, query in venue.queries] == [
            "/v5/market/time?",
            "/v5/market/tickers?category=spot",
            "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=60&limit=1000&start=5&end=9",
            "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50",
            "/v5/market/recent-trade?category=linear&symbol=BTCUSDT&limit=1000",
            "/v5/market/recent-trade?category=linear&symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&limit=10",
        ]
        assert (sample.venue_ms, sample.received_ms) == (1_700_000_000_123, TS)
        assert TS - 500 < sample.sent_ms <= TS
        assert a.metrics.requests == 6
        assert a.metrics.requests_failed == 0


async def test_all_thirteen_timeframes_have_their_interval() -> None:
    wanted = ["1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M"]
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: kline()
        for timeframe in Timeframe:
            page = await a.candles(CandleQuery(BTC, timeframe))
            assert len(page) == 0
            assert not page.newest_is_forming
        sent = [dict(pair.split("=") for pair in query.split("&")) for _, _, query in venue.queries]
        assert [query["interval"] for query in sent] == wanted


async def test_every_page_of_instruments_is_read_and_the_cursor_goes_back_as_it_came() -> None:
    def answer(path: str, query: dict[str, str]) -> Any:
        page = {"": 0, "first=A&last=B": 1}[query.get("cursor", "")]
        cursor = ["first%3DA%26last%3DB", ""][page]
        rows = [instrument(f"P{page}N{number}USDT") for number in range(500)]
        return ok({"category": "linear", "list": rows, "nextPageCursor": cursor})

    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = answer
        found = await a.instruments(MarketKind.LINEAR)
        assert len({one.id for one in found}) == 1000
        assert [query for _, _, query in venue.queries] == [
            "category=linear&limit=500", "category=linear&limit=500&cursor=first%3DA%26last%3DB"
        ]  # fmt: skip


async def test_a_cursor_that_never_ends_does() -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: ok({"list": [instrument("BTCUSDT")], "nextPageCursor": "again"})
        assert len(await a.instruments(MarketKind.LINEAR)) == 1
        assert len(venue.queries) == 2


# --- candles ---------------------------------------------------------------------------------------------------


async def test_candles_come_oldest_first_without_doubles_and_know_the_forming_one() -> None:
    rows = [[str(TS - TS % MINUTE_MS - back * MINUTE_MS), *ROW[1:]] for back in (0, 1, 2, 2, 3)]
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: kline(*rows)
        page = await a.candles(CandleQuery(BTC, Timeframe.M1))
        assert page.open_ms == [int(row[0]) for row in (rows[4], rows[2], rows[1], rows[0])]
        assert page.newest_is_forming
        assert page.venue_ms == TS
        assert (page.open[0], page.high[0], page.low[0], page.close[0]) == (100.0, 102.0, 99.0, 101.0)
        assert (page.volume[0], page.turnover[0]) == (5.0, 500.0)
        venue.answer = lambda path, query: kline(*rows[1:])
        assert not (await a.candles(CandleQuery(BTC, Timeframe.M1))).newest_is_forming


async def test_rows_that_are_no_candles_are_left_out_and_counted() -> None:
    bad = [
        ["1699999920000", "", "", "", "", "", ""],
        ["1699999860000", "100", "98", "99", "101", "5", "500"],
        ["1699999800000", "nan", "102", "99", "101", "5", "500"],
        ["1699999740000", "0", "102", "99", "101", "5", "500"],
        ["1699999680000"],
    ]
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: kline(ROW, *bad)
        page = await a.candles(CandleQuery(BTC, Timeframe.M1))
        assert page.open_ms == [1_699_999_980_000]
        assert page.refused == 5
        venue.answer = lambda path, query: kline(*bad)
        with pytest.raises(ParseError) as caught:
            await a.candles(CandleQuery(BTC, Timeframe.M1))
        assert caught.value.kind == "bad_value"


async def test_a_page_of_a_thousand_candles_costs_the_loop_less_than_5_ms() -> None:
    body = json.dumps(kline(*[[str(TS - number * MINUTE_MS), *ROW[1:]] for number in range(1000)]))
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: web.Response(text=body, content_type="application/json")
        await a.candles(CandleQuery(BTC, Timeframe.M1))
        turns_s = [await _longest_turn(a.candles(CandleQuery(BTC, Timeframe.M1))) for _ in range(9)]
        assert min(turns_s) < 0.005


async def _longest_turn(request: Any) -> float:
    task = asyncio.get_running_loop().create_task(request)
    longest_s = 0.0
    while not task.done():
        before_s = time.thread_time()  # of this loop alone, however busy the machine is
        await asyncio.sleep(0)
        longest_s = max(longest_s, time.thread_time() - before_s)
    assert len(task.result()) == 1000
    return longest_s


# --- answers that are none -------------------------------------------------------------------------------------

HTML = "<html><body>nginx</body></html>"
WHOLE = json.dumps(ok({"category": "linear", "symbol": "BTCUSDT", "list": [ROW]}))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(HTML, "text/html"), (HTML, "application/json"), ("", "application/json"), (WHOLE[:60], "application/json"),
     ("[]", "application/json"), ('"ok"', "application/json"), ("null", "application/json")],
)  # fmt: skip
async def test_http_200_without_data_is_an_error_after_three_tries(body: str, content_type: str) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: web.Response(text=body, content_type=content_type)
        for request in (a.candles(CandleQuery(BTC, Timeframe.M1)), a.tickers(MarketKind.LINEAR), a.server_time()):
            venue.queries.clear()
            with pytest.raises(LinkError) as caught:
                await request
            assert "no data" in caught.value.user_text
            assert len(venue.queries) == 3


@pytest.mark.parametrize("result", [None, {}, [], "x", {"list": None}, {"list": {}}])
async def test_success_without_a_result_is_no_data(result: Any) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: ok(result)
        for request in (
            a.candles(CandleQuery(BTC, Timeframe.M1)), a.tickers(MarketKind.LINEAR), a.instruments(MarketKind.LINEAR),
            a.recent_trades(BTC, 10), a.order_book(BTC, 50), a.server_time(),
        ):  # fmt: skip
            with pytest.raises(ParseError):
                await request


async def test_empty_lists_are_no_tickers_and_no_instruments() -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: ok({"category": "linear", "list": []})
        for request in (a.tickers(MarketKind.LINEAR), a.instruments(MarketKind.LINEAR)):
            with pytest.raises(ParseError) as caught:
                await request
            assert caught.value.kind == "empty"


@pytest.mark.parametrize(
    "result",
    [
        {"s": "BTCUSDT", "a": [["100", "1"]], "b": [["100.5", "1"]], "ts": TS, "u": 7, "seq": 8},
        {"s": "BTCUSDT", "a": [], "b": [], "ts": TS, "u": 7, "seq": 8},
        {"s": "ETHUSDT", "a": [["101", "1"]], "b": [["100", "1"]], "ts": TS, "u": 7, "seq": 8},
        {"s": "BTCUSDT", "a": [["", "1"]], "b": [["100", "1"]], "ts": TS, "u": 7, "seq": 8},
    ],
)
async def test_crossed_empty_and_foreign_books_are_refused(result: dict[str, Any]) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: ok(result)
        with pytest.raises(ParseError):
            await a.order_book(BTC, 50)


async def test_an_answer_to_another_question_is_refused() -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: kline(ROW, symbol="ETHUSDT")
        with pytest.raises(ParseError):
            await a.candles(CandleQuery(BTC, Timeframe.M1))
        venue.answer = lambda path, query: ok({"category": "spot", "list": [{"symbol": "BTCUSDT"}]})
        with pytest.raises(ParseError):
            await a.tickers(MarketKind.LINEAR)


HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"retCode":0,'


@pytest.mark.parametrize(
    ("sent", "end", "words"),
    [
        (HALF, "close", "cut short"),
        (HALF, "reset", "cut short"),
        (HALF, "stall", "no answer in time"),
        (b"", "stall", "no answer in time"),
        (b"", "close", "closed the connection"),
        (b"garbage\r\n\r\n", "close", "no HTTP"),
    ],
)
async def test_answers_that_break_off_or_never_come_are_link_errors(sent: bytes, end: str, words: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        if end == "stall":
            await reader.read()
        elif end == "reset":
            writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER: close by RST
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, adapter(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as a:
        with pytest.raises(LinkError) as caught:
            await a.recent_trades(BTC, 10)
        assert words in caught.value.user_text
        assert "ccxt" not in caught.value.user_text
        assert "http://" not in caught.value.user_text
        assert a.metrics.requests_failed == 3


async def test_nobody_there() -> None:
    async with fake_rest() as venue:
        url = venue.url
    async with adapter(url) as a:
        with pytest.raises(LinkError) as caught:
            await a.server_time()
        assert "connection refused" in caught.value.user_text


# --- codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [10001, 10003, 10005, 10017, 10029, 33004])
async def test_lasting_codes_are_refusals_and_not_repeated(code: int) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: {"retCode": code, "retMsg": "params error", "result": {}, "time": TS}
        with pytest.raises(VenueRejected) as caught:
            await a.server_time()
        assert caught.value.code == code
        assert str(code) in caught.value.user_text
        assert len(venue.queries) == 1


@pytest.mark.parametrize("fault", [10000, 10002, 10016, 10019, "502", "503", "504"])
async def test_passing_faults_are_tried_again(fault: int | str) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        good = ok({"timeSecond": "1", "timeNano": "1000000000"})
        bad: Any = (
            {"retCode": fault, "retMsg": "Server error.", "result": {}, "time": TS}
            if isinstance(fault, int)
            else web.Response(status=int(fault), text=HTML, content_type="text/html")
        )
        venue.answer = lambda path, query: bad if len(venue.queries) < 3 else good
        assert (await a.server_time()).venue_ms == 1000
        assert a.metrics.requests == 3
        assert a.metrics.requests_failed == 2


async def test_10006_waits_for_the_reset_that_the_headers_tell_and_holds_all_requests() -> None:
    def answer(path: str, query: dict[str, str]) -> Any:
        if len(venue.queries) > 1:
            return ok({"timeSecond": "1", "timeNano": "1000000000"})
        headers = {
            "X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(TS + 300)
        }  # fmt: skip
        body = {"retCode": 10006, "retMsg": "Too many visits!", "result": {}, "retExtInfo": {}, "time": TS}
        return web.json_response(body, headers=headers)

    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = answer
        loop = asyncio.get_running_loop()
        first = loop.create_task(a.server_time())
        await until(lambda: a.metrics.requests_failed == 1, "the refusal")
        second = loop.create_task(a.server_time())
        await asyncio.gather(first, second)
        moments = [moment for moment, _, _ in venue.queries]
        assert len(moments) == 3
        assert moments[1] - moments[0] >= 0.29


@pytest.mark.parametrize(
    ("body", "words"), [("403, access too frequent", "too many requests"), (HTML, "address or country")]
)
async def test_403_stops_all_requests_and_says_so(body: str, words: str) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: web.Response(status=403, text=body)
        for _ in range(3):
            with pytest.raises(RateLimited) as caught:
                await a.server_time()
            assert 590 < caught.value.retry_after_s <= 600
            assert words in caught.value.user_text
            assert "streams go on" in caught.value.user_text
        assert len(venue.queries) == 1, "requests went on although the venue had stopped them"


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503, 429, 451])
async def test_every_error_tells_a_person(status: int) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: web.Response(status=status, text=HTML)
        with pytest.raises(VirtuosoError) as caught:
            await a.server_time()
        assert f"HTTP {status}" in caught.value.user_text
        assert "<html>" not in caught.value.user_text


# --- pace ------------------------------------------------------------------------------------------------------


async def slow_time(path: str, query: dict[str, str]) -> Any:
    await asyncio.sleep(0.05)
    return ok({"timeSecond": "1", "timeNano": "1000000000"})


async def test_at_most_so_many_a_second_and_four_at_once() -> None:
    settings = msgspec.structs.replace(QUICK, requests_per_s=40.0)
    async with fake_rest() as venue, adapter(venue.url, settings) as a:
        venue.answer = slow_time
        await a.server_time()
        venue.queries.clear()
        await asyncio.gather(*(a.server_time() for _ in range(30)))
        moments = [moment for moment, _, _ in venue.queries]
        assert moments[-1] - moments[0] >= 29 / 40.0 - 0.03
        assert venue.most_running <= 4
    assert RestSettings().requests_per_s == 8.0
    assert RestSettings().most_at_once == 4


async def test_what_the_user_looks_at_goes_first() -> None:
    settings = msgspec.structs.replace(QUICK, most_at_once=1)
    async with fake_rest() as venue, adapter(venue.url, settings) as a:
        venue.answer = lambda path, query: kline(symbol=query["symbol"])
        order = [
            ("A", RequestPriority.HISTORY), ("B", RequestPriority.HISTORY), ("C", RequestPriority.BACKGROUND),
            ("D", RequestPriority.SHOWN), ("E", RequestPriority.REPAIR),
        ]  # fmt: skip
        await asyncio.gather(
            *(
                a.candles(CandleQuery(InstrumentId(Venue.BYBIT, MarketKind.LINEAR, name), Timeframe.M1), priority=rank)
                for name, rank in order
            )
        )
        assert [query.split("symbol=")[1][0] for _, _, query in venue.queries] == ["A", "D", "E", "B", "C"]


async def test_a_cancelled_request_leaves_the_queue_and_frees_its_place() -> None:
    settings = msgspec.structs.replace(QUICK, most_at_once=1)
    async with fake_rest() as venue, adapter(venue.url, settings) as a:
        venue.answer = slow_time
        loop = asyncio.get_running_loop()
        running, waiting, last = (loop.create_task(a.server_time()) for _ in range(3))
        await until(lambda: venue.running == 1 and a.waiting_requests == 2, "one runs, two wait")
        waiting.cancel()
        running.cancel()
        await last
        assert a.waiting_requests == 0
        assert len(venue.queries) == 2
        assert waiting.cancelled()
        assert running.cancelled()


async def test_nothing_is_sent_after_the_close() -> None:
    async with fake_rest() as venue:
        async with adapter(venue.url) as a:
            pass
        with pytest.raises(LinkError):
            await a.server_time()
        with pytest.raises(LinkError):
            await a.load()
        assert venue.queries == []


async def test_an_answer_that_drips_in_ends_at_the_total_deadline() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in HALF:
            if writer.is_closing():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        writer.close()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    settings = msgspec.structs.replace(QUICK, total_timeout_s=0.2, tries=1)
    async with server, adapter(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", settings) as a:
        started_s = time.perf_counter()
        with pytest.raises(LinkError) as caught:
            await a.server_time()
        assert time.perf_counter() - started_s < 0.6
        assert "no answer in time" in caught.value.user_text
        await ended.wait()


async def test_live_clock_and_manual_clock_serve_alike() -> None:
    async with fake_rest() as venue:
        endpoints = BybitEndpoints(rest=venue.url, ws="ws://127.0.0.1:9")
        made = BybitAdapter(endpoints, lambda _: None, LiveClock(), Supervisor(), QUICK)
        venue.answer = slow_time
        try:
            sample = await made.server_time()
            assert sample.received_ms >= sample.sent_ms + 40
            made.venue_clock.measure([(sample.sent_ms, sample.venue_ms, sample.received_ms)])
            assert made.venue_clock.offset_is_suspicious
        finally:
            await made.close()
