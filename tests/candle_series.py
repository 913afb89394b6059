"""Series of candles for the tests of the analysis: every OHLCV file of the real data, and generated ones."""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from virtuoso_desktop.analysis.kernels import OPEN_MS, Floats
from virtuoso_desktop.files.ohlcv import OhlcvTable, read_ohlcv
from virtuoso_desktop.model.timeframe import MINUTE_MS

LEAST_RUN = 300
SQLITE_ENDING = ".data.sqlite.gz"


def candles_of(table: OhlcvTable, tick_size: float) -> Floats:
    """Columns of a file, shape (9, n), with prices rounded to whole ticks and without deltas.

    A file without volume or turnover has 0 there: the columns that need them stay without a value, and the price of
    a candle is the typical one.
    """
    nothing = np.zeros(table.rows)
    prices = [np.rint(column / tick_size) for column in (table.open, table.high, table.low, table.close)]
    volume = nothing if table.volume is None else table.volume
    turnover = nothing if table.turnover is None else table.turnover
    deltas = np.full(table.rows, math.nan)
    return np.vstack((table.open_ms.astype(np.float64), *prices, volume, turnover, deltas, nothing))


class Series(NamedTuple):
    """One series in whole ticks, shape (9, n), as the analysis reads it."""

    name: str
    candles: Floats
    tick_size: float
    spacing_ms: int

    def runs(self, least: int = LEAST_RUN) -> Iterator[Floats]:
        """Parts of at least ``least`` candles without a gap."""
        breaks = np.flatnonzero(np.diff(self.candles[OPEN_MS]) != self.spacing_ms) + 1
        for part in np.split(self.candles, breaks, axis=1):
            if part.shape[1] >= least:
                yield np.ascontiguousarray(part)


def files_of(folder: Path) -> list[Path]:
    """Every file of candles in a folder of the real data."""
    return sorted(path for path in folder.iterdir() if path.is_file())


def series_of(path: Path) -> list[Series]:
    """The series of a file; its tick is the smallest decimal of its prices."""
    if path.name.endswith(SQLITE_ENDING):
        return [_series(name, table) for name, table in _sqlite_tables(path)]
    if path.name.startswith(("EURUSD", "BTCUSD.")):
        return [_series(path.name, _without_a_name_for_time(path))]
    return [_series(f"{path.parent.name}/{path.name}", read_ohlcv(path))]


def _series(name: str, table: OhlcvTable) -> Series:
    tick_size = 10.0**-table.price_decimals
    steps, counts = np.unique(np.diff(table.open_ms), return_counts=True)
    return Series(name, candles_of(table, tick_size), tick_size, int(steps[counts.argmax()]))


def _without_a_name_for_time(path: Path) -> OhlcvTable:
    frame = pd.read_csv(path, index_col=0, parse_dates=True)
    columns = [frame[name].to_numpy(np.float64) for name in ("Open", "High", "Low", "Close", "Volume")]
    return OhlcvTable(path, frame.index.to_numpy("datetime64[ms]").astype(np.int64), *columns, None)


def _sqlite_tables(path: Path) -> Iterator[tuple[str, OhlcvTable]]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(gzip.decompress(path.read_bytes()))
        file.flush()
        rows = sqlite3.connect(file.name).execute("SELECT symbol, time_frame, candle FROM ohlcv").fetchall()
    groups: dict[str, dict[float, list[float]]] = {}
    for symbol, timeframe, text in rows:
        candle = json.loads(text)
        groups.setdefault(f"{path.name} {symbol} {timeframe}", {})[candle[0]] = candle
    for name, candles in groups.items():
        cells = np.array([candles[time] for time in sorted(candles)], dtype=np.float64)
        columns = [np.ascontiguousarray(column) for column in cells[:, 1:6].T]
        yield name, OhlcvTable(path, (cells[:, 0] * 1000).astype(np.int64), *columns, None)


def random_candles(seed: int, count: int, *, spacing_ms: int = MINUTE_MS, level: float = 10_000.0) -> Floats:
    """A walk in whole ticks with doji, zero volumes and some deltas, all drawn from ``seed``."""
    rng = np.random.default_rng(seed)
    scale = float(rng.choice([0.0, 1.0, 5.0, 50.0]))
    steps = np.rint(rng.standard_t(3, count) * scale)
    close = np.maximum(np.rint(level + np.cumsum(steps)), 200.0)
    opens = np.concatenate(([close[0]], close[:-1]))
    up, down = np.rint(rng.exponential(scale + 0.1, (2, count)))
    high = np.maximum(opens, close) + up
    low = np.maximum(np.minimum(opens, close) - down, 1.0)
    volume = np.where(rng.random(count) < 0.05, 0.0, rng.exponential(10.0, count))
    turnover = volume * rng.uniform(low, np.maximum(high, low + 1e-9)) * 0.1
    deltas = np.where(rng.random(count) < rng.choice([0.0, 0.5, 1.0]), volume * rng.uniform(-1, 1, count), np.nan)
    times = 1_700_006_400_000.0 + spacing_ms * np.arange(count)
    return np.vstack((times, opens, high, low, close, volume, turnover, deltas, np.zeros(count)))
