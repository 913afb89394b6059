"""The panes: one view box each, and one item in it that paints everything of the visible slice.

What stands still while prices tick (grid, closed candles, lines) is painted straight to the screen when the
view moves. Once the view rests, it is kept in a pixmap: a tick or a step of the crosshair then copies
the few pixels it uncovered instead of drawing the slice again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from virtuoso_desktop.ui.charts import series
from virtuoso_desktop.ui.charts.candleshapes import shapes_of
from virtuoso_desktop.ui.charts.candletypes import CandleType
from virtuoso_desktop.ui.charts.gaps import Gaps, Watermark
from virtuoso_desktop.ui.charts.kept import Kept
from virtuoso_desktop.ui.charts.lines import LineSet
from virtuoso_desktop.ui.charts.markshapes import MarkShapes
from virtuoso_desktop.ui.charts.memory import LAST
from virtuoso_desktop.ui.charts.stage import ChartItem, Pane, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.ui.charts.scales import ValueScale
    from virtuoso_desktop.ui.charts.timescale import TimeScale


_TALL_PX = 64


class PaneBox(pg.ViewBox):
    """A view box that keeps its range and clips; ranges are set by the canvas, the mouse is the canvas' too."""

    def __init__(self) -> None:
        self._wanted: tuple[float, float, float, float] | None = None
        super().__init__(enableMouse=False, enableMenu=False, defaultPadding=0.0)
        self.disableAutoRange()
        self.borderRect.hide()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)

    def boundingRect(self) -> QRectF:
        """The pane alone: the base class adds half a pixel, which would paint over the line below."""
        return self.rect()

    @Slot()
    def prepareForPaint(self) -> None:
        """Nothing: no child is painted through the box's transform."""

    def set_range(self, left: float, right: float, low: float, high: float) -> None:
        """Slots across, ticks or amounts upwards; worked out when somebody asks for it."""
        self._wanted = (left, right, low, high)

    def viewRange(self) -> list[list[float]]:
        self._take_range()
        return super().viewRange()

    def viewRect(self) -> QRectF:
        self._take_range()
        return super().viewRect()

    def updateMatrix(self, changed: object = None) -> None:
        self._take_range()
        super().updateMatrix(changed)

    def _take_range(self) -> None:
        if self._wanted is not None:
            (left, right, low, high), self._wanted = self._wanted, None
            self.setRange(xRange=(left, right), yRange=(low, high), padding=0.0, disableAutoRange=False)


class PaneItem(ChartItem):
    """What all panes share: the pixmap of what stands still."""

    def __init__(self, stage: Stage, box: PaneBox, scale: ValueScale, time_scale: TimeScale) -> None:
        super().__init__(stage, box)
        self._scale = scale
        self._time_scale = time_scale
        self._kept = Kept()

    @property
    def pane(self) -> Pane:
        """The rows it fills."""
        return Pane(0, 1)

    def range(self) -> tuple[float, float]:
        """Values at its lower and its upper edge."""
        return 0.0, 1.0

    def paint_still(self, painter: QPainter, still_key: tuple[object, ...]) -> None:
        """Paint what stands still: straight in a whole repaint, from the pixmap in a part of one."""
        stage = self._stage
        if not stage.is_partial:
            self.draw_still(painter)
            return
        layout = stage.layout
        key = (*still_key, layout, stage.theme.version, stage.is_muted)
        size = (layout.plot_width, self.pane.height)
        if self._kept.is_ready(key, size, layout.ratio, stage.theme.color("background"), self._draw_whole):
            self._copy(painter)
        else:
            self._draw_whole(painter)

    def _copy(self, painter: QPainter) -> None:
        """Copy the uncovered rectangles; one call for all would walk every row of the pane.

        While the clip has several rectangles Qt walks the rows of a single one too: a tall one is made the clip.
        """
        origin, ratio = self._origin, self._stage.layout.ratio
        mine = self._bounds.translated(origin).toAlignedRect()
        for part in cast("Iterable[QRect]", self._stage.exposed.intersected(mine)):
            target = QRectF(part).translated(-origin)
            source = target if ratio == 1.0 else _times(target, ratio)
            is_tall = target.height() > _TALL_PX
            if is_tall:
                painter.save()
                painter.setClipRect(target, Qt.ClipOperation.IntersectClip)
            painter.drawPixmap(target, self._kept.pixmap, source)
            if is_tall:
                painter.restore()

    def _draw_whole(self, painter: QPainter) -> None:
        """With the grid, which the scales leave out in a partial repaint."""
        self.to_device(painter)
        self._time_scale.draw_grid(painter, self.pane.top)
        self._scale.draw_grid(painter)
        self.to_logical(painter)
        self.draw_still(painter)

    def draw_still(self, painter: QPainter) -> None:
        """Everything but the newest candle and the last price; logical pixels of the pane."""


