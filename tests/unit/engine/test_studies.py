"""Columns follow the candles: a preview on the last row, slices when older rows change, only what was chosen."""

from __future__ import annotations

import asyncio
import builtins
import threading
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from virtuoso_desktop.engine.studies import BUDGET_S, FAILED, PREPARING, READY, Studies, import_kernels
from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.market.candles import CandleSeries
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.study import BANDS, CVD, SPECS, Study, StudyKind, study_of
from virtuoso_desktop.model.timeframe import Timeframe

pytestmark = pytest.mark.deadline_s(120)  # the first run on a machine compiles
START_MS = 1_743_811_200_000  # 2025-04-05 00:00 UTC
BTC = Instrument(
    id=InstrumentId.parse("bybit:linear:BTCUSDT"), base_coin="BTC", quote_coin="USDT", settle_coin="USDT",
    status="Trading", contract_type="LinearPerpetual", tick_size=Decimal("0.1"), lot_step=Decimal("0.001"),
)  # fmt: skip


def page(first: int, count: int, seed: int = 1) -> np.ndarray[Any, Any]:
    """Rows ``first`` .. ``first + count`` of one long market, shape (7, count)."""
    rng = np.random.default_rng(seed)
    close = 900_000 + np.cumsum(rng.integers(-50, 51, 3000)).astype(float)
    opens = np.concatenate(([900_000.0], close[:-1]))
    low, high = np.minimum(opens, close) - 7, np.maximum(opens, close) + 9
    volume = rng.exponential(5, 3000)
    rows = np.vstack(
        (START_MS + np.arange(3000) * 300_000.0, opens, high, low, close, volume, volume * (low + high) / 2 * 0.1)
    )
    return rows[:, first : first + count].copy()


def series(first: int, count: int) -> CandleSeries:
    made = CandleSeries(BTC, Timeframe.M5)
    made.merge(page(first, count), START_MS + 10**12)
    return made


def view_of(made: CandleSeries) -> CandleView:
    return CandleView(
        made.columns,
        version=made.version,
        base_version=made.base_version,
        last_is_forming=made.last_is_forming,
        is_complete_left=False,
    )


def candle_of(row: np.ndarray[Any, Any], *, closed: bool) -> Candle:
    prices = (row[1:5] * 0.1).tolist()
    return Candle(BTC.id, Timeframe.M5, int(row[0]), *prices, float(row[5]), float(row[6]), closed, int(row[0]), 0)


CHOSEN = (Study(StudyKind.EMA, (12,)), Study(StudyKind.EMA, (26,)), study_of(StudyKind.VWAP))
EVERYTHING = tuple(study_of(spec.kind) for spec in SPECS)


async def ready(chosen: tuple[Study, ...] = CHOSEN) -> Studies:
    studies = Studies()
    studies.choose(chosen)
    await studies.prepare()
    return studies


def lines_of(studies: Studies, made: CandleSeries, timeframe: Timeframe = Timeframe.M5) -> np.ndarray[Any, Any]:
    return settled(studies, made, timeframe)


def settled(studies: Studies, made: CandleSeries, timeframe: Timeframe = Timeframe.M5) -> np.ndarray[Any, Any]:
    """Every column once all slices are computed, shape (columns, rows), in the order of their names."""
    view = studies.view(BTC, timeframe, view_of(made))
    for _ in range(1000):
        if not view.is_behind:
            break
        view = studies.view(BTC, timeframe, view_of(made))
    columns = [view.columns[name] for name in sorted(view.columns)]
    return np.array(columns).reshape(len(columns), len(made))


async def assert_like_fresh(studies: Studies, made: CandleSeries, chosen: tuple[Study, ...] = CHOSEN) -> None:
    fresh = lines_of(await ready(chosen), made)
    kept = lines_of(studies, made)
    assert kept.shape[0] >= len(chosen) if chosen is CHOSEN else kept.shape[0] > 10
    assert kept.tobytes() == fresh.tobytes()


async def test_preparing_until_the_worker_is_done() -> None:
    studies = Studies()
    made = series(0, 100)
    before = studies.view(BTC, Timeframe.M5, view_of(made))
    assert (before.state, before.columns) == (PREPARING, {})
    studies.choose(CHOSEN)
    await studies.prepare()
    after = studies.view(BTC, Timeframe.M5, view_of(made))
    assert after.state == READY
    assert set(after.columns) == {"ema_12", "ema_26", "vwap", "vwap.sd"}
    assert (after.base_version, after.version) == (made.base_version, made.version)
    ema_fast, ema_slow, vwap = (after.columns[name] for name in ("ema_12", "ema_26", "vwap"))
    assert np.isnan(ema_fast[:11]).all()
    assert np.isnan(ema_slow[:25]).all()
    assert not np.isnan(ema_fast[11:]).any()
    assert not np.isnan(ema_slow[25:]).any()
    assert not np.isnan(vwap).any()


