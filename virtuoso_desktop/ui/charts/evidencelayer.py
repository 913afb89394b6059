"""Paints the evidence of a component over the panes: its window, prints, price zones and lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.evidencemarks import (
    BUBBLES,
    LABEL_USD,
    band_lines,
    prints_by_bar,
    top_lines,
    zones_of,
)
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.lines import Scale
from virtuoso_desktop.ui.charts.series import metrics_of
from virtuoso_desktop.ui.charts.slots import open_of, slot_at
from virtuoso_desktop.ui.charts.stage import ChartItem, Pane
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from virtuoso_desktop.engine.evidence_views import ComponentEvidence
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.evidencemarks import BarPrint, LineMark, ZoneMark
    from virtuoso_desktop.ui.charts.stage import Stage

EDGE_ALPHA = 0.55
ZONE_ALPHA, FAINT_ZONE_ALPHA, ZONE_EDGE_ALPHA = 0.16, 0.07, 0.60
BUBBLE_ALPHA, PLATE_ALPHA = 0.28, 0.85
LEAST_RADIUS_PX, RADIUS_PX = 3.0, 6.4
"""A bubble's radius is 6.4 px times the root of its millions of USD."""
_ROW_PX = 17.0
_PAD_PX = 6
_AWAY_PX = 6
_MARK_PX = 5.0
_MOST_LABELS = 8


