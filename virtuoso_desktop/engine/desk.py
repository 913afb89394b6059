"""Reads the market for the panels under the chart, when they ask. Holds nothing but what a reader has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.engine.book_levels import DepthSide, bands, grouped
from virtuoso_desktop.engine.desk_views import (
    DepthView,
    FeedPhase,
    FeedView,
    KnownWall,
    LadderLevel,
    LadderView,
    LiquidationsView,
    WallMark,
)
from virtuoso_desktop.engine.feeds import Feeds
from virtuoso_desktop.engine.liquidation_reader import LiquidationReader
from virtuoso_desktop.engine.rows import BOOK_LIMIT_MS
from virtuoso_desktop.engine.subscriptions import SHOWN_DEPTH
from virtuoso_desktop.engine.tape_reader import MergingTapeReader
from virtuoso_desktop.exchanges.base import Subscription, TopicKind
from virtuoso_desktop.market.store import ANALYSED_DEPTH, Facet, InstrumentState, MarketStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from virtuoso_desktop.market.book import OrderBook
    from virtuoso_desktop.model.instrument import InstrumentId

BPS = 10_000.0
TINY = 1e-9
"""Decimal prices of one grid point differ by less."""


class MarketDesk:
    """Implements `desk_views.Desk`.

    Parameters
    ----------
    store : MarketStore
        What is held.
    feeds : Feeds
        How the topics fare.
    now_ms : callable
        Venue time.
    walls_of : callable
        The walls that the analysis knows of an instrument's order book.
    """

    def __init__(
        self,
        store: MarketStore,
        feeds: Feeds,
        now_ms: Callable[[], int],
        walls_of: Callable[[InstrumentId], Iterable[KnownWall]] = lambda _: (),
    ) -> None:
        self._walls_of = walls_of
        self._walls: tuple[tuple[InstrumentId, int] | None, tuple[KnownWall, ...]] = (None, ())
        """(Instrument, second), and what was known then: walls change once a second."""
        self._store = store
        self._feeds = feeds
        self._now_ms = now_ms
        self._liquidations = LiquidationReader(feeds, now_ms)

    # --- order book ---------------------------------------------------------------------------------------------

    def ladder_version(self, instrument_id: InstrumentId) -> int:
        state = self._store.get(instrument_id)
        return -1 if state is None else state.version(Facet.BOOK)

    def ladder(self, instrument_id: InstrumentId, group_ticks: int, rows: int) -> LadderView | None:
        state = self._store.get(instrument_id)
        if state is None:
            return None
        fast, deep = state.books.get(SHOWN_DEPTH), state.books.get(ANALYSED_DEPTH)
        book = fast if fast is not None and fast.is_valid else deep
        feed = self._book_feed(instrument_id, book)
        if book is None or not _is_readable(book):
            return LadderView(state.instrument, feed, group_ticks)
        sides = self._grouped(book, state, group_ticks, rows)
        is_short = book is fast and group_ticks > 1 and min(map(len, sides)) < rows
        if is_short and deep is not None and _is_readable(deep):
            book, sides = deep, self._grouped(deep, state, group_ticks, rows)
        bids, asks = sides
        view = LadderView(
            state.instrument,
            feed,
            group_ticks,
            bids,
            asks,
            walls=_marks(self._walls_now(instrument_id), bids, asks),
            is_deep=book is deep,
        )
        best = fast if fast is not None and _is_readable(fast) else book
        return _with_touch(view, best)

    def _walls_now(self, instrument_id: InstrumentId) -> tuple[KnownWall, ...]:
        key = (instrument_id, self._now_ms() // 1000)
        if self._walls[0] != key:
            self._walls = (key, tuple(self._walls_of(instrument_id)))
        return self._walls[1]

    @staticmethod
    def _grouped(
        book: OrderBook, state: InstrumentState, group_ticks: int, rows: int
    ) -> tuple[tuple[LadderLevel, ...], tuple[LadderLevel, ...]]:
        wanted = rows if group_ticks == 1 else book.depth
        bids, asks = book.top(wanted)
        instrument = state.instrument
        return (
            tuple(grouped(bids, group_ticks, rows, instrument, is_bid=True)),
            tuple(grouped(asks, group_ticks, rows, instrument, is_bid=False)),
        )

    def depth(self, instrument_id: InstrumentId, notional: float | None) -> DepthView | None:
        state = self._store.get(instrument_id)
        if state is None:
            return None
        book = state.books.get(ANALYSED_DEPTH)
        feed = self._book_feed(instrument_id, book)
        if book is None or not _is_readable(book):
            return DepthView(state.instrument, feed)
        mid_ticks = (book.best_bid + book.best_ask) / 2
        levels = book.top(book.depth)
        bids, asks = (DepthSide(side, mid_ticks, state.instrument) for side in levels)
        span_bps = min(bids.reach_bps, asks.reach_bps)
        mid = mid_ticks * float(state.instrument.tick_size)
        kind = instrument_id.market_kind
        return DepthView(
            state.instrument,
            feed,
            mid,
            span_bps,
            bids.curve(span_bps),
            asks.curve(span_bps),
            bands(bids, asks),
            notional,
            buy=None if notional is None else asks.slippage(notional, mid, kind),
            sell=None if notional is None else bids.slippage(notional, mid, kind),
        )

    def _book_feed(self, instrument_id: InstrumentId, book: OrderBook | None) -> FeedView:
        depth = ANALYSED_DEPTH if book is None else book.depth
        feed = self._feeds.of(Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=depth))
        if feed.phase is not FeedPhase.LIVE or book is None:
            return feed
        if not book.event_ms:
            return msgspec.structs.replace(feed, phase=FeedPhase.LOADING, reason=book.invalid_reason)
        newest_ms = book.event_ms
        if not book.is_valid:
            why = f"{book.invalid_reason}; a fresh snapshot is asked for"
            return msgspec.structs.replace(feed, phase=FeedPhase.LOST, reason=why, since_ms=newest_ms)
        if book.is_crossed:
            why = "bid and ask cross"
            return msgspec.structs.replace(feed, phase=FeedPhase.STALE, reason=why, since_ms=newest_ms)
        if self._now_ms() - newest_ms > BOOK_LIMIT_MS:
            why = "no change came"
            return msgspec.structs.replace(feed, phase=FeedPhase.STALE, reason=why, since_ms=newest_ms)
        return feed

    # --- trades -------------------------------------------------------------------------------------------------

    def tape(self, instrument_id: InstrumentId) -> MergingTapeReader:
        return MergingTapeReader(self._store, self._feeds, instrument_id)

    # --- liquidations -------------------------------------------------------------------------------------------

    def liquidations_version(self, instrument_id: InstrumentId | None) -> int:
        return sum(state.version(Facet.LIQUIDATIONS) for state in self._states(instrument_id))

    def liquidations(self, instrument_id: InstrumentId | None) -> LiquidationsView:
        return self._liquidations.read(list(self._states(instrument_id)))

    def _states(self, instrument_id: InstrumentId | None) -> Iterable[InstrumentState]:
        if instrument_id is None:
            return self._store.states
        state = self._store.get(instrument_id)
        return () if state is None else (state,)


def _is_readable(book: OrderBook) -> bool:
    return book.is_valid and book.is_two_sided and not book.is_crossed


def _marks(
    walls: Iterable[KnownWall], bids: Sequence[LadderLevel], asks: Sequence[LadderLevel]
) -> tuple[WallMark, ...]:
    """The row of each confirmed wall: the first whose price reaches it; none beyond the last row."""
    marks: list[WallMark] = []
    for wall in walls:
        side, sign = (bids, -1) if wall.is_bid else (asks, 1)
        row = next((row for row, level in enumerate(side) if sign * (level.price - wall.price) >= -TINY), None)
        if wall.is_confirmed and row is not None:
            marks.append(WallMark(wall.is_bid, row, wall.is_suspected_pull))
    return tuple(marks)


def _with_touch(view: LadderView, book: OrderBook) -> LadderView:
    """The view with what the best bid and ask say."""
    (bid_side, ask_side) = book.top(1)
    if not bid_side or not ask_side:
        return view
    (bid, bid_lots), (ask, ask_lots) = bid_side[0], ask_side[0]
    tick_size = float(view.instrument.tick_size)
    mid_ticks = (bid + ask) / 2
    return msgspec.structs.replace(
        view,
        spread=(ask - bid) * tick_size,
        spread_ticks=ask - bid,
        spread_bps=(ask - bid) / mid_ticks * BPS,
        mid=mid_ticks * tick_size,
        microprice=(ask * bid_lots + bid * ask_lots) / (bid_lots + ask_lots) * tick_size,
    )
