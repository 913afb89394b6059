"""What only contracts have, in the synthetic market and in that of files: all of it follows from one another."""

from __future__ import annotations

import itertools
from decimal import Decimal

import numpy as np
import pytest

from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.market import MarketSource, PriceSeries, SimPriceCandle
from virtuoso_desktop.simulator.noise import derive_key, smooth, smooth_all
from virtuoso_desktop.simulator.sources import open_market
from virtuoso_desktop.simulator.synthetic import SyntheticMarket

NOW_MS = 1_795_342_021_357
HOUR_MS = 3_600_000
BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
WIF = InstrumentId.parse("bybit:linear:WIFUSDT")
BTC_INVERSE = InstrumentId.parse("bybit:inverse:BTCUSD")
BTC_SPOT = InstrumentId.parse("bybit:spot:BTCUSDT")
FILE_ID = InstrumentId.parse("bybit:linear:ABCUSDT")


@pytest.fixture(scope="module")
def synthetic() -> SyntheticMarket:
    return SyntheticMarket(1)


@pytest.fixture(scope="module")
def from_file(tmp_path_factory: pytest.TempPathFactory) -> MarketSource:
    """Three hours of minutes around `NOW_MS`, ten of them missing."""
    file = tmp_path_factory.mktemp("ohlcv") / "ABCUSDT_1m.csv"
    rows = ["time,open,high,low,close,volume"]
    first = NOW_MS // DAY_MS * DAY_MS + 3 * HOUR_MS
    rng = np.random.default_rng(5)
    price = 100.0
    for at in range(1440):
        close = round(price * (1 + 0.0008 * float(rng.standard_normal())), 2)
        if not 700 <= at < 710:
            high, low = round(max(price, close) + 0.05, 2), round(min(price, close) - 0.05, 2)
            rows.append(f"{first + at * MINUTE_MS},{price:.2f},{high},{low},{close},{200 + at % 37}.5")
        price = round(close + 0.02, 2)
    file.write_text("\n".join(rows))
    return open_market([f"ohlcv:{file}"], "+20h", "original", NOW_MS).market


def test_smooth_all_is_smooth_of_each() -> None:
    key = derive_key("any")
    times = np.arange(NOW_MS, NOW_MS + 5_000_000, 77_777)
    assert smooth_all(key, times, 420_000).tolist() == [smooth(key, int(time), 420_000) for time in times]


@pytest.mark.parametrize("instrument_id", [BTC, WIF, BTC_INVERSE])
def test_funding_is_what_the_ticker_showed_before_it(synthetic: SyntheticMarket, instrument_id: InstrumentId) -> None:
    interval_ms = (synthetic.markets[instrument_id].instrument.funding_interval_min or 0) * MINUTE_MS
    paid = synthetic.funding(instrument_id, NOW_MS - 9 * DAY_MS, NOW_MS)
    assert len(paid) == 9 * DAY_MS // interval_ms
    assert all(one.time_ms % interval_ms == 0 and one.time_ms <= NOW_MS for one in paid)
    for one in paid[-6:]:
        before = synthetic.derivative(instrument_id, one.time_ms - 1)
        assert before is not None
        assert (before.funding_rate, before.next_funding_ms) == (one.rate, one.time_ms)
    assert len({one.rate for one in paid}) > 3
    launch_ms = synthetic.markets[instrument_id].instrument.launch_ms or 0
    assert synthetic.funding(instrument_id, 0, NOW_MS)[0].time_ms - launch_ms < interval_ms


def test_open_interest_and_ratio_of_a_moment_never_change(synthetic: SyntheticMarket) -> None:
    other = SyntheticMarket(1)
    for at in range(0, 400 * HOUR_MS, 17 * HOUR_MS):
        moment = NOW_MS - at
        figures = synthetic.derivative(BTC, moment)
        assert figures is not None
        assert synthetic.open_interest(BTC, moment) == figures.open_interest == other.open_interest(BTC, moment)
        share = synthetic.buy_ratio(BTC, moment)
        assert share == other.buy_ratio(BTC, moment)
        assert share is not None
        assert 0.3 < share < 0.75


def test_spot_has_no_contract_figures(synthetic: SyntheticMarket) -> None:
    assert synthetic.funding(BTC_SPOT, 0, NOW_MS) == []
    assert synthetic.open_interest(BTC_SPOT, NOW_MS) is synthetic.buy_ratio(BTC_SPOT, NOW_MS) is None
    assert synthetic.price_candles(BTC_SPOT, PriceSeries.MARK, Timeframe.M1, 0, NOW_MS, NOW_MS) == []
    assert synthetic.liquidations(BTC_SPOT, NOW_MS - HOUR_MS, NOW_MS) == []