class EvidenceLayer(ChartItem):
    """Over the panes, under the crosshair; covers the canvas and paints nothing while no evidence is asked for."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._shown: ComponentEvidence | None = None

    @property
    def shown(self) -> ComponentEvidence | None:
        """What is drawn."""
        return self._shown

    def show_evidence(self, evidence: ComponentEvidence | None) -> None:
        """Draw this from now on; asks for a repaint when it is another one."""
        if evidence == self._shown:
            return
        self._shown = evidence
        layout = self._stage.layout
        self.ask_device(0, 0, layout.plot_width, layout.time.top)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        evidence, stage = self._shown, self._stage
        model = stage.model
        if evidence is None or model.is_empty or model.instrument is None or model.timeframe is None:
            return
        plot = stage.logical(stage.layout.plot_width)
        painter.save()
        painter.setClipRect(QRectF(0, 0, plot, stage.logical(stage.layout.time.top)), Qt.ClipOperation.IntersectClip)
        self._draw_window(painter, evidence)
        price = stage.layout.price
        painter.setClipRect(QRectF(0, 0, plot, stage.logical(price.height)), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for zone in zones_of(evidence, model.instrument):
            self._draw_zone(painter, zone)
        self._draw_lines(painter, band_lines(evidence))
        self._draw_lines(painter, top_lines(evidence), has_prices=True)
        self._draw_prints(painter, evidence)
        painter.restore()

    # --- places, logical pixels ------------------------------------------------------------------------------------

    @property
    def _scale(self) -> Scale:
        price = self._stage.model.price
        return Scale(price.high, price.span, self._stage.layout.price.height, self._stage.layout.ratio)

    def _y(self, price: float) -> float:
        return self._stage.logical(self._scale.row(price))

    def _x(self, slot: int) -> float:
        """The middle of a slot's candle."""
        model = self._stage.model
        middle = metrics_of(model.time.zoom, self._stage.layout.ratio).middle
        return self._stage.logical(model.time.column_of(slot) + middle)

    def _x_at(self, time_ms: float) -> float:
        """The place of a moment within its slot."""
        model, timeframe = self._stage.model, self._timeframe()
        slot = slot_at(time_ms, timeframe)
        begin = model.time.column_of(slot)
        inside = (time_ms - open_of(slot, timeframe)) / timeframe.duration_ms
        return self._stage.logical(begin + inside * (model.time.column_of(slot + 1) - begin))

    def _newest_x(self) -> float:
        """Right of the newest candle, as far as that is in view."""
        return max(0.0, self._x_at(open_of(self._stage.model.time.newest + 1, self._timeframe())))

    def _timeframe(self) -> Timeframe:
        timeframe = self._stage.model.timeframe
        assert timeframe is not None
        return timeframe

    # --- the compared window ---------------------------------------------------------------------------------------

    def _draw_window(self, painter: QPainter, evidence: ComponentEvidence) -> None:
        """A tinted band over the candles and the component's pane, at least a candle wide."""
        if evidence.window is None:
            return
        stage = self._stage
        begin, end = (self._x_at(moment) for moment in evidence.window)
        least = stage.logical(max(3, stage.model.time.zoom.spacing))
        begin = min(begin, end - least)
        if end <= 0 or begin >= stage.logical(stage.layout.plot_width):
            return
        panes = [stage.layout.price]
        panes += [pane for name in stage.choice.highlighted if (pane := stage.layout.pane(name)) is not None]
        for pane in panes:
            self._draw_band(painter, pane, begin, end)

    def _draw_band(self, painter: QPainter, pane: Pane, begin: float, end: float) -> None:
        stage = self._stage
        top, height = stage.logical(pane.top), stage.logical(pane.height)
        color, line = stage.theme.color, stage.logical(stage.layout.line)
        painter.fillRect(
            QRectF(begin, top, end - begin, height), color("accent", stage.theme.palette.accent_tint_ratio)
        )
        for x in (begin, end - line):
            painter.fillRect(QRectF(x, top, line, height), color("accent", EDGE_ALPHA))

    # --- prices ----------------------------------------------------------------------------------------------------

    def _draw_zone(self, painter: QPainter, zone: ZoneMark) -> None:
        stage = self._stage
        top, bottom = self._y(zone.high), self._y(zone.low)
        if bottom - top < 3:
            top, bottom = (top + bottom) / 2 - 1.5, (top + bottom) / 2 + 1.5
        if bottom < 0 or top > stage.logical(stage.layout.price.height):
            return
        left = self._newest_x() if zone.since_ms is None else min(max(0.0, self._x_at(zone.since_ms)), self._newest_x())
        right = stage.logical(stage.layout.plot_width)
        alpha = ZONE_ALPHA if zone.is_strong else FAINT_ZONE_ALPHA
        box = QRectF(left, top, right - left, bottom - top)
        painter.fillRect(box, stage.theme.color(zone.token, alpha))
        pen = QPen(stage.theme.color(zone.token, ZONE_EDGE_ALPHA), 1)
        if not zone.is_strong:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        for y in (top, bottom):
            painter.drawLine(QPointF(left, round(y) + 0.5), QPointF(right, round(y) + 0.5))
        self._draw_plate(painter, (top + bottom) / 2, zone.words, zone.detail, f"{zone.token}_text")

    def _draw_lines(self, painter: QPainter, lines: list[LineMark], *, has_prices: bool = False) -> None:
        """Right of the newest candle; words that would cover each other move apart."""
        stage = self._stage
        left, right = self._newest_x(), stage.logical(stage.layout.plot_width)
        below = -math.inf
        for line in sorted(lines, key=lambda each: -each.price):
            y = self._y(line.price)
            pen = QPen(stage.theme.color(line.token, 0.9), 1)
            if line.is_dashed:
                pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(left, round(y) + 0.5), QPointF(right, round(y) + 0.5))
            if line.words:
                middle = max(y, below + _ROW_PX)
                below = middle
                detail = stage.price_text(line.price) if has_prices else ""
                token = f"{line.token}_text" if line.token in ("up", "down") else line.token
                self._draw_plate(painter, middle, line.words, detail, token)

    def _draw_plate(self, painter: QPainter, middle: float, words: str, detail: str, token: str) -> None:
        """Words at the right end of the plot."""
        stage = self._stage
        first, second = face(Type.CAPTION_NUMBER), face(Type.CAPTION)
        width = first.width(words) + (second.width(detail) + 5 if detail else 0) + 2 * _PAD_PX
        box = QRectF(stage.logical(stage.layout.plot_width) - width - 3, middle - 8, width, 16)
        painter.setPen(QPen(stage.theme.color(token, 0.5), 1))
        painter.setBrush(stage.theme.color("background", PLATE_ALPHA))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        first.begin(painter, stage.theme.color(token))
        first.draw(painter, box.left() + _PAD_PX, middle, words)
        if detail:
            second.begin(painter, stage.theme.color("muted"))
            second.draw(painter, box.left() + _PAD_PX + first.width(words) + 5, middle, detail)

    # --- prints ----------------------------------------------------------------------------------------------------

    def _draw_prints(self, painter: QPainter, evidence: ComponentEvidence) -> None:
        model = self._stage.model
        bars = prints_by_bar(evidence.prints, self._timeframe(), model.time.zoom.per_column)
        in_view = [each for each in bars if model.time.left_slot - 1 <= each.slot <= model.time.right_slot]
        labelled = sorted(in_view, key=lambda each: -each.usd)[:_MOST_LABELS]
        for each in in_view:
            if evidence.component in BUBBLES:
                self._draw_bubble(painter, each, is_told=each.usd >= LABEL_USD)
            else:
                self._draw_mark(painter, each, is_told=each in labelled)

    def _draw_bubble(self, painter: QPainter, each: BarPrint, *, is_told: bool) -> None:
        """Shorts above the high, longs below the low."""
        reading = self._stage.model.reading_at(each.slot)
        if reading is None:
            return
        radius = max(LEAST_RADIUS_PX, RADIUS_PX * math.sqrt(each.usd / 1e6))
        away = radius + _AWAY_PX
        y = self._y(reading.high) - away if each.is_buy else self._y(reading.low) + away
        token = "up" if each.is_buy else "down"
        middle = QPointF(self._x(each.slot), y)
        painter.setPen(QPen(self._stage.theme.color(token), 1))
        painter.setBrush(self._stage.theme.color(token, BUBBLE_ALPHA))
        painter.drawEllipse(middle, radius, radius)
        if is_told:
            self._draw_label(painter, QPointF(middle.x() + radius + 3, y), text.compact(each.usd), f"{token}_text")

    def _draw_mark(self, painter: QPainter, each: BarPrint, *, is_told: bool) -> None:
        """A triangle below the low for buyers, above the high for sellers."""
        reading = self._stage.model.reading_at(each.slot)
        if reading is None:
            return
        token, down = ("up", 1.0) if each.is_buy else ("down", -1.0)
        x = self._x(each.slot)
        y = self._y(reading.low if each.is_buy else reading.high) + down * (_AWAY_PX + _MARK_PX)
        corners = (
            (x, y - down * _MARK_PX), (x + _MARK_PX, y + down * _MARK_PX), (x - _MARK_PX, y + down * _MARK_PX),
        )  # fmt: skip
        painter.setPen(QPen(self._stage.theme.color("background"), 1))
        painter.setBrush(self._stage.theme.color(token))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        if is_told:
            words = text.compact(each.usd)
            middle = QPointF(x - face(Type.BADGE).width(words) / 2, y + down * (_MARK_PX + 8))
            self._draw_label(painter, middle, words, f"{token}_text")

    def _draw_label(self, painter: QPainter, place: QPointF, words: str, token: str) -> None:
        letters = face(Type.BADGE)
        box = QRectF(place.x() - 2, place.y() - 7, letters.width(words) + 4, 14)
        painter.fillRect(box, self._stage.theme.color("background", PLATE_ALPHA))
        letters.begin(painter, self._stage.theme.color(token))
        letters.draw(painter, place.x(), place.y(), words)
