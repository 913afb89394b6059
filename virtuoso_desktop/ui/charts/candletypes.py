"""The ways to draw one series: candles, hollow candles, Heikin-Ashi, the line of closes.

A type says what is made of the real candles before they are reduced to columns, and which shapes paint it. What a
column holds is the reduction of what is drawn: the highest and the lowest of its derived candles, or closes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.ui.charts.slots import slots_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.engine.views import CandleView
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.reduction import Bars

    Read = Callable[[CandleView, int, int, Timeframe], Bars]
    """Rows [first, last) of a series as one bar each, in copies."""

Floats = NDArray[np.float64]


class CandleType(StrEnum):
    """How the candles are drawn."""

    CANDLE = "candle"
    HOLLOW = "hollow"
    HEIKIN_ASHI = "heikin_ashi"
    LINE = "line"


TITLES = {
    CandleType.CANDLE: "Candles",
    CandleType.HOLLOW: "Hollow candles",
    CandleType.HEIKIN_ASHI: "Heikin-Ashi",
    CandleType.LINE: "Line of closes",
}
LEAD_ROWS = 64
"""Heikin-Ashi halves what came before with every candle: after 53 of them nothing of it is left in 64 bits."""
_DOUBLINGS = tuple(1 << power for power in range(6))


def is_derived(kind: CandleType) -> bool:
    """Whether what is drawn is not the candles themselves."""
    return kind in (CandleType.HEIKIN_ASHI, CandleType.LINE)


def heikin_ashi(view: CandleView, first: int, last: int, timeframe: Timeframe) -> Bars:
    """Heikin-Ashi candles of the rows [first, last).

    Close is the mean of the candle's four prices; open the mean of the former Heikin-Ashi open and close, of the
    first candle that of its own open and close; high and low reach to the candle's own. Rows before the first one
    that is asked for are read as far as they still count, so that a slice equals the same part of the whole.
    """
    lead = max(0, first - LEAD_ROWS)
    rows = slice(lead, last)
    opens, high, low, close = (column[rows] for column in (view.open, view.high, view.low, view.close))
    if not len(close):
        return _bars(view, first, last, timeframe, (opens, high, low, close))
    mean = (opens + high + low + close) / 4
    # The open is a sum of former closes, each counting half as much as the one after it; before the first candle
    # stands what makes its open the middle of its own.
    before = np.full(LEAD_ROWS, (opens[0] + close[0]) / 2)
    made_open = _halving_sums(np.concatenate((before, mean[:-1])))[LEAD_ROWS - 1 :]
    skip = first - lead
    made_open, mean = made_open[skip:], mean[skip:]
    prices = (
        made_open,
        np.maximum(high[skip:], np.maximum(made_open, mean)),
        np.minimum(low[skip:], np.minimum(made_open, mean)),
        mean,
    )
    return _bars(view, first, last, timeframe, prices)


def _halving_sums(values: Floats) -> Floats:
    """Of every value and the 63 before it: half of it, a quarter of the former, and so on; 0 before the first."""
    sums = values / 2
    for step in _DOUBLINGS:
        sums[step:] = sums[step:] + sums[:-step] * 0.5**step
    return sums


def closes(view: CandleView, first: int, last: int, timeframe: Timeframe) -> Bars:
    """The closes of the rows [first, last): a column then reaches from its lowest to its highest close."""
    close = view.close[first:last]
    return _bars(view, first, last, timeframe, (close, close, close, close))


def _bars(view: CandleView, first: int, last: int, timeframe: Timeframe, prices: tuple[Floats, ...]) -> Bars:
    from virtuoso_desktop.ui.charts.reduction import Bars

    opens, high, low, close = (column.copy() for column in prices)
    times, volume = view.open_ms[first:last], view.volume[first:last].copy()
    return Bars(slots_of(times, timeframe), opens, high, low, close, volume, np.arange(first, last))


DERIVED: dict[CandleType, tuple[Read, int]] = {
    CandleType.HEIKIN_ASHI: (heikin_ashi, LEAD_ROWS),
    CandleType.LINE: (closes, 0),
}
"""What is drawn in place of the candles, and how many rows before a row it depends on."""
