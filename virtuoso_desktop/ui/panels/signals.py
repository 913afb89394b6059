"""Signals: every signal with its state; a click goes to its instrument, timeframe and moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.ui.analysis_words import OPINION
from virtuoso_desktop.ui.controls import Button, GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import SCROLL_PX
from virtuoso_desktop.ui.panels.signals_rows import COLUMNS, SignalRows
from virtuoso_desktop.ui.table import TableView
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.table_note import paint_note
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 4.0
STEP_MS = 60_000
GIVING = ("profile", "agreement", "strength")
"""Columns that give way in a narrow dock, in this order."""


class SignalTable(TableView):
    """The list; without rows it says why."""

    def __init__(self, model: PaintedModel, theme: Theme, parent: SignalsPanel) -> None:
        super().__init__(model, theme, parent)
        self._own_theme = theme
        self._panel = parent

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        title, detail = self._panel.note
        if title:
            paint_note(self.canvas, self._own_theme, (Word(title, Type.TITLE), Word(detail, colour="muted")))


class SignalsPanel(QWidget):
    """The list, and the filters that stand in the dock's row of tabs.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    moment_chosen = Signal(object)
    """`SignalView` that a click or Enter asks for."""
    counted = Signal(int)
    """How many signals hold now."""
    urgency = 3
    rate_hz = RATE_HZ

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._engine: EngineView | None = None
        self._key: tuple[int, int] | None = None
        self._shown: InstrumentId | None = None
        self._held = 0
        self.rows = SignalRows()
        self.model = PaintedModel(COLUMNS, self.rows, self)
        self.view = SignalTable(self.model, theme, self)
        self.side_button = Button(theme, "All sides", "funnel", is_boxed=True)
        self.timeframe_button = Button(theme, "All timeframes", is_boxed=True)
        self.instrument_button = Button(theme, "This instrument", is_boxed=True)
        self.opinion = Words(theme)
        self.opinion.say(Word(OPINION, Type.CAPTION, "muted"))
        self.controls = (self.opinion, self.side_button, self.timeframe_button, self.instrument_button)
        self._build()
        self._tell_note()

    def _build(self) -> None:
        self.setAccessibleName("Signals")
        self.view.setAccessibleName("Signals")
        self.view.head.setSectionsClickable(False)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.view.opened.connect(self._open)
        self.view.resized.connect(self._fit)
        self.side_button.setToolTip("Show both sides, only BUY, or only SELL")
        self.timeframe_button.setToolTip("Show every timeframe, or one")
        self.instrument_button.setToolTip("Show only the instrument of the chart")
        self.instrument_button.setCheckable(True)
        self.side_button.clicked.connect(self._next_side)
        self.timeframe_button.clicked.connect(self._open_timeframes)
        self.instrument_button.toggled.connect(self._on_instrument)
        for button in (self.side_button, self.timeframe_button, self.instrument_button):
            button.quiet_colour = "text"

    # --- data ---------------------------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self._engine = engine
        self._key = None
        self.refresh(0)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None

    def refresh(self, now_ns: int) -> None:
        """Read the list if it is another one; once a minute the words for its times."""
        del now_ns
        engine = self._engine
        if engine is None:
            return
        now_ms = engine.venue_now_ms()
        key = (engine.signals_version(), now_ms // STEP_MS)
        if key == self._key:
            return
        self._key = key
        self.rows.now_ms = now_ms
        before = [signal.number for signal in self.rows.order]
        self.rows.show(engine.signals())
        self._rearranged(before)
        if self.rows.held != self._held:
            self._held = self.rows.held
            self.counted.emit(self._held)

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        """The chart's instrument, which the filter means."""
        self._shown = instrument
        if self.instrument_button.isChecked():
            self._filter(instrument=instrument)

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return self.view.take_painted_ns()

    def _rearranged(self, before: list[int]) -> None:
        places = {signal.number: place for place, signal in enumerate(self.rows.order)}
        if before != list(places):
            self.model.rearranged(lambda row: places.get(before[row], -1))
        self.view.canvas.update()
        self._tell_note()

    def _tell_note(self) -> None:
        """Let a screen reader say why the list is empty."""
        self.view.setAccessibleDescription(". ".join(words for words in self.note if words))

    # --- filters ------------------------------------------------------------------------------------------------

    def _filter(self, **chosen: object) -> None:
        before = [signal.number for signal in self.rows.order]
        for name, value in chosen.items():
            setattr(self.rows, name, value)
        self.rows.filter()
        self._rearranged(before)

    def _next_side(self) -> None:
        order = (None, SignalKind.BUY, SignalKind.SELL)
        side = order[(order.index(self.rows.side) + 1) % len(order)]
        self._label(self.side_button, "All sides" if side is None else f"{side.value} only", side is not None)
        self._filter(side=side)

    def choose_timeframe(self, timeframe: Timeframe | None) -> None:
        """Show one timeframe, or every one."""
        words = "All timeframes" if timeframe is None else f"{timeframe.value} only"
        self._label(self.timeframe_button, words, timeframe is not None)
        self._filter(timeframe=timeframe)

    def _on_instrument(self, only: bool) -> None:
        self._filter(instrument=self._shown if only else None)

    @staticmethod
    def _label(button: Button, words: str, is_on: bool) -> None:
        button.setText(words)
        button.setAccessibleName(words)
        button.quiet_colour = "accent_text" if is_on else "text"
        button.updateGeometry()
        parent = button.parentWidget()
        if isinstance(parent, GivingRow):
            parent.arrange()

    def _open_timeframes(self) -> None:
        from PySide6.QtWidgets import QMenu

        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for choice in (None, *ANALYSED_TIMEFRAMES):
            action = menu.addAction("All timeframes" if choice is None else choice.value)
            action.setCheckable(True)
            action.setChecked(choice is self.rows.timeframe)
            action.triggered.connect(lambda _=False, chosen=choice: self.choose_timeframe(chosen))
        button = self.timeframe_button
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _open(self, row: int) -> None:
        if 0 <= row < len(self.rows.order):
            self.moment_chosen.emit(self.rows.order[row])

    # --- room ---------------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        """Columns give way from the least important; the state takes what is left."""
        head, room = self.view.head, self.view.canvas.width() - SCROLL_PX
        shown = {column.name: column.width for column in COLUMNS}
        for name in GIVING:
            if sum(shown.values()) > room:
                del shown[name]
        shown["state"] = max(shown["state"], shown["state"] + room - sum(shown.values()))
        for index, column in enumerate(COLUMNS):
            head.setSectionHidden(index, column.name not in shown)
            if column.name in shown:
                head.resizeSection(index, shown[column.name])

    @property
    def note(self) -> tuple[str, str]:
        """Why the list is empty, and what to do; empty words while it is not."""
        if self.rows.row_count():
            return "", ""
        if len(self.rows):
            return "No signal matches the filters", f"{len(self.rows)} are there; change a filter to see them."
        if self._engine is None:
            return "Signals come with the engine", "It is being started."
        return (
            "No signals yet",
            "A signal needs two closed candles in a row with a score of 70 or more, or 30 or less.",
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._theme.color("background"))
