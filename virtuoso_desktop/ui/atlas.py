"""Text from a glyph atlas: one pixmap of glyphs, one ``drawPixmapFragments`` call for a whole table.

Glyphs are rendered on demand at four sub-pixel positions, so that text looks as Qt's own. Kerning is
kept: pen positions come from the font. Text that the atlas cannot hold (other scripts, or a full
atlas) is reported to the caller, which draws it with ``QStaticText``.
"""

from __future__ import annotations

import math
from array import array
from itertools import accumulate
from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap
from shiboken6 import wrapInstance

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.advances import NUMERIC, Advances
from virtuoso_desktop.ui.cell import Ink, Plate
from virtuoso_desktop.ui.fonts import INK_TYPES, Type, font
from virtuoso_desktop.ui.plates import PLATES
from virtuoso_desktop.ui.theme import Theme

CLEAR = QColor(0, 0, 0, 0)
SIDE = 512
"""Logical side of the square pixmap: about 1,300 glyphs of 12 px."""
PHASES = 4
KERNED_PX = 0.01
PAD = 2
"""Empty device pixels around each glyph, for overhang."""
ICON_SIDE = 14.0
ICON_GAP = 3.0
_LAST_PLAIN = "\u024f"
_SIGNS = frozenset("+\u2212")
_PUNCTUATION = frozenset("\u2009\u2014\u2212\u2013\u2018\u2019\u201c\u201d\u2022\u2026\u2191\u2193\u25b2\u25bc")

Glyph = tuple[float, float, float, float, float, float]
"""Centre of the fragment relative to the pen, then left, top, width, height in the pixmap; device pixels."""


def ink_font(ink: Ink) -> QFont:
    """The table font of an ink."""
    return font(_ink_type(ink))


def _ink_type(ink: Ink) -> Type:
    return Type.CODE if ink.is_fixed else INK_TYPES[ink.size, ink.weight]


class _InkAdvances(dict[Ink, Advances]):
    """Widths by ink; inks of one font share them."""

    def __init__(self) -> None:
        super().__init__()
        self._by_type: dict[Type, Advances] = {}

    def __missing__(self, ink: Ink) -> Advances:
        kind = _ink_type(ink)
        found = self._by_type.get(kind)
        if found is None:
            found = self._by_type[kind] = Advances(kind)
        self[ink] = found
        return found


def _sign_font(ink: Ink) -> QFont:
    """Inter raises a sign beside a figure; a glyph drawn alone has to ask for it."""
    raised = QFont(ink_font(ink))
    raised.setFeature(QFont.Tag("case"), 1)
    return raised


