"""Compiled measures of one order book on whole ticks and lots (analysis B.2).

Distances are counted in half ticks: with ``total`` = best bid + best ask, twice the mid price, a level at ``price``
lies ``|2 price - total|`` away, and ``distance / total`` is its distance as a fraction of the mid price. Whether it is
inside or outside is then a question of whole numbers: no rounding decides it, a reflection about the mid gives the
mirror image exactly, and another tick size gives the same bits.

A side is two int64 arrays, prices in ticks and sizes in lots, best first. Inverse contracts count their size in
dollars: their lots are taken as they are, which keeps the mirror image exact.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.kernels import Floats, compiled, piece

Rows = NDArray[np.int64]

(
    TOTAL, SPREAD_TICKS, SPREAD_BPS, MICROPRICE_TICKS, BID_REACH_BPS, ASK_REACH_BPS, BAND_BPS,
    DI_TENTH, DI_QUARTER, DI_HALF, DI_WHOLE, DI_WEIGHTED, DI_LEVEL_1, DI_LEVELS_5, DI_LEVELS_20, BUCKETS,
) = range(16)  # fmt: skip
"""Cells of `measure_book`. ``TOTAL``: best bid + best ask in ticks. ``BAND_BPS``: the widest band, min(50, shorter
reach); ``DI_TENTH`` to ``DI_WHOLE`` are the imbalances within that part of it, so that ``DI_HALF`` is the text's DI_25.
``DI_LEVEL_1`` is the reading of the microprice, mu. ``BUCKETS``: how many of the wall search's buckets both sides
reach to their ends."""
MEASURES = 16
BAND_RATIOS = (0.1, 0.25, 0.5, 1.0)
_SHARES = (2, 5, 10, 20)
"""The same in twentieths."""
MOST_BAND_PARTS = 200
"""The widest band is a two hundredth of the mid price: 50 bps."""
WEIGHT_FADES = 10.0
"""e-foldings of the distance weight over the widest band: 5 bps of 50."""
LEVEL_COUNTS = (1, 5, 20)

BUCKET_COUNT = 50
BUCKET_PARTS = 5_000
"""A bucket of the wall search is a five thousandth of the mid price: 2 bps."""
MAD_TO_SD = 1.4826


class WallRules(NamedTuple):
    """Numbers of the wall search (analysis B.2 K4, K5, C.3); defaults are the specification's."""

    half_life_s: float = 600.0
    least_samples: int = 120
    """Samples of a bucket before its expectation counts."""
    warm_up_ms: int = 600_000
    """Time from the first sample until expectations count."""
    outlier: float = 3.5
    least_mad: float = 0.2
    turnover_ratio: float = 0.5
    """Least notional as a share of the median turnover of a minute."""


@piece
def _balance(bid: float, ask: float) -> float:
    """(bid - ask) / (bid + ask), NaN where there is nothing."""
    total = bid + ask
    return (bid - ask) / total if total > 0.0 else math.nan


@piece
def _within(ticks: Rows, lots: Rows, total: int, band: int, sums: Floats) -> None:
    """Lots of one side in the four bands, then distance-weighted; ``band`` is the widest in two hundredths."""
    scale = WEIGHT_FADES * MOST_BAND_PARTS / band
    for level in range(ticks.size):
        distance = abs(2 * ticks[level] - total)
        reached = distance * 20 * MOST_BAND_PARTS
        if reached > 20 * band:
            return
        size = float(lots[level])
        for index in range(4):
            if reached <= _SHARES[index] * band:
                sums[index] += size
        sums[4] += size * math.exp(-distance * scale)


@piece
def _first(lots: Rows, count: int) -> float:
    """Lots of the best ``count`` levels; NaN when there are fewer."""
    if lots.size < count:
        return math.nan
    total = 0.0
    for level in range(count):
        total += lots[level]
    return total


