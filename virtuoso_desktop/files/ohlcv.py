"""Reads files of candles: CSV (plain or gzip), Parquet and Feather, columns by name.

Column names are matched without regard to case: ``open high low close``, one of ``timestamp time open_time date
datetime`` or a first column without a name, and, where the file has them, ``volume`` and one of ``turnover
quote_volume quote_asset_volume``; other columns are ignored. A text file whose first line is numbers has no names:
then the columns are time, open, high, low, close, volume, as venues publish them. A time is the open of its candle:
ISO text (without a zone it is UTC) or a number of seconds, milli-, micro- or nanoseconds since 1970. Rows are
numbered from 1 without the header. No row is ever dropped, moved or corrected: `read_ohlcv` refuses a file with a bad
row by a `ParseError` that names it, `read_rows` leaves the judgement to others.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.errors import ParseError

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIME_NAMES = ("timestamp", "time", "open_time", "date", "datetime")
PRICE_NAMES: tuple[str, ...] = ("open", "high", "low", "close")
TURNOVER_NAMES = ("turnover", "quote_volume", "quote_asset_volume")
_TEXT_ENDINGS = (".csv", ".csv.gz")
_ARROW_ENDINGS = (".parquet", ".feather")
_CHUNK_ROWS = 65_536
_BLANKS = frozenset({"", "null", "none", "na", "n/a", "-", "--"})
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)
_NUMBER = re.compile(r"\s*-?\d{9,}(\.\d*)?\s*")
_NUMBER_CELL = re.compile(r"\s*\d+(\.\d*)?([eE][-+]?\d+)?\s*")
_NAMELESS = ("open_time", "open", "high", "low", "close", "volume")
"""Columns of a file whose first line holds numbers: the order in which venues publish their candles."""
_KLINE_FIELDS = 12
"""Fields of Binance's own files, the eighth of which is the quote volume."""
_UNITS = ((1e11, 1000.0), (1e14, 1.0), (1e17, 1e-3), (float("inf"), 1e-6))
"""(upper limit of the number, ms per unit) of seconds, milli-, micro- and nanoseconds, for times since 1973."""
_SIGNIFICANT = 1e-15
"""A float holds 15 decimal digits; what differs by less is the same decimal."""


class OhlcvTable(NamedTuple):
    """The rows of one file, oldest first, as equally long columns.

    ``open_ms`` is UTC; prices are in quote coin, ``volume`` in base coin, ``turnover`` in quote coin. ``volume``
    and ``turnover`` are None where the file has no such column.
    """

    path: Path
    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None
    turnover: Floats | None

    @property
    def rows(self) -> int:
        return int(self.open_ms.size)

    @property
    def price_decimals(self) -> int:
        """Digits after the point that the prices need."""
        return max(decimals_of(column) for column in (self.open, self.high, self.low, self.close))


def decimals_of(values: Floats, most: int = 12) -> int:
    """Fewest digits after the point, at most ``most``, that keep 15 significant digits of every value."""
    for digits in range(most):
        power = 10.0**digits
        if np.all(np.abs(np.rint(values * power) / power - values) <= np.abs(values) * _SIGNIFICANT):
            return digits
    return most


def read_ohlcv(path: Path) -> OhlcvTable:
    """All rows of a file of candles, every one of which is a candle and later than the one before.

    Raises
    ------
    ParseError
        As `read_rows`; ``bad_value`` for a bad row, which is named.
    """
    table = _read(path, keeps_blanks=False)
    _check(table)
    return table


def read_rows(path: Path) -> OhlcvTable:
    """All rows of a file of candles as they stand there, judged by nobody; a blank number is NaN.

    Raises
    ------
    ParseError
        ``malformed`` when the file cannot be read as what its name says or lacks a column, ``empty`` without rows,
        ``unsupported_kind`` for another ending, ``bad_value`` for a row without a time or with words as a number.
    """
    return _read(path, keeps_blanks=True)


def _read(path: Path, *, keeps_blanks: bool) -> OhlcvTable:
    name = path.name.lower()
    if name.endswith(_TEXT_ENDINGS):
        columns = _read_text(path, keeps_blanks=keeps_blanks)
    elif name.endswith(_ARROW_ENDINGS):
        columns = _read_arrow(path, keeps_blanks=keeps_blanks)
    else:
        raise ParseError(
            f"{path.name} is not a file of candles that can be read: use {', '.join(_TEXT_ENDINGS + _ARROW_ENDINGS)}.",
            kind="unsupported_kind",
        )
    if columns.open_ms.size == 0:
        raise ParseError(f"{path.name} has no rows of candles.", kind="empty")
    return columns


class _Places(NamedTuple):
    """Where the columns are."""

    time: int
    prices: tuple[int, int, int, int]
    volume: int | None
    turnover: int | None

    def values(self) -> list[tuple[str, int]]:
        found = list(zip(PRICE_NAMES, self.prices, strict=True))
        if self.volume is not None:
            found.append(("volume", self.volume))
        if self.turnover is not None:
            found.append(("turnover", self.turnover))
        return found


