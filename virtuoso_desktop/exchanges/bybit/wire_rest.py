"""Rows of Bybit v5 REST answers as msgspec converts them from parsed JSON.

Source: Bybit API documentation, v5, market. Prices, sizes and times are JSON strings; ``""`` and
absent keys are normal, unknown keys appear without notice and are ignored.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from virtuoso_desktop.exchanges.bybit.wire import Price, RpiLevel, Size, WireLevel

Number = Annotated[float, Meta(gt=-1e15, lt=1e15)]
Ratio = Annotated[float, Meta(ge=0.0, le=1.0)]
Ms = Annotated[int, Meta(ge=0)]

CandleRow = tuple[Ms, Price, Price, Price, Price, Size, Size]
"""start, open, high, low, close, volume, turnover."""
PriceRow = tuple[Ms, Number, Number, Number, Number]
"""start, open, high, low, close of a mark price, an index or a premium (which may be negative)."""


class ListResult(Struct, rename="camel"):
    """What most results are: rows, and what was asked. ``next_page_cursor`` asks for the next page as it is."""

    rows: list[Any] = field(name="list")
    category: str | None = None
    symbol: str | None = None
    next_page_cursor: str | None = None
    updated_time: str | None = None


class PriceFilter(Struct, rename="camel"):
    """``{"tickSize":"0.10"}``."""

    tick_size: str


class LotFilter(Struct, rename="camel"):
    """``qtyStep`` of contracts, ``basePrecision`` of spot."""

    qty_step: str | None = None
    base_precision: str | None = None


class InstrumentRow(Struct, rename="camel"):
    """One element of instruments-info; ``options_type`` is there for options only."""

    symbol: str
    status: str
    base_coin: str
    quote_coin: str
    price_filter: PriceFilter
    lot_size_filter: LotFilter
    settle_coin: str | None = None
    contract_type: str | None = None
    launch_time: str | None = None
    delivery_time: str | None = None
    funding_interval: int | None = None
    options_type: str | None = None


class BookResult(Struct):
    """``{"s":"BTCUSDT","a":[["65557.7","16.6"]],"b":[...],"ts":1,"u":1,"seq":1,"cts":1}``."""

    s: str
    b: list[WireLevel]
    a: list[WireLevel]
    ts: Ms
    u: int
    seq: int
    cts: int | None = None


class RpiBookResult(Struct):
    """Levels are [price, size without RPI orders, RPI size]."""

    s: str
    b: list[RpiLevel]
    a: list[RpiLevel]
    ts: Ms
    u: int
    seq: int
    cts: int | None = None


class TradeRow(Struct, rename="camel"):
    """One element of recent-trade; ``side`` is the taker's."""

    exec_id: str
    symbol: str
    price: Price
    size: Annotated[float, Meta(gt=0.0, lt=1e18)]
    side: str
    time: Ms
    is_block_trade: bool = False
    seq: int | None = None
    is_rpi_trade: bool = field(default=False, name="isRPITrade")


class FundingRow(Struct, rename="camel"):
    """One element of funding/history."""

    symbol: str
    funding_rate: Number
    funding_rate_timestamp: Ms


class OpenInterestRow(Struct, rename="camel"):
    """One element of open-interest: both sides counted, base coin (linear) or USD (inverse)."""

    open_interest: Size
    timestamp: Ms


class RatioRow(Struct, rename="camel"):
    """One element of account-ratio: shares of accounts."""

    symbol: str
    buy_ratio: Ratio
    sell_ratio: Ratio
    timestamp: Ms


class InsuranceRow(Struct, rename="camel"):
    """One element of insurance: a pool in ``coin`` that several symbols share (``"A,B,C"``)."""

    coin: str
    symbols: str
    balance: Number
    value: Number


class StatusRow(Struct):
    """One element of system/status; ``state`` is scheduled, ongoing, completed or canceled."""

    title: str
    state: str
    begin: str | None = None
    end: str | None = None


class TimeResult(Struct, rename="camel"):
    """``{"timeSecond":"1688639403","timeNano":"1688639403423213947"}``."""

    time_nano: Ms
