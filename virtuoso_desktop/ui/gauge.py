"""The gauge of a score: a half ring with its thresholds, the score as an arc from the middle, and a needle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.fonts import Type, font

if TYPE_CHECKING:
    from virtuoso_desktop.ui.theme import Theme

STROKE_PX = 8.0
MARGIN_PX = 10.0
NEEDLE_PX, NEEDLE_LENGTH_PX = 2.5, 14.0
ZONES = ((0.0, 30.0, "down", 0.38), (30.0, 70.0, "raised2", 1.0), (70.0, 100.0, "up", 0.30))
TICKS = ((30.0, 5.0), (35.0, 3.0), (65.0, 3.0), (70.0, 5.0))
"""Scores where a signal begins (long) and ends (short)."""


def paint_gauge(painter: QPainter, theme: Theme, box: QRectF, score: float | None, *, is_grey: bool = False) -> None:
    """Paint into ``box``, whose width sets the radius; grey for a score that is too old."""
    radius = box.width() / 2 - MARGIN_PX
    centre = QPointF(box.center().x(), box.top() + MARGIN_PX + radius)
    ring = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for low, high, token, alpha in ZONES:
        plain = is_grey or score is None
        _arc(painter, ring, (low, high), QPen(theme.color("raised2" if plain else token, 1.0 if plain else alpha)))
    if score is not None and not is_grey:
        _arc(painter, ring, (50.0, score), QPen(theme.color("up" if score >= 50 else "down")))
    painter.setPen(QPen(theme.color("muted"), 1))
    for at, length in TICKS:
        painter.drawLine(_ray(centre, radius + STROKE_PX / 2 + 1, at, length))
    if score is not None:
        colour = theme.color("muted" if is_grey else "text")
        painter.setPen(QPen(colour, NEEDLE_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(_ray(centre, radius - NEEDLE_LENGTH_PX / 2, score, NEEDLE_LENGTH_PX))
    _paint_figures(painter, theme, centre, radius, score, is_grey)
    painter.restore()


def gauge_height(width: float) -> float:
    """Height of the ring with the figures under its ends."""
    return width / 2 + 16


def _paint_figures(
    painter: QPainter, theme: Theme, centre: QPointF, radius: float, score: float | None, is_grey: bool
) -> None:
    painter.setFont(font(Type.GAUGE))
    painter.setPen(theme.color("text" if score is not None and not is_grey else "muted"))
    said = text.DASH if score is None else f"{score:.1f}"
    painter.drawText(QRectF(centre.x() - radius, centre.y() - 34, 2 * radius, 36), Qt.AlignmentFlag.AlignCenter, said)
    painter.setFont(font(Type.CAPTION))
    painter.setPen(theme.color("muted"))
    for at, said in ((-radius, "0"), (radius, "100")):
        place = QRectF(centre.x() + at - 16, centre.y() + 2, 32, 14)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, said)


def _arc(painter: QPainter, ring: QRectF, span: tuple[float, float], pen: QPen) -> None:
    low, high = min(span), max(span)
    pen.setWidthF(STROKE_PX)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(ring, round((180 - 1.8 * high) * 16), round(1.8 * (high - low) * 16))


def _ray(centre: QPointF, start: float, score: float, length: float) -> QLineF:
    """A line outwards at a score's place, from ``start`` px of the centre."""
    angle = math.pi * (1 - score / 100)
    across, up = math.cos(angle), -math.sin(angle)
    return QLineF(
        centre.x() + start * across,
        centre.y() + start * up,
        centre.x() + (start + length) * across,
        centre.y() + (start + length) * up,
    )
