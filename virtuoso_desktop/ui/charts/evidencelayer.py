"""Paints the evidence of a component over the panes: its window, prints, price zones and lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

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
from virtuoso_desktop.ui.charts.rowscale import Scale
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
WIDE_SHARE = 0.4
"""A window of more than this share of the view is wide."""
ZONE_ALPHA, FAINT_ZONE_ALPHA, ZONE_EDGE_ALPHA = 0.16, 0.07, 0.60
BUBBLE_ALPHA, PLATE_ALPHA = 0.28, 0.85
LEAST_RADIUS_PX, RADIUS_PX = 3.0, 6.4
"""A bubble's radius is 6.4 px times the root of its millions of USD."""
_ROW_PX = 17.0
_PAD_PX = 6
_AWAY_PX = 6
_MARK_PX = 5.0
_MOST_LABELS = 8


class _Plate(NamedTuple):
    """Words at the height of a price."""

    price: float
    words: str
    detail: str
    token: str


class EvidenceLayer(ChartItem):
    """Over the panes, under the crosshair; covers the canvas and paints nothing while no evidence is asked for."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._shown: ComponentEvidence | None = None
        self.show_if(False)

    @property
    def shown(self) -> ComponentEvidence | None:
        """What is drawn."""
        return self._shown

    def show_evidence(self, evidence: ComponentEvidence | None) -> None:
        """Draw this from now on; asks for a repaint when it is another one."""
        if evidence == self._shown:
            return
        self._shown = evidence
        self.show_if(evidence is not None)
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
        zones = zones_of(evidence, model.instrument)
        for zone in zones:
            self._draw_zone(painter, zone)
        self._draw_plates(
            painter, [_Plate((zone.low + zone.high) / 2, zone.words, zone.detail, zone.token) for zone in zones]
        )
        self._draw_lines(painter, [*band_lines(evidence), *top_lines(evidence)])
        self._draw_prints(painter, evidence)
        painter.restore()

    # --- places, logical pixels ------------------------------------------------------------------------------------

    @property
    def _scale(self) -> Scale:
        return self._stage.price_scale

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
        """A tinted band over the candles and the component's pane, at least a candle wide.

        A window that fills most of the view would only discolour the candles: there its edges are enough.
        """
        if evidence.window is None:
            return
        stage = self._stage
        plot = stage.logical(stage.layout.plot_width)
        begin, end = (self._x_at(moment) for moment in evidence.window)
        begin = min(begin, end - stage.logical(max(3, stage.model.time.zoom.spacing)))
        if end <= 0 or begin >= plot:
            return
        is_wide = min(end, plot) - max(begin, 0.0) > WIDE_SHARE * plot
        tint = stage.theme.palette.accent_tint_ratio
        self._draw_band(painter, stage.layout.price, (begin, end), 0.0 if is_wide else tint)
        for name in stage.choice.highlighted:
            pane = stage.layout.pane(name)
            if pane is not None:
                self._draw_band(painter, pane, (begin, end), tint / 2 if is_wide else tint)

    def _draw_band(self, painter: QPainter, pane: Pane, span: tuple[float, float], tint: float) -> None:
        stage, (begin, end) = self._stage, span
        top, height = stage.logical(pane.top), stage.logical(pane.height)
        color, line = stage.theme.color, stage.logical(stage.layout.line)
        if tint:
            painter.fillRect(QRectF(begin, top, end - begin, height), color("accent", tint))
        painter.fillRect(QRectF(begin, top, end - begin, 2 * line), color("accent", EDGE_ALPHA))
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

    def _draw_lines(self, painter: QPainter, lines: list[LineMark]) -> None:
        """Right of the newest candle, all of them under all words."""
        stage = self._stage
        left, right = self._newest_x(), stage.logical(stage.layout.plot_width)
        for line in lines:
            pen = QPen(stage.theme.color(line.token, 0.9), 1)
            if line.is_dashed:
                pen.setDashPattern([4, 3])
            painter.setPen(pen)
            y = round(self._y(line.price)) + 0.5
            painter.drawLine(QPointF(left, y), QPointF(right, y))
        plates = [
            _Plate(line.price, line.words, stage.price_text(line.price) if line.has_price else "", line.token)
            for line in lines
            if line.words
        ]
        self._draw_plates(painter, plates)

    def _draw_plates(self, painter: QPainter, plates: list[_Plate]) -> None:
        """Words at the right end of the plot, from above; those that would cover others move down."""
        stage = self._stage
        first, second = face(Type.CAPTION_NUMBER), face(Type.CAPTION)
        below = -math.inf
        for plate in sorted(plates, key=lambda each: -each.price):
            middle = max(self._y(plate.price), below + _ROW_PX)
            below = middle
            width = first.width(plate.words) + (second.width(plate.detail) + 5 if plate.detail else 0) + 2 * _PAD_PX
            box = QRectF(stage.logical(stage.layout.plot_width) - width - 3, middle - 8, width, 16)
            token = f"{plate.token}_text" if plate.token in ("up", "down") else plate.token
            painter.setPen(QPen(stage.theme.color(token, 0.5), 1))
            painter.setBrush(stage.theme.color("background"))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
            first.begin(painter, stage.theme.color(token))
            first.draw(painter, box.left() + _PAD_PX, middle, plate.words)
            if plate.detail:
                second.begin(painter, stage.theme.color("muted"))
                second.draw(painter, box.left() + _PAD_PX + first.width(plate.words) + 5, middle, plate.detail)

    # --- prints ----------------------------------------------------------------------------------------------------

    def _draw_prints(self, painter: QPainter, evidence: ComponentEvidence) -> None:
        model = self._stage.model
        bars = prints_by_bar(evidence.prints, self._timeframe(), model.time.zoom.per_column)
        in_view = [each for each in bars if model.time.left_slot - 1 <= each.slot <= model.time.right_slot]
        in_view.sort(key=lambda each: -each.usd)
        boxes: list[QRectF] = []
        for place, each in enumerate(in_view):
            if evidence.component in BUBBLES:
                self._draw_bubble(painter, each, boxes if each.usd >= LABEL_USD else None)
            else:
                self._draw_mark(painter, each, boxes if place < _MOST_LABELS else None)

    def _draw_bubble(self, painter: QPainter, each: BarPrint, boxes: list[QRectF] | None) -> None:
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
        if boxes is not None:
            place = QPointF(middle.x() + radius + 3, y)
            self._draw_label(painter, place, text.compact(each.usd), f"{token}_text", boxes)

    def _draw_mark(self, painter: QPainter, each: BarPrint, boxes: list[QRectF] | None) -> None:
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
        if boxes is not None:
            words = text.compact(each.usd)
            middle = QPointF(x - face(Type.BADGE).width(words) / 2, y + down * (_MARK_PX + 8))
            self._draw_label(painter, middle, words, f"{token}_text", boxes)

    def _draw_label(self, painter: QPainter, place: QPointF, words: str, token: str, boxes: list[QRectF]) -> None:
        """Words on a plate; left out where a larger one stands."""
        letters = face(Type.BADGE)
        box = QRectF(place.x() - 2, place.y() - 7, letters.width(words) + 4, 14)
        if any(box.intersects(other) for other in boxes):
            return
        boxes.append(box)
        painter.fillRect(box, self._stage.theme.color("background", PLATE_ALPHA))
        letters.begin(painter, self._stage.theme.color(token))
        letters.draw(painter, place.x(), place.y(), words)
