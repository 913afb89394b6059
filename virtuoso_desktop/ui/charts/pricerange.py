"""The visible stretch of prices: automatic with headroom, or set by hand."""

from __future__ import annotations

import math

ABOVE_RATIO = 0.30
"""Headroom above the highest candle, of the range: two lines of legend stand there."""
BELOW_RATIO = 0.06
_LEAST_SPAN_TICKS = 4.0
_MOST_SPAN_FACTOR = 200.0
_LEAST_OVERLAP = 0.1


class PriceRange:
    """``low`` and ``high`` in ticks at the lower and the upper edge of the pane."""

    def __init__(self) -> None:
        self.low = 0.0
        self.high = 1.0
        self.is_auto = True
        self.version = 0
        """Changes whenever the range changes."""
        self._fitted = (0.0, 1.0)

    @property
    def span(self) -> float:
        return self.high - self.low

    def fit(self, lowest: float, highest: float) -> bool:
        """What is visible reaches from ``lowest`` to ``highest`` ticks; True when the range changed.

        Without any candle (not finite) the range stays.
        """
        if not (math.isfinite(lowest) and math.isfinite(highest)):
            return False
        if highest - lowest < _LEAST_SPAN_TICKS:
            middle = (highest + lowest) / 2
            lowest, highest = middle - _LEAST_SPAN_TICKS / 2, middle + _LEAST_SPAN_TICKS / 2
        self._fitted = (lowest, highest)
        if not self.is_auto:
            return False
        span = highest - lowest
        return self._set(lowest - BELOW_RATIO * span, highest + ABOVE_RATIO * span)

    def scale(self, factor: float) -> None:
        """Stretch the range about its middle by hand (above 1: candles get smaller)."""
        lowest, highest = self._fitted
        most = max(highest - lowest, _LEAST_SPAN_TICKS) * _MOST_SPAN_FACTOR
        span = min(max(self.span * factor, _LEAST_SPAN_TICKS), most)
        middle = (self.low + self.high) / 2
        self._set_by_hand(middle - span / 2, span)

    def shift(self, ratio: float) -> None:
        """Move the range up by a share of its span, by hand."""
        self._set_by_hand(self.low + ratio * self.span, self.span)

    def _set_by_hand(self, low: float, span: float) -> None:
        """Some of the visible candles stay in the pane."""
        lowest, highest = self._fitted
        low = max(min(low, highest - _LEAST_OVERLAP * span), lowest - (1 - _LEAST_OVERLAP) * span)
        self.is_auto = False
        self._set(low, low + span)

    def set_auto(self) -> None:
        """Follow the visible candles again; takes effect with the next `fit`."""
        self.is_auto = True
        self.version += 1

    def _set(self, low: float, high: float) -> bool:
        if (low, high) == (self.low, self.high):
            return False
        self.low, self.high = low, high
        self.version += 1
        return True
