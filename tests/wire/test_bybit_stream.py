"""Streams against a venue that behaves, and one that does not. Deadlines are short, the rules are the real ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import AsyncGenerator, Iterable

import msgspec
import pytest

from tests.running import until
from tests.wire import fake_bybit
from tests.wire.fake_bybit import FakeStream, fake_stream
from virtuoso_desktop.exchanges.base import (
    DOWN_PHASES,
    LinkHole,
    LinkPhase,
    LinkState,
    Subscription,
    TopicKind,
    TopicRejected,
)
from virtuoso_desktop.exchanges.bybit import topics
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.exchanges.transport import LinkTimes
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.model.errors import BookGap
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import BookDelta, BookSnapshot, MarketEvent, Ticker, Trade
from virtuoso_desktop.model.timeframe import Timeframe

FAST = LinkTimes(
    open_timeout_s=1.0, tick_s=0.02, first_retry_s=0.02, most_retry_s=0.1, stable_s=0.3, close_timeout_s=0.2
)
HASTY = msgspec.structs.replace(FAST, silence_factor=0.1)
"""The limits of silence, a tenth of their length."""
RESYNC = msgspec.structs.replace(FAST, silence_factor=0.2)
BTC = InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "BTCUSDT")
ETH = InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "ETHUSDT")


def of(instrument_id: InstrumentId) -> list[Subscription]:
    return [
        Subscription(instrument_id, TopicKind.TICKER),
        Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=50),
        Subscription(instrument_id, TopicKind.TRADES),
        Subscription(instrument_id, TopicKind.CANDLES, timeframe=Timeframe.M1),
    ]


class Client:
    """An adapter with everything that it told."""

    def __init__(self, url: str, supervisor: Supervisor, times: LinkTimes) -> None:
        self.events: list[MarketEvent] = []
        self.states: list[LinkState] = []
        self.holes: list[LinkHole] = []
        self.rejections: list[TopicRejected] = []
        self.fails: list[str] = []
        """Reasons of BookGap to raise at the next deltas."""
        endpoints = BybitEndpoints(rest="http://127.0.0.1:9", ws=url)
        self.adapter = BybitAdapter(endpoints, self._take, LiveClock(), supervisor, links=times)
        self.adapter.states.connect(self.states.append)
        self.adapter.reconnected.connect(self.holes.append)
        self.adapter.rejected.connect(self.rejections.append)

    def _take(self, event: MarketEvent) -> None:
        if isinstance(event, BookDelta) and self.fails:
            raise BookGap("updates are missing", reason=self.fails.pop(0))
        self.events.append(event)

    def count(self, kind: type[MarketEvent]) -> int:
        return sum(type(event) is kind for event in self.events)

    @property
    def phase(self) -> LinkPhase | None:
        return self.states[-1].phase if self.states else None

    @property
    def reasons(self) -> list[str]:
        return [state.reason for state in self.states if state.phase in DOWN_PHASES and state.reason is not None]


@contextlib.asynccontextmanager
async def client(url: str, wanted: Iterable[Subscription], times: LinkTimes = FAST) -> AsyncGenerator[Client, None]:
    supervisor = Supervisor()
    made = Client(url, supervisor, times)
    made.adapter.subscribe(wanted)
    try:
        yield made
    finally:
        started_s = time.perf_counter()
        await made.adapter.close()
        assert time.perf_counter() - started_s < 1.0, "the links took a second to close"
        assert supervisor.names == ()


async def test_events_of_all_topics_reach_the_sink_and_the_link_turns_live() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        await venue.push(fake_bybit.trade_frame())
        await until(lambda: c.count(Trade) == 1, "a trade")
        assert venue.paths == ["/v5/public/linear"]
        assert [state.phase for state in c.states] == [LinkPhase.CONNECTING, LinkPhase.SYNCING, LinkPhase.LIVE]
        assert c.adapter.metrics.messages == {"tickers": 1, "orderbook.50": 1, "kline": 1, "publicTrade": 1}
        assert c.adapter.metrics.lag_ms.count == 4
        assert c.holes == []


async def test_tickers_and_books_are_subscribed_first() -> None:
    async with fake_stream() as venue, client(venue.url, [*of(BTC)[::-1], *of(ETH)[::-1]]) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        assert venue("subscribe") == [
            ["tickers.BTCUSDT", "tickers.ETHUSDT", "orderbook.50.BTCUSDT", "orderbook.50.ETHUSDT",
             "publicTrade.BTCUSDT", "publicTrade.ETHUSDT", "kline.1.BTCUSDT", "kline.1.ETHUSDT"],
        ]  # fmt: skip


async def test_spot_is_asked_for_ten_topics_a_request_on_its_own_path() -> None:
    spot = [InstrumentId(Venue.BYBIT, MarketKind.SPOT, f"C{number}USDT") for number in range(6)]
    async with fake_stream() as venue, client(venue.url, [s for i in spot for s in of(i)]) as c:
        venue.most_args = 10
        await until(lambda: c.phase is LinkPhase.LIVE and len(venue.subscribed) == 24, "all topics")
        assert [len(args) for args in venue("subscribe")] == [10, 10, 4]
        assert venue.paths == ["/v5/public/spot"]


async def test_topics_beyond_the_venues_limit_of_characters_get_another_connection() -> None:
    many = [InstrumentId(Venue.BYBIT, MarketKind.LINEAR, f"COIN{number:04}USDT") for number in range(800)]
    wanted = [Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=50) for instrument_id in many]
    async with fake_stream() as venue, client(venue.url, wanted) as c:
        await until(lambda: len(venue.subscribed) >= 1 and len(venue.paths) == 2, "two connections")
        carried = [c.adapter.subscriptions(f"bybit.linear.{number}") for number in (1, 2)]
        assert sum(map(len, carried)) == 800
        for subscriptions in carried:
            arguments = [topics.topic_of(subscription) for subscription in subscriptions]
            assert len(json.dumps(arguments, separators=(",", ":"))) - 1 <= 21_000


async def test_topics_come_and_go_while_running() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        c.adapter.subscribe(of(ETH))
        c.adapter.subscribe(of(ETH))
        await until(lambda: "kline.1.ETHUSDT" in venue.subscribed, "the second instrument")
        c.adapter.unsubscribe(of(BTC))
        await until(lambda: venue.subscribed == {topics.topic_of(s) for s in of(ETH)}, "only the second instrument")
        assert len(venue("subscribe")) == 2
        await venue.push(fake_bybit.trade_frame("BTCUSDT"))
        await venue.push(fake_bybit.trade_frame("ETHUSDT", number=2))
        await until(lambda: c.count(Trade) == 1, "the trade of the carried instrument")
        assert c.events[-1].instrument_id == ETH
        assert c.phase is LinkPhase.LIVE


# --- acks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("echoes_request_id", [True, False])
async def test_a_refused_topic_is_named_and_the_others_live(echoes_request_id: bool) -> None:
    async with fake_stream() as venue:
        venue.refused.add("orderbook.50.ETHUSDT")
        venue.echoes_request_id = echoes_request_id
        async with client(venue.url, [*of(BTC), *of(ETH)]) as c:
            await until(lambda: c.phase is LinkPhase.LIVE and len(venue.subscribed) == 7, "seven of eight topics")
            assert [(r.topic, r.link) for r in c.rejections] == [("orderbook.50.ETHUSDT", "bybit.linear.1")]
            assert "handler not found" in c.rejections[0].user_text
            assert c.count(BookSnapshot) == 1
            assert c.count(Ticker) == 2


async def test_a_request_that_is_too_long_is_repeated_topic_by_topic() -> None:
    async with fake_stream() as venue:
        venue.most_args = 3
        async with client(venue.url, of(BTC)) as c:
            await until(lambda: c.phase is LinkPhase.LIVE and len(venue.subscribed) == 4, "all four topics")
            assert c.rejections == []


async def test_already_subscribed_is_no_refusal() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        venue.subscribed.add("tickers.ETHUSDT")
        c.adapter.subscribe([Subscription(ETH, TopicKind.TICKER)])
        await until(lambda: len(venue("subscribe")) == 2, "the request")
        await venue.push(fake_bybit.ticker_frame("ETHUSDT"))
        await until(lambda: c.count(Ticker) == 2, "its ticker")
        assert c.rejections == []


async def test_a_refused_topic_is_asked_for_alone_after_a_reconnect_and_may_come_back() -> None:
    async with fake_stream() as venue:
        venue.refused.add("tickers.ETHUSDT")
        async with client(venue.url, [*of(BTC), *of(ETH)]) as c:
            await until(lambda: len(c.rejections) == 1 and len(venue.subscribed) == 7, "a refusal")
            venue.refused.clear()
            venue.requests.clear()
            await venue.connections[0].close(1001)
            await until(lambda: "tickers.ETHUSDT" in venue.subscribed, "the topic")
            assert venue("subscribe")[-1] == ["tickers.ETHUSDT"]
            assert len(venue("subscribe")[0]) == 7
            await until(lambda: c.count(Ticker) == 3, "its ticker")


# --- lost connections ------------------------------------------------------------------------------------------


async def test_close_1001_is_a_disconnect_and_the_hole_is_told() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        await venue.push(fake_bybit.book_frame(kind="delta", u=50))
        await until(lambda: c.count(BookDelta) == 1, "a delta")
        before_ms = LiveClock().now_ms()
        await venue.connections[0].close(1001, "restart")
        await until(lambda: len(c.holes) == 1, "the hole")
        assert c.phase is LinkPhase.LIVE
        assert c.reasons == ["the exchange closed the connection: 1001 (going away) restart"]
        assert c.holes[0].from_ms == fake_bybit.TS + 50
        assert c.holes[0].to_ms >= before_ms
        assert set(c.holes[0].subscriptions) == set(of(BTC))
        assert c.count(BookSnapshot) == 2
        assert (c.adapter.metrics.connects, c.adapter.metrics.reconnects) == (2, 1)
        backoff = next(state for state in c.states if state.phase is LinkPhase.BACKOFF)
        assert backoff.next_retry_ms is not None
        assert 0 <= backoff.next_retry_ms - before_ms < 2000


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503])
async def test_any_refused_handshake_is_retried_and_told_in_words(status: int) -> None:
    async with fake_stream() as venue:
        venue.handshakes += [status, status]
        async with client(venue.url, of(BTC)) as c:
            await until(lambda: c.phase is LinkPhase.LIVE, "live")
            assert len(c.reasons) == 2
            assert f"HTTP {status}" in c.reasons[0]
            assert c.adapter.metrics.reconnects == 0
            assert c.holes == []


async def test_connection_refused_and_back_again() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        port = int(venue.url.rpartition(":")[2])
        await venue.stop()
        await until(lambda: "connection refused" in c.reasons, "a refused connection")
        await venue.start(port)
        await until(lambda: c.phase is LinkPhase.LIVE, "live again")


async def test_retry_now_does_not_wait() -> None:
    slow = msgspec.structs.replace(FAST, first_retry_s=60.0, most_retry_s=120.0)
    async with fake_stream() as venue:
        venue.handshakes.append(503)
        async with client(venue.url, of(BTC), slow) as c:
            await until(lambda: c.phase is LinkPhase.BACKOFF, "the wait")
            c.adapter.retry_now()
            await until(lambda: c.phase is LinkPhase.LIVE, "live")
            c.adapter.retry_now()
            await asyncio.sleep(0.1)
            assert c.adapter.metrics.connects == 1, "a live link was cut"


async def test_no_pong_means_a_new_connection() -> None:
    times = msgspec.structs.replace(FAST, ping_interval_s=0.05, pong_timeout_s=0.1)
    async with fake_stream() as venue:
        venue.answers_pings = False
        async with client(venue.url, of(BTC), times) as c:
            await until(lambda: len(c.reasons) == 1, "the reconnect")
            assert "no answer to a ping" in c.reasons[0]


async def test_pings_are_json_and_pongs_keep_the_link() -> None:
    times = msgspec.structs.replace(FAST, ping_interval_s=0.05, pong_timeout_s=0.1)
    async with fake_stream() as venue, client(venue.url, of(BTC), times) as c:
        await until(lambda: sum(r["op"] == "ping" for r in venue.requests) >= 4, "pings")
        assert c.reasons == []
        assert all(isinstance(r["req_id"], str) for r in venue.requests)


# --- silence ---------------------------------------------------------------------------------------------------


async def test_a_silent_topic_is_subscribed_anew_named_and_told_when_back() -> None:
    async with fake_stream() as venue, client(venue.url, [*of(BTC), *of(ETH)], HASTY) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        venue.silent = lambda topic: topic == "orderbook.50.ETHUSDT"
        fed = asyncio.get_running_loop()
        ends_s = fed.time() + 5
        while c.phase is not LinkPhase.STALE and fed.time() < ends_s:
            await _feed(venue, ["BTCUSDT", "ETHUSDT"])
        assert c.phase is LinkPhase.STALE
        stale = c.states[-1].stale
        assert [(feed.topic, feed.newest_ms) for feed in stale] == [("orderbook.50.ETHUSDT", fake_bybit.TS + 10)]
        assert c.states[-1].reason == "no data from orderbook.50.ETHUSDT"
        assert venue("unsubscribe") == [["orderbook.50.ETHUSDT"]]
        assert c.reasons == [], "the link was cut although only one topic is silent"
        venue.silent = lambda _: False
        await venue.push(fake_bybit.book_frame("ETHUSDT", u=900))
        await until(lambda: c.phase is LinkPhase.LIVE, "live again")
        assert [s.instrument_id for s in c.holes[0].subscriptions] == [ETH]
        assert c.holes[0].from_ms == fake_bybit.TS + 10


async def _feed(venue: FakeStream, symbols: list[str]) -> None:
    """A moment of life in all topics but the silent ones."""
    for symbol in symbols:
        for frame in (fake_bybit.book_frame(symbol), fake_bybit.ticker_frame(symbol)):
            if not venue.silent(json.loads(frame)["topic"]):
                await venue.push(frame)
    await asyncio.sleep(0.02)


async def test_a_topic_that_stays_silent_costs_one_reconnect_not_a_series() -> None:
    async with fake_stream() as venue, client(venue.url, [*of(BTC), *of(ETH)], HASTY) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        venue.silent = lambda topic: topic == "tickers.ETHUSDT"
        ends_s = asyncio.get_running_loop().time() + 3.5
        while asyncio.get_running_loop().time() < ends_s:
            await _feed(venue, ["BTCUSDT", "ETHUSDT"])
        assert c.reasons == ["tickers.ETHUSDT brings nothing, even subscribed anew"]
        assert c.phase is LinkPhase.STALE


async def test_a_dead_link_with_live_pongs_is_connected_anew() -> None:
    times = msgspec.structs.replace(HASTY, ping_interval_s=0.1)
    async with fake_stream() as venue, client(venue.url, [*of(BTC), *of(ETH)], times) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        venue.silent = lambda _: True
        await until(lambda: len(c.reasons) >= 1, "the reconnect", 3.0)
        assert c.reasons[0] == "the exchange answers, but sends no data"
        assert all(state.stale == () for state in c.states), "a dead link has no single stale topics"
        venue.silent = lambda _: False
        await until(lambda: c.phase is LinkPhase.LIVE, "live again")
        assert len(c.holes) == 1


async def test_quiet_topics_prove_their_life_and_nobody_is_alarmed() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC), HASTY) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        await until(lambda: len(venue("unsubscribe")) >= 3, "nudges")
        assert [state.phase for state in c.states] == [LinkPhase.CONNECTING, LinkPhase.SYNCING, LinkPhase.LIVE]


async def test_trades_that_do_not_come_are_only_probed() -> None:
    async with (
        fake_stream() as venue,
        client(
            venue.url, [Subscription(BTC, TopicKind.TRADES)], msgspec.structs.replace(FAST, silence_factor=0.01)
        ) as c,
    ):
        await until(lambda: len(venue("subscribe")) == 2, "the probe", 8.0)
        await asyncio.sleep(0.3)
        assert venue("unsubscribe") == []
        assert c.rejections == []
        assert [state.phase for state in c.states] == [LinkPhase.CONNECTING, LinkPhase.SYNCING, LinkPhase.LIVE]


@pytest.mark.parametrize("came_before", [True, False])
async def test_trades_that_the_ticker_proves_are_named_asked_for_anew_and_told_when_back(came_before: bool) -> None:
    async with fake_stream() as venue, client(venue.url, [*of(BTC), *of(ETH)], HASTY) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        if came_before:
            await venue.push(fake_bybit.trade_frame())
        price = 100.0
        ends_s = asyncio.get_running_loop().time() + 5
        while c.phase is not LinkPhase.STALE and asyncio.get_running_loop().time() < ends_s:
            price += 1
            await venue.push(fake_bybit.ticker_frame(kind="delta", last=f"{price:.1f}"))
            await _feed(venue, ["ETHUSDT"])
            await venue.push(fake_bybit.book_frame())
        assert [feed.topic for feed in c.states[-1].stale] == ["publicTrade.BTCUSDT"]
        assert ["publicTrade.BTCUSDT"] in venue("unsubscribe")
        assert c.reasons == []
        await venue.push(fake_bybit.trade_frame(number=2))
        await until(lambda: c.phase is LinkPhase.LIVE, "live again")
        (hole,) = c.holes
        assert [(each.instrument_id, each.kind) for each in hole.subscriptions] == [(BTC, TopicKind.TRADES)]
        assert (hole.from_ms == fake_bybit.TS) == came_before
        assert hole.from_ms <= hole.to_ms


# --- books -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["gap", "crossed", "off_sequence"])
async def test_a_broken_book_is_subscribed_anew_at_once_but_not_again_and_again(reason: str) -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC), RESYNC) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        c.fails += [reason] * 3
        for update in range(3):
            await venue.push(fake_bybit.book_frame(kind="delta", u=20 + update))
        await until(lambda: c.count(BookSnapshot) == 2, "a fresh snapshot")
        assert c.adapter.metrics.gaps == 3
        assert venue("unsubscribe") == [["orderbook.50.BTCUSDT"]]
        assert venue("subscribe")[1:] == [["orderbook.50.BTCUSDT"]]
        assert c.reasons == []
        await until(lambda: c.count(BookSnapshot) == 3, "the resync that was put off")
        assert len(venue("unsubscribe")) == 2


async def test_deltas_without_their_snapshot_do_not_count_as_life() -> None:
    async with fake_stream() as venue:
        venue.first_frame = lambda topic: (
            fake_bybit.first_frame(topic).replace("snapshot", "delta") if topic.startswith(("order", "tick")) else None
        )
        async with client(venue.url, of(BTC), HASTY) as c:
            await until(lambda: len(venue("subscribe")) >= 2, "the second try")
            assert c.count(BookDelta) >= 1
            assert LinkPhase.LIVE not in [state.phase for state in c.states]


# --- broken frames ---------------------------------------------------------------------------------------------


@pytest.mark.logs("bybit.linear.1: .*cannot be read", "bybit.linear.1: .*is not handled")
async def test_bad_frames_are_counted_by_kind_and_the_rest_goes_on() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        for frame in ["", "{", "null", "[]", "<html>", '{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1', "\x00"]:
            await venue.push(frame)
        await venue.push('{"topic":"insurance.USDT","type":"delta","ts":1,"data":[]}')
        await venue.push(fake_bybit.trade_frame())
        await until(lambda: c.count(Trade) == 1, "the trade after them")
        assert c.adapter.metrics.refused["malformed"] == 7
        assert c.adapter.metrics.refused["unsupported_topic"] == 1
        assert c.phase is LinkPhase.LIVE
        assert c.adapter.metrics.connects == 1


async def test_a_topic_that_does_not_come_first_or_is_written_with_spaces_is_found() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        frame = json.loads(fake_bybit.trade_frame())
        last = {"type": frame["type"], "data": frame["data"], "topic": frame["topic"], "ts": 1}
        await venue.push(fake_bybit.compact(last))
        await venue.push(json.dumps(frame))
        await until(lambda: c.adapter.metrics.messages["publicTrade"] == 2, "both trades")


async def test_fragments_are_joined_and_huge_frames_counted() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        frame = fake_bybit.trade_frame()
        await venue.connections[0].send([frame[:7], frame[7:40], frame[40:]])
        await until(lambda: c.count(Trade) == 1, "the joined trade")
        book = json.loads(fake_bybit.book_frame())
        book["data"]["b"] = [[f"{1 + number / 10:.1f}", "1.00000000"] for number in range(80_000)]
        book["data"]["a"] = [["9000", "1"]]
        await venue.push(fake_bybit.compact(book))
        await until(lambda: c.count(BookSnapshot) == 2, "the huge book")
        await venue.connections[0].close(1001)
        await until(lambda: c.adapter.metrics.huge_frames == 1, "the count")


async def test_a_frame_above_the_limit_ends_the_connection_in_words() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        await venue.push("x" * (16 * 1024 * 1024 + 1))
        await until(lambda: len(c.reasons) == 1, "the reconnect")
        assert "above the size limit" in c.reasons[0]
        assert c.adapter.metrics.refused["too_big"] == 1
        await until(lambda: c.phase is LinkPhase.LIVE, "live again")


HALF_FRAME = b"\x81\x7e\x01\x00" + b'{"topic":"tickers.BTCUSDT"'


@pytest.mark.parametrize("is_reset", [True, False])
async def test_reset_and_end_in_the_middle_of_a_frame(is_reset: bool) -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        transport = venue.connections[0].transport
        transport.write(HALF_FRAME)
        await asyncio.sleep(0.05)
        if is_reset:
            transport.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER: close by RST
            transport.abort()
        else:
            transport.close()
        await until(lambda: len(c.reasons) == 1, "the reconnect")
        assert c.reasons[0] in ("connection reset by peer", "the connection broke off")
        assert (c.reasons[0] == "connection reset by peer") is is_reset
        await until(lambda: c.phase is LinkPhase.LIVE, "live again")
        assert c.adapter.metrics.refused == {}


async def test_what_is_no_websocket_frame_ends_the_connection() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        venue.connections[0].transport.write(b"\xff\xff\xff\xff garbage")
        await until(lambda: len(c.reasons) == 1, "the reconnect")
        assert "broke the WebSocket protocol" in c.reasons[0]
        await until(lambda: c.phase is LinkPhase.LIVE, "live again")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", b"garbage\r\n\r\n", b""])
async def test_handshakes_that_are_none(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, client(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", of(BTC)) as c:
        await until(lambda: len(c.reasons) >= 2, "two attempts")
        assert c.reasons[0] in (
            "the exchange refused the connection: HTTP 200 OK",
            "the connection broke off during the handshake",
        )


async def test_a_handshake_that_is_never_answered_times_out() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    times = msgspec.structs.replace(FAST, open_timeout_s=0.1)
    async with server, client(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", of(BTC), times) as c:
        await until(lambda: len(c.reasons) >= 2, "two attempts")
        assert c.reasons[0] == "no answer in time"


# --- reading ---------------------------------------------------------------------------------------------------


async def test_a_flood_is_worked_off_in_turns_in_order_and_the_loop_breathes() -> None:
    times = msgspec.structs.replace(FAST, read_budget_s=0.001)
    async with fake_stream() as venue, client(venue.url, of(BTC), times) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        c.events.clear()
        frames = 5000
        transport = venue.connections[0].transport
        payloads = [fake_bybit.trade_frame(number=number).encode() for number in range(frames)]
        transport.write(b"".join(b"\x81\x7e" + struct.pack("!H", len(p)) + p for p in payloads))
        longest_s, last_s = 0.0, time.perf_counter()
        while c.count(Trade) < frames:
            await asyncio.sleep(0)
            now_s = time.perf_counter()
            longest_s, last_s = max(longest_s, now_s - last_s), now_s
        assert [event.trade_id for event in c.events] == [f"t{number}" for number in range(frames)]
        assert longest_s < 0.1
        assert len({event.recv_ns for event in c.events}) < frames / 10, "one stamp per read, not per frame"


async def test_frames_of_a_last_read_are_not_lost_with_the_connection() -> None:
    times = msgspec.structs.replace(FAST, read_budget_s=1e-9)
    async with fake_stream() as venue, client(venue.url, of(BTC), times) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        payloads = [fake_bybit.trade_frame(number=number).encode() for number in range(200)]
        data = b"".join(b"\x81\x7e" + struct.pack("!H", len(p)) + p for p in payloads)
        venue.connections[0].transport.write(data + b"\x88\x02\x03\xe9")
        await until(lambda: len(c.reasons) == 1, "the disconnect")
        assert c.count(Trade) == 200


async def test_close_is_quick_even_if_the_venue_never_answers_it() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        venue.connections[0].transport.pause_reading()
        # `client` measures the close.


async def test_a_venue_that_says_goodbye_and_stays_is_cut_off() -> None:
    async with fake_stream() as venue, client(venue.url, of(BTC)) as c:
        await until(lambda: c.phase is LinkPhase.LIVE, "live")
        silent = venue.connections[0]
        silent.transport.write(b"\x88\x02\x03\xe9")
        silent.transport.pause_reading()
        await until(lambda: len(c.reasons) == 1, "the reconnect")
        assert "1001" in c.reasons[0]
        silent.transport.abort()
