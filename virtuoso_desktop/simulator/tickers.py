"""Ticker fields of one instrument, for the stream and for REST: every value a string, ``""`` where there is none."""

from __future__ import annotations

from decimal import Decimal

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.simulator.encode import Texts
from virtuoso_desktop.simulator.market import MarketSource, SimDay, SimDerivative

_FUNDING_CAP = "0.005"
_CONTRACT_DIGITS = 6
_SPOT_DIGITS = 4


class TickerFields:
    """Reads one instrument's ticker. ``twin`` is the contract whose index prices a spot coin in USD."""

    def __init__(self, market: MarketSource, instrument: Instrument, texts: Texts, twin: Instrument | None) -> None:
        self._market = market
        self._instrument = instrument
        self._texts = texts
        self._twin = twin

    def stream(self, now_ms: int) -> tuple[SimDay, dict[str, str]]:
        """(day figures, fields of the ``tickers`` topic as of ``now_ms``)."""
        day = self._market.day(self._instrument.id, now_ms)
        if self._texts.is_spot:
            return day, {"symbol": self._texts.symbol} | self._spot(day, now_ms)
        return day, self._contract(day, now_ms)

    def rest(self, now_ms: int) -> dict[str, str]:
        """The element of the REST list as of ``now_ms``."""
        day = self._market.day(self._instrument.id, now_ms)
        head = {"symbol": self._texts.symbol}
        if self._texts.is_spot:
            return head | self._best(now_ms) | self._spot(day, now_ms)
        absent = dict.fromkeys(("predictedDeliveryPrice", "basisRate", "basis", "basisRateYear", "deliveryFeeRate"), "")
        delivery_ms = self._instrument.delivery_ms
        return head | self._contract(day, now_ms) | absent | {"deliveryTime": str(delivery_ms or 0)}

    def _spot(self, day: SimDay, now_ms: int) -> dict[str, str]:
        derivative = self._market.derivative(self._twin.id, now_ms) if self._twin else None
        return self._day(day, _SPOT_DIGITS) | {"usdIndexPrice": derivative.index_price if derivative else ""}

    def _contract(self, day: SimDay, now_ms: int) -> dict[str, str]:
        derivative = self._market.derivative(self._instrument.id, now_ms)
        fields = self._day(day, _CONTRACT_DIGITS)
        fields["prevPrice1h"] = self._texts.price(day.previous_1h_ticks)
        fields |= self._derivative(derivative) if derivative else {}
        fields |= self._best(now_ms)
        return fields | {"preOpenPrice": "", "preQty": "", "curPreListingPhase": ""}

    def _day(self, day: SimDay, digits: int) -> dict[str, str]:
        price = self._texts.price
        before = day.previous_24h_ticks
        return {
            "price24hPcnt": f"{(day.last_ticks - before) / before:.{digits}f}" if before else "",
            "lastPrice": price(day.last_ticks),
            "prevPrice24h": price(before),
            "highPrice24h": price(day.high_24h_ticks),
            "lowPrice24h": price(day.low_24h_ticks),
            "turnover24h": day.turnover_24h,
            "volume24h": day.volume_24h,
        }

    def _derivative(self, derivative: SimDerivative) -> dict[str, str]:
        interval_min = self._instrument.funding_interval_min
        return {
            "markPrice": derivative.mark_price,
            "indexPrice": derivative.index_price,
            "openInterest": derivative.open_interest,
            "openInterestValue": derivative.open_interest_value,
            "singleOpenInterest": half(derivative.open_interest),
            "singleOpenInterestValue": half(derivative.open_interest_value),
            "fundingRate": derivative.funding_rate,
            "nextFundingTime": str(derivative.next_funding_ms),
            "fundingIntervalHour": str(interval_min // 60) if interval_min else "",
            "fundingCap": _FUNDING_CAP,
        }

    def _best(self, now_ms: int) -> dict[str, str]:
        book = self._market.book(self._instrument.id, 1, now_ms)
        return self._side("bid1", book.bids) | self._side("ask1", book.asks)

    def _side(self, name: str, levels: list[tuple[int, int]]) -> dict[str, str]:
        if not levels:
            return {f"{name}Price": "", f"{name}Size": ""}
        ticks, lots = levels[0]
        return {f"{name}Price": self._texts.price(ticks), f"{name}Size": self._texts.size(lots)}


def half(text: str) -> str:
    """Half of a decimal text with the same digits (open interest counts both sides, single one)."""
    value = Decimal(text)
    return f"{(value / 2).quantize(value):f}"
