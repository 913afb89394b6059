"""Bybit v5 texts and frames: numbers, levels, trades, candles and WebSocket framing.

Contracts are written with all decimals of their tick (``69025.20``), spot without trailing zeros
(``83805``); klines never have trailing zeros. Key order follows the venue's captures.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.market import SimCandle, SimLiquidation, SimTrade

INTERVALS: dict[str, Timeframe] = {
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
"""The venue's names of the thirteen candle lengths."""

_MOST_TEXTS_KEPT = 6_000
_SPOT_TRADE_BASE = 2_290_000_000_000_000_000
_encoder = msgspec.json.Encoder()

Levels = Sequence[tuple[int, int]]
"""(price ticks, lots), as `SimBook` holds them."""


def encode(message: object) -> bytes:
    """Compact JSON, keys in the order of insertion."""
    return _encoder.encode(message)


def decimal_text(units: int, step: int, digits: int) -> str:
    """Exact decimal of ``units * step / 10**digits`` with all its digits: (5, 5, 1) -> ``2.5``."""
    scaled = units * step
    if not digits:
        return str(scaled)
    text = str(abs(scaled)).rjust(digits + 1, "0")
    return f"{'-' if scaled < 0 else ''}{text[:-digits]}.{text[-digits:]}"


def trimmed(text: str) -> str:
    """Decimal text without trailing zeros after the point."""
    return text.rstrip("0").rstrip(".") if "." in text else text


class Texts:
    """An instrument's prices and sizes as the venue writes them, from ticks and lots."""

    def __init__(self, instrument: Instrument) -> None:
        self.symbol = instrument.symbol
        self.is_spot = instrument.id.market_kind is MarketKind.SPOT
        self._uuid_head = _uuid_head(str(instrument.id).encode())
        self.price_digits, self._price_step = _grid(instrument.tick_size)
        self._size_digits, self._size_step = _grid(instrument.lot_step)
        self._prices: dict[int, str] = {}
        self._sizes: dict[int, str] = {}

    def price(self, ticks: int) -> str:
        text = self._prices.get(ticks)
        if text is None:
            if len(self._prices) >= _MOST_TEXTS_KEPT:
                self._prices.clear()
            text = decimal_text(ticks, self._price_step, self.price_digits)
            self._prices[ticks] = text = trimmed(text) if self.is_spot else text
        return text

    def size(self, lots: int) -> str:
        text = self._sizes.get(lots)
        if text is None:
            if len(self._sizes) >= _MOST_TEXTS_KEPT:
                self._sizes.clear()
            text = decimal_text(lots, self._size_step, self._size_digits)
            self._sizes[lots] = text = trimmed(text) if self.is_spot else text
        return text

    def trade_id(self, number: int) -> str:
        """The venue's text of a trade's id: a UUID for contracts, digits for spot."""
        if self.is_spot:
            return str(_SPOT_TRADE_BASE + number)
        low = f"{number & 0xFFFF_FFFF_FFFF_FFFF:016x}"
        return f"{self._uuid_head}-{low[:4]}-{low[4:]}"

    def levels(self, levels: Levels) -> list[tuple[str, str]]:
        """Levels as the venue's text pairs; lots 0 (a deletion) is ``"0"``."""
        price, size = self.price, self.size
        return [(price(ticks), size(lots) if lots else "0") for ticks, lots in levels]


def _uuid_head(name: bytes) -> str:
    return f"{zlib.crc32(name):08x}-{zlib.adler32(name) & 0xFFFF:04x}-5{len(name):03x}"


def _grid(step: Decimal) -> tuple[int, int]:
    """(digits after the point, step in units of the last digit); the venue's own zeros count: 0.10 -> (2, 10)."""
    exponent = step.as_tuple().exponent
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    return digits, int(step.scaleb(digits))


# --- sequence ----------------------------------------------------------------------------------------------------


def trade_sequence(time_ms: int) -> int:
    """Cross sequence of the trades of one ms: comparable with `book_sequence`, grows with time."""
    return 2 * time_ms


