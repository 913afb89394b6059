from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.market import MarketSource, PriceSeries, SimCandle, SimTrade
from virtuoso_desktop.simulator.synthetic import SyntheticMarket

NOW_MS = 1_795_342_021_357
BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
DOGE = InstrumentId.parse("bybit:linear:DOGEUSDT")
BCH = InstrumentId.parse("bybit:linear:BCHUSDT")
BTC_INVERSE = InstrumentId.parse("bybit:inverse:BTCUSD")
BTC_SPOT = InstrumentId.parse("bybit:spot:BTCUSDT")
YOUNGEST = InstrumentId.parse("bybit:linear:1000BONKUSDT")
SAMPLED = (BTC, DOGE, BCH, BTC_SPOT, YOUNGEST)


@pytest.fixture(scope="module")
def market() -> SyntheticMarket:
    return SyntheticMarket(1)


def instrument_of(market: MarketSource, instrument_id: InstrumentId) -> Instrument:
    return next(instrument for instrument in market.instruments if instrument.id == instrument_id)


def sum_of(candles: list[SimCandle]) -> tuple[int, int, int, int, Decimal, Decimal]:
    return (
        candles[0].open_ticks,
        max(candle.high_ticks for candle in candles),
        min(candle.low_ticks for candle in candles),
        candles[-1].close_ticks,
        sum((Decimal(candle.volume) for candle in candles), Decimal(0)),
        sum((Decimal(candle.turnover) for candle in candles), Decimal(0)),
    )


def figures(candle: SimCandle) -> tuple[int, int, int, int, Decimal, Decimal]:
    return (*candle[1:5], Decimal(candle.volume), Decimal(candle.turnover))


def of_trades(instrument: Instrument, trades: Iterable[SimTrade]) -> tuple[int, int, int, int, Decimal, Decimal]:
    trades = list(trades)
    prices = [trade.price_ticks for trade in trades]
    sizes = [trade.size_lots * instrument.lot_step for trade in trades]
    turnover = sum((p * instrument.tick_size * size for p, size in zip(prices, sizes, strict=True)), Decimal(0))
    return prices[0], max(prices), min(prices), prices[-1], sum(sizes, Decimal(0)), turnover


# --- the catalogue ---


def test_enough_instruments_with_plausible_prices(market: SyntheticMarket) -> None:
    kinds = [instrument.id.market_kind for instrument in market.instruments]
    assert kinds.count(MarketKind.LINEAR) >= 40
    assert kinds.count(MarketKind.SPOT) >= 10
    assert len({instrument.id for instrument in market.instruments}) == len(kinds)
    for instrument in market.instruments:
        age_days = (NOW_MS - (instrument.launch_ms or 0)) / DAY_MS
        assert 300 < age_days < 950
        assert (instrument.funding_interval_min is None) == (instrument.id.market_kind is MarketKind.SPOT)
        assert 2_000 < market.day(instrument.id, NOW_MS).last_ticks < 5_000_000
    btc = market.day(BTC, NOW_MS).last_ticks * 0.1
    assert 40_000 < btc < 220_000


def test_turnover_falls_with_rank(market: SyntheticMarket) -> None:
    linear = [item.id for item in market.instruments if item.id.market_kind is MarketKind.LINEAR]
    turnovers = [float(market.day(instrument_id, NOW_MS).turnover_24h) for instrument_id in linear]
    assert turnovers[0] > 2e9
    assert min(turnovers) > 3e6
    assert sum(turnovers[:8]) > 3 * sum(turnovers[-20:])


# --- the same everywhere ---


def digest(market: MarketSource, instrument_id: InstrumentId) -> str:
    start_ms = 20_712 * DAY_MS + 7 * 3_600_000
    state = hashlib.sha256()
    for timeframe, count in ((Timeframe.M1, 1500), (Timeframe.H4, 60), (Timeframe.D1, 40)):
        first_ms = timeframe.open_ms(start_ms - count * timeframe.duration_ms)
        state.update(
            repr([tuple(c) for c in market.candles(instrument_id, timeframe, first_ms, start_ms, start_ms)]).encode()
        )
    state.update(repr([tuple(trade) for trade in market.trades(instrument_id, start_ms, start_ms + 90_000)]).encode())
    for step in range(20):
        state.update(repr(tuple(market.book(instrument_id, 200, start_ms + 331 * step))).encode())
        state.update(repr((market.day(instrument_id, start_ms), market.derivative(instrument_id, start_ms))).encode())
    before_ms = start_ms - 2 * DAY_MS
    for series in PriceSeries:
        lines = market.price_candles(instrument_id, series, Timeframe.M15, before_ms, start_ms, start_ms)
        state.update(repr([tuple(line) for line in lines]).encode())
    state.update(repr(market.funding(instrument_id, before_ms, start_ms)).encode())
    state.update(repr(market.liquidations(instrument_id, start_ms - 3_600_000, start_ms)).encode())
    state.update(repr(market.buy_ratio(instrument_id, start_ms)).encode())
    return state.hexdigest()[:24]


