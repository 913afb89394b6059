"""A closed candle with all that its evaluation needs, copied inside `MarketStore.apply` before the next event.

The evaluation may come later and in any batching: it reads only what is sealed here, so its result is the same.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.market.candles import CandleSeries
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe

Floats = NDArray[np.float64]
SeriesKey = tuple[InstrumentId, Timeframe]
FROM_TRADES = "trades"
ESTIMATED = "bvc"


class SealedInputs(NamedTuple):
    """One closed candle of one series. Prices in ticks, volumes as the venue counts them."""

    key: SeriesKey
    candle: tuple[float, ...]
    """(open_ms, open, high, low, close, volume, turnover, delta, synthetic), as `CANDLE_TABLE` takes it."""
    decision_ms: int
    """Venue time of the frame that closed the candle."""
    recv_ns: int = 0
    """Local stamp of the socket read that closed it; 0 when REST did."""
    streams: Floats | None = None
    """Streams row (`analysis.layout`) as of the second of the closing frame; None when nobody sampled."""

    @property
    def open_ms(self) -> int:
        return int(self.candle[0])


class Moment(NamedTuple):
    """What is sealed beside the candle: see `SealedInputs`."""

    decision_ms: int
    recv_ns: int = 0
    streams: Floats | None = None


def sealed(state: InstrumentState, series: CandleSeries, index: int, moment: Moment) -> SealedInputs:
    """Copy the committed row ``index`` of a series, with the volume delta of its trades where they are complete."""
    columns = series.columns[:, index].tolist()
    key = (state.instrument.id, series.timeframe)
    return SealedInputs(key, (*columns, trade_delta(state, series, columns), 0.0), *moment)


def trade_delta(state: InstrumentState, series: CandleSeries, row: list[float]) -> float:
    """Taker buys minus sells of a candle; NaN where its trades do not add up to its volume."""
    open_ms, volume = int(row[0]), row[5]
    traded = state.tape.deltas.between(open_ms, series.timeframe.close_ms(open_ms))
    if not traded.covers(volume):
        return math.nan
    return traded.delta if volume else 0.0
