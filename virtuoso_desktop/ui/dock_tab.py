"""One tab of a group of panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from virtuoso_desktop.ui.controls import paint_focus
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import HEADER_PX
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPaintEvent

    from virtuoso_desktop.ui.theme import Theme

PILL_PX = 14
SIDE_PX = 12


class Tab(QAbstractButton):
    """A tab: its name, and how many there are in a pill. It can be dragged away."""

    dragged = Signal()
    menu_asked = Signal(QPoint)
    """Global place."""
    stepped = Signal(int)
    """The tab before (-1) or after (1) is asked for by key."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.name = name
        self.count = 0
        self._pressed_at: QPoint | None = None
        self.setText(PANELS[name].title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.show_count(0)

    def show_count(self, count: int) -> None:
        """The number in the pill; none for 0."""
        self.count = count
        self.setAccessibleName(f"{self.text()}, {count} hold now" if count else self.text())
        self.updateGeometry()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed_at = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        begun = self._pressed_at
        if begun is None:
            return
        if (event.position().toPoint() - begun).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            self.setDown(False)
            self.dragged.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None
        super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None:
            self.stepped.emit(step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        pill = self._pill_width() + 6 if self.count else 0
        return QSize(round(words_width((self._title("text"),)) + 0.5) + 2 * SIDE_PX + pill, HEADER_PX)

    def _title(self, colour: str) -> Word:
        return Word(self.text(), Type.STRONG if self.isChecked() else Type.BODY, colour)

    def _pill_width(self) -> int:
        return max(PILL_PX + 2, round(words_width((Word(str(self.count), Type.BADGE),))) + 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, is_chosen = self._theme, self.isChecked()
        if is_chosen:
            painter.fillRect(self.rect(), theme.color("background"))
            painter.fillRect(0, 0, self.width(), 2, theme.color("accent"))
        title = self._title("text" if is_chosen or self.underMouse() else "muted")
        paint_words(painter, theme, (title,), QRectF(SIDE_PX, 1, self.width() - SIDE_PX, HEADER_PX - 1))
        if self.count:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            wide = self._pill_width()
            box = QRectF(self.width() - SIDE_PX - wide, (HEADER_PX - PILL_PX) / 2 + 0.5, wide, PILL_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised2"))
            painter.drawRoundedRect(box, PILL_PX / 2, PILL_PX / 2)
            word = (Word(str(self.count), Type.BADGE),)
            paint_words(painter, theme, word, box.adjusted((wide - words_width(word)) / 2, 0, 4, 0))
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, theme, QRectF(self.rect()))
