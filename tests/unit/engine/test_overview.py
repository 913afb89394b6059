"""The overview as the engine keeps it: nothing unasked, at most once a second, older days from the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from tests.fake_adapter import instrument
from virtuoso_desktop.analysis.regime import Floats, TrendColumns
from virtuoso_desktop.engine.overview import MarketWatch
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import FundingRate, OpenInterest, Ticker
from virtuoso_desktop.model.overview import OverviewRow, RegimeLabel
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.model.timeframe import Timeframe

NOW_MS = 1_699_920_000_000
HOUR_MS = 3_600_000
COINS = ("BTC", *(f"C{place}" for place in range(11)))


class Disk:
    """An archive that holds quiet 5m candles of the 40 days before what is asked."""

    def __init__(self) -> None:
        self.asked: list[InstrumentId] = []

    async def opened(self) -> None:
        return

    async def newest(self, instrument_id: InstrumentId, timeframe: Timeframe, before_ms: int, count: int) -> Floats:
        assert timeframe is Timeframe.M5
        self.asked.append(instrument_id)
        opens = before_ms - 300_000 * np.arange(count, 0, -1, dtype=float)
        return np.vstack((opens, *([100.0 + np.arange(count) % 2] * 4), np.ones((2, count))))


def trend(rows: Floats, of: Instrument, timeframe: Timeframe, now_ms: int) -> tuple[Floats, TrendColumns]:
    """A strong rise, whatever the candles say."""
    assert (of.quote_coin, timeframe, now_ms) == ("USDT", Timeframe.H1, NOW_MS)
    count = rows.shape[1]
    strong = (60.0, 30.0, 10.0, 1.0, 0.9, 0.9, 300.0)
    return rows[0], TrendColumns(*(np.full(count, value) for value in strong))


def fill(store: MarketStore, coin: str, place: int) -> None:
    terms = instrument(f"{coin}USDT")
    state = store.add(terms)
    for timeframe, count in ((Timeframe.M5, 600), (Timeframe.H1, 300)):
        opens = NOW_MS - timeframe.duration_ms * np.arange(count, 0, -1, dtype=float)
        closes = 10_000.0 + 100.0 * (np.arange(count) % (2 + place))
        state.candles[timeframe].merge(
            np.vstack((opens, closes, closes + 200, closes - 200, closes, np.ones((2, count)))), NOW_MS
        )
    fields = {
        "last_price": 1000.0, "mark_price": 1000.0, "change_24h_ratio": 0.01 * (place - 4), "turnover_24h": 1e6,
        "open_interest": 220.0, "single_open_interest": 110.0, "funding_rate": 0.0003, "funding_interval_h": 8.0,
    }  # fmt: skip
    store.apply(Ticker(terms.id, True, dict(fields), NOW_MS - 500, 0))
    held = state.derivatives
    held.funding.merge(FundingRate(terms.id, 0.0001, NOW_MS - 8 * HOUR_MS * each) for each in range(40))
    held.open_interest.merge(
        OpenInterest(terms.id, 200.0 + each % 3, NOW_MS - HOUR_MS * each) for each in range(1, 400)
    )


def make(*, prepared: bool = True) -> tuple[MarketWatch, MarketStore, Disk]:
    store, disk = MarketStore(), Disk()
    for place, coin in enumerate(COINS):
        fill(store, coin, place)
    watch = MarketWatch(store, disk, lambda: NOW_MS, lambda: prepared, trend)  # pyright: ignore[reportArgumentType]
    return watch, store, disk


@asynccontextmanager
async def running(watch: MarketWatch) -> AsyncIterator[None]:
    tasks = Supervisor()
    tasks.spawn("overview", watch.run)
    try:
        yield
    finally:
        await tasks.stop(deadline_s=1.0)


def test_a_row_says_what_the_store_holds() -> None:
    watch, _, _ = make()
    overview = watch.final_view()
    row = overview.rows[0]
    assert [each.base_coin for each in overview.rows] == list(COINS)
    assert (row.age_ms, row.last_price, row.change_24h_pct, row.turnover_usd) == (500, 1000.0, -4.0, 1e6)
    assert (row.funding_rate, row.funding_interval_h, row.funding_reason) == (0.0003, 8.0, None)
    assert row.funding_z == pytest.approx(4.0)
    assert row.open_interest_usd == 110_000.0, "one side at the mark price"
    assert row.interest_1h_pct == pytest.approx(100 * (110 / 100.5 - 1))
    assert row.interest_24h_pct == pytest.approx(10.0)
    assert (row.correlation, row.beta, row.returns) == (pytest.approx(1.0), pytest.approx(1.0), 168)
    assert overview.rows[3].correlation is not None
    assert overview.market.market_regime is RegimeLabel.TRENDING_BULLISH
    assert overview.market.btc_dominance == pytest.approx(1 / 12)
    assert overview.market.total_volume_24h == 12e6
    assert (overview.risers[0].symbol, overview.fallers[0].symbol) == ("C10USDT", "BTCUSDT")
    assert overview.regimes_known == 12


def test_it_is_put_together_once_a_second() -> None:
    watch, _, _ = make()
    first = watch.view()
    assert watch.view() is first
    assert watch.made == 1


def test_before_the_kernels_there_is_no_regime_and_the_rest_is_there() -> None:
    watch, _, _ = make(prepared=False)
    overview = watch.final_view()
    assert overview.regimes_known == 0
    assert overview.market.metadata.regime_reason == "the regime of 0 of 12 instruments is known"
    assert overview.market.market_breadth.up is not None
    assert overview.rows[1].relation_reason is Reason.WARMUP


async def test_nothing_is_worked_out_while_nobody_asks() -> None:
    watch, _, disk = make()
    async with running(watch):
        await asyncio.sleep(0.1)
        assert (watch.made, disk.asked, watch.known) == (0, [], 0)


async def test_asking_brings_all_up_to_date_with_the_days_of_the_disk() -> None:
    watch, _, disk = make()
    async with running(watch):
        for _ in range(400):
            watch.view()
            if watch.known == len(COINS) and len(disk.asked) == len(COINS):
                break
            await asyncio.sleep(0.02)
    assert len(set(disk.asked)) == len(COINS)
    row: OverviewRow = watch.final_view().rows[0]
    assert row.regime.current_volatility is not None
    assert row.regime.avg_volatility is not None, "two days in memory, thirty on disk"
    assert row.regime.closed_ms == NOW_MS


def test_what_is_no_longer_watched_is_forgotten_and_what_began_anew_begins_anew() -> None:
    watch, store, _ = make()
    watch.final_view()
    store.remove(store.states[-1].instrument.id)
    store.remove(store.states[0].instrument.id)
    store.add(instrument("BTCUSDT"))
    overview = watch.final_view()
    assert [row.base_coin for row in overview.rows] == [*COINS[1:-1], "BTC"]
    assert overview.rows[-1].age_ms is None
    assert overview.rows[-1].regime.label is RegimeLabel.UNKNOWN
