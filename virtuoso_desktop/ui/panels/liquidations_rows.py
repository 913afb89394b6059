"""Rows of the liquidation feed: which position was closed by force, at what price, how large. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.desk_views import size_unit
from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.market import PositionSide
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import DOWN, KEY, LABEL, MUTED_NUMBER, NUMBER, UP, Cell, Column, cell
from virtuoso_desktop.ui.panels.trades_rows import DOWN_SIGN, LARGE, TEXT_FROM, UP_SIGN, tint_ratio

if TYPE_CHECKING:
    from virtuoso_desktop.engine.desk_views import LiquidationsView, LiquidationView
    from virtuoso_desktop.ui.cell import Ink

COLUMNS: tuple[Column, ...] = (
    Column("time", "Time", "Time", "Time of the exchange, in the computer's zone", 80, 0, is_right=False),
    Column("instrument", "Instrument", "Instrument", "Enter or a click shows it", 112, 0, is_right=False),
    Column(
        "side",
        "Liquidated",
        "Liquidated",
        "A short is bought back \u25b2, a long is sold \u25bc",
        84,
        0,
        is_right=False,
    ),
    Column("price", "Price", "Price", "The bankruptcy price, not what was traded", 92, 0),
    Column("size", "Size", "Size", "In the instrument's own unit", 92, 1),
    Column("value", "Value", "Value", "At the bankruptcy price, quote coin", 72, 0),
)
GIVING = ("size",)


class LiquidationRows(CalmRows):
    """Liquidations of at least ``least`` quote coin, newest first."""

    def __init__(self) -> None:
        self.view: LiquidationsView | None = None
        self.least: float | None = None
        self.is_live = False
        self.events: list[LiquidationView] = []
        self._cells: dict[int, tuple[Cell, ...]] = {}

    def show(self, view: LiquidationsView | None, *, is_live: bool) -> None:
        """Take a newer list; one that is not live is shown without colour."""
        self.view, self.is_live = view, is_live
        self.filter()

    def filter(self) -> None:
        """Apply the least value."""
        self._cells.clear()
        events = () if self.view is None else self.view.events
        least = self.least
        self.events = [event for event in events if least is None or event.notional >= least]

    @property
    def hidden(self) -> int:
        """Liquidations that are too small to be shown."""
        return 0 if self.view is None else len(self.view.events) - len(self.events)

    def row_count(self) -> int:
        return len(self.events)

    def cells(self, index: int) -> tuple[Cell, ...]:
        found = self._cells.get(index)
        if found is None:
            found = self._cells[index] = self._format(self.events[index])
        return found

    def tooltip(self, index: int, column: int) -> str:
        del column
        event = self.events[index]
        instrument = event.instrument
        is_long = event.side is PositionSide.LONG
        said = f"{text.utc_moment(event.time_ms)}\nA {event.side.value} of {instrument.symbol} was "
        said += f"{'sold' if is_long else 'bought back'}: "
        said += f"{text.price(event.size, instrument.size_decimals)} {size_unit(instrument)}, "
        return said + f"{text.compact(event.notional)} {instrument.quote_coin}"

    def _format(self, event: LiquidationView) -> tuple[Cell, ...]:
        instrument = event.instrument
        is_long = event.side is PositionSide.LONG
        side, number = self._inks(event, DOWN if is_long else UP)
        sign = DOWN_SIGN if is_long else UP_SIGN
        return (
            cell(text.clock_seconds(event.time_ms, None), number),
            cell(instrument.symbol + kind_badge(instrument.id.market_kind), LABEL if self.is_live else number),
            cell(f"{sign} {event.side.value}", side, spoken=f"{event.side.value} liquidated"),
            cell(text.price(event.price, instrument.price_decimals), number),
            cell(text.price(event.size, instrument.size_decimals), number),
            cell(text.compact(event.notional), number),
        )

    def _inks(self, event: LiquidationView, colour: Ink) -> tuple[Ink, Ink]:
        if not self.is_live:
            return MUTED_NUMBER, MUTED_NUMBER
        if event.notional >= LARGE:
            return KEY, KEY
        return (NUMBER if tint_ratio(event.notional) > TEXT_FROM else colour), NUMBER
