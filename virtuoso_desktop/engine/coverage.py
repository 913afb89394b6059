"""When the topics of the run were heard: spans of time in which their connection was open, for what nobody repeats.

Trades and candles can be asked for again after a break; liquidations cannot, so their sums say from when they count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.exchanges.base import DOWN_PHASES, LinkPhase, LinkState, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SPANS = 100
FOR_NOW = 1 << 62
"""End of a span that goes on."""


class Span(NamedTuple):
    """[from_ms, to_ms) of venue time."""

    from_ms: int
    to_ms: int


class Coverage:
    """Spans in which each link was open.

    Parameters
    ----------
    subscriptions : callable
        Topics that a link carries.
    now_ms : callable
        Venue time.
    """

    def __init__(self, subscriptions: Callable[[str], tuple[Subscription, ...]], now_ms: Callable[[], int]) -> None:
        self._subscriptions = subscriptions
        self._now_ms = now_ms
        self._links: dict[str, list[Span]] = {}
        self._begun: dict[Subscription, int] = {}
        self._refused: set[Subscription] = set()
        self.version = 0
        """Changes when any span begins or ends."""

    def begin(self, subscriptions: list[Subscription]) -> None:
        """These are asked for from now on."""
        self.version += 1
        self._begun.update(dict.fromkeys(subscriptions, self._now_ms()))

    def end(self, subscriptions: list[Subscription]) -> None:
        """These are asked for no longer."""
        self.version += 1
        for subscription in subscriptions:
            self._begun.pop(subscription, None)
            self._refused.discard(subscription)

    def refuse(self, subscription: Subscription) -> None:
        """The venue does not send this one."""
        self.version += 1
        self._refused.add(subscription)

    def update(self, state: LinkState) -> None:
        """A link's phase: it is heard unless it is down, or not connected yet."""
        spans = self._links.setdefault(state.link, [])
        is_open = bool(spans) and spans[-1].to_ms == FOR_NOW
        is_heard = state.phase not in DOWN_PHASES and state.phase is not LinkPhase.CONNECTING
        if is_heard == is_open:
            return
        self.version += 1
        if is_heard:
            spans.append(Span(self._now_ms(), FOR_NOW))
            del spans[:-MOST_SPANS]
        else:
            spans[-1] = Span(spans[-1].from_ms, max(spans[-1].from_ms, min(state.since_ms, self._now_ms())))

    def spans(self, subscription: Subscription) -> tuple[Span, ...]:
        """When a topic was heard, oldest first; empty for one that never was."""
        begun_ms = self._begun.get(subscription)
        if begun_ms is None or subscription in self._refused:
            return ()
        link = next((link for link in self._links if subscription in self._subscriptions(link)), None)
        if link is None:
            return ()
        cut = (Span(max(span.from_ms, begun_ms), span.to_ms) for span in self._links[link])
        return tuple(span for span in cut if span.to_ms > span.from_ms)
