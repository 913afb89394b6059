"""The tape's rows: aggressive orders, newest first, smaller ones left out; formatted when they are asked for. No Qt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from virtuoso_desktop.engine.desk_views import size_unit
from virtuoso_desktop.model.market import Aggressor
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import DOWN, KEY, MUTED, MUTED_NUMBER, NUMBER, UP, Cell, Column, Part, cell

if TYPE_CHECKING:
    from virtuoso_desktop.engine.desk_views import OrderView, TapeView
    from virtuoso_desktop.ui.cell import Ink

LARGE = 200_000.0
"""Quote coin: from here on a row is bold, and rings where that is wished."""
MOST_ROWS = 200
TINT_RATIO, TEXT_FROM = 0.32, 0.12
MOST_CELLS = 2_000
COLUMNS: tuple[Column, ...] = (
    Column("time", "Time", "Time", "Time of the exchange, in the computer's zone", 104, 0, is_right=False),
    Column("side", "Side", "Side", "Who took: \u25b2 buyers, \u25bc sellers", 64, 0, is_right=False),
    Column("price", "Price", "Price", "Price of the last fill of the order", 92, 0),
    Column("size", "Size", "Size", "All fills of one order together", 92, 0),
    Column("value", "Value", "Value", "In quote coin", 72, 0),
    Column("fills", "Fills", "Fills", "Fills of one order: same millisecond, side and sequence", 52, 1),
)
UP_SIGN, DOWN_SIGN = "\u25b2", "\u25bc"
GIVING = ("fills",)


def tint_ratio(notional: float) -> float:
    """Strength of a row's ground: nothing at 10K, full from 630K on."""
    if notional <= 0:
        return 0.0
    return TINT_RATIO * min(1.0, max(0.0, (math.log10(notional) - 4) / 1.8))


class TapeRows(CalmRows):
    """Orders of at least ``least`` quote coin, as last shown."""

    def __init__(self) -> None:
        self.view: TapeView | None = None
        self.least: float | None = None
        self.is_live = False
        self.orders: list[OrderView] = []
        self._cells: dict[int, tuple[OrderView, tuple[Cell, ...]]] = {}

    def show(self, view: TapeView | None, *, is_live: bool) -> None:
        """Take newer orders; those of a feed that is not live are shown without colour."""
        if is_live != self.is_live or view is None or self.view is None or view.instrument != self.view.instrument:
            self._cells.clear()
        self.view, self.is_live = view, is_live
        self.filter()

    def filter(self) -> None:
        """Apply the least value."""
        orders = () if self.view is None else self.view.orders
        least = self.least
        self.orders = [order for order in orders if least is None or order.notional >= least][:MOST_ROWS]

    @property
    def hidden(self) -> int:
        """Orders that are too small to be shown."""
        return 0 if self.view is None else sum(order.notional < (self.least or 0.0) for order in self.view.orders)

    def row_count(self) -> int:
        return len(self.orders)

    def cells(self, index: int) -> tuple[Cell, ...]:
        order = self.orders[index]
        held = self._cells.get(id(order))
        if held is None or held[0] is not order:
            if len(self._cells) > MOST_CELLS:
                self._cells.clear()
            held = self._cells[id(order)] = (order, self._format(order))
        return held[1]

    def tooltip(self, index: int, column: int) -> str:
        del column
        order, view = self.orders[index], self.view
        if view is None:
            return ""
        instrument = view.instrument
        said = f"{text.utc_moment(order.time_ms)}\n{'Buyers' if order.aggressor is Aggressor.BUY else 'Sellers'} took "
        said += f"{text.price(order.size, instrument.size_decimals)} {size_unit(instrument)}, "
        said += f"{text.compact(order.notional)} {instrument.quote_coin}"
        if order.fills > 1:
            average = text.price(order.average, instrument.price_decimals + 1)
            said += f"\n{order.fills} fills, {average} on average"
        return f"{said}\nBlock trade, agreed off the book" if order.is_block else said

    def _format(self, order: OrderView) -> tuple[Cell, ...]:
        view = self.view
        assert view is not None
        instrument = view.instrument
        is_buy = order.aggressor is Aggressor.BUY
        is_large = order.notional >= LARGE
        side, price, number = self._inks(order, is_buy=is_buy, is_large=is_large)
        moment = Part(text.clock_seconds(order.time_ms, None), number)
        sign = UP_SIGN if is_buy else DOWN_SIGN
        word = "Block" if order.is_block else "Buy" if is_buy else "Sell"
        return (
            Cell((moment, Part(text.milliseconds_of(order.time_ms), MUTED))),
            cell(f"{sign} {word}", side, spoken="buy" if is_buy else "sell"),
            cell(text.price(order.price, instrument.price_decimals), price),
            cell(text.price(order.size, instrument.size_decimals), number),
            cell(text.compact(order.notional), number),
            cell(str(order.fills) if order.fills > 1 else "", MUTED, spoken=str(order.fills)),
        )

    def _inks(self, order: OrderView, *, is_buy: bool, is_large: bool) -> tuple[Ink, Ink, Ink]:
        """Of side, price and numbers: on a strong ground every text is plain."""
        if not self.is_live:
            return MUTED_NUMBER, MUTED_NUMBER, MUTED_NUMBER
        colour = UP if is_buy else DOWN
        if is_large:
            return KEY, KEY, KEY
        return (NUMBER, NUMBER, NUMBER) if tint_ratio(order.notional) > TEXT_FROM else (colour, colour, NUMBER)
