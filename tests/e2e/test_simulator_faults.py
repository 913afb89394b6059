"""Every fault of `docs/faults.md` as a client sees it on the wire."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
import websockets

from tests.fake_market import BTC, T0_MS, FakeMarket
from tests.stream_client import Gap, RebuiltBook, StreamClient, connected, rebuilt
from virtuoso_desktop.kernel.clock import ScaledClock
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.limits import RateLimits
from virtuoso_desktop.simulator.server import SimulatedExchange

START_MS = T0_MS + DAY_MS + 55_000
BOOK, TRADES = "orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"
TICKER, KLINE = "tickers.BTCUSDT", "kline.1.BTCUSDT"
KLINES = "market/kline?symbol=BTCUSDT&interval=1&limit=50"


@asynccontextmanager
async def venue(rate: float = 1.0) -> AsyncIterator[SimulatedExchange]:
    limits = RateLimits(endpoint_requests=1_000, instruments_requests=1_000)
    async with SimulatedExchange(FakeMarket(), ScaledClock(START_MS, rate), limits=limits) as exchange:
        yield exchange


@asynccontextmanager
async def watched(*topics: str, rate: float = 1.0) -> AsyncIterator[tuple[SimulatedExchange, StreamClient]]:
    """A client that has each topic's first frames (candles: none needed)."""
    async with venue(rate) as exchange, connected(exchange.ws_url) as client:
        assert (await client.subscribe(*topics))["success"] is True
        await client.read_until(lambda: all(client.count(topic) for topic in topics))
        yield exchange, client


# --- books ---


def best(book: RebuiltBook) -> tuple[float, float]:
    bids, asks = book.sides()
    return float(bids[0][0]), float(asks[0][0])


async def test_crossed_a_bid_stays_at_an_asks_price_until_a_new_snapshot() -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.CROSSED, "orderbook.50", symbol="BTCUSDT"))
        await client.read_for(1.0)
        bid, ask = best(rebuilt(client.frames[BOOK]))
        assert bid >= ask
        await client.ask(op="unsubscribe", args=[BOOK])
        client.frames.clear()
        await client.subscribe(BOOK)
        await client.read_for(0.5)
        bid, ask = best(rebuilt(client.frames[BOOK]))
        assert bid < ask


async def test_a_crossed_level_one_book_is_crossed_once() -> None:
    topic = "orderbook.1.BTCUSDT"
    async with watched(topic) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.CROSSED))
        await client.read_for(1.2)
        tops = [(float(f["data"]["b"][0][0]), float(f["data"]["a"][0][0])) for f in client.frames[topic]]
        assert sum(bid >= ask for bid, ask in tops) == 1
        assert {len(frame["data"]["b"]) for frame in client.frames[topic]} == {1}


async def test_unknown_level_deletes_what_is_not_there_and_changes_nothing() -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.UNKNOWN_LEVEL))
        await client.read_for(0.6)
        book, strange = RebuiltBook(), 0
        for frame in client.frames[BOOK]:
            known = set(book.asks)
            strange += any(size == "0" and price not in known for price, size in frame["data"]["a"])
            book.apply(frame)
        assert strange == 1
        assert len(book.asks) == 50


async def test_a_snapshot_is_sent_again_in_the_middle() -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.SNAPSHOT, "orderbook"))
        await client.read_for(0.6)
        kinds = [frame["type"] for frame in client.frames[BOOK]]
        assert kinds.count("snapshot") == 2
        updates = [frame["data"]["u"] for frame in client.frames[BOOK]]
        assert updates == list(range(updates[0], updates[0] + len(updates)))
        rebuilt(client.frames[BOOK])


async def test_a_restart_is_a_snapshot_with_u_1_and_goes_on_from_there() -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.RESTART, "orderbook.50"))
        await client.read_for(0.8)
        updates = [frame["data"]["u"] for frame in client.frames[BOOK]]
        at = updates.index(1)
        assert client.frames[BOOK][at]["type"] == "snapshot"
        assert updates[at:] == list(range(1, len(updates) - at + 1))
        assert len(updates) - at > 3
        rebuilt(client.frames[BOOK])


# --- any topic ---


