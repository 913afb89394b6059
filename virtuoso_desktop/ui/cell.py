"""What a painted table shows in one cell, and what it knows of a column. No Qt: rows are formatted and tested alone."""

from __future__ import annotations

import msgspec

from virtuoso_desktop.ui.format import DASH


class Ink(msgspec.Struct, frozen=True, cache_hash=True):
    """Weight (400, 500, 600) and colour token of a piece of text."""

    weight: int
    token: str


LABEL = Ink(400, "text")
NUMBER = Ink(500, "text")
KEY = Ink(600, "text")
MUTED = Ink(400, "muted")
MUTED_NUMBER = Ink(500, "muted")
UP = Ink(500, "up_text")
DOWN = Ink(500, "down_text")
WARNING = Ink(500, "warning")


class Part(msgspec.Struct, frozen=True):
    """A piece of text in one ink."""

    text: str
    ink: Ink


class Cell(msgspec.Struct, frozen=True):
    """One cell as painted and as read aloud.

    ``icon`` is the name of an icon in front of the text, empty for none. ``spoken`` replaces the text
    for a screen reader where the written form would mislead.
    """

    parts: tuple[Part, ...]
    icon: str = ""
    spoken: str = ""

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


def cell(text: str, ink: Ink = NUMBER, icon: str = "", spoken: str = "") -> Cell:
    """A cell of one piece of text."""
    return Cell((Part(text, ink),), icon, spoken)


EMPTY = Cell(())
MISSING = cell(DASH, MUTED, spoken="no value")


class Column(msgspec.Struct, frozen=True):
    """A column of a painted table. Widths in logical pixels."""

    name: str
    """Stable: what is remembered between runs."""
    title: str
    spoken: str
    tooltip: str
    width: int
    """Narrowest width that holds its widest usual text with 8 px on both sides."""
    rank: int
    """Order in which columns appear as the panel widens; 0 is always there."""
    is_right: bool = True
    sorts_down_first: bool = True
