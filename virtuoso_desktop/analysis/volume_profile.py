"""Volume by price of a session: rows, point of control, value area (analysis A.14), from closed candles only.

Row k reaches from k height to (k + 1) height. The height is 1, 2 or 5 times a power of ten ticks, the smallest not
below ATR / 12 as of the first candle of the session. `ROWS` rows are held; a session that outgrows them has its rows
joined two and two, aligned as before, as often as needed. A candle's volume is spread evenly over its range, which is
an estimate; a price on an edge counts half for either row, so that a mirrored market has a mirrored profile (about an
axis that is a multiple of the height).

A session that was not seen from its first candle on, or began without an ATR, has no profile. Volumes come in with
every closed candle; point of control and value area are found anew when one closes on a multiple of `EVERY_MS`, as
their search costs more than all the rest of a candle's levels.
"""

from __future__ import annotations

import math

import numpy as np

from virtuoso_desktop.analysis.kernels import HIGH, LOW, VOLUME, Floats, piece
from virtuoso_desktop.model.timeframe import MINUTE_MS

VALUE_SHARE = 0.7
ATR_SHARE = 12.0
ROWS = 256
"""A power of two: row k stands in cell k modulo it, so that nothing moves when the price does."""
_PLACE = ROWS - 1
EVERY_MS = float(5 * MINUTE_MS)
_TIE = 1e-9
"""Rows whose volumes differ by less, as a share of the greatest, are equal."""

# Cells, from the place of the profile in the state. 0 in HEIGHT: no profile; in POC: none found yet.
SESSION, HEIGHT, FIRST, LAST, TOTAL, GREATEST, POC, VAL, VAH = range(9)
"""``SESSION``: number of the session and 1. ``FIRST``, ``LAST``: rows that hold volume. ``POC``: middle of the row of
the greatest volume. ``VAL``, ``VAH``: lower and upper edge of the value area. Prices in ticks."""
VOLUMES = 9
PROFILE_CELLS = VOLUMES + ROWS


@piece
def row_height(atr: float) -> float:
    """Ticks of a row: 1, 2 or 5 times a power of ten, the smallest not below ATR / 12, at least one tick."""
    wanted = max(atr / ATR_SHARE, 1.0) * (1.0 - 1e-12)
    power = 1.0
    while power * 10.0 < wanted:
        power *= 10.0
    if power >= wanted:
        return power
    if power * 2.0 >= wanted:
        return power * 2.0
    return power * 5.0 if power * 5.0 >= wanted else power * 10.0


@piece
def profile_session(state: Floats, at: int, session: float, is_start: bool, atr: float) -> None:
    """Begin anew with the first candle of a session. ``atr``: as of that candle, NaN where unknown."""
    if state[at + SESSION] == session + 1.0:
        return
    for cell in range(at, at + PROFILE_CELLS):
        state[cell] = 0.0
    state[at + SESSION] = session + 1.0
    if is_start and not math.isnan(atr):
        state[at + HEIGHT] = row_height(atr)


@piece
def _rows_of(low: float, high: float, height: float) -> tuple[int, int]:
    """First and last row that a range reaches into; of a single price on an edge, the two beside it."""
    first: int = math.floor(low / height)
    last: int = math.ceil(high / height) - 1
    if last < first:
        return last, first
    return first, last


@piece
def _join_rows(state: Floats, at: int) -> None:
    """Make one row of every two."""
    joined = np.zeros(ROWS)
    first, last = int(state[at + FIRST]), int(state[at + LAST])
    for row in range(first, last + 1):
        joined[(row >> 1) & _PLACE] += state[at + VOLUMES + (row & _PLACE)]
    greatest = 0.0
    for place in range(ROWS):
        state[at + VOLUMES + place] = joined[place]
        greatest = max(greatest, joined[place])
    state[at + GREATEST] = greatest
    state[at + FIRST], state[at + LAST] = float(first >> 1), float(last >> 1)
    state[at + HEIGHT] *= 2.0


