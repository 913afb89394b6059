"""Books held against REST and against each other, on a simulated exchange: no false alarm, every forgery found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.whole_path import BTC, all_live, engine_on, state_of, synthetic
from tests.running import until
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.model.market import BookSnapshot
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.server import SimulatedExchange

pytestmark = [pytest.mark.deadline_s(60), pytest.mark.logs("differs from REST")]


def forge(engine: Engine, book: OrderBook) -> None:
    """The same update with a bid that the venue does not have, as if a deletion had been lost."""
    instrument = state_of(engine).instrument
    bids = dict(book.bids)
    bids[next(ticks for ticks in range(book.best_bid - 3, 0, -1) if ticks not in bids)] = 77
    sides = [
        [(instrument.to_price(ticks), instrument.to_size(lots)) for ticks, lots in side.items()]
        for side in (bids, book.asks)
    ]
    book.load(BookSnapshot(instrument.id, book.depth, *sides, book.update_id, book.sequence, book.event_ms, None, 0))


async def test_equal_books_are_equal_and_forged_ones_are_found_and_rebuilt(tmp_path: Path) -> None:
    clock = LiveClock()
    async with (
        SimulatedExchange(synthetic(clock), clock) as venue,
        engine_on(venue.http_url, venue.ws_url, tmp_path, clock=clock) as engine,
    ):
        engine.show(BTC, Timeframe.M1)
        await all_live(engine)
        guard, state = engine.book_guard, state_of(engine)
        await until(lambda: 50 in state.books and state.books[50].is_valid, "the shallow book")
        for _ in range(4):
            for each in engine.store.states:
                assert await guard.check_against_rest(each) is not False
        assert guard.checks.equal >= 6
        assert await guard.check_depths(state) is not False

        book = state.books[1000]
        while book.is_valid:
            forge(engine, book)
            await guard.check_against_rest(state)
        assert book.top(5) == ([], [])
        await until(lambda: book.is_valid, "the book is rebuilt")
        assert await guard.check_against_rest(state) is not False
        assert guard.checks.different == 1
        told = [each.user_text for each in engine.notices.all if each.where == "bybit.order_book"]
        assert len(told) == 1
