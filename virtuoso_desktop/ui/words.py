"""Words in a line: text in a type and a colour, painted on one baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from virtuoso_desktop.ui.fonts import Type, font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from virtuoso_desktop.ui.theme import Theme

ICON_PX = 16


class Word(msgspec.Struct, frozen=True):
    """A piece of text in a type and a colour; ``gap`` px stand before it."""

    text: str
    kind: Type = Type.BODY
    colour: str = "text"
    gap: int = 0
    icon: str = ""


def words_width(words: Sequence[Word]) -> float:
    """Width of the words side by side, logical pixels."""
    return sum(
        word.gap
        + (ICON_PX if word.icon else 0)
        + (4 if word.icon and word.text else 0)
        + QFontMetricsF(font(word.kind)).horizontalAdvance(word.text)
        for word in words
    )


def paint_words(painter: QPainter, theme: Theme, words: Sequence[Word], rect: QRectF) -> None:
    """Paint the words from the left of ``rect`` on one common baseline; what has no room is elided."""
    x = rect.left()
    tallest = max((QFontMetricsF(font(word.kind)).capHeight() for word in words), default=0.0)
    baseline = round(rect.center().y() + tallest / 2)
    for word in words:
        x += word.gap
        if word.icon:
            from virtuoso_desktop.ui import icons

            box = QRectF(round(x), round(rect.center().y() - ICON_PX / 2), ICON_PX, ICON_PX)
            icons.paint(painter, word.icon, box, theme.color(word.colour))
            x += ICON_PX + (4 if word.text else 0)
        metrics = QFontMetricsF(font(word.kind))
        room = rect.right() - x
        shown = word.text
        width = metrics.horizontalAdvance(shown)
        if width > room + 0.5:
            shown = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, room)
        painter.setFont(font(word.kind))
        painter.setPen(theme.color(word.colour))
        painter.drawText(round(x), baseline, shown)
        x += width
        if x > rect.right():
            return