async def test_kernels_are_loaded_in_a_worker_past_the_import_hook() -> None:
    hooked = builtins.__import__
    seen: list[str] = []

    def load() -> Any:
        seen.append(threading.current_thread().name)
        return import_kernels()

    studies = Studies(load)
    await studies.prepare()
    assert seen
    assert seen[0] != threading.main_thread().name
    assert builtins.__import__ is hooked


async def test_kernels_that_cannot_be_loaded_are_said_to_have_failed() -> None:
    def load() -> Any:
        raise ImportError("no LLVM for this machine")

    studies = Studies(load)
    with pytest.raises(ImportError, match="LLVM"):
        await studies.prepare()
    assert studies.view(BTC, Timeframe.M5, view_of(series(0, 30))).state == FAILED


async def test_a_tick_changes_the_last_value_only() -> None:
    studies, made = await ready(), series(0, 400)
    row = page(400, 1)[:, 0]
    made.apply(candle_of(row, closed=False))
    before = lines_of(studies, made)
    row[2] += 500
    row[4] = row[2]
    made.apply(candle_of(row, closed=False))
    after = lines_of(studies, made)
    assert after[:, :-1].tobytes() == before[:, :-1].tobytes()
    assert (after[:2, -1] > before[:2, -1]).all()
    await assert_like_fresh(studies, made)


async def test_appended_candles_give_the_same_lines_as_a_fresh_computation() -> None:
    studies, made = await ready(), series(0, 300)
    lines_of(studies, made)
    for index in range(300, 460):
        row = page(index, 1)[:, 0]
        half = row.copy()
        half[4] = half[3]
        half[5:] /= 2
        made.apply(candle_of(half, closed=False))
        if index % 3:
            lines_of(studies, made)
        made.apply(candle_of(row, closed=True))
        if index % 2:
            lines_of(studies, made)
    await assert_like_fresh(studies, made)


@pytest.mark.parametrize(
    "change", ["prepend", "revision", "hole filled", "old hole filled", "append with revision", "cleared"]
)
async def test_older_rows_that_change_are_computed_again(change: str) -> None:
    studies, made = await ready(), CandleSeries(BTC, Timeframe.M5)
    made.merge(np.delete(page(500, 200), 120, axis=1), START_MS + 10**12)
    made.apply(candle_of(page(701, 1)[:, 0], closed=False))
    lines_of(studies, made)
    if change == "prepend":
        made.merge(page(300, 250), START_MS + 10**12)
    elif change == "revision":
        row = page(600, 1)[:, 0]
        row[4] = row[3]
        made.apply(candle_of(row, closed=True))
    elif change == "hole filled":
        made.merge(page(700, 1), START_MS + 10**12)
    elif change == "old hole filled":
        made.merge(page(620, 1), START_MS + 10**12)
    elif change == "append with revision":
        row = page(600, 1)[:, 0]
        row[4] = row[3]
        made.apply(candle_of(row, closed=True))
        made.apply(candle_of(page(702, 1)[:, 0], closed=False))
    else:
        made.clear()
        assert lines_of(studies, made).shape == (4, 0)
        made.merge(page(0, 100), START_MS + 10**12)
    await assert_like_fresh(studies, made)


async def test_switching_series_forgets_the_former() -> None:
    studies, made, other = await ready(), series(0, 300), series(900, 300)
    lines_of(studies, made)
    tether = BTC.__class__(**{f: getattr(BTC, f) for f in BTC.__struct_fields__} | {"quote_coin": "USDC"})
    view = studies.view(tether, Timeframe.M5, view_of(other))
    switched = np.array([view.columns[name] for name in sorted(view.columns)])
    assert switched.tobytes() == lines_of(await ready(), other).tobytes()
    await assert_like_fresh(studies, made)


async def test_from_one_day_upwards_there_is_no_session_vwap() -> None:
    studies = await ready()
    assert "vwap" in studies.view(BTC, Timeframe.H12, view_of(series(0, 40))).columns
    for timeframe in (Timeframe.D1, Timeframe.W1, Timeframe.MO1):
        assert set(studies.view(BTC, timeframe, view_of(series(0, 40))).columns) == {"ema_12", "ema_26"}


async def test_an_empty_and_a_single_candle_have_lines_without_values() -> None:
    studies = await ready()
    assert lines_of(studies, CandleSeries(BTC, Timeframe.M5)).shape == (4, 0)
    one = series(0, 1)
    lines = lines_of(studies, one)
    assert lines.shape == (4, 1)
    assert np.isnan(lines[:2]).all()
    assert lines[2, 0] == pytest.approx((one.columns[2, 0] + one.columns[3, 0]) / 2)


