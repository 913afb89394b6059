"""The dimension of price structure: levels, breaks and trend of one closed candle (analysis C.2)."""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.components import ESTIMATED_QUALITY, absent, clip, put, trend_weight
from virtuoso_desktop.analysis.kernels import Floats, piece
from virtuoso_desktop.analysis.layout import (
    CELLS,
    DEGENERATE,
    LEVEL,
    MISSING,
    NONE,
    QUALITY,
    SUPPORT_RESISTANCE,
    T_ADX,
    T_ATR,
    T_BREAK,
    T_CLOSE,
    T_EMA_50,
    T_R2,
    T_RESISTANCE,
    T_RESISTANCE_KIND,
    T_RESISTANCE_STRENGTH,
    T_SLOPE,
    T_STRUCTURE,
    T_SUPPORT,
    T_SUPPORT_KIND,
    T_SUPPORT_STRENGTH,
    TREND,
    WARMUP,
)
from virtuoso_desktop.analysis.levels import OF_CONTROL

ONE_SIDE_ATR = 2.0
"""With a level on one side only, the other is taken to be this many ATR away from it."""


@piece
def structure_step(table: Floats, inputs: Floats) -> None:
    """Write the two components from the candle table's row."""
    _levels(table, inputs)
    _trend(table, inputs)


@piece
def _levels(table: Floats, inputs: Floats) -> None:
    """Between support and resistance: ``(1 - a) q (1 - 2x) + a brk``; an estimate with a level of the profile."""
    atr, adx = table[T_ATR], table[T_ADX]
    if math.isnan(atr) or math.isnan(adx):
        absent(inputs, SUPPORT_RESISTANCE, WARMUP)
        return
    if atr == 0.0:
        absent(inputs, SUPPORT_RESISTANCE, DEGENERATE)
        return
    x, strength = _place(table, atr)
    broken = table[T_BREAK] if not math.isnan(table[T_BREAK]) else 0.0
    if math.isnan(x):
        if broken == 0.0:
            absent(inputs, SUPPORT_RESISTANCE, MISSING)
            return
        x, strength = 0.5, 0.0
    trend = trend_weight(adx)
    c = (1.0 - trend) * strength * (1.0 - 2.0 * x) + trend * broken
    distance, kind = _nearest(table)
    put(inputs, SUPPORT_RESISTANCE, clip(c, -1.0, 1.0), distance / atr, NONE)
    inputs[LEVEL] = 0.0 if math.isnan(kind) else kind + 1.0
    # False where there is no level: its kind is NaN.
    if table[T_SUPPORT_KIND] >= OF_CONTROL or table[T_RESISTANCE_KIND] >= OF_CONTROL:
        inputs[SUPPORT_RESISTANCE * CELLS + QUALITY] = ESTIMATED_QUALITY


@piece
def _place(table: Floats, atr: float) -> tuple[float, float]:
    """0 at the support to 1 at the resistance, and the strength that it is worth; NaN without any level."""
    close, support, resistance = table[T_CLOSE], table[T_SUPPORT], table[T_RESISTANCE]
    has_support, has_resistance = not math.isnan(support), not math.isnan(resistance)
    if has_support and has_resistance and resistance > support:
        x = (close - support) / (resistance - support)
        return clip(x, 0.0, 1.0), min(table[T_SUPPORT_STRENGTH], table[T_RESISTANCE_STRENGTH])
    if has_support and not has_resistance:
        return clip((close - support) / (ONE_SIDE_ATR * atr), 0.0, 1.0), table[T_SUPPORT_STRENGTH]
    if has_resistance and not has_support:
        return clip(1.0 - (resistance - close) / (ONE_SIDE_ATR * atr), 0.0, 1.0), table[T_RESISTANCE_STRENGTH]
    return math.nan, 0.0


@piece
def _nearest(table: Floats) -> tuple[float, float]:
    """Signed distance of the close from the nearest level, in ticks and positive above it, and the level's kind."""
    above, below = table[T_CLOSE] - table[T_SUPPORT], table[T_CLOSE] - table[T_RESISTANCE]
    if math.isnan(above) or abs(below) < abs(above):
        return below, table[T_RESISTANCE_KIND]
    return above, table[T_SUPPORT_KIND]


@piece
def _trend(table: Floats, inputs: Floats) -> None:
    """Swings, slope of the last 50 closes weighed by its fit, and the distance from the EMA 50."""
    atr, slope = table[T_ATR], table[T_SLOPE]
    away = table[T_CLOSE] - table[T_EMA_50]
    if math.isnan(atr) or math.isnan(slope) or math.isnan(away):
        absent(inputs, TREND, WARMUP)
        return
    if atr == 0.0:
        put(inputs, TREND, 0.0, math.nan, DEGENERATE)
        return
    # Too few swings are neither higher nor lower ones.
    structure = table[T_STRUCTURE] if not math.isnan(table[T_STRUCTURE]) else 0.0
    fit = table[T_R2] if not math.isnan(table[T_R2]) else 0.0
    c = 0.4 * structure + 0.4 * fit * math.tanh(50.0 * slope / (3.0 * atr)) + 0.2 * clip(away / (2.0 * atr), -1.0, 1.0)
    put(inputs, TREND, clip(c, -1.0, 1.0), slope / atr, NONE)
