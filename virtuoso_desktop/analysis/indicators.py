"""The indicators under one name: what the chart and the command line import."""

from __future__ import annotations

from virtuoso_desktop.analysis.averages import EMA, MACD, NO_PARAMS, SMA, length_params
from virtuoso_desktop.analysis.kernels import (
    CANDLE_WIDTH,
    CLOSE,
    DELTA,
    HIGH,
    LOW,
    OPEN,
    OPEN_MS,
    SYNTHETIC,
    TABLE_CANDLE_WIDTH,
    TURNOVER,
    VOLUME,
    Floats,
    Kernel,
    Rows,
)
from virtuoso_desktop.analysis.momentum import ADX, RSI, STOCH_RSI
from virtuoso_desktop.analysis.ranges import ATR, BOLLINGER, ICHIMOKU, KELTNER, SUPERTREND
from virtuoso_desktop.analysis.volume import OBV, RELATIVE_VOLUME, VOLUME_DELTA, VWAP, vwap_params
from virtuoso_desktop.model.timeframe import DAY_MS

__all__ = [
    "ADX", "ATR", "BOLLINGER", "CANDLE_WIDTH", "CLOSE", "DELTA", "EMA", "HIGH", "ICHIMOKU", "KELTNER", "KERNELS",
    "LOW", "MACD", "NO_PARAMS", "OBV", "OPEN", "OPEN_MS", "RELATIVE_VOLUME", "RSI", "SMA", "STOCH_RSI", "SUPERTREND",
    "SYNTHETIC", "TABLE_CANDLE_WIDTH", "TURNOVER", "VOLUME", "VOLUME_DELTA", "VWAP", "Floats", "Kernel", "Rows",
    "compile_kernels", "ema_params", "length_params", "vwap_params",
]  # fmt: skip

_VWAP_EXAMPLE = (0.1, 0.0, float(DAY_MS))
KERNELS: dict[str, tuple[Kernel, tuple[float, ...]]] = {
    kernel.name: (kernel, params)
    for kernel, params in (
        (SMA, (20.0,)),
        (EMA, (12.0,)),
        (MACD, (0.0,)),
        (RSI, (0.0,)),
        (STOCH_RSI, (0.0,)),
        (ADX, (0.0,)),
        (ATR, (14.0,)),
        (BOLLINGER, (2.0,)),
        (KELTNER, (0.0,)),
        (SUPERTREND, (0.0,)),
        (ICHIMOKU, (0.0,)),
        (OBV, (0.0,)),
        (RELATIVE_VOLUME, (0.0,)),
        (VWAP, _VWAP_EXAMPLE),
        (VOLUME_DELTA, (float(DAY_MS),)),
    )
}
"""Every kernel of a single indicator by name, with parameters as an analysis has them."""
SHOWN_AT_START = ("ema", "vwap")
ema_params = length_params


def compile_kernels(names: tuple[str, ...] = SHOWN_AT_START) -> tuple[Kernel, ...]:
    """Compile or load the named kernels, by default those of the chart's first lines; for a worker."""
    import numpy as np

    for name in names:
        kernel, params = KERNELS[name]
        kernel.compile(np.array(params))
    return tuple(KERNELS[name][0] for name in names)
