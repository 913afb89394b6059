"""Shapes of hollow candles and of the line of closes, and which shapes a candle type takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen

from virtuoso_desktop.ui.charts.across import across_of
from virtuoso_desktop.ui.charts.arrays import LineArray, RectArray
from virtuoso_desktop.ui.charts.candletypes import CandleType
from virtuoso_desktop.ui.charts.rowscale import FAR
from virtuoso_desktop.ui.charts.series import (
    THIN_LINE_WIDTH,
    THIN_SPACING,
    CandleShapes,
    candle_color,
    candle_rows,
    columns_of,
    draw_both,
    draw_newest_candle,
    metrics_of,
)

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.model import ChartModel
    from virtuoso_desktop.ui.charts.rowscale import Scale
    from virtuoso_desktop.ui.charts.series import Metrics
    from virtuoso_desktop.ui.theme import Theme

Floats = NDArray[np.float64]

CLOSE_WIDTH = 1.5
CLOSE_INK = "info"
DOT_PX = 3.0
"""Radius of the dot at the newest close."""
DOT_REACH_PX = 6
"""What has to be painted beside its column when it moves."""


class Shapes(Protocol):
    """Paints what the model draws of a series: all but the newest, and the newest apart."""

    def rebuild(self, model: ChartModel, scale: Scale) -> None:
        """Compute everything but the newest."""
        ...

    def draw(self, painter: QPainter, theme: Theme, *, is_muted: bool) -> None:
        """Draw it; device pixels."""
        ...

    def draw_newest(self, painter: QPainter, model: ChartModel, scale: Scale, theme: Theme, *, is_muted: bool) -> None:
        """Draw what belongs to the newest candle."""
        ...


def shapes_of(kind: CandleType) -> Shapes:
    """The shapes of a candle type."""
    if kind is CandleType.HOLLOW:
        return HollowShapes()
    return CloseShapes() if kind is CandleType.LINE else CandleShapes()


class HollowShapes:
    """Coloured by the close against the one before, filled where it lies below its own open."""

    def __init__(self) -> None:
        self._up = RectArray()
        self._down = RectArray()

    def rebuild(self, model: ChartModel, scale: Scale) -> None:
        """Filled candles are two rectangles, hollow ones six: their edges, and the wick above and below."""
        widths = metrics_of(model.time.zoom, scale.ratio)
        bars = model.drawn
        count = bars.count - model.shows_newest
        left = columns_of(model)[:count]
        rows = candle_rows(bars, count, scale)
        is_up = _rises(bars.close, bars.open)[:count]
        is_hollow = (bars.close > bars.open)[:count]
        if widths.body <= 2 * widths.wick:
            is_hollow = np.zeros(count, dtype=bool)
        for shapes, wanted in ((self._up, is_up), (self._down, ~is_up)):
            filled, hollow = np.flatnonzero(wanted & ~is_hollow), np.flatnonzero(wanted & is_hollow)
            parts = (*_filled(left[filled], rows[:, filled], widths), *_outlined(left[hollow], rows[:, hollow], widths))
            cells = np.concatenate(parts)
            shapes.resize(len(cells))[:] = cells

    def draw(self, painter: QPainter, theme: Theme, *, is_muted: bool) -> None:
        up, down = (candle_color(theme, is_up=is_up, is_muted=is_muted) for is_up in (True, False))
        draw_both(painter, self._up, self._down, up, down)

    def draw_newest(self, painter: QPainter, model: ChartModel, scale: Scale, theme: Theme, *, is_muted: bool) -> None:
        """Half filled while it forms, which no closed candle is."""
        bars = model.drawn
        is_up = bool(_rises(bars.close[-2:], bars.open[-2:])[-1])
        color = candle_color(theme, is_up=is_up, is_muted=is_muted)
        widths = metrics_of(model.time.zoom, scale.ratio)
        is_hollow = bool(bars.close[-1] > bars.open[-1]) and widths.body > 2 * widths.wick
        if model.is_forming or not is_hollow:
            draw_newest_candle(painter, model, scale, color)
            return
        last = np.array(((bars.high[-1],), (bars.low[-1],), (bars.close[-1],), (bars.open[-1],)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        edges = RectArray()
        cells = np.concatenate(_outlined(columns_of(model)[-1:], np.rint(scale.rows(last)), widths))
        edges.resize(len(cells))[:] = cells
        edges.draw(painter)


def _rises(close: Floats, opens: Floats) -> NDArray[np.bool_]:
    """Whether each close is at least the one before; of the first, its own open."""
    return close >= np.concatenate((opens[:1], close[:-1]))


def _rects(x: Floats, top: Floats, width: float, height: Floats) -> Floats:
    return np.column_stack((x, top, np.full(len(x), float(width)), height))


def _filled(left: Floats, rows: Floats, widths: Metrics) -> tuple[Floats, ...]:
    high, low, top, bottom = rows
    wicks = _rects(left + widths.wick_left, high, widths.wick, np.maximum(low - high, 1.0))
    if widths.body == 1:
        return (wicks,)
    return wicks, _rects(left + widths.body_left, top, widths.body, np.maximum(bottom - top, 1.0))


def _outlined(left: Floats, rows: Floats, widths: Metrics) -> tuple[Floats, ...]:
    """Upper and lower wick, and the four edges of the body."""
    high, low, top, bottom = rows
    line = float(widths.wick)
    bottom = np.maximum(bottom, top + line)
    body, wick = left + widths.body_left, left + widths.wick_left
    sides = np.maximum(bottom - top - 2 * line, 0.0)
    return (
        _rects(wick, high, line, np.maximum(top - high, 0.0)),
        _rects(wick, bottom, line, np.maximum(low - bottom, 0.0)),
        _rects(body, top, widths.body, np.full(len(left), line)),
        _rects(body, bottom - line, widths.body, np.full(len(left), line)),
        _rects(body, top + line, line, sides),
        _rects(body + widths.body - line, top + line, line, sides),
    )


class CloseShapes:
    """The line of closes; where a pixel holds several candles, from the lowest to the highest close of each."""

    def __init__(self) -> None:
        self._segments = LineArray()
        self._columns = RectArray()
        self._width = 1.0

    def rebuild(self, model: ChartModel, scale: Scale) -> None:
        """Segments between neighbours; none over a gap."""
        self._segments.clear()
        self._columns.clear()
        is_thin = model.time.zoom.spacing < THIN_SPACING
        self._width = (THIN_LINE_WIDTH if is_thin else CLOSE_WIDTH) * scale.ratio
        across = across_of(model, scale.ratio)
        count = len(across.x)
        bars = model.drawn
        if model.time.zoom.per_column > 1:
            self._rebuild_columns(model, scale, count)
            return
        starts = np.flatnonzero(across.touching)
        y = scale.rows(bars.close[:count])
        cells = self._segments.resize(len(starts))
        cells[:, 0], cells[:, 1] = across.x[starts], y[starts]
        cells[:, 2], cells[:, 3] = across.x[starts + 1], y[starts + 1]

    def _rebuild_columns(self, model: ChartModel, scale: Scale, count: int) -> None:
        """A column joins the last close of the one before."""
        if not count:
            return
        bars = model.drawn
        high, low = bars.high[:count].copy(), bars.low[:count].copy()
        joins = np.flatnonzero(bars.key[1:count] - bars.key[: count - 1] == 1.0)
        high[joins + 1] = np.maximum(high[joins + 1], bars.close[joins])
        low[joins + 1] = np.minimum(low[joins + 1], bars.close[joins])
        top, bottom = np.rint(scale.rows(np.array((high, low))))
        cells = self._columns.resize(count)
        cells[:] = _rects(columns_of(model)[:count], top, 1.0, np.maximum(bottom - top, 1.0))

    def draw(self, painter: QPainter, theme: Theme, *, is_muted: bool) -> None:
        color = theme.color("muted" if is_muted else CLOSE_INK)
        if self._columns.count:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            self._columns.draw(painter)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_pen(theme, is_muted, self._width))
        self._segments.draw(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def draw_newest(self, painter: QPainter, model: ChartModel, scale: Scale, theme: Theme, *, is_muted: bool) -> None:
        """The piece to the newest close, with a dot: hollow while the candle forms."""
        bars, zoom = model.drawn, model.time.zoom
        x = float(columns_of(model)[-1]) + metrics_of(zoom, scale.ratio).middle
        y = scale.row(float(bars.close[-1]))
        if abs(y) > FAR * scale.height:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = _pen(theme, is_muted, self._width)
        painter.setPen(pen)
        if bars.count > 1 and bars.key[-1] - bars.key[-2] == 1.0:
            before = max(min(scale.row(float(bars.close[-2])), FAR * scale.height), -FAR * scale.height)
            painter.drawLine(QLineF(x - zoom.spacing, before, x, y))
        radius = DOT_PX * scale.ratio
        painter.setBrush(QBrush(theme.color("background") if model.is_forming else pen.color()))
        painter.drawEllipse(QPointF(x, y), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _pen(theme: Theme, is_muted: bool, width: float) -> QPen:
    pen = QPen(theme.color("muted" if is_muted else CLOSE_INK), width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
