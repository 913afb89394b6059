"""The seven timeframes side by side with their consensus, and the notes under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import paint_focus
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.panels.confluence_words import Note, Step
from virtuoso_desktop.ui.score_ink import ARROWS, SIDES, tint
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from virtuoso_desktop.model.result import TimeframeVote
    from virtuoso_desktop.ui.theme import Theme

CELL_PX, GAP_PX, TITLE_PX, PAD_PX = 36, 4, 24, 12
NOTE_PX, NOTE_PAD_PX = 16, 6
ROOMY_PX = 300
"""Below it the word before the strength gives way."""


class TimeframeCell(QAbstractButton):
    """One timeframe: name, score, arrow of its signal."""

    def __init__(self, theme: Theme, timeframe: Timeframe, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.step = Step(timeframe, None, SignalKind.NEUTRAL, False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.step.spoken)
        self.setToolTip(f"Show {timeframe.value}")

    def show_step(self, step: Step) -> None:
        """Show another score."""
        if step != self.step:
            self.step = step
            self.setAccessibleName(step.spoken)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, step = self._theme, self.step
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if step.score is not None:
            token, strength = tint(step.score)
            painter.setBrush(theme.color(token, strength * theme.palette.score_tint_ratio))
        painter.setPen(QPen(theme.color("accent" if step.is_own else "line"), 1.5 if step.is_own else 1))
        painter.drawRoundedRect(box, 3, 3)
        name = (Word(step.timeframe.value, Type.CAPTION, "text" if step.signal is not SignalKind.NEUTRAL else "muted"),)
        self._paint_line(painter, name, 2)
        said = text.DASH if step.score is None else f"{step.score:.0f}"
        line = [Word(said, Type.KEY, "text" if step.score is not None else "muted")]
        if step.signal is not SignalKind.NEUTRAL:
            line.append(Word(ARROWS[step.signal], Type.BADGE, f"{SIDES[step.signal]}_text", gap=2))
        self._paint_line(painter, line, 17)
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, theme, QRectF(self.rect()))

    def _paint_line(self, painter: QPainter, words: Sequence[Word], top: int) -> None:
        wide = words_width(words)
        paint_words(painter, self._theme, words, QRectF((self.width() - wide) / 2, top, wide + 2, 16))


class TimeframeStrip(QWidget):
    """Consensus and cells.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    timeframe_asked = Signal(object)
    """`Timeframe` of a cell that was clicked."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._consensus: tuple[Word, ...] = ()
        self.cells = [TimeframeCell(theme, timeframe, self) for timeframe in ANALYSED_TIMEFRAMES]
        for cell in self.cells:
            cell.clicked.connect(lambda _=False, asked=cell: self.timeframe_asked.emit(asked.step.timeframe))
        self.setFixedHeight(TITLE_PX + CELL_PX + 8)
        self.setAccessibleName("Timeframes")

    def show_vote(self, vote: TimeframeVote | None, own: Timeframe) -> None:
        """Show the vote; em dashes where a timeframe has no score."""
        for cell in self.cells:
            timeframe = cell.step.timeframe
            result = None if vote is None else vote.timeframes.get(timeframe)
            score = None if result is None else result.confluence_score
            kind = SignalKind.NEUTRAL if result is None else result.signal
            cell.show_step(Step(timeframe, score, kind, timeframe is own))
        consensus = _consensus(vote)
        if consensus != self._consensus:
            self._consensus = consensus
            self.setAccessibleName("Timeframes: " + " ".join(word.text for word in consensus))
            self.update()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        room = self.width() - 2 * PAD_PX + GAP_PX
        count = len(self.cells)
        for place, cell in enumerate(self.cells):
            left, right = round(room * place / count), round(room * (place + 1) / count)
            cell.setGeometry(PAD_PX + left, TITLE_PX, right - left - GAP_PX, CELL_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("background"))
        painter.fillRect(0, 0, self.width(), 1, self._theme.color("hair"))
        paint_words(painter, self._theme, (Word("Timeframes", Type.STRONG),), QRectF(PAD_PX, 2, 90, 20))
        said = self._consensus if self.width() >= ROOMY_PX else self._consensus[:2] + self._consensus[3:]
        wide = words_width(said)
        box = QRectF(self.width() - PAD_PX - wide, 2, wide + 1, 20)
        paint_words(painter, self._theme, said, box)


def _consensus(vote: TimeframeVote | None) -> tuple[Word, ...]:
    if vote is None:
        return (Word("no consensus yet", Type.CAPTION, "muted"),)
    kind = vote.overall_signal
    if kind is SignalKind.NEUTRAL:
        said = Word("NEUTRAL", Type.STRONG, "text", gap=4)
    else:
        said = Word(f"{ARROWS[kind]} {kind.value}", Type.STRONG, f"{SIDES[kind]}_text", gap=4)
    lead = "Against the trend" if vote.counter_trend else "Consensus"
    return (
        Word(lead, Type.CAPTION, "warning" if vote.counter_trend else "muted"),
        said,
        Word("strength", Type.CAPTION, "muted", gap=4),
        Word(f"{vote.consensus_strength:.2f}", Type.NUMBER, gap=4),
    )


class Notes(QWidget):
    """Lines of words; what has no room is elided and told in the tooltip."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notes: tuple[Note, ...] = ()
        self.setFixedHeight(0)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is shown."""
        return self._notes

    def show_notes(self, notes: tuple[Note, ...]) -> None:
        """Show other lines; none takes no room."""
        if notes == self._notes:
            return
        self._notes = notes
        said = [note.spoken or f"{note.strong} {note.rest}".strip() for note in notes]
        self.setAccessibleName(" ".join(said))
        self.setToolTip("\n".join(said))
        self.setFixedHeight(len(notes) * NOTE_PX + 2 * NOTE_PAD_PX if notes else 0)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(316, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("background"))
        painter.fillRect(0, 0, self.width(), 1, self._theme.color("hair"))
        for place, note in enumerate(self._notes):
            is_title = note.strong and not note.rest
            strong = Word(note.strong, Type.STRONG if is_title else Type.CAPTION_NUMBER)
            gap = round(QFontMetricsF(font(Type.CAPTION)).horizontalAdvance(" ")) if note.strong else 0
            line = [word for word in (strong, Word(note.rest, Type.CAPTION, "muted", gap=gap)) if word.text]
            top = NOTE_PAD_PX + place * NOTE_PX
            paint_words(painter, self._theme, line, QRectF(PAD_PX, top, self.width() - 2 * PAD_PX, NOTE_PX))
