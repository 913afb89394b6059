"""The engine against a venue without a network: universe, order of loading, joins, repairs, views."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.fake_adapter import LINK, FakeAdapter, instrument, ticker
from virtuoso_desktop.engine.analysis_views import AnalysisState, AnalysisView, ScoreRow
from virtuoso_desktop.engine.desk_views import FeedPhase
from virtuoso_desktop.engine.engine import Engine, VenueParts
from virtuoso_desktop.engine.listing import ListingTimes
from virtuoso_desktop.engine.subscriptions import SHOWN_DEPTH
from virtuoso_desktop.engine.universe import RememberedUniverse, choose_universe
from virtuoso_desktop.engine.views import LinkPhase, RowState
from virtuoso_desktop.exchanges.base import LinkHole, LinkState, Maintenance, RestState
from virtuoso_desktop.exchanges.base import LinkPhase as VenueLinkPhase
from virtuoso_desktop.kernel.clock import ManualClock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.market.candles import OPEN_MS
from virtuoso_desktop.market.store import ANALYSED_DEPTH, Facet, MarketStore
from virtuoso_desktop.model.errors import LinkError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Source
from virtuoso_desktop.model.market import BookSnapshot, Candle, Liquidation, PositionSide, PriceKind, Ticker
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.settings.schema import UniverseSettings

NOW_MS = 1_700_000_055_000
BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
ETH = InstrumentId.parse("bybit:linear:ETHUSDT")
MINUTE = 60_000


class Rig(NamedTuple):
    engine: Engine
    adapter: FakeAdapter
    clock: ManualClock
    store: MarketStore


@asynccontextmanager
async def running(
    tmp_path: Path,
    adapter: FakeAdapter,
    remembered: RememberedUniverse | None = None,
    times: ListingTimes | None = None,
    overrides: Sequence[str] = (),
) -> AsyncIterator[Rig]:
    settings = load_settings(
        default_file=resource("config/default.yaml"),
        profile=tmp_path,
        config_file=None,
        overrides=overrides,
        environ={},
    ).settings
    clock = adapter.clock
    store = MarketStore()
    engine = Engine(
        Source.DEMO,
        settings,
        clock,
        store=store,
        venue=VenueParts(adapter, VenueClock(clock), listing=times or ListingTimes()),
        notices=NoticeBoard(clock),
    )
    engine.start(remembered)
    try:
        yield Rig(engine, adapter, clock, store)
    finally:
        await engine.stop()
    assert adapter.is_closed
    assert engine.tasks.names == ()


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(800):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail(f"never came: {what}")


async def loaded(rig: Rig) -> None:
    await until(lambda: rig.engine.status().series_wanted > 0, "a universe")
    await until(lambda: rig.engine.status().series_loaded == rig.engine.status().series_wanted, "all first pages")


def stream_candle(rig: Rig, open_ms: int, *, closed: bool = False, close: float = 100.0) -> None:
    rig.store.apply(
        Candle(BTC, Timeframe.M1, open_ms, 100.0, max(close, 100.0), min(close, 100.0), close, 1.0, 100.0, closed,
               open_ms, 0)
    )  # fmt: skip


def rows_of(rig: Rig, timeframe: Timeframe = Timeframe.M1) -> list[int]:
    state = rig.store.get(BTC)
    assert state is not None
    return [int(ms) for ms in state.candles[timeframe].columns[OPEN_MS]]


async def test_largest_instruments_are_watched_and_dated_or_closed_ones_are_not(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    adapter.listed += [
        instrument("BTC-26DEC25", contract="LinearFutures"),
        instrument("DEADUSDT", status="Closed"),
        instrument("TINYUSDT"),
    ]
    adapter.turnovers |= {"BTC-26DEC25": 9e9, "DEADUSDT": 9e9, "TINYUSDT": 10.0}
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        assert [each.symbol for each in rig.engine.watched()] == ["BTCUSDT", "ETHUSDT"]


async def test_streams_of_all_are_subscribed_before_any_candle_is_asked_for(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    adapter.gate = asyncio.Event()
    async with running(tmp_path, adapter) as rig:
        await until(lambda: bool(adapter.asked), "a candle request")
        assert len(adapter.topics) == 2 * (4 + 7)
        assert {each.instrument_id for each in adapter.topics} == {BTC, ETH}
        adapter.gate.set()
        await loaded(rig)


async def test_shown_series_loads_first_then_one_timeframe_after_the_other(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS), [f"S{number}USDT" for number in range(6)])
    shown = InstrumentId(adapter.venue, MarketKind.LINEAR, "S4USDT")
    remembered = RememberedUniverse(NOW_MS, tuple(adapter.listed))
    async with running(tmp_path, adapter, remembered) as rig:
        rig.engine.show(shown, Timeframe.H4)
        await loaded(rig)
    order = [(query.instrument_id.symbol, query.timeframe.value) for query in adapter.asked]
    assert order[0] == ("S4USDT", "4h")
    assert [word for _, word in order[1:7]] == ["1m"] * 6
    assert list(dict.fromkeys(word for _, word in order[1:])) == ["1m", "5m", "15m", "1h", "4h", "1d", "30m"]
    assert len(order) == len(set(order)) == 42
    assert len(adapter.trades_asked) == 6


async def test_remembered_universe_is_streamed_before_rest_answers(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    adapter.failure = LinkError("Bybit cannot be reached")
    async with running(tmp_path, adapter, RememberedUniverse(NOW_MS, tuple(adapter.listed[:1]))) as rig:
        assert {each.instrument_id for each in adapter.topics} == {BTC}
        await until(lambda: bool(rig.engine.notices.all), "a notice")
        assert "cannot be reached" in rig.engine.notices.all[0].user_text
        adapter.failure = None
        await loaded(rig)
        assert [each.id for each in rig.engine.watched()] == [BTC], "chosen less than a day ago: kept"


async def test_page_and_stream_join_without_hole_or_double(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await until(lambda: rig.store.get(BTC) is not None, "the instrument")
        forming = Timeframe.M1.open_ms(NOW_MS)
        stream_candle(rig, forming)
        await loaded(rig)
        opens = rows_of(rig)
        assert opens == list(range(forming - 999 * MINUTE, forming + 1, MINUTE))
        state = rig.store.get(BTC)
        assert state is not None
        await until(lambda: state.candles[Timeframe.M1].is_joined, "the join")


async def test_hole_after_a_lost_link_is_filled_from_rest(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await until(lambda: rig.store.get(BTC) is not None, "the instrument")
        forming = Timeframe.M1.open_ms(NOW_MS)
        stream_candle(rig, forming)
        await loaded(rig)
        rig.clock.advance_ms(4 * MINUTE)
        stream_candle(rig, forming + 4 * MINUTE)
        await until(lambda: len(rows_of(rig)) == 1004, "the repair")
        state = rig.store.get(BTC)
        assert state is not None
        assert state.candles[Timeframe.M1].missing(rig.clock.now_ms()) == []


async def test_hole_that_the_venue_itself_has_is_asked_for_once(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    forming = Timeframe.M1.open_ms(NOW_MS)
    adapter.holes = {forming - 5 * MINUTE}
    async with running(tmp_path, adapter) as rig:
        await until(lambda: rig.store.get(BTC) is not None, "the instrument")
        stream_candle(rig, forming)
        await loaded(rig)
        state = rig.store.get(BTC)
        assert state is not None
        await until(lambda: state.candles[Timeframe.M1].is_joined, "the join in spite of the hole")
        repairs = [query for query in adapter.asked if query.start_ms == forming - 5 * MINUTE]
        assert len(repairs) >= 1
        count = len(adapter.asked)
        rig.clock.advance_ms(10_000)
        await asyncio.sleep(1.2)
        assert len(adapter.asked) == count


async def test_older_pages_come_one_at_a_time_until_the_venue_has_none(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        count = len(adapter.asked)
        rig.engine.load_older(BTC, Timeframe.M1)
        rig.engine.load_older(BTC, Timeframe.M1)
        await until(lambda: len(rows_of(rig)) == 2000, "the second page")
        assert len(adapter.asked) == count + 1
        await until(lambda: not chart_is_loading(rig), "the end of loading")
        rig.engine.load_older(BTC, Timeframe.M1)
        await until(lambda: len(rows_of(rig)) == 2500, "the last page")
        await until(lambda: not chart_is_loading(rig), "the end of loading")
        view = rig.engine.chart(BTC, Timeframe.M1)
        assert view is not None
        assert view.candles.is_complete_left
        elapsed = NOW_MS % 60_000 / 60_000
        assert view.relative_volume == (pytest.approx(1 / elapsed) if elapsed >= 0.25 else None)
        rig.engine.load_older(BTC, Timeframe.M1)
        assert len(adapter.asked) == count + 2


def chart_is_loading(rig: Rig) -> bool:
    view = rig.engine.chart(BTC, Timeframe.M1)
    return view is not None and view.is_loading_older


async def test_page_in_flight_is_cancelled_when_the_view_turns(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        adapter.gate = asyncio.Event()
        rig.engine.load_older(BTC, Timeframe.M1)
        await asyncio.sleep(0)
        assert chart_is_loading(rig)
        rig.engine.cancel_older(BTC, Timeframe.M1)
        await until(lambda: not chart_is_loading(rig), "the cancellation")
        assert len(rows_of(rig)) == 1000


async def test_failed_page_says_why_and_keeps_what_is_there(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        adapter.failure = LinkError("Bybit did not answer within 10 s.")
        rig.engine.load_older(BTC, Timeframe.M1)
        await until(lambda: not chart_is_loading(rig), "the failure")
        view = rig.engine.chart(BTC, Timeframe.M1)
        assert view is not None
        assert view.load_error == "Bybit did not answer within 10 s."
        assert len(view.candles) == 1000


async def test_lost_link_distrusts_books_and_greys_rows(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        rig.store.apply(ticker("BTCUSDT", event_ms=NOW_MS))
        rig.store.apply(BookSnapshot(BTC, 1000, [(99.9, 1.0)], [(100.0, 1.0)], 5, 5, NOW_MS, None, 0))
        cursor = rig.engine.markets_cursor()
        before = {row.instrument_id: row for row in cursor.take()}
        assert before[BTC].state is RowState.LIVE
        assert before[BTC].spread_bps == pytest.approx(10.005, abs=1e-3)
        assert before[ETH].state is RowState.WAITING
        assert list(cursor.take()) == []

        adapter.states.emit(
            LinkState(LINK, MarketKind.LINEAR, VenueLinkPhase.BACKOFF, NOW_MS, "connection reset", NOW_MS + 4000)
        )
        after = {row.instrument_id: row for row in cursor.take()}[BTC]
        assert (after.state, after.spread_bps) == (RowState.STALE, None)
        assert after.last_price == 100.0, "the last value stays, greyed"
        (link,) = rig.engine.links()
        assert (link.phase, link.reason, link.next_retry_ms) == (LinkPhase.BACKOFF, "connection reset", NOW_MS + 4000)
        rig.engine.retry_now("bybit")
        assert adapter.retries == 1


async def test_silent_ticker_becomes_stale_by_its_age_alone(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        rig.store.apply(ticker("BTCUSDT", event_ms=NOW_MS))
        cursor = rig.engine.markets_cursor()
        cursor.take()
        rig.clock.advance_ms(10_001)
        (row,) = cursor.take()
        assert row.state is RowState.STALE


async def test_hole_in_the_streams_asks_for_the_trades_in_it(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        await until(lambda: len(adapter.trades_asked) == 2, "the first trades")
        adapter.reconnected.emit(LinkHole(LINK, NOW_MS - 200, NOW_MS, tuple(adapter.topics)))
        await until(lambda: len(adapter.trades_asked) == 4, "the trades of the hole")


async def test_trades_of_a_hole_are_asked_for_until_they_come(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        await until(lambda: len(adapter.trades_asked) == 2, "the first trades")
        adapter.trades_failure = LinkError("Bybit did not answer.")
        adapter.reconnected.emit(LinkHole(LINK, NOW_MS - 200, NOW_MS, tuple(adapter.topics)))
        await until(lambda: len(adapter.trades_asked) == 4, "the refused requests")
        adapter.trades_failure = None
        await until(lambda: len(adapter.trades_asked) == 6, "both again")
        await asyncio.sleep(0.1)
        assert len(adapter.trades_asked) == 6


async def test_unwatch_forgets_everything_of_an_instrument(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        rig.engine.unwatch(ETH)
        assert {each.instrument_id for each in adapter.topics} == {BTC}
        assert rig.engine.chart(ETH, Timeframe.M1) is None
        assert rig.engine.status().series_loaded == rig.engine.status().series_wanted == 7


async def test_venue_that_cannot_be_asked_is_told_with_its_next_try_and_retry_does_not_wait(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    adapter.failure = LinkError("connection refused")
    async with running(tmp_path, adapter) as rig:
        await until(lambda: rig.engine.links()[0].phase is LinkPhase.BACKOFF, "the failure is told")
        link = rig.engine.links()[0]
        assert link.reason == "connection refused"
        assert link.next_retry_ms is not None
        assert link.next_retry_ms >= NOW_MS + 500
        adapter.failure = None
        rig.engine.retry_now("bybit")
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert len(rig.engine.watched()) == 2, "asked at once, not after half a second or more"
        assert (rig.engine.links()[0].reason, rig.engine.links()[0].next_retry_ms) == (None, None)


def depths(adapter: FakeAdapter, instrument_id: InstrumentId) -> set[int | None]:
    return {each.depth for each in adapter.topics if each.instrument_id == instrument_id} - {None}


async def test_the_shallow_book_goes_where_the_user_looks(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        rig.engine.show(BTC, Timeframe.M5)
        await loaded(rig)
        assert (depths(adapter, BTC), depths(adapter, ETH)) == ({50, 1000}, {1000})
        btc, eth = rig.store.get(BTC), rig.store.get(ETH)
        assert btc is not None
        assert eth is not None
        rig.store.apply(BookSnapshot(BTC, 50, [(99.9, 1.0)], [(100.0, 1.0)], 5, 5, NOW_MS, None, 0))
        version = btc.version(Facet.BOOK)
        rig.engine.show(ETH, Timeframe.M5)
        assert (depths(adapter, BTC), depths(adapter, ETH)) == ({1000}, {50, 1000})
        assert (list(btc.books), list(eth.books)) == ([1000], [1000, 50])
        assert btc.version(Facet.BOOK) > version, "a reader sees that a book is gone"
        rig.engine.show(ETH, Timeframe.H1)
        assert depths(adapter, ETH) == {50, 1000}
        rig.engine.unwatch(ETH)
        assert depths(adapter, ETH) == set()


async def test_spread_is_that_of_the_deep_book(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        rig.engine.show(BTC, Timeframe.M5)
        await loaded(rig)
        rig.store.apply(BookSnapshot(BTC, 50, [(99.0, 1.0)], [(101.0, 1.0)], 5, 5, NOW_MS, None, 0))
        (row,) = [row for row in rig.engine.market_rows() if row.instrument_id == BTC]
        assert row.spread_bps is None
        rig.store.apply(BookSnapshot(BTC, 1000, [(99.9, 1.0)], [(100.0, 1.0)], 5, 5, NOW_MS, None, 0))
        (row,) = [row for row in rig.engine.market_rows() if row.instrument_id == BTC]
        assert row.spread_bps == pytest.approx(10.005, abs=1e-3)


async def test_contracts_bring_points_and_liquidations_to_the_view(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        rig.store.apply(Liquidation(BTC, PositionSide.LONG, 99.0, 2.0, NOW_MS, NOW_MS, 1))
        await until(lambda: len(rig.engine.derivatives(BTC).prices[PriceKind.PREMIUM][0]) == 720, "all lists")
        view = rig.engine.derivatives(BTC)
        assert view is not None
        assert (len(view.funding), len(view.open_interest), len(view.long_short)) == (200, 720, 720)
        assert [event.price for event in view.liquidations] == [99.0]
        assert rig.engine.derivatives(InstrumentId.parse("bybit:linear:NONE")) is None


async def test_inverse_contracts_count_their_volume_in_dollars(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    usd = InstrumentId(adapter.venue, MarketKind.INVERSE, "BTCUSD")
    listed = msgspec.structs.replace(instrument("BTCUSDT", contract="InversePerpetual"), id=usd, quote_coin="USD")
    fields: dict[str, float | None] = {"last_price": 100.0, "volume_24h": 5e8, "turnover_24h": 5e6}
    told = Ticker(usd, True, fields, NOW_MS, 0)
    wanted = UniverseSettings(
        venues=(adapter.venue,), kinds=(MarketKind.INVERSE,), preferred_quote_currencies=("USDT",),
        min_24h_volume=1e8, include_symbols=(), exclude_symbols=(), size=5,
    )  # fmt: skip
    assert choose_universe([listed], [told], wanted) == (listed,)
    small = msgspec.structs.replace(told, fields={**fields, "volume_24h": 1e6, "turnover_24h": 1e9})
    assert choose_universe([listed], [small], wanted) == ()
    async with running(tmp_path, adapter) as rig:
        rig.engine.watch([listed])
        rig.store.apply(told)
        (row,) = [row for row in rig.engine.market_rows() if row.instrument_id == usd]
        assert (row.volume_24h, row.turnover_24h) == (5e6, 5e8)
        open_ms = Timeframe.M1.open_ms(NOW_MS)
        rig.store.apply(Candle(usd, Timeframe.M1, open_ms, 100, 100, 100, 100, 700.0, 7.0, False, NOW_MS, 0))
        view = rig.engine.chart(usd, Timeframe.M1)
        assert view is not None
        assert (view.candles.volume[-1], view.candles.turnover[-1]) == (7.0, 700.0)
        assert view.candles.columns[5, -1] == 700.0, "kernels get the venue's own columns"


async def test_every_connection_tells_its_phase_its_age_and_the_next_step(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        adapter.newest[LINK] = NOW_MS - 1_500
        adapter.states.emit(LinkState(LINK, MarketKind.LINEAR, VenueLinkPhase.LIVE, NOW_MS - 9_000))
        adapter.rest = RestState(VenueLinkPhase.BANNED, 12.0, "HTTP 403: too many requests", 588.0)
        (view,) = rig.engine.links()
        assert (view.phase, view.age_ms) == (LinkPhase.LIVE, 1_500)
        stream, requests = view.parts
        assert (stream.name, stream.phase, stream.since_ms, stream.age_ms) == (
            "linear 1", LinkPhase.LIVE, NOW_MS - 9_000, 1_500,
        )  # fmt: skip
        assert view.requests == requests
        assert (requests.phase, requests.since_ms, requests.next_retry_ms, requests.reason) == (
            LinkPhase.BANNED, NOW_MS - 12_000, NOW_MS + 588_000, "HTTP 403: too many requests",
        )  # fmt: skip


async def test_announced_maintenance_gives_a_lost_connection_its_name(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    adapter.announced = [Maintenance("upgrade of the futures engine", True, NOW_MS - 1, NOW_MS + 1)]
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        adapter.states.emit(LinkState(LINK, MarketKind.LINEAR, VenueLinkPhase.LIVE, NOW_MS))
        assert rig.engine.links()[0].phase is LinkPhase.LIVE, "data arrive all the same"
        adapter.states.emit(
            LinkState(LINK, MarketKind.LINEAR, VenueLinkPhase.BACKOFF, NOW_MS, "connection reset", NOW_MS + 4000)
        )
        (view,) = rig.engine.links()
        assert (view.phase, view.next_retry_ms) == (LinkPhase.MAINTENANCE, NOW_MS + 4000)
        assert "upgrade of the futures engine" in (view.reason or "")
        told = [each.user_text for each in rig.engine.notices.all if each.where == "bybit.status"]
        assert len(told) == 1
        assert told[0].startswith("Bybit: maintenance is going on (upgrade of the futures engine).")


async def test_faces_read_what_the_analysis_published_of_what_is_watched(tmp_path: Path) -> None:
    async with running(tmp_path, FakeAdapter(ManualClock(NOW_MS))) as rig:
        await loaded(rig)
        engine, board = rig.engine, rig.engine._analysis.board
        cursor = engine.score_cursor(Timeframe.M5)
        assert (engine.analysis(ETH, Timeframe.M5), engine.analysis_version(ETH, Timeframe.M5)) == (None, -1)
        assert (list(cursor.take()), engine.signals()) == ([], ())
        board.publish(AnalysisView(ETH, Timeframe.M5, 0, AnalysisState.WARM_UP, 2))
        board.publish_scores([ScoreRow(ETH, Timeframe.M5, AnalysisState.WARM_UP)])
        shown = engine.analysis(ETH, Timeframe.M5)
        assert shown is not None
        assert shown.version == engine.analysis_version(ETH, Timeframe.M5)
        assert [row.instrument_id for row in cursor.take()] == [ETH]
        engine.unwatch(ETH)
        assert engine.analysis(ETH, Timeframe.M5) is None
        assert engine.signals_version() == board.signals_version


async def test_the_desk_reads_the_books_and_links_of_the_engine(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        desk = rig.engine.desk
        before = desk.ladder(BTC, 1, 5)
        assert before is not None
        assert before.feed.phase is FeedPhase.LOADING
        adapter.states.emit(LinkState(LINK, MarketKind.LINEAR, VenueLinkPhase.LIVE, NOW_MS))
        rig.engine.show(BTC, Timeframe.M1)
        for depth in (SHOWN_DEPTH, ANALYSED_DEPTH):
            rig.store.apply(BookSnapshot(BTC, depth, [(99.9, 1.0)], [(100.0, 2.0)], 2, 2, NOW_MS, None, 0))
        ladder = desk.ladder(BTC, 1, 5)
        assert ladder is not None
        assert (ladder.feed.phase, ladder.is_deep, ladder.asks[0].size) == (FeedPhase.LIVE, False, 2.0)
        adapter.states.emit(LinkState(LINK, MarketKind.LINEAR, VenueLinkPhase.BACKOFF, NOW_MS, "reset"))
        lost = desk.ladder(BTC, 1, 5)
        assert lost is not None
        assert (lost.feed.phase, lost.feed.reason, lost.bids) == (FeedPhase.LOST, "reset", ())


async def test_system_counts_what_the_engine_does(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter) as rig:
        await loaded(rig)
        adapter.metrics.messages["tickers"] += 5
        system = rig.engine.run_desk.system()
        assert [(topic.name, topic.total) for topic in system.topics] == [("tickers", 5)]
        assert "engine.housekeeping" in system.tasks
        assert system.all_tasks >= len(system.tasks)
        assert system.requests_limit_per_s > 0
        assert "engine.listing" in rig.engine.run_desk.report()


async def test_open_interest_is_held_against_an_hour_and_a_day_ago(tmp_path: Path) -> None:
    async with running(tmp_path, FakeAdapter(ManualClock(NOW_MS))) as rig:
        await loaded(rig)
        state = rig.store.get(BTC)
        assert state is not None
        await until(lambda: len(state.derivatives.open_interest) > 25, "hourly open interest")
        assert rig.engine.market_rows()[0].oi_change_1h_pct is None, "no ticker yet"
        fields: dict[str, float | None] = {"open_interest": 55_000.0, "open_interest_value": 5.5e9}
        rig.store.apply(Ticker(BTC, True, fields, NOW_MS, 0))
        row = rig.engine.market_rows()[0]
        assert row.open_interest_quote == 5.5e9
        assert row.oi_change_1h_pct == pytest.approx(10.0)
        assert row.oi_change_24h_pct == pytest.approx(10.0)
        points = state.derivatives.open_interest.points
        state.derivatives.open_interest.points = [point for point in points if point.time_ms > NOW_MS - 3_600_000]
        assert rig.engine.market_rows()[0].oi_change_1h_pct is None, "nothing is an hour old"
