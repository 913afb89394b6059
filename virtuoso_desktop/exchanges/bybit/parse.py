"""Bybit v5 stream frames to market events. Pure: bytes in, events or `ParseError` out.

Source: Bybit API documentation, v5, WebSocket public.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import msgspec
from msgspec.json import Decoder

from virtuoso_desktop.exchanges.bybit import wire
from virtuoso_desktop.exchanges.bybit.ticker import NAME_BY_KEY, ticker_fields
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import (
    FULL_DEPTH,
    RPI_DEPTH,
    Aggressor,
    BookDelta,
    BookSnapshot,
    Candle,
    Liquidation,
    MarketEvent,
    PositionSide,
    Ticker,
    Trade,
)
from virtuoso_desktop.model.timeframe import Timeframe

TIMEFRAME_BY_INTERVAL: dict[str, Timeframe] = {
    "1": Timeframe.M1,
    "3": Timeframe.M3,
    "5": Timeframe.M5,
    "15": Timeframe.M15,
    "30": Timeframe.M30,
    "60": Timeframe.H1,
    "120": Timeframe.H2,
    "240": Timeframe.H4,
    "360": Timeframe.H6,
    "720": Timeframe.H12,
    "D": Timeframe.D1,
    "W": Timeframe.W1,
    "M": Timeframe.MO1,
}
INTERVAL_BY_TIMEFRAME: dict[Timeframe, str] = {value: key for key, value in TIMEFRAME_BY_INTERVAL.items()}

OPTION_SYMBOL = re.compile(r"-[CP](-[A-Z]+)?$")
OLD_TOPICS = ("orderBookL2", "orderBook_200", "instrument_info", "klineV2", "candle.")
SHARED_TOPICS = ("liquidation.", "trade.")
"""Topic names that v5 once used and the formats before it used too."""
ORDERBOOK_50 = b'{"topic":"orderbook.50.'
ORDERBOOK_1000 = b'{"topic":"orderbook.1000.'
TICKERS = b'{"topic":"tickers.'
PUBLIC_TRADE = b'{"topic":"publicTrade.'
KLINE = b'{"topic":"kline.'
"""First bytes of the frames of the usual topics, which are parsed without a look at the envelope."""


class StreamReply(msgspec.Struct, frozen=True):
    """The venue's answer to a subscribe or unsubscribe."""

    op: str
    success: bool
    message: str
    request_id: str


class Pong(msgspec.Struct, frozen=True):
    """The venue's answer to a ping, in any of its four shapes."""


StreamItem = MarketEvent | StreamReply | Pong

_BUY, _SELL = Aggressor.BUY, Aggressor.SELL
_POSITION: dict[str, PositionSide] = {"Buy": PositionSide.LONG, "Sell": PositionSide.SHORT}
_PONG = (Pong(),)


