"""The parts of the Markets panel beside its table: the header, and the note over an empty table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QWidget

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.controls import Button, Words, paint_focus
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import (
    BAR_PX,
    CARET_PX,
    HEADER_PX,
    PLUS_FROM_PX,
    ROW_PX,
    buttons_width,
    search_place,
    skeleton_bar,
)
from virtuoso_desktop.ui.panels.markets_rows import WATCHED, MarketsRows
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent

    from virtuoso_desktop.ui.search_field import SearchField
    from virtuoso_desktop.ui.table import TableView
    from virtuoso_desktop.ui.theme import Theme

SKELETON_AFTER_MS = 150
_CARET_ICON_PX = 11
_BUTTON_PX = 24


class ListChooser(QAbstractButton):
    """What the table lists, in words; a click or Enter opens the choice."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words: tuple[Word, ...] = ()
        self._width = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def say(self, word: Word) -> bool:
        """Show this; True when the width changed."""
        if (word,) == self._words:
            return False
        self._words = (word,)
        self.setAccessibleName(f"List: {word.text}")
        self.update()
        before, self._width = self._width, round(words_width(self._words) + 0.5)
        return self._width != before

    def sizeHint(self) -> QSize:
        return QSize(self._width + CARET_PX + 8, _BUTTON_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self.underMouse() or self.isDown():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("raised"))
            painter.drawRoundedRect(box, 4, 4)
        paint_words(painter, self._theme, self._words, box.adjusted(4, 0, -CARET_PX, 0))
        left = min(self._width + 7.0, box.width() - CARET_PX + 3)
        top = (box.height() - _CARET_ICON_PX) / 2
        colour = self._theme.color("text" if self.underMouse() else "muted")
        icons.paint(painter, "caret-down", QRectF(left, top, _CARET_ICON_PX, _CARET_ICON_PX), colour)
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, self._theme, box)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.click()
        else:
            super().keyPressEvent(event)


class MarketsHeader(QWidget):
    """Title, which list it is, the search field, and the buttons."""

    def __init__(self, theme: Theme, search: SearchField, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._search = search
        self._words = Words(theme, parent=self)
        self._words.say(Word("Markets", Type.STRONG))
        self.chooser = ListChooser(theme, self)
        self.plus = Button(theme, icon_name="plus", parent=self)
        self.menu = Button(theme, icon_name="dots-three-vertical", parent=self)
        search.setParent(self)
        self._is_searching = False
        self.setFixedHeight(HEADER_PX)

    @property
    def text(self) -> str:
        """What it says at the left."""
        return f"{self._words.text} {self.chooser.accessibleName().removeprefix('List: ')}"

    def say(self, subject: str, colour: str) -> None:
        if self.chooser.say(Word(subject, Type.BODY, colour)):
            self._arrange()

    def widen_search(self, widens: bool) -> None:
        """While somebody types, a filter has the room of the words beside it."""
        if widens != self._is_searching:
            self._is_searching = widens
            self._arrange()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._arrange()

    def _arrange(self) -> None:
        title = self._words.sizeHint().width()
        left, wide = search_place(self.width(), title + 8 + self.chooser.sizeHint().width() - 8)
        if self._is_searching:
            left, wide = title + 24, left + wide - title - 24
        self.chooser.setVisible(not self._is_searching)
        self._search.setGeometry(left, (HEADER_PX - self._search.height()) // 2, wide, 24)
        self._words.setGeometry(12, 0, title, HEADER_PX - 1)
        room = left - 8 - (title + 16)
        self.chooser.setGeometry(title + 16, 4, max(0, min(room, self.chooser.sizeHint().width())), _BUTTON_PX)
        top, right = (HEADER_PX - _BUTTON_PX) // 2, self.width() - 4
        self.menu.setGeometry(right - _BUTTON_PX, top, _BUTTON_PX, _BUTTON_PX)
        self.plus.setVisible(self.width() >= PLUS_FROM_PX)
        self.plus.setGeometry(self.width() - buttons_width(self.width()) + 2, top, _BUTTON_PX, _BUTTON_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("surface"))
        painter.fillRect(0, HEADER_PX - 1, self.width(), 1, self._theme.color("hair"))


class MarketsNote(QWidget):
    """Over an empty table: why it is empty and what to do; bars for the rows to come while it loads."""

    def __init__(self, theme: Theme, view: TableView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._lines: tuple[Word, ...] = ()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(SKELETON_AFTER_MS)
        self._patience.timeout.connect(self.show)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_for(self, rows: MarketsRows, words: str) -> None:
        """Decide from the rows whether and what to say."""
        if rows.row_count():
            self._patience.stop()
            self.hide()
        elif rows.is_filtered:
            watched = f"{rows.listed} are {'watched' if rows.scope is WATCHED else 'listed'}. Esc clears the search."
            self._say(f"No market matches \u201c{words.strip()}\u201d", watched)
            self.show()
        elif rows.scope.members is not None:
            self._say(
                "This list is empty", "The menu of a row adds it to a list; text with symbols can be dropped here."
            )
            self.show()
        else:
            self._lines = ()
            self.setAccessibleName("Loading the instruments")
            if self.isHidden() and not self._patience.isActive():
                self._patience.start()

    def _say(self, title: str, detail: str) -> None:
        self._lines = (Word(title, Type.TITLE), Word(detail, Type.BODY, "muted"))
        self.setAccessibleName(f"{title}. {detail}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._lines:
            self._paint_bars(painter)
        for row, word in enumerate(self._lines):
            width = min(words_width((word,)), self.width() - 24)
            box = QRectF((self.width() - width) / 2, self.height() * 0.3 + row * 24, width + 1, 24)
            paint_words(painter, self._theme, (word,), box)

    def _paint_bars(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("raised"))
        spans = self._view.spans()
        for top in range((ROW_PX - BAR_PX) // 2, self.height(), ROW_PX):
            painter.drawRoundedRect(QRectF(12, top, 36, BAR_PX), 2, 2)
            for _, left, size in spans[1:]:
                pad, wide = skeleton_bar(size)
                painter.drawRoundedRect(QRectF(left + size - pad - wide, top, wide, BAR_PX), 2, 2)
