"""What holds of every score, over made-up and real candles: mirror, scale, bounds, sums, no look-ahead (analysis E)."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scored_series import (
    FULL_PARAMS,
    PARAMS,
    REAL_FILES,
    Floats,
    Scored,
    candles_of,
    fed,
    flat,
    ramp,
    real,
    scored,
    walk,
    walks,
)
from virtuoso_desktop.analysis import candle_table
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis.components import new_inputs
from virtuoso_desktop.analysis.scoring import CANDLE_INPUTS, CANDLE_SCORE, SCORE
from virtuoso_desktop.analysis.series import CHUNK
from virtuoso_desktop.analysis.series_gate import GatedSeries
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

CANDLE_COMPONENTS = [*range(at.RSI, at.VWAP + 1), at.SUPPORT_RESISTANCE, at.TREND]
files = pytest.mark.parametrize(("name", "tick", "timeframe"), REAL_FILES)


def all_same(one: Scored, other: Scored) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def test_the_columns_are_those_of_the_candle_table() -> None:
    assert candle_table.COLUMNS[: at.TABLE_WIDTH] == at.TABLE_COLUMNS
    for index, name in enumerate(at.TABLE_COLUMNS):
        assert candle_table.COLUMNS.index(name) == index
    assert at.TABLE_COLUMNS.index("delta_scale_500") == at.T_DELTA_SCALE
    assert at.TABLE_COLUMNS.index("degenerate") == at.T_DEGENERATE
    assert len(at.OUTCOME_COLUMNS) == at.OUTCOME_WIDTH
    assert len(at.INPUTS_COLUMNS) == at.INPUTS_WIDTH
    assert at.OUTCOME_COLUMNS[at.D_SCORE + at.PRICE_STRUCTURE * at.DIMENSION_CELLS] == "price_structure_score"
    assert at.OUTCOME_COLUMNS[at.POINTS + at.TREND] == "trend_analysis_points"
    assert at.INPUTS_COLUMNS[at.VWAP * at.CELLS + at.REASON] == "vwap_reason"
    assert at.INPUTS_COLUMNS[at.CROSS_CHECK] == "cross_check"


# --- E4: mirror ------------------------------------------------------------------------------------------------------


def mirrored(candles: Floats, axis: float) -> Floats:
    """Prices reflected, taker sides swapped, turnover of the reflected prices; ticks of size 1."""
    out = candles.copy()
    out[1], out[2], out[3], out[4] = axis - candles[1], axis - candles[3], axis - candles[2], axis - candles[4]
    out[6] = axis * candles[5] - candles[6]
    out[7] = -candles[7]
    return out


def axis_above(candles: Floats) -> float:
    """A multiple of the height of every profile's rows, as the mirror of the levels needs it (analysis E4)."""
    return 640_000.0 * math.ceil(2.0 * float(candles[2].max()) / 640_000.0)


def check_mirror(one: Scored, other: Scored) -> None:
    np.testing.assert_allclose(other.score, 100.0 - one.score, atol=1e-6, equal_nan=True)
    for dimension in (at.TECHNICAL, at.VOLUME, at.PRICE_STRUCTURE):
        np.testing.assert_allclose(other.dimension(dimension), 100 - one.dimension(dimension), atol=1e-6)
    for component in CANDLE_COMPONENTS:
        np.testing.assert_allclose(other.c(component), -one.c(component), atol=1e-6, err_msg=str(component))
    cells = [at.CONFIDENCE, at.CONFIDENCE_RAW]
    np.testing.assert_allclose(one.outcome[:, cells], other.outcome[:, cells], atol=1e-6)
    np.testing.assert_array_equal(other.outcome[:, at.SIGNAL], -one.outcome[:, at.SIGNAL])
    np.testing.assert_array_equal(other.outcome[:, at.WITHHELD], one.outcome[:, at.WITHHELD])


@settings(max_examples=60)
@given(candles=walks(), delta=st.booleans())
def test_a_market_upside_down_scores_upside_down(candles: Floats, delta: bool) -> None:
    if delta:
        candles[7] = np.rint(candles[5] * np.sin(np.arange(candles.shape[1])) * 1000) / 1000
    axis = axis_above(candles)
    check_mirror(scored(fed(candles)), scored(fed(mirrored(candles, axis))))


