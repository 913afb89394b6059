"""Ranges and bands: ATR, Bollinger, Keltner with the squeeze, Supertrend, Ichimoku (analysis A.5, A.7, A.11, A.12)."""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.averages import NOTHING, Put, ema_next, put_in, sum_of_20, wilder_next
from virtuoso_desktop.analysis.kernels import CLOSE, HIGH, LOW, Floats, make_kernel, piece
from virtuoso_desktop.analysis.momentum import true_range

ATR_LENGTH = 14
BAND_LENGTH = 20
SUPERTREND_LENGTH, SUPERTREND_FACTOR = 10, 3.0
KELTNER_LENGTH, KELTNER_ATR, KELTNER_FACTOR = 20, 10, 2.0


@piece
def squares_of_20(state: Floats, at: int, mean: float, new: Put, gone: Put) -> float:
    """Sum of the squared distances of 20 cells from their mean, in a fixed order; see `sum_of_20`."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for index in range(0, BAND_LENGTH, 4):
        distance = put_in(state[at + index], index, new, gone) - mean
        a += distance * distance
        distance = put_in(state[at + index + 1], index + 1, new, gone) - mean
        b += distance * distance
        distance = put_in(state[at + index + 2], index + 2, new, gone) - mean
        c += distance * distance
        distance = put_in(state[at + index + 3], index + 3, new, gone) - mean
        d += distance * distance
    return (a + b) + (c + d)


@piece
def band_of_20(state: Floats, at: int, place: int, value: float) -> tuple[float, float]:
    """Store the newest of 20 cells; their mean and population standard deviation, in two passes."""
    new = (place, value)
    mean = sum_of_20(state, at, new, NOTHING) / BAND_LENGTH
    deviation = math.sqrt(squares_of_20(state, at, mean, new, NOTHING) * (1.0 / BAND_LENGTH))
    state[at + place] = value
    return mean, deviation


@piece
def supertrend_next(state: Floats, at: int, middle: float, reach: float, close: float) -> tuple[float, float]:
    """The line and its direction (1 up, -1 down); four cells: upper and lower band, direction, close before.

    ``middle`` is (high + low) / 2, ``reach`` the factor times ATR. A band only moves towards the price until the
    close crosses it. The direction begins with 1, as TA-Lib's.
    """
    upper, lower = middle + reach, middle - reach
    if state[at + 2] == 0.0:
        state[at + 2] = 1.0
    else:
        if not (upper < state[at] or state[at + 3] > state[at]):
            upper = state[at]
        if not (lower > state[at + 1] or state[at + 3] < state[at + 1]):
            lower = state[at + 1]
        if state[at + 2] > 0.0 and close < lower:
            state[at + 2] = -1.0
        elif state[at + 2] < 0.0 and close > upper:
            state[at + 2] = 1.0
    state[at], state[at + 1], state[at + 3] = upper, lower, close
    return (lower if state[at + 2] > 0.0 else upper), state[at + 2]


def atr_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """ATR in ticks and in percent of the close. State (count, close, atr); params (length).

    The first candle has no true range; seeded with the mean of the next ``length``.
    """
    reach = true_range(candle[HIGH], candle[LOW], state[1])
    count = state[0]
    state[0] += 1.0
    state[1] = candle[CLOSE]
    out[0] = wilder_next(state, 2, count, reach, params[0]) if count > 0.0 else math.nan
    out[1] = 100.0 * out[0] / candle[CLOSE]


_BAND_RING = 1


def bollinger_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Bands of 20, params (factor): upper, middle, lower, %b, bandwidth (per middle), 1 where all closes are equal.

    ``%b`` is NaN where the band has no width. State (count, ring).
    """
    mean, deviation = band_of_20(state, _BAND_RING, int(state[0]) % BAND_LENGTH, candle[CLOSE])
    state[0] += 1.0
    if state[0] < BAND_LENGTH:
        out[:] = math.nan
        return
    half = params[0] * deviation
    out[0], out[1], out[2] = mean + half, mean, mean - half
    out[3] = (candle[CLOSE] - out[2]) / (2.0 * half) if half > 0.0 else math.nan
    out[4] = 2.0 * half / mean
    out[5] = 0.0 if deviation > 0.0 else 1.0


