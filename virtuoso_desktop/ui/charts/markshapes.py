"""Paints levels, volume by price, swings, breaks and signals into the price pane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.ui.charts.arrays import RectArray
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.series import metrics_of
from virtuoso_desktop.ui.charts.slots import slot_at
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import LevelView, SignalMark
    from virtuoso_desktop.ui.charts.profile import Profile
    from virtuoso_desktop.ui.charts.rowscale import Scale
    from virtuoso_desktop.ui.charts.stage import Stage

PROFILE_SHARE = 0.15
PROFILE_ALPHA, VALUE_ALPHA, POC_ALPHA = 0.13, 0.26, 0.50
ZONE_ALPHA, ZONE_EDGE_ALPHA, PILL_EDGE_ALPHA = 0.08, 0.28, 0.60
PLATE_ALPHA = 0.85
LEAST_ZONE_PX = 3
LEAST_EDGE = 0.5
"""Ticks: no price lies lower, and a logarithmic scale has no place for 0."""
PILL_PX = 16
_PILL_PAD_PX = 6
_TRIANGLE_WIDTH_PX, _TRIANGLE_HEIGHT_PX, _OFF_WICK_PX = 10, 9, 10
_DIAMOND_PX = 6
_SWING_PX = 3
_LABEL_GAP_PX = 8


class MarkShapes:
    """Shapes of the slice in view; all of it stands still while prices tick."""

    def __init__(self) -> None:
        self._rows, self._value_rows, self._poc_row = RectArray(), RectArray(), RectArray()

    def rebuild(self, stage: Stage, scale: Scale) -> None:
        """Compute the rows of the volume by price; the rest is few."""
        for shapes in (self._rows, self._value_rows, self._poc_row):
            shapes.clear()
        profile = stage.model.view_marks.profile
        if profile is None:
            return
        edges = profile.first + np.arange(len(profile.volume) + 1) * profile.step
        rows = np.rint(scale.rows(np.maximum(edges, LEAST_EDGE)))
        width = np.rint(profile.volume * (PROFILE_SHARE * stage.layout.plot_width / profile.volume.max()))
        gap = stage.layout.line
        cells = np.empty((len(width), 4))
        cells[:, 0] = stage.layout.plot_width - width
        cells[:, 1] = rows[1:]
        cells[:, 2] = width
        cells[:, 3] = np.maximum(rows[:-1] - rows[1:] - gap, gap)
        is_seen = (rows[:-1] > 0) & (rows[1:] < scale.height)
        index = np.arange(len(width))
        is_value = (index >= profile.value_low) & (index <= profile.value_high) & (index != profile.poc)
        for shapes, chosen in (
            (self._rows, ~is_value & (index != profile.poc)),
            (self._value_rows, is_value),
            (self._poc_row, index == profile.poc),
        ):
            part = cells[chosen & is_seen]
            shapes.resize(len(part))[:] = part

    # --- under the candles; device pixels --------------------------------------------------------------------------

    def draw_under(self, painter: QPainter, stage: Stage, scale: Scale) -> None:
        """Volume by price and zones."""
        if stage.model.view_marks.profile is not None:
            self._draw_profile(painter, stage, scale, stage.model.view_marks.profile)
        for level in stage.model.view_marks.levels:
            _draw_zone(painter, stage, scale, level)

    def _draw_profile(self, painter: QPainter, stage: Stage, scale: Scale, profile: Profile) -> None:
        color = stage.theme.color
        painter.setPen(Qt.PenStyle.NoPen)
        for shapes, token, alpha in (
            (self._rows, "muted", PROFILE_ALPHA),
            (self._value_rows, "muted", VALUE_ALPHA),
            (self._poc_row, "ema_fast", POC_ALPHA),
        ):
            painter.setBrush(color(token, alpha))
            shapes.draw(painter)
        pen = QPen(color("ema_fast", POC_ALPHA), stage.layout.line)
        pen.setDashPattern([1, 3])
        painter.setPen(pen)
        row = round(scale.row(profile.poc_price))
        painter.drawLine(QLineF(0, row, stage.layout.plot_width, row))

    # --- over the candles; logical pixels --------------------------------------------------------------------------

    def draw_over(self, painter: QPainter, stage: Stage, scale: Scale) -> None:
        """Signals, then swings and breaks whose words leave those free, and the pills of the zones."""
        model = stage.model
        if not (model.marks or model.view_marks.levels or any(model.view_marks.structure)):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        boxes: list[QRectF] = []
        _draw_signals(painter, stage, scale, boxes)
        _draw_structure(painter, stage, scale, boxes)
        _draw_pills(painter, stage, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


# --- zones -------------------------------------------------------------------------------------------------------


def _zone_rows(level: LevelView, scale: Scale) -> tuple[float, float]:
    """Top and height in device pixels; a single price is a thin zone."""
    top, bottom = round(scale.row(level.high)), round(scale.row(level.low))
    least = round(LEAST_ZONE_PX * scale.ratio)
    if bottom - top < least:
        top = round((top + bottom - least) / 2)
        bottom = top + least
    return top, bottom - top


def _draw_zone(painter: QPainter, stage: Stage, scale: Scale, level: LevelView) -> None:
    """From its first touch to the axis."""
    model = stage.model
    top, height = _zone_rows(level, scale)
    if model.timeframe is None or top + height < 0 or top > scale.height:
        return
    left = max(0, model.time.column_of(slot_at(level.since_ms, model.timeframe)))
    token, line = ("up" if level.is_support else "down"), stage.layout.line
    width = stage.layout.plot_width - left
    painter.fillRect(QRectF(left, top, width, height), stage.theme.color(token, ZONE_ALPHA))
    for row in (top, top + height - line):
        painter.fillRect(QRectF(left, row, width, line), stage.theme.color(token, ZONE_EDGE_ALPHA))


def _draw_pills(painter: QPainter, stage: Stage, scale: Scale) -> None:
    """``S 93,562  8x`` or ``S 93,562  POC`` at the axis; a weaker one that would cover a stronger one is left out."""
    taken: list[float] = []
    numbers, words = face(Type.CAPTION_NUMBER), face(Type.CAPTION)
    for level in stage.model.view_marks.levels:
        top, height = _zone_rows(level, scale)
        middle = round(stage.logical(top + height / 2))
        if not PILL_PX / 2 <= middle <= stage.logical(scale.height) - PILL_PX / 2:
            continue
        if any(abs(middle - other) < PILL_PX + 1 for other in taken):
            continue
        taken.append(middle)
        first = f"{'S' if level.is_support else 'R'} {stage.price_text(level.price)}"
        second = f"{level.touches}\u00d7" if level.touches else level.name
        width = math.ceil(numbers.width(first) + words.width(second)) + 2 * _PILL_PAD_PX + 5
        box = QRectF(round(stage.logical(stage.layout.plot_width)) - width - 2, middle - PILL_PX / 2, width, PILL_PX)
        token = "up" if level.is_support else "down"
        painter.setPen(QPen(stage.theme.color(token, PILL_EDGE_ALPHA), 1))
        painter.setBrush(stage.theme.color("background"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        numbers.begin(painter, stage.theme.color(f"{token}_text"))
        numbers.draw(painter, box.left() + _PILL_PAD_PX, middle, first)
        words.begin(painter, stage.theme.color("muted"))
        words.draw(painter, box.left() + _PILL_PAD_PX + numbers.width(first) + 5, middle, second)


# --- swings and breaks -------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """The middle of a row's candle, logical pixels."""

    x: float
    y: float


