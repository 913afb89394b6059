"""Words in the middle of a table without rows: why it is empty and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.ui.theme import Theme

LINE_PX = 22


def paint_note(canvas: QWidget, theme: Theme, lines: Sequence[Word]) -> None:
    """Paint the lines one under the other, centred; the first at a quarter of the height."""
    painter = QPainter(canvas)
    top = max(4.0, canvas.height() * 0.25 - LINE_PX / 2)
    for place, word in enumerate(lines):
        wide = min(words_width((word,)), canvas.width() - 24)
        box = QRectF((canvas.width() - wide) / 2, top + place * LINE_PX, wide + 1, LINE_PX)
        paint_words(painter, theme, (word,), box)
    painter.end()
