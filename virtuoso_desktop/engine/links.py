"""How the venues' connections are: one view per venue from the states of its links."""

from __future__ import annotations

from virtuoso_desktop.engine.views import DOWN_PHASES, REQUESTS, LinkPhase, LinkView, PartView, StaleTopic
from virtuoso_desktop.exchanges.base import Adapter, LinkState, Maintenance
from virtuoso_desktop.kernel.clock import Clock, VenueClock

_WORST_FIRST = (
    LinkPhase.BLOCKED,
    LinkPhase.BANNED,
    LinkPhase.MAINTENANCE,
    LinkPhase.BACKOFF,
    LinkPhase.CONNECTING,
    LinkPhase.STALE,
    LinkPhase.SYNCING,
    LinkPhase.LIVE,
)


class LinkBoard:
    """Newest state of every link of one venue.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    venue_clock : VenueClock
        The venue's time.
    clock : Clock
        Its rate turns real seconds into the venue's.
    """

    def __init__(self, adapter: Adapter, venue_clock: VenueClock, clock: Clock) -> None:
        self.venue = adapter.venue.value
        self.maintenance: Maintenance | None = None
        """What the venue says that it is doing now."""
        self._adapter = adapter
        self._clock = venue_clock
        self._rate = clock.rate
        self._metrics = adapter.metrics
        self._states: dict[str, LinkState] = {}
        self._since_ms = venue_clock.now_ms()
        self._failure: str | None = None
        self._failure_retry_ms: int | None = None
        self._lag_ms: float | None = None
        self._lag_mark = self._metrics.lag_ms.mark()

    def now_ms(self) -> int:
        """Venue time."""
        return self._clock.now_ms()

    def update(self, state: LinkState) -> None:
        self._states[state.link] = state

    def fail(self, reason: str | None, next_retry_ms: int | None = None) -> None:
        """The venue cannot be asked at all (no instruments yet), in words; None when that is over.

        ``next_retry_ms`` is the venue time at which it is asked again.
        """
        if (reason is None) != (self._failure is None):
            self._since_ms = self._clock.now_ms()
        self._failure = reason
        self._failure_retry_ms = next_retry_ms

    def sample(self) -> None:
        """Take the median delay since the last call; to be called about once a second."""
        self._lag_ms = self._metrics.lag_ms.quantile_ms(0.5, since=self._lag_mark)
        self._lag_mark = self._metrics.lag_ms.mark()

    @property
    def phase(self) -> LinkPhase:
        """The worst phase of all connections; connecting before the first."""
        phases = {LinkPhase(state.phase.value) for state in self._states.values()}
        if self._failure is not None and not phases:
            phases = {LinkPhase.BACKOFF}
        worst = next((phase for phase in _WORST_FIRST if phase in phases), LinkPhase.CONNECTING)
        is_announced = self.maintenance is not None and self.maintenance.is_ongoing
        return LinkPhase.MAINTENANCE if worst is LinkPhase.BACKOFF and is_announced else worst

    def view(self) -> LinkView:
        """Everything that is known of the venue's connections now."""
        now_ms = self._clock.now_ms()
        phase = self.phase
        worst = [state for state in self._states.values() if state.phase.value == phase.value]
        if phase is LinkPhase.MAINTENANCE:
            worst = [state for state in self._states.values() if LinkPhase(state.phase.value) in DOWN_PHASES]
        stale = sorted(
            (
                StaleTopic(feed.topic, feed.subscription.instrument_id, feed.newest_ms)
                for state in self._states.values()
                for feed in state.stale
            ),
            key=lambda topic: topic.newest_ms or 0,
        )
        retries = [state.next_retry_ms for state in worst if state.next_retry_ms is not None]
        parts = (*(self._part(state, now_ms) for state in self._states.values()), self._requests(now_ms))
        ages = [part.age_ms for part in parts if part.age_ms is not None]
        return LinkView(
            venue=self.venue,
            phase=phase,
            lag_ms=self._lag_ms,
            since_ms=min((state.since_ms for state in worst), default=self._since_ms),
            reason=self._reason(phase, worst),
            next_retry_ms=min(retries, default=None if self._states else self._failure_retry_ms),
            stale_topics=tuple(stale),
            offset_ms=self._clock.offset_ms,
            offset_is_suspicious=self._clock.offset_is_suspicious,
            age_ms=max(ages, default=None),
            parts=parts,
        )

    def _reason(self, phase: LinkPhase, worst: list[LinkState]) -> str | None:
        if phase is LinkPhase.MAINTENANCE and self.maintenance is not None and self.maintenance.is_ongoing:
            return f"the exchange announces maintenance ({self.maintenance.title})"
        return next((state.reason for state in worst if state.reason), self._failure)

    def _part(self, state: LinkState, now_ms: int) -> PartView:
        newest_ms = self._adapter.newest_ms(state.link)
        return PartView(
            name=state.link.removeprefix(f"{self.venue}.").replace(".", " "),
            phase=LinkPhase(state.phase.value),
            since_ms=state.since_ms,
            reason=state.reason,
            next_retry_ms=state.next_retry_ms,
            age_ms=None if newest_ms is None else max(0, now_ms - newest_ms),
        )

    def _requests(self, now_ms: int) -> PartView:
        state = self._adapter.rest_state
        return PartView(
            name=REQUESTS,
            phase=LinkPhase(state.phase.value),
            since_ms=now_ms - self._venue_span_ms(state.for_s),
            reason=state.reason,
            next_retry_ms=None if state.next_try_s is None else now_ms + self._venue_span_ms(state.next_try_s),
            groups=state.groups,
        )

    def _venue_span_ms(self, real_s: float) -> int:
        return round(real_s * 1000 * self._rate)
