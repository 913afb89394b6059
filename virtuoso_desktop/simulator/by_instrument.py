"""A market put together from markets of single instruments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.instrument_market import InstrumentMarket
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


class MarketByInstrument:
    """`MarketSource` of several `InstrumentMarket`: each question goes to the instrument's own."""

    def __init__(self, markets: Iterable[InstrumentMarket]) -> None:
        self.markets: dict[InstrumentId, InstrumentMarket] = {market.instrument.id: market for market in markets}

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(market.instrument for market in self.markets.values())

    @property
    def end_ms(self) -> int | None:
        """The latest end, None as soon as one instrument is endless; the others stand still from their own ends on."""
        ends = [market.end_ms for market in self.markets.values()]
        known = [end_ms for end_ms in ends if end_ms is not None]
        return max(known) if len(known) == len(ends) else None

    def candles(
        self, instrument_id: InstrumentId, timeframe: Timeframe, start_ms: int, end_ms: int, now_ms: int
    ) -> list[SimCandle]:
        return self.markets[instrument_id].candles(timeframe, start_ms, end_ms, now_ms)

    def trades(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimTrade]:
        return self.markets[instrument_id].trades(start_ms, end_ms)

    def book(self, instrument_id: InstrumentId, depth: int, now_ms: int) -> SimBook:
        return self.markets[instrument_id].book(depth, now_ms)

    def day(self, instrument_id: InstrumentId, now_ms: int) -> SimDay:
        return self.markets[instrument_id].day(now_ms)

    def derivative(self, instrument_id: InstrumentId, now_ms: int) -> SimDerivative | None:
        return self.markets[instrument_id].derivative(now_ms)

    def funding(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimFunding]:
        return self.markets[instrument_id].funding(start_ms, end_ms)

    def open_interest(self, instrument_id: InstrumentId, now_ms: int) -> str | None:
        return self.markets[instrument_id].open_interest(now_ms)

    def buy_ratio(self, instrument_id: InstrumentId, now_ms: int) -> float | None:
        return self.markets[instrument_id].buy_ratio(now_ms)

    def price_candles(
        self,
        instrument_id: InstrumentId,
        series: PriceSeries,
        timeframe: Timeframe,
        start_ms: int,
        end_ms: int,
        now_ms: int,
    ) -> list[SimPriceCandle]:
        return self.markets[instrument_id].price_candles(series, timeframe, start_ms, end_ms, now_ms)

    def liquidations(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimLiquidation]:
        return self.markets[instrument_id].liquidations(start_ms, end_ms)


def combined(markets: Sequence[MarketByInstrument]) -> MarketByInstrument:
    """Several markets as one; of an instrument that several have, the last market's."""
    owners: dict[InstrumentId, InstrumentMarket] = {}
    for market in markets:
        for instrument_id, own in market.markets.items():
            owners.pop(instrument_id, None)
            owners[instrument_id] = own
    return MarketByInstrument(owners.values())
