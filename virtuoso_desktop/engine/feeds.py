"""How the topic of a panel fares: which connection carries it, and since when it is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.desk_views import FeedPhase, FeedView
from virtuoso_desktop.exchanges.base import (
    DOWN_PHASES,
    Adapter,
    LinkPhase,
    LinkState,
    Subscription,
    TopicKind,
    TopicRejected,
)
from virtuoso_desktop.model.instrument import MarketKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from virtuoso_desktop.settings.schema import ChannelsSettings

Span = tuple[int, int | None]
"""Venue times [from_ms, to_ms]; None while it lasts."""

_HEARD = (LinkPhase.LIVE, LinkPhase.STALE)
_CHANNELS = {
    TopicKind.TICKER: "ticker",
    TopicKind.ORDER_BOOK: "orderbook",
    TopicKind.TRADES: "trade",
    TopicKind.CANDLES: "kline",
    TopicKind.LIQUIDATIONS: "liquidation",
}


class Feeds:
    """Newest state of every link, by topic, and the times in which each link was heard.

    Parameters
    ----------
    adapter : Adapter
        Knows which link carries what.
    channels : ChannelsSettings
        What is switched off.
    now_ms : callable
        Venue time.
    """

    def __init__(self, adapter: Adapter, channels: ChannelsSettings, now_ms: Callable[[], int]) -> None:
        self._adapter = adapter
        self._channels = channels
        self._now_ms = now_ms
        self._states: dict[str, LinkState] = {}
        self._heard: dict[str, list[Span]] = {}
        self._refused: dict[Subscription, str] = {}

    def note(self, state: LinkState) -> None:
        """A link's state changed."""
        self._states[state.link] = state
        if state.phase in DOWN_PHASES:
            self._refused.clear()  # every topic is asked for anew
        spans = self._heard.setdefault(state.link, [])
        lasts = bool(spans) and spans[-1][1] is None
        if state.phase in _HEARD and not lasts:
            spans.append((self._now_ms(), None))
        elif state.phase not in (*_HEARD, LinkPhase.SYNCING) and lasts:  # a new topic does not end a connection
            # In backoff ``since_ms`` is the time of the newest data before the loss.
            spans[-1] = (spans[-1][0], min(self._now_ms(), state.since_ms))

    def refuse(self, rejection: TopicRejected) -> None:
        """The venue does not serve a topic."""
        self._refused[rejection.subscription] = rejection.user_text

    def of(self, subscription: Subscription) -> FeedView:
        """How one topic fares now."""
        venue = self._adapter.venue.value
        off = self._why_off(subscription)
        if off is not None:
            return FeedView(FeedPhase.OFF, off, venue=venue)
        if subscription in self._refused:
            return FeedView(FeedPhase.ERROR, self._refused[subscription], venue=venue)
        state = self._carrier(subscription)
        if state is None:
            return FeedView(FeedPhase.LOADING, "the connection is being made", venue=venue)
        if state.phase in DOWN_PHASES:
            return FeedView(FeedPhase.LOST, state.reason, state.since_ms, state.next_retry_ms, venue)
        spans = self._heard.get(state.link, [])
        if not spans:
            return FeedView(FeedPhase.LOADING, "the first data are on their way", venue=venue)
        if spans[-1][1] is not None:
            return FeedView(FeedPhase.LOST, "it is being connected again", spans[-1][1], venue=venue)
        silent = next((feed for feed in state.stale if feed.subscription == subscription), None)
        if silent is not None:
            return FeedView(FeedPhase.STALE, "the topic is silent", silent.newest_ms, venue=venue)
        return FeedView(FeedPhase.LIVE, venue=venue)

    def spans(self, subscriptions: Iterable[Subscription]) -> list[list[Span]]:
        """For each link that carries some of the topics: the times in which it was heard, oldest first."""
        wanted = frozenset(subscriptions)
        return [
            [(begin, end) for begin, end in self._heard.get(link, [])]
            for link in self._states
            if not wanted.isdisjoint(self._adapter.subscriptions(link))
        ]

    def _carrier(self, subscription: Subscription) -> LinkState | None:
        for link, state in self._states.items():
            if subscription in self._adapter.subscriptions(link):
                return state
        return None

    def _why_off(self, subscription: Subscription) -> str | None:
        kind = subscription.kind
        if kind is TopicKind.LIQUIDATIONS and subscription.instrument_id.market_kind is MarketKind.SPOT:
            return "a spot market has no liquidations"
        channel = _CHANNELS[kind]
        return (
            None if getattr(self._channels, channel) else f"switched off: websocket.channels.{channel} in the settings"
        )
