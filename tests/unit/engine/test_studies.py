"""Overlay lines follow the candles: a preview on the last row, a rebuild when older rows change."""

from __future__ import annotations

import asyncio
import builtins
import threading
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from virtuoso_desktop.engine.overlays import FAILED, PREPARING, READY, Overlays, import_kernels
from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.market.candles import CandleSeries
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.timeframe import Timeframe

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


async def ready() -> Overlays:
    overlays = Overlays()
    await overlays.prepare()
    return overlays


def lines_of(overlays: Overlays, made: CandleSeries, timeframe: Timeframe = Timeframe.M5) -> np.ndarray[Any, Any]:
    return np.array(overlays.view(BTC, timeframe, view_of(made)).lines)


async def assert_like_fresh(overlays: Overlays, made: CandleSeries) -> None:
    fresh = lines_of(await ready(), made)
    kept = lines_of(overlays, made)
    assert kept.shape == (3, len(made))
    assert kept.tobytes() == fresh.tobytes()


async def test_preparing_until_the_worker_is_done() -> None:
    overlays = Overlays()
    made = series(0, 100)
    before = overlays.view(BTC, Timeframe.M5, view_of(made))
    assert (before.state, before.names, before.lines) == (PREPARING, (), ())
    await overlays.prepare()
    after = overlays.view(BTC, Timeframe.M5, view_of(made))
    assert (after.state, after.names) == (READY, ("ema_12", "ema_26", "vwap"))
    assert (after.base_version, after.version) == (made.base_version, made.version)
    ema_fast, ema_slow, vwap = after.lines
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

    overlays = Overlays(load)
    await overlays.prepare()
    assert seen
    assert seen[0] != threading.main_thread().name
    assert builtins.__import__ is hooked


async def test_kernels_that_cannot_be_loaded_are_said_to_have_failed() -> None:
    def load() -> Any:
        raise ImportError("no LLVM for this machine")

    overlays = Overlays(load)
    with pytest.raises(ImportError, match="LLVM"):
        await overlays.prepare()
    assert overlays.view(BTC, Timeframe.M5, view_of(series(0, 30))).state == FAILED


async def test_a_tick_changes_the_last_value_only() -> None:
    overlays, made = await ready(), series(0, 400)
    row = page(400, 1)[:, 0]
    made.apply(candle_of(row, closed=False))
    before = lines_of(overlays, made)
    row[2] += 500
    row[4] = row[2]
    made.apply(candle_of(row, closed=False))
    after = lines_of(overlays, made)
    assert after[:, :-1].tobytes() == before[:, :-1].tobytes()
    assert (after[:2, -1] > before[:2, -1]).all()
    await assert_like_fresh(overlays, made)


async def test_appended_candles_give_the_same_lines_as_a_fresh_computation() -> None:
    overlays, made = await ready(), series(0, 300)
    lines_of(overlays, made)
    for index in range(300, 460):
        row = page(index, 1)[:, 0]
        half = row.copy()
        half[4] = half[3]
        half[5:] /= 2
        made.apply(candle_of(half, closed=False))
        if index % 3:
            lines_of(overlays, made)
        made.apply(candle_of(row, closed=True))
        if index % 2:
            lines_of(overlays, made)
    await assert_like_fresh(overlays, made)


@pytest.mark.parametrize(
    "change", ["prepend", "revision", "hole filled", "old hole filled", "append with revision", "cleared"]
)
async def test_older_rows_that_change_are_computed_again(change: str) -> None:
    overlays, made = await ready(), CandleSeries(BTC, Timeframe.M5)
    made.merge(np.delete(page(500, 200), 120, axis=1), START_MS + 10**12)
    made.apply(candle_of(page(701, 1)[:, 0], closed=False))
    lines_of(overlays, made)
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
        assert lines_of(overlays, made).shape == (3, 0)
        made.merge(page(0, 100), START_MS + 10**12)
    await assert_like_fresh(overlays, made)


async def test_switching_series_forgets_the_former() -> None:
    overlays, made, other = await ready(), series(0, 300), series(900, 300)
    lines_of(overlays, made)
    tether = BTC.__class__(**{f: getattr(BTC, f) for f in BTC.__struct_fields__} | {"quote_coin": "USDC"})
    switched = np.array(overlays.view(tether, Timeframe.M5, view_of(other)).lines)
    assert switched.tobytes() == lines_of(await ready(), other).tobytes()
    await assert_like_fresh(overlays, made)


async def test_from_one_day_upwards_there_is_no_session_vwap() -> None:
    overlays = await ready()
    assert overlays.view(BTC, Timeframe.H12, view_of(series(0, 40))).names == ("ema_12", "ema_26", "vwap")
    for timeframe in (Timeframe.D1, Timeframe.W1, Timeframe.MO1):
        assert overlays.view(BTC, timeframe, view_of(series(0, 40))).names == ("ema_12", "ema_26")


async def test_an_empty_and_a_single_candle_have_lines_without_values() -> None:
    overlays = await ready()
    assert lines_of(overlays, CandleSeries(BTC, Timeframe.M5)).shape == (3, 0)
    one = series(0, 1)
    lines = lines_of(overlays, one)
    assert lines.shape == (3, 1)
    assert np.isnan(lines[:2]).all()
    assert lines[2, 0] == pytest.approx((one.columns[2, 0] + one.columns[3, 0]) / 2)


async def test_same_version_is_not_computed_twice() -> None:
    calls: list[int] = []
    kernels = import_kernels()

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        return kernels.EMA.peek(*arguments)

    fake = SimpleNamespace(
        EMA=kernels.EMA._replace(peek=counted), VWAP=kernels.VWAP, ema_params=kernels.ema_params,
        vwap_params=kernels.vwap_params, compile_kernels=kernels.compile_kernels,
    )  # fmt: skip
    overlays, made = Overlays(lambda: fake), series(0, 50)
    await overlays.prepare()
    lines_of(overlays, made)
    seen = len(calls)
    lines_of(overlays, made)
    await asyncio.sleep(0)
    assert len(calls) == seen == 2
