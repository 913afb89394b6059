from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.simulator.trades import NO_TRADES, NUMBERS_PER_MINUTE, Minute, MinuteTrades, make_trades

NUMBER = 29_900_000


@st.composite
def minutes(draw: st.DrawFn, *, least_lots: int = 1) -> Minute:
    low = draw(st.integers(2, 10**7))
    span = draw(st.one_of(st.integers(0, 6), st.integers(0, 20_000)))
    o, c = draw(st.integers(low, low + span)), draw(st.integers(low, low + span))
    volume = draw(st.one_of(st.integers(least_lots, least_lots + 300), st.integers(least_lots, 10**9)))
    height = draw(st.integers(125, 875))
    return Minute(NUMBER, o, low + span, low, c, volume, volume * low + volume * span * height // 1000)


def assert_ordered(minute: Minute, trades: MinuteTrades) -> None:
    begin_ms = minute.number * 60_000
    assert begin_ms <= trades.times_ms[0]
    assert trades.times_ms[-1] < begin_ms + 60_000
    rows = list(zip(trades.times_ms, trades.bids, trades.asks, trades.buys, strict=True))
    for one, other in itertools.pairwise(rows):
        if other[0] == one[0]:
            assert one == other, "trades of one ms take one side of one book"
        else:
            assert other[0] >= one[0] + 2
    assert len(trades.numbers) == len(rows) < NUMBERS_PER_MINUTE


def assert_at_the_book(trades: MinuteTrades) -> None:
    for price, is_buy, bid, ask in zip(trades.prices, trades.buys, trades.bids, trades.asks, strict=True):
        assert bid < ask
        assert price == (ask if is_buy else bid)


@given(minutes(), st.integers(0, 2**63), st.integers(1, 500))
def test_any_candle_is_made_of_its_trades(minute: Minute, seed: int, events: int) -> None:
    trades = make_trades(minute, 77, seed >> 20, events)
    assert sum(trades.lots) == minute.volume == trades.volumes[-1]
    assert min(trades.lots) >= 1
    assert trades.prices[-1] == minute.close
    assert all(minute.low <= price <= minute.high for price in trades.prices)
    assert trades.turnovers == list(
        itertools.accumulate(price * lots for price, lots in zip(trades.prices, trades.lots, strict=True))
    )
    assert trades.highs == list(itertools.accumulate(trades.prices, max))
    assert trades.lows == list(itertools.accumulate(trades.prices, min))
    assert_ordered(minute, trades)
    assert_at_the_book(trades)


@given(minutes(least_lots=15), st.integers(0, 2**40), st.integers(5, 400))
def test_enough_trades_touch_open_high_low_and_close(minute: Minute, seed: int, events: int) -> None:
    trades = make_trades(minute, 3, seed, events)
    assert trades.prices[0] == minute.open
    assert trades.prices[-1] == minute.close
    assert max(trades.prices) == minute.high
    assert min(trades.prices) == minute.low


@given(minutes(least_lots=4000), st.integers(0, 2**40), st.integers(64, 400))
def test_a_lively_minute_has_its_turnover_to_the_last_unit(minute: Minute, seed: int, events: int) -> None:
    trades = make_trades(minute, 3, seed, events)
    assert trades.turnovers[-1] == minute.turnover
    gaps = [after - before for before, after in itertools.pairwise(trades.times_ms)]
    assert max(gaps) < 1_900
    assert trades.times_ms[0] - NUMBER * 60_000 + (NUMBER + 1) * 60_000 - trades.times_ms[-1] < 2_000


@given(minutes(least_lots=30), st.integers(0, 2**40), st.integers(-5, 5))
def test_an_impossible_turnover_is_approached(minute: Minute, seed: int, times: int) -> None:
    span = minute.high - minute.low
    wished = minute.volume * (minute.low + times * span)
    trades = make_trades(minute._replace(turnover=wished), 3, seed, 64)
    assert sum(trades.lots) == minute.volume
    assert minute.low * minute.volume <= trades.turnovers[-1] <= minute.high * minute.volume


def test_waves_are_the_lots_of_one_moment() -> None:
    trades = make_trades(Minute(NUMBER, 1000, 1010, 990, 1005, 10**6, 10**9), 5, 6, 100)
    moments = dict.fromkeys(trades.times_ms, 0)
    for time_ms, lots in zip(trades.times_ms, trades.lots, strict=True):
        moments[time_ms] += lots
    assert trades.waves == [moments[time_ms] for time_ms in trades.times_ms]
    assert len(moments) < len(trades.times_ms)


def test_the_same_arguments_give_the_same_trades_and_others_do_not() -> None:
    minute = Minute(NUMBER, 1000, 1010, 990, 1005, 10**6, 10**9)
    assert make_trades(minute, 5, 6, 100) == make_trades(minute, 5, 6, 100)
    assert make_trades(minute, 5, 7, 100).prices != make_trades(minute, 5, 6, 100).prices
    assert make_trades(minute, 6, 6, 100).prices != make_trades(minute, 5, 6, 100).prices


def test_without_volume_nothing_trades() -> None:
    assert make_trades(Minute(NUMBER, 5, 9, 1, 5, 0, 0), 1, 1, 100) == NO_TRADES


def test_both_sides_trade_and_large_minutes_have_more_trades() -> None:
    minute = Minute(NUMBER, 1000, 1010, 990, 1005, 10**6, 10**9)
    few, many = make_trades(minute, 5, 6, 64), make_trades(minute, 5, 6, 300)
    assert 0.25 < sum(many.buys) / len(many.buys) < 0.75
    assert len(many.prices) > 3 * len(few.prices)
    assert max(many.lots) < 0.4 * sum(many.lots)
