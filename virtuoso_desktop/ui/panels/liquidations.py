"""Liquidations: the feed of one or of all instruments, and the last hour by minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from virtuoso_desktop.engine.desk_views import FeedPhase, LiquidationsView
from virtuoso_desktop.model.market import PositionSide
from virtuoso_desktop.ui.controls import Button, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import DENSE_ROW_PX, SCROLL_PX
from virtuoso_desktop.ui.panels.desk_controls import AmountField, PauseButton, relabel
from virtuoso_desktop.ui.panels.desk_parts import DeskPanel, NotedTable
from virtuoso_desktop.ui.panels.desk_words import STARTING, StateWords
from virtuoso_desktop.ui.panels.liquidation_bars import LiquidationBars, method_words
from virtuoso_desktop.ui.panels.liquidations_rows import COLUMNS, GIVING, LiquidationRows
from virtuoso_desktop.ui.panels.trades_rows import tint_ratio
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter, QResizeEvent
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 4.0
STEP_NS = 1_000_000_000
"""Without anything new, minutes and coverage are looked at this often."""
BARS_FROM_PX, MOST_BARS_PX = 620, 460


class LiquidationsPanel(DeskPanel):
    """The panel of the tab ``Liquidations``.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    instrument_chosen = Signal(object)
    """`InstrumentId` of a row that was clicked."""
    rate_hz = RATE_HZ

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Liquidations", "The liquidation stream", parent)
        self.is_of_all = True
        self._key: tuple[int, int] | None = None
        self._version = self._shown_version = 0
        self._newest: LiquidationsView | None = None
        self.rows = LiquidationRows()
        self.model = PaintedModel(COLUMNS, self.rows, self)
        self.view = NotedTable(self.model, theme, self, "Liquidations", row_px=DENSE_ROW_PX)
        self.pause = PauseButton(theme, self.view)
        self.bars = LiquidationBars(theme, self)
        self.scope_button = Button(theme, "All instruments", is_boxed=True)
        self.least = AmountField(theme, "Smallest liquidation shown, quote coin", None, self, may_be_empty=True)
        self.least_label = Words(theme)
        self.controls = (self.scope_button, self.least_label, self.least)
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.view, 1)
        row.addWidget(self.bars)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addLayout(row, 1)
        self.view.pictures[0] = self._paint_ground
        self.view.resized.connect(self._fit)
        self.view.opened.connect(self._open)
        self.pause.ended.connect(self._show_newest)
        self.least.setPlaceholderText("any size")
        self.least.explain("Smaller ones are not listed; the sums are of all sizes. An amount such as 50K, or nothing")
        self.least.amount_changed.connect(self.choose_least)
        self.least_label.say(Word("At least", Type.CAPTION, "muted"))
        self.scope_button.quiet_colour = "text"
        self.scope_button.setToolTip("All watched instruments, or only that of the chart")
        self.scope_button.clicked.connect(lambda: self.choose_all(not self.is_of_all))
        self.begin()

    # --- data ---------------------------------------------------------------------------------------------------

    def missing(self) -> StateWords | None:
        if self.is_of_all:
            return STARTING if self._engine is None else None
        return super().missing()

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        if self.is_of_all:
            self.instrument = instrument
        else:
            super().show_instrument(instrument)

    def begin(self) -> None:
        self._key = None
        self._newest = None
        self.pause.end()
        self.rows.show(None, is_live=False)
        self.model.rearranged(lambda row: row)
        self.bars.show_minutes(None, 0)
        self.strip.tell(None)
        self.view.show_note(self.missing())

    def refresh(self, now_ns: int) -> None:
        """Read what came, and once a second what the minutes and the coverage are."""
        engine = self._engine
        if engine is None or self.missing() is not None:
            return
        asked = None if self.is_of_all else self.instrument
        self._version = engine.desk.liquidations_version(asked)
        key = (self._version, now_ns // STEP_NS)
        if key == self._key:
            return
        self._key = key
        self._newest = engine.desk.liquidations(asked)
        self.bars.show_minutes(self._newest, engine.venue_now_ms())
        if self.rows.row_count() and self.pause.holds(self._version - self._shown_version):
            self._judge(self._newest)
            return
        self._show_newest()

    def _show_newest(self) -> None:
        view = self._newest
        if view is None:
            return
        self._shown_version = self._version
        self.rows.show(view, is_live=view.feed.phase is FeedPhase.LIVE)
        self._tell_rows()
        self._judge(view)

    def _tell_rows(self) -> None:
        if self.rows.row_count() != self.model.row_count():
            self.model.rearranged(lambda row: row)
        self.view.canvas.update()

    def _judge(self, view: LiquidationsView) -> None:
        words = self.judge(view.feed, of_all=self.is_of_all)
        has_rows = self.rows.row_count() > 0
        self.strip.tell(words if words is not None and (has_rows or words.action) else None)
        self.view.show_note(None if has_rows else words or self._empty(view))

    def _empty(self, view: LiquidationsView) -> StateWords:
        if self.rows.hidden:
            return StateWords(
                f"No liquidation of at least {self.least.text()}",
                f"{self.rows.hidden} smaller ones are left out; clear the amount to see them.",
            )
        engine = self._engine
        heard = method_words(view, engine.venue_now_ms()) if engine is not None else ""
        return StateWords("No liquidation yet", f"{heard[:1].upper()}{heard[1:]}. The exchange has no history of them.")

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return self.view.take_painted_ns() + self.bars.take_painted_ns()

    # --- choices ------------------------------------------------------------------------------------------------

    def choose_least(self, least: float | None) -> None:
        """List only liquidations of at least so much quote coin; None lists all."""
        self.rows.least = least
        self.rows.filter()
        self._tell_rows()
        if self._newest is not None:
            self._judge(self._newest)

    def choose_all(self, of_all: bool) -> None:
        """All watched instruments, or only that of the chart."""
        if of_all == self.is_of_all:
            return
        self.is_of_all = of_all
        relabel(self.scope_button, "All instruments" if of_all else "This instrument", is_on=not of_all)
        self.begin()
        self.refresh(0)

    def _open(self, row: int) -> None:
        if 0 <= row < len(self.rows.events):
            self.instrument_chosen.emit(self.rows.events[row].instrument.id)

    # --- room and ground ----------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.bars.setVisible(self.width() >= BARS_FROM_PX)
        self.bars.setFixedWidth(min(MOST_BARS_PX, self.width() * 42 // 100))

    def _fit(self) -> None:
        head, room = self.view.head, self.view.canvas.width() - SCROLL_PX
        shown = list(COLUMNS)
        for name in GIVING:
            if sum(column.width for column in shown) > room:
                shown = [column for column in shown if column.name != name]
        extra = max(0, room - sum(column.width for column in shown)) // len(shown)
        for place, column in enumerate(COLUMNS):
            head.setSectionHidden(place, column not in shown)
            if column in shown:
                head.resizeSection(place, column.width + extra)
        self.pause.place()

    def _paint_ground(self, painter: QPainter, cell: QRectF, row: int) -> None:
        event = self.rows.events[row]
        strength = tint_ratio(event.notional)
        if strength and self.rows.is_live:
            token = "down" if event.side is PositionSide.LONG else "up"
            ground = QRectF(0, cell.top(), self.view.canvas.width(), cell.height() - 1)
            painter.fillRect(ground, self._theme.color(token, round(strength, 2)))
