"""Dimensions, weights, smoothing and confidence, from inputs whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scored_series import FULL_PARAMS, PARAMS, Floats, default_analysis
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis.components import new_inputs
from virtuoso_desktop.analysis.confluence import CORRELATIONS
from virtuoso_desktop.analysis.scoring import SCORE, config_hash, scoring_params
from virtuoso_desktop.model.result import COMPONENTS, Profile

SAMPLE_SCORES = (75.0, 80.0, 65.0, 70.0, 78.0, 60.0)
"""The dimensions of the original system's own example, whose weighted sum is 72.70."""


def inputs_of(scores: tuple[float, ...], *, bars: float = 1000.0, close_ms: float = 60_000.0) -> Floats:
    """Every component of a dimension at the dimension's score; NaN for a missing dimension."""
    row = new_inputs()
    for dimension, score in enumerate(scores):
        for component in range(at.FIRST[dimension], at.FIRST[dimension + 1]):
            if not math.isnan(score):
                set_c(row, component, (score - 50) / 50)
    row[at.BARS] = bars
    row[at.CLOSE_MS] = close_ms
    return row


def set_c(row: Floats, component: int, c: float, *, quality: float = 1.0, fresh: float = 1.0) -> None:
    cell = component * at.CELLS
    row[cell + at.C], row[cell + at.QUALITY], row[cell + at.FRESH] = c, quality, fresh
    row[cell + at.REASON] = at.MISSING if math.isnan(c) else at.NONE


def stepped(*rows: Floats, params: Floats = FULL_PARAMS) -> Floats:
    state, out = SCORE.new_state(), np.empty(at.OUTCOME_WIDTH)
    for row in rows:
        SCORE.step(state, row, params, out)
    return out


def cell(out: Floats, base: int, dimension: int) -> float:
    return out[base + dimension * at.DIMENSION_CELLS]


def test_the_original_example_adds_up_to_72_70() -> None:
    out = stepped(inputs_of(SAMPLE_SCORES))
    assert out[at.SCORE] == pytest.approx(72.70, abs=1e-9)
    weighted = [cell(out, at.D_SCORE, d) * cell(out, at.D_WEIGHT, d) for d in range(6)]
    assert weighted == pytest.approx([18.75, 16.0, 9.75, 10.5, 11.7, 6.0], abs=1e-9)


def test_the_components_and_their_weights_stand_in_the_models_order() -> None:
    assert [name for _, name in at.COMPONENT_NAMES] == [name for names in COMPONENTS.values() for name in names]
    assert at.COMPONENT_NAMES[at.VWAP][1] == "vwap"
    assert at.COMPONENT_NAMES[at.LIQUIDATION_SKEW][1] == "liquidation_skew"
    assert at.COMPONENT_NAMES[at.MICROPRICE][1] == "microprice"
    for dimension in range(6):
        assert sum(at.COMPONENT_WEIGHTS[at.FIRST[dimension] : at.FIRST[dimension + 1]]) == pytest.approx(1, abs=1e-12)


def test_the_prior_correlations_give_the_stated_number_of_witnesses() -> None:
    correlations = np.array(CORRELATIONS)
    assert np.array_equal(correlations, correlations.T)
    assert np.linalg.eigvalsh(correlations).min() == pytest.approx(0.29, abs=0.01)
    every = stepped(inputs_of((80.0,) * 6))
    assert every[at.DIVERSITY] == pytest.approx(1.0)
    candles = stepped(inputs_of((80.0, 80.0, math.nan, math.nan, 80.0, math.nan)), params=PARAMS)
    assert candles[at.DIVERSITY] == pytest.approx(0.77, abs=0.005)
    weights = np.array([0.25, 0.20, 0.15, 0.15, 0.15, 0.10])
    assert 1 / (weights @ correlations @ weights) == pytest.approx(2.53, abs=0.005)


def test_a_missing_component_leaves_its_weight_to_the_others() -> None:
    row = inputs_of(SAMPLE_SCORES)
    set_c(row, at.OBV, 0.2)
    set_c(row, at.VOLUME_DELTA, -0.4)
    set_c(row, at.VWAP, math.nan)
    out = stepped(row)
    assert cell(out, at.D_SCORE, at.VOLUME) == pytest.approx(50 + 50 * (0.3 * 0.2 - 0.4 * 0.4) / 0.7)
    assert cell(out, at.D_COMPLETENESS, at.VOLUME) == pytest.approx(0.7)


