"""Journals as files, for tests: written at once, read as they are, spoiled by a foreign hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger import StoredRow
from virtuoso_desktop.storage.ledger_check import Verdict, check
from virtuoso_desktop.storage.ledger_rows import Transition


def write_ledger(path: Path, transitions: Sequence[Transition], batch: int = 1_000) -> None:
    """Append rows in transactions of ``batch``."""
    file = JournalFile(path)
    for start in range(0, len(transitions), batch):
        with file.transaction():
            file.ledger.append(transitions[start : start + batch])
    file.close()


def rows_of(path: Path) -> list[StoredRow]:
    """All rows as they stand there."""
    file = JournalFile(path, read_only=True)
    rows = list(file.ledger.all_rows())
    file.close()
    return rows


def verdict_of(path: Path, **known: object) -> Verdict:
    """What the check says of a file."""
    file = JournalFile(path, read_only=True)
    try:
        return check(file, **known)  # type: ignore[arg-type]
    finally:
        file.close()


def spoil(path: Path, *statements: str, values: Iterable[Sequence[object]] = ()) -> None:
    """Change the ledger past its triggers, as someone with an editor for databases would."""
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in ("ledger_is_never_edited", "ledger_is_never_cut"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    given = list(values) or [()] * len(statements)
    for statement, each in zip(statements, given, strict=True):
        connection.execute(statement, each)
    connection.close()
