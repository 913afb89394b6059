"""Time is injected. Venue time = clock + offset(venue); only receive stamps use the local clock."""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_MS = 1_000_000
REANCHOR_TOLERANCE_NS = 5 * NS_PER_MS
OFFSET_WARNING_S = 2.0


class Clock(Protocol):
    """UTC in ns. ``rate`` is clock seconds per real second."""

    @property
    def rate(self) -> float: ...

    def now_ns(self) -> int: ...

    def now_ms(self) -> int: ...


class LiveClock:
    """The computer's UTC, read through ``perf_counter_ns`` (Windows' own clock steps by 15.6 ms)."""

    rate = 1.0

    def __init__(self) -> None:
        self._anchor_ns = time.time_ns() - time.perf_counter_ns()

    def now_ns(self) -> int:
        return self._anchor_ns + time.perf_counter_ns()

    def now_ms(self) -> int:
        return (self._anchor_ns + time.perf_counter_ns()) // NS_PER_MS

    def reanchor(self) -> int:
        """Follow a step of the computer's clock (sleep, time service); returns the step in ns, 0 if small."""
        step_ns = time.time_ns() - self.now_ns()
        if abs(step_ns) < REANCHOR_TOLERANCE_NS:
            return 0
        self._anchor_ns += step_ns
        return step_ns


class ScaledClock:
    """A clock that starts at ``start_ms`` and runs ``rate`` times as fast as real time."""

    def __init__(self, start_ms: int, rate: float) -> None:
        if rate <= 0:
            raise ValueError(f"clock rate must be above 0, not {rate}")
        self.rate = rate
        self._start_ns = start_ms * NS_PER_MS
        self._zero_ns = time.perf_counter_ns()

    def now_ns(self) -> int:
        return self._start_ns + int((time.perf_counter_ns() - self._zero_ns) * self.rate)

    def now_ms(self) -> int:
        return self.now_ns() // NS_PER_MS


class ManualClock:
    """A clock for tests: moves only when told."""

    rate = 1.0

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._now_ns = start_ms * NS_PER_MS

    def now_ns(self) -> int:
        return self._now_ns

    def now_ms(self) -> int:
        return self._now_ns // NS_PER_MS

    def advance_ms(self, delta_ms: float) -> None:
        self._now_ns += int(delta_ms * NS_PER_MS)

    def set_ms(self, now_ms: int) -> None:
        self._now_ns = now_ms * NS_PER_MS


class VenueClock:
    """A venue's time: the injected clock plus the measured offset."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ms: int | None = None
        """Venue minus clock; None until measured (then venue time is the clock's)."""

    def now_ms(self) -> int:
        return self._clock.now_ms() + (self.offset_ms or 0)

    @property
    def rate(self) -> float:
        """Venue seconds a real second."""
        return self._clock.rate

    def to_venue_ms(self, recv_ns: int) -> float:
        """Venue time of a local receive stamp, in ms with fraction."""
        return recv_ns / NS_PER_MS + (self.offset_ms or 0)

    def measure(self, samples: list[tuple[int, int, int]]) -> int:
        """Set the offset from (sent_ms, venue_ms, received_ms) samples: the median of venue - middle."""
        from statistics import median  # 3 ms that the first painted window need not wait for

        self.offset_ms = round(median(venue - (sent + received) / 2 for sent, venue, received in samples))
        return self.offset_ms

    @property
    def offset_is_suspicious(self) -> bool:
        """True when the clocks differ by more than 2 real seconds: shown, data is kept."""
        return self.offset_ms is not None and abs(self.offset_ms) / 1000 / self._clock.rate > OFFSET_WARNING_S
