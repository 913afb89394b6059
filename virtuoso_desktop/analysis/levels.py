"""Support and resistance: clusters of swings, the session's profile, the day before (analysis B.3, P3).

The swings of the last 300 candles (at most `MOST_PIVOTS`), sorted by price, are joined while their gaps are at most
0.5 ATR. A cluster of two touches or more (three candles apart) is a level at the weighted mean of its prices; a
swing weighs 2^(-age / 100) (1 + ln(max(rvol, 1))), the strength of a level is 1 - e^(-sum / 2). A high resists and a
low supports, until a close 0.25 ATR beyond breaks it; then it plays the other part for 50 candles, and none
afterwards. High and low of the UTC day before, and point of control, value area high and low of the session
(`volume_profile`) support from below the close and resist from above it. The specification leaves their strength
open: each has that of one touch of weight 1, so that a cluster outweighs it from two fresh touches on.

Levels of swings are made anew when a swing is confirmed or broken, after a candle has closed; between, they stand as
they are.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.kernels import HIGH, LOW, OPEN_MS, Floats, piece
from virtuoso_desktop.analysis.volume_profile import POC, VAH, VAL
from virtuoso_desktop.model.timeframe import DAY_MS

MOST_PIVOTS = 48
PIVOT_LIFE = 300.0
HALF_LIFE = 100.0
_FADE = 2.0 ** (-np.arange(PIVOT_LIFE + 1.0) / HALF_LIFE)
GAP_ATR = 0.5
BROKEN_ATR = 0.25
FLIP_LIFE = 50.0
TOUCHES_APART = 3.0
LEAST_TOUCHES = 2
NAMED_STRENGTH = 1.0 - math.exp(-0.5)
"""Of a level that is no cluster of swings."""
OF_SWINGS, OF_DAY_HIGH, OF_DAY_LOW, OF_CONTROL, OF_VALUE_HIGH, OF_VALUE_LOW = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0
"""Kinds of levels; those from `OF_CONTROL` on are of the profile, an estimate."""
NEVER = 1e18
SAME_PRICE = 1e-11
"""Share of the price within which a level, a mean that is rounded, is at another price: at the close it is neither
above nor below."""

# Cells, from the place of the pivots in the state.
PUSHED, SORTED, LOWEST_HIGH, HIGHEST_LOW, LEVELS = range(5)
ORDER = 5
"""Slots of the pivots by rising price."""
PIVOTS = ORDER + MOST_PIVOTS
PRICE, NUMBER, WEIGHT, KIND, BROKEN_AT = range(5)
PIVOT_CELLS = 5
TABLE = PIVOTS + MOST_PIVOTS * PIVOT_CELLS
"""Levels by rising price: price, strength, supports until, resists until (number of the candle)."""
LEVEL_CELLS = 4
LEVELS_CELLS = TABLE + MOST_PIVOTS // LEAST_TOUCHES * LEVEL_CELLS

Level = tuple[float, float, float]
"""Price, strength, kind."""

# Cells of the days.
DAY, DAY_HIGH, DAY_LOW, DAY_IS_WHOLE, PRIOR_HIGH, PRIOR_LOW = range(6)
DAY_CELLS = 6


@piece
def day_next(state: Floats, at: int, candle: Floats) -> None:
    """Keep high and low of the UTC day and of the one before, when that was seen from its beginning."""
    day = math.floor(candle[OPEN_MS] / DAY_MS)
    if day != state[at + DAY]:
        is_next = state[at + DAY_IS_WHOLE] > 0.0 and day == state[at + DAY] + 1.0
        state[at + PRIOR_HIGH] = state[at + DAY_HIGH] if is_next else 0.0
        state[at + PRIOR_LOW] = state[at + DAY_LOW] if is_next else 0.0
        state[at + DAY] = day
        state[at + DAY_HIGH], state[at + DAY_LOW] = candle[HIGH], candle[LOW]
        state[at + DAY_IS_WHOLE] = 1.0 if candle[OPEN_MS] == day * DAY_MS else 0.0
        return
    state[at + DAY_HIGH] = max(state[at + DAY_HIGH], candle[HIGH])
    state[at + DAY_LOW] = min(state[at + DAY_LOW], candle[LOW])


@piece
def _nearer(level: Level, price: float, kind: float, gain: float, same: float) -> Level:
    """The named price where it is nearer than the level by ``gain``; the stronger of the two at the same price."""
    if gain > same or (gain >= -same and level[1] < NAMED_STRENGTH):
        return price if gain > same else level[0], NAMED_STRENGTH, kind
    return level


@piece
def _with_named(below: Level, above: Level, named: tuple[float, float], close: float) -> tuple[Level, Level]:
    """The nearest levels with one more (price, kind), which is none at a price of 0."""
    price, kind = named
    same = SAME_PRICE * close
    if 0.0 < price < close - same:
        return _nearer(below, price, kind, price - below[0], same), above
    if price > close + same:
        return below, _nearer(above, price, kind, above[0] - price, same)
    return below, above


@piece
def nearest_levels(state: Floats, at: int, now: float, close: float) -> tuple[Level, Level]:
    """Nearest cluster below and above the close; at -inf and inf where there is none."""
    below, above = (-math.inf, math.nan, OF_SWINGS), (math.inf, math.nan, OF_SWINGS)
    at_close = SAME_PRICE * close
    for level in range(int(state[at + LEVELS])):
        cell = at + TABLE + level * LEVEL_CELLS
        price = state[cell]
        if price < close - at_close:
            if state[cell + 2] >= now:
                below = (price, state[cell + 1], OF_SWINGS)
        elif price > close + at_close and state[cell + 3] >= now:
            above = (price, state[cell + 1], OF_SWINGS)
            break
    return below, above


@piece
def with_day(levels: tuple[Level, Level], day: Floats, at: int, close: float) -> tuple[Level, Level]:
    """The nearest levels, high and low of the day before among them."""
    below, above = _with_named(levels[0], levels[1], (day[at + PRIOR_HIGH], OF_DAY_HIGH), close)
    return _with_named(below, above, (day[at + PRIOR_LOW], OF_DAY_LOW), close)


@piece
def with_profile(levels: tuple[Level, Level], state: Floats, at: int, close: float) -> tuple[Level, Level]:
    """The nearest levels, those of the session's profile among them."""
    below, above = _with_named(levels[0], levels[1], (state[at + POC], OF_CONTROL), close)
    below, above = _with_named(below, above, (state[at + VAH], OF_VALUE_HIGH), close)
    return _with_named(below, above, (state[at + VAL], OF_VALUE_LOW), close)


