"""From a simulated venue to the engine in one process: what the tests of the whole path stand on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from virtuoso_desktop.engine.engine import Engine, VenueParts
from virtuoso_desktop.engine.views import LinkPhase
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.exchanges.transport import LinkTimes
from virtuoso_desktop.kernel.clock import Clock, LiveClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.server import SimulatedExchange
from virtuoso_desktop.simulator.sources import open_market

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
ETH = InstrumentId.parse("bybit:linear:ETHUSDT")
LIVE_S = 8.0
"""From the start of an engine in a test to data of all its topics, on a busy machine."""


def synthetic(clock: Clock | None = None) -> MarketSource:
    """The market of the demo."""
    now_ms = (clock or LiveClock()).now_ms()
    return open_market(["synthetic:1"], start=None, clock="now", now_ms=now_ms).market


@asynccontextmanager
async def engine_on(
    http: str,
    ws: str,
    profile: Path,
    *,
    clock: Clock | None = None,
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT"),
    silence_factor: float = 1.0,
) -> AsyncIterator[Engine]:
    """The engine with the real adapter, watching ``symbols`` of the venue at these endpoints."""
    clock = clock or LiveClock()
    loaded = load_settings(
        default_file=resource("config/default.yaml"),
        profile=profile,
        config_file=None,
        overrides=["universe.size=1", f"universe.include_symbols=[{','.join(symbols)}]"],
        environ={},
    )
    store, tasks, notices = MarketStore(), Supervisor(), NoticeBoard(clock)
    links = LinkTimes(silence_factor=silence_factor)
    adapter = BybitAdapter(BybitEndpoints(http, ws), store.apply, clock, tasks, links=links)
    engine = Engine(
        Source.DEMO, loaded.settings, clock,
        store=store, venue=VenueParts(adapter, adapter.venue_clock), notices=notices,
    )  # fmt: skip
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
        await tasks.stop()


def state_of(engine: Engine, instrument: InstrumentId = BTC) -> InstrumentState:
    state = engine.store.get(instrument)
    assert state is not None
    return state


LOADED = (Timeframe.M1, Timeframe.M5)
"""Series that a test may rely on once all is live; the longer ones take the simulator more time."""
FIRST_PAGE_ROWS = 900


def is_live(engine: Engine) -> bool:
    """Every watched instrument has a live row, a book and the first pages of its short series."""
    status = engine.status()
    return (
        status.instruments_watched > 0
        and status.instruments_live == status.instruments_watched
        and engine.links()[0].phase is LinkPhase.LIVE
        and all(book.is_valid for state in engine.store.states for book in state.books.values())
        and all(len(state.candles[each]) > FIRST_PAGE_ROWS for state in engine.store.states for each in LOADED)
    )


def same_book(engine: Engine, venue: SimulatedExchange, instrument: InstrumentId = BTC) -> bool:
    """Whether the engine's book is the venue's, of the same update, level by level.

    False while a frame is on its way; an update that both have with other levels is a failure.
    """
    ours, theirs = state_of(engine, instrument).books[1000], venue.book(instrument, 1000)
    if not ours.is_valid or ours.update_id != theirs.update_id:
        return False
    bids, asks = ours.top(1000)
    assert (list(map(tuple, bids)), list(map(tuple, asks))) == (
        list(map(tuple, theirs.bids)),
        list(map(tuple, theirs.asks)),
    )
    return True


def assert_whole(state: InstrumentState, timeframe: Timeframe) -> None:
    """No hole, no double, no candle out of order, and every row is possible."""
    open_ms, o, high, low, close, volume, _ = state.candles[timeframe].columns
    steps = {int(step) for step in open_ms[1:] - open_ms[:-1]}
    assert steps == {timeframe.duration_ms}, f"{timeframe}: {sorted(steps)}"
    assert bool(((low <= o) & (low <= close) & (high >= o) & (high >= close) & (low > 0) & (volume >= 0)).all())


def assert_candles_are_the_markets(state: InstrumentState, market: MarketSource, timeframe: Timeframe) -> int:
    """Closed rows equal what the market says; returns how many were compared."""
    series = state.candles[timeframe]
    rows = {int(row[0]): row for row in series.columns.T.tolist() if int(row[0]) not in series.uncommitted}
    until_ms = max(rows)
    candles = market.candles(state.instrument.id, timeframe, min(rows), until_ms, timeframe.close_ms(until_ms) + 60_000)
    assert [candle.open_ms for candle in candles] == sorted(rows)
    for candle in candles:
        row = rows[candle.open_ms]
        told = (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks, float(candle.volume))
        assert tuple(row[1:6]) == told, candle.open_ms
    return len(candles)


def assert_tape_is_clean(state: InstrumentState) -> None:
    """Every trade once, in the order of its time."""
    trades = state.tape.trades
    assert len({trade.trade_id for trade in trades}) == len(trades)
    assert [trade.time_ms for trade in trades] == sorted(trade.time_ms for trade in trades)


def how_it_stands(engine: Engine) -> str:
    """What a failed wait has to say."""
    status, link = engine.status(), engine.links()[0]
    books = {str(state.instrument.id): state.books[1000].invalid_reason for state in engine.store.states}
    return f"{link.phase} ({link.reason}); {status}; books {books}; {[each.user_text for each in engine.notices.all]}"


async def all_live(engine: Engine, most_s: float = LIVE_S) -> float:
    """Wait until `is_live`; returns after how many seconds."""
    try:
        return await seconds_until(lambda: is_live(engine), "everything is live", most_s)
    except AssertionError as error:
        raise AssertionError(f"{error}: {how_it_stands(engine)}") from None


async def seconds_until(condition: Callable[[], Any], what: str, most_s: float) -> float:
    """Wait for something; returns after how many seconds it came."""
    began_s = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began_s
        assert waited_s < most_s, f"not within {most_s:g} s: {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began_s