async def test_same_version_is_not_computed_twice() -> None:
    calls: list[int] = []
    kernels = import_kernels()

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        return kernels.EMA.peek(*arguments)

    ema = kernels.EMA._replace(peek=counted)
    fake = SimpleNamespace(**{name: getattr(kernels, name) for name in dir(kernels) if not name.startswith("_")})
    fake.EMA = ema
    studies, made = Studies(lambda: fake), series(0, 50)
    studies.choose(CHOSEN)
    await studies.prepare()
    lines_of(studies, made)
    seen = len(calls)
    lines_of(studies, made)
    await asyncio.sleep(0)
    assert len(calls) == seen == 2


# --- every study ------------------------------------------------------------------------------------------------


async def test_only_what_is_chosen_is_computed() -> None:
    studies, made = await ready((study_of(StudyKind.RSI),)), series(0, 200)
    assert set(studies.view(BTC, Timeframe.M5, view_of(made)).columns) == {"rsi_14"}
    studies.choose((Study(StudyKind.RSI, (7,)), Study(StudyKind.EMA, (9,), is_shown=False)))
    assert set(studies.view(BTC, Timeframe.M5, view_of(made)).columns) == {"rsi_7"}
    studies.choose(())
    assert studies.view(BTC, Timeframe.M5, view_of(made)).columns == {}


async def test_parts_that_are_left_out_are_not_computed() -> None:
    whole = (study_of(StudyKind.VWAP), study_of(StudyKind.VOLUME))
    bare = (Study(StudyKind.VWAP, without=(BANDS.key,)), Study(StudyKind.VOLUME, without=(CVD.key,)))
    studies, made = await ready(bare), series(0, 200)
    lines_of(studies, made)
    assert set(studies.view(BTC, Timeframe.M5, view_of(made)).columns) == {"vwap"}
    studies.choose(whole)
    lines_of(studies, made)
    columns = studies.view(BTC, Timeframe.M5, view_of(made)).columns
    assert set(columns) == {"vwap", "vwap.sd", "cvd", "cvd.estimated"}
    assert np.isfinite(columns["vwap.sd"][:-1]).all()
    fresh = lines_of(await ready(whole), made)
    assert lines_of(studies, made).tobytes() == fresh.tobytes()


async def test_levels_alone_keep_one_column_of_the_table() -> None:
    studies, made = await ready((study_of(StudyKind.LEVELS),)), series(0, 300)
    lines_of(studies, made)
    assert set(studies.view(BTC, Timeframe.M5, view_of(made)).columns) == {"table.atr"}


async def test_charts_side_by_side_keep_their_own_columns() -> None:
    studies = await ready()
    rsi, made = (study_of(StudyKind.RSI),), series(0, 100)
    studies.choose(rsi, 2)
    first = studies.view(BTC, Timeframe.M5, view_of(made))
    tracks = dict(studies._charts[0].series.tracks)
    other = studies.view(BTC, Timeframe.M15, view_of(made), 2)
    assert set(other.columns) == {"rsi_14"}
    again = studies.view(BTC, Timeframe.M5, view_of(made))
    assert set(again.columns) == set(first.columns)
    assert studies._charts[0].series.tracks == tracks, "the other chart did not make these anew"
    assert again.serial == first.serial
    studies.choose((), 2)
    assert studies.view(BTC, Timeframe.M15, view_of(made), 2).columns == {}
    assert studies.view(BTC, Timeframe.M5, view_of(made), None).columns == {}, "candles alone"


async def test_studies_that_need_the_same_table_share_it() -> None:
    studies, made = await ready((study_of(StudyKind.LEVELS), study_of(StudyKind.SWINGS))), series(0, 300)
    lines_of(studies, made)
    assert len(studies._charts[0].series.tracks) == 1
    assert {"table.atr", "table.bos"} <= set(studies.view(BTC, Timeframe.M5, view_of(made)).columns)


async def test_ticks_and_new_candles_leave_closed_bars_alone() -> None:
    studies, made = await ready(EVERYTHING), series(0, 600)
    before = lines_of(studies, made).copy()
    for index in range(600, 640):
        row = page(index, 1)[:, 0]
        half = row.copy()
        half[4] = half[3]
        made.apply(candle_of(half, closed=False))
        lines_of(studies, made)
        made.apply(candle_of(row, closed=True))
    after = lines_of(studies, made)
    assert after[:, :599].tobytes() == before[:, :599].tobytes()
    await assert_like_fresh(studies, made, EVERYTHING)


