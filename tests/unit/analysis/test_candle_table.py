"""The table of one candle's columns: golden values, and what must hold for every series."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.candle_series import candles_of, random_candles, series_of
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE, COLUMNS, FLAT_ATR, FLAT_BANDS, FLAT_RSI, PROFILE
from virtuoso_desktop.analysis.kernels import CLOSE, DELTA, HIGH, LOW, OPEN, OPEN_MS, TURNOVER, VOLUME, Floats
from virtuoso_desktop.analysis.levels import OF_CONTROL
from virtuoso_desktop.analysis.volume_profile import HEIGHT, row_height
from virtuoso_desktop.files.ohlcv import read_ohlcv
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

AT = {name: index for index, name in enumerate(COLUMNS)}
PARAMS = np.array([0.1, 0.0, float(DAY_MS), float(MINUTE_MS)])
BTC_PERP = "d_ohlcv_other/btc-perp-20211231-20220201_1m.csv.gz"
ODD = (
    "macd", "macd_signal", "macd_hist", "bb_signed", "obv_change_20", "delta", "delta_sum_20",
    "delta_ratio_20", "structure", "slope_50", "break_value", "bos", "choch", "sweep",
)  # fmt: skip
EVEN = ("atr", "adx", "volume_sum_20", "rvol", "vwap_sd", "vwap_blend_sd", "delta_scale_500", "r2_50", "er_20", "bars")


def run(candles: Floats, params: Floats = PARAMS) -> Floats:
    return CANDLE_TABLE.batch(np.ascontiguousarray(candles), params, CANDLE_TABLE.new_state())


def column(out: Floats, name: str) -> Floats:
    return out[:, AT[name]]


def flat(count: int, *, volume: float = 5.0) -> Floats:
    candles = np.full((9, count), 1000.0)
    candles[OPEN_MS] = MINUTE_MS * np.arange(count)
    candles[VOLUME], candles[TURNOVER], candles[DELTA], candles[8] = volume, volume * 100.0, math.nan, 0.0
    return candles


def mirrored(candles: Floats, axis: float) -> Floats:
    """Prices reflected about ``axis`` / 2."""
    other = candles.copy()
    other[OPEN], other[CLOSE] = axis - candles[OPEN], axis - candles[CLOSE]
    other[HIGH], other[LOW] = axis - candles[LOW], axis - candles[HIGH]
    other[DELTA] = -candles[DELTA]
    other[TURNOVER] = axis * PARAMS[0] * candles[VOLUME] - candles[TURNOVER]
    return other


seeds = st.integers(0, 2**32 - 1)


# --- golden values -------------------------------------------------------------------------------------------------


def test_golden_values(real_data: Path) -> None:
    golden = json.loads(Path(__file__).with_name("golden.json").read_text(encoding="utf-8"))
    candles = candles_of(read_ohlcv(real_data / BTC_PERP), golden["tick_size"])
    out = run(candles, np.array([golden["tick_size"], 0.0, DAY_MS, MINUTE_MS]))
    for name, values in golden["columns"].items():
        np.testing.assert_allclose(column(out, name)[golden["rows"]], values, rtol=5e-12, err_msg=name)
        first = int(np.isnan(column(out, name)).argmin())
        assert np.isnan(column(out, name)).sum() == first, name
    assert int(np.isnan(column(out, "macd")).argmin()) == 33


# --- one code for history, previews and rows (E1, E2, E11, E12) -------------------------------------------------------


def check_all_ways_agree(candles: Floats, params: Floats, peek_every: int, cut: int) -> None:
    batch_state = CANDLE_TABLE.new_state()
    batch = CANDLE_TABLE.batch(candles, params, batch_state)
    state, out, peeked = CANDLE_TABLE.new_state(), np.empty(len(COLUMNS)), np.empty(len(COLUMNS))
    for index in range(candles.shape[1]):
        row = candles[:, index].copy()
        if index % peek_every == 0:
            before = state.tobytes()
            other = row.copy()
            other[OPEN : CLOSE + 1] *= 2
            other[VOLUME] *= 3
            CANDLE_TABLE.peek(state, other, params, peeked)
            CANDLE_TABLE.peek(state, row, params, peeked)
            assert state.tobytes() == before
        CANDLE_TABLE.step(state, row, params, out)
        if index % peek_every == 0:
            assert peeked.tobytes() == out.tobytes()
        assert out.tobytes() == batch[index].tobytes()
        if index == cut:
            state = np.frombuffer(state.tobytes()).copy()
    assert state.tobytes() == batch_state.tobytes()
    assert np.isfinite(state).all()
    head = CANDLE_TABLE.batch(np.ascontiguousarray(candles[:, :cut]), params, CANDLE_TABLE.new_state())
    assert head.tobytes() == batch[:cut].tobytes()


@settings(max_examples=40)
@given(seed=seeds, count=st.integers(1, 400), peek_every=st.integers(1, 7))
def test_batch_step_peek_and_a_restored_state_agree_bitwise(seed: int, count: int, peek_every: int) -> None:
    spacing = [MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS][seed % 4]
    params = np.array([0.1, float(seed % 2), DAY_MS, spacing])
    check_all_ways_agree(random_candles(seed, count, spacing_ms=spacing), params, peek_every, count // 2)


@pytest.mark.parametrize("name", ["BTCUSDT_15m", "SOLUSDT_5m"])
def test_batch_step_and_peek_agree_bitwise_on_real_candles(real_data: Path, name: str) -> None:
    (series,) = series_of(real_data / f"d_ohlcv_bybit_linear/{name}.csv.gz")
    params = np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms])
    check_all_ways_agree(np.ascontiguousarray(series.candles[:, :4000]), params, 3, 1777)


def test_batch_step_and_peek_agree_bitwise_over_sessions_that_outgrow_the_rows_of_their_profile() -> None:
    candles, state = random_candles(5, 4319), CANDLE_TABLE.new_state()
    check_all_ways_agree(candles, PARAMS, 37, 3500)
    out = CANDLE_TABLE.batch(candles, PARAMS, state)
    assert state[PROFILE + HEIGHT] > row_height(column(out, "atr")[2880])
    assert np.nanmax(column(out, "support_kind")[1450:]) >= OF_CONTROL


def test_peek_many_is_peek_of_the_named_rows_only() -> None:
    rows = 9
    states, params = np.zeros((rows, CANDLE_TABLE.width)), np.tile(PARAMS, (rows, 1))
    candles, cells = np.empty((rows, 9)), np.empty(len(COLUMNS))
    for row in range(rows):
        series = random_candles(row, 300 + 40 * row)
        CANDLE_TABLE.batch(np.ascontiguousarray(series[:, :-1]), PARAMS, states[row])
        candles[row] = series[:, -1]
    out = np.full((rows, len(COLUMNS)), -1.0)
    before = states.tobytes()
    CANDLE_TABLE.peek_many(states, candles, params, out, np.array([1, 4, 8]))
    assert states.tobytes() == before
    for row in range(rows):
        CANDLE_TABLE.peek(states[row], candles[row], PARAMS, cells)
        expected = cells if row in (1, 4, 8) else np.full(len(COLUMNS), -1.0)
        np.testing.assert_array_equal(out[row], expected)


# --- mirror, scales, bounds (E4 for the columns, E5, E6) ------------------------------------------------------------


@settings(max_examples=30)
@given(seed=seeds, count=st.integers(60, 700))
def test_a_mirrored_market_has_mirrored_columns(seed: int, count: int) -> None:
    candles, axis = random_candles(seed, count), 64_000.0
    up, down = run(candles), run(mirrored(candles, axis))
    for name in (*ODD, *EVEN):
        one, other = column(up, name), column(down, name) * (-1.0 if name in ODD else 1.0)
        scale = np.maximum(1.0, np.nanmax(np.abs(one), initial=0.0))
        np.testing.assert_allclose(one / scale, other / scale, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(column(up, "rsi"), 100.0 - column(down, "rsi"), atol=1e-9)
    for one, other in (("support", "resistance"), ("bb_upper", "bb_lower"), ("vwap_blend", "vwap_blend")):
        np.testing.assert_allclose(column(up, one), axis - column(down, other), atol=1e-6, err_msg=one)
    for one, other in (("support_strength", "resistance_strength"), ("plus_di", "minus_di")):
        np.testing.assert_allclose(column(up, one), column(down, other), atol=1e-9, err_msg=one)
    # Supertrend begins with 1 in either market: it is compared from its first turn in both on.
    one, other = column(up, "supertrend_direction"), column(down, "supertrend_direction")
    turned = (np.cumsum(np.nan_to_num(one) < 0) > 0) & (np.cumsum(np.nan_to_num(other) < 0) > 0)
    np.testing.assert_array_equal(one[turned], -other[turned])


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**30])
def test_another_tick_size_changes_nothing_but_the_turnover(factor: float) -> None:
    candles = random_candles(7, 600)
    other = candles.copy()
    other[TURNOVER] *= factor
    scaled = run(other, PARAMS * np.array([factor, 1.0, 1.0, 1.0]))
    assert scaled.tobytes() == run(candles).tobytes()


@settings(max_examples=20)
@given(seed=seeds, factor=st.sampled_from([1e-8, 1e-3, 7.0, 1e12]))
def test_volume_in_another_unit_scales_what_is_a_volume_and_nothing_else(seed: int, factor: float) -> None:
    candles = random_candles(seed, 500)
    other = candles.copy()
    other[[VOLUME, TURNOVER, DELTA]] *= factor
    one, scaled = run(candles), run(other)
    volumes = {"obv", "obv_change_20", "volume_sum_20", "volume_sma", "delta", "delta_sum_20"}
    for name in COLUMNS:
        expected = column(one, name) * (factor if name in volumes else 1.0)
        size = np.maximum(np.abs(expected), np.nanmax(np.abs(expected), initial=1e-300))
        np.testing.assert_allclose(column(scaled, name) / size, expected / size, atol=1e-9, err_msg=name)


@settings(max_examples=30)
@given(seed=seeds, count=st.integers(1, 600))
def test_bounds(seed: int, count: int) -> None:
    candles = random_candles(seed, count)
    out = run(candles)
    with np.errstate(invalid="ignore"):
        for name in ("rsi", "adx", "plus_di", "minus_di"):
            assert not ((column(out, name) < 0) | (column(out, name) > 100)).any(), name
        for name in ("r2_50", "er_20", "support_strength", "resistance_strength"):
            assert not ((column(out, name) < 0) | (column(out, name) > 1 + 1e-12)).any(), name
        for name in ("delta_ratio_20", "break_value", "structure"):
            assert not (np.abs(column(out, name)) > 1 + 1e-12).any(), name
        for name in ("atr", "vwap_sd", "vwap_blend_sd", "volume_sum_20", "rvol", "delta_scale_500"):
            assert not (column(out, name) < 0).any(), name
        assert not (column(out, "bb_lower") > column(out, "bb_middle")).any()
        assert not (column(out, "bb_middle") > column(out, "bb_upper")).any()
        assert not (column(out, "support") >= candles[CLOSE]).any()
        assert not (column(out, "resistance") <= candles[CLOSE]).any()
    assert not np.isinf(out).any()


# --- columns of their own, by plain arithmetic -----------------------------------------------------------------------


def test_what_is_summed_over_a_window_is_what_a_window_holds(real_data: Path) -> None:
    (series,) = series_of(real_data / "d_ohlcv_bybit_linear/SOLUSDT_15m.csv.gz")
    candles = np.ascontiguousarray(series.candles[:, :3000])
    out = run(candles, np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms]))
    close, volume = candles[CLOSE], candles[VOLUME]
    flow = np.sign(np.diff(close, prepend=close[0])) * volume
    for index in (20, 21, 40, 79, 80, 599, 2999):
        window = slice(index - 19, index + 1)
        assert column(out, "volume_sum_20")[index] == pytest.approx(volume[window].sum(), rel=1e-13)
        assert column(out, "obv_change_20")[index] == pytest.approx(flow[window].sum(), rel=1e-9)
        moved = np.abs(np.diff(close[index - 20 : index + 1])).sum()
        assert column(out, "er_20")[index] == abs(close[index] - close[index - 20]) / moved
        assert column(out, "bb_signed")[index] == pytest.approx(
            (close[index] - close[window].mean()) / (2 * close[window].std()), rel=1e-9
        )
    for index in (49, 50, 98, 2999):
        window = close[index - 49 : index + 1]
        correlation = np.corrcoef(np.arange(50.0), window)[0, 1]
        assert column(out, "r2_50")[index] == pytest.approx(correlation**2, rel=1e-9)


def test_the_delta_is_estimated_from_60_changes_and_scaled_by_500_ratios(real_data: Path) -> None:
    (series,) = series_of(real_data / "d_ohlcv_bybit_linear/SOLUSDT_15m.csv.gz")
    candles = np.ascontiguousarray(series.candles[:, :1500])
    out = run(candles, np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms]))
    changes, volume = np.diff(candles[CLOSE]), candles[VOLUME]
    expected = np.full(1500, math.nan)
    for index in range(60, 1500):
        deviation = changes[index - 60 : index].std()
        expected[index] = volume[index] * math.erf(changes[index - 1] / deviation / math.sqrt(2.0))
    np.testing.assert_allclose(column(out, "delta"), expected, rtol=1e-9, atol=1e-9)
    assert np.isnan(column(out, "delta_sum_20")[:79]).all()
    ratios = np.array([expected[i - 19 : i + 1].sum() / volume[i - 19 : i + 1].sum() for i in range(79, 1500)])
    np.testing.assert_allclose(column(out, "delta_ratio_20")[79:], ratios, atol=1e-10)
    scale = [np.sqrt(np.mean(ratios[max(0, i - 499) : i + 1] ** 2)) for i in range(99, ratios.size)]
    np.testing.assert_allclose(column(out, "delta_scale_500")[178:], scale, rtol=1e-9)
    assert np.isnan(column(out, "delta_scale_500")[:178]).all()
    assert (column(out, "delta_is_estimated")[60:] == 1).all()


def test_deltas_of_trades_are_taken_as_they_are_and_an_estimate_in_the_window_is_told() -> None:
    candles = random_candles(3, 200)
    candles[VOLUME] = 10.0
    candles[DELTA] = np.linspace(-9.0, 9.0, 200)
    out = run(candles)
    np.testing.assert_array_equal(column(out, "delta"), candles[DELTA])
    assert column(out, "delta_sum_20")[19] == pytest.approx(candles[DELTA, :20].sum(), abs=1e-12)
    assert not column(out, "delta_is_estimated").any()
    candles[DELTA, 100] = math.nan
    told = column(run(candles), "delta_is_estimated")
    assert np.flatnonzero(told).tolist() == list(range(100, 120))


def test_the_blend_of_the_first_hour_moves_from_the_last_day_to_the_session(real_data: Path) -> None:
    (series,) = series_of(real_data / "d_ohlcv_bybit_linear/BTCUSDT_5m.csv.gz")
    candles = np.ascontiguousarray(series.candles[:, :2500])
    out = run(candles, np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms]))
    opens, volume = candles[OPEN_MS], candles[VOLUME]
    prices = candles[[HIGH, LOW, CLOSE]].mean(axis=0)  # the file has no turnover
    midnight = int(np.flatnonzero(opens % DAY_MS == 0)[2])
    for index in (midnight, midnight + 5, midnight + 10):
        window = (opens > opens[index] - DAY_MS) & (np.arange(opens.size) <= index)
        day = np.average(prices[window], weights=volume[window])
        spread = math.sqrt(np.average((prices[window] - day) ** 2, weights=volume[window]))
        share = (opens[index] + 300_000 - opens[midnight]) / 3_600_000
        assert column(out, "vwap_blend")[index] == pytest.approx(
            share * column(out, "vwap")[index] + (1 - share) * day, rel=1e-12
        )
        assert column(out, "vwap_blend_sd")[index] == pytest.approx(
            share * column(out, "vwap_sd")[index] + (1 - share) * spread, rel=1e-9
        )
    later = np.arange(midnight + 11, midnight + 200)
    np.testing.assert_array_equal(column(out, "vwap_blend")[later], column(out, "vwap")[later])


@pytest.mark.parametrize("minutes", [1, 5, 60, 240, 1440])
def test_the_vwap_of_24_hours_is_of_just_these(minutes: int) -> None:
    day, count = 1440 // minutes, 2 * (1440 // minutes) + 150
    candles = random_candles(6, count, spacing_ms=minutes * MINUTE_MS)
    candles[VOLUME, 40:43] = candles[TURNOVER, 40:43] = 0.0
    candles[CLOSE, 5] = candles[HIGH, 5] = candles[OPEN, 6] = candles[HIGH, 6] = 1e12  # leaves with its day
    out = run(candles, np.array([0.1, 0.0, DAY_MS, float(minutes * MINUTE_MS)]))
    prices = np.divide(candles[TURNOVER], candles[VOLUME] * 0.1, out=np.zeros(count), where=candles[VOLUME] > 0)
    typical = candles[[HIGH, LOW, CLOSE]].mean(axis=0)
    inside = (prices >= candles[LOW] - 1) & (prices <= candles[HIGH] + 1)
    prices = np.where(inside, prices, typical)
    found = column(out, "vwap_24h")
    assert np.isnan(found[: day - 1]).all()
    for index in (*range(day - 1, min(day + 60, count)), count - 1):
        window = slice(index - day + 1, index + 1)
        if not candles[VOLUME, window].any():
            assert math.isnan(found[index])
            continue
        expected = np.average(prices[window], weights=candles[VOLUME, window])
        assert found[index] == pytest.approx(expected, rel=1e-11)


def test_an_hourly_candle_has_no_first_hour() -> None:
    candles = random_candles(5, 100, spacing_ms=60 * MINUTE_MS)
    out = run(candles, np.array([0.1, 0.0, DAY_MS, 60.0 * MINUTE_MS]))
    np.testing.assert_array_equal(column(out, "vwap"), column(out, "vwap_blend"))


# --- edge cases (E.2) ----------------------------------------------------------------------------------------------


def test_400_flat_candles_are_degenerate_and_not_oversold() -> None:
    out = run(flat(400))
    last = dict(zip(COLUMNS, out[-1], strict=True))
    assert last["rsi"] == 50.0
    assert (last["atr"], last["adx"], last["plus_di"], last["bb_signed"], last["er_20"]) == (0, 0, 0, 0, 0)
    assert (last["macd"], last["slope_50"], last["r2_50"], last["delta_sum_20"]) == (0, 0, 0, 0)
    assert last["degenerate"] == FLAT_RSI + FLAT_BANDS + FLAT_ATR
    assert math.isnan(last["bb_percent"])
    assert math.isnan(last["support"])


def test_no_volume_is_no_value_where_a_value_needs_it() -> None:
    candles = random_candles(11, 300)
    candles[[VOLUME, TURNOVER]] = 0.0
    candles[DELTA] = math.nan
    last = dict(zip(COLUMNS, run(candles)[-1], strict=True))
    for name in ("vwap", "vwap_sd", "vwap_blend", "rvol", "delta_ratio_20", "delta_scale_500"):
        assert math.isnan(last[name]), name
    assert last["obv"] == 0.0
    assert last["volume_sum_20"] == 0.0
    assert not math.isnan(last["rsi"])


def test_a_single_candle_has_obv_and_vwap_only() -> None:
    out = run(random_candles(2, 1))[0]
    known = {name for name, value in zip(COLUMNS, out, strict=True) if not math.isnan(value)}
    events = {"break_value", "bos", "choch", "sweep", "bars", "gap", "degenerate"}
    assert known - events <= {"close", "obv", "delta", "delta_is_estimated", "vwap", "vwap_sd", "vwap_estimated",
                              "vwap_blend", "vwap_blend_sd"}  # fmt: skip
    assert "obv" in known


def test_a_spike_of_a_billion_ticks_leaves_nothing_behind() -> None:
    candles = random_candles(1, 900)
    candles[DELTA] = math.nan
    spiked = candles.copy()
    spiked[HIGH, 300] = spiked[CLOSE, 300] = 1e9
    spiked[TURNOVER, 300] = spiked[VOLUME, 300] * 1e9 * PARAMS[0]
    one, other = run(candles), run(spiked)
    for name, window in (("bb_middle", 21), ("bb_upper", 21), ("slope_50", 51), ("r2_50", 51), ("er_20", 21),
                         ("delta", 62), ("delta_ratio_20", 85)):  # fmt: skip
        after = slice(300 + window, None)
        np.testing.assert_allclose(column(other, name)[after], column(one, name)[after], rtol=1e-9, err_msg=name)


def test_a_ramp_up_and_a_ramp_down_are_each_others_mirror() -> None:
    steps = 10.0 * np.arange(400)
    candles = flat(400)
    candles[OPEN : CLOSE + 1] = 10_000.0 + steps
    candles[HIGH] += 5
    candles[LOW] -= 5
    up = run(candles)[-1]
    down = run(mirrored(candles, 30_000.0))[-1]
    assert up[AT["rsi"]] == 100.0
    assert down[AT["rsi"]] == 0.0
    assert up[AT["adx"]] == pytest.approx(100.0)
    assert up[AT["slope_50"]] == 10.0 == -down[AT["slope_50"]]
    assert up[AT["r2_50"]] == 1.0
    assert up[AT["macd_hist"]] == pytest.approx(-down[AT["macd_hist"]])


def test_a_synthetic_candle_has_no_part_in_the_volume() -> None:
    candles = random_candles(8, 301)
    candles[DELTA] = math.nan
    whole = run(np.delete(candles, 300, axis=1))
    synthetic = candles.copy()
    synthetic[:, 300] = synthetic[:, 299]
    synthetic[OPEN : CLOSE + 1, 300] = synthetic[CLOSE, 299]
    synthetic[OPEN_MS, 300] += MINUTE_MS
    synthetic[VOLUME:DELTA, 300] = 0.0
    synthetic[8, 300] = 1.0
    out = run(synthetic)
    last = dict(zip(COLUMNS, out[-1], strict=True))
    for name in ("rvol", "obv_change_20", "volume_sum_20", "delta", "delta_ratio_20"):
        assert math.isnan(last[name]), name
    assert last["obv"] == whole[-1, AT["obv"]]
    assert last["vwap"] == whole[-1, AT["vwap"]]
    assert (last["bars"], last["gap"]) == (300, 1)
    following = random_candles(8, 302)[:, 301]
    following[DELTA] = math.nan
    after = run(np.column_stack((synthetic, following)))[-1]
    volumes = np.append(candles[VOLUME, 281:300], following[VOLUME])
    assert after[AT["volume_sum_20"]] == pytest.approx(volumes.sum())
    assert after[AT["gap"]] == 0
