"""``ledger verify|list|export``: is every signal still as it was written, what are they, and into a file.

The journal is opened read-only and may be open in a running window.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from virtuoso_desktop.app.answer import answered, print_json, print_line
from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.ledger_export import FORMATS, write_rows
from virtuoso_desktop.app.stored_data import (
    add_file_arguments,
    add_folder_arguments,
    add_series_arguments,
    source_folder,
    wanted_file,
    write_whole,
)
from virtuoso_desktop.frames import moment_ms
from virtuoso_desktop.model.errors import ConfigError, StorageError
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.faults import FaultKind
from virtuoso_desktop.storage.journal_faults import JournalFault
from virtuoso_desktop.storage.ledger import StoredRow, read_row
from virtuoso_desktop.storage.ledger_access import logged_heads, opened_journal
from virtuoso_desktop.storage.ledger_check import Verdict, check
from virtuoso_desktop.storage.ledger_rows import GENESIS, LedgerKind, LedgerRow, digest

if TYPE_CHECKING:
    from rich.table import Table

DEFAULT_LIMIT = 50
NARROWEST = 120
"""Columns that the table needs."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DASH = "—"
_EPILOG = f"""\
exit codes:
  0  done; verify: every row is as it was written
  1  verify: the ledger is damaged, edited or cut
  2  bad usage
  3  there is no ledger, or it cannot be read

How anyone can verify a ledger without this program: docs/ledger.md.
See {PROGRAM} --help for the other commands.
"""


def run_ledger(argv: Sequence[str]) -> int:
    """Run one command on the ledger; returns the exit code."""
    given = _parser().parse_args(argv)
    commands: dict[str, Callable[[argparse.Namespace], ExitCode]] = {
        "verify": _verify,
        "list": _list,
        "export": _export,
    }
    return answered(lambda: commands[given.command](given))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} ledger",
        description="Every signal the model ever raised or ended, as it was written at that moment.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="verify|list|export")
    verify = _command(commands, "verify", "is every row as it was written; names the first that is not, and the head")
    verify.add_argument("--head", metavar="HASH", help="a head that was noted earlier: it must still be in the ledger")
    verify.add_argument("--json", action="store_true", help="the result as JSON")
    list_ = _command(commands, "list", "the newest rows, oldest first")
    list_.add_argument("--limit", type=_count, default=DEFAULT_LIMIT, metavar="N", help=f"default {DEFAULT_LIMIT}")
    list_.add_argument("--json", action="store_true", help="whole rows as JSON")
    export = _command(commands, "export", "rows into a file")
    export.add_argument("--limit", type=_count, metavar="N", help="the newest N (default: all)")
    add_file_arguments(export, FORMATS)
    for command in (list_, export):
        add_series_arguments(command, is_required=False)
        command.add_argument("--since", metavar="TIME", help="candles closed since; ISO 8601, UTC without a zone")
    for command in (verify, list_, export):
        add_folder_arguments(command)
    return parser


