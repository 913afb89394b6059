"""The trades of one minute, made from its candle alone.

First price open, last price close, extremes touched, lots adding up to the volume, and price x lots to the
turnover. The price moves in runs: while a run lasts, best bid and ask stand still and trades alternate between
them, so that the book (`book`) can follow the trades exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.timeframe import MINUTE_MS
from virtuoso_desktop.simulator.noise import (
    QUANTILE_BITS,
    QUANTILE_SHIFT,
    Floats,
    Ints,
    Words,
    fat_tailed,
    hash_words,
    log_normal,
)
from virtuoso_desktop.simulator.trade_sizes import place_turnover, spread_lots

MOST_TRADES = 1000
"""Trades of one minute; their numbers fit below the next minute's."""
NUMBERS_PER_MINUTE = 1024
_SEED_ROOM = 4096
_SKELETON = 64
"""A minute with that many events has one in every 0.94 s, so that no market stands still for 2 s."""
_RUN_SHARE = 0.42
_FEWEST_FOR_RUNS = 8
_PATHS = 6
_SIZE_SPREAD = 1.15
_REPEATS = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 6])
_SPREAD_TICKS = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3])
_OTHER_SIDE = 90
"""Of 256: how often a trade of a run takes the side that the run did not open with."""

Flags = NDArray[np.bool_]


class Minute(NamedTuple):
    """A finished 1m candle in ticks and lots; ``turnover`` is the wished sum of ticks x lots."""

    number: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


class MinuteTrades(NamedTuple):
    """The trades of one minute in order, as columns; empty columns if nothing traded.

    ``bids`` and ``asks`` are the best prices of the book into which each trade goes, ``waves`` the lots of all
    trades of the same event, the running columns include their own row.
    """

    times_ms: list[int]
    prices: list[int]
    lots: list[int]
    buys: list[bool]
    bids: list[int]
    asks: list[int]
    waves: list[int]
    volumes: list[int]
    turnovers: list[int]
    highs: list[int]
    lows: list[int]
    numbers: Sequence[int]

    def count_until(self, now_ms: int) -> int:
        """How many of the trades have happened at ``now_ms``."""
        return bisect_right(self.times_ms, now_ms)


NO_TRADES = MinuteTrades([], [], [], [], [], [], [], [], [], [], [], range(0))


class _Runs(NamedTuple):
    """Per run: the price of its opening side, which side that is, and the best prices."""

    price: Ints
    is_buy: Flags
    bid: Ints
    ask: Ints


