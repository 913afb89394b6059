"""Candles as the kernels read them: from a file's columns to ticks, and the flat ones that fill a short gap."""

from __future__ import annotations

import math

import numpy as np

from virtuoso_desktop.analysis.kernels import CLOSE, OPEN, OPEN_MS, SYNTHETIC, TABLE_CANDLE_WIDTH, VOLUME, Floats
from virtuoso_desktop.files.ohlcv import OhlcvTable


def candles_of(table: OhlcvTable, tick_size: float) -> Floats:
    """Columns of a file, shape (9, n), with prices rounded to whole ticks and without deltas.

    A file without volume or turnover has 0 there: the columns that need them stay without a value, and the price of
    a candle is the typical one.
    """
    nothing = np.zeros(table.rows)
    prices = [np.rint(column / tick_size) for column in (table.open, table.high, table.low, table.close)]
    volume = nothing if table.volume is None else table.volume
    turnover = nothing if table.turnover is None else table.turnover
    deltas = np.full(table.rows, math.nan)
    return np.vstack((table.open_ms.astype(np.float64), *prices, volume, turnover, deltas, nothing))


def synthetic_candle(open_ms: int, close: float) -> Floats:
    """A flat candle without volume at the close before it."""
    candle = np.zeros(TABLE_CANDLE_WIDTH)
    candle[OPEN_MS] = open_ms
    candle[OPEN : CLOSE + 1] = close
    candle[VOLUME:SYNTHETIC] = 0.0
    candle[SYNTHETIC] = 1.0
    return candle
