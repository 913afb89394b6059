"""The magnet: the open, high, low or close of the nearest candle, if one is near enough. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from virtuoso_desktop.ui.charts.drawing.figures import in_bounds

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.drawing.figures import Point
    from virtuoso_desktop.ui.charts.drawing.places import Places
    from virtuoso_desktop.ui.charts.reduction import Bars

REACH_PX = 8.0


def snapped(places: Places, bars: Bars, x: float, y: float) -> Point | None:
    """The nearest of the four prices within 8 px of a place; None when there is none.

    A candle that is wider than that attracts over its whole width.
    """
    zoom = places.time.zoom
    across_px = max(REACH_PX, zoom.spacing / places.ratio / 2)
    first, last = (places.slot(x + way) // zoom.per_column for way in (-across_px, across_px))
    begin, end = np.searchsorted(bars.key, first), np.searchsorted(bars.key, last, side="right")
    best, found = REACH_PX**2, None
    # A handful of candles: those of 16 px.
    for index in range(int(begin), int(end)):
        slot = int(bars.key[index]) * zoom.per_column
        away = abs((places.time.column_of(slot) + places.middle) / places.ratio - x)
        away = max(0.0, away - zoom.spacing / places.ratio / 2)
        for column in (bars.open, bars.high, bars.low, bars.close):
            ticks = float(column[index])
            distance = away**2 + (places.row_of(ticks) / places.ratio - y) ** 2
            if distance <= best:
                best, found = distance, (slot, ticks)
    if found is None:
        return None
    return in_bounds(places.open_ms(found[0]), places.price(found[1]), places.tick)
