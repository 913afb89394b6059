"""Every fault of a venue through the whole path: adapter, engine and window on one loop, against the simulator."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.path_window import PathWindow, window_on
from tests.e2e.whole_path import (
    BTC,
    ETH,
    LOADED,
    all_live,
    assert_candles_are_the_markets,
    assert_tape_is_clean,
    assert_whole,
    engine_on,
    is_live,
    same_book,
    seconds_until,
    state_of,
    synthetic,
)
from tests.running import until
from tests.ui.conftest import _no_widget_left, qloop  # noqa: F401 (fixtures)
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.engine.views import LinkPhase, RowState
from virtuoso_desktop.kernel.clock import LiveClock, ScaledClock
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.server import SimulatedExchange

pytestmark = [
    pytest.mark.usefixtures("qloop"),
    pytest.mark.qt_log_level_fail("WARNING"),
    pytest.mark.qt_log_ignore("propagateSizeHints"),
    pytest.mark.deadline_s(60),
]
TOLD_WITHIN_S = 10.0
BACK_WITHIN_S = 8.0


@asynccontextmanager
async def running(
    profile: Path, *, silence_factor: float = 1.0
) -> AsyncIterator[tuple[SimulatedExchange, Engine, PathWindow]]:
    """Venue, engine and window, live."""
    clock = LiveClock()
    async with (
        SimulatedExchange(synthetic(clock), clock) as venue,
        engine_on(venue.http_url, venue.ws_url, profile, clock=clock, silence_factor=silence_factor) as engine,
        window_on(engine) as window,
    ):
        await all_live(engine)
        await window.says_live()
        yield venue, engine, window


async def books_stay_equal(engine: Engine, venue: SimulatedExchange, times: int = 3) -> None:
    """Level by level, at several updates one after the other."""
    book = state_of(engine).books[1000]
    for _ in range(times):
        before = book.update_id
        await until(lambda: same_book(engine, venue), "the book equals the venue's")
        await until(lambda: book.update_id > before, "another update")  # noqa: B023


async def test_after_gaps_the_book_is_rebuilt_and_equals_the_venues(tmp_path: Path) -> None:
    async with running(tmp_path) as (venue, engine, window):
        await books_stay_equal(engine, venue)
        book, other = state_of(engine).books[1000], state_of(engine, ETH).books[1000]
        metrics = engine.adapter.metrics
        venue.inject(Fault(0.0, FaultKind.GAP, "orderbook.1000", for_s=1.5, symbol="BTCUSDT"))
        await until(lambda: metrics.gaps == 1, "the first gap is seen")
        assert await seconds_until(lambda: book.is_valid, "the book is rebuilt", 3.0) < 1.0
        await until(lambda: metrics.gaps == 2, "the second gap is seen")
        assert not book.is_valid
        assert other.is_valid
        # A second rebuilding within 2 s waits: a venue is not flooded with subscriptions.
        await seconds_until(lambda: book.is_valid, "the book is rebuilt again", 4.0)
        await books_stay_equal(engine, venue)
        await until(lambda: window.row(BTC).spread_bps is not None, "the spread is shown again")
        assert (window.told, engine.notices.errors, metrics.reconnects, metrics.gaps) == ([], (), 0, 2)


async def test_a_silent_topic_is_named_with_its_age_and_the_banner_goes_when_it_is_back(tmp_path: Path) -> None:
    async with running(tmp_path) as (venue, engine, window):
        connects = engine.adapter.metrics.connects
        venue.inject(Fault(0.0, FaultKind.SILENT, "orderbook.1000", for_s=12.0, symbol="BTCUSDT"))
        told_s = await seconds_until(lambda: window.banner, "a banner", TOLD_WITHIN_S)
        first = window.banner
        assert first is not None
        assert re.match(r"orderbook\.1000 BTCUSDT silent for \d+ s", first.title), first
        assert first.colour == "warning"
        assert "other topics are live" in first.detail
        assert window.row(ETH).state is RowState.LIVE
        assert window.row(BTC).state is RowState.LIVE  # its ticker lives
        await until(lambda: window.banner is not None and window.banner.title != first.title, "the age goes on")
        assert "orderbook.1000 BTCUSDT" in window.window.interior.status_bar.warning.text
        await seconds_until(lambda: window.banner is None, "the banner goes away", 12.0 - told_s + BACK_WITHIN_S)
        await books_stay_equal(engine, venue)
        assert engine.adapter.metrics.connects == connects, "pongs and other topics lived: no reconnect"


async def test_a_venue_that_sends_nothing_at_all_is_lost_in_words_and_comes_back(tmp_path: Path) -> None:
    factor = 0.5
    async with running(tmp_path, silence_factor=factor) as (venue, engine, window):
        venue.inject(Fault(0.0, FaultKind.SILENT, "*", for_s=6.0))
        await seconds_until(lambda: window.banner, "a banner", TOLD_WITHIN_S * factor)
        assert window.banner is not None
        assert window.banner.colour == "down"
        assert "sends no data" in window.banner.title
        await until(lambda: window.row(BTC).state is RowState.STALE, "rows turn grey")
        assert window.row(BTC).last_price is not None, "the last value is kept"
        await seconds_until(lambda: is_live(engine), "everything is live again", 15.0)
        await until(lambda: window.banner is None, "the banner goes away")
        await books_stay_equal(engine, venue)
        for timeframe in LOADED:
            assert_whole(state_of(engine), timeframe)


async def test_a_reset_inside_a_frame_is_told_and_everything_is_live_again(tmp_path: Path) -> None:
    async with running(tmp_path) as (venue, engine, window):
        prices = window.row(BTC).last_price
        assert prices is not None
        venue.inject(Fault(0.0, FaultKind.RESET, "orderbook.1000", symbol="BTCUSDT"))
        await until(lambda: window.told, "a banner")
        assert "Bybit feed lost" in window.told[0].title
        assert re.search(r"Next try in|Trying again now|Connecting now|Connected, loading", window.told[0].detail)
        assert any("reset" in banner.title or "broke off" in banner.title for banner in window.told), window.told
        await seconds_until(lambda: is_live(engine) and window.banner is None, "live again", BACK_WITHIN_S)
        assert engine.adapter.metrics.reconnects == 1
        await books_stay_equal(engine, venue)
        state = state_of(engine)
        assert_tape_is_clean(state)
        for timeframe in LOADED:
            assert_whole(state, timeframe)


async def test_a_venue_that_was_away_for_minutes_leaves_no_hole_and_no_double(tmp_path: Path) -> None:
    """The venue's clock runs 20 times as fast: some seconds away are several candles. Retry now does not wait."""
    clock = ScaledClock(LiveClock().now_ms(), rate=20.0)
    market = synthetic(clock)
    async with AsyncExitStack() as first, AsyncExitStack() as stack:
        venue = await first.enter_async_context(SimulatedExchange(market, clock))
        port = int(venue.http_url.rpartition(":")[2])
        engine = await stack.enter_async_context(engine_on(venue.http_url, venue.ws_url, tmp_path, clock=clock))
        window = await stack.enter_async_context(window_on(engine, timeframe=Timeframe.M1))
        await all_live(engine)
        await window.says_live()
        state = state_of(engine)
        series = state.candles[Timeframe.M1]
        await first.aclose()
        await seconds_until(lambda: window.banner, "a banner", 3.0)
        left_ms = series.last_open_ms
        assert left_ms is not None
        await until(lambda: "Next try in" in window.told[-1].detail, "the time of the next try", 8.0)
        banner = window.banner
        assert banner is not None
        assert re.match(r"Bybit feed lost \d+ s ago: (connection refused|the exchange closed)", banner.title), banner
        assert banner.can_retry
        assert window.row(BTC).state is RowState.STALE
        assert engine.links()[0].phase in (LinkPhase.BACKOFF, LinkPhase.CONNECTING)
        assert not any(book.is_valid for book in state.books.values())
        await asyncio.sleep(3.0)
        again = await stack.enter_async_context(SimulatedExchange(market, clock, port=port))
        window.press_button("Retry now")
        await seconds_until(lambda: is_live(engine) and window.banner is None, "live again", 4.0)
        await until(lambda: (series.last_open_ms or 0) - left_ms >= 3 * 60_000, "some candles later")
        await until(lambda: series.is_joined and not series.missing(clock.now_ms() - 60_000), "no hole", 8.0)
        assert_whole(state, Timeframe.M1)
        assert assert_candles_are_the_markets(state, market, Timeframe.M1) >= 1_000
        assert_tape_is_clean(state)
        await books_stay_equal(engine, again)
