"""Bybit v5 REST results to the words of the domain. Pure: parsed JSON in, structs or `ParseError` out.

Lists come newest first and leave oldest first. A row that is no value (``""``, absurd numbers) is left
out and counted; an answer in which no row is good is refused. Source: Bybit API documentation, v5, market.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery, Maintenance
from virtuoso_desktop.exchanges.bybit import wire_rest as wire
from virtuoso_desktop.exchanges.bybit.ticker import ticker_fields
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import (
    RPI_DEPTH,
    Aggressor,
    BookSnapshot,
    FundingRate,
    LongShortRatio,
    OpenInterest,
    Ticker,
    Trade,
)

T = TypeVar("T")
_BUY_SELL = {"Buy": Aggressor.BUY, "Sell": Aggressor.SELL}
_TICKER_ROWS = list[dict[str, str | float | int | bool | None]]


class InsurancePool(msgspec.Struct, frozen=True):
    """An insurance fund in ``coin`` shared by ``symbols``; ``value`` in USD."""

    coin: str
    symbols: tuple[str, ...]
    balance: float
    value: float
    time_ms: int


def parse_time(result: Any) -> int:
    """Venue time in ms."""
    return _convert(result, wire.TimeResult, "the time").time_nano // 1_000_000


def next_cursor(result: Any) -> str:
    """The text that asks for the next page, to be sent back as it is; empty on the last page."""
    return _list(result, None).next_page_cursor or ""


def row_count(result: Any) -> int:
    """How many rows a list holds; raises ParseError for what is no list."""
    return len(_list(result, None).rows)


def parse_instruments(result: Any, kind: MarketKind) -> tuple[list[Instrument], int]:
    """Instruments of one page, and how many rows were left out."""
    rows, refused = _each(_list(result, kind.value).rows, wire.InstrumentRow, "instruments")
    instruments: list[Instrument] = []
    for row in rows:
        if row.options_type is not None:
            raise ParseError(f"{row.symbol} is an option; they are not analysed", kind="unsupported_kind")
        tick_size = _step(row.price_filter.tick_size)
        lot_step = _step(row.lot_size_filter.qty_step or row.lot_size_filter.base_precision)
        if tick_size is None or lot_step is None or not row.symbol:
            refused += 1
            continue
        instruments.append(
            Instrument(
                InstrumentId(Venue.BYBIT, kind, row.symbol),
                row.base_coin,
                row.quote_coin,
                row.settle_coin or (row.base_coin if kind is MarketKind.INVERSE else row.quote_coin),
                row.status,
                row.contract_type or "",
                tick_size,
                lot_step,
                row.funding_interval,
                _moment_ms(row.launch_time),
                _moment_ms(row.delivery_time),
            )
        )
    if rows and not instruments:
        raise ParseError("Bybit's instruments have no tick sizes", kind="bad_value")
    return instruments, refused


def parse_candles(result: Any, query: CandleQuery, venue_ms: int) -> CandlePage:
    """Candles of the venue's own kline; an empty list is a page without rows."""
    rows, refused = _each(_series(result, query), wire.CandleRow, "candles")
    good = [row for row in rows if row[3] <= row[1] <= row[2] and row[3] <= row[4] <= row[2]]
    return _page(query, good, venue_ms, refused + len(rows) - len(good))


def parse_price_candles(result: Any, query: CandleQuery, venue_ms: int) -> CandlePage:
    """Candles of a mark price, an index or a premium: no volume, and a premium may be negative.

    High and low are taken as they come: in Bybit's own sample of a premium they do not enclose the open.
    """
    rows, refused = _each(_series(result, query), wire.PriceRow, "candles")
    return _page(query, rows, venue_ms, refused)


def _series(result: Any, query: CandleQuery) -> list[Any]:
    found = _list(result, query.instrument_id.market_kind.value)
    _check_symbol(found, query.instrument_id)
    return found.rows


def _page(
    query: CandleQuery, rows: Sequence[wire.CandleRow] | Sequence[wire.PriceRow], venue_ms: int, refused: int
) -> CandlePage:
    if refused and not rows:
        raise ParseError("Bybit's candles have no usable values", kind="bad_value")
    by_open = {row[0]: row for row in reversed(rows)}
    columns: list[list[Any]] = [list(column) for column in zip(*sorted(by_open.values()), strict=True)]
    columns += [[] for _ in range(7 - len(columns))]
    open_ms, opens, highs, lows, closes, volumes, turnovers = columns
    newest_is_forming = bool(open_ms) and query.timeframe.close_ms(open_ms[-1]) > venue_ms
    return CandlePage(
        query.instrument_id,
        query.timeframe,
        open_ms,
        opens,
        highs,
        lows,
        closes,
        volumes,
        turnovers,
        venue_ms,
        newest_is_forming,
        refused,
    )


