"""Shapes under the text of a table cell, drawn once into the table's atlas: tints, badges, score bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPen

from virtuoso_desktop.ui.cell import Plate
from virtuoso_desktop.ui.measures import LEFT_PX, ROW_PX
from virtuoso_desktop.ui.theme import Theme

BADGE_PX, LETTER_PX, BADGE_HEIGHT_PX = 34, 16, 16
BAR_SIDE_PX, TRACK_PX, TICK_PX = 5.0, 2.0, 1.0
MARKETS_BAR_PX, DIMENSION_BAR_PX = 28, 58


class Shape(NamedTuple):
    """Where a plate stands in a cell of some width, and how it is painted with its corner at 0, 0."""

    box: Callable[[int], QRectF]
    paint: Callable[[QPainter, Theme, Plate, QSizeF], None]
    ratio: str = ""
    """The palette's ratio that a plate's strength is a share of; empty for none."""


def paint_bar(painter: QPainter, theme: Theme, plate: Plate, size: QSizeF) -> None:
    """A score bar: track, tick in the middle, and the length from there."""
    middle, width = size.height() / 2, size.width()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("raised2"))
    painter.drawRoundedRect(QRectF(0, middle - TRACK_PX / 2, width, TRACK_PX), 1, 1)
    painter.setBrush(theme.color("muted"))
    painter.drawRect(QRectF(width / 2 - TICK_PX / 2, 0, TICK_PX, size.height()))
    painter.setBrush(theme.color(plate.token))
    left = width / 2 + min(0.0, plate.length)
    painter.drawRoundedRect(QRectF(left, 0, abs(plate.length), size.height()), 1, 1)


def _paint_fill(painter: QPainter, theme: Theme, plate: Plate, size: QSizeF, radius: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(plate.token))
    painter.drawRoundedRect(QRectF(0, 0, size.width(), size.height()), radius, radius)


def _paint_cell(painter: QPainter, theme: Theme, plate: Plate, size: QSizeF) -> None:
    _paint_fill(painter, theme, plate, size, 2)


def _paint_outline(painter: QPainter, theme: Theme, plate: Plate, size: QSizeF) -> None:
    """What is not final has an outline, as the forming candle on the chart."""
    painter.setPen(QPen(theme.color(plate.token), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(0.5, 0.5, size.width() - 1, size.height() - 1), 2, 2)


def _paint_rule(painter: QPainter, theme: Theme, plate: Plate, size: QSizeF) -> None:
    _paint_fill(painter, theme, plate, size, 0)


def _paint_badge(painter: QPainter, theme: Theme, plate: Plate, size: QSizeF) -> None:
    _paint_fill(painter, theme, plate, size, 3)


def _whole(width: int) -> QRectF:
    return QRectF(1, 1, width - 2, ROW_PX - 2)


def _centred(side: int) -> Callable[[int], QRectF]:
    return lambda width: QRectF(round((width - side) / 2), (ROW_PX - BADGE_HEIGHT_PX) / 2, side, BADGE_HEIGHT_PX)


def _letter(_width: int) -> QRectF:
    return QRectF(LEFT_PX, 4, 16, 16)


def _left_bar(width: int) -> QRectF:
    del width
    return QRectF(4, (ROW_PX - BAR_SIDE_PX) / 2 - 0.5, MARKETS_BAR_PX, BAR_SIDE_PX)


def _dimension_bar(width: int) -> QRectF:
    side = min(DIMENSION_BAR_PX, width - 4)
    return QRectF(width - side, (ROW_PX - 6) / 2, side, 6)


PLATES: dict[str, Shape] = {
    "cell": Shape(_whole, _paint_cell, "score_tint_ratio"),
    "outline": Shape(_whole, _paint_outline),
    "badge": Shape(_centred(BADGE_PX), _paint_badge),
    "short_badge": Shape(_centred(LETTER_PX), _paint_badge),
    "letter": Shape(_letter, _paint_cell, "score_tint_ratio"),
    "rule": Shape(lambda width: QRectF(0, 0, width, 1), _paint_rule),
    "bar": Shape(_left_bar, paint_bar),
    "wide_bar": Shape(_dimension_bar, paint_bar),
}
