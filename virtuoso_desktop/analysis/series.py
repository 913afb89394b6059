"""A whole series through the same steps as the live candles: candle table, components, score, signal.

Work goes in stretches of `CHUNK` candles, so that a series of any length needs the same memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.candle_table import AFTER_GAP, CANDLE_TABLE
from virtuoso_desktop.analysis.confluence import PARAMS_WIDTH
from virtuoso_desktop.analysis.kernels import SYNTHETIC
from virtuoso_desktop.analysis.layout import INPUTS_WIDTH, TABLE_WIDTH
from virtuoso_desktop.analysis.scoring import CANDLE_SCORE
from virtuoso_desktop.analysis.series_gate import GatedSeries

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 32_768


class Stretch(NamedTuple):
    """Consecutive candles of a series, fillers included, one row each."""

    first: int
    """Place of the first one among the fed candles."""
    table: Floats
    inputs: Floats
    outcome: Floats


def score_series(series: GatedSeries, table_params: Floats, params: Floats, *, has_volume: bool) -> Iterator[Stretch]:
    """Evaluate every candle of a series, oldest first.

    Parameters
    ----------
    table_params : ndarray
        Params of `CANDLE_TABLE`.
    params : ndarray
        `scoring_params`.
    has_volume : bool
        False: volumes were never known, so that the volume dimension is missing.
    """
    table_state, state = CANDLE_TABLE.new_state(), CANDLE_SCORE.new_state()
    for begin, end in _stretches(series):
        if series.is_reset[begin]:
            table_state = CANDLE_TABLE.new_state()
            table_state[AFTER_GAP] = 1.0
        table = CANDLE_TABLE.batch(np.ascontiguousarray(series.candles[:, begin:end]), table_params, table_state)
        rows = np.empty((CANDLE_SCORE.candle_width, end - begin))
        rows[:TABLE_WIDTH] = table[:, :TABLE_WIDTH].T
        rows[TABLE_WIDTH] = series.close_ms[begin:end]
        rows[TABLE_WIDTH + 1] = series.is_reset[begin:end]
        rows[TABLE_WIDTH + 2] = series.candles[SYNTHETIC, begin:end]
        rows[TABLE_WIDTH + 3] = has_volume
        out = CANDLE_SCORE.batch(rows, params, state)
        yield Stretch(begin, table, out[:, :INPUTS_WIDTH], out[:, INPUTS_WIDTH:])


def _stretches(series: GatedSeries) -> Iterator[tuple[int, int]]:
    """(begin, end) of what is done at once: never across a reset."""
    count = series.row.size
    edges = [0, *np.flatnonzero(series.is_reset).tolist(), count]
    for begin, end in itertools.pairwise(edges):
        for at in range(begin, end, CHUNK):
            yield at, min(at + CHUNK, end)


def compile_series() -> None:
    """Compile or load the two kernels that a series goes through."""
    candles = np.ones((CANDLE_TABLE.candle_width, 1))
    CANDLE_TABLE.batch(candles, np.ones(4), CANDLE_TABLE.new_state())
    CANDLE_SCORE.batch(np.ones((CANDLE_SCORE.candle_width, 1)), np.ones(PARAMS_WIDTH), CANDLE_SCORE.new_state())
