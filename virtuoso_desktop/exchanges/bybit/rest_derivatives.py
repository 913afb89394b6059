"""Bybit v5 REST endpoints that only contracts have: funding, open interest, ratios, mark, index, premium.

Source: Bybit API documentation, v5, market (funding/history, open-interest, account-ratio,
mark-price-kline, index-price-kline, premium-index-price-kline). A lone start is an error (funding) or
ignored (open interest), so an end is always sent with it. Lists walk backwards from the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery, PointQuery, RequestPriority
from virtuoso_desktop.exchanges.bybit import parse_rest
from virtuoso_desktop.exchanges.bybit.rest import candle_params, named
from virtuoso_desktop.exchanges.rest_client import RestClient
from virtuoso_desktop.kernel.clock import VenueClock
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import FundingRate, LongShortRatio, OpenInterest, PriceKind
from virtuoso_desktop.model.timeframe import Timeframe

MOST_PAGES = 50
MOST_FUNDING = 200
MOST_OPEN_INTEREST = 200
MOST_RATIOS = 500
PERIODS: dict[Timeframe, str] = {
    Timeframe.M5: "5min",
    Timeframe.M15: "15min",
    Timeframe.M30: "30min",
    Timeframe.H1: "1h",
    Timeframe.H4: "4h",
    Timeframe.D1: "1d",
}
"""Spacings of open interest and ratios."""
PRICE_ENDPOINTS: dict[PriceKind, str] = {
    PriceKind.MARK: "public_get_v5_market_mark_price_kline",
    PriceKind.INDEX: "public_get_v5_market_index_price_kline",
    PriceKind.PREMIUM: "public_get_v5_market_premium_index_price_kline",
}

P = TypeVar("P", FundingRate, OpenInterest, LongShortRatio)


class BybitDerivatives:
    """The endpoints. Errors as in `Adapter`; ValueError for a question that Bybit has no endpoint for.

    Parameters
    ----------
    client : RestClient
        Sends, paces, retries and judges.
    venue_clock : VenueClock
        Gives the end of a range that has none.
    """

    def __init__(self, client: RestClient, venue_clock: VenueClock) -> None:
        self._client = client
        self._venue_clock = venue_clock

    async def funding_rates(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[FundingRate]:
        """Settled rates, oldest first, 200 a page."""
        _refuse_spot(query)
        kind = query.instrument_id.market_kind
        found: dict[int, FundingRate] = {}
        end_ms = self._end_ms(query)
        for _ in range(MOST_PAGES):
            asked = min(query.limit - len(found), MOST_FUNDING)
            params: dict[str, Any] = {**named(query.instrument_id), "limit": asked}
            if end_ms is not None:
                params["endTime"] = end_ms
            if query.start_ms is not None:
                params["startTime"] = query.start_ms
            answer = await self._client.call("public_get_v5_market_funding_history", params, priority=priority)
            page = parse_rest.parse_funding(answer.result, kind)
            known = len(found)
            found.update((rate.time_ms, rate) for rate in page if rate.instrument_id == query.instrument_id)
            if len(page) < asked or len(found) == known or len(found) >= query.limit:
                break
            end_ms = min(found) - 1
        return [found[time_ms] for time_ms in sorted(found)][-query.limit :]

    async def open_interest(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[OpenInterest]:
        """Open interest as Bybit counts it (both sides; base coin of linear, USD of inverse), oldest first."""
        return await self._points(
            "public_get_v5_market_open_interest",
            query,
            {"intervalTime": _period(query), "limit": min(query.limit, MOST_OPEN_INTEREST)},
            lambda result: parse_rest.parse_open_interest(result, query.instrument_id),
            priority,
        )

    async def long_short_ratios(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[LongShortRatio]:
        """Shares of accounts that are net long and net short, oldest first."""
        return await self._points(
            "public_get_v5_market_account_ratio",
            query,
            {"period": _period(query), "limit": min(query.limit, MOST_RATIOS)},
            lambda result: parse_rest.parse_long_short(result, query.instrument_id.market_kind),
            priority,
        )

    async def price_candles(
        self, price: PriceKind, query: CandleQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> CandlePage:
        """One page of a mark price, an index or a premium (linear perpetuals only), oldest first."""
        kind = query.instrument_id.market_kind
        if kind is MarketKind.SPOT or (price is PriceKind.PREMIUM and kind is not MarketKind.LINEAR):
            raise ValueError(f"Bybit has no {price.value} price of {query.instrument_id}")
        answer = await self._client.call(PRICE_ENDPOINTS[price], candle_params(query), priority=priority)
        venue_ms = self._venue_clock.now_ms() if answer.venue_ms is None else answer.venue_ms
        return parse_rest.parse_price_candles(answer.result, query, venue_ms)

    async def _points(
        self, endpoint: str, query: PointQuery, asked: dict[str, Any], parse: Callable[[Any], list[P]], priority: int
    ) -> list[P]:
        """All pages of a range, by the venue's cursor."""
        _refuse_spot(query)
        found: dict[int, P] = {}
        end_ms = self._end_ms(query)
        bounds = {"startTime": query.start_ms, "endTime": end_ms}
        params = {**named(query.instrument_id), **asked, **{k: v for k, v in bounds.items() if v is not None}}
        cursor = ""
        for _ in range(MOST_PAGES):
            answer = await self._client.call(
                endpoint, {**params, **({"cursor": cursor} if cursor else {})}, priority=priority
            )
            known = len(found)
            found.update(
                (point.time_ms, point)
                for point in parse(answer.result)
                if point.instrument_id == query.instrument_id and point.time_ms >= (query.start_ms or 0)
            )
            cursor = parse_rest.next_cursor(answer.result)
            if not cursor or len(found) == known or len(found) >= query.limit:
                break
        return [found[time_ms] for time_ms in sorted(found)][-query.limit :]

    def _end_ms(self, query: PointQuery) -> int | None:
        """An end for every start."""
        if query.end_ms is None and query.start_ms is not None:
            return self._venue_clock.now_ms()
        return query.end_ms


def _refuse_spot(query: PointQuery) -> None:
    if query.instrument_id.market_kind is MarketKind.SPOT:
        raise ValueError(f"{query.instrument_id} is no contract")


def _period(query: PointQuery) -> str:
    period = PERIODS.get(query.period)
    if period is None:
        raise ValueError(f"Bybit has no spacing of {query.period.value}, only of {', '.join(PERIODS)}")
    return period
