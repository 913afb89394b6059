"""The head of a panel: title, what it is about, a word at the right, and its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.controls import Button, GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import HEADER_PX
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.ui.theme import Theme


class PanelHeader(GivingRow):
    """A row of 32 px; the word at the right gives way first.

    Parameters
    ----------
    theme : Theme
        Colours.
    title : str
        The panel's name.
    """

    def __init__(self, theme: Theme, title: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, HEADER_PX, pad=12, parent=parent)
        self._title = title
        self._words = Words(theme, parent=self)
        self._words.say(Word(title, Type.STRONG))
        self.note = Words(theme, parent=self)
        self.add(self._words, rank=0)

    @property
    def text(self) -> str:
        """What it says at the left."""
        return self._words.text

    def say(self, subject: str, note: str = "", note_colour: str = "muted") -> None:
        """The subject beside the title, and the word at the right."""
        changed = self._words.say(Word(self._title, Type.STRONG), Word(subject, Type.BODY, "muted", gap=8))
        changed |= self.note.say(Word(note, Type.CAPTION, note_colour))
        if changed:
            self.arrange()

    def add_button(self, button: Button) -> None:
        """The first one added stands last in the row; the note keeps left of all."""
        self.add(button, rank=0, gap=4, right=True)

    def finish(self) -> None:
        """All buttons are there."""
        self.add(self.note, rank=1, gap=8, right=True)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, HEADER_PX - 1, self.width(), 1, self._theme.color("hair"))