def make_trades(minute: Minute, key: int, seed: int, wished_events: int) -> MinuteTrades:
    """All trades of ``minute``, about ``wished_events`` orders that take liquidity; noise by ``key`` and ``seed``."""
    if minute.volume <= 0:
        return NO_TRADES
    events = max(1, min(wished_events, minute.volume // 3 or 1, MOST_TRADES // 2))
    bits = hash_words(key, np.arange(seed * _SEED_ROOM, seed * _SEED_ROOM + 3 * events, dtype=np.uint64))
    choices, noise = bits[:events], bits[events : 2 * events]
    path = _waypoints(minute)
    if events >= _FEWEST_FOR_RUNS:
        starts = _run_starts(noise)
        path = _path(minute, np.bincount(starts.cumsum()), hash_words(key ^ 1, bits))
    else:
        path = _shortened(path, events)
        starts = np.zeros(events, dtype=np.bool_)
        starts[1 : path.size] = True
    runs = _runs(minute, path, hash_words(key ^ 2, bits[: path.size]))
    times = _times(minute.number * MINUTE_MS, bits[2 * events : 3 * events])
    return _fill(minute, runs, starts, times, choices)


def _waypoints(minute: Minute) -> Ints:
    """Open, the extremes in the likelier order, close; without repeats."""
    middle = (minute.low, minute.high) if minute.close >= minute.open else (minute.high, minute.low)
    prices = [minute.open]
    for price in (*middle, minute.close):
        if price != prices[-1]:
            prices.append(price)
    return np.array(prices, dtype=np.int64)


def _shortened(path: Ints, events: int) -> Ints:
    """As much of the path as ``events`` trades can touch; the close is kept, then the open."""
    if path.size <= events:
        return path
    return path[-1:] if events == 1 else np.concatenate((path[: events - 1], path[-1:]))


def _run_starts(noise: Words) -> Flags:
    """Which events open a new run: those with the smallest hashes, the first never."""
    count = max(5, int(noise.size * _RUN_SHARE)) - 1
    starts = np.zeros(noise.size, dtype=np.bool_)
    starts[1 + np.argsort(noise[1:], kind="stable")[:count]] = True
    return starts


def _path(minute: Minute, weights: Ints, bits: Words) -> Ints:
    """One price per run: a walk from open to close that touches both extremes.

    Of several walks the one is taken whose mean, weighted by events, is nearest to the mean traded price.
    """
    count, span = weights.size, minute.high - minute.low
    if span == 0:
        return np.full(count, minute.open, dtype=np.int64)
    steps = fat_tailed()[hash_words(_PATHS, np.resize(bits, _PATHS * (count - 1)) + _order(count)) >> QUANTILE_SHIFT]
    walks = np.zeros((_PATHS, count))
    steps.reshape(_PATHS, count - 1).cumsum(axis=1, out=walks[:, 1:])
    walks *= span / (1.3 * np.sqrt(count))
    along = np.arange(count) / (count - 1)
    walks += minute.open + along * (minute.close - minute.open - walks[:, -1:])
    walks = _stretched(walks, minute)
    wished = minute.turnover / minute.volume
    means = (walks * (weights / weights.sum())).cumsum(axis=1)[:, -1]
    chosen = walks[int(np.argmin(np.abs(means - wished)))]
    path = np.clip(np.rint(chosen), minute.low, minute.high).astype(np.int64)
    path[0], path[-1] = minute.open, minute.close
    return _touching(path, chosen, minute)


def _order(count: int) -> Words:
    return np.arange(_PATHS * (count - 1), dtype=np.uint64)


def _stretched(walks: Floats, minute: Minute) -> Floats:
    """Walks whose excursions beyond open and close are scaled to end at high and low."""
    top, bottom = max(minute.open, minute.close), min(minute.open, minute.close)
    highest, lowest = walks.max(axis=1, keepdims=True), walks.min(axis=1, keepdims=True)
    up = (minute.high - top) / np.maximum(highest - top, 1e-9)
    down = (bottom - minute.low) / np.maximum(bottom - lowest, 1e-9)
    above, below = np.maximum(walks - top, 0.0), np.maximum(bottom - walks, 0.0)
    return np.clip(walks, bottom, top) + above * up - below * down


def _touching(path: Ints, walk: Floats, minute: Minute) -> Ints:
    """The path with high and low touched, and beside the high a run one tick below it where there is room."""
    inner = walk[1:-1]
    at_high = int(np.argmax(path))
    if path[at_high] != minute.high:
        at_high = 1 + int(np.argmax(inner))
        path[at_high] = minute.high
    at_low = int(np.argmin(path))
    if path[at_low] != minute.low:
        candidates = inner.copy()
        candidates[max(0, at_high - 1) : max(0, at_high)] = np.inf
        at_low = 1 + int(np.argmin(candidates))
        path[at_low] = minute.low
    for beside in (at_high + 1, at_high - 1):
        if 0 < beside < path.size - 1 and beside != at_low:
            path[beside] = max(minute.high - 1, minute.low)
            break
    return path


def _runs(minute: Minute, path: Ints, bits: Words) -> _Runs:
    """Quotes of every run: a rise is opened by a buy, a fall by a sell, the high is an ask, the low a bid."""
    moves = np.diff(path, prepend=path[0])
    is_buy = np.where(moves == 0, (bits & np.uint64(1)) == 1, moves > 0)
    if minute.high > minute.low:
        is_buy = (is_buy | (path == minute.high)) & (path != minute.low)
    spread = _SPREAD_TICKS[(bits >> np.uint64(60)).astype(np.int64)]
    spread = np.where((path == minute.high) | (path == minute.low), 1, spread)
    bid = np.where(is_buy, path - spread, path)
    return _Runs(path, is_buy, bid, bid + spread)


def _times(start_ms: int, bits: Words) -> Ints:
    """Increasing times, at least 2 ms apart: a skeleton over the whole minute, the others at random."""
    count = bits.size
    offsets = (bits >> np.uint64(40)).astype(np.float64) * 2.0**-24
    even = min(count, _SKELETON)
    offsets[:even] = (np.arange(even) + 0.88 * offsets[:even]) / even
    times = np.sort((offsets * (MINUTE_MS - 4 * count - 10)).astype(np.int64))
    return start_ms + 5 + times + 4 * np.arange(count)


def _fill(minute: Minute, runs: _Runs, starts: Flags, times: Ints, choices: Words) -> MinuteTrades:
    """Sides, prices and sizes of the events, each event one or several trades in the same ms."""
    run = starts.cumsum()
    opening_price, opening_buy = runs.price[run], runs.is_buy[run]
    other_price = np.where(opening_buy, runs.bid[run], runs.ask[run])
    is_other = (choices & np.uint64(255)) < _OTHER_SIDE
    is_other &= (other_price >= minute.low) & (other_price <= minute.high) & ~starts
    is_other[0] = is_other[-1] = False
    repeats = _REPEATS[((choices >> np.uint64(8)) & np.uint64(15)).astype(np.int64)]
    repeats[choices.size // 2 :] = np.minimum(repeats[choices.size // 2 :], 2)
    if minute.volume < 8 * choices.size:
        repeats[:] = 1
    event = np.repeat(np.arange(choices.size), repeats)
    prices = np.where(is_other, other_price, opening_price)[event]
    weights = log_normal(_SIZE_SPREAD)[hash_words(7, choices[event] + _within(event)) >> QUANTILE_SHIFT]
    lots = spread_lots(minute.volume, weights)
    heights = prices - minute.low
    place_turnover(heights, lots, minute.turnover - minute.low * minute.volume)
    waves = np.add.reduceat(lots, np.flatnonzero(np.diff(event, prepend=-1)))[event]
    volumes = lots.cumsum().tolist()
    over_low = (heights * lots).cumsum().tolist()
    return MinuteTrades(
        times[event].tolist(),
        prices.tolist(),
        lots.tolist(),
        (opening_buy ^ is_other)[event].tolist(),
        runs.bid[run][event].tolist(),
        runs.ask[run][event].tolist(),
        waves.tolist(),
        volumes,
        [minute.low * volume + over for volume, over in zip(volumes, over_low, strict=True)],
        np.maximum.accumulate(prices).tolist(),
        np.minimum.accumulate(prices).tolist(),
        range(minute.number * NUMBERS_PER_MINUTE, minute.number * NUMBERS_PER_MINUTE + event.size),
    )


def _within(event: Ints) -> Words:
    """Distinct addends for the trades of one event."""
    return np.arange(event.size, dtype=np.uint64) << np.uint64(QUANTILE_BITS)
