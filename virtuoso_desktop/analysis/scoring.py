"""The scoring of one instrument on one timeframe as a kernel: components in, outcome out.

`SCORE` is `confluence_step` and `signal_step` on one state row; batch, peek and live evaluation are this same code, so
they agree bit for bit. `candle_inputs` fills the components that come from candles; those of streams are written by
whoever has them, over the row of `components.new_inputs`.
"""

from __future__ import annotations

import hashlib
import math

import msgspec
import numpy as np

from virtuoso_desktop.analysis.components import absent, blank_inputs
from virtuoso_desktop.analysis.confluence import P_CAP, P_IN_PROFILE, PARAMS_WIDTH, confluence_step
from virtuoso_desktop.analysis.confluence import STATE_WIDTH as CONFLUENCE_WIDTH
from virtuoso_desktop.analysis.kernels import Floats, Kernel, make_kernel, piece
from virtuoso_desktop.analysis.layout import (
    BARS,
    CANDLE_DIMENSIONS,
    CELLS,
    CLOSE_MS,
    DIMENSIONS,
    ENGINE_VERSION,
    FIRST,
    GAP,
    INPUTS_COLUMNS,
    INPUTS_WIDTH,
    MISSING,
    OUTCOME_COLUMNS,
    PRICE_STRUCTURE,
    RESET,
    STALE,
    STREAMS_WIDTH,
    SYNTHETIC,
    T_BARS,
    TABLE_WIDTH,
    TECHNICAL,
    VOLUME,
)
from virtuoso_desktop.analysis.signals import STATE_WIDTH as SIGNAL_WIDTH
from virtuoso_desktop.analysis.signals import signal_step
from virtuoso_desktop.analysis.stream_row import lay_streams, take_back
from virtuoso_desktop.analysis.structure_score import structure_step
from virtuoso_desktop.analysis.technical import technical_step
from virtuoso_desktop.analysis.volume_score import volume_step
from virtuoso_desktop.model.result import Profile
from virtuoso_desktop.settings.schema import AnalysisSettings

STATE_WIDTH = CONFLUENCE_WIDTH + SIGNAL_WIDTH
FACTS: tuple[str, ...] = ("close_ms", "reset", "synthetic", "has_volume")
"""What a candle is beside its table row: its close; 1 when the table's state was begun anew with it after a gap; 1 when
it fills a gap; 0 when its market's volumes are not known."""
FACTS_WIDTH = len(FACTS)
HAS_VOLUME = 3
IS_STALE = TABLE_WIDTH + FACTS_WIDTH
"""Cell of a row of `LIVE_SCORE`: 1 when the candle was too old when it came (analysis C.3)."""
STREAMS = IS_STALE + 1
"""Cell of a row of `LIVE_SCORE` with which the streams row begins."""
CANDLES_ONLY_CAP = 0.5
"""Most confidence without order flow, book and sentiment."""


@piece
def candle_inputs(table: Floats, facts: Floats, inputs: Floats) -> None:
    """Components of the three candle dimensions, and the facts of the candle, into an inputs row.

    Parameters
    ----------
    table : ndarray
        Row of the candle table.
    facts : ndarray, shape (4,)
        See `FACTS`.
    """
    technical_step(table, inputs)
    if facts[HAS_VOLUME] != 0.0:
        volume_step(table, inputs)
    else:
        for component in range(FIRST[VOLUME], FIRST[VOLUME + 1]):
            absent(inputs, component, MISSING)
    structure_step(table, inputs)
    inputs[CLOSE_MS] = facts[0]
    inputs[BARS] = table[T_BARS]
    inputs[RESET] = facts[1]
    inputs[SYNTHETIC] = facts[2]
    if facts[1] != 0.0 or facts[2] != 0.0:
        for dimension in (TECHNICAL, VOLUME, PRICE_STRUCTURE):
            for component in range(FIRST[dimension], FIRST[dimension + 1]):
                if math.isnan(inputs[component * CELLS]):
                    absent(inputs, component, GAP)


def _score_step(state: Floats, inputs: Floats, params: Floats, out: Floats) -> None:
    """One closed candle: dimensions, score, confidence, signal and what withheld one."""
    confluence_step(state[:CONFLUENCE_WIDTH], inputs, params, out)
    signal_step(state[CONFLUENCE_WIDTH:], inputs, params, out)


def _candle_score_step(state: Floats, row: Floats, params: Floats, out: Floats) -> None:
    """The same from a row of the candle table and its facts; ``out`` is the inputs row, then the outcome row."""
    inputs = out[:INPUTS_WIDTH]
    blank_inputs(inputs)
    candle_inputs(row[:TABLE_WIDTH], row[TABLE_WIDTH:], inputs)
    confluence_step(state[:CONFLUENCE_WIDTH], inputs, params, out[INPUTS_WIDTH:])
    signal_step(state[CONFLUENCE_WIDTH:], inputs, params, out[INPUTS_WIDTH:])


def _live_score_step(state: Floats, row: Floats, params: Floats, out: Floats) -> None:
    """The same with the components of streams as they were when the candle closed; one that came too late is STALE."""
    inputs = out[:INPUTS_WIDTH]
    blank_inputs(inputs)
    candle_inputs(row[:TABLE_WIDTH], row[TABLE_WIDTH:IS_STALE], inputs)
    lay_streams(row[STREAMS:], inputs)
    confluence_step(state[:CONFLUENCE_WIDTH], inputs, params, out[INPUTS_WIDTH:])
    if row[IS_STALE] != 0.0:
        take_back(inputs, out[INPUTS_WIDTH:], STALE)
    signal_step(state[CONFLUENCE_WIDTH:], inputs, params, out[INPUTS_WIDTH:])


def _fill_inputs(state: Floats, row: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001 (one form for all)
    """`candle_inputs` over an inputs row that may hold the components of streams already."""
    candle_inputs(row[:TABLE_WIDTH], row[TABLE_WIDTH:], out)


SCORE: Kernel = make_kernel("score", STATE_WIDTH, OUTCOME_COLUMNS, _score_step, candle_width=INPUTS_WIDTH)
"""An inputs row in the place of the candle, an outcome row comes out."""
CANDLE_SCORE: Kernel = make_kernel(
    "candle_score",
    STATE_WIDTH,
    (*INPUTS_COLUMNS, *OUTCOME_COLUMNS),
    _candle_score_step,
    candle_width=TABLE_WIDTH + FACTS_WIDTH,
)
"""A row of the candle table and its facts in the place of the candle: a series without streams."""
LIVE_SCORE: Kernel = make_kernel(
    "live_score",
    STATE_WIDTH,
    (*INPUTS_COLUMNS, *OUTCOME_COLUMNS),
    _live_score_step,
    candle_width=STREAMS + STREAMS_WIDTH,
)
"""A row of the candle table, its facts, whether it is stale, and a streams row in the place of the candle."""
CANDLE_INPUTS: Kernel = make_kernel(
    "candle_inputs", 1, INPUTS_COLUMNS, _fill_inputs, candle_width=TABLE_WIDTH + FACTS_WIDTH
)
"""What `CANDLE_SCORE` reads, to be joined with the components of streams before `SCORE`. It has no state."""


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