def _place(stage: Stage, scale: Scale, slot: float, price: float) -> _Place:
    zoom = stage.model.time.zoom
    left = stage.model.time.column_of(int(slot)) + metrics_of(zoom, scale.ratio).middle
    return _Place(stage.logical(left), stage.logical(scale.row(price)))


def _draw_structure(painter: QPainter, stage: Stage, scale: Scale, boxes: list[QRectF]) -> None:
    structure = stage.model.view_marks.structure
    for each in structure.breaks:
        begin = _place(stage, scale, each.from_slot, each.price)
        end = _place(stage, scale, each.slot, each.price)
        token = "up" if each.is_up else "down"
        pen = QPen(stage.theme.color(token, 0.8), 1)
        pen.setDashPattern([3, 3] if each.words == "BOS" else [1, 2])
        painter.setPen(pen)
        row = round(begin.y) + 0.5
        painter.drawLine(QLineF(begin.x, row, end.x, row))
        middle = row - _LABEL_GAP_PX if each.is_up else row + _LABEL_GAP_PX
        _draw_label(painter, stage, QPointF((begin.x + end.x) / 2, middle), each.words, f"{token}_text", boxes)
    for swing in structure.swings:
        place = _place(stage, scale, swing.slot, swing.price)
        away = -1 if swing.is_high else 1
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(stage.theme.color("muted"), 1))
        painter.drawEllipse(QPointF(place.x, place.y + away * (_SWING_PX + 2)), _SWING_PX - 1, _SWING_PX - 1)
        if swing.words:
            middle = QPointF(place.x, place.y + away * (_SWING_PX + 12))
            _draw_label(painter, stage, middle, swing.words, "muted", boxes)


