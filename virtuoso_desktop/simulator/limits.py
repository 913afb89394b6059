"""The venue's two rate limits (real seconds, whatever the venue's clock does).

600 requests in 5 s per address, then HTTP 403 for a while; and per address and endpoint a rolling
second, then retCode 10006 with the three ``X-Bapi-Limit`` headers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RateLimits:
    """``ban_s`` is how long an address stays refused after it broke the address limit."""

    address_requests: int = 600
    address_window_s: float = 5.0
    ban_s: float = 600.0
    endpoint_requests: int = 10
    endpoint_window_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """The answer for one request. ``reset_in_s`` is 0 unless ``exceeded``."""

    banned: bool
    exceeded: bool
    limit: int
    remaining: int
    reset_in_s: float


@dataclass(slots=True)
class _Address:
    banned_until_s: float = 0.0
    requests: deque[float] = field(default_factory=deque[float])
    endpoints: dict[str, deque[float]] = field(default_factory=dict[str, deque[float]])


class RateLimiter:
    """Counts requests by address and endpoint; ``now_s`` is any monotonic clock in seconds."""

    def __init__(self, limits: RateLimits, now_s: Callable[[], float]) -> None:
        self._limits = limits
        self._now_s = now_s
        self._addresses: dict[str, _Address] = {}

    def admit(self, address: str, endpoint: str) -> Allowance:
        """Count one request and tell whether it is served."""
        limits, now = self._limits, self._now_s()
        known = self._addresses.setdefault(address, _Address())
        if now < known.banned_until_s:
            return self._banned()
        _forget(known.requests, now - limits.address_window_s)
        known.requests.append(now)
        if len(known.requests) > limits.address_requests:
            known.banned_until_s = now + limits.ban_s
            return self._banned()
        recent = known.endpoints.setdefault(endpoint, deque())
        _forget(recent, now - limits.endpoint_window_s)
        if len(recent) >= limits.endpoint_requests:
            reset_in_s = recent[0] + limits.endpoint_window_s - now
            return Allowance(False, True, limits.endpoint_requests, 0, reset_in_s)
        recent.append(now)
        return Allowance(False, False, limits.endpoint_requests, limits.endpoint_requests - len(recent), 0.0)

    def _banned(self) -> Allowance:
        return Allowance(True, False, self._limits.endpoint_requests, 0, 0.0)


def _forget(times: deque[float], before_s: float) -> None:
    while times and times[0] <= before_s:
        times.popleft()
