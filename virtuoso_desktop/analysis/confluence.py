"""From components to dimensions, score and confidence: one step per closed candle (analysis C.2 to C.4, C.7).

State: 20 smoothed shares of the components, then 6 marks whether a dimension is seeded; a row of zeros is a fresh
state. Params: `scoring_params`.

Smoothing and points
--------------------
A component with quality k and weight w gives its dimension ``p = 50 w k c / K``, K being the sum of w k over the
components that are there; one that is missing gives 0. Each share is smoothed by itself, ``q += alpha (p - q)``,
seeded with the first p and restarted after a reset or a candle on which the dimension was missing. The smoothed
score of the dimension is 50 + sum of its q: smoothing is linear, so this equals the smoothed mean of the dimension.
The points of a component are ``W' q``, W' the effective weight of its dimension, and all points add up to
score - 50. A component that just dropped out keeps the points which the smoothing still remembers; they halve with
every candle.
"""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.kernels import Floats, piece
from virtuoso_desktop.analysis.layout import (
    AGREEMENT,
    AVAILABLE_COUNT,
    AVAILABLE_WEIGHT,
    BARS,
    CELLS,
    COMPLETE,
    COMPONENT_COUNT,
    COMPONENT_WEIGHTS,
    CROSS_CHECK,
    D_COMPLETENESS,
    D_SCORE,
    D_STATUS,
    D_UNSMOOTHED,
    D_WEIGHT,
    DIMENSION_CELLS,
    DIMENSION_COUNT,
    DIVERSITY,
    FIRST,
    FRESH,
    FRESHNESS,
    NO_SCORE,
    NONE,
    NOT_APPLICABLE,
    POINTS,
    QUALITY,
    REASON,
    RESET,
    SAMPLE,
    SAMPLED,
    SCORE,
    TECHNICAL,
    UNSMOOTHED,
)

STATE_WIDTH = COMPONENT_COUNT + DIMENSION_COUNT
ENOUGH = 0.4
"""Smallest completeness K of a dimension that counts."""
ALPHAS = (0.5, 0.5, 1.0, 1.0, 0.5, 1.0)
"""Weight of the newest candle; the dimensions of streams come smoothed over time already."""
LEAST_GROSS = 0.15
ENOUGH_DIMENSIONS = 2.5
FIRST_BARS, FULL_BARS = 26.0, 250.0
CORRELATIONS = (
    (1.0, 0.5, 0.1, 0.1, 0.6, 0.1),
    (0.5, 1.0, 0.5, 0.1, 0.4, 0.1),
    (0.1, 0.5, 1.0, 0.4, 0.1, 0.1),
    (0.1, 0.1, 0.4, 1.0, 0.1, 0.1),
    (0.6, 0.4, 0.1, 0.1, 1.0, 0.1),
    (0.1, 0.1, 0.1, 0.1, 0.1, 1.0),
)
"""Assumed correlations of the dimensions: three that come from the same candles are not three witnesses."""

P_WEIGHT, P_IN_PROFILE, P_CAP, P_BUY, P_BUY_EXIT, P_SELL, P_SELL_EXIT = 0, 6, 12, 13, 14, 15, 16
PARAMS_WIDTH = 17
"""Params: nominal weight and membership in the profile of each dimension, most confidence, four thresholds."""


@piece
def confluence_step(state: Floats, inputs: Floats, params: Floats, out: Floats) -> None:
    """Dimensions, score and the factors of the confidence into ``out``; the signal's cells are not touched."""
    out[AVAILABLE_WEIGHT] = 0.0
    out[AVAILABLE_COUNT] = 0.0
    if inputs[RESET] != 0.0:
        state[:] = 0.0
    for dimension in range(DIMENSION_COUNT):
        _dimension(state, inputs, params, out, dimension)
    _score(state, out)
    _confidence(inputs, params, out)


