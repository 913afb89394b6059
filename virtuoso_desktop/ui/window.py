"""The main window: frame, panels and their places. It paints before anything heavy is imported.

Everything here stands on Qt, msgspec and the model alone. The chart comes later as a widget
(`MainWindow.set_chart`), the engine later still (`MainWindow.attach`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from virtuoso_desktop.engine.views import EngineView, MarketRow, MarketsSnapshot, RowState, kind_badge
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.banner import RIBBON_PX, FeedBanner, Ribbon
from virtuoso_desktop.ui.controls import Word, paint_words, words_width
from virtuoso_desktop.ui.feed_state import FeedWatch
from virtuoso_desktop.ui.frame import FrameClock, Refreshable
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.panels.markets import MarketsPanel
from virtuoso_desktop.ui.shortcuts import bind
from virtuoso_desktop.ui.status_bar import HEIGHT_PX as STATUS_PX
from virtuoso_desktop.ui.status_bar import StatusBar
from virtuoso_desktop.ui.strip import InstrumentStrip
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.top_bar import TopBar

if TYPE_CHECKING:
    from virtuoso_desktop.kernel.notices import Notice
    from virtuoso_desktop.ui.toasts import ToastStack

TITLE = "Virtuoso"
DEFAULT_SIZE = (1600, 1000)
NARROWEST = (960, 600)
GUTTER_PX = 4
STATUS_RATE_HZ = 2.0
DEFAULT_TIMEFRAME = Timeframe.M5


def default_markets_width(window_width: int) -> int:
    """470 px of 1600, 357 of 1280."""
    return max(340, min(470, round(window_width * 0.2935) if window_width > 1290 else round(window_width * 0.279)))


class MainWindow(QWidget):
    """The window.

    Parameters
    ----------
    theme : Theme
        Already applied to the application.
    source : Source
        Where the run's data come from; anything but live is said in title, ribbon and badge.
    snapshot : MarketsSnapshot or None
        Rows of the previous run.
    memory : WindowMemory
        Place and choices of the previous run.
    now_ms : callable
        The computer's time, until an engine brings the venue's.
    """

    shown_changed = Signal(object, object)
    """(`InstrumentId`, `Timeframe`) that chart and engine have to show now."""
    closing = Signal()
    """The user closed the window or asked to quit. It hides at once; the app stops the rest."""

    def __init__(
        self,
        theme: Theme,
        source: Source,
        *,
        snapshot: MarketsSnapshot | None = None,
        memory: WindowMemory | None = None,
        now_ms: Callable[[], int],
    ) -> None:
        super().__init__()
        self.theme = theme
        self.source = source
        self.instrument: InstrumentId | None = None
        self.timeframe = DEFAULT_TIMEFRAME
        self._memory = memory or WindowMemory()
        self._engine: EngineView | None = None
        self._disconnects: list[Callable[[], None]] = []
        self._feed = FeedWatch()
        self._toasts: ToastStack | None = None
        self._has_painted = False
        self.frame = FrameClock(self, is_exposed=self._is_exposed)
        self.top_bar = TopBar(theme, self)
        self.banner = FeedBanner(theme, self)
        self.markets = MarketsPanel(theme, now_ms)
        self.strip = InstrumentStrip(theme, now_ms)
        self.status_bar = StatusBar(theme, source, now_ms)
        self._chart: QWidget = _ChartPlace(theme)
        self._remove_chart: Callable[[], None] = lambda: None
        self._build()
        self._connect()
        self.setTabOrder(self.top_bar.menu_button, self.markets.search)
        self._recall(snapshot)
        theme.changed.connect(lambda _theme: self.top_bar.show_theme())

    # --- for the app --------------------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Show this engine's market from now on."""
        self._engine = engine
        self.frame.count_skipped = engine.count_skipped_refresh
        self.markets.attach(engine)
        self.strip.attach(engine)
        self._disconnects = [
            engine.watched_changed.connect(self._on_watched),
            engine.notices.posted.connect(self.post_notice),
        ]
        for notice in engine.notices.errors:
            self.post_notice(notice)
        self._on_watched(tuple(instrument.id for instrument in engine.watched()))
        if self.instrument is not None:
            engine.show(self.instrument, self.timeframe)
        self._refresh_slowly()

    def detach(self) -> None:
        """The engine stops: keep what is shown, read nothing more."""
        self._engine = None
        self.frame.stop()
        self.frame.count_skipped = lambda: None
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects = []
        self.markets.detach()
        self.strip.detach()

    def set_chart(
        self, chart: QWidget, turn: Refreshable | None = None, painted_ns: Callable[[], int] | None = None
    ) -> None:
        """Put the chart into its place; ``turn`` is refreshed by the frame clock (see `FrameClock.add`)."""
        self._remove_chart()
        column = self._column.layout()
        assert column is not None
        column.replaceWidget(self._chart, chart)
        self._chart.hide()
        self._chart.deleteLater()
        self._chart = chart
        if turn is not None:
            self._remove_chart = self.frame.add(turn, painted_ns)
        self.setTabOrder(self.markets.view, chart)
        if self.focusWidget() in (None, self.markets.view):
            chart.setFocus()

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
        if self._toasts is None:
            from virtuoso_desktop.ui.toasts import ToastStack

            bottom = STATUS_PX + (RIBBON_PX if self.source is not Source.LIVE else 0)
            self._toasts = ToastStack(self.theme, self, bottom)
        self._toasts.post(notice)

    def remember(self) -> WindowMemory:
        """Place and choices, for the next run."""
        place = self.normalGeometry() if self.isMaximized() or self.isFullScreen() else self.geometry()
        return WindowMemory(
            geometry=(place.x(), place.y(), place.width(), place.height()),
            is_maximized=self.isMaximized(),
            markets_width=self.markets.width() if self._has_painted else self._memory.markets_width,
            theme=self.theme.choice,
            colour_blind=self.theme.colour_blind,
            reduced_motion=self.theme.reduced_motion_choice,
            columns=self.markets.remember(),
            instrument=str(self.instrument) if self.instrument is not None else None,
            timeframe=self.timeframe.value,
        )

    def last_shown_rows(self) -> list[MarketRow]:
        """Rows with values, for the next run's snapshot."""
        return [row for row in self.markets.rows.all() if row.state is not RowState.WAITING]

    # --- construction -------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.setMinimumSize(*NARROWEST)
        self._column = QWidget()
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        column.addWidget(self._chart, 1)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(GUTTER_PX)
        self._splitter.addWidget(self.markets)
        self._splitter.addWidget(self._column)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top_bar)
        layout.addWidget(self.banner)
        layout.addWidget(self._splitter, 1)
        if self.source is not Source.LIVE:
            layout.addWidget(Ribbon(self.theme, self.source))
        layout.addWidget(self.status_bar)

    def _connect(self) -> None:
        bar = self.top_bar
        bar.instrument_asked.connect(self.choose_instrument)
        bar.timeframe_asked.connect(self._choose_timeframe)
        bar.details_asked.connect(self.show_details)
        bar.theme_asked.connect(self.theme.cycle)
        bar.menu_asked.connect(self.open_menu)
        self.banner.retry_asked.connect(self._retry)
        self.banner.details_asked.connect(self.show_details)
        self.markets.instrument_chosen.connect(self.show_instrument)
        self.frame.add(self.markets, self.markets.view.take_painted_ns)
        self.frame.add(self.strip)
        self.frame.add(_SlowPart(self))
        self._typed = bind(
            self,
            {
                "choose_instrument": self.choose_instrument,
                "next_instrument": lambda: self._step_instrument(1),
                "previous_instrument": lambda: self._step_instrument(-1),
                "search": self.markets.start_search,
                "cycle_theme": self.theme.cycle,
                "full_screen": self.toggle_full_screen,
                "menu": self.open_menu,
                "list_shortcuts": self.list_shortcuts,
                "quit": self.close,
                **{
                    f"timeframe_{timeframe.value}": lambda chosen=timeframe: self._choose_timeframe(chosen)
                    for timeframe in ANALYSED_TIMEFRAMES
                },
            },
        )

    def _recall(self, snapshot: MarketsSnapshot | None) -> None:
        memory = self._memory
        self._place(memory)
        self.markets.recall(memory.columns)
        if snapshot is not None:
            self.markets.show_snapshot(snapshot)
        if memory.timeframe in {timeframe.value for timeframe in ANALYSED_TIMEFRAMES}:
            self.timeframe = Timeframe(memory.timeframe)
        self.instrument = _parse(memory.instrument)
        if self.instrument is None and self.markets.rows.order:
            self.instrument = self.markets.rows.order[0]
        self._tell_shown()

    def _place(self, memory: WindowMemory) -> None:
        screen = QGuiApplication.primaryScreen().availableGeometry()
        place = QRect(*memory.geometry) if memory.geometry is not None else None
        if place is None or QGuiApplication.screenAt(place.center()) is None:
            place = QRect(QPoint(0, 0), screen.size().boundedTo(QRect(0, 0, *DEFAULT_SIZE).size()))
            place.moveCenter(screen.center())
        self.setGeometry(place)
        if memory.is_maximized:
            self.setWindowState(Qt.WindowState.WindowMaximized)
        wide = memory.markets_width or default_markets_width(place.width())
        self._splitter.setSizes([wide, max(1, place.width() - wide - GUTTER_PX)])

    # --- what is shown ------------------------------------------------------------------------------------------

    def _tell_shown(self) -> None:
        self.top_bar.instrument.name(self.instrument)
        self.top_bar.arrange()
        self.top_bar.show_timeframe(self.timeframe)
        self.markets.set_shown(self.instrument)
        row = self.markets.rows.find(self.instrument) if self.instrument is not None else None
        self.strip.show_instrument(self.instrument, row)
        self._tell_title()

    def _tell_title(self) -> None:
        parts: list[str] = []
        row = self.markets.rows.find(self.instrument) if self.instrument is not None else None
        if self.instrument is not None:
            parts.append(self.instrument.symbol + kind_badge(self.instrument.market_kind))
        if row is not None and row.state is RowState.LIVE:
            parts.append(text.price(row.last_price, row.price_decimals))
            parts.append(text.percent(row.change_24h_pct))
        marking = "" if self.source is Source.LIVE else f"{self.source.value.upper()} \u00b7 "
        said = f"{marking}{' '.join(parts)} \u00b7 {TITLE}" if parts else f"{marking}{TITLE}"
        if said != self.windowTitle():
            self.setWindowTitle(said)

    def _on_watched(self, watched: tuple[InstrumentId, ...]) -> None:
        if not watched:
            return
        self.markets.forget_unwatched()
        if self.instrument not in watched:
            self.show_instrument(watched[0])

    def refresh_status(self) -> None:
        """Everything that is told twice a second: status bar, chips, banner, title."""
        self._refresh_slowly()

    def _refresh_slowly(self) -> None:
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

        popup = SymbolPopup(self.theme, self.markets.rows.all(), self)
        popup.chosen.connect(self.show_instrument)
        button = self.top_bar.instrument
        popup.open_at(button.mapTo(self, QPoint(0, button.height() + 4)), first)

    def choose_interval(self, first: str) -> None:
        """Open the box that reads a timeframe."""
        from virtuoso_desktop.ui.interval_box import IntervalBox

        box = IntervalBox(self.theme, self)
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

        ShortcutList(self.theme, self).show()

    def show_about(self) -> None:
        """Show what this program is."""
        from virtuoso_desktop.ui.dialogs.about import About

        About(self.theme, self).show()

    def show_details(self) -> None:
        """Show the state of every connection."""
        from virtuoso_desktop.ui.dialogs.feed_details import FeedDetails

        FeedDetails(self.theme, self._read_links, self).show()

    def toggle_full_screen(self) -> None:
        """To full screen and back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _read_links(self) -> tuple[tuple, int]:
        engine = self._engine
        return ((), 0) if engine is None else (engine.links(), engine.venue_now_ms())

    def _retry(self, venue: str) -> None:
        if self._engine is not None:
            self._engine.retry_now(venue)

    def _choose_timeframe(self, timeframe: Timeframe) -> None:
        if self.instrument is not None:
            self.show_instrument(self.instrument, timeframe)
        else:
            self.timeframe = timeframe
        self.top_bar.show_timeframe(timeframe)

    def _step_instrument(self, step: int) -> None:
        instrument = self.markets.neighbour(step)
        if instrument is not None:
            self.show_instrument(instrument)

    # --- Qt -----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        typed = event.text()
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if held:
            super().keyPressEvent(event)
        elif typed in self._typed:
            self._typed[typed]()
        elif typed.isdigit():
            self.choose_interval(typed)
        elif typed.isalpha():
            self.choose_instrument(typed)
        else:
            super().keyPressEvent(event)

    def _is_exposed(self) -> bool:
        handle = self.windowHandle()
        return handle is not None and handle.isExposed() and not self.isMinimized()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.focusWidget() is None:
            self.markets.view.setFocus(Qt.FocusReason.ActiveWindowFocusReason)
        self.frame.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self.theme.color("gutter"))
        if not self._has_painted:
            self._has_painted = True
            QTimer.singleShot(0, self._after_first_paint)

    def _after_first_paint(self) -> None:
        """What the first painted frame need not wait for."""
        from virtuoso_desktop.ui.logo import window_icon
        from virtuoso_desktop.ui.motion import ask_desktop

        self.setWindowIcon(window_icon(self.theme))
        ask_desktop(self, self._on_motion)

    def _on_motion(self, reduces: bool) -> None:
        self.theme.system_reduces_motion = reduces

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        event.accept()


class _SlowPart:
    """The window's turn in the frame clock: what changes twice a second."""

    rate_hz = STATUS_RATE_HZ
    urgency = 3

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def isVisible(self) -> bool:
        return self._window.isVisible()

    def refresh(self, now_ns: int) -> None:
        del now_ns
        self._window.refresh_status()


class _ChartPlace(QWidget):
    """The chart's place while its libraries are being loaded."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setAccessibleName("Chart, loading")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("background"))
        words = (Word("Loading the chart", colour="muted"),)
        width = words_width(words)
        box = QRectF((self.width() - width) / 2, self.height() * 0.4, width + 1, 20)
        paint_words(painter, self._theme, words, box)


def _parse(instrument: str | None) -> InstrumentId | None:
    if instrument is None:
        return None
    try:
        return InstrumentId.parse(instrument)
    except ValueError:
        return None
