"""What only contracts have, over REST: funding, open interest, account ratio, mark, index and premium candles.

Every list is newest first. Pages of open interest and account ratio go back in time; their cursor is
percent-encoded text to be appended to the URL verbatim, as that of ``instruments-info``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.simulator.market import MarketSource, PriceSeries
from virtuoso_desktop.simulator.query import BAD_PARAMETER, Query, Refused, Result
from virtuoso_desktop.simulator.ranges import candle_range
from virtuoso_desktop.simulator.tickers import half

PERIODS_MS = {
    "5min": 300_000,
    "15min": 900_000,
    "30min": 1_800_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}
_CURSOR = re.compile(r"lastid=\d{1,16}&lasttime=(\d{1,13})")


class HistoryApi:
    """The endpoints by path; a past answer never changes."""

    def __init__(self, market: MarketSource) -> None:
        self._market = market
        self.endpoints: dict[str, Callable[[Query], Result]] = {
            "/v5/market/funding/history": self._funding,
            "/v5/market/open-interest": self._open_interest,
            "/v5/market/account-ratio": self._account_ratio,
            "/v5/market/mark-price-kline": partial(self._price_kline, PriceSeries.MARK),
            "/v5/market/index-price-kline": partial(self._price_kline, PriceSeries.INDEX),
            "/v5/market/premium-index-price-kline": partial(self._price_kline, PriceSeries.PREMIUM),
        }

    def _funding(self, query: Query) -> Result:
        category = query.category("linear", "inverse")
        instrument = query.instrument(category)
        limit = query.limit(200, 200)
        start_ms, end_ms = query.times()
        if start_ms is not None and end_ms is None:
            raise Refused(BAD_PARAMETER, "params error: Time Is Invalid")
        last_ms = query.now_ms if end_ms is None else min(end_ms, query.now_ms)
        reach_ms = limit * (instrument.funding_interval_min or 0) * 60_000
        first_ms = last_ms - reach_ms if start_ms is None else max(start_ms, last_ms - reach_ms)
        paid = self._market.funding(instrument.id, max(0, first_ms), last_ms)[-limit:]
        rows = [
            {"symbol": instrument.symbol, "fundingRate": one.rate, "fundingRateTimestamp": str(one.time_ms)}
            for one in reversed(paid)
        ]
        return {"category": category, "list": rows}

    def _open_interest(self, query: Query) -> Result:
        category = query.category("linear", "inverse")
        instrument = query.instrument(category)
        period_ms = query.one_of("intervalTime", PERIODS_MS, "params error: IntervalTime is invalid")
        times, cursor = _page(query, instrument, period_ms, most=200)
        rows: list[dict[str, str]] = []
        for time_ms in times:
            interest = self._market.open_interest(instrument.id, time_ms)
            if interest is not None:
                rows.append({"openInterest": interest, "singleOpenInterest": half(interest), "timestamp": str(time_ms)})
        return {"symbol": instrument.symbol, "category": category, "list": rows, "nextPageCursor": cursor}

    def _account_ratio(self, query: Query) -> Result:
        category = query.category("linear", "inverse")
        instrument = query.instrument(category)
        period_ms = query.one_of("period", PERIODS_MS, "params error: Period is invalid")
        times, cursor = _page(query, instrument, period_ms, most=500)
        rows: list[dict[str, str]] = []
        for time_ms in times:
            long_share = self._market.buy_ratio(instrument.id, time_ms)
            if long_share is not None:
                buy, sell = f"{long_share:.4f}", f"{1 - long_share:.4f}"
                rows.append(
                    {"symbol": instrument.symbol, "buyRatio": buy, "sellRatio": sell, "timestamp": str(time_ms)}
                )
        return {"list": rows, "nextPageCursor": cursor}

    def _price_kline(self, series: PriceSeries, query: Query) -> Result:
        allowed = ("linear",) if series is PriceSeries.PREMIUM else ("linear", "inverse")
        category = query.category(*allowed, default="linear")
        instrument, timeframe = query.instrument(category), query.interval()
        limit, now_ms = query.limit(200, 1000), query.now_ms
        first, last = candle_range(timeframe, query.number("start"), query.number("end"), limit, now_ms)
        first = max(first, timeframe.open_ms(instrument.launch_ms or 0))
        candles = (
            self._market.price_candles(instrument.id, series, timeframe, first, last, now_ms) if first <= last else []
        )
        rows = [(str(candle.open_ms), *candle[1:]) for candle in reversed(candles)]
        return {"symbol": instrument.symbol, "category": category, "list": rows}


def _page(query: Query, instrument: Instrument, period_ms: int, *, most: int) -> tuple[list[int], str]:
    """(times newest first, cursor of the older ones or ``""``): multiples of the period since the launch.

    The walk goes back from ``endTime`` or from before the cursor's time; a ``startTime`` without an end is ignored.
    """
    limit = query.limit(50, most)
    start_ms, end_ms = query.times()
    last_ms = query.now_ms if end_ms is None else min(end_ms, query.now_ms)
    first_ms = instrument.launch_ms or 0
    if start_ms is not None and end_ms is not None:
        first_ms = max(first_ms, start_ms)
    if query.text("cursor"):
        match = _CURSOR.fullmatch(query.text("cursor"))
        if match is None:
            raise Refused(BAD_PARAMETER, "params error: cursor is invalid")
        last_ms = min(last_ms, int(match[1]) * 1000 - 1)
    oldest_ms = -(-first_ms // period_ms) * period_ms
    newest_ms = last_ms // period_ms * period_ms
    times = list(range(newest_ms, max(oldest_ms, newest_ms - (limit - 1) * period_ms) - 1, -period_ms))
    if not times or times[-1] <= oldest_ms:
        return times, ""
    return times, quote(f"lastid=0&lasttime={times[-1] // 1000}", safe="")
