"""What a measured stretch holds: price, per cent, candles, time, volume; and a drawing in words. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.drawing.figures import Kind
from virtuoso_desktop.ui.charts.slots import open_of, slot_at

if TYPE_CHECKING:
    import datetime as dt

    from virtuoso_desktop.engine.views import CandleView
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Point


class Measured(NamedTuple):
    """``volume`` in base coin, None while no candle of the stretch is loaded; ``is_whole`` once all of them are."""

    change: float
    change_pct: float
    slots: int
    span_ms: int
    volume: float | None
    is_whole: bool

    def words(self, decimals: int) -> tuple[str, ...]:
        """Three lines of a plate."""
        bars = f"{abs(self.slots)} {'bar' if abs(self.slots) == 1 else 'bars'}"
        back = "\u2212" if self.slots < 0 else ""
        span = text.countdown(self.span_ms) if self.span_ms >= 1000 else "0m"
        volume = text.compact(self.volume)
        told = f"Vol {volume}" if self.is_whole else f"Vol {volume} (loaded candles only)"
        return (
            f"{text.signed(self.change, decimals)}  ({text.percent(self.change_pct)})",
            f"{back}{bars}, {back}{span}",
            "Vol \u2014" if self.volume is None else told,
        )


def measured(points: tuple[Point, ...], timeframe: Timeframe, candles: CandleView) -> Measured:
    """Between a measure's two points: both candles count to the volume, the bars are steps from one to the other."""
    first, last = points
    begin_slot, end_slot = (slot_at(point.time_ms, timeframe) for point in points)
    slots = end_slot - begin_slot
    span_ms = abs(open_of(end_slot, timeframe) - open_of(begin_slot, timeframe))
    begin_ms, end_ms = sorted((first.time_ms, last.time_ms))
    begin_ms = open_of(slot_at(begin_ms, timeframe), timeframe)
    begin = int(np.searchsorted(candles.open_ms, begin_ms))
    end = int(np.searchsorted(candles.open_ms, end_ms, side="right"))
    volume = float(candles.volume[begin:end].sum()) if end > begin else None
    is_whole = candles.is_complete_left or (len(candles) > 0 and begin_ms >= candles.open_ms[0])
    change = last.price - first.price
    return Measured(change, 100 * change / first.price, slots, span_ms, volume, is_whole)


def spoken(drawing: Drawing, decimals: int, zone: dt.tzinfo | None) -> str:
    """A drawing in words: what it is, where its points stand, what is special about it."""
    words = drawing.title
    if drawing.text:
        words += f" \u201c{drawing.text}\u201d"
    if drawing.kind is Kind.LEVEL:
        words += f" at {text.price(drawing.points[0].price, decimals)}"
    else:
        moments = (
            f"{text.price(point.price, decimals)} on {text.bar_moment(point.time_ms, zone, is_whole_day=False)}"
            for point in drawing.points
        )
        words += " from " if len(drawing.points) > 1 else " at "
        words += " to ".join(moments)
    return words + (", locked" if drawing.is_locked else "")
