"""The history of one source: one thread writes and reads its DuckDB file, the event loop never waits for it.

Rows come in as copies and wait in a bounded queue; the thread writes them in batches (one transaction per 5 s, or
sooner when 10,000 rows wait). Reads are answered in between. Whatever happens to the file, the market goes on: rows
that cannot be written are dropped in the end, and what they covered stays known as missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from virtuoso_desktop.kernel.imports import import_all
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.history_door import HistoryDoor
from virtuoso_desktop.storage.history_faults import FaultKind, HistoryFault, set_aside
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
RETRY_S = 30.0
TRIM_PERIOD_S = 60.0
RELEASE_PERIOD_S = 10.0
"""Between two times that memory is given back."""
T = TypeVar("T")
log = logging.getLogger(__name__)


class HistoryMessage(NamedTuple):
    """A sentence for the person; ``is_bad`` until a later one tells of its end."""

    is_bad: bool
    user_text: str


class _Job(NamedTuple):
    run: Callable[[HistoryFile], Any]
    future: Future[Any]
    needs_all: bool
    """Rows that wait are written first."""


class HistoryStore:
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
    problem : str or None
        Why nothing is stored now, in words; None while all is well and until the file was tried.
    dropped_rows, revised_rows : int
        Rows that could not be written; rows that the venue changed after they were stored.
    """

    def __init__(self, file: Path | None, *, cap_mb: float = float("inf"), answers: bool = False) -> None:
        self.cap_mb = cap_mb
        self.problem: str | None = None
        self.dropped_rows = 0
        self.revised_rows = 0
        self._path = file
        self._answers = answers
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._waiting: deque[Batch] = deque()
        self._waiting_rows = 0
        self._in_hand: list[Batch] = []
        self._messages: deque[HistoryMessage] = deque()
        self._thread: threading.Thread | None = None
        self._ended: Future[None] = Future()
        self._stopping = False
        self._file: HistoryFile | None = None
        self._gives_up = False
        self._retry_at_s = 0.0
        self._set_aside_at_s = float("-inf")
        self._flushed_at_s = 0.0
        self._trimmed_at_s = float("-inf")
        self._released_at_s = 0.0

    # --- for the loop ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the file in the thread; returns at once. What was added before it waits there."""
        if self._path is not None and self._thread is None and not self._stopping:
            self._thread = threading.Thread(target=self._run, name="history")
            self._thread.start()

    @property
    def is_pending(self) -> bool:
        """There is a file, and `start` has not been called yet."""
        return self._path is not None and self._thread is None and not self._stopping

    @property
    def is_kept(self) -> bool:
        """Rows are stored now, or will be as soon as the file is open."""
        return self._path is not None and not self._stopping and self.problem is None

    def take_messages(self) -> list[HistoryMessage]:
        """What a person should be told since the last call."""
        taken: list[HistoryMessage] = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken

    def add(self, batch: Batch) -> None:
        """Keep rows; the array is not to be changed afterwards. Never waits."""
        with self._changed:
            if self._path is None or self._stopping or self._gives_up:
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

    async def close(self, deadline_s: float = 1.0) -> None:
        """Write what waits and leave the file; after the deadline the thread ends by itself."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is None:
            if not self._ended.done():
                self._end()
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await asyncio.shield(asyncio.wrap_future(self._ended))

    async def _ask(self, run: Callable[[HistoryFile], T], *, needs_all: bool = False) -> T:
        return await asyncio.wrap_future(self.submit(run, needs_all=needs_all))

    def submit(self, run: Callable[[HistoryFile], T], *, needs_all: bool = False) -> Future[T]:
        """Run something with the file in the thread. Callable from any thread."""
        future: Future[T] = Future()
        with self._changed:
            if self._path is None or self._stopping or self._gives_up:
                future.set_exception(StorageError(self.problem or "The history is not open."))
            else:
                self._jobs.append(_Job(run, future, needs_all))
                self._changed.notify()
        return future

    # --- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        assert self._path is not None
        door = HistoryDoor(self._path.parent, self.submit)
        try:
            self._open()
            if self._answers:
                door.open()
            while not (self._stopping and not self._jobs):
                self._turn()
            self._write_all()
        finally:
            door.close()
            self._leave()
            self._end()

    def _end(self) -> None:
        """Nobody waits for a thread that is gone."""
        if not self._stopping:
            log.error("the history's thread failed", exc_info=sys.exc_info())
            self._tell_problem("The part that keeps the history failed: nothing is stored until the next start.")
        with self._changed:
            self._gives_up = True
            jobs, self._jobs = self._jobs, deque()
        for job in jobs:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(StorageError(self.problem or "The history is not open."))
        self._ended.set_result(None)

    def _turn(self) -> None:
        """Wait for something to do, and do it."""
        job = self._next_job()
        if self._file is None and not self._gives_up and time.monotonic() >= self._retry_at_s:
            self._open()
        if job is not None:
            self._serve(job)
        if self._is_due():
            self._write()

    def _next_job(self) -> _Job | None:
        with self._changed:
            if not self._jobs and not self._stopping:
                self._changed.wait(self._idle_s())
            return self._jobs.popleft() if self._jobs else None

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

    def _serve(self, job: _Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        if job.needs_all:
            self._write_all()
        if self._file is None:
            job.future.set_exception(StorageError(self.problem or "The history is not open."))
            return
        try:
            job.future.set_result(job.run(self._file))
        except HistoryFault as fault:
            job.future.set_exception(fault)
            self._fail(fault)
        except StorageError as error:
            job.future.set_exception(error)
        except BaseException as error:
            job.future.set_exception(error)
            raise

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
            if self.problem is not None:
                self.problem = None
                self._messages.append(HistoryMessage(False, "Candles are stored again."))

    def _leave(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _begin_again(self, file: HistoryFile) -> None:
        text = f"The history {file.path} was deleted or replaced while the program ran; storing goes on in a new one."
        self._leave()
        self._messages.append(HistoryMessage(True, text))
        self._open()

    def _fail(self, fault: HistoryFault) -> None:
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

    def _set_aside(self, fault: HistoryFault) -> None:
        assert self._path is not None
        self._set_aside_at_s = time.monotonic()
        try:
            aside = set_aside(self._path)
        except OSError as error:
            reason = error.strerror or str(error)
            self._tell_problem(f"{fault.user_text} It cannot be set aside ({reason}), so nothing is stored.")
            return
        self._messages.append(
            HistoryMessage(True, f"{fault.user_text} It was set aside as {aside.name}, and a new one is begun.")
        )
        self._open()

    def _tell_problem(self, text: str) -> None:
        if self.problem != text:
            self._messages.append(HistoryMessage(True, text))
        self.problem = text
