"""Bybit v5 public stream frames as msgspec decodes them.

Source: Bybit API documentation, v5, WebSocket public (orderbook, trade, ticker, kline,
all-liquidation). Prices and sizes are JSON strings, times integers; key order varies and unknown
keys appear without notice, so both are ignored.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta, Struct

Price = Annotated[float, Meta(gt=0.0, lt=1e15)]
Size = Annotated[float, Meta(ge=0.0, lt=1e18)]
WireLevel = tuple[Annotated[float, Meta(gt=0.0)], Annotated[float, Meta(ge=0.0)]]
"""Upper bounds would cost a tenth of the decode; the book refuses an infinite price or size."""
RpiLevel = tuple[Price, Size, Size]
Scalar = str | float | int | bool | None


class BookData(Struct, gc=False):
    s: str
    b: list[WireLevel]
    a: list[WireLevel]
    u: int
    seq: int


class BookFrame(Struct, gc=False):
    """``{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s","b","a","u","seq"},"cts":1}``."""

    topic: str
    type: str
    ts: int
    data: BookData
    cts: int | None = None


class ShortBookFrame(Struct, gc=False):
    """A `BookFrame` whose depth is known from its first bytes."""

    type: str
    ts: int
    data: BookData
    cts: int | None = None


class RpiData(Struct, gc=False):
    s: str
    b: list[RpiLevel]
    a: list[RpiLevel]
    u: int
    seq: int


class RpiFrame(Struct, gc=False):
    """``orderbook.rpi.SYMBOL``: levels are [price, size without RPI orders, RPI size]."""

    topic: str
    type: str
    ts: int
    data: RpiData
    cts: int | None = None


class TradeData(Struct, gc=False):
    T: int
    s: str
    S: str
    v: Size
    p: Price
    i: str
    BT: bool = False
    seq: int | None = None
    RPI: bool = False


class TradeFrame(Struct, gc=False):
    """``{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[{"T","s","S","v","p","i",...}]}``."""

    topic: str
    ts: int
    data: list[TradeData]


Positive = Annotated[float, Meta(ge=0.0, lt=1e18)] | None
Signed = Annotated[float, Meta(gt=-1e18, lt=1e18)] | None


class TickerData(TypedDict, total=False):
    """The values of a ticker that are used, in the order of `model.market.TICKER_FIELDS`."""

    lastPrice: Positive
    markPrice: Positive
    indexPrice: Positive
    bid1Price: Positive
    bid1Size: Positive
    ask1Price: Positive
    ask1Size: Positive
    prevPrice24h: Positive
    prevPrice1h: Positive
    price24hPcnt: Signed
    highPrice24h: Positive
    lowPrice24h: Positive
    volume24h: Positive
    turnover24h: Positive
    openInterest: Positive
    openInterestValue: Positive
    singleOpenInterest: Positive
    fundingRate: Signed
    fundingIntervalHour: Positive
    nextFundingTime: Positive
    usdIndexPrice: Positive


class SymbolTickerData(TickerData, total=False):
    symbol: str


class TickerFrame(Struct, gc=False):
    """``{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":...,"bid1Price":"1"},"cs":1,"ts":1}``."""

    topic: str
    type: str
    ts: int
    data: SymbolTickerData


class TickerTextFrame(Struct, gc=False):
    """A ticker frame with its values as they came; ``""`` stands for "none now"."""

    topic: str
    type: str
    ts: int
    data: dict[str, Scalar]


class KlineData(Struct, gc=False):
    start: int
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Size
    turnover: Size
    confirm: bool
    timestamp: int


class KlineFrame(Struct, gc=False):
    """``{"topic":"kline.5.BTCUSDT","data":[{"start":1,"interval":"5","open":"1",...,"confirm":false}],"ts":1}``."""

    topic: str
    ts: int
    data: list[KlineData]


class LiquidationData(Struct, gc=False):
    T: int
    s: str
    S: str
    v: Size
    p: Price


class LiquidationFrame(Struct, gc=False):
    """``allLiquidation.SYMBOL``: ``S`` is the side of the position, ``p`` its bankruptcy price."""

    topic: str
    ts: int
    data: list[LiquidationData]


class SingleLiquidationData(Struct, gc=False):
    updatedTime: int
    symbol: str
    side: str
    size: Size
    price: Price


class SingleLiquidationFrame(Struct, gc=False):
    """``liquidation.SYMBOL``, withdrawn by Bybit in February 2025; still in recordings."""

    topic: str
    ts: int
    data: SingleLiquidationData


class Envelope(Struct, gc=False):
    """What tells a data frame from a reply. ``success`` is absent in some pongs."""

    topic: str | None = None
    op: str | None = None
    success: bool | None = None
    ret_msg: str | None = None
    req_id: str | None = None
    type: str | None = None
