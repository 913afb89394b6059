"""All Bybit streams: topics spread over as many connections as the venue's limits ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from virtuoso_desktop.exchanges.base import DOWN_PHASES, LinkPhase, LinkState, Subscription
from virtuoso_desktop.exchanges.bybit import topics
from virtuoso_desktop.exchanges.bybit.link import BybitLink, StreamEnds
from virtuoso_desktop.exchanges.transport import LinkSurroundings
from virtuoso_desktop.kernel.tasks import Backoff, Supervisor
from virtuoso_desktop.model.instrument import MarketKind

CLOSE_DEADLINE_S = 0.9


class BybitStream:
    """Subscribes, at run time too. Every connection is one supervised task.

    Parameters
    ----------
    endpoint : str
        Scheme and host, ``wss://stream.bybit.com``.
    ends : StreamEnds
        Sink and signals.
    surroundings : LinkSurroundings
        Network, clock, metrics, deadlines.
    supervisor : Supervisor
        Owns the tasks.
    """

    def __init__(self, endpoint: str, ends: StreamEnds, surroundings: LinkSurroundings, supervisor: Supervisor) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._ends = ends
        self._surroundings = surroundings
        self._supervisor = supervisor
        self._links: list[BybitLink] = []
        self._carriers: dict[Subscription, BybitLink] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def states(self) -> tuple[LinkState, ...]:
        return tuple(link.state for link in self._links)

    def newest_ms(self, link: str) -> int | None:
        """Venue time of the newest frame of one link."""
        return next((known.newest_ms for known in self._links if known.name == link), None)

    def subscriptions(self, link: str) -> tuple[Subscription, ...]:
        return next((known.subscriptions for known in self._links if known.name == link), ())

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Add topics to links that have room; raises ValueError for one that Bybit does not offer."""
        wanted = [subscription for subscription in dict.fromkeys(subscriptions) if subscription not in self._carriers]
        chars = {subscription: topics.argument_chars(topics.topic_of(subscription)) for subscription in wanted}
        new_links: list[BybitLink] = []
        for kind in MarketKind:
            of_kind = [item for item in wanted if item.instrument_id.market_kind is kind]
            self._assign(kind, of_kind, chars, new_links)
        for link in new_links:
            task = self._supervisor.spawn(f"{link.name}.run", link.link.run, restart=Backoff())
            self._tasks.append(task)

    def _assign(
        self,
        kind: MarketKind,
        wanted: list[Subscription],
        chars: dict[Subscription, int],
        new_links: list[BybitLink],
    ) -> None:
        room = {
            link.name: topics.MOST_ARGUMENT_CHARS - link.argument_chars
            for link in self._links
            if link.market_kind is kind
        }
        taken: dict[str, list[Subscription]] = {}
        for subscription in wanted:
            needed = chars[subscription]
            name = next((name for name, free in room.items() if free >= needed), None)
            if name is None:
                link = self._new_link(kind, len(room) + 1)
                new_links.append(link)
                name = link.name
                room[name] = topics.MOST_ARGUMENT_CHARS
            room[name] -= needed
            taken.setdefault(name, []).append(subscription)
        for link in self._links:
            of_link = taken.get(link.name, [])
            self._carriers.update(dict.fromkeys(of_link, link))
            link.add(of_link)

    def _new_link(self, kind: MarketKind, number: int) -> BybitLink:
        link = BybitLink(
            f"bybit.{kind.value}.{number}",
            f"{self._endpoint}/v5/public/{kind.value}",
            kind,
            self._surroundings,
            self._ends,
        )
        self._links.append(link)
        return link

    def unsubscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Give up topics; those that are not carried are ignored."""
        by_link: dict[str, list[Subscription]] = {}
        for subscription in subscriptions:
            link = self._carriers.pop(subscription, None)
            if link is not None:
                by_link.setdefault(link.name, []).append(subscription)
        for link in self._links:
            link.remove(by_link.get(link.name, []))

    def resync(self, subscription: Subscription) -> None:
        """Ask for a fresh snapshot of one order book."""
        link = self._carriers.get(subscription)
        if link is not None:
            link.resync(subscription)

    def retry_now(self) -> None:
        """Connect anew what is down or has silent topics."""
        for link in self._links:
            if link.state.phase in DOWN_PHASES or link.state.phase is LinkPhase.STALE:
                link.link.retry_now()

    async def close(self) -> None:
        """End all links side by side."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_DEADLINE_S)
        self._tasks.clear()
        self._links.clear()
        self._carriers.clear()
