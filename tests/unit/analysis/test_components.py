"""The components against the formulas of the specification written in numpy, and why one may be missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.scored_series import PARAMS, REAL_FILES, Floats, Scored, fed, real, scored, walk
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis import levels as kinds
from virtuoso_desktop.analysis.components import new_inputs, trend_weight
from virtuoso_desktop.analysis.scoring import CANDLE_INPUTS
from virtuoso_desktop.model.timeframe import Timeframe


def col(table: Floats, name: str) -> Floats:
    return table[:, at.TABLE_COLUMNS.index(name)]


def by_hand(table: Floats) -> dict[int, Floats]:
    """C.2, vectorised, where everything is there and nothing is flat."""
    t = np.clip((col(table, "adx") - 15) / 15, 0, 1)
    a = t * t * (3 - 2 * t)
    atr, close = col(table, "atr"), col(table, "close")

    def band(b: Floats) -> Floats:
        return a * np.clip(b, -1, 1) - (1 - a) * np.sign(b) * np.clip((np.abs(b) - 0.5) / 0.5, 0, 1)

    r = col(table, "rsi") - 50
    scale = np.maximum(col(table, "delta_scale_500"), 0.02)
    sd = np.maximum(col(table, "vwap_blend_sd"), 0.25 * atr)
    structure = np.nan_to_num(col(table, "structure"))
    slope = np.tanh(50 * col(table, "slope_50") / (3 * atr))
    return {
        at.RSI: a * np.clip(r / 20, -1, 1) - (1 - a) * np.sign(r) * np.clip((np.abs(r) - 15) / 15, 0, 1),
        at.MACD: np.tanh(col(table, "macd_hist") / (0.25 * atr)),
        at.EMA_CROSSOVER: np.tanh((col(table, "ema_12") - col(table, "ema_26")) / atr),
        at.BOLLINGER: band(col(table, "bb_signed")),
        at.OBV: np.clip(1.5 * col(table, "obv_change_20") / col(table, "volume_sum_20"), -1, 1),
        at.VOLUME_DELTA: np.tanh(col(table, "delta_sum_20") / col(table, "volume_sum_20") / scale / 1.5),
        at.VWAP: band((close - col(table, "vwap_blend")) / (2 * sd)),
        at.SUPPORT_RESISTANCE: levels(table, a),
        at.TREND: 0.4 * structure + 0.4 * col(table, "r2_50") * slope
        + 0.2 * np.clip((close - col(table, "ema_50")) / (2 * atr), -1, 1),
    }  # fmt: skip


def levels(table: Floats, a: Floats) -> Floats:
    close, atr = col(table, "close"), col(table, "atr")
    low, high = col(table, "support"), col(table, "resistance")
    q_low, q_high = col(table, "support_strength"), col(table, "resistance_strength")
    x = (close - low) / (high - low)
    x = np.where(np.isnan(high), np.clip((close - low) / (2 * atr), 0, 1), x)
    x = np.where(np.isnan(low), np.clip(1 - (high - close) / (2 * atr), 0, 1), x)
    q = np.fmin(q_low, q_high)
    broken = col(table, "break_value")
    c = (1 - a) * q * (1 - 2 * x) + a * broken
    alone = np.where(broken == 0, np.nan, a * broken)
    return np.where(np.isnan(low) & np.isnan(high), alone, c)


def check(result: Scored) -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = by_hand(result.table)
    for component, c in expected.items():
        name = at.COMPONENT_NAMES[component][1]
        np.testing.assert_allclose(result.c(component)[60:], c[60:], atol=1e-12, equal_nan=True, err_msg=name)


@pytest.mark.parametrize(("name", "tick", "timeframe"), REAL_FILES)
def test_components_of_real_candles_are_the_formulas(
    real_data: Path, name: str, tick: float, timeframe: Timeframe
) -> None:
    check(scored(real(real_data, name, tick, timeframe), tick, timeframe=timeframe))


def test_components_of_a_made_up_market_are_the_formulas() -> None:
    check(scored(fed(walk(8, 600))))


@pytest.mark.parametrize(("name", "tick", "timeframe"), REAL_FILES)
def test_dimensions_of_real_candles_are_smoothed_means(
    real_data: Path, name: str, tick: float, timeframe: Timeframe
) -> None:
    result = scored(real(real_data, name, tick, timeframe), tick, timeframe=timeframe)
    for dimension in (at.TECHNICAL, at.VOLUME, at.PRICE_STRUCTURE):
        smoothed: float | None = None
        expected = np.full(len(result.score), np.nan)
        for row in range(len(result.score)):
            total = mean = 0.0
            for component in range(at.FIRST[dimension], at.FIRST[dimension + 1]):
                c, _, quality = result.inputs[row, component * at.CELLS : component * at.CELLS + 3]
                if not np.isnan(c):
                    total += at.COMPONENT_WEIGHTS[component] * quality
                    mean += at.COMPONENT_WEIGHTS[component] * quality * c
            if total < 0.4:
                smoothed = None
                continue
            plain = 50 + 50 * mean / total
            smoothed = plain if smoothed is None else 0.5 * plain + 0.5 * smoothed
            expected[row] = smoothed
        np.testing.assert_allclose(result.dimension(dimension), expected, atol=1e-9, equal_nan=True)


def test_the_trend_weight_rises_smoothly_from_15_to_30() -> None:
    assert [trend_weight(adx) for adx in (0.0, 15.0, 22.5, 30.0, 80.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]


def table_row(**cells: float) -> Floats:
    """A row of a market that stands still in the middle of everything, but for ``cells``."""
    row = np.zeros(at.TABLE_WIDTH)
    plain = {"close": 1000.0, "rsi": 50.0, "atr": 10.0, "adx": 10.0, "bb_percent": 0.5, "ema_12": 1000.0,
             "ema_26": 1000.0, "ema_50": 1000.0, "volume_sum_20": 100.0, "delta_scale_500": 0.1, "vwap": 1000.0,
             "vwap_blend": 1000.0, "vwap_blend_sd": 5.0, "support": 990.0, "resistance": 1010.0,
             "support_strength": 0.5, "resistance_strength": 0.8, "r2_50": 0.5}  # fmt: skip
    for name, value in {**plain, **cells}.items():
        row[at.TABLE_COLUMNS.index(name)] = value
    return row


def inputs_of(**cells: float) -> Floats:
    inputs = new_inputs()
    facts = (60_000.0, 0.0, 0.0, 1.0)
    CANDLE_INPUTS.step(np.zeros(1), np.concatenate((table_row(**cells), facts)), PARAMS, inputs)
    return inputs


def cells_of(component: int, **cells: float) -> Floats:
    return inputs_of(**cells)[component * at.CELLS : (component + 1) * at.CELLS]


NAN = float("nan")


@pytest.mark.parametrize(
    ("component", "cells", "reason"),
    [
        (at.RSI, {"rsi": NAN}, at.WARMUP), (at.RSI, {"adx": NAN}, at.WARMUP), (at.MACD, {"macd_hist": NAN}, at.WARMUP),
        (at.EMA_CROSSOVER, {"ema_26": NAN}, at.WARMUP), (at.BOLLINGER, {"bb_signed": NAN}, at.WARMUP),
        (at.OBV, {"obv_change_20": NAN}, at.WARMUP), (at.OBV, {"volume_sum_20": 0.0}, at.DEGENERATE),
        (at.VOLUME_DELTA, {"volume_sum_20": 0.0}, at.DEGENERATE),
        (at.VOLUME_DELTA, {"delta_scale_500": NAN}, at.WARMUP), (at.VWAP, {"vwap_blend": NAN}, at.DEGENERATE),
        (at.VWAP, {"adx": NAN}, at.WARMUP), (at.SUPPORT_RESISTANCE, {"atr": NAN}, at.WARMUP),
        (at.SUPPORT_RESISTANCE, {"atr": 0.0}, at.DEGENERATE),
        (at.SUPPORT_RESISTANCE, {"support": NAN, "resistance": NAN}, at.MISSING),
        (at.TREND, {"slope_50": NAN}, at.WARMUP), (at.TREND, {"ema_50": NAN}, at.WARMUP),
    ],
)  # fmt: skip
def test_a_missing_component_says_why(component: int, cells: dict[str, float], reason: int) -> None:
    found = cells_of(component, **cells)
    assert np.isnan(found[at.C])
    assert np.isnan(found[at.VALUE])
    assert found[at.REASON] == reason


@pytest.mark.parametrize(
    ("component", "cells"),
    [
        (at.RSI, {"degenerate": 1.0}), (at.MACD, {"atr": 0.0}), (at.EMA_CROSSOVER, {"atr": 0.0}),
        (at.BOLLINGER, {"bb_percent": NAN}), (at.VWAP, {"vwap_blend_sd": 0.0, "atr": 0.0}), (at.TREND, {"atr": 0.0}),
    ],
)  # fmt: skip
def test_what_does_not_move_is_the_middle_and_says_so(component: int, cells: dict[str, float]) -> None:
    found = cells_of(component, **cells)
    assert found[at.C] == 0.0
    assert found[at.REASON] == at.DEGENERATE


def test_an_estimated_delta_has_half_the_quality() -> None:
    assert cells_of(at.VOLUME_DELTA, delta_is_estimated=1.0)[at.QUALITY] == 0.5
    assert cells_of(at.VOLUME_DELTA, delta_is_estimated=0.0)[at.QUALITY] == 1.0


@pytest.mark.parametrize(
    ("cells", "c", "value"),
    [
        ({"close": 1000.0}, 0.0, 1.0),
        ({"close": 995.0}, 0.5 * 0.5, 0.5),
        ({"close": 1008.0}, -0.5 * 0.8, -0.2),
        ({"close": 1000.0, "resistance": NAN}, 0.0, 1.0),
        ({"close": 995.0, "resistance": NAN}, 0.5 * 0.5, 0.5),
        ({"close": 1080.0, "resistance": NAN}, -0.5, 9.0),
        ({"close": 1000.0, "support": NAN}, 0.0, -1.0),
        ({"close": 1000.0, "adx": 30.0, "break_value": 0.7}, 0.7, 1.0),
    ],
)
def test_between_two_levels(cells: dict[str, float], c: float, value: float) -> None:
    found = cells_of(at.SUPPORT_RESISTANCE, **cells)
    assert found[at.C] == pytest.approx(c)
    assert found[at.VALUE] == pytest.approx(value)


@pytest.mark.parametrize(
    ("support", "resistance", "quality"),
    [
        (kinds.OF_SWINGS, kinds.OF_DAY_HIGH, 1.0),
        (kinds.OF_CONTROL, kinds.OF_SWINGS, 0.5),
        (kinds.OF_SWINGS, kinds.OF_VALUE_HIGH, 0.5),
        (kinds.OF_VALUE_LOW, NAN, 0.5),
        (NAN, NAN, 1.0),
    ],
)
def test_a_level_of_the_profile_is_an_estimate(support: float, resistance: float, quality: float) -> None:
    found = cells_of(at.SUPPORT_RESISTANCE, support_kind=support, resistance_kind=resistance)
    assert found[at.QUALITY] == quality


@pytest.mark.parametrize(("close", "level"), [(999.0, kinds.OF_CONTROL), (1009.0, kinds.OF_DAY_HIGH), (NAN, None)])
def test_the_nearest_level_says_of_which_kind_it_is(close: float, level: float | None) -> None:
    kinds_there = {"support_kind": kinds.OF_CONTROL, "resistance_kind": kinds.OF_DAY_HIGH}
    if level is None:
        kinds_there |= {"support": NAN, "resistance": NAN, "support_kind": NAN, "resistance_kind": NAN}
        assert inputs_of(break_value=0.7, adx=30.0, **kinds_there)[at.LEVEL] == 0.0
        return
    assert at.LEVELS[int(inputs_of(close=close, **kinds_there)[at.LEVEL])] is at.LEVELS[int(level) + 1]


def test_the_values_are_those_of_the_table() -> None:
    assert cells_of(at.RSI, rsi=61.0)[at.VALUE] == 61.0
    assert cells_of(at.MACD, macd=-7.0)[at.VALUE] == -7.0
    assert cells_of(at.EMA_CROSSOVER, ema_12=1001.0)[at.VALUE] == 1.0
    assert cells_of(at.EMA_CROSSOVER, ema_12=999.0)[at.VALUE] == -1.0
    assert cells_of(at.OBV, obv=-5.0)[at.VALUE] == -5.0
    assert cells_of(at.VOLUME_DELTA, delta=3.0)[at.VALUE] == 3.0
    assert cells_of(at.VWAP, vwap=1002.0)[at.VALUE] == 1002.0
    assert cells_of(at.TREND, slope_50=2.0)[at.VALUE] == 0.2
