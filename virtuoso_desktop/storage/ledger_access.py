"""A ledger from outside the program that writes it: read-only, also while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.journal import JOURNAL_FILE
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger_check import heads_in_log


@contextmanager
def opened_journal(folder: Path) -> Generator[JournalFile]:
    """The journal of a source's folder. Raises StorageError when there is none, JournalFault when it is of no use."""
    path = folder / JOURNAL_FILE
    if not path.is_file():
        raise StorageError(_none_text(folder))
    file = JournalFile(path, read_only=True)
    try:
        yield file
    finally:
        file.close()


def logged_heads(folder: Path) -> dict[str, dict[int, str]]:
    """The heads that the log files of a source's folder name, by ledger and row; see `check`."""
    return heads_in_log(_log_lines(folder / "log"))


def _log_lines(folder: Path) -> Iterable[str]:
    for path in sorted(folder.glob("*.log*")):
        with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
            yield from lines


def _none_text(folder: Path) -> str:
    root = folder.parent
    there = sorted(file.parent.name for file in root.glob(f"*/{JOURNAL_FILE}")) if root.is_dir() else []
    others = f" Sources with a ledger here: {', '.join(there)}." if there else ""
    return f"There is no ledger in {folder}.{others} One is kept while the program runs."
