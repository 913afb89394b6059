"""Trades: the tape of the shown instrument, a row for each aggressive order; it stands still while looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QApplication, QVBoxLayout

from virtuoso_desktop.engine.desk_views import FeedPhase, TapeReader, TapeView, size_unit
from virtuoso_desktop.ui.controls import Button, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import DENSE_ROW_PX, SCROLL_PX
from virtuoso_desktop.ui.panels.desk_controls import AmountField, PauseButton, arrange_row
from virtuoso_desktop.ui.panels.desk_parts import DeskPanel, NotedTable
from virtuoso_desktop.ui.panels.desk_words import StateWords
from virtuoso_desktop.ui.panels.trades_rows import COLUMNS, GIVING, LARGE, TapeRows, tint_ratio
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 10.0
SOUND_NS = 1_000_000_000
"""At most one sound in this time."""
EDGE_PX = 2
MOST_NARROWER_PX = 14
"""In a narrow place every column gives up so much, so that the last one is seen."""


class TradesPanel(DeskPanel):
    """The panel of the tab ``Trades``.

    Parameters
    ----------
    theme : Theme
        Colours.
    ring : callable
        Makes the sound of a large trade.
    """

    urgency = 2
    rate_hz = RATE_HZ

    def __init__(
        self, theme: Theme, ring: Callable[[], None] = QApplication.beep, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, "Trades", "The tape", parent)
        self._ring = ring
        self._rung_ns = 0
        self._reader: TapeReader | None = None
        self._newest: TapeView | None = None
        """What was read last; older than it is shown while paused."""
        self.rows = TapeRows()
        self.model = PaintedModel(COLUMNS, self.rows, self)
        self.view = NotedTable(self.model, theme, self, "Trades", row_px=DENSE_ROW_PX)
        self.pause = PauseButton(theme, self.view)
        self.least = AmountField(theme, "Smallest trade shown, quote coin", None, self, may_be_empty=True)
        self.least_label = Words(theme)
        self.sound_button = Button(theme, "Sound", "speaker-slash", is_boxed=True)
        self.unit = Words(theme)
        self.controls = (self.unit, self.least_label, self.least, self.sound_button)
        self._build()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addWidget(self.view, 1)
        self.view.pictures[0] = self._paint_ground
        self.view.resized.connect(self._fit)
        self.pause.ended.connect(self._show_newest)
        self.least.setPlaceholderText("any size")
        self.least.explain("Smaller trades are not shown: type an amount such as 50K, or nothing for all")
        self.least.amount_changed.connect(self.choose_least)
        self.least_label.say(Word("At least", Type.CAPTION, "muted"))
        self.sound_button.setCheckable(True)
        self.sound_button.quiet_colour = "text"
        self.sound_button.setToolTip(f"A sound for trades from {LARGE / 1000:.0f}K on, while this panel is shown")
        self.sound_button.toggled.connect(self._on_sound)
        self.begin()

    # --- data ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        engine, instrument = self._engine, self.instrument
        self._reader = None if engine is None or instrument is None else engine.desk.tape(instrument)
        self._newest = None
        self.pause.end()
        self.rows.show(None, is_live=False)
        self.model.rearranged(lambda row: row)
        self.strip.tell(None)
        self.view.show_note(self.missing())
        self.unit.say(Word("", Type.CAPTION))

    def refresh(self, now_ns: int) -> None:
        """Read what came; while the rows are looked at they stand still and the newer ones are counted."""
        tape = self._reader.read() if self._reader is not None else None
        if tape is None:
            return
        before, self._newest = self._newest, tape
        if tape is before and not self.pause.is_on:
            self._judge(tape)
            return
        if before is not None:
            self._sound(tape, tape.total - before.total, now_ns)
        shown = self.rows.view
        if shown is not None and self.rows.row_count() and self.pause.holds(self._newer(shown)):
            self._judge(tape)
            return
        self._show_newest()

    def _newer(self, shown: TapeView) -> int:
        """Orders that came after those that are shown."""
        return 0 if self._newest is None else self._newest.total - shown.total

    def _show_newest(self) -> None:
        tape = self._newest
        if tape is None:
            return
        self.rows.show(tape, is_live=tape.feed.phase is FeedPhase.LIVE)
        self._tell_rows()
        self._judge(tape)
        instrument = tape.instrument
        unit = f"size in {size_unit(instrument)}, value in {instrument.quote_coin}"
        if self.unit.say(Word(unit, Type.CAPTION, "muted")):
            arrange_row(self.unit)

    def _tell_rows(self) -> None:
        if self.rows.row_count() != self.model.row_count():
            self.model.rearranged(lambda row: row)
        self.view.canvas.update()

    def _judge(self, tape: TapeView) -> None:
        words = self.judge(tape.feed)
        is_live = tape.feed.phase is FeedPhase.LIVE
        if is_live != self.rows.is_live and self.rows.view is not None:
            self.rows.show(self.rows.view, is_live=is_live)
            self.view.canvas.update()
        has_rows = self.rows.row_count() > 0
        self.strip.tell(words if words is not None and (has_rows or words.action) else None)
        self.view.show_note(None if has_rows else words or self._empty())

    def _empty(self) -> StateWords:
        if self.rows.hidden:
            return StateWords(
                f"No trade of at least {self.least.text()}",
                f"{self.rows.hidden} smaller ones are left out; clear the amount to see them.",
            )
        return StateWords("No trade yet", "They appear as they happen; a quiet market may take minutes.")

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return self.view.take_painted_ns()

    # --- choices ------------------------------------------------------------------------------------------------

    def choose_least(self, least: float | None) -> None:
        """Show only orders of at least so much quote coin; None shows all."""
        self.rows.least = least
        self.rows.filter()
        self._tell_rows()
        if self._newest is not None:
            self._judge(self._newest)

    def _on_sound(self, is_on: bool) -> None:
        self.sound_button.icon_name = "speaker-high" if is_on else "speaker-slash"
        self.sound_button.setAccessibleName(f"Sound of large trades: {'on' if is_on else 'off'}")
        self.sound_button.update()

    def _sound(self, tape: TapeView, new: int, now_ns: int) -> None:
        if not self.sound_button.isChecked() or now_ns - self._rung_ns < SOUND_NS:
            return
        if any(order.notional >= max(LARGE, self.rows.least or 0.0) for order in tape.orders[:new]):
            self._rung_ns = now_ns
            self._ring()

    # --- room and ground ----------------------------------------------------------------------------------------

    def _fit(self) -> None:
        head, room = self.view.head, self.view.canvas.width() - SCROLL_PX
        shown = list(COLUMNS)
        for name in GIVING:
            if sum(column.width for column in shown) > room:
                shown = [column for column in shown if column.name != name]
        extra = max(-MOST_NARROWER_PX, (room - sum(column.width for column in shown)) // len(shown))
        for place, column in enumerate(COLUMNS):
            head.setSectionHidden(place, column not in shown)
            if column in shown:
                head.resizeSection(place, column.width + extra)
        self.pause.place()

    def _paint_ground(self, painter: QPainter, cell: QRectF, row: int) -> None:
        """The tint of the whole row, and the edge of a large one."""
        order = self.rows.orders[row]
        strength = tint_ratio(order.notional)
        if not strength or not self.rows.is_live:
            return
        token = "up" if order.aggressor.value == "buy" else "down"
        ground = QRectF(0, cell.top(), self.view.canvas.width(), cell.height() - 1)
        painter.fillRect(ground, self._theme.color(token, round(strength, 2)))
        if order.notional >= LARGE:
            painter.fillRect(QRectF(0, cell.top(), EDGE_PX, cell.height() - 1), self._theme.color(token))
