"""The history's DuckDB file: series of rows with the time that is known to be whole. For one thread.

One transaction writes rows and the time they cover together, so that after any death of the process every covered
range is whole, and what is missing is known as missing. There is no index: rows outside the covered time do not
exist, so only rows inside it have to be compared. Prices are decimals as the venue wrote them. More than 400 lines,
since every step of a transaction needs the one connection and what is known of its series.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_faults import history_fault, newer_fault, wal_of
from virtuoso_desktop.storage.history_rows import (
    VALUES,
    Batch,
    HistoryInfo,
    HistoryKind,
    Rows,
    SeriesInfo,
    SeriesKey,
    Stored,
)
from virtuoso_desktop.storage.ranges import Range, clipped, joined, length_ms

FORMAT = 1
MEMORY_LIMIT = "96MB"
RELEASED_LIMIT = "8MB"
WAL_LIMIT = "8MB"
CHUNK_ROWS = 100_000
"""Rows that one query returns: reading a million takes no second copy of them."""
FEWEST_KEPT_ROWS = 1_000
"""The disk cap never shortens a series below this: it would be fetched again at the next start."""
TRIMMED_SHARE = 0.1
FILLED_SHARE = 0.9
"""Of the cap: the rest is for what DuckDB writes anew before it frees the old."""
BYTES_PER_MB = 1_000_000
END_OF_TIME_MS = 2**62
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": MEMORY_LIMIT,
    "threads": 1,
    "wal_autocheckpoint": WAL_LIMIT,
    "autoinstall_known_extensions": False,  # a foreign file's header makes DuckDB download what reads it
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}
Mask = NDArray[np.bool_]
log = logging.getLogger(__name__)


class _Series(NamedTuple):
    """A series as the file numbers it."""

    number: int
    key: SeriesKey


class HistoryFile:
    """An open history. Every method raises StorageError (`HistoryFault`) for whatever the file or the disk does.

    Parameters
    ----------
    path : Path
        The file; made when it is not there (unless ``read_only``).
    read_only : bool
        For a look from outside while no program holds the file.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        import duckdb

        self.path = path
        self._series: dict[SeriesKey, _Series] = {}
        self._covered: dict[SeriesKey, tuple[Range, ...]] = {}
        with self._faults(opening=True):
            self._connection = duckdb.connect(str(path), read_only=read_only, config=CONFIG)
        try:
            with self._faults(opening=True):
                if not read_only:
                    self._make_tables()
                self._check_format()
                self._load()
                self._inode = _inode(path)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Write everything into the file and leave it."""
        import duckdb

        with suppress(duckdb.Error):
            self._connection.close()

    @property
    def is_in_place(self) -> bool:
        """The path still leads to the file that is open; False after someone deleted or replaced it."""
        return _inode(self.path) == self._inode

    @contextmanager
    def _faults(self, *, opening: bool = False) -> Generator[None]:
        import duckdb

        try:
            yield
        except (duckdb.Error, OSError, MemoryError) as error:
            raise history_fault(self.path, error, opening=opening) from error

    # --- tables ----------------------------------------------------------------------------------------------------

    def _make_tables(self) -> None:
        run = self._connection.execute
        run("BEGIN")
        run("CREATE TABLE IF NOT EXISTS meta (format INTEGER NOT NULL)")
        run("INSERT INTO meta SELECT ? WHERE NOT EXISTS (SELECT 1 FROM meta)", [FORMAT])
        run(
            "CREATE TABLE IF NOT EXISTS series (number INTEGER NOT NULL, instrument VARCHAR NOT NULL, "
            "kind VARCHAR NOT NULL, period VARCHAR NOT NULL, revised BIGINT NOT NULL)"
        )
        run("CREATE TABLE IF NOT EXISTS covered (series INTEGER NOT NULL, start_ms BIGINT, end_ms BIGINT)")
        for kind, names in VALUES.items():
            values = ", ".join(f"{name} DOUBLE" for name in names)
            run(f"CREATE TABLE IF NOT EXISTS {kind.value} (series INTEGER NOT NULL, time_ms BIGINT NOT NULL, {values})")
        run("COMMIT")

    def _check_format(self) -> None:
        if self._row("SELECT max(format) FROM meta") != (FORMAT,):
            raise newer_fault(self.path)

    def _load(self) -> None:
        run = self._connection.execute
        by_number: dict[int, SeriesKey] = {}
        for number, instrument, kind, period in run("SELECT number, instrument, kind, period FROM series").fetchall():
            try:
                key = SeriesKey(InstrumentId.parse(instrument), HistoryKind(kind), period)
            except ValueError:
                log.info("the history holds %s %s %s, which is not known here", instrument, kind, period)
                continue
            by_number[number] = key
            self._series[key] = _Series(number, key)
        ranges = run("SELECT series, start_ms, end_ms FROM covered ORDER BY series, start_ms").fetchall()
        for number, group in groupby(ranges, key=lambda row: row[0]):
            if number in by_number:
                self._covered[by_number[number]] = joined((start_ms, end_ms) for _, start_ms, end_ms in group)

    def _row(self, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        """The only row of a query. It is fetched to its end: DuckDB refuses a batch while a result is unfinished."""
        return self._connection.execute(query, parameters).fetchall()[0]

    # --- reading ---------------------------------------------------------------------------------------------------

    @property
    def series(self) -> tuple[SeriesKey, ...]:
        return tuple(sorted(self._series))

    @property
    def _kinds(self) -> set[HistoryKind]:
        """What there are series of: a file of an older program has no tables of the others."""
        return {key.kind for key in self._series}

    def covered(self, key: SeriesKey) -> tuple[Range, ...]:
        """Time in which the venue has nothing that is not held, oldest first."""
        return self._covered.get(key, ())

    def read(self, key: SeriesKey, start_ms: int, end_ms: int) -> Rows:
        """Rows with start_ms <= time < end_ms, oldest first, shape (1 + values, n)."""
        names = VALUES[key.kind]
        series = self._series.get(key)
        if series is None:
            return np.empty((1 + len(names), 0))
        table = f"FROM {key.kind.value} WHERE series = ? AND time_ms >= ? AND time_ms < ?"
        query = f"SELECT time_ms::DOUBLE AS time_ms, {', '.join(names)} {table}"
        with self._faults():
            run = self._connection.execute
            asked = [series.number, start_ms, end_ms]
            count, first_ms, last_ms = self._row(f"SELECT count(*), min(time_ms), max(time_ms) {table}", asked)
            rows = np.empty((1 + len(names), count))
            done = 0
            for from_ms, to_ms in _windows(count, first_ms, last_ms):
                columns = run(query, [series.number, from_ms, to_ms]).fetchnumpy()
                end = done + len(columns["time_ms"])
                for index, name in enumerate(("time_ms", *names)):
                    rows[index, done:end] = np.ma.filled(columns[name], np.nan)
                done = end
        # They mostly lie in the file in the order of time: sorting here costs less than asking DuckDB to.
        return rows if (np.diff(rows[0]) > 0).all() else rows[:, np.argsort(rows[0])]

    def newest(self, key: SeriesKey, before_ms: int, count: int) -> Rows:
        """The newest ``count`` rows before ``before_ms`` that no unknown time separates, oldest first."""
        whole = next((each for each in reversed(self.covered(key)) if each[0] < before_ms <= each[1]), None)
        if whole is None:
            return np.empty((1 + len(VALUES[key.kind]), 0))
        start_ms = whole[0]
        if key.kind.has_candles:
            timeframe = Timeframe(key.period)
            start_ms = max(start_ms, timeframe.step_back(timeframe.open_ms(before_ms - 1), count))
        return self.read(key, start_ms, before_ms)[:, -count:]

    def info(self) -> HistoryInfo:
        """What is held, by instrument, kind and period."""
        with self._faults():
            size = self.size_bytes
            found: list[tuple[SeriesKey, int, int, int, int]] = []
            for kind in self._kinds:
                sums = self._connection.execute(
                    "SELECT s.number, count(*), min(r.time_ms), max(r.time_ms), any_value(s.revised) "
                    f"FROM {kind.value} r JOIN series s ON s.number = r.series GROUP BY s.number"
                ).fetchall()
                by_number = {each.number: key for key, each in self._series.items()}
                found.extend((by_number[number], *rest) for number, *rest in sums if number in by_number)
        values = sum(rows * (2 + len(VALUES[key.kind])) for key, rows, *_ in found)
        return HistoryInfo(
            str(self.path),
            size,
            tuple(
                self._series_info(each, round(size * each[1] * (2 + len(VALUES[each[0].kind])) / values))
                for each in sorted(found)
            ),
        )

    def _series_info(self, found: tuple[SeriesKey, int, int, int, int], size_bytes: int) -> SeriesInfo:
        key, rows, first_ms, last_ms, revised = found
        end_ms = Timeframe(key.period).close_ms(last_ms) if key.kind.has_candles else last_ms + 1
        known_ms = length_ms(clipped(self.covered(key), first_ms, end_ms))
        return SeriesInfo(
            str(key.instrument_id), key.kind.value, key.period, rows, first_ms, last_ms,
            known_ms / (end_ms - first_ms), revised, size_bytes,
        )  # fmt: skip

    @property
    def size_bytes(self) -> int:
        """Space on disk: the file and what is not yet merged into it."""
        sizes = (path.stat().st_size for path in (self.path, wal_of(self.path)) if path.exists())
        return sum(sizes)

    # --- writing ---------------------------------------------------------------------------------------------------

    def store(self, batches: Sequence[Batch]) -> Stored:
        """Write rows and what they cover in one transaction; the newest word of the venue holds.

        Several batches of one series are applied in their order.
        """
        added = revised = 0
        covered = dict(self._covered)
        series = dict(self._series)
        with self._faults(), self._transaction():
            for kind, names in VALUES.items():
                of_kind = [batch for batch in batches if batch.key.kind is kind]
                fresh: list[tuple[int, Rows]] = []
                for key, group in groupby(sorted(of_kind, key=lambda batch: batch.key), key=lambda batch: batch.key):
                    number = self._number_of(key, series)
                    of_key = self._replaced(_Series(number, key), [*group], covered)
                    rows, whole = _merged(of_key, 1 + len(names))
                    new, changed = self._told_apart(_Series(number, key), rows)
                    changed &= not all(batch.yields for batch in of_key)
                    fresh.append((number, rows[:, new | changed]))
                    added += int(new.sum())
                    revised += int(changed.sum())
                    self._forget_rows(_Series(number, key), rows[0, changed])
                    covered[key] = joined((*covered.get(key, ()), *whole))
                self._insert(kind, fresh)
            self._write_covered({each.number: covered[key] for key, each in series.items() if key in covered})
        self._covered, self._series = covered, series
        return Stored(added, revised)

    def _replaced(
        self, series: _Series, batches: list[Batch], covered: dict[SeriesKey, tuple[Range, ...]]
    ) -> list[Batch]:
        """Delete what the batches replace; returns those that count."""
        last = max((index for index, batch in enumerate(batches) if batch.replaces), default=None)
        if last is None:
            return batches
        self._connection.execute(f"DELETE FROM {series.key.kind.value} WHERE series = ?", [series.number])
        covered[series.key] = ()
        return batches[last:]

    @contextmanager
    def _transaction(self) -> Generator[None]:
        import duckdb

        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _number_of(self, key: SeriesKey, series: dict[SeriesKey, _Series]) -> int:
        known = series.get(key)
        if known is not None:
            return known.number
        number = 1 + max((each.number for each in series.values()), default=0)
        self._connection.execute(
            "INSERT INTO series VALUES (?, ?, ?, ?, 0)", [number, str(key.instrument_id), key.kind.value, key.period]
        )
        series[key] = _Series(number, key)
        return number

    def _told_apart(self, series: _Series, rows: Rows) -> tuple[Mask, Mask]:
        """Masks of the rows that are new, and of those that are held with other values."""
        count: int = rows.shape[1]
        new: Mask = np.ones(count, dtype=np.bool_)
        changed: Mask = np.zeros(count, dtype=np.bool_)
        if not count or not clipped(self.covered(series.key), int(rows[0, 0]), int(rows[0, -1]) + 1):
            return new, changed
        held = self.read(series.key, int(rows[0, 0]), int(rows[0, -1]) + 1)
        if held.shape[1]:
            at = cast("NDArray[np.intp]", np.searchsorted(held[0], rows[0]))
            at[at == held.shape[1]] = 0
            there = held[:, at]
            new = np.not_equal(there[0], rows[0])
            changed = ~new & (np.not_equal(there[1:], rows[1:]) & ~(np.isnan(there[1:]) & np.isnan(rows[1:]))).any(
                axis=0
            )
        return new, changed

    def _forget_rows(self, series: _Series, times: Rows) -> None:
        if not times.size:
            return
        run = self._connection.execute
        run(
            f"DELETE FROM {series.key.kind.value} WHERE series = ? AND time_ms IN (SELECT unnest(?::BIGINT[]))",
            [series.number, [int(time_ms) for time_ms in times]],
        )
        run("UPDATE series SET revised = revised + ? WHERE number = ?", [times.size, series.number])

    def _write_covered(self, ranges: dict[int, tuple[Range, ...]]) -> None:
        """Replace the ranges of the series, by number, that differ from what is written."""
        written = {each.number: self._covered.get(key) for key, each in self._series.items()}
        changed = {number: new for number, new in ranges.items() if new != written.get(number)}
        if not changed:
            return
        run = self._connection.execute
        run("DELETE FROM covered WHERE series IN (SELECT unnest(?::INTEGER[]))", [list(changed)])
        flat = [(number, *each) for number, new in changed.items() for each in new]
        columns = np.array(flat, dtype=np.int64).reshape(-1, 3).T
        self._append("covered", dict(zip(("series", "start_ms", "end_ms"), columns, strict=True)))

    def _insert(self, kind: HistoryKind, fresh: Sequence[tuple[int, Rows]]) -> None:
        rows = np.concatenate([rows for _, rows in fresh], axis=1) if fresh else np.empty((1, 0))
        if not rows.shape[1]:
            return
        numbers = np.repeat([number for number, _ in fresh], [rows.shape[1] for _, rows in fresh])
        columns = {"series": numbers.astype(np.int32), "time_ms": rows[0].astype(np.int64)}
        columns |= {name: rows[index] for index, name in enumerate(VALUES[kind], 1)}
        self._append(kind.value, columns)

    def _append(self, table: str, columns: dict[str, NDArray[Any]]) -> None:
        import duckdb

        self._connection.register("batch", {name: np.ascontiguousarray(column) for name, column in columns.items()})
        try:
            self._connection.execute(f"INSERT INTO {table} SELECT * FROM batch")
        finally:
            with suppress(duckdb.Error):
                self._connection.unregister("batch")

    # --- disk cap --------------------------------------------------------------------------------------------------

    def trim(self, cap_mb: float) -> int:
        """Delete the oldest rows when the file is nearly as large as the cap; returns how many.

        A tenth of all rows goes: the longest series are shortened to one common length, counted in rows, so that
        last week's minutes never push out the days of past years. No series goes below 1,000 rows.
        """
        with self._faults():
            if self.used_bytes <= cap_mb * BYTES_PER_MB * FILLED_SHARE:
                return 0
            counts = self._counts()
            kept = common_length(list(counts.values()))
            covered = dict(self._covered)
            with self._transaction():
                for key, count in counts.items():
                    if count > kept:
                        covered[key] = self._shorten(self._series[key], kept)
            self._covered = covered
            self._connection.execute("CHECKPOINT")
        return sum(max(0, count - kept) for count in counts.values())

    def release_memory(self) -> None:
        """Give back the memory of blocks that were read or written lately, about 20 MB."""
        import duckdb

        for limit in (RELEASED_LIMIT, MEMORY_LIMIT):
            with suppress(duckdb.Error):  # what is in use stays
                self._connection.execute(f"SET memory_limit = '{limit}'")

    @property
    def used_bytes(self) -> int:
        """Space in use: deleted rows leave room in the file that later rows take."""
        with self._faults():
            (used,) = self._row("SELECT used_blocks * block_size FROM pragma_database_size()")
            wal = wal_of(self.path)
            return int(used) + (wal.stat().st_size if wal.exists() else 0)

    def _counts(self) -> dict[SeriesKey, int]:
        counts: dict[int, int] = {}
        for kind in self._kinds:
            counts |= dict(self._connection.execute(f"SELECT series, count(*) FROM {kind.value} GROUP BY 1").fetchall())
        return {key: counts[each.number] for key, each in self._series.items() if each.number in counts}

    def _shorten(self, series: _Series, kept: int) -> tuple[Range, ...]:
        run = self._connection.execute
        table = series.key.kind.value
        (cut_ms,) = self._row(
            f"SELECT time_ms FROM {table} WHERE series = ? ORDER BY time_ms DESC LIMIT 1 OFFSET ?",
            [series.number, kept - 1],
        )
        run(f"DELETE FROM {table} WHERE series = ? AND time_ms < ?", [series.number, cut_ms])
        ranges = clipped(self.covered(series.key), cut_ms, END_OF_TIME_MS)
        self._write_covered({series.number: ranges})
        return ranges


def common_length(counts: Sequence[int]) -> int:
    """The length to which the longest series are cut so that a tenth of all rows goes; at least 1,000."""
    wanted = sum(counts) * TRIMMED_SHARE
    ordered = sorted(counts, reverse=True)
    longer = 0
    for index, count in enumerate(ordered, 1):
        longer += count
        shorter = ordered[index] if index < len(ordered) else 0
        if longer - index * shorter >= wanted:
            return max(FEWEST_KEPT_ROWS, int((longer - wanted) / index))
    return FEWEST_KEPT_ROWS


def _windows(count: int, first_ms: int | None, last_ms: int | None) -> Iterator[Range]:
    """[first, last] cut into windows of about `CHUNK_ROWS` rows."""
    if first_ms is None or last_ms is None:
        return
    step_ms = -((first_ms - last_ms - 1) // -(-count // CHUNK_ROWS))
    for from_ms in range(first_ms, last_ms + 1, step_ms):
        yield from_ms, min(from_ms + step_ms, last_ms + 1)


def _merged(batches: Sequence[Batch], width: int) -> tuple[Rows, list[Range]]:
    """Rows of several batches of one series, ascending, the last word for each time; and all that they cover."""
    rows = np.concatenate([batch.rows for batch in batches], axis=1) if batches else np.empty((width, 0))
    newest_first = rows[:, ::-1]
    _, index = np.unique(newest_first[0], return_index=True)
    return newest_first[:, index], [each for batch in batches for each in batch.covered]


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
