"""What faces show of an instrument beside candles and scores: series for panes, and evidence of components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.beside import Beside, BookReads
from virtuoso_desktop.engine.beside_views import BesideView
from virtuoso_desktop.engine.component_evidence import BOOK_COMPONENTS, book_evidence, evidence_of
from virtuoso_desktop.engine.coverage import Coverage, Span
from virtuoso_desktop.engine.minute_flow import MinuteFlows
from virtuoso_desktop.engine.views import DerivativesView
from virtuoso_desktop.exchanges.base import Adapter, Subscription, TopicKind
from virtuoso_desktop.market.store import ANALYSED_DEPTH, InstrumentState, MarketStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.engine.evidence_views import ComponentEvidence
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe


class ShownData:
    """Reads the store when a face asks; a task keeps a day of minutes.

    Parameters
    ----------
    adapter : Adapter
        Tells which link carries a topic.
    store : MarketStore
        What is held of every instrument.
    now_ms : callable
        Venue time.
    book : BookReads
        What order books say.
    """

    def __init__(
        self,
        adapter: Adapter,
        store: MarketStore,
        now_ms: Callable[[], int],
        book: BookReads,
    ) -> None:
        self._store = store
        self._now_ms = now_ms
        self._book = book
        self.coverage = Coverage(adapter.subscriptions, now_ms)
        self.minutes = MinuteFlows(store, now_ms)
        self.series = Beside(self._heard, self.minutes.of, book)

    def beside(self, instrument_id: InstrumentId, place: int) -> BesideView:
        """What the chosen studies of a chart draw beside the candles."""
        state, now_ms = self._store.get(instrument_id), self._now_ms()
        return BesideView(now_ms=now_ms) if state is None else self.series.view(state, now_ms, place)

    def derivatives(self, instrument_id: InstrumentId) -> DerivativesView | None:
        """What a contract has beside its market; None while the instrument is unknown."""
        state = self._store.get(instrument_id)
        if state is None:
            return None
        held = state.derivatives
        return DerivativesView(
            tuple(held.funding.points),
            tuple(held.open_interest.points),
            tuple(held.long_short.points),
            tuple(held.liquidations.events),
            {kind: series.columns for kind, series in held.prices.items()},
        )

    def evidence(self, instrument_id: InstrumentId, timeframe: Timeframe, component: str) -> ComponentEvidence | None:
        """What a component of the newest closed candle was read from; of the order book, what it says now."""
        state = self._store.get(instrument_id)
        series = None if state is None else state.candles.get(timeframe)
        if state is None or series is None or series.last_open_ms is None:
            return None
        if component in BOOK_COMPONENTS:
            return book_evidence(state, component, self._book.measures(instrument_id))
        open_ms = series.last_open_ms
        close_ms = open_ms if series.last_is_forming else timeframe.close_ms(open_ms)
        return evidence_of(state, timeframe, component, close_ms, self.minutes.of(state))

    def _heard(self, state: InstrumentState, topic: TopicKind) -> tuple[Span, ...]:
        depth = ANALYSED_DEPTH if topic is TopicKind.ORDER_BOOK else None
        return self.coverage.spans(Subscription(state.instrument.id, topic, depth=depth))