@files
def test_a_real_market_upside_down_scores_upside_down(
    real_data: Path, name: str, tick: float, timeframe: Timeframe
) -> None:
    series = real(real_data, name, tick, timeframe, most=3000)
    candles = series.candles.copy()
    candles[6] = 0.0  # turnover in ticks would be rounded: the typical price stands for it
    axis = axis_above(candles)
    # With no turnover the reflected one is outside of every candle, too, and the typical price is taken again.
    turned = mirrored(candles, axis)
    turned[6] = 0.0
    upright = series._replace(candles=candles)
    check_mirror(scored(upright, timeframe=timeframe), scored(upright._replace(candles=turned), timeframe=timeframe))


# --- E5: scale -------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(candles=walks(), power=st.integers(-20, 20), tick=st.sampled_from([0.1, 0.5, 1e-8, 3.0]))
def test_the_same_ticks_score_the_same_whatever_a_tick_is_worth(candles: Floats, power: int, tick: float) -> None:
    one = scored(fed(candles), 1.0)
    worth = candles.copy()
    worth[6] *= 2.0**power
    assert np.array_equal(scored(fed(worth), 2.0**power).outcome, one.outcome, equal_nan=True)
    without = candles.copy()
    without[6] = 0.0
    assert np.array_equal(scored(fed(without), tick).outcome, scored(fed(without), 1.0).outcome, equal_nan=True)


def check_scale(candles: Floats, k: float) -> None:
    """Prices off any grid and ``k`` times these."""
    rng = np.random.default_rng(int(candles[5].sum()))
    candles[1:5] *= 1.0 + 1e-4 * rng.random((1, candles.shape[1]))  # no two differences are equal
    candles[6] = candles[5] * candles[1:5].mean(axis=0)
    scaled = candles.copy()
    scaled[1:5] *= k
    scaled[6] *= k
    np.testing.assert_allclose(
        scored(fed(scaled)).score / 100, scored(fed(candles)).score / 100, atol=1e-9, equal_nan=True
    )


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), k=st.floats(1e-8, 1e12))
def test_prices_off_any_grid_score_the_same_at_every_scale(seed: int, k: float) -> None:
    """Without a profile, whose rows are whole ticks: of a session that was not seen from its first candle on."""
    candles = walk(seed, 280)
    candles[0] += DAY_MS - candles[0, 0] % DAY_MS + 300_000
    check_scale(candles, k)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), power=st.integers(0, 6))
def test_prices_off_any_grid_score_the_same_with_a_profile_at_every_power_of_ten(seed: int, power: int) -> None:
    """Rows of 1, 2 or 5 times a power of ten."""
    candles = walk(seed, 600)
    candles[1:5] *= 1e4
    check_scale(candles, 10.0**power)


@settings(max_examples=25)
@given(candles=walks(), k=st.floats(1e-6, 1e9))
def test_volume_has_no_unit_in_the_score(candles: Floats, k: float) -> None:
    scaled = candles.copy()
    scaled[5:7] *= k
    np.testing.assert_allclose(scored(fed(scaled)).score, scored(fed(candles)).score, rtol=1e-9, equal_nan=True)


# --- E6, E7: bounds and sums -----------------------------------------------------------------------------------------


def check_bounds_and_sums(result: Scored) -> None:
    inputs, outcome = result.inputs, result.outcome
    cells = inputs[:, : at.SAMPLE].reshape(len(inputs), at.COMPONENT_COUNT, at.CELLS)
    c = cells[:, :, at.C]
    assert not (np.abs(c) > 1).any()
    assert np.isin(cells[:, :, at.QUALITY], (0.5, 1.0)).all()
    missing = np.isnan(c)
    assert (cells[:, :, at.REASON][missing] > 0).all(), "what is missing has a reason"
    score = outcome[:, at.SCORE]
    assert not ((score < 0) | (score > 100)).any()
    confidence = outcome[:, [at.CONFIDENCE, at.CONFIDENCE_RAW]]
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert (outcome[:, at.CONFIDENCE] <= 0.5).all()
    blocks = outcome[:, at.D_SCORE : at.POINTS].reshape(len(outcome), at.DIMENSION_COUNT, at.DIMENSION_CELLS)
    scores, weights = blocks[:, :, 0], blocks[:, :, 1]
    assert not ((scores < 0) | (scores > 100)).any()
    there = ~np.isnan(score)
    np.testing.assert_allclose(weights[there].sum(axis=1), 1.0, atol=1e-9)
    assert (weights[~there] == 0).all()
    assert (weights[np.isnan(scores)] == 0).all()
    np.testing.assert_allclose((np.nan_to_num(scores) * weights).sum(axis=1)[there], score[there], atol=1e-9)
    points = outcome[:, at.POINTS :]
    np.testing.assert_allclose(points[there].sum(axis=1), score[there] - 50.0, atol=1e-9)
    assert np.isnan(points[~there]).all()
    assert (outcome[~there, at.NO_SCORE] > 0).all()
    assert (outcome[~there, at.CONFIDENCE] == 0).all()
    assert (outcome[~there, at.SIGNAL] == 0).all()


