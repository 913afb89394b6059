"""What the engine does by itself, again and again: the venue's time, repairs, the figures of the status bar."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import psutil

from virtuoso_desktop.engine.history import HistoryLoader
from virtuoso_desktop.engine.links import LinkBoard
from virtuoso_desktop.engine.views import DOWN_PHASES
from virtuoso_desktop.exchanges.base import Adapter, Maintenance
from virtuoso_desktop.kernel.clock import OFFSET_WARNING_S, Clock, LiveClock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.model.errors import VenueRejected, VirtuosoError

log = logging.getLogger(__name__)

CLOCK_SAMPLES = 5
CLOCK_PERIOD_S = 300.0
HOUSEKEEPING_PERIOD_S = 1.0
STATUS_PERIOD_S = 300.0
STATUS_LOST_S = 30.0
STATUS_REFUSED_S = 3600.0
BYTES_PER_MB = 1_000_000
DOUBTFUL_STEP_NS = 100_000_000
"""Smaller steps are the time service's and need no new measurement."""
DOUBTFUL_EARLY_MS, DOUBTFUL_LATE_MS = 1_000, 5_000
DOUBT_EVERY_S = 10.0


class TimeKeeper:
    """Keeps a venue's time: measured at connect and every 5 minutes, and when the computer's clock was moved.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    venue_clock : VenueClock
        Gets the offset.
    notices : NoticeBoard
        Told when the clocks differ by more than 2 s, and when they agree again.
    clock : Clock
        The computer's, if it is one that can be moved.
    """

    def __init__(self, adapter: Adapter, venue_clock: VenueClock, notices: NoticeBoard, clock: Clock) -> None:
        self.clock = clock
        self._adapter = adapter
        self._venue_clock = venue_clock
        self._notices = notices
        self._told_ms: int | None = None
        """The offset that a person was told of; None while the clocks agree."""
        self._doubt = asyncio.Event()
        self._measured_s = 0.0

    async def measure(self, samples: int) -> None:
        """Set the offset to the median of ``samples``. Raises what the adapter raises."""
        while True:
            steps = self._venue_clock.steps
            taken = [await self._adapter.server_time() for _ in range(samples)]
            if steps == self._venue_clock.steps:
                break  # else some samples are of the time before a step
        self._venue_clock.measure([(each.sent_ms, each.venue_ms, each.received_ms) for each in taken])
        self._measured_s = asyncio.get_running_loop().time()
        self._tell()

    async def run(self) -> None:
        while True:
            self._doubt.clear()
            try:
                await self.measure(CLOCK_SAMPLES)
            except VirtuosoError as error:
                log.info("the clock of %s could not be measured: %s", self._adapter.venue.value, error.user_text)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOCK_PERIOD_S):
                    await self._doubt.wait()

    def follow(self) -> int:
        """Follow a step of the computer's clock while the venue's time goes on; returns the step in ns."""
        step_ns = self.clock.reanchor() if isinstance(self.clock, LiveClock) else 0
        if step_ns:
            log.info("the computer's clock stepped by %.3f s", step_ns / 1e9)
            self._venue_clock.follow(step_ns)
            self._tell()
        if abs(step_ns) > DOUBTFUL_STEP_NS:
            self._doubt.set()
        return step_ns

    def compare(self, delay_ms: float) -> None:
        """Measure again when messages arrive before they were sent, or absurdly late, by the venue's time."""
        if -DOUBTFUL_EARLY_MS <= delay_ms <= DOUBTFUL_LATE_MS:
            return
        if asyncio.get_running_loop().time() - self._measured_s > DOUBT_EVERY_S:
            self._doubt.set()

    def _tell(self) -> None:
        offset_ms = self._venue_clock.offset_ms
        venue = self._adapter.venue.value.capitalize()
        if offset_ms is None:
            return
        if not self._venue_clock.offset_is_suspicious:
            if self._told_ms is not None:
                self._notices.post(Severity.INFO, "clock", f"This computer's clock agrees with {venue} again.")
            self._told_ms = None
            return
        if self._told_ms is not None and abs(offset_ms - self._told_ms) <= OFFSET_WARNING_S * 1000 * self.clock.rate:
            return
        self._told_ms = offset_ms
        self._notices.post(
            Severity.WARNING,
            "clock",
            f"This computer's clock is {abs(offset_ms) / 1000:.1f} s {'behind' if offset_ms > 0 else 'ahead of'} "
            f"{venue}. Data is kept and shown in the venue's time; set the computer's clock to mend it.",
        )


