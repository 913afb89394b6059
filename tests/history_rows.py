"""Rows for the history's tests: candles whose values tell their time, so that any row can be judged alone."""

from __future__ import annotations

import numpy as np

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_rows import Batch, Rows, SeriesKey, candle_rows

T0_MS = 1_600_000_020_000
"""A full minute; no other timeframe begins here."""
MINUTE = 60_000
BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
ETH = InstrumentId.parse("bybit:linear:ETHUSDT")
BTC_1M = SeriesKey.candles(BTC, Timeframe.M1)
ETH_1M = SeriesKey.candles(ETH, Timeframe.M1)


def at(minute: int) -> int:
    """The open of the candle that comes ``minute`` minutes after the first."""
    return T0_MS + minute * MINUTE


def candles(first: int, end: int, *, shift: float = 0.0) -> Rows:
    """One candle a minute in [first, end); ``shift`` makes them other candles of the same time."""
    open_ms = T0_MS + np.arange(first, end, dtype=np.int64) * MINUTE
    close = np.round(60_000 + open_ms // MINUTE % 997 / 10 + shift, 1)
    return candle_rows(open_ms, close, close + 0.1, close - 0.1, close, open_ms % 1013 / 1000, open_ms % 9973 / 100)


def batch(first: int, end: int, *, key: SeriesKey = BTC_1M, shift: float = 0.0) -> Batch:
    """Candles without a hole."""
    return Batch(key, candles(first, end, shift=shift), ((at(first), at(end)),))
