"""A history from outside the program that keeps it: asked of the running one, or read from the file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from virtuoso_desktop.kernel.paths import make_private
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.faults import FaultKind
from virtuoso_desktop.storage.history import HISTORY_FILE
from virtuoso_desktop.storage.history_door import KEY_FILE, HistoryClient
from virtuoso_desktop.storage.history_faults import HistoryFault
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import Batch, HistoryInfo, Rows, SeriesKey, Stored
from virtuoso_desktop.storage.ranges import Range

PATIENCE_S = 3.0
"""A program that starts or ends holds the file for a moment without answering."""
PAUSE_S = 0.1


class History(Protocol):
    """What can be asked of a history, wherever it is. Raises StorageError."""

    def info(self) -> HistoryInfo: ...

    def read(self, key: SeriesKey, start_ms: int, end_ms: int) -> Rows: ...

    def covered(self, key: SeriesKey) -> tuple[Range, ...]: ...

    def store(self, batches: Sequence[Batch]) -> Stored: ...

    def close(self) -> None: ...


def open_history(folder: Path, *, writing: bool = False) -> History:
    """The history of a source's folder.

    Parameters
    ----------
    folder : Path
        ``<profile>/<source>``.
    writing : bool
        Make folder and file where there are none.

    Raises
    ------
    StorageError
        There is none, or neither a running program nor the file answers.
    """
    file = folder / HISTORY_FILE
    if writing:
        try:
            make_private(folder)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made ({error.strerror or error}); nothing was stored.") from error
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        if (folder / KEY_FILE).exists():
            try:
                return HistoryClient(folder)
            except StorageError:
                pass  # left by a program that was killed: the file itself can be opened
        if not writing and not file.exists():
            raise StorageError(_none_text(folder))
        try:
            return HistoryFile(file, read_only=not writing)
        except HistoryFault as fault:
            if fault.kind is not FaultKind.LOCKED or time.monotonic() > deadline_s:
                raise
            time.sleep(PAUSE_S)


def _none_text(folder: Path) -> str:
    there = ", ".join(_sources(folder.parent))
    others = f" Sources with a history here: {there}." if there else ""
    return f"There is no history in {folder}.{others} One is kept while the program runs, or begun by `history import`."


def _sources(root: Path) -> Iterable[str]:
    return sorted(file.parent.name for file in root.glob(f"*/{HISTORY_FILE}")) if root.is_dir() else ()
