"""The first painted frame: the window as it was last seen, before any of its widgets exists.

Making the widgets takes longer than painting what they will show. So the window paints this picture,
makes them, and they take its place: the same words at the same places, by the same formats. Icons and
the strip's lesser figures come with the widgets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui import measures as px
from virtuoso_desktop.ui.advances import Advances
from virtuoso_desktop.ui.arrangement import places
from virtuoso_desktop.ui.cell import text_left
from virtuoso_desktop.ui.fonts import INK_TYPES, Type, font
from virtuoso_desktop.ui.logo import paint_logo
from virtuoso_desktop.ui.marking import RIBBONS
from virtuoso_desktop.ui.panel_head import paint_head, paint_tabs
from virtuoso_desktop.ui.panel_list import CHART, MARKETS, PANELS, needs_tabs
from virtuoso_desktop.ui.panels.markets_columns import COLUMNS, NAMES, fit
from virtuoso_desktop.ui.tokens import BADGE_TINT_RATIO, BANNER_TINT_RATIO
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.arrangement import Box, Node, Placed
    from virtuoso_desktop.ui.cell import Cell
    from virtuoso_desktop.ui.memory import ColumnMemory
    from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
    from virtuoso_desktop.ui.theme import Theme


DASH_PX, DASH_RISE_PX = 12, 5
"""An em dash of 12 px is so wide, and stands so far over the baseline."""


class FirstFrame:
    """Paints the frame once.

    Parameters
    ----------
    theme : Theme
        Colours.
    rows : MarketsRows
        The previous run's rows, in order; perhaps none.
    words : Word
        What the Markets header says.
    columns : ColumnMemory
        The user's columns.
    """

    def __init__(self, theme: Theme, rows: MarketsRows, words: Word, columns: ColumnMemory) -> None:
        self._theme = theme
        self._rows = rows
        self._subject = words
        self._columns = columns
        self._advances = {kind: Advances(kind) for kind in INK_TYPES.values()}
        self.source = Source.LIVE
        self.instrument: InstrumentId | None = None
        self.timeframe: Timeframe | None = None
        self.root: Node | None = None
        """How the panels stand to each other."""
        self.markets_width = 0
        self._dashes: list[QRectF] = []
        """Where no value is known: hundreds of them, drawn by one call."""

    def paint(self, painter: QPainter, width: int, height: int) -> None:
        """Paint the whole window."""
        painter.setPen(Qt.PenStyle.NoPen)
        below = px.STATUS_PX + (px.RIBBON_PX if self.source is not Source.LIVE else 0)
        self._fill(painter, (0, px.TOP_PX - 1, width, height - px.TOP_PX + 1), "gutter")
        self._fill(painter, (0, 0, width, px.TOP_PX - 1), "surface")
        self._fill(painter, (0, height - px.STATUS_PX, width, px.STATUS_PX), "surface")
        self._paint_top(painter)
        for placed in places(self.root, (0, px.TOP_PX, width, height - below - px.TOP_PX)):
            painter.save()
            painter.setClipRect(QRect(*placed.box))
            self._paint_group(painter, placed)
            painter.restore()
        self._paint_foot(painter, width, height)

    def _paint_group(self, painter: QPainter, placed: Placed) -> None:
        """The ground of a group, its head or its tabs, and what is known of the panel in front."""
        group, (left, top, width, height) = placed
        is_tabbed = needs_tabs(group.panels)
        if group.is_collapsed and not is_tabbed:
            self._fill(painter, placed.box, "surface")
            return
        self._fill(painter, placed.box, "background")
        row = QRect(left, top, width, px.HEADER_PX)
        if is_tabbed:
            titles = [PANELS[name].title for name in group.known]
            paint_tabs(painter, self._theme, titles, group.known.index(group.shown), row)
            top, height = top + px.HEADER_PX, height - px.HEADER_PX
        if group.shown == MARKETS:
            self._paint_markets(painter, (left, top, width, height))
        elif group.shown == CHART:
            self._fill(painter, (left, top, width, px.HEADER_PX), "surface")
            self._paint_strip(painter, (left, top, width, height))
        elif not is_tabbed:
            paint_head(painter, self._theme, PANELS[group.shown].title, row)

    def _paint_markets(self, painter: QPainter, box: Box) -> None:
        left, top, self.markets_width, height = box
        painter.translate(left, top - px.TOP_PX)
        self._fill(painter, (0, px.TOP_PX, self.markets_width, px.HEADER_PX), "surface")
        self._paint_header(painter)
        self._paint_table(painter, px.TOP_PX + px.HEADER_PX, px.TOP_PX + height)

    def _fill(self, painter: QPainter, box: tuple[int, int, int, int], colour: str, alpha: float = 1.0) -> None:
        # fillRect() makes PySide load the 180 colours of QGradient.Preset on its first call: 4 ms.
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(colour, alpha))
        painter.drawRect(*box)

    def _box(
        self, painter: QPainter, box: tuple[int, int, int, int], fill: str, line: str | None, alpha: float = 1.0
    ) -> None:
        """A rectangle with round corners and, perhaps, a border."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._theme.color(fill, alpha))
        if line is None:
            painter.setPen(Qt.PenStyle.NoPen)
        else:
            painter.setPen(self._theme.color(line))
        painter.drawRoundedRect(QRectF(*box).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _paint_top(self, painter: QPainter) -> None:
        theme = self._theme
        paint_logo(painter, theme, QRectF(12, 10, 24, 24))
        title, venue = "Instrument", ""
        if self.instrument is not None:
            title = self.instrument.symbol + kind_badge(self.instrument.market_kind)
            venue = self.instrument.venue.value.capitalize()
        words = (Word(title, Type.TITLE, gap=24), Word(venue, Type.BODY, "muted", gap=8))
        wide = max(px.INSTRUMENT_LEAST_PX, round(words_width(words)) + 44)
        self._box(painter, (px.INSTRUMENT_LEFT_PX, 8, wide, 28), "background", "line")
        paint_words(painter, theme, words, QRectF(px.INSTRUMENT_LEFT_PX + 8, 8, wide, 28))
        x = float(px.INSTRUMENT_LEFT_PX + wide + 8 + 1 + 6)
        for timeframe in ANALYSED_TIMEFRAMES:
            is_shown = timeframe is self.timeframe
            kind, colour = (Type.KEY, "accent_text") if is_shown else (Type.NUMBER, "muted")
            word = (Word(timeframe.value, kind, colour),)
            size = round(words_width(word) + 0.5) + 20
            if is_shown:
                self._box(painter, (round(x), 8, size, 28), "accent", None, theme.palette.accent_tint_ratio)
            paint_words(painter, theme, word, QRectF(x + (size - words_width(word)) / 2, 8, size, 28))
            x += size + 2

    def _paint_header(self, painter: QPainter) -> None:
        words = (Word("Markets", Type.STRONG), self._subject)
        left, wide = px.search_place(self.markets_width, round(words_width(words) + 0.5) + px.CARET_PX)
        box = QRectF(12, px.TOP_PX, left - 20, px.HEADER_PX - 1)
        paint_words(painter, self._theme, words, box)
        self._fill(painter, (0, px.TOP_PX + px.HEADER_PX - 1, self.markets_width, 1), "hair")
        self._box(painter, (left, px.TOP_PX + 4, wide, 24), "raised", "line")

    def _paint_table(self, painter: QPainter, top: int, bottom: int) -> None:
        room = bottom - top - px.HEAD_PX
        count = self._rows.row_count()
        has_bar = count * px.ROW_PX > room
        columns = fit(self.markets_width - (px.SCROLL_PX if has_bar else 0), self._columns.chosen, self._columns.widths)
        painter.setFont(font(Type.CAPTION))
        x = 0
        for index, wide in columns.items():
            is_sorted = NAMES[index] == self._rows.sort_column
            title = COLUMNS[index].title + ((" \u2193" if self._rows.sorts_down else " \u2191") if is_sorted else "")
            word = Word(title, Type.CAPTION_NUMBER if is_sorted else Type.CAPTION, "text" if is_sorted else "muted")
            left = text_left(COLUMNS[index], index, x, wide, words_width((word,)))
            paint_words(painter, self._theme, (word,), QRectF(left, top, wide, px.HEAD_PX - 1))
            x += wide
        self._fill(painter, (0, top + px.HEAD_PX - 1, self.markets_width, 1), "hair")
        painter.save()
        painter.setClipRect(QRectF(0, top + px.HEAD_PX, self.markets_width, room))
        for row in range(min(count, room // px.ROW_PX + 1)):
            self._paint_row(painter, row, top + px.HEAD_PX + row * px.ROW_PX, columns)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("muted"))
        painter.drawRects(self._dashes)
        painter.restore()

    def _paint_row(self, painter: QPainter, row: int, top: int, columns: dict[int, int]) -> None:
        if self._rows.is_marked(row):
            tint = self._theme.palette.accent_tint_ratio
            self._fill(painter, (0, top, self.markets_width, px.ROW_PX), "accent", tint)
            self._fill(painter, (0, top, 2, px.ROW_PX), "accent")
        cells = self._rows.cells(row)
        x = 0
        for index, wide in columns.items():
            self._paint_cell(painter, cells[index], (index, x, wide), px.row_baseline(top))
            x += wide

    def _paint_cell(self, painter: QPainter, cell: Cell, span: tuple[int, int, int], baseline: float) -> None:
        index, left, wide = span
        if len(cell.parts) == 1 and cell.parts[0].text == text.DASH:
            x = text_left(COLUMNS[index], index, left, wide, DASH_PX)
            self._dashes.append(QRectF(round(x), round(baseline) - DASH_RISE_PX, DASH_PX, 1))
            return
        parts = [(part, INK_TYPES[part.ink.size, part.ink.weight]) for part in cell.parts]
        widths = [self._advances[kind].width(part.text) for part, kind in parts]
        x = text_left(COLUMNS[index], index, left, wide, sum(widths))
        for (part, kind), width in zip(parts, widths, strict=True):
            painter.setFont(font(kind))
            painter.setPen(self._theme.color(part.ink.token))
            painter.drawText(QPointF(x, round(baseline)), part.text)
            x += width

    def _paint_strip(self, painter: QPainter, box: Box) -> None:
        left, top, width, _ = box
        row = self._rows.find(self.instrument) if self.instrument is not None else None
        digits = 0 if row is None else row.price_decimals
        price = Word(text.price(None if row is None else row.last_price, digits), Type.PRICE, "muted")
        paint_words(painter, self._theme, (price,), QRectF(left + 12, top + 6, width - 24, 20))
        self._fill(painter, (left, top + px.HEADER_PX - 1, width, 1), "hair")

    def _paint_foot(self, painter: QPainter, width: int, height: int) -> None:
        top = height - px.STATUS_PX
        self._fill(painter, (0, top, width, 1), "hair")
        if self.source is Source.LIVE:
            return
        ribbon = top - px.RIBBON_PX
        self._fill(painter, (0, ribbon, width, px.RIBBON_PX), "surface")
        self._fill(painter, (0, ribbon, width, px.RIBBON_PX), "warning", BANNER_TINT_RATIO)
        self._fill(painter, (0, ribbon + px.RIBBON_PX - 2, width, 2), "warning")
        title, detail = RIBBONS[self.source]
        words = (Word(title, Type.STRONG, "warning", gap=20), Word(detail, Type.BODY, "text", gap=8))
        paint_words(painter, self._theme, words, QRectF(12, ribbon, width - 24, px.RIBBON_PX - 2))
        badge = (Word(self.source.value.upper(), Type.BADGE, "warning"),)
        wide = round(words_width(badge)) + 12
        self._box(painter, (8, top + 4, wide, 16), "warning", None, BADGE_TINT_RATIO)
        paint_words(painter, self._theme, badge, QRectF(14, top + 4, wide, 16))