@settings(max_examples=60)
@given(candles=walks(least=1))
def test_bounds_hold_and_points_add_up(candles: Floats) -> None:
    check_bounds_and_sums(scored(fed(candles)))


@files
def test_bounds_hold_and_points_add_up_on_real_candles(
    real_data: Path, name: str, tick: float, timeframe: Timeframe
) -> None:
    result = scored(real(real_data, name, tick, timeframe), tick, timeframe=timeframe)
    check_bounds_and_sums(result)
    assert np.unique(result.outcome[:, at.SIGNAL]).tolist() == [-1, 0, 1], "the file shows every state"


# --- E10, E11, E12: order of arrival, no look-ahead, restored state --------------------------------------------------


def part(series: GatedSeries, end: int) -> GatedSeries:
    return GatedSeries(
        series.verdicts[:end], np.ascontiguousarray(series.candles[:, :end]), series.row[:end],
        series.close_ms[:end], series.is_reset[:end],
    )  # fmt: skip


@settings(max_examples=40)
@given(candles=walks(), share=st.floats(0.05, 0.95))
def test_the_future_changes_nothing_past(candles: Floats, share: float) -> None:
    series = fed(candles)
    end = max(1, int(share * candles.shape[1]))
    whole, early = scored(series), scored(part(series, end))
    assert all_same(Scored(*(rows[:end] for rows in whole)), early)


@files
def test_the_future_changes_nothing_past_on_real_candles(
    real_data: Path, name: str, tick: float, timeframe: Timeframe
) -> None:
    series = real(real_data, name, tick, timeframe)
    whole = scored(series, tick, timeframe=timeframe)
    for end in (1, 34, 501, 1700, series.candles.shape[1] - 1):
        early = scored(part(series, end), tick, timeframe=timeframe)
        assert all_same(Scored(*(rows[:end] for rows in whole)), early)


def live(candles: Floats, peek_every: int, restore_at: int) -> Floats:
    """One candle after another as the engine has them, with previews between and a state that is read back."""
    table_params = np.array([1.0, 0.0, 86_400_000.0, 300_000.0])
    table, state = candle_table.CANDLE_TABLE.new_state(), SCORE.new_state()
    outcomes = np.empty((candles.shape[1], at.OUTCOME_WIDTH))
    row = np.empty(len(candle_table.COLUMNS))
    nothing = np.zeros(1)
    for index in range(candles.shape[1]):
        if index % peek_every == 0:
            forming = candles[:, index].copy()
            forming[4] = forming[2]
            candle_table.CANDLE_TABLE.peek(table, forming, table_params, row)
            SCORE.peek(state, evaluated(row, forming, nothing), PARAMS, outcomes[index])
        if index == restore_at:
            table = np.frombuffer(table.tobytes()).copy()
            state = np.frombuffer(state.tobytes()).copy()
        candle = np.ascontiguousarray(candles[:, index])
        candle_table.CANDLE_TABLE.step(table, candle, table_params, row)
        SCORE.step(state, evaluated(row, candle, nothing), PARAMS, outcomes[index])
    return outcomes


def evaluated(row: Floats, candle: Floats, nothing: Floats) -> Floats:
    inputs = new_inputs()
    facts = (candle[0] + 300_000, 0.0, candle[8], 1.0)
    CANDLE_INPUTS.step(nothing, np.concatenate((row[: at.TABLE_WIDTH], facts)), PARAMS, inputs)
    return inputs