def _command(commands: Any, name: str, does: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count of rows")
    return int(text)


# --- verify --------------------------------------------------------------------------------------------------------


def _verify(given: argparse.Namespace) -> ExitCode:
    folder = source_folder(given)
    try:
        with opened_journal(folder) as file:
            verdict = check(file, logged_heads(folder), None if given.head is None else given.head.lower())
    except JournalFault as fault:
        if fault.kind is not FaultKind.DAMAGED:
            raise
        text = f"no row can be read: {fault.reason}"
        verdict = Verdict(rows=0, head=GENESIS, lost=0, known_heads=0, bad_row=1, fault=text)
    if given.json:
        print_json(verdict)
    else:
        print_line("\n".join(verdict_lines(verdict)))
    return ExitCode.DONE if verdict.fault is None else ExitCode.ERRORS


def verdict_lines(verdict: Verdict) -> list[str]:
    """What a person is told."""
    lines: list[str] = []
    if verdict.fault is not None:
        lines.append(f"BAD{'' if verdict.bad_row is None else f' row {verdict.bad_row}'}: {verdict.fault}")
    if not verdict.rows:
        lines.append("The ledger is empty." if verdict.fault is None else "No row before it is whole.")
        return lines
    whole = "all as they were written" if verdict.fault is None else "as they were written, up to that"
    lines.append(f"{verdict.rows:,} row{'' if verdict.rows == 1 else 's'}, {whole}")
    lines.append(f"head: row {verdict.rows}, {verdict.head}")
    if verdict.known_heads:
        lines.append(f"heads named in the log and found here: {verdict.known_heads:,}")
    if verdict.lost:
        lines.append(f"rows that could not be written at their time (no room, or the file refused): {verdict.lost:,}")
    return lines


# --- list ----------------------------------------------------------------------------------------------------------


def _selected(given: argparse.Namespace) -> list[tuple[StoredRow, LedgerRow]]:
    """The rows asked for. Raises ConfigError and StorageError."""
    try:
        instrument = None if given.instrument is None else str(InstrumentId.parse(given.instrument))
        timeframe = None if given.timeframe is None else Timeframe(given.timeframe).value
    except ValueError as error:
        raise ConfigError(f"{error}.") from None
    since_ms = None if given.since is None else moment_ms(given.since, 0)
    with opened_journal(source_folder(given)) as file, file.snapshot():
        found = file.ledger.rows(instrument=instrument, timeframe=timeframe, since_ms=since_ms, limit=given.limit)
    rows: list[tuple[StoredRow, LedgerRow]] = []
    for stored in found:
        row = read_row(stored.body)
        if row is None or digest(stored.body or b"") != stored.hash:
            raise StorageError(f"Row {stored.number} of the ledger was edited; `{PROGRAM} ledger verify` says more.")
        rows.append((stored, row))
    return rows


def _list(given: argparse.Namespace) -> ExitCode:
    rows = _selected(given)
    if given.json:
        print_json([{"hash": stored.hash, "row": row} for stored, row in rows])
        return ExitCode.DONE
    if not rows:
        print_line("No row fits.")
        return ExitCode.DONE
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    console.width = max(NARROWEST, console.width)  # a narrow terminal breaks lines; no cell is cut
    console.print(rows_table([row for _, row in rows]))
    print_line("Opinion of the model, not advice. Track record: not yet measured.")
    return ExitCode.DONE


def rows_table(rows: Sequence[LedgerRow]) -> Table:
    """Rows as a table."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    for name in ("row", "close (UTC)", "instrument", "tf", "what", "score", "agreement"):
        table.add_column(
            name,
            justify="right" if name in ("row", "score", "agreement") else "left",
            no_wrap=name not in ("instrument", "what"),
            overflow="fold",
        )
    table.add_column("reason", overflow="fold")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: LedgerRow) -> tuple[str, ...]:
    return (
        f"{row.number:,}",
        _time(row.close_ms),
        row.instrument,
        row.timeframe.value,
        _what(row),
        _DASH if row.score is None else f"{row.score:.2f}",
        f"{row.confidence:.2f}",
        row.reason or "",
    )


def _what(row: LedgerRow) -> str:
    match row.kind:
        case LedgerKind.ENTERED:
            return f"entered {row.signal} {row.strength}"
        case LedgerKind.EXITED:
            return f"exited {row.from_signal}"
        case LedgerKind.STRENGTH:
            return f"{row.signal} {row.from_strength} → {row.strength}"
        case LedgerKind.REVISED:
            return f"revised {row.from_signal} {row.from_strength} → {row.signal} {row.strength}"


def _time(time_ms: int) -> str:
    try:
        return f"{_EPOCH + dt.timedelta(milliseconds=time_ms):%Y-%m-%d %H:%M}"
    except OverflowError:
        return f"{time_ms} ms"


# --- export --------------------------------------------------------------------------------------------------------


def _export(given: argparse.Namespace) -> ExitCode:
    out, written_as = wanted_file(given, FORMATS)
    rows = _selected(given)
    write_whole(out, lambda beside: write_rows(rows, beside, written_as))
    print_line(f"{len(rows):,} rows of the ledger written to {out}")
    return ExitCode.DONE
