"""All that one closed candle changes of one instrument on one timeframe: the columns that a score is made of.

One step per candle, one state row per (instrument, timeframe), one code for history, the forming candle and every
row of a table. The candle row has `kernels.TABLE_CANDLE_WIDTH` cells and has passed `candle_gate`. A state row has a
part that `peek` copies, and behind it the long windows and the levels, which a preview only reads and a step writes
when all columns of the candle are known. The module is long because the places of all cells stand together.
"""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np

from virtuoso_desktop.analysis.averages import ema_next, macd_next, sum_of_20, wilder_next
from virtuoso_desktop.analysis.kernels import (
    CLOSE,
    DELTA,
    HIGH,
    LOW,
    OPEN_MS,
    SYNTHETIC,
    TABLE_CANDLE_WIDTH,
    VOLUME,
    Floats,
    Kernel,
    Rows,
    cells_at,
    make_kernel,
    piece,
)
from virtuoso_desktop.analysis.levels import (
    DAY_CELLS,
    LEVELS_CELLS,
    day_next,
    is_broken,
    nearest_levels,
    push_pivot,
    rebuild_levels,
    with_day,
    with_profile,
)
from virtuoso_desktop.analysis.momentum import adx_next, rsi_next, true_range
from virtuoso_desktop.analysis.ranges import (
    BAND_LENGTH,
    SUPERTREND_FACTOR,
    SUPERTREND_LENGTH,
    squares_of_20,
    supertrend_next,
)
from virtuoso_desktop.analysis.structure import (
    FRACTAL,
    HIGH_1,
    HIGH_1_AT,
    LOW_1,
    LOW_1_AT,
    MACHINE_CELLS,
    NEW_HIGH,
    NEW_LOW,
    RVOLS,
    SLOPE_RING,
    STRUCTURE,
    breaks_next,
    commit_slope,
    knows_structure,
    slope_of,
    swings_next,
)
from virtuoso_desktop.analysis.volume import (
    CHANGES,
    candle_price,
    estimated_delta,
    signed,
    vwap_next,
    vwap_params,
    window_push,
    window_sum,
)
from virtuoso_desktop.analysis.volume_profile import (
    EVERY_MS,
    PROFILE_CELLS,
    SESSION,
    add_candle,
    find_levels,
    profile_session,
)
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe

COLUMNS: tuple[str, ...] = (
    "close", "rsi", "macd", "macd_signal", "macd_hist", "ema_12", "ema_26", "ema_50", "bb_upper", "bb_middle",
    "bb_lower", "bb_signed", "bb_percent", "atr", "adx", "plus_di", "minus_di", "supertrend", "supertrend_direction",
    "obv", "obv_change_20", "volume_sum_20", "volume_sma", "rvol", "vwap", "vwap_sd", "vwap_estimated", "vwap_blend",
    "vwap_blend_sd", "delta", "delta_sum_20", "delta_ratio_20", "delta_scale_500", "delta_is_estimated",
    "structure", "slope_50", "r2_50", "support", "resistance", "support_strength", "resistance_strength",
    "break_value", "er_20", "bars", "gap", "degenerate", "support_kind", "resistance_kind",
    "swing_high", "swing_low", "bos", "choch", "sweep", "vwap_24h",
)  # fmt: skip
"""Prices in ticks. ``bars``: candles since the state began, without synthetic ones. ``gap``: 1 while a state that
began after missing candles has fewer than `SETTLED` bars, and on a synthetic candle. ``degenerate``: sum of
`FLAT_RSI`, `FLAT_BANDS`, `FLAT_ATR`. ``support_kind``, ``resistance_kind``: see `levels.OF_SWINGS`.
``swing_high``, ``swing_low``: the swing of `structure.SWING_DELAY` candles ago that this candle confirmed. ``bos``,
``choch``, ``sweep``: see `structure.breaks_next`. ``vwap_24h``: of the last 24 hours, NaN until as many are there."""
FLAT_RSI, FLAT_BANDS, FLAT_ATR = 1.0, 2.0, 4.0
SETTLED = 250.0

