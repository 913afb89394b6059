"""Indicator kernels: one ``step`` serves history, the forming candle and every row of a table.

A kernel is five functions over float64 arrays, compiled once and cached on disk:

``name_step(state, candle, params, out)``
    One candle into one state. All four are 1-D: ``state`` a row of a table (a row of zeros is a
    fresh state), ``candle`` (open_ms, open, high, low, close, volume, turnover) with prices in
    ticks, ``out`` one cell per name in `Kernel.outputs`, NaN while warming up.
``name_peek(state, candle, params, out)``
    ``step`` on a scratch copy of ``state``: the forming candle as a preview.
``name_batch(candles, params, state)``
    ``step`` over the columns of a series, shape (7, n); returns (n, outputs) and leaves ``state``
    after the last candle.
``name_peek_many(states, candles, params, out, which)``
    ``peek`` for the rows ``which`` (int64) of tables: states (rows, width), candles (rows, 7),
    params (rows, k), out (rows, outputs).

Importing this module imports numba (0.5 s) and the first call of a kernel compiles or loads it: do both
in a worker. There is no ``fastmath``: the order of additions is part of the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

OPEN_MS, OPEN, HIGH, LOW, CLOSE, VOLUME, TURNOVER = range(7)
CANDLE_WIDTH = 7


class Kernel(NamedTuple):
    """The functions of one indicator and the widths of what they read and write."""

    name: str
    width: int
    """Cells of one state row."""
    outputs: tuple[str, ...]
    step: Callable[[Floats, Floats, Floats, Floats], None]
    peek: Callable[[Floats, Floats, Floats, Floats], None]
    batch: Callable[[Floats, Floats, Floats], Floats]
    peek_many: Callable[[Floats, Floats, Floats, Floats, Rows], None]

    def new_state(self) -> Floats:
        """One fresh state row."""
        return np.zeros(self.width)


# --- EMA: state (count, sum, ema), params (length) ----------------------------------------------------------------


@njit(cache=True)
def ema_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Exponential moving average of the close, in ticks.

    Parameters
    ----------
    params : ndarray, shape (1,)
        Length n; alpha = 2 / (n + 1).

    Notes
    -----
    Seeded with the simple mean of the first n closes at index n - 1, then ``e += alpha * (x - e)``
    (analysis A.2; the classic form, TA-Lib's default). NaN before index n - 1.
    """
    length = params[0]
    close = candle[CLOSE]
    state[0] += 1.0
    if state[0] <= length:
        state[1] += close
        if state[0] < length:
            out[0] = math.nan
            return
        state[2] = state[1] / length
    else:
        state[2] = (close - state[2]) * (2.0 / (length + 1.0)) + state[2]
    out[0] = state[2]


@njit(cache=True)
def ema_peek(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """`ema_step` on a copy of ``state``."""
    ema_step(state.copy(), candle, params, out)


@njit(cache=True)
def ema_batch(candles: Floats, params: Floats, state: Floats) -> Floats:
    """`ema_step` over the candles, shape (7, n); returns shape (n, 1)."""
    count = candles.shape[1]
    out = np.empty((count, 1))
    candle = np.empty(CANDLE_WIDTH)
    for index in range(count):
        candle[:] = candles[:, index]
        ema_step(state, candle, params, out[index])
    return out


@njit(cache=True)
def ema_peek_many(states: Floats, candles: Floats, params: Floats, out: Floats, which: Rows) -> None:
    """`ema_peek` for the rows ``which``."""
    for row in which:
        ema_peek(states[row], candles[row], params[row], out[row])


EMA = Kernel("ema", 3, ("ema",), ema_step, ema_peek, ema_batch, ema_peek_many)


def ema_params(length: int) -> Floats:
    """Parameters of an EMA over ``length`` candles."""
    return np.array([float(length)])


# --- session VWAP: state (session, weight, mean, m2, estimated), params (tick_size, inverse, session_ms) -----------


@njit(cache=True)
def vwap_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Volume-weighted average price of the session, in ticks, with its standard deviation.

    Parameters
    ----------
    params : ndarray, shape (3,)
        Tick size in quote coin, 1 for inverse contracts (volume and turnover swapped) else 0, length of
        a session in ms; sessions start at multiples of it since 1970-01-01 00:00 UTC.

    Notes
    -----
    The price of a candle is turnover / volume when that lies within one tick of [low, high], else
    the typical price (high + low + close) / 3, and ``vwap_estimated`` is 1 until the session ends. Weighted
    incremental mean and variance (West 1979, "Updating mean and variance estimates"); analysis A.10.
    ``out`` is (vwap, sd, estimated), NaN until the session has volume.
    """
    session = math.floor(candle[OPEN_MS] / params[2])
    if session != state[0]:
        state[0] = session
        state[1:] = 0.0
    base, quote = candle[VOLUME], candle[TURNOVER]
    if params[1] != 0.0:
        base, quote = quote, base
    if base > 0.0:
        price = quote / base / params[0]
        if not (candle[LOW] - 1.0 <= price <= candle[HIGH] + 1.0):
            price = (candle[HIGH] + candle[LOW] + candle[CLOSE]) / 3.0
            state[4] = 1.0
        state[1] += base
        distance = price - state[2]
        state[2] += distance * base / state[1]
        state[3] += base * distance * (price - state[2])
    if state[1] > 0.0:
        out[0] = state[2]
        out[1] = math.sqrt(state[3] / state[1])
        out[2] = state[4]
    else:
        out[:] = math.nan


@njit(cache=True)
def vwap_peek(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """`vwap_step` on a copy of ``state``."""
    vwap_step(state.copy(), candle, params, out)


@njit(cache=True)
def vwap_batch(candles: Floats, params: Floats, state: Floats) -> Floats:
    """`vwap_step` over the candles, shape (7, n); returns shape (n, 3)."""
    count = candles.shape[1]
    out = np.empty((count, 3))
    candle = np.empty(CANDLE_WIDTH)
    for index in range(count):
        candle[:] = candles[:, index]
        vwap_step(state, candle, params, out[index])
    return out


@njit(cache=True)
def vwap_peek_many(states: Floats, candles: Floats, params: Floats, out: Floats, which: Rows) -> None:
    """`vwap_peek` for the rows ``which``."""
    for row in which:
        vwap_peek(states[row], candles[row], params[row], out[row])


VWAP = Kernel("vwap", 5, ("vwap", "vwap_sd", "vwap_estimated"), vwap_step, vwap_peek, vwap_batch, vwap_peek_many)


def vwap_params(instrument: Instrument, session_ms: int = DAY_MS) -> Floats:
    """Parameters of the session VWAP of one instrument; a session is the UTC day by default."""
    inverse = instrument.id.market_kind is MarketKind.INVERSE
    return np.array([float(instrument.tick_size), float(inverse), float(session_ms)])


def compile_kernels() -> tuple[Kernel, ...]:
    """Call every function of every kernel once, so that later calls run at full speed; for a worker."""
    candles = np.ones((CANDLE_WIDTH, 2))
    which = np.zeros(1, dtype=np.int64)
    for kernel, params in ((EMA, ema_params(1)), (VWAP, np.ones(3))):
        state, out = kernel.new_state(), np.empty(len(kernel.outputs))
        candle = np.ones(CANDLE_WIDTH)
        kernel.batch(candles, params, state)
        kernel.step(state, candle, params, out)
        kernel.peek(state, candle, params, out)
        kernel.peek_many(state[None], candle[None], params[None], out[None], which)
    return EMA, VWAP
