"""The simulated venue's streams over real sockets, read by a client of the test's own."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiohttp
import pytest
import websockets

from tests.fake_market import BTC, SPOT_BTC, T0_MS, FakeMarket
from tests.stream_client import Gap, RebuiltBook, connected, rebuilt
from virtuoso_desktop.kernel.clock import ScaledClock
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.limits import RateLimits
from virtuoso_desktop.simulator.server import SimulatedExchange

START_MS = T0_MS + DAY_MS + 55_000
BOOK_50, BOOK_1000 = "orderbook.50.BTCUSDT", "orderbook.1000.BTCUSDT"
TRADES, TICKER, KLINE = "publicTrade.BTCUSDT", "tickers.BTCUSDT", "kline.1.BTCUSDT"


def venue(market: FakeMarket | None = None, rate: float = 1.0, limits: RateLimits | None = None) -> SimulatedExchange:
    return SimulatedExchange(market or FakeMarket(), ScaledClock(START_MS, rate), limits=limits)


async def test_books_of_all_depths_rebuild_with_consecutive_updates_and_comparable_sequences() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client:
        topics = [f"orderbook.{depth}.BTCUSDT" for depth in (1, 50, 200, 1000)]
        assert (await client.subscribe(*topics, TRADES))["success"] is True
        await client.read_for(3.0)
        books = {topic: rebuilt(client.frames[topic]) for topic in topics}
        for topic in topics[1:]:
            frames = client.frames[topic]
            assert [frame["type"] for frame in frames] == ["snapshot"] + ["delta"] * (len(frames) - 1)
            assert len(frames) >= 10
        assert {frame["type"] for frame in client.frames[topics[0]]} == {"snapshot"}
        sequences = [(frame["cts"], frame["data"]["seq"]) for topic in topics for frame in client.frames[topic]]
        sequences += [(item["T"], item["seq"]) for frame in client.frames[TRADES] for item in frame["data"]]
        by_time = sorted(sequences)
        assert [sequence for _, sequence in by_time] == sorted(sequence for _, sequence in sequences)
        assert len({books[topic].update_id for topic in topics}) == 4


async def test_rest_book_is_the_1000_level_streams_book_of_the_same_update() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client, aiohttp.ClientSession() as session:
        await client.subscribe(BOOK_1000)
        await client.read_until(lambda: client.count(BOOK_1000) > 3)
        query = "category=linear&symbol=BTCUSDT&limit=1000"
        async with session.get(f"{exchange.http_url}/v5/market/orderbook?{query}") as response:
            rest = (await response.json())["result"]
        await client.read_until(lambda: client.frames[BOOK_1000][-1]["data"]["u"] >= rest["u"])
        same = rebuilt(frame for frame in client.frames[BOOK_1000] if frame["data"]["u"] <= rest["u"])
        assert same.update_id == rest["u"]
        assert same.sequence == rest["seq"]
        assert same.sides() == (rest["b"], rest["a"])
        own = exchange.book(BTC.id, 1000)
        assert own.update_id >= rest["u"]
        assert len(own.bids) == 1000


async def test_rest_book_without_a_subscriber_belongs_to_the_same_chain() -> None:
    async with venue() as exchange, aiohttp.ClientSession() as session:
        url = f"{exchange.http_url}/v5/market/orderbook?category=linear&symbol=BTCUSDT"
        updates: list[int] = []
        for _ in range(3):
            async with session.get(url) as response:
                updates.append((await response.json())["result"]["u"])
            await asyncio.sleep(0.25)
        assert updates == sorted(set(updates))
        async with connected(exchange.ws_url) as client:
            await client.subscribe(BOOK_1000)
            await client.read_until(lambda: client.count(BOOK_1000))
            assert client.frames[BOOK_1000][0]["data"]["u"] > updates[-1]


async def test_two_clients_share_one_chain_of_updates() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as first, connected(exchange.ws_url) as second:
        await first.subscribe(BOOK_50)
        await first.read_for(0.5)
        await second.subscribe(BOOK_50)
        await asyncio.gather(first.read_for(1.0), second.read_for(1.0))
        of_first = {frame["data"]["u"]: frame["data"] for frame in first.frames[BOOK_50]}
        snapshot, *deltas = second.frames[BOOK_50]
        assert snapshot["type"] == "snapshot"
        assert len(deltas) > 5
        assert snapshot["data"]["u"] in of_first
        both = [frame["data"]["u"] for frame in deltas if frame["data"]["u"] in of_first]
        assert all(of_first[frame["data"]["u"]] == frame["data"] for frame in deltas if frame["data"]["u"] in both)
        assert len(both) >= len(deltas) - 2


@pytest.mark.deadline_s(20)
async def test_trades_add_up_to_the_candle_that_closes() -> None:
    async with venue(rate=20.0) as exchange, connected(exchange.ws_url) as client:
        await client.subscribe(TRADES, KLINE)
        await client.read_until(
            lambda: sum(frame["data"][0]["confirm"] for frame in client.frames.get(KLINE, [])) >= 3, 15.0
        )
        await client.read_for(0.4)
        rows = [frame["data"][0] for frame in client.frames[KLINE]]
        trades = [item for frame in client.frames[TRADES] for item in frame["data"]]
        assert len({item["i"] for item in trades}) == len(trades)
        assert [item["T"] for item in trades] == sorted(item["T"] for item in trades)
        closed = [row for row in rows if row["confirm"]]
        for row in closed[1:3]:
            inside = [item for item in trades if row["start"] <= item["T"] <= row["end"]]
            assert len(inside) == 60
            assert sum(Decimal(item["v"]) for item in inside) == Decimal(row["volume"])
            turnover = sum(Decimal(item["v"]) * Decimal(item["p"]) for item in inside)
            assert turnover == Decimal(row["turnover"])
            prices = [Decimal(item["p"]) for item in inside]
            told = tuple(Decimal(row[key]) for key in ("open", "high", "low", "close"))
            assert told == (prices[0], max(prices), min(prices), prices[-1])
        opens = [row["start"] for row in rows]
        assert opens == sorted(opens)


async def test_linear_tickers_merge_and_spot_has_its_own() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as linear, connected(exchange.ws_url, "spot") as spot:
        await linear.subscribe(TICKER)
        await spot.subscribe(TICKER)
        await asyncio.gather(linear.read_for(2.0), spot.read_for(2.0))
        snapshot, *deltas = linear.frames[TICKER]
        assert snapshot["type"] == "snapshot"
        assert deltas
        assert {frame["type"] for frame in deltas} == {"delta"}
        assert all(len(frame["data"]) < len(snapshot["data"]) for frame in deltas)
        assert {frame["type"] for frame in spot.frames[TICKER]} == {"snapshot"}
        assert len(spot.frames[TICKER]) >= 2
        assert "bid1Price" not in spot.frames[TICKER][0]["data"]


async def test_acks_refusals_pongs_and_unsubscribe() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client, connected(exchange.ws_url, "spot") as spot:
        assert (await client.ask(op="ping", req_id="9"))["req_id"] == "9"
        assert "req_id" not in await spot.ask(op="ping", req_id="9")
        assert (await spot.ask(op="subscribe", args=[TICKER]))["ret_msg"] == "subscribe"
        refused = await client.subscribe(TICKER, "orderbook.500.BTCUSDT")
        assert refused["ret_msg"] == "error:handler not found,topic:orderbook.500.BTCUSDT"
        await client.read_for(0.5)
        assert not client.frames
        assert (await client.subscribe(TICKER))["ret_msg"] == ""
        assert (await client.subscribe(TICKER))["ret_msg"] == f"error:already subscribed,topic:{TICKER}"
        await client.read_until(lambda: client.count(TICKER) > 2)
        await client.connection.send("hello")
        await client.read_until(lambda: client.answers[-1]["ret_msg"].startswith("Failed to decode"))
        assert (await client.ask(op="unsubscribe", args=[TICKER]))["op"] == "unsubscribe"
        seen = client.count(TICKER)
        await client.read_for(0.7)
        assert client.count(TICKER) == seen
        assert (await client.subscribe(TICKER))["success"] is True
        await client.read_until(lambda: client.count(TICKER) > seen)
        assert client.frames[TICKER][seen]["type"] == "snapshot"


async def test_nothing_is_generated_for_topics_that_nobody_has() -> None:
    class Counting(FakeMarket):
        books = 0

        def book(self, *arguments: object) -> object:  # type: ignore[override]
            self.books += 1
            return super().book(*arguments)  # type: ignore[arg-type]

    market = Counting()
    async with venue(market) as exchange:
        await asyncio.sleep(0.3)
        assert market.books == 0
        async with connected(exchange.ws_url) as client:
            await client.subscribe(BOOK_50)
            await client.read_until(lambda: client.count(BOOK_50) > 3)
        assert market.books > 3
        await asyncio.sleep(0.3)
        seen = market.books
        await asyncio.sleep(0.3)
        assert market.books == seen


@pytest.mark.parametrize("path", ["/v5/public/option", "/v5/private", "/"])
async def test_other_stream_paths_are_404(path: str) -> None:
    async with venue() as exchange:
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with websockets.connect(exchange.ws_url + path, proxy=None):
                pass
        assert caught.value.response.status_code == 404


# --- faults ---


async def test_a_gap_loses_one_update_and_a_new_subscription_heals_it() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client:
        await client.subscribe(BOOK_50)
        await client.read_until(lambda: client.count(BOOK_50) > 3)
        exchange.inject(Fault(0.0, FaultKind.GAP, "orderbook.50", symbol="BTCUSDT"))
        await client.read_for(1.0)
        with pytest.raises(Gap):
            rebuilt(client.frames[BOOK_50])
        jumps = [
            later["data"]["u"] - sooner["data"]["u"]
            for sooner, later in zip(client.frames[BOOK_50], client.frames[BOOK_50][1:], strict=False)
        ]
        assert jumps.count(2) == 1
        assert set(jumps) == {1, 2}
        await client.ask(op="unsubscribe", args=[BOOK_50])
        client.frames.clear()
        await client.subscribe(BOOK_50)
        await client.read_until(lambda: client.count(BOOK_50) > 3)
        own = exchange.book(BTC.id, 50)
        await client.read_until(lambda: client.frames[BOOK_50][-1]["data"]["u"] >= own.update_id)
        book = rebuilt(frame for frame in client.frames[BOOK_50] if frame["data"]["u"] <= own.update_id)
        texts = exchange.texts(BTC.id)
        assert book.sides() == ([list(x) for x in texts.levels(own.bids)], [list(x) for x in texts.levels(own.asks)])


async def test_a_silent_topic_sends_nothing_while_others_and_pongs_go_on_then_starts_with_a_snapshot() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client:
        await client.subscribe(BOOK_50, TICKER)
        await client.read_until(lambda: client.count(BOOK_50) > 3)
        exchange.inject(Fault(0.0, FaultKind.SILENT, "orderbook.50", for_s=1.5))
        await client.read_for(0.2)
        seen, tickers = client.count(BOOK_50), client.count(TICKER)
        assert (await client.ask(op="ping"))["ret_msg"] == "pong"
        await client.ask(op="unsubscribe", args=[BOOK_50])
        assert (await client.subscribe(BOOK_50))["success"] is True
        await client.read_for(0.8)
        assert client.count(BOOK_50) == seen
        assert client.count(TICKER) > tickers
        await client.read_until(lambda: client.count(BOOK_50) > seen + 3)
        assert client.frames[BOOK_50][seen]["type"] == "snapshot"
        rebuilt(client.frames[BOOK_50][seen:])


async def test_after_a_silence_subscribers_that_stayed_get_a_snapshot_and_no_gap() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client:
        await client.subscribe(BOOK_50)
        await client.read_until(lambda: client.count(BOOK_50) > 3)
        exchange.inject(Fault(0.0, FaultKind.SILENT, "*", for_s=0.8))
        await client.read_for(0.2)
        seen = client.count(BOOK_50)
        await client.read_until(lambda: client.count(BOOK_50) > seen + 3)
        assert client.frames[BOOK_50][seen]["type"] == "snapshot"
        rebuilt(client.frames[BOOK_50])


async def test_a_reset_breaks_the_connection_inside_a_frame() -> None:
    async with venue() as exchange:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(exchange.ws_url.rsplit(":", 1)[1]))
        writer.write(
            b"GET /v5/public/linear HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        text = b'{"op":"subscribe","args":["orderbook.200.BTCUSDT"]}'
        writer.write(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)
        received = bytearray(await reader.read(100))
        exchange.inject(Fault(0.3, FaultKind.RESET, "orderbook"))

        async def read_to_the_end() -> None:
            while chunk := await reader.read(65_536):
                received.extend(chunk)

        with pytest.raises(ConnectionResetError):
            await read_to_the_end()
        assert not _ends_with_a_whole_frame(bytes(received))
        writer.close()


def _ends_with_a_whole_frame(received: bytes) -> bool:
    at = 0
    while at + 4 <= len(received):
        short = received[at + 1]
        head = 2 if short < 126 else 4 if short == 126 else 10
        at += head + (short if short < 126 else int.from_bytes(received[at + 2 : at + head], "big"))
    return at == len(received)


async def test_clients_without_the_topic_survive_a_reset_and_it_happens_once() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as other:
        await other.subscribe(TICKER)
        async with connected(exchange.ws_url) as client:
            await client.subscribe(BOOK_50)
            exchange.inject(Fault(0.0, FaultKind.RESET, "orderbook.50"))
            with pytest.raises(websockets.ConnectionClosedError):
                await client.read_for(2.0)
        async with connected(exchange.ws_url) as client:
            await client.subscribe(BOOK_50)
            await client.read_until(lambda: client.count(BOOK_50) > 5)
        await other.read_for(0.5)
        assert other.count(TICKER) > 2


async def test_a_fault_that_makes_no_sense_is_refused() -> None:
    async with venue() as exchange:
        with pytest.raises(ConfigError, match="did you mean 'tickers'"):
            exchange.inject(Fault(0.0, FaultKind.GAP, "ticker"))


# --- life ---


@pytest.mark.logs("all topics are silent from now on")
async def test_at_the_end_of_the_data_candles_close_and_all_is_silent() -> None:
    end_ms = START_MS + 5_000
    async with venue(FakeMarket(end_ms=end_ms), rate=3.0) as exchange, connected(exchange.ws_url) as client:
        await client.subscribe(KLINE, TRADES, BOOK_50, "kline.5.BTCUSDT")
        await client.read_for(2.2)
        last = client.frames[KLINE][-1]["data"][0]
        assert (last["end"] + 1, last["confirm"]) == (end_ms, True)
        assert client.frames["kline.5.BTCUSDT"][-1]["data"][0]["confirm"] is False
        assert client.frames[TRADES][-1]["data"][-1]["T"] == end_ms - 750
        seen = {topic: len(frames) for topic, frames in client.frames.items()}
        assert (await client.ask(op="ping"))["success"] is True
        assert (await client.subscribe(TICKER))["success"] is True
        await client.read_for(0.7)
        assert seen == {topic: len(frames) for topic, frames in client.frames.items()}


async def test_leaving_the_venue_says_going_away() -> None:
    async with venue() as exchange, connected(exchange.ws_url) as client:
        await client.subscribe(BOOK_50)
        async with asyncio.timeout(5):
            await exchange.__aexit__()
            with pytest.raises(websockets.ConnectionClosedOK) as caught:
                await client.read_for(3.0)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    async with venue() as exchange:
        port = int(exchange.http_url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="address already in use"):
            async with SimulatedExchange(FakeMarket(), ScaledClock(START_MS, 1.0), port=port):
                pass


# --- REST ---


async def test_headers_and_the_rolling_second() -> None:
    async with venue() as exchange, aiohttp.ClientSession() as session:
        url = f"{exchange.http_url}/v5/market/time"
        for left in range(9, -1, -1):
            async with session.get(url) as response:
                assert response.headers["Content-Type"] == "application/json; charset=utf-8"
                assert response.headers["X-Bapi-Limit"] == "10"
                assert response.headers["X-Bapi-Limit-Status"] == str(left)
                body = await response.json()
                assert 0 <= body["time"] - int(response.headers["X-Bapi-Limit-Reset-Timestamp"]) <= 50
        async with session.get(url) as response:
            body = await response.json()
            assert (response.status, body["retCode"]) == (200, 10006)
            assert response.headers["X-Bapi-Limit-Status"] == "0"
            wait_ms = int(response.headers["X-Bapi-Limit-Reset-Timestamp"]) - body["time"]
            assert 0 < wait_ms <= 1_000
        await asyncio.sleep(wait_ms / 1000 + 0.01)
        async with session.get(url) as response:
            assert (await response.json())["retCode"] == 0


async def test_too_many_requests_of_one_address_are_banned() -> None:
    limits = RateLimits(address_requests=20, address_window_s=0.5, ban_s=0.5, endpoint_requests=1_000)
    async with venue(limits=limits) as exchange, aiohttp.ClientSession() as session:
        url = f"{exchange.http_url}/v5/market/time"
        statuses: list[int] = []
        for _ in range(22):
            async with session.get(url) as response:
                statuses.append(response.status)
                text, kind = await response.text(), response.headers["Content-Type"]
        assert statuses == [200] * 20 + [403] * 2
        assert "X-Bapi-Limit" not in response.headers
        assert text == "403, access too frequent"
        assert kind.startswith("text/plain")
        await asyncio.sleep(0.6)
        async with session.get(url) as response:
            assert response.status == 200


@pytest.mark.parametrize("path", ["/v5/market/liquidations", "/v5/market/kline/", "/", "/v5/public/linear"])
async def test_unknown_paths_are_404_with_route_not_found(path: str) -> None:
    async with venue() as exchange, aiohttp.ClientSession() as session:
        async with session.get(exchange.http_url + path) as response:
            assert (response.status, (await response.json())["retCode"]) == (404, 10017)
        async with session.post(f"{exchange.http_url}/v5/market/time") as response:
            assert response.status == 404


async def test_spot_and_linear_answer_apart() -> None:
    async with venue() as exchange, aiohttp.ClientSession() as session:
        sizes: list[str] = []
        for category in ("linear", "spot"):
            url = f"{exchange.http_url}/v5/market/orderbook?category={category}&symbol=BTCUSDT"
            async with session.get(url) as response:
                sizes.append((await response.json())["result"]["b"][0][1])
        assert len(sizes[0]) == len("0.010")
        assert sizes[1].startswith("0.0000")
        assert exchange.book(SPOT_BTC.id, 1).bids


def test_the_rebuilt_book_of_this_file_notices_a_gap() -> None:
    book = RebuiltBook()
    book.apply({"type": "snapshot", "data": {"b": [["1", "1"]], "a": [], "u": 5, "seq": 1}})
    with pytest.raises(Gap):
        book.apply({"type": "delta", "data": {"b": [], "a": [["2", "1"]], "u": 7, "seq": 2}})
