"""The volume dimension: OBV, volume delta and VWAP of one closed candle (analysis C.2, V1 to V3)."""

from __future__ import annotations

import math

from virtuoso_desktop.analysis.components import (
    ESTIMATED_QUALITY,
    absent,
    band_reading,
    clip,
    flat_or_known,
    put,
    trend_weight,
    why_absent,
)
from virtuoso_desktop.analysis.kernels import Floats, piece
from virtuoso_desktop.analysis.layout import (
    CELLS,
    DEGENERATE,
    OBV,
    QUALITY,
    T_ADX,
    T_ATR,
    T_CLOSE,
    T_DELTA,
    T_DELTA_ESTIMATED,
    T_DELTA_RATIO,
    T_DELTA_SCALE,
    T_OBV,
    T_OBV_CHANGE,
    T_VOLUME_SUM,
    T_VWAP,
    T_VWAP_BLEND,
    T_VWAP_BLEND_SD,
    VOLUME_DELTA,
    VWAP,
    WARMUP,
)

LEAST_DELTA_SCALE = 0.02
LEAST_BAND = 0.25
"""Smallest deviation around the VWAP, in ATR."""


@piece
def volume_step(table: Floats, inputs: Floats) -> None:
    """Write the three components from the candle table's row."""
    _obv(table, inputs)
    _delta(table, inputs)
    _vwap(table, inputs)


@piece
def _obv(table: Floats, inputs: Floats) -> None:
    change, total = table[T_OBV_CHANGE], table[T_VOLUME_SUM]
    if math.isnan(change) or not total > 0.0:
        absent(inputs, OBV, WARMUP if math.isnan(change) else why_absent(total))
        return
    put(inputs, OBV, clip(1.5 * change / total, -1.0, 1.0), table[T_OBV], 0)


@piece
def _delta(table: Floats, inputs: Floats) -> None:
    ratio, scale, total = table[T_DELTA_RATIO], table[T_DELTA_SCALE], table[T_VOLUME_SUM]
    if total <= 0.0:
        absent(inputs, VOLUME_DELTA, DEGENERATE)
        return
    if math.isnan(ratio) or math.isnan(scale):
        absent(inputs, VOLUME_DELTA, WARMUP)
        return
    put(inputs, VOLUME_DELTA, math.tanh(ratio / max(scale, LEAST_DELTA_SCALE) / 1.5), table[T_DELTA], 0)
    if table[T_DELTA_ESTIMATED] != 0.0:
        inputs[VOLUME_DELTA * CELLS + QUALITY] = ESTIMATED_QUALITY


@piece
def _vwap(table: Floats, inputs: Floats) -> None:
    blend, sd = table[T_VWAP_BLEND], table[T_VWAP_BLEND_SD]
    adx, atr = table[T_ADX], table[T_ATR]
    if math.isnan(adx) or math.isnan(atr):
        absent(inputs, VWAP, WARMUP)
        return
    if math.isnan(blend) or math.isnan(sd):
        absent(inputs, VWAP, DEGENERATE)
        return
    band = 2.0 * max(sd, LEAST_BAND * atr)
    b = 0.0 if band == 0.0 else (table[T_CLOSE] - blend) / band
    put(inputs, VWAP, band_reading(b, trend_weight(adx)), table[T_VWAP], flat_or_known(band))
