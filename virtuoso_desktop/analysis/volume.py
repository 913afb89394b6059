"""Volume: OBV, relative volume, session VWAP, volume delta and its sum over the session (analysis A.8 to A.10, A.13).

A delta comes with the candle where trades tell it (``DELTA``, not NaN); else it is estimated from the change of the
close (bulk volume classification: Easley, Lopez de Prado, O'Hara 2012) and marked as an estimate.
"""

from __future__ import annotations

import math

import numpy as np

from virtuoso_desktop.analysis.averages import NOTHING, sum_of_20
from virtuoso_desktop.analysis.kernels import (
    CLOSE,
    DELTA,
    HIGH,
    LOW,
    OPEN_MS,
    SYNTHETIC,
    TABLE_CANDLE_WIDTH,
    TURNOVER,
    VOLUME,
    Floats,
    make_kernel,
    piece,
)
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS

VOLUME_LENGTH = 20
CHANGES = 60
"""Changes of the close whose standard deviation scales the estimate of the delta."""


@piece
def signed(volume: float, change: float) -> float:
    """The volume with the sign of the change."""
    if change > 0.0:
        return volume
    return -volume if change < 0.0 else 0.0


# --- sums over a sliding window without drift -----------------------------------------------------------------------


@piece
def window_sum(state: Floats, at: int, place: int, length: int, so_far: float) -> float:
    """Sum of the last ``length`` values, of which the newest is part of ``so_far``.

    Nothing is ever subtracted, so nothing remains of a value that has left. The ring at ``at`` holds, behind
    ``place``, sums of the window before from there to its end; ``so_far`` is the sum of the values since.
    """
    return so_far + state[at + place + 1] if place + 1 < length else so_far


@piece
def window_push(state: Floats, at: int, place: int, length: int, value: float) -> bool:
    """Store the newest value; True when a window is full and the sum so far begins anew."""
    state[at + place] = value
    if place + 1 < length:
        return False
    for index in range(at + length - 2, at - 1, -1):
        state[index] += state[index + 1]
    return True


# --- OBV, volume average ----------------------------------------------------------------------------------------


def obv_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001 (one form for all)
    """On-balance volume: begins with the first volume. State (count, close, obv); no params."""
    volume = candle[VOLUME]
    state[2] += signed(volume, candle[CLOSE] - state[1]) if state[0] > 0.0 else volume
    state[0] += 1.0
    state[1] = candle[CLOSE]
    out[0] = state[2]


_VOLUME_RING = 1


def volume_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:  # noqa: ARG001
    """Mean volume of 20 candles, and the volume relative to the mean of the 20 before it.

    Both NaN where they have no candles, the second also where those had no volume. State (count, ring).
    """
    place = int(state[0]) % VOLUME_LENGTH
    before = sum_of_20(state, _VOLUME_RING, NOTHING, NOTHING)
    total = sum_of_20(state, _VOLUME_RING, (place, candle[VOLUME]), NOTHING)
    state[_VOLUME_RING + place] = candle[VOLUME]
    state[0] += 1.0
    out[:] = math.nan
    if state[0] >= VOLUME_LENGTH:
        out[0] = total / VOLUME_LENGTH
    if state[0] > VOLUME_LENGTH and before > 0.0:
        out[1] = candle[VOLUME] / (before / VOLUME_LENGTH)


# --- session VWAP: cells (session, weight, mean, m2, estimated) ------------------------------------------------------


@piece
def candle_price(candle: Floats, tick_size: float, is_inverse: bool) -> tuple[float, float, bool]:
    """Price of a candle in ticks, its weight, and whether the price is estimated.

    Turnover / volume (inverse contracts: swapped) when that lies within one tick of [low, high], else the typical
    price (high + low + close) / 3. The weight is the quantity that was divided by.
    """
    base, quote = candle[VOLUME], candle[TURNOVER]
    if is_inverse:
        base, quote = quote, base
    if not base > 0.0:
        return 0.0, 0.0, False
    price = quote / (base * tick_size)
    if candle[LOW] - 1.0 <= price <= candle[HIGH] + 1.0:
        return price, base, False
    return (candle[HIGH] + candle[LOW] + candle[CLOSE]) / 3.0, base, True


@piece
def add_price(state: Floats, at: int, price: float, weight: float) -> None:
    """Weighted mean and variance from three cells (weight, mean, m2) by West 1979."""
    state[at] += weight
    if state[at] == weight:
        state[at + 1], state[at + 2] = price, 0.0
        return
    # The quotient first: it does not wait for the mean, which each candle needs from the one before.
    share = weight / state[at]
    distance = price - state[at + 1]
    state[at + 1] += distance * share
    state[at + 2] += weight * distance * (price - state[at + 1])