# --- mark, index, premium ---


def numbers(candle: SimPriceCandle) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in candle[1:])


@pytest.mark.parametrize("series", list(PriceSeries))
@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.H4, Timeframe.D1])
def test_longer_price_candles_are_made_of_minutes(
    synthetic: SyntheticMarket, series: PriceSeries, timeframe: Timeframe
) -> None:
    open_ms = timeframe.open_ms(NOW_MS)
    (long,) = synthetic.price_candles(BTC, series, timeframe, open_ms, NOW_MS, NOW_MS)
    minutes = synthetic.price_candles(BTC, series, Timeframe.M1, open_ms, NOW_MS, NOW_MS)
    rows = [numbers(minute) for minute in minutes]
    assert minutes[-1].open_ms == NOW_MS // MINUTE_MS * MINUTE_MS
    assert numbers(long) == (rows[0][0], max(row[1] for row in rows), min(row[2] for row in rows), rows[-1][3])


@pytest.mark.parametrize("series", list(PriceSeries))
def test_price_candles_join_and_do_not_depend_on_where_the_range_begins(
    synthetic: SyntheticMarket, series: PriceSeries
) -> None:
    start = NOW_MS - 17 * DAY_MS
    rows = synthetic.price_candles(BTC, series, Timeframe.M15, start, NOW_MS, NOW_MS)
    assert len(rows) == 17 * 96
    assert all(after.open == before.close for before, after in itertools.pairwise(rows))
    tail = synthetic.price_candles(BTC, series, Timeframe.M15, NOW_MS - 3 * DAY_MS, NOW_MS, NOW_MS)
    assert tail == rows[-len(tail) :]
    for row in rows:
        o, high, low, close = numbers(row)
        assert low <= min(o, close) <= max(o, close) <= high


@pytest.mark.parametrize("kind", ["synthetic", "file"])
def test_every_mark_and_index_price_of_the_ticker_lies_in_its_candle(
    kind: str, synthetic: SyntheticMarket, from_file: MarketSource
) -> None:
    market, instrument_id = (synthetic, BTC) if kind == "synthetic" else (from_file, FILE_ID)
    first = NOW_MS // MINUTE_MS * MINUTE_MS - (0 if kind == "synthetic" else 2 * HOUR_MS)
    if kind == "file":
        first = market.instruments[0].launch_ms or 0
        first += 60 * MINUTE_MS
    for minute_ms in range(first, first + 4 * MINUTE_MS, MINUTE_MS):
        end_ms = minute_ms + MINUTE_MS
        closed = {
            series: numbers(market.price_candles(instrument_id, series, Timeframe.M1, minute_ms, minute_ms, end_ms)[0])
            for series in (PriceSeries.MARK, PriceSeries.INDEX)
        }
        for moment in range(minute_ms, end_ms, 777):
            figures = market.derivative(instrument_id, moment)
            assert figures is not None
            for series, text in ((PriceSeries.MARK, figures.mark_price), (PriceSeries.INDEX, figures.index_price)):
                _, high, low, _ = closed[series]
                assert low <= Decimal(text) <= high
                forming = market.price_candles(instrument_id, series, Timeframe.M1, minute_ms, moment, moment)
                assert not forming or Decimal(forming[0].close) == Decimal(text)
        assert closed[PriceSeries.MARK][3] == Decimal(market.derivative(instrument_id, end_ms - 1).mark_price)  # type: ignore[union-attr]


def test_premium_is_small_and_of_both_signs(synthetic: SyntheticMarket) -> None:
    rows = synthetic.price_candles(BTC, PriceSeries.PREMIUM, Timeframe.H1, NOW_MS - 30 * DAY_MS, NOW_MS, NOW_MS)
    closes = [float(row.close) for row in rows]
    assert min(closes) < 0 < max(closes)
    assert max(map(abs, closes)) < 0.002


