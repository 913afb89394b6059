"""What the panels under the chart have in common: a table that says why it is empty, a line of state, an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.controls import Button, GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import ROW_PX
from virtuoso_desktop.ui.panels.desk_words import (
    ACTIONS,
    NO_INSTRUMENT,
    RETRY,
    STARTING,
    StateWords,
    feed_words,
)
from virtuoso_desktop.ui.table import TableView
from virtuoso_desktop.ui.table_note import paint_note
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.desk_views import FeedView
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.table_model import PaintedModel
    from virtuoso_desktop.ui.theme import Theme

STRIP_PX = 28
SIGNS = {"warning": "clock", "down_text": "warning-circle", "info": "pause"}


class NotedTable(TableView):
    """A table that says in its middle why it has no rows."""

    def __init__(self, model: PaintedModel, theme: Theme, parent: QWidget, name: str, *, row_px: int = ROW_PX) -> None:
        super().__init__(model, theme, parent, row_px=row_px)
        self._own_theme = theme
        self._note: StateWords | None = None
        self.setAccessibleName(name)
        self.head.setSectionsClickable(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @property
    def note(self) -> StateWords | None:
        """What stands in its middle; None while it has rows."""
        return self._note

    def show_note(self, note: StateWords | None) -> None:
        """Say why there are no rows."""
        if note != self._note:
            self._note = note
            self.setAccessibleDescription("" if note is None else note.spoken)
            self.canvas.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._note is not None:
            lines = (Word(self._note.title, Type.TITLE), Word(self._note.detail, colour="muted"))
            paint_note(self.canvas, self._own_theme, [line for line in lines if line.text])


class StateStrip(GivingRow):
    """A line over a panel while its data are not as they should be, with the way out; hidden while all is well."""

    action_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, STRIP_PX, pad=12, parent=parent)
        self.shown: StateWords | None = None
        self._words = Words(theme, parent=self)
        self._detail = Words(theme, parent=self)
        self.button = Button(theme, RETRY, is_boxed=True, parent=self)
        self.button.setToolTip(ACTIONS[RETRY])
        self.button.quiet_colour = "text"
        self.button.clicked.connect(self.action_asked)
        self.add(self._words, rank=1)
        self.add(self._detail, rank=2, gap=8)
        self.add(self.button, rank=0, gap=8, right=True)
        self.hide()

    def tell(self, words: StateWords | None) -> None:
        """Show the words; nothing for None."""
        if words == self.shown:
            return
        self.shown = words
        self.setVisible(words is not None)
        if words is None:
            return
        self.setAccessibleName(words.spoken)
        self._words.say(Word(words.title, Type.STRONG, words.colour, icon=SIGNS.get(words.colour, "info")))
        self._detail.say(Word(words.detail, Type.BODY, "muted"))
        self.want(self.button, bool(words.action))
        if words.action and words.action != self.button.text():
            self.button.setText(words.action)
            self.button.setToolTip(ACTIONS[words.action])
            self.button.setAccessibleName(words.action)
        self.setToolTip(words.spoken)
        self.arrange()

    def arrange(self) -> None:
        """In a narrow place the sentence is elided, never left out; the tooltip has all of it."""
        super().arrange()
        if self.shown is not None and not self._words.isVisibleTo(self):
            right = self.button.x() - 8 if self.button.isVisibleTo(self) else self.width() - self._pad
            high = self._words.sizeHint().height()
            self._words.setGeometry(self._pad, (self.height() - high) // 2, max(1, right - self._pad), high)
            self._words.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, self._theme.color("hair"))


class DeskPanel(QWidget):
    """A panel under the chart: reads the engine in its turn, and shows the state of its data.

    Parameters
    ----------
    theme : Theme
        Colours.
    name : str
        What it is called.
    what : str
        What its feed is called in a sentence: ``The order book``.
    """

    rate_hz = 4.0
    urgency = 3

    def __init__(self, theme: Theme, name: str, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._what = what
        self._engine: EngineView | None = None
        self._venue = ""
        self.instrument: InstrumentId | None = None
        self.controls: tuple[QWidget, ...] = ()
        self.strip = StateStrip(theme, self)
        self.strip.action_asked.connect(self._act)
        self.setAccessibleName(name)
        self.setMinimumSize(1, 1)  # its parts give way by themselves

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self._engine = engine
        self.begin()

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        """The chart's instrument."""
        if instrument != self.instrument:
            self.instrument = instrument
            self.begin()

    def begin(self) -> None:
        """Engine or instrument are others: forget what was read."""
        self.strip.tell(None)

    def refresh(self, now_ns: int) -> None:
        """Read the newest state."""

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return 0

    def missing(self) -> StateWords | None:
        """Why nothing can be read at all."""
        if self._engine is None:
            return STARTING
        return NO_INSTRUMENT if self.instrument is None else None

    def judge(self, feed: FeedView, *, of_all: bool = False) -> StateWords | None:
        """What to say of the feed now."""
        self._venue = feed.venue
        engine = self._engine
        if engine is None:
            return None
        subject = "" if of_all or self.instrument is None else f" of {self.instrument.symbol}"
        return feed_words(feed, f"{self._what}{subject}", engine.venue_now_ms(self.instrument))

    def _act(self) -> None:
        if self._engine is not None and self._venue:
            self._engine.retry_now(self._venue)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._theme.color("background"))
