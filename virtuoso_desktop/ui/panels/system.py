"""System: connections, figures of the run and streams side by side, and a report to give away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import Button, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import DENSE_ROW_PX, SCROLL_PX
from virtuoso_desktop.ui.panels.desk_controls import arrange_row
from virtuoso_desktop.ui.panels.desk_parts import DeskPanel, NotedTable
from virtuoso_desktop.ui.panels.desk_words import STARTING, StateWords
from virtuoso_desktop.ui.panels.system_rows import (
    CONNECTIONS,
    FIGURES,
    STREAMS,
    Fact,
    FactRows,
    connection_facts,
    figure_facts,
    stream_facts,
)
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PySide6.QtGui import QResizeEvent
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.engine.run_views import SystemView
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.cell import Column
    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 1.0
STREAMS_FROM_PX, CONNECTIONS_FROM_PX = 1_110, 862
"""A narrower panel shows no streams, then no connections; the report has all."""
COPY = "Copy diagnostic report"


class FactTable(NotedTable):
    """A table of facts whose last column takes what room is left."""

    def __init__(
        self,
        columns: Sequence[Column],
        theme: Theme,
        parent: QWidget,
        name: str,
        make: Callable[[SystemView], Iterable[Fact]],
    ) -> None:
        self.facts = FactRows()
        self.facts_model = PaintedModel(columns, self.facts)
        super().__init__(self.facts_model, theme, parent, name, row_px=DENSE_ROW_PX)
        self.facts_model.setParent(self)
        self._make = make
        self.resized.connect(self._fit)

    def show_view(self, view: SystemView | None) -> None:
        """Take newer figures."""
        if not self.facts.show(() if view is None else self._make(view)):
            return
        if self.facts.row_count() != self.facts_model.row_count():
            self.facts_model.rearranged(lambda row: row)
        self.canvas.update()

    def _fit(self) -> None:
        columns = self.facts_model.columns
        fixed = sum(column.width for column in columns[:-1])
        for place, column in enumerate(columns[:-1]):
            self.head.resizeSection(place, column.width)
        last = max(columns[-1].width, self.canvas.width() - SCROLL_PX - fixed)
        self.head.resizeSection(len(columns) - 1, last)


class SystemPanel(DeskPanel):
    """The panel of the tab ``System``.

    Parameters
    ----------
    theme : Theme
        Colours.
    copy_text : callable
        Puts a text where it can be pasted.
    """

    rate_hz = RATE_HZ

    def __init__(
        self, theme: Theme, copy_text: Callable[[str], None] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, "System", "The system", parent)
        self._copy_text = copy_text or _to_clipboard
        self.connections = FactTable(CONNECTIONS, theme, self, "Connections", connection_facts)
        self.figures = FactTable(FIGURES, theme, self, "Figures of the run", figure_facts)
        self.streams = FactTable(STREAMS, theme, self, "Streams", stream_facts)
        self.copy_button = Button(theme, COPY, "copy", is_boxed=True)
        self.copied = Words(theme)
        self.controls = (self.copied, self.copy_button)
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.connections, 38)
        row.addWidget(self.figures, 50)
        for table in (self.connections, self.figures):
            table.setMinimumWidth(sum(column.width for column in table.facts_model.columns) + SCROLL_PX)
        row.addWidget(self.streams)
        self.streams.setFixedWidth(sum(column.width for column in STREAMS) + SCROLL_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        self.copy_button.quiet_colour = "text"
        self.copy_button.setToolTip("All figures, errors and the newest log lines as text; without keys and folders")
        self.copy_button.clicked.connect(self.copy_report)
        self.begin()

    def missing(self) -> StateWords | None:
        return STARTING if self._engine is None else None

    def begin(self) -> None:
        for table in (self.connections, self.figures, self.streams):
            table.show_view(None)
        self.figures.show_note(self.missing())
        self.copy_button.setEnabled(self._engine is not None)

    def attach(self, engine: EngineView) -> None:
        super().attach(engine)
        self.copied.say(Word("", Type.CAPTION))

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        """The run is of no instrument."""
        self.instrument = instrument

    def refresh(self, now_ns: int) -> None:
        """Read the figures since the last time."""
        del now_ns
        if self._engine is None:
            return
        view = self._engine.run_desk.system()
        for table in (self.connections, self.figures, self.streams):
            table.show_view(view)
        empty = StateWords("No message came yet", "Streams are listed as soon as they bring something.")
        self.streams.show_note(None if view.topics else empty)

    def copy_report(self) -> None:
        """Put the diagnostic report where it can be pasted."""
        if self._engine is None:
            return
        report = self._engine.run_desk.report()
        self._copy_text(report)
        lines, moment = report.count("\n"), text.local_time(self._engine.clock.now_ms())
        self.copied.say(Word(f"{lines} lines copied at {moment}", Type.CAPTION, "muted"))
        arrange_row(self.copied)

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return sum(table.take_painted_ns() for table in (self.connections, self.figures, self.streams))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.streams.setVisible(self.width() >= STREAMS_FROM_PX)
        self.connections.setVisible(self.width() >= CONNECTIONS_FROM_PX)


def _to_clipboard(said: str) -> None:
    QApplication.clipboard().setText(said)
