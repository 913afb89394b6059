"""What the engine does by itself, again and again: the venue's time, repairs, the figures of the status bar."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

import psutil

from virtuoso_desktop.engine.history import HistoryLoader
from virtuoso_desktop.engine.links import LinkBoard
from virtuoso_desktop.engine.views import DOWN_PHASES
from virtuoso_desktop.exchanges.base import Adapter, Maintenance
from virtuoso_desktop.kernel.clock import Clock, LiveClock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.model.errors import VenueRejected, VirtuosoError

log = logging.getLogger(__name__)

CLOCK_SAMPLES = 5
CLOCK_DOUBTS = 3
"""So many looks in a row at which the newest message came early or late cast doubt on the offset."""
EARLY_MS, LATE_MS = -500.0, 2_000.0
"""Arrival delays (real ms) outside of which a clock may have been set."""
HOUSEKEEPING_PERIOD_S = 1.0
STATUS_PERIOD_S = 300.0
STATUS_LOST_S = 30.0
STATUS_REFUSED_S = 3600.0
BYTES_PER_MB = 1_000_000


class ClockTimes(NamedTuple):
    """Real seconds between measurements as a rule, between two on doubt, and between two looks at the delays."""

    every_s: float = 300.0
    gap_s: float = 5.0
    """Each measurement that changes nothing doubles it."""
    look_s: float = 1.0


class TimeKeeper:
    """Measures a venue's clock: at connect, then every 5 minutes, and when arrival delays look as if one was set.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    venue_clock : VenueClock
        Gets the offset.
    notices : NoticeBoard
        Told when the clocks differ by more than 2 s.
    times : ClockTimes
        How often.
    """

    def __init__(
        self, adapter: Adapter, venue_clock: VenueClock, notices: NoticeBoard, times: ClockTimes | None = None
    ) -> None:
        self._adapter = adapter
        self._venue_clock = venue_clock
        self._notices = notices
        self._times = times or ClockTimes()
        self._gap_s = self._times.gap_s

    async def measure(self, samples: int) -> None:
        """Set the offset to the median of ``samples``. Raises what the adapter raises."""
        taken = [await self._adapter.server_time() for _ in range(samples)]
        was_suspicious = self._venue_clock.offset_is_suspicious
        offset_ms = self._venue_clock.measure([(each.sent_ms, each.venue_ms, each.received_ms) for each in taken])
        if self._venue_clock.offset_is_suspicious and not was_suspicious:
            self._notices.post(
                Severity.WARNING,
                "clock",
                f"This computer's clock differs from {self._adapter.venue.value.capitalize()} by "
                f"{offset_ms / 1000:+.1f} s. Data is kept and shown in the venue's time; "
                "set the computer's clock to mend it.",
            )

    async def run(self) -> None:
        while True:
            before_ms = self._venue_clock.offset_ms
            try:
                await self.measure(CLOCK_SAMPLES)
            except VirtuosoError as error:
                log.info("the clock of %s could not be measured: %s", self._adapter.venue.value, error.user_text)
            after_ms = self._venue_clock.offset_ms
            is_news = before_ms is None or (after_ms is not None and abs(after_ms - before_ms) > -EARLY_MS)
            self._gap_s = self._times.gap_s if is_news else min(self._times.every_s, 2 * self._gap_s)
            await self._rest()

    async def _rest(self) -> None:
        """Wait for the next measurement, or until enough messages in a row came at an impossible time."""
        waited_s, doubts = 0.0, 0
        while waited_s < self._times.every_s and (doubts < CLOCK_DOUBTS or waited_s < self._gap_s):
            await asyncio.sleep(self._times.look_s)
            waited_s += self._times.look_s
            lag_ms = self._adapter.metrics.lag_ms.newest_ms
            is_odd = lag_ms is not None and not EARLY_MS <= lag_ms / self._venue_clock.rate <= LATE_MS
            doubts = doubts + 1 if is_odd else 0


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
    clock : Clock
        Follows the computer's.
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
        clock: Clock,
        history: HistoryLoader,
        board: LinkBoard,
        also: Callable[[], None],
    ) -> None:
        self._metrics = adapter.metrics
        self._clock = clock
        self._history = history
        self._board = board
        self._also = also
        self._process = psutil.Process()
        self._messages = 0
        self._requests = 0
        self._sampled_ns = clock.now_ns()
        self.messages_per_s = 0.0
        self.requests_per_s = 0.0
        self.rss_mb = self._rss_mb()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_PERIOD_S)
            if isinstance(self._clock, LiveClock):
                step_ns = self._clock.reanchor()
                if step_ns:
                    log.info("the computer's clock stepped by %.3f s", step_ns / 1e9)
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
        self._sampled_ns, self._messages, self._requests = now_ns, messages, self._metrics.requests
        self.rss_mb = self._rss_mb()
        self._board.sample()

    def _rss_mb(self) -> float:
        return self._process.memory_info().rss / BYTES_PER_MB
