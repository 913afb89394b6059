"""Where chart, Confluence and the dock stand to each other, what the user made of it, and what they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSplitter, QWidget

from virtuoso_desktop.ui.measures import (
    GUTTER_PX,
    HEADER_PX,
    RAIL_PX,
    default_confluence_width,
    default_dock_height,
)
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.panel_head import CONFLUENCE, ORDER_BOOK, SIGNALS, paint_head

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.dock import Dock
    from virtuoso_desktop.ui.frame import FrameClock
    from virtuoso_desktop.ui.panels.confluence import ConfluencePanel
    from virtuoso_desktop.ui.panels.desk import DeskPanels
    from virtuoso_desktop.ui.panels.overview import OverviewPanel
    from virtuoso_desktop.ui.panels.signals import SignalsPanel
    from virtuoso_desktop.ui.theme import Theme


ABOUT_SIGNALS = "Every signal, what became of it, and where it stands on the chart"
OVERVIEW = "Overview"
ABOUT_OVERVIEW = "Regime, breadth and turnover of the market, what moved most, relation to BTC, funding, open interest"


class Panels(NamedTuple):
    """What is made after the first frame."""

    confluence: ConfluencePanel
    signals: SignalsPanel
    overview: OverviewPanel
    dock: Dock
    desk: DeskPanels


class PanelPlace(QWidget):
    """Stands where a panel will be: its title on its ground."""

    def __init__(self, theme: Theme, title: str, *, is_tab: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._title = title
        self._is_tab = is_tab

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("background"))
        paint_head(painter, self._theme, self._title, QRect(0, 0, self.width(), HEADER_PX), is_tab=self._is_tab)


class Workspace(QSplitter):
    """Chart and Confluence side by side, the dock under both. The panels are made after the first frame.

    Parameters
    ----------
    theme : Theme
        Colours.
    column : QWidget
        Strip and chart.
    timeframe : Timeframe
        What is shown first.
    clock : FrameClock
        Gives the panels their turns.
    """

    component_chosen = Signal(str)
    """Name of a component whose evidence is wanted."""
    timeframe_asked = Signal(object)
    """`Timeframe`."""
    signal_chosen = Signal(object)
    """`SignalView` whose moment is asked for."""
    instrument_asked = Signal(object)
    """`InstrumentId`."""
    data_asked = Signal()
    """The state of the instrument's inputs is asked for."""

    def __init__(self, theme: Theme, column: QWidget, timeframe: Timeframe, clock: FrameClock) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._theme = theme
        self._clock = clock
        self._memory = WindowMemory()
        self._series: tuple[InstrumentId | None, Timeframe] = (None, timeframe)
        self._panels: Panels | None = None
        self._upper = QSplitter(Qt.Orientation.Horizontal)
        self._upper.addWidget(column)
        self._upper.addWidget(PanelPlace(theme, CONFLUENCE))
        self.addWidget(self._upper)
        self.addWidget(PanelPlace(theme, ORDER_BOOK, is_tab=True))
        for splitter in (self, self._upper):
            splitter.setHandleWidth(GUTTER_PX)
            splitter.setChildrenCollapsible(False)
            splitter.setStretchFactor(0, 1)
            splitter.setStretchFactor(1, 0)
            splitter.splitterMoved.connect(self._note_sizes)
        self._confluence_width = 0
        self._dock_height = 0

    # --- parts --------------------------------------------------------------------------------------------------

    @property
    def confluence(self) -> ConfluencePanel:
        return self.make().confluence

    @property
    def signals(self) -> SignalsPanel:
        return self.make().signals

    @property
    def dock(self) -> Dock:
        return self.make().dock

    def make(self) -> Panels:
        """The panels; made when first asked for, at the latest after the first frame."""
        if self._panels is None:
            from virtuoso_desktop.ui.dock import Dock
            from virtuoso_desktop.ui.panels.confluence import ConfluencePanel
            from virtuoso_desktop.ui.panels.desk import DeskPanels
            from virtuoso_desktop.ui.panels.overview import OverviewPanel
            from virtuoso_desktop.ui.panels.signals import SignalsPanel

            theme = self._theme
            confluence, overview = ConfluencePanel(theme, self._series[1]), OverviewPanel(theme)
            desk = DeskPanels(theme, self._clock, self.instrument_asked.emit)
            made = self._panels = Panels(confluence, SignalsPanel(theme), overview, Dock(theme), desk)
            desk.recall(self._memory.desk)
            self._connect(made)
            self._replace(self._upper, made.confluence)
            self._replace(self, made.dock)
            made.confluence.set_collapsed(self._memory.confluence_collapsed)
            made.dock.choose_named(self._memory.desk.tab)
            made.dock.set_collapsed(self._memory.dock_collapsed)
            self._apply()
            self.show_series(*self._series)
        return self._panels

    def _connect(self, made: Panels) -> None:
        made.desk.place_market(made.dock)
        tab = made.dock.add_panel(made.signals, SIGNALS, ABOUT_SIGNALS, made.signals.controls)
        made.dock.add_panel(made.overview, OVERVIEW, ABOUT_OVERVIEW, made.overview.controls)
        made.overview.instrument_chosen.connect(self.instrument_asked)
        self._clock.add(made.overview, made.overview.take_painted_ns)
        made.desk.place_run(made.dock)
        made.signals.counted.connect(lambda count: made.dock.show_count(tab, count))
        made.signals.moment_chosen.connect(self.signal_chosen)
        made.confluence.component_chosen.connect(self.component_chosen)
        made.confluence.data_asked.connect(self.data_asked)
        made.confluence.timeframe_asked.connect(self.timeframe_asked)
        made.confluence.collapse_changed.connect(lambda _: self._apply())
        made.dock.collapse_changed.connect(lambda _: self._apply())
        self._clock.add(made.confluence, made.confluence.take_painted_ns)
        self._clock.add(made.signals, made.signals.take_painted_ns)

    @staticmethod
    def _replace(splitter: QSplitter, panel: QWidget) -> None:
        place = splitter.replaceWidget(1, panel)
        assert place is not None
        place.deleteLater()
        panel.show()

    # --- room ---------------------------------------------------------------------------------------------------

    def place(self, memory: WindowMemory, window: QSize, markets_width: int) -> None:
        """Give the panels the sizes of the previous run, or their own."""
        self._memory = memory
        self._confluence_width = memory.confluence_width or default_confluence_width(window.width())
        self._dock_height = memory.dock_height or default_dock_height(window.height())
        self.resize(max(1, window.width() - markets_width - GUTTER_PX), window.height())
        self._apply()

    def remember(self, memory: WindowMemory) -> WindowMemory:
        """The memory with the sizes that the user gave the panels."""
        made, before = self._panels, self._memory
        return msgspec.structs.replace(
            memory,
            confluence_width=self._confluence_width or None,
            confluence_collapsed=before.confluence_collapsed if made is None else made.confluence.is_collapsed,
            dock_height=self._dock_height or None,
            desk=before.desk if made is None else made.desk.remember(made.dock.chosen),
            dock_collapsed=before.dock_collapsed if made is None else made.dock.is_collapsed,
        )

    def toggle_confluence(self) -> None:
        """Collapse Confluence, or open it again."""
        self.confluence.set_collapsed(not self.confluence.is_collapsed)

    def toggle_dock(self) -> None:
        """Collapse the dock, or open it again."""
        self.dock.set_collapsed(not self.dock.is_collapsed)

    def _note_sizes(self) -> None:
        """The user dragged an edge."""
        made = self._panels
        if made is not None and not made.confluence.is_collapsed:
            self._confluence_width = made.confluence.width()
        if made is not None and not made.dock.is_collapsed:
            self._dock_height = made.dock.height()

    def _apply(self) -> None:
        made, memory = self._panels, self._memory
        wide, high = self._confluence_width, self._dock_height
        if memory.confluence_collapsed if made is None else made.confluence.is_collapsed:
            wide = RAIL_PX
        if memory.dock_collapsed if made is None else made.dock.is_collapsed:
            high = HEADER_PX
        self._upper.setSizes([max(1, self.width() - wide - GUTTER_PX), wide])
        self.setSizes([max(1, self.height() - high - GUTTER_PX), high])

    # --- data ---------------------------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        made = self.make()
        made.confluence.attach(engine)
        made.signals.attach(engine)
        made.desk.attach(engine)
        made.overview.attach(engine)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        if self._panels is not None:
            self._panels.confluence.detach()
            self._panels.signals.detach()
            self._panels.desk.detach()
            self._panels.overview.detach()

    def show_series(self, instrument: InstrumentId | None, timeframe: Timeframe) -> None:
        """Show another instrument or timeframe."""
        self._series = (instrument, timeframe)
        if self._panels is not None:
            self._panels.confluence.show_series(instrument, timeframe)
            self._panels.signals.show_instrument(instrument)
            self._panels.desk.show_instrument(instrument)
            self._panels.overview.show_instrument(instrument)
