"""The sign before a row of a page, and a thin bar that tells a share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui import icons

if TYPE_CHECKING:
    from virtuoso_desktop.ui.theme import Theme

SHARE_WIDTH_PX, SHARE_HEIGHT_PX = 56, 5


class RowMark(QWidget):
    """An icon; a short line where there is nothing to say."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._icon, self._colour = "", "muted"
        self.setFixedSize(QSize(16, 16))

    def show_icon(self, name: str, colour: str) -> None:
        """Show another one; empty for none."""
        if (name, colour) != (self._icon, self._colour):
            self._icon, self._colour = name, colour
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self._theme.color(self._colour)
        if self._icon:
            icons.paint(painter, self._icon, QRectF(0, 0, 16, 16), colour)
        else:
            painter.fillRect(4, 8, 8, 1, self._theme.color("disabled"))


class ShareBar(QWidget):
    """How much of something is there; nothing is painted where that is not known."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.ratio: float | None = None
        self.setFixedSize(QSize(SHARE_WIDTH_PX, SHARE_HEIGHT_PX))

    def show_ratio(self, ratio: float | None) -> None:
        """Show another share, 0 to 1."""
        if ratio != self.ratio:
            self.ratio = ratio
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.ratio is None:
            return
        painter = QPainter(self)
        painter.setPen(self._theme.color("raised2"))
        painter.fillRect(self.rect(), self._theme.color("raised2"))
        painter.fillRect(QRectF(0, 0, round(self.width() * self.ratio), self.height()), self._theme.color("accent"))
