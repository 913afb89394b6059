"""What can be wrong with the journal's file, told apart by what is to be done about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from virtuoso_desktop.storage.faults import FaultKind, StorageFault

_KINDS = {
    sqlite3.SQLITE_BUSY: FaultKind.LOCKED,
    sqlite3.SQLITE_LOCKED: FaultKind.LOCKED,
    sqlite3.SQLITE_FULL: FaultKind.FULL,
    sqlite3.SQLITE_CORRUPT: FaultKind.DAMAGED,
    sqlite3.SQLITE_NOTADB: FaultKind.DAMAGED,
}


class JournalFault(StorageFault):
    """The journal cannot be used now."""


def journal_fault(path: Path, error: sqlite3.Error | OSError) -> JournalFault:
    """The fault behind an exception of SQLite or the system."""
    kind, reason = _kind(error), _reason(error)
    texts = {
        FaultKind.LOCKED: f"The journal {path} is held by another program ({reason}).",
        FaultKind.DAMAGED: f"The journal {path} is damaged ({reason}).",
        FaultKind.FULL: f"There is no room for the journal {path} ({reason}).",
    }
    return JournalFault(texts.get(kind, f"The journal {path} cannot be used ({reason})."), kind=kind, reason=reason)


def damaged_fault(path: Path, reason: str) -> JournalFault:
    """The file is not what this program wrote."""
    return JournalFault(f"The journal {path} is damaged ({reason}).", kind=FaultKind.DAMAGED, reason=reason)


def newer_fault(path: Path) -> JournalFault:
    """The file's format is not ours."""
    text = f"The journal {path} was written by a newer version of the program and is left alone"
    return JournalFault(
        f"{text}. Use that version again, or move the file away to begin a new one.",
        kind=FaultKind.NEWER,
        reason="newer version",
    )


def foreign_fault(path: Path) -> JournalFault:
    """A database of something else."""
    return JournalFault(
        f"{path} is no journal of this program and is left alone. Move it away to begin a journal.",
        kind=FaultKind.NEWER,
        reason="another program's database",
    )


def _kind(error: sqlite3.Error | OSError) -> FaultKind:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _KINDS.get(code & 0xFF, FaultKind.FAILED)
    # What SQLite did not number comes from the module itself: bytes that are no text.
    return FaultKind.DAMAGED if isinstance(error, sqlite3.OperationalError) else FaultKind.FAILED


def _reason(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return next(iter(str(error).splitlines()), type(error).__name__)
