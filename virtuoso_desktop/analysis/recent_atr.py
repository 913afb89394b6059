"""ATR of the newest closed candles alone, for readers that hold no state of their own. Imports no numba."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PERIOD = 14
ENOUGH = 250
"""Candles after which older ones tell less than 1e-6 of it."""


def recent_atr(high: Floats, low: Floats, close: Floats) -> float:
    """Wilder's ATR(14) at the last of the candles, seeded with the mean of the first 14 true ranges (analysis A.5).

    Parameters
    ----------
    high, low, close : ndarray, shape (n,)
        Closed candles, oldest first, in any one unit; the result has it.

    Returns
    -------
    float
        NaN for fewer than 15 candles.
    """
    count = high.size - 1
    if count < PERIOD:
        return math.nan
    before = close[:-1]
    ranges = np.maximum(high[1:] - low[1:], np.maximum(np.abs(high[1:] - before), np.abs(low[1:] - before)))
    kept = 1.0 - 1.0 / PERIOD
    age = np.arange(count - 1, -1, -1)
    age[:PERIOD] = count - PERIOD
    return float(np.dot(kept**age / PERIOD, ranges))
