"""Values that survive the program, on disk: what was shown last, for the first painted window.

The store is diskcache with one change: it unpickles whatever its database says (CVE-2025-69872), so `BytesDisk`
refuses every mode but raw bytes, in both directions. A value is one version byte and msgspec's JSON.
Imports no numpy: the window reads from here before anything heavy is loaded.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from diskcache.core import MODE_RAW, UNKNOWN, Cache, Disk, Timeout

from virtuoso_desktop.kernel.paths import make_private
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.first_look import FORMAT

T = TypeVar("T")
log = logging.getLogger(__name__)

LOCK_WAIT_S = 1.0
SPARE_BYTES = 256 * 1024
PROBE_FILE = ".probe"
DATABASE_FILES = ("cache.db", "cache.db-wal", "cache.db-shm", "cache.db-journal")
_FAULTS = (
    sqlite3.Error, OSError, Timeout, ValueError, TypeError, LookupError, AttributeError, AssertionError,
)  # fmt: skip
"""What diskcache lets through on databases that are corrupt, foreign, unreadable or full."""


class BytesDisk(Disk):
    """Rows of text keys and raw bytes; whatever else is found or given is refused, never unpickled."""

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise TypeError(f"cache keys are text, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if type(key) is not str or not raw:
            raise ValueError("the cache holds a key that is no text")
        return key

    def store(self, value: object, read: bool, key: object = UNKNOWN) -> tuple[int, int, None, memoryview]:
        del key
        if type(value) is not bytes or read:
            raise TypeError(f"cache values are bytes, not {type(value).__name__}")
        return 0, MODE_RAW, None, memoryview(value)

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if mode != MODE_RAW or type(value) is not bytes or filename is not None or read:
            raise ValueError(f"the cache holds a value of mode {mode}")
        return value

    def remove(self, file_path: str) -> None:
        """No value is a file: a row that names one is not followed."""


class DiskCache:
    """Typed values under text keys, without expiry. Reading never fails: what cannot be read is not there.

    Usable from any thread; `close` belongs to the thread that opened it.

    Parameters
    ----------
    folder : Path
        The cache's own folder, made with mode 0700.

    Raises
    ------
    StorageError
        The folder cannot be written. A corrupt database is no error: it is begun anew.
    """

    def __init__(self, folder: Path) -> None:
        self._owner = threading.get_ident()
        self._folder = folder
        try:
            make_private(folder)
            self._cache = self._open()
        except _FAULTS as error:
            raise StorageError(
                f"Nothing can be kept in {folder} ({_reason(error)}): the next start shows nothing until data arrive."
            ) from error

    def _open(self) -> Cache:
        try:
            return _new_cache(self._folder)
        except _FAULTS as error:
            if _is_in_use(error) or not _has_room(self._folder, SPARE_BYTES):
                raise
            return self._begin_anew(error)

    def _begin_anew(self, error: Exception) -> Cache:
        log.info("the cache in %s is begun anew: %s", self._folder, _reason(error))
        for name in DATABASE_FILES:
            (self._folder / name).unlink(missing_ok=True)
        return _new_cache(self._folder)

    def read(self, key: str, type_: type[T]) -> T | None:
        """Return the value of ``key``, None when there is none or it is damaged, foreign or of an older version."""
        try:
            stored = self._cache.get(key)
            if not isinstance(stored, bytes) or stored[:1] != FORMAT:
                return None
            return msgspec.json.decode(memoryview(stored)[1:], type=type_)
        except (*_FAULTS, msgspec.MsgspecError, RecursionError) as error:
            log.info("the cached %s is not used: %s", key, _reason(error))
            return None
        finally:
            self._leave_thread()

    def write(self, key: str, value: Any) -> None:
        """Store ``value`` (anything msgspec encodes). Raises StorageError; the previous value is then kept."""
        data = FORMAT + msgspec.json.encode(value)
        try:
            try:
                self._cache.set(key, data)
            except _FAULTS as error:
                if _is_in_use(error) or not _has_room(self._folder, SPARE_BYTES + 4 * len(data)):
                    raise
                self._cache = self._begin_anew(error)
                self._cache.set(key, data)
        except _FAULTS as error:
            raise StorageError(
                f"What is shown now cannot be kept in {self._folder} ({_reason(error)}); what was kept before stays."
            ) from error
        finally:
            self._leave_thread()

    def close(self) -> None:
        """Close the database; the cache cannot be used afterwards."""
        with contextlib.suppress(*_FAULTS):
            self._cache.close()

    def _leave_thread(self) -> None:
        # diskcache keeps one connection per thread; a worker thread may not live to close its own.
        if threading.get_ident() != self._owner:
            self.close()


def _new_cache(folder: Path) -> Cache:
    # No memory map: a file that is cut while mapped kills the process. No eviction: a snapshot stays.
    return Cache(
        str(folder),
        timeout=LOCK_WAIT_S,
        disk=BytesDisk,
        eviction_policy="none",
        sqlite_mmap_size=0,
        sqlite_cache_size=256,
        disk_min_file_size=0,
        disk_pickle_protocol=0,
    )


def _cause(error: BaseException) -> BaseException:
    """Return what went wrong first: a failed rollback hides the error that asked for it."""
    while isinstance(error.__context__, sqlite3.Error):
        error = error.__context__
    return error


def _is_in_use(error: Exception) -> bool:
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(cause, Timeout)


def _has_room(folder: Path, size: int) -> bool:
    """Tell whether the disk takes ``size`` more bytes now; a damaged database calls itself full or read-only too."""
    probe = folder / PROBE_FILE
    try:
        with probe.open("wb") as file:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return True


def _reason(error: BaseException) -> str:
    cause = _cause(error)
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return next(iter(str(cause).splitlines()), type(cause).__name__)
