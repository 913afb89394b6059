"""A file that one thread of its own writes and reads; the event loop never waits for it.

What waits to be written is kept by whoever owns the file (`history`, `journal`); here are the thread, the questions
that it answers in between, and the words for the person.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.faults import StorageFault

RETRY_S = 30.0
"""Between two tries of a file that cannot be used."""
F = TypeVar("F")
T = TypeVar("T")
log = logging.getLogger(__name__)


class StorageMessage(NamedTuple):
    """A sentence for the person; ``is_bad`` until a later one tells of its end."""

    is_bad: bool
    user_text: str


class Job(NamedTuple):
    """A question to the file."""

    run: Callable[[Any], Any]
    future: Future[Any]
    needs_all: bool
    """What waits is written first."""


class FileThread(ABC, Generic[F]):
    """The thread of one file. Made and used on the loop's thread; without a path there is none.

    Parameters
    ----------
    path : Path or None
        The file; None when nothing can be stored.
    name : str
        Of the thread and of what is kept, for the log and for people.

    Attributes
    ----------
    problem : str or None
        Why nothing is stored now, in words; None while all is well and until the file was tried.
    """

    def __init__(self, path: Path | None, name: str) -> None:
        self.problem: str | None = None
        self._path = path
        self._name = name
        self._changed = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._messages: deque[StorageMessage] = deque()
        self._thread: threading.Thread | None = None
        self._ended: Future[None] = Future()
        self._stopping = False
        self._file: F | None = None
        self._gives_up = False
        self._retry_at_s = 0.0

    # --- what the owner of the file does in its thread ---------------------------------------------------------------

    @abstractmethod
    def _open(self) -> None:
        """Open the file, or say why not."""

    @abstractmethod
    def _answer(self, file: F, run: Callable[[F], Any]) -> Any:
        """Let a question read. Raises StorageFault when that fails."""

    @abstractmethod
    def _fail(self, fault: StorageFault) -> None:
        """The file cannot be used."""

    @abstractmethod
    def _leave(self) -> None:
        """Close the file, if it is open."""

    @abstractmethod
    def _idle_s(self) -> float | None:
        """How long there is nothing to do unless somebody asks; None for ever."""

    @abstractmethod
    def _work(self) -> None:
        """Write what is due."""

    @abstractmethod
    def _write_all(self) -> None:
        """Write what waits, due or not."""

    @abstractmethod
    def _over(self) -> None:
        """The thread is over, and nobody asks any more."""

    def _began(self) -> None:
        """The file was tried for the first time."""
        return

    def _catch_up(self) -> None:
        """A question wants to see what waits."""
        self._write_all()

    def _finish(self) -> None:
        """The last chance to write."""
        self._write_all()

    # --- for the loop ------------------------------------------------------------------------------------------------

    @property
    def _takes_jobs(self) -> bool:
        return self._thread is not None and not self._stopping and not self._gives_up

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name)
        self._thread.start()

    def take_messages(self) -> list[StorageMessage]:
        """What a person should be told since the last call."""
        taken: list[StorageMessage] = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken

    def submit(self, run: Callable[[F], T], *, needs_all: bool = False) -> Future[T]:
        """Run something with the file in the thread. Callable from any thread."""
        future: Future[T] = Future()
        with self._changed:
            if self._takes_jobs:
                self._jobs.append(Job(run, future, needs_all))
                self._changed.notify()
            else:
                future.set_exception(self._not_open())
        return future

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

    def _not_open(self) -> StorageError:
        return StorageError(self.problem or f"The {self._name} is not open.")

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._open()
            self._began()
            while not (self._stopping and not self._jobs):
                self._turn()
            self._finish()
        finally:
            self._leave()
            self._end()

    def _turn(self) -> None:
        """Wait for something to do, and do it."""
        job = self._next_job()
        if self._file is None and not self._gives_up and time.monotonic() >= self._retry_at_s:
            self._open()
        if job is not None:
            self._serve(job)
        self._work()

    def _next_job(self) -> Job | None:
        with self._changed:
            if not self._jobs and not self._stopping:
                self._changed.wait(self._idle_s())
            return self._jobs.popleft() if self._jobs else None

    def _serve(self, job: Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        if job.needs_all:
            self._catch_up()
        file = self._file
        if file is None:
            job.future.set_exception(self._not_open())
            return
        try:
            job.future.set_result(self._answer(file, job.run))
        except StorageFault as fault:
            job.future.set_exception(fault)
            self._fail(fault)
        except StorageError as error:
            job.future.set_exception(error)
        except BaseException as error:
            job.future.set_exception(error)
            raise

    def _end(self) -> None:
        """Nobody waits for a thread that is gone."""
        if not self._stopping:
            log.error("the %s's thread failed", self._name, exc_info=sys.exc_info())
            self._tell_problem(f"The part that keeps the {self._name} failed: nothing is stored until the next start.")
        with self._changed:
            self._gives_up = True
            jobs, self._jobs = self._jobs, deque()
        self._over()
        for job in jobs:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(self._not_open())
        self._ended.set_result(None)

    def _tell(self, text: str, *, is_bad: bool = True) -> None:
        self._messages.append(StorageMessage(is_bad, text))

    def _tell_problem(self, text: str) -> None:
        if self.problem != text:
            self._tell(text)
        self.problem = text

    def _tell_recovery(self, text: str) -> None:
        if self.problem is not None:
            self.problem = None
            self._tell(text, is_bad=False)
