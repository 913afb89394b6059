"""The technical dimension: RSI, MACD, averages and Bollinger bands of one closed candle (analysis C.2, T1 to T4)."""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.components import absent, band_reading, clip, flat_or_known, put, sign, trend_weight
from virtuoso_desktop.analysis.kernels import Floats, piece
from virtuoso_desktop.analysis.layout import (
    BOLLINGER,
    DEGENERATE,
    EMA_CROSSOVER,
    MACD,
    NONE,
    RSI,
    T_ADX,
    T_ATR,
    T_BB_PERCENT,
    T_BB_SIGNED,
    T_DEGENERATE,
    T_EMA_12,
    T_EMA_26,
    T_MACD,
    T_MACD_HIST,
    T_RSI,
    WARMUP,
)

RSI_SPAN, RSI_QUIET, RSI_OUTER = 20.0, 15.0, 15.0
FLAT_RSI = 1
"""Bit of the table's ``degenerate`` for an RSI of closes that never moved."""
HIST_SCALE = 0.25
"""Histogram, in ATR, whose c is tanh(1)."""


@piece
def technical_step(table: Floats, inputs: Floats) -> None:
    """Write the four components from the candle table's row."""
    atr, adx = table[T_ATR], table[T_ADX]
    _rsi(table, adx, inputs)
    _macd(table, atr, inputs)
    _crossover(table, atr, inputs)
    _bollinger(table, adx, inputs)


@piece
def _rsi(table: Floats, adx: float, inputs: Floats) -> None:
    rsi = table[T_RSI]
    if math.isnan(rsi) or math.isnan(adx):
        absent(inputs, RSI, WARMUP)
        return
    trend = trend_weight(adx)
    above = rsi - 50.0
    reverting = sign(above) * clip((abs(above) - RSI_QUIET) / RSI_OUTER, 0.0, 1.0)
    c = trend * clip(above / RSI_SPAN, -1.0, 1.0) - (1.0 - trend) * reverting
    is_flat = int(table[T_DEGENERATE]) & FLAT_RSI
    put(inputs, RSI, c, rsi, DEGENERATE if is_flat else NONE)


@piece
def _macd(table: Floats, atr: float, inputs: Floats) -> None:
    histogram = table[T_MACD_HIST]
    if math.isnan(histogram) or math.isnan(atr):
        absent(inputs, MACD, WARMUP)
        return
    c = 0.0 if atr == 0.0 else math.tanh(histogram / (HIST_SCALE * atr))
    put(inputs, MACD, c, table[T_MACD], flat_or_known(atr))


@piece
def _crossover(table: Floats, atr: float, inputs: Floats) -> None:
    apart = table[T_EMA_12] - table[T_EMA_26]
    if math.isnan(apart) or math.isnan(atr):
        absent(inputs, EMA_CROSSOVER, WARMUP)
        return
    c = 0.0 if atr == 0.0 else math.tanh(apart / atr)
    put(inputs, EMA_CROSSOVER, c, sign(apart), flat_or_known(atr))


@piece
def _bollinger(table: Floats, adx: float, inputs: Floats) -> None:
    b = table[T_BB_SIGNED]
    if math.isnan(b) or math.isnan(adx):
        absent(inputs, BOLLINGER, WARMUP)
        return
    percent = table[T_BB_PERCENT]
    put(inputs, BOLLINGER, band_reading(b, trend_weight(adx)), percent, DEGENERATE if math.isnan(percent) else NONE)
