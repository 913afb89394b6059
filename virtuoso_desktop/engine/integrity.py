"""Holds order books and tapes against a second source, again and again.

Continuity and crossing are the book's own rules. Here a streamed 1000-level book is compared with
REST's, which counts by the same update ids, and the shown instrument's 50-level book with its
1000-level one, at the same cross sequence. A book that differs is rebuilt, counted and told. Trades
carry no consecutive number: those that REST knows and the stream did not bring are put in their place.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec

from virtuoso_desktop.engine.subscriptions import SHOWN_DEPTH
from virtuoso_desktop.engine.views import BookChecks
from virtuoso_desktop.exchanges.base import Adapter, RequestPriority, Subscription, TopicKind
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.market.store import ANALYSED_DEPTH, InstrumentState, MarketStore
from virtuoso_desktop.model.errors import BookGap, VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import BookDelta, BookSnapshot

log = logging.getLogger(__name__)

EDGE_RATIO = 0.05
"""The outermost levels are not compared: which of them the venue still sends is not documented."""
MORE_THAN_ANY = 1 << 62
MOST_TRADES = 1_000


class IntegrityTimes(msgspec.Struct, frozen=True):
    """Real seconds."""

    every_s: float = 20.0
    """Between two comparisons; the shown instrument takes every second one."""
    catch_up_s: float = 3.0
    """How long the stream may take to reach REST's update."""
    listen_s: float = 1.5
    """How long two depths are recorded to find a common sequence."""
    poll_s: float = 0.05


class BookGuard:
    """Compares one book at a time.

    Parameters
    ----------
    adapter : Adapter
        Asked for the second source, and for a fresh snapshot when a book differs.
    store : MarketStore
        Holds the books.
    notices : NoticeBoard
        Told of every difference.
    venue_now_ms : callable
        Venue time.
    times : IntegrityTimes
        How often, how patiently.
    """

    def __init__(
        self,
        adapter: Adapter,
        store: MarketStore,
        notices: NoticeBoard,
        venue_now_ms: Callable[[], int],
        times: IntegrityTimes | None = None,
    ) -> None:
        self._adapter = adapter
        self._store = store
        self._notices = notices
        self._venue_now_ms = venue_now_ms
        self._times = times or IntegrityTimes()
        self._shown: InstrumentId | None = None
        self._checked: dict[InstrumentId, int] = {}
        """Turn in which each was checked last."""
        self._turn = 0
        self.checks = BookChecks()

    def show(self, instrument_id: InstrumentId) -> None:
        """The user looks at this one: it is compared most often."""
        self._shown = instrument_id

    async def run(self) -> None:
        """Compare for ever."""
        while True:
            await asyncio.sleep(self._times.every_s)
            state = self._next()
            if state is None:
                continue
            await self.check_against_rest(state)
            if SHOWN_DEPTH in state.books:
                await self.check_depths(state)
            await self.check_trades(state)

    def _next(self) -> InstrumentState | None:
        self._turn += 1
        shown = self._store.get(self._shown) if self._shown is not None else None
        if shown is not None and self._turn % 2:
            return shown
        states = self._store.states
        longest_ago = min(states, key=lambda state: self._checked.get(state.instrument.id, 0), default=None)
        if longest_ago is not None:
            self._checked[longest_ago.instrument.id] = self._turn
        return longest_ago

    async def check_against_rest(self, state: InstrumentState) -> bool | None:
        """Whether the 1000-level book equals REST's at the same update; None when that cannot be told."""
        book = state.books.get(ANALYSED_DEPTH)
        if book is None or not book.is_valid:
            return None
        journal = book.journal = []
        try:
            rest = await self._adapter.order_book(state.instrument.id, ANALYSED_DEPTH, priority=RequestPriority.REPAIR)
            await self._reach(book, rest.update_id)
            theirs = brought_to(rest, journal, state.instrument, book)
        except VirtuosoError as error:
            log.info("the order book of %s could not be compared: %s", state.instrument.id, error.user_text)
            theirs = None
        finally:
            book.journal = None
        if theirs is None or not book.is_valid:
            return self._count(None)
        return self._judge(state, ANALYSED_DEPTH, difference(state.instrument, book, theirs, ANALYSED_DEPTH), "REST")

    async def check_depths(self, state: InstrumentState) -> bool | None:
        """Whether the shallow book equals the deep one at the same sequence; None when they share none."""
        words = await self._compare_depths(state)
        if words:  # a sequence may be told in several frames: only what differs twice does
            words = await self._compare_depths(state)
        if words is None:
            return self._count(None)
        return self._judge(state, SHOWN_DEPTH, words or None, "the 1000-level book")

    async def check_trades(self, state: InstrumentState) -> int | None:
        """How many trades the stream had lost, which the tape has now; None when that cannot be told."""
        tape = state.tape
        if tape.newest is None:
            return None
        until_ms = tape.newest.time_ms
        try:
            told = await self._adapter.recent_trades(
                state.instrument.id, MOST_TRADES, priority=RequestPriority.BACKGROUND
            )
        except VirtuosoError as error:
            log.info("trades of %s could not be compared: %s", state.instrument.id, error.user_text)
            return None
        # A stream tells trades in order: what is older than one that came before the question will not come any more.
        begin_ms = tape.trades[0].time_ms
        lost = tape.merge(trade for trade in told if begin_ms < trade.time_ms < until_ms)
        if lost:
            log.info("%s: the stream had lost %d trades", state.instrument.id, lost)
            self.checks = msgspec.structs.replace(self.checks, trades_lost=self.checks.trades_lost + lost)
        return lost

    async def _compare_depths(self, state: InstrumentState) -> str | None:
        """What differs at one common sequence, empty when nothing does; None when there is none."""
        shallow, deep = state.books.get(SHOWN_DEPTH), state.books.get(ANALYSED_DEPTH)
        if shallow is None or deep is None or not shallow.is_valid or not deep.is_valid:
            return None
        before = shallow.copy(), deep.copy()
        journals: tuple[list[BookDelta], list[BookDelta]] = [], []
        shallow.journal, deep.journal = journals
        try:
            await asyncio.sleep(self._times.listen_s)
        finally:
            shallow.journal = deep.journal = None
        pair = at_common_sequence(before, journals)
        if pair is None or not shallow.is_valid or not deep.is_valid:
            return None
        return difference(state.instrument, *pair, SHOWN_DEPTH) or ""

    async def _reach(self, book: OrderBook, update_id: int) -> None:
        """Wait until the stream has brought an update, or for too long."""
        waited_s = 0.0
        while book.update_id < update_id and waited_s < self._times.catch_up_s:
            await asyncio.sleep(self._times.poll_s)
            waited_s += self._times.poll_s

    def _count(self, is_equal: bool | None) -> bool | None:
        name = "undecided" if is_equal is None else "equal" if is_equal else "different"
        self.checks = msgspec.structs.replace(self.checks, **{name: getattr(self.checks, name) + 1})
        return is_equal

    def _judge(self, state: InstrumentState, depth: int, words: str | None, other: str) -> bool | None:
        if words is None:
            return self._count(True)
        instrument_id = state.instrument.id
        told = f"The order book of {instrument_id.symbol} ({depth} levels) differs from {other}: {words}."
        log.warning("%s", told)
        book = state.books.get(depth)
        if book is not None:
            book.invalidate(f"differs from {other}")
            state.revision += 1
        self._adapter.resync(Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=depth))
        self._notices.post(
            Severity.WARNING,
            f"{self._adapter.venue.value}.order_book",
            f"{told} It is being rebuilt from a fresh snapshot; nothing of it is shown until then.",
        )
        self._count(False)
        self.checks = msgspec.structs.replace(
            self.checks, newest_difference=told, newest_difference_ms=self._venue_now_ms()
        )
        return False


