"""Books against a second source: equal, different, undecided; a different one is rebuilt and told."""

from __future__ import annotations

import asyncio

import pytest

from tests.fake_adapter import FakeAdapter
from virtuoso_desktop.engine.integrity import BookGuard, IntegrityTimes
from virtuoso_desktop.exchanges.base import Subscription, TopicKind
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.errors import LinkError
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import Aggressor, BookDelta, BookSnapshot, Level, Trade

NOW_MS = 1_700_000_000_000
QUICK = IntegrityTimes(every_s=0.01, catch_up_s=0.1, listen_s=0.03, poll_s=0.005)


class Rig:
    """A guard of one instrument whose stream and REST say what a test tells them to."""

    def __init__(self) -> None:
        self.adapter = FakeAdapter(ManualClock(NOW_MS), ["BTCUSDT"])
        self.store = MarketStore()
        self.notices = NoticeBoard(self.adapter.clock)
        self.guard = BookGuard(self.adapter, self.store, self.notices, self.adapter.clock.now_ms, QUICK)
        self.state: InstrumentState = self.store.add(self.adapter.listed[0])
        self.id: InstrumentId = self.state.instrument.id
        self.load(1000, 10)

    def load(self, depth: int, update_id: int, sequence: int = 100) -> None:
        self.store.apply(self.snapshot(update_id, depth=depth, sequence=sequence))

    def snapshot(
        self, update_id: int, *, bid: float = 99.9, size: float = 1.0, depth: int = 1000, sequence: int = 100
    ) -> BookSnapshot:
        bids: list[Level] = [(bid, size), (99.0, 5.0)]
        return BookSnapshot(self.id, depth, bids, [(100.1, 2.0)], update_id, sequence, NOW_MS, None, 0)

    def delta(self, update_id: int, bids: list[Level], *, depth: int = 1000, sequence: int = 100) -> None:
        self.store.apply(BookDelta(self.id, depth, bids, [], update_id - 1, update_id, sequence, NOW_MS, None, 0))


async def test_the_same_update_with_the_same_levels_is_equal() -> None:
    rig = Rig()
    rig.adapter.rest_book = lambda _: rig.snapshot(10)
    assert await rig.guard.check_against_rest(rig.state) is True
    assert (rig.guard.checks.equal, rig.adapter.resynced, rig.notices.all) == (1, [], ())
    assert rig.state.books[1000].journal is None


async def test_a_stream_that_is_ahead_of_rest_is_compared_through_what_it_brought_meanwhile() -> None:
    rig = Rig()

    def answer(_: InstrumentId) -> BookSnapshot:
        told = rig.snapshot(11, size=3.0)
        rig.delta(11, [(99.9, 3.0)])
        rig.delta(12, [(99.9, 0.0), (99.8, 4.0)])
        return told

    rig.adapter.rest_book = answer
    assert await rig.guard.check_against_rest(rig.state) is True


async def test_a_stream_that_is_behind_rest_is_waited_for_and_not_for_ever() -> None:
    rig = Rig()
    rig.adapter.rest_book = lambda _: rig.snapshot(12, size=7.0)
    loop = asyncio.get_running_loop()
    loop.call_later(0.02, lambda: rig.delta(11, [(99.9, 6.0)]))
    loop.call_later(0.03, lambda: rig.delta(12, [(99.9, 7.0)]))
    assert await rig.guard.check_against_rest(rig.state) is True
    rig.adapter.rest_book = lambda _: rig.snapshot(50)
    assert await rig.guard.check_against_rest(rig.state) is None
    assert (rig.guard.checks.undecided, rig.guard.checks.different, rig.adapter.resynced) == (1, 0, [])


@pytest.mark.logs("differs from REST: 1 bid, the first at 99.9")
async def test_a_book_that_differs_is_hidden_rebuilt_counted_and_told() -> None:
    rig = Rig()
    rig.adapter.rest_book = lambda _: rig.snapshot(10, size=1.5)
    assert await rig.guard.check_against_rest(rig.state) is False
    book = rig.state.books[1000]
    assert (book.is_valid, book.top(5), book.invalid_reason) == (False, ([], []), "differs from REST")
    assert rig.adapter.resynced == [Subscription(rig.id, TopicKind.ORDER_BOOK, depth=1000)]
    assert rig.guard.checks.different == 1
    assert rig.guard.checks.newest_difference_ms == NOW_MS
    (notice,) = rig.notices.all
    assert "BTCUSDT (1000 levels) differs from REST: 1 bid, the first at 99.9" in notice.user_text
    assert "rebuilt" in notice.user_text


