"""The chart panel: one instrument's candles in one timeframe, from the engine or from the last run's snapshot.

Longer than a module should be: the canvas, the notes over it, the studies and the window meet here, a few lines each.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.engine.views import ChartSnapshot, ChartView, EngineView, RowState, kind_badge
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.canvas import Canvas
from virtuoso_desktop.ui.charts.chartlooks import ChartLooks
from virtuoso_desktop.ui.charts.compared import COMPARED
from virtuoso_desktop.ui.charts.drawing.chartactions import DrawingActions, unkept_desk
from virtuoso_desktop.ui.charts.evidencemarks import words_of
from virtuoso_desktop.ui.charts.history import BackFill
from virtuoso_desktop.ui.charts.memory import ChartMemory
from virtuoso_desktop.ui.charts.model import Change
from virtuoso_desktop.ui.charts.noteplaces import Notes
from virtuoso_desktop.ui.charts.notes import reason
from virtuoso_desktop.ui.charts.slots import slot_at
from virtuoso_desktop.ui.charts.snapshot import chart_of
from virtuoso_desktop.ui.charts.stage import Hover, Stage
from virtuoso_desktop.ui.charts.studyactions import StudyActions, evidence_words
from virtuoso_desktop.ui.frame import FRAME_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.choice import StudyChoice, StudyMemory
    from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
    from virtuoso_desktop.ui.charts.model import ChartModel
    from virtuoso_desktop.ui.theme import Theme

SMOOTH_HZ = 1_000 / FRAME_MS
"""Every frame: at an even 30 Hz one turn in a hundred would come too early, and wait for the next frame."""
CALM_HZ = 10.0
TOUCHED_NS = 1_000_000_000
CHANGED_NS = 300_000_000
PATIENCE_NS = 150_000_000
"""Nothing is said about loading before this."""
DESCRIBE_NS = 500_000_000
EVIDENCE_NS = 250_000_000
"""Evidence that moves with the market is looked at so often."""
_JOINED_ROWS = 100
MOMENT_SHARE = 0.4
"""Of the view's width right of a candle that was asked for."""


def local_now_ms() -> int:
    """The computer's time, until an engine tells the venue's."""
    return time.time_ns() // 1_000_000


