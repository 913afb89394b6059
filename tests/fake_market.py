"""A tiny market for tests of the simulated exchange: one trade a second per instrument, all in closed form."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.simulator.market import (
    PriceSeries,
    SimBook,
    SimCandle,
    SimDay,
    SimDerivative,
    SimFunding,
    SimLiquidation,
    SimPriceCandle,
    SimTrade,
)

T0_MS = 1_700_000_000_000 // DAY_MS * DAY_MS
"""A UTC midnight; the launch of every instrument."""
HOUR_MS = 3_600_000


def instrument(symbol: str, kind: MarketKind = MarketKind.LINEAR, tick: str = "0.10", lot: str = "0.001") -> Instrument:
    """An instrument of the fake market, quoted in USDT."""
    base = symbol.removesuffix("USDT")
    is_spot = kind is MarketKind.SPOT
    return Instrument(
        id=InstrumentId(Venue.BYBIT, kind, symbol),
        base_coin=base,
        quote_coin="USDT",
        settle_coin="" if is_spot else "USDT",
        status="Trading",
        contract_type="" if is_spot else "LinearPerpetual",
        tick_size=Decimal(tick),
        lot_step=Decimal(lot),
        funding_interval_min=None if is_spot else 480,
        launch_ms=T0_MS,
    )


BTC = instrument("BTCUSDT")
ETH = instrument("ETHUSDT", tick="0.01", lot="0.01")
SPOT_BTC = instrument("BTCUSDT", MarketKind.SPOT, tick="0.1", lot="0.000001")


class FakeMarket:
    """Prices wander by a triangle wave, sizes by remainder; ``end_ms`` as in `MarketSource`."""

    def __init__(self, instruments: Iterable[Instrument] = (BTC, ETH, SPOT_BTC), end_ms: int | None = None) -> None:
        self._instruments = tuple(instruments)
        self._by_id = {instrument.id: instrument for instrument in self._instruments}
        self._end_ms = end_ms

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return self._instruments

    @property
    def end_ms(self) -> int | None:
        return self._end_ms

    def trades(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimTrade]:
        """One trade 250 ms after each full second."""
        last_ms = end_ms if self._end_ms is None else min(end_ms, self._end_ms)
        first = max(start_ms, T0_MS) - 250
        seconds = range(first // 1000 + 1, (last_ms - 250) // 1000 + 1)
        return [_trade(second) for second in seconds]

    def candles(
        self, instrument_id: InstrumentId, timeframe: Timeframe, start_ms: int, end_ms: int, now_ms: int
    ) -> list[SimCandle]:
        result: list[SimCandle] = []
        open_ms = max(timeframe.open_ms(start_ms), timeframe.open_ms(T0_MS))
        while open_ms <= min(end_ms, now_ms):
            close_ms = timeframe.close_ms(open_ms)
            trades = self.trades(instrument_id, open_ms - 1, min(close_ms - 1, now_ms))
            if trades:
                result.append(_candle(self._by_id[instrument_id], open_ms, trades))
            open_ms = close_ms
        return result

    def book(self, instrument_id: InstrumentId, depth: int, now_ms: int) -> SimBook:
        """Levels around the last trade; sizes of every third level change every 100 ms, others stay."""
        middle, turn = _ticks(now_ms // 1000), now_ms // 100
        bids = [(middle - 1 - at, 10 + at % 7 + (turn % 5 if at % 3 == 0 else 0)) for at in range(depth)]
        asks = [(middle + 1 + at, 20 + at % 5 + (turn % 4 if at % 3 == 0 else 0)) for at in range(depth)]
        return SimBook(bids, asks)

    def day(self, instrument_id: InstrumentId, now_ms: int) -> SimDay:
        trades = self.trades(instrument_id, now_ms - HOUR_MS, now_ms) or [_trade(now_ms // 1000)]
        candle = _candle(self._by_id[instrument_id], now_ms - DAY_MS, trades)
        return SimDay(
            candle.close_ticks,
            candle.open_ticks,
            candle.open_ticks,
            candle.high_ticks,
            candle.low_ticks,
            candle.volume,
            candle.turnover,
        )

    def derivative(self, instrument_id: InstrumentId, now_ms: int) -> SimDerivative | None:
        if instrument_id.market_kind is MarketKind.SPOT:
            return None
        price = f"{self._by_id[instrument_id].to_price(_ticks(now_ms // 1000)):.2f}"
        next_funding_ms = (now_ms // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
        return SimDerivative(price, price, "1000.500", "20000000.00", "0.0001", next_funding_ms)

    def funding(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimFunding]:
        """The number of the payment since the launch as rate."""
        if instrument_id.market_kind is MarketKind.SPOT:
            return []
        step_ms = 8 * HOUR_MS
        first, last = -(-max(start_ms, T0_MS) // step_ms), end_ms // step_ms
        return [SimFunding(n * step_ms, f"0.{n - T0_MS // step_ms:06d}") for n in range(first, last + 1)]

    def open_interest(self, instrument_id: InstrumentId, now_ms: int) -> str | None:
        """The minutes since the launch."""
        return None if instrument_id.market_kind is MarketKind.SPOT else f"{(now_ms - T0_MS) // 60_000}.500"

    def buy_ratio(self, instrument_id: InstrumentId, now_ms: int) -> float | None:
        return None if instrument_id.market_kind is MarketKind.SPOT else (now_ms // 60_000 % 10_000) / 10_000

    def price_candles(
        self,
        instrument_id: InstrumentId,
        series: PriceSeries,
        timeframe: Timeframe,
        start_ms: int,
        end_ms: int,
        now_ms: int,
    ) -> list[SimPriceCandle]:
        """The candles' own prices; the premium never moves."""
        prices = self._by_id[instrument_id].to_price
        return [
            SimPriceCandle(candle.open_ms, *(f"{prices(ticks):.2f}" for ticks in candle[1:5]))
            if series is not PriceSeries.PREMIUM
            else SimPriceCandle(candle.open_ms, *["-0.000012"] * 4)
            for candle in self.candles(instrument_id, timeframe, start_ms, end_ms, now_ms)
        ]

    def liquidations(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimLiquidation]:
        """A long of two lots with every third trade."""
        if instrument_id.market_kind is MarketKind.SPOT:
            return []
        trades = self.trades(instrument_id, start_ms, end_ms)
        return [
            SimLiquidation(trade.time_ms, True, 2, trade.price_ticks - 500) for trade in trades if trade.number % 3 == 0
        ]


def _ticks(second: int) -> int:
    return 650_000 + abs(second % 400 - 200)


def _trade(second: int) -> SimTrade:
    return SimTrade(second * 1000 + 250, _ticks(second), 1 + second % 5, second % 2 == 0, second)


def _candle(instrument: Instrument, open_ms: int, trades: list[SimTrade]) -> SimCandle:
    prices = [trade.price_ticks for trade in trades]
    lots = sum(trade.size_lots for trade in trades)
    turnover = sum(trade.price_ticks * trade.size_lots for trade in trades)
    tick, lot = instrument.tick_size, instrument.lot_step
    return SimCandle(
        open_ms, prices[0], max(prices), min(prices), prices[-1], f"{lots * lot:f}", f"{turnover * tick * lot:f}"
    )
