"""The supervisor owns, names, restarts and stops every task of the program."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full-jitter exponential wait: uniform in [first_s / 2, min(most_s, first_s * 2**n)]."""

    first_s: float = 0.5
    most_s: float = 30.0

    def wait_s(self, failures: int) -> float:
        ceiling = min(self.most_s, self.first_s * 2 ** min(failures, 16))
        return random.uniform(self.first_s / 2, max(ceiling, self.first_s))


class Supervisor:
    """Every long-lived task is spawned here. ``stop`` ends them newest first."""

    def __init__(self, on_failure: Callable[[str, Exception], None] | None = None) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._on_failure = on_failure
        self._stopping = False

    def spawn(
        self, name: str, run: Callable[[], Coroutine[Any, Any, None]], *, restart: Backoff | None = None
    ) -> asyncio.Task[None]:
        """Start ``run()`` as a task. With ``restart`` a failing or returning task is started again."""
        if self._stopping:
            raise RuntimeError(f"task {name} spawned while stopping")
        if name in self._tasks and not self._tasks[name].done():
            raise RuntimeError(f"task {name} is already running")
        task = asyncio.get_running_loop().create_task(self._own(name, run, restart), name=name)
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))
        return task

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]

    async def _own(self, name: str, run: Callable[[], Coroutine[Any, Any, None]], restart: Backoff | None) -> None:
        failures = 0
        while True:
            try:
                await run()
            except Exception as error:
                failures += 1
                log.exception("task %s failed (%d)", name, failures)
                if self._on_failure is not None:
                    self._on_failure(name, error)
            else:
                failures = 0
            if restart is None or self._stopping:
                return
            await asyncio.sleep(restart.wait_s(failures))

    async def cancel(self, name: str) -> None:
        """Cancel one task and wait until it has ended."""
        task = self._tasks.get(name)
        if task is None:
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._tasks)

    async def stop(self, deadline_s: float = 1.5) -> None:
        """Cancel all tasks, newest first, and wait for them at most ``deadline_s`` together."""
        self._stopping = True
        tasks = list(self._tasks.values())[::-1]
        for task in tasks:
            task.cancel()
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=deadline_s)
            for task in pending:
                log.warning("task %s did not end within %.1f s", task.get_name(), deadline_s)


async def within(awaitable: Awaitable[Any], deadline_s: float) -> Any:
    """Await with a deadline of real seconds; raises TimeoutError. The one place deadlines are made."""
    async with asyncio.timeout(deadline_s):
        return await awaitable
