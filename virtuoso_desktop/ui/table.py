"""Tables painted in one pass: a ``QTableView`` whose viewport is ours, over a model of formatted rows.

The default delegate costs seven Python calls per cell; here a row's text is a block of glyph
fragments that is rebuilt only when the row changed, and all rows are drawn by one call. The model
still answers the roles that a screen reader asks for, from the same cells. Header, scrolling,
keyboard and selection stay Qt's; selection, current cell, focus ring and hover are painted here.
"""

from __future__ import annotations

from array import array
from time import perf_counter_ns
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPixmap, QRegion, QStaticText
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QScrollBar, QTableView, QWidget

from virtuoso_desktop.ui.atlas import CLEAR, ICON_GAP, ICON_SIDE, GlyphAtlas, ink_font
from virtuoso_desktop.ui.cell import EMPTY, Cell, Part, text_left
from virtuoso_desktop.ui.measures import BAR_PX, CAP_RATIO, ROW_PX, row_baseline, skeleton_bar
from virtuoso_desktop.ui.table_head import TableHeader
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtCore import QEvent, QModelIndex
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from virtuoso_desktop.ui.table_model import PaintedModel

_NO_GLYPHS: array[float] = array("d")
ELLIPSIS = "\u2026"
ELISION_GAP_PX = 10


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
        Its rows.
    theme : Theme
        Colours and motion.
    parent : QWidget or None
        Qt parent.
    row_px : int
        Height of a row; plates under text are made for 24 px.
    """

    opened = Signal(int)
    """A row was clicked, or Enter pressed on it."""
    resized = Signal()
    """The room for columns changed."""

    def __init__(
        self, model: PaintedModel, theme: Theme, parent: QWidget | None = None, *, row_px: int = ROW_PX
    ) -> None:
        super().__init__(parent)
        self.row_px = row_px
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
        # Parts that Qt would make by itself are made here: the first wrapper of a foreign widget makes PySide
        # look through all its classes, 13 ms before the first paint.
        self.canvas = QWidget()
        self.setViewport(self.canvas)
        self.head = TableHeader(theme, model.columns, self)
        self.setHorizontalHeader(self.head)
        self._configure()
        self.setModel(model)
        self.clicked.connect(lambda index: self.opened.emit(index.row()))

    def _configure(self) -> None:
        rows = QHeaderView(Qt.Orientation.Vertical, self)
        rows.setVisible(False)
        rows.setMinimumSectionSize(self.row_px)
        rows.setDefaultSectionSize(self.row_px)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setVerticalHeader(rows)
        scroll_bar = QScrollBar(Qt.Orientation.Vertical)
        scroll_bar.setSingleStep(self.row_px)
        self.setVerticalScrollBar(scroll_bar)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.canvas.setMouseTracking(True)
        self.canvas.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        spent, self._paint_ns = self._paint_ns, 0
        return spent

    def update_rows(self, rows: Iterable[int]) -> None:
        """Repaint these rows, where they are visible."""
        offset = self.verticalOffset()
        height = self.canvas.height()
        width = self.canvas.width()
        tops = sorted(row * self.row_px - offset for row in rows)
        region = QRegion()
        for top in tops:
            if -self.row_px < top < height:
                region += QRect(0, top, width, self.row_px)
        if not region.isEmpty():
            # A clip of many bands is dearer to draw through than the rows between them.
            self.canvas.update(region.boundingRect() if region.rectCount() > 4 else region)

    def still_ns(self, now_ns: int) -> int:
        """How long the pointer has not moved over the rows."""
        return now_ns - self._moved_ns

    def paintEvent(self, event: QPaintEvent) -> None:
        begun_ns = perf_counter_ns()
        painter = QPainter(self.canvas)
        painter.fillRect(event.rect(), self._theme.color("background"))
        self._check_layout()
        rows = self._rows_in(event.rect())
        painter.translate(-self.horizontalOffset(), -self.verticalOffset())
        joined: list[bytes] = []
        width = self.canvas.width() + self.horizontalOffset()
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
        first = max(0, (rect.top() + offset) // self.row_px)
        return range(first, min(self._rows.row_count(), (rect.bottom() + offset) // self.row_px + 1))

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
        top = row * self.row_px
        if row == self._hovered:
            painter.fillRect(0, top, width, self.row_px, theme.color("raised"))
        if rows.is_marked(row):
            painter.fillRect(0, top, width, self.row_px, theme.color("accent", theme.palette.accent_tint_ratio))
            painter.fillRect(0, top, 2, self.row_px, theme.color("accent"))
        if rows.is_skeleton(row):
            self._paint_bars(painter, top)
            return
        for column, token, strength in rows.tints(row, now_ns):
            if column in self._places:
                left, size = self._places[column]
                painter.drawPixmap(left + 1, top + 1, self._tile(size - 2, self.row_px - 2, token, strength))
        for column, paint in self.pictures.items():
            if column in self._places:
                left, size = self._places[column]
                paint(painter, QRectF(left, top, size, self.row_px), row)

    def _paint_bars(self, painter: QPainter, top: int) -> None:
        """Bars in the place of values to come."""
        for _, left, size in self._spans[1:]:
            pad, wide = skeleton_bar(size)
            painter.drawPixmap(
                left + size - pad - wide, top + (self.row_px - BAR_PX) // 2, self._tile(wide, BAR_PX, "raised", 1.0)
            )

    def _tile(self, width: int, height: int, token: str, strength: float) -> QPixmap:
        """A filled rectangle with round corners, drawn once: an antialiased path costs six times a picture."""
        key = (width, height, token, strength)
        tile = self._tiles.get(key)
        if tile is None:
            ratio = self.devicePixelRatioF()
            tile = QPixmap(round(width * ratio), round(height * ratio))
            tile.setDevicePixelRatio(ratio)
            tile.fill(CLEAR)
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
        baseline = row_baseline(row * self.row_px, self.row_px)
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

    def _build_cell(
        self, section: int, shown: Cell, left: int, size: int, baseline: float
    ) -> tuple[array[float], bool]:
        """The cell's fragments; without them and False where the atlas cannot hold its text."""
        atlas = self._atlas
        out: list[float] = []
        for plate in shown.plates:
            atlas.append_plate(out, plate, left, baseline - row_baseline(0, self.row_px), size)
        if not shown.parts:
            return array("d", out), True
        icon_width = ICON_SIDE + ICON_GAP if shown.icon else 0.0
        column = self._painted.columns[section]
        parts = shown.parts
        widths = [atlas.width(part.text, part.ink) for part in parts]
        x = float(text_left(column, section, left, size, sum(widths) + icon_width))
        if len(parts) == 1 and not column.is_right and x + widths[0] > left + size - ELISION_GAP_PX:
            parts = (Part(self._shortened(parts[0], left + size - ELISION_GAP_PX - x), parts[0].ink),)
        if shown.icon:
            atlas.append_icon(out, shown.icon, shown.parts[0].ink.token, x, baseline - CAP_RATIO * 6)
            x += icon_width
        for part, width in zip(parts, widths, strict=True):
            if not atlas.append(out, part.text, part.ink, x, baseline):
                return _NO_GLYPHS, False
            x += width
        return array("d", out), True

    def _shortened(self, part: Part, room: float) -> str:
        """As much of a text as fits, with an ellipsis."""
        text = part.text
        while len(text) > 1 and self._atlas.width(text + ELLIPSIS, part.ink) > room:
            text = text[:-1]
        return text.rstrip() + ELLIPSIS

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
            x = text_left(self._painted.columns[section], section, left, size, width)
            painter.setFont(ink_font(ink))
            painter.setPen(self._theme.color(ink.token))
            painter.drawStaticText(round(x), round(row * self.row_px + (self.row_px - height) / 2), static)

    def _paint_focus(self, painter: QPainter) -> None:
        """The ring around the current cell while the table has the keyboard."""
        current = self.currentIndex()
        if not (self.hasFocus() and self._by_keyboard and current.isValid()):
            return
        left = self.head.sectionPosition(current.column())
        rect = QRectF(left, current.row() * self.row_px, self.head.sectionSize(current.column()), self.row_px)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("accent"), 2))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 2, 2)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        self.update_rows({row for row in (current.row(), previous.row()) if row >= 0})

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._moved_ns = perf_counter_ns()
        self._hover(self.rowAt(round(event.position().y())))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

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
        elif (event.text().isprintable() and event.text()) or event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)