@settings(max_examples=20)
@given(candles=walks(), peek_every=st.integers(1, 7), restore_at=st.integers(0, 300))
def test_live_candles_give_the_bytes_of_the_series(candles: Floats, peek_every: int, restore_at: int) -> None:
    assert np.array_equal(live(candles, peek_every, restore_at), scored(fed(candles)).outcome, equal_nan=True)


@settings(max_examples=20)
@given(candles=walks(), cuts=st.lists(st.integers(1, 400), max_size=5))
def test_batches_of_any_size_give_the_same(candles: Floats, cuts: list[int]) -> None:
    whole = scored(fed(candles))
    count = candles.shape[1]
    edges = sorted({0, count, *(cut for cut in cuts if cut < count)})
    state = CANDLE_SCORE.new_state()
    rows = np.zeros((CANDLE_SCORE.candle_width, count))
    rows[: at.TABLE_WIDTH] = whole.table[:, : at.TABLE_WIDTH].T
    rows[at.TABLE_WIDTH] = candles[0] + 300_000
    rows[-1] = 1.0
    outs = [
        CANDLE_SCORE.batch(np.ascontiguousarray(rows[:, begin:end]), PARAMS, state)
        for begin, end in itertools.pairwise(edges)
    ]
    assert np.array_equal(np.concatenate(outs)[:, at.INPUTS_WIDTH :], whole.outcome, equal_nan=True)


def test_a_series_longer_than_a_stretch_is_one_series() -> None:
    candles = walk(7, CHUNK + 100)
    whole = scored(fed(candles))
    assert len(whole.score) == CHUNK + 100
    check_bounds_and_sums(whole)
    assert whole.table[CHUNK, at.T_BARS] == CHUNK + 1


# --- E.2: edge cases -------------------------------------------------------------------------------------------------


def reasons(result: Scored, component: int) -> float:
    return result.inputs[-1, component * at.CELLS + at.REASON]


def test_flat_prices_score_the_middle_and_say_so() -> None:
    result = scored(fed(flat(400)))
    assert result.score[-1] == 50.0
    assert result.table[-1, at.T_RSI] == 50.0
    assert result.outcome[-1, at.SIGNAL] == 0
    for component in (at.RSI, at.MACD, at.EMA_CROSSOVER, at.BOLLINGER, at.VWAP, at.SUPPORT_RESISTANCE, at.TREND):
        assert reasons(result, component) == at.DEGENERATE, component


@pytest.mark.parametrize(("step", "technical"), [(10.0, 83.2147684681), (-10.0, 16.7852315319)])
def test_a_ramp_has_its_golden_technical_score(step: float, technical: float) -> None:
    found = scored(fed(ramp(400, step))).dimension(at.TECHNICAL)[-1]
    assert found == pytest.approx(technical, abs=1e-7)
    # RSI 100, no histogram, averages 7 steps apart at an ATR of 2, close 9.5 steps above the mean of 20.
    c = 0.25 + 0.25 * math.tanh(3.5) + 0.20 * 9.5 / (2 * math.sqrt((20**2 - 1) / 12))
    assert found == pytest.approx(50 + math.copysign(50 * c, step), abs=1e-9)


def test_no_volume_is_no_volume_score() -> None:
    result = scored(fed(candles_of(walk(3, 400)[1:5], 0.0)))
    assert np.isnan(result.dimension(at.VOLUME)).all()
    for component in (at.OBV, at.VOLUME_DELTA, at.VWAP):
        assert np.isnan(result.c(component)).all()
        assert reasons(result, component) == at.DEGENERATE
    assert np.isnan(result.table[:, [at.T_VWAP, at.T_RVOL]]).all()
    assert (result.table[:, at.T_OBV] == 0).all()
    assert not np.isnan(result.score[-1])
    assert (result.outcome[:, at.SIGNAL] == 0).all(), "two dimensions carry no signal"
    assert int(result.outcome[-1, at.WITHHELD]) & at.BY_COVERAGE


def test_volumes_that_are_not_known_are_missing_not_nothing() -> None:
    result = scored(fed(candles_of(walk(3, 400)[1:5], 0.0)), has_volume=False)
    assert reasons(result, at.OBV) == at.MISSING
    assert np.isnan(result.dimension(at.VOLUME)).all()