def _draw_label(painter: QPainter, stage: Stage, middle: QPointF, words: str, token: str, boxes: list[QRectF]) -> None:
    """Words on a plate, left out where they would cover others."""
    letters = face(Type.BADGE)
    width = letters.width(words)
    box = QRectF(middle.x() - width / 2 - 2, middle.y() - 7, width + 4, 14)
    if any(box.intersects(other) for other in boxes):
        return
    boxes.append(box)
    painter.fillRect(box, stage.theme.color("background", PLATE_ALPHA))
    letters.begin(painter, stage.theme.color(token))
    letters.draw(painter, box.left() + 2, middle.y(), words)


# --- signals -----------------------------------------------------------------------------------------------------


def _draw_signals(painter: QPainter, stage: Stage, scale: Scale, boxes: list[QRectF]) -> None:
    """A triangle and its words off the wick where a signal began, a hollow diamond where one ended."""
    model = stage.model
    if model.timeframe is None or not stage.shows_signals:
        return
    first, last = model.time.left_slot, model.time.right_slot
    for mark in reversed(model.marks):
        slot = slot_at(mark.open_ms, model.timeframe)
        reading = model.reading_at(slot) if first <= slot <= last else None
        if reading is None or (model.is_forming and slot >= model.time.newest):
            continue
        is_buy = mark.kind is SignalKind.BUY
        is_below = is_buy != mark.is_end
        place = _place(stage, scale, slot, reading.low if is_below else reading.high)
        tip = QPointF(place.x, place.y + (_OFF_WICK_PX if is_below else -_OFF_WICK_PX))
        token = "up" if is_buy else "down"
        if mark.is_end:
            _draw_diamond(painter, stage, tip, token)
        else:
            _draw_triangle(painter, stage, tip, mark, boxes)


def _draw_diamond(painter: QPainter, stage: Stage, middle: QPointF, token: str) -> None:
    half = _DIAMOND_PX / 2
    painter.setPen(QPen(stage.theme.color(token), 1.25))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y = middle.x(), middle.y()
    painter.drawPolygon(
        QPolygonF([QPointF(x, y - half), QPointF(x + half, y), QPointF(x, y + half), QPointF(x - half, y)])
    )


def _draw_triangle(painter: QPainter, stage: Stage, tip: QPointF, mark: SignalMark, boxes: list[QRectF]) -> None:
    is_buy = mark.kind is SignalKind.BUY
    token, down = ("up", 1) if is_buy else ("down", -1)
    base = tip.y() + down * _TRIANGLE_HEIGHT_PX
    half = _TRIANGLE_WIDTH_PX / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(stage.theme.color(token))
    shape = QPolygonF([tip, QPointF(tip.x() + half, base), QPointF(tip.x() - half, base)])
    painter.drawPolygon(shape)
    words = f"{mark.kind.value} {mark.score:.0f}"
    _draw_label(painter, stage, QPointF(tip.x(), base + down * 9), words, f"{token}_text", boxes)
    boxes.append(shape.boundingRect())
