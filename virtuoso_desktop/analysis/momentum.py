"""Oscillators and trend strength: RSI, StochRSI, ADX with its two lines (analysis A.4, A.6, A.12)."""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.averages import wilder_next
from virtuoso_desktop.analysis.kernels import CLOSE, HIGH, LOW, Floats, make_kernel, piece

LENGTH = 14
FLAT = 50.0
"""RSI of a window without any change, and StochRSI of one without range: a middle that is marked degenerate."""
LEAST_RANGE = 1e-9


@piece
def rsi_next(state: Floats, at: int, count: float, change: float) -> float:
    """Wilder's RSI from two cells (mean gain, mean loss); ``count`` candles, of which the first has no change.

    Without any gain and loss the cells hold 0 and 0 and the value is `FLAT` (TA-Lib says 0, a false oversold).
    """
    if count < 2.0:
        return math.nan
    gain = wilder_next(state, at, count - 1.0, max(change, 0.0), float(LENGTH))
    loss = wilder_next(state, at + 1, count - 1.0, max(-change, 0.0), float(LENGTH))
    if count <= LENGTH:
        return math.nan
    both = gain + loss
    return 100.0 * (gain / both) if both > 0.0 else FLAT


@piece
def true_range(high: float, low: float, previous_close: float) -> float:
    """Greatest of the candle's range and its distances from the close before it."""
    return max(high, previous_close) - min(low, previous_close)


@piece
def adx_next(state: Floats, at: int, count: float, up: float, down: float, reach: float) -> tuple[float, float, float]:
    """ADX, +DI and -DI from four cells: sums of +DM, -DM and true range, and the ADX (its sum while seeding).

    Parameters
    ----------
    up, down : float
        Rise of the high, fall of the low since the candle before, in whole ticks: a tie counts for neither.
    reach : float
        True range.
    """
    if count < 2.0:
        return math.nan, math.nan, math.nan
    plus = up if up > 0.0 and up > down else 0.0
    minus = down if down > 0.0 and down > up else 0.0
    if count <= LENGTH:
        state[at] += plus
        state[at + 1] += minus
        state[at + 2] += reach
        return math.nan, math.nan, math.nan
    state[at] += plus - state[at] * (1.0 / LENGTH)
    state[at + 1] += minus - state[at + 1] * (1.0 / LENGTH)
    state[at + 2] += reach - state[at + 2] * (1.0 / LENGTH)
    plus_di, minus_di = 0.0, 0.0
    if state[at + 2] > 0.0:  # two divisions: a product with 100 / TR would exceed 100
        plus_di, minus_di = 100.0 * (state[at] / state[at + 2]), 100.0 * (state[at + 1] / state[at + 2])
    both = plus_di + minus_di
    seeding = count <= 2 * LENGTH
    if both > 0.0:
        dx = 100.0 * (abs(plus_di - minus_di) / both)
        state[at + 3] += dx if seeding else (dx - state[at + 3]) * (1.0 / LENGTH)
    if count < 2 * LENGTH:
        return math.nan, plus_di, minus_di
    if seeding:
        state[at + 3] /= LENGTH
    return state[at + 3], plus_di, minus_di


def rsi_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001 (one form for all)
    """RSI 14, and 1 where its window is flat. State (count, close, gain, loss); no params."""
    change = candle[CLOSE] - state[1]
    state[0] += 1.0
    state[1] = candle[CLOSE]
    out[0] = rsi_next(state, 2, state[0], change)
    out[1] = math.nan
    if state[0] > LENGTH:
        out[1] = 1.0 if state[2] + state[3] == 0.0 else 0.0


def adx_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001 (one form for all)
    """ADX, +DI, -DI of 14. State (count, high, low, close, four cells); no params."""
    reach = true_range(candle[HIGH], candle[LOW], state[3])
    up, down = candle[HIGH] - state[1], state[2] - candle[LOW]
    state[0] += 1.0
    state[1], state[2], state[3] = candle[HIGH], candle[LOW], candle[CLOSE]
    out[0], out[1], out[2] = adx_next(state, 4, state[0], up, down, reach)


_RSI_RING = 4
_K_RING = _RSI_RING + LENGTH
_D_RING = _K_RING + 3
_SMOOTH = 3


def stoch_rsi_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001
    """StochRSI 14, 14, 3, 3: ``%K`` (mean of 3) and ``%D`` (mean of 3 of them); no params.

    Where the 14 values of the RSI are equal but for rounding (`LEAST_RANGE`) the raw value is `FLAT`: a close that
    stays where it is leaves the RSI as it was.
    """
    change = candle[CLOSE] - state[1]
    count = state[0] + 1.0
    state[0], state[1] = count, candle[CLOSE]
    rsi = rsi_next(state, 2, count, change)
    out[0] = out[1] = math.nan
    if count <= LENGTH:
        return
    seen = int(count) - LENGTH
    state[_RSI_RING + seen % LENGTH] = rsi
    if seen < LENGTH:
        return
    lowest, highest = rsi, rsi
    for index in range(_RSI_RING, _K_RING):
        lowest, highest = min(lowest, state[index]), max(highest, state[index])
    raw = 100.0 * (rsi - lowest) / (highest - lowest) if highest - lowest > LEAST_RANGE else FLAT
    state[_K_RING + seen % _SMOOTH] = raw
    if seen < LENGTH + _SMOOTH - 1:
        return
    smooth = (state[_K_RING] + state[_K_RING + 1] + state[_K_RING + 2]) / _SMOOTH
    state[_D_RING + seen % _SMOOTH] = smooth
    if seen < LENGTH + 2 * (_SMOOTH - 1):
        return
    out[0] = smooth
    out[1] = (state[_D_RING] + state[_D_RING + 1] + state[_D_RING + 2]) / _SMOOTH


RSI = make_kernel("rsi", 4, ("rsi", "rsi_is_flat"), rsi_step)
ADX = make_kernel("adx", 8, ("adx", "plus_di", "minus_di"), adx_step)
STOCH_RSI = make_kernel("stoch_rsi", _D_RING + 3, ("stoch_rsi_k", "stoch_rsi_d"), stoch_rsi_step)
