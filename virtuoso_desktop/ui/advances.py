"""Widths of figures, a character at a time: a table has few characters and many texts."""

from __future__ import annotations

from PySide6.QtGui import QFontMetricsF

from virtuoso_desktop.ui.fonts import Type, font

NUMERIC = frozenset("0123456789,.+\u2212 \u2009%KMBT\u2014hmsd")


class Advances(dict[str, float]):
    """Advance of a character, logical pixels; tabular figures are never kerned."""

    def __init__(self, kind: Type) -> None:
        super().__init__()
        self._metrics = QFontMetricsF(font(kind))

    def __missing__(self, char: str) -> float:
        self[char] = self._metrics.horizontalAdvance(char)
        return self[char]

    def width(self, text: str) -> float:
        """Width of a text of figures, logical pixels; any other is measured whole, for it may be kerned."""
        if NUMERIC.issuperset(text):
            return sum(map(self.__getitem__, text))
        return self._metrics.horizontalAdvance(text)
