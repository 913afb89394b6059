"""The upper part of the Confluence panel: gauge, signal, agreement, coverage, and whose opinion it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.gauge import paint_gauge
from virtuoso_desktop.ui.panels.confluence_words import Head
from virtuoso_desktop.ui.tokens import BADGE_TINT_RATIO
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.ui.panels.confluence_words import Pill
    from virtuoso_desktop.ui.theme import Theme

HEIGHT_PX, SHORT_HEIGHT_PX, OPINION_PX = 132, 112, 30
GAUGE_LEFT_PX, GAUGE_PX = 8, 140
NARROW_GAUGE_PX = 124
PILL_PX, PILL_TOP_PX, SHORT_PILL_TOP_PX = 20, 99, 89
ROOMY_PX = 300
"""In a narrower panel the gauge is smaller."""
FACTS_GAP_PX, RIGHT_PX = 12, 12
SENTENCE_GAP_PX, FACT_PX, CAPTION_PX = 4, 20, 13


class ScoreHead(QWidget):
    """Painted whole; its accessible name says everything that is in it.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._head = Head()
        self._is_short = False
        self.setAccessibleName(self._head.spoken)
        self.setFixedHeight(HEIGHT_PX)
        self.setToolTip(
            "Agreement says how far the dimensions point the same way, how complete and how fresh they are. "
            "It is not a probability: it has not been measured against what happened afterwards."
        )

    @property
    def head(self) -> Head:
        """What is shown."""
        return self._head

    def show_head(self, head: Head, *, is_short: bool) -> None:
        """Show another state; ``is_short`` leaves out what has no room."""
        if (head, is_short) == (self._head, self._is_short):
            return
        self._head, self._is_short = head, is_short
        self.setAccessibleName(head.spoken)
        self.setFixedHeight((SHORT_HEIGHT_PX if is_short else HEIGHT_PX) + (OPINION_PX if head.opinion else 0))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(316, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, head = self._theme, self._head
        painter.fillRect(self.rect(), theme.color("background"))
        is_small = self._is_short or self.width() < ROOMY_PX
        side = NARROW_GAUGE_PX if is_small else GAUGE_PX
        box = QRectF(GAUGE_LEFT_PX, 3, side, side)
        paint_gauge(painter, theme, box, head.score, is_grey=head.is_grey)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if head.pill is not None:
            self._paint_pill(painter, head.pill, box.center().x(), SHORT_PILL_TOP_PX if is_small else PILL_TOP_PX)
        left = box.right() + FACTS_GAP_PX
        room = QRectF(left, 8, self.width() - RIGHT_PX - left, self.height())
        if head.message:
            self._paint_message(painter, room)
        else:
            self._paint_facts(painter, room)
        if head.opinion:
            self._paint_opinion(painter, head.opinion)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color("hair"))

    def _paint_pill(self, painter: QPainter, pill: Pill, middle: float, top: int) -> None:
        word = (Word(pill.text, Type.STRONG, pill.ink),)
        wide = max(96.0, words_width(word) + 20)
        box = QRectF(max(12, round(middle - wide / 2)), top, wide, PILL_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(pill.fill))
        painter.drawRoundedRect(box, 4, 4)
        paint_words(painter, self._theme, word, box.adjusted((wide - words_width(word)) / 2, 0, 4, 0))

    def _paint_message(self, painter: QPainter, room: QRectF) -> None:
        (title, colour), *sentences = self._head.message
        word = (Word(title, Type.STRONG, colour, icon="clock" if colour == "warning" else ""),)
        paint_words(painter, self._theme, word, QRectF(room.left(), room.top(), room.width(), 20))
        y = room.top() + 22
        painter.setFont(font(Type.CAPTION))
        for sentence, token in sentences:
            painter.setPen(self._theme.color(token))
            box = QRectF(room.left(), y, room.width(), room.height())
            y = painter.drawText(box, Qt.TextFlag.TextWordWrap, sentence).bottom() + SENTENCE_GAP_PX
        for label, value in self._head.facts:
            self._paint_fact(painter, room, y, label, value)
            y += FACT_PX

    def _paint_facts(self, painter: QPainter, room: QRectF) -> None:
        head, theme = self._head, self._theme
        y = room.top()
        if head.agreement is not None:
            self._paint_fact(painter, room, y, head.agreement_label, f"{head.agreement:.2f}")
            y += 20
            painter.setPen(Qt.PenStyle.NoPen)
            for share, token in ((1.0, "raised2"), (max(0.0, min(1.0, head.agreement)), "text")):
                painter.setBrush(theme.color(token))
                painter.drawRoundedRect(QRectF(room.left(), y, room.width() * share, 4), 2, 2)
            y += 6
            for line in head.caption if not self._is_short else head.caption[:1]:
                said = (Word(line.partition(",")[0] if self._is_short else line, Type.CAPTION, "muted"),)
                paint_words(painter, theme, said, QRectF(room.left(), y, room.width(), CAPTION_PX))
                y += CAPTION_PX
            y += 3
        for place, (label, value) in enumerate(head.facts[: 2 if self._is_short else 3]):
            is_badge = not place and bool(head.badge)
            if is_badge:
                self._paint_badge(painter, room.left(), y, head.badge)
            shown = value.partition(" \u00b7 ")[0] if is_badge or self._is_short else value
            shown = shown.replace(" of ", "/") if self._is_short else shown
            self._paint_fact(painter, room, y, "" if is_badge else label, shown)
            y += FACT_PX

    def _paint_fact(self, painter: QPainter, room: QRectF, top: float, label: str, value: str) -> None:
        box = QRectF(room.left(), top, room.width(), FACT_PX)
        paint_words(painter, self._theme, (Word(label, Type.CAPTION, "muted"),), box)
        word = (Word(value, Type.NUMBER),)
        wide = words_width(word)
        paint_words(painter, self._theme, word, QRectF(box.right() - wide, top, wide + 1, FACT_PX))

    def _paint_badge(self, painter: QPainter, left: float, top: float, said: str) -> None:
        word = (Word(said, Type.BADGE, "info"),)
        box = QRectF(left, top + 2, words_width(word) + 8, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("info", BADGE_TINT_RATIO))
        painter.drawRoundedRect(box, 3, 3)
        paint_words(painter, self._theme, word, box.adjusted(4, 0, 4, 0))

    def _paint_opinion(self, painter: QPainter, said: str) -> None:
        metrics = QFontMetricsF(font(Type.CAPTION))
        first, _, second = said.partition("; ")
        if metrics.horizontalAdvance(f"{first};") > self.width() - 24:
            first, second = said, ""
        top = self.height() - OPINION_PX - 2
        for place, line in enumerate((f"{first};" if second else first, second)):
            box = QRectF(12, top + place * 14, self.width() - 24, 14)
            paint_words(painter, self._theme, (Word(line, Type.CAPTION, "muted"),), box)
