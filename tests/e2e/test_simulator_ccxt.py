"""The real ccxt, unchanged and in a process of its own, against the simulated venue."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.simulate_program import file_rows, simulate
from tests.fake_market import BTC, SPOT_BTC, T0_MS, FakeMarket
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.market import PriceSeries, SimCandle
from virtuoso_desktop.simulator.server import SimulatedExchange

WITNESS = Path(__file__).with_name("ccxt_witness.py")


class StandingClock:
    """Venue time stands still, so that every answer is about the same moment."""

    rate = 1.0

    def now_ns(self) -> int:
        return self.now_ms() * 1_000_000

    def now_ms(self) -> int:
        return T0_MS + 2 * DAY_MS + 12_345


async def witnessed(url: str, since_ms: int, until_ms: int) -> dict[str, Any]:
    """What ccxt understood."""
    arguments = (sys.executable, str(WITNESS), url, str(since_ms), str(until_ms))
    child = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    return json.loads(out)


def row(instrument: Instrument, candle: SimCandle) -> list[float]:
    prices = [instrument.to_price(ticks) for ticks in candle[1:5]]
    return [float(candle.open_ms), *prices, float(candle.volume)]


@pytest.mark.deadline_s(90)
async def test_ccxt_understands_every_answer() -> None:
    market, clock = FakeMarket(), StandingClock()
    now_ms = clock.now_ms()
    until_ms = Timeframe.M1.open_ms(now_ms) - MINUTE_MS
    since_ms = until_ms - 499 * MINUTE_MS
    async with SimulatedExchange(market, clock) as venue:
        told = await witnessed(venue.http_url, since_ms, until_ms)

    def rows(instrument: Instrument, timeframe: Timeframe, start_ms: int, end_ms: int = now_ms) -> list[list[float]]:
        found = market.candles(instrument.id, timeframe, start_ms, end_ms, now_ms)
        return [row(instrument, candle) for candle in found]

    assert told["types"] == {"BTC/USDT": "spot", "BTC/USDT:USDT": "swap", "ETH/USDT:USDT": "swap"}
    assert told["active"] is True
    assert told["markets"]["BTC/USDT:USDT"] == {"amount": 0.001, "price": 0.1}
    assert told["markets"]["BTC/USDT"] == {"amount": 1e-06, "price": 0.1}
    assert told["time"] == now_ms
    assert told["status"] == "ok"

    assert told["forward"] == rows(BTC, Timeframe.M1, since_ms, until_ms)
    assert told["bounded"] == told["forward"][-100:]
    assert told["paginated"] == told["forward"]
    assert told["hours"] == rows(BTC, Timeframe.H1, now_ms - 29 * 3_600_000)
    assert told["months"] == rows(BTC, Timeframe.MO1, T0_MS)
    assert told["spot_candles"] == rows(SPOT_BTC, Timeframe.M5, now_ms - 24 * MINUTE_MS)[-5:]

    day, derivative = market.day(BTC.id, now_ms), market.derivative(BTC.id, now_ms)
    assert derivative is not None
    ticker = told["ticker"]
    assert ticker["last"] == BTC.to_price(day.last_ticks)
    assert ticker["high"] == BTC.to_price(day.high_24h_ticks)
    assert (ticker["baseVolume"], ticker["quoteVolume"]) == (float(day.volume_24h), float(day.turnover_24h))
    assert (ticker["markPrice"], ticker["indexPrice"]) == (float(derivative.mark_price), float(derivative.index_price))
    best = market.book(BTC.id, 1, now_ms)
    assert (ticker["bid"], ticker["ask"]) == (BTC.to_price(best.bids[0][0]), BTC.to_price(best.asks[0][0]))
    assert told["spot_ticker"]["last"] == SPOT_BTC.to_price(market.day(SPOT_BTC.id, now_ms).last_ticks)
    assert told["tickers"] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert told["spot_tickers"] == ["BTC/USDT"]

    as_of_ms = now_ms // 200 * 200
    for book, instrument, levels in ((told["book"], BTC, 200), (told["spot_book"], SPOT_BTC, 50)):
        whole = market.book(instrument.id, levels, as_of_ms)
        for name, side in (("bids", whole.bids), ("asks", whole.asks)):
            expected = [[instrument.to_price(ticks), instrument.to_size(lots)] for ticks, lots in side]
            assert book[name] == expected
    for trades, instrument, count in ((told["trades"], BTC, 300), (told["spot_trades"], SPOT_BTC, 60)):
        newest = market.trades(instrument.id, now_ms - DAY_MS // 2, now_ms)[-count:]
        expected = [(t.time_ms, instrument.to_price(t.price_ticks), instrument.to_size(t.size_lots)) for t in newest]
        assert [(t["timestamp"], t["price"], t["amount"]) for t in trades] == expected
        assert [t["side"] for t in trades] == ["buy" if t.is_buy else "sell" for t in newest]
    paid = market.funding(BTC.id, T0_MS, now_ms)[-5:]
    assert [(row["timestamp"], row["fundingRate"]) for row in told["funding"]] == [
        (one.time_ms, float(one.rate)) for one in paid
    ]
    last_ms = now_ms // 300_000 * 300_000
    assert [(row["timestamp"], row["openInterestAmount"]) for row in told["interest"]] == [
        (at, float(market.open_interest(BTC.id, at) or "nan"))
        for at in range(last_ms - 59 * 300_000, last_ms + 1, 300_000)
    ]
    hours = range(now_ms // 3_600_000 * 3_600_000 - 6 * 3_600_000, now_ms, 3_600_000)
    for ratio, at in zip(told["ratios"], hours, strict=True):
        share = market.buy_ratio(BTC.id, at)
        assert share is not None
        assert ratio["timestamp"] == at
        assert ratio["longShortRatio"] == pytest.approx(share / (1 - share), rel=1e-3)
    for name, series, timeframe in (
        ("mark", PriceSeries.MARK, Timeframe.H1),
        ("index", PriceSeries.INDEX, Timeframe.M1),
        ("premium", PriceSeries.PREMIUM, Timeframe.M1),
    ):
        first_ms = timeframe.step_back(timeframe.open_ms(now_ms), 3)
        expected = market.price_candles(BTC.id, series, timeframe, first_ms, now_ms, now_ms)
        assert [line[:5] for line in told[name]] == [[one.open_ms, *map(float, one[1:])] for one in expected]
    assert told["unknown"] == "BadSymbol"
    assert told["no_route"] == "BadRequest"


@pytest.mark.deadline_s(90)
async def test_ccxt_reads_the_candles_of_a_recorded_file(real_data: Path) -> None:
    file = real_data / "d_ohlcv_bybit_linear/BTCUSDT_1m.csv.gz"
    recorded = file_rows(file)
    sources = ("--source", "synthetic:1", "--source", f"ohlcv:{file}", "--clock", "original")
    async with simulate(*sources, "--exit-on-stdin-close") as program:
        until_ms = Timeframe.M1.open_ms(program.line["clock"]["now_ms"]) - MINUTE_MS
        since_ms = until_ms - 499 * MINUTE_MS
        told = await witnessed(program.http, since_ms, until_ms)
    expected = [candle for open_ms, candle in sorted(recorded.items()) if since_ms <= open_ms <= until_ms]
    assert len(expected) == 500
    assert told["forward"] == told["paginated"] == expected
    last_day = [candle for open_ms, candle in recorded.items() if until_ms - DAY_MS < open_ms <= until_ms]
    assert told["ticker"]["high"] >= max(candle[2] for candle in last_day[1:])
    assert told["ticker"]["bid"] < told["ticker"]["ask"]
    assert len(told["tickers"]) > 30
    assert len(told["spot_tickers"]) > 5
    assert len(told["book"]["bids"]) == 200
    assert len(told["trades"]) == 300
