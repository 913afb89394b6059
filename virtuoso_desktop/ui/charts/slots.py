"""Places on the time axis: a slot is one candle's length, counted from 1970.

A candle's slot follows from its open time alone. So a missing candle leaves its place empty, rows that are
prepended move nothing, and two timeframes can be lined up by time.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.timeframe import MONDAY_OFFSET_MS, Timeframe

Floats = NDArray[np.float64]
_EPOCH_YEAR = 1970


def slots_of(open_ms: Floats, timeframe: Timeframe) -> Floats:
    """Slots of candles, whole numbers in float64, by their open times (UTC ms)."""
    if timeframe is Timeframe.MO1:
        return open_ms.astype("int64").astype("datetime64[ms]").astype("datetime64[M]").astype(np.float64)
    return np.floor((open_ms - _offset_ms(timeframe)) / timeframe.duration_ms)


def slot_at(time_ms: float, timeframe: Timeframe) -> int:
    """The slot that contains a time (UTC ms)."""
    if timeframe is Timeframe.MO1:
        moment = dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)
        return (moment.year - _EPOCH_YEAR) * 12 + moment.month - 1
    return int((time_ms - _offset_ms(timeframe)) // timeframe.duration_ms)


def open_of(slot: int, timeframe: Timeframe) -> int:
    """Open time (UTC ms) of a slot."""
    if timeframe is Timeframe.MO1:
        moment = dt.datetime(_EPOCH_YEAR + slot // 12, slot % 12 + 1, 1, tzinfo=dt.UTC)
        return int(moment.timestamp()) * 1000
    return slot * timeframe.duration_ms + _offset_ms(timeframe)


def _offset_ms(timeframe: Timeframe) -> int:
    return MONDAY_OFFSET_MS if timeframe is Timeframe.W1 else 0


def opens_of(slots: Floats, timeframe: Timeframe) -> Floats:
    """Open times (UTC ms) of many slots."""
    if timeframe is Timeframe.MO1:
        return slots.astype("int64").astype("datetime64[M]").astype("datetime64[ms]").astype(np.float64)
    return slots * timeframe.duration_ms + _offset_ms(timeframe)