(
    O_CLOSE, O_RSI, O_MACD, O_MACD_SIGNAL, O_MACD_HIST, O_EMA_12, O_EMA_26, O_EMA_50, O_BB_UPPER, O_BB_MIDDLE,
    O_BB_LOWER, O_BB_SIGNED, O_BB_PERCENT, O_ATR, O_ADX, O_PLUS_DI, O_MINUS_DI, O_SUPERTREND, O_SUPERTREND_DIRECTION,
    O_OBV, O_OBV_CHANGE, O_VOLUME_SUM, O_VOLUME_SMA, O_RVOL, O_VWAP, O_VWAP_SD, O_VWAP_ESTIMATED, O_BLEND,
    O_BLEND_SD, O_DELTA, O_DELTA_SUM, O_DELTA_RATIO, O_DELTA_SCALE, O_DELTA_IS_ESTIMATED,
    O_STRUCTURE, O_SLOPE, O_R2, O_SUPPORT, O_RESISTANCE, O_SUPPORT_STRENGTH, O_RESISTANCE_STRENGTH,
    O_BREAK_VALUE, O_ER, O_BARS, O_GAP, O_DEGENERATE, O_SUPPORT_KIND, O_RESISTANCE_KIND,
    O_SWING_HIGH, O_SWING_LOW, O_BOS, O_CHOCH, O_SWEEP, O_VWAP_24H,
) = range(len(COLUMNS))  # fmt: skip

DELTA_LENGTH = 20
SCALES = 500
LEAST_SCALES = 100
"""Values of the delta ratio from which its scale is known."""
MOST_DAY_CANDLES = DAY_MS // MINUTE_MS
BLEND_MS = 60 * MINUTE_MS
"""Time since the session began from which its VWAP stands alone."""

# --- places in a state row -------------------------------------------------------------------------------------
# Scalars, then the machine of the structure: what a preview copies (up to WORK). `_19` and `_49` are what remains of
# a window when the next candle drops its oldest value; `OLD_` is the value that it drops.
(
    COUNT, BARS, AFTER_GAP, PREVIOUS_HIGH, PREVIOUS_LOW, PREVIOUS_CLOSE, CHANGE, ON_BALANCE, VOLUME_SUM,
    OLD_CLOSE, CLOSE_MEAN_19, CLOSE_M2_19, PATH_19, VOLUME_19, SIGNED_19, DELTA_19, ESTIMATES_19,
    SLOPE_SUM_49, SLOPE_MOMENT_49, SLOPE_MEAN_49, SLOPE_M2_49,
    DELTA_RUN, SQUARES_SO_FAR, RATIOS_SO_FAR, RATIOS, DAY_WEIGHT, DAY_MEAN, DAY_M2,
) = range(28)  # fmt: skip
(
    MACD_CELLS, EMA_12, EMA_50, RSI_CELLS, ATR_CELL, ADX_CELLS, ATR_10, TREND_CELLS, VWAP_CELLS, MACHINE, DAYS, WORK,
) = accumulate((3, 1, 1, 2, 1, 4, 1, 4, 5, MACHINE_CELLS, DAY_CELLS), initial=28)  # fmt: skip
# What a preview only reads.
(
    CLOSES, STEPS, VOLUMES, SIGNED, DELTAS, IS_ESTIMATE, SLOPE_CLOSES,
    OLD_CLOSES, SQUARES, RATIO_SQUARES, PIVOTS, PROFILE, DAY_RING, WIDTH,
) = accumulate(
    (*[20] * 6, SLOPE_RING, CHANGES, CHANGES, SCALES, LEVELS_CELLS, PROFILE_CELLS, 3 * MOST_DAY_CANDLES), initial=WORK
)  # fmt: skip

TICK_SIZE, IS_INVERSE, SESSION_MS, TIMEFRAME_MS = range(4)
Moments = tuple[float, float, float]
"""Weight, mean, sum of squared distances from the mean."""


# --- technical ---------------------------------------------------------------------------------------------------


@piece
def _averages(work: Floats, close: float, out: Floats) -> None:
    count = work[COUNT]
    out[O_MACD], out[O_MACD_SIGNAL], out[O_MACD_HIST] = macd_next(work, MACD_CELLS, count, close)
    # The slow average of the MACD is the EMA 26.
    out[O_EMA_26] = work[MACD_CELLS] if count >= 26.0 else math.nan
    out[O_EMA_12] = ema_next(work, EMA_12, count, close, 12.0)
    out[O_EMA_50] = ema_next(work, EMA_50, count, close, 50.0)