@pytest.mark.parametrize("fault", ["rest fails", "gap", "restart", "rest is too old"])
async def test_what_cannot_be_told_is_no_alarm(fault: str) -> None:
    rig = Rig()

    def answer(_: InstrumentId) -> BookSnapshot:
        if fault == "rest fails":
            raise LinkError("Bybit did not answer.")
        if fault == "gap":
            rig.state.books[1000].invalidate("3 updates missing")
        if fault == "restart":
            rig.load(1000, 1)
        return rig.snapshot(5 if fault == "rest is too old" else 10, size=9.0)

    rig.adapter.rest_book = answer
    assert await rig.guard.check_against_rest(rig.state) is None
    assert (rig.guard.checks.undecided, rig.notices.all, rig.adapter.resynced) == (1, (), [])


async def test_two_depths_are_compared_at_the_newest_sequence_that_both_saw() -> None:
    rig = Rig()
    rig.state.hold_book(50)
    rig.load(50, 500, sequence=100)
    loop = asyncio.get_running_loop()
    loop.call_later(0.005, lambda: rig.delta(501, [(99.9, 2.0)], depth=50, sequence=103))
    loop.call_later(0.010, lambda: rig.delta(11, [(99.9, 2.0)], sequence=103))
    loop.call_later(0.015, lambda: rig.delta(502, [(99.9, 8.0)], depth=50, sequence=104))
    assert await rig.guard.check_depths(rig.state) is True
    assert rig.guard.checks.equal == 1
    assert rig.state.books[50].top(1)[0] == [(999, 8000)], "the live book is not the one that was moved"


@pytest.mark.logs("differs from the 1000-level book")
async def test_two_depths_that_differ_twice_have_the_shallow_one_rebuilt() -> None:
    rig = Rig()
    rig.state.hold_book(50)
    rig.store.apply(rig.snapshot(500, size=4.0, depth=50))
    assert await rig.guard.check_depths(rig.state) is False
    assert rig.adapter.resynced == [Subscription(rig.id, TopicKind.ORDER_BOOK, depth=50)]
    assert (rig.state.books[50].is_valid, rig.state.books[1000].is_valid) == (False, True)


async def test_two_depths_without_a_common_sequence_are_undecided() -> None:
    rig = Rig()
    rig.state.hold_book(50)
    rig.store.apply(rig.snapshot(500, size=4.0, depth=50, sequence=99))
    assert await rig.guard.check_depths(rig.state) is None
    assert rig.guard.checks.undecided == 1


@pytest.mark.logs("1 ask, the first at 195.0")
async def test_the_edge_of_a_cut_book_is_not_compared() -> None:
    rig = Rig()
    asks: list[Level] = [(100.0 + n / 10, 1.0) for n in range(1, 1001)]
    bids: list[Level] = [(99.0, 1.0)]
    rig.store.apply(BookSnapshot(rig.id, 1000, bids, asks, 20, 100, NOW_MS, None, 0))
    edge: list[Level] = [(price, 2.0 if n >= 950 else size) for n, (price, size) in enumerate(asks)]
    rig.adapter.rest_book = lambda _: BookSnapshot(rig.id, 1000, bids, edge, 20, 100, NOW_MS, None, 0)
    assert await rig.guard.check_against_rest(rig.state) is True
    inner: list[Level] = [(price, 2.0 if n == 949 else size) for n, (price, size) in enumerate(asks)]
    rig.adapter.rest_book = lambda _: BookSnapshot(rig.id, 1000, bids, inner, 20, 100, NOW_MS, None, 0)
    assert await rig.guard.check_against_rest(rig.state) is False


def trade(rig: Rig, number: int, after_ms: int) -> Trade:
    at_ms = NOW_MS + after_ms
    return Trade(rig.id, f"t{number}", 100.0, 0.5, Aggressor.BUY, at_ms, number, False, at_ms, 0)


async def test_trades_that_the_stream_lost_are_put_in_their_place_and_counted() -> None:
    rig = Rig()
    told = [trade(rig, number, number * 10) for number in range(6)]
    for each in (told[1], told[3]):
        rig.store.apply(each)
    rig.adapter.trades = told
    assert await rig.guard.check_trades(rig.state) == 1
    assert rig.state.tape.trades == told[1:4], "older ones were never streamed, newer ones may still come"
    assert rig.state.tape.cvd == 1.5
    assert await rig.guard.check_trades(rig.state) == 0
    assert rig.guard.checks.trades_lost == 1


async def test_trades_are_not_judged_before_the_first_one_came_or_when_rest_is_silent() -> None:
    rig = Rig()
    rig.adapter.trades = [trade(rig, 1, 0)]
    assert await rig.guard.check_trades(rig.state) is None
    rig.store.apply(trade(rig, 1, 0))
    rig.adapter.trades_failure = LinkError("Bybit did not answer.")
    assert await rig.guard.check_trades(rig.state) is None
    assert (len(rig.state.tape.trades), rig.guard.checks.trades_lost) == (1, 0)
