"""The head row of a painted table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from virtuoso_desktop.ui.cell import Column
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.measures import HEAD_PX
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent


OVERHANG_PX = 6
"""A centred title may be so much wider than its column."""


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
        self.setMinimumSectionSize(16)
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
        if column.is_centred:
            if painter.fontMetrics().horizontalAdvance(title) > rect.width() + OVERHANG_PX:
                return  # without room its tooltip says it
            side, room = Qt.AlignmentFlag.AlignHCenter, rect.adjusted(0, 0, 0, -1)
        elif column.is_right:
            pad = min(column.pad, max(0, rect.width() - painter.fontMetrics().horizontalAdvance(title)))
            side, room = Qt.AlignmentFlag.AlignRight, rect.adjusted(0, 0, -pad, -1)
        else:
            side = Qt.AlignmentFlag.AlignLeft
            room = rect.adjusted(column.lead if section == 0 else column.pad, 0, -column.pad, -1)
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, title)