def _measure_book(bid_ticks: Rows, bid_lots: Rows, ask_ticks: Rows, ask_lots: Rows, out: Floats) -> None:
    """Fill the `MEASURES` cells of ``out``; both sides hold a level and do not cross."""
    bid, ask = bid_ticks[0], ask_ticks[0]
    total = bid + ask
    bid_reach = total - 2 * bid_ticks[-1]
    ask_reach = 2 * ask_ticks[-1] - total
    reach = min(bid_reach, ask_reach)
    band = min(total, MOST_BAND_PARTS * reach)
    out[TOTAL] = total
    out[SPREAD_TICKS] = ask - bid
    out[SPREAD_BPS] = 2e4 * (ask - bid) / total
    out[MICROPRICE_TICKS] = bid + (ask - bid) * (bid_lots[0] / (bid_lots[0] + ask_lots[0]))
    out[BID_REACH_BPS] = 1e4 * bid_reach / total
    out[ASK_REACH_BPS] = 1e4 * ask_reach / total
    out[BAND_BPS] = 1e4 * band / (MOST_BAND_PARTS * total)
    bids, asks = np.zeros(5), np.zeros(5)
    _within(bid_ticks, bid_lots, total, band, bids)
    _within(ask_ticks, ask_lots, total, band, asks)
    for index in range(5):
        out[DI_TENTH + index] = _balance(bids[index], asks[index])
    for index in range(3):
        count = LEVEL_COUNTS[index]
        out[DI_LEVEL_1 + index] = _balance(_first(bid_lots, count), _first(ask_lots, count))
    out[BUCKETS] = min(BUCKET_COUNT, BUCKET_PARTS * reach // total)


@piece
def _fill_buckets(ticks: Rows, lots: Rows, total: int, sizes: Floats, largest: Rows) -> None:
    best = np.zeros(sizes.size, dtype=np.int64)
    for level in range(ticks.size):
        bucket = BUCKET_PARTS * abs(2 * ticks[level] - total) // total
        if bucket >= sizes.size:
            return
        sizes[bucket] += lots[level]
        if lots[level] > best[bucket]:
            best[bucket] = lots[level]
            largest[bucket] = ticks[level]


def _find_walls(
    levels: tuple[Rows, Rows, Rows, Rows],
    terms: tuple[float, float, float, float, float],
    buckets: int,
    expected: Floats,
    samples: Floats,
    found: Rows,
) -> int:
    """Judge the buckets of both sides against what is expected of them, then let the expectation learn.

    Parameters
    ----------
    levels : tuple of arrays
        Bid ticks and lots, ask ticks and lots.
    terms : tuple
        Least samples, outlier limit, least MAD, least lots, and what is kept of an expectation (0 to 1).
    buckets : int
        Buckets that both sides reach.
    expected, samples : ndarray, shape (2, BUCKET_COUNT)
        Expected logarithm of the lots, bids then asks, and how many samples it stands on.
    found : ndarray, shape (2 * BUCKET_COUNT, 4)
        Rows of walls: side (0 bids, 1 asks), bucket, price in ticks of its largest level, its lots.

    Returns
    -------
    int
        Number of walls.
    """
    total = levels[0][0] + levels[2][0]
    least_samples, outlier, least_mad, least_lots, kept = terms
    sizes = np.zeros((2, buckets))
    largest = np.zeros((2, buckets), dtype=np.int64)
    _fill_buckets(levels[0], levels[1], total, sizes[0], largest[0])
    _fill_buckets(levels[2], levels[3], total, sizes[1], largest[1])
    residuals = np.empty(2 * buckets)
    known = 0
    for side in range(2):
        for bucket in range(buckets):
            if sizes[side, bucket] > 0.0 and samples[side, bucket] >= least_samples:
                residuals[known] = math.log(sizes[side, bucket]) - expected[side, bucket]
                known += 1
    limit = math.inf
    if known > 0:
        middle = np.median(residuals[:known])
        limit = outlier * MAD_TO_SD * max(np.median(np.abs(residuals[:known] - middle)), least_mad)
    count = 0
    for side in range(2):
        for bucket in range(buckets):
            size = sizes[side, bucket]
            if size <= 0.0:
                continue
            log_size = math.log(size)
            is_judged = samples[side, bucket] >= least_samples and size >= least_lots
            if is_judged and log_size - expected[side, bucket] >= limit:
                found[count, 0], found[count, 1] = side, bucket
                found[count, 2], found[count, 3] = largest[side, bucket], int(size)
                count += 1
            share = kept if samples[side, bucket] > 0.0 else 0.0
            expected[side, bucket] = log_size + (expected[side, bucket] - log_size) * share
            samples[side, bucket] += 1.0
    return count


def _lots_between(ticks: Rows, lots: Rows, low: int, high: int) -> int:
    """Lots of one side at prices of [low, high]."""
    total = 0
    for level in range(ticks.size):
        if low <= ticks[level] <= high:
            total += lots[level]
    return total


def _walk_book(ticks: Rows, lots: Rows, lot_value: float, mid_ticks: float, notionals: Floats, out: Floats) -> None:
    """Take rising notionals out of one side.

    ``lot_value`` is the worth of a lot at one tick, or minus that of a lot at any price (inverse contracts). Rows of
    ``out``: slippage of the average price against the mid in bps, share of the notional that the side filled.
    """
    level, worst = 0, 0.0
    taken, base = 0.0, 0.0
    for index in range(notionals.size):
        wanted = notionals[index]
        while level < ticks.size:
            value = -lot_value * lots[level] if lot_value < 0.0 else lot_value * lots[level] * ticks[level]
            if taken + value > wanted:
                break
            taken += value
            base += value / ticks[level]
            level += 1
        filled, bought = taken, base
        if level < ticks.size:
            filled = wanted
            bought += (wanted - taken) / ticks[level]
        # Rounding must not make a larger order cheaper.
        worst = max(worst, 1e4 * abs(filled / bought / mid_ticks - 1.0))
        out[index, 0] = worst
        out[index, 1] = min(filled / wanted, 1.0)


def _pack_levels(slots: Rows, first: int, sign: int, ticks: Rows, lots: Rows) -> int:
    """The levels among slots beside each other, as many as there is room for; returns how many."""
    count = 0
    for slot in range(slots.size):
        if slots[slot] != 0:
            if count == ticks.size:
                return count
            ticks[count] = sign * (first + slot)
            lots[count] = slots[slot]
            count += 1
    return count


measure_book: Any = compiled(_measure_book)
find_walls: Any = compiled(_find_walls)
lots_between: Any = compiled(_lots_between)
walk_book: Any = compiled(_walk_book)
pack_levels: Any = compiled(_pack_levels)


def compile_book_kernels() -> None:
    """Call each once, so that later calls run at full speed; for a worker."""
    slots = np.array([3, 0, 2], dtype=np.int64)
    sides: list[Rows] = []
    for first, sign in ((-100, -1), (101, 1)):
        ticks, lots = np.empty(4, dtype=np.int64), np.empty(4, dtype=np.int64)
        count = pack_levels(slots, first, sign, ticks, lots)
        sides += [ticks[:count], lots[:count]]
    levels = (sides[0], sides[1], sides[2], sides[3])
    out = np.empty(MEASURES)
    measure_book(*levels, out)
    terms = (120.0, 3.5, 0.2, 1.0, 0.5)
    tables = np.zeros((2, BUCKET_COUNT)), np.zeros((2, BUCKET_COUNT))
    find_walls(levels, terms, int(out[BUCKETS]), *tables, np.empty((2 * BUCKET_COUNT, 4), dtype=np.int64))
    lots_between(levels[0], levels[1], 90, 100)
    walk_book(levels[2], levels[3], 1.0, 100.5, np.array([1.0]), np.empty((1, 2)))
