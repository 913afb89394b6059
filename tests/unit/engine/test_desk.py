from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desk import BTC, ETH, DeskRig, Wall, ladder_levels
from tests.market_rows import ALL_CHANNELS
from virtuoso_desktop.engine.book_levels import DepthSide, bands, grouped
from virtuoso_desktop.engine.desk_views import FeedPhase, LadderLevel, WallMark
from virtuoso_desktop.engine.subscriptions import SHOWN_DEPTH
from virtuoso_desktop.exchanges.base import LinkPhase, Subscription, TopicKind, TopicRejected
from virtuoso_desktop.market.store import ANALYSED_DEPTH
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.market import Aggressor, PositionSide

SECOND, MINUTE = 1_000, 60_000


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    made.link(LinkPhase.LIVE)
    return made


def level_lists() -> st.SearchStrategy[list[tuple[int, int]]]:
    """Levels of an ask side: rising ticks from 1,000 on."""
    steps = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 5_000)), min_size=1, max_size=60)

    def place(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        ticks, levels = 1_000, []
        for step, lots in pairs:
            ticks += step
            levels.append((ticks, lots))
        return levels

    return steps.map(place)


# --- ladder ----------------------------------------------------------------------------------------------------


def test_the_ladder_adds_up_and_says_what_the_touch_says(rig: DeskRig) -> None:
    rig.book([(99.9, 2.0), (99.8, 1.0)], [(100.0, 1.0), (100.2, 3.0)])
    ladder = rig.desk.ladder(BTC, 1, 10)
    assert ladder is not None
    assert ladder.bids == (LadderLevel(99.9, 2.0, 2.0), LadderLevel(99.8, 1.0, 3.0))
    assert ladder.asks == (LadderLevel(100.0, 1.0, 1.0), LadderLevel(100.2, 3.0, 4.0))
    assert (ladder.spread_ticks, ladder.feed.phase) == (1, FeedPhase.LIVE)
    assert ladder.spread_bps == pytest.approx(0.1 / 99.95 * 10_000)
    # Twice as much is bid as offered: the price leans two thirds of the way to the ask.
    assert ladder.microprice == pytest.approx(99.9 + 0.1 * 2 / 3)


def test_groups_gather_bids_below_and_asks_above(rig: DeskRig) -> None:
    rig.book(
        [(100.4, 1.0), (100.1, 2.0), (99.9, 4.0), (99.4, 8.0)], [(100.5, 1.0), (100.6, 2.0), (101.0, 4.0), (101.2, 8.0)]
    )
    ladder = rig.desk.ladder(BTC, 5, 10)
    assert ladder is not None
    # The last group of each side may go on beyond the levels that are known: it is left out.
    assert ladder.bids == (LadderLevel(100.0, 3.0, 3.0), LadderLevel(99.5, 4.0, 7.0))
    assert ladder.asks == (LadderLevel(100.5, 1.0, 1.0), LadderLevel(101.0, 6.0, 7.0))


def test_a_wide_group_takes_the_deep_book(rig: DeskRig) -> None:
    rig.book(ladder_levels(99.9, 50, step=-0.1), ladder_levels(100.0, 50, step=0.1), (SHOWN_DEPTH,))
    rig.book(ladder_levels(99.9, 900, step=-0.1), ladder_levels(100.0, 900, step=0.1), (ANALYSED_DEPTH,))
    fine, wide = rig.desk.ladder(BTC, 1, 25), rig.desk.ladder(BTC, 10, 25)
    assert fine is not None
    assert wide is not None
    assert (fine.is_deep, wide.is_deep) == (False, True)
    assert len(fine.bids) == len(wide.bids) == 25


def test_confirmed_walls_are_marked_in_the_row_that_holds_them(rig: DeskRig) -> None:
    rig.book(ladder_levels(99.9, 60, step=-0.1), ladder_levels(100.0, 60, step=0.1))
    rig.walls = [
        Wall(is_bid=True, price=99.7),
        Wall(is_bid=False, price=100.5, is_suspected_pull=True),
        Wall(is_bid=False, price=100.2, is_confirmed=False),
        Wall(is_bid=True, price=50.0),
    ]
    fine, wide = rig.desk.ladder(BTC, 1, 10), rig.desk.ladder(BTC, 5, 4)
    assert fine is not None
    assert wide is not None
    assert fine.walls == (WallMark(True, 2, False), WallMark(False, 5, True))
    # Groups of half a unit: bids from 99.5 up hold 99.7, asks up to 100.5 hold 100.5.
    assert [(level.price) for level in wide.asks[:2]] == [100.0, 100.5]
    assert wide.walls == (WallMark(True, 0, False), WallMark(False, 1, True))


@given(level_lists(), st.integers(1, 200), st.integers(1, 30))
def test_groups_lose_nothing_but_the_cut_end(levels: list[tuple[int, int]], group: int, rows: int) -> None:
    instrument = DeskRig().state().instrument
    found = grouped(levels, group, rows, instrument, is_bid=False)
    assert len(found) <= rows
    reach = round(found[-1].price / float(instrument.tick_size))
    assert instrument.to_lots(found[-1].total) == sum(lots for ticks, lots in levels if ticks <= reach)
    assert math.isclose(found[-1].total, sum(level.size for level in found), abs_tol=1e-9)


def test_an_unknown_instrument_has_no_book(rig: DeskRig) -> None:
    nobody = InstrumentId.parse("bybit:linear:NOUSDT")
    assert rig.desk.ladder(nobody, 1, 5) is None
    assert rig.desk.depth(nobody, 1e5) is None
    assert rig.desk.ladder_version(nobody) == -1
    assert rig.desk.tape(nobody).read() is None


# --- depth and slippage ----------------------------------------------------------------------------------------


def test_both_sides_are_cut_at_the_shorter_reach(rig: DeskRig) -> None:
    # Bids reach 20 bps, asks 10: beyond 10 there is nothing to compare.
    rig.book([(99.9, 1.0), (99.8, 1.0), (99.7, 97.0)], [(100.1, 1.0), (100.2, 1.0)])
    depth = rig.desk.depth(BTC, None)
    assert depth is not None
    assert depth.span_bps == pytest.approx(20.0)
    assert [band.reach_bps for band in depth.bands] == pytest.approx([2.0, 5.0, 10.0, 20.0])
    assert [band.imbalance for band in depth.bands] == [None, None, pytest.approx(0.0), pytest.approx(0.0)]
    assert (depth.bid_sizes[-1], depth.ask_sizes[-1]) == (2.0, 2.0)
    assert depth.bid_sizes[0] == 0.0
    assert (depth.buy, depth.sell) == (None, None)


def test_slippage_by_hand(rig: DeskRig) -> None:
    rig.book([(99.0, 1.0)], [(101.0, 1.0), (102.0, 10.0)])
    depth = rig.desk.depth(BTC, 203.0)
    assert depth is not None
    assert depth.buy is not None
    assert depth.sell is not None
    # 101 and 102 of quote coin buy one coin each: 203 / 2 = 101.5 against the middle of 100.
    assert depth.buy.bps == pytest.approx(150.0)
    assert not depth.buy.is_lower_bound
    assert depth.sell.is_lower_bound
    assert depth.sell.filled_ratio == pytest.approx(99.0 / 203.0)
    assert depth.sell.bps == pytest.approx(100.0)


def test_an_inverse_contract_counts_in_quote_coin(rig: DeskRig) -> None:
    side = DepthSide([(1010, 100_000), (1020, 100_000)], 1000.0, rig.state().instrument)
    inverse = side.slippage(200.0, 100.0, MarketKind.INVERSE)
    # 100 USD at 101 and 100 USD at 102.
    assert inverse.bps == pytest.approx((200 / (100 / 101 + 100 / 102) / 100 - 1) * 10_000)
    assert not inverse.is_lower_bound


@given(level_lists(), st.floats(1.0, 1e7), st.floats(1.0, 10.0))
def test_a_larger_order_never_slips_less(levels: list[tuple[int, int]], notional: float, more: float) -> None:
    side = DepthSide(levels, 1_000.0, DeskRig().state().instrument)
    small, large = (side.slippage(value, 100.0, MarketKind.LINEAR) for value in (notional, notional * more))
    assert small.bps is not None
    assert large.bps is not None
    assert large.bps >= small.bps - 1e-9
    assert large.filled_ratio <= small.filled_ratio + 1e-12


@given(level_lists())
def test_mirrored_sides_are_balanced(levels: list[tuple[int, int]]) -> None:
    instrument = DeskRig().state().instrument
    asks = DepthSide(levels, 1_000.0, instrument)
    bids = DepthSide([(2_000 - ticks, lots) for ticks, lots in levels], 1_000.0, instrument)
    assert all(band.imbalance in (None, 0.0) for band in bands(bids, asks))


# --- states of the feed ----------------------------------------------------------------------------------------


def phase(rig: DeskRig) -> FeedPhase:
    ladder = rig.desk.ladder(BTC, 1, 5)
    assert ladder is not None
    return ladder.feed.phase


def test_a_book_goes_through_its_states() -> None:
    rig = DeskRig()
    assert phase(rig) is FeedPhase.LOADING
    rig.link(LinkPhase.CONNECTING)
    assert phase(rig) is FeedPhase.LOADING
    rig.link(LinkPhase.LIVE)
    assert phase(rig) is FeedPhase.LOADING, "no snapshot came yet"
    rig.book([(99.9, 1.0)], [(100.0, 1.0)])
    assert phase(rig) is FeedPhase.LIVE
    rig.clock.advance_ms(11 * SECOND)
    assert phase(rig) is FeedPhase.STALE
    rig.book([(99.9, 1.0)], [(100.0, 1.0)])
    rig.link(LinkPhase.SYNCING)
    assert phase(rig) is FeedPhase.LIVE, "a new topic does not end a connection"
    rig.link(LinkPhase.BACKOFF, "connection reset", rig.clock.now_ms() + 4_000)
    ladder = rig.desk.ladder(BTC, 1, 5)
    assert ladder is not None
    assert (ladder.feed.phase, ladder.feed.reason) == (FeedPhase.LOST, "connection reset")
    rig.link(LinkPhase.CONNECTING)
    assert phase(rig) is FeedPhase.LOST, "until it is there again"


def test_a_gap_in_one_book_is_told_of_that_book(rig: DeskRig) -> None:
    rig.book([(99.9, 1.0)], [(100.0, 1.0)])
    for book in rig.state().books.values():
        book.invalidate("3 updates missing")
    ladder = rig.desk.ladder(BTC, 1, 5)
    assert ladder is not None
    assert (ladder.feed.phase, ladder.bids) == (FeedPhase.LOST, ())
    assert "3 updates missing" in str(ladder.feed.reason)


def test_what_is_switched_off_or_refused_says_so() -> None:
    rig = DeskRig(ALL_CHANNELS.model_copy(update={"orderbook": False}))
    rig.link(LinkPhase.LIVE)
    ladder = rig.desk.ladder(BTC, 1, 5)
    assert ladder is not None
    assert ladder.feed.phase is FeedPhase.OFF
    assert "websocket.channels.orderbook" in str(ladder.feed.reason)
    rig = DeskRig()
    rig.link(LinkPhase.LIVE)
    topic = Subscription(BTC, TopicKind.TRADES)
    rig.feeds.refuse(TopicRejected("bybit.linear.1", "publicTrade.BTCUSDT", topic, "Bybit knows no such topic."))
    assert rig.feeds.of(topic).phase is FeedPhase.ERROR
    rig.link(LinkPhase.BACKOFF)
    rig.link(LinkPhase.LIVE)
    assert rig.feeds.of(topic).phase is FeedPhase.LIVE, "after a new connection it is asked for anew"


# --- trades ----------------------------------------------------------------------------------------------------


def test_fills_of_one_order_stand_in_one_row(rig: DeskRig) -> None:
    reader = rig.desk.tape(BTC)
    rig.trade(100.0, 1.0, sequence=7)
    rig.trade(100.2, 3.0, sequence=7)
    rig.trade(100.2, 1.0, sequence=8)
    rig.trade(100.0, 1.0, Aggressor.SELL, sequence=8)
    tape = reader.read()
    assert tape is not None
    assert [(order.aggressor.value, order.size, order.fills) for order in tape.orders] == [
        ("sell", 1.0, 1), ("buy", 1.0, 1), ("buy", 4.0, 2),
    ]  # fmt: skip
    merged = tape.orders[-1]
    assert (merged.price, merged.notional) == (100.2, pytest.approx(400.6))
    assert merged.average == pytest.approx(100.15)
    assert reader.read() is tape, "nothing came"
    rig.clock.advance_ms(1)
    rig.trade(100.3, 1.0, sequence=8)
    newer = reader.read()
    assert newer is not None
    assert (len(newer.orders), newer.total - tape.total) == (4, 1)


def test_a_fill_that_comes_after_a_read_joins_its_order(rig: DeskRig) -> None:
    reader = rig.desk.tape(BTC)
    rig.trade(100.0, 1.0, sequence=7)
    assert reader.read() is not None
    rig.trade(100.1, 1.0, sequence=7)
    tape = reader.read()
    assert tape is not None
    assert [order.fills for order in tape.orders] == [2]


def test_block_trades_stand_alone(rig: DeskRig) -> None:
    rig.trade(100.0, 1.0, is_block=True)
    rig.trade(100.0, 1.0, is_block=True)
    tape = rig.desk.tape(BTC).read()
    assert tape is not None
    assert [order.is_block for order in tape.orders] == [True, True]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 2), st.integers(0, 9)), max_size=60))
