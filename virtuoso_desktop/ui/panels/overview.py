"""Overview: the market as a whole, what moved most, and every instrument beside BTC with its funding and interest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QWidget

from virtuoso_desktop.ui.controls import GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import GUTTER_PX, SCROLL_PX
from virtuoso_desktop.ui.panels.overview_figures import BAR, FIGURE_COLUMNS, FigureRows
from virtuoso_desktop.ui.panels.overview_rows import (
    INSTRUMENT_COLUMNS,
    NAMES,
    InstrumentRows,
    MoverRows,
    columns_for,
    mover_columns,
)
from virtuoso_desktop.ui.table import TableView
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.table_note import paint_note
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.overview import Overview
    from virtuoso_desktop.ui.cell import Column
    from virtuoso_desktop.ui.table_model import RowSource
    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 1.0
FIGURES_PX = 300
MOVERS_PX = 122
TIGHT_FROM_PX, TIGHT_FIGURES_PX, TIGHT_MOVERS_PX = 1_000, 290, 118
"""In a narrower dock the tables at the left give way."""
BAR_HEIGHT_PX = 6
LEAST_BAR_PX = 24


class OverviewTable(TableView):
    """One of the four tables; without rows it says why.

    Parameters
    ----------
    note : callable
        Title and detail to show while there are no rows.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: RowSource,
        theme: Theme,
        name: str,
        note: Callable[[], tuple[str, str]],
        parent: QWidget,
    ) -> None:
        self.painted = PaintedModel(columns, rows)
        super().__init__(self.painted, theme, parent)
        self.painted.setParent(self)
        self._own_theme = theme
        self._note = note
        self.setAccessibleName(name)
        self.head.setSectionsClickable(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def tell_note(self) -> None:
        """Let a screen reader say why there are no rows."""
        words = () if self.painted.rows.row_count() else self._note()
        self.setAccessibleDescription(". ".join(word for word in words if word))

    def rearranged(self) -> None:
        """The rows are other ones or stand elsewhere."""
        count = self.painted.row_count()
        if self.painted.rows.row_count() != count:
            self.painted.rearranged(lambda _: -1)
        self.canvas.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.painted.rows.row_count():
            title, detail = self._note()
            paint_note(self.canvas, self._own_theme, (Word(title, Type.STRONG), Word(detail, Type.CAPTION, "muted")))


class OverviewPanel(QWidget):
    """Figures of the market, risers, fallers, and every instrument.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    instrument_chosen = Signal(object)
    """`InstrumentId` that a click or Enter asks for."""
    urgency = 4
    rate_hz = RATE_HZ

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._engine: EngineView | None = None
        self._as_of_ms: int | None = None
        self.figures, self.risers, self.fallers = FigureRows(), MoverRows(), MoverRows()
        self.instruments = InstrumentRows()
        self.figure_view = OverviewTable(FIGURE_COLUMNS, self.figures, theme, "Market", self._waiting, self)
        self.riser_view = OverviewTable(
            mover_columns("Risers", "Risen most"), self.risers, theme, "Risen most", lambda: self._none("rose"), self
        )
        self.faller_view = OverviewTable(
            mover_columns("Fallers", "Fallen most"),
            self.fallers,
            theme,
            "Fallen most",
            lambda: self._none("fell"),
            self,
        )
        self.instrument_view = OverviewTable(
            INSTRUMENT_COLUMNS, self.instruments, theme, "Correlation, funding and open interest", self._waiting, self
        )
        self.note = Words(theme)
        self.controls = (self.note,)
        self._build()

    @property
    def views(self) -> tuple[OverviewTable, ...]:
        """The tables from left to right."""
        return (self.figure_view, self.riser_view, self.faller_view, self.instrument_view)

    def _build(self) -> None:
        self.setAccessibleName("Overview")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GUTTER_PX)
        for view in self.views:
            layout.addWidget(view, 1 if view is self.instrument_view else 0)
        self.figure_view.pictures[BAR] = self._paint_bar
        self.riser_view.opened.connect(lambda row: self._open(self.risers.order, row))
        self.faller_view.opened.connect(lambda row: self._open(self.fallers.order, row))
        self.instrument_view.opened.connect(lambda row: self._open(self.instruments.order, row))
        self.instrument_view.head.setSectionsClickable(True)
        self.instrument_view.head.sectionClicked.connect(self.sort_by)
        for view in self.views:
            view.resized.connect(self._fit)
        self._fit_widths()
        for view in self.views:
            view.tell_note()

    # --- data ---------------------------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on; nothing is read while the panel is hidden."""
        self._engine = engine
        self._as_of_ms = None
        if self.isVisible():
            self.refresh(0)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None

    def refresh(self, now_ns: int) -> None:
        """Read the overview if it is another one."""
        del now_ns
        if self._engine is None:
            return
        overview = self._engine.overview()
        if overview.as_of_ms == self._as_of_ms:
            return
        self._as_of_ms = overview.as_of_ms
        rows = {row.instrument_id: row for row in overview.rows}
        self.figures.show(overview.market)
        self.risers.show(overview.risers, rows)
        self.fallers.show(overview.fallers, rows)
        self._show_instruments(overview)
        for view in self.views[:3]:
            view.rearranged()
        for view in self.views:
            view.tell_note()
        self._tell(overview)

    def _show_instruments(self, overview: Overview) -> None:
        before = [row.instrument_id for row in self.instruments.order]
        self.instruments.show(overview)
        self._moved(before)

    def _moved(self, before: list[InstrumentId]) -> None:
        """Keep the selected instrument selected."""
        places = {row.instrument_id: place for place, row in enumerate(self.instruments.order)}
        if before != list(places):
            self.instrument_view.painted.rearranged(lambda row: places.get(before[row], -1))
        self.instrument_view.canvas.update()

    def _tell(self, overview: Overview) -> None:
        """The word in the row of tabs: why the market is missing, or how far it is looked at."""
        count, known = len(overview.rows), overview.regimes_known
        reason = overview.market.metadata.reason
        if reason is not None:
            said = Word(reason[:1].upper() + reason[1:], Type.CAPTION, "warning")
        elif known < count:
            said = Word(f"Candles of {known} of {count} instruments looked at", Type.CAPTION, "muted")
        else:
            said = Word(f"{count} instruments of one exchange, candles of an hour", Type.CAPTION, "muted")
        if self.note.say(said) and isinstance(row := self.note.parentWidget(), GivingRow):
            row.arrange()
        self.setAccessibleDescription(said.text)

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        """The chart's instrument, whose row is marked."""
        self.instruments.shown = instrument
        self.instrument_view.canvas.update()

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return sum(view.take_painted_ns() for view in self.views)

    # --- what a person does -------------------------------------------------------------------------------------

    def _open(self, rows: Sequence[object], row: int) -> None:
        if 0 <= row < len(rows):
            self.instrument_chosen.emit(rows[row].instrument_id)  # pyright: ignore[reportAttributeAccessIssue]

    def sort_by(self, column: int) -> None:
        """Sort by a column; a second time the other way round."""
        rows, name = self.instruments, NAMES[column]
        rows.sorts_down = (
            not rows.sorts_down if name == rows.sort_column else INSTRUMENT_COLUMNS[column].sorts_down_first
        )
        rows.sort_column = name
        before = [row.instrument_id for row in rows.order]
        rows.sort()
        self.instrument_view.head.show_sort(column, down=rows.sorts_down)
        self._moved(before)

    # --- looks --------------------------------------------------------------------------------------------------

    def _waiting(self) -> tuple[str, str]:
        if self._engine is None:
            return "The overview comes with the engine", "It is being started."
        return "No instruments yet", "They come with the exchange's list."

    def _none(self, word: str) -> tuple[str, str]:
        return (f"None {word}", "by 0.1 % or more") if self._as_of_ms is not None else ("", "")

    def _fit_widths(self) -> None:
        is_tight = self.width() < TIGHT_FROM_PX
        self.figure_view.setFixedWidth(TIGHT_FIGURES_PX if is_tight else FIGURES_PX)
        for view in (self.riser_view, self.faller_view):
            view.setFixedWidth(TIGHT_MOVERS_PX if is_tight else MOVERS_PX)

    def _fit(self) -> None:
        self._fit_widths()
        figures = self.figure_view.canvas.width() - SCROLL_PX
        widths = {column.name: column.width for column in FIGURE_COLUMNS}
        widths["bar"] = figures - widths["name"] - widths["value"]
        self.figure_view.head.setSectionHidden(BAR, widths["bar"] < LEAST_BAR_PX)
        for place, column in enumerate(FIGURE_COLUMNS):
            if not self.figure_view.head.isSectionHidden(place):
                self.figure_view.head.resizeSection(place, widths[column.name])
        for view in (self.riser_view, self.faller_view):
            change = view.painted.columns[1].width
            view.head.resizeSection(1, change)
            view.head.resizeSection(0, max(20, view.canvas.width() - change - SCROLL_PX))
        shown = columns_for(self.instrument_view.canvas.width() - SCROLL_PX)
        head = self.instrument_view.head
        for place in range(len(INSTRUMENT_COLUMNS)):
            head.setSectionHidden(place, place not in shown)
            if place in shown:
                head.resizeSection(place, shown[place])

    def _paint_bar(self, painter: QPainter, box: QRectF, row: int) -> None:
        """The parts of a figure side by side on a track."""
        parts = self.figures.figures[row].bar
        if not parts:
            return
        track = QRectF(box.left() + 2, box.center().y() - BAR_HEIGHT_PX / 2, box.width() - 4, BAR_HEIGHT_PX)
        painter.fillRect(track, self._theme.color("raised2"))
        left = track.left()
        for token, share in parts:
            wide = track.width() * share
            painter.fillRect(QRectF(left, track.top(), wide, track.height()), self._theme.color(token))
            left += wide

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._theme.color("gutter"))
