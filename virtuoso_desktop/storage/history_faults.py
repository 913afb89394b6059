"""What can be wrong with the history's file, told apart by what is to be done about it."""

from __future__ import annotations

from pathlib import Path

from virtuoso_desktop.storage.faults import FaultKind, StorageFault

_LOCKED = ("could not set lock", "conflicting lock", "being used by another process", "unique file handle conflict")
_FULL = ("no space left", "file too large", "disk quota", "not enough space", "disk full")
_REFUSED = ("permission denied", "read-only", "access is denied", "is a directory", "cannot open file", "no such file")
_NEWER = ("version number", "newer version", "storage version", "unsupported version")
_DAMAGED = ("corrupt", "not a valid duckdb", "could not read enough bytes", "checksum")
_DAMAGED_WHEN_OPENED = (
    "replaying", "wal file", "internal error", "serialization error", "extension", "does not exist",
    "attempted to dereference", "invalid magic", "binder error", "catalog error",
)  # fmt: skip


MOST_SET_ASIDE = 3


class HistoryFault(StorageFault):
    """The history cannot be used now."""


def history_fault(path: Path, error: BaseException, *, opening: bool = False) -> HistoryFault:
    """The fault behind an exception of DuckDB or the system; a file that cannot even be opened is judged harder."""
    reason = _reason(error)
    kind = _kind(f"{type(error).__name__} {error}".lower(), _DAMAGED + (_DAMAGED_WHEN_OPENED if opening else ()))
    texts = {
        FaultKind.LOCKED: f"The history {path} is open in another program ({reason}).",
        FaultKind.NEWER: newer_fault(path).user_text,
        FaultKind.DAMAGED: f"The history {path} is damaged ({reason}).",
        FaultKind.FULL: f"There is no room for the history {path} ({reason}).",
        FaultKind.FAILED: f"The history {path} cannot be used ({reason}).",
    }
    return HistoryFault(texts[kind], kind=kind, reason=reason)


def newer_fault(path: Path) -> HistoryFault:
    """The file's format is not ours."""
    text = f"The history {path} was written by a newer version of the program and is left alone"
    return HistoryFault(
        f"{text}. Use that version again, or move the file away to begin a new one.",
        kind=FaultKind.NEWER,
        reason="newer version",
    )


def _kind(text: str, damaged: tuple[str, ...]) -> FaultKind:
    for kind, signs in (
        (FaultKind.LOCKED, _LOCKED),
        (FaultKind.FULL, _FULL),
        (FaultKind.NEWER, _NEWER),
        (FaultKind.DAMAGED, damaged),
    ):
        if any(sign in text for sign in signs) and not (kind is FaultKind.DAMAGED and _is_refused(text)):
            return kind
    return FaultKind.FAILED


def _is_refused(text: str) -> bool:
    return any(sign in text for sign in _REFUSED)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return line.partition(": ")[2] if line.split(":")[0].endswith("Error") and ": " in line else line


def wal_of(path: Path) -> Path:
    """The log that DuckDB keeps beside its file until it is merged."""
    return path.with_name(path.name + ".wal")


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its log; the newest of more than three takes the place of the third."""
    names = [path.with_name(f"{path.stem}.damaged-{number}{path.suffix}") for number in range(1, MOST_SET_ASIDE + 1)]
    aside = next((name for name in names if not name.exists()), names[-1])
    path.replace(aside)
    if wal_of(path).exists():
        wal_of(path).replace(wal_of(aside))
    return aside
