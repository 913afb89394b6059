"""Bybit v5 market data over REST, for one endpoint, without a key.

Source: Bybit API documentation, v5, market.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery, Maintenance, RequestPriority, ServerTime
from virtuoso_desktop.exchanges.bybit import parse_rest
from virtuoso_desktop.exchanges.bybit.parse import INTERVAL_BY_TIMEFRAME
from virtuoso_desktop.exchanges.rest_client import RestClient, VenueAnswer
from virtuoso_desktop.kernel.clock import Clock, VenueClock
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.market import BookSnapshot, Ticker, Trade

MOST_PAGES = 50
MOST_CANDLES = 1000
MOST_TRADES: dict[MarketKind, int] = {MarketKind.SPOT: 60, MarketKind.LINEAR: 1000, MarketKind.INVERSE: 1000}
MOST_BOOK_LEVELS = 1000
ROWS_ON_LOOP = 150
"""Answers with more instruments, tickers or trades are converted in a worker: above, it takes about 1 ms."""

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)


class BybitRest:
    """The market endpoints. Errors as in `Adapter`.

    Parameters
    ----------
    client : RestClient
        Sends, paces, retries and judges.
    clock : Clock
        Stamps receipt.
    venue_clock : VenueClock
        Stands in where an answer tells no time.
    """

    def __init__(self, client: RestClient, clock: Clock, venue_clock: VenueClock) -> None:
        self._client = client
        self._clock = clock
        self._venue_clock = venue_clock

    async def server_time(self, *, priority: int = RequestPriority.CLOCK) -> ServerTime:
        """One sample of the venue's clock, for the offset."""
        answer = await self._client.call("public_get_v5_market_time", {}, priority=priority)
        received_ms = self._clock.now_ms()
        sent_ms = received_ms - round(answer.round_trip_s * 1000 * self._clock.rate)
        return ServerTime(sent_ms, parse_rest.parse_time(answer.result), received_ms)

    async def maintenance(self, *, priority: int = RequestPriority.CLOCK) -> list[Maintenance]:
        """Ongoing and announced maintenance; interruptions below 10 s are not announced."""
        answer = await self._client.call("public_get_v5_system_status", {}, priority=priority)
        return parse_rest.parse_maintenance(answer.result)

    async def instruments(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Instrument]:
        """All instruments in trade, every page."""
        instruments: dict[InstrumentId, Instrument] = {}
        cursor = ""
        for _ in range(MOST_PAGES):
            params = {"category": kind.value, "limit": 500, **({"cursor": cursor} if cursor else {})}
            answer = await self._client.call("public_get_v5_market_instruments_info", params, priority=priority)
            page, refused = await self._convert(parse_rest.parse_instruments, answer.result, kind)
            if refused:
                log.info("Bybit %s: %d instruments have no usable grid and are left out", kind.value, refused)
            known = len(instruments)
            instruments.update((instrument.id, instrument) for instrument in page)
            cursor = parse_rest.next_cursor(answer.result)
            if not cursor or len(instruments) == known:
                break
        if not instruments:
            raise ParseError(f"Bybit lists no {kind.value} instruments; nothing was changed.", kind="empty")
        return list(instruments.values())

    async def tickers(self, kind: MarketKind, *, priority: int = RequestPriority.START) -> list[Ticker]:
        """Whole tickers of all instruments."""
        answer = await self._client.call("public_get_v5_market_tickers", {"category": kind.value}, priority=priority)
        tickers, refused = await self._convert(
            parse_rest.parse_tickers, answer.result, kind, self._time_of(answer), self._clock.now_ns()
        )
        if refused:
            log.info("Bybit %s: %d tickers cannot be read and are left out", kind.value, refused)
        return tickers

    async def candles(self, query: CandleQuery, *, priority: int = RequestPriority.HISTORY) -> CandlePage:
        """One page, oldest first; an empty page means that the venue has nothing there."""
        answer = await self._client.call("public_get_v5_market_kline", candle_params(query), priority=priority)
        return parse_rest.parse_candles(answer.result, query, self._time_of(answer))

    async def order_book(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.SHOWN
    ) -> BookSnapshot:
        """A whole book of ``limit`` levels a side. Only a 1000-level streamed book may be continued from it."""
        params = {**named(instrument_id), "limit": min(limit, MOST_BOOK_LEVELS)}
        answer = await self._client.call("public_get_v5_market_orderbook", params, priority=priority)
        return parse_rest.parse_order_book(answer.result, instrument_id, limit, self._clock.now_ns())

    async def recent_trades(
        self, instrument_id: InstrumentId, limit: int, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[Trade]:
        """The newest trades, oldest first; spot gives 60, the others 1000 at most."""
        kind = instrument_id.market_kind
        params = {**named(instrument_id), "limit": min(limit, MOST_TRADES[kind])}
        answer = await self._client.call("public_get_v5_market_recent_trade", params, priority=priority)
        return await self._convert(
            parse_rest.parse_trades, answer.result, kind, self._time_of(answer), self._clock.now_ns()
        )

    def _time_of(self, answer: VenueAnswer) -> int:
        return self._venue_clock.now_ms() if answer.venue_ms is None else answer.venue_ms

    async def _convert(self, parse: Callable[Concatenate[Any, P], T], result: Any, *args: P.args, **kw: P.kwargs) -> T:
        """Parse here, or in a worker if there are many rows."""
        if parse_rest.row_count(result) > ROWS_ON_LOOP:
            return await asyncio.to_thread(parse, result, *args, **kw)
        return parse(result, *args, **kw)


def named(instrument_id: InstrumentId) -> dict[str, Any]:
    """Category and symbol of a query. ccxt sends values as they are, and some symbols are Chinese."""
    return {"category": instrument_id.market_kind.value, "symbol": quote(instrument_id.symbol, safe="")}


def candle_params(query: CandleQuery) -> dict[str, Any]:
    """Parameters of every kline endpoint."""
    params = {
        **named(query.instrument_id),
        "interval": INTERVAL_BY_TIMEFRAME[query.timeframe],
        "limit": min(query.limit, MOST_CANDLES),
    }
    if query.start_ms is not None:
        params["start"] = query.start_ms
    if query.end_ms is not None:
        params["end"] = query.end_ms
    return params