def test_a_single_candle_has_no_score() -> None:
    result = scored(fed(walk(1, 1)))
    assert np.isnan(result.score).all()
    assert result.outcome[0, at.CONFIDENCE] == 0
    assert at.REASONS[int(result.outcome[0, at.NO_SCORE])] == "WARMUP"
    assert not np.isnan(result.table[0, at.T_OBV])


def test_a_spike_of_a_billion_leaves_with_its_window() -> None:
    candles = walk(11, 700)
    calm = scored(fed(candles)).score
    candles[2, 100] = 1e9 * 10
    spiked = scored(fed(candles))
    check_bounds_and_sums(spiked)
    assert not np.isnan(spiked.score[34:]).any()
    assert not np.isnan(calm[34:]).any()


def test_a_gap_begins_anew_and_says_so() -> None:
    candles = walk(5, 700)
    series = fed(candles)
    series.is_reset[400] = True
    result = scored(series)
    fresh = scored(fed(np.ascontiguousarray(candles[:, 400:])))
    np.testing.assert_array_equal(result.score[400:], fresh.score)
    assert at.REASONS[int(result.outcome[400, at.NO_SCORE])] == "GAP"
    assert at.REASONS[int(result.outcome[402, at.NO_SCORE])] == "WARMUP"


def test_a_filler_has_no_volume_components_and_raises_nothing() -> None:
    candles = walk(9, 600)
    series = fed(candles)
    candles[1:5, 300] = candles[4, 299]
    candles[5:7, 300] = 0.0
    candles[8, 300] = 1.0
    candles[1, 301] = candles[4, 300]
    result = scored(series)
    assert np.isnan(result.dimension(at.VOLUME)[300])
    assert result.inputs[300, at.OBV * at.CELLS + at.REASON] == at.GAP
    assert int(result.outcome[300, at.WITHHELD]) & at.BY_COVERAGE
    assert result.table[300, at.T_BARS] == result.table[299, at.T_BARS]


def test_everything_missing_is_null_with_a_reason() -> None:
    out = np.empty(at.OUTCOME_WIDTH)
    SCORE.step(SCORE.new_state(), new_inputs(), FULL_PARAMS, out)
    assert np.isnan(out[at.SCORE])
    assert out[at.SIGNAL] == 0
    assert out[at.CONFIDENCE] == out[at.CONFIDENCE_RAW] == 0
    assert at.REASONS[int(out[at.NO_SCORE])] == "MISSING"
    assert int(out[at.WITHHELD]) & at.BY_COVERAGE


def test_golden_scores_of_a_real_file(real_data: Path) -> None:
    """Kept so that a change of the engine that moves a score is seen; then `ENGINE_VERSION` is raised."""
    name, tick, timeframe = REAL_FILES[0]
    result = scored(real(real_data, name, tick, timeframe), tick, timeframe=timeframe)
    golden = json.loads((Path(__file__).parent / "golden_scores.json").read_text(encoding="utf-8"))
    assert golden["engine_version"] == at.ENGINE_VERSION
    for row, cells in golden["rows"].items():
        found = [*(result.dimension(d)[int(row)] for d in (at.TECHNICAL, at.VOLUME, at.PRICE_STRUCTURE)),
                 result.score[int(row)], result.outcome[int(row), at.CONFIDENCE_RAW]]  # fmt: skip
        assert found == pytest.approx(cells, abs=1e-9), row
    assert int((result.outcome[:, at.CHANGED] != 0).sum()) == golden["changes"]


@settings(max_examples=15)
@given(seeds=st.lists(st.integers(0, 10_000), min_size=2, max_size=4, unique=True), order=st.randoms())
def test_instruments_do_not_know_each_other(seeds: list[int], order: Random) -> None:
    """Candles of several instruments in any order of arrival give what each gives alone."""
    series = {seed: scored(fed(walk(seed, 80))) for seed in seeds}
    states = {seed: SCORE.new_state() for seed in seeds}
    places = dict.fromkeys(seeds, 0)
    arrivals = [seed for seed in seeds for _ in range(80)]
    order.shuffle(arrivals)
    out = np.empty(at.OUTCOME_WIDTH)
    for seed in arrivals:
        place = places[seed]
        SCORE.step(states[seed], series[seed].inputs[place].copy(), PARAMS, out)
        assert np.array_equal(out, series[seed].outcome[place], equal_nan=True)
        places[seed] += 1
