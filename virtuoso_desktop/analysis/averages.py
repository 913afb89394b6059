"""Moving averages of the close: SMA, EMA, MACD (analysis A.1 to A.3).

The pieces below take the state, the place of their cells in it and how many candles there have been, this one
included; a kernel is a piece with a count of its own.
"""

from __future__ import annotations

import math

import numpy as np

from virtuoso_desktop.analysis.kernels import CLOSE, Floats, make_kernel, piece

MACD_FAST, MACD_SLOW, MACD_SIGNAL = 12, 26, 9


@piece
def ema_next(state: Floats, at: int, count: float, value: float, length: float) -> float:
    """One cell: the sum of the first ``length`` values, from then on the average."""
    if count > length:
        state[at] = (value - state[at]) * (2.0 / (length + 1.0)) + state[at]
        return state[at]
    state[at] += value
    if count < length:
        return math.nan
    state[at] /= length
    return state[at]


@piece
def wilder_next(state: Floats, at: int, count: float, value: float, length: float) -> float:
    """One cell: as `ema_next` with Wilder's weight 1 / ``length``."""
    if count > length:
        state[at] += (value - state[at]) * (1.0 / length)
        return state[at]
    state[at] += value
    if count < length:
        return math.nan
    state[at] /= length
    return state[at]


@piece
def macd_next(state: Floats, at: int, count: float, close: float) -> tuple[float, float, float]:
    """Line, signal and histogram; three cells: slow, fast and signal average.

    Both averages start together: the fast one is seeded with the mean of the last 12 of the first 26 closes
    (as TA-Lib does), so the line is not ``ema_12 - ema_26`` in the beginning.
    """
    slow = ema_next(state, at, count, close, float(MACD_SLOW))
    lead = float(MACD_SLOW - MACD_FAST)
    if count <= lead:
        return math.nan, math.nan, math.nan
    fast = ema_next(state, at + 1, count - lead, close, float(MACD_FAST))
    if count < MACD_SLOW:
        return math.nan, math.nan, math.nan
    line = fast - slow
    signal = ema_next(state, at + 2, count - MACD_SLOW + 1.0, line, float(MACD_SIGNAL))
    if count < MACD_SLOW + MACD_SIGNAL - 1:
        return math.nan, math.nan, math.nan
    return line, signal, line - signal


Put = tuple[int, float]
"""A place in a window and the value that belongs there."""
NOTHING: Put = (-1, 0.0)


@piece
def put_in(value: float, index: int, new: Put, gone: Put) -> float:
    """The value of a cell of a window, where it stands in the place of neither ``new`` nor ``gone``."""
    if index == new[0]:
        return new[1]
    return gone[1] if index == gone[0] else value


@piece
def sum_of_20(state: Floats, at: int, new: Put, gone: Put) -> float:
    """Sum of 20 cells in a fixed order, ``new`` in its place, and ``gone`` in the place of one that has left.

    To be stored after the sum: sums read several cells at once, and a read that covers a cell stored a moment ago
    waits for it longer than the sum takes.
    """
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for index in range(0, 20, 4):
        a += put_in(state[at + index], index, new, gone)
        b += put_in(state[at + index + 1], index + 1, new, gone)
        c += put_in(state[at + index + 2], index + 2, new, gone)
        d += put_in(state[at + index + 3], index + 3, new, gone)
    return (a + b) + (c + d)


MOST_SMA = 200
_SMA_RING = 2


def sma_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Mean of the last n closes. State (count, sum, ring); params (n), at most `MOST_SMA`.

    Closes are whole ticks, so adding the new and taking off the old one is exact.
    """
    length = int(params[0])
    place = _SMA_RING + int(state[0]) % length
    state[0] += 1.0
    state[1] += candle[CLOSE] - state[place]
    state[place] = candle[CLOSE]
    out[0] = state[1] / length if state[0] >= length else math.nan


def ema_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Exponential moving average of the close, in ticks. State (count, ema); params (length n).

    Seeded with the simple mean of the first n closes at index n - 1, then ``e += alpha * (x - e)``
    with alpha = 2 / (n + 1) (the classic form, TA-Lib's default). NaN before index n - 1.
    """
    state[0] += 1.0
    out[0] = ema_next(state, 1, state[0], candle[CLOSE], params[0])


def macd_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001 (one form for all)
    """MACD 12/26/9. State (count, slow, fast, signal); no params."""
    state[0] += 1.0
    out[0], out[1], out[2] = macd_next(state, 1, state[0], candle[CLOSE])


SMA = make_kernel("sma", _SMA_RING + MOST_SMA, ("sma",), sma_step)
EMA = make_kernel("ema", 2, ("ema",), ema_step)
MACD = make_kernel("macd", 4, ("macd", "macd_signal", "macd_hist"), macd_step)
NO_PARAMS: Floats = np.zeros(1)
"""Of kernels whose lengths are fixed."""


def length_params(length: int) -> Floats:
    """Parameters of an average over ``length`` candles."""
    return np.array([float(length)])
