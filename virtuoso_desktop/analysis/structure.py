"""Price structure: swings, breaks of structure, slope (analysis B.3, P1, P2, P4).

A swing is a fractal of two candles on either side: it is known two candles later and nothing uses it before. Highs
and lows alternate, each at least one ATR (at its candle) from the one before; a more extreme one of the same kind
replaces its predecessor.

Break of structure (BOS): a close beyond the last swing in the direction of the structure. Change of character
(CHoCH): a close beyond the last opposite swing; the structure is 0 until a BOS in the new direction. While no change
is pending, the last two highs and lows say it: both higher 1, both lower -1, else 0. A swing is broken once.
"""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.kernels import CLOSE, HIGH, LOW, Floats, piece

FRACTAL = 5
SWING_DELAY = 2
"""Candles from a swing to its confirmation."""
LEAST_ATR_COUNT = 15
"""Candles until there is an ATR 14."""
SLOPE_LENGTH = 50
SLOPE_RING = 52
"""Cells of its window: the last two are always the mean, so that four can be summed at a time."""
BREAK_FADE = 10.0
"""Candles in which the weight of a break falls to 1 / e."""

# Cells of the machine, from its place in the state.
(
    LAST_KIND,
    HIGH_1,
    HIGH_1_AT,
    HIGH_1_BROKEN,
    HIGH_0,
    HIGH_0_AT,
    LOW_1,
    LOW_1_AT,
    LOW_1_BROKEN,
    LOW_0,
    LOW_0_AT,
    STRUCTURE,
    PENDING,
    BREAK_SIDE,
    BREAK_LEVEL,
    BREAK_AGE,
    NEW_HIGH,
    NEW_LOW,
) = range(18)
"""``_AT`` is the number of the candle (the first is 1), 0 for none. ``NEW_``: 1 a new swing was confirmed by this
candle, 2 it replaced the one before."""
HIGHS = 18
LOWS = HIGHS + FRACTAL
ATRS = LOWS + FRACTAL
RVOLS = ATRS + FRACTAL
MACHINE_CELLS = RVOLS + FRACTAL


@piece
def _is_peak(state: Floats, at: int, newest: int, sign: float) -> bool:
    """Whether the middle of the five cells is above the two before and not below the two after; -1 mirrors."""
    middle = sign * state[at + (newest + 3) % FRACTAL]
    return (
        middle > sign * state[at + (newest + 2) % FRACTAL]
        and middle > sign * state[at + (newest + 1) % FRACTAL]
        and middle >= sign * state[at + (newest + 4) % FRACTAL]
        and middle >= sign * state[at + newest]
    )


@piece
def _confirm(state: Floats, at: int, side: float, price: float, number: float, least: float) -> None:
    """Take a fractal up as a swing, when it is one."""
    own, other, new = (HIGH_1, LOW_1, NEW_HIGH) if side > 0.0 else (LOW_1, HIGH_1, NEW_LOW)
    if state[at + LAST_KIND] == side:
        if side * (price - state[at + own]) <= 0.0:
            return
        state[at + new] = 2.0
    else:
        if state[at + LAST_KIND] != 0.0:
            if side * (price - state[at + other]) < least:
                return
            state[at + own + 3] = state[at + own]
            state[at + own + 4] = state[at + own + 1]
        state[at + new] = 1.0
        state[at + LAST_KIND] = side
    state[at + own] = price
    state[at + own + 1] = number
    state[at + own + 2] = 0.0


@piece
def _order_of_swings(state: Floats, at: int) -> float:
    highs = state[at + HIGH_1] - state[at + HIGH_0]
    lows = state[at + LOW_1] - state[at + LOW_0]
    if highs > 0.0 and lows > 0.0:
        return 1.0
    return -1.0 if highs < 0.0 and lows < 0.0 else 0.0


@piece
def knows_structure(state: Floats, at: int) -> bool:
    """Two highs and two lows are confirmed."""
    return state[at + HIGH_0_AT] > 0.0 and state[at + LOW_0_AT] > 0.0


@piece
def swings_next(state: Floats, at: int, count: float, candle: Floats, atr: float, rvol: float) -> None:
    """Store the candle and confirm the swing that it completes. ``atr`` and ``rvol``: 0 where unknown."""
    newest = (int(count) - 1) % FRACTAL
    state[at + HIGHS + newest] = candle[HIGH]
    state[at + LOWS + newest] = candle[LOW]
    state[at + ATRS + newest] = atr
    state[at + RVOLS + newest] = rvol
    state[at + NEW_HIGH] = 0.0
    state[at + NEW_LOW] = 0.0
    number = count - SWING_DELAY
    if number < LEAST_ATR_COUNT:
        return
    is_high = _is_peak(state, at + HIGHS, newest, 1.0)
    is_low = _is_peak(state, at + LOWS, newest, -1.0)
    if not (is_high or is_low):
        return
    middle = (newest + 3) % FRACTAL
    least = state[at + ATRS + middle]
    first = state[at + LAST_KIND]
    if is_high and is_low and first == 0.0:
        return
    if is_low and first < 0.0:
        _confirm(state, at, -1.0, state[at + LOWS + middle], number, least)
    if is_high:
        _confirm(state, at, 1.0, state[at + HIGHS + middle], number, least)
    if is_low and first >= 0.0:
        _confirm(state, at, -1.0, state[at + LOWS + middle], number, least)
    changed = state[at + NEW_HIGH] + state[at + NEW_LOW] > 0.0
    if changed and state[at + PENDING] == 0.0 and knows_structure(state, at):
        state[at + STRUCTURE] = _order_of_swings(state, at)