def test_missing_minutes_have_no_price_candle(from_file: MarketSource) -> None:
    launch = from_file.instruments[0].launch_ms or 0
    end = launch + 800 * MINUTE_MS
    rows = from_file.price_candles(FILE_ID, PriceSeries.MARK, Timeframe.M1, launch + 690 * MINUTE_MS, end, end)
    opens = [(row.open_ms - launch) // MINUTE_MS for row in rows]
    assert opens == [*range(690, 700), *range(710, 801)][: len(opens)]
    assert len(opens) > 90


# --- liquidations ---


@pytest.mark.parametrize("kind", ["synthetic", "inverse", "file"])
def test_liquidations_are_trades_of_fast_moves(kind: str, synthetic: SyntheticMarket, from_file: MarketSource) -> None:
    market: MarketSource = from_file if kind == "file" else synthetic
    instrument_id = {"synthetic": BTC, "inverse": BTC_INVERSE, "file": FILE_ID}[kind]
    end = NOW_MS if kind != "file" else (market.instruments[0].launch_ms or 0) + 10 * HOUR_MS
    start = (end - 6 * HOUR_MS) // MINUTE_MS * MINUTE_MS
    found = market.liquidations(instrument_id, start, end)
    assert 20 < len(found) < 6 * 60 * 20
    assert [one.time_ms for one in found] == sorted(one.time_ms for one in found)
    assert {one.is_long for one in found} == {True, False}
    trades = {
        (trade.time_ms, trade.is_buy, trade.size_lots): trade.price_ticks
        for trade in market.trades(instrument_id, start, end)
    }
    for one in found:
        price = trades[one.time_ms, not one.is_long, one.size_lots]
        beyond = (price - one.price_ticks) / price if one.is_long else (one.price_ticks - price) / price
        assert 0 < beyond < 0.0101
    busy = {one.time_ms // MINUTE_MS for one in found}
    candles = market.candles(instrument_id, Timeframe.M1, start, end, end)
    spans = {row.open_ms // MINUTE_MS: (row.high_ticks - row.low_ticks) / row.close_ticks for row in candles}
    mean_busy = float(np.mean([spans[number] for number in busy]))
    assert mean_busy > 1.1 * float(np.mean(list(spans.values())))


def test_liquidations_are_the_same_however_they_are_asked_for(synthetic: SyntheticMarket) -> None:
    start, end = NOW_MS - 2 * HOUR_MS, NOW_MS
    whole = synthetic.liquidations(WIF, start, end)
    pieces = [one for at in range(start, end, 500) for one in synthetic.liquidations(WIF, at, min(at + 500, end))]
    assert whole == pieces == SyntheticMarket(1).liquidations(WIF, start, end)


# --- inverse ---


def test_inverse_contracts_count_dollars_and_turn_over_coins(synthetic: SyntheticMarket) -> None:
    inverse = [item for item in synthetic.instruments if item.id.market_kind is MarketKind.INVERSE]
    assert {"BTCUSD", "ETHUSD"} <= {item.symbol for item in inverse}
    for item in inverse:
        assert (item.quote_coin, item.settle_coin, item.contract_type) == ("USD", item.base_coin, "InversePerpetual")
        number = NOW_MS // MINUTE_MS - 5
        start = number * MINUTE_MS
        trades = synthetic.trades(item.id, start - 1, start + MINUTE_MS - 1)
        (candle,) = synthetic.candles(item.id, Timeframe.M1, start, start, NOW_MS)
        assert sum(trade.size_lots for trade in trades) == Decimal(candle.volume)
        coins = sum(Decimal(trade.size_lots) / (trade.price_ticks * item.tick_size) for trade in trades)
        assert float(candle.turnover) == pytest.approx(float(coins), rel=2e-6)
        linear = InstrumentId.parse(f"bybit:linear:{item.base_coin}USDT")
        ratio = synthetic.day(item.id, NOW_MS).last_ticks / synthetic.day(linear, NOW_MS).last_ticks
        assert ratio == pytest.approx(1, abs=3e-4)
        figures = synthetic.derivative(item.id, NOW_MS)
        assert figures is not None
        value = float(figures.open_interest) / float(figures.mark_price)
        assert float(figures.open_interest_value) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.D1, Timeframe.W1])
def test_inverse_candles_are_sums(synthetic: SyntheticMarket, timeframe: Timeframe) -> None:
    open_ms = timeframe.open_ms(NOW_MS)
    (long,) = synthetic.candles(BTC_INVERSE, timeframe, open_ms, NOW_MS, NOW_MS)
    minutes = synthetic.candles(BTC_INVERSE, Timeframe.M1, open_ms, NOW_MS, NOW_MS)
    assert Decimal(long.volume) == sum(Decimal(row.volume) for row in minutes)
    assert Decimal(long.turnover) == sum(Decimal(row.turnover) for row in minutes)


def test_an_inverse_minute_ends_with_what_its_trades_left(synthetic: SyntheticMarket) -> None:
    end = NOW_MS // MINUTE_MS * MINUTE_MS
    start = end - MINUTE_MS
    turnovers = [
        Decimal(synthetic.candles(BTC_INVERSE, Timeframe.M1, start, start, moment)[0].turnover)
        for moment in (*range(start + 500, end, 2_500), end - 1, end)
    ]
    assert turnovers == sorted(turnovers)
    assert float(turnovers[-1]) == pytest.approx(float(turnovers[-2]), rel=1e-6)