class BybitParser:
    """Parses the frames of one connection (a connection carries one market kind).

    Parameters
    ----------
    market_kind : MarketKind
        Spot, linear or inverse; the frames do not say it, the connection's path does.
    """

    def __init__(self, market_kind: MarketKind) -> None:
        self._kind = market_kind
        self._ids: dict[str, InstrumentId] = {}
        self._depths: dict[str, int] = {}
        self._klines: dict[str, tuple[InstrumentId, Timeframe]] = {}
        self._book = Decoder(wire.BookFrame, strict=False)
        self._rpi = Decoder(wire.RpiFrame, strict=False)
        self._trade = Decoder(wire.TradeFrame, strict=False)
        self._short_book = Decoder(wire.ShortBookFrame, strict=False)
        self._ticker = Decoder(wire.TickerFrame, strict=False)
        self._ticker_text = Decoder(wire.TickerTextFrame)
        self._kline_frame = Decoder(wire.KlineFrame, strict=False)
        self._liquidation = Decoder(wire.LiquidationFrame, strict=False)
        self._single_liquidation = Decoder(wire.SingleLiquidationFrame, strict=False)
        self._envelope = Decoder(wire.Envelope)
        self._by_topic: tuple[tuple[str, Callable[[bytes, int], Sequence[StreamItem]]], ...] = (
            ("orderbook.rpi.", self._parse_rpi),
            ("orderbook.", self._parse_book),
            ("tickers.", self._parse_ticker),
            ("publicTrade.", self._parse_trades),
            ("kline.", self._parse_candles),
            ("allLiquidation.", self._parse_liquidations),
            ("liquidation.", self._parse_single_liquidation),
            ("trade.", self._parse_trades),
        )

    def know(self, instrument_id: InstrumentId) -> None:
        """Name an instrument's events with this very object: the store finds what is identical twice as fast."""
        self._ids[instrument_id.symbol] = instrument_id

    def parse(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        """Events of one frame, in the venue's order.

        Parameters
        ----------
        frame : bytes
            One whole text frame.
        recv_ns : int
            Local UTC ns of the socket read.

        Raises
        ------
        ParseError
            The frame is malformed, of an old format, or of a topic or kind that is not handled.
        """
        try:
            depth = 50 if frame.startswith(ORDERBOOK_50) else 1000 if frame.startswith(ORDERBOOK_1000) else 0
            if depth:
                message = self._short_book.decode(frame)
                data = message.data
                update_id = data.u
                if message.type == "delta" and update_id != 1:
                    return (
                        BookDelta(
                            self._ids.get(data.s) or self._instrument_id(data.s),
                            depth,
                            data.b,
                            data.a,
                            update_id - 1,
                            update_id,
                            data.seq,
                            message.ts,
                            message.cts,
                            recv_ns,
                        ),
                    )
            elif frame.startswith(TICKERS):
                return self._parse_ticker(frame, recv_ns)
            elif frame.startswith(PUBLIC_TRADE):
                return self._parse_trades(frame, recv_ns)
            elif frame.startswith(KLINE):
                return self._parse_candles(frame, recv_ns)
            return self._parse_any(frame, recv_ns)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ParseError(f"Bybit sent a frame that cannot be read: {error}", kind="malformed") from error

    def _parse_any(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        envelope = self._envelope.decode(frame)
        topic = envelope.topic
        if topic is None:
            return self._parse_reply(envelope)
        if not _is_analysed(topic.rpartition(".")[2]):
            raise ParseError(f"{topic} is an option or a spread; they are not analysed", kind="unsupported_kind")
        for prefix, parse in self._by_topic:
            if topic.startswith(prefix):
                try:
                    return parse(frame, recv_ns)
                except msgspec.ValidationError as error:
                    if prefix in SHARED_TOPICS:
                        raise ParseError(f"{topic} has the format before v5: {error}", kind="old_format") from error
                    raise
        if topic.startswith(OLD_TOPICS):
            raise ParseError(f"{topic} has the format before v5", kind="old_format")
        raise ParseError(f"the topic {topic} is not handled", kind="unsupported_topic")

    def _parse_reply(self, envelope: wire.Envelope) -> Sequence[StreamItem]:
        if envelope.ret_msg == "pong" or envelope.op == "pong":
            return _PONG
        if envelope.op is None and envelope.success is None:
            raise ParseError("Bybit sent a frame that is neither data nor a reply", kind="malformed")
        return (
            StreamReply(
                envelope.op or envelope.type or "",
                envelope.success is not False,
                envelope.ret_msg or "",
                envelope.req_id or "",
            ),
        )

    def _instrument_id(self, symbol: str) -> InstrumentId:
        known = self._ids.get(symbol)
        if known is None:
            if not symbol or not _is_analysed(symbol):
                raise ParseError(f"{symbol!r} is not an instrument that is analysed", kind="unsupported_kind")
            known = self._ids[symbol] = InstrumentId(Venue.BYBIT, self._kind, symbol)
        return known

    def _kline(self, topic: str) -> tuple[InstrumentId, Timeframe]:
        """Instrument and timeframe of a kline topic, met for the first time."""
        _, interval, symbol = (*topic.split(".", 2), "", "")[:3]
        timeframe = TIMEFRAME_BY_INTERVAL.get(interval)
        if timeframe is None:
            raise ParseError(f"{topic}: {interval!r} is no interval", kind="bad_value")
        known = self._klines[topic] = self._instrument_id(symbol), timeframe
        return known

    def _depth(self, topic: str) -> int:
        known = self._depths.get(topic)
        if known is None:
            word = topic.split(".", 2)[1]
            if word == "full":
                known = FULL_DEPTH
            elif word.isdecimal():
                known = int(word)
            else:
                raise ParseError(f"the topic {topic} is not handled", kind="unsupported_topic")
            self._depths[topic] = known
        return known

    def _parse_book(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        message = self._book.decode(frame)
        data = message.data
        update_id = data.u
        instrument_id = self._ids.get(data.s) or self._instrument_id(data.s)
        depth = self._depths.get(message.topic) or self._depth(message.topic)
        if message.type == "delta" and update_id != 1:
            return (
                BookDelta(
                    instrument_id,
                    depth,
                    data.b,
                    data.a,
                    update_id - 1,
                    update_id,
                    data.seq,
                    message.ts,
                    message.cts,
                    recv_ns,
                ),
            )
        if message.type != "snapshot" and update_id != 1:
            _refuse_type(message.topic, message.type)
        return (
            BookSnapshot(instrument_id, depth, data.b, data.a, update_id, data.seq, message.ts, message.cts, recv_ns),
        )

    def _parse_rpi(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        message = self._rpi.decode(frame)
        data = message.data
        instrument_id = self._instrument_id(data.s)
        bids = [(price, size) for price, size, _ in data.b]
        asks = [(price, size) for price, size, _ in data.a]
        if message.type == "snapshot" or data.u == 1:
            return (
                BookSnapshot(instrument_id, RPI_DEPTH, bids, asks, data.u, data.seq, message.ts, message.cts, recv_ns),
            )
        if message.type != "delta":
            _refuse_type(message.topic, message.type)
        return (
            BookDelta(
                instrument_id, RPI_DEPTH, bids, asks, data.u - 1, data.u, data.seq, message.ts, message.cts, recv_ns
            ),
        )

    def _parse_ticker(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        try:
            message = self._ticker.decode(frame)
            values: Any = message.data
            symbol = values.pop("symbol", None)
            fields: dict[str, float | None] = {}
            for key in values:
                fields[NAME_BY_KEY[key]] = values[key]
        except msgspec.ValidationError:
            message = self._ticker_text.decode(frame)
            symbol = message.data.get("symbol")
            fields = ticker_fields(message.data)
        if not isinstance(symbol, str):
            raise ParseError(f"{message.topic}: the ticker names no symbol", kind="malformed")
        kind = message.type
        if kind != "delta" and kind != "snapshot":
            _refuse_type(message.topic, kind)
        instrument_id = self._ids.get(symbol) or self._instrument_id(symbol)
        return (Ticker(instrument_id, kind == "snapshot", fields, message.ts, recv_ns),)

    def _parse_trades(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        message = self._trade.decode(frame)
        rows = message.data
        if not rows:
            return ()
        symbol = rows[0].s
        instrument_id = self._ids.get(symbol) or self._instrument_id(symbol)
        event_ms = message.ts
        events: list[StreamItem] = []
        for row in rows:
            side = row.S
            if side != "Buy" and side != "Sell":
                raise ParseError(f"{message.topic}: {side!r} is no side", kind="bad_value")
            if not row.v:
                raise ParseError(f"{message.topic}: a trade of size 0", kind="bad_value")
            events.append(
                Trade(
                    instrument_id,
                    row.i,
                    row.p,
                    row.v,
                    _BUY if side == "Buy" else _SELL,
                    row.T,
                    row.seq,
                    row.BT,
                    event_ms,
                    recv_ns,
                    row.RPI,
                )
            )
        return events

    def _parse_candles(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        message = self._kline_frame.decode(frame)
        topic = message.topic
        instrument_id, timeframe = self._klines.get(topic) or self._kline(topic)
        events: list[StreamItem] = []
        for row in message.data:
            high, low, opened, close = row.high, row.low, row.open, row.close
            if not low <= opened <= high or not low <= close <= high:
                raise ParseError(f"{topic}: high and low do not enclose open and close", kind="bad_value")
            events.append(
                Candle(
                    instrument_id,
                    timeframe,
                    row.start,
                    opened,
                    high,
                    low,
                    close,
                    row.volume,
                    row.turnover,
                    row.confirm,
                    row.timestamp,
                    recv_ns,
                )
            )
        return events

    def _parse_liquidations(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        message = self._liquidation.decode(frame)
        return [
            Liquidation(self._instrument_id(row.s), _position_side(row.S), row.p, row.v, row.T, message.ts, recv_ns)
            for row in message.data
        ]

    def _parse_single_liquidation(self, frame: bytes, recv_ns: int) -> Sequence[StreamItem]:
        message = self._single_liquidation.decode(frame)
        row = message.data
        return (
            Liquidation(
                self._instrument_id(row.symbol),
                _position_side(row.side),
                row.price,
                row.size,
                row.updatedTime,
                message.ts,
                recv_ns,
            ),
        )


def _is_analysed(symbol: str) -> bool:
    """Whether a symbol is neither an option nor a spread."""
    return not (OPTION_SYMBOL.search(symbol) or "/" in symbol or "_" in symbol)


def _position_side(text: str) -> PositionSide:
    side = _POSITION.get(text)
    if side is None:
        raise ParseError(f"{text!r} is no position side", kind="bad_value")
    return side


def _refuse_type(topic: str, kind: str) -> NoReturn:
    raise ParseError(f"{topic}: frames of type {kind!r} are unknown", kind="malformed")
