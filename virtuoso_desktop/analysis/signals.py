"""From score to signal: the machine that raises and ends BUY and SELL on closed candles (analysis C.5, C.6).

State (zeros are a fresh one): the signal, its strength, candles in a row at or beyond each threshold, candles left of
the cool-down and of the pause after a change of the dimensions, when and at which score the signal was raised, then
for each dimension whether it counts as there and for how many candles the opposite has been seen.

Rules
-----
A signal needs its score at or beyond the threshold on two candles in a row, a confidence of 0.40, half of the nominal
weight and three dimensions with technical among them, no cool-down and a settled set of dimensions. It ends on the
first candle whose score is beyond the exit, or whose data no longer carry a signal; the other direction is never
raised on the candle that ends one. A dimension counts as gone, or as back, after three candles in a row; until then,
on that candle and on the two after it nothing is raised, so that a dissenter who drops out makes no signal. A candle
that only fills a gap raises nothing. Three candles of cool-down are at least three minutes, so the 60 s of the
specification are always kept.
"""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.confluence import P_BUY, P_BUY_EXIT, P_CAP, P_SELL, P_SELL_EXIT
from virtuoso_desktop.analysis.kernels import Floats, piece
from virtuoso_desktop.analysis.layout import (
    AGREEMENT,
    AT_MS,
    AVAILABLE_COUNT,
    AVAILABLE_WEIGHT,
    BY_CHANGE,
    BY_CONFIDENCE,
    BY_CONFIRMATION,
    BY_COOL_DOWN,
    BY_COVERAGE,
    BY_THRESHOLD,
    CHANGED,
    CLOSE_MS,
    COMPLETE,
    CONFIDENCE,
    CONFIDENCE_RAW,
    D_SCORE,
    DIMENSION_CELLS,
    DIMENSION_COUNT,
    DIVERSITY,
    ENDED,
    ENDED_BY_DATA,
    ENDED_BY_SCORE,
    ENTRY_SCORE,
    FRESHNESS,
    LEAN,
    MODERATE,
    NO_STRENGTH,
    SAMPLED,
    SCORE,
    SIGNAL,
    SINCE_MS,
    STRENGTH,
    STRONG,
    SYNTHETIC,
    TECHNICAL,
    VERY_STRONG,
    WITHHELD,
)
from virtuoso_desktop.analysis.signal_rules import (
    CONFIRMATIONS,
    COOL_DOWN,
    LEAN_FROM,
    LEAST_CONFIDENCE,
    LEAST_DIMENSIONS,
    LEAST_WEIGHT,
    PAUSE,
    SETTLED,
    STRONG_CONFIDENCE,
    STRONG_FROM,
    VERY_STRONG_CONFIDENCE,
    VERY_STRONG_FROM,
)

(
    HELD,
    CLASS,
    RUN_UP,
    RUN_DOWN,
    COOL_LEFT,
    PAUSE_LEFT,
    RAISED_MS,
    RAISED_SCORE,
    THERE,
) = range(9)
OPPOSITE = THERE + DIMENSION_COUNT
STATE_WIDTH = OPPOSITE + DIMENSION_COUNT

HOLD_SCORE, HOLD_CONFIDENCE = 1.0, 0.03
"""How far score and confidence may fall below what a class of strength needs before it is lost."""
ROUNDING = 1e-12
"""Slack of the comparisons with sums of weights."""


@piece
def signal_step(state: Floats, inputs: Floats, params: Floats, out: Floats) -> None:
    """Signal, strength, confidence and what withheld a signal, from the cells that `confluence_step` wrote."""
    score = out[SCORE]
    state[COOL_LEFT] = max(state[COOL_LEFT] - 1.0, 0.0)
    state[PAUSE_LEFT] = max(state[PAUSE_LEFT] - 1.0, 0.0)
    settled = _follow_dimensions(state, out)
    state[RUN_UP] = state[RUN_UP] + 1.0 if score >= params[P_BUY] else 0.0
    state[RUN_DOWN] = state[RUN_DOWN] + 1.0 if score <= params[P_SELL] else 0.0
    carried = out[DIVERSITY] * out[COMPLETE] * out[FRESHNESS] * out[SAMPLED]
    is_covered = _is_covered(out)
    before, before_class = state[HELD], state[CLASS]
    out[ENDED] = _end(state, score, is_covered, params)
    direction = 1.0 if score > 50.0 else -1.0 if score < 50.0 else 0.0
    withheld = 0
    if state[HELD] == 0.0:
        withheld = _withheld(state, score, params, direction)
        if not settled or state[PAUSE_LEFT] > 0.0:
            withheld |= BY_CHANGE
        if not is_covered or inputs[SYNTHETIC] != 0.0:
            withheld |= BY_COVERAGE
        if out[AGREEMENT] * carried < LEAST_CONFIDENCE:
            withheld |= BY_CONFIDENCE
        if withheld == 0:
            state[HELD] = direction
            state[RAISED_MS] = inputs[CLOSE_MS]
            state[RAISED_SCORE] = score
    _tell(state, score, carried, params, out)
    out[WITHHELD] = withheld
    changed = state[HELD] != before or (state[HELD] != 0.0 and state[CLASS] != before_class)
    out[CHANGED] = 1.0 if changed else 0.0
    out[AT_MS] = inputs[CLOSE_MS]


