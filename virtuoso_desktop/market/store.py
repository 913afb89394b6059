"""The market store: one writer applies events, readers poll dirty cursors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntFlag
from zlib import crc32

from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.market.candles import CandleSeries
from virtuoso_desktop.market.derivatives import DerivativeState
from virtuoso_desktop.market.flow import InstrumentFlow
from virtuoso_desktop.market.tape import TradeTape
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import (
    BookDelta,
    BookSnapshot,
    Candle,
    Liquidation,
    MarketEvent,
    Ticker,
    TickerField,
    Trade,
)
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe

ANALYSED_DEPTH = 1_000
"""Levels a side of the book that every watched instrument has: real ones reach about 30 bps."""

SECOND_MS = 1_000
MOST_PHASE_MS = 800
FAR_MS = 600_000
"""An event so far ahead of all before it is believed once a later one agrees."""


class Facet(IntFlag):
    """What of an instrument changed."""

    TICKER = 1
    BOOK = 2
    TRADES = 4
    CANDLES = 8
    DERIVATIVES = 16
    """Funding, open interest, ratios, mark, index and premium."""
    LIQUIDATIONS = 32


class TickerState:
    """One instrument's merged ticker; ``fields`` lacks what the venue never named."""

    __slots__ = ("event_ms", "fields", "has_snapshot", "ignored", "last_change_ms", "last_move", "recv_ns", "version")

    def __init__(self) -> None:
        self.fields: dict[str, float | None] = {}
        self.has_snapshot = False
        self.event_ms: int | None = None
        self.recv_ns = 0
        self.last_move = 0
        """Sign of the newest change of the last price."""
        self.last_change_ms: int | None = None
        self.ignored = 0
        """Deltas that came before a snapshot."""
        self.version = 0

    def value(self, name: TickerField) -> float | None:
        """The field's newest value, None where the venue gave none."""
        return self.fields.get(name)

    def apply(self, ticker: Ticker) -> bool:
        """Merge a frame; returns False for a delta without its snapshot."""
        if not (self.has_snapshot or ticker.is_snapshot):
            self.ignored += 1
            return False
        changed = ticker.fields
        last = changed.get("last_price")
        if last is not None:
            previous = self.fields.get("last_price")
            if previous is not None and last != previous:
                self.last_move = 1 if last > previous else -1
                self.last_change_ms = ticker.event_ms
        if ticker.is_snapshot:
            self.has_snapshot = True
            self.fields = dict(changed)
        else:
            self.fields |= changed
        self.event_ms = ticker.event_ms
        self.recv_ns = ticker.recv_ns
        self.version += 1
        return True

    def drop(self) -> None:
        """The connection is gone: deltas are refused until the next snapshot; the values stay, ageing."""
        self.has_snapshot = False


class InstrumentState:
    """Everything live about one watched instrument.

    Parameters
    ----------
    instrument : Instrument
        The instrument.
    depths : iterable of int
        Depths of its books, the analysed one first.
    timeframes : iterable of Timeframe
        Its candle series.
    has_flow : bool
        Whether trades, quotes and liquidations are summed by second too.
    """

    __slots__ = (
        "_dropped_versions",
        "books",
        "candles",
        "candles_version",
        "derivatives",
        "far_ms",
        "flow",
        "instrument",
        "next_second_ms",
        "phase_ms",
        "revision",
        "tape",
        "ticker",
    )

    def __init__(
        self,
        instrument: Instrument,
        depths: Iterable[int],
        timeframes: Iterable[Timeframe],
        *,
        has_flow: bool = True,
    ) -> None:
        self.instrument = instrument
        self.ticker = TickerState()
        self.books = {depth: OrderBook(instrument, depth) for depth in depths}
        """The analysed book first, deeper and shallower ones after it."""
        book = self.book
        self.flow = InstrumentFlow(instrument, book) if has_flow and book is not None else None
        """Order flow by second; None where it is not kept."""
        self.tape = TradeTape(flow=None if self.flow is None else self.flow.trades)
        self.candles = {timeframe: CandleSeries(instrument, timeframe) for timeframe in timeframes}
        self.derivatives = DerivativeState()
        self.phase_ms = crc32(str(instrument.id).encode()) % MOST_PHASE_MS
        """How long after it began a second is told: not of all instruments at once."""
        self.next_second_ms = 0
        """Venue time with which the next second is told."""
        self.far_ms = 0
        """Time of an event far ahead of all before it, which another one has to confirm."""
        self.candles_version = 0
        """Changes with every change of any series."""
        self.revision = 0
        """Changes when something changed that no event brought: history merged, a link lost."""
        self._dropped_versions = 0

    @property
    def book(self) -> OrderBook | None:
        """The analysed order book; None while the store holds none."""
        return next(iter(self.books.values()), None)

    def hold_book(self, depth: int) -> None:
        """Hold a book of another depth too; a second call changes nothing."""
        if depth not in self.books:
            self.books[depth] = OrderBook(self.instrument, depth)

    def drop_book(self, depth: int) -> None:
        """Hold a book no longer; versions go on growing."""
        book = self.books.pop(depth, None)
        if book is not None:
            self._dropped_versions += book.version + 1

    def version(self, facets: Facet) -> int:
        """A number that grows whenever one of the facets changes."""
        total = self.revision
        if facets & Facet.TICKER:
            total += self.ticker.version
        if facets & Facet.BOOK:
            total += self._dropped_versions + sum(book.version for book in self.books.values())
        if facets & Facet.TRADES:
            total += self.tape.version
        if facets & Facet.CANDLES:
            total += self.candles_version
        if facets & Facet.DERIVATIVES:
            total += self.derivatives.version
        if facets & Facet.LIQUIDATIONS:
            total += self.derivatives.liquidations.version
        return total