def _times(box: QRectF, ratio: float) -> QRectF:
    return QRectF(box.x() * ratio, box.y() * ratio, box.width() * ratio, box.height() * ratio)


class PricePane(PaneItem):
    """Watermark, gaps, profile, zones, candles, overlay lines, marks, the newest candle, the last-price line."""

    def __init__(self, stage: Stage, box: PaneBox, scale: ValueScale, time_scale: TimeScale) -> None:
        super().__init__(stage, box, scale, time_scale)
        self._candle_type = CandleType.CANDLE
        self._candles = shapes_of(self._candle_type)
        self._lines = LineSet()
        self._marks = MarkShapes()
        self._gaps = Gaps()
        self._watermark = Watermark()
        self._key: tuple[object, ...] = ()
        self._price_pen = QPen()
        self._price_pen.setDashPattern([2, 3])

    @property
    def pane(self) -> Pane:
        return self._stage.layout.price

    @property
    def notes(self) -> list[str]:
        """What is said about missing candles."""
        return [note.words for note in self._gaps.notes if note.words]

    def row_of(self, ticks: float) -> int:
        """Device pixels from the pane's upper edge to a price."""
        return round(self._stage.price_scale.row(ticks))

    def range(self) -> tuple[float, float]:
        price = self._stage.model.price
        return price.low, price.high

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        stage = self._stage
        model = stage.model
        self.paint_still(painter, (model.data_version, model.price.version, model.shows_newest, stage.watermark))
        if model.is_empty:
            return
        self.to_device(painter)
        if model.shows_newest:
            scale = stage.price_scale
            self._candles.draw_newest(painter, model, scale, stage.theme, is_muted=stage.is_muted)
            self._lines.draw_newest(painter, model, scale, stage.theme)
        self._draw_last_price(painter)
        self.to_logical(painter)

    def draw_still(self, painter: QPainter) -> None:
        stage = self._stage
        self._watermark.draw(painter, stage)
        if stage.model.is_empty:
            return
        self._rebuild()
        self.to_device(painter)
        self._gaps.draw(painter, stage, self.pane)
        self._marks.draw_under(painter, stage, stage.price_scale)
        self._lines.draw_areas(painter, stage.theme)
        # Where candles are as thin as lines, lines on top would hide them.
        if stage.model.time.zoom.spacing < series.THIN_SPACING:
            self._lines.draw(painter, stage.model, stage.theme, stage.layout.ratio)
            self._candles.draw(painter, stage.theme, is_muted=stage.is_muted)
        else:
            self._candles.draw(painter, stage.theme, is_muted=stage.is_muted)
            self._lines.draw(painter, stage.model, stage.theme, stage.layout.ratio)
        self.to_logical(painter)
        self._marks.draw_over(painter, stage, stage.price_scale)
        self._gaps.draw_words(painter, stage)

    def _rebuild(self) -> None:
        stage = self._stage
        model, layout = stage.model, stage.layout
        key = (model.data_version, model.price.version, layout, model.shows_newest, stage.zone)
        if key == self._key:
            return
        self._key = key
        if model.candle_type is not self._candle_type:
            self._candle_type = model.candle_type
            self._candles = shapes_of(model.candle_type)
        self._candles.rebuild(model, stage.price_scale)
        looks = [look for lines in stage.overlays.values() for look in lines] + stage.compared_looks
        self._lines.rebuild(model, stage.price_scale, looks, stage.fills)
        self._marks.rebuild(stage, stage.price_scale)
        self._gaps.rebuild(stage, self.pane)

    def _draw_last_price(self, painter: QPainter) -> None:
        stage = self._stage
        if stage.model.last_price is None or stage.model.newest is None or LAST not in stage.price_lines:
            return
        row = self.row_of(stage.model.last_price)
        if not 0 <= row < self.pane.height:
            return
        token = ("up" if stage.model.newest.is_up else "down") if stage.is_live else "muted"
        self._price_pen.setColor(stage.theme.color(token))
        self._price_pen.setWidth(stage.layout.line)
        painter.setPen(self._price_pen)
        painter.drawLine(QLineF(0, row, stage.layout.plot_width, row))