def keltner_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001
    """EMA20 of the typical price +- 2 ATR10, and 1 while the Bollinger bands (20, 2) lie inside: a squeeze.

    The ATR begins with the mean of the true ranges 10 to 19, as in TA-Lib's KC. State (count, close, ema, atr,
    ring); no params. Says nothing of a direction.
    """
    reach = true_range(candle[HIGH], candle[LOW], state[1])
    count = state[0]
    mean, deviation = band_of_20(state, 4, int(count) % BAND_LENGTH, candle[CLOSE])
    state[0] += 1.0
    state[1] = candle[CLOSE]
    typical = (candle[HIGH] + candle[LOW] + candle[CLOSE]) / 3.0
    middle = ema_next(state, 2, state[0], typical, float(KELTNER_LENGTH))
    if count >= KELTNER_LENGTH - KELTNER_ATR:
        wilder_next(state, 3, count - (KELTNER_LENGTH - KELTNER_ATR - 1.0), reach, float(KELTNER_ATR))
    if state[0] < KELTNER_LENGTH:
        out[:] = math.nan
        return
    half = KELTNER_FACTOR * state[3]
    out[0], out[1], out[2] = middle + half, middle, middle - half
    out[3] = 1.0 if mean + 2.0 * deviation < out[0] and mean - 2.0 * deviation > out[2] else 0.0


def supertrend_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001
    """Supertrend (10, 3): the line and its direction. State (count, close, atr, four cells); no params."""
    reach = true_range(candle[HIGH], candle[LOW], state[1])
    count = state[0]
    state[0] += 1.0
    state[1] = candle[CLOSE]
    if count > 0.0:
        wilder_next(state, 2, count, reach, float(SUPERTREND_LENGTH))
    if count < SUPERTREND_LENGTH:
        out[:] = math.nan
        return
    middle = (candle[HIGH] + candle[LOW]) / 2.0
    out[0], out[1] = supertrend_next(state, 3, middle, SUPERTREND_FACTOR * state[2], candle[CLOSE])


ICHIMOKU_TURN, ICHIMOKU_BASE, ICHIMOKU_SLOW = 9, 26, 52
ICHIMOKU_SHIFT = 26
"""Candles by which a drawing moves the two spans ahead, and the close back (the lagging line, which is never part
of a score: it would look ahead)."""
_HIGH_RING = 1
_LOW_RING = _HIGH_RING + ICHIMOKU_SLOW


@piece
def _middle_of(state: Floats, newest: int, length: int) -> float:
    highest, lowest = state[_HIGH_RING + newest], state[_LOW_RING + newest]
    for back in range(1, length):
        place = newest - back
        if place < 0:
            place += ICHIMOKU_SLOW
        highest = max(highest, state[_HIGH_RING + place])
        lowest = min(lowest, state[_LOW_RING + place])
    return (highest + lowest) / 2.0


def ichimoku_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001
    """Middles of 9 and 26 candles, and the two spans as of this candle, not shifted. No params."""
    newest = int(state[0]) % ICHIMOKU_SLOW
    state[_HIGH_RING + newest] = candle[HIGH]
    state[_LOW_RING + newest] = candle[LOW]
    state[0] += 1.0
    out[:] = math.nan
    if state[0] >= ICHIMOKU_TURN:
        out[0] = _middle_of(state, newest, ICHIMOKU_TURN)
    if state[0] >= ICHIMOKU_BASE:
        out[1] = _middle_of(state, newest, ICHIMOKU_BASE)
        out[2] = (out[0] + out[1]) / 2.0
    if state[0] >= ICHIMOKU_SLOW:
        out[3] = _middle_of(state, newest, ICHIMOKU_SLOW)


ATR = make_kernel("atr", 3, ("atr", "natr"), atr_step)
BOLLINGER = make_kernel(
    "bollinger",
    _BAND_RING + BAND_LENGTH,
    ("bb_upper", "bb_middle", "bb_lower", "bb_percent", "bb_width", "bb_is_flat"),
    bollinger_step,
)
KELTNER = make_kernel(
    "keltner", 4 + BAND_LENGTH, ("keltner_upper", "keltner_middle", "keltner_lower", "squeeze"), keltner_step
)
SUPERTREND = make_kernel("supertrend", 7, ("supertrend", "supertrend_direction"), supertrend_step)
ICHIMOKU = make_kernel("ichimoku", 1 + 2 * ICHIMOKU_SLOW, ("tenkan", "kijun", "senkou_a", "senkou_b"), ichimoku_step)
