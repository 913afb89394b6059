"""What the components of all dimensions share: how one is written into the inputs row, and the trend weight."""

from __future__ import annotations

import math

import numpy as np

from virtuoso_desktop.analysis.kernels import Floats, piece
from virtuoso_desktop.analysis.layout import (
    AGE_MS,
    CELLS,
    COMPONENT_COUNT,
    CROSS_CHECK,
    DEGENERATE,
    DIMENSION_COUNT,
    FRESH,
    INPUTS_WIDTH,
    MISSING,
    NONE,
    QUALITY,
    REASON,
    SAMPLE,
    VALUE,
    WARMUP,
)

ESTIMATED_QUALITY = 0.5
"""Quality k of a component whose source is an estimate."""


@piece
def blank_inputs(inputs: Floats) -> None:
    """Make an inputs row one in which everything is missing; what is known is written over it."""
    inputs[:] = 0.0
    for component in range(COMPONENT_COUNT):
        absent(inputs, component, MISSING)
    inputs[SAMPLE : SAMPLE + DIMENSION_COUNT] = 1.0
    inputs[CROSS_CHECK] = 1.0


def new_inputs() -> Floats:
    """An inputs row in which everything is missing."""
    inputs = np.empty(INPUTS_WIDTH)
    blank_inputs(inputs)
    return inputs


@piece
def put(inputs: Floats, component: int, c: float, value: float, reason: int) -> None:
    """Write a component of full quality from the closed candle itself; NaN for c means that there is none."""
    at = component * CELLS
    inputs[at] = c
    inputs[at + VALUE] = value
    inputs[at + QUALITY] = 1.0
    inputs[at + FRESH] = 1.0
    inputs[at + AGE_MS] = 0.0
    inputs[at + REASON] = reason


@piece
def absent(inputs: Floats, component: int, reason: int) -> None:
    """Write a component that has no value, and why."""
    put(inputs, component, math.nan, math.nan, reason)
    inputs[component * CELLS + AGE_MS] = math.nan


@piece
def clip(x: float, low: float, high: float) -> float:
    """``x`` within [low, high]; NaN stays NaN."""
    if x < low:
        return low
    if x > high:
        return high
    return x


@piece
def sign(x: float) -> float:
    """-1, 0 or 1."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0


@piece
def trend_weight(adx: float) -> float:
    """Share of the momentum reading, the rest is the reading as mean reversion: 0 up to ADX 15, 1 from 30 (0.11)."""
    t = clip((adx - 15.0) / 15.0, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


@piece
def band_reading(b: float, trend: float) -> float:
    """A place within bands, -1 at the lower and 1 at the upper one: with the trend, else against its outer half."""
    return trend * clip(b, -1.0, 1.0) - (1.0 - trend) * sign(b) * clip((abs(b) - 0.5) / 0.5, 0.0, 1.0)


@piece
def flat_or_known(atr: float) -> int:
    """Reason beside a value that the ATR scales: DEGENERATE when nothing moved."""
    return DEGENERATE if atr == 0.0 else NONE


@piece
def why_absent(total: float) -> int:
    """Reason for a missing share of a sum: not enough candles, or nothing was traded."""
    return WARMUP if math.isnan(total) else DEGENERATE