@piece
def _bands(work: Floats, close: float, out: Floats) -> float:
    """Bollinger bands and efficiency ratio; returns `FLAT_BANDS` or 0."""
    count = work[COUNT]
    out[O_ER] = math.nan
    if count > BAND_LENGTH:
        path = work[PATH_19] + abs(work[CHANGE])
        out[O_ER] = abs(close - work[OLD_CLOSE]) / path if path > 0.0 else 0.0
    if count < BAND_LENGTH:
        out[O_BB_UPPER] = out[O_BB_MIDDLE] = out[O_BB_LOWER] = out[O_BB_SIGNED] = out[O_BB_PERCENT] = math.nan
        return 0.0
    distance = close - work[CLOSE_MEAN_19]
    mean = work[CLOSE_MEAN_19] + distance * (1.0 / BAND_LENGTH)
    deviation = math.sqrt((work[CLOSE_M2_19] + distance * distance * (19.0 / 20.0)) * (1.0 / BAND_LENGTH))
    half = 2.0 * deviation
    out[O_BB_UPPER], out[O_BB_MIDDLE], out[O_BB_LOWER] = mean + half, mean, mean - half
    if deviation > 0.0:
        out[O_BB_SIGNED] = (close - mean) / half
        out[O_BB_PERCENT] = 0.5 + 0.5 * out[O_BB_SIGNED]
        return 0.0
    out[O_BB_SIGNED] = 0.0
    out[O_BB_PERCENT] = math.nan
    return FLAT_BANDS


@piece
def _ranges(work: Floats, candle: Floats, out: Floats) -> float:
    """ATR, ADX, Supertrend; returns `FLAT_ATR` or 0."""
    count = work[COUNT]
    out[O_ATR] = out[O_SUPERTREND] = out[O_SUPERTREND_DIRECTION] = math.nan
    high, low = candle[HIGH], candle[LOW]
    reach = true_range(high, low, work[PREVIOUS_CLOSE])
    up, down = high - work[PREVIOUS_HIGH], work[PREVIOUS_LOW] - low
    out[O_ADX], out[O_PLUS_DI], out[O_MINUS_DI] = adx_next(work, ADX_CELLS, count, up, down, reach)
    if count < 2.0:
        return 0.0
    out[O_ATR] = wilder_next(work, ATR_CELL, count - 1.0, reach, 14.0)
    short = wilder_next(work, ATR_10, count - 1.0, reach, float(SUPERTREND_LENGTH))
    if count > SUPERTREND_LENGTH:
        middle = (high + low) / 2.0
        out[O_SUPERTREND], out[O_SUPERTREND_DIRECTION] = supertrend_next(
            work, TREND_CELLS, middle, SUPERTREND_FACTOR * short, candle[CLOSE]
        )
    return FLAT_ATR if out[O_ATR] == 0.0 else 0.0


@piece
def _technical(work: Floats, candle: Floats, out: Floats) -> None:
    close = candle[CLOSE]
    out[O_CLOSE] = close
    out[O_RSI] = rsi_next(work, RSI_CELLS, work[COUNT], work[CHANGE])
    is_flat = work[COUNT] > 14.0 and work[RSI_CELLS] + work[RSI_CELLS + 1] == 0.0
    _averages(work, close, out)
    out[O_DEGENERATE] = (FLAT_RSI if is_flat else 0.0) + _bands(work, close, out) + _ranges(work, candle, out)


# --- volume ------------------------------------------------------------------------------------------------------


