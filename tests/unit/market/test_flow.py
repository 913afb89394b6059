"""Order flow by second: sums, bad input, snapshots, large orders."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.slow_flow import slow_threshold
from tests.unit.market.test_book import INSTRUMENT, NOW_MS, delta, snapshot
from virtuoso_desktop.exchanges.bybit.parse import BybitParser
from virtuoso_desktop.market.book import CROSSED_LIMIT_MS
from virtuoso_desktop.market.flow import FlowWindow, InstrumentFlow
from virtuoso_desktop.market.orders import HALF_LIFE_ORDERS, OrderSizes
from virtuoso_desktop.market.second_sums import WINDOW_S, SecondSums
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.errors import BookGap, ParseError
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import Aggressor, Liquidation, PositionSide, Trade

NOW_S = NOW_MS // 1_000
BIDS = [(100.0 - 0.1 * n, 1.0 + n) for n in range(8)]
ASKS = [(100.1 + 0.1 * n, 2.0 + n) for n in range(8)]


def watched() -> tuple[MarketStore, InstrumentState, InstrumentFlow]:
    store = MarketStore((50,), ())
    state = store.add(INSTRUMENT)
    assert state.flow is not None
    return store, state, state.flow


def trade(
    number: int,
    size: float,
    *,
    at_ms: int = 0,
    is_buy: bool = True,
    sequence: int | None = None,
    is_block: bool = False,
    price: float = 50_000.0,
) -> Trade:
    side = Aggressor.BUY if is_buy else Aggressor.SELL
    time_ms = NOW_MS + at_ms
    return Trade(INSTRUMENT.id, f"id{number}", price, size, side, time_ms, sequence, is_block, time_ms, 0)


def whole(flow: InstrumentFlow) -> FlowWindow:
    return flow.window(NOW_S - WINDOW_S, NOW_S + 60)


# --- sums --------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(-(10**6), 10**6)), min_size=1, max_size=60),
    st.integers(0, 4_100),
    st.integers(1, WINDOW_S),
)
def test_any_window_is_the_sum_of_its_events_whatever_their_order(
    events: list[tuple[int, int]], to_s: int, length_s: int
) -> None:
    sums, taken = SecondSums(1), []
    base = 1_771_012_545
    for second, amount in events:
        if base + second >= sums.second:
            if base + second > sums.second:
                sums.roll(base + second)
            sums.totals[0] += amount
            taken.append((second, amount))
        elif sums.add_late(base + second, 0, amount):
            taken.append((second, amount))
    newest = max(second for second, _ in events)
    to_s = max(to_s, newest)
    from_s = to_s - length_s
    expected = sum(amount for second, amount in taken if from_s <= second < to_s)
    assert sums.between(0, base + from_s, base + to_s) == expected
    assert len(taken) + sums.too_late == len(events)


def test_sums_stay_exact_when_totals_would_leave_64_bits() -> None:
    sums = SecondSums(1)
    amount = (1 << 44) + 1
    for second in range(40_000):
        sums.roll(second)
        sums.totals[0] += amount
        if second % 999 == 0:
            assert sums.between(0, second - 900, second) == min(second, 900) * amount
    assert sums.totals[0] < 40_000 * amount


def test_a_size_that_no_market_has_does_not_stop_the_sums() -> None:
    sums = SecondSums(1)
    sums.roll(1)
    sums.totals[0] += 1 << 70
    sums.roll(2)
    sums.totals[0] += 5
    assert sums.between(0, 2, 3) == 5


# --- trades ------------------------------------------------------------------------------------------------------


def test_doubled_late_and_block_trades() -> None:
    store, _, flow = watched()
    for event in (
        trade(1, 2.0),
        trade(1, 2.0),  # doubled
        trade(2, 1.0, at_ms=5_000, is_buy=False),
        trade(3, 0.25, at_ms=1_000),  # four seconds late
        trade(3, 0.25, at_ms=1_000),  # and doubled
        trade(4, 7.0, at_ms=6_000, is_block=True),
    ):
        store.apply(event)
    assert (whole(flow).buy_lots, whole(flow).sell_lots) == (2_250, 1_000)
    assert (whole(flow).buys, whole(flow).sells, whole(flow).count_imbalance) == (2, 1, pytest.approx(1 / 3))
    assert flow.window(NOW_S + 1, NOW_S + 2).buy_lots == 250
    assert flow.trades.block_lots == 7_000
    assert flow.window(NOW_S + 10, NOW_S + 20).count_imbalance is None


def test_a_trade_older_than_all_that_is_kept_is_counted_and_left_out() -> None:
    store, _, flow = watched()
    store.apply(trade(1, 1.0))
    store.apply(trade(2, 9.0, at_ms=-2 * WINDOW_S * 1_000))
    assert whole(flow).buy_lots == 1_000
    assert flow.trades.sums.too_late == 1


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf, 1e300, 1e-9])
def test_a_size_that_is_none_counts_nowhere(size: float) -> None:
    _, _, flow = watched()
    flow.trades.add(trade(1, size))
    assert whole(flow)[:4] == (0, 0, 0, 0)
    assert flow.trades.refused == 1


@pytest.mark.parametrize(("side", "size"), [("", "1"), ("Neither", "1"), ("Buy", "0"), ("Sell", "0.000")])
def test_trades_without_side_or_size_are_refused_before_they_flow(side: str, size: str) -> None:
    parser = BybitParser(MarketKind.LINEAR)
    parser.know(INSTRUMENT.id)
    row = (
        f'{{"T":{NOW_MS},"s":"BTCUSDT","S":"{side}","v":"{size}","p":"50000","L":"PlusTick","i":"a","BT":false,'
        '"RPI":false,"seq":1}'
    )
    with pytest.raises(ParseError):
        parser.parse(f'{{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":{NOW_MS},"data":[{row}]}}'.encode(), 1)


def test_trades_that_rest_knew_flow_too() -> None:
    store, state, flow = watched()
    store.apply(trade(9, 1.0, at_ms=9_000))
    told = [trade(number, 1.0, at_ms=number * 1_000) for number in (9, 3, 1, 2)]
    assert state.tape.merge(told) == 3
    assert [flow.window(NOW_S + second, NOW_S + second + 1).buy_lots for second in range(5)] == [0, 1000, 1000, 1000, 0]
    assert whole(flow).buys == 4


# --- large orders ------------------------------------------------------------------------------------------------


def test_fills_of_one_order_are_judged_together() -> None:
    store, _, flow = watched()
    number = 0
    for _ in range(400):
        number += 1
        store.apply(trade(number, 1.0, at_ms=number * 10, sequence=number))
    begin = number * 10 + 1_000
    for sequence, fills in ((1_000, 3), (1_001, 3), (1_002, 1)):  # three of 1.5 are an order of 4.5, if they are one
        for _ in range(fills):
            number += 1
            store.apply(trade(number, 1.5, at_ms=begin, is_buy=False, sequence=sequence))
    assert whole(flow).large_lots == -2 * 4_500 - 1_500
    store.apply(trade(number + 1, 0.1, at_ms=begin + 5_000))
    assert whole(flow).large_lots == -2 * 4_500 - 1_500, "that the next order has begun changes nothing"


def test_an_order_below_the_floor_is_never_large() -> None:
    store, _, flow = watched()
    for number in range(400):
        store.apply(trade(number, 0.001, at_ms=number * 10, price=100.0))
    store.apply(trade(500, 50.0, at_ms=5_000, price=100.0))
    assert whole(flow).large_lots == 0
    store.apply(trade(501, 150.0, at_ms=5_100, price=100.0))
    assert whole(flow).large_lots == 150_000


def test_the_threshold_is_the_slow_quantile_and_forgets() -> None:
    rng, sizes, seen = random.Random(4), OrderSizes(), []
    for number in range(1, 3_001):
        lots = int(rng.lognormvariate(5.0, 1.2)) + 1
        sizes.add(lots)
        seen.append(float(lots))
        if number % 500 == 0:
            assert sizes.threshold_lots == slow_threshold(seen)
    for _ in range(20 * HALF_LIFE_ORDERS):
        sizes.add(10_000_000)
    assert sizes.threshold_lots > 10_000_000, "small ones no longer count"


def test_kept_sizes_give_the_same_threshold() -> None:
    sizes, again = OrderSizes(), OrderSizes()
    for number in range(1, 1_001):
        sizes.add(number)
    assert again.recall(sizes.keep())
    assert again.threshold_lots == sizes.threshold_lots
    assert again.count == 1_000


# --- quotes ------------------------------------------------------------------------------------------------------


def test_one_update_by_hand() -> None:
    store, _, flow = watched()
    store.apply(snapshot(BIDS, ASKS))
    store.apply(delta([(100.0, 1.5)], [(100.1, 0.5)]))  # +0.5 at the bid, -1.5 at the ask
    assert whole(flow).ofi_lots == 500 + 1_500
    store.apply(delta([(100.0, 0.0)], [], update_id=12))  # the bid falls to 99.9: minus what was there
    assert whole(flow).ofi_lots == 2_000 - 1_500
    store.apply(delta([], [(100.0, 4.0)], update_id=13))  # a better ask: minus its size
    assert whole(flow).ofi_lots == 500 - 4_000
    weighted = whole(flow).weighted_ofi_lots
    assert weighted != whole(flow).ofi_lots
    depth_lots = [(1_000 + 2_000), (1_500 + 500), (2_000 + 500), (2_000 + 4_000)]
    assert whole(flow).mean_depth_lots == sum(depth_lots) / 8


def test_nothing_flows_between_two_books() -> None:
    store, state, flow = watched()
    store.apply(snapshot(BIDS, ASKS))
    store.apply(snapshot([(90.0, 5.0)], [(91.0, 7.0)], update_id=30))
    assert whole(flow).ofi_lots == 0
    state.books[50].invalidate("the link is lost")
    store.apply(delta([(90.0, 6.0)], [], update_id=31))
    store.apply(snapshot([(80.0, 1.0)], [(81.0, 1.0)], update_id=40))
    assert whole(flow).ofi_lots == 0
    with pytest.raises(BookGap):
        store.apply(delta([(80.0, 2.0)], [], update_id=50))
    store.apply(snapshot([(70.0, 1.0)], [(71.0, 1.0)], update_id=60))
    assert whole(flow).ofi_lots == 0
    store.apply(delta([(70.0, 3.0)], [], update_id=61, sequence=102))
    assert whole(flow).ofi_lots == 2_000, "the new book flows again"


def test_a_crossed_book_does_not_flow_and_the_next_begins_anew() -> None:
    store, _, flow = watched()
    store.apply(snapshot(BIDS, ASKS))
    store.apply(delta([(100.3, 5.0)], []))
    assert whole(flow).ofi_lots == 0
    store.apply(delta([(100.3, 0.0)], [], update_id=12))
    assert whole(flow).ofi_lots == 0
    store.apply(delta([(100.0, 3.0)], [], update_id=13))
    assert whole(flow).ofi_lots == 2_000
    store.apply(delta([(100.3, 5.0)], [], update_id=14, event_ms=NOW_MS + 1))
    with pytest.raises(BookGap):
        store.apply(delta([], [], update_id=15, event_ms=NOW_MS + CROSSED_LIMIT_MS + 2))
    assert whole(flow).ofi_lots == 2_000


def test_a_side_that_empties_brings_nothing() -> None:
    store, _, flow = watched()
    store.apply(snapshot([(100.0, 1.0)], [(100.1, 1.0)]))
    store.apply(delta([(100.0, 0.0)], []))
    store.apply(delta([(99.0, 4.0)], [], update_id=12))
    assert whole(flow).ofi_lots == 0
    store.apply(delta([(99.0, 5.0)], [], update_id=13))
    assert whole(flow).ofi_lots == 1_000


def test_levels_far_apart_flow_as_near_ones_do() -> None:
    """Levels one tick apart, hundreds apart and beyond the slots give the same sums."""
    found = []
    for apart in (1, 40, 900, 60_000):
        store, _, flow = watched()
        tick = float(INSTRUMENT.tick_size)
        bids = [((2_000_000 - apart * n) * tick, 1.0 + n) for n in range(7)]
        asks = [((2_000_001 + apart * n) * tick, 1.0 + n) for n in range(7)]
        store.apply(snapshot(bids, asks))
        rng = random.Random(3)
        for update in range(11, 200):
            side = bids if rng.random() < 0.5 else asks
            price = rng.choice(side)[0]
            change = [(price, float(rng.choice((0, 0, 1, 2, 3))))]
            told = (change, []) if side is bids else ([], change)
            store.apply(delta(*told, update_id=update, sequence=100 + update))
        found.append((whole(flow).ofi_lots, whole(flow).weighted_ofi_lots, whole(flow).mean_depth_lots))
    assert found[0] == found[1] == found[2] == found[3]
    assert found[0][1] != 0


def test_only_the_analysed_book_flows() -> None:
    store, state, flow = watched()
    state.hold_book(200)
    store.apply(snapshot(BIDS, ASKS))
    store.apply(delta([(100.0, 9.0)], []))
    before = whole(flow).ofi_lots
    deep = snapshot(BIDS, ASKS, update_id=5)
    store.apply(type(deep)(deep.instrument_id, 200, deep.bids, deep.asks, 5, 1, NOW_MS, NOW_MS, 0))
    assert whole(flow).ofi_lots == before == 8_000


def test_a_store_without_flow_keeps_none() -> None:
    store = MarketStore((50,), (), has_flow=False)
    state = store.add(INSTRUMENT)
    store.apply(snapshot(BIDS, ASKS))
    store.apply(delta([(100.0, 9.0)], []))
    store.apply(trade(1, 1.0))
    assert state.flow is None
    assert state.tape.cvd == 1.0


# --- liquidations ------------------------------------------------------------------------------------------------


def test_a_liquidated_long_is_sold_by_force() -> None:
    store, _, flow = watched()
    for number, (side, size, at_ms) in enumerate(
        [(PositionSide.LONG, 2.0, 0), (PositionSide.SHORT, 0.5, 3_000), (PositionSide.LONG, 1.0, 1_000)]
    ):
        store.apply(Liquidation(INSTRUMENT.id, side, 100.0, size, NOW_MS + at_ms, NOW_MS + at_ms, number))
    store.apply(Liquidation(INSTRUMENT.id, PositionSide.LONG, 100.0, 2.0, NOW_MS, NOW_MS + 9, 7))  # sent anew
    assert (whole(flow).forced_buy_lots, whole(flow).forced_sell_lots) == (500, 3_000)
    assert flow.window(NOW_S + 1, NOW_S + 2).forced_sell_lots == 1_000
    assert Decimal(1_000) * INSTRUMENT.lot_step == 1
