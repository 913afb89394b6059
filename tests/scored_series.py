"""Series of candles, made up or real, and their way through the candle table and the scoring."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis.scoring import scoring_params
from virtuoso_desktop.analysis.series import score_series
from virtuoso_desktop.analysis.series_gate import GatedSeries, SeriesColumns, gate_series
from virtuoso_desktop.files.ohlcv import read_rows
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.model.result import Profile
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.settings.schema import AnalysisSettings

Floats = NDArray[np.float64]

START_MS = 1_700_006_400_000
"""2023-11-15 00:00 UTC."""
FAR_MS = 1 << 44


class Scored(NamedTuple):
    """Rows of every fed candle."""

    table: Floats
    inputs: Floats
    outcome: Floats

    @property
    def score(self) -> Floats:
        return self.outcome[:, at.SCORE]

    def c(self, component: int) -> Floats:
        return self.inputs[:, component * at.CELLS + at.C]

    def dimension(self, dimension: int) -> Floats:
        return self.outcome[:, at.D_SCORE + dimension * at.DIMENSION_CELLS]


def default_analysis(*overrides: str) -> AnalysisSettings:
    """The default settings, with ``key=value`` over them."""
    loaded = load_settings(
        default_file=resource("config/default.yaml"), profile=Path("/nonexistent"), config_file=None,
        overrides=overrides, environ={},
    )  # fmt: skip
    return loaded.settings.analysis


PARAMS = scoring_params(default_analysis(), Profile.CANDLES_ONLY)
FULL_PARAMS = scoring_params(default_analysis(), Profile.FULL)


def scored(
    series: GatedSeries,
    tick_size: float = 1.0,
    *,
    timeframe: Timeframe = Timeframe.M5,
    params: Floats = PARAMS,
    has_volume: bool = True,
) -> Scored:
    """A series through table and scoring."""
    table_params = np.array([tick_size, 0.0, float(DAY_MS), float(timeframe.duration_ms)])
    stretches = list(score_series(series, table_params, params, has_volume=has_volume))
    return Scored(
        np.concatenate([each.table for each in stretches]),
        np.concatenate([each.inputs for each in stretches]),
        np.concatenate([each.outcome for each in stretches]),
    )


def fed(candles: Floats, timeframe: Timeframe = Timeframe.M5) -> GatedSeries:
    """Candles of shape (9, n) without gaps, as they are, in ticks."""
    count = candles.shape[1]
    return GatedSeries(
        np.zeros(count, dtype=np.int8),
        candles,
        np.arange(count),
        candles[0].astype(np.int64) + timeframe.duration_ms,
        np.zeros(count, dtype=np.bool_),
    )


def candles_of(prices: Floats, volume: Floats | float, turnover: Floats | float = 0.0) -> Floats:
    """Shape (9, n) from open, high, low, close in rows, one every five minutes, without streamed trades."""
    count = prices.shape[1]
    candles = np.zeros((9, count))
    candles[0] = START_MS + np.arange(count) * Timeframe.M5.duration_ms
    candles[1:5] = prices
    candles[5], candles[6], candles[7] = volume, turnover, np.nan
    return candles


def flat(count: int, price: float = 1000.0, volume: float = 5.0) -> Floats:
    return candles_of(np.full((4, count), price), volume)


def ramp(count: int, step: float) -> Floats:
    """One step a candle, and a step to both sides of each close."""
    closes = 100_000.0 + step * np.arange(count)
    prices = np.vstack((closes - step, closes + abs(step), closes - abs(step), closes))
    return candles_of(prices, 5.0)


def walk(seed: int, count: int, *, size: float = 30.0, base: float = 50_000.0) -> Floats:
    """Integer ticks of a market with quiet and loud times, candles without a move, and some without volume."""
    rng = np.random.default_rng(seed)
    loudness = np.exp(np.cumsum(rng.normal(0, 0.1, count)).clip(-2, 2))
    drift = np.repeat(rng.normal(0, 0.3, count // 40 + 1), 40)[:count]
    moves = np.rint((rng.normal(0, 1, count) + drift) * size * loudness)
    moves[rng.random(count) < 0.05] = 0.0
    closes = base + np.cumsum(moves)
    closes += max(0.0, 1000.0 - closes.min())
    opens = np.concatenate(([base], closes[:-1]))
    highs = np.maximum(opens, closes) + np.rint(rng.exponential(size / 2, count))
    lows = np.minimum(opens, closes) - np.rint(rng.exponential(size / 2, count))
    lows = np.maximum(lows, 1.0)
    volume = np.rint(rng.lognormal(3, 1, count) * 1000) / 1000
    volume[rng.random(count) < 0.01] = 0.0
    prices = np.vstack((opens, np.maximum(highs, opens), np.minimum(lows, opens), closes))
    inside = prices[2] + (prices[1] - prices[2]) * rng.random(count)
    return candles_of(prices, volume, volume * inside)


@st.composite
def walks(draw: st.DrawFn, least: int = 60, most: int = 420) -> Floats:
    """Made-up markets."""
    return walk(
        draw(st.integers(0, 2**32 - 1)), draw(st.integers(least, most)), size=draw(st.sampled_from([3.0, 40.0]))
    )


def real(folder: Path, name: str, tick_size: float, timeframe: Timeframe, most: int = 6000) -> GatedSeries:
    """The first rows of a real file."""
    table = read_rows(folder / name)
    columns = SeriesColumns(*(None if column is None else column[:most] for column in table[1:]))
    return gate_series(columns, timeframe, tick_size, FAR_MS)


REAL_FILES = (
    ("d_ohlcv_bybit_linear/BTCUSDT_5m.csv.gz", 0.1, Timeframe.M5),
    ("d_ohlcv_bybit_linear/DOGEUSDT_1m.csv.gz", 0.00001, Timeframe.M1),
    ("d_ohlcv_binance_usdm/ETHUSDT_4h.csv.gz", 0.01, Timeframe.H4),
    ("d_ohlcv_binance_spot_daily/XRPUSDT_1d.csv.gz", 0.0001, Timeframe.D1),
)
