"""Which topics of which instruments live: what order flow, order book and sentiment have to know beside their data.

A topic lives while its connection is open and brought anything at all lately, unless the venue refused it or its
silence was proved wrong by another topic (`exchanges.watchdog`). No figure comes from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from virtuoso_desktop.exchanges.base import DOWN_PHASES, LinkPhase, LinkState, Subscription, TopicKind
from virtuoso_desktop.market.store import ANALYSED_DEPTH
from virtuoso_desktop.model.instrument import InstrumentId

HEARD_MS = 30_000
"""A connection that brought nothing for so long does not carry a living topic."""
BOOK_HEARD_MS = 5_000
"""The same for order books (analysis C.3)."""


class Carriers(NamedTuple):
    """What is known of connections: `exchanges.base.Adapter` offers both."""

    subscriptions: Callable[[str], tuple[Subscription, ...]]
    """Topics that a connection carries."""
    newest_ms: Callable[[str], int | None]
    """Venue time of the newest frame of a connection."""


class Liveness:
    """Life of all topics.

    Parameters
    ----------
    carriers : Carriers
        The venue's connections.
    now_ms : callable
        Venue time.
    """

    def __init__(self, carriers: Carriers, now_ms: Callable[[], int]) -> None:
        self._of_link, self._newest_ms = carriers
        self._now_ms = now_ms
        self._up_since_ms: dict[str, int] = {}
        """Connections that are open, and since when."""
        self._links: dict[Subscription, str] = {}
        self._asked_ms: dict[Subscription, int] = {}
        self._silent: dict[str, frozenset[Subscription]] = {}
        self._refused: set[Subscription] = set()
        self._lives: dict[InstrumentId, InstrumentLife] = {}

    def update(self, state: LinkState) -> None:
        """A connection is in another phase, or other topics of it are silent."""
        if state.phase in DOWN_PHASES or state.phase is LinkPhase.CONNECTING:
            self._up_since_ms.pop(state.link, None)
        else:
            self._up_since_ms.setdefault(state.link, self._now_ms())
        self._silent[state.link] = frozenset(feed.subscription for feed in state.stale)
        self.look(())

    def look(self, gone: Iterable[Subscription]) -> None:
        """Topics were asked for or given up; to be called afterwards."""
        for subscription in gone:
            self._links.pop(subscription, None)
            self._asked_ms.pop(subscription, None)
            self._refused.discard(subscription)
        now_ms = self._now_ms()
        for link in self._silent:
            for subscription in self._of_link(link):
                self._links[subscription] = link
                self._asked_ms.setdefault(subscription, now_ms)

    def refuse(self, subscription: Subscription) -> None:
        """The venue does not send it."""
        self._refused.add(subscription)

    def of(self, instrument_id: InstrumentId) -> InstrumentLife:
        """The topics of one instrument."""
        life = self._lives.get(instrument_id)
        if life is None:
            life = self._lives[instrument_id] = InstrumentLife(self, instrument_id)
        return life

    def is_alive(self, subscription: Subscription, now_ms: int, limit_ms: int) -> bool:
        """Whether a topic lives at a venue time."""
        link = self._links.get(subscription)
        if link is None or link not in self._up_since_ms:
            return False
        if subscription in self._refused or subscription in self._silent[link]:
            return False
        newest_ms = self._newest_ms(link)
        return newest_ms is not None and now_ms - newest_ms <= limit_ms

    def since_ms(self, subscription: Subscription) -> int | None:
        """Since when its connection is open without a break; None while it is not, or the venue refused it."""
        link = self._links.get(subscription)
        up_ms = None if link is None else self._up_since_ms.get(link)
        if up_ms is None or subscription in self._refused:
            return None
        return max(up_ms, self._asked_ms[subscription])


class TopicLife(Protocol):
    """What is known of the topics of one instrument."""

    def trades_alive(self, now_ms: int) -> bool: ...

    def book_alive(self, now_ms: int) -> bool: ...

    def liquidations_alive(self, now_ms: int) -> bool: ...

    def trades_since_ms(self) -> int | None: ...

    def book_since_ms(self) -> int | None: ...

    def liquidations_since_ms(self) -> int | None: ...


class InstrumentLife:
    """The topics of one instrument, as `analysis` asks for them (`orderflow.FlowLiveness`)."""

    def __init__(self, liveness: Liveness, instrument_id: InstrumentId) -> None:
        self._liveness = liveness
        self._trades = Subscription(instrument_id, TopicKind.TRADES)
        self._book = Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=ANALYSED_DEPTH)
        self._liquidations = Subscription(instrument_id, TopicKind.LIQUIDATIONS)

    def trades_alive(self, now_ms: int) -> bool:
        return self._liveness.is_alive(self._trades, now_ms, HEARD_MS)

    def book_alive(self, now_ms: int) -> bool:
        return self._liveness.is_alive(self._book, now_ms, BOOK_HEARD_MS)

    def liquidations_alive(self, now_ms: int) -> bool:
        return self._liveness.is_alive(self._liquidations, now_ms, HEARD_MS)

    def trades_since_ms(self) -> int | None:
        return self._liveness.since_ms(self._trades)

    def book_since_ms(self) -> int | None:
        return self._liveness.since_ms(self._book)

    def liquidations_since_ms(self) -> int | None:
        return self._liveness.since_ms(self._liquidations)
