"""Writes candles as CSV that `files.ohlcv` and any table program read: exact decimals, UTC times, the source in it."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from virtuoso_desktop.model.instrument import Instrument, Source, decimals
from virtuoso_desktop.model.timeframe import Timeframe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Columns = NDArray[np.float64]

HEADER = "time,open_ms,open,high,low,close,volume,turnover,closed,instrument,timeframe,source"
CHUNK_ROWS = 5_000
PAUSE_S = 0.001
"""After a chunk, so that a window beside the writing thread gets its turn."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class CandleRows(NamedTuple):
    """What is written: copies, so that a worker can take its time."""

    instrument: Instrument
    timeframe: Timeframe
    source: Source
    columns: Columns
    """Shape (7, n): open time UTC ms; open, high, low, close in ticks; volume in base, turnover in quote coin."""
    last_is_forming: bool


def write_candles(path: Path, rows: CandleRows) -> int:
    """Write a file, or leave the one that is there as it is; returns how many rows it has. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(f"{HEADER}\n")
            _write_rows(file, rows)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return rows.columns.shape[1]


def _write_rows(file: TextIO, rows: CandleRows) -> None:
    count = rows.columns.shape[1]
    tail = f"{rows.instrument.id},{rows.timeframe.value},{rows.source.value}\n"
    price = _PriceText(rows.instrument.tick_size)
    for begin in range(0, count, CHUNK_ROWS):
        part = rows.columns[:, begin : begin + CHUNK_ROWS]
        times = part[0].astype("int64").tolist()
        prices = [list(map(price, column)) for column in part[1:5].round().astype("int64").tolist()]
        amounts = [list(map(plain_number, column)) for column in part[5:7].tolist()]
        lines = [
            f"{moment(open_ms)},{open_ms},{o},{h},{low},{c},{volume},{turnover},1,{tail}"
            for open_ms, o, h, low, c, volume, turnover in zip(times, *prices, *amounts, strict=True)
        ]
        if rows.last_is_forming and begin + len(lines) == count:
            lines[-1] = lines[-1].replace(f",1,{tail}", f",0,{tail}")
        file.writelines(lines)
        time.sleep(PAUSE_S)


class _PriceText:
    """Ticks as the exact decimal of an instrument's grid, by whole numbers alone."""

    def __init__(self, tick_size: Decimal) -> None:
        self._digits = decimals(tick_size)
        self._unit = 10**self._digits
        self._tick = int(tick_size.scaleb(self._digits))

    def __call__(self, ticks: int) -> str:
        value = ticks * self._tick
        return f"{value // self._unit}.{value % self._unit:0{self._digits}d}" if self._digits else str(value)


def moment(time_ms: int) -> str:
    """UTC as ISO text with milliseconds: ``2025-04-05T00:00:00.000Z``."""
    return f"{(_EPOCH + dt.timedelta(milliseconds=time_ms)).isoformat(timespec='milliseconds')[:-6]}Z"


def plain_number(value: float) -> str:
    """The shortest decimal of a float, without an exponent: ``58.6``, ``120``, ``0.00001``."""
    words = repr(value)
    if "e" in words:
        words = f"{Decimal(words):f}"
    return words.removesuffix(".0")
