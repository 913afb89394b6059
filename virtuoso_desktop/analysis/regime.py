"""The regime of one instrument: strength and direction of its trend, its volatility against its own average, a label.

Trend figures are columns of the candle table on closed candles of an hour; volatility is realised from returns of 5
minutes and is a fraction a day (analysis B.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.overview import Regime, RegimeLabel

Floats = NDArray[np.float64]

STEP_MS = 300_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
DAY_RETURNS = 288
LEAST_DAY_RATIO = 0.9
"""Of the returns of a day, to count as one."""
AVERAGE_DAYS = 30
LEAST_DAYS = 7
LEAST_BARS = 250
SMOOTHING = 0.5
"""EMA of 3 candles."""
TRENDING, STILL_TRENDING = 0.50, 0.40
VOLATILE, STILL_VOLATILE = 1.8, 1.5
MOST_TREND = 0.6
"""A market that trends more strongly is not called volatile."""
CONFIRMING = 2
LEAST_FIT = 0.3


class TrendColumns(NamedTuple):
    """Columns of the candle table, oldest first, NaN while warming up."""

    adx: Floats
    plus_di: Floats
    minus_di: Floats
    slope: Floats
    r2: Floats
    er: Floats
    bars: Floats


def trend_strengths(columns: TrendColumns) -> Floats:
    """0 to 1 at each candle: half by ADX, half by how straight the way of 20 candles was; smoothed over 3."""
    raw = 0.5 * np.clip((columns.adx - 15.0) / 30.0, 0.0, 1.0) + 0.5 * np.clip(columns.er / 0.5, 0.0, 1.0)
    smoothed, held = np.full(raw.size, np.nan), math.nan
    for place, value in enumerate(raw.tolist()):
        if not math.isnan(value):
            held = value if math.isnan(held) else held + SMOOTHING * (value - held)
            smoothed[place] = held
        else:
            held = math.nan
    return smoothed


def directions(columns: TrendColumns) -> Floats:
    """-1, 0 or 1 at each candle: where the directional index and the slope agree, else the slope if the line fits."""
    by_index = np.sign(columns.plus_di - columns.minus_di)
    by_slope = np.sign(columns.slope)
    fits = np.where(columns.r2 >= LEAST_FIT, by_slope, 0.0)
    return np.where(np.isnan(by_index) | np.isnan(by_slope), 0.0, np.where(by_index == by_slope, by_index, fits))


def label_of(strengths: Sequence[float], ways: Sequence[float], ratios: Sequence[float]) -> RegimeLabel:
    """The label after the last candle: each change needs two candles in a row, leaving one more than entering it."""
    held, wanted, count = RegimeLabel.UNKNOWN, RegimeLabel.UNKNOWN, 0
    for strength, way, ratio in zip(strengths, ways, ratios, strict=True):
        if math.isnan(strength):
            held, wanted, count = RegimeLabel.UNKNOWN, RegimeLabel.UNKNOWN, 0
            continue
        seen = _candidate(held, strength, way, ratio)
        count = count + 1 if seen is wanted else 1
        wanted = seen
        if count >= CONFIRMING:
            held = wanted
    return held


def _candidate(held: RegimeLabel, strength: float, way: float, ratio: float) -> RegimeLabel:
    if ratio >= (STILL_VOLATILE if held is RegimeLabel.VOLATILE else VOLATILE) and strength < MOST_TREND:
        return RegimeLabel.VOLATILE
    trend = RegimeLabel.TRENDING_BULLISH if way > 0 else RegimeLabel.TRENDING_BEARISH
    if way != 0.0 and strength >= (STILL_TRENDING if held is trend else TRENDING):
        return trend
    return RegimeLabel.RANGING


# --- volatility ------------------------------------------------------------------------------------------------------


class HourVariances(NamedTuple):
    """Sums of squared log returns of 5 minutes by the hour, and how many: hours since 1970, ascending."""

    hours: NDArray[np.int64]
    sums: Floats
    counts: Floats


NO_HOURS = HourVariances(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))


def hour_variances(open_ms: Floats, close: Floats) -> HourVariances:
    """From closed 5m candles, oldest first; a return across a hole is none."""
    if open_ms.size < 2:
        return NO_HOURS
    is_next = np.diff(open_ms) == STEP_MS
    squares = np.square(np.diff(np.log(close)))[is_next]
    of_hour = (open_ms[1:][is_next] // HOUR_MS).astype(np.int64)
    hours, places = np.unique(of_hour, return_inverse=True)
    sums, counts = np.zeros(hours.size), np.zeros(hours.size)
    np.add.at(sums, places, squares)
    np.add.at(counts, places, 1.0)
    return HourVariances(hours, sums, counts)


def joined_hours(older: HourVariances, newer: HourVariances) -> HourVariances:
    """Both; of an hour that both know, the one with more returns, the newer one at a tie."""
    hours = np.union1d(older.hours, newer.hours)
    sums, counts = np.zeros(hours.size), np.zeros(hours.size)
    for part in (older, newer):
        places = np.searchsorted(hours, part.hours)
        better = part.counts >= counts[places]
        sums[places[better]], counts[places[better]] = part.sums[better], part.counts[better]
    return HourVariances(hours, sums, counts)


def day_volatilities(variances: HourVariances, first_hour: int, last_hour: int) -> Floats:
    """Volatility of the 24 hours that end with each hour of a span, fraction a day; NaN where too much is missing."""
    span = last_hour - first_hour + 24
    table = np.zeros((2, span))
    places = variances.hours - (first_hour - 23)
    inside = (places >= 0) & (places < span)
    table[0, places[inside]], table[1, places[inside]] = variances.sums[inside], variances.counts[inside]
    so_far = np.concatenate((np.zeros((2, 1)), np.cumsum(table, axis=1)), axis=1)
    # Differences of a running sum of squares may end a hair below zero.
    sums, counts = np.maximum(so_far[:, 24:] - so_far[:, :-24], 0.0)
    is_whole = counts >= LEAST_DAY_RATIO * DAY_RETURNS
    return np.sqrt(sums * DAY_RETURNS / np.where(is_whole, counts, np.nan))


def current_volatility(open_ms: Floats, close: Floats) -> float | None:
    """Root of the summed squares of the last 288 returns of closed 5m candles, fraction a day."""
    if open_ms.size < 2:
        return None
    recent = open_ms >= open_ms[-1] - DAY_MS
    times, closes = open_ms[recent], close[recent]
    squares = np.square(np.diff(np.log(closes)))[np.diff(times) == STEP_MS]
    if squares.size < LEAST_DAY_RATIO * DAY_RETURNS:
        return None
    return math.sqrt(math.fsum(squares.tolist()) * DAY_RETURNS / squares.size)


def average_before(volatilities: Floats, count: int) -> Floats:
    """Median of the 30 days before each of the last ``count`` hours of a run of `day_volatilities`.

    NaN with fewer than 7 of them.
    """
    found = np.full(count, np.nan)
    for place in range(count):
        at = volatilities.size - count + place
        days = volatilities[at - 24 :: -24][:AVERAGE_DAYS] if at >= 24 else np.empty(0)
        days = days[~np.isnan(days)]
        if days.size >= LEAST_DAYS:
            found[place] = np.median(days)
    return found


# --- together --------------------------------------------------------------------------------------------------------

LABEL_HOURS = 48
"""Candles over which the label is followed."""


def regime_of(
    hour_open_ms: Floats, columns: TrendColumns, recent: tuple[Floats, Floats], variances: HourVariances
) -> Regime:
    """The regime after the last closed candle of an hour.

    Parameters
    ----------
    hour_open_ms : ndarray
        Opens of the candles of ``columns``.
    recent : (ndarray, ndarray)
        open_ms and close (ticks) of the closed 5m candles of the last day at least.
    variances : HourVariances
        Of the last 31 days, as far as they are known.
    """
    current = current_volatility(*recent)
    if not hour_open_ms.size:
        return Regime(current_volatility=current)
    last_hour = int(hour_open_ms[-1]) // HOUR_MS
    follow = min(LABEL_HOURS, hour_open_ms.size)
    first_hour = last_hour - (AVERAGE_DAYS + 1) * 24 - LABEL_HOURS
    days = day_volatilities(variances, first_hour, last_hour)
    averages = average_before(days, LABEL_HOURS)
    ratios = days[-LABEL_HOURS:] / np.where(averages > 0.0, averages, np.nan)
    at = last_hour - (hour_open_ms[-follow:] // HOUR_MS).astype(np.int64)
    ratio_at = np.where(at < LABEL_HOURS, ratios[LABEL_HOURS - 1 - np.minimum(at, LABEL_HOURS - 1)], np.nan)
    strengths, ways = trend_strengths(columns), directions(columns)
    bars = 0 if math.isnan(columns.bars[-1]) else int(columns.bars[-1])
    label = label_of(strengths[-follow:].tolist(), ways[-follow:].tolist(), ratio_at.tolist())
    average = None if math.isnan(averages[-1]) else float(averages[-1])
    strength = float(strengths[-1])
    return Regime(
        label=label if bars >= LEAST_BARS else RegimeLabel.UNKNOWN,
        trend_strength=None if math.isnan(strength) else strength,
        direction=int(ways[-1]),
        current_volatility=current,
        avg_volatility=average,
        vol_ratio=current / average if current is not None and average else None,
        closed_ms=int(hour_open_ms[-1]) + HOUR_MS,
        bars=bars,
    )