class DirtyCursor:
    """One reader's memory of the versions it has seen. Marks cost the writer nothing but the version."""

    __slots__ = ("_facets", "_seen", "_store")

    def __init__(self, store: MarketStore, facets: Facet) -> None:
        self._store = store
        self._facets = facets
        self._seen: dict[InstrumentId, int] = {}

    def take(self) -> list[InstrumentState]:
        """Instruments that changed since the last call; the first call returns all."""
        facets = self._facets
        seen = self._seen
        changed: list[InstrumentState] = []
        for state in self._store.states:
            version = state.version(facets)
            instrument_id = state.instrument.id
            if seen.get(instrument_id) != version:
                seen[instrument_id] = version
                changed.append(state)
        return changed


class MarketStore:
    """State of all watched instruments.

    Parameters
    ----------
    depths : iterable of int
        Order book depths held for every instrument, the analysed one first.
    timeframes : iterable of Timeframe
        Candle series held for every instrument.
    has_flow : bool
        Whether order flow is kept for every instrument.

    Notes
    -----
    `apply` is synchronous and awaits, queues and signals nothing, but for ``candle_closed``: a rare
    fact that is told once per committed candle.
    """

    def __init__(
        self,
        depths: Iterable[int] = (ANALYSED_DEPTH,),
        timeframes: Iterable[Timeframe] = ANALYSED_TIMEFRAMES,
        *,
        has_flow: bool = True,
    ) -> None:
        self._depths = tuple(depths)
        self._has_flow = has_flow
        self._timeframes = tuple(timeframes)
        self._states: dict[InstrumentId, InstrumentState] = {}
        self.candle_closed: Signal[Candle] = Signal("candle closed")
        self.second_began: Callable[[InstrumentState, int], None] | None = None
        """Called with an instrument and a whole second of venue time, before the first event is applied that is
        `InstrumentState.phase_ms` into it, or that closes a candle; for one reader."""
        self.unwatched_events = 0
        """Events of what is not held: an instrument or a book whose unsubscribe is under way."""

    def add(self, instrument: Instrument) -> InstrumentState:
        """Start to hold an instrument; a second call with changed grids starts anew."""
        state = self._states.get(instrument.id)
        if state is None or state.instrument != instrument:
            state = InstrumentState(instrument, self._depths, self._timeframes, has_flow=self._has_flow)
            self._states[instrument.id] = state
        return state

    def update(self, instrument: Instrument) -> bool:
        """Take over changed terms of a held instrument; False if its grids changed too: then only `add` helps."""
        state = self._states.get(instrument.id)
        if state is None:
            return False
        held = state.instrument
        if (held.tick_size, held.lot_step) != (instrument.tick_size, instrument.lot_step):
            return False
        if held != instrument:
            state.instrument = instrument
            state.revision += 1
        return True

    def remove(self, instrument_id: InstrumentId) -> None:
        self._states.pop(instrument_id, None)

    def get(self, instrument_id: InstrumentId) -> InstrumentState | None:
        return self._states.get(instrument_id)

    @property
    def states(self) -> tuple[InstrumentState, ...]:
        return tuple(self._states.values())

    def cursor(self, facets: Facet) -> DirtyCursor:
        """A new reader of the given facets."""
        return DirtyCursor(self, facets)

    def apply(self, event: MarketEvent) -> None:  # noqa: C901 (one branch a kind of event, spelt out for speed)
        """Apply one event. Raises BookGap when an order book needs a fresh snapshot."""
        state = self._states.get(event.instrument_id)
        if state is None:
            self.unwatched_events += 1
            return
        if event.event_ms >= state.next_second_ms:
            self._begin_second(state, event.event_ms)
        if type(event) is BookDelta:
            book = state.books.get(event.depth)
            if book is not None:
                flow = state.flow
                if book.apply(event) and flow is not None and flow.quotes.book is book:
                    flow.quotes.follow(event.event_ms if event.match_ms is None else event.match_ms)
                return
        elif type(event) is Ticker:
            state.ticker.apply(event)
            return
        elif type(event) is Trade:
            state.tape.apply(event)
            return
        elif type(event) is Candle:
            if self._apply_candle(state, event):
                return
        elif type(event) is BookSnapshot:
            book = state.books.get(event.depth)
            if book is not None:
                book.load(event)
                flow = state.flow
                if flow is not None and flow.quotes.book is book:
                    flow.quotes.begin(event.event_ms if event.match_ms is None else event.match_ms)
                return
        elif type(event) is Liquidation:
            if state.derivatives.liquidations.apply(event) and state.flow is not None:
                state.flow.liquidations.add(event)
            return
        self.unwatched_events += 1

    def _begin_second(self, state: InstrumentState, event_ms: int) -> None:
        """Tell the reader of seconds. A single event far ahead of all others does not move the time."""
        if state.next_second_ms and event_ms >= state.next_second_ms + FAR_MS:
            is_confirmed = state.far_ms < event_ms < state.far_ms + FAR_MS
            state.far_ms = event_ms
            if not is_confirmed:
                return
        second_ms = event_ms - event_ms % SECOND_MS
        state.next_second_ms = second_ms + SECOND_MS + state.phase_ms
        if self.second_began is not None:
            self.second_began(state, second_ms)

    def _apply_candle(self, state: InstrumentState, event: Candle) -> bool:
        """Returns False for a candle that is not held."""
        series = state.candles.get(event.timeframe)
        if series is None:
            return False
        state.candles_version += 1
        if event.closed and event.event_ms >= state.next_second_ms - state.phase_ms:
            self._begin_second(state, event.event_ms)  # what is sealed with a candle is of the second of its close
        if series.apply(event):
            self.candle_closed.emit(event)
        return True
