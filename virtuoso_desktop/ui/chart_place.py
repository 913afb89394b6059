"""What stands in the chart's place while its libraries are being loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.ui.theme import Theme

WORDS_AFTER_MS = 150
"""Nothing is said about loading before this."""


class ChartPlace(QWidget):
    """The background of a chart, and soon the word that it is being loaded."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._is_late = False
        self.setAccessibleName("Chart, loading")
        QTimer.singleShot(WORDS_AFTER_MS, self, self._say)

    def _say(self) -> None:
        self._is_late = True
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("background"))
        if not self._is_late:
            return
        words = (Word("Loading the chart", colour="muted"),)
        width = words_width(words)
        box = QRectF((self.width() - width) / 2, self.height() * 0.4, width + 1, 20)
        paint_words(painter, self._theme, words, box)
