"""Values of the cache read by plain SQLite, before the cache itself is open.

The first painted window cannot wait for diskcache: 14 ms of its 200.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

T = TypeVar("T")

DATABASE = "cache.db"
FORMAT = b"\x01"
"""First byte of every value: what follows is msgspec's JSON."""
_RAW = 1
"""diskcache's mode of a value that is bytes in its row."""
_WAIT_S = 0.2


class CacheReader(Protocol):
    """What reads kept values: None for what is not there or cannot be read."""

    def read(self, key: str, type_: type[T]) -> T | None: ...


class FirstLook:
    """Reads a cache folder without opening, making or changing it.

    Parameters
    ----------
    folder : Path
        The cache's folder; it need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / DATABASE

    def read(self, key: str, type_: type[T]) -> T | None:
        """Return the value of ``key``, None when there is none or it is damaged, foreign or of an older version."""
        if not self._file.is_file():
            return None
        try:
            with closing(
                sqlite3.connect(f"{self._file.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)
            ) as base:
                found = base.execute(
                    "SELECT value FROM Cache WHERE key = ? AND raw = 1 AND mode = ?", (key, _RAW)
                ).fetchone()
            stored = found[0] if found is not None else None
            if not isinstance(stored, bytes) or stored[:1] != FORMAT:
                return None
            return msgspec.json.decode(memoryview(stored)[1:], type=type_)
        except (sqlite3.Error, OSError, ValueError, RecursionError):
            return None