def test_an_estimate_counts_half() -> None:
    row = inputs_of(SAMPLE_SCORES)
    set_c(row, at.OBV, 0.0)
    set_c(row, at.VWAP, 0.0)
    set_c(row, at.VOLUME_DELTA, 1.0, quality=0.5)
    out = stepped(row)
    assert cell(out, at.D_SCORE, at.VOLUME) == pytest.approx(50 + 50 * 0.2 / 0.8)


@pytest.mark.parametrize(("kept", "is_there"), [(at.OBV, False), (at.VOLUME_DELTA, True)])
def test_a_dimension_needs_two_fifths_of_its_weight(kept: int, is_there: bool) -> None:
    row = inputs_of(SAMPLE_SCORES)
    for component in (at.OBV, at.VOLUME_DELTA, at.VWAP):
        set_c(row, component, 0.6 if component == kept else math.nan)
    out = stepped(row)
    assert math.isnan(cell(out, at.D_SCORE, at.VOLUME)) is not is_there
    if not is_there:
        assert at.REASONS[int(cell(out, at.D_STATUS, at.VOLUME))] == "MISSING"


def test_candles_are_smoothed_and_streams_are_not() -> None:
    low, high = inputs_of((20.0,) * 6), inputs_of((80.0,) * 6)
    out = stepped(low, high)
    scores = [cell(out, at.D_SCORE, d) for d in range(6)]
    assert scores == pytest.approx([50.0, 50.0, 80.0, 80.0, 50.0, 80.0])
    assert cell(out, at.D_UNSMOOTHED, at.TECHNICAL) == pytest.approx(80.0)
    assert out[at.UNSMOOTHED] == pytest.approx(80.0)


def test_smoothing_begins_anew_after_a_candle_without_the_dimension_and_after_a_reset() -> None:
    low, high = inputs_of((20.0,) * 6), inputs_of((80.0,) * 6)
    without = inputs_of((math.nan, *(20.0,) * 5))
    assert cell(stepped(low, without, high), at.D_SCORE, at.TECHNICAL) == pytest.approx(80.0)
    assert cell(stepped(low, without, high), at.D_SCORE, at.VOLUME) == pytest.approx(50.0)
    begun = high.copy()
    begun[at.RESET] = 1.0
    assert cell(stepped(low, begun), at.D_SCORE, at.VOLUME) == pytest.approx(80.0)


def test_points_of_a_component_that_dropped_out_fade_and_still_add_up() -> None:
    high = inputs_of((80.0,) * 6)
    partly = high.copy()
    set_c(partly, at.OBV, math.nan)
    before, after = stepped(high), stepped(high, partly)
    assert after[at.POINTS + at.OBV] == pytest.approx(before[at.POINTS + at.OBV] / 2)
    assert after[at.POINTS :].sum() == pytest.approx(after[at.SCORE] - 50, abs=1e-9)


def test_only_the_dimensions_of_the_profile_count() -> None:
    out = stepped(inputs_of(SAMPLE_SCORES), params=PARAMS)
    assert [round(cell(out, at.D_WEIGHT, d), 6) for d in range(6)] == [0.416667, 0.333333, 0, 0, 0.25, 0]
    assert at.REASONS[int(cell(out, at.D_STATUS, at.ORDERBOOK))] == "NOT_APPLICABLE"
    assert out[at.COMPLETE] == pytest.approx(1.0)
    middle = stepped(inputs_of((50.0,) * 6), params=PARAMS)
    assert middle[at.CONFIDENCE] == 0.5 < middle[at.CONFIDENCE_RAW]
    full = stepped(inputs_of((75.0, 80.0, math.nan, math.nan, 78.0, math.nan)))
    assert full[at.COMPLETE] == pytest.approx(0.60)