@piece
def _vwap(work: Floats, state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """VWAP of the session and of 24 hours, and the blend of both in the first hour of a session."""
    price, weight, is_estimated = candle_price(candle, params[TICK_SIZE], params[IS_INVERSE] != 0.0)
    session = math.floor(candle[OPEN_MS] / params[SESSION_MS])
    vwap_next(work, VWAP_CELLS, session, price, weight, is_estimated)
    day = _last_day(work, state, (weight, price, 0.0), params)
    is_whole = work[COUNT] >= _day_candles(params) and day[0] > 0.0
    out[O_VWAP_24H] = day[1] if is_whole else math.nan
    if not work[VWAP_CELLS + 1] > 0.0:
        out[O_VWAP] = out[O_VWAP_SD] = out[O_VWAP_ESTIMATED] = out[O_BLEND] = out[O_BLEND_SD] = math.nan
        return
    out[O_VWAP] = out[O_BLEND] = work[VWAP_CELLS + 2]
    out[O_VWAP_SD] = out[O_BLEND_SD] = math.sqrt(work[VWAP_CELLS + 3] / work[VWAP_CELLS + 1])
    out[O_VWAP_ESTIMATED] = work[VWAP_CELLS + 4]
    elapsed = candle[OPEN_MS] + params[TIMEFRAME_MS] - session * params[SESSION_MS]
    if elapsed < BLEND_MS:
        share = elapsed / BLEND_MS
        out[O_BLEND] = share * out[O_VWAP] + (1.0 - share) * day[1]
        out[O_BLEND_SD] = share * out[O_VWAP_SD] + (1.0 - share) * math.sqrt(day[2] / day[0])


# Sums over 24 hours. Nothing is ever taken out of one, so that nothing remains of a price that has left: behind the
# place of the newest candle the ring holds sums from each candle to the end of the window before; `DAY_WEIGHT` and the
# two cells behind it are the sum since. A sum is (weight, mean, sum of squared distances from it).


@piece
def _merged(one: Moments, other: Moments) -> Moments:
    """Both sums together (Chan, Golub, LeVeque 1983)."""
    if one[0] == 0.0:
        return other
    if other[0] == 0.0:
        return one
    weight, distance = one[0] + other[0], other[1] - one[1]
    part = other[0] / weight
    return weight, one[1] + distance * part, one[2] + other[2] + distance * distance * one[0] * part


@piece
def _day_candles(params: Floats) -> int:
    """Candles of a day, 1 where one is longer."""
    return min(max(int(DAY_MS / params[TIMEFRAME_MS]), 1), MOST_DAY_CANDLES)


@piece
def _last_day(work: Floats, state: Floats, newest: Moments, params: Floats) -> Moments:
    """Sum of the last 24 hours, the newest candle included."""
    since = _merged((work[DAY_WEIGHT], work[DAY_MEAN], work[DAY_M2]), newest)
    work[DAY_WEIGHT], work[DAY_MEAN], work[DAY_M2] = since
    count = _day_candles(params)
    place = (int(work[COUNT]) - 1) % count + 1
    if place == count:
        return since
    cell = DAY_RING + 3 * place
    return _merged((state[cell], state[cell + 1], state[cell + 2]), since)


@piece
def _push_day(state: Floats, candle: Floats, params: Floats) -> None:
    """Store the newest candle; a window that is full becomes the sums from each candle to its end."""
    price, weight, _ = candle_price(candle, params[TICK_SIZE], params[IS_INVERSE] != 0.0)
    count = _day_candles(params)
    place = (int(state[COUNT]) - 1) % count
    cell = DAY_RING + 3 * place
    state[cell], state[cell + 1], state[cell + 2] = weight, price, 0.0
    if place + 1 < count:
        return
    state[DAY_WEIGHT] = state[DAY_MEAN] = state[DAY_M2] = 0.0
    total = (weight, price, 0.0)
    for index in range(count - 2, -1, -1):
        cell = DAY_RING + 3 * index
        total = _merged((state[cell], state[cell + 1], state[cell + 2]), total)
        state[cell], state[cell + 1], state[cell + 2] = total


@piece
def _balance(work: Floats, volume: float, out: Floats) -> None:
    """OBV and the sums of the last 20 volumes."""
    bars = work[BARS]
    flow = signed(volume, work[CHANGE])
    work[ON_BALANCE] += flow if bars > 1.0 else volume
    before = work[VOLUME_SUM]
    total = work[VOLUME_19] + volume
    work[VOLUME_SUM] = total
    out[O_OBV] = work[ON_BALANCE]
    if bars >= BAND_LENGTH:
        out[O_VOLUME_SUM] = total
        out[O_VOLUME_SMA] = total * (1.0 / BAND_LENGTH)
    if bars > BAND_LENGTH:
        out[O_OBV_CHANGE] = work[SIGNED_19] + flow
        if before > 0.0:
            out[O_RVOL] = volume * BAND_LENGTH / before


@piece
def _delta(work: Floats, state: Floats, candle: Floats, out: Floats) -> None:
    """Delta of the candle, its ratio to the volume over 20, and the root mean square of that ratio over 500."""
    bars = work[BARS]
    squares = 0.0
    if bars > 1.0:
        work[SQUARES_SO_FAR] += work[CHANGE] * work[CHANGE]
        squares = window_sum(state, SQUARES, (int(bars) - 2) % CHANGES, CHANGES, work[SQUARES_SO_FAR])
    delta, is_estimate = candle[DELTA], 0.0
    if math.isnan(delta):
        is_estimate = 1.0
        if bars > CHANGES:
            since = candle[CLOSE] - state[OLD_CLOSES + (int(bars) - 1) % CHANGES]
            delta = estimated_delta(candle[VOLUME], work[CHANGE], since, squares)
    is_known = not math.isnan(delta)
    work[DELTA_RUN] = work[DELTA_RUN] + 1.0 if is_known else 0.0
    if is_known:
        out[O_DELTA] = delta
        out[O_DELTA_IS_ESTIMATED] = 1.0 if work[ESTIMATES_19] + is_estimate > 0.0 else 0.0
    if work[DELTA_RUN] < DELTA_LENGTH:
        return
    total = work[DELTA_19] + delta
    out[O_DELTA_SUM] = total
    if not work[VOLUME_SUM] > 0.0:
        return
    ratio = total / work[VOLUME_SUM]
    out[O_DELTA_RATIO] = ratio
    index = int(work[RATIOS]) % SCALES
    work[RATIOS] += 1.0
    work[RATIOS_SO_FAR] += ratio * ratio
    if work[RATIOS] >= LEAST_SCALES:
        total = window_sum(state, RATIO_SQUARES, index, SCALES, work[RATIOS_SO_FAR])
        out[O_DELTA_SCALE] = math.sqrt(total / min(work[RATIOS], float(SCALES)))


@piece
def _volume(work: Floats, state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Columns of the volume. A synthetic candle has no part in them: what was goes on, the rest is NaN."""
    _vwap(work, state, candle, params, out)
    for column in range(O_OBV, O_RVOL + 1):
        out[column] = math.nan
    for column in range(O_DELTA, O_DELTA_IS_ESTIMATED + 1):
        out[column] = math.nan
    if candle[SYNTHETIC] != 0.0:
        if work[BARS] > 0.0:
            out[O_OBV] = work[ON_BALANCE]
        return
    _balance(work, candle[VOLUME], out)
    _delta(work, state, candle, out)


# --- structure -----------------------------------------------------------------------------------------------------


@piece
def _structure(work: Floats, state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    close = candle[CLOSE]
    atr = 0.0 if math.isnan(out[O_ATR]) else out[O_ATR]
    rvol = 0.0 if math.isnan(out[O_RVOL]) else out[O_RVOL]
    swings_next(work, MACHINE, work[COUNT], candle, atr, rvol)
    out[O_SWING_HIGH] = work[MACHINE + HIGH_1] if work[MACHINE + NEW_HIGH] > 0.0 else math.nan
    out[O_SWING_LOW] = work[MACHINE + LOW_1] if work[MACHINE + NEW_LOW] > 0.0 else math.nan
    out[O_BREAK_VALUE], out[O_BOS], out[O_CHOCH], out[O_SWEEP] = breaks_next(work, MACHINE, candle)
    out[O_STRUCTURE] = work[MACHINE + STRUCTURE] if knows_structure(work, MACHINE) else math.nan
    out[O_SLOPE], out[O_R2] = slope_of(work, SLOPE_SUM_49, work[COUNT], close)
    below, above = nearest_levels(state, PIVOTS, work[COUNT], close)
    if params[TIMEFRAME_MS] < DAY_MS:
        day_next(work, DAYS, candle)
        below, above = with_day((below, above), work, DAYS, close)
        # Of the candles before this one, and none of the session before.
        if state[PROFILE + SESSION] == math.floor(candle[OPEN_MS] / params[SESSION_MS]) + 1.0:
            below, above = with_profile((below, above), state, PROFILE, close)
    is_known = below[0] > -math.inf
    out[O_SUPPORT], out[O_SUPPORT_KIND] = (below[0], below[2]) if is_known else (math.nan, math.nan)
    out[O_SUPPORT_STRENGTH] = below[1]
    is_known = above[0] < math.inf
    out[O_RESISTANCE], out[O_RESISTANCE_KIND] = (above[0], above[2]) if is_known else (math.nan, math.nan)
    out[O_RESISTANCE_STRENGTH] = above[1]


# --- the whole candle ------------------------------------------------------------------------------------------------


@piece
def _advance(work: Floats, state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Every column, from what the first `WORK` cells in ``work`` and the rest of ``state`` remember."""
    synthetic = candle[SYNTHETIC] != 0.0
    work[COUNT] += 1.0
    if not synthetic:
        work[BARS] += 1.0
    work[CHANGE] = candle[CLOSE] - work[PREVIOUS_CLOSE] if work[COUNT] > 1.0 else 0.0
    _technical(work, candle, out)
    _volume(work, state, candle, params, out)
    _structure(work, state, candle, params, out)
    out[O_BARS] = work[BARS]
    out[O_GAP] = 1.0 if synthetic or (work[AFTER_GAP] > 0.0 and work[BARS] < SETTLED) else 0.0
    work[PREVIOUS_HIGH], work[PREVIOUS_LOW], work[PREVIOUS_CLOSE] = candle[HIGH], candle[LOW], candle[CLOSE]


@piece
def _push_swing(state: Floats, kind: float, new: int, price: int, number: int) -> None:
    rvol = state[MACHINE + RVOLS + (int(state[COUNT]) - 1 + 3) % FRACTAL]
    pivot = (kind, state[MACHINE + price], state[MACHINE + number], rvol)
    push_pivot(state, PIVOTS, pivot, state[MACHINE + new] == 2.0)


@piece
def _commit_levels(state: Floats, close: float, atr: float) -> None:
    high, low = state[MACHINE + NEW_HIGH], state[MACHINE + NEW_LOW]
    # A swing that replaces the newest one comes before a new one of the other kind.
    if low == 2.0:
        _push_swing(state, -1.0, NEW_LOW, LOW_1, LOW_1_AT)
    if high > 0.0:
        _push_swing(state, 1.0, NEW_HIGH, HIGH_1, HIGH_1_AT)
    if low == 1.0:
        _push_swing(state, -1.0, NEW_LOW, LOW_1, LOW_1_AT)
    if high + low > 0.0 or is_broken(state, PIVOTS, close, atr):
        rebuild_levels(state, PIVOTS, state[COUNT], close, atr)


@piece
def _commit_profile(state: Floats, candle: Floats, params: Floats, atr: float) -> None:
    session = math.floor(candle[OPEN_MS] / params[SESSION_MS])
    is_start = candle[OPEN_MS] == session * params[SESSION_MS]
    profile_session(state, PROFILE, session, is_start, atr)
    add_candle(state, PROFILE, candle)
    if (candle[OPEN_MS] + params[TIMEFRAME_MS]) % EVERY_MS == 0.0:
        vwap = (candle[HIGH] + candle[LOW]) / 2.0
        if state[VWAP_CELLS + 1] > 0.0:
            vwap = state[VWAP_CELLS + 2]
        find_levels(state, PROFILE, vwap)


@piece
def _drop_oldest(state: Floats, at: int, newest: int, value: float) -> float:
    """Store the newest of a window of 20 and take its oldest out; returns the sum of the 19 that remain."""
    oldest = (newest + 1) % BAND_LENGTH
    total = sum_of_20(state, at, (newest, value), (oldest, 0.0))
    state[at + newest], state[at + oldest] = value, 0.0
    return total


@piece
def _commit_closes(state: Floats, close: float) -> None:
    newest = (int(state[COUNT]) - 1) % BAND_LENGTH
    oldest = (newest + 1) % BAND_LENGTH
    state[OLD_CLOSE] = state[CLOSES + oldest] if state[COUNT] >= BAND_LENGTH else 0.0
    moved = abs(state[CHANGE])
    state[PATH_19] += moved - state[STEPS + oldest]
    state[STEPS + newest] = moved
    new = (newest, close)
    if state[COUNT] >= BAND_LENGTH - 1:
        mean = sum_of_20(state, CLOSES, new, (oldest, 0.0)) / (BAND_LENGTH - 1)
        # The mean in the place of the oldest adds nothing to the distances.
        state[CLOSE_MEAN_19], state[CLOSE_M2_19] = mean, squares_of_20(state, CLOSES, mean, new, (oldest, mean))
    state[CLOSES + newest] = close
    commit_slope(state, SLOPE_SUM_49, SLOPE_CLOSES, state[COUNT], close)


@piece
def _commit_volumes(state: Floats, candle: Floats, out: Floats) -> None:
    bars = int(state[BARS])
    newest = (bars - 1) % BAND_LENGTH
    delta, is_estimate = candle[DELTA], 0.0
    if math.isnan(delta):
        is_estimate = 1.0
        delta = 0.0 if math.isnan(out[O_DELTA]) else out[O_DELTA]
    state[VOLUME_19] = _drop_oldest(state, VOLUMES, newest, candle[VOLUME])
    state[SIGNED_19] = _drop_oldest(state, SIGNED, newest, signed(candle[VOLUME], state[CHANGE]))
    state[DELTA_19] = _drop_oldest(state, DELTAS, newest, delta)
    state[ESTIMATES_19] = _drop_oldest(state, IS_ESTIMATE, newest, is_estimate)
    state[OLD_CLOSES + (bars - 1) % CHANGES] = candle[CLOSE]
    if bars > 1 and window_push(state, SQUARES, (bars - 2) % CHANGES, CHANGES, state[CHANGE] * state[CHANGE]):
        state[SQUARES_SO_FAR] = 0.0
    ratio = out[O_DELTA_RATIO]
    if not math.isnan(ratio):
        index = (int(state[RATIOS]) - 1) % SCALES
        if window_push(state, RATIO_SQUARES, index, SCALES, ratio * ratio):
            state[RATIOS_SO_FAR] = 0.0


@piece
def _commit(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Write the long windows, what remains of them for the next candle, and the levels."""
    _commit_closes(state, candle[CLOSE])
    _push_day(state, candle, params)
    if candle[SYNTHETIC] == 0.0:
        _commit_volumes(state, candle, out)
    if out[O_ATR] > 0.0:
        _commit_levels(state, candle[CLOSE], out[O_ATR])
    if params[TIMEFRAME_MS] < DAY_MS:
        _commit_profile(state, candle, params, out[O_ATR])


def _table_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    _advance(state, state, candle, params, out)
    _commit(state, candle, params, out)


def _table_peek(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    _advance(state[:WORK].copy(), state, candle, params, out)


def _table_peek_many(states: Floats, candles: Floats, params: Floats, out: Floats, which: Rows) -> None:
    scratch = np.empty(WORK)
    work = cells_at(scratch.ctypes.data, WORK)
    state_at, candle_at = states.ctypes.data, candles.ctypes.data
    params_at, out_at = params.ctypes.data, out.ctypes.data
    for row in which:
        state = cells_at(state_at + states.strides[0] * row, WIDTH)
        candle = cells_at(candle_at + candles.strides[0] * row, candles.shape[1])
        numbers = cells_at(params_at + params.strides[0] * row, params.shape[1])
        for cell in range(WORK):
            work[cell] = state[cell]
        _advance(work, state, candle, numbers, cells_at(out_at + out.strides[0] * row, out.shape[1]))
    scratch[0] = 0.0


CANDLE_TABLE: Kernel = make_kernel(
    "candle_table",
    WIDTH,
    COLUMNS,
    _table_step,
    candle_width=TABLE_CANDLE_WIDTH,
    previews=(_table_peek, _table_peek_many),
)


def table_params(instrument: Instrument, timeframe: Timeframe, session_ms: int = DAY_MS) -> Floats:
    """Parameters of the table of one instrument: (tick size, is inverse, session in ms, timeframe in ms)."""
    return np.array([*vwap_params(instrument, session_ms), float(timeframe.duration_ms)])
