"""The zones of support and resistance to draw: the levels that the analysis holds (B.3, P3), with their touches.

Price, strength, part and name are the analysis' own; extent (half an ATR on either side at most), touches and first
touch come from the swings near by.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.engine.views import CandleView, LevelView

if TYPE_CHECKING:
    from virtuoso_desktop.engine.study_kernels import NamedLevel, TableLevel, TablePivot, TableState

MOST_LEVELS = 5
GAP_ATR = 0.5
TOUCHES_APART = 3


def levels_of(state: TableState, candles: CandleView, atr: float) -> tuple[LevelView, ...]:
    """The nearest level on either side and the strongest others, as of the newest candle that the state has seen.

    Parameters
    ----------
    state : TableState
        After the candles before the last one.
    candles : CandleView
        The series that it has seen.
    atr : float
        ATR of the newest candle seen, ticks: swings closer than half of it belong together.
    """
    last = state.seen - 1
    if last < 1 or not math.isfinite(atr):
        return ()
    clusters = _clusters(state.pivots, GAP_ATR * atr)
    close = float(candles.close[last])
    found = [view for level in state.levels for view in _view(level, state.seen, clusters, candles)]
    found = [_narrowed(level, GAP_ATR * atr) for level in found]
    found += [_named(level, close, candles) for level in state.named if level.price != close]
    nearest = [min(side, key=lambda level: abs(level.price - close)) for side in _sides(found) if side]
    others = sorted((level for level in found if level not in nearest), key=lambda level: -level.strength)
    return tuple(sorted((*nearest, *others[: MOST_LEVELS - len(nearest)]), key=lambda level: -level.strength))


def _sides(found: list[LevelView]) -> tuple[list[LevelView], list[LevelView]]:
    """Supports and resistances."""
    return [level for level in found if level.is_support], [level for level in found if not level.is_support]


def _clusters(pivots: tuple[TablePivot, ...], gap: float) -> list[list[TablePivot]]:
    """Swings by price, joined while their gaps are small."""
    found: list[list[TablePivot]] = []
    for pivot in pivots:
        if found and pivot.price - found[-1][-1].price <= gap:
            found[-1].append(pivot)
        else:
            found.append([pivot])
    return found


def _view(level: TableLevel, count: int, clusters: list[list[TablePivot]], candles: CandleView) -> list[LevelView]:
    """The zone of a level; none while it plays no part."""
    is_support = level.price < float(candles.close[count - 1])
    if (level.supports_until if is_support else level.resists_until) < count or not clusters:
        return []
    members = min(clusters, key=lambda cluster: _distance(level.price, cluster))
    rows = sorted({pivot.number - 1 for pivot in members})
    touches = sum(1 for index, row in enumerate(rows) if not index or row - rows[index - 1] >= TOUCHES_APART)
    return [
        LevelView(
            is_support=is_support,
            price=level.price,
            low=min(level.price, members[0].price),
            high=max(level.price, members[-1].price),
            strength=level.strength,
            touches=touches,
            since_ms=int(candles.open_ms[max(rows[0], 0)]),
        )
    ]


def _narrowed(level: LevelView, reach: float) -> LevelView:
    """A chain of swings can be long: the zone to draw stays near the price that counts."""
    low, high = max(level.low, level.price - reach), min(level.high, level.price + reach)
    return msgspec.structs.replace(level, low=low, high=high)


def _distance(price: float, cluster: list[TablePivot]) -> float:
    return max(cluster[0].price - price, price - cluster[-1].price, 0.0)


def _named(level: NamedLevel, close: float, candles: CandleView) -> LevelView:
    """A single price, from the begin of its day or session on or from the first candle there is."""
    return LevelView(
        is_support=level.price < close,
        price=level.price,
        low=level.price,
        high=level.price,
        strength=level.strength,
        touches=0,
        since_ms=max(level.since_ms, int(candles.open_ms[0])),
        name=level.name,
    )
