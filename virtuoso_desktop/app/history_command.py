"""``history info|export|import``: what is kept on disk, into files and out of files.

Beside a running program it is that program that is asked, since only one process may open the history.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from virtuoso_desktop.app.answer import answered, print_json, print_line
from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.app.stored_data import (
    add_file_arguments,
    add_folder_arguments,
    add_series_arguments,
    source_folder,
    wanted_file,
    write_whole,
)
from virtuoso_desktop.frames import BEGINNING_MS, END_MS, candles_key, frame_of, moment_ms
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_access import open_history
from virtuoso_desktop.storage.history_import import FileRows, rows_of_file
from virtuoso_desktop.storage.history_rows import HistoryInfo, SeriesInfo, SeriesKey

BYTES_PER_MB = 1_000_000
FORMATS = ("parquet", "csv")
PACKED = ".gz"
_HEADS = ("instrument", "what", "rows", "first (UTC)", "last (UTC)", "covered", "revised", "MB")
_RIGHT = frozenset({2, 5, 6, 7})
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def run_history(argv: Sequence[str]) -> int:
    """Run one command on the history; returns the exit code."""
    given = _parser().parse_args(argv)
    commands: dict[str, Callable[[argparse.Namespace], None]] = {
        "info": _info,
        "export": _export,
        "import": _import,
    }
    return answered(lambda: commands[given.command](given))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} history", description="The candles that are kept on disk.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="info|export|import")
    info = commands.add_parser("info", help="what is kept", allow_abbrev=False)
    info.add_argument("--json", action="store_true", help="the result as JSON")
    export = commands.add_parser("export", help="candles into a file", allow_abbrev=False)
    add_file_arguments(export, FORMATS)
    export.add_argument("--start", metavar="TIME", help="first open, ISO 8601; UTC when it names no zone")
    export.add_argument("--end", metavar="TIME", help="candles that open before it")
    import_ = commands.add_parser("import", help="candles from files", allow_abbrev=False)
    import_.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV (also .gz), Parquet or Feather")
    for command in (export, import_):
        add_series_arguments(command, is_required=True)
    for command in (info, export, import_):
        add_folder_arguments(command)
    return parser


# --- info ----------------------------------------------------------------------------------------------------------


def _info(given: argparse.Namespace) -> None:
    history = open_history(source_folder(given))
    try:
        info = history.info()
    finally:
        history.close()
    if given.json:
        print_json(info)
    else:
        print_line(info_table(info))


def info_table(info: HistoryInfo) -> str:
    """The history as aligned lines."""
    rows = [_HEADS, *(_cells(each) for each in info.series)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_HEADS))]
    lines = [
        "  ".join(
            cell.rjust(width) if index in _RIGHT else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    total = f"{sum(each.rows for each in info.series):,} rows in {info.size_bytes / BYTES_PER_MB:.1f} MB: {info.file}"
    return "\n".join([*(lines if info.series else []), total])


def _cells(each: SeriesInfo) -> tuple[str, ...]:
    return (
        each.instrument,
        " ".join(filter(None, ("" if each.kind == "candles" else each.kind, each.period))),
        f"{each.rows:,}",
        _time(each.first_ms),
        _time(each.last_ms),
        f"{int(each.covered_ratio * 1000) / 10:.1f} %",
        f"{each.revised:,}",
        f"{each.size_bytes / BYTES_PER_MB:.2f}",
    )


def _time(time_ms: int) -> str:
    return f"{_EPOCH + dt.timedelta(milliseconds=time_ms):%Y-%m-%d %H:%M}"


# --- export --------------------------------------------------------------------------------------------------------


def _export(given: argparse.Namespace) -> None:
    key = candles_key(given.instrument, given.timeframe)
    start_ms, end_ms = moment_ms(given.start, BEGINNING_MS), moment_ms(given.end, END_MS)
    out, written_as = wanted_file(given, FORMATS, PACKED)
    history = open_history(source_folder(given))
    try:
        frame: Any = frame_of(history, key, start_ms, end_ms)
    finally:
        history.close()
    if frame.empty:
        raise StorageError(f"The history holds no candles of {key} in that time; nothing was written.")
    unknown = [name for name in ("volume", "turnover") if frame[name].isna().all()]
    frame = frame.drop(columns=unknown)

    def write(file: Path) -> None:
        if written_as == "parquet":
            frame.to_parquet(file, index=False)
        else:
            packed = "gzip" if out.suffix == PACKED else None
            frame.to_csv(file, index=False, date_format="%Y-%m-%dT%H:%M:%SZ", compression=packed)

    write_whole(out, write)
    without = f", without {' and '.join(unknown)}, which is not known" if unknown else ""
    print_line(f"{len(frame):,} candles of {key} written to {out}{without}")


# --- import --------------------------------------------------------------------------------------------------------


def _import(given: argparse.Namespace) -> None:
    key = candles_key(given.instrument, given.timeframe)
    now_ms = LiveClock().now_ms()
    read = [rows_of_file(path, key, Timeframe(given.timeframe), now_ms) for path in given.files]
    history = open_history(source_folder(given), writing=True)
    try:
        stored = history.store([each.batch for each in read])
    finally:
        history.close()
    for each in read:
        for sentence in each.remarks:
            print_line(sentence)
    print_line(_told(stored.added, read, key))


def _told(added: int, read: Sequence[FileRows], key: SeriesKey) -> str:
    held = sum(each.batch.row_count for each in read) - added
    kept = f"; {held:,} were held already and stay as they are" if held else ""
    return f"{added:,} candles of {key} stored{kept}."
