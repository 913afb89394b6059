"""The head row of a painted table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from virtuoso_desktop.ui.cell import Column
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.measures import HEAD_PX, PAD_PX, left_pad
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent


class TableHeader(QHeaderView):
    """The head row: titles in muted, the sorted one in text with an arrow."""

    dragged = Signal()
    """A column's edge was let go."""

    def __init__(self, theme: Theme, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.canvas = QWidget()
        self.setViewport(self.canvas)
        self.canvas.setMouseTracking(True)
        self._theme = theme
        self._columns = tuple(columns)
        self.is_held = False
        """The mouse holds a column or its edge: a new width is the user's wish."""
        self.sorted_column = -1
        self.sorts_down = True
        self.setSectionsClickable(True)
        self.setFixedHeight(HEAD_PX)
        self.setMinimumSectionSize(32)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setHighlightSections(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("Column heads")

    def show_sort(self, column: int, *, down: bool) -> None:
        """Mark the sorted column."""
        self.sorted_column = column
        self.sorts_down = down
        self.canvas.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.canvas)
        painter.fillRect(event.rect(), self._theme.color("background"))
        for section, column in enumerate(self._columns):
            if not self.isSectionHidden(section):
                left = self.sectionViewportPosition(section)
                self._paint_title(painter, section, column, QRect(left, 0, self.sectionSize(section), self.height()))
        painter.fillRect(0, self.height() - 1, self.canvas.width(), 1, self._theme.color("hair"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.is_held = True
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.is_held = False
        self.dragged.emit()

    def _paint_title(self, painter: QPainter, section: int, column: Column, rect: QRect) -> None:
        is_sorted = section == self.sorted_column
        title = column.title
        if is_sorted:
            title = f"{title} {'↓' if self.sorts_down else '↑'}"
        painter.setFont(font(Type.CAPTION_NUMBER if is_sorted else Type.CAPTION))
        painter.setPen(self._theme.color("text" if is_sorted else "muted"))
        side = Qt.AlignmentFlag.AlignRight if column.is_right else Qt.AlignmentFlag.AlignLeft
        left = 2 if column.is_right else left_pad(section)
        painter.drawText(rect.adjusted(left, 0, -PAD_PX, -1), side | Qt.AlignmentFlag.AlignVCenter, title)
