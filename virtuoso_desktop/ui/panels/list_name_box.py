"""The box that asks for the name of a watchlist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.overlay import Overlay
from virtuoso_desktop.ui.watchlists import LONGEST_NAME
from virtuoso_desktop.ui.words import Word, paint_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.theme import Theme

WIDTH_PX, HEIGHT_PX = 300, 108


class ListNameBox(Overlay):
    """Enter takes the name, or says why it cannot be; Esc leaves all as it is.

    Parameters
    ----------
    theme : Theme
        Colours.
    window : QWidget
        What it lies over.
    title : str
        What the name is for.
    take : callable
        Given the name; returns why not, in words, or None.
    """

    def __init__(self, theme: Theme, window: QWidget, title: str, take: Callable[[str], str | None]) -> None:
        super().__init__(theme, window)
        self._title = title
        self._take = take
        self.problem: str | None = None
        self.setAccessibleName(title)
        self.setFixedSize(WIDTH_PX, HEIGHT_PX)
        self.field = QLineEdit(self)
        self.field.setFont(font(Type.BODY))
        self.field.setAccessibleName(title)
        self.field.setToolTip(f"At most {LONGEST_NAME} characters; Enter takes it")
        self.field.setMaxLength(LONGEST_NAME)
        self.field.setGeometry(12, 38, WIDTH_PX - 24, 28)
        self.field.textEdited.connect(lambda _: self._say(None))
        self.field.returnPressed.connect(self._on_return)
        self.setFocusProxy(self.field)

    def open_at(self, corner: QPoint, name: str = "") -> None:
        """Show under a point of the window."""
        self.field.setText(name)
        self.open_over(corner)
        self.field.selectAll()

    def _on_return(self) -> None:
        problem = self._take(self.field.text()) if self.field.text().strip() else "A list needs a name."
        self._say(problem)
        if problem is None:
            self.finish()

    def _say(self, problem: str | None) -> None:
        self.problem = problem
        self.setAccessibleDescription(problem or "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        paint_words(painter, self._theme, (Word(self._title, Type.TITLE),), QRectF(14, 8, WIDTH_PX - 28, 24))
        said = Word(
            self.problem or "Enter takes it, Esc leaves it", Type.CAPTION, "down_text" if self.problem else "muted"
        )
        paint_words(painter, self._theme, (said,), QRectF(14, 76, WIDTH_PX - 28, 20))
