"""The ladder's rows: bids left, asks right, the best ones on top; formatted when they are asked for. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import DOWN, KEY, MUTED, MUTED_NUMBER, NUMBER, UP, Cell, Column, Ink, Part, cell, no_value

if TYPE_CHECKING:
    from virtuoso_desktop.engine.desk_views import LadderLevel, LadderView, WallMark

ROWS = 25
BID_TOTAL, BID_SIZE, BID_PRICE, ASK_PRICE, ASK_SIZE, ASK_TOTAL = range(6)
COLUMNS: tuple[Column, ...] = (
    Column("bid_total", "Cumulative", "Cumulative bids", "Size of this and all better bids", 84, 1, is_right=False),
    Column("bid_size", "Bid", "Bid size", "Size that is bid at this price", 84, 0),
    Column("bid_price", "Price", "Bid price", "Best bid on top", 84, 0),
    Column("ask_price", "Price", "Ask price", "Best ask on top", 84, 0, is_right=False),
    Column("ask_size", "Ask", "Ask size", "Size that is offered at this price", 84, 0, is_right=False),
    Column("ask_total", "Cumulative", "Cumulative asks", "Size of this and all better asks", 84, 1),
)
MULTIPLES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Ticks of a group that can be chosen."""


class LadderRows(CalmRows):
    """The two sides as last shown."""

    def __init__(self) -> None:
        self.view: LadderView | None = None
        self.is_live = False
        self.largest_size = 0.0
        """Of both sides: what the longest bar stands for."""
        self.largest_total = 0.0
        self._cells: dict[int, tuple[Cell, ...]] = {}

    def show(self, view: LadderView | None, *, is_live: bool) -> None:
        """Take a newer book; one that is not live is shown without colour."""
        self.view = view
        self.is_live = is_live
        self._cells.clear()
        sides = () if view is None else (view.bids, view.asks)
        self.largest_size = max((level.size for side in sides for level in side), default=0.0)
        self.largest_total = max((side[-1].total for side in sides if side), default=0.0)

    def row_count(self) -> int:
        return 0 if self.view is None else max(len(self.view.bids), len(self.view.asks))

    def cells(self, index: int) -> tuple[Cell, ...]:
        found = self._cells.get(index)
        if found is None:
            found = self._cells[index] = self._format(index)
        return found

    def level(self, index: int, *, is_bid: bool) -> LadderLevel | None:
        """One level of one side; None where that side is shorter."""
        if self.view is None:
            return None
        side = self.view.bids if is_bid else self.view.asks
        return side[index] if index < len(side) else None

    def wall(self, index: int, *, is_bid: bool) -> WallMark | None:
        """The wall of a row; None where there is none."""
        walls = () if self.view is None else self.view.walls
        return next((wall for wall in walls if wall.row == index and wall.is_bid is is_bid), None)

    def tooltip(self, index: int, column: int) -> str:
        level = self.level(index, is_bid=column <= BID_PRICE)
        view = self.view
        if level is None or view is None:
            return "The exchange sends no more levels of this side."
        said = f"{'Bid' if column <= BID_PRICE else 'Ask'} {text.price(level.price, view.instrument.price_decimals)}"
        if view.mid:
            said += f", {text.bps(abs(level.price / view.mid - 1) * 10_000)} bps from the middle"
        wall = self.wall(index, is_bid=column <= BID_PRICE)
        if wall is not None:
            said += "\nA wall: far more than is usual at this distance, for 30 s at least"
            said += ". Pulled liquidity: before, most of it went untraded" if wall.is_suspected_pull else ""
        if view.group_ticks > 1:
            said += f"\nGroups of {view.group_ticks} ticks"
        return said

    def _format(self, index: int) -> tuple[Cell, ...]:
        bid, ask = self.level(index, is_bid=True), self.level(index, is_bid=False)
        bids = self._side(bid, UP, self.wall(index, is_bid=True))
        asks = self._side(ask, DOWN, self.wall(index, is_bid=False))
        return (bids[2], bids[1], bids[0], *asks)

    def _side(self, level: LadderLevel | None, ink: Ink, wall: WallMark | None) -> tuple[Cell, Cell, Cell]:
        """Price, size and cumulative size of one level."""
        view = self.view
        if level is None or view is None:
            nothing = no_value("the book ends")
            return nothing, nothing, nothing
        prices, sizes = view.instrument.price_decimals, view.instrument.size_decimals
        return (
            cell(text.price(level.price, prices), ink if self.is_live else MUTED_NUMBER),
            self._size(text.price(level.size, sizes), wall),
            cell(text.price(level.total, sizes), MUTED),
        )

    def _size(self, size: str, wall: WallMark | None) -> Cell:
        """A wall is bold, with a letter before its size: ``W``, or ``W?`` where it was pulled before."""
        if wall is None:
            return cell(size, NUMBER if self.is_live else MUTED_NUMBER)
        ink = KEY if self.is_live else MUTED_NUMBER
        sign = "W?" if wall.is_suspected_pull else "W"
        spoken = f"{size}, wall{', pulled liquidity' if wall.is_suspected_pull else ''}"
        return Cell((Part(f"{sign} ", ink), Part(size, ink)), spoken=spoken)