def brought_to(
    rest: BookSnapshot, journal: list[BookDelta], instrument: Instrument, live: OrderBook
) -> OrderBook | None:
    """REST's book with the recorded deltas that came after it; None if it does not reach the live book's update."""
    theirs = OrderBook(instrument, live.depth)
    try:
        theirs.load(rest)
        for delta in journal:
            theirs.apply(delta)
    except BookGap:
        return None
    return theirs if theirs.update_id == live.update_id else None


def at_common_sequence(
    before: tuple[OrderBook, OrderBook], journals: tuple[list[BookDelta], list[BookDelta]]
) -> tuple[OrderBook, OrderBook] | None:
    """Both books at the newest cross sequence that both have seen; None if there is none.

    ``before`` are the books as they were when the recording began; they are moved on.
    """
    seen = [
        {book.sequence, *(delta.sequence for delta in journal)} for book, journal in zip(before, journals, strict=True)
    ]
    common = max(seen[0] & seen[1], default=None)
    if common is None:
        return None
    try:
        for book, journal in zip(before, journals, strict=True):
            for delta in journal:
                if delta.sequence <= common:
                    book.apply(delta)
    except BookGap:  # a snapshot came in between
        return None
    return before if all(book.sequence == common for book in before) else None


def difference(instrument: Instrument, ours: OrderBook, theirs: OrderBook, depth: int) -> str | None:
    """What differs between two books of one moment, in words; None when nothing does."""
    for name, our_side, their_side, sign in (
        ("bid", ours.bids, theirs.bids, -1),
        ("ask", ours.asks, theirs.asks, 1),
    ):
        reach = min(_reach(our_side, sign, depth), _reach(their_side, sign, depth))
        mine = {ticks: lots for ticks, lots in our_side.items() if sign * ticks <= reach}
        other = {ticks: lots for ticks, lots in their_side.items() if sign * ticks <= reach}
        if mine != other:
            wrong = sorted({ticks for ticks, _ in mine.items() ^ other.items()}, key=lambda ticks: sign * ticks)
            plural = "s" if len(wrong) > 1 else ""
            price = f"{instrument.to_price(wrong[0]):.{instrument.price_decimals}f}"
            return f"{len(wrong)} {name}{plural}, the first at {price}"
    return None


def _reach(side: Mapping[int, int], sign: int, depth: int) -> int:
    """Key of the last level to be compared: all of a side that the venue need not cut."""
    if len(side) < depth:
        return MORE_THAN_ANY
    keys = sorted(sign * ticks for ticks in side)
    return keys[round(depth * (1 - EDGE_RATIO)) - 1]