@pytest.mark.parametrize(
    ("instrument_id", "expected"),
    [
        (BTC, "a51e3e07d89b784653843279"),
        (BTC_SPOT, "994697bfbb00b1208941a25c"),
        (YOUNGEST, "f54330d4dd34781d7353d1b6"),
        (BTC_INVERSE, "42ae15ae8782c905de7337f9"),
    ],
)
def test_two_machines_give_the_same_market(market: SyntheticMarket, instrument_id: InstrumentId, expected: str) -> None:
    assert digest(market, instrument_id) == expected


def test_another_seed_is_another_market(market: SyntheticMarket) -> None:
    other = SyntheticMarket(2)
    assert other.day(BTC, NOW_MS).last_ticks != market.day(BTC, NOW_MS).last_ticks
    assert digest(other, DOGE) != digest(market, DOGE)


def test_any_minute_alone_is_what_it_is_among_others(market: SyntheticMarket) -> None:
    open_ms = 20_500 * DAY_MS + 1437 * MINUTE_MS
    many = market.candles(DOGE, Timeframe.M1, open_ms - 40 * DAY_MS, open_ms + 5 * MINUTE_MS, NOW_MS)
    for candle in many[-6:]:
        alone = SyntheticMarket(1).candles(DOGE, Timeframe.M1, candle.open_ms, candle.open_ms, NOW_MS)
        assert alone == [candle]


def test_a_restart_continues_the_market(market: SyntheticMarket) -> None:
    fresh = SyntheticMarket(1)
    later_ms = NOW_MS + 3 * DAY_MS
    market.day(BTC, NOW_MS)
    assert fresh.book(BTC, 50, later_ms) == market.book(BTC, 50, later_ms)
    assert fresh.trades(BTC, later_ms - 5_000, later_ms) == market.trades(BTC, later_ms - 5_000, later_ms)


def test_two_threads_ask_at_the_same_time() -> None:
    expected, shared = SyntheticMarket(1), SyntheticMarket(1)

    def ask(source: MarketSource, index: int) -> object:
        instrument_id = SAMPLED[index % len(SAMPLED)]
        now_ms = NOW_MS + (index % 7) * 61_000
        day_ms = Timeframe.D1.open_ms(now_ms)
        return (
            source.day(instrument_id, now_ms),
            source.book(instrument_id, 50, now_ms),
            source.trades(instrument_id, now_ms - 2_000, now_ms),
            source.candles(instrument_id, Timeframe.D1, day_ms - 30 * DAY_MS, day_ms, now_ms),
        )

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda index: ask(shared, index), range(60)))
    assert answers == [ask(expected, index) for index in range(60)]


# --- consistent in itself ---


@pytest.mark.parametrize("instrument_id", SAMPLED)
def test_trades_add_up_to_the_minute(market: SyntheticMarket, instrument_id: InstrumentId) -> None:
    instrument = instrument_of(market, instrument_id)
    start_ms = 20_650 * DAY_MS - 15 * MINUTE_MS
    candles = market.candles(instrument_id, Timeframe.M1, start_ms, start_ms + 30 * MINUTE_MS, NOW_MS)
    assert len(candles) == 31
    numbers: list[int] = []
    for candle in candles:
        trades = market.trades(instrument_id, candle.open_ms - 1, candle.open_ms + MINUTE_MS - 1)
        assert of_trades(instrument, trades) == figures(candle)
        numbers += [trade.number for trade in trades]
        assert [trade.time_ms for trade in trades] == sorted(trade.time_ms for trade in trades)
    assert all(one < other for one, other in itertools.pairwise(numbers))


@pytest.mark.parametrize("timeframe", [timeframe for timeframe in Timeframe if timeframe is not Timeframe.M1])
@pytest.mark.parametrize("instrument_id", [BTC, BCH])
def test_longer_candles_are_sums_of_minutes(
    market: SyntheticMarket, instrument_id: InstrumentId, timeframe: Timeframe
) -> None:
    first_ms = timeframe.open_ms(20_620 * DAY_MS + 11 * 3_600_000)
    last_ms = timeframe.close_ms(timeframe.close_ms(first_ms)) - 1
    longer = market.candles(instrument_id, timeframe, first_ms, last_ms, NOW_MS)
    minutes = market.candles(instrument_id, Timeframe.M1, first_ms, last_ms, NOW_MS)
    assert len(longer) == 2
    for candle in longer:
        inside = [m for m in minutes if timeframe.open_ms(m.open_ms) == candle.open_ms]
        assert sum_of(inside) == figures(candle)
        assert len(inside) == (timeframe.close_ms(candle.open_ms) - candle.open_ms) // MINUTE_MS


