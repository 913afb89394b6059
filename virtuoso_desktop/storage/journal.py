"""The journal of one source: what must survive, in one SQLite file that one thread writes. The loop never waits for it.

An `Entry` is put and goes into the file whole, in the order of the puts; several share a transaction. What is urgent
is written at once, the rest after two seconds. Whatever happens to the file, the market goes on: entries wait in
memory up to a bound, beyond it the new ones are refused and whoever puts them counts what is lost. A damaged journal
is evidence: it is neither repaired nor set aside, the person decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from virtuoso_desktop.storage.faults import FaultKind, StorageFault
from virtuoso_desktop.storage.file_thread import RETRY_S, FileThread
from virtuoso_desktop.storage.journal_faults import JournalFault
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger_rows import GENESIS

JOURNAL_FILE = "journal.db"
FLUSH_PERIOD_S = 2.0
MOST_BATCH = 2_000
"""Entries in one transaction."""
MOST_URGENT = 5_000
"""Urgent entries that may wait (about 40 MB of transitions, two days of 35 instruments); more are refused."""
MOST_PLAIN = 20_000
"""Others that may wait (about 15 MB of records, seven hours of 35 instruments); more are refused."""
RECOVERED = "Signals are stored again, also those that waited."
HEAD_PERIOD_S = 10.0
"""Between two log lines that name the head of the ledger."""
T = TypeVar("T")
log = logging.getLogger(__name__)


class Entry(Protocol):
    """What is written in one piece."""

    @property
    def is_urgent(self) -> bool: ...

    def write(self, file: JournalFile) -> None:
        """Write it, in the thread and within a transaction. Raises sqlite3.Error."""
        ...


class Journal(FileThread[JournalFile]):
    """Keeps entries. Made and used on the loop's thread; without a file it keeps nothing.

    Parameters
    ----------
    file : Path or None
        ``journal.db`` of the run's source; None when nothing can be stored.

    Attributes
    ----------
    refused : int
        Entries that were not taken, since the file could not be written for too long.
    written : int
        Entries that are on disk.
    """

    def __init__(self, file: Path | None) -> None:
        super().__init__(file, "journal")
        self.refused = 0
        self.written = 0
        self._waiting: deque[Entry] = deque()
        self._urgent = 0  # of those that are not on disk
        self._in_hand: list[Entry] = []
        self._is_full = False
        self._due_at_s = float("inf")
        self._named_head = GENESIS
        self._name_head_at_s = 0.0

    # --- for the loop ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the file in the thread; returns at once."""
        if self._path is not None:
            self._start_thread()

    @property
    def is_kept(self) -> bool:
        """Entries are stored now, or will be as soon as the file is open."""
        return self._thread is not None and not self._stopping and self.problem is None

    @property
    def waiting(self) -> int:
        """Entries that are not on disk yet."""
        with self._changed:
            return len(self._waiting) + len(self._in_hand)

    def put(self, entry: Entry) -> bool:
        """Keep an entry, which is not to be changed afterwards. Never waits; False when it is not taken."""
        with self._changed:
            if not self._takes_jobs:
                return False
            if not self._has_room(is_urgent=entry.is_urgent):
                self._refuse()
                return False
            self._waiting.append(entry)
            self._urgent += entry.is_urgent
            self._due_at_s = min(self._due_at_s, time.monotonic() + FLUSH_PERIOD_S)
            if entry.is_urgent or len(self._waiting) == 1:
                self._changed.notify()
        return True

    async def ask(self, run: Callable[[JournalFile], T]) -> T:
        """Read with the file in the thread, after what waits was written. Raises StorageError."""
        return await asyncio.wrap_future(self.submit(run, needs_all=True))

    def _has_room(self, *, is_urgent: bool) -> bool:
        if is_urgent:
            return self._urgent < MOST_URGENT
        return len(self._waiting) + len(self._in_hand) - self._urgent < MOST_PLAIN

    def _refuse(self) -> None:
        self.refused += 1
        if not self._is_full:
            self._is_full = True
            text = (
                "The journal could not be written for so long that no more may wait. What waits is kept in "
                "memory; new ones are not stored any more, and the ledger will say how many of its rows that cost."
            )
            self._tell(text)

    # --- the thread ------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        if self._waiting and self._file is None and not self._gives_up:
            self._open()
        self._write_all()

    def _over(self) -> None:
        lost = len(self._waiting) + len(self._in_hand)
        if lost:
            log.error("%d entries of the journal could not be written and are lost", lost)

    def _work(self) -> None:
        if self._is_due():
            self._write()
        self._name_head()

    def _idle_s(self) -> float | None:
        now_s = time.monotonic()
        if self._gives_up:
            return None
        if self._file is None or self._is_held_back:
            return max(0.0, self._retry_at_s - now_s)
        if self._urgent:
            return 0.0
        moments = [self._due_at_s] if self._waiting else []
        if self._file.ledger.head.hash != self._named_head:
            moments.append(self._name_head_at_s)
        return max(0.0, min(moments) - now_s) if moments else None

    def _is_due(self) -> bool:
        if self._file is None or not self._waiting or self._is_held_back:
            return False
        return bool(self._urgent) or len(self._waiting) >= MOST_BATCH or time.monotonic() >= self._due_at_s

    def _answer(self, file: JournalFile, run: Callable[[JournalFile], Any]) -> Any:
        with file.faults():
            return run(file)

    def _catch_up(self) -> None:
        if not self._is_held_back:
            self._write_all()

    @property
    def _is_held_back(self) -> bool:
        """The file can be read, but writing failed and is not tried again yet."""
        return self.problem is not None and time.monotonic() < self._retry_at_s

    def _write_all(self) -> None:
        while self._waiting and self._file is not None and self._write():
            pass

    def _write(self) -> bool:
        """Write a batch; False when it waits still."""
        file = self._file
        if file is not None and not file.is_in_place:
            self._begin_again(file)
            file = self._file
        if file is None:
            return False
        batch = self._take_batch()
        try:
            with file.transaction():
                for entry in batch:
                    entry.write(file)
        except JournalFault as fault:
            self._put_back()
            self._fail(fault)
            return False
        urgent = sum(entry.is_urgent for entry in batch)
        with self._changed:
            self._in_hand = []
            self._urgent -= urgent
        self.written += len(batch)
        self._is_full = False
        self._tell_recovery(RECOVERED)
        return True

    def _take_batch(self) -> list[Entry]:
        with self._changed:
            self._in_hand = [self._waiting.popleft() for _ in range(min(MOST_BATCH, len(self._waiting)))]
            self._due_at_s = 0.0 if self._waiting else float("inf")
            return self._in_hand

    def _put_back(self) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(self._in_hand))
            self._in_hand = []
            self._due_at_s = 0.0

    def _name_head(self, *, at_once: bool = False) -> None:
        """The head in the log: what the file itself cannot prove, that its end was not cut off."""
        file = self._file
        if file is None or file.ledger.head.hash == self._named_head:
            return
        if at_once or time.monotonic() >= self._name_head_at_s:
            head = file.ledger.head
            with contextlib.suppress(JournalFault), file.faults():
                log.info("ledger %s: row %d, head %s", file.ledger.short_id(), head.number, head.hash)
            self._named_head = head.hash
            self._name_head_at_s = time.monotonic() + HEAD_PERIOD_S

    # --- the file's fate -------------------------------------------------------------------------------------------

    def _open(self) -> None:
        assert self._path is not None
        try:
            self._file = JournalFile(self._path)
        except JournalFault as fault:
            self._fail(fault)
            return
        if self._file.ledger.remark is not None:
            self._tell(self._file.ledger.remark)
        if not self._waiting:
            self._tell_recovery(RECOVERED)

    def _leave(self) -> None:
        self._name_head(at_once=True)
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _begin_again(self, file: JournalFile) -> None:
        text = f"The journal {file.path} was deleted or replaced while the program ran; storing goes on anew."
        self._leave()
        self._tell(text)
        self._open()

    def _fail(self, fault: StorageFault) -> None:
        self._keep_for_reading(fault)
        self._retry_at_s = time.monotonic() + RETRY_S
        if fault.kind is FaultKind.NEWER:
            self._gives_up = True
            with self._changed:
                self._waiting.clear()
                self._urgent = 0
            self._tell_problem(f"{fault.user_text} No signal is stored in this run.")
            return
        advice = ""
        if fault.kind is FaultKind.DAMAGED:
            advice = (
                " It is left as it is: `virtuoso-desktop ledger verify` says which rows are whole; move the file away "
                "to begin a new one."
            )
        self._tell_problem(
            f"{fault.user_text}{advice} What was stored stays. New signals wait in memory, at most {MOST_URGENT:,}, "
            f"and are stored when it can be; that is tried every {RETRY_S:.0f} s. What waits at the end is lost."
        )

    def _keep_for_reading(self, fault: StorageFault) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        if fault.kind in (FaultKind.LOCKED, FaultKind.FULL):
            with contextlib.suppress(JournalFault):
                file.load()
                self._file = file
                return
        file.close()