def book_sequence(match_ms: int) -> int:
    """Cross sequence of a book as of ``match_ms``: after the trades of that ms, before the next ms."""
    return 2 * match_ms + 1


# --- frames ------------------------------------------------------------------------------------------------------


def changes(old: Levels, new: Levels, *, descending: bool) -> list[tuple[int, int]]:
    """Levels that turn one side ``old`` into ``new``, best first; lots 0 deletes."""
    before = dict(old)
    result = [level for level in new if before.pop(level[0], None) != level[1]]
    if before:
        result += [(ticks, 0) for ticks in before]
        result.sort(reverse=descending)
    return result


def trade_item(texts: Texts, trade: SimTrade, direction: str) -> dict[str, Any]:
    """One trade of a ``publicTrade`` frame; ``direction`` (contracts only) is the tick direction."""
    price, size = texts.price(trade.price_ticks), texts.size(trade.size_lots)
    side = "Buy" if trade.is_buy else "Sell"
    if texts.is_spot:
        return {
            "i": texts.trade_id(trade.number),
            "T": trade.time_ms,
            "p": price,
            "v": size,
            "S": side,
            "seq": trade_sequence(trade.time_ms),
            "s": texts.symbol,
            "BT": False,
            "RPI": False,
        }
    return {
        "T": trade.time_ms,
        "s": texts.symbol,
        "S": side,
        "v": size,
        "p": price,
        "L": direction,
        "i": texts.trade_id(trade.number),
        "BT": False,
        "RPI": False,
        "seq": trade_sequence(trade.time_ms),
    }


def trade_row(texts: Texts, trade: SimTrade) -> dict[str, Any]:
    """One trade of the REST list."""
    return {
        "execId": texts.trade_id(trade.number),
        "symbol": texts.symbol,
        "price": texts.price(trade.price_ticks),
        "size": texts.size(trade.size_lots),
        "side": "Buy" if trade.is_buy else "Sell",
        "time": str(trade.time_ms),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(trade_sequence(trade.time_ms)),
    }


def liquidation_item(texts: Texts, liquidation: SimLiquidation) -> dict[str, Any]:
    """One liquidation of an ``allLiquidation`` frame; ``S`` is the side of the position."""
    return {
        "T": liquidation.time_ms,
        "s": texts.symbol,
        "S": "Buy" if liquidation.is_long else "Sell",
        "v": texts.size(liquidation.size_lots),
        "p": texts.price(liquidation.price_ticks),
    }


def kline_row(texts: Texts, candle: SimCandle) -> tuple[str, ...]:
    """One candle of the REST list: start, open, high, low, close, volume, turnover."""
    prices = (trimmed(texts.price(ticks)) for ticks in candle[1:5])
    return (str(candle.open_ms), *prices, candle.volume, candle.turnover)


def kline_item(texts: Texts, interval: str, candle: SimCandle, closed: bool, now_ms: int) -> dict[str, Any]:
    """One candle of a ``kline`` frame; start, end and timestamp are integers."""
    price = texts.price
    return {
        "start": candle.open_ms,
        "end": INTERVALS[interval].close_ms(candle.open_ms) - 1,
        "interval": interval,
        "open": trimmed(price(candle.open_ticks)),
        "close": trimmed(price(candle.close_ticks)),
        "high": trimmed(price(candle.high_ticks)),
        "low": trimmed(price(candle.low_ticks)),
        "volume": candle.volume,
        "turnover": candle.turnover,
        "confirm": closed,
        "timestamp": now_ms,
    }


def text_frame(payload: bytes) -> bytes:
    """An unmasked WebSocket text frame (RFC 6455, 5.2), the same bytes for every client."""
    return _framed(0x81, payload)


def close_frame(code: int, reason: str) -> bytes:
    """A WebSocket close frame with a status code."""
    return _framed(0x88, code.to_bytes(2, "big") + reason.encode())


def _framed(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload
