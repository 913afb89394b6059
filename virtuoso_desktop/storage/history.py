"""The history of one source: one thread writes and reads its DuckDB file, the event loop never waits for it.

Rows come in as copies and wait in a bounded queue; the thread writes them in batches (one transaction per 5 s, or
sooner when 10,000 rows wait). Reads are answered in between. Whatever happens to the file, the market goes on: rows
that cannot be written are dropped in the end, and what they covered stays known as missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from virtuoso_desktop.kernel.imports import import_all
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.faults import FaultKind, StorageFault
from virtuoso_desktop.storage.file_thread import RETRY_S, FileThread
from virtuoso_desktop.storage.history_door import HistoryDoor
from virtuoso_desktop.storage.history_faults import HistoryFault, set_aside
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import Batch, Rows, SeriesKey, nothing_of
from virtuoso_desktop.storage.ranges import Range, joined

HISTORY_FILE = "history.duckdb"
FLUSH_PERIOD_S = 5.0
FLUSH_ROWS = 10_000
MOST_BATCH_ROWS = 50_000
"""Rows in one transaction."""
ROOM_ROWS = 20_000
"""While more wait, nothing is fetched in the background."""
MOST_WAITING_ROWS = 200_000
"""Beyond this the oldest waiting rows are dropped."""
TRIM_PERIOD_S = 60.0
RELEASE_PERIOD_S = 10.0
"""Between two times that memory is given back."""
T = TypeVar("T")
log = logging.getLogger(__name__)


class HistoryStore(FileThread[HistoryFile]):
    """Keeps rows and gives them back. Made and used on the loop's thread; without a file it keeps nothing.

    Parameters
    ----------
    file : Path or None
        ``history.duckdb`` of the run's source; None when nothing can be stored.
    cap_mb : float
        Size of the file (10**6 bytes) above which the oldest rows go.
    answers : bool
        Other programs of the user may ask (`HistoryDoor`).

    Attributes
    ----------
    dropped_rows, revised_rows : int
        Rows that could not be written; rows that the venue changed after they were stored.
    """

    def __init__(self, file: Path | None, *, cap_mb: float = float("inf"), answers: bool = False) -> None:
        super().__init__(file, "history")
        self.cap_mb = cap_mb
        self.dropped_rows = 0
        self.revised_rows = 0
        self._answers = answers
        self._door: HistoryDoor | None = None
        self._waiting: deque[Batch] = deque()
        self._waiting_rows = 0
        self._in_hand: list[Batch] = []
        self._set_aside_at_s = float("-inf")
        self._flushed_at_s = 0.0
        self._trimmed_at_s = float("-inf")
        self._released_at_s = 0.0

    # --- for the loop ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the file in the thread; returns at once. What was added before it waits there."""
        if self._path is not None and self._thread is None and not self._stopping:
            self._start_thread()

    @property
    def _takes_jobs(self) -> bool:
        return self._path is not None and not self._stopping and not self._gives_up

    @property
    def is_pending(self) -> bool:
        """There is a file, and `start` has not been called yet."""
        return self._path is not None and self._thread is None and not self._stopping

    @property
    def is_kept(self) -> bool:
        """Rows are stored now, or will be as soon as the file is open."""
        return self._path is not None and not self._stopping and self.problem is None

    def add(self, batch: Batch) -> None:
        """Keep rows; the array is not to be changed afterwards. Never waits."""
        with self._changed:
            if not self._takes_jobs:
                return
            self._waiting.append(batch)
            self._waiting_rows += batch.row_count
            while self._waiting_rows > MOST_WAITING_ROWS:
                lost = self._waiting.popleft()
                self._waiting_rows -= lost.row_count
                self.dropped_rows += lost.row_count
            self._changed.notify()

    def covered(self, key: SeriesKey) -> tuple[Range, ...]:
        """Time that is whole, what waits to be written included."""
        with self._changed:
            file = self._file
            batches = [batch for batch in (*self._in_hand, *self._waiting) if batch.key == key]
        found = list(file.covered(key)) if file is not None else []
        for batch in batches:
            found = [*(() if batch.replaces else found), *batch.covered]
        return joined(found)

    def forget(self, key: SeriesKey) -> None:
        """Delete a series, also what of it waits to be written; what is added later stays. Never waits."""
        self.add(nothing_of(key))

    async def opened(self, patience_s: float) -> None:
        """Wait until the file was tried, at most so long; not at all before `start`."""
        if self._thread is None:
            return
        with contextlib.suppress(TimeoutError, StorageError):
            async with asyncio.timeout(patience_s):
                await self._ask(lambda file: file.path)

    async def room(self) -> None:
        """Wait until the thread has caught up; what is fetched in the background waits here."""
        while self._waiting_rows > ROOM_ROWS:  # noqa: ASYNC110 (the other side is a thread)
            await asyncio.sleep(0.1)

    async def newest(self, key: SeriesKey, before_ms: int, count: int) -> Rows:
        """See `HistoryFile.newest`. Raises StorageError when nothing can be read."""
        return await self._ask(lambda file: file.newest(key, before_ms, count))

    async def read(self, key: SeriesKey, start_ms: int, end_ms: int) -> Rows:
        """See `HistoryFile.read`; rows that wait are written first. Raises StorageError."""
        return await self._ask(lambda file: file.read(key, start_ms, end_ms), needs_all=True)

    async def _ask(self, run: Callable[[HistoryFile], T], *, needs_all: bool = False) -> T:
        return await asyncio.wrap_future(self.submit(run, needs_all=needs_all))

    # --- the thread ------------------------------------------------------------------------------------------------

    def _began(self) -> None:
        assert self._path is not None
        if self._answers:
            self._door = HistoryDoor(self._path.parent, self.submit)
            self._door.open()

    def _over(self) -> None:
        if self._door is not None:
            self._door.close()

    def _work(self) -> None:
        if self._is_due():
            self._write()

    def _idle_s(self) -> float | None:
        if self._gives_up:
            return None
        if self._file is None:
            return max(0.0, self._retry_at_s - time.monotonic())
        if not self._waiting:
            return None
        return 0.0 if self._is_due() else max(0.0, self._flushed_at_s + FLUSH_PERIOD_S - time.monotonic())

    def _is_due(self) -> bool:
        late = time.monotonic() - self._flushed_at_s >= FLUSH_PERIOD_S
        return self._file is not None and bool(self._waiting) and (late or self._waiting_rows >= FLUSH_ROWS)

    def _answer(self, file: HistoryFile, run: Callable[[HistoryFile], Any]) -> Any:
        return run(file)

    def _write_all(self) -> None:
        while self._waiting and self._file is not None:
            self._write()

    def _write(self) -> None:
        file = self._file
        if file is not None and not file.is_in_place:
            self._begin_again(file)
            file = self._file
        if file is None:
            return
        batches = self._take_batches()
        try:
            self.revised_rows += file.store(batches).revised
        except HistoryFault as fault:
            self._put_back([] if fault.kind is FaultKind.FAILED else batches)
            self._fail(fault)
        else:
            self._in_hand = []
            self._trim(file)
        self._flushed_at_s = time.monotonic()
        if self._file is not None and self._flushed_at_s - self._released_at_s >= RELEASE_PERIOD_S:
            self._released_at_s = self._flushed_at_s
            self._file.release_memory()

    def _take_batches(self) -> list[Batch]:
        rows = 0
        with self._changed:
            self._in_hand = []
            while self._waiting and rows < MOST_BATCH_ROWS:
                self._in_hand.append(self._waiting.popleft())
                rows += self._in_hand[-1].row_count
            self._waiting_rows -= rows
            return self._in_hand

    def _put_back(self, batches: list[Batch]) -> None:
        with self._changed:
            self.dropped_rows += sum(batch.row_count for batch in self._in_hand) - sum(
                batch.row_count for batch in batches
            )
            self._waiting.extendleft(reversed(batches))
            self._waiting_rows += sum(batch.row_count for batch in batches)
            self._in_hand = []

    def _trim(self, file: HistoryFile) -> None:
        if time.monotonic() - self._trimmed_at_s < TRIM_PERIOD_S:
            return
        self._trimmed_at_s = time.monotonic()
        try:
            deleted = file.trim(self.cap_mb)
        except HistoryFault as fault:
            self._fail(fault)
            return
        if deleted:
            log.info("the history reached %.0f MB: its oldest %d rows were deleted", self.cap_mb, deleted)

    # --- the file's fate -------------------------------------------------------------------------------------------

    def _open(self) -> None:
        assert self._path is not None
        try:
            import_all("duckdb")
            self._file = HistoryFile(self._path)
        except HistoryFault as fault:
            self._fail(fault)
        except ImportError as error:
            self._gives_up = True
            self._tell_problem(f"Nothing is stored: DuckDB cannot be loaded ({error}).")
        else:
            self._tell_recovery("Candles are stored again.")

    def _leave(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _begin_again(self, file: HistoryFile) -> None:
        text = f"The history {file.path} was deleted or replaced while the program ran; storing goes on in a new one."
        self._leave()
        self._tell(text)
        self._open()

    def _fail(self, fault: StorageFault) -> None:
        self._leave()
        self._retry_at_s = time.monotonic() + RETRY_S
        if fault.kind is FaultKind.DAMAGED and time.monotonic() - self._set_aside_at_s > TRIM_PERIOD_S:
            self._set_aside(fault)
        elif fault.kind is FaultKind.NEWER:
            self._gives_up = True
            with self._changed:
                self._waiting.clear()
                self._waiting_rows = 0
            self._tell_problem(f"{fault.user_text} Nothing is stored in this run.")
        else:
            self._tell_problem(f"{fault.user_text} Nothing is stored until it can be; that is tried every 30 s.")

    def _set_aside(self, fault: StorageFault) -> None:
        assert self._path is not None
        self._set_aside_at_s = time.monotonic()
        try:
            aside = set_aside(self._path)
        except OSError as error:
            reason = error.strerror or str(error)
            self._tell_problem(f"{fault.user_text} It cannot be set aside ({reason}), so nothing is stored.")
            return
        self._tell(f"{fault.user_text} It was set aside as {aside.name}, and a new one is begun.")
        self._open()
