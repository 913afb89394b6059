"""Tables painted in one pass: a ``QTableView`` whose viewport is ours, over a model of formatted rows.

The default delegate costs seven Python calls per cell; here a row's text is a block of glyph
fragments that is rebuilt only when the row changed, and all rows are drawn by one call. The model
still answers the roles that a screen reader asks for, from the same cells. Header, scrolling,
keyboard and selection stay Qt's; selection, current cell, focus ring and hover are painted here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter_ns
from typing import Protocol

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFocusEvent,
    QHoverEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QRegion,
    QStaticText,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from virtuoso_desktop.ui.atlas import ICON_GAP, ICON_SIDE, GlyphAtlas, ink_font
from virtuoso_desktop.ui.cell import EMPTY, Cell, Column
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.theme import Theme

ROW_PX = 24
HEAD_PX = 24
PAD_PX = 8
BAR_PX = 8
CAP_RATIO = 0.728
"""Cap height of Inter in em: what is centred in a row."""
_Index = QModelIndex | QPersistentModelIndex
_NO_GLYPHS: array[float] = array("d")
_NO_PARENT = QModelIndex()
_ALIGN_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_ALIGN_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

Tint = tuple[int, str, float]
"""Column, colour token, strength in [0, 1]."""


class RowSource(Protocol):
    """Formatted rows, from top to bottom. Holds no Qt."""

    def row_count(self) -> int: ...

    def cells(self, index: int) -> tuple[Cell, ...]:
        """The row's cells; equal cells are not built anew."""
        ...

    def tints(self, index: int, now_ns: int) -> Iterable[Tint]:
        """Backgrounds of single cells at ``now_ns`` (``perf_counter_ns``)."""
        ...

    def is_skeleton(self, index: int) -> bool:
        """True while a row has nothing but its name: bars stand for the values to come."""
        ...

    def is_marked(self, index: int) -> bool:
        """True for the row that the rest of the window shows."""
        ...

    def tooltip(self, index: int, column: int) -> str: ...