class GlyphAtlas:
    """Glyphs of one theme at one device pixel ratio.

    Parameters
    ----------
    theme : Theme
        Gives the colours; when it changed, `prepare` drops every glyph.
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._ratio = 0.0
        self._theme_version = -1
        self.version = 0
        """Changes when glyph positions of earlier runs are no longer valid."""
        self.is_full = False
        self._pixmap = QPixmap()
        self._glyphs: dict[Ink, dict[int, Glyph]] = {}
        """By ink, then by code point and sub-pixel position."""
        self._icons: dict[tuple[str, str], Glyph] = {}
        self._plates: dict[tuple[object, ...], Glyph] = {}
        self._advances = _InkAdvances()
        self._pens: dict[tuple[str, int, int, bool], tuple[float, ...]] = {}
        self._x = self._y = self._shelf = 0

    def prepare(self, ratio: float) -> int:
        """Drop every glyph if theme or device pixel ratio changed; returns `version`."""
        if ratio != self._ratio or self._theme.version != self._theme_version:
            self._ratio = ratio
            self._theme_version = self._theme.version
            self.clear()
        return self.version

    def clear(self) -> None:
        """Start with an empty pixmap."""
        side = math.ceil(SIDE * self._ratio)
        self._pixmap = QPixmap(side, side)
        self._pixmap.fill(CLEAR)
        self._glyphs.clear()
        self._icons.clear()
        self._plates.clear()
        self._x = self._y = self._shelf = 0
        self.is_full = False
        self.version += 1

    def width(self, text: str, ink: Ink) -> float:
        """Width of a text, logical pixels."""
        if NUMERIC.issuperset(text):
            return sum(map(self._advances[ink].__getitem__, text))
        return self._prefix_pens(text, ink)[-1]

    def append(self, out: list[float], text: str, ink: Ink, x: float, baseline: float) -> bool:
        """Append the fragments of ``text`` with the pen at (x, baseline), logical pixels.

        Returns False when the atlas cannot hold the text; what was appended is then worthless.
        """
        ratio = self._ratio
        y = round(baseline * ratio)
        glyphs = self._glyphs.get(ink)
        if glyphs is None:
            glyphs = self._glyphs[ink] = {}
        advances = self._advances[ink]
        is_numeric = NUMERIC.issuperset(text)
        pens = () if is_numeric else self._prefix_pens(text, ink)
        pen = x
        for index, char in enumerate(text):
            if not is_numeric:
                pen = x + pens[index]
            at = pen * ratio
            whole = int(at)
            key = ord(char) * PHASES + int((at - whole) * PHASES)
            glyph = glyphs.get(key) or self._render(char, ink, key)
            if glyph is None:
                return False
            if is_numeric:
                pen += advances[char]
            dx, dy, left, top, width, height = glyph
            if width:
                out += (whole + dx, y + dy, left, top, width, height, 1.0, 1.0, 0.0, 1.0)
        return True

    def append_icon(self, out: list[float], name: str, token: str, x: float, middle: float) -> None:
        """Append an icon of 14 px whose left edge is ``x`` and whose middle is ``middle``."""
        key = (name, token)
        glyph = self._icons.get(key) or self._render_icon(name, token)
        if glyph is not None:
            dx, dy, left, top, width, height = glyph
            at_x = round(x * self._ratio) + dx
            at_y = round((middle - ICON_SIDE / 2) * self._ratio) + dy
            out += (at_x, at_y, left, top, width, height, 1.0, 1.0, 0.0, 1.0)

    def append_plate(self, out: list[float], plate: Plate, x: float, top: float, width: int) -> None:
        """Append a plate in the cell whose left upper corner is (x, top); nothing when the atlas is full."""
        ratio = self._ratio
        key = (plate.shape, plate.token, plate.length, width)
        glyph = self._plates.get(key) or self._render_plate(key, plate, width)
        if glyph is not None:
            dx, dy, left, upper, wide, high = glyph
            out += (round(x * ratio) + dx, round(top * ratio) + dy, left, upper, wide, high, 1.0, 1.0, 0.0)
            ratio_name = PLATES[plate.shape].ratio
            out.append(plate.strength * (getattr(self._theme.palette, ratio_name) if ratio_name else 1.0))

    def draw(self, painter: QPainter, fragments: array[float]) -> None:
        """Draw fragments (device pixels) with a painter whose unit is one logical pixel."""
        if not fragments:
            return
        painter.save()
        painter.scale(1 / self._ratio, 1 / self._ratio)
        first: Any = wrapInstance(fragments.buffer_info()[0], QPainter.PixmapFragment)
        painter.drawPixmapFragments(first, len(fragments) // 10, self._pixmap)
        painter.restore()

    def _prefix_pens(self, text: str, ink: Ink) -> tuple[float, ...]:
        """Pen position before each character and after the last, kerning included."""
        key = (text, ink.size, ink.weight, ink.is_fixed)
        found = self._pens.get(key)
        if found is None:
            if len(self._pens) > 4096:
                self._pens.clear()
            metrics = QFontMetricsF(ink_font(ink))
            advances = self._advances[ink]
            found = tuple(accumulate(map(advances.__getitem__, text), initial=0.0))
            if abs(metrics.horizontalAdvance(text) - found[-1]) > KERNED_PX:
                # A kerned pair takes from the advance of its first letter, as the text up to its second one tells.
                ends = [metrics.horizontalAdvance(text[:end]) for end in range(1, len(text) + 1)]
                starts = [end - advances[char] for end, char in zip(ends, text, strict=True)]
                found = (*starts, ends[-1])
            self._pens[key] = found
        return found

    def _render(self, char: str, ink: Ink, key: int) -> Glyph | None:
        if char > _LAST_PLAIN and char not in _PUNCTUATION:
            return None
        if char.isspace():
            return self._glyphs[ink].setdefault(key, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
        metrics = QFontMetricsF(ink_font(ink))
        ratio = self._ratio
        rise = math.ceil(metrics.ascent() * ratio) + PAD
        height = rise + math.ceil(metrics.descent() * ratio) + PAD
        width = math.ceil(metrics.horizontalAdvance(char) * ratio) + 1 + 2 * PAD
        place = self._take_place(width, height)
        if place is None:
            return None
        left, top = place
        painter = QPainter(self._pixmap)
        painter.setFont(_sign_font(ink) if char in _SIGNS else ink_font(ink))
        painter.setPen(self._theme.color(ink.token))
        painter.scale(ratio, ratio)
        painter.drawText(QPointF((left + PAD + key % PHASES / PHASES) / ratio, (top + rise) / ratio), char)
        painter.end()
        glyph = (width / 2 - PAD, height / 2 - rise, float(left), float(top), float(width), float(height))
        self._glyphs[ink][key] = glyph
        return glyph

    def _render_icon(self, name: str, token: str) -> Glyph | None:
        side = math.ceil(ICON_SIDE * self._ratio)
        place = self._take_place(side, side)
        if place is None:
            return None
        left, top = place
        painter = QPainter(self._pixmap)
        icons.paint(painter, name, QRectF(left, top, side, side), self._theme.color(token))
        painter.end()
        glyph = (side / 2, side / 2, float(left), float(top), float(side), float(side))
        self._icons[name, token] = glyph
        return glyph

    def _render_plate(self, key: tuple[object, ...], plate: Plate, cell_width: int) -> Glyph | None:
        shape = PLATES[plate.shape]
        ratio = self._ratio
        box = shape.box(cell_width)
        width, height = math.ceil(box.width() * ratio), math.ceil(box.height() * ratio)
        place = self._take_place(width, height)
        if place is None:
            return None
        left, top = place
        painter = QPainter(self._pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(left, top)
        painter.scale(ratio, ratio)
        shape.paint(painter, self._theme, plate, box.size())
        painter.end()
        at_x, at_y = round(box.x() * ratio), round(box.y() * ratio)
        glyph = (at_x + width / 2, at_y + height / 2, float(left), float(top), float(width), float(height))
        self._plates[key] = glyph
        return glyph

    def _take_place(self, width: int, height: int) -> tuple[int, int] | None:
        """Left and top of a free place, shelf by shelf; None when the atlas is full."""
        side = self._pixmap.width()
        if self._x + width > side:
            self._x, self._y, self._shelf = 0, self._y + self._shelf, 0
        if self._y + height > side:
            self.is_full = True
            return None
        place = self._x, self._y
        self._x += width
        self._shelf = max(self._shelf, height)
        return place
