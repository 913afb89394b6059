"""A user's file of candles as rows for the history: all of it, or a sentence that names the row at fault."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.files.ohlcv import OhlcvTable, read_ohlcv
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_rows import Batch, SeriesKey, candle_rows
from virtuoso_desktop.storage.ranges import joined

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class FileRows(NamedTuple):
    """What one file brings, and what is worth knowing about it."""

    batch: Batch
    remarks: tuple[str, ...]


def rows_of_file(path: Path, key: SeriesKey, timeframe: Timeframe, now_ms: int) -> FileRows:
    """Read and judge a file. Raises ParseError that names the first row at fault.

    Candles that the file lacks between others are remarked upon and stay known as missing; a last candle that is
    not closed at ``now_ms`` is left out.
    """
    table = read_ohlcv(path)
    opens = table.open_ms
    off = np.flatnonzero(opens != _on_grid(opens, timeframe))
    if off.size:
        raise _at_row(path, int(off[0]), f"{_time(opens[int(off[0])])} is not the open of a {timeframe.value} candle")
    closes = np.array([timeframe.close_ms(int(open_ms)) for open_ms in opens], dtype=np.int64)
    count = int(np.searchsorted(closes, now_ms, side="right"))
    if count < len(opens) - 1:
        raise _at_row(path, count, f"{_time(opens[count])} lies in the future")
    if not count:
        raise ParseError(f"{path.name} has no closed candle. No row was used.", kind="empty")
    remarks = _remarks(table, timeframe, closes, count)
    columns = (table.open, table.high, table.low, table.close, *_amounts(table))
    rows = candle_rows(opens[:count], *(column[:count] for column in columns))
    covered = joined(zip(opens[:count].tolist(), closes[:count].tolist(), strict=True))
    return FileRows(Batch(key, rows, covered, yields=True), remarks)


def _on_grid(opens: NDArray[np.int64], timeframe: Timeframe) -> NDArray[np.int64]:
    return np.array([timeframe.open_ms(int(open_ms)) for open_ms in opens], dtype=np.int64)


def _amounts(table: OhlcvTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Volume and turnover; NaN where the file has no such column."""
    unknown = np.full(table.rows, np.nan)
    return (
        table.volume if table.volume is not None else unknown,
        table.turnover if table.turnover is not None else unknown,
    )


def _remarks(table: OhlcvTable, timeframe: Timeframe, closes: NDArray[np.int64], count: int) -> tuple[str, ...]:
    name = table.path.name
    said: list[str] = []
    holes = np.flatnonzero(table.open_ms[1:count] > closes[: count - 1])
    if holes.size:
        lost_ms = int((table.open_ms[holes + 1] - closes[holes]).sum())
        row = int(holes[0])
        said.append(
            f"{name}: about {max(1, round(lost_ms / timeframe.duration_ms)):,} candles are missing in {holes.size:,} "
            f"places, the first after row {row + 1} ({_time(table.open_ms[row])}); they stay known as missing."
        )
    lacking = [word for word, column in (("volume", table.volume), ("turnover", table.turnover)) if column is None]
    if lacking:
        said.append(f"{name}: has no {' and no '.join(lacking)}; it is not made up, and the chart asks the exchange.")
    if count < table.rows:
        said.append(f"{name}: the last row ({_time(table.open_ms[count])}) is not closed yet and was left out.")
    return tuple(said)


def _at_row(path: Path, index: int, problem: str) -> ParseError:
    return ParseError(
        f"{path.name}, row {index + 1}: {problem}. No row was used; correct the file and start again.",
        kind="bad_value",
    )


def _time(open_ms: np.int64 | int) -> str:
    return f"{_EPOCH + dt.timedelta(milliseconds=int(open_ms)):%Y-%m-%d %H:%M:%S}"