async def test_a_duplicate_is_the_same_frame_twice() -> None:
    async with watched(TRADES, BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.DUPLICATE, for_s=2.5))
        await client.read_for(2.4)
        ids = [item["i"] for frame in client.frames[TRADES] for item in frame["data"]]
        assert len(ids) > len(set(ids))
        assert any(a == b for a, b in pairwise(client.frames[BOOK]))


async def test_out_of_order_swaps_frames_and_turns_trades_round() -> None:
    async with watched(BOOK, TRADES, rate=8.0) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.OUT_OF_ORDER, for_s=30))
        await client.read_for(2.0)
        updates = [frame["data"]["u"] for frame in client.frames[BOOK]]
        assert updates != sorted(updates)
        assert sorted(updates) == list(range(updates[0], updates[0] + len(updates)))
        times = [item["T"] for frame in client.frames[TRADES] for item in frame["data"]]
        assert times != sorted(times)
        assert len(set(times)) == len(times)


async def test_a_flood_repeats_every_frame() -> None:
    async with watched(TICKER) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.FLOOD, "tickers", for_s=10.0, times=99))
        await client.read_until(lambda: client.count(TICKER) > 300)
        frames = client.frames[TICKER]
        assert sum(a == b for a, b in pairwise(frames)) > 0.95 * len(frames) - 10


async def test_dead_is_accepted_and_never_served_until_subscribed_again() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client:
        exchange.inject(Fault(0.0, FaultKind.DEAD, "orderbook.50", for_s=0.8, symbol="BTCUSDT"))
        assert (await client.subscribe(BOOK, TICKER))["success"] is True
        await client.read_for(1.5)
        assert client.count(BOOK) == 0
        assert client.count(TICKER) > 2
        assert (await client.subscribe(BOOK))["ret_msg"] == f"error:already subscribed,topic:{BOOK}"
        await client.ask(op="unsubscribe", args=[BOOK])
        await client.subscribe(BOOK)
        await client.read_until(lambda: client.count(BOOK) > 2)


async def test_silent_can_mean_one_category() -> None:
    async with watched(TICKER) as (exchange, client), connected(exchange.ws_url, "spot") as spot:
        await spot.subscribe(TICKER)
        exchange.inject(Fault(0.0, FaultKind.SILENT, for_s=5.0, category="linear"))
        await client.read_for(0.3)
        seen = client.count(TICKER)
        await asyncio.gather(client.read_for(1.5), spot.read_for(1.5))
        assert client.count(TICKER) == seen
        assert spot.count(TICKER) >= 2


async def test_probability_and_seed_decide_which_updates_are_lost() -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.GAP, "orderbook.50", for_s=10.0, probability=0.3, seed=4))
        await client.read_for(3.0)
        updates = [frame["data"]["u"] for frame in client.frames[BOOK]]
        lost = updates[-1] - updates[0] + 1 - len(updates)
        assert 0.1 < lost / (updates[-1] - updates[0]) < 0.5
        with pytest.raises(Gap):
            rebuilt(client.frames[BOOK])


# --- candles ---


async def confirms(kind: FaultKind, delay_s: float) -> list[dict[str, Any]]:
    """The rows of the 1m candles under a fault, a minute every 1.5 s."""
    async with venue(rate=40.0) as exchange, connected(exchange.ws_url) as client:
        exchange.inject(Fault(0.0, kind, "kline.1", for_s=30.0, delay_s=delay_s))
        await client.subscribe(KLINE)
        await client.read_until(
            lambda: sum(frame["data"][0]["confirm"] for frame in client.frames.get(KLINE, [])) >= 4, 12.0
        )
        return [frame["data"][0] for frame in client.frames[KLINE]]


@pytest.mark.deadline_s(20)
async def test_a_late_candle_closes_after_the_next_one_has_begun() -> None:
    rows = await confirms(FaultKind.LATE_CANDLE, 0.9)
    closes = [at for at, row in enumerate(rows) if row["confirm"]]
    assert all(any(row["start"] > rows[at]["start"] for row in rows[:at]) for at in closes)


@pytest.mark.deadline_s(20)
async def test_a_corrected_candle_closes_twice_and_the_second_is_true() -> None:
    rows = [row for row in await confirms(FaultKind.CORRECTED_CANDLE, 0.4) if row["confirm"]]
    start = rows[0]["start"]
    wrong, right = (row for row in rows if row["start"] == start)
    assert wrong["close"] != right["close"]
    assert wrong["volume"] == "0"
    (truth,) = FakeMarket().candles(BTC.id, *_minute(start))
    assert (right["close"], right["volume"]) == (f"{BTC.to_price(truth.close_ticks):g}", truth.volume)


