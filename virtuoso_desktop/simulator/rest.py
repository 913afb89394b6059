"""Bybit v5 public REST as a pure function: path and query in, result or refusal out, no sockets.

Paths, parameters, limits, defaults, sort orders and types follow the venue's v5 market pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.simulator import catalogue, encode
from virtuoso_desktop.simulator.fault_board import Maintenance
from virtuoso_desktop.simulator.market import MarketSource, SimTrade
from virtuoso_desktop.simulator.query import BAD_PARAMETER, Listing, Query, Refused, Result
from virtuoso_desktop.simulator.ranges import candle_range
from virtuoso_desktop.simulator.rest_history import HistoryApi
from virtuoso_desktop.simulator.tickers import TickerFields
from virtuoso_desktop.simulator.topics import BookState

ROUTE_NOT_FOUND = 10017
_FIRST_TRADE_WINDOW_MS = 5_000


class Endpoint(NamedTuple):
    """``heavy`` answers may take long and are computed in a worker thread."""

    answer: Callable[[Query], Result]
    heavy: bool


class RestApi:
    """All endpoints. ``deep_book`` gives an instrument's book with the ``u`` of the 1,000-level stream."""

    def __init__(
        self,
        market: MarketSource,
        listing: Listing,
        deep_book: Callable[[Instrument], BookState],
        clock: Clock,
        maintenances: Callable[[], list[Maintenance]] = list,
    ) -> None:
        self._maintenances = maintenances
        self._market = market
        self._clock = clock
        self._listing = listing
        self._deep_book = deep_book
        own = {
            "/v5/market/time": Endpoint(self._time, heavy=False),
            "/v5/market/instruments-info": Endpoint(self._instruments, heavy=False),
            "/v5/market/kline": Endpoint(self._kline, heavy=True),
            "/v5/market/tickers": Endpoint(self._tickers, heavy=True),
            "/v5/market/orderbook": Endpoint(self._order_book, heavy=False),
            "/v5/market/recent-trade": Endpoint(self._recent_trades, heavy=True),
            "/v5/system/status": Endpoint(self._status, heavy=False),
        }
        history = {path: Endpoint(answer, heavy=True) for path, answer in HistoryApi(market).endpoints.items()}
        self.endpoints: Mapping[str, Endpoint] = own | history

    def answer(self, endpoint: Endpoint, raw_query: str) -> bytes:
        """The whole body: envelope around the result, or around a refusal."""
        clock_ms, end_ms = self._clock.now_ms(), self._market.end_ms
        now_ms = clock_ms if end_ms is None else min(clock_ms, end_ms)
        try:
            result = endpoint.answer(Query(raw_query, self._listing, now_ms))
        except Refused as refused:
            return envelope({}, clock_ms, refused.code, refused.message)
        return envelope(result, clock_ms)

    def _time(self, _: Query) -> Result:
        clock_ns = self._clock.now_ns()
        return {"timeSecond": str(clock_ns // 1_000_000_000), "timeNano": str(clock_ns)}

    def _status(self, query: Query) -> Result:
        rows = [_maintenance_row(window, query.now_ms) for window in self._maintenances()]
        return {"list": rows}

    def _instruments(self, query: Query) -> Result:
        category = query.category("spot", "linear", "inverse", "option")
        symbol, base, status = query.text("symbol"), query.text("baseCoin"), query.text("status") or "Trading"
        if status not in catalogue.STATUSES:
            raise Refused(BAD_PARAMETER, "params error: status is invalid")
        chosen = [
            instrument
            for instrument in self._listing.listed(category)
            if instrument.status == status
            and symbol in ("", instrument.symbol)
            and base in ("", instrument.base_coin)
            and not query.text("symbolType")
        ]
        if symbol and category != "option" and not chosen and status == "Trading":
            query.instrument(category)
        if category == "spot":
            return {"category": category, "list": [self._row(instrument) for instrument in chosen]}
        limit = query.limit(500, 1000)
        try:
            rows, following = catalogue.page(chosen, limit=limit, cursor=query.text("cursor"), row=self._row)
        except catalogue.BadCursor:
            raise Refused(BAD_PARAMETER, "params error: cursor is invalid") from None
        return {"category": category, "list": rows, "nextPageCursor": following}

    def _row(self, instrument: Instrument) -> dict[str, Any]:
        return catalogue.instrument_row(instrument, self._listing.numbers[instrument.id])

    def _kline(self, query: Query) -> Result:
        category = query.category("spot", "linear", "inverse", default="linear")
        instrument, timeframe = query.instrument(category), query.interval()
        limit, now_ms = query.limit(200, 1000), query.now_ms
        start_ms, end_ms = query.number("start"), query.number("end")
        first, last = candle_range(timeframe, start_ms, end_ms, limit, now_ms)
        first = max(first, timeframe.open_ms(instrument.launch_ms or 0))
        candles = self._market.candles(instrument.id, timeframe, first, last, now_ms) if first <= last else []
        texts = self._listing.texts[instrument.id]
        rows = [encode.kline_row(texts, candle) for candle in reversed(candles)]
        return {"symbol": instrument.symbol, "category": category, "list": rows}

    def _tickers(self, query: Query) -> Result:
        category = query.category("spot", "linear", "inverse", "option")
        chosen = self._listing.of(category)
        if query.text("symbol"):
            chosen = [query.instrument(category)]
        rows = [self._ticker(instrument).rest(query.now_ms) for instrument in chosen]
        return {"category": category, "list": rows}

    def _ticker(self, instrument: Instrument) -> TickerFields:
        listing = self._listing
        return TickerFields(self._market, instrument, listing.texts[instrument.id], listing.twin(instrument))

    def _order_book(self, query: Query) -> Result:
        category = query.category("spot", "linear", "inverse")
        instrument = query.instrument(category)
        limit = query.limit(1 if category == "spot" else 25, 1000)
        book, texts = self._deep_book(instrument), self._listing.texts[instrument.id]
        return {
            "s": instrument.symbol,
            "b": texts.levels(book.bids[:limit]),
            "a": texts.levels(book.asks[:limit]),
            "ts": query.now_ms,
            "u": book.update_id,
            "seq": book.sequence,
            "cts": book.match_ms,
        }

    def _recent_trades(self, query: Query) -> Result:
        category = query.category("spot", "linear", "inverse")
        instrument = query.instrument(category)
        limit = query.limit(60, 60) if category == "spot" else query.limit(500, 1000)
        texts = self._listing.texts[instrument.id]
        newest = self._newest_trades(instrument, limit, query.now_ms)
        return {"category": category, "list": [encode.trade_row(texts, trade) for trade in reversed(newest)]}

    def _newest_trades(self, instrument: Instrument, limit: int, now_ms: int) -> list[SimTrade]:
        """The last ``limit`` trades up to now, oldest first, looking back at most a day."""
        found: list[SimTrade] = []
        window_ms, end_ms = _FIRST_TRADE_WINDOW_MS, now_ms
        while len(found) < limit and now_ms - end_ms < DAY_MS:
            start_ms = end_ms - window_ms
            found = self._market.trades(instrument.id, start_ms, end_ms) + found
            end_ms, window_ms = start_ms, window_ms * 2
        return found[-limit:]


def _maintenance_row(window: Maintenance, now_ms: int) -> dict[str, Any]:
    state = "scheduled" if now_ms < window.begin_ms else "ongoing" if now_ms < window.end_ms else "completed"
    return {
        "id": f"maintenance-{window.begin_ms}",
        "title": "System maintenance",
        "state": state,
        "begin": str(window.begin_ms),
        "end": str(window.end_ms),
        "href": "",
        "serviceTypes": [1, 2, 3, 4, 5],
        "product": [1, 2],
        "uidSuffix": [],
        "maintainType": 1,
        "env": 1,
    }


def envelope(result: Result, now_ms: int, code: int = 0, message: str = "OK") -> bytes:
    """The body of every answer."""
    return encode.encode({"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms})
