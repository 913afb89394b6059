"""Any interleaving of snapshots, deltas, gaps, repeats and resets against the plainest order book there is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtuoso_desktop.market.book import CROSSED_LIMIT_MS, NO_ASK, NO_BID, OrderBook
from virtuoso_desktop.model.errors import BookGap
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import BookDelta, BookSnapshot, Level

INSTRUMENT = Instrument(
    id=InstrumentId.parse("bybit:linear:BTCUSDT"),
    base_coin="BTC",
    quote_coin="USDT",
    settle_coin="USDT",
    status="Trading",
    contract_type="LinearPerpetual",
    tick_size=Decimal("0.10"),
    lot_step=Decimal("0.001"),
)
T0 = 1_700_000_000_000


class PlainBook:
    """Two dicts and the rules of the venue's documentation, written as slowly as they read."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.u: int | None = None
        """None while there is nothing to be trusted."""
        self.seq = 0
        self.crossed_since: int | None = None

    def snapshot(self, event: BookSnapshot) -> bool:
        """Returns False if the book has to be asked for anew."""
        self.bids, self.asks = {}, {}
        self._set(event)
        self.u, self.seq = event.update_id, event.sequence
        return self._crossing(event.event_ms)

    def delta(self, event: BookDelta) -> bool:
        if self.u is None or event.update_id <= self.u:
            return True
        if event.update_id != self.u + 1 or event.sequence < self.seq:
            self.u, self.crossed_since = None, None
            return False
        self._set(event)
        self.u, self.seq = event.update_id, event.sequence
        return self._crossing(event.event_ms)

    def _set(self, event: BookSnapshot | BookDelta) -> None:
        for side, levels in ((self.bids, event.bids), (self.asks, event.asks)):
            for price, size in levels:
                side[round(price * 10)] = round(size * 1000)
            for ticks in [ticks for ticks, lots in side.items() if not lots]:
                del side[ticks]

    @property
    def is_crossed(self) -> bool:
        return bool(self.bids and self.asks) and max(self.bids) >= min(self.asks)

    def _crossing(self, now_ms: int) -> bool:
        if not self.is_crossed:
            self.crossed_since = None
        elif self.crossed_since is None:
            self.crossed_since = now_ms
        elif now_ms - self.crossed_since > CROSSED_LIMIT_MS:
            self.u, self.crossed_since = None, None
            return False
        return True


BIDS = st.integers(900, 1001) | st.integers(1, 6_000)
ASKS = st.integers(1000, 1100) | st.integers(1, 9_000)
LOTS = st.integers(0, 3)


def levels(ticks: st.SearchStrategy[int]) -> st.SearchStrategy[list[Level]]:
    pairs = st.lists(st.tuples(ticks, LOTS), max_size=6)
    return pairs.map(lambda found: [(tick / 10, lots / 1000) for tick, lots in found])


STEPS = st.tuples(
    st.sampled_from(["delta"] * 8 + ["snapshot", "reset", "gap", "repeat", "old", "backwards", "lost"]),
    levels(BIDS),
    levels(ASKS),
    st.sampled_from([20, 200, 700, 1_500]),
)


@settings(max_examples=400)
@given(st.lists(STEPS, max_size=30))
def test_book_is_the_plain_book_whatever_comes(steps: list[tuple[str, list[Level], list[Level], int]]) -> None:
    book, plain = OrderBook(INSTRUMENT, 50), PlainBook()
    u, seq, now_ms = 10, 100, T0
    for what, bids, asks, after_ms in [("snapshot", [(99.9, 1.0)], [(100.1, 1.0)], 20), *steps]:
        now_ms += after_ms
        seq += 1
        if what == "lost":
            book.invalidate("the link was lost")
            plain.u, plain.crossed_since = None, None
            continue
        if what in ("snapshot", "reset"):
            u = 1 if what == "reset" else u + 5
            event = BookSnapshot(INSTRUMENT.id, 50, bids, asks, u, seq, now_ms, now_ms, 0)
            expected = plain.snapshot(event)
            is_well = _told(book.load, event)
        else:
            sent = {"delta": u + 1, "gap": u + 3, "repeat": u, "old": u - 1, "backwards": u + 1}[what]
            told_seq = seq - 50 if what == "backwards" else seq
            change = BookDelta(INSTRUMENT.id, 50, bids, asks, sent - 1, sent, told_seq, now_ms, now_ms, 0)
            u = max(u, sent)
            expected = plain.delta(change)
            is_well = _told(book.apply, change)
        assert is_well == expected, what
        assert book.is_valid == (plain.u is not None)
        if plain.u is not None:
            assert (book.bids, book.asks) == (plain.bids, plain.asks)
            assert (book.best_bid, book.best_ask) == (max(plain.bids, default=NO_BID), min(plain.asks, default=NO_ASK))
            assert (book.update_id, book.sequence, book.is_crossed) == (plain.u, plain.seq, plain.is_crossed)
        shown_bids, shown_asks = book.top(3)
        if plain.u is None or plain.is_crossed:
            assert (shown_bids, shown_asks) == ([], []), "what cannot be trusted is never shown"
        else:
            assert shown_bids == sorted(plain.bids.items(), reverse=True)[:3]
            assert shown_asks == sorted(plain.asks.items())[:3]


def _told(apply: object, event: object) -> bool:
    try:
        apply(event)  # type: ignore[operator]
    except BookGap:
        return False
    return True


def test_a_reset_is_counted_and_empties_the_journal() -> None:
    book = OrderBook(INSTRUMENT, 50)
    for u in (7, 1, 1):
        book.journal = []
        book.load(BookSnapshot(INSTRUMENT.id, 50, [(99.9, 1.0)], [(100.1, 1.0)], u, 1, T0, T0, 0))
        book.apply(BookDelta(INSTRUMENT.id, 50, [], [], u, u + 1, 1, T0, T0, 0))
        assert len(book.journal) == 1
        book.load(BookSnapshot(INSTRUMENT.id, 50, [(99.9, 1.0)], [(100.1, 1.0)], u, 1, T0, T0, 0))
        assert book.journal == []
    assert book.restarts == 4


def test_a_copy_lives_apart() -> None:
    book = OrderBook(INSTRUMENT, 50)
    book.load(BookSnapshot(INSTRUMENT.id, 50, [(99.9, 1.0), (1.0, 5.0)], [(100.1, 1.0)], 7, 1, T0, T0, 0))
    book.journal = []
    twin = book.copy()
    twin.apply(BookDelta(INSTRUMENT.id, 50, [(99.9, 0.0), (1.0, 0.0)], [(100.0, 2.0)], 7, 8, 1, T0, T0, 0))
    assert (book.bids, book.best_ask, book.journal) == ({999: 1000, 10: 5000}, 1001, [])
    assert (twin.bids, twin.best_ask, twin.journal) == ({}, 1000, None)
    with pytest.raises(BookGap):
        twin.apply(BookDelta(INSTRUMENT.id, 50, [], [], 9, 10, 1, T0, T0, 0))
    assert book.is_valid
