"""The title of a panel that is not there yet: what the first frame and a panel's place show alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt

from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from virtuoso_desktop.ui.theme import Theme

CONFLUENCE, SIGNALS, ORDER_BOOK = "Confluence", "Signals", "Order book"
PAD_PX = 12


def paint_head(painter: QPainter, theme: Theme, title: str, row: QRect, *, is_tab: bool = False) -> None:
    """The row of a panel's title, or of its tab."""
    # fillRect() makes PySide load the 180 colours of QGradient.Preset on its first call: 4 ms.
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("surface"))
    painter.drawRect(row)
    painter.setBrush(theme.color("hair"))
    painter.drawRect(QRect(row.left(), row.bottom(), row.width(), 1))
    words = (Word(title, Type.STRONG),)
    if is_tab:
        wide = round(words_width(words) + 0.5) + 2 * PAD_PX
        painter.setBrush(theme.color("background"))
        painter.drawRect(QRect(row.left(), row.top(), wide, row.height()))
        painter.setBrush(theme.color("accent"))
        painter.drawRect(QRect(row.left(), row.top(), wide, 2))
    paint_words(painter, theme, words, QRectF(row.left() + PAD_PX, row.top(), row.width() - PAD_PX, row.height()))
