"""Panes of what lies beside the candles: bars from zero, lines, and a hatch over times that were not recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPainter

from virtuoso_desktop.ui.charts import series
from virtuoso_desktop.ui.charts.arrays import RectArray
from virtuoso_desktop.ui.charts.gaps import HATCH_ALPHA
from virtuoso_desktop.ui.charts.lines import Scale
from virtuoso_desktop.ui.charts.series import columns_of, metrics_of
from virtuoso_desktop.ui.charts.slots import slot_at
from virtuoso_desktop.ui.charts.studypanes import StudyPane

if TYPE_CHECKING:
    from virtuoso_desktop.model.study import Study
    from virtuoso_desktop.ui.charts.looks import LineLook
    from virtuoso_desktop.ui.charts.panes import PaneBox
    from virtuoso_desktop.ui.charts.scales import ValueScale
    from virtuoso_desktop.ui.charts.stage import Stage
    from virtuoso_desktop.ui.charts.timescale import TimeScale


class BesidePane(StudyPane):
    """One series beside the candles."""

    def __init__(self, stage: Stage, box: PaneBox, scale: ValueScale, time_scale: TimeScale, study: Study) -> None:
        super().__init__(stage, box, scale, time_scale, study)
        self._above, self._below = RectArray(), RectArray()
        self._hatched = RectArray()

    def looks(self) -> tuple[LineLook, ...]:
        """Its lines; what is drawn as bars is none."""
        return () if self.look.as_bars else super().looks()

    def rebuild(self) -> None:
        super().rebuild()
        self._rebuild_hatch()
        if self.look.as_bars:
            self._rebuild_all_bars(self.lines_scale)

    def draw_shapes(self, painter: QPainter) -> None:
        theme = self._stage.theme
        if self._hatched.count:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(theme.color("muted", HATCH_ALPHA), Qt.BrushStyle.BDiagPattern))
            self._hatched.draw(painter)
        if self.look.as_bars:
            series.draw_both(painter, self._above, self._below, self._color(is_up=True), self._color(is_up=False))
        super().draw_shapes(painter)

    def draw_newest(self, painter: QPainter) -> None:
        super().draw_newest(painter)
        if not self.look.as_bars:
            return
        model, scale = self._stage.model, self.lines_scale
        widths = metrics_of(model.time.zoom, scale.ratio)
        left = float(model.bars.key[-1]) * model.time.zoom.spacing - model.time.left + widths.body_left
        zero = round(scale.row(0.0))
        for look in self.look.lines:
            value = float(model.lines[look.key][-1]) if look.key in model.lines else 0.0
            if value and np.isfinite(value):
                top, bottom = sorted((zero, _away(zero, scale.row(value), stage_line=self._stage.layout.line)))
                painter.fillRect(QRectF(left, top, widths.body, bottom - top), self._color(is_up=value > 0))

    def _rebuild_all_bars(self, scale: Scale) -> None:
        """Closed bars of every line; the least of them is one line high, so that nothing is lost."""
        model = self._stage.model
        widths = metrics_of(model.time.zoom, scale.ratio)
        count = model.bars.count - model.shows_newest
        values = [model.lines[look.key][:count] for look in self.look.lines if look.key in model.lines]
        left = columns_of(model)[:count] + widths.body_left
        zero, line = round(scale.row(0.0)), self._stage.layout.line
        parts: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for column in values:
            rows = np.rint(scale.rows(column))
            for place, chosen in enumerate((column > 0, column < 0)):
                height = np.maximum(np.abs(rows[chosen] - zero), line)
                top = zero - height if place == 0 else np.full(len(height), float(zero))
                parts[place].append(np.column_stack((left[chosen], top, np.full(len(height), widths.body), height)))
        for shapes, cells in zip((self._above, self._below), parts, strict=True):
            whole = np.concatenate(cells) if cells else np.empty((0, 4))
            shapes.resize(len(whole))[:] = whole

    def _rebuild_hatch(self) -> None:
        """From the left edge to now, what was not recorded."""
        model = self._stage.model
        held = model.beside.series.get(self.study.kind)
        timeframe = model.timeframe
        areas: list[tuple[float, float]] = []
        if held is not None and held.covered is not None and timeframe is not None:
            now_ms = model.beside.now_ms
            begin = 0
            for from_ms, to_ms in (*held.covered, (now_ms, now_ms)):
                end = model.time.column_of(slot_at(from_ms, timeframe))
                if end > begin:
                    areas.append((begin, min(end, self._stage.layout.plot_width) - begin))
                begin = max(begin, model.time.column_of(slot_at(min(to_ms, now_ms), timeframe) + 1))
        cells = self._hatched.resize(len(areas))
        for index, (left, width) in enumerate(areas):
            cells[index] = (left, 0, max(width, 0), self.pane.height)


def _away(zero: int, row: float, *, stage_line: int) -> int:
    """The row of a value, at least a line away from zero."""
    return min(round(row), zero - stage_line) if row <= zero else max(round(row), zero + stage_line)
