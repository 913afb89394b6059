"""The components of streams on their way into a score: smoothed over time, laid into the inputs, or taken back.

A streams row holds the cells of `layout.STREAM_COMPONENTS` and the three shares of samples, as they were at a whole
second. Only c is smoothed: value, quality, freshness, age and reason are those of the newest sample.
"""

from __future__ import annotations

import math

import numpy as np

from virtuoso_desktop.analysis.kernels import Floats, compiled, piece
from virtuoso_desktop.analysis.layout import (
    AGREEMENT,
    AVAILABLE_COUNT,
    AVAILABLE_WEIGHT,
    CELLS,
    COMPLETE,
    COMPONENT_COUNT,
    D_SCORE,
    D_STATUS,
    D_UNSMOOTHED,
    D_WEIGHT,
    DIMENSION_CELLS,
    DIMENSION_COUNT,
    DIVERSITY,
    FRESH,
    FRESHNESS,
    MISSING,
    NO_SCORE,
    ORDERBOOK,
    ORDERFLOW,
    POINTS,
    QUALITY,
    REASON,
    SAMPLE,
    SAMPLED,
    SCORE,
    SENTIMENT,
    STREAM_COMPONENTS,
    STREAM_COUNT,
    STREAM_SHARES,
    STREAMS_WIDTH,
    UNSMOOTHED,
)


def no_streams() -> Floats:
    """A streams row of a candle that nobody watched: everything is missing."""
    row = np.full(STREAMS_WIDTH, math.nan)
    cells = row[:STREAM_SHARES].reshape(STREAM_COUNT, CELLS)
    cells[:, QUALITY] = cells[:, FRESH] = 1.0
    cells[:, REASON] = MISSING
    row[STREAM_SHARES:] = 1.0
    return row


@piece
def lay_streams(streams: Floats, inputs: Floats) -> None:
    """Write a streams row into an inputs row."""
    for place in range(STREAM_COUNT):
        for cell in range(CELLS):
            inputs[STREAM_COMPONENTS[place] * CELLS + cell] = streams[place * CELLS + cell]
    inputs[SAMPLE + ORDERFLOW] = streams[STREAM_SHARES]
    inputs[SAMPLE + ORDERBOOK] = streams[STREAM_SHARES + 1]
    inputs[SAMPLE + SENTIMENT] = streams[STREAM_SHARES + 2]


def say_nothing(inputs: Floats, out: Floats, reason: int) -> None:
    """Make a result one that says nothing, for one reason: no component, no dimension, no score (analysis C.3)."""
    for component in range(COMPONENT_COUNT):
        inputs[component * CELLS] = math.nan
        inputs[component * CELLS + REASON] = reason
        out[POINTS + component] = math.nan
    for dimension in range(DIMENSION_COUNT):
        cell = dimension * DIMENSION_CELLS
        out[D_SCORE + cell] = out[D_UNSMOOTHED + cell] = math.nan
        out[D_WEIGHT + cell] = 0.0
        out[D_STATUS + cell] = reason
    out[SCORE] = out[UNSMOOTHED] = math.nan
    out[NO_SCORE] = reason
    out[AVAILABLE_WEIGHT] = out[AVAILABLE_COUNT] = 0.0
    out[AGREEMENT] = out[DIVERSITY] = out[COMPLETE] = out[FRESHNESS] = out[SAMPLED] = 0.0


take_back = piece(say_nothing)
"""`say_nothing` within a step."""


def _smooth(cells: Floats, held: Floats, kept: Floats) -> None:
    for timeframe in range(cells.shape[0]):
        for place in range(cells.shape[1]):
            c, before = cells[timeframe, place, 0], held[timeframe, place]
            if not (math.isnan(c) or math.isnan(before)):
                c += kept[timeframe] * (before - c)
                cells[timeframe, place, 0] = c
            held[timeframe, place] = c


smooth = compiled(_smooth)
"""Smooth c over time, in place (analysis C.2).

Parameters
----------
cells : ndarray, shape (timeframes, components, `CELLS`)
    As sampled now; c becomes the smoothed one. One that is missing stays missing, and begins anew when it is back.
held : ndarray, shape (timeframes, components)
    The smoothed c of the sample before, NaN without one; overwritten.
kept : ndarray, shape (timeframes,)
    Share that the sample before keeps: 2 ** -(time passed / half-life).
"""


def compile_smooth() -> None:
    """Compile it, or load it from the disk; for a worker."""
    smooth(np.zeros((1, 1, CELLS)), np.zeros((1, 1)), np.zeros(1))
