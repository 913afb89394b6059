"""The folder of one profile and source, held by one running program at a time (architecture 5, source)."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from virtuoso_desktop.kernel.paths import make_private
from virtuoso_desktop.model.errors import StorageError

LOCK_FILE = "in-use.lock"
PROBE_FILE = ".probe"
PROBE_BYTES = 64 * 1024
LOCKED_BYTE = 1 << 20
"""Windows locks this byte, far behind the process number, so that another instance can still read that."""


class ProfileHeld(StorageError):
    """Another running program has the folder; that program may show its window instead."""

    def __init__(self, user_text: str, folder: Path) -> None:
        super().__init__(user_text)
        self.folder = folder


class Profile:
    """``<root>/<source folder>``: private (0700), locked for this process by the system, so that a crash frees it.

    Attributes
    ----------
    folder : Path
        Where this source's files are. Not to be written while ``usable`` is False.
    usable : bool
        False when nothing can be stored: read-only, full, or no folder at all. The program runs nevertheless.
    problem : str or None
        Why it is not usable, in words for the person.
    """

    def __init__(self, folder: Path, problem: str | None, lock: int | None) -> None:
        self.folder = folder
        self.usable = problem is None
        self.problem = problem
        self._lock = lock

    @classmethod
    def open(cls, root: Path, folder_name: str, *, emptied: bool = False) -> Profile:
        """Take the folder for this process.

        Parameters
        ----------
        root : Path
            The profile folder (``--profile``).
        folder_name : str
            ``live``, ``testnet``, ``demo``, ``demo-fast`` or ``demo-HOST-PORT``.
        emptied : bool
            Delete what an earlier run left (``demo-fast``).

        Raises
        ------
        ProfileHeld
            Another running program holds the folder; the text names its process.
        """
        folder = root / folder_name
        lock: int | None = None
        try:
            if not root.exists():
                make_private(root)  # one that is there, say a home folder, keeps its mode
            make_private(folder)
            lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            if not _take(lock):
                raise ProfileHeld(_held_text(folder, lock), folder)
            _write_pid(lock)
            if emptied:
                _empty(folder)
            _probe(folder)
        except StorageError:
            if lock is not None:
                os.close(lock)
            raise
        except OSError as error:
            problem = f"Nothing is stored in this run: {folder} cannot be written ({error.strerror or error})."
            return cls(folder, problem, lock)
        return cls(folder, None, lock)

    def close(self) -> None:
        """Free the folder for other instances; a second call does nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


if sys.platform == "win32":
    import msvcrt

    def _take(lock: int) -> bool:
        os.lseek(lock, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(lock: int) -> bool:
        # flock, not lockf: a POSIX record lock is lost when any descriptor of the file is closed in this process.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _write_pid(lock: int) -> None:
    os.ftruncate(lock, 0)
    os.lseek(lock, 0, os.SEEK_SET)
    os.write(lock, f"{os.getpid()}\n".encode())


def _held_text(folder: Path, lock: int) -> str:
    os.lseek(lock, 0, os.SEEK_SET)
    holder = os.read(lock, 32).decode("ascii", "replace").strip()
    process = f" (process {holder})" if holder.isdigit() else ""
    return (
        f"{folder} is in use by another running Virtuoso Desktop{process}. "
        "Close that one, or give this one a folder of its own with --profile DIR."
    )


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == LOCK_FILE:
            continue
        if entry.is_dir() and not entry.is_symlink():
            import shutil  # the first window does not wait for it

            shutil.rmtree(entry)
        else:
            entry.unlink()


def _probe(folder: Path) -> None:
    """Write and remove 64 KiB: a full or failing disk says so now. Raises OSError."""
    probe = folder / PROBE_FILE
    try:
        with probe.open("wb") as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