@piece
def vwap_next(state: Floats, at: int, session: float, price: float, weight: float, is_estimated: bool) -> None:
    """Five cells (session, weight, mean, m2, estimated); see `vwap_step`."""
    if session != state[at]:
        state[at] = session
        for index in range(at + 1, at + 5):
            state[index] = 0.0
    if weight > 0.0:
        add_price(state, at + 1, price, weight)
        if is_estimated:
            state[at + 4] = 1.0


def vwap_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Volume-weighted average price of the session, in ticks, with its standard deviation.

    Parameters
    ----------
    params : ndarray, shape (3,)
        Tick size in quote coin, 1 for inverse contracts (volume and turnover swapped) else 0, length of
        a session in ms; sessions start at multiples of it since 1970-01-01 00:00 UTC.

    Notes
    -----
    ``vwap_estimated`` is 1 from a candle whose price had to be estimated (`candle_price`) to the end of its
    session. Weighted incremental mean and variance (West 1979, "Updating mean and variance estimates");
    analysis A.10. ``out`` is (vwap, sd, estimated), NaN until the session has volume.
    """
    price, weight, is_estimated = candle_price(candle, params[0], params[1] != 0.0)
    vwap_next(state, 0, math.floor(candle[OPEN_MS] / params[2]), price, weight, is_estimated)
    if state[1] > 0.0:
        out[0] = state[2]
        out[1] = math.sqrt(state[3] / state[1])
        out[2] = state[4]
    else:
        out[:] = math.nan


# --- delta ---------------------------------------------------------------------------------------------------------


@piece
def estimated_delta(volume: float, change: float, changes: float, squares: float) -> float:
    """Signed volume by the change in units of the standard deviation of the last `CHANGES` changes.

    ``changes`` and ``squares`` are the sums over those changes and their squares. ``2 * Phi(z) - 1`` is
    ``erf(z / sqrt 2)``.
    """
    mean = changes / CHANGES
    variance = squares / CHANGES - mean * mean
    if not variance > 0.0:
        return 0.0
    return volume * math.erf(change / math.sqrt(2.0 * variance))


_SQUARES = 6
_CLOSES = _SQUARES + CHANGES


def delta_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Delta of the candle, their sum since the session began (CVD), and 1 where the delta is an estimate.

    Candles of `TABLE_CANDLE_WIDTH` cells; params (session length in ms). An estimate needs `CHANGES` changes
    before there is a value. State (count, close, session, cvd, squares so far, is anything, rings).
    """
    session = math.floor(candle[OPEN_MS] / params[0])
    if session != state[2]:
        state[2], state[3], state[5] = session, 0.0, 0.0
    change = candle[CLOSE] - state[1] if state[0] > 0.0 else 0.0
    delta, is_estimate = candle[DELTA], 0.0
    squares = 0.0
    if state[0] > 0.0:
        place = (int(state[0]) - 1) % CHANGES
        state[4] += change * change
        squares = window_sum(state, _SQUARES, place, CHANGES, state[4])
        if window_push(state, _SQUARES, place, CHANGES, change * change):
            state[4] = 0.0
    place = _CLOSES + int(state[0]) % CHANGES
    if math.isnan(delta):
        is_estimate = 1.0
        if state[0] >= CHANGES:
            delta = estimated_delta(candle[VOLUME], change, candle[CLOSE] - state[place], squares)
    state[place] = candle[CLOSE]
    state[0] += 1.0
    state[1] = candle[CLOSE]
    if candle[SYNTHETIC] == 0.0 and not math.isnan(delta):
        state[3] += delta
        state[5] = 1.0
    out[0] = delta
    out[1] = state[3] if state[5] > 0.0 else math.nan
    out[2] = is_estimate


OBV = make_kernel("obv", 3, ("obv",), obv_step)
RELATIVE_VOLUME = make_kernel("relative_volume", 1 + VOLUME_LENGTH, ("volume_sma", "rvol"), volume_step)
VWAP = make_kernel("vwap", 5, ("vwap", "vwap_sd", "vwap_estimated"), vwap_step)
VOLUME_DELTA = make_kernel(
    "volume_delta",
    _CLOSES + CHANGES,
    ("delta", "cvd", "delta_is_estimated"),
    delta_step,
    candle_width=TABLE_CANDLE_WIDTH,
)


def vwap_params(instrument: Instrument, session_ms: int = DAY_MS) -> Floats:
    """Parameters of the session VWAP of one instrument; a session is the UTC day by default."""
    inverse = instrument.id.market_kind is MarketKind.INVERSE
    return np.array([float(instrument.tick_size), float(inverse), float(session_ms)])