class PaintedModel(QAbstractTableModel):
    """Qt's view of a `RowSource`: answers a screen reader from the same cells that are painted."""

    def __init__(self, columns: Sequence[Column], rows: RowSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows = rows
        self._count = rows.row_count()

    def row_count(self) -> int:
        """Rows that Qt has been told of."""
        return self._count

    def rearranged(self, new_place: Callable[[int], int]) -> None:
        """The source has reordered its rows. ``new_place`` maps an old row number to the new one, -1 if gone."""
        if self.rows.row_count() != self._count:
            self.beginResetModel()
            self._count = self.rows.row_count()
            self.endResetModel()
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        after = [self.index(new_place(index.row()), index.column()) for index in before]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | int | None:
        row, column = index.row(), index.column()
        if not 0 <= row < self._count:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows.cells(row)[column].text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            shown = self.rows.cells(row)[column]
            return f"{self.columns[column].spoken} {shown.spoken or shown.text}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if self.columns[column].is_right else _ALIGN_LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.rows.tooltip(row, column)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | int | None:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return column.spoken
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if column.is_right else _ALIGN_LEFT
        return column.tooltip if role == Qt.ItemDataRole.ToolTipRole else None


class TableHeader(QHeaderView):
    """The head row: titles in muted, the sorted one in text with an arrow."""

    dragged = Signal()
    """A column's edge was let go."""

    def __init__(self, theme: Theme, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._columns = tuple(columns)
        self.sorted_column = -1
        self.sorts_down = True
        self.setSectionsClickable(True)
        self.setFixedHeight(HEAD_PX)
        self.setMinimumSectionSize(24)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setHighlightSections(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("Column heads")

    def show_sort(self, column: int, *, down: bool) -> None:
        """Mark the sorted column."""
        self.sorted_column = column
        self.sorts_down = down
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self._theme.color("background"))
        for section, column in enumerate(self._columns):
            if not self.isSectionHidden(section):
                left = self.sectionViewportPosition(section)
                self._paint_title(painter, section, column, QRect(left, 0, self.sectionSize(section), self.height()))
        painter.fillRect(0, self.height() - 1, self.viewport().width(), 1, self._theme.color("hair"))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.dragged.emit()

    def _paint_title(self, painter: QPainter, section: int, column: Column, rect: QRect) -> None:
        is_sorted = section == self.sorted_column
        title = column.title
        if is_sorted:
            title = f"{title} {'↓' if self.sorts_down else '↑'}"
        painter.setFont(font(Type.CAPTION_NUMBER if is_sorted else Type.CAPTION))
        painter.setPen(self._theme.color("text" if is_sorted else "muted"))
        side = Qt.AlignmentFlag.AlignRight if column.is_right else Qt.AlignmentFlag.AlignLeft
        left = 2 if column.is_right else _left_pad(section)
        painter.drawText(rect.adjusted(left, 0, -PAD_PX, -1), side | Qt.AlignmentFlag.AlignVCenter, title)


class _Block:
    """One row as built: its cells, the glyphs of each, and all of them joined."""

    __slots__ = ("apart", "cells", "glyphs", "joined")

    def __init__(self, count: int) -> None:
        self.cells: tuple[Cell, ...] = (EMPTY,) * count
        self.glyphs: list[array[float]] = [_NO_GLYPHS] * count
        self.joined = b""
        self.apart: dict[int, Cell] = {}


class TableView(QTableView):
    """The view. Panels call `update_rows` with what changed and add painters for pictures in cells.

    Parameters
    ----------
    model : PaintedModel
        Its rows are 24 px high.
    theme : Theme
        Colours and motion.
    parent : QWidget or None
        Qt parent.
    """

    opened = Signal(int)
    """A row was clicked, or Enter pressed on it."""

    def __init__(self, model: PaintedModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._painted = model
        self._atlas = GlyphAtlas(theme)
        self._rows = model.rows
        self._blocks: dict[int, _Block] = {}
        self._layout_key: tuple[object, ...] = ()
        self._spans: list[tuple[int, int, int]] = []
        self._places: dict[int, tuple[int, int]] = {}
        self._tiles: dict[tuple[int, int, str, float], QPixmap] = {}
        self._hovered = -1
        self._moved_ns = 0
        self._by_keyboard = False
        self._paint_ns = 0
        self.last_paint_ns = 0
        self.pictures: dict[int, Callable[[QPainter, QRectF, int], None]] = {}
        """Painters of cells that hold no text: column to (painter, cell, row)."""
        self.head = TableHeader(theme, model.columns, self)
        self.setHorizontalHeader(self.head)
        self.setModel(model)
        self._configure()
        self.clicked.connect(lambda index: self.opened.emit(index.row()))

    def _configure(self) -> None:
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setMinimumSectionSize(ROW_PX)
        rows.setDefaultSectionSize(ROW_PX)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(ROW_PX)
        self.setTabKeyNavigation(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        spent, self._paint_ns = self._paint_ns, 0
        return spent

    def update_rows(self, rows: Iterable[int]) -> None:
        """Repaint these rows, where they are visible."""
        offset = self.verticalOffset()
        height = self.viewport().height()
        width = self.viewport().width()
        tops = sorted(row * ROW_PX - offset for row in rows)
        region = QRegion()
        for top in tops:
            if -ROW_PX < top < height:
                region += QRect(0, top, width, ROW_PX)
        if not region.isEmpty():
            # A clip of many bands is dearer to draw through than the rows between them.
            self.viewport().update(region.boundingRect() if region.rectCount() > 4 else region)

    def still_ns(self, now_ns: int) -> int:
        """How long the pointer has not moved over the rows."""
        return now_ns - self._moved_ns

    def dataChanged(self, top_left: QModelIndex, bottom_right: QModelIndex, roles: Iterable[int] = ()) -> None:
        """Qt would repaint the whole viewport; `update_rows` knows better."""

    def paintEvent(self, event: QPaintEvent) -> None:
        begun_ns = perf_counter_ns()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self._theme.color("background"))
        self._check_layout()
        rows = self._rows_in(event.rect())
        painter.translate(-self.horizontalOffset(), -self.verticalOffset())
        joined: list[bytes] = []
        width = self.viewport().width() + self.horizontalOffset()
        for row in rows:
            self._paint_row(painter, row, width, begun_ns)
            block = self._block(row)
            joined.append(block.joined)
            if block.apart:
                self._draw_apart(painter, row, block.apart)
        self._atlas.draw(painter, array("d", b"".join(joined)))
        self._paint_focus(painter)
        painter.end()
        self.last_paint_ns = perf_counter_ns() - begun_ns
        self._paint_ns += self.last_paint_ns

    def _rows_in(self, rect: QRect) -> range:
        offset = self.verticalOffset()
        first = max(0, (rect.top() + offset) // ROW_PX)
        return range(first, min(self._rows.row_count(), (rect.bottom() + offset) // ROW_PX + 1))

    def spans(self) -> list[tuple[int, int, int]]:
        """(column, left, width) of the columns that are shown."""
        head = self.head
        return [
            (section, head.sectionPosition(section), head.sectionSize(section))
            for section in range(head.count())
            if not head.isSectionHidden(section)
        ]

    def _check_layout(self) -> None:
        spans = self.spans()
        key = (self._atlas.prepare(self.devicePixelRatioF()), spans)
        if key != self._layout_key:
            self._layout_key = key
            self._spans = spans
            self._places = {section: (left, size) for section, left, size in spans}
            self._blocks.clear()
            self._tiles.clear()

    def _paint_row(self, painter: QPainter, row: int, width: int, now_ns: int) -> None:
        """Everything under the text of a row, and its pictures."""
        theme = self._theme
        rows = self._rows
        top = row * ROW_PX
        if row == self._hovered:
            painter.fillRect(0, top, width, ROW_PX, theme.color("raised"))
        if rows.is_marked(row):
            painter.fillRect(0, top, width, ROW_PX, theme.color("accent", theme.palette.accent_tint_ratio))
            painter.fillRect(0, top, 2, ROW_PX, theme.color("accent"))
        if rows.is_skeleton(row):
            self._paint_bars(painter, top)
            return
        for column, token, strength in rows.tints(row, now_ns):
            if column in self._places:
                left, size = self._places[column]
                painter.drawPixmap(left + 1, top + 1, self._tile(size - 2, ROW_PX - 2, token, strength))
        for column, paint in self.pictures.items():
            if column in self._places:
                left, size = self._places[column]
                paint(painter, QRectF(left, top, size, ROW_PX), row)

    def _paint_bars(self, painter: QPainter, top: int) -> None:
        """Bars in the place of values to come."""
        for _, left, size in self._spans[1:]:
            wide = min(size - 2 * PAD_PX, 40)
            painter.drawPixmap(
                left + size - PAD_PX - wide, top + (ROW_PX - BAR_PX) // 2, self._tile(wide, BAR_PX, "raised", 1.0)
            )

    def _tile(self, width: int, height: int, token: str, strength: float) -> QPixmap:
        """A filled rectangle with round corners, drawn once: an antialiased path costs six times a picture."""
        key = (width, height, token, strength)
        tile = self._tiles.get(key)
        if tile is None:
            ratio = self.devicePixelRatioF()
            tile = QPixmap(round(width * ratio), round(height * ratio))
            tile.setDevicePixelRatio(ratio)
            tile.fill(Qt.GlobalColor.transparent)
            painter = QPainter(tile)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color(token, strength))
            painter.drawRoundedRect(QRectF(0, 0, width, height), 2, 2)
            painter.end()
            self._tiles[key] = tile
        return tile

    def _block(self, row: int) -> _Block:
        """The glyphs of a row, in document coordinates; only cells that differ are built anew."""
        cells = self._rows.cells(row)
        block = self._blocks.get(row)
        if block is None:
            block = self._blocks[row] = _Block(len(cells))
        if block.cells is cells:
            return block
        baseline = row * ROW_PX + round((ROW_PX + CAP_RATIO * 12) / 2)
        for section, left, size in self._spans:
            shown = cells[section]
            before = block.cells[section]
            if before is not shown and before != shown:
                block.glyphs[section], is_held = self._build_cell(section, shown, left, size, baseline)
                block.apart.pop(section, None)
                if not is_held:
                    block.apart[section] = shown
        block.cells = cells
        block.joined = b"".join(block.glyphs)
        return block

    def _build_cell(self, section: int, shown: Cell, left: int, size: int, baseline: int) -> tuple[array[float], bool]:
        """The cell's fragments; without them and False where the atlas cannot hold its text."""
        atlas = self._atlas
        out: list[float] = []
        if not shown.parts:
            return _NO_GLYPHS, True
        icon_width = ICON_SIDE + ICON_GAP if shown.icon else 0.0
        widths = [atlas.width(part.text, part.ink.weight) for part in shown.parts]
        if self._painted.columns[section].is_right:
            x = left + size - PAD_PX - sum(widths) - icon_width
        else:
            x = float(left + _left_pad(section))
        if shown.icon:
            atlas.append_icon(out, shown.icon, shown.parts[0].ink.token, x, baseline - CAP_RATIO * 6)
            x += icon_width
        for part, width in zip(shown.parts, widths, strict=True):
            if not atlas.append(out, part.text, part.ink, x, baseline):
                return _NO_GLYPHS, False
            x += width
        return array("d", out), True

    def _draw_apart(self, painter: QPainter, row: int, apart: dict[int, Cell]) -> None:
        """Draw cells that the atlas cannot hold: other scripts, or a full atlas."""
        for section, left, size in self._spans:
            shown = apart.get(section)
            if shown is None:
                continue
            ink = shown.parts[0].ink
            static = QStaticText(shown.text)
            static.setTextFormat(Qt.TextFormat.PlainText)
            static.prepare(font=ink_font(ink))
            width, height = static.size().width(), static.size().height()
            is_right = self._painted.columns[section].is_right
            x = left + size - PAD_PX - width if is_right else left + _left_pad(section)
            painter.setFont(ink_font(ink))
            painter.setPen(self._theme.color(ink.token))
            painter.drawStaticText(round(x), round(row * ROW_PX + (ROW_PX - height) / 2), static)

    def _paint_focus(self, painter: QPainter) -> None:
        """The ring around the current cell while the table has the keyboard."""
        current = self.currentIndex()
        if not (self.hasFocus() and self._by_keyboard and current.isValid()):
            return
        left = self.head.sectionPosition(current.column())
        rect = QRectF(left, current.row() * ROW_PX, self.head.sectionSize(current.column()), ROW_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("accent"), 2))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 2, 2)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        self.update_rows({row for row in (current.row(), previous.row()) if row >= 0})

    def viewportEvent(self, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.HoverMove, QEvent.Type.HoverEnter):
            assert isinstance(event, QHoverEvent)
            self._moved_ns = perf_counter_ns()
            self._hover(self.rowAt(round(event.position().y())))
        elif kind in (QEvent.Type.Leave, QEvent.Type.HoverLeave):
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            changed = {self._hovered, row} - {-1}
            self._hovered = row
            self.update_rows(changed)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_keyboard = event.reason() not in (
            Qt.FocusReason.MouseFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        )
        super().focusInEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._by_keyboard = False
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._by_keyboard = True
        row = self.currentIndex().row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.opened.emit(row)
        elif event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)


def _left_pad(section: int) -> int:
    """The first column stands 12 px from the panel's edge."""
    return PAD_PX + 4 if section == 0 else PAD_PX
