"""The widgets of the main window: panels, bars, their places, and what keys and clicks do.

Longer than a module should be: its lines hand over to parts, and which part answers what is its duty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from virtuoso_desktop.engine.views import EngineView, LinkView, RowState, kind_badge
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.actions import Actions
from virtuoso_desktop.ui.banner import FeedBanner, Ribbon
from virtuoso_desktop.ui.chart_actions import ChartActions
from virtuoso_desktop.ui.chart_place import ChartPlace
from virtuoso_desktop.ui.command_palette_opener import PaletteOpener
from virtuoso_desktop.ui.draw_control import DrawControl
from virtuoso_desktop.ui.feed_state import FeedWatch
from virtuoso_desktop.ui.frame import FrameClock, Refreshable
from virtuoso_desktop.ui.marking import title_mark
from virtuoso_desktop.ui.measures import RIBBON_PX, STATUS_PX
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.panel_actions import PanelActions
from virtuoso_desktop.ui.panel_list import CHART, MARKETS
from virtuoso_desktop.ui.panels.markets import MarketsPanel
from virtuoso_desktop.ui.panels.markets_actions import wire_markets
from virtuoso_desktop.ui.settings_access import SettingsAccess
from virtuoso_desktop.ui.status_bar import StatusBar
from virtuoso_desktop.ui.strip import InstrumentStrip
from virtuoso_desktop.ui.top_bar import TopBar
from virtuoso_desktop.ui.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QKeyEvent, QPaintEvent

    from virtuoso_desktop.engine.analysis_views import SignalView
    from virtuoso_desktop.engine.input_views import InputsView
    from virtuoso_desktop.kernel.notices import Notice
    from virtuoso_desktop.ui.dialogs.doctor_page import Examination
    from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
    from virtuoso_desktop.ui.theme import Theme
    from virtuoso_desktop.ui.toasts import ToastStack
    from virtuoso_desktop.ui.window import MainWindow

STATUS_RATE_HZ = 2.0
PANELS_AFTER_MS = 800
"""The chart of the last run is worth more than panels without data: they come with the engine, at the latest now."""


class Interior(QWidget):
    """Everything inside the window; as large as the window.

    Parameters
    ----------
    window : MainWindow
        Gives theme and source; overlays, dialogs and toasts are its children.
    rows : MarketsRows
        What Markets shows, perhaps the previous run's rows.
    memory : WindowMemory
        The user's choices of the previous run.
    now_ms : callable
        The computer's time, until an engine brings the venue's.
    """

    shown_changed = Signal(object, object)
    """(`InstrumentId`, `Timeframe`)."""
    title_changed = Signal(str)
    evidence_asked = Signal(str)
    """Name of a component to show on the chart."""
    moment_asked = Signal(object)
    """Open time (UTC ms) of the candle to bring into view, once its instrument and timeframe are shown."""
    indicators_asked = Signal()
    """The chart's own list of studies."""

    def __init__(self, window: MainWindow, rows: MarketsRows, memory: WindowMemory, now_ms: Callable[[], int]) -> None:
        super().__init__(window)
        self.theme = window.theme
        self.source = window.source
        self.instrument: InstrumentId | None = None
        self.timeframe = window.timeframe
        self._window = window
        self._title = ""
        self._engine: EngineView | None = None
        self._disconnects: list[Callable[[], None]] = [self.theme.changed.connect(self._on_theme)]
        self._feed = FeedWatch()
        self._toasts: ToastStack | None = None
        self._make_examination: Callable[[], Examination] | None = None
        self.commands = Actions(self)
        self.palette_opener = PaletteOpener(self, memory.recent_commands)
        self.settings = SettingsAccess(self)
        self.frame = FrameClock(self, is_exposed=self._is_exposed)
        self.top_bar = TopBar(self.theme, self)
        self.banner = FeedBanner(self.theme, self)
        self.markets = MarketsPanel(self.theme, rows, now_ms)
        self.strip = InstrumentStrip(self.theme, now_ms)
        self.status_bar = StatusBar(self.theme, self.source, now_ms)
        self._column = QWidget()
        early = {MARKETS: self.markets, CHART: self._column}
        self.workspace = Workspace(self.theme, early, self.frame, self.timeframe, window.arrangement)
        self.workspace.windows.mark = title_mark(self.source)
        self.workspace.panels.recall(memory.desk)
        self._chart: QWidget = ChartPlace(self.theme)
        self._chart_row = QHBoxLayout()
        self._remove_chart: Callable[[], None] = _nothing
        self._build()
        self.drawing = DrawControl(self, memory.draw, window.files, now_ms)
        self._connect()
        self.charts = ChartActions(self)
        self.panel_actions = PanelActions(self, window, now_ms)
        self.setTabOrder(self.top_bar.menu_button, self.markets.search)
        self.markets.recall(memory.columns)
        wire_markets(self, window.files)

    # --- for the window -----------------------------------------------------------------------------------------

    def begin(self, instrument: InstrumentId | None, timeframe: Timeframe) -> None:
        """What to show first, before an engine is there."""
        self.instrument, self.timeframe = instrument, timeframe
        self._tell_shown()

    def start(self) -> None:
        """The window is on the screen: take turns from now on."""
        if self._window.focusWidget() is None:
            self.markets.view.setFocus(Qt.FocusReason.ActiveWindowFocusReason)
        self.frame.start()
        QTimer.singleShot(PANELS_AFTER_MS, self.workspace, self.workspace.make)
        QTimer.singleShot(0, self.panel_actions, self.panel_actions.start)

    def attach(self, engine: EngineView) -> None:
        """Show this engine's market from now on."""
        self._engine = engine
        self.frame.count_skipped = engine.count_skipped_refresh
        self.markets.attach(engine)
        self.strip.attach(engine)
        self.workspace.make()
        self.workspace.panels.attach(engine)
        self._disconnects += [
            engine.watched_changed.connect(self._on_watched),
            engine.notices.posted.connect(self.post_notice),
        ]
        for notice in engine.notices.errors:
            self.post_notice(notice)
        if self.instrument is not None:
            engine.show(self.instrument, self.timeframe)  # before what is watched is judged: it may be a guest
        self._on_watched(tuple(instrument.id for instrument in engine.watched()))
        self.refresh_status()

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None
        self.frame.stop()
        self.frame.count_skipped = str
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects = []
        self.markets.detach()
        self.strip.detach()
        self.workspace.panels.detach()

    def on_detach(self, end: Callable[[], None]) -> None:
        """Call ``end`` when the engine goes."""
        self._disconnects.append(end)

    def set_chart(self, chart: QWidget, turn: Refreshable | None, painted_ns: Callable[[], int] | None) -> None:
        """Put the chart into its place."""
        self._remove_chart()
        self._chart_row.replaceWidget(self._chart, chart)
        self._chart.hide()
        self._chart.deleteLater()
        self._chart = chart
        self._remove_chart = _nothing if turn is None else self.frame.add(turn, painted_ns)
        self.setTabOrder(self.markets.view, chart)
        if self._window.focusWidget() in (None, self.markets.view):
            chart.setFocus()

    def place_strip(self, strip: QWidget) -> None:
        """Put a strip of tools left of the chart."""
        self._chart_row.insertWidget(0, strip)

    def focus_chart(self) -> None:
        """The keys belong to the chart."""
        self._chart.setFocus()

    def show_instrument(self, instrument: InstrumentId, timeframe: Timeframe | None = None) -> None:
        """Show another instrument, or timeframe, everywhere."""
        timeframe = timeframe or self.timeframe
        if (instrument, timeframe) == (self.instrument, self.timeframe):
            return
        self.instrument, self.timeframe = instrument, timeframe
        self._tell_shown()
        if self._engine is not None:
            self._engine.show(instrument, timeframe)
        self.shown_changed.emit(instrument, timeframe)

    def post_notice(self, notice: Notice) -> None:
        """Show a notice as a toast."""
        self._toast_stack().post(notice)

    def offer_undo(self, notice: Notice, undo: Callable[[], object]) -> None:
        """Show what was done as a toast that can take it back."""
        self._toast_stack().offer_undo(notice, undo)

    def _toast_stack(self) -> ToastStack:
        if self._toasts is None:
            from virtuoso_desktop.ui.toasts import ToastStack

            bottom = STATUS_PX + (RIBBON_PX if self.source is not Source.LIVE else 0)
            self._toasts = ToastStack(self.theme, self._window, bottom)
        return self._toasts

    def remember(self, *, geometry: tuple[int, int, int, int], is_maximized: bool) -> WindowMemory:
        """The user's choices, for the next run."""
        self.panel_actions.keeper.flush()
        return WindowMemory(
            geometry=geometry,
            is_maximized=is_maximized,
            theme=self.theme.choice,
            colour_blind=self.theme.colour_blind,
            reduced_motion=self.theme.reduced_motion_choice,
            columns=self.markets.remember(),
            instrument=str(self.instrument) if self.instrument is not None else None,
            timeframe=self.timeframe.value,
            recent_commands=self.palette_opener.recent,
            draw=self.drawing.remember(),
            desk=self.workspace.panels.remember(),
        )

    # --- construction -------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._chart_row.setSpacing(0)
        column.addWidget(self.strip)
        self._chart_row.addWidget(self._chart, 1)
        column.addLayout(self._chart_row, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top_bar)
        layout.addWidget(self.banner)
        layout.addWidget(self.workspace, 1)
        if self.source is not Source.LIVE:
            layout.addWidget(Ribbon(self.theme, self.source))
        layout.addWidget(self.status_bar)

    def _connect(self) -> None:
        bar = self.top_bar
        bar.instrument_asked.connect(self.choose_instrument)
        bar.timeframe_asked.connect(self._choose_timeframe)
        bar.indicators_asked.connect(self.indicators_asked)
        bar.details_asked.connect(self.show_details)
        bar.theme_asked.connect(self.theme.cycle)
        bar.menu_asked.connect(self.open_menu)
        self.banner.retry_asked.connect(self._retry)
        self.banner.details_asked.connect(self.show_doctor)
        self.markets.instrument_chosen.connect(self.show_instrument)
        self.frame.add(self.markets, self.markets.view.take_painted_ns)
        self.frame.add(self.strip)
        self.frame.add(_SlowPart(self))
        panels = self.workspace.panels
        panels.timeframe_asked.connect(self._choose_timeframe)
        panels.component_chosen.connect(self.evidence_asked)
        panels.data_asked.connect(self.show_data)
        panels.signal_chosen.connect(self._show_signal)
        panels.instrument_asked.connect(self.show_instrument)
        self.commands.add_all(
            {
                "choose_instrument": self.choose_instrument,
                "next_instrument": lambda: self._step_instrument(1),
                "previous_instrument": lambda: self._step_instrument(-1),
                "search": self._search,
                "show_data": self.show_data,
                "indicators": self.indicators_asked.emit,
                "cycle_theme": self.theme.cycle,
                "full_screen": self.toggle_full_screen,
                "menu": self.open_menu,
                "list_shortcuts": self.list_shortcuts,
                "show_about": self.show_about,
                "show_connections": self.show_details,
                "show_doctor": self.show_doctor,
                "quit": self._window.quit_asked.emit,
                **{
                    f"timeframe_{timeframe.value}": lambda chosen=timeframe: self._choose_timeframe(chosen)
                    for timeframe in ANALYSED_TIMEFRAMES
                },
            }
        )

    # --- what is shown ------------------------------------------------------------------------------------------

    def _tell_shown(self) -> None:
        self.top_bar.instrument.name(self.instrument)
        self.top_bar.arrange()
        self.top_bar.show_timeframe(self.timeframe)
        self.markets.show_timeframe(self.timeframe)
        self.markets.set_shown(self.instrument)
        row = self.markets.rows.find(self.instrument) if self.instrument is not None else None
        self.strip.show_instrument(self.instrument, row)
        self.workspace.panels.show_series(self.instrument, self.timeframe)
        self._tell_title()

    def _tell_title(self) -> None:
        parts: list[str] = []
        row = self.markets.rows.find(self.instrument) if self.instrument is not None else None
        if self.instrument is not None:
            parts.append(self.instrument.symbol + kind_badge(self.instrument.market_kind))
        if row is not None and row.state is RowState.LIVE:
            parts.append(text.price(row.last_price, row.price_decimals))
            parts.append(text.percent(row.change_24h_pct))
        said = title_mark(self.source) + " \u00b7 ".join([" ".join(parts), "Virtuoso"] if parts else ["Virtuoso"])
        if said != self._title:
            self._title = said
            self.title_changed.emit(said)

    def _on_watched(self, watched: tuple[InstrumentId, ...]) -> None:
        if not watched:
            return
        self.markets.forget_unwatched()
        engine = self._engine
        if self.instrument not in watched and (
            engine is None or engine.guest is None or engine.guest != self.instrument
        ):
            self.show_instrument(watched[0])

    def refresh_status(self) -> None:
        """Everything that is told twice a second: status bar, chips, banner, title."""
        engine = self._engine
        self.status_bar.refresh(engine)
        self._tell_title()
        if engine is not None:
            links, now_ms = engine.links(), engine.venue_now_ms()
            self.top_bar.show_links(links, now_ms)
            self.banner.tell(self._feed.judge(links, now_ms))

    # --- actions ------------------------------------------------------------------------------------------------

    def choose_instrument(self, first: str = "") -> None:
        """Open the list of instruments under its button."""
        from virtuoso_desktop.ui.symbol_popup import SymbolPopup

        popup = SymbolPopup(self.theme, self.markets.rows.all(), self._window)
        popup.chosen.connect(self.show_instrument)
        button = self.top_bar.instrument
        popup.open_at(button.mapTo(self._window, QPoint(0, button.height() + 4)), first)

    def choose_interval(self, first: str) -> None:
        """Open the box that reads a timeframe."""
        from virtuoso_desktop.ui.interval_box import IntervalBox

        box = IntervalBox(self.theme, self._window)
        box.chosen.connect(self._choose_timeframe)
        box.open_with(first)

    def open_menu(self) -> None:
        """Open the menu under its button."""
        from virtuoso_desktop.ui.menu import main_menu

        menu = main_menu(self)
        button = self.top_bar.menu_button
        menu.popup(button.mapToGlobal(QPoint(button.width() - menu.sizeHint().width(), button.height() + 4)))

    def list_shortcuts(self) -> None:
        """Show every shortcut."""
        from virtuoso_desktop.ui.dialogs.shortcut_list import ShortcutList

        ShortcutList(self.theme, self._window).show()

    def show_about(self) -> None:
        """Show what this program is."""
        from virtuoso_desktop.ui.dialogs.about import About

        About(self.theme, self._window).show()

    def show_details(self) -> None:
        """Show the state of every connection."""
        from virtuoso_desktop.ui.dialogs.feed_details import FeedDetails

        FeedDetails(self.theme, self._read_links, self._window).show()

    def show_data(self) -> None:
        """Show which inputs the instrument has, since when, how old, how complete."""
        from virtuoso_desktop.ui.dialogs.data_page import DataPage

        open_page = next((page for page in self._window.findChildren(DataPage) if page.isVisible()), None)
        page = open_page or DataPage(self.theme, self._read_inputs, self.show_details, self._window)
        page.show()
        page.activateWindow()

    @property
    def has_doctor(self) -> bool:
        """Whether the way to the exchange can be examined: once the settings are known."""
        return self._make_examination is not None

    def set_doctor(self, make: Callable[[], Examination] | None) -> None:
        """How the way to the exchange is examined."""
        self._make_examination = make

    def show_doctor(self) -> None:
        """Show why there is no data; before anything can be examined, the connections."""
        from virtuoso_desktop.ui.dialogs.doctor_page import DoctorPage

        if self._make_examination is None:
            self.show_details()
            return
        open_page = next((page for page in self._window.findChildren(DoctorPage) if page.isVisible()), None)
        page = open_page or DoctorPage(self.theme, self._make_examination, self.show_details, self._window)
        page.show()
        page.activateWindow()

    def toggle_full_screen(self) -> None:
        """To full screen and back."""
        window = self._window
        window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _read_links(self) -> tuple[Sequence[LinkView], int]:
        engine = self._engine
        return ((), 0) if engine is None else (engine.links(), engine.venue_now_ms())

    def _read_inputs(self) -> InputsView | None:
        engine = self._engine
        return None if engine is None or self.instrument is None else engine.inputs(self.instrument)

    def _retry(self, venue: str) -> None:
        if self._engine is not None:
            self._engine.retry_now(venue)

    def _choose_timeframe(self, timeframe: Timeframe) -> None:
        if self.instrument is not None:
            self.show_instrument(self.instrument, timeframe)
        else:
            self.timeframe = timeframe
        self.top_bar.show_timeframe(timeframe)

    def _show_signal(self, signal: SignalView) -> None:
        self.show_instrument(signal.instrument_id, signal.timeframe)
        self.moment_asked.emit(signal.candle_open_ms)

    def _search(self) -> None:
        self.workspace.show_panel(MARKETS)
        self.markets.start_search()

    def _step_instrument(self, step: int) -> None:
        instrument = self.markets.neighbour(step)
        if instrument is not None:
            self.show_instrument(instrument)

    # --- Qt -----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        typed = event.text()
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if held:
            event.ignore()
        elif typed in self.commands.typed:
            self.commands.run(self.commands.typed[typed])
        elif typed.isdigit():
            self.choose_interval(typed)
        elif typed.isalpha():
            self.choose_instrument(typed)
        else:
            event.ignore()

    def _is_exposed(self, panel: Refreshable) -> bool:
        """Whether the window that a panel is in can be seen."""
        window = panel.window() if isinstance(panel, QWidget) else self._window
        handle = window.windowHandle()
        return handle is not None and handle.isExposed() and not window.isMinimized()

    def _on_theme(self, _theme: Theme) -> None:
        self.top_bar.show_theme()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self.theme.color("gutter"))


class _SlowPart:
    """The window's turn in the frame clock: what changes twice a second."""

    rate_hz = STATUS_RATE_HZ
    urgency = 3

    def __init__(self, window: Interior) -> None:
        self._window = window

    def isVisible(self) -> bool:
        return self._window.isVisible()

    def refresh(self, now_ns: int) -> None:
        del now_ns
        self._window.refresh_status()


def _nothing() -> None:
    """Stands where there is nothing to undo or to tell."""
