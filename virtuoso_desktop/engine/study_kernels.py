"""Indicators of any length for the chart, in the form of the analysis' kernels.

With the lengths that the score uses they give the numbers of the kernels of `virtuoso_desktop.analysis`, to 1e-9.
Importing this module imports numba: do it in a worker.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from virtuoso_desktop.analysis import candle_table, indicators, levels, volume_profile
from virtuoso_desktop.analysis.averages import ema_next, wilder_next
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE, table_params
from virtuoso_desktop.analysis.kernels import CLOSE, HIGH, LOW, Floats, Kernel, make_kernel
from virtuoso_desktop.analysis.momentum import FLAT, true_range
from virtuoso_desktop.analysis.ranges import supertrend_next
from virtuoso_desktop.model.timeframe import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.model.timeframe import Timeframe

MOST_LENGTH = 500


def _rsi_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """RSI (analysis A.4). State (count, close, gain, loss); params (length)."""
    change = candle[CLOSE] - state[1]
    count = state[0]
    state[0] += 1.0
    state[1] = candle[CLOSE]
    out[0] = math.nan
    if count < 1.0:
        return
    gain = wilder_next(state, 2, count, max(change, 0.0), params[0])
    loss = wilder_next(state, 3, count, max(-change, 0.0), params[0])
    if count >= params[0]:
        both = gain + loss
        out[0] = 100.0 * (gain / both) if both > 0.0 else FLAT


def _macd_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Line, signal, histogram (analysis A.3). State (count, slow, fast, signal); params (fast, slow, signal)."""
    state[0] += 1.0
    count, close = state[0], candle[CLOSE]
    out[0] = out[1] = out[2] = math.nan
    slow = ema_next(state, 1, count, close, params[1])
    lead = params[1] - params[0]
    if count <= lead:
        return
    fast = ema_next(state, 2, count - lead, close, params[0])
    if count < params[1]:
        return
    line = fast - slow
    signal = ema_next(state, 3, count - params[1] + 1.0, line, params[2])
    if count >= params[1] + params[2] - 1.0:
        out[0], out[1], out[2] = line, signal, line - signal


def _adx_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """ADX, +DI, -DI (analysis A.6). State (count, high, low, close, +DM, -DM, range, ADX); params (length)."""
    up, down = candle[HIGH] - state[1], state[2] - candle[LOW]
    reach = true_range(candle[HIGH], candle[LOW], state[3])
    state[0] += 1.0
    state[1], state[2], state[3] = candle[HIGH], candle[LOW], candle[CLOSE]
    count, length = state[0], params[0]
    out[0] = out[1] = out[2] = math.nan
    if count < 2.0:
        return
    keep = 1.0 if count > length else 0.0
    for cell, value in (
        (4, up if up > 0.0 and up > down else 0.0),
        (5, down if down > 0.0 and down > up else 0.0),
        (6, reach),
    ):
        state[cell] += value - keep * (state[cell] / length)
    if count <= length:
        return
    plus, minus = 0.0, 0.0
    if state[6] > 0.0:
        plus, minus = 100.0 * (state[4] / state[6]), 100.0 * (state[5] / state[6])
    out[1], out[2] = plus, minus
    both = plus + minus
    if both > 0.0:
        dx = 100.0 * (abs(plus - minus) / both)
        state[7] = state[7] + dx if count <= 2.0 * length else (state[7] * (length - 1.0) + dx) / length
    if count == 2.0 * length:
        state[7] /= length
    if count >= 2.0 * length:
        out[0] = state[7]


def _supertrend_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Line and direction (analysis A.12). State (count, close, atr, four cells); params (length, factor)."""
    reach = true_range(candle[HIGH], candle[LOW], state[1])
    count = state[0]
    state[0] += 1.0
    state[1] = candle[CLOSE]
    if count > 0.0:
        wilder_next(state, 2, count, reach, params[0])
    if count < params[0]:
        out[0] = out[1] = math.nan
        return
    middle = (candle[HIGH] + candle[LOW]) / 2.0
    out[0], out[1] = supertrend_next(state, 3, middle, params[1] * state[2], candle[CLOSE])


def _bollinger_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Upper, middle, lower (analysis A.7). State (count, ring); params (length, factor)."""
    length = int(params[0])
    state[1 + int(state[0]) % length] = candle[CLOSE]
    state[0] += 1.0
    if state[0] < length:
        out[0] = out[1] = out[2] = math.nan
        return
    total, squares = 0.0, 0.0
    for index in range(1, length + 1):
        total += state[index]
    mean = total / length
    for index in range(1, length + 1):
        squares += (state[index] - mean) * (state[index] - mean)
    half = params[1] * math.sqrt(squares / length)
    out[0], out[1], out[2] = mean + half, mean, mean - half