async def test_history_that_grows_to_the_left_changes_no_closed_bar_beyond_warm_up() -> None:
    studies, made = await ready(EVERYTHING), series(1500, 1200)
    view = studies.view(BTC, Timeframe.M5, view_of(made))
    lines_of(studies, made)
    view = studies.view(BTC, Timeframe.M5, view_of(made))
    before = {name: column[1000:-1].copy() for name, column in view.columns.items()}
    made.merge(page(300, 1200), START_MS + 10**12)
    lines_of(studies, made)
    view = studies.view(BTC, Timeframe.M5, view_of(made))
    for name, column in view.columns.items():
        if name == "obv":  # its level depends on where it begins: only differences mean something
            np.testing.assert_allclose(np.diff(column[2200:-1]), np.diff(before[name]), atol=1e-6)
        else:
            np.testing.assert_allclose(column[2200:-1], before[name], rtol=1e-6, atol=1e-6, err_msg=name)


async def test_a_long_history_is_computed_in_slices_and_stays_drawn_meanwhile() -> None:
    made = CandleSeries(BTC, Timeframe.M5, 10**6)
    rows = np.concatenate([page(0, 3000)] * 16, axis=1)
    rows[0] = START_MS + np.arange(rows.shape[1]) * 300_000.0
    made.merge(rows[:, 3000:], START_MS + 10**13)
    studies = await ready(EVERYTHING)
    calls = 0
    view = studies.view(BTC, Timeframe.M5, view_of(made))
    assert view.is_behind
    while view.is_behind:
        calls += 1
        view = studies.view(BTC, Timeframe.M5, view_of(made))
    assert calls > 5
    rsi = view.columns["rsi_14"].copy()
    serial = view.serial
    made.merge(rows[:, :3000], START_MS + 10**13)
    view = studies.view(BTC, Timeframe.M5, view_of(made))
    assert view.is_behind
    assert view.serial != serial
    newest = view.columns["rsi_14"][-500:]
    np.testing.assert_allclose(newest, rsi[-500:])
    await assert_like_fresh(studies, made, EVERYTHING)


async def test_one_call_stays_within_the_budget_of_the_loop() -> None:
    made = CandleSeries(BTC, Timeframe.M5, 10**6)
    rows = np.concatenate([page(0, 3000)] * 16, axis=1)
    rows[0] = START_MS + np.arange(rows.shape[1]) * 300_000.0
    made.merge(rows, START_MS + 10**13)
    studies = await ready(EVERYTHING)
    view = studies.view(BTC, Timeframe.M5, view_of(made))
    taken: list[float] = []
    while view.is_behind:
        begun_s = time.thread_time()
        view = studies.view(BTC, Timeframe.M5, view_of(made))
        taken.append(time.thread_time() - begun_s)
    assert float(np.median(taken)) < 2 * BUDGET_S
    assert float(np.quantile(taken, 0.9)) < 0.005


async def test_a_kernel_is_drawn_when_it_is_compiled() -> None:
    kernels = import_kernels()
    seen: list[set[str]] = []
    made = series(0, 200)

    class Watched:
        def __init__(self, kernel: Any) -> None:
            self.name = kernel.name

        def compile(self, params: Any) -> None:
            del params
            view = studies.view(BTC, Timeframe.M5, view_of(made))
            seen.append({view.state, *view.columns})

    fake = SimpleNamespace(**{name: getattr(kernels, name) for name in dir(kernels) if not name.startswith("_")})
    fake.COMPILED = tuple((Watched(kernel), params) for kernel, params in kernels.COMPILED[:3])
    studies = Studies(lambda: fake)
    studies.choose((*CHOSEN, study_of(StudyKind.RSI)))
    await studies.prepare()
    assert seen == [{PREPARING}, {PREPARING}, {PREPARING, "ema_12", "ema_26", "vwap", "vwap.sd"}]
    after = studies.view(BTC, Timeframe.M5, view_of(made))
    assert after.state == READY
    assert "rsi_14" in after.columns


async def test_a_kernel_that_does_not_compile_leaves_the_others_drawn() -> None:
    kernels = import_kernels()

    class Broken:
        name = "broken"

        def compile(self, params: Any) -> None:
            raise RuntimeError("no room in the cache")

    fake = SimpleNamespace(**{name: getattr(kernels, name) for name in dir(kernels) if not name.startswith("_")})
    fake.COMPILED = (*kernels.COMPILED[:3], (Broken(), (0.0,)), *kernels.COMPILED[3:])
    studies, made = Studies(lambda: fake), series(0, 200)
    studies.choose((*CHOSEN, study_of(StudyKind.RSI), study_of(StudyKind.ADX)))
    with pytest.raises(RuntimeError, match="no room"):
        await studies.prepare()
    view = studies.view(BTC, Timeframe.M5, view_of(made))
    assert view.state == FAILED
    assert set(view.columns) == {"ema_12", "ema_26", "vwap", "vwap.sd", "rsi_14"}