def test_the_factors_of_the_confidence() -> None:
    row = inputs_of((80.0,) * 6, bars=138.0)
    for component in range(at.FIRST[at.ORDERFLOW], at.FIRST[at.ORDERFLOW + 1]):
        set_c(row, component, 0.6, fresh=0.5)
    row[at.SAMPLE + at.ORDERFLOW] = 0.25
    row[at.CROSS_CHECK] = 0.8
    out = stepped(row)
    assert out[at.AGREEMENT] == pytest.approx(1.0)
    assert out[at.FRESHNESS] == pytest.approx(1 - 0.15 * 0.5)
    assert out[at.SAMPLED] == pytest.approx((138 - 26) / 224 * (1 - 0.15 * 0.75) * 0.8)
    # NEUTRAL on the first candle: 1 - m A0, and the score is 20 points or more from the middle.
    assert out[at.SIGNAL] == 0
    assert out[at.CONFIDENCE_RAW] == pytest.approx(0.0, abs=1e-12)
    middle = stepped(inputs_of((50.0,) * 6))
    assert middle[at.CONFIDENCE_RAW] == pytest.approx(1.0)


def test_disagreement_costs_confidence() -> None:
    one = stepped(inputs_of((90.0,) * 6))
    torn = stepped(inputs_of((90.0, 90.0, 10.0, 90.0, 90.0, 90.0)))
    assert torn[at.AGREEMENT] == pytest.approx(0.7)
    assert one[at.AGREEMENT] == pytest.approx(1.0)


c_values = st.one_of(st.just(math.nan), st.floats(-1, 1))


@st.composite
def input_rows(draw: st.DrawFn) -> Floats:
    row = new_inputs()
    for component in range(at.COMPONENT_COUNT):
        quality, fresh = draw(st.sampled_from([0.5, 1.0])), draw(st.floats(0, 1))
        set_c(row, component, draw(c_values), quality=quality, fresh=fresh)
    row[at.BARS] = draw(st.sampled_from([0.0, 100.0, 1000.0]))
    row[at.CLOSE_MS] = 60_000.0
    return row


@given(row=input_rows(), component=st.integers(0, 19), more=st.floats(0, 2))
def test_a_component_that_rises_never_lowers_the_score(row: Floats, component: int, more: float) -> None:
    raised = row.copy()
    c = row[component * at.CELLS]
    raised[component * at.CELLS] = c if math.isnan(c) else min(1.0, c + more)
    one, other = stepped(row)[at.SCORE], stepped(raised)[at.SCORE]
    assert math.isnan(one) == math.isnan(other)
    assert not other < one


@given(row=input_rows(), component=st.integers(0, 19), aged=st.floats(0, 1))
def test_an_input_that_ages_never_raises_completeness_times_freshness(row: Floats, component: int, aged: float) -> None:
    older = row.copy()
    older[component * at.CELLS + at.FRESH] *= aged
    one, other = stepped(row), stepped(older)
    assert other[at.COMPLETE] * other[at.FRESHNESS] <= one[at.COMPLETE] * one[at.FRESHNESS]


@given(row=input_rows(), missing=st.integers(0, 5))
def test_without_a_dimension_the_score_is_the_mean_of_the_rest(row: Floats, missing: int) -> None:
    whole = stepped(row)
    without = row.copy()
    for component in range(at.FIRST[missing], at.FIRST[missing + 1]):
        set_c(without, component, math.nan)
    out = stepped(without)
    assert math.isnan(cell(out, at.D_SCORE, missing))
    assert cell(out, at.D_WEIGHT, missing) == 0
    rest = [d for d in range(6) if d != missing and not math.isnan(cell(whole, at.D_SCORE, d))]
    if not rest:
        assert math.isnan(out[at.SCORE])
        return
    weights = [FULL_PARAMS[d] for d in rest]
    mean = np.average([cell(whole, at.D_SCORE, d) for d in rest], weights=weights)
    assert out[at.SCORE] == pytest.approx(mean, abs=1e-9)
    if not math.isnan(cell(whole, at.D_SCORE, missing)):
        assert out[at.COMPLETE] < whole[at.COMPLETE]


def test_the_settings_are_in_the_params_and_in_the_hash() -> None:
    plain = default_analysis()
    other = default_analysis("analysis.weights.technical=0.30", "analysis.weights.volume=0.15")
    turned = default_analysis("analysis.thresholds.buy_exit=60")
    assert scoring_params(other, Profile.FULL)[0] == 0.30
    assert scoring_params(turned, Profile.FULL)[14] == 60.0
    assert len({config_hash(plain), config_hash(other), config_hash(turned)}) == 3
    assert config_hash(plain) == config_hash(default_analysis())
    assert len(config_hash(plain)) == 16
