"""How large aggressive orders usually are, and which one is large (analysis B.1, F4)."""

from __future__ import annotations

import math

import msgspec

BINS_AN_OCTAVE = 8
HALF_LIFE_ORDERS = 20_000
LARGE_SHARE = 0.005
"""Orders beyond the quantile 99.5 % are large."""
RENEW_ORDERS = 50
"""Orders between two looks at the quantile."""
_BINS = BINS_AN_OCTAVE * 54
_HEAVY = 2.0**40
_GROWTH = 2.0 ** (1 / HALF_LIFE_ORDERS)


class KeptSizes(msgspec.Struct, frozen=True):
    """`OrderSizes` as it is kept between runs."""

    weights: dict[int, float]
    """Share of the newest order's weight by bin."""
    count: int


class OrderSizes:
    """Decayed histogram of order sizes in lots, in bins of an eighth of an octave.

    Sizes are valued at one price, which then cancels out of every share: so the mirrored market is judged alike.
    """

    __slots__ = ("_newest", "_weights", "count", "is_recalled", "threshold_lots")

    def __init__(self) -> None:
        self._weights = [0.0] * _BINS
        self._newest = 1.0
        """Weight of the next order; grows instead of all others shrinking."""
        self.count = 0
        self.is_recalled = False
        """Whether an earlier run's sizes are in it."""
        self.threshold_lots = math.inf
        """Orders of this size or more are large: the upper edge of the bin that holds the quantile."""

    def add(self, lots: int) -> None:
        """Count an order; every `RENEW_ORDERS` the threshold is looked at anew."""
        self._weights[int(BINS_AN_OCTAVE * math.log2(lots))] += self._newest
        self._newest *= _GROWTH
        self.count += 1
        if not self.count % RENEW_ORDERS:
            self._renew()

    def keep(self) -> KeptSizes:
        newest = self._newest
        return KeptSizes({index: weight / newest for index, weight in enumerate(self._weights) if weight}, self.count)

    def recall(self, kept: KeptSizes) -> bool:
        """Take the sizes of an earlier run; False when they are not readable."""
        if not all(0 <= index < _BINS and 0.0 <= weight < _HEAVY for index, weight in kept.weights.items()):
            return False
        self._weights = [kept.weights.get(index, 0.0) for index in range(_BINS)]
        self._newest = 1.0
        self.count = max(kept.count, 0)
        self.is_recalled = True
        self._renew()
        return True

    def _renew(self) -> None:
        if self._newest > _HEAVY:
            self._weights = [weight / self._newest for weight in self._weights]
            self._newest = 1.0
        spared = LARGE_SHARE * sum(self._weights)
        for index in range(_BINS - 1, -1, -1):
            spared -= self._weights[index]
            if spared < 0.0:
                self.threshold_lots = 2.0 ** ((index + 1) / BINS_AN_OCTAVE)
                return
