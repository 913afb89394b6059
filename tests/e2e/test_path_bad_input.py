"""Bad input through the whole path: what a venue, or something between it and the program, may say wrongly."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.lying_proxy import Answer, LyingProxy
from tests.e2e.whole_path import (
    BTC,
    all_live,
    assert_tape_is_clean,
    assert_whole,
    engine_on,
    same_book,
    seconds_until,
    state_of,
    synthetic,
)
from tests.running import until
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.engine.views import LinkPhase, RowState
from virtuoso_desktop.kernel.clock import Clock, LiveClock, ScaledClock
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.server import SimulatedExchange

pytestmark = pytest.mark.deadline_s(40)

NO_DATA = ("null", "[]", "3", '"text"', "{}", '{"success":true}', '{"op":"auth","ret_msg":7}')
NO_JSON = ("", "x", "{", '{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":17', "[" * 100_000, "\u0000", "NaN")
LATER_MS = 4_000_000_000_000


def frame(topic: str, data: Any, kind: str = "delta", **more: Any) -> str:
    return json.dumps({"topic": topic, "type": kind, "ts": LATER_MS, "data": data, **more}, separators=(",", ":"))


def trade(**changed: Any) -> dict[str, Any]:
    row = {"T": LATER_MS, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": "1.0", "i": "bad", "BT": False, "seq": 1}
    return {name: value for name, value in {**row, **changed}.items() if value != "absent"}


def candle(**changed: Any) -> dict[str, Any]:
    row = {
        "start": 0, "end": 1, "interval": "5", "open": "1", "close": "1", "high": "1", "low": "1", "volume": "1",
        "turnover": "1", "confirm": True, "timestamp": LATER_MS,
    }  # fmt: skip
    return {name: value for name, value in {**row, **changed}.items() if value != "absent"}


BOOK, TICKER, TRADES, KLINE = "orderbook.50.BTCUSDT", "tickers.BTCUSDT", "publicTrade.BTCUSDT", "kline.5.BTCUSDT"
WRONG = (
    frame(BOOK, None),
    frame(BOOK, {"s": "BTCUSDT", "b": [["x", "1"]], "a": [], "u": 1, "seq": 1}),
    frame(BOOK, {"s": "BTCUSDT", "b": [["1"]], "a": [], "u": 1, "seq": 1}),
    frame(BOOK, {"s": "BTCUSDT", "b": [["1.0", ""]], "a": [], "u": 1, "seq": 1}),
    frame(BOOK, {"s": "BTCUSDT", "b": [], "a": [], "seq": 1}),
    frame(BOOK, {"s": "BTCUSDT", "b": [["-1", "1"]], "a": [], "u": 1, "seq": 1}, "snapshot"),
    frame(TICKER, None),
    frame(TICKER, {"symbol": "BTCUSDT", "lastPrice": "abc"}),
    frame(TICKER, {"symbol": "BTCUSDT", "lastPrice": "Infinity"}),
    frame(TRADES, [trade(p="")], "snapshot"),
    frame(TRADES, [trade(p=None)], "snapshot"),
    frame(TRADES, [trade(p="absent")], "snapshot"),
    frame(TRADES, [trade(p="nan")], "snapshot"),
    frame(TRADES, [trade(v="-1")], "snapshot"),
    frame(TRADES, [trade(S="Hold")], "snapshot"),
    frame(TRADES, [trade(), trade(i="absent")], "snapshot"),
    frame(KLINE, [candle(close="")], "snapshot"),
    frame(KLINE, [candle(close=None)], "snapshot"),
    frame(KLINE, [candle(high="absent")], "snapshot"),
    frame(KLINE, [candle(low="inf")], "snapshot"),
    frame(KLINE, {}, "snapshot"),
    frame("greeks.BTCUSDT", {"delta": "1"}),
    frame("kline.7.BTCUSDT", [candle()], "snapshot"),
    frame("orderbook.50.", {"b": []}),
)
"""Each must be refused and counted."""
FOREIGN = (
    frame("tickers.NOPEUSDT", {"symbol": "NOPEUSDT", "lastPrice": "7"}, "snapshot"),
    frame("publicTrade.NOPEUSDT", [trade(s="NOPEUSDT")], "snapshot"),
)
"""Well written, but nobody asked."""


@asynccontextmanager
async def lied_to(
    profile: Path, *, clock: Clock | None = None, market: MarketSource | None = None
) -> AsyncIterator[tuple[SimulatedExchange, LyingProxy, Engine]]:
    """Venue, proxy and engine; not waited for."""
    clock = clock or LiveClock()
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(SimulatedExchange(market or synthetic(clock), clock))
        proxy = await stack.enter_async_context(LyingProxy(venue).running())
        engine = await stack.enter_async_context(engine_on(proxy.http_url, proxy.ws_url, profile, clock=clock))
        yield venue, proxy, engine


@pytest.mark.logs("bybit.linear.1: ")
async def test_frames_that_are_none_are_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (venue, proxy, engine):
        await all_live(engine)
        metrics, state = engine.adapter.metrics, state_of(engine)
        await proxy.push(*NO_DATA, *FOREIGN)
        await asyncio.sleep(0.2)
        before = metrics.refused.total()
        for number, wrong in enumerate((*WRONG, *NO_JSON, b"\xff\xfe\x00"), before + 1):
            await proxy.push(wrong)
            await until(lambda: metrics.refused.total() >= number, f"{wrong[:200]!r} is refused")  # noqa: B023
        await proxy.push('{"topic":"greeks.BTCUSDT","data":"' + "x" * 2_000_000 + '"}')
        await until(lambda: metrics.refused.total() == before + len(WRONG) + len(NO_JSON) + 2, "exactly one each")
        await until(lambda: same_book(engine, venue), "the book equals the venue's")
        assert not [each for each in state.tape.trades if each.trade_id == "bad"]
        assert state.candles[Timeframe.M5].rejected == 0
        assert_whole(state, Timeframe.M5)
        assert (state.ticker.value("last_price") or 0) > 1_000
        assert (metrics.connects, metrics.gaps, engine.links()[0].phase) == (1, 0, LinkPhase.LIVE)
        assert engine.notices.errors == ()
        assert engine.store.get(BTC) is state


async def test_a_ticker_without_a_value_is_a_dash_and_the_next_one_fills_it(tmp_path: Path) -> None:
    async with lied_to(tmp_path) as (_, proxy, engine):
        await all_live(engine)
        proxy.change = lambda text: [] if text.startswith('{"topic":"tickers.BTCUSDT"') else [text]

        def row() -> Any:
            return next(each for each in engine.market_rows() if each.instrument_id == BTC)

        await proxy.push(frame(TICKER, {"symbol": "BTCUSDT", "fundingRate": "", "highPrice24h": None}))
        await until(lambda: row().funding_rate is None and row().high_24h is None, "no values, no zeros")
        assert row().last_price is not None
        assert row().state is RowState.LIVE
        low = f"{row().low_24h:.1f}"
        await proxy.push(frame(TICKER, {"symbol": "BTCUSDT", "fundingRate": "0.0003", "highPrice24h": low}))
        await until(lambda: row().funding_rate == 0.0003 and row().high_24h is not None, "values again")


async def test_trades_twice_late_and_out_of_order_are_each_counted_once(tmp_path: Path) -> None:
    clock = LiveClock()
    market = synthetic(clock)
    held: deque[str] = deque()

    def shuffle(text: str) -> list[str]:
        """Every frame of trades twice; every third one late by two."""
        if '"publicTrade.BTCUSDT"' not in text[:60] or '"op"' in text[:60]:
            return [text]
        held.append(text)
        if len(held) < 3:
            return []
        first, second, third = held
        held.clear()
        return [second, third, first, second, first]

    async with lied_to(tmp_path, clock=clock, market=market) as (_, proxy, engine):
        proxy.change = shuffle
        await all_live(engine)
        state = state_of(engine)
        await until(lambda: state.tape.out_of_order >= 5 and state.tape.duplicates >= 20, "a good mess", 10.0)
        proxy.change = lambda text: [text]
        if held:
            await proxy.push(*held)
        await asyncio.sleep(0.3)
        assert_tape_is_clean(state)
        trades = state.tape.trades[-200:]
        told = market.trades(BTC, trades[0].time_ms - 1, trades[-1].time_ms)
        assert [round(each.price * 10) for each in trades] == [each.price_ticks for each in told][-len(trades) :]
        assert engine.adapter.metrics.reconnects == 0


async def test_candles_late_twice_and_corrected_after_their_close_end_as_the_venue_said_last(tmp_path: Path) -> None:
    clock = ScaledClock(LiveClock().now_ms(), rate=45.0)
    market = synthetic(clock)
    confirmed: list[dict[str, Any]] = []
    corrected: dict[int, str] = {}

    def disturb(text: str) -> list[str]:
        """Each closed candle of 1m again, the one before it as if it were still forming, one with another volume."""
        if not text.startswith('{"topic":"kline.1.BTCUSDT"'):
            return [text]
        message = json.loads(text)
        row = message["data"][0]
        if not row["confirm"]:
            return [text]
        confirmed.append(message)
        frames = [text, text]
        if len(confirmed) >= 2:
            before = json.loads(json.dumps(confirmed[-2]))
            before["data"][0].update(confirm=False, close=before["data"][0]["open"])
            frames.append(json.dumps(before))
        if len(confirmed) == 2:
            before = json.loads(json.dumps(confirmed[0]))
            before["data"][0]["volume"] = corrected[row["start"] - 60_000] = "123.456"
            frames.append(json.dumps(before))
        return frames

    async with lied_to(tmp_path, clock=clock, market=market) as (_, proxy, engine):
        await all_live(engine)
        proxy.change = disturb
        state = state_of(engine)
        series = state.candles[Timeframe.M1]
        await until(lambda: len(confirmed) >= 4, "four closed candles", 12.0)
        await until(lambda: series.revisions >= 1 and series.late >= 2, "the disturbance is noticed")
        assert_whole(state, Timeframe.M1)
        rows = {int(row[0]): row for row in series.columns.T.tolist()}
        for message in confirmed[:3]:
            said = message["data"][0]
            row = rows[said["start"]]
            assert row[5] == float(corrected.get(said["start"], said["volume"]))
            assert row[4] == round(float(said["close"]) * 10), "an update that is not closed reopens nothing"
            assert said["start"] not in series.uncommitted
        assert series.revisions == 1
        assert len(corrected) == 1


async def test_a_crossed_book_is_not_shown_and_rebuilt(tmp_path: Path) -> None:
    wanted: list[bool] = []

    def cross(text: str) -> list[str]:
        """Once, a bid above everything."""
        if not wanted or not text.startswith('{"topic":"orderbook.1000.BTCUSDT","type":"delta"'):
            return [text]
        wanted.clear()
        message = json.loads(text)
        message["data"]["b"].append(["999999.0", "1"])
        return [json.dumps(message, separators=(",", ":"))]

    async with lied_to(tmp_path) as (venue, proxy, engine):
        proxy.change = cross
        await all_live(engine)
        book = state_of(engine).books[1000]

        def spread() -> float | None:
            return next(each for each in engine.market_rows() if each.instrument_id == BTC).spread_bps

        assert spread() is not None
        wanted.append(True)
        await until(lambda: book.is_crossed or not book.is_valid, "the book is crossed", 2.0)
        assert spread() is None
        rebuilt_s = await seconds_until(lambda: book.is_valid and not book.is_crossed, "the book is rebuilt", 4.0)
        assert rebuilt_s > 0.5, "a book may cross for a moment"
        await until(lambda: same_book(engine, venue), "the book equals the venue's")
        assert (spread() or 0) > 0
        assert engine.adapter.metrics.reconnects == 0


PAGE_OF_A_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>cloudfront</body></html>"
LIES: tuple[Answer, ...] = (
    (502, "text/html", PAGE_OF_A_GATEWAY),
    (200, "text/html", PAGE_OF_A_GATEWAY),
    (200, "application/json", ""),
    (200, "application/json", '{"retCode":0,"retMsg":"OK","result":{},"time":1}'),
    (200, "application/json", '{"retCode":0,"retMsg":"OK","result":{"list":[]'),
    (200, "application/json", "null"),
)


async def test_answers_that_are_none_are_told_in_words_and_the_start_succeeds_later(tmp_path: Path) -> None:
    asked: list[str] = []

    def lie(path: str, query: str) -> Answer | None:
        if path == "/v5/market/time":
            return None
        asked.append(path)
        return LIES[len(asked) % len(LIES)]

    async with lied_to(tmp_path) as (_, proxy, engine):
        proxy.answer = lie
        await until(lambda: engine.links()[0].reason, "words", 8.0)
        link = engine.links()[0]
        assert link.phase is LinkPhase.BACKOFF
        assert "Bybit" in (link.reason or "")
        assert [each.severity.value for each in engine.notices.all] == ["warning"]
        assert engine.status().instruments_watched == 0, "nothing is invented"
        now_ms, next_ms = engine.venue_now_ms(), link.next_retry_ms
        assert next_ms is not None
        assert next_ms > now_ms - 1_000
        proxy.answer = lambda path, query: None
        engine.retry_now("bybit")
        await until(lambda: engine.status().instruments_watched == 2, "a try at once", 3.0)
        await all_live(engine, 12.0)
        assert engine.links()[0].reason is None
        assert engine.notices.errors == ()


async def test_candles_that_are_none_are_told_in_words_and_asked_for_again(tmp_path: Path) -> None:
    lies = itertools.cycle(LIES)
    told: list[Answer] = []

    def about_hours(path: str, query: str) -> Answer | None:
        if path != "/v5/market/kline" or "interval=60" not in query or "BTCUSDT" not in query:
            return None
        told.append(next(lies))
        return told[-1]

    async with lied_to(tmp_path) as (_, proxy, engine):
        proxy.answer = about_hours
        engine.show(BTC, Timeframe.H1)

        def error() -> str | None:
            chart = engine.chart(BTC, Timeframe.H1)
            return chart.load_error if chart is not None else None

        await until(error, "words for the chart", 10.0)
        assert "Bybit" in (error() or "")
        await until(lambda: len(told) >= len(LIES), "every lie", 12.0)
        assert len(state_of(engine).candles[Timeframe.H1]) <= 1, "nothing but the stream's own candle"
        await until(lambda: engine.status().series_loaded == 13, "all other series", 8.0)
        assert engine.links()[0].phase is LinkPhase.LIVE
        proxy.answer = lambda path, query: None
        await until(lambda: engine.status().series_loaded == 14, "the candles", 8.0)
        assert error() is None
        assert_whole(state_of(engine), Timeframe.H1)