def _minute(start: int) -> tuple[Any, int, int, int]:
    return Timeframe.M1, start, start, start + 120_000


# --- connections ---


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1012, 4000])
async def test_close_codes(code: int) -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.CLOSE, code=code))
        with pytest.raises(websockets.ConnectionClosed):
            await client.read_for(3.0)
        assert client.connection.close_code == code


async def test_eof_ends_without_a_goodbye() -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.EOF, "orderbook.50"))
        with pytest.raises(websockets.ConnectionClosedError) as caught:
            await client.read_for(3.0)
        assert caught.value.rcvd is None
        async with connected(exchange.ws_url) as again:
            await again.subscribe(BOOK)
            await again.read_until(lambda: again.count(BOOK) > 3)


async def test_no_pong_while_data_go_on() -> None:
    async with watched(BOOK) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.NO_PONG, for_s=0.7, category="linear"))
        answers, frames = len(client.answers), client.count(BOOK)
        await client.send(op="ping")
        await client.read_for(0.5)
        assert len(client.answers) == answers
        assert client.count(BOOK) > frames
        await client.read_for(0.3)
        assert (await client.ask(op="ping"))["ret_msg"] == "pong"


@pytest.mark.parametrize("code", [None, 403, 429, 502])
async def test_a_handshake_is_refused_with_a_status(code: int | None) -> None:
    async with venue() as exchange:
        exchange.inject(Fault(0.0, FaultKind.HANDSHAKE, code=code, category="linear"))
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with connected(exchange.ws_url):
                pass
        assert caught.value.response.status_code == (code or 503)
        async with connected(exchange.ws_url), connected(exchange.ws_url, "spot"):
            pass


# --- requests ---