@pytest.mark.parametrize("instrument_id", SAMPLED)
def test_a_minute_opens_where_the_one_before_closed(market: SyntheticMarket, instrument_id: InstrumentId) -> None:
    candles = market.candles(instrument_id, Timeframe.M1, 20_590 * DAY_MS, 20_593 * DAY_MS, NOW_MS)
    assert len(candles) == 3 * 1440 + 1
    for one, other in itertools.pairwise(candles):
        assert other.open_ms == one.open_ms + MINUTE_MS
        assert other.open_ticks == one.close_ticks
    for candle in candles:
        assert candle.low_ticks <= min(candle.open_ticks, candle.close_ticks)
        assert candle.high_ticks >= max(candle.open_ticks, candle.close_ticks)
        assert Decimal(candle.volume) > 0


@pytest.mark.parametrize("offset_ms", [0, 13, 900, 31_000, 59_999])
@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_a_forming_candle_is_what_has_traded(market: SyntheticMarket, timeframe: Timeframe, offset_ms: int) -> None:
    now_ms = NOW_MS - NOW_MS % MINUTE_MS + 7 * MINUTE_MS + offset_ms
    open_ms, minute_ms = timeframe.open_ms(now_ms), now_ms - now_ms % MINUTE_MS
    instrument = instrument_of(market, BCH)
    candle = market.candles(BCH, timeframe, open_ms, now_ms, now_ms)[-1]
    assert candle.open_ms == open_ms
    parts = [figures(c) for c in market.candles(BCH, Timeframe.M1, open_ms, minute_ms - 1, now_ms)]
    trades = market.trades(BCH, minute_ms - 1, now_ms)
    if trades:
        parts.append(of_trades(instrument, trades))
    if not parts:
        before = market.candles(BCH, Timeframe.M1, minute_ms - MINUTE_MS, minute_ms - 1, now_ms)[0]
        parts.append((*[before.close_ticks] * 4, Decimal(0), Decimal(0)))
    assert figures(candle) == (
        parts[0][0],
        max(part[1] for part in parts),
        min(part[2] for part in parts),
        parts[-1][3],
        sum((part[4] for part in parts), Decimal(0)),
        sum((part[5] for part in parts), Decimal(0)),
    )


def test_before_its_first_trade_a_minute_is_flat(market: SyntheticMarket) -> None:
    minute_ms = NOW_MS - NOW_MS % MINUTE_MS
    first = market.trades(YOUNGEST, minute_ms - 1, minute_ms + MINUTE_MS - 1)[0]
    assert first.time_ms > minute_ms
    candle = market.candles(YOUNGEST, Timeframe.M1, minute_ms, minute_ms, first.time_ms - 1)[0]
    assert figures(candle)[:4] == (first.price_ticks,) * 4
    assert Decimal(candle.volume) == Decimal(candle.turnover) == 0


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_candles_begin_at_the_launch(market: SyntheticMarket, timeframe: Timeframe) -> None:
    launch_ms = instrument_of(market, YOUNGEST).launch_ms
    assert launch_ms is not None
    last_ms = timeframe.close_ms(timeframe.open_ms(launch_ms)) + timeframe.duration_ms
    candles = market.candles(YOUNGEST, timeframe, 0, last_ms, NOW_MS)
    assert candles[0].open_ms == timeframe.open_ms(launch_ms)
    assert [candle.open_ms for candle in candles[1:]] == [timeframe.close_ms(candle.open_ms) for candle in candles[:-1]]
    first = market.candles(YOUNGEST, Timeframe.M1, 0, timeframe.close_ms(candles[0].open_ms) - 1, NOW_MS)
    assert first[0].open_ms == launch_ms
    assert sum_of(first) == figures(candles[0])
    assert market.candles(YOUNGEST, timeframe, 0, launch_ms - timeframe.duration_ms * 2, NOW_MS) == []
    assert market.trades(YOUNGEST, launch_ms - 3_600_000, launch_ms - 1) == []