def parse_tickers(result: Any, kind: MarketKind, venue_ms: int, recv_ns: int) -> tuple[list[Ticker], int]:
    """Whole tickers, and how many rows were left out."""
    rows = _convert(_list(result, kind.value).rows, _TICKER_ROWS, "tickers")
    tickers: list[Ticker] = []
    for row in rows:
        symbol = row.get("symbol")
        try:
            fields = ticker_fields(row)
        except ParseError:
            continue
        if fields.get("next_funding_ms") == 0:  # dated futures pay no funding
            fields["next_funding_ms"] = None
        if isinstance(symbol, str) and symbol:
            tickers.append(Ticker(InstrumentId(Venue.BYBIT, kind, symbol), True, fields, venue_ms, recv_ns))
    if not tickers:
        raise ParseError("Bybit sent no tickers", kind="bad_value" if rows else "empty")
    return tickers, len(rows) - len(tickers)


def parse_order_book(result: Any, instrument_id: InstrumentId, depth: int, recv_ns: int) -> BookSnapshot:
    """A whole book. Its ``update_id`` counts as that of the 1000-level stream, of no other."""
    book = _convert(result, wire.BookResult, "the order book")
    return _snapshot(book, book.b, book.a, (instrument_id, depth, recv_ns))


def parse_rpi_book(result: Any, instrument_id: InstrumentId, recv_ns: int) -> BookSnapshot:
    """The 50-level book with retail price improvement orders; sizes without them."""
    book = _convert(result, wire.RpiBookResult, "the order book")
    bids = [(price, size) for price, size, _ in book.b]
    asks = [(price, size) for price, size, _ in book.a]
    return _snapshot(book, bids, asks, (instrument_id, RPI_DEPTH, recv_ns))


def _snapshot(
    book: wire.BookResult | wire.RpiBookResult,
    bids: list[tuple[float, float]],
    asks: list[tuple[float, float]],
    asked: tuple[InstrumentId, int, int],
) -> BookSnapshot:
    instrument_id, depth, recv_ns = asked
    if book.s != instrument_id.symbol:
        raise _other_question(str(instrument_id), book.s)
    if not bids and not asks:
        raise ParseError(f"Bybit's order book of {book.s} is empty", kind="empty")
    if bids and asks and max(bids)[0] >= min(asks)[0]:
        raise ParseError(f"Bybit's order book of {book.s} is crossed", kind="bad_value")
    return BookSnapshot(instrument_id, depth, bids, asks, book.u, book.seq, book.ts, book.cts, recv_ns)


def parse_trades(result: Any, kind: MarketKind, venue_ms: int, recv_ns: int) -> list[Trade]:
    """Trades by (time, sequence, id); the order in which they come is not documented."""
    rows, _ = _each(_list(result, kind.value).rows, wire.TradeRow, "trades")
    rows.sort(key=lambda row: (row.time, row.seq or 0, row.exec_id))
    ids: dict[str, InstrumentId] = {}
    trades: list[Trade] = []
    for row in rows:
        aggressor = _BUY_SELL.get(row.side)
        if aggressor is None:
            raise ParseError(f"{row.symbol}: {row.side!r} is no side", kind="bad_value")
        instrument_id = ids.get(row.symbol) or ids.setdefault(row.symbol, InstrumentId(Venue.BYBIT, kind, row.symbol))
        trades.append(
            Trade(
                instrument_id,
                row.exec_id,
                row.price,
                row.size,
                aggressor,
                row.time,
                row.seq,
                row.is_block_trade,
                venue_ms,
                recv_ns,
                row.is_rpi_trade,
            )
        )
    return trades


def parse_funding(result: Any, kind: MarketKind) -> list[FundingRate]:
    """Settled funding rates, oldest first."""
    rows, _ = _each(_list(result, kind.value).rows, wire.FundingRow, "funding rates")
    rates = [
        FundingRate(InstrumentId(Venue.BYBIT, kind, row.symbol), row.funding_rate, row.funding_rate_timestamp)
        for row in rows
    ]
    return sorted(rates, key=lambda rate: rate.time_ms)


