"""The panels themselves, wherever they stand: made when first seen, fed together, moved from place to place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.memory import DeskMemory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.frame import FrameClock
    from virtuoso_desktop.ui.panels.confluence import ConfluencePanel
    from virtuoso_desktop.ui.panels.desk import DeskPanels
    from virtuoso_desktop.ui.panels.overview import OverviewPanel
    from virtuoso_desktop.ui.panels.signals import SignalsPanel
    from virtuoso_desktop.ui.theme import Theme


class Made(NamedTuple):
    """What is made after the first frame."""

    confluence: ConfluencePanel
    signals: SignalsPanel
    overview: OverviewPanel
    desk: DeskPanels


class PanelSet(QObject):
    """All panels of the window by their names; a `dock.PanelHost`.

    Parameters
    ----------
    theme : Theme
        Colours.
    early : dict of QWidget
        Panels that are there from the start, by name: Markets and the chart's column.
    clock : FrameClock
        Gives the panels their turns.
    timeframe : Timeframe
        What is shown first.
    holder : QWidget
        Hidden parent of panels that stand nowhere.
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
    counted = Signal(str, int)
    """Panel, and the number in its pill."""

    def __init__(
        self, theme: Theme, early: dict[str, QWidget], clock: FrameClock, timeframe: Timeframe, holder: QWidget
    ) -> None:
        super().__init__(holder)
        self._theme = theme
        self._early = early
        self._clock = clock
        self._holder = holder
        self._series: tuple[InstrumentId | None, Timeframe] = (None, timeframe)
        self._desk_memory = DeskMemory()
        self._counts: dict[str, int] = {}
        self._made: Made | None = None

    # --- making -------------------------------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        return self._made is not None

    def recall(self, memory: DeskMemory) -> None:
        """The choices of the previous run, before the panels are made."""
        self._desk_memory = memory

    def remember(self) -> DeskMemory:
        """The choices, for the next run."""
        return self._desk_memory if self._made is None else self._made.desk.remember()

    def make(self) -> Made:
        """The panels; made when first asked for, at the latest after the first frame."""
        if self._made is None:
            from virtuoso_desktop.ui.panels.confluence import ConfluencePanel
            from virtuoso_desktop.ui.panels.desk import DeskPanels
            from virtuoso_desktop.ui.panels.overview import OverviewPanel
            from virtuoso_desktop.ui.panels.signals import SignalsPanel

            theme, holder = self._theme, self._holder
            desk = DeskPanels(theme, self._clock, self.instrument_asked.emit)
            confluence = ConfluencePanel(theme, self._series[1], holder)
            made = self._made = Made(confluence, SignalsPanel(theme, holder), OverviewPanel(theme, holder), desk)
            desk.recall(self._desk_memory)
            self._connect(made)
            for control in (*made.signals.controls, *made.overview.controls):
                control.setParent(holder)  # until their panel is in front somewhere
            self.show_series(*self._series)
        return self._made

    def _connect(self, made: Made) -> None:
        made.signals.counted.connect(self._count_signals)
        made.signals.moment_chosen.connect(self.signal_chosen)
        made.overview.instrument_chosen.connect(self.instrument_asked)
        made.confluence.component_chosen.connect(self.component_chosen)
        made.confluence.data_asked.connect(self.data_asked)
        made.confluence.timeframe_asked.connect(self.timeframe_asked)
        for panel in (made.confluence, made.signals, made.overview):
            self._clock.add(panel, panel.take_painted_ns)

    def _count_signals(self, count: int) -> None:
        self._counts["signals"] = count
        self.counted.emit("signals", count)

    # --- for the groups -----------------------------------------------------------------------------------------

    def is_there(self, name: str) -> bool:
        """Whether a panel may be shown yet: Markets and the chart from the start, the others once they are made."""
        return self.is_ready or name in self._early

    def widget(self, name: str) -> QWidget:
        """The panel, made when it is first asked for."""
        early = self._early.get(name)
        if early is not None:
            return early
        made = self.make()
        panel: QWidget = getattr(made, name) if name in Made._fields else made.desk.named(name)
        if panel.parent() is None:
            panel.setParent(self._holder)
        return panel

    def controls(self, name: str) -> Sequence[QWidget]:
        """What stands in the row of tabs while it is in front."""
        controls: Sequence[QWidget] = getattr(self.widget(name), "controls", ())
        return controls

    def count(self, name: str) -> int:
        """The number in its pill; 0 for none."""
        return self._counts.get(name, 0)

    def put_away(self, widget: QWidget) -> None:
        """A panel or a control that stands nowhere now."""
        widget.hide()
        widget.setParent(self._holder)

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
        if self._made is not None:
            self._made.confluence.detach()
            self._made.signals.detach()
            self._made.desk.detach()
            self._made.overview.detach()

    def show_series(self, instrument: InstrumentId | None, timeframe: Timeframe) -> None:
        """Show another instrument or timeframe."""
        self._series = (instrument, timeframe)
        if self._made is not None:
            self._made.confluence.show_series(instrument, timeframe)
            self._made.signals.show_instrument(instrument)
            self._made.desk.show_instrument(instrument)
            self._made.overview.show_instrument(instrument)
