"""Lets requests through one after the other: by priority, evenly spaced, none while paused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count

SLOWEST = 8
"""The pace is halved at most to an eighth."""
SLOW_FOR_S = 60.0
"""After this long without another refusal the pace doubles again."""


class RequestGate:
    """Lets waiting requests through by priority: so many a second, so many at once, none while paused.

    Starts are spaced evenly, since a burst is what venues refuse.

    Parameters
    ----------
    per_s : float
        Most starts in one second.
    most_at_once : int
        Most requests between start and end.
    """

    def __init__(self, per_s: float, most_at_once: int) -> None:
        self._interval_s = 1.0 / per_s
        self._most_at_once = most_at_once
        self._running = 0
        self._next_start_s = 0.0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._slowness = 1
        self._slow_until_s = 0.0

    @property
    def waiting(self) -> int:
        """Requests that have not started."""
        return sum(not turn.done() for _, _, turn in self._waiting)

    @asynccontextmanager
    async def turn(self, priority: int) -> AsyncGenerator[None, None]:
        """Wait for a turn; lower priorities go first."""
        turn = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (priority, next(self._order), turn))
        self._let_through()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had just been let through
                self._end()
            raise
        try:
            yield
        finally:
            self._end()

    def pause(self, pause_s: float) -> None:
        """Start nothing for ``pause_s``."""
        self._next_start_s = max(self._next_start_s, asyncio.get_running_loop().time() + pause_s)

    def halve(self) -> None:
        """The venue finds the pace too fast: half of it for a minute, then step by step back."""
        self._slowness = min(SLOWEST, self._slowness * 2)
        self._slow_until_s = asyncio.get_running_loop().time() + SLOW_FOR_S

    @property
    def slowness(self) -> int:
        """By how much the pace is reduced now: 1, 2, 4 or 8."""
        return self._slowness

    def _end(self) -> None:
        self._running -= 1
        self._let_through()

    def _let_through(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._waiting[0][2].done():
            heappop(self._waiting)
        if not self._waiting or self._running >= self._most_at_once:
            return
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if now_s < self._next_start_s:
            self._timer = loop.call_at(self._next_start_s, self._let_through)
            return
        if self._slowness > 1 and now_s >= self._slow_until_s:
            self._slowness //= 2
            self._slow_until_s = now_s + SLOW_FOR_S
        self._next_start_s = now_s + self._interval_s * self._slowness
        self._running += 1
        heappop(self._waiting)[2].set_result(None)
        self._let_through()
