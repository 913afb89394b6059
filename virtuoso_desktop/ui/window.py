"""The main window: its place on the screen, its first painted frame, and what the app asks of it.

It paints before any widget inside exists (`first_frame`), then makes them (`interior`). The chart
comes later as a widget (`MainWindow.set_chart`), the engine later still (`MainWindow.attach`). Whatever
is asked earlier makes the widgets at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.first_frame import FirstFrame
from virtuoso_desktop.ui.marking import title_mark
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.panels.markets_columns import NAMES
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.words import Word
from virtuoso_desktop.ui.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QKeyEvent, QPaintEvent, QResizeEvent, QShowEvent

    from virtuoso_desktop.engine.views import EngineView, MarketRow, MarketsSnapshot
    from virtuoso_desktop.kernel.notices import Notice
    from virtuoso_desktop.ui.arrangement import Arrangement
    from virtuoso_desktop.ui.dialogs.doctor_page import Examination
    from virtuoso_desktop.ui.frame import Refreshable
    from virtuoso_desktop.ui.interior import Interior
    from virtuoso_desktop.ui.theme import Theme

TITLE = "Virtuoso"
DEFAULT_SIZE = QSize(1600, 1000)
NARROWEST = QSize(960, 600)
DEFAULT_TIMEFRAME = Timeframe.M5


class MainWindow(QWidget):
    """The window.

    Parameters
    ----------
    theme : Theme
        Applied to the application before the first widget is made.
    source : Source
        Where the run's data come from; anything but live is said in title, ribbon and badge.
    snapshot : MarketsSnapshot or None
        Rows of the previous run.
    memory : WindowMemory or None
        Place and choices of the previous run.
    files : UserFiles or None
        Where what the user makes and arranges is kept; None keeps nothing.
    now_ms : callable
        The computer's time, until an engine brings the venue's.
    """

    shown_changed = Signal(object, object)
    """(`InstrumentId`, `Timeframe`) that chart and engine have to show now."""
    evidence_asked = Signal(str)
    """Name of a component whose evidence the chart has to draw."""
    moment_asked = Signal(object)
    """Open time (UTC ms) of the candle that the chart has to bring into view."""
    closing = Signal()
    """The user closed the window. It hides at once; the app stops the rest, or goes on without it."""
    quit_asked = Signal()
    """The user wants the program to end."""

    def __init__(
        self,
        theme: Theme,
        source: Source,
        *,
        snapshot: MarketsSnapshot | None = None,
        memory: WindowMemory | None = None,
        files: UserFiles | None = None,
        now_ms: Callable[[], int],
    ) -> None:
        super().__init__()
        self.theme = theme
        self.source = source
        self.files = files or UserFiles(None)
        self.workspaces = Workspaces(self.files)
        self._arrangement: Arrangement | None = None
        self._problems = [] if self.workspaces.problem is None else [self.workspaces.problem]
        self._now_ms = now_ms
        self._memory = memory or WindowMemory()
        self._interior: Interior | None = None
        self._has_painted = False
        self._rows = MarketsRows()
        self._recall_rows(snapshot)
        self._first_instrument = _parse(self._memory.instrument)
        if self._first_instrument is None and self._rows.order:
            self._first_instrument = self._rows.order[0]
        offered = {timeframe.value: timeframe for timeframe in ANALYSED_TIMEFRAMES}
        self._first_timeframe = offered.get(self._memory.timeframe or "", DEFAULT_TIMEFRAME)
        self.setWindowTitle(f"{title_mark(source)}{TITLE}")
        self.setMinimumSize(NARROWEST)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._place()

    # --- for the app --------------------------------------------------------------------------------------------

    @property
    def interior(self) -> Interior:
        """The widgets; made when first asked for, at the latest after the first paint."""
        if self._interior is None:
            from virtuoso_desktop.ui.interior import Interior

            self.theme.apply()  # the first painted frame needs none of the application's style
            memory = self._memory
            interior = Interior(self, self._rows, memory, self._now_ms)
            interior.shown_changed.connect(self.shown_changed)
            interior.title_changed.connect(self.setWindowTitle)
            interior.evidence_asked.connect(self.evidence_asked)
            interior.moment_asked.connect(self.moment_asked)
            interior.begin(self._first_instrument, self._first_timeframe)
            self._interior = interior
            interior.resize(self.size())
            interior.setVisible(True)
            if self.isVisible():
                interior.start()
        return self._interior

    @property
    def arrangement(self) -> Arrangement:
        """How the panels stand at the start; read when it is first needed, at the latest for the first frame."""
        if self._arrangement is None:
            opened = self.workspaces.read(self.width(), self.height())
            self._arrangement = opened.arrangement
            if opened.problem is not None:
                self._problems.append(opened.problem)
        return self._arrangement

    def take_problems(self) -> list[str]:
        """What of the workspaces could not be read, in words, once."""
        problems, self._problems = self._problems, []
        return problems

    def show_as_shipped(self) -> None:
        """Whatever the user arranged, show the panels as they come, and keep nothing; before the first frame."""
        self.workspaces = Workspaces(UserFiles(None))
        self._arrangement = None
        self._problems = []

    @property
    def instrument(self) -> InstrumentId | None:
        """The instrument that is shown."""
        return self._first_instrument if self._interior is None else self._interior.instrument

    @property
    def timeframe(self) -> Timeframe:
        """The timeframe that is shown."""
        return self._first_timeframe if self._interior is None else self._interior.timeframe

    def attach(self, engine: EngineView) -> None:
        """Show this engine's market from now on; a row turns live with its own first ticker."""
        self.interior.attach(engine)

    def set_doctor(self, make: Callable[[], Examination] | None) -> None:
        """How the way to the exchange is examined, for the page behind the banner."""
        self.interior.set_doctor(make)

    def detach(self) -> None:
        """The engine stops: keep what is shown, read nothing more."""
        self.interior.detach()

    def set_chart(
        self, chart: QWidget, turn: Refreshable | None = None, painted_ns: Callable[[], int] | None = None
    ) -> None:
        """Put the chart into its place; ``turn`` is refreshed by the frame clock (see `FrameClock.add`)."""
        self.interior.set_chart(chart, turn, painted_ns)

    def show_instrument(self, instrument: InstrumentId, timeframe: Timeframe | None = None) -> None:
        """Show another instrument, or timeframe, everywhere."""
        self.interior.show_instrument(instrument, timeframe)

    def choose_instrument(self, first: str = "") -> None:
        """Open the list of instruments; ``first`` is what was typed already."""
        self.interior.choose_instrument(first)

    def choose_interval(self, first: str) -> None:
        """Open the box that reads a timeframe."""
        self.interior.choose_interval(first)

    def post_notice(self, notice: Notice) -> None:
        """Show a notice as a toast."""
        self.interior.post_notice(notice)

    def last_shown_rows(self) -> list[MarketRow]:
        """Rows with values, for the next run's snapshot."""
        return self._rows.seen()

    def remember(self) -> WindowMemory:
        """Place and choices, for the next run."""
        if self._interior is None:
            return self._memory
        place = self.normalGeometry() if self.isMaximized() or self.isFullScreen() else self.geometry()
        memory = self._interior.remember(
            geometry=(place.x(), place.y(), place.width(), place.height()), is_maximized=self.isMaximized()
        )
        return msgspec.structs.replace(memory, pixel_ratio=self.devicePixelRatioF())

    # --- first frame --------------------------------------------------------------------------------------------

    def _recall_rows(self, snapshot: MarketsSnapshot | None) -> None:
        columns = self._memory.columns
        self._rows.advance(self._now_ms())
        if columns.sort_column in NAMES:
            self._rows.sort_column, self._rows.sorts_down = columns.sort_column, columns.sorts_down
        if snapshot is not None:
            self._rows.show_last_seen(snapshot)

    def _place(self) -> None:
        screen = QGuiApplication.primaryScreen().availableGeometry()
        memory = self._memory
        is_same_size = memory.pixel_ratio in (None, self.devicePixelRatioF())
        place = QRect(*memory.geometry) if memory.geometry is not None and is_same_size else None
        if place is None or QGuiApplication.screenAt(place.center()) is None:
            place = QRect(QPoint(0, 0), screen.size().boundedTo(DEFAULT_SIZE))
            place.moveCenter(screen.center())
        self.setGeometry(place)
        if memory.is_maximized:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def _paint_first(self) -> None:
        words, colour = self._rows.subject()
        self._rows.shown = self._first_instrument
        frame = FirstFrame(self.theme, self._rows, Word(words, colour=colour, gap=8), self._memory.columns)
        frame.source = self.source
        frame.instrument, frame.timeframe = self._first_instrument, self._first_timeframe
        frame.root = self.arrangement.root
        painter = QPainter(self)
        frame.paint(painter, self.width(), self.height())
        painter.end()

    def _after_first_paint(self) -> None:
        """What the first painted frame need not wait for."""
        from virtuoso_desktop.ui.logo import window_icon
        from virtuoso_desktop.ui.motion import ask_desktop

        self.interior.start()
        self.setWindowIcon(window_icon(self.theme))
        ask_desktop(self, self._on_motion)

    def _on_motion(self, reduces: bool) -> None:
        self.theme.system_reduces_motion = reduces

    # --- Qt -----------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._interior is None:
            self._paint_first()
        if not self._has_painted:
            self._has_painted = True
            QTimer.singleShot(0, self._after_first_paint)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        if self._interior is not None:
            self._interior.resize(self.size())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._interior is not None:
            self._interior.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._interior is not None:
            self._interior.keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        event.accept()


def _parse(instrument: str | None) -> InstrumentId | None:
    if instrument is None:
        return None
    try:
        return InstrumentId.parse(instrument)
    except ValueError:
        return None
