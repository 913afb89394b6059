"""The visible stretch of prices: automatic with headroom, or set by hand; linear or logarithmic."""

from __future__ import annotations

import math

from virtuoso_desktop.ui.charts.rowscale import to_units, to_value

ABOVE_RATIO = 0.30
"""Headroom above the highest candle, of the range: two lines of legend stand there."""
BELOW_RATIO = 0.06
_LEAST_SPAN_TICKS = 4.0
_LEAST_TICKS = 0.5
"""A logarithmic scale reaches no lower: no price is below one tick."""
_MOST_SPAN_FACTOR = 200.0
_MOST_DECADES = 12.0
"""Of a logarithmic scale by hand: more than any market has."""
_LEAST_OVERLAP = 0.1


class PriceRange:
    """``low`` and ``high`` at the lower and the upper edge of the pane, in ticks, or log10 of ticks if ``is_log``."""

    def __init__(self) -> None:
        self.low = 0.0
        self.high = 1.0
        self.is_auto = True
        self.is_log = False
        self.version = 0
        """Changes whenever the range changes."""
        self._fitted = (0.0, 1.0)
        self._fitted_ticks: tuple[float, float] | None = None

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def low_ticks(self) -> float:
        """The price at the lower edge."""
        return to_value(self.low, self.is_log)

    @property
    def high_ticks(self) -> float:
        """The price at the upper edge."""
        return to_value(self.high, self.is_log)

    def set_log(self, is_log: bool) -> None:
        """Another kind of scale, which begins automatic, about what was fitted last."""
        if is_log == self.is_log:
            return
        self.is_log = is_log
        self.set_auto()
        if self._fitted_ticks is None:
            self.low, self.high = 0.0, 1.0
        else:
            self.fit(*self._fitted_ticks)

    def fit(self, lowest: float, highest: float) -> bool:
        """What is visible reaches from ``lowest`` to ``highest`` ticks; True when the range changed.

        Without any candle (not finite) the range stays.
        """
        if not (math.isfinite(lowest) and math.isfinite(highest)):
            return False
        if highest - lowest < _LEAST_SPAN_TICKS:
            middle = (highest + lowest) / 2
            lowest, highest = middle - _LEAST_SPAN_TICKS / 2, middle + _LEAST_SPAN_TICKS / 2
        self._fitted_ticks = (lowest, highest)
        lowest, highest = self._units(lowest), self._units(highest)
        self._fitted = (lowest, highest)
        if not self.is_auto:
            return False
        span = highest - lowest
        return self._set(lowest - BELOW_RATIO * span, highest + ABOVE_RATIO * span)

    def _units(self, ticks: float) -> float:
        return to_units(max(ticks, _LEAST_TICKS), self.is_log) if self.is_log else ticks

    def scale(self, factor: float) -> None:
        """Stretch the range about its middle by hand (above 1: candles get smaller)."""
        lowest, highest = self._fitted
        middle = (self.low + self.high) / 2
        least = self._least_span(middle)
        most = max(highest - lowest, least) * _MOST_SPAN_FACTOR
        if self.is_log:
            most = min(most, _MOST_DECADES)
        span = min(max(self.span * factor, least), most)
        self._set_by_hand(middle - span / 2, span)

    def _least_span(self, middle: float) -> float:
        """Four ticks about the middle of the range."""
        if not self.is_log:
            return _LEAST_SPAN_TICKS
        ticks, half = to_value(middle, True), _LEAST_SPAN_TICKS / 2
        return self._units(ticks + half) - self._units(ticks - half)

    def shift(self, ratio: float) -> None:
        """Move the range up by a share of its span, by hand."""
        self._set_by_hand(self.low + ratio * self.span, self.span)

    def _set_by_hand(self, low: float, span: float) -> None:
        """Some of the visible candles stay in the pane."""
        lowest, highest = self._fitted
        low = max(min(low, highest - _LEAST_OVERLAP * span), lowest - (1 - _LEAST_OVERLAP) * span)
        self.is_auto = False
        self._set(low, low + span)

    def hold(self) -> None:
        """Stay where it is, whatever the candles do."""
        self.is_auto = False
        self.version += 1

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
