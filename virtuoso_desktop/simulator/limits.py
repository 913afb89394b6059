"""The venue's two rate limits (real seconds, whatever the venue's clock does).

600 requests in 5 s per address, then HTTP 403 for a while; and per address and endpoint a rolling
second, then retCode 10006 with the three ``X-Bapi-Limit`` headers. The second is 50 ms short, so that
clients paced at exactly 10 requests a second are served as the venue serves them; the list of
instruments allows 20, since ccxt asks for it 12 times in a second whenever it starts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

INSTRUMENTS = "/v5/market/instruments-info"


@dataclass(frozen=True, slots=True)
class RateLimits:
    """``ban_s`` is how long an address stays refused after it broke the address limit."""

    address_requests: int = 600
    address_window_s: float = 5.0
    ban_s: float = 600.0
    endpoint_requests: int = 10
    endpoint_window_s: float = 0.95
    instruments_requests: int = 20

    def of(self, endpoint: str) -> int:
        """Requests that an endpoint serves in its window."""
        return self.instruments_requests if endpoint == INSTRUMENTS else self.endpoint_requests


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
        limits, now, most = self._limits, self._now_s(), self._limits.of(endpoint)
        known = self._addresses.setdefault(address, _Address())
        _forget(known.requests, now - limits.address_window_s)
        if now >= known.banned_until_s:
            known.requests.append(now)
            if len(known.requests) > limits.address_requests:
                known.banned_until_s = now + limits.ban_s
        if now < known.banned_until_s:
            return Allowance(True, False, most, 0, 0.0)
        recent = known.endpoints.setdefault(endpoint, deque())
        _forget(recent, now - limits.endpoint_window_s)
        if len(recent) >= most:
            return Allowance(False, True, most, 0, recent[0] + limits.endpoint_window_s - now)
        recent.append(now)
        return Allowance(False, False, most, most - len(recent), 0.0)


def _forget(times: deque[float], before_s: float) -> None:
    while times and times[0] <= before_s:
        times.popleft()
