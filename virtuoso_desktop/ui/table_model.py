"""The model of a painted table: Qt's view of rows that are formatted elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from virtuoso_desktop.ui.cell import Cell, Column

_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_WITH_HINT = "QList<QPersistentModelIndex>,QAbstractItemModel::LayoutChangeHint"
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
        # Without the hint the header begins anew and tells sizes of hidden columns.
        hint = QAbstractItemModel.LayoutChangeHint.VerticalSortHint
        self.layoutAboutToBeChanged[_WITH_HINT].emit([], hint)  # pyright: ignore[reportIndexIssue]
        before = self.persistentIndexList()
        after = [self.index(new_place(index.row()), index.column()) for index in before]
        self.changePersistentIndexList(before, after)
        self.layoutChanged[_WITH_HINT].emit([], hint)  # pyright: ignore[reportIndexIssue]

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
