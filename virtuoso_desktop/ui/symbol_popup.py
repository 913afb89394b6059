"""The list of instruments that the instrument button opens: type to search, Enter to open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from virtuoso_desktop.engine.views import MarketRow, RowState, kind_badge
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.feed_state import venue_name
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.overlay import Overlay
from virtuoso_desktop.ui.panels.markets_rows import KIND_WORDS
from virtuoso_desktop.ui.search_field import SearchField
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.words import Word, paint_words, words_width

WIDTH_PX, ROW_PX, MOST_ROWS = 380, 32, 12
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
ROW_ROLE = Qt.ItemDataRole.UserRole


def matching(rows: Sequence[MarketRow], words: str) -> list[MarketRow]:
    """Rows that hold every word; those whose symbol begins with the first word come first, then by turnover."""
    wanted = words.casefold().split()

    def rank(row: MarketRow) -> tuple[bool, float, InstrumentId]:
        starts = bool(wanted) and row.instrument_id.symbol.casefold().startswith(wanted[0])
        return not starts, -(row.turnover_24h or 0.0), row.instrument_id

    found = [row for row in rows if all(word in _haystack(row) for word in wanted)]
    return sorted(found, key=rank)


def _haystack(row: MarketRow) -> str:
    identity = row.instrument_id
    name = identity.symbol + kind_badge(identity.market_kind)
    return f"{name} {KIND_WORDS[identity.market_kind]} {identity}".casefold()


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[MarketRow] = []

    def show(self, rows: list[MarketRow]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            identity = row.instrument_id
            return f"{identity.symbol} {venue_name(identity.venue.value)} {KIND_WORDS[identity.market_kind]}"
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, popup: SymbolPopup) -> None:
        super().__init__(popup)
        self._theme = theme
        self._popup = popup

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(WIDTH_PX - 2, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme = self._theme
        row: MarketRow = index.data(ROW_ROLE)
        box = QRectF(option.rect)
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_current:
            painter.fillRect(box, theme.color("accent", theme.palette.accent_tint_ratio))
            painter.fillRect(QRectF(box.left(), box.top(), 2, box.height()), theme.color("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, theme.color("raised"))
        identity = row.instrument_id
        kind = f"{venue_name(identity.venue.value)} {KIND_WORDS[identity.market_kind]}"
        name = identity.symbol + kind_badge(identity.market_kind)
        words = (*_bold_match(name, self._popup.first_word), Word(kind, Type.BODY, "muted", gap=8))
        figures = _figures(row)
        width = words_width(figures)
        paint_words(painter, theme, words, box.adjusted(14, 0, -width - 20, 0))
        paint_words(painter, theme, figures, QRectF(box.right() - width - 12, box.top(), width + 1, box.height()))


def _bold_match(name: str, word: str) -> tuple[Word, ...]:
    """The letters that were typed stand out."""
    at = name.casefold().find(word) if word else -1
    if at < 0:
        return (Word(name, Type.NUMBER),)
    parts = (name[:at], name[at : at + len(word)], name[at + len(word) :])
    kinds = (Type.NUMBER, Type.KEY, Type.NUMBER)
    colours = ("text", "accent_text", "text")
    return tuple(Word(*part) for part in zip(parts, kinds, colours, strict=True) if part[0])


def _figures(row: MarketRow) -> tuple[Word, ...]:
    is_live = row.state is RowState.LIVE
    price = Word(text.price(row.last_price, row.price_decimals), Type.NUMBER, "text" if is_live else "muted")
    change = row.change_24h_pct
    if change is None:
        return (price,)
    colour = ("up_text" if change >= 0 else "down_text") if is_live else "muted"
    return price, Word(text.percent(change), Type.NUMBER, colour, gap=10)


class SymbolPopup(Overlay):
    """Closes itself on Enter, Esc or a click elsewhere."""

    chosen = Signal(object)
    """`InstrumentId`."""

    def __init__(self, theme: Theme, rows: Sequence[MarketRow], window: QWidget) -> None:
        super().__init__(theme, window)
        self._rows = tuple(rows)
        self.first_word = ""
        self.setAccessibleName("Instruments")
        self.search = SearchField(theme, "Search instruments", self)
        self.search.setGeometry(10, 10, WIDTH_PX - 20, 28)
        self.search.textChanged.connect(self._find)
        self.search.installEventFilter(self)
        self.setFocusProxy(self.search)
        self._model = _Model(self)
        self.list = QListView(self)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Delegate(theme, self))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Instruments found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(self._on_clicked)
        self._find("")

    def open_at(self, corner: QPoint, first: str = "") -> None:
        """Show with the upper left corner at a point of the window; ``first`` is what was typed already."""
        self.search.setText(first)
        self.open_over(corner)
        self.search.deselect()

    def _find(self, words: str) -> None:
        self.first_word = next(iter(words.casefold().split()), "")
        found = matching(self._rows, words)
        self._model.show(found)
        height = ROW_PX * max(1, min(MOST_ROWS, len(found)))
        self.list.setGeometry(1, 48, WIDTH_PX - 2, height)
        self.list.setVisible(bool(found))
        self.setFixedSize(WIDTH_PX, 48 + height + 30)
        if found:
            self.list.setCurrentIndex(self._model.index(0, 0))
        self.update()

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._model.rows):
            instrument = self._model.rows[row].instrument_id
            self.finish()
            self.chosen.emit(instrument)

    def _on_clicked(self, index: QModelIndex) -> None:
        self._choose(index.row())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            return self._on_key(event.key())
        return super().eventFilter(watched, event)

    def _on_key(self, key: int) -> bool:
        """Keys that steer the list while the field has the focus; True when used."""
        row, last = self.list.currentIndex().row(), len(self._model.rows) - 1
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: MOST_ROWS, Qt.Key.Key_PageUp: -MOST_ROWS}
        if key in steps:
            self.list.setCurrentIndex(self._model.index(max(0, min(last, row + steps[Qt.Key(key)])), 0))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(row)
        elif key == Qt.Key.Key_Escape:
            self.finish()
        else:
            return False
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        theme = self._theme
        found = len(self._model.rows)
        if not found:
            said = f"No instrument matches \u201c{self.search.text().strip()}\u201d among the {len(self._rows)} listed"
            paint_words(painter, theme, (Word(said, Type.BODY, "muted"),), QRectF(14, 48, WIDTH_PX - 28, ROW_PX))
        foot = (
            Word("\u2191 \u2193", Type.CAPTION_KEY, "muted"),
            Word("move", Type.CAPTION, "muted", gap=5),
            Word("Enter", Type.CAPTION_KEY, "muted", gap=14),
            Word("open", Type.CAPTION, "muted", gap=5),
            Word(f"{found} of {len(self._rows)}", Type.CAPTION, "muted", gap=14),
        )
        paint_words(painter, theme, foot, QRectF(14, self.height() - 28, WIDTH_PX - 28, 26))
