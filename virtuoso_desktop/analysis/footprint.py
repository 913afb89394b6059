"""The footprint of a candle: who traded at which price, where one side overran the other (analysis B.1, F5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from virtuoso_desktop.market.footprint import KEPT_MINUTES, FootprintMinute
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe

IMBALANCE_RATIO = 3
LEAST_SHARE = 0.02
"""A row counts as overrun only with this share of the candle's lots."""
STACKED_ROWS = 3
LEAST_BARS = 5
"""Candles between the two swings of a divergence."""


class FootprintRow(NamedTuple):
    """One row of prices, in ticks and lots."""

    bottom_ticks: int
    sold_lots: int
    """By takers, at the bid."""
    bought_lots: int
    """By takers, at the ask."""
    imbalance: int
    """1 when buyers overran the sellers one row below, -1 when sellers overran the buyers one row above, else 0."""

    @property
    def delta_lots(self) -> int:
        return self.bought_lots - self.sold_lots


class Footprint(NamedTuple):
    """A candle's trades by row, lowest first."""

    rows: tuple[FootprintRow, ...]
    row_ticks: int
    delta_lots: int
    lowest_lots: int
    """Least running delta within the candle, 0 at its open included."""
    highest_lots: int
    stacked: tuple[tuple[int, int, int], ...]
    """(side, bottom of the first row, bottom of the last) of at least three overrun rows above each other."""
    is_complete: bool
    """Whether its trades were watched from its open on."""


def footprint(state: InstrumentState, timeframe: Timeframe, open_ms: int) -> Footprint | None:
    """The footprint of a candle; None for one that is longer or older than the minutes that are kept.

    A candle without a trade has no rows.
    """
    if state.flow is None or timeframe.duration_ms > KEPT_MINUTES * MINUTE_MS:
        return None
    trades = state.flow.trades
    if not trades.footprint.holds(open_ms):
        return None
    first_s = trades.sums.first
    minutes = trades.footprint.between(open_ms, timeframe.close_ms(open_ms))
    return added_up(minutes, trades.footprint.row_ticks, is_complete=0 <= first_s * 1_000 <= open_ms)


def added_up(minutes: Iterable[FootprintMinute], row_ticks: int, *, is_complete: bool) -> Footprint:
    """The footprint of the minutes of one candle, oldest first."""
    delta = lowest = highest = 0
    cells: dict[int, tuple[int, int]] = {}
    for minute in minutes:
        lowest = min(lowest, delta + minute.lowest)
        highest = max(highest, delta + minute.highest)
        delta += minute.delta
        for row, (sold, bought) in minute.rows.items():
            before = cells.get(row, (0, 0))
            cells[row] = before[0] + sold, before[1] + bought
    least = LEAST_SHARE * sum(sold + bought for sold, bought in cells.values())
    rows = tuple(
        FootprintRow(row * row_ticks, *cells[row], _imbalance(cells, row, least))
        for row in (range(min(cells), max(cells) + 1) if cells else ())
        if row in cells
    )
    return Footprint(rows, row_ticks, delta, lowest, highest, _stacked(rows, row_ticks), is_complete)


def delta_divergence(prices: Sequence[float], cvd: Sequence[float], indices: Sequence[int], side: int) -> int:
    """Whether the volume delta contradicts the newest swing.

    Parameters
    ----------
    prices, cvd : sequence of float
        Of the two newest swings of one side, the older first: the price, and the cumulative delta at its candle.
    indices : sequence of int
        Candles of the swings. Both must be confirmed: the caller takes no other.
    side : int
        1 for highs, -1 for lows.

    Returns
    -------
    int
        -1 for a higher high with a lower delta, 1 for a lower low with a higher one, else 0.
    """
    if len(prices) < 2 or indices[1] - indices[0] < LEAST_BARS:
        return 0
    is_further = side * (prices[1] - prices[0]) > 0
    is_weaker = side * (cvd[1] - cvd[0]) < 0
    return -side if is_further and is_weaker else 0


def _imbalance(cells: dict[int, tuple[int, int]], row: int, least: float) -> int:
    sold, bought = cells[row]
    sold_below, bought_above = cells.get(row - 1, (0, 0))[0], cells.get(row + 1, (0, 0))[1]
    buyers = bool(bought) and bought >= max(least, IMBALANCE_RATIO * sold_below)
    sellers = bool(sold) and sold >= max(least, IMBALANCE_RATIO * bought_above)
    return buyers - sellers


def _stacked(rows: Sequence[FootprintRow], row_ticks: int) -> tuple[tuple[int, int, int], ...]:
    found: list[tuple[int, int, int]] = []
    run: list[FootprintRow] = []
    for row in (*rows, FootprintRow(0, 0, 0, 0)):
        follows = run and row.imbalance == run[-1].imbalance and row.bottom_ticks - run[-1].bottom_ticks == row_ticks
        if not follows:
            if len(run) >= STACKED_ROWS and run[0].imbalance:
                found.append((run[0].imbalance, run[0].bottom_ticks, run[-1].bottom_ticks))
            run = []
        run.append(row)
    return tuple(found)
