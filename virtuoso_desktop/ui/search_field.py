"""A line to search in, with a magnifying glass before and a cross after the text."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.theme import Theme

HEIGHT_PX = 24
_ICON_PX = 14
_CROSS_PX = 12


class SearchField(QLineEdit):
    """A search field of 24 px; the cross appears with the first letter."""

    focused = Signal(bool)
    """The keyboard came to it, or left it."""

    def __init__(self, theme: Theme, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._has_fault = False
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setFixedHeight(HEIGHT_PX)
        self.setTextMargins(_ICON_PX + 4, 0, _CROSS_PX + 2, 0)

    def show_fault(self, has_fault: bool) -> None:
        """Mark what is typed as something that cannot be understood."""
        if has_fault != self._has_fault:
            self._has_fault = has_fault
            self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)

    def _cross(self) -> QRectF:
        return QRectF(self.width() - _CROSS_PX - 6, (self.height() - _CROSS_PX) / 2, _CROSS_PX, _CROSS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        glass = QRectF(7, (self.height() - _ICON_PX) / 2, _ICON_PX, _ICON_PX)
        icons.paint(painter, "magnifying-glass", glass, self._theme.color("muted"))
        if self.text():
            icons.paint(painter, "x", self._cross(), self._theme.color("muted"))
        if self._has_fault:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("down"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.text() and self._cross().adjusted(-4, -6, 6, 6).contains(event.position()):
            self.clear()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.text() and self._cross().adjusted(-4, -6, 6, 6).contains(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.IBeamCursor)
        super().mouseMoveEvent(event)
