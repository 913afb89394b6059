"""Order book: sequence rules, kept best prices, crossed and gapped books."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.market.book import OrderBook
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
NOW_MS = 1_700_000_000_000


def snapshot(bids: list[Level], asks: list[Level], *, update_id: int = 10, event_ms: int = NOW_MS) -> BookSnapshot:
    return BookSnapshot(INSTRUMENT.id, 50, bids, asks, update_id, 100, event_ms, event_ms, 0)


def delta(
    bids: list[Level],
    asks: list[Level],
    *,
    update_id: int = 11,
    sequence: int = 101,
    event_ms: int = NOW_MS,
) -> BookDelta:
    return BookDelta(INSTRUMENT.id, 50, bids, asks, update_id - 1, update_id, sequence, event_ms, event_ms, 0)


def loaded() -> OrderBook:
    book = OrderBook(INSTRUMENT, 50)
    book.load(snapshot([(100.0, 1.0), (99.9, 2.0)], [(100.1, 1.5), (100.2, 2.5)]))
    return book


def test_snapshot_becomes_ticks_and_lots_best_first() -> None:
    book = loaded()
    assert book.top(5) == ([(1000, 1000), (999, 2000)], [(1001, 1500), (1002, 2500)])
    assert (book.best_bid, book.best_ask, book.is_valid) == (1000, 1001, True)


def test_delta_inserts_overwrites_and_deletes() -> None:
    book = loaded()
    assert book.apply(delta([(100.0, 0.0), (99.8, 3.0)], [(100.1, 0.7)]))
    assert book.top(5) == ([(999, 2000), (998, 3000)], [(1001, 700), (1002, 2500)])
    assert (book.best_bid, book.best_ask) == (999, 1001)


def test_deleting_an_unknown_level_is_normal() -> None:
    book = loaded()
    assert book.apply(delta([(50.0, 0.0)], [(200.0, 0.0)]))
    assert (book.best_bid, book.best_ask) == (1000, 1001)


def test_old_delta_is_dropped_and_changes_nothing() -> None:
    book = loaded()
    assert not book.apply(delta([(100.0, 9.0)], [], update_id=10))
    assert book.top(1)[0] == [(1000, 1000)]


def test_missing_update_makes_the_book_invisible_until_a_snapshot() -> None:
    book = loaded()
    with pytest.raises(BookGap) as gap:
        book.apply(delta([(100.0, 9.0)], [], update_id=14))
    assert gap.value.reason == "gap"
    assert "3 order book updates are missing" in gap.value.user_text
    assert book.top(5) == ([], [])
    assert not book.apply(delta([], [], update_id=15))
    book.load(snapshot([(101.0, 1.0)], [(101.1, 1.0)], update_id=40))
    assert book.top(1) == ([(1010, 1000)], [(1011, 1000)])


def test_sequence_that_runs_backwards_is_refused() -> None:
    with pytest.raises(BookGap) as gap:
        loaded().apply(delta([], [], sequence=99))
    assert gap.value.reason == "off_sequence"


def test_crossed_book_is_never_shown_and_rebuilt_after_a_second() -> None:
    book = loaded()
    assert book.apply(delta([(100.5, 1.0)], [], update_id=11, event_ms=NOW_MS))
    assert book.is_crossed
    assert book.top(5) == ([], [])
    assert book.apply(delta([], [], update_id=12, event_ms=NOW_MS + 1000))
    with pytest.raises(BookGap) as gap:
        book.apply(delta([], [], update_id=13, event_ms=NOW_MS + 1001))
    assert gap.value.reason == "crossed"
    assert not book.is_valid


def test_book_that_uncrosses_in_time_lives_on() -> None:
    book = loaded()
    book.apply(delta([(100.5, 1.0)], [], update_id=11, event_ms=NOW_MS))
    book.apply(delta([(100.5, 0.0)], [], update_id=12, event_ms=NOW_MS + 900))
    assert book.apply(delta([(100.5, 1.0)], [], update_id=13, event_ms=NOW_MS + 1900))
    assert book.is_valid


def test_infinite_price_distrusts_the_book() -> None:
    book = loaded()
    with pytest.raises(BookGap) as gap:
        book.apply(delta([(float("inf"), 1.0)], []))
    assert gap.value.reason == "bad_level"
    assert not book.is_valid


def test_off_grid_snapshot_is_counted() -> None:
    book = OrderBook(INSTRUMENT, 50)
    book.load(snapshot([(99.95, 1.0)], [(100.1, 1.0)]))
    assert book.off_grid == 1


def test_a_venue_that_never_deletes_cannot_grow_the_book() -> None:
    book = loaded()
    for number in range(200):
        book.apply(delta([(90.0 - number / 10, 1.0)], [(110.0 + number / 10, 1.0)], update_id=11 + number))
    assert len(book.bids) <= 100
    assert len(book.asks) <= 100
    assert (book.best_bid, book.best_ask) == (1000, 1001)


LEVELS = st.lists(
    st.tuples(st.integers(1, 60).map(lambda n: n / 10), st.integers(0, 5).map(lambda n: n / 1000)), max_size=12
)


@given(start=LEVELS, changes=st.lists(LEVELS, max_size=8))
def test_best_bid_is_always_the_largest_key(start: list[Level], changes: list[list[Level]]) -> None:
    book = OrderBook(INSTRUMENT, 50)
    book.load(snapshot(start, [(1000.0, 1.0)]))
    model = {round(price * 10): round(size * 1000) for price, size in start if size}
    for number, levels in enumerate(changes):
        book.apply(delta(levels, [], update_id=11 + number))
        for price, size in levels:
            if size:
                model[round(price * 10)] = round(size * 1000)
            else:
                model.pop(round(price * 10), None)
    assert book.bids == model
    assert book.best_bid == max(model, default=-1)


@given(start=LEVELS, changes=st.lists(LEVELS, max_size=8))
def test_best_ask_is_always_the_smallest_key(start: list[Level], changes: list[list[Level]]) -> None:
    book = OrderBook(INSTRUMENT, 50)
    book.load(snapshot([], start))
    for number, levels in enumerate(changes):
        book.apply(delta([], levels, update_id=11 + number))
    assert book.best_ask == min(book.asks, default=1 << 62)
