"""Where moments and prices stand in the price pane, and what stands at a place. Logical pixels. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.ui.charts.drawing.figures import LATEST_MS, Point, in_bounds
from virtuoso_desktop.ui.charts.drawing.reach import Window
from virtuoso_desktop.ui.charts.slots import open_of, slot_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.timeview import TimeView


class Places(NamedTuple):
    """One view of one series.

    A moment stands in the middle of the candle that contains it, so what was put on a wick stays on it on every
    timeframe. The pane itself says which row a price has: its scale may be even or logarithmic.
    """

    time: TimeView
    timeframe: Timeframe
    middle: float
    """Device pixels from a candle's left edge to its middle."""
    ratio: float
    width: float
    """Of the plot, logical pixels like `height`."""
    height: float
    tick: float
    decimals: int
    row_of: Callable[[float], float]
    """Device row of a price in ticks."""
    ticks_at: Callable[[float], float]
    """Price in ticks at a device row."""

    def x(self, time_ms: float) -> float:
        """The middle of the candle that contains a moment."""
        return (self.time.column_of(slot_at(time_ms, self.timeframe)) + self.middle) / self.ratio

    def y(self, price: float) -> float:
        """The row of a price."""
        return self.row_of(price / self.tick) / self.ratio

    def xy(self, point: Point) -> tuple[float, float]:
        """A point's place."""
        return self.x(point.time_ms), self.y(point.price)

    def slot(self, x: float) -> int:
        """The candle at a place."""
        return self.time.slot_at(x * self.ratio)

    def open_ms(self, slot: int) -> int:
        """When a candle opens, held within what can be drawn."""
        last = slot_at(LATEST_MS, self.timeframe)
        return max(0, open_of(min(max(slot, 0), last), self.timeframe))

    def price(self, ticks: float) -> float:
        """The decimal price of a count of ticks, on the grid."""
        return round(round(ticks) * self.tick, self.decimals)

    def point(self, x: float, y: float) -> Point:
        """The moment and the price on the grid at a place."""
        return in_bounds(self.open_ms(self.slot(x)), self.price(self.ticks_at(y * self.ratio)), self.tick)

    def moved(self, point: Point, slots: int, ticks: int) -> Point:
        """A point so many candles later and so many ticks higher."""
        slot = slot_at(point.time_ms, self.timeframe)
        inside = point.time_ms - open_of(slot, self.timeframe)
        return in_bounds(self.open_ms(slot + slots) + inside, self.price(point.price / self.tick + ticks), self.tick)

    def slots_between(self, first: Point, last: Point) -> int:
        """Candles from one point to the other."""
        return slot_at(last.time_ms, self.timeframe) - slot_at(first.time_ms, self.timeframe)

    def window(self, left: float, top: float, right: float, bottom: float) -> Window:
        """A rectangle as time and price, a candle wider on either side."""
        first, last = self.open_ms(self.slot(left) - 1), self.open_ms(self.slot(right) + 2)
        low, high = self.ticks_at(bottom * self.ratio) * self.tick, self.ticks_at(top * self.ratio) * self.tick
        return Window(
            first,
            last,
            low,
            high,
            (last - first) / max(1.0, right - left),
            (high - low) / max(1.0, bottom - top),
        )

    @property
    def whole(self) -> Window:
        """Everything in view."""
        return self.window(0, 0, self.width, self.height)
