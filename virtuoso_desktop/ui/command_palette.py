"""The command palette: type to find any action or instrument, Enter to have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.command_palette_paint import (
    HEADING_PX,
    ROW_PX,
    paint_caps,
    paint_heading,
    paint_row,
)
from virtuoso_desktop.ui.command_palette_rows import Entry, Found, search
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.overlay import Overlay
from virtuoso_desktop.ui.words import Word, paint_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtuoso_desktop.engine.analysis_views import ScoreRow
    from virtuoso_desktop.engine.views import MarketRow
    from virtuoso_desktop.ui.command_palette_rows import Group
    from virtuoso_desktop.ui.theme import Theme

WIDTH_PX, HEIGHT_PX, TOP_PX = 560, 480, 72
FIELD_PX, FOOT_PX = 46, 34
PAGE_ROWS = 10
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
LINE_ROLE = Qt.ItemDataRole.UserRole


class Line(NamedTuple):
    """One line of the list: a heading, or what was found."""

    heading: str = ""
    found: Found | None = None


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.lines: list[Line] = []

    def show(self, groups: Sequence[Group]) -> None:
        self.beginResetModel()
        self.lines = [
            line for group in groups for line in (Line(group.name), *(Line(found=each) for each in group.found))
        ]
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        line = self.lines[index.row()]
        if role == LINE_ROLE:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return line.heading if line.found is None else line.found.entry.spoken
        if role == Qt.ItemDataRole.ToolTipRole and line.found is not None:
            return line.found.entry.why_not
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        is_choice = self.lines[index.row()].found is not None
        both = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return both if is_choice else Qt.ItemFlag.NoItemFlags


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, palette: CommandPalette) -> None:
        super().__init__(palette)
        self._theme = theme
        self._palette = palette

    def sizeHint(self, _option: QStyleOptionViewItem, index: _Index) -> QSize:
        line: Line = index.data(LINE_ROLE)
        return QSize(WIDTH_PX - 16, HEADING_PX if line.found is None else ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line: Line = index.data(LINE_ROLE)
        if line.found is None:
            paint_heading(painter, self._theme, line.heading, QRectF(option.rect))
        else:
            paint_row(painter, self._theme, line.found, option, self._palette.scores)


class CommandPalette(Overlay):
    """Closes itself on Enter, Esc, its own key or a click elsewhere.

    Parameters
    ----------
    theme : Theme
        Colours.
    entries : sequence of Entry
        Everything that can be found.
    recent : sequence of str
        Keys of what was used before, newest first.
    window : QWidget
        The window that it lies over.
    """

    chosen = Signal(str)
    """Key of an entry."""

    def __init__(self, theme: Theme, entries: Sequence[Entry], recent: Sequence[str], window: QWidget) -> None:
        super().__init__(theme, window)
        self._entries = tuple(entries)
        self._recent = tuple(recent)
        self._refusal = ""
        self.scores: Callable[[MarketRow], ScoreRow | None] | None = None
        """The scores of an instrument, while they count."""
        self.setAccessibleName("Command palette")
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Search actions and instruments")
        self.field.setAccessibleName("Search actions and instruments")
        self.field.setStyleSheet("QLineEdit, QLineEdit:focus { background: transparent; border: none; padding: 0; }")
        self.field.setFont(font(Type.TITLE))
        self.field.textChanged.connect(self._find)
        self.field.installEventFilter(self)
        self.setFocusProxy(self.field)
        self._model = _Model(self)
        self.list = QListView(self)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Delegate(theme, self))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(lambda index: self._choose(index.row()))

    def open_in_window(self) -> None:
        """Show it near the upper edge, in the middle."""
        window = self._window
        width = min(WIDTH_PX, window.width() - 40)
        self.setFixedWidth(width)
        self.field.setGeometry(44, 8, width - 44 - 60, FIELD_PX - 14)
        self._find("")
        self.open_over(QPoint((window.width() - width) // 2, TOP_PX))

    def _fit(self) -> None:
        """As high as what was found, within the window."""
        headings = sum(line.found is None for line in self._model.lines)
        lines = headings * HEADING_PX + (len(self._model.lines) - headings) * ROW_PX or ROW_PX
        frame = FIELD_PX + FOOT_PX + 10
        height = min(HEIGHT_PX, self._window.height() - TOP_PX - 40, lines + frame)
        self.setFixedHeight(height)
        self.list.setGeometry(8, FIELD_PX + 4, self.width() - 16, height - frame + 2)

    @property
    def current(self) -> Entry | None:
        """The entry that Enter would choose."""
        row = self.list.currentIndex().row()
        found = self._model.lines[row].found if 0 <= row < len(self._model.lines) else None
        return None if found is None else found.entry

    @property
    def found(self) -> list[Found]:
        """Everything that is listed, from top to bottom."""
        return [line.found for line in self._model.lines if line.found is not None]

    @property
    def refusal(self) -> str:
        """Why the entry that was asked for cannot be done now; empty while none was refused."""
        return self._refusal

    def _find(self, typed: str) -> None:
        self._refusal = ""
        self._model.show(search(self._entries, typed, self._recent))
        self.list.setVisible(bool(self._model.lines))
        self._fit()
        if self._model.lines:
            self._go(1)
        self.update()

    def _go(self, row: int) -> None:
        """Make a line the current one; line 0 is a heading."""
        self._refusal = ""
        self.list.setCurrentIndex(self._model.index(row, 0))
        if row == 1:
            self.list.scrollToTop()
        entry = self.current
        if entry is not None and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.field, entry.spoken))
        self.update()

    def _step(self, step: int) -> None:
        """Move by entries; one step over the end begins at the other one."""
        choices = [row for row, line in enumerate(self._model.lines) if line.found is not None]
        if not choices:
            return
        place = choices.index(self.list.currentIndex().row()) + step
        last = len(choices) - 1
        self._go(choices[place % len(choices) if abs(step) == 1 else max(0, min(last, place))])

    def _choose(self, row: int) -> None:
        found = self._model.lines[row].found if 0 <= row < len(self._model.lines) else None
        if found is None:
            return
        if found.entry.why_not is not None:
            self._refusal = found.entry.why_not
            self.update()
            return
        self.finish()
        self.chosen.emit(found.entry.key)

    # --- Qt -----------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            return self._on_key(event.key())
        return super().eventFilter(watched, event)

    def _on_key(self, key: int) -> bool:
        """Keys that steer the list while the field has the focus; True when used."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: PAGE_ROWS, Qt.Key.Key_PageUp: -PAGE_ROWS}
        if key in steps:
            self._step(steps[Qt.Key(key)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.list.currentIndex().row())
        elif key == Qt.Key.Key_Escape:
            self.finish()
        else:
            return False
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        theme, width, height = self._theme, self.width(), self.height()
        icons.paint(painter, "magnifying-glass", QRectF(16, (FIELD_PX - 18) / 2, 18, 18), theme.color("muted"))
        paint_caps(painter, theme, ("Esc",), QRectF(width - 60, 0, 48, FIELD_PX))
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(1, FIELD_PX, width - 2, FIELD_PX)
        painter.drawLine(1, height - FOOT_PX, width - 2, height - FOOT_PX)
        foot = QRectF(16, height - FOOT_PX, width - 32, FOOT_PX)
        if not self._model.lines:
            said = f"Neither an action nor an instrument matches \u201c{self.field.text().strip()}\u201d"
            paint_words(painter, theme, (Word(said, Type.BODY, "muted"),), QRectF(16, FIELD_PX + 8, width - 32, ROW_PX))
        if self._refusal:
            paint_words(painter, theme, (Word(self._refusal, Type.BODY, "warning", icon="warning"),), foot)
            return
        keys = (
            Word("\u2191 \u2193", Type.CAPTION_KEY, "muted"),
            Word("move", Type.CAPTION, "muted", gap=5),
            Word("Enter", Type.CAPTION_KEY, "muted", gap=14),
            Word("open or do", Type.CAPTION, "muted", gap=5),
        )
        paint_words(painter, theme, keys, foot)
        count = f"{len(self.found)} of {len(self._entries)}"
        paint_words(painter, theme, (Word(count, Type.CAPTION, "muted"),), foot.adjusted(foot.width() - 64, 0, 0, 0))
