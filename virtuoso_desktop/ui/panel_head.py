"""The title of a panel that is not there yet: what the first frame and a panel's place show alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt

from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from virtuoso_desktop.ui.theme import Theme

PAD_PX = 12


def paint_head(painter: QPainter, theme: Theme, title: str, row: QRect) -> None:
    """The row of a panel's title."""
    _paint_row(painter, theme, row)
    words = (Word(title, Type.STRONG),)
    paint_words(painter, theme, words, QRectF(row.left() + PAD_PX, row.top(), row.width() - PAD_PX, row.height()))


def paint_tabs(painter: QPainter, theme: Theme, titles: Sequence[str], front: int, row: QRect) -> None:
    """A row of tabs, as far as it has room."""
    _paint_row(painter, theme, row)
    left = row.left()
    for place, title in enumerate(titles):
        is_front = place == front
        words = (Word(title, Type.STRONG if is_front else Type.BODY, "text" if is_front else "muted"),)
        wide = round(words_width(words) + 0.5) + 2 * PAD_PX
        if left + wide > row.right():
            break
        if is_front:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("background"))
            painter.drawRect(QRect(left, row.top(), wide, row.height() - 1))
            painter.setBrush(theme.color("accent"))
            painter.drawRect(QRect(left, row.top(), wide, 2))
        paint_words(painter, theme, words, QRectF(left + PAD_PX, row.top() + 1, wide, row.height() - 1))
        left += wide


def _paint_row(painter: QPainter, theme: Theme, row: QRect) -> None:
    # fillRect() makes PySide load the 180 colours of QGradient.Preset on its first call: 4 ms.
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("surface"))
    painter.drawRect(row)
    painter.setBrush(theme.color("hair"))
    painter.drawRect(QRect(row.left(), row.bottom(), row.width(), 1))
