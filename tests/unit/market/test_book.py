"""Order book: sequence rules, kept best prices, crossed and gapped books."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.market.book import TIDY_EVERY, OrderBook
from virtuoso_desktop.market.book_side import BookSide
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


@pytest.mark.parametrize("level", [(float("inf"), 1.0), (100.0, float("inf")), (float("nan"), 1.0)])
def test_value_that_is_no_number_distrusts_the_book(level: Level) -> None:
    book = loaded()
    with pytest.raises(BookGap) as gap:
        book.apply(delta([level], []))
    assert gap.value.reason == "bad_level"
    assert not book.is_valid


def test_off_grid_snapshot_is_counted() -> None:
    book = OrderBook(INSTRUMENT, 50)
    book.load(snapshot([(99.95, 1.0)], [(100.1, 1.0)]))
    assert book.off_grid == 1


def test_a_venue_that_never_deletes_cannot_grow_the_book() -> None:
    book = loaded()
    for number in range(2 * TIDY_EVERY):
        far = 2.0 + number / 10
        book.apply(delta([(1_000.0 - far, 1.0)], [(1_000.0 + far, 1.0)], update_id=11 + number))
    assert len(book.bids) <= 100 + TIDY_EVERY
    assert len(book.asks) <= 100 + TIDY_EVERY


def test_touch_may_wander_any_way_from_where_the_book_was_loaded() -> None:
    """Every level is moved up by 3,000 ticks, then down by 6,000: further than slots are laid."""
    book = loaded()
    model = {"bids": dict(book.bids), "asks": dict(book.asks)}
    update_id = 10
    for step in [40] * 75 + [-40] * 150:
        changes: dict[str, list[Level]] = {}
        for side, held in model.items():
            moved = {ticks + step: lots for ticks, lots in held.items()}
            gone = [(ticks / 10, 0.0) for ticks in held if ticks not in moved]
            changes[side] = gone + [(ticks / 10, lots / 1000) for ticks, lots in moved.items()]
            model[side] = moved
        update_id += 1
        book.apply(delta(changes["bids"], changes["asks"], update_id=update_id))
        assert (book.bids, book.asks) == (model["bids"], model["asks"])
        assert (book.best_bid, book.best_ask) == (max(model["bids"]), min(model["asks"]))
        assert book.top(5) == (sorted(model["bids"].items(), reverse=True), sorted(model["asks"].items()))


TICKS = st.integers(1, 60) | st.integers(1, 9_000)
"""Close together, as at the touch, and further apart than slots are laid."""
LEVELS = st.lists(st.tuples(TICKS.map(lambda n: n / 10), st.integers(0, 5).map(lambda n: n / 1000)), max_size=12)


def applied(model: dict[int, int], levels: list[Level]) -> dict[int, int]:
    """What the levels make of a side, in the plainest way."""
    for price, size in levels:
        model[round(price * 10)] = round(size * 1000)
    return {ticks: lots for ticks, lots in model.items() if lots}


@given(start=LEVELS, changes=st.lists(LEVELS, max_size=8))
def test_bids_are_what_a_plain_dict_holds(start: list[Level], changes: list[list[Level]]) -> None:
    book = OrderBook(INSTRUMENT, 50)
    book.load(snapshot(start, [(1000.0, 1.0)]))
    model = applied({}, start)
    for number, levels in enumerate(changes):
        book.apply(delta(levels, [], update_id=11 + number))
        model = applied(model, levels)
        assert book.bids == model
        assert book.best_bid == max(model, default=-1)
        assert book.top(5)[0] == sorted(model.items(), reverse=True)[:5]


@given(start=LEVELS, changes=st.lists(LEVELS, max_size=8))
def test_asks_are_what_a_plain_dict_holds(start: list[Level], changes: list[list[Level]]) -> None:
    book = OrderBook(INSTRUMENT, 50)
    book.load(snapshot([(0.1, 1.0)], start))
    model = applied({}, start)
    for number, levels in enumerate(changes):
        book.apply(delta([], levels, update_id=11 + number))
        model = applied(model, levels)
        assert book.asks == model
        assert book.best_ask == min(model, default=1 << 62)
        assert book.is_crossed == (1 in model)
        assert book.is_crossed or book.top(5)[1] == sorted(model.items())[:5]


@given(
    st.dictionaries(st.integers(1, 40_000), st.integers(1, 10**6), min_size=1, max_size=120),
    st.integers(1, 60),
)
def test_a_side_read_outwards_holds_its_best_levels(levels: dict[int, int], wanted: int) -> None:
    side = BookSide(0.5, 0.01, 1, 50)
    side.load([(ticks * 0.5, lots * 0.01) for ticks, lots in levels.items()])
    pieces = list(side.outward(wanted))
    near = [(first + slot, lots) for first, slots in pieces for slot, lots in enumerate(slots) if lots]
    assert (near + side.beyond())[:wanted] == side.top(wanted)
    assert len(near) + len(side.beyond()) == len(levels)
    assert pieces[0][0] == min(levels)
    assert all(len(slots) <= wanted + wanted // 2 for _, slots in pieces)