class Reply:
    """What a plain HTTP client saw."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.status, self.headers, self.body = response.status, response.headers, body

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


async def ask(exchange: SimulatedExchange, path: str = KLINES, timeout_s: float = 5.0) -> Reply:
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    url = f"{exchange.http_url}/v5/{path}"
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
        return Reply(response, await response.read())


async def one(kind: FaultKind, **more: Any) -> tuple[Reply, Reply]:
    """(the answer under the fault, the next one, which is healthy)."""
    async with venue() as exchange:
        exchange.inject(Fault(0.0, kind, endpoint="kline", **more))
        assert (await ask(exchange, "market/time")).json()["retCode"] == 0
        first, second = await ask(exchange), await ask(exchange)
        assert second.json()["retCode"] == 0
        assert len(second.json()["result"]["list"]) == 50
        return first, second


async def test_rate_limit_is_10006_with_the_time_to_wait() -> None:
    reply, _ = await one(FaultKind.RATE_LIMIT, delay_s=0.7)
    assert (reply.status, reply.json()["retCode"]) == (200, 10006)
    assert reply.headers["X-Bapi-Limit-Status"] == "0"
    assert int(reply.headers["X-Bapi-Limit-Reset-Timestamp"]) - reply.json()["time"] == 700


async def test_refusals_by_status() -> None:
    reply, _ = await one(FaultKind.BAN)
    assert (reply.status, reply.body) == (403, b"403, access too frequent")
    reply, _ = await one(FaultKind.BLOCKED)
    assert reply.status == 403
    assert b"country" in reply.body
    assert reply.headers["Content-Type"].startswith("text/html")
    reply, _ = await one(FaultKind.THROTTLED)
    assert reply.status == 429
    for code in (500, 502, 503, 504):
        reply, _ = await one(FaultKind.SERVER_ERROR, code=code)
        assert (reply.status, b"<html>" in reply.body) == (code, True)


async def test_refusals_with_status_200() -> None:
    reply, _ = await one(FaultKind.VENUE_ERROR)
    assert (reply.status, reply.json()["retCode"], reply.json()["result"]) == (200, 10016, {})
    reply, _ = await one(FaultKind.VENUE_ERROR, code=10002)
    assert reply.json()["retCode"] == 10002
    reply, _ = await one(FaultKind.HTML)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.body.startswith(b"<html>")
    reply, _ = await one(FaultKind.EMPTY)
    assert (reply.status, reply.body) == (200, b"")
    reply, _ = await one(FaultKind.NO_RESULT)
    assert (reply.json()["retCode"], reply.json()["result"]) == (0, None)


async def test_a_cut_json_has_the_right_length_and_no_end() -> None:
    reply, healthy = await one(FaultKind.CUT_JSON)
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    assert 0 < len(reply.body) < len(healthy.body)
    with pytest.raises(json.JSONDecodeError):
        reply.json()


async def test_a_short_body_is_less_than_its_length() -> None:
    async with venue() as exchange:
        exchange.inject(Fault(0.0, FaultKind.SHORT_BODY, endpoint="kline"))
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask(exchange)
        assert (await ask(exchange)).status == 200


async def test_slow_comes_whole_but_late() -> None:
    async with venue() as exchange:
        exchange.inject(Fault(0.0, FaultKind.SLOW, endpoint="*", delay_s=0.6))
        began = time.monotonic()
        assert len((await ask(exchange)).json()["result"]["list"]) == 50
        assert time.monotonic() - began >= 0.6


async def test_stalled_begins_and_does_not_go_on() -> None:
    async with venue() as exchange:
        exchange.inject(Fault(0.0, FaultKind.STALLED, endpoint="kline", delay_s=2.0))
        url = f"{exchange.http_url}/v5/{KLINES}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert await response.content.readany()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.6):
                    await response.content.readany()
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()


async def test_a_request_can_be_reset() -> None:
    async with venue() as exchange:
        exchange.inject(Fault(0.0, FaultKind.RESET, endpoint="kline", for_s=0.5))
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
            await ask(exchange)
        exchange.heal()
        assert (await ask(exchange)).status == 200


async def test_a_crossed_rest_book() -> None:
    path = "market/orderbook?category=linear&symbol=BTCUSDT&limit=5"
    async with venue() as exchange:
        exchange.inject(Fault(0.0, FaultKind.CROSSED, endpoint="*"))
        assert (await ask(exchange)).json()["retCode"] == 0
        for crossed in (True, False):
            book = (await ask(exchange, path)).json()["result"]
            assert (float(book["b"][0][0]) >= float(book["a"][0][0])) is crossed


async def test_a_request_fault_can_mean_one_symbol_category_and_time() -> None:
    async with venue() as exchange:
        exchange.inject(Fault(0.3, FaultKind.EMPTY, endpoint="tickers", symbol="ETHUSDT", category="linear", for_s=0.6))
        btc, eth = ("market/tickers?category=linear&symbol=" + symbol for symbol in ("BTCUSDT", "ETHUSDT"))
        assert (await ask(exchange, eth)).body
        await asyncio.sleep(0.35)
        assert (await ask(exchange, btc)).body
        assert not (await ask(exchange, eth)).body
        assert not (await ask(exchange, eth)).body
        assert (await ask(exchange, eth.replace("linear", "spot"))).body
        await asyncio.sleep(0.6)
        assert (await ask(exchange, eth)).body


# --- the venue ---


async def test_clock_skew_moves_all_times_and_ends() -> None:
    async with watched(TICKER) as (exchange, client):
        before = (await ask(exchange, "market/time")).json()["time"]
        exchange.inject(Fault(0.0, FaultKind.CLOCK_SKEW, skew_s=10.0, for_s=1.0))
        skewed = (await ask(exchange, "market/time")).json()
        assert 10_000 <= skewed["time"] - before < 10_800
        assert int(skewed["result"]["timeNano"]) // 10**9 == skewed["time"] // 1000
        await client.read_until(lambda: client.frames[TICKER][-1]["ts"] - before > 9_000)
        await asyncio.sleep(1.0)
        assert (await ask(exchange, "market/time")).json()["time"] - before < 5_000


async def test_the_clock_can_be_behind_and_data_wait_for_it() -> None:
    async with watched(TRADES) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.CLOCK_SKEW, skew_s=-2.5))
        await client.read_for(4.5)
        times = [item["T"] for frame in client.frames[TRADES] for item in frame["data"]]
        assert times == list(range(times[0], times[0] + 1000 * len(times), 1000))


async def test_delisting_is_announced_then_the_symbol_is_gone() -> None:
    async with watched(TICKER, "tickers.ETHUSDT") as (exchange, client):
        exchange.inject(Fault(1.0, FaultKind.DELISTING, symbol="ETHUSDT"))
        info = "market/instruments-info?category=linear"
        rows = {row["symbol"]: row for row in (await ask(exchange, info)).json()["result"]["list"]}
        assert rows["ETHUSDT"]["status"] == "Trading"
        assert abs(int(rows["ETHUSDT"]["deliveryTime"]) - START_MS) < 5_000
        assert rows["BTCUSDT"]["deliveryTime"] == "0"
        await client.read_for(1.3)
        eth, btc = client.count("tickers.ETHUSDT"), client.count(TICKER)
        await client.read_for(1.2)
        assert client.count("tickers.ETHUSDT") == eth
        assert client.count(TICKER) > btc
        rows = {row["symbol"]: row for row in (await ask(exchange, info)).json()["result"]["list"]}
        assert set(rows) == {"BTCUSDT"}
        closed = (await ask(exchange, f"{info}&status=Closed")).json()["result"]["list"]
        assert [row["symbol"] for row in closed] == ["ETHUSDT"]
        reply = (await ask(exchange, KLINES.replace("BTC", "ETH"))).json()
        assert (reply["retCode"], reply["retMsg"]) == (10001, "Not supported symbols")
        everything = (await ask(exchange, "market/tickers?category=linear")).json()["result"]["list"]
        assert [row["symbol"] for row in everything] == ["BTCUSDT"]
        refused = await client.subscribe("kline.1.ETHUSDT")
        assert refused["ret_msg"] == "error:handler not found,topic:kline.1.ETHUSDT"


async def test_a_listing_appears_at_its_time() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client:
        exchange.inject(Fault(0.6, FaultKind.LISTING, symbol="ETHUSDT"))
        info = "market/instruments-info?category=linear"
        assert [row["symbol"] for row in (await ask(exchange, info)).json()["result"]["list"]] == ["BTCUSDT"]
        assert (await client.subscribe("tickers.ETHUSDT"))["success"] is False
        await asyncio.sleep(0.7)
        assert len((await ask(exchange, info)).json()["result"]["list"]) == 2
        assert (await client.subscribe("tickers.ETHUSDT"))["success"] is True
        await client.read_until(lambda: client.count("tickers.ETHUSDT"))


@pytest.mark.parametrize("code", [None, 503])
async def test_maintenance_silences_all_and_the_status_says_so(code: int | None) -> None:
    async with watched(TICKER) as (exchange, client):
        exchange.inject(Fault(0.4, FaultKind.MAINTENANCE, for_s=1.2, code=code))
        assert (await ask(exchange, "system/status")).json()["result"]["list"][0]["state"] == "scheduled"
        await asyncio.sleep(0.5)
        (row,) = (await ask(exchange, "system/status")).json()["result"]["list"]
        assert row["state"] == "ongoing"
        assert int(row["end"]) - int(row["begin"]) == 1_200
        reply = await ask(exchange)
        assert reply.status == (code or 200)
        assert code or reply.json()["retCode"] == 10016
        await client.read_for(0.1)
        seen = client.count(TICKER)
        assert (await client.ask(op="ping"))["ret_msg"] == "pong"
        await client.read_for(0.5)
        assert client.count(TICKER) == seen
        await client.read_until(lambda: client.count(TICKER) > seen)
        assert client.frames[TICKER][seen]["type"] == "snapshot"
        assert (await ask(exchange)).json()["retCode"] == 0
        assert (await ask(exchange, "system/status")).json()["result"]["list"][0]["state"] == "completed"


async def test_heal_ends_everything() -> None:
    async with watched(TICKER) as (exchange, client):
        exchange.inject(Fault(0.0, FaultKind.SILENT, for_s=60.0))
        exchange.inject(Fault(0.0, FaultKind.SERVER_ERROR, for_s=60.0))
        exchange.inject(Fault(0.0, FaultKind.CLOCK_SKEW, skew_s=-60.0))  # ahead, its streams would wait afterwards
        assert (await ask(exchange)).status == 503
        exchange.heal()
        seen = client.count(TICKER)
        assert (await ask(exchange)).json()["time"] >= START_MS
        await client.read_until(lambda: client.count(TICKER) > seen)


async def test_nonsense_is_refused_at_injection() -> None:
    async with venue() as exchange:
        with pytest.raises(ConfigError, match="no endpoint"):
            exchange.inject(Fault(0.0, FaultKind.GAP, endpoint="kline"))
