"""The mark: a V whose right leg rises, and two bars. The same shapes as ``resources/icons/virtuoso.svg``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon, QPaintEvent

SIDE = 24.0
SHAPES: tuple[tuple[str, tuple[tuple[float, float], ...]], ...] = (
    ("accent", ((1, 4), (5, 4), (9.5, 15.5), (7.5, 20.5))),
    ("text", ((7.5, 20.5), (13.5, 4), (17, 4), (10.8, 20.5))),
    ("text", ((18.5, 8), (20, 8), (20, 16), (18.5, 16))),
    ("text", ((21.5, 4), (23, 4), (23, 14), (21.5, 14))),
)
"""Colour token and polygon in a square of 24."""


def paint_logo(painter: QPainter, theme: Theme, box: QRectF) -> None:
    """Paint the mark into a square."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.translate(box.topLeft())
    painter.scale(box.width() / SIDE, box.height() / SIDE)
    for colour, points in SHAPES:
        painter.setBrush(theme.color(colour))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    painter.restore()


def window_icon(theme: Theme) -> QIcon:
    """The mark on a dark plate, for task bars of any colour."""
    from PySide6.QtGui import QIcon

    icon = QIcon()
    for side in (16, 32, 64, 128):
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(QRectF(0, 0, side, side), side * 0.2, side * 0.2)
        paint_logo(painter, theme, QRectF(side * 0.14, side * 0.14, side * 0.72, side * 0.72))
        painter.end()
        icon.addPixmap(pixmap)
    return icon


class Logo(QWidget):
    """The mark at the left end of the top bar."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName("Virtuoso")

    def sizeHint(self) -> QSize:
        return QSize(24, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_logo(QPainter(self), self._theme, QRectF(0, 0, 24, 24))