@piece
def push_pivot(state: Floats, at: int, pivot: tuple[float, float, float, float], replaces: bool) -> None:
    """Store a confirmed swing (kind, price, number, rvol), in the place of the newest one when it replaces that."""
    kind, price, number, rvol = pivot
    if not replaces:
        state[at + PUSHED] += 1.0
    cell = at + PIVOTS + (int(state[at + PUSHED]) - 1) % MOST_PIVOTS * PIVOT_CELLS
    state[cell + PRICE] = price
    state[cell + NUMBER] = number
    state[cell + WEIGHT] = 1.0 + math.log(max(rvol, 1.0))
    state[cell + KIND] = kind
    state[cell + BROKEN_AT] = 0.0


@piece
def is_broken(state: Floats, at: int, close: float, atr: float) -> bool:
    """The close breaks a swing that was whole."""
    high, low = state[at + LOWEST_HIGH], state[at + HIGHEST_LOW]
    return (high > 0.0 and close > high + BROKEN_ATR * atr) or (low > 0.0 and close < low - BROKEN_ATR * atr)


@piece
def _mark_broken(state: Floats, cell: int, now: float, beyond: float) -> bool:
    """Whether a swing is broken, since before or by a close ``beyond`` it."""
    if state[cell + BROKEN_AT] == 0.0 and beyond > 0.0:
        state[cell + BROKEN_AT] = now
    return state[cell + BROKEN_AT] > 0.0


