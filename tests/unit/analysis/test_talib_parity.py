"""Every function of the table of analysis A against TA-Lib, on every file of real candles, in whole ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import talib

from tests.candle_series import Series, files_of, series_of
from virtuoso_desktop.analysis import indicators as ind
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 1e-9
SUPERTREND_WARM_UP = 10


def theirs_of(candles: ind.Floats) -> dict[str, ind.Floats]:
    """TA-Lib's answers under the names of our columns."""
    _, high, low, close, volume = candles[ind.OPEN : ind.VOLUME + 1]
    line, direction = talib.SUPERTREND(high, low, close, 10, 3.0)
    rsi = talib.RSI(close, 14)
    return {
        "rsi": rsi,
        **dict(zip(("macd", "macd_signal", "macd_hist"), talib.MACD(close, 12, 26, 9), strict=True)),
        "ema_12": talib.EMA(close, 12),
        "ema_26": talib.EMA(close, 26),
        "ema_50": talib.EMA(close, 50),
        **dict(zip(("bb_upper", "bb_middle", "bb_lower"), talib.BBANDS(close, 20, 2.0, 2.0), strict=True)),
        "atr": talib.ATR(high, low, close, 14),
        "adx": talib.ADX(high, low, close, 14),
        "plus_di": talib.PLUS_DI(high, low, close, 14),
        "minus_di": talib.MINUS_DI(high, low, close, 14),
        "supertrend": line,
        "supertrend_direction": np.where(np.arange(close.size) < SUPERTREND_WARM_UP, np.nan, direction),
        "obv": talib.OBV(close, volume),
        "volume_sma": talib.SMA(volume, 20),
        "rvol": talib.RVOL(volume, 20),
        "slope_50": talib.LINEARREG_SLOPE(close, 50),
        "sma": talib.SMA(close, 20),
        "natr": talib.NATR(high, low, close, 14),
        **dict(zip(("keltner_upper", "keltner_middle", "keltner_lower"), talib.KC(high, low, close), strict=True)),
        **dict(zip(("stoch_rsi_k", "stoch_rsi_d"), talib.STOCH(rsi, rsi, rsi, 14, 3, 0, 3, 0), strict=True)),
    }


def ours_of(candles: ind.Floats, tick_size: float, spacing_ms: int) -> dict[str, ind.Floats]:
    params = np.array([tick_size, 0.0, 86_400_000.0, spacing_ms])
    table = CANDLE_TABLE.batch(candles, params, CANDLE_TABLE.new_state())
    ours = dict(zip(CANDLE_TABLE.outputs, table.T, strict=True))
    for name in ("sma", "atr", "keltner", "stoch_rsi"):
        kernel, numbers = ind.KERNELS[name]
        out = kernel.batch(np.ascontiguousarray(candles[: kernel.candle_width]), np.array(numbers), kernel.new_state())
        ours |= dict(zip(kernel.outputs, out.T, strict=True))
    return ours


def undefined_in_talib(name: str, ours: dict[str, ind.Floats], candles: ind.Floats) -> np.ndarray:
    """Where the two differ on purpose.

    RSI of a flat window (50, not 0), a relative volume over nothing (no value), StochRSI where the RSI stands still
    but for rounding (50, not the noise).
    """
    if name == "rsi":
        return ours["rsi"] == 50.0
    if name == "rvol":
        before = talib.SUM(candles[ind.VOLUME], 20)
        return np.concatenate(([False], before[:-1] == 0.0))
    if not name.startswith("stoch_rsi"):
        return np.zeros(candles.shape[1], dtype=bool)
    windows = np.lib.stride_tricks.sliding_window_view(ours["rsi"], 14)
    flat = np.concatenate((np.zeros(13), np.ptp(windows, axis=1) <= 1e-9))
    return np.convolve(flat, np.ones(5))[: flat.size] > 0


def check(series: Series) -> int:
    runs = 0
    for candles in series.runs():
        ours, theirs = ours_of(candles, series.tick_size, series.spacing_ms), theirs_of(candles)
        for name, expected in theirs.items():
            keep = ~undefined_in_talib(name, ours, candles)
            got, wanted = ours[name][keep], expected[keep]
            np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted), err_msg=f"{series.name} {name}: warm-up")
            worst = np.nanmax(np.abs(got - wanted) / np.maximum(1.0, np.abs(wanted)), initial=0.0)
            assert worst <= TOLERANCE, f"{series.name} {name}: {worst}"
        runs += 1
    return runs


@pytest.mark.parametrize(
    ("folder", "runs"),
    [
        ("d_ohlcv_binance_spot", 17),
        ("d_ohlcv_binance_spot_daily", 4),
        ("d_ohlcv_binance_usdm", 36),
        ("d_ohlcv_bybit_linear", 20),
        ("d_ohlcv_other", 31),
    ],
)
def test_all_functions_equal_talib_on_every_run_without_gaps(real_data: Path, folder: str, runs: int) -> None:
    """At least ``runs`` runs: every file but two monthly or weekday ones and those of a month of four-hour candles."""
    found = [check(series) for path in files_of(real_data / folder) for series in series_of(path)]
    assert sum(found) >= runs