class ChartPanel(QWidget):
    """Candles, volume and overlay lines of one series, live.

    Parameters
    ----------
    theme : Theme
        Colours; the panel follows its changes.
    now_ms : callable
        UTC ms until an engine is attached; ages of a snapshot are measured by it.
    source : Source
        Whose data are drawn before an engine is attached: anything but live is written over the chart.
    desk : DrawingDesk or None
        What the window's charts share of drawing; None keeps drawings for the run only.
    place : int
        Its number among the charts of the window, by which the engine knows its studies.

    Signals
    -------
    letters_typed(str)
        A letter typed on the chart: opens the instrument search.
    digit_typed(str)
        A digit typed on the chart: opens the interval box.
    undo_offered(Notice, callable)
        A study or a comparison was removed, and how to take that back.
    menu_made(QMenu)
        The chart's menu is about to open: others add to it.
    studies_changed
        Other studies are chosen, or their numbers.
    crosshair_moved(int or None)
        Open time (UTC ms) of the candle under the mouse; None when it left.
    """

    letters_typed = Signal(str)
    digit_typed = Signal(str)
    undo_offered = Signal(object, object)
    menu_made = Signal(object)
    crosshair_moved = Signal(object)
    studies_changed = Signal()
    urgency = 0

    def __init__(
        self,
        theme: Theme,
        now_ms: Callable[[], int] = local_now_ms,
        source: Source = Source.LIVE,
        desk: DrawingDesk | None = None,
        place: int = 0,
    ) -> None:
        super().__init__()
        self._theme = theme
        self.place = place
        self._local_now_ms = now_ms
        self._engine: EngineView | None = None
        self._told_crosshair_ms: int | None = None
        self._subject: tuple[InstrumentId, Timeframe] | None = None
        self._snapshot: ChartSnapshot | None = None
        self._snapshot_chart: ChartView | None = None
        self._moment_ms: int | None = None
        """Open of a candle that was asked for and is not in view yet."""
        self._back_fill = BackFill()
        self._empty_since_ns: int | None = None
        self._touched_ns = -TOUCHED_NS
        self._changed_ns = -TOUCHED_NS
        self._described_ns = -DESCRIBE_NS
        self._evidence_ns = -EVIDENCE_NS
        self._stage = Stage(theme)
        self.canvas = Canvas(self._stage, desk or unkept_desk(self), self)
        self._drawings = DrawingActions(theme, self._stage, self.canvas)
        self._notes = Notes(theme, self._stage, self)
        self._message, self._strip, self._evidence = self._notes.message, self._notes.strip, self._notes.evidence
        self._studies = StudyActions(theme, self._stage, self)
        self.looks = ChartLooks(self._stage, self)
        self.setFocusProxy(self.canvas)
        self._set_source(source)
        self._connect()

    def _connect(self) -> None:
        canvas, notes = self.canvas, self._notes
        canvas.view_moved.connect(self._on_view_moved)
        canvas.hover_moved.connect(self._on_hover_moved)
        canvas.resized.connect(self._notes.place)
        canvas.letters_typed.connect(self.letters_typed)
        canvas.digit_typed.connect(self.digit_typed)
        notes.newest.clicked.connect(self.show_newest)
        notes.auto.clicked.connect(lambda: self.looks.set_auto(True))
        notes.zone.clicked.connect(lambda: self.looks.set_utc(not self.looks.is_utc))
        notes.log.clicked.connect(lambda: self.looks.set_log(False))
        self.looks.changed.connect(self._on_view_moved)
        self.looks.undo_offered.connect(self.undo_offered)
        notes.strip.clicked.connect(self._on_retry)
        notes.evidence.clicked.connect(self._stage.choice.end_evidence)
        self._studies.connect(canvas)
        canvas.close_asked.connect(self._on_close)
        self._studies.undo_offered.connect(self.undo_offered)
        self._studies.menu_made.connect(self.menu_made)
        self.destroyed.connect(self._theme.changed.connect(self._on_theme))
        self._stage.choice.changed.connect(self._on_choice)

    # --- what others read --------------------------------------------------------------------------------------------

    @property
    def theme(self) -> Theme:
        return self._theme

    @property
    def model(self) -> ChartModel:
        """What is drawn now."""
        return self._stage.model

    @property
    def subject(self) -> tuple[InstrumentId, Timeframe] | None:
        """The series that it shows."""
        return self._subject

    @property
    def is_attached(self) -> bool:
        """Whether it reads an engine."""
        return self._engine is not None

    @property
    def source(self) -> Source:
        """Whose data are drawn."""
        return self._source

    @property
    def now_ms(self) -> int:
        """Venue time of the newest frame."""
        return self._stage.now_ms

    @property
    def view(self) -> ChartView | None:
        """The engine's data of now, or the snapshot."""
        return self._chart()

    # --- what the window tells -----------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self._engine = engine
        engine.choose_studies(self._stage.choice.drawn, self.place)
        self._set_source(engine.source)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None

    def show_snapshot(self, snapshot: ChartSnapshot) -> None:
        """Draw what was seen last, muted, until live candles of the same series have joined."""
        self._begin(snapshot.instrument.id, snapshot.timeframe)
        self._snapshot = snapshot
        self._snapshot_chart = chart_of(snapshot)
        self._stage.model.place(snapshot.view_bars, snapshot.bars_right)
        self._read()

    def set_instrument(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """Show another series at the same zoom. Nothing of the former one stays on the screen."""
        if (instrument_id, timeframe) == self._subject:
            return
        self._begin(instrument_id, timeframe)
        self._read()

    def _begin(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        if self._engine is not None and self._subject is not None:
            self._back_fill.give_up(self._engine, *self._subject)
        self._back_fill.forget()
        self._subject = (instrument_id, timeframe)
        self._snapshot = self._snapshot_chart = self._moment_ms = None
        self._empty_since_ns = None
        self._stage.model.begin(self._known_instrument(instrument_id), timeframe)
        self.canvas.begin_series()
        self.canvas.hand.show(instrument_id)
        symbol = f"{instrument_id.symbol}{kind_badge(instrument_id.market_kind)}"
        self.canvas.setAccessibleName(f"Chart {symbol} {timeframe.value}")
        self._message.say("")
        self._strip.say("")
        self.canvas.redraw()

    # --- studies -------------------------------------------------------------------------------------------------

    def recall(self, memory: StudyMemory) -> None:
        """Draw the studies of the previous run."""
        self._stage.choice.recall(memory)
        self.canvas.take_choice()

    def remember(self) -> StudyMemory:
        """The chosen studies, for the next run."""
        return self._stage.choice.remember()

    def recall_chart(self, memory: ChartMemory) -> None:
        """Look as in the previous run; the series is told by `set_instrument`."""
        self.looks.recall(memory)
        self.recall(memory.studies)

    def remember_chart(self) -> ChartMemory:
        """Series, looks and studies, for the next run."""
        instrument, timeframe = (None, None) if self._subject is None else map(str, self._subject)
        return self.looks.remember(ChartMemory(instrument, timeframe, studies=self.remember()))

    def end_compared(self) -> None:
        """Remove every comparison; each can be taken back."""
        self.looks.end_all_compared(self._engine)

    def open_indicators(self) -> None:
        """Open the list of studies."""
        self._studies.open_list()

    def show_evidence(self, component: str) -> None:
        """Draw what a component of the score was read from, until Escape.

        Its studies are brought up if they are not there, and made to stand out. A component that the chart cannot
        show ends what was drawn before.
        """
        if not self._stage.choice.show_evidence(component):
            self._stage.choice.end_evidence()
        else:
            self.canvas.setFocus()

    def _on_choice(self, choice: StudyChoice) -> None:
        if self._engine is not None:
            self._engine.choose_studies(choice.drawn, self.place)
        self.canvas.take_choice()
        self._say_evidence()
        self._on_view_moved()
        self.studies_changed.emit()

    def _say_evidence(self) -> None:
        """Whose evidence is drawn, its score, and how to end it."""
        component = self._stage.choice.component
        self._evidence.setVisible(bool(component))
        told = found = None
        if component and self._engine is not None and self._subject is not None and self._snapshot is None:
            told = self._engine.evidence(*self._subject, component)
            found = self._engine.component_evidence(*self._subject, component)
        self.canvas.evidence.show_evidence(found)
        if not component:
            return
        words = evidence_words(component, told, "" if found is None else words_of(found, self._stage.now_ms))
        if words != self._evidence.text():
            self._evidence.say(words, words, "End (Esc)")
            self._notes.forget_places()
            self._notes.place()

    def _known_instrument(self, instrument_id: InstrumentId) -> Instrument | None:
        watched = () if self._engine is None else self._engine.watched()
        return next((instrument for instrument in watched if instrument.id == instrument_id), None)

    def snapshot_state(self) -> tuple[float, float]:
        """(view_bars, bars_right) for the next start."""
        view = self._stage.model.time
        return view.view_bars, view.bars_right

    # --- frames --------------------------------------------------------------------------------------------------

    @property
    def rate_hz(self) -> float:
        """30 while touched or while the last candle moves, else 10."""
        now_ns = time.perf_counter_ns()
        is_busy = (
            self.canvas.gestures.is_dragging
            or now_ns - self._touched_ns < TOUCHED_NS
            or now_ns - self._changed_ns < CHANGED_NS
        )
        return SMOOTH_HZ if is_busy else CALM_HZ

    def take_painted_ns(self) -> int:
        """Nanoseconds spent painting since the last call; for the frame clock."""
        painted_ns, self.canvas.painted_ns = self.canvas.painted_ns, 0
        return painted_ns

    def refresh(self, now_ns: int) -> None:
        """Read the newest state and mark what has to be painted."""
        if now_ns - self._evidence_ns >= EVIDENCE_NS and self._stage.choice.component:
            self._evidence_ns = now_ns
            self._say_evidence()
        self._read()
        self._describe(now_ns)

    def _read(self) -> None:
        """Take over what the engine, or the snapshot, holds now, and ask for what has to be painted."""
        chart = self._chart()
        self._tell_time(chart)
        change = Change.NOTHING if chart is None else self._read_chart(chart)
        if chart is not None and self._find_moment(chart):
            self._read_chart(chart)
            self._stage.model.fit_again()
            change = Change.ALL
        self._say_nothing_there(chart)
        self._step_history(chart)
        if change is not Change.NOTHING:
            self._changed_ns = time.perf_counter_ns()
        if change is Change.ALL:
            self._redraw()
        elif change is Change.LAST:
            self.canvas.redraw_newest()
        else:
            self.canvas.redraw_marks()

    def _read_chart(self, chart: ChartView) -> Change:
        """Candles and studies, and what the analysis says of them."""
        model, engine = self._stage.model, self._engine
        self._stage.quotes = chart.quotes
        if engine is not None and self._snapshot is None:
            key = (chart.instrument.id, chart.timeframe)
            model.tell(engine.score_history(*key), engine.signal_marks(*key), engine.beside(key[0], self.place))
            for each in model.compared:
                each.follow(engine, chart.timeframe, model.time)
        change = model.read(chart)
        self.canvas.drawings.measure(chart)
        return change

    def _redraw(self) -> None:
        self.canvas.redraw()
        self._notes.place()
        self._tell_crosshair()

    def _chart(self) -> ChartView | None:
        """The live series, or the snapshot until live candles have joined; never both."""
        if self._subject is None:
            return None
        live = None if self._engine is None else self._engine.chart(*self._subject, self.place)
        if self._snapshot_chart is None:
            return live
        if live is None or not self._has_joined(live):
            return self._snapshot_chart
        self._snapshot = self._snapshot_chart = None
        self._stage.model.restart()
        return live

    def _has_joined(self, live: ChartView) -> bool:
        """Live candles fill the view, or there are no more of them."""
        wanted = min(_JOINED_ROWS, self._stage.model.time.view_bars)
        return len(live.candles) >= wanted or (bool(len(live.candles)) and live.candles.is_complete_left)

    def _tell_time(self, chart: ChartView | None) -> None:
        stage = self._stage
        identity = None if self._subject is None else self._subject[0]
        stage.now_ms = self._local_now_ms() if self._engine is None else self._engine.venue_now_ms(identity)
        stage.seen_ms = None if self._snapshot is None else self._snapshot.as_of_ms
        has_rows = chart is not None and bool(len(chart.candles))
        stage.close_ms = chart.timeframe.close_ms(int(chart.candles.open_ms[-1])) if chart and has_rows else None

    def _step_history(self, chart: ChartView | None) -> None:
        if chart is None or self._engine is None or self._snapshot is not None:
            self._strip.say("")
            return
        self._back_fill.step(self._engine, chart, self._stage.model.time)
        words, is_error = self._back_fill.words(chart)
        self._strip.say(words, is_error=is_error)

    # --- words where there is nothing to draw ----------------------------------------------------------------------

    def _say_nothing_there(self, chart: ChartView | None) -> None:
        if not self._stage.model.is_empty:
            self._empty_since_ns = None
            self._message.say("")
            return
        now_ns = time.perf_counter_ns()
        if self._empty_since_ns is None:
            self._empty_since_ns = now_ns
        if now_ns - self._empty_since_ns >= PATIENCE_NS:
            self._message.say(*reason(self._subject, chart))

    def _describe(self, now_ns: int) -> None:
        """Tell a screen reader what the legends say, at most twice a second."""
        if now_ns - self._described_ns < DESCRIBE_NS:
            return
        self._described_ns = now_ns
        words = self._message.text
        if not words:
            panes = (self.canvas.rows[name].legend.words for name in self._stage.layout.names)
            parts = (self.canvas.hand.words(), self.canvas.price_legend.words, *panes, self._last_words())
            words = ". ".join(part for part in parts if part)
        if words != self.canvas.accessibleDescription():
            self.canvas.setAccessibleDescription(words)

    def _last_words(self) -> str:
        stage = self._stage
        words = f"Last price {stage.price_text(stage.model.last_price)}"
        if stage.model.state is RowState.STALE and stage.model.newest_ms is not None:
            words += f", {text.age(stage.now_ms - stage.model.newest_ms)} old"
        return words

    # --- what the user does ----------------------------------------------------------------------------------------

    def show_newest(self) -> None:
        """Bring the newest candle into view."""
        self._stage.model.time.show_newest()
        self._on_view_moved()

    def show_moment(self, open_ms: int) -> None:
        """Bring the candle that opens at ``open_ms`` into view, as soon as it is loaded."""
        self._moment_ms = open_ms
        self._read()

    def _find_moment(self, chart: ChartView) -> bool:
        """Move to the candle that was asked for; True when the view moved. Older candles are loaded on the way."""
        time_, open_ms = self._stage.model.time, self._moment_ms
        if open_ms is None or not len(chart.candles):
            return False
        slot = slot_at(open_ms, chart.timeframe)
        before = time_.version
        if slot >= time_.oldest or chart.candles.is_complete_left:
            self._moment_ms = None
            time_.show_right(slot + time_.view_bars * MOMENT_SHARE)
        else:
            time_.show_oldest()
        return time_.version != before

    def _on_view_moved(self) -> None:
        self._moment_ms = None
        self._touched_ns = time.perf_counter_ns()
        model = self._stage.model
        chart = self._chart()
        if chart is not None:
            self._read_chart(chart)
            model.fit_again()
        self._step_history(chart)
        self._redraw()

    def _on_hover_moved(self) -> None:
        self._touched_ns = time.perf_counter_ns()
        self.canvas.redraw_marks()
        self._tell_crosshair()

    def _tell_crosshair(self) -> None:
        """Where the mouse is in time; a crosshair that another chart set is not told again."""
        hover = self._stage.hover
        time_ms = None if hover is None or hover.y is None else self._stage.model.open_ms(hover.slot)
        if time_ms != self._told_crosshair_ms:
            self._told_crosshair_ms = time_ms
            self.crosshair_moved.emit(time_ms)

    def name_above(self, is_named: bool) -> None:
        """A head over the chart names its series, or no longer does."""
        if is_named != self._stage.is_named_above:
            self._stage.is_named_above = is_named
            self._redraw()

    def show_crosshair(self, time_ms: int | None) -> None:
        """Put an upright crosshair at a moment (UTC ms) that another chart points at, if it is in view here.

        None takes it away.
        """
        stage = self._stage
        timeframe = stage.model.timeframe
        if timeframe is None or (stage.hover is not None and stage.hover.y is not None):
            return
        slot = None if time_ms is None else slot_at(time_ms, timeframe)
        view = stage.model.time
        hover = None if slot is None or not view.left_slot <= slot < view.right_slot else Hover(slot, None)
        if hover != stage.hover:
            stage.hover = hover
            self.canvas.redraw_marks()

    def _on_close(self, name: str) -> None:
        """The cross of a legend entry."""
        if name.startswith(COMPARED):
            self.looks.end_compare(name, self._engine)
        else:
            self._studies.close(name)

    def _on_retry(self) -> None:
        self._back_fill.retry()
        self._read()

    def _on_theme(self, _theme: Theme) -> None:
        self.canvas.set_colors()
        self._notes.update()

    # --- places ------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.canvas.setGeometry(self.rect())

    def _set_source(self, source: Source) -> None:
        self._source = source
        self._stage.watermark = "" if source is Source.LIVE else source.value.upper()
