"""The engine with a history on disk: what is asked of the venue after a restart, on the way left, in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.fake_adapter import FakeAdapter
from tests.running import until
from virtuoso_desktop.engine.archive import page_batch, share_of
from virtuoso_desktop.engine.engine import Engine, VenueParts
from virtuoso_desktop.engine.universe import RememberedUniverse
from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery, RequestPriority
from virtuoso_desktop.kernel.clock import ManualClock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.market.candles import MOST_ROWS, OPEN_MS, CandleSeries, Laid
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.errors import ParseError, VenueRejected
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import Batch, SeriesKey, candle_rows

NOW_MS = 1_700_000_055_000
MINUTE = 60_000
BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
M1 = Timeframe.M1
FORMING_MS = M1.open_ms(NOW_MS)
EVER = 2**60


class Rig:
    def __init__(self, folder: Path, adapter: FakeAdapter, source: Source) -> None:
        settings = load_settings(
            default_file=resource("config/default.yaml"), profile=folder, config_file=None, overrides=[], environ={}
        ).settings
        self.adapter = adapter
        self.history = HistoryStore(folder / HISTORY_FILE)
        self.store = MarketStore()
        self.engine = Engine(
            source, settings, adapter.clock, store=self.store, notices=NoticeBoard(adapter.clock),
            venue=VenueParts(adapter, VenueClock(adapter.clock), self.history),
        )  # fmt: skip

    def rows(self, timeframe: Timeframe = M1) -> np.ndarray:
        state = self.store.get(BTC)
        assert state is not None
        return state.candles[timeframe].columns

    def asked(self, timeframe: Timeframe, priority: int | None = None) -> list[CandleQuery]:
        pairs = zip(self.adapter.asked, self.adapter.priorities, strict=True)
        return [q for q, p in pairs if q.timeframe is timeframe and priority in (None, p)]

    async def loaded(self) -> None:
        await until(lambda: self.engine.status().series_loaded == 7, "all first pages")

    async def older(self) -> None:
        self.engine.load_older(BTC, M1)
        view = self.engine.chart(BTC, M1)
        assert view is not None
        await until(lambda: not self.engine._history.is_loading_older((BTC, M1)), "the older page")


def new_adapter(now_ms: int = NOW_MS) -> FakeAdapter:
    return FakeAdapter(ManualClock(now_ms), ["BTCUSDT"])


class SlowBackground(FakeAdapter):
    """Answers three requests of the background."""

    async def candles(self, query: CandleQuery, *, priority: int = RequestPriority.HISTORY) -> CandlePage:
        if self.priorities.count(RequestPriority.BACKGROUND) == 3 and priority == RequestPriority.BACKGROUND:
            self.gate = asyncio.Event()
        return await super().candles(query, priority=priority)


@asynccontextmanager
async def running(folder: Path, adapter: FakeAdapter, source: Source = Source.LIVE) -> AsyncIterator[Rig]:
    rig = Rig(folder, adapter, source)
    rig.engine.start(RememberedUniverse(adapter.clock.now_ms(), tuple(adapter.listed)))
    try:
        yield rig
        await rig.history.read(SeriesKey.candles(BTC, M1), 0, 1)
    finally:
        await rig.engine.stop()


async def filled(folder: Path) -> None:
    """A first run: every first page, and the 5m candles of 30 days."""
    async with running(folder, new_adapter()) as rig:
        await rig.loaded()
        await until(lambda: rig.asked(Timeframe.M5, RequestPriority.BACKGROUND), "the background")
        await until(lambda: rig.engine.status().history_ratio is None, "its end")


async def test_a_restart_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    await filled(tmp_path)
    async with running(tmp_path, new_adapter(NOW_MS + 10 * MINUTE)) as rig:
        await rig.loaded()
        (query,) = rig.asked(M1)
        assert query.start_ms == FORMING_MS - MINUTE, "from the newest stored candle on, which is compared"
        closed = [q.timeframe for q in rig.adapter.asked if q.start_ms is not None and q.end_ms is None]
        assert closed == [M1, Timeframe.M5, Timeframe.M15], "no other candle closed meanwhile"
        assert [q for q in rig.adapter.asked if q.start_ms is None] == []
        opens = rig.rows()[OPEN_MS].tolist()
        assert opens == [FORMING_MS + n * MINUTE for n in range(-999, 11)]
        assert rig.rows(Timeframe.D1).shape[1] == 999
        assert rig.rows()[1:5].max() == 1000.0, "ticks of 0.10"


async def test_a_candle_that_closed_before_the_first_page_came_does_not_stand_for_it(tmp_path: Path) -> None:
    adapter = new_adapter()
    adapter.gate = asyncio.Event()
    async with running(tmp_path, adapter) as rig:
        await until(lambda: rig.store.get(BTC) is not None, "the series")
        rig.store.apply(Candle(BTC, M1, FORMING_MS - MINUTE, 100.0, 101.0, 99.0, 100.0, 1.5, 7.0, True, NOW_MS, 0))
        await rig.history.read(SeriesKey.candles(BTC, M1), 0, 1)
    async with running(tmp_path, new_adapter()) as rig:
        await rig.loaded()
        assert rig.rows().shape[1] == 1_000


async def test_after_a_long_pause_the_whole_page_is_asked_for(tmp_path: Path) -> None:
    await filled(tmp_path)
    async with running(tmp_path, new_adapter(NOW_MS + 2_000 * MINUTE)) as rig:
        await rig.loaded()
        (query,) = rig.asked(M1)
        assert query.start_ms is None
        assert np.diff(rig.rows()[OPEN_MS]).max() == MINUTE


async def test_the_way_left_is_read_from_the_disk_first(tmp_path: Path) -> None:
    async with running(tmp_path, new_adapter()) as rig:
        await rig.loaded()
        await rig.older()
        assert rig.rows().shape[1] == 2_000
    async with running(tmp_path, new_adapter(NOW_MS + MINUTE)) as rig:
        await rig.loaded()
        asked = len(rig.asked(M1))
        await rig.older()
        assert rig.rows().shape[1] == 2_000 + 1
        assert len(rig.asked(M1)) == asked, "that was on disk"
        await rig.older()
        assert len(rig.asked(M1)) == asked + 1
        assert rig.rows().shape[1] == 2_500, "the venue's oldest of today"
        view = rig.engine.chart(BTC, M1)
        assert view is not None
        assert view.candles.is_complete_left


async def test_few_steps_lead_far_to_the_left_and_the_memory_is_given_back(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / HISTORY_FILE)
    opens = FORMING_MS + np.arange(-120_000, 0) * MINUTE
    flat = np.full(len(opens), 100.0)
    rows = candle_rows(opens, flat, flat, flat, flat, flat / 100, flat)
    file.store([Batch(SeriesKey.candles(BTC, M1), rows, ((FORMING_MS - 120_000 * MINUTE, FORMING_MS),))])
    file.close()
    async with running(tmp_path, new_adapter()) as rig:
        rig.engine.show(BTC, M1)
        await rig.loaded()
        for count in (4_000, 16_000, 64_000, 120_000):
            await rig.older()
            assert rig.rows().shape[1] == count
        assert rig.asked(M1) == [], "all of it was on disk"
        assert np.diff(rig.rows()[OPEN_MS]).max() == MINUTE
        rig.engine.show(BTC, Timeframe.M5)
        assert rig.rows().shape[1] == 50_000
        rig.engine.show(BTC, M1)
        await rig.older()
        assert rig.rows().shape[1] == 120_000


async def test_what_stands_beside_the_shown_series_keeps_its_rows(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / HISTORY_FILE)
    opens = FORMING_MS + np.arange(-120_000, 0) * MINUTE
    flat = np.full(len(opens), 100.0)
    rows = candle_rows(opens, flat, flat, flat, flat, flat / 100, flat)
    file.store([Batch(SeriesKey.candles(BTC, M1), rows, ((FORMING_MS - 120_000 * MINUTE, FORMING_MS),))])
    file.close()
    async with running(tmp_path, new_adapter()) as rig:
        rig.engine.show(BTC, M1)
        rig.engine.show_beside(((BTC, M1), (BTC, Timeframe.M5)))
        await rig.loaded()
        for count in (4_000, 16_000, 64_000):
            await rig.older()
            assert rig.rows().shape[1] == count
        rig.engine.show(BTC, Timeframe.M5)
        assert rig.rows().shape[1] == 64_000, "the other chart still shows it"
        await rig.older()
        assert rig.rows().shape[1] == 120_000, "and it goes back as fast as the active one"
        rig.engine.show_beside(((BTC, Timeframe.M5),))
        assert rig.rows().shape[1] == 50_000, "nobody looks at it any more"


async def test_a_full_chart_says_so_and_asks_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, new_adapter()) as rig:
        await rig.loaded()
        state = rig.store.get(BTC)
        assert state is not None
        opens = FORMING_MS + np.arange(-MOST_ROWS - 2_000, -1_000) * MINUTE
        flat = np.full(len(opens), 1000.0)
        series = state.candles[M1]
        assert series.take(series.lay_before(np.array((opens, flat, flat, flat, flat, flat, flat))))
        assert len(series) == MOST_ROWS
        asked = len(rig.asked(M1))
        await rig.older()
        assert len(rig.asked(M1)) == asked
        view = rig.engine.chart(BTC, M1)
        assert view is not None
        assert not view.candles.is_complete_left
        assert "A chart holds 1,500,000 candles" in (view.load_error or "")


class Restless(CandleSeries):
    """Its rows have always changed since they were laid."""

    def take(self, laid: Laid) -> bool:
        del laid
        return False


async def test_rows_that_change_faster_than_they_are_laid_come_in_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path, new_adapter()) as rig:
        state = rig.store.get(BTC)
        assert state is not None
        state.candles[M1] = Restless(state.instrument, M1)
        await rig.loaded()
        await rig.older()
        assert rig.rows().shape[1] == 2_000
        view = rig.engine.chart(BTC, M1)
        assert view is not None
        assert not view.candles.is_complete_left


async def test_a_hole_on_disk_is_asked_for_and_no_more(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / HISTORY_FILE)
    key = SeriesKey.candles(BTC, M1)
    for first, end in ((-1_500, -1_200), (-900, 0)):
        opens = FORMING_MS + np.arange(first, end) * MINUTE
        flat = np.full(len(opens), 100.0)
        rows = candle_rows(opens, flat, flat, flat, flat, flat / 100, flat)
        file.store([Batch(key, rows, ((FORMING_MS + first * MINUTE, FORMING_MS + end * MINUTE),))])
    file.close()
    async with running(tmp_path, new_adapter()) as rig:
        await rig.loaded()
        assert rig.asked(M1) == []
        await rig.older()
        (query,) = rig.asked(M1)
        assert (query.start_ms, query.end_ms) == (FORMING_MS - 1_200 * MINUTE, FORMING_MS - 900 * MINUTE - 1)
        await rig.older()
        assert len(rig.asked(M1)) == 1
        assert rig.rows()[OPEN_MS].tolist() == [FORMING_MS + n * MINUTE for n in range(-1_500, 0)]


async def test_a_hole_of_the_venue_that_is_known_on_disk_is_not_asked_for_again(tmp_path: Path) -> None:
    first = new_adapter()
    first.holes = {FORMING_MS - 7 * MINUTE}
    async with running(tmp_path, first) as rig:
        await rig.loaded()
    again = new_adapter(NOW_MS + MINUTE)
    again.holes = first.holes
    async with running(tmp_path, again) as rig:
        await rig.loaded()
        rig.store.apply(Candle(BTC, M1, FORMING_MS + MINUTE, 100.0, 100.0, 100.0, 100.0, 1.0, 1.0, False, NOW_MS, 0))
        state = rig.store.get(BTC)
        assert state is not None
        await until(lambda: state.candles[M1].is_joined, "the join in spite of the hole")
        assert [query.start_ms for query in rig.asked(M1)] == [FORMING_MS - MINUTE]


async def test_streamed_candles_and_corrections_are_kept(tmp_path: Path) -> None:
    async with running(tmp_path, new_adapter()) as rig:
        await rig.loaded()
        for close in (100.0, 100.5):
            rig.store.apply(Candle(BTC, M1, FORMING_MS, 100.0, 101.0, 99.0, close, 1.5, 7.0, True, NOW_MS, 0))
        rows = await rig.history.read(SeriesKey.candles(BTC, M1), FORMING_MS, EVER)
        assert rows[:, 0].tolist() == [FORMING_MS, 100.0, 101.0, 99.0, 100.5, 1.5, 7.0]


async def test_the_background_fetches_thirty_days_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    adapter = SlowBackground(ManualClock(NOW_MS), ["BTCUSDT"])
    adapter.history_rows = 9_000
    async with running(tmp_path, adapter) as rig:
        await rig.loaded()
        await until(lambda: len(rig.asked(Timeframe.M5, RequestPriority.BACKGROUND)) == 4, "three pages")
        await until(lambda: rig.engine._derivatives.loaded == 6, "funding, interest, ratios, prices")
        await until(lambda: rig.engine._backfill.progress.done > 4, "the third page")
        assert rig.engine.status().history_ratio == pytest.approx((6 + 9 * 4 / 8.64) / 15, abs=0.01)
    again = new_adapter()
    again.history_rows = 9_000
    async with running(tmp_path, again) as rig:
        await rig.loaded()
        await until(lambda: rig.asked(Timeframe.M5, RequestPriority.BACKGROUND), "the background again")
        await until(lambda: rig.engine.status().history_ratio is None, "its end")
        assert len(rig.asked(Timeframe.M5, RequestPriority.BACKGROUND)) < 6, "what is there is not fetched again"
        rows = await rig.history.read(SeriesKey.candles(BTC, Timeframe.M5), NOW_MS - 30 * DAY_MS, EVER)
        assert rows.shape[1] == 8_639, "all that open after the cut"
        assert np.diff(rows[0]).max() == 5 * MINUTE
        assert rig.rows(Timeframe.M5).shape[1] <= 1_000, "it is not held in memory"


class WithoutDays(FakeAdapter):
    """Its daily candles cannot be read."""

    async def candles(self, query: CandleQuery, *, priority: int = RequestPriority.HISTORY) -> CandlePage:
        if query.timeframe is Timeframe.D1:
            raise ParseError("Bybit's candles cannot be read.", kind="malformed")
        return await super().candles(query, priority=priority)


async def test_a_series_that_never_comes_does_not_hold_up_the_background(tmp_path: Path) -> None:
    async with running(tmp_path, WithoutDays(ManualClock(NOW_MS), ["BTCUSDT"])) as rig:
        await until(lambda: rig.engine.status().series_loaded == 6, "the other first pages")
        await until(lambda: rig.engine._derivatives.loaded == 6, "the lists")
        await until(lambda: rig.asked(Timeframe.M5, RequestPriority.BACKGROUND), "older candles")


async def test_a_venue_that_refuses_is_not_asked_for_ever(tmp_path: Path) -> None:
    adapter = new_adapter()
    async with running(tmp_path, adapter) as rig:
        await rig.loaded()
        adapter.failure = VenueRejected("no such symbol", code=10001)
        count = len(adapter.asked)
        await asyncio.sleep(1.3)
        assert len(adapter.asked) <= count + 1


@pytest.mark.parametrize("source", [Source.DEMO, Source.LIVE])
async def test_candles_of_another_market_are_forgotten_unless_the_market_is_real(
    tmp_path: Path, source: Source
) -> None:
    file = HistoryFile(tmp_path / HISTORY_FILE)
    key = SeriesKey.candles(BTC, M1)
    opens = FORMING_MS + np.arange(-900, -5) * MINUTE
    flat = np.full(len(opens), 77.0)
    covered = ((FORMING_MS - 900 * MINUTE, FORMING_MS - 5 * MINUTE),)
    file.store([Batch(key, candle_rows(opens, flat, flat, flat, flat, flat, flat), covered)])
    file.close()
    async with running(tmp_path, new_adapter(), source) as rig:
        await rig.loaded()
        stored = await rig.history.read(key, 0, EVER)
        assert (stored[4] == 77.0).sum() == (0 if source is Source.DEMO else 894), "one revision, or all is forgotten"
        assert rig.rows().shape[1] == (1_000 if source is Source.DEMO else 901)


async def test_a_damaged_history_never_blocks_the_market(tmp_path: Path) -> None:
    (tmp_path / HISTORY_FILE).write_bytes(b"garbage" * 999)
    async with running(tmp_path, new_adapter()) as rig:
        await rig.loaded()
        await until(lambda: rig.engine.notices.all, "a notice")
        assert "set aside" in rig.engine.notices.all[0].user_text
        assert rig.engine.notices.errors == ()


# --- what an answer proves -----------------------------------------------------------------------------------------


def page(opens: list[int], venue_ms: int = NOW_MS, refused: int = 0) -> CandlePage:
    flat = [100.0] * len(opens)
    return CandlePage(BTC, M1, opens, flat, flat, flat, flat, flat, flat, venue_ms, True, refused)


def at(n: int) -> int:
    return FORMING_MS + n * MINUTE


def test_a_full_page_covers_from_its_oldest_row_to_the_newest_closed_one() -> None:
    batch = page_batch(CandleQuery(BTC, M1, limit=5), page([at(n) for n in range(-4, 1)]))
    assert batch.covered == ((at(-4), at(0)),)
    assert batch.rows[0].tolist() == [at(n) for n in range(-4, 0)]


def test_a_short_page_covers_all_that_was_asked() -> None:
    batch = page_batch(CandleQuery(BTC, M1, start_ms=at(-50), end_ms=at(-10) - 1), page([at(-30), at(-29)]))
    assert batch.covered == ((at(-50), at(-10)),)
    batch = page_batch(CandleQuery(BTC, M1, start_ms=at(-50), end_ms=at(-10) - 1), page([]))
    assert batch.covered == ((at(-50), at(-10)),)


def test_what_the_venue_may_not_have_yet_is_not_covered() -> None:
    query = CandleQuery(BTC, M1, start_ms=at(-5))
    assert page_batch(query, page([at(-5), at(-4), at(-3)])).covered == ((at(-5), at(-1)),), "a minute to settle"
    assert page_batch(query, page([], venue_ms=at(-5) + 1)).covered == ()


def test_without_a_start_a_short_page_covers_its_rows_only() -> None:
    assert page_batch(CandleQuery(BTC, M1), page([at(-9), at(-8)])).covered == ((at(-9), at(-1)),)


def test_where_rows_were_refused_only_rows_are_covered() -> None:
    query = CandleQuery(BTC, M1, start_ms=at(-20))
    assert page_batch(query, page([at(-9), at(-8), at(-3)], refused=1)).covered == ((at(-9), at(-7)), (at(-3), at(-2)))


def test_the_share_counts_what_lies_inside() -> None:
    assert share_of([(0, 10), (15, 40)], 5, 25) == pytest.approx(15 / 20)
