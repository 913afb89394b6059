"""The parts of the Markets panel beside its table: the header, and the note over an empty table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.controls import Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import BAR_PX, HEADER_PX, ROW_PX, search_width, skeleton_bar
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
    from virtuoso_desktop.ui.search_field import SearchField
    from virtuoso_desktop.ui.table import TableView
    from virtuoso_desktop.ui.theme import Theme

SKELETON_AFTER_MS = 150


class MarketsHeader(QWidget):
    """Title, what the rows are, and the search field."""

    def __init__(self, theme: Theme, search: SearchField, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._search = search
        search.setParent(self)
        self._words = Words(theme, parent=self)
        self._words.say(Word("Markets", Type.STRONG))
        self.setFixedHeight(HEADER_PX)

    def say(self, subject: str, colour: str) -> None:
        if self._words.say(Word("Markets", Type.STRONG), Word(subject, Type.BODY, colour, gap=8)):
            self._arrange()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._arrange()

    def _arrange(self) -> None:
        wide = search_width(self.width(), self._words.sizeHint().width())
        self._search.setGeometry(self.width() - wide - 8, (HEADER_PX - self._search.height()) // 2, wide, 24)
        self._words.setGeometry(12, 0, self.width() - wide - 28, HEADER_PX - 1)

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
        elif len(rows):
            watched = f"{len(rows)} are watched. Esc clears the search."
            self._say(f"No market matches \u201c{words.strip()}\u201d", watched)
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
