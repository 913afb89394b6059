"""The small course of 24 hours in a table cell: drawn once per change, then shown as a picture."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF

from virtuoso_desktop.ui.atlas import CLEAR
from virtuoso_desktop.ui.theme import Theme

HEIGHT_PX = 18.0
LINE_PX = 1.1
DOT_PX = 1.6
PAD_PX = 2
_MOST_KEPT = 200


class Sparklines:
    """Draws and keeps sparklines. Points without movement are a line in the middle."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._kept: dict[tuple[object, ...], QPixmap] = {}

    def paint(self, painter: QPainter, cell: QRectF, points: tuple[float, ...], token: str, ratio: float) -> None:
        """Draw ``points`` (oldest first) into the middle of ``cell``; ``ratio`` is device pixels per pixel."""
        if len(points) < 2:
            return
        width = int(cell.width()) - 2 * PAD_PX
        key = (points, token, width, ratio, self._theme.version)
        pixmap = self._kept.get(key)
        if pixmap is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            pixmap = self._kept[key] = self._draw(points, token, width, ratio)
        painter.drawPixmap(QPointF(cell.left() + PAD_PX, cell.top() + (cell.height() - HEIGHT_PX) / 2), pixmap)

    def _draw(self, points: tuple[float, ...], token: str, width: int, ratio: float) -> QPixmap:
        pixmap = QPixmap(round(width * ratio), round(HEIGHT_PX * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(CLEAR)
        low, high = min(points), max(points)
        reach = (high - low) or 1.0
        step = (width - 2 * DOT_PX) / (len(points) - 1)
        room = HEIGHT_PX - 2 * DOT_PX
        middle = 0.5 if high == low else 0.0
        line = [
            QPointF(DOT_PX + index * step, DOT_PX + room * (1 - middle - (value - low) / reach))
            for index, value in enumerate(points)
        ]
        color = self._theme.color(token)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, LINE_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.drawPolyline(QPolygonF(line))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(line[-1], DOT_PX, DOT_PX)
        painter.end()
        return pixmap
