"""A small box over the window: closes with Esc, with a click elsewhere, or when the focus goes.

A child of the window rather than a pop-up window: it has round corners without a compositor, opens
by keyboard under Wayland, and grabs nothing.
"""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget

from virtuoso_desktop.ui.theme import Theme

RADIUS_PX = 8


class Overlay(QWidget):
    """Base of the boxes that a key or a button opens.

    Parameters
    ----------
    theme : Theme
        Colours.
    window : QWidget
        The window that it lies over; it gives the focus back to what had it.
    """

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._before: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.hide()

    def open_over(self, corner: QPoint) -> None:
        """Show with the upper left corner at ``corner`` of the window, moved inside where it would stand out."""
        room = self._window.rect().adjusted(4, 4, -4, -4)
        place = QRect(corner, self.size())
        place.moveRight(min(place.right(), room.right()))
        place.moveBottom(min(place.bottom(), room.bottom()))
        place.moveLeft(max(place.left(), room.left()))
        place.moveTop(max(place.top(), room.top()))
        self._before = QApplication.focusWidget()
        self.move(place.topLeft())
        if not self._window.isActiveWindow():  # a key in a floating window opened it
            self._window.activateWindow()
            self._window.raise_()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
        app = cast("QApplication", QApplication.instance())
        app.installEventFilter(self)
        app.focusChanged.connect(self._on_focus)

    def finish(self) -> None:
        """Close, and give the focus back."""
        if not self.isVisible():
            return
        app = cast("QApplication", QApplication.instance())
        app.removeEventFilter(self)
        app.focusChanged.disconnect(self._on_focus)
        self.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        self.close()

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is not None and now is not self and not self.isAncestorOf(now):
            self._before = None
            self.finish()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            at = self.mapFromGlobal(event.globalPosition().toPoint())
            if self.isVisible() and not self.rect().contains(at):
                self.finish()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.finish()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("background"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
