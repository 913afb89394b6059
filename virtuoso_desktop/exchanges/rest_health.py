"""How requests to one venue fare: bans, blocks and, per group of endpoints, a breaker. Pure: time comes by argument."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from virtuoso_desktop.exchanges.base import LinkPhase, RestState
from virtuoso_desktop.model.errors import LinkError, RateLimited, VenueBlocked, VenueDown

FAILURES_TO_OPEN = 5
FAILURES_WITHIN_S = 30.0
PROBE_PATIENCE_S = 1.0
"""While one request probes, the others are told to come again after this."""


class Breaker:
    """Stops asking a group of endpoints that fails again and again; one probe at a time finds out when it is back.

    Parameters
    ----------
    wait_s : callable
        Seconds until the probe that follows so many openings in a row, jittered.
    """

    def __init__(self, wait_s: Callable[[int], float]) -> None:
        self._wait_s = wait_s
        self._failures: deque[tuple[float, LinkError]] = deque()
        self._openings = 0
        self._probe_s: float | None = None
        """When the next probe may go; None while closed."""
        self._is_probing = False
        self.since_s = 0.0
        """When the first request failed since the last one that did not."""

    @property
    def is_open(self) -> bool:
        return self._probe_s is not None

    @property
    def newest(self) -> LinkError | None:
        """The newest failure."""
        return self._failures[-1][1] if self._failures else None

    @property
    def is_venue_down(self) -> bool:
        """Whether every failure was the venue's own."""
        return bool(self._failures) and all(isinstance(error, VenueDown) for _, error in self._failures)

    def left_s(self, now_s: float) -> float:
        """Seconds until the next probe; 0 when it is due or nothing is wrong."""
        return max(0.0, self._probe_s - now_s) if self._probe_s is not None else 0.0

    def refusal_s(self, now_s: float) -> float | None:
        """For how long nothing may be asked; None if a request may go."""
        if self._probe_s is None:
            return None
        if now_s < self._probe_s:
            return self._probe_s - now_s
        return PROBE_PATIENCE_S if self._is_probing else None

    def begin(self) -> None:
        """A request goes; while open it is the probe."""
        self._is_probing = self.is_open

    def succeeded(self) -> None:
        """An answer came: all is well."""
        self._failures.clear()
        self._openings = 0
        self._probe_s = None
        self._is_probing = False

    def failed(self, error: LinkError, now_s: float) -> None:
        """A request failed."""
        if not self._failures and not self.is_open:
            self.since_s = now_s
        self._failures.append((now_s, error))
        while now_s - self._failures[0][0] > FAILURES_WITHIN_S:
            self._failures.popleft()
        was_probe, self._is_probing = self._is_probing, False
        if was_probe or (not self.is_open and len(self._failures) >= FAILURES_TO_OPEN):
            self._openings += 1
            self._probe_s = now_s + self._wait_s(self._openings)

    def ended(self) -> None:
        """The request is over, whatever it brought: another one may probe."""
        self._is_probing = False

    def probe_now(self) -> None:
        """Let the next request probe at once."""
        if self._probe_s is not None:
            self._probe_s = 0.0


class RestHealth:
    """State of all requests to one venue.

    Parameters
    ----------
    wait_s : callable
        See `Breaker`.
    """

    def __init__(self, wait_s: Callable[[int], float]) -> None:
        self._wait_s = wait_s
        self._breakers: dict[str, Breaker] = {}
        self._stop: RateLimited | None = None
        self._stopped_until_s = 0.0
        self._is_probing = False
        self._succeeded_s: float | None = None
        self._phase = LinkPhase.CONNECTING
        self._phase_since_s: float | None = None

    def breaker(self, group: str) -> Breaker:
        """The breaker of a group of endpoints."""
        return self._breakers.setdefault(group, Breaker(self._wait_s))

    def stop(self, error: RateLimited, now_s: float) -> None:
        """The venue wants no requests at all for a while; afterwards one probe goes first."""
        self._stop = error
        self._stopped_until_s = now_s + error.retry_after_s
        self._is_probing = False

    def refuse_while_stopped(self, now_s: float) -> None:
        """Raise what `stop` was told, with the time that is left."""
        if self._stop is None:
            return
        left_s = self._stopped_until_s - now_s
        if left_s > 0 or self._is_probing:
            raise type(self._stop)(self._stop.user_text, retry_after_s=max(left_s, PROBE_PATIENCE_S))

    def begin(self) -> None:
        """A request goes; after a stop it is the probe."""
        self._is_probing = self._stop is not None

    def succeeded(self, now_s: float) -> None:
        """The venue answers; what was on its way when it stopped answering says nothing."""
        for breaker in self._breakers.values():
            if breaker.is_open and self._nothing_went_since(breaker):
                breaker.probe_now()  # everything was down and is back: no group has to wait any longer
        self._succeeded_s = now_s
        if now_s >= self._stopped_until_s:
            self._stop = None

    def ended(self) -> None:
        """The request is over, whatever it brought: another one may probe."""
        self._is_probing = False

    def _nothing_went_since(self, breaker: Breaker) -> bool:
        """No request of any group succeeded since this group began to fail."""
        return self._succeeded_s is None or self._succeeded_s < breaker.since_s

    def retry_now(self) -> None:
        """Probe at once, but for a ban, which a request would make longer."""
        for breaker in self._breakers.values():
            breaker.probe_now()
        if isinstance(self._stop, VenueBlocked):
            self._stopped_until_s = 0.0

    def state(self, now_s: float) -> RestState:
        """The worst of all that is known."""
        phase, reason, next_try_s, groups = self._judge(now_s)
        if phase is not self._phase or self._phase_since_s is None:
            self._phase, self._phase_since_s = phase, now_s
        return RestState(phase, now_s - self._phase_since_s, reason, next_try_s, groups)

    def _judge(self, now_s: float) -> tuple[LinkPhase, str | None, float | None, tuple[str, ...]]:
        opened = {
            group: breaker
            for group, breaker in self._breakers.items()
            # Where the next request may go and others do succeed, nothing is known to be wrong.
            if breaker.is_open and (breaker.left_s(now_s) or self._nothing_went_since(breaker))
        }
        if self._stop is not None:
            phase = LinkPhase.BLOCKED if isinstance(self._stop, VenueBlocked) else LinkPhase.BANNED
            left_s = max(0.0, self._stopped_until_s - now_s)
            return phase, self._stop.user_text, left_s, tuple(opened)
        if opened:
            is_down = all(breaker.is_venue_down for breaker in opened.values())
            newest = next(breaker.newest for breaker in opened.values())
            left_s = min(breaker.left_s(now_s) for breaker in opened.values())
            phase = LinkPhase.MAINTENANCE if is_down else LinkPhase.BACKOFF
            return phase, newest.user_text if newest is not None else None, left_s, tuple(opened)
        return (LinkPhase.LIVE if self._succeeded_s is not None else LinkPhase.CONNECTING), None, None, ()
