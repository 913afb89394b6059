"""One, two or four charts side by side: which is active, what is linked, and one crosshair through all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.ui.charts.cell import ChartCell
from virtuoso_desktop.ui.charts.drawing.chartactions import unkept_desk
from virtuoso_desktop.ui.charts.memory import LAYOUTS, ChartMemory, GridMemory
from virtuoso_desktop.ui.charts.panel import ChartPanel, local_now_ms
from virtuoso_desktop.ui.measures import GUTTER_PX

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.engine.views import ChartSnapshot, EngineView
    from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
    from virtuoso_desktop.ui.frame import FrameClock
    from virtuoso_desktop.ui.theme import Theme

FIRST_TIMEFRAMES = (Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4)
"""Of charts that were never shown, by their place."""


class Links(NamedTuple):
    """What all charts share with the active one."""

    instrument: bool = False
    timeframe: bool = False


class ChartGrid(QWidget):
    """All charts of the window. Those that the layout hides cost nothing; what they show is kept.

    Parameters
    ----------
    theme : Theme
        Colours.
    clock : FrameClock
        Gives each chart its turns.
    now_ms : callable
        UTC ms until an engine is attached.
    source : Source
        Whose data are drawn before an engine is attached.
    desk : DrawingDesk or None
        What the charts share of drawing; None keeps drawings for the run only.

    Signals
    -------
    letters_typed(str), digit_typed(str)
        Typed on the active chart.
    undo_offered(Notice, callable)
        Something was removed, and how to take that back.
    series_asked(InstrumentId, Timeframe)
        Another chart is active: the window follows to what it shows.
    changed
        What `remember` gives is another now.
    menu_made(QMenu)
        A chart's menu is about to open; the window adds to it.
    instrument_asked(QWidget), timeframe_asked(QWidget)
        The head of the active chart was clicked there.
    """

    letters_typed = Signal(str)
    digit_typed = Signal(str)
    undo_offered = Signal(object, object)
    series_asked = Signal(object, object)
    menu_made = Signal(object)
    changed = Signal()
    instrument_asked = Signal(object)
    timeframe_asked = Signal(object)

    def __init__(
        self,
        theme: Theme,
        clock: FrameClock,
        now_ms: Callable[[], int] = local_now_ms,
        source: Source = Source.LIVE,
        desk: DrawingDesk | None = None,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._clock = clock
        self._now_ms = now_ms
        self._source = source
        self._desk = desk or unkept_desk(self)
        self._engine: EngineView | None = None
        self.links = Links()
        self.count = LAYOUTS[0]
        self.cells: list[ChartCell] = []
        self._active = 0
        self._kept: list[ChartMemory] = []
        """Of charts that were not made yet in this run."""
        self.destroyed.connect(theme.changed.connect(lambda _: self.update()))
        self._make_cell()
        self.setFocusProxy(self.active)

    # --- the charts --------------------------------------------------------------------------------------------------

    @property
    def active(self) -> ChartPanel:
        """The chart that the window follows."""
        return self.cells[self._active].panel

    @property
    def shown(self) -> list[ChartCell]:
        """The charts in view, in reading order."""
        return self.cells[: self.count]

    def _make_cell(self) -> ChartCell:
        place = len(self.cells)
        panel = ChartPanel(self._theme, self._now_ms, self._source, self._desk, place)
        cell = ChartCell(self._theme, panel, self)
        self.cells.append(cell)
        self.destroyed.connect(self._clock.add(panel, panel.take_painted_ns))
        cell.activated.connect(lambda: self.activate(place))
        cell.head.instrument_asked.connect(lambda: self.instrument_asked.emit(cell.head.instrument))
        cell.head.timeframe_asked.connect(lambda: self.timeframe_asked.emit(cell.head.timeframe))
        panel.letters_typed.connect(self.letters_typed)
        panel.digit_typed.connect(self.digit_typed)
        panel.undo_offered.connect(self.undo_offered)
        panel.menu_made.connect(self.menu_made)
        panel.crosshair_moved.connect(lambda time_ms: self._move_crosshair(place, time_ms))
        panel.looks.compared_changed.connect(self._tell_engine)
        panel.looks.changed.connect(self.changed)
        panel.studies_changed.connect(self.changed)
        if place < len(self._kept):
            panel.recall_chart(self._kept[place])
        return cell

    def arrange(self, count: int) -> None:
        """Show so many charts: 1, 2 side by side, or 4."""
        if count not in LAYOUTS:
            raise ValueError(f"{count} charts cannot be arranged; {LAYOUTS} can")
        self.count = count
        while len(self.cells) < count:
            cell = self._make_cell()
            cell.show()
        for place, cell in enumerate(self.cells):
            is_shown = place < count
            cell.setVisible(is_shown)
            if is_shown:
                self._fill(place)
            elif self._engine is not None:
                cell.panel.detach()
                self._engine.choose_studies((), place)
        if self._active >= count:
            self.activate(0)
        self._mark_active()
        self._tell_engine()
        self._place_cells()
        self.changed.emit()

    def _fill(self, place: int) -> None:
        """A chart comes into view: it shows what it showed last, or the active one's instrument."""
        cell = self.cells[place]
        if self._engine is not None and not cell.panel.is_attached:
            cell.panel.attach(self._engine)
        wanted = self._kept_series(place) if cell.series is None else cell.series
        active = self.cells[self._active].series
        if active is not None and place != self._active:
            instrument, timeframe = wanted or (active[0], FIRST_TIMEFRAMES[place])
            wanted = (
                active[0] if self.links.instrument else instrument,
                active[1] if self.links.timeframe else timeframe,
            )
        if wanted is not None:
            cell.show_series(*wanted)

    def _kept_series(self, place: int) -> tuple[InstrumentId, Timeframe] | None:
        if place >= len(self._kept):
            return None
        return series_of(self._kept[place])

    def activate(self, place: int) -> None:
        """Another chart is the active one: the window follows to its instrument and timeframe."""
        if place == self._active or not 0 <= place < self.count:
            return
        self._active = place
        self._mark_active()
        self.setFocusProxy(self.active)
        self.changed.emit()
        series = self.cells[place].series
        if series is not None:
            self.series_asked.emit(*series)

    def step(self, by: int) -> None:
        """The next chart, or the one before; it takes the keyboard."""
        self.activate((self._active + by) % self.count)
        self.active.setFocus()

    def _mark_active(self) -> None:
        for place, cell in enumerate(self.cells):
            cell.show_edge(is_active=place == self._active, is_alone=self.count == 1)

    # --- what the window tells ---------------------------------------------------------------------------------------

    def set_instrument(self, instrument: InstrumentId, timeframe: Timeframe) -> None:
        """Show another series in the active chart, and in the others what is linked."""
        before = self.cells[self._active].series
        for place, cell in enumerate(self.shown):
            if place == self._active:
                cell.show_series(instrument, timeframe)
            elif cell.series is not None and before is not None:
                follows = self.links.instrument and instrument != before[0]
                keeps_time = not self.links.timeframe or timeframe is before[1]
                cell.show_series(instrument if follows else cell.series[0], cell.series[1] if keeps_time else timeframe)
        self._tell_engine()
        self.changed.emit()

    def set_links(self, links: Links) -> None:
        """Link the charts; what is linked anew follows the active chart at once."""
        self.links = links
        for place in range(self.count):
            self._fill(place)
        self._tell_engine()
        self.changed.emit()

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self._engine = engine
        for cell in self.shown:
            cell.panel.attach(engine)
        self._tell_engine()

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None
        for cell in self.cells:
            cell.panel.detach()

    def _tell_engine(self) -> None:
        """Everything that is in view loads before the rest, and keeps its memory."""
        if self._engine is None:
            return
        series: dict[tuple[InstrumentId, Timeframe], None] = {}
        for cell in self.shown:
            if cell.series is not None:
                series[cell.series] = None
        for cell in self.shown:
            if cell.series is not None:
                series |= {(identity, cell.series[1]): None for identity in cell.panel.looks.compared}
        self._engine.show_beside(tuple(series))

    def show_snapshot(self, snapshot: ChartSnapshot) -> None:
        """Draw in the active chart what was seen last."""
        self.active.show_snapshot(snapshot)
        self.cells[self._active].head.name(snapshot.instrument.id, snapshot.timeframe)

    def show_evidence(self, component: str) -> None:
        """Draw on the active chart what a component of the score was read from."""
        self.active.show_evidence(component)

    def show_moment(self, open_ms: int) -> None:
        """Bring a candle of the active chart into view."""
        self.active.show_moment(open_ms)

    def open_indicators(self) -> None:
        """Open the list of studies of the active chart."""
        self.active.open_indicators()

    # --- crosshair ---------------------------------------------------------------------------------------------------

    def _move_crosshair(self, place: int, time_ms: int | None) -> None:
        for other, cell in enumerate(self.shown):
            if other != place:
                cell.panel.show_crosshair(time_ms)

    # --- memory ------------------------------------------------------------------------------------------------------

    def memory(self) -> GridMemory:
        """The arrangement and every chart, for the next run."""
        charts = [cell.panel.remember_chart() for cell in self.cells]
        charts += self._kept[len(charts) :]
        return GridMemory(
            count=self.count,
            active=self._active,
            links_instrument=self.links.instrument,
            links_timeframe=self.links.timeframe,
            charts=tuple(charts),
        )

    def recall_memory(self, memory: GridMemory) -> None:
        """Arrange the charts as they were; the window follows to the active one."""
        self._kept = list(memory.charts)
        self.links = Links(memory.links_instrument, memory.links_timeframe)
        for cell, kept in zip(self.cells, self._kept, strict=False):
            cell.panel.recall_chart(kept)
            series = series_of(kept)
            if series is not None:
                cell.show_series(*series)
        self._active = 0
        self.arrange(memory.count)
        self.activate(memory.active)
        series = self.cells[self._active].series
        if series is not None:
            self.series_asked.emit(*series)

    def remember(self) -> dict[str, Any]:
        """`memory` for a named workspace."""
        return self.memory().to_dict()

    def recall(self, kept: dict[str, Any]) -> None:
        """Take over what `remember` gave; what is empty or cannot be read changes nothing."""
        memory = GridMemory.from_dict(kept) if kept else None
        if memory is not None:
            self.recall_memory(memory)

    # --- Qt ----------------------------------------------------------------------------------------------------------

    def _place_cells(self) -> None:
        columns, rows = (1 if self.count == 1 else 2), (2 if self.count == LAYOUTS[-1] else 1)
        width, height = self.width() - GUTTER_PX * (columns - 1), self.height() - GUTTER_PX * (rows - 1)
        for place, cell in enumerate(self.shown):
            row, column = divmod(place, columns)
            left, right = (width * step // columns + GUTTER_PX * column for step in (column, column + 1))
            top, bottom = (height * step // rows + GUTTER_PX * row for step in (row, row + 1))
            cell.setGeometry(QRect(left, top, right - left, bottom - top))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_cells()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._theme.color("gutter"))


def series_of(memory: ChartMemory) -> tuple[InstrumentId, Timeframe] | None:
    """What a chart showed; None where that cannot be read."""
    timeframes = {timeframe.value: timeframe for timeframe in ANALYSED_TIMEFRAMES}
    timeframe = timeframes.get(memory.timeframe or "")
    if timeframe is None or memory.instrument is None:
        return None
    try:
        return InstrumentId.parse(memory.instrument), timeframe
    except ValueError:
        return None
