"""How the venues' connections are: one view per venue from the states of its links."""

from __future__ import annotations

from virtuoso_desktop.engine.views import LinkPhase, LinkView, StaleTopic
from virtuoso_desktop.exchanges.base import LinkState
from virtuoso_desktop.kernel.clock import VenueClock
from virtuoso_desktop.kernel.metrics import LinkMetrics

_WORST_FIRST = (LinkPhase.BACKOFF, LinkPhase.CONNECTING, LinkPhase.STALE, LinkPhase.SYNCING, LinkPhase.LIVE)


class LinkBoard:
    """Newest state of every link of one venue.

    Parameters
    ----------
    venue : str
        Name of the venue.
    clock : VenueClock
        The venue's time.
    metrics : LinkMetrics
        Figures that its links write.
    """

    def __init__(self, venue: str, clock: VenueClock, metrics: LinkMetrics) -> None:
        self.venue = venue
        self._clock = clock
        self._metrics = metrics
        self._states: dict[str, LinkState] = {}
        self._since_ms = clock.now_ms()
        self._failure: str | None = None
        self._failure_retry_ms: int | None = None
        self._lag_ms: float | None = None
        self._lag_mark = metrics.lag_ms.mark()

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
        """The worst phase of all links; connecting before the first."""
        phases = {LinkPhase(state.phase.value) for state in self._states.values()}
        if self._failure is not None and not phases:
            return LinkPhase.BACKOFF
        return next((phase for phase in _WORST_FIRST if phase in phases), LinkPhase.CONNECTING)

    def view(self) -> LinkView:
        phase = self.phase
        worst = [state for state in self._states.values() if state.phase.value == phase.value]
        stale = sorted(
            (
                StaleTopic(feed.topic, feed.subscription.instrument_id, feed.newest_ms)
                for state in self._states.values()
                for feed in state.stale
            ),
            key=lambda topic: topic.newest_ms or 0,
        )
        retries = [state.next_retry_ms for state in worst if state.next_retry_ms is not None]
        return LinkView(
            venue=self.venue,
            phase=phase,
            lag_ms=self._lag_ms,
            since_ms=min((state.since_ms for state in worst), default=self._since_ms),
            reason=next((state.reason for state in worst if state.reason), self._failure),
            next_retry_ms=min(retries, default=None if self._states else self._failure_retry_ms),
            stale_topics=tuple(stale),
            offset_ms=self._clock.offset_ms,
            offset_is_suspicious=self._clock.offset_is_suspicious,
        )
