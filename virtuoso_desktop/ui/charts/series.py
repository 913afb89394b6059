"""Candles and volume bars as shape arrays in device pixels.

What stands still is computed once per slice and scale; the newest column is kept apart and costs a few numbers
a tick. All edges lie on whole device pixels.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from virtuoso_desktop.ui.charts.arrays import RectArray
from virtuoso_desktop.ui.tokens import FORMING_RATIO, VOLUME_RATIO

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.model import ChartModel
    from virtuoso_desktop.ui.charts.reduction import Bars
    from virtuoso_desktop.ui.charts.rowscale import Scale
    from virtuoso_desktop.ui.charts.timeview import Zoom
    from virtuoso_desktop.ui.theme import Theme

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

BODY_SHARE = 0.72
THIN_LINE_WIDTH = 1.0
"""Where candles are as thin as lines; Qt draws such lines twice as fast."""
THIN_SPACING = 3


class Metrics(NamedTuple):
    """Widths of one zoom in device pixels, offsets from a column's left edge."""

    body: int
    body_left: int
    wick: int
    wick_left: int
    middle: float


@lru_cache(maxsize=128)
def metrics_of(zoom: Zoom, ratio: float) -> Metrics:
    """Body: the odd width nearest 0.72 of the spacing, below it; even where a wick is even."""
    if zoom.spacing <= 2:
        return Metrics(1, 0, 1, 0, 0.5)
    wick = min(max(1, int(ratio)), zoom.spacing - 1)
    wanted = BODY_SHARE * zoom.spacing
    body = min(range(wick, zoom.spacing, 2), key=lambda width: abs(width - wanted))
    body_left = (zoom.spacing - body) // 2
    return Metrics(body, body_left, wick, body_left + (body - wick) // 2, body_left + body / 2)


def columns_of(model: ChartModel) -> Floats:
    """Left edges of the bars in view, device pixels from the plot's left edge."""
    zoom = model.time.zoom
    return model.bars.key * zoom.spacing - model.time.left


def body_rows(high: float, low: float, scale: Scale) -> tuple[int, int]:
    """Top and height in device pixels of the prices [low, high]; at least one pixel."""
    top = round(scale.row(high))
    return top, max(1, round(scale.row(low)) - top)


class CandleShapes:
    """Candles of the slice but for the newest, as rectangles by direction."""

    def __init__(self) -> None:
        self._up = RectArray()
        self._down = RectArray()

    def rebuild(self, model: ChartModel, scale: Scale) -> None:
        """Compute every rectangle."""
        widths = metrics_of(model.time.zoom, scale.ratio)
        count = model.bars.count - model.shows_newest
        bars = model.drawn
        left = columns_of(model)[:count]
        is_up = bars.close[:count] >= bars.open[:count]
        rows = candle_rows(bars, count, scale)
        for shapes, chosen in _by_direction(self._up, self._down, is_up):
            high, low, top, bottom = rows[:, chosen]
            x, bars_here = left[chosen], len(chosen)
            cells = shapes.resize(2 * bars_here if widths.body > 1 else bars_here)
            wicks = cells[:bars_here]
            wicks[:, 0] = x + widths.wick_left
            wicks[:, 1] = high
            wicks[:, 2] = widths.wick
            np.maximum(low - high, 1.0, out=wicks[:, 3])
            if widths.body > 1:
                bodies = cells[bars_here:]
                bodies[:, 0] = x + widths.body_left
                bodies[:, 1] = top
                bodies[:, 2] = widths.body
                np.maximum(bottom - top, 1.0, out=bodies[:, 3])

    def draw(self, painter: QPainter, theme: Theme, *, is_muted: bool) -> None:
        up, down = (candle_color(theme, is_up=is_up, is_muted=is_muted) for is_up in (True, False))
        draw_both(painter, self._up, self._down, up, down)

    def draw_newest(self, painter: QPainter, model: ChartModel, scale: Scale, theme: Theme, *, is_muted: bool) -> None:
        """The candle of this moment, from what the model read last."""
        is_up = bool(model.drawn.close[-1] >= model.drawn.open[-1])
        draw_newest_candle(painter, model, scale, candle_color(theme, is_up=is_up, is_muted=is_muted))


def candle_rows(bars: Bars, count: int, scale: Scale) -> Floats:
    """Whole rows of high, low, upper and lower end of the body of the first bars, shape (4, count)."""
    prices = np.array((bars.high, bars.low, np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)))
    rows = scale.rows(prices[:, :count])
    return np.rint(rows, out=rows)


