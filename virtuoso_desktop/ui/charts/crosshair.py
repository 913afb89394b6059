"""The crosshair: one upright line through all panes, one level line in the pane under the mouse."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from virtuoso_desktop.ui.charts.series import metrics_of
from virtuoso_desktop.ui.charts.stage import ChartItem, Hover, Stage

_ALPHA = 0.8


class Crosshair(ChartItem):
    """Paints `Stage.hover`; repaints two lines when it moves."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._drawn: tuple[int, int | None] | None = None
        self._pen = QPen()
        self._pen.setDashPattern([4, 4])

    def refresh(self, *, repaint: bool = True) -> None:
        """Follow `Stage.hover`; ask for a repaint of the lines that moved."""
        place = self._place(self._stage.hover)
        before, self._drawn = self._drawn, place
        if repaint and place != before:
            self._update_lines(before)
            self._update_lines(place)

    def _place(self, hover: Hover | None) -> tuple[int, int | None] | None:
        stage = self._stage
        if hover is None or stage.model.is_empty:
            return None
        middle = metrics_of(stage.model.time.zoom, stage.layout.ratio).middle
        return stage.model.time.column_of(hover.slot) + math.floor(middle), hover.y

    def _update_lines(self, place: tuple[int, int | None] | None) -> None:
        if place is None:
            return
        x, y = place
        layout = self._stage.layout
        line = layout.line
        self.ask_device(x - 1, 0, line + 2, layout.time.top)
        if y is not None:
            self.ask_device(0, y - 1, layout.plot_width, line + 2)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        if self._drawn is None:
            return
        stage = self._stage
        layout = stage.layout
        x, y = self._drawn
        self.to_device(painter)
        self._pen.setColor(stage.theme.color("muted", _ALPHA))
        self._pen.setWidth(layout.line)
        painter.setPen(self._pen)
        if 0 <= x < layout.plot_width:
            painter.drawLine(QLineF(x, 0, x, layout.time.top))
        if y is not None:
            painter.drawLine(QLineF(0, y, layout.plot_width, y))
        self.to_logical(painter)