def _places(path: Path, header: Sequence[str]) -> _Places:
    names = [name.strip().lower().replace(" ", "_") for name in header]

    def first(candidates: Iterable[str]) -> int | None:
        return next((names.index(name) for name in candidates if name in names), None)

    time, prices = first(TIME_NAMES), [first((name,)) for name in PRICE_NAMES]
    if time is None and names[:1] == [""]:
        time = 0  # pandas writes its index without a name
    missing = [name for name, place in zip(PRICE_NAMES, prices, strict=True) if place is None]
    if time is None:
        missing.insert(0, f"time ({', '.join(TIME_NAMES)})")
    if time is None or missing:
        shown = ", ".join(repr(name.strip()) for name in header[:12]) or "no columns"
        raise ParseError(f"{path.name} has no column named {' and '.join(missing)}; it has {shown}.", kind="malformed")
    o, h, low, c = (place for place in prices if place is not None)
    return _Places(time, (o, h, low, c), first(("volume",)), first(TURNOVER_NAMES))


def _table(path: Path, open_ms: Ints, values: dict[str, Floats]) -> OhlcvTable:
    o, h, low, c = (values[name] for name in PRICE_NAMES)
    return OhlcvTable(path, open_ms, o, h, low, c, values.get("volume"), values.get("turnover"))


def _bad_value(path: Path, row: int, problem: str) -> ParseError:
    return ParseError(
        f"{path.name}, row {row}: {problem}. No row was used; correct the file and start again.", kind="bad_value"
    )


def _unreadable(path: Path, error: Exception) -> ParseError:
    reason = getattr(error, "strerror", None) or str(error).strip().rstrip(".") or type(error).__name__
    return ParseError(f"{path} cannot be read: {reason}.", kind="malformed")


# --- text ---


def _read_text(path: Path, *, keeps_blanks: bool) -> OhlcvTable:
    try:
        with _open_text(path) as file:
            return _read_rows(path, file, keeps_blanks=keeps_blanks)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error


def _open_text(path: Path) -> TextIO:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_rows(path: Path, file: TextIO, *, keeps_blanks: bool) -> OhlcvTable:
    head = file.readline()
    delimiter = max(",;\t", key=head.count)
    header = [*csv.reader([head], delimiter=delimiter), []][0]
    if len(header) >= len(_NAMELESS) and all(map(_NUMBER_CELL.fullmatch, header[: len(_NAMELESS)])):
        file.seek(0)
        header = [*_NAMELESS, *(("close_time", "quote_volume") if len(header) == _KLINE_FIELDS else ())]
    places = _places(path, header)
    reader = filter(None, csv.reader(file, delimiter=delimiter))
    times: list[Ints] = []
    parts: dict[str, list[Floats]] = {name: [] for name, _ in places.values()}
    done = 0
    while rows := list(itertools.islice(reader, _CHUNK_ROWS)):
        texts = _column(path, rows, places.time, done)
        times.append(_times_of_text(path, texts, done))
        for name, place in places.values():
            texts = _column(path, rows, place, done)
            if keeps_blanks:
                texts = ["nan" if text.strip().lower() in _BLANKS else text for text in texts]
            parts[name].append(_numbers_of_text(path, name, texts, done))
        done += len(rows)
    open_ms = np.concatenate(times) if times else np.empty(0, dtype=np.int64)
    return _table(path, open_ms, {name: np.concatenate(part or [np.empty(0)]) for name, part in parts.items()})


def _column(path: Path, rows: list[list[str]], place: int, done: int) -> list[str]:
    try:
        return [row[place] for row in rows]
    except IndexError:
        short = next(index for index, row in enumerate(rows) if len(row) <= place)
        raise _bad_value(path, done + short + 1, f"it has only {len(rows[short])} fields") from None


def _numbers_of_text(path: Path, name: str, texts: list[str], done: int) -> Floats:
    try:
        return np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    except ValueError:
        index = _first_failing(float, texts)
        raise _bad_value(path, done + index + 1, f"the {name} {texts[index]!r} is not a number") from None


def _times_of_text(path: Path, texts: list[str], done: int) -> Ints:
    if _NUMBER.fullmatch(texts[0]):
        return _times_of_numbers(path, _numbers_of_text(path, "time", texts, done), done)
    try:
        return np.fromiter(map(_iso_ms, texts), dtype=np.int64, count=len(texts))
    except ValueError:
        index = _first_failing(_iso_ms, texts)
        raise _bad_value(path, done + index + 1, f"the time {texts[index]!r} is not one") from None


def _iso_ms(text: str) -> int:
    moment = dt.datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) // _MILLISECOND


def _first_failing(convert: Callable[[str], object], texts: list[str]) -> int:
    for index, text in enumerate(texts):
        try:
            convert(text)
        except ValueError:
            return index
    return len(texts) - 1


