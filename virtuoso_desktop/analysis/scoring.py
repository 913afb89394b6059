"""The scoring of one instrument on one timeframe as a kernel: components in, outcome out.

``score_step(state, inputs, params, out)`` is `confluence_step` and `signal_step` on one state row; batch, peek and
live evaluation are this same code, so they agree bit for bit. `candle_inputs` fills the components that come from
candles; those of streams are written by whoever has them, over the row of `layout.new_inputs`.
"""

from __future__ import annotations

import hashlib
import math

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from virtuoso_desktop.analysis.components import absent
from virtuoso_desktop.analysis.confluence import P_CAP, P_IN_PROFILE, PARAMS_WIDTH, confluence_step
from virtuoso_desktop.analysis.confluence import STATE_WIDTH as CONFLUENCE_WIDTH
from virtuoso_desktop.analysis.layout import (
    BARS,
    CANDLE_DIMENSIONS,
    CELLS,
    CLOSE_MS,
    DIMENSIONS,
    ENGINE_VERSION,
    FIRST,
    GAP,
    INPUTS_WIDTH,
    OUTCOME_WIDTH,
    PRICE_STRUCTURE,
    RESET,
    SYNTHETIC,
    T_BARS,
    TECHNICAL,
    VOLUME,
)
from virtuoso_desktop.analysis.signals import STATE_WIDTH as SIGNAL_WIDTH
from virtuoso_desktop.analysis.signals import signal_step
from virtuoso_desktop.analysis.structure_score import structure_step
from virtuoso_desktop.analysis.technical import technical_step
from virtuoso_desktop.analysis.volume_score import volume_step
from virtuoso_desktop.model.result import Profile
from virtuoso_desktop.settings.schema import AnalysisSettings

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

STATE_WIDTH = CONFLUENCE_WIDTH + SIGNAL_WIDTH
CANDLES_ONLY_CAP = 0.5
"""Most confidence without order flow, book and sentiment."""


@njit(cache=True)
def candle_inputs(table: Floats, close_ms: float, reset: float, synthetic: float, inputs: Floats) -> None:
    """Components of the three candle dimensions and the facts of the candle, from the candle table's row.

    ``reset`` is 1 on the first candle after the table's state was reset, ``synthetic`` 1 on one that fills a gap.
    """
    technical_step(table, inputs)
    volume_step(table, inputs)
    structure_step(table, inputs)
    inputs[CLOSE_MS] = close_ms
    inputs[BARS] = table[T_BARS]
    inputs[RESET] = reset
    inputs[SYNTHETIC] = synthetic
    if reset != 0.0:
        for dimension in (TECHNICAL, VOLUME, PRICE_STRUCTURE):
            for component in range(FIRST[dimension], FIRST[dimension + 1]):
                if math.isnan(inputs[component * CELLS]):
                    absent(inputs, component, GAP)


@njit(cache=True)
def score_step(state: Floats, inputs: Floats, params: Floats, out: Floats) -> None:
    """One closed candle: dimensions, score, confidence, signal and what withheld one."""
    confluence_step(state[:CONFLUENCE_WIDTH], inputs, params, out)
    signal_step(state[CONFLUENCE_WIDTH:], inputs, params, out)


@njit(cache=True)
def score_peek(state: Floats, inputs: Floats, params: Floats, out: Floats) -> None:
    """`score_step` on a copy of ``state``: what the outcome were if the forming candle closed now."""
    score_step(state.copy(), inputs, params, out)


@njit(cache=True)
def score_batch(inputs: Floats, params: Floats, state: Floats) -> Floats:
    """`score_step` over the rows of ``inputs``; returns one outcome row for each."""
    out = np.empty((inputs.shape[0], OUTCOME_WIDTH))
    for index in range(inputs.shape[0]):
        score_step(state, inputs[index], params, out[index])
    return out


@njit(cache=True)
def score_many(states: Floats, inputs: Floats, params: Floats, out: Floats, which: Rows) -> None:
    """`score_step` for the rows ``which`` of tables that share their params."""
    for row in which:
        score_step(states[row], inputs[row], params, out[row])


def new_state() -> Floats:
    """State of the scoring before its first candle."""
    return np.zeros(STATE_WIDTH)


def scoring_params(analysis: AnalysisSettings, profile: Profile) -> Floats:
    """Weights, thresholds and profile as the params of `score_step`."""
    params = np.zeros(PARAMS_WIDTH)
    for index, dimension in enumerate(DIMENSIONS):
        params[index] = getattr(analysis.weights, dimension.value)
        params[P_IN_PROFILE + index] = float(profile is Profile.FULL or dimension in CANDLE_DIMENSIONS)
    params[P_CAP] = 1.0 if profile is Profile.FULL else CANDLES_ONLY_CAP
    limits = analysis.thresholds
    params[P_CAP + 1 :] = (limits.buy, limits.buy_exit, limits.sell, limits.sell_exit)
    return params


def config_hash(analysis: AnalysisSettings) -> str:
    """Sixteen hex digits that stand for the engine's version, the weights and the thresholds."""
    told = {
        "engine": ENGINE_VERSION,
        "weights": analysis.weights.model_dump(),
        "thresholds": analysis.thresholds.model_dump(),
    }
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()[:16]


def compile_scoring() -> None:
    """Call every compiled function once, so that later calls run at full speed; for a worker."""
    inputs = np.zeros((1, INPUTS_WIDTH))
    out, states, params = np.empty((1, OUTCOME_WIDTH)), np.zeros((1, STATE_WIDTH)), np.ones(PARAMS_WIDTH)
    candle_inputs(np.zeros(64), 0.0, 0.0, 0.0, inputs[0])
    score_batch(inputs, params, states[0])
    score_step(states[0], inputs[0], params, out[0])
    score_peek(states[0], inputs[0], params, out[0])
    score_many(states, inputs, params, out, np.zeros(1, dtype=np.int64))
