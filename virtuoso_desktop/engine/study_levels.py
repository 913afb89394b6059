"""The zones of support and resistance to draw, by the rules of the analysis (B.3, P3), with their touches.

The analysis keeps the nearest two prices only. Here the same swings are joined to the same levels, from the columns
that it computed, with what a picture needs: extent, touches, first touch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from virtuoso_desktop.engine.views import CandleView, LevelView
from virtuoso_desktop.model.timeframe import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_LEVELS = 5
MOST_PIVOTS = 48
PIVOT_LIFE = 300
HALF_LIFE = 100.0
GAP_ATR = 0.5
BROKEN_ATR = 0.25
FLIP_LIFE = 50
TOUCHES_APART = 3
LEAST_TOUCHES = 2
SWING_DELAY = 2
DAY_STRENGTH = 1.0 - math.exp(-0.5)
_SEARCHED_ROWS = 2_000


class _Pivot(NamedTuple):
    """One swing. ``row`` of its candle, ``broken_at`` the row whose close broke it."""

    price: float
    row: int
    is_high: bool
    weight: float
    broken_at: int | None


def levels_of(columns: Mapping[str, Floats], candles: CandleView) -> tuple[LevelView, ...]:
    """The strongest levels as of the newest closed candle.

    Parameters
    ----------
    columns : mapping
        ``table.swing_high``, ``table.swing_low``, ``table.atr``, ``table.rvol``, aligned with ``candles``.
    candles : CandleView
        The last one may still form: it is not looked at.
    """
    last = len(candles) - 1 - candles.last_is_forming
    if last < 1 or not math.isfinite(columns["table.atr"][last]):
        return ()
    pivots = [_judged(pivot, columns, candles, last) for pivot in _pivots(columns, last)]
    made_at = max((max(pivot.row + SWING_DELAY, pivot.broken_at or 0) for pivot in pivots), default=last)
    atr = float(columns["table.atr"][made_at])
    living = sorted((pivot for pivot in pivots if made_at - pivot.row <= PIVOT_LIFE), key=lambda pivot: pivot.price)
    found = [level for cluster in _clusters(living, atr) for level in _level(cluster, candles, made_at, last)]
    found += _day_levels(candles, last)
    found.sort(key=lambda level: -level.strength)
    return tuple(found[:MOST_LEVELS])


def _pivots(columns: Mapping[str, Floats], last: int) -> list[_Pivot]:
    """The newest swings, each in the place of the one of its kind that it replaced."""
    first = max(0, last + 1 - _SEARCHED_ROWS)
    highs, lows = columns["table.swing_high"], columns["table.swing_low"]
    part = slice(first, last + 1)
    rows = (np.flatnonzero(np.isfinite(highs[part]) | np.isfinite(lows[part])) + first).tolist()
    found: list[_Pivot] = []
    for row in rows:
        events = [(True, highs[row]), (False, lows[row])]
        if found and not found[-1].is_high:
            events.reverse()
        for is_high, price in events:
            if math.isfinite(price):
                rvol = columns["table.rvol"][row - SWING_DELAY]
                weight = 1.0 + math.log(max(rvol, 1.0)) if math.isfinite(rvol) else 1.0
                if found and found[-1].is_high == is_high:
                    found.pop()
                found.append(_Pivot(float(price), row - SWING_DELAY, is_high, weight, None))
    return found[-MOST_PIVOTS:]


def _judged(pivot: _Pivot, columns: Mapping[str, Floats], candles: CandleView, last: int) -> _Pivot:
    """With the close that broke it."""
    part = slice(pivot.row + SWING_DELAY, last + 1)
    side = 1.0 if pivot.is_high else -1.0
    beyond = side * (candles.close[part] - pivot.price) > BROKEN_ATR * columns["table.atr"][part]
    first = int(np.argmax(beyond)) if len(beyond) else 0
    return pivot._replace(broken_at=part.start + first) if len(beyond) and beyond[first] else pivot


def _clusters(pivots: list[_Pivot], atr: float) -> list[list[_Pivot]]:
    """Swings by price, joined while their gaps are small."""
    found: list[list[_Pivot]] = []
    for pivot in pivots:
        if found and pivot.price - found[-1][-1].price <= GAP_ATR * atr:
            found[-1].append(pivot)
        else:
            found.append([pivot])
    return found


def _level(cluster: list[_Pivot], candles: CandleView, made_at: int, last: int) -> list[LevelView]:
    """The level of a cluster; none when it has one touch only, or no part to play."""
    touches = _touches(cluster)
    if touches < LEAST_TOUCHES:
        return []
    weights = [pivot.weight * 2.0 ** (-(made_at - pivot.row) / HALF_LIFE) for pivot in cluster]
    total = sum(weights)
    price = sum(weight * pivot.price for weight, pivot in zip(weights, cluster, strict=True)) / total
    is_support = price < float(candles.close[last])
    if not any(_plays(pivot, is_support, last) for pivot in cluster):
        return []
    return [
        LevelView(
            is_support=is_support,
            price=price,
            low=cluster[0].price,
            high=cluster[-1].price,
            strength=1.0 - math.exp(-total / 2.0),
            touches=touches,
            since_ms=int(candles.open_ms[min(pivot.row for pivot in cluster)]),
        )
    ]


def _plays(pivot: _Pivot, is_support: bool, last: int) -> bool:
    """A low supports and a high resists; broken, it plays the other part for a while."""
    if pivot.broken_at is None:
        return pivot.is_high != is_support
    return pivot.is_high == is_support and last - pivot.broken_at <= FLIP_LIFE


def _touches(cluster: list[_Pivot]) -> int:
    """Swings of a cluster without another one less than three candles before."""
    rows = sorted({pivot.row for pivot in cluster})
    return sum(1 for index, row in enumerate(rows) if not index or row - rows[index - 1] >= TOUCHES_APART)


def _day_levels(candles: CandleView, last: int) -> list[LevelView]:
    """High and low of the UTC day before, when it is there from its beginning."""
    day_ms = candles.open_ms[last] // DAY_MS * DAY_MS
    first, end = np.searchsorted(candles.open_ms, [day_ms - DAY_MS, day_ms]).tolist()
    if first >= end or candles.open_ms[first] != day_ms - DAY_MS or end - first < 2:
        return []
    close = float(candles.close[last])
    found: list[LevelView] = []
    for prices, extreme in ((candles.high, np.argmax), (candles.low, np.argmin)):
        row = first + int(extreme(prices[first:end]))
        price = float(prices[row])
        if price != close:
            found.append(LevelView(price < close, price, price, price, DAY_STRENGTH, 0, int(candles.open_ms[row])))
    return found
