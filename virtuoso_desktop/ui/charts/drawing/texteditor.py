"""The line in which a text on the chart is written, at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QLineEdit

from virtuoso_desktop.ui.charts.drawing.figures import MOST_LETTERS
from virtuoso_desktop.ui.fonts import Type, font

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent
    from PySide6.QtWidgets import QWidget

WIDTH_PX, HEIGHT_PX = 240, 26


class TextEditor(QLineEdit):
    """Enter or a click elsewhere keeps the text, Escape gives it up.

    Signals
    -------
    written(str or None)
        The text; None when it was given up. Emitted once.
    """

    written = Signal(object)

    def __init__(self, words: str, parent: QWidget) -> None:
        super().__init__(words, parent)
        self._chart = parent
        self._is_done = False
        self.setMaxLength(MOST_LETTERS)
        self.setFont(font(Type.NUMBER))
        self.setPlaceholderText("Text, Enter keeps it")
        self.setAccessibleName("Text on the chart")
        self.setToolTip("Enter keeps it, Esc gives it up")
        self.resize(WIDTH_PX, HEIGHT_PX)

    def open_at(self, place: QPoint) -> None:
        """Show over ``place`` of the parent, inside of it."""
        room = self._chart.rect()
        x = min(max(place.x(), 0), max(0, room.width() - self.width()))
        y = min(max(place.y() - self.height() // 2, 0), max(0, room.height() - self.height()))
        self.move(x, y)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()

    def _end(self, words: str | None) -> None:
        if self._is_done:
            return
        self._is_done = True
        had_focus = self.hasFocus()
        self.hide()
        self.written.emit(words)
        if had_focus:
            self._chart.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._end(None)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._end(self.text())  # the key would go on to the chart, which opens the line again
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self._end(self.text())