def test_reading_in_pieces_gives_what_reading_at_once_gives(trades: list[tuple[int, bool, int, int]]) -> None:
    rig = DeskRig()
    rig.link(LinkPhase.LIVE)
    often = rig.desk.tape(BTC)
    for wait_ms, is_buy, sequence, pause in trades:
        rig.clock.advance_ms(wait_ms)
        rig.trade(100.0, 1.0, Aggressor.BUY if is_buy else Aggressor.SELL, sequence=sequence)
        if pause < 3:
            often.read()
    pieces, whole = often.read(), rig.desk.tape(BTC).read()
    assert pieces is not None
    assert whole is not None
    assert pieces.orders == whole.orders
    assert sum(order.fills for order in whole.orders) == len(rig.state().tape.trades)


def test_the_tape_survives_a_trim_and_a_late_trade(rig: DeskRig) -> None:
    reader = rig.desk.tape(BTC)
    for number in range(2_500):
        rig.clock.advance_ms(2)
        rig.trade(100.0 + number % 7, 1.0, sequence=number)
        if number % 400 == 0:
            reader.read()
    rig.clock.advance_ms(-3)
    rig.trade(99.0, 5.0, sequence=1)
    tape, fresh = reader.read(), rig.desk.tape(BTC).read()
    assert tape is not None
    assert fresh is not None
    assert tape.orders == fresh.orders[: len(tape.orders)]
    assert [order.size for order in tape.orders[:3]].count(5.0) == 1