def test_ranges_are_inclusive_and_future_is_unseen(market: SyntheticMarket) -> None:
    hour_ms = Timeframe.H1.open_ms(NOW_MS)
    step = 3_600_000
    opens = [c.open_ms for c in market.candles(BTC, Timeframe.H1, hour_ms - 3 * step, hour_ms + 9 * step, NOW_MS)]
    assert opens == [hour_ms - 3 * step, hour_ms - 2 * step, hour_ms - step, hour_ms]
    opens = [c.open_ms for c in market.candles(BTC, Timeframe.H1, hour_ms - 3 * step + 1, hour_ms - step, NOW_MS)]
    assert opens == [hour_ms - 2 * step, hour_ms - step]
    assert market.candles(BTC, Timeframe.H1, hour_ms + 1, hour_ms + step, NOW_MS) == []
    assert market.candles(BTC, Timeframe.H1, hour_ms, hour_ms - step, NOW_MS) == []


@pytest.mark.parametrize("instrument_id", SAMPLED)
@pytest.mark.parametrize("offset_ms", [0, 700, 45_000])
def test_the_rolling_day_follows_from_the_candles(
    market: SyntheticMarket, instrument_id: InstrumentId, offset_ms: int
) -> None:
    now_ms = NOW_MS - NOW_MS % MINUTE_MS + offset_ms
    minutes = market.candles(instrument_id, Timeframe.M1, now_ms - DAY_MS + 1, now_ms, now_ms)
    assert len(minutes) == 1440
    o, high, low, close, volume, turnover = sum_of(minutes)
    day = market.day(instrument_id, now_ms)
    assert day[:5] == (close, o, minutes[-60].open_ticks, high, low)
    assert (Decimal(day.volume_24h), Decimal(day.turnover_24h)) == (volume, turnover)


# --- the book ---


@pytest.mark.parametrize("instrument_id", SAMPLED)
def test_the_book_is_sound_over_hours(market: SyntheticMarket, instrument_id: InstrumentId) -> None:
    start_ms = 20_660 * DAY_MS - 1_000_000
    for step in range(300):
        book = market.book(instrument_id, 50, start_ms + step * 37_003)
        assert len(book.bids) == len(book.asks) == 50
        assert book.bids[0][0] < book.asks[0][0]
        assert all(one[0] > other[0] for one, other in itertools.pairwise(book.bids))
        assert all(one[0] < other[0] for one, other in itertools.pairwise(book.asks))
        assert min(lots for _, lots in book.bids + book.asks) > 0


@pytest.mark.parametrize("instrument_id", SAMPLED)
def test_trades_happen_at_the_book(market: SyntheticMarket, instrument_id: InstrumentId) -> None:
    start_ms = 20_660 * DAY_MS - 2 * MINUTE_MS
    trades = market.trades(instrument_id, start_ms, start_ms + 4 * MINUTE_MS)
    assert len(trades) > 240
    for time_ms, group in itertools.groupby(trades, key=lambda trade: trade.time_ms):
        same = list(group)
        before, after = market.book(instrument_id, 1, time_ms - 1), market.book(instrument_id, 1, time_ms)
        assert len({(trade.price_ticks, trade.is_buy) for trade in same}) == 1
        price, lots = (before.asks if same[0].is_buy else before.bids)[0]
        assert price == same[0].price_ticks
        assert lots >= sum(trade.size_lots for trade in same)
        assert after.bids[0][0] <= price <= after.asks[0][0]


def test_every_book_and_ticker_changes_within_two_seconds(market: SyntheticMarket) -> None:
    times = [20_661 * DAY_MS + 58_000 + 2_000 * step for step in range(4)]
    for instrument in market.instruments:
        books = [market.book(instrument.id, 50, time_ms) for time_ms in times]
        days = [market.day(instrument.id, time_ms) for time_ms in times]
        assert all(one != other for one, other in itertools.pairwise(books))
        assert all(one != other for one, other in itertools.pairwise(days))


def test_trades_per_second_follow_the_rank(market: SyntheticMarket) -> None:
    def rate(instrument: Instrument) -> float:
        return len(market.trades(instrument.id, NOW_MS - 3 * MINUTE_MS, NOW_MS)) / 180

    rates = [rate(instrument) for instrument in market.instruments]
    assert 60 < sum(rates) < 260
    assert rates[0] > 2.5 * rates[35]
    assert min(rates) > 1.0


# --- moves ---


def returns(market: SyntheticMarket, coin: str, timeframe: Timeframe, count: int) -> list[float]:
    instrument_id = InstrumentId.parse(f"bybit:linear:{coin}USDT")
    candles = market.candles(instrument_id, timeframe, NOW_MS - count * timeframe.duration_ms, NOW_MS, NOW_MS)
    return [math.log(c.close_ticks / c.open_ticks) for c in candles[:-1]]


