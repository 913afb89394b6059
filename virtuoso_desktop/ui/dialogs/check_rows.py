"""Rows with a check box, painted in the theme's colours: 26 px, the row in hand tinted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from virtuoso_desktop.ui.theme import Theme

ROW_PX = 26
BOX_PX = 14
SIDE = Qt.ItemDataRole.UserRole + 1
"""Role of the muted word at the right."""
_PAD_PX = 8


class CheckRows(QStyledItemDelegate):
    """Paints the rows; Qt's own delegate still answers clicks on the box, which stands where Qt would put it."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, box = self._theme, QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", theme.palette.accent_tint_ratio))
            painter.drawRoundedRect(box.adjusted(2, 1, -2, -1), 4, 4)
        check = QRectF(box.left() + _PAD_PX, box.center().y() - BOX_PX / 2, BOX_PX, BOX_PX)
        is_checked = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked.value
        painter.setPen(QPen(theme.color("accent" if is_checked else "muted"), 1))
        painter.setBrush(theme.color("accent") if is_checked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(check.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        if is_checked:
            icons.paint(painter, "check", check.adjusted(2, 2, -2, -2), theme.color("on_accent"))
        side = (Word(index.data(SIDE) or "", Type.CAPTION, "muted"),)
        width = words_width(side)
        left = check.right() + _PAD_PX
        title = Word(index.data(Qt.ItemDataRole.DisplayRole), Type.NUMBER if is_checked else Type.BODY)
        paint_words(painter, theme, (title,), QRectF(left, box.top(), box.right() - left - width - 20, box.height()))
        paint_words(painter, theme, side, QRectF(box.right() - width - 12, box.top(), width + 2, box.height()))
        painter.restore()