@piece
def _follow_dimensions(state: Floats, out: Floats) -> bool:
    """Count for how long each dimension has been gone or back; False while that is undecided for one of them."""
    settled = True
    for dimension in range(DIMENSION_COUNT):
        there = 0.0 if math.isnan(out[D_SCORE + dimension * DIMENSION_CELLS]) else 1.0
        if there == state[THERE + dimension]:
            state[OPPOSITE + dimension] = 0.0
            continue
        state[OPPOSITE + dimension] += 1.0
        if state[OPPOSITE + dimension] >= SETTLED:
            state[THERE + dimension] = there
            state[OPPOSITE + dimension] = 0.0
            state[PAUSE_LEFT] = PAUSE + 1.0
        else:
            settled = False
    return settled


@piece
def _is_covered(out: Floats) -> bool:
    """Whether the data that are there may carry a signal."""
    return (
        out[AVAILABLE_WEIGHT] >= LEAST_WEIGHT - ROUNDING
        and out[AVAILABLE_COUNT] >= LEAST_DIMENSIONS
        and not math.isnan(out[D_SCORE + TECHNICAL * DIMENSION_CELLS])
        and not math.isnan(out[SCORE])
    )


@piece
def _end(state: Floats, score: float, is_covered: bool, params: Floats) -> int:
    """End a held signal where it has to end; says why."""
    held = state[HELD]
    if held == 0.0:
        return 0
    ending = 0
    if not is_covered:
        ending = ENDED_BY_DATA
    elif (held > 0.0 and score < params[P_BUY_EXIT]) or (held < 0.0 and score > params[P_SELL_EXIT]):
        ending = ENDED_BY_SCORE
    if ending:
        state[HELD] = 0.0
        state[RAISED_MS] = state[RAISED_SCORE] = 0.0
        state[COOL_LEFT] = COOL_DOWN
    return ending


@piece
def _withheld(state: Floats, score: float, params: Floats, direction: float) -> int:
    """Bits of the rules about the score and the cool-down that stand against a signal in its direction."""
    withheld = 0
    run = state[RUN_UP] if direction > 0.0 else state[RUN_DOWN]
    beyond = (direction > 0.0 and score >= params[P_BUY]) or (direction < 0.0 and score <= params[P_SELL])
    if not beyond:
        withheld |= BY_THRESHOLD
    elif run < CONFIRMATIONS:
        withheld |= BY_CONFIRMATION
    if state[COOL_LEFT] > 0.0:
        withheld |= BY_COOL_DOWN
    return withheld


@piece
def _tell(state: Floats, score: float, carried: float, params: Floats, out: Floats) -> None:
    """Signal, confidence and strength into ``out``."""
    held = state[HELD]
    agreement = out[AGREEMENT]
    if held == 0.0:
        agreement = 1.0 - min(1.0, abs(score - 50.0) / 20.0) * agreement
    raw = 0.0 if math.isnan(score) else min(max(agreement * carried, 0.0), 1.0)
    confidence = min(raw, params[P_CAP])
    before = state[CLASS] if held != 0.0 else float(NO_STRENGTH)
    state[CLASS] = _strength(abs(score - 50.0), confidence, held, before)
    out[SIGNAL] = held
    out[CONFIDENCE_RAW] = raw
    out[CONFIDENCE] = confidence
    out[STRENGTH] = state[CLASS]
    out[SINCE_MS] = state[RAISED_MS] if held != 0.0 else math.nan
    out[ENTRY_SCORE] = state[RAISED_SCORE] if held != 0.0 else math.nan


@piece
def _strength(distance: float, confidence: float, held: float, before: float) -> int:
    """Class of strength; one that was reached is kept a little longer."""
    if held == 0.0:
        return LEAN if distance >= LEAN_FROM else NO_STRENGTH
    slack = 1.0 if before >= VERY_STRONG else 0.0
    if (
        distance >= VERY_STRONG_FROM - slack * HOLD_SCORE
        and confidence >= VERY_STRONG_CONFIDENCE - slack * HOLD_CONFIDENCE
    ):
        return VERY_STRONG
    slack = 1.0 if before >= STRONG else 0.0
    if distance >= STRONG_FROM - slack * HOLD_SCORE and confidence >= STRONG_CONFIDENCE - slack * HOLD_CONFIDENCE:
        return STRONG
    return MODERATE