class MaintenanceWatch:
    """Asks the venue what it announces: seldom while all is well, often while nothing comes.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    board : LinkBoard
        Learns of what is going on.
    notices : NoticeBoard
        Told once of every announcement.
    """

    def __init__(self, adapter: Adapter, board: LinkBoard, notices: NoticeBoard) -> None:
        self._adapter = adapter
        self._board = board
        self._notices = notices
        self._told: set[tuple[str, bool]] = set()

    async def run(self) -> None:
        while True:
            try:
                self._tell(await self._adapter.maintenance())
                calm_s = STATUS_PERIOD_S
            except VenueRejected:  # a venue or a simulator without such an endpoint
                self._board.maintenance = None
                calm_s = STATUS_REFUSED_S
            except VirtuosoError as error:
                log.info("maintenance of %s is not known: %s", self._adapter.venue.value, error.user_text)
                calm_s = STATUS_PERIOD_S
            await self._rest(calm_s)

    async def _rest(self, calm_s: float) -> None:
        """Wait for the calm period, or less when the connections are lost."""
        waited_s = 0.0
        while waited_s < calm_s and not (self._board.phase in DOWN_PHASES and waited_s >= STATUS_LOST_S):
            await asyncio.sleep(HOUSEKEEPING_PERIOD_S)
            waited_s += HOUSEKEEPING_PERIOD_S

    def _tell(self, found: list[Maintenance]) -> None:
        self._board.maintenance = next((each for each in found if each.is_ongoing), None)
        for each in found:
            if (each.title, each.is_ongoing) in self._told:
                continue
            self._told.add((each.title, each.is_ongoing))
            name = self._adapter.venue.value.capitalize()
            what = "maintenance is going on" if each.is_ongoing else "maintenance is announced"
            self._notices.post(
                Severity.WARNING if each.is_ongoing else Severity.INFO,
                f"{self._adapter.venue.value}.status",
                f"{name}: {what} ({each.title}). Data may pause; everything goes on by itself afterwards.",
            )


class Housekeeper:
    """Once a second: follow steps of the computer's clock, look for holes, take the rates.

    Parameters
    ----------
    adapter : Adapter
        Whose figures are taken.
    time_keeper : TimeKeeper
        Follows the computer's clock.
    history : HistoryLoader
        Looks for holes.
    board : LinkBoard
        Takes delays.
    also : callable
        Called once a second too.

    Attributes
    ----------
    messages_per_s, requests_per_s : float
        Over the last second.
    rss_mb : float
        Memory of this process, 10**6 bytes.
    """

    def __init__(
        self,
        adapter: Adapter,
        time_keeper: TimeKeeper,
        history: HistoryLoader,
        board: LinkBoard,
        also: Callable[[], None],
    ) -> None:
        self._metrics = adapter.metrics
        self._time_keeper = time_keeper
        self._clock = time_keeper.clock
        self._history = history
        self._board = board
        self._also = also
        self._process = psutil.Process()
        self._messages = 0
        self._requests = 0
        self._sampled_ns = self._clock.now_ns()
        self.messages_per_s = 0.0
        self.requests_per_s = 0.0
        self.rss_mb = self._rss_mb()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_PERIOD_S)
            self._sampled_ns += self._time_keeper.follow()
            self._history.check()
            self._also()
            self._sample()

    def _sample(self) -> None:
        now_ns = self._clock.now_ns()
        seconds = (now_ns - self._sampled_ns) / 1e9 / self._clock.rate
        messages = self._metrics.messages.total()
        if seconds > 0:
            self.messages_per_s = (messages - self._messages) / seconds
            self.requests_per_s = (self._metrics.requests - self._requests) / seconds
        newest_ms = self._metrics.lag_ms.newest_ms
        if messages > self._messages and newest_ms is not None:
            self._time_keeper.compare(newest_ms / self._clock.rate)
        self._sampled_ns, self._messages, self._requests = now_ns, messages, self._metrics.requests
        self.rss_mb = self._rss_mb()
        self._board.sample()

    def _rss_mb(self) -> float:
        return self._process.memory_info().rss / BYTES_PER_MB
