"""Keeps the simulated exchange of ``--demo`` alive, always on the same port."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence

from virtuoso_desktop.app.demo_child import DemoChild, DemoMarket
from virtuoso_desktop.app.exit_codes import CannotRun
from virtuoso_desktop.kernel.tasks import Backoff

POLL_S = 0.2
RESTARTS = Backoff(first_s=0.2, most_s=5.0)
TOLD_AFTER = 3
"""Failed starts after which a person is told why."""
log = logging.getLogger(__name__)


class DemoExchange:
    """The child of the moment.

    Parameters
    ----------
    child : DemoChild
        The first one, already started.
    speed : float
        Market seconds in one real second.
    command : sequence of str, optional
        What to start instead of this program's own ``simulate``.
    """

    def __init__(self, child: DemoChild, speed: float = 1.0, command: Sequence[str] | None = None) -> None:
        self.child = child
        self._speed = speed
        self._command = command

    async def market(self) -> DemoMarket:
        """Wait for the child's first line. Raises CannotRun when it does not come within 10 s."""
        return await asyncio.to_thread(self.child.wait_for_market)

    async def keep_alive(self, market: DemoMarket, tell: Callable[[str, bool], None]) -> None:
        """Start a child again whenever one has ended. ``tell`` gets a sentence and whether it is bad news."""
        failures = 0
        while True:
            await asyncio.sleep(POLL_S)
            if self.child.is_running:
                continue
            if failures == 0:
                tell(f"The simulated market stopped{self.child.end_words}; it is being started again.", True)
            self.child.stop()
            await asyncio.sleep(RESTARTS.wait_s(failures))
            start = None if self._speed == 1.0 else _iso(market.clock.now_ms())
            self.child = DemoChild(self._speed, port=market.port, start=start, command=self._command)
            try:
                await self.market()
            except CannotRun as error:
                log.info("start again failed: %s", error.user_text)
                failures += 1
                if failures == TOLD_AFTER:
                    tell(f"{error.user_text} It is tried again until it succeeds.", True)
            else:
                failures = 0
                tell("The simulated market runs again.", False)

    def stop(self) -> None:
        """End the child of the moment."""
        self.child.stop()


def _iso(time_ms: int) -> str:
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