def _times_of_numbers(path: Path, numbers: Floats, done: int) -> Ints:
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers > 0)))
    if bad.size:
        raise _bad_value(path, done + int(bad[0]) + 1, f"the time {numbers[bad[0]]:g} is not one")
    limits = [limit for limit, _ in _UNITS]
    units = np.searchsorted(limits, numbers, side="right")
    other = np.flatnonzero(units != units[0])
    if other.size:
        problem = f"the time {numbers[other[0]]:.0f} is in another unit than the rows before"
        raise _bad_value(path, done + int(other[0]) + 1, problem)
    return np.rint(numbers * _UNITS[int(units[0])][1]).astype(np.int64)


# --- Arrow ---


def _read_arrow(path: Path, *, keeps_blanks: bool) -> OhlcvTable:
    import pyarrow as pa
    from pyarrow import feather, parquet

    try:
        is_parquet = path.name.lower().endswith(".parquet")
        table = parquet.ParquetFile(str(path)).read() if is_parquet else feather.read_table(str(path))
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    places = _places(path, table.column_names)
    if table.num_rows == 0:
        return _table(path, np.empty(0, dtype=np.int64), {name: np.empty(0) for name, _ in places.values()})
    values = {
        name: _arrow_numbers(path, name, table.column(place), keeps_blanks=keeps_blanks)
        for name, place in places.values()
    }
    return _table(path, _arrow_times(path, table.column(places.time)), values)


def _arrow_times(path: Path, column: pa.ChunkedArray) -> Ints:
    import pyarrow as pa

    if column.null_count:
        raise _bad_value(path, column.is_null().to_pylist().index(True) + 1, "the time is missing")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        exact = column.cast(pa.timestamp("ns", getattr(column.type, "tz", None)), safe=False)
        return _joined(exact.cast(pa.int64())) // 1_000_000
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return _times_of_numbers(path, _joined(column.cast(pa.float64(), safe=False)), 0)
    return _times_of_text(path, [str(value) for value in column.to_pylist()], 0)


def _arrow_numbers(path: Path, name: str, column: pa.ChunkedArray, *, keeps_blanks: bool) -> Floats:
    import pyarrow as pa

    is_number = (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)
    )
    if column.null_count and keeps_blanks and is_number:
        floats = column if pa.types.is_float32(column.type) else column.cast(pa.float64(), safe=False)
        column = floats.fill_null(math.nan)
    elif column.null_count and keeps_blanks:
        texts = ["nan" if cell is None else str(cell) for cell in column.to_pylist()]
        return _numbers_of_text(path, name, texts, 0)
    if column.null_count:
        raise _bad_value(path, column.is_null().to_pylist().index(True) + 1, f"the {name} is missing")
    if pa.types.is_float32(column.type):
        return _joined(column).astype("U32").astype(np.float64)
    if is_number:
        return _joined(column.cast(pa.float64(), safe=False))
    return _numbers_of_text(path, name, [str(value) for value in column.to_pylist()], 0)


def _joined(column: pa.ChunkedArray) -> NDArray[Any]:
    """The column as one array; pyarrow's own conversion would import pandas."""
    return np.concatenate([np.from_dlpack(chunk) for chunk in column.chunks])


# --- rows ---


def _check(table: OhlcvTable) -> None:
    """Raise on the first row that cannot be a candle."""
    problems = [problem for problem in _problems(table) if problem is not None]
    if problems:
        row, text = min(problems)
        raise _bad_value(table.path, row + 1, text)


def _problems(table: OhlcvTable) -> Iterator[tuple[int, str] | None]:
    """(index of the first bad row, what is wrong) for each kind of problem."""
    o, h, low, c = table.open, table.high, table.low, table.close
    for name, column in (*zip(PRICE_NAMES, (o, h, low, c), strict=True),):
        yield _first(~(np.isfinite(column) & (column > 0)), lambda i, n=name, v=column: f"the {n} {v[i]:g} is no price")
    for name, column in (("volume", table.volume), ("turnover", table.turnover)):
        if column is not None:
            bad = ~(np.isfinite(column) & (column >= 0))
            yield _first(bad, lambda i, n=name, v=column: f"the {n} {v[i]:g} is not a size")
    yield _first(h < low, lambda i: f"the high {h[i]!s} is below the low {low[i]!s}")
    yield _first(h < np.maximum(o, c), lambda i: f"the high {h[i]!s} is below the open or the close")
    yield _first(low > np.minimum(o, c), lambda i: f"the low {low[i]!s} is above the open or the close")
    steps = np.diff(table.open_ms, prepend=table.open_ms[0] - 1)
    yield _first(steps == 0, lambda i: f"the time {_shown(table, i)} is there twice")
    yield _first(steps < 0, lambda i: f"the time {_shown(table, i)} is before the row above it; rows must be in order")


def _first(bad: NDArray[np.bool_], say: Callable[[int], str]) -> tuple[int, str] | None:
    found = np.flatnonzero(bad)
    return (int(found[0]), say(int(found[0]))) if found.size else None


def _shown(table: OhlcvTable, index: int) -> str:
    moment = _EPOCH + int(table.open_ms[index]) * _MILLISECOND
    return moment.isoformat(sep=" ", timespec="minutes")
