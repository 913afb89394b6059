"""Volume by price: rows, point of control, value area (analysis A.14).

Rows are ``height`` ticks high and begin at multiples of it: row k reaches from k height to (k + 1) height. A price on
an edge counts half for either row, so that a mirrored market has a mirrored profile. A candle's volume is spread evenly
over its range (an estimate); a trade goes to its own row.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from virtuoso_desktop.analysis.kernels import HIGH, LOW, VOLUME, Floats

VALUE_SHARE = 0.7
ATR_SHARE = 12.0
MOST_ROWS = 20_000
_TIE = 1e-9
"""Rows whose volumes differ by less, as a share of the greatest, are equal."""


class Profile(NamedTuple):
    """Volumes of rows from ``first_row`` on; prices in ticks."""

    first_row: int
    height: float
    volumes: Floats
    poc: float
    """Middle of the row with the greatest volume."""
    val: float
    """Lower edge of the value area."""
    vah: float


def row_height(atr: float) -> float:
    """Ticks of a row: 1, 2 or 5 times a power of ten, the smallest not below ATR / 12, at least one tick."""
    wanted = max(atr / ATR_SHARE, 1.0)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * step for step in (1.0, 2.0, 5.0, 10.0) if power * step >= wanted * (1.0 - 1e-12))


@njit(cache=True, error_model="numpy")
def add_price(volumes: Floats, first_row: int, height: float, price: float, volume: float) -> None:
    """Add what was traded at one price."""
    row = math.floor(price / height)
    if row * height == price:
        volumes[row - 1 - first_row] += volume / 2.0
        volumes[row - first_row] += volume / 2.0
    else:
        volumes[row - first_row] += volume


@njit(cache=True, error_model="numpy")
def _spread(candles: Floats, volumes: Floats, first_row: int, height: float) -> None:
    for index in range(candles.shape[1]):
        low, high, volume = candles[LOW, index], candles[HIGH, index], candles[VOLUME, index]
        if high == low:
            add_price(volumes, first_row, height, low, volume)
            continue
        row: int = math.floor(low / height)
        while row * height < high:
            overlap = min(high, (row + 1) * height) - max(low, row * height)
            volumes[row - first_row] += volume * overlap / (high - low)
            row += 1


@njit(cache=True, error_model="numpy")
def _control(volumes: Floats, middle: float) -> tuple[int, int]:
    """First and last of the rows of greatest volume that are nearest to ``middle`` (in rows): one, or two alike."""
    greatest = volumes.max()
    nearest, first, last = math.inf, 0, 0
    for row in range(volumes.size):
        if volumes[row] >= greatest * (1.0 - _TIE):
            distance = abs(row + 0.5 - middle)
            if distance < nearest - _TIE:
                nearest, first, last = distance, row, row
            elif distance <= nearest + _TIE:
                last = row
    return first, last


@njit(cache=True, error_model="numpy")
def _value_area(volumes: Floats, first: int, last: int) -> tuple[int, int]:
    """Grow the rows by the greater neighbour, by both when they are equal, to 70 % of all."""
    total, tie = volumes.sum(), volumes.max() * _TIE
    inside = volumes[first : last + 1].sum()
    while inside < VALUE_SHARE * total * (1.0 - _TIE):
        below = volumes[first - 1] if first > 0 else -math.inf
        above = volumes[last + 1] if last + 1 < volumes.size else -math.inf
        if below >= above - tie and first > 0:
            first -= 1
            inside += below
        if above >= below - tie and last + 1 < volumes.size:
            last += 1
            inside += above
    return first, last


def candle_profile(candles: Floats, height: float, vwap: float) -> Profile | None:
    """Profile of candles, shape (7 or more, n) in ticks; None without volume or over more than `MOST_ROWS` rows.

    Parameters
    ----------
    height : float
        Ticks of a row, from `row_height`.
    vwap : float
        Average price in ticks; of rows of equal volume the nearest to it is the point of control, of two as near the
        middle between them.
    """
    if not candles.shape[1] or not candles[VOLUME].sum() > 0.0:
        return None
    first_row = math.floor(candles[LOW].min() / height) - 1
    rows = math.floor(candles[HIGH].max() / height) - first_row + 1
    if rows > MOST_ROWS:
        return None
    volumes = np.zeros(rows)
    _spread(np.ascontiguousarray(candles), volumes, first_row, height)
    return profile_of(volumes, first_row, height, vwap)


def profile_of(volumes: Floats, first_row: int, height: float, vwap: float) -> Profile:
    """Point of control and value area of volumes by row, of which at least one is above 0."""
    first, last = _control(volumes, vwap / height - first_row)
    poc = (first_row + (first + last + 1) / 2.0) * height
    lowest, highest = _value_area(volumes, first, last)
    return Profile(first_row, height, volumes, poc, (first_row + lowest) * height, (first_row + highest + 1) * height)
