"""Where chart, Confluence and the dock stand to each other, what the user made of it, and what they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from virtuoso_desktop.ui.dock import Dock
from virtuoso_desktop.ui.measures import GUTTER_PX, default_confluence_width, default_dock_height
from virtuoso_desktop.ui.panels.confluence import ConfluencePanel
from virtuoso_desktop.ui.panels.signals import SignalsPanel

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.frame import FrameClock
    from virtuoso_desktop.ui.memory import WindowMemory
    from virtuoso_desktop.ui.theme import Theme


class Workspace(QSplitter):
    """Chart and Confluence side by side, the dock under both.

    Parameters
    ----------
    theme : Theme
        Colours.
    column : QWidget
        Strip and chart.
    timeframe : Timeframe
        What is shown first.
    """

    signal_chosen = Signal(object)
    """`SignalView` whose moment is asked for."""

    def __init__(self, theme: Theme, column: QWidget, timeframe: Timeframe) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.confluence = ConfluencePanel(theme, timeframe)
        self.signals = SignalsPanel(theme)
        self.dock = Dock(theme)
        tab = self.dock.add_panel(self.signals, self.signals.title, self.signals.controls)
        self._upper = QSplitter(Qt.Orientation.Horizontal)
        self._upper.addWidget(column)
        self._upper.addWidget(self.confluence)
        self.addWidget(self._upper)
        self.addWidget(self.dock)
        for splitter in (self, self._upper):
            splitter.setHandleWidth(GUTTER_PX)
            splitter.setChildrenCollapsible(False)
            splitter.setStretchFactor(0, 1)
            splitter.setStretchFactor(1, 0)
        self._confluence_width = 0
        self._dock_height = 0
        self._upper.splitterMoved.connect(self._note_sizes)
        self.splitterMoved.connect(self._note_sizes)
        self.confluence.collapse_changed.connect(lambda _: self._apply())
        self.dock.collapse_changed.connect(lambda _: self._apply())
        self.signals.counted.connect(lambda count: self.dock.show_count(tab, count))
        self.signals.moment_chosen.connect(self.signal_chosen)

    # --- room ---------------------------------------------------------------------------------------------------

    def place(self, memory: WindowMemory, window: QSize, markets_width: int) -> None:
        """Give the panels the sizes of the previous run, or their own."""
        self._confluence_width = memory.confluence_width or default_confluence_width(window.width())
        self._dock_height = memory.dock_height or default_dock_height(window.height())
        self.resize(max(1, window.width() - markets_width - GUTTER_PX), window.height())
        self.confluence.set_collapsed(memory.confluence_collapsed)
        self.dock.set_collapsed(memory.dock_collapsed)
        self._apply()

    def remember(self, memory: WindowMemory) -> WindowMemory:
        """The memory with the sizes that the user gave the panels."""
        return msgspec.structs.replace(
            memory,
            confluence_width=self._confluence_width,
            confluence_collapsed=self.confluence.is_collapsed,
            dock_height=self._dock_height,
            dock_collapsed=self.dock.is_collapsed,
        )

    def toggle_confluence(self) -> None:
        """Collapse Confluence, or open it again."""
        self.confluence.set_collapsed(not self.confluence.is_collapsed)

    def toggle_dock(self) -> None:
        """Collapse the dock, or open it again."""
        self.dock.set_collapsed(not self.dock.is_collapsed)

    def _note_sizes(self) -> None:
        """The user dragged an edge."""
        if not self.confluence.is_collapsed:
            self._confluence_width = self.confluence.width()
        if not self.dock.is_collapsed:
            self._dock_height = self.dock.height()

    def _apply(self) -> None:
        wide, high = self._confluence_width, self._dock_height
        self._upper.setSizes([max(1, self.width() - wide - GUTTER_PX), wide])
        self.setSizes([max(1, self.height() - high - GUTTER_PX), high])

    # --- data ---------------------------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self.confluence.attach(engine)
        self.signals.attach(engine)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self.confluence.detach()
        self.signals.detach()

    def show_series(self, instrument: InstrumentId | None, timeframe: Timeframe) -> None:
        """Show another instrument or timeframe."""
        self.confluence.show_series(instrument, timeframe)
        self.signals.show_instrument(instrument)

    def take_turns(self, clock: FrameClock) -> None:
        """Refresh the panels from the frame clock."""
        clock.add(self.confluence, self.confluence.take_painted_ns)
        clock.add(self.signals, self.signals.take_painted_ns)