@piece
def _break(state: Floats, at: int, side: float, level: float) -> tuple[float, float]:
    """A close beyond a swing: (BOS, CHoCH), the one that it is with its side."""
    direction = state[at + STRUCTURE] if state[at + PENDING] == 0.0 else state[at + PENDING]
    if direction == side:
        state[at + STRUCTURE] = side
        state[at + PENDING] = 0.0
        state[at + BREAK_SIDE] = side
        state[at + BREAK_LEVEL] = level
        state[at + BREAK_AGE] = 0.0
        return side, 0.0
    state[at + STRUCTURE] = 0.0
    state[at + PENDING] = side
    return 0.0, side if direction != 0.0 else 0.0


@piece
def breaks_next(state: Floats, at: int, candle: Floats) -> tuple[float, float, float, float]:
    """Weight of the break that holds, BOS, CHoCH, sweep: each with its side, 0 for none.

    A sweep is a wick beyond a swing with the close on this side of it: 1 over a high, -1 under a low.
    """
    close = candle[CLOSE]
    if state[at + BREAK_SIDE] != 0.0:
        state[at + BREAK_AGE] += 1.0
        if (close - state[at + BREAK_LEVEL]) * state[at + BREAK_SIDE] <= 0.0:
            state[at + BREAK_SIDE] = 0.0
    bos, choch, sweep = 0.0, 0.0, 0.0
    if state[at + HIGH_1_AT] > 0.0 and state[at + HIGH_1_BROKEN] == 0.0 and candle[HIGH] > state[at + HIGH_1]:
        if close > state[at + HIGH_1]:
            state[at + HIGH_1_BROKEN] = 1.0
            bos, choch = _break(state, at, 1.0, state[at + HIGH_1])
        else:
            sweep += 1.0
    if state[at + LOW_1_AT] > 0.0 and state[at + LOW_1_BROKEN] == 0.0 and candle[LOW] < state[at + LOW_1]:
        if close < state[at + LOW_1]:
            state[at + LOW_1_BROKEN] = 1.0
            bos, choch = _break(state, at, -1.0, state[at + LOW_1])
        else:
            sweep -= 1.0
    if state[at + BREAK_SIDE] == 0.0:
        return 0.0, bos, choch, sweep
    weight = state[at + BREAK_SIDE] * math.exp(-state[at + BREAK_AGE] / BREAK_FADE)
    return weight, bos, choch, sweep


@piece
def slope_of(state: Floats, at: int, count: float, close: float) -> tuple[float, float]:
    """Least-squares slope of 50 closes in ticks per candle, and R2 (0 where they are all equal).

    Four cells tell of the 49 closes before this one: sum, sum of place times close (both whole numbers, so that
    nothing is rounded), mean, and sum of squared distances from it.
    """
    if count < SLOPE_LENGTH:
        return math.nan, math.nan
    n = float(SLOPE_LENGTH)
    total, moment = state[at] + close, state[at + 1] + (n - 1.0) * close
    covariance = n * moment - n * (n - 1.0) / 2.0 * total
    spread = n * n * (n * n - 1.0) / 12.0
    distance = close - state[at + 2]
    variance = n * (state[at + 3] + distance * distance * ((n - 1.0) / n))
    return covariance / spread, covariance * covariance / (spread * variance) if variance > 0.0 else 0.0


@piece
def commit_slope(state: Floats, at: int, ring: int, count: float, close: float) -> None:
    """Take the close into the window, and its oldest out of it when it is full."""
    newest = (int(count) - 1) % SLOPE_LENGTH
    oldest = (newest + 1) % SLOPE_LENGTH
    state[ring + newest] = close
    places = min(count, float(SLOPE_LENGTH)) - 1.0
    state[at + 1] += places * close
    state[at] += close
    if count >= SLOPE_LENGTH:
        state[at] -= state[ring + oldest]
        state[at + 1] -= state[at]
    if count < SLOPE_LENGTH - 1:
        return
    mean = state[at] / (SLOPE_LENGTH - 1)
    state[ring + oldest] = mean
    state[ring + SLOPE_LENGTH] = state[ring + SLOPE_LENGTH + 1] = mean
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for index in range(ring, ring + SLOPE_RING, 4):
        a += (state[index] - mean) * (state[index] - mean)
        b += (state[index + 1] - mean) * (state[index + 1] - mean)
        c += (state[index + 2] - mean) * (state[index + 2] - mean)
        d += (state[index + 3] - mean) * (state[index + 3] - mean)
    state[at + 2], state[at + 3] = mean, (a + b) + (c + d)