def _by_direction(
    up: RectArray, down: RectArray, is_up: NDArray[np.bool_]
) -> tuple[tuple[RectArray, Indices], tuple[RectArray, Indices]]:
    """The shapes of each direction with its bars."""
    return (up, is_up.nonzero()[0]), (down, (~is_up).nonzero()[0])


def draw_both(painter: QPainter, up: RectArray, down: RectArray, up_color: QColor, down_color: QColor) -> None:
    """Fill rising and falling rectangles."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(up_color)
    up.draw(painter)
    painter.setBrush(down_color)
    down.draw(painter)


def draw_newest_candle(painter: QPainter, model: ChartModel, scale: Scale, color: QColor) -> None:
    """The newest candle: outlined with a faint body while it forms, like the others once closed."""
    widths = metrics_of(model.time.zoom, scale.ratio)
    bars = model.drawn
    opened, closed = float(bars.open[-1]), float(bars.close[-1])
    left = float(bars.key[-1]) * model.time.zoom.spacing - model.time.left
    top, size = body_rows(max(opened, closed), min(opened, closed), scale)
    wick_top, wick_size = body_rows(float(bars.high[-1]), float(bars.low[-1]), scale)
    wick_left = left + widths.wick_left
    line = widths.wick
    if widths.body == 1 or not model.is_forming:
        painter.fillRect(QRectF(wick_left, wick_top, line, wick_size), color)
        if widths.body > 1:
            painter.fillRect(QRectF(left + widths.body_left, top, widths.body, size), color)
        return
    painter.fillRect(QRectF(wick_left, wick_top, line, max(0, top - wick_top)), color)
    bottom = top + size
    painter.fillRect(QRectF(wick_left, bottom, line, max(0, wick_top + wick_size - bottom)), color)
    body_left = left + widths.body_left
    if size <= 2 * line:
        painter.fillRect(QRectF(body_left, top, widths.body, size), color)
        return
    faint = QColor(color)
    faint.setAlphaF(FORMING_RATIO)
    inner = size - 2 * line
    painter.fillRect(QRectF(body_left + line, top + line, widths.body - 2 * line, inner), faint)
    painter.fillRect(QRectF(body_left, top, widths.body, line), color)
    painter.fillRect(QRectF(body_left, bottom - line, widths.body, line), color)
    painter.fillRect(QRectF(body_left, top + line, line, inner), color)
    painter.fillRect(QRectF(body_left + widths.body - line, top + line, line, inner), color)


class VolumeShapes:
    """Volume bars of the slice but for the newest."""

    def __init__(self) -> None:
        self._up = RectArray()
        self._down = RectArray()

    def rebuild(self, model: ChartModel, height: int, ratio: float) -> None:
        """Compute every bar for a pane ``height`` device pixels high."""
        widths = metrics_of(model.time.zoom, ratio)
        count = model.bars.count - model.shows_newest
        bars = model.bars
        volume = bars.volume[:count]
        size = np.rint(volume * (height / model.volume_high))
        np.maximum(size, volume > 0, out=size)
        is_up = bars.close[:count] >= bars.open[:count]
        left = columns_of(model)[:count] + widths.body_left
        for shapes, chosen in _by_direction(self._up, self._down, is_up):
            tall = size[chosen]
            cells = shapes.resize(len(chosen))
            cells[:, 0] = left[chosen]
            cells[:, 1] = height - tall
            cells[:, 2] = widths.body
            cells[:, 3] = tall

    def draw(self, painter: QPainter, up: QColor, down: QColor) -> None:
        draw_both(painter, self._up, self._down, up, down)


def draw_newest_volume(painter: QPainter, model: ChartModel, height: int, ratio: float, color: QColor) -> None:
    """The volume bar of the newest candle."""
    widths = metrics_of(model.time.zoom, ratio)
    volume = float(model.bars.volume[-1])
    if volume <= 0:
        return
    size = min(max(1, round(volume * height / model.volume_high)), height)
    left = float(model.bars.key[-1]) * model.time.zoom.spacing - model.time.left + widths.body_left
    painter.fillRect(QRectF(left, height - size, widths.body, size), color)


def volume_color(theme: Theme, *, is_up: bool, is_muted: bool) -> QColor:
    """Fill of a volume bar."""
    if is_muted:
        return theme.color("muted" if is_up else "disabled", VOLUME_RATIO)
    return theme.color("up" if is_up else "down", VOLUME_RATIO)


def candle_color(theme: Theme, *, is_up: bool, is_muted: bool) -> QColor:
    """Fill of a candle; muted while it is only what was seen last."""
    if is_muted:
        return theme.color("muted" if is_up else "disabled")
    return theme.color("up" if is_up else "down")