@piece
def _fit(state: Floats, at: int, low: float, high: float) -> tuple[int, int]:
    """Rows of a range, after as many joins as let them and the rows before find room."""
    while True:
        first, last = _rows_of(low, high, state[at + HEIGHT])
        if state[at + TOTAL] == 0.0:
            state[at + FIRST], state[at + LAST] = float(first), float(last)
        lowest, highest = min(float(first), state[at + FIRST]), max(float(last), state[at + LAST])
        if highest - lowest < ROWS:
            state[at + FIRST], state[at + LAST] = lowest, highest
            return first, last
        if state[at + TOTAL] == 0.0:
            state[at + HEIGHT] *= 2.0
        else:
            _join_rows(state, at)


@piece
def add_candle(state: Floats, at: int, candle: Floats) -> None:
    """Spread the volume of a closed candle over the rows of its range."""
    low, high, volume = candle[LOW], candle[HIGH], candle[VOLUME]
    if state[at + HEIGHT] == 0.0 or not volume > 0.0:
        return
    first, last = _fit(state, at, low, high)
    height = state[at + HEIGHT]
    greatest = state[at + GREATEST]
    if high == low:
        # One row, or the two on either side of an edge.
        for row in range(first, last + 1):
            cell = at + VOLUMES + (row & _PLACE)
            state[cell] += volume / (last - first + 1.0)
            greatest = max(greatest, state[cell])
    else:
        density = volume / (high - low)
        whole = density * height
        for row in range(first, last + 1):
            share = whole
            if row in (first, last):
                share = density * (min(high, (row + 1.0) * height) - max(low, row * height))
            cell = at + VOLUMES + (row & _PLACE)
            state[cell] += share
            greatest = max(greatest, state[cell])
    state[at + GREATEST] = greatest
    state[at + TOTAL] += volume


@piece
def _control(state: Floats, at: int, middle: float) -> tuple[int, int]:
    """First and last of the rows of greatest volume that are nearest to ``middle`` (in rows): one, or two alike."""
    least = state[at + GREATEST] * (1.0 - _TIE)
    nearest, first, last = math.inf, 0, 0
    for row in range(int(state[at + FIRST]), int(state[at + LAST]) + 1):
        if state[at + VOLUMES + (row & _PLACE)] >= least:
            distance = abs(row + 0.5 - middle)
            if distance < nearest - _TIE:
                nearest, first, last = distance, row, row
            elif distance <= nearest + _TIE:
                last = row
    return first, last


@piece
def _value_area(state: Floats, at: int, first: int, last: int) -> tuple[int, int]:
    """Grow the rows by the greater neighbour, by both when they are equal, to 70 % of all."""
    tie, wanted = state[at + GREATEST] * _TIE, VALUE_SHARE * state[at + TOTAL] * (1.0 - _TIE)
    lowest, highest = int(state[at + FIRST]), int(state[at + LAST])
    inside = 0.0
    for row in range(first, last + 1):
        inside += state[at + VOLUMES + (row & _PLACE)]
    while inside < wanted and (first > lowest or last < highest):
        below = state[at + VOLUMES + ((first - 1) & _PLACE)] if first > lowest else -math.inf
        above = state[at + VOLUMES + ((last + 1) & _PLACE)] if last < highest else -math.inf
        if below >= above - tie:
            first -= 1
            inside += below
        if above >= below - tie:
            last += 1
            inside += above
    return first, last


@piece
def find_levels(state: Floats, at: int, vwap: float) -> None:
    """Find point of control and value area anew.

    Of rows of equal volume the nearest to ``vwap`` (ticks) is the point of control, of two as near the middle between
    them.
    """
    if not state[at + TOTAL] > 0.0:
        return
    height = state[at + HEIGHT]
    first, last = _control(state, at, vwap / height)
    state[at + POC] = (first + last + 1.0) / 2.0 * height
    lowest, highest = _value_area(state, at, first, last)
    state[at + VAL], state[at + VAH] = lowest * height, (highest + 1.0) * height