EMA, VWAP, OBV, VOLUME_DELTA = indicators.EMA, indicators.VWAP, indicators.OBV, indicators.VOLUME_DELTA
RSI = make_kernel("rsi_of", 4, ("rsi",), _rsi_step)
MACD = make_kernel("macd_of", 4, ("macd", "macd_signal", "macd_hist"), _macd_step)
ADX = make_kernel("adx_of", 8, ("adx", "plus_di", "minus_di"), _adx_step)
SUPERTREND = make_kernel("supertrend_of", 7, ("supertrend", "supertrend_direction"), _supertrend_step)
BOLLINGER = make_kernel("bollinger_of", 1 + MOST_LENGTH, ("bb_upper", "bb_middle", "bb_lower"), _bollinger_step)
TABLE = CANDLE_TABLE

_DAY = float(DAY_MS)
COMPILED: tuple[tuple[Kernel, tuple[float, ...]], ...] = (
    (EMA, (12.0,)),
    (VWAP, (0.1, 0.0, _DAY)),
    (RSI, (14.0,)),
    (VOLUME_DELTA, (_DAY,)),
    (TABLE, (0.1, 0.0, _DAY, 300_000.0)),
    (MACD, (12.0, 26.0, 9.0)),
    (BOLLINGER, (20.0, 2.0)),
    (SUPERTREND, (10.0, 3.0)),
    (ADX, (14.0,)),
    (OBV, (0.0,)),
)
"""Every kernel with parameters to compile it with, those of the first chart first."""


def numbers(values: Sequence[float]) -> Floats:
    """Parameters as a kernel takes them; a kernel without any gets one that it ignores."""
    return np.array(values or (0.0,), dtype=np.float64)


class TableLevel(NamedTuple):
    """A level as the analysis holds it: ticks; until which candle it supports and resists."""

    price: float
    strength: float
    supports_until: float
    resists_until: float


class TablePivot(NamedTuple):
    """A swing as the analysis holds it: ticks, number of its candle (the first is 1)."""

    price: float
    number: int


class NamedLevel(NamedTuple):
    """A level that is no cluster of swings."""

    name: str
    price: float
    strength: float
    since_ms: int
    """Open time of the day or session that it is of."""


class TableState(NamedTuple):
    """What the table's state says of levels."""

    seen: int
    """Candles."""
    levels: tuple[TableLevel, ...]
    pivots: tuple[TablePivot, ...]
    named: tuple[NamedLevel, ...]
    """Of the day before and of the running session's profile."""


def table_state(state: Floats) -> TableState:
    """Levels, and the swings that they may be made of, by rising price."""
    count = int(state[candle_table.COUNT])
    base = candle_table.PIVOTS
    rows = state[base + levels.TABLE :][: int(state[base + levels.LEVELS]) * levels.LEVEL_CELLS]
    held = min(int(state[base + levels.PUSHED]), levels.MOST_PIVOTS)
    cells = state[base + levels.PIVOTS :][: held * levels.PIVOT_CELLS].reshape(-1, levels.PIVOT_CELLS)
    pivots = [TablePivot(float(cell[levels.PRICE]), int(cell[levels.NUMBER])) for cell in cells]
    return TableState(
        count,
        tuple(TableLevel(*row) for row in rows.reshape(-1, levels.LEVEL_CELLS).tolist()),
        tuple(sorted(pivot for pivot in pivots if count - pivot.number <= levels.PIVOT_LIFE)),
        _named_levels(state),
    )


def _named_levels(state: Floats) -> tuple[NamedLevel, ...]:
    """Those that the analysis holds; a price of 0 is none."""
    day, profile = candle_table.DAYS, candle_table.PROFILE
    before_ms = (int(state[day + levels.DAY]) - 1) * DAY_MS
    session_ms = (int(state[profile + volume_profile.SESSION]) - 1) * DAY_MS
    places = (
        ("PDH", day + levels.PRIOR_HIGH, before_ms),
        ("PDL", day + levels.PRIOR_LOW, before_ms),
        ("POC", profile + volume_profile.POC, session_ms),
        ("VAH", profile + volume_profile.VAH, session_ms),
        ("VAL", profile + volume_profile.VAL, session_ms),
    )
    found = (NamedLevel(name, float(state[cell]), levels.NAMED_STRENGTH, since) for name, cell, since in places)
    return tuple(level for level in found if level.price > 0.0)


def session_params(instrument: Instrument) -> Floats:
    """Parameters of the VWAP."""
    return indicators.vwap_params(instrument)


def structure_params(instrument: Instrument, timeframe: Timeframe) -> Floats:
    """Parameters of the table that tells swings, breaks and levels."""
    return table_params(instrument, timeframe)
