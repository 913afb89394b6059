"""Cumulative volume delta of the session, from the trades themselves, minute by minute (analysis A.13)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe


class SessionCvd(NamedTuple):
    """One point a minute since 00:00 UTC, the running minute last."""

    minute_ms: NDArray[np.int64]
    cvd: NDArray[np.float64]
    """What takers bought minus what they sold from 00:00 to the end of the minute, as the venue counts sizes."""
    complete_from_ms: int
    """From here on every closed minute's trades add up to its candle; before it some are missing, or nothing tells."""


def session_cvd(state: InstrumentState, now_ms: int) -> SessionCvd:
    """The delta of the UTC day of ``now_ms``. Differences since ``complete_from_ms`` are right, others may not be."""
    begin_ms = now_ms - now_ms % DAY_MS
    minutes = np.arange(begin_ms, now_ms + 1, MINUTE_MS, dtype=np.int64)
    traded = [state.tape.deltas.between(open_ms, open_ms + MINUTE_MS) for open_ms in minutes.tolist()]
    deltas = np.array([each.delta for each in traded])
    cvd = np.cumsum(deltas, dtype=np.float64).round(state.instrument.size_decimals)
    volumes = _candle_volumes(state, minutes)
    complete_from_ms = begin_ms
    for open_ms, each, volume in zip(minutes[:-1].tolist(), traded, volumes.tolist(), strict=False):
        if not each.covers(volume):
            complete_from_ms = open_ms + MINUTE_MS
    return SessionCvd(minutes, cvd, complete_from_ms)


def _candle_volumes(state: InstrumentState, minutes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Volume of each minute's candle, NaN where there is none."""
    volumes = np.full(len(minutes), np.nan)
    series = state.candles.get(Timeframe.M1)
    if series is None or not len(series):
        return volumes
    open_ms, volume = series.columns[0], series.columns[5]
    places = np.searchsorted(open_ms, minutes)
    inside = places < len(open_ms)
    found = inside.copy()
    found[inside] = open_ms[places[inside]] == minutes[inside]
    volumes[found] = volume[places[found]]
    return volumes
