"""Text on the chart: what comes again is laid out once, what is new is drawn at once."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QStaticText, QTransform

from virtuoso_desktop.ui.fonts import Type, font

_MOST_TEXTS = 512
_FIGURES = str.maketrans("123456789", "0" * 9)


class Face:
    """One role of the type scale: draws vertically centred on capital letters, measures, remembers."""

    def __init__(self, role: Type) -> None:
        self.font = font(role)
        self._metrics = QFontMetricsF(self.font)
        self._half_capital = self._metrics.capHeight() / 2
        self._ascent = self._metrics.ascent()
        self._known: dict[str, QStaticText | None] = {}
        self._widths: dict[str, float] = {}

    def begin(self, painter: QPainter, color: QColor) -> None:
        """Set font and colour for the texts that follow."""
        painter.setFont(self.font)
        painter.setPen(color)

    def draw(self, painter: QPainter, x: float, middle: float, text: str) -> None:
        """Draw with the font and colour of `begin`, the left edge at ``x``.

        A text that is asked for again is laid out and kept; one that was never seen is only drawn.
        """
        baseline = round(middle + self._half_capital)
        static = self._known.get(text)
        if static is None:
            if text not in self._known:
                if len(self._known) >= _MOST_TEXTS:
                    self._known.clear()
                self._known[text] = None
                painter.drawText(QPointF(x, baseline), text)
                return
            static = self._known[text] = self._laid_out(text)
        painter.drawStaticText(QPointF(x, baseline - self._ascent), static)

    def _laid_out(self, text: str) -> QStaticText:
        static = QStaticText(text)
        static.setTextFormat(Qt.TextFormat.PlainText)
        static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        static.prepare(QTransform(), self.font)
        return static

    def width(self, text: str) -> float:
        """Width in logical pixels. Figures are tabular: texts that differ in figures only are one width."""
        shape = figureless(text)
        found = self._widths.get(shape)
        if found is None:
            if len(self._widths) >= _MOST_TEXTS:
                self._widths.clear()
            found = self._widths[shape] = self._metrics.horizontalAdvance(shape)
        return found


def figureless(text: str) -> str:
    """The text with every figure as 0: what its width depends on."""
    return text.translate(_FIGURES)


_faces: dict[Type, Face] = {}


def face(role: Type) -> Face:
    """The face of a role; needs a running application."""
    found = _faces.get(role)
    if found is None:
        found = _faces[role] = Face(role)
    return found
