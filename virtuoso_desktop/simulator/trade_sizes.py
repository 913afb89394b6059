"""Lots of a minute's trades: they add up to the volume, and price x lots to the turnover, exactly."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from virtuoso_desktop.simulator.noise import Floats, Ints

_MOST_PASSES = 40
_LARGEST_GIFT = 0.9


def spread_lots(volume: int, weights: Floats) -> Ints:
    """At least one lot each, the rest in proportion to ``weights``; the sum is ``volume`` (>= number of trades)."""
    rest = volume - weights.size
    lots = 1 + (weights * (rest / weights.cumsum()[-1])).astype(np.int64)
    lots[int(np.argmax(weights))] += volume - int(lots.sum())
    return lots


def place_turnover(heights: Ints, lots: Ints, wished: int) -> bool:
    """Move lots between trades (in place) until height x lots adds up to ``wished``; True if it does.

    ``heights`` are prices above the minute's low. The last step needs two trades one tick apart; without them,
    or when no sizes give the wished sum, the sum stays as near as found.
    """
    least = int(heights.sum())
    most = least + int(heights.max()) * (int(lots.sum()) - lots.size)
    wished = min(max(wished, least), most)
    for _ in range(2):
        missing = wished - int((heights * lots).sum())
        if missing == 0:
            return True
        _tilt(heights, lots, missing)
    return _settle(heights, lots, wished - int((heights * lots).sum())) == 0


def _tilt(heights: Ints, lots: Ints, missing: int) -> None:
    """Take from trades on one side of the mean price and give to those on the other, each in proportion."""
    sign = 1 if missing > 0 else -1
    centre = float((heights * lots).sum() / lots.sum())
    side = (heights - centre) * sign
    spare = np.where(side < 0, lots - 1, 0)
    takers = np.where(side > 0, lots, 0)
    spare_sum, takers_sum = int(spare.sum()), int(takers.sum())
    if spare_sum == 0 or takers_sum == 0:
        return
    distance = abs(float((takers * heights).sum() / takers_sum - (spare * heights).sum() / spare_sum))
    moved = min(spare_sum * _LARGEST_GIFT, abs(missing) / distance)
    given = (spare * (moved / spare_sum)).astype(np.int64)
    total = int(given.sum())
    got = (takers * (total / takers_sum)).astype(np.int64)
    got[int(np.argmax(takers))] += total - int(got.sum())
    lots += got - given


def _settle(heights: Ints, lots: Ints, missing: int) -> int:
    """Move single lots until nothing is missing; what is still missing is returned."""
    sign = 1 if missing > 0 else -1
    for _ in range(_MOST_PASSES):
        order = np.argsort(heights * sign, kind="stable")
        levels, sizes = (heights * sign)[order].tolist(), lots[order].tolist()
        if missing == 0:
            return 0
        rest = _one_pass(levels, sizes, missing * sign)
        if rest == missing * sign:
            rest = _overshoot(levels, sizes, rest)
        if rest == missing * sign:
            return missing
        lots[order] = sizes
        missing = rest * sign
        sign = 1 if missing > 0 else -1
    return missing


def _one_pass(levels: list[int], sizes: list[int], missing: int) -> int:
    """Raise the sum by at most ``missing`` > 0, from each ascending level to the farthest that still fits."""
    for giver, level in enumerate(levels):
        while missing and sizes[giver] > 1:
            taker = bisect_right(levels, level + missing) - 1
            gap = levels[taker] - level
            if gap <= 0:
                break
            moved = min(sizes[giver] - 1, missing // gap)
            sizes[giver] -= moved
            sizes[taker] += moved
            missing -= moved * gap
    return missing


def _overshoot(levels: list[int], sizes: list[int], missing: int) -> int:
    """Move one lot over a gap larger than what is missing, so that the other direction can finish."""
    for giver, level in enumerate(levels):
        taker = bisect_right(levels, level)
        if sizes[giver] > 1 and taker < len(levels):
            sizes[giver] -= 1
            sizes[taker] += 1
            return missing - (levels[taker] - level)
    return missing
