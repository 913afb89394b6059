from __future__ import annotations

import itertools

import pytest

from virtuoso_desktop.simulator.book import BookMaker, Quote, Shape
from virtuoso_desktop.simulator.market import SimBook

NOW_MS = 1_795_342_000_000
FINE = Shape(key=11, level_lots=400.0, price_ticks=939_884.0, refresh_ms=50)
COARSE = Shape(key=12, level_lots=9_000.0, price_ticks=21_893.0, refresh_ms=100)
TINIEST = Shape(key=13, level_lots=1.0, price_ticks=9e13, refresh_ms=100)
INSIDE = Quote(bid=939_884, ask=939_885, trades=5, wave_lots=0, wave_is_buy=False)


def assert_sound(book: SimBook, quote: Quote) -> None:
    bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert (bids[0], asks[0]) == (quote.bid, quote.ask)
    assert min(lots for _, lots in book.bids + book.asks) >= 1


def changed(one: SimBook, other: SimBook) -> int:
    """How many level changes lead from one book to the other."""
    return sum(
        1
        for before, after in ((dict(one.bids), dict(other.bids)), (dict(one.asks), dict(other.asks)))
        for price in before.keys() | after.keys()
        if before.get(price) != after.get(price)
    )


@pytest.mark.parametrize("depth", [1, 50, 200, 1000])
@pytest.mark.parametrize("shape", [FINE, COARSE])
def test_a_book_has_its_depth_in_order(shape: Shape, depth: int) -> None:
    quote = INSIDE if shape is FINE else INSIDE._replace(bid=21_892, ask=21_894)
    book = BookMaker(shape).book(quote, depth, NOW_MS)
    assert len(book.bids) == len(book.asks) == depth
    assert_sound(book, quote)


def test_a_smaller_depth_is_the_top_of_a_larger_one() -> None:
    large = BookMaker(FINE).book(INSIDE, 1000, NOW_MS)
    for depth in (1, 50, 200):
        maker = BookMaker(FINE)
        assert maker.book(INSIDE, depth, NOW_MS) == SimBook(large.bids[:depth], large.asks[:depth])
        maker.book(INSIDE, 1000, NOW_MS)
        assert maker.book(INSIDE, depth, NOW_MS) == SimBook(large.bids[:depth], large.asks[:depth])


def test_the_reach_is_that_of_real_books() -> None:
    maker = BookMaker(FINE)
    for depth, least_bps, most_bps in ((50, 0.9, 2.5), (1000, 20.0, 40.0)):
        asks = maker.book(INSIDE, depth, NOW_MS).asks
        assert least_bps < (asks[-1][0] / asks[0][0] - 1) * 1e4 < most_bps


def test_coarse_ticks_leave_hardly_a_hole_and_fine_ones_many() -> None:
    coarse = BookMaker(COARSE).book(INSIDE._replace(bid=21_892, ask=21_893), 50, NOW_MS)
    assert coarse.asks[-1][0] - coarse.asks[0][0] < 65
    fine = BookMaker(FINE).book(INSIDE, 50, NOW_MS)
    assert fine.asks[-1][0] - fine.asks[0][0] > 90


def test_ticks_finer_than_any_order_are_left_out() -> None:
    quote = Quote(90_000_000_000_003, 90_000_000_000_004, 1, 0, False)
    book = BookMaker(TINIEST).book(quote, 50, NOW_MS)
    assert_sound(book, quote)
    assert (book.asks[-1][0] / book.asks[0][0] - 1) * 1e4 > 0.1


def test_books_in_a_row_differ_in_few_levels() -> None:
    maker = BookMaker(FINE)
    books = [maker.book(INSIDE, 50, NOW_MS + 100 * step) for step in range(60)]
    changes = [changed(one, other) for one, other in itertools.pairwise(books)]
    assert 4 < sum(changes) / len(changes) < 16
    assert min(changes) > 0


def test_nothing_changes_between_two_refreshes() -> None:
    maker = BookMaker(FINE)
    assert maker.book(INSIDE, 50, NOW_MS + 49) == BookMaker(FINE).book(INSIDE, 50, NOW_MS)


def test_a_trade_changes_both_best_sizes() -> None:
    maker = BookMaker(FINE)
    before, after = maker.book(INSIDE, 50, NOW_MS), maker.book(INSIDE._replace(trades=6), 50, NOW_MS)
    assert before.bids[0] != after.bids[0]
    assert before.asks[0] != after.asks[0]
    assert changed(before, after) == 2


def test_the_next_order_finds_what_it_takes() -> None:
    maker = BookMaker(FINE)
    book = maker.book(INSIDE._replace(wave_lots=10**6, wave_is_buy=True), 50, NOW_MS)
    assert book.asks[0][1] > 10**6
    assert book.bids == maker.book(INSIDE, 50, NOW_MS).bids


def test_sizes_grow_with_distance_and_there_are_walls() -> None:
    near = far = 0
    walls = 0
    for step in range(40):
        asks = BookMaker(FINE).book(INSIDE, 1000, NOW_MS + step * 40_000).asks
        near += sum(lots for _, lots in asks[:50])
        far += sum(lots for _, lots in asks[-50:])
        walls += sum(lots > 15 * FINE.level_lots for _, lots in asks[:50])
    assert far > 2.2 * near
    assert 10 < walls < 400


def test_a_price_of_few_ticks_ends_the_bids() -> None:
    quote = Quote(3, 4, 1, 0, False)
    book = BookMaker(Shape(5, 10.0, 4.0, 100)).book(quote, 50, NOW_MS)
    assert book.bids[0][0] == 3
    assert min(price for price, _ in book.bids) >= 1
    assert len(book.asks) == 50
    assert BookMaker(Shape(5, 10.0, 4.0, 100)).book(Quote(0, 1, 1, 0, False), 50, NOW_MS).bids == []
