"""What can come next while a filter is typed: a list under the search field that never takes the keyboard from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.market.filter_completion import Option, completion
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.words import Word, paint_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.market.row_filter import Field
    from virtuoso_desktop.ui.search_field import SearchField
    from virtuoso_desktop.ui.theme import Theme

WIDTH_PX, ROW_PX, MOST_ROWS = 340, 24, 9
FROM_LETTERS = 2
"""Names of columns are offered from so many letters on: one letter is more often a coin."""
_NAME_PX = 104


class FilterPopup(QWidget):
    """Arrows choose, Tab or Enter take, Esc closes; Ctrl+Space asks for it.

    Parameters
    ----------
    theme : Theme
        Colours.
    field : SearchField
        What is typed into.
    fields : mapping of str to Field
        The columns that a filter can name.
    """

    closed = Signal()
    """Nothing more is offered: what is typed stands as it is."""

    def __init__(self, theme: Theme, field: SearchField, fields: Mapping[str, Field]) -> None:
        super().__init__(field.window())
        self._theme = theme
        self._field = field
        self._fields = fields
        self._start = 0
        self._options: tuple[Option, ...] = ()
        self._chosen = -1
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("What can come next in the filter")
        self.hide()
        field.textEdited.connect(lambda _: self.offer())
        field.installEventFilter(self)

    @property
    def offered(self) -> tuple[str, ...]:
        """What is offered now; empty while it is closed."""
        return () if self.isHidden() else tuple(option.text for option in self._options)

    def offer(self, *, is_asked: bool = False) -> None:
        """Show what can come next; unasked, only where it is likely to be wanted."""
        field = self._field
        caret = field.cursorPosition()
        found = completion(field.text(), caret, self._fields)
        typed = caret - found.start
        if not is_asked and (not field.text().strip() or (typed < FROM_LETTERS and not found.start)):
            self.close_list()
            return
        self._start, self._options = found.start, found.options[:MOST_ROWS]
        self._choose(-1)
        if not self._options:
            self.close_list()
            return
        self.setFixedSize(WIDTH_PX, ROW_PX * len(self._options) + 8)
        window = field.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        corner = field.mapTo(window, QPoint(0, field.height() + 2))
        self.move(max(4, min(corner.x(), window.width() - WIDTH_PX - 4)), corner.y())
        self.show()
        self.raise_()

    def close_list(self) -> None:
        self.hide()
        self._options = ()

    def take(self, row: int) -> None:
        """Put an option into the text, and offer what follows."""
        field = self._field
        words, caret = field.text(), field.cursorPosition()
        before = f"{words[: self._start]}{self._options[row].text} "
        field.setText(before + words[caret:].lstrip())
        field.setCursorPosition(len(before))
        self.offer()

    def _choose(self, row: int) -> None:
        self._chosen = row
        if 0 <= row < len(self._options):
            option = self._options[row]
            self.setAccessibleDescription(f"{option.text}, {option.about}")
        self.update()

    # --- Qt -----------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.offer(is_asked=True)
                return True
            return not self.isHidden() and self._on_key(event.key())
        if event.type() is QEvent.Type.FocusOut:
            self.close_list()
        return super().eventFilter(watched, event)

    def _on_key(self, key: int) -> bool:
        """Keys that steer the list; True when used."""
        count = len(self._options)
        if key == Qt.Key.Key_Down:
            self._choose((self._chosen + 1) % count)
        elif key == Qt.Key.Key_Up:
            self._choose((self._chosen - 1) % count if self._chosen >= 0 else count - 1)
        elif key == Qt.Key.Key_Escape:
            self.close_list()
            self.closed.emit()
        elif key == Qt.Key.Key_Tab:
            self.take(max(0, self._chosen))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen >= 0:
            self.take(self._chosen)
        else:
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.close_list()
            return False
        return True

    def _row_at(self, event: QMouseEvent) -> int:
        row = int(event.position().y() - 4) // ROW_PX
        return row if 0 <= row < len(self._options) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._choose(self._row_at(event))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event)
        if row >= 0:
            self.take(row)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        for row, option in enumerate(self._options):
            box = QRectF(4, 4 + row * ROW_PX, self.width() - 8, ROW_PX)
            if row == self._chosen:
                painter.fillRect(box, theme.color("accent", theme.palette.accent_tint_ratio))
            name = Word(option.text, Type.NUMBER, "accent_text" if row == self._chosen else "text")
            paint_words(painter, theme, (name,), box.adjusted(8, 0, 0, 0))
            about = Word(option.about, Type.CAPTION, "muted")
            paint_words(painter, theme, (about,), box.adjusted(8 + _NAME_PX, 0, -6, 0))