def parse_open_interest(result: Any, instrument_id: InstrumentId) -> list[OpenInterest]:
    """Open interest as Bybit counts it (both sides), oldest first."""
    found = _list(result, instrument_id.market_kind.value)
    _check_symbol(found, instrument_id)
    rows, _ = _each(found.rows, wire.OpenInterestRow, "open interest")
    values = [OpenInterest(instrument_id, row.open_interest, row.timestamp) for row in rows]
    return sorted(values, key=lambda value: value.time_ms)


def parse_long_short(result: Any, kind: MarketKind) -> list[LongShortRatio]:
    """Shares of accounts that are net long and short, oldest first."""
    rows, _ = _each(_list(result, kind.value).rows, wire.RatioRow, "long/short ratios")
    ratios = [
        LongShortRatio(InstrumentId(Venue.BYBIT, kind, row.symbol), row.buy_ratio, row.sell_ratio, row.timestamp)
        for row in rows
    ]
    return sorted(ratios, key=lambda ratio: ratio.time_ms)


def parse_maintenance(result: Any) -> list[Maintenance]:
    """Ongoing and scheduled maintenance, the earliest first; what is over is left out."""
    rows, _ = _each(_list(result, None).rows, wire.StatusRow, "announcements")
    found = [
        Maintenance(row.title, row.state == "ongoing", _moment_ms(row.begin) or 0, _moment_ms(row.end))
        for row in rows
        if row.state in ("ongoing", "scheduled")
    ]
    return sorted(found, key=lambda each: each.begin_ms)


def parse_insurance(result: Any) -> list[InsurancePool]:
    """Insurance funds."""
    found = _list(result, None)
    rows, _ = _each(found.rows, wire.InsuranceRow, "insurance funds")
    time_ms = _moment_ms(found.updated_time)
    if time_ms is None:
        raise ParseError("Bybit's insurance funds have no time", kind="malformed")
    return [InsurancePool(row.coin, tuple(row.symbols.split(",")), row.balance, row.value, time_ms) for row in rows]


def _list(result: Any, category: str | None) -> wire.ListResult:
    """A result with rows; raises ParseError for one without any list, or to another question."""
    try:
        found = msgspec.convert(result, wire.ListResult)
    except msgspec.ValidationError as error:
        raise ParseError("Bybit's answer holds no data; nothing was changed.", kind="empty") from error
    if category is not None and found.category and found.category != category:
        if found.category in ("option", "spread"):
            raise ParseError(f"{found.category}s are not analysed", kind="unsupported_kind")
        raise _other_question(category, found.category)
    return found


def _check_symbol(found: wire.ListResult, instrument_id: InstrumentId) -> None:
    if found.symbol is not None and found.symbol != instrument_id.symbol:
        raise _other_question(str(instrument_id), found.symbol)


def _other_question(asked: str, answered: object) -> ParseError:
    return ParseError(f"Bybit was asked for {asked} and answered about {answered}; it is not used", kind="malformed")


def _convert(value: Any, wanted: type[T], what: str) -> T:
    try:
        return msgspec.convert(value, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise ParseError(f"Bybit's answer for {what} cannot be read: {error}", kind="malformed") from error


def _each(rows: list[Any], row_type: Any, what: str) -> tuple[list[Any], int]:
    """Good rows and the number of bad ones; raises ParseError when all are bad."""
    try:
        return msgspec.convert(rows, list[row_type], strict=False), 0
    except msgspec.ValidationError as error:
        fault = error
    good: list[Any] = []
    for row in rows:
        try:
            good.append(msgspec.convert(row, row_type, strict=False))
        except msgspec.ValidationError:
            continue
    if not good:
        raise ParseError(f"Bybit's {what} cannot be read: {fault}", kind="bad_value") from fault
    return good, len(rows) - len(good)


def _step(text: str | None) -> Decimal | None:
    """A grid step, None for what is none."""
    try:
        step = Decimal(text or "")
    except InvalidOperation:
        return None
    return step if step.is_finite() and step > 0 else None


def _moment_ms(text: str | None) -> int | None:
    """A time in ms, None for none (``""``, ``"0"``)."""
    return (int(text) or None) if text is not None and text.isdecimal() else None
