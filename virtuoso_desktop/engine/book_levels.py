"""What a list of order book levels says: groups for a ladder, a curve, imbalance in bands, slippage. Pure functions.

Levels are (price in ticks, size in lots), best first, as `OrderBook.top` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.engine.desk_views import BandView, LadderLevel, SlippageSide
from virtuoso_desktop.model.instrument import Instrument, MarketKind

Levels = Sequence[tuple[int, int]]
BPS = 10_000.0
MOST_BAND_BPS = 50.0
BAND_SHARES = (0.1, 0.25, 0.5, 1.0)
"""Of 50 bps, or of the book's reach where that is shorter."""
CURVE_STEPS = 160


def grouped(levels: Levels, group_ticks: int, rows: int, instrument: Instrument, *, is_bid: bool) -> list[LadderLevel]:
    """The best ``rows`` groups: bids are gathered at the lower, asks at the upper edge of their group.

    The last group of a book may miss levels that the venue did not send; it is left out when there is another one.
    """
    sums: dict[int, int] = {}
    for ticks, lots in levels:
        edge = ticks // group_ticks if is_bid else -(-ticks // group_ticks)
        if len(sums) == rows + 1 and edge not in sums:
            break
        sums[edge] = sums.get(edge, 0) + lots
    found = list(sums.items())
    if group_ticks > 1 and 1 < len(found) <= rows:
        found.pop()
    total = 0
    ladder: list[LadderLevel] = []
    for edge, lots in found[:rows]:
        total += lots
        price = instrument.to_price(edge * group_ticks)
        ladder.append(LadderLevel(price, instrument.to_size(lots), instrument.to_size(total)))
    return ladder


class DepthSide:
    """One side as arrays: distance from the middle in bps and cumulative base or quote sizes."""

    def __init__(self, levels: Levels, mid_ticks: float, instrument: Instrument) -> None:
        pairs = np.array(levels, dtype=np.float64).reshape(-1, 2)
        self.prices: NDArray[np.float64] = pairs[:, 0] * float(instrument.tick_size)
        self.sizes: NDArray[np.float64] = pairs[:, 1] * float(instrument.lot_step)
        self.distance_bps = np.abs(pairs[:, 0] - mid_ticks) / mid_ticks * BPS  # exact on the grid, so that sides mirror
        self.total = np.cumsum(self.sizes)

    @property
    def reach_bps(self) -> float:
        """Distance of the last level."""
        return float(self.distance_bps[-1])

    def within(self, bps: float) -> float:
        """Size of all levels up to a distance."""
        place = int(np.searchsorted(self.distance_bps, bps, side="right"))
        return float(self.total[place - 1]) if place else 0.0

    def curve(self, span_bps: float, steps: int = CURVE_STEPS) -> tuple[float, ...]:
        """Cumulative sizes at ``steps`` equal distances, the last at ``span_bps``."""
        wanted = np.linspace(span_bps / steps, span_bps, steps)
        places = np.searchsorted(self.distance_bps, wanted * (1 + 1e-12), side="right")
        return tuple(np.concatenate(([0.0], self.total))[places].tolist())

    def slippage(self, notional: float, mid: float, kind: MarketKind) -> SlippageSide:
        """What an order of this quote value pays beyond the middle, walking the levels."""
        is_inverse = kind is MarketKind.INVERSE
        quote = self.sizes if is_inverse else self.sizes * self.prices
        reached = np.cumsum(quote)
        taken = np.minimum(quote, np.maximum(0.0, notional - (reached - quote)))
        filled = float(taken.sum())
        if filled <= 0.0:
            return SlippageSide(None, 0.0)
        coins = float((taken / self.prices).sum())
        ratio = 1.0 if float(reached[-1]) >= notional else filled / notional
        return SlippageSide(abs(filled / coins / mid - 1.0) * BPS, ratio)


def bands(bids: DepthSide, asks: DepthSide) -> tuple[BandView, ...]:
    """Imbalance within four distances. Both sides are cut at the shorter reach: else the longer one seems heavier."""
    widest = min(MOST_BAND_BPS, bids.reach_bps, asks.reach_bps)
    found: list[BandView] = []
    for share in BAND_SHARES:
        reach = share * widest
        bid, ask = bids.within(reach), asks.within(reach)
        found.append(BandView(reach, (bid - ask) / (bid + ask) if bid + ask else None))
    return tuple(found)