# --- liquidations ----------------------------------------------------------------------------------------------


def test_liquidations_by_minute_and_in_the_last_hour(rig: DeskRig) -> None:
    rig.clock.advance_ms(-rig.clock.now_ms() % MINUTE)
    rig.liquidation(100.0, 2.0, PositionSide.LONG)
    rig.clock.advance_ms(MINUTE)
    rig.liquidation(100.0, 1.0, PositionSide.SHORT)
    rig.liquidation(50.0, 4.0, PositionSide.LONG, ETH)
    one, every = rig.desk.liquidations(BTC), rig.desk.liquidations(None)
    assert [(minute.longs, minute.shorts) for minute in one.minutes[-2:]] == [(200.0, 0.0), (0.0, 100.0)]
    assert (one.longs, one.shorts) == (200.0, 100.0)
    assert (every.longs, every.shorts, len(every.events)) == (400.0, 100.0, 3)
    assert every.events[0].time_ms >= every.events[-1].time_ms
    rig.clock.advance_ms(61 * MINUTE)
    later = rig.desk.liquidations(None)
    assert (later.longs, later.shorts, len(later.minutes)) == (0.0, 0.0, 60)


def test_minutes_that_were_not_heard_are_not_covered() -> None:
    rig = DeskRig()
    rig.clock.advance_ms(-rig.clock.now_ms() % MINUTE)
    assert rig.desk.liquidations(None).covered_from_ms is None
    rig.link(LinkPhase.LIVE)
    begun_ms = rig.clock.now_ms()
    rig.clock.advance_ms(3 * MINUTE + 10 * SECOND)
    rig.link(LinkPhase.BACKOFF, since_ms=rig.clock.now_ms())
    rig.clock.advance_ms(20 * SECOND)
    rig.link(LinkPhase.LIVE)
    rig.clock.advance_ms(2 * MINUTE)
    view = rig.desk.liquidations(None)
    assert (view.covered_from_ms, view.gaps) == (begun_ms, 1)
    assert [minute.is_covered for minute in view.minutes[-7:]] == [False, True, True, True, False, True, True]


def test_sums_of_minutes_whose_liquidations_were_dropped_are_not_covered(rig: DeskRig) -> None:
    rig.clock.advance_ms(-rig.clock.now_ms() % MINUTE)
    for _ in range(3):
        rig.clock.advance_ms(MINUTE)
        for number in range(900):
            rig.liquidation(100.0 + number, 1.0)
    view = rig.desk.liquidations(BTC)
    assert view.minutes[-1].longs == sum(100.0 + number for number in range(900))
    assert view.minutes[-1].is_covered
    assert not view.minutes[-3].is_covered


def test_a_spot_market_has_no_liquidations(rig: DeskRig) -> None:
    spot = msgspec.structs.replace(rig.state().instrument, id=InstrumentId.parse("bybit:spot:BTCUSDT"))
    rig.store.add(spot)
    view = rig.desk.liquidations(spot.id)
    assert (view.feed.phase, view.feed.reason) == (FeedPhase.OFF, "a spot market has no liquidations")
