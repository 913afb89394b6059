"""What a painted table shows in one cell, and what it knows of a column. No Qt: rows are formatted and tested alone."""

from __future__ import annotations

import msgspec

from virtuoso_desktop.ui.format import DASH
from virtuoso_desktop.ui.measures import LEFT_PX


class Ink(msgspec.Struct, frozen=True, cache_hash=True):
    """Weight (400, 500, 600), colour token and size (10, 11, 12 px) of a piece of text.

    ``is_fixed`` is the fixed font of 12 px, in its one weight: for log lines and codes.
    """

    weight: int
    token: str
    size: int = 12
    is_fixed: bool = False


LABEL = Ink(400, "text")
NUMBER = Ink(500, "text")
KEY = Ink(600, "text")
MUTED = Ink(400, "muted")
MUTED_NUMBER = Ink(500, "muted")
UP = Ink(500, "up_text")
DOWN = Ink(500, "down_text")
WARNING = Ink(500, "warning")
SMALL = Ink(500, "text", 11)
SMALL_MUTED = Ink(400, "muted", 11)
CODE = Ink(400, "text", is_fixed=True)
MUTED_CODE = Ink(400, "muted", is_fixed=True)


class Part(msgspec.Struct, frozen=True):
    """A piece of text in one ink."""

    text: str
    ink: Ink


class Plate(msgspec.Struct, frozen=True, cache_hash=True):
    """A shape under a cell's text, see `plates.PLATES`."""

    shape: str
    token: str
    strength: float = 1.0
    """Opacity in [0, 1]."""
    length: float = 0.0
    """Of a bar: from its middle, px, negative to the left."""


class Cell(msgspec.Struct, frozen=True):
    """One cell as painted and as read aloud.

    ``icon`` is the name of an icon in front of the text, empty for none. ``spoken`` replaces the text
    for a screen reader where the written form would mislead. ``plates`` are painted under the text.
    """

    parts: tuple[Part, ...]
    icon: str = ""
    spoken: str = ""
    plates: tuple[Plate, ...] = ()

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


def cell(text: str, ink: Ink = NUMBER, icon: str = "", spoken: str = "") -> Cell:
    """A cell of one piece of text."""
    return Cell((Part(text, ink),), icon, spoken)


EMPTY = Cell(())
MISSING = cell(DASH, MUTED, spoken="no value")


def no_value(why: str) -> Cell:
    """An em dash; ``why`` is read aloud."""
    return cell(DASH, MUTED, spoken=f"no value, {why}")


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
    is_centred: bool = False
    pad: int = 8
    """On both sides of the text."""
    least: int = 0
    """Width at which it still says what it has to; 0 where that is ``width``."""
    is_rigid: bool = False
    """Never wider than ``width``."""
    lead: int = LEFT_PX
    """What stands first in a panel is so far from its edge."""


def text_left(column: Column, section: int, left: float, size: float, width: float) -> float:
    """Where text of ``width`` px begins in the cell of ``section`` that is ``size`` px wide."""
    if column.is_centred:
        return left + (size - width) / 2
    if column.is_right:
        return left + size - column.pad - width
    return left + (column.lead if section == 0 else column.pad)