@piece
def _break_and_sort(state: Floats, at: int, now: float, close: float, atr: float, order: NDArray[np.int64]) -> int:
    """Mark what the close breaks; fill ``order`` with the cells of the living swings by price; returns how many.

    The order of the time before is kept in the state: little has moved since, so that sorting is one pass.
    """
    count, pushed = 0, min(int(state[at + PUSHED]), MOST_PIVOTS)
    lowest, highest = 0.0, 0.0
    sorted_before = int(state[at + SORTED])
    for index in range(pushed):
        slot = int(state[at + ORDER + index]) if index < sorted_before else index
        cell = at + PIVOTS + slot * PIVOT_CELLS
        price, kind = state[cell + PRICE], state[cell + KIND]
        place = index
        while place > 0 and state[at + PIVOTS + int(state[at + ORDER + place - 1]) * PIVOT_CELLS + PRICE] > price:
            state[at + ORDER + place] = state[at + ORDER + place - 1]
            place -= 1
        state[at + ORDER + place] = float(slot)
        if not _mark_broken(state, cell, now, kind * (close - price) - BROKEN_ATR * atr) and (
            now - state[cell + NUMBER] <= PIVOT_LIFE
        ):
            if kind > 0.0:
                lowest = price if lowest == 0.0 else min(lowest, price)
            else:
                highest = price if highest == 0.0 else max(highest, price)
    state[at + SORTED] = float(pushed)
    state[at + LOWEST_HIGH], state[at + HIGHEST_LOW] = lowest, highest
    for index in range(pushed):
        cell = at + PIVOTS + int(state[at + ORDER + index]) * PIVOT_CELLS
        if now - state[cell + NUMBER] <= PIVOT_LIFE:
            order[count] = cell
            count += 1
    return count


@piece
def _write_level(state: Floats, cell: int, members: NDArray[np.int64], now: float) -> bool:
    """Write the level of a cluster; False when its swings are all less than three candles apart."""
    total, moment, supports, resists = 0.0, 0.0, 0.0, 0.0
    # From the lowest on, so that equal prices give just that price.
    lowest = state[members[0] + PRICE]
    first, last = now, 0.0
    for pivot in members:
        number = state[pivot + NUMBER]
        first, last = min(first, number), max(last, number)
        weight = state[pivot + WEIGHT] * _FADE[int(now - number)]
        total += weight
        moment += weight * (state[pivot + PRICE] - lowest)
        broken = state[pivot + BROKEN_AT]
        until = NEVER if broken == 0.0 else broken + FLIP_LIFE
        if (state[pivot + KIND] < 0.0) == (broken == 0.0):
            supports = max(supports, until)
        else:
            resists = max(resists, until)
    if last - first < TOUCHES_APART:
        return False
    state[cell] = lowest + moment / total
    state[cell + 1] = 1.0 - math.exp(-total / 2.0)
    state[cell + 2], state[cell + 3] = supports, resists
    return True


@piece
def rebuild_levels(state: Floats, at: int, now: float, close: float, atr: float) -> None:
    """Make the levels anew from the swings as of the candle ``now``."""
    order = np.empty(MOST_PIVOTS, dtype=np.int64)
    count = _break_and_sort(state, at, now, close, atr, order)
    levels, first = 0, 0
    for end in range(1, count + 1):
        if end < count and state[order[end] + PRICE] - state[order[end - 1] + PRICE] <= GAP_ATR * atr:
            continue
        cell = at + TABLE + levels * LEVEL_CELLS
        if end - first >= LEAST_TOUCHES and _write_level(state, cell, order[first:end], now):
            levels += 1
        first = end
    state[at + LEVELS] = float(levels)
