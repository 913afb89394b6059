"""The journal's file: one SQLite database in WAL mode, written by one thread, read by any number of programs."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from virtuoso_desktop.storage.evaluations import EvaluationTable
from virtuoso_desktop.storage.journal_faults import (
    JournalFault,
    damaged_fault,
    foreign_fault,
    journal_fault,
    newer_fault,
)
from virtuoso_desktop.storage.journal_schema import APPLICATION_ID, MIGRATIONS
from virtuoso_desktop.storage.ledger import LedgerTable

LOCK_WAIT_S = 1.0
LATEST_VERSION = len(MIGRATIONS)


class JournalFile:
    """An open journal; used by the thread that opened it.

    Parameters
    ----------
    path : Path
        Made when it is not there, unless ``read_only``.
    read_only : bool
        Look at it, also while a program writes; nothing is changed, an older version is not migrated.

    Attributes
    ----------
    ledger, evaluations : LedgerTable, EvaluationTable
        The tables. What is written goes between the braces of one `transaction`.

    Raises
    ------
    JournalFault
        It cannot be used; it is as it was before.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        with self.faults():
            if read_only and path.stat().st_size == 0:
                raise damaged_fault(path, "it is empty")
            uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self._connection = sqlite3.connect(uri, uri=True, timeout=LOCK_WAIT_S, isolation_level=None)
        try:
            with self.faults():
                self._prepare(read_only=read_only)
                self._inode = _inode(path)
                self.ledger = LedgerTable(self._connection)
                self.evaluations = EvaluationTable(self._connection)
                if not read_only:
                    self.ledger.load()
                    self.evaluations.tidy()
        except JournalFault:
            self.close()
            raise

    def load(self) -> None:
        """Take the tables as they are on disk, after a transaction that failed. Raises JournalFault."""
        with self.faults():
            self.ledger = LedgerTable(self._connection)
            self.ledger.load()
            self.evaluations = EvaluationTable(self._connection)

    def close(self) -> None:
        """Leave the file; the last one to do so merges the log into it."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    @property
    def is_in_place(self) -> bool:
        """The path still leads to the file that is open; False after someone deleted or replaced it."""
        return _inode(self.path) == self._inode

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All of it or nothing. Raises JournalFault; then `load` or `close`: the tables know too much."""
        with self.faults():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Read one moment of the file, whatever is written meanwhile. Raises JournalFault."""
        with self.faults():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def faults(self) -> Generator[None]:
        """What SQLite and the system raise becomes a JournalFault."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise journal_fault(self.path, error) from error

    def integrity(self) -> str | None:
        """What SQLite itself finds wrong with the file; None when nothing is. Reads all of it."""
        with self.faults():
            found: str = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        return None if found == "ok" else found

    def _prepare(self, *, read_only: bool) -> None:
        # No memory map: a file that is cut while mapped kills the process. What a foreign hand wrote into the schema
        # may call nothing.
        for pragma in ("mmap_size = 0", "trusted_schema = OFF", "cell_size_check = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        version = self._version()
        if read_only:
            if version == 0:
                raise damaged_fault(self.path, "it holds no tables")
            return
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")  # a row that was told survives a power cut
        if version < LATEST_VERSION:
            with self.transaction():
                self._migrate()

    def _version(self) -> int:
        """The format of the file, 0 of a new one. Raises JournalFault when it is newer or foreign."""
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        owner: int = self._connection.execute("PRAGMA application_id").fetchone()[0]
        tables: int = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if owner != APPLICATION_ID and (version or owner or tables):
            raise foreign_fault(self.path)
        if version > LATEST_VERSION:
            raise newer_fault(self.path)
        return version

    def _migrate(self) -> None:
        for number, statements in enumerate(MIGRATIONS[self._version() :], self._version() + 1):
            for statement in statements:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {number}")
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