@piece
def _dimension(state: Floats, inputs: Floats, params: Floats, out: Floats, dimension: int) -> None:
    """Smoothed and plain score, completeness and status of one dimension."""
    first, last, cell = FIRST[dimension], FIRST[dimension + 1], dimension * DIMENSION_CELLS
    completeness = 0.0
    status = float(NONE)
    for component in range(first, last):
        at = component * CELLS
        if math.isnan(inputs[at]):
            if status == NONE:
                status = inputs[at + REASON]
        else:
            completeness += COMPONENT_WEIGHTS[component] * inputs[at + QUALITY]
    if params[P_IN_PROFILE + dimension] == 0.0:
        completeness, status = 0.0, float(NOT_APPLICABLE)
    out[D_COMPLETENESS + cell] = completeness
    if completeness < ENOUGH:
        state[first:last] = 0.0
        state[COMPONENT_COUNT + dimension] = 0.0
        out[D_SCORE + cell] = math.nan
        out[D_UNSMOOTHED + cell] = math.nan
        out[D_STATUS + cell] = status
        return
    alpha = ALPHAS[dimension] if state[COMPONENT_COUNT + dimension] != 0.0 else 1.0
    state[COMPONENT_COUNT + dimension] = 1.0
    plain = smoothed = 0.0
    for component in range(first, last):
        at = component * CELLS
        share = 0.0
        if not math.isnan(inputs[at]):
            share = 50.0 * COMPONENT_WEIGHTS[component] * inputs[at + QUALITY] * inputs[at] / completeness
        state[component] = alpha * share + (1.0 - alpha) * state[component]
        plain += share
        smoothed += state[component]
    out[D_SCORE + cell] = min(max(50.0 + smoothed, 0.0), 100.0)
    out[D_UNSMOOTHED + cell] = min(max(50.0 + plain, 0.0), 100.0)
    out[D_STATUS + cell] = NONE
    out[AVAILABLE_WEIGHT] += params[P_WEIGHT + dimension]
    out[AVAILABLE_COUNT] += 1.0
    out[D_WEIGHT + cell] = params[P_WEIGHT + dimension]


@piece
def _score(state: Floats, out: Floats) -> None:
    """Effective weights, score and points of the dimensions that are there."""
    total = out[AVAILABLE_WEIGHT]
    score = plain = 0.0
    for dimension in range(DIMENSION_COUNT):
        cell = dimension * DIMENSION_CELLS
        weight = 0.0
        if not math.isnan(out[D_SCORE + cell]) and total > 0.0:
            weight = out[D_WEIGHT + cell] / total
            score += weight * out[D_SCORE + cell]
            plain += weight * out[D_UNSMOOTHED + cell]
        out[D_WEIGHT + cell] = weight
        for component in range(FIRST[dimension], FIRST[dimension + 1]):
            out[POINTS + component] = weight * state[component] if total > 0.0 else math.nan
    out[SCORE] = min(max(score, 0.0), 100.0) if total > 0.0 else math.nan
    out[UNSMOOTHED] = min(max(plain, 0.0), 100.0) if total > 0.0 else math.nan
    out[NO_SCORE] = NONE if total > 0.0 else out[D_STATUS + TECHNICAL * DIMENSION_CELLS]


@piece
def _confidence(inputs: Floats, params: Floats, out: Floats) -> None:
    """The five factors of C.4, each 0 to 1; the signal's step multiplies them."""
    net = gross = complete = fresh = sample = squares = profile = 0.0
    for dimension in range(DIMENSION_COUNT):
        cell = dimension * DIMENSION_CELLS
        if params[P_IN_PROFILE + dimension] != 0.0:
            profile += params[P_WEIGHT + dimension]
        weight = out[D_WEIGHT + cell]
        if weight == 0.0:
            continue
        leaning = (out[D_SCORE + cell] - 50.0) / 50.0
        net += weight * leaning
        gross += weight * abs(leaning)
        complete += params[P_WEIGHT + dimension] * out[D_COMPLETENESS + cell]
        fresh += weight * _freshness(inputs, dimension, out[D_COMPLETENESS + cell])
        sample += weight * inputs[SAMPLE + dimension]
        for other in range(DIMENSION_COUNT):
            squares += weight * CORRELATIONS[dimension][other] * out[D_WEIGHT + other * DIMENSION_CELLS]
    if squares == 0.0:
        for factor in (AGREEMENT, DIVERSITY, COMPLETE, FRESHNESS, SAMPLED):
            out[factor] = 0.0
        return
    out[AGREEMENT] = min(abs(net) / max(gross, LEAST_GROSS), 1.0)
    out[DIVERSITY] = min(1.0, math.sqrt(1.0 / squares / ENOUGH_DIMENSIONS))
    out[COMPLETE] = min(complete / profile, 1.0)
    out[FRESHNESS] = min(fresh, 1.0)
    bars = min(max((inputs[BARS] - FIRST_BARS) / (FULL_BARS - FIRST_BARS), 0.0), 1.0)
    out[SAMPLED] = min(bars * sample, 1.0) * inputs[CROSS_CHECK]


@piece
def _freshness(inputs: Floats, dimension: int, completeness: float) -> float:
    """Mean freshness of the components that are there, weighed as in the score."""
    total = 0.0
    for component in range(FIRST[dimension], FIRST[dimension + 1]):
        at = component * CELLS
        if not math.isnan(inputs[at]):
            total += COMPONENT_WEIGHTS[component] * inputs[at + QUALITY] * inputs[at + FRESH]
    return total / completeness
