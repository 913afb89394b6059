"""What the panels under the chart have in common: a table that says why it is empty, a line of state, an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from virtuoso_desktop.ui.amount import amount_text, parse_amount
from virtuoso_desktop.ui.controls import Button, GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import ROW_PX
from virtuoso_desktop.ui.panels.desk_words import (
    ACTIONS,
    NEWEST,
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
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.desk_views import FeedView
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.table_model import PaintedModel
    from virtuoso_desktop.ui.theme import Theme

STRIP_PX = 28
FIELD_PX = 76
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
        self.arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, self._theme.color("hair"))


class PauseButton(Button):
    """Lies over a table that is fed from above: while its rows are hovered or scrolled they stand still.

    It says how many rows wait, and a click goes on.
    """

    ended = Signal()
    """Go on with the newest rows."""

    def __init__(self, theme: Theme, view: TableView) -> None:
        super().__init__(theme, "Paused", "pause", is_boxed=True, parent=view)
        self._view = view
        self._is_waived = False
        """The user went on while the pointer was over the rows: until it leaves."""
        self.is_on = False
        self.quiet_colour = "text"
        self.setToolTip(ACTIONS[NEWEST])
        self.clicked.connect(self._go_on)
        self.hide()

    def holds(self, waiting: int) -> bool:
        """Whether the rows have to stand still now; shows how many wait."""
        view = self._view
        is_scrolled = view.verticalScrollBar().value() > 0
        is_hovered = view.canvas.underMouse()
        if not is_hovered:
            self._is_waived = False
        self.is_on = is_scrolled or (is_hovered and not self._is_waived)
        if self.is_on:
            why = "scrolled" if is_scrolled else "under the pointer"
            words = f"Paused while {why}: {waiting} newer. Go on"
            if words != self.text():
                self.setText(words)
                self.setAccessibleName(words)
                self.place()
        self.setVisible(self.is_on)
        return self.is_on

    def end(self) -> None:
        """Stand still no longer, and show the top."""
        self._view.verticalScrollBar().setValue(0)
        self.is_on = False
        self.hide()

    def place(self) -> None:
        """At the lower edge of the rows."""
        size = self.sizeHint()
        canvas = self._view.canvas.geometry()
        left = canvas.left() + (canvas.width() - size.width()) // 2
        self.setGeometry(left, canvas.bottom() - size.height() - 3, size.width(), size.height())

    def _go_on(self) -> None:
        self._is_waived = True
        self.end()
        self.ended.emit()


class AmountField(QLineEdit):
    """An amount in quote coin. What cannot be read is told beside it, and the last valid amount stays in force."""

    amount_changed = Signal(object)
    """The new amount; None where an empty field means none."""

    def __init__(self, theme: Theme, name: str, amount: float | None, parent: QWidget, *, may_be_empty: bool) -> None:
        super().__init__(parent)
        self._theme = theme
        self._may_be_empty = may_be_empty
        self.amount = amount
        self.is_wrong = False
        self.setFixedSize(FIELD_PX, 22)
        self.setAccessibleName(name)
        self.about = ""
        self.set_amount(amount)
        self.textEdited.connect(self._on_text)
        self.editingFinished.connect(self._tidy)

    def sizeHint(self) -> QSize:
        return QSize(FIELD_PX, 22)

    def set_amount(self, amount: float | None) -> None:
        """Show an amount without telling."""
        self.amount = amount
        self.setText("" if amount is None else amount_text(amount))
        self._judge(False)

    def explain(self, about: str) -> None:
        """What it is for."""
        self.about = about
        self.setToolTip(about)

    def _on_text(self, typed: str) -> None:
        amount = parse_amount(typed)
        if amount is None and (typed.strip() or not self._may_be_empty):
            self._judge(True)
            return
        self._judge(False)
        if amount != self.amount:
            self.amount = amount
            self.amount_changed.emit(amount)

    def _judge(self, is_wrong: bool) -> None:
        self.is_wrong = is_wrong
        kept = "no limit" if self.amount is None else amount_text(self.amount)
        said = f"\u201c{self.text()}\u201d is no amount such as 100K or 2.5M. {kept} stays in force."
        self.setToolTip(said if is_wrong else self.about)
        self.setAccessibleDescription(said if is_wrong else self.about)
        border = f"QLineEdit {{ border: 2px solid {self._theme.palette.down}; padding: 0 5px; }}" if is_wrong else ""
        if border != self.styleSheet():
            self.setStyleSheet(border)

    def _tidy(self) -> None:
        if not self.is_wrong:
            self.set_amount(self.amount)


def choices_menu(
    button: Button, choices: Sequence[tuple[str, object]], chosen: object, take: Callable[[object], None]
) -> QMenu:
    """A menu of choices for a button; ``take`` gets what was chosen. `open_under` shows it."""
    menu = QMenu(button)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for label, value in choices:
        action = menu.addAction(label)
        action.setCheckable(True)
        action.setChecked(value == chosen)
        action.triggered.connect(lambda _=False, taken=value: take(taken))
    return menu


def open_under(button: Button, menu: QMenu | None) -> None:
    """Open a menu under its button; nothing where there is nothing to choose."""
    if menu is not None:
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def relabel(button: Button, words: str, *, is_on: bool = False) -> None:
    """Give a button in a row other words."""
    if words == button.text() and (button.quiet_colour == "accent_text") == is_on:
        return
    button.setText(words)
    button.setAccessibleName(words)
    button.quiet_colour = "accent_text" if is_on else "text"
    button.updateGeometry()
    button.update()
    parent = button.parentWidget()
    if isinstance(parent, GivingRow):
        parent.arrange()


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
        raise NotImplementedError

    def refresh(self, now_ns: int) -> None:
        """Read the newest state."""
        raise NotImplementedError

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