def correlation(one: list[float], other: list[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


@pytest.mark.parametrize("timeframe", [Timeframe.M1, Timeframe.H1, Timeframe.D1])
def test_coins_move_together(market: SyntheticMarket, timeframe: Timeframe) -> None:
    btc, eth, fart = (returns(market, coin, timeframe, 300) for coin in ("BTC", "ETH", "FARTCOIN"))
    assert correlation(btc, eth) > 0.6
    assert 0.1 < correlation(btc, fart) < correlation(btc, eth)


def test_moves_have_the_size_and_the_tails_of_a_market(market: SyntheticMarket) -> None:
    minutes = returns(market, "BTC", Timeframe.M1, 20_000)
    deviation = math.sqrt(sum(move * move for move in minutes) / len(minutes))
    assert 2e-4 < deviation < 9e-4
    kurtosis = sum(move**4 for move in minutes) / len(minutes) / deviation**4
    assert kurtosis > 5
    days = returns(market, "BTC", Timeframe.D1, 800)
    daily = math.sqrt(sum(move * move for move in days) / len(days))
    assert 0.012 < daily < 0.035
    assert 0.6 < deviation * math.sqrt(1440) / daily < 1.6


def test_quiet_and_lively_weeks_alternate(market: SyntheticMarket) -> None:
    days = [abs(move) for move in returns(market, "ETH", Timeframe.D1, 800)]
    weeks = sorted(sum(days[first : first + 14]) for first in range(0, 784, 14))
    assert weeks[-5] > 2 * weeks[5]


def test_afternoons_are_livelier_than_nights(market: SyntheticMarket) -> None:
    candles = market.candles(BTC, Timeframe.H1, NOW_MS - 100 * DAY_MS, NOW_MS, NOW_MS)
    volumes: dict[int, list[float]] = {}
    for candle in candles:
        hour = dt.datetime.fromtimestamp(candle.open_ms / 1000, dt.UTC).hour
        volumes.setdefault(hour, []).append(float(candle.volume))
    assert sum(volumes[14]) / len(volumes[14]) > 1.5 * sum(volumes[5]) / len(volumes[5])


def test_spot_and_contract_stay_together(market: SyntheticMarket) -> None:
    for step in range(40):
        now_ms = NOW_MS - step * 3_601_000
        linear, spot = market.day(BTC, now_ms).last_ticks * 0.1, market.day(BTC_SPOT, now_ms).last_ticks * 0.1
        assert abs(spot / linear - 1) < 0.0015


# --- contracts ---


def test_contract_figures(market: SyntheticMarket) -> None:
    assert market.derivative(BTC_SPOT, NOW_MS) is None
    rates: set[str] = set()
    for step in range(60):
        now_ms = NOW_MS - step * 4 * 3_600_000
        figures_now = market.derivative(BTC, now_ms)
        assert figures_now is not None
        last = market.day(BTC, now_ms).last_ticks * 0.1
        assert abs(float(figures_now.mark_price) / last - 1) < 0.0002
        assert abs(float(figures_now.index_price) / last - 1) < 0.0015
        assert abs(float(figures_now.funding_rate)) < 0.002
        assert now_ms < figures_now.next_funding_ms <= now_ms + 8 * 3_600_000
        assert figures_now.next_funding_ms % (8 * 3_600_000) == 0
        value = Decimal(figures_now.open_interest) * Decimal(figures_now.mark_price)
        assert Decimal(figures_now.open_interest_value) == value
        rates.add(figures_now.funding_rate)
    assert "0.0001" in rates
    assert len(rates) > 10


def test_young_coins_are_funded_every_four_hours(market: SyntheticMarket) -> None:
    figures_now = market.derivative(YOUNGEST, NOW_MS)
    assert figures_now is not None
    assert figures_now.next_funding_ms - NOW_MS <= 4 * 3_600_000


def test_open_interest_drifts_slowly(market: SyntheticMarket) -> None:
    values = [market.derivative(BTC, NOW_MS + step * 60_000) for step in range(60)]
    sizes = [float(value.open_interest) for value in values if value is not None]
    assert all(0 < abs(one / other - 1) < 0.004 for one, other in itertools.pairwise(sizes))


def test_what_is_listed_later_can_be_left_out() -> None:
    early = SyntheticMarket(1, listed_before_ms=20_000 * DAY_MS)
    assert 0 < len(early.instruments) < 40
    assert all((instrument.launch_ms or 0) < 20_000 * DAY_MS for instrument in early.instruments)
    assert early.end_ms is None
    assert early.day(BTC, NOW_MS) == SyntheticMarket(1).day(BTC, NOW_MS)
