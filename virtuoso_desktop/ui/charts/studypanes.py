"""The panes below the candles: volume with its CVD, and those of indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph.functions as pgf
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from virtuoso_desktop.model.study import Study, StudyKind
from virtuoso_desktop.ui.charts import series
from virtuoso_desktop.ui.charts.arrays import RectArray
from virtuoso_desktop.ui.charts.lines import LineSet
from virtuoso_desktop.ui.charts.looks import highlighted, pane_look
from virtuoso_desktop.ui.charts.panes import PaneItem
from virtuoso_desktop.ui.charts.rowscale import Scale
from virtuoso_desktop.ui.charts.series import columns_of, metrics_of
from virtuoso_desktop.ui.charts.stage import Pane
from virtuoso_desktop.ui.tokens import VOLUME_RATIO

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.looks import LineLook
    from virtuoso_desktop.ui.charts.panes import PaneBox
    from virtuoso_desktop.ui.charts.scales import ValueScale
    from virtuoso_desktop.ui.charts.stage import Stage
    from virtuoso_desktop.ui.charts.timescale import TimeScale

BAND_ALPHA = 0.05
BEYOND_ALPHA = 0.30
_EDGE_PX = 2


class StudyPane(PaneItem):
    """Band, levels, histogram and lines of one indicator."""

    def __init__(self, stage: Stage, box: PaneBox, scale: ValueScale, time_scale: TimeScale, study: Study) -> None:
        super().__init__(stage, box, scale, time_scale)
        self.study = study
        self.look = pane_look(study)
        self.lines = LineSet()
        self._rising, self._falling = RectArray(), RectArray()
        self._area = QPolygonF()
        self._key: tuple[object, ...] = ()

    @property
    def pane(self) -> Pane:
        return self._stage.layout.pane(self.study.name) or Pane(0, 1)

    @property
    def edges(self) -> tuple[float, float]:
        """Lower and upper edge of the scale of its lines."""
        name = "cvd" if self.study.kind is StudyKind.VOLUME else self.study.name
        return self._stage.model.panes.edges.get(name, (0.0, 1.0))

    def range(self) -> tuple[float, float]:
        return self.edges

    @property
    def lines_scale(self) -> Scale:
        low, high = self.edges
        return Scale(high, high - low, self.pane.height, self._stage.layout.ratio)

    def looks(self) -> tuple[LineLook, ...]:
        """Its lines, wider when evidence points at them."""
        is_marked = self.study.name in self._stage.choice.highlighted
        return highlighted(self.look.lines) if is_marked else self.look.lines

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        stage = self._stage
        model = stage.model
        self.paint_still(painter, (model.data_version, model.panes.version, model.volume_high, model.shows_newest))
        if model.is_empty or not model.shows_newest:
            return
        self.to_device(painter)
        self.draw_newest(painter)
        self.to_logical(painter)

    def draw_newest(self, painter: QPainter) -> None:
        """What belongs to the newest candle; device pixels."""
        model = self._stage.model
        if self.look.bars in model.lines:
            self._draw_newest_bar(painter)
        self.lines.draw_newest(painter, model, self.lines_scale, self._stage.theme)

    def draw_still(self, painter: QPainter) -> None:
        stage = self._stage
        if stage.model.is_empty:
            return
        key = (
            stage.model.data_version, stage.model.panes.version, stage.model.volume_high, stage.layout,
            stage.model.shows_newest,
        )  # fmt: skip
        if key != self._key:
            self._key = key
            self.rebuild()
        self.to_device(painter)
        self.draw_shapes(painter)
        if self.study.name in stage.choice.highlighted:
            edge = _EDGE_PX * stage.layout.line
            painter.fillRect(QRectF(0, 0, edge, self.pane.height), stage.theme.color("accent"))
        self.to_logical(painter)

    def rebuild(self) -> None:
        """Compute the shapes of the slice."""
        model, scale = self._stage.model, self.lines_scale
        self.lines.rebuild(model, scale, self.looks())
        if self.look.bars in model.lines:
            self._rebuild_bars(scale)
        if self.look.beyond is not None:
            self._rebuild_area(scale)

    def draw_shapes(self, painter: QPainter) -> None:
        """Draw them; device pixels."""
        stage, scale = self._stage, self.lines_scale
        width = stage.layout.plot_width
        if self.look.band is not None:
            top, bottom = (round(scale.row(value)) for value in reversed(self.look.band))
            painter.fillRect(QRectF(0, top, width, bottom - top), stage.theme.color("muted", BAND_ALPHA))
        if self.look.beyond is not None and not self._area.isEmpty():
            self._draw_area(painter, scale)
        for level in self.look.levels:
            pen = QPen(stage.theme.color(level.token, level.alpha), stage.layout.line)
            if level.dash[0]:
                pen.setDashPattern(list(level.dash))
            painter.setPen(pen)
            row = round(scale.row(level.value))
            painter.drawLine(QLineF(0, row, width, row))
        if self.look.bars in stage.model.lines:
            series.draw_both(painter, self._rising, self._falling, self._color(is_up=True), self._color(is_up=False))
        self.lines.draw(painter, stage.model, stage.theme, stage.layout.ratio)

    def _color(self, *, is_up: bool) -> QColor:
        return self._stage.theme.color("up" if is_up else "down", VOLUME_RATIO)

    def _rebuild_bars(self, scale: Scale) -> None:
        model = self._stage.model
        widths = metrics_of(model.time.zoom, scale.ratio)
        count = model.bars.count - model.shows_newest
        values = model.lines[self.look.bars][:count]
        zero = round(scale.row(0.0))
        rows = np.rint((scale.upper - values) * (scale.height / scale.span))
        cells = np.empty((count, 4))
        cells[:, 0] = columns_of(model)[:count] + widths.body_left
        cells[:, 1] = np.minimum(rows, zero)
        cells[:, 2] = widths.body
        cells[:, 3] = np.abs(rows - zero)
        for shapes, chosen in ((self._rising, values > 0), (self._falling, values < 0)):
            part = cells[chosen]
            shapes.resize(len(part))[:] = part

    def _draw_newest_bar(self, painter: QPainter) -> None:
        model, scale = self._stage.model, self.lines_scale
        value = float(model.lines[self.look.bars][-1])
        if not value:
            return
        zero, row = round(scale.row(0.0)), scale.row(value)
        if row != row:  # no value
            return
        widths = metrics_of(model.time.zoom, scale.ratio)
        left = float(model.bars.key[-1]) * model.time.zoom.spacing - model.time.left + widths.body_left
        top, bottom = sorted((zero, round(row)))
        painter.fillRect(QRectF(left, top, widths.body, bottom - top), self._color(is_up=value > 0))

    def _rebuild_area(self, scale: Scale) -> None:
        """The line from its first value to its last, closed along the middle: clipped, it is what lies beyond."""
        model = self._stage.model
        values = model.lines.get(self.look.lines[0].key)
        self._area = QPolygonF()
        if values is None:
            return
        known = np.flatnonzero(np.isfinite(values))
        if len(known) < 2:
            return
        x = (columns_of(model) + metrics_of(model.time.zoom, scale.ratio).middle)[known]
        y = (scale.upper - values[known]) * (scale.height / scale.span)
        middle = scale.row(50.0)
        self._area = pgf.arrayToQPolygonF(np.concatenate((x[:1], x, x[-1:])), np.concatenate(([middle], y, [middle])))

    def _draw_area(self, painter: QPainter, scale: Scale) -> None:
        assert self.look.beyond is not None
        low, high = (scale.row(value) for value in self.look.beyond)
        width, height = self._stage.layout.plot_width, self.pane.height
        painter.setPen(Qt.PenStyle.NoPen)
        for token, top, bottom in (("up", 0.0, high), ("down", low, float(height))):
            painter.save()
            painter.setClipRect(QRectF(0, top, width, bottom - top), Qt.ClipOperation.IntersectClip)
            painter.setBrush(self._stage.theme.color(token, BEYOND_ALPHA))
            painter.drawPolygon(self._area)
            painter.restore()


class VolumePane(StudyPane):
    """Volume bars with the CVD over them."""

    def __init__(self, stage: Stage, box: PaneBox, scale: ValueScale, time_scale: TimeScale, study: Study) -> None:
        super().__init__(stage, box, scale, time_scale, study)
        self._bars = series.VolumeShapes()

    def range(self) -> tuple[float, float]:
        return 0.0, self._stage.model.volume_high

    def rebuild(self) -> None:
        super().rebuild()
        self._bars.rebuild(self._stage.model, self.pane.height, self._stage.layout.ratio)

    def draw_shapes(self, painter: QPainter) -> None:
        self._bars.draw(painter, self._fill(is_up=True), self._fill(is_up=False))
        super().draw_shapes(painter)

    def draw_newest(self, painter: QPainter) -> None:
        stage = self._stage
        color = self._fill(is_up=bool(stage.model.bars.close[-1] >= stage.model.bars.open[-1]))
        series.draw_newest_volume(painter, stage.model, self.pane.height, stage.layout.ratio, color)
        super().draw_newest(painter)

    def _fill(self, *, is_up: bool) -> QColor:
        return series.volume_color(self._stage.theme, is_up=is_up, is_muted=self._stage.is_muted)
