"""The Bybit mix: frames of 30 linear symbols as the venue sends them, the same for every contender.

64 % are ``orderbook.50`` deltas of 8-12 levels, 20 % ticker deltas of 3-6 keys, 12 % ``publicTrade`` with 1-4
trades, 4 % klines. The books behind the deltas are deeper than the 50 levels sent, and their changes thin out with
the distance from the touch. So, as in recorded books, a deletion comes with the level that moves into the window,
best prices are lost in about one update of fifteen, and a quarter of the changes are deletions.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_left, insort
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

SEED = 1
START_MS = 1_771_012_545_000
DEPTH = 50
HELD = 120
"""Levels a side that the venue holds at least; more than it sends."""
MINUTE_MS = 60_000

BOOK, TICKER, TRADE, KLINE = "orderbook.50", "tickers", "publicTrade", "kline"
KINDS = (BOOK, TICKER, TRADE, KLINE)
WEIGHTS = (64, 20, 12, 4)

BASES = (
    ("BTC", "0.10", "0.001", 69_038.0), ("ETH", "0.01", "0.01", 2_041.5), ("SOL", "0.010", "0.1", 84.21),
    ("XRP", "0.0001", "0.1", 1.4119), ("DOGE", "0.00001", "1", 0.09632), ("BNB", "0.10", "0.01", 617.2),
    ("ADA", "0.0001", "1", 0.2714), ("LINK", "0.001", "0.1", 8.812), ("AVAX", "0.001", "0.1", 9.107),
    ("LTC", "0.01", "0.1", 55.36), ("BCH", "0.1", "0.01", 528.4), ("DOT", "0.0001", "0.1", 1.3621),
    ("SUI", "0.0001", "10", 0.9547), ("APT", "0.0001", "0.01", 0.9123), ("ARB", "0.0001", "0.1", 0.1164),
    ("OP", "0.0001", "0.1", 0.1893), ("NEAR", "0.0001", "0.1", 1.0326), ("ATOM", "0.001", "0.1", 2.064),
    ("FIL", "0.001", "0.1", 0.943), ("UNI", "0.001", "0.1", 3.448), ("AAVE", "0.01", "0.01", 117.55),
    ("INJ", "0.001", "0.1", 3.129), ("TIA", "0.0001", "0.1", 0.3381), ("SEI", "0.00001", "1", 0.07611),
    ("WLD", "0.0001", "0.1", 0.3936), ("ENA", "0.0001", "1", 0.1177), ("TRX", "0.00001", "1", 0.27803),
    ("HYPE", "0.001", "0.01", 31.424), ("XLM", "0.00001", "1", 0.16347), ("PEPE", "0.0000001", "100", 0.0003842),
)  # fmt: skip
"""Base coin, tick size, lot step and price of each symbol; the steps as the venue writes them."""


@dataclass(frozen=True)
class Symbol:
    """A symbol of the mix and its grids."""

    name: str
    tick_size: str
    lot_step: str
    price: float


@dataclass(frozen=True)
class Mix:
    """Frames of one seeded run.

    ``opening`` holds each symbol's book snapshot and whole ticker, ``frames`` the measured part;
    both as (kind, text frame) in order.
    """

    symbols: tuple[Symbol, ...]
    opening: list[tuple[str, bytes]]
    frames: list[tuple[str, bytes]]

    @property
    def all_frames(self) -> list[tuple[str, bytes]]:
        return self.opening + self.frames

    def counts(self) -> dict[str, int]:
        """Measured frames by kind."""
        return {kind: sum(1 for each, _ in self.frames if each == kind) for kind in KINDS}


def symbols(count: int = len(BASES)) -> tuple[Symbol, ...]:
    return tuple(Symbol(f"{base}USDT", tick, lot, price) for base, tick, lot, price in BASES[:count])


def bybit_mix(count: int, seed: int = SEED) -> Mix:
    """The opening frames and ``count`` frames of the mix."""
    rng = random.Random(seed)
    markets = [_Market(symbol, rng) for symbol in symbols()]
    opening = [frame for market in markets for frame in ((BOOK, market.snapshot()), (TICKER, market.whole_ticker()))]
    frames: list[tuple[str, bytes]] = []
    now_ms = START_MS
    for number in range(count):
        now_ms += rng.choice((0, 0, 1, 1, 1))
        market = rng.choice(markets)
        kind = rng.choices(KINDS, WEIGHTS)[0]
        market.sequence = 530_382_887_925 + number
        frames.append((kind, market.frame(kind, now_ms)))
    return Mix(tuple(market.symbol for market in markets), opening, frames)


class _Side:
    """One side of a book: sorted distances to the best price that could be, in ticks, and the sizes there.

    A bid at ``p`` ticks is kept at ``-p``, so that on both sides the smallest key is best.
    """

    def __init__(self, best_key: int, rng: random.Random) -> None:
        self._rng = rng
        self.keys: list[int] = []
        self.lots: dict[int, int] = {}
        key = best_key
        while len(self.keys) < HELD:
            self.put(key)
            key += rng.choice((1, 1, 1, 2, 2, 3, 5))

    def put(self, key: int) -> None:
        if key not in self.lots:
            insort(self.keys, key)
        self.lots[key] = self._size()

    def drop(self, key: int) -> None:
        del self.keys[bisect_left(self.keys, key)]
        del self.lots[key]
        if len(self.keys) < HELD:
            self.put(self.keys[-1] + self._rng.choice((1, 2, 3)))

    def window(self) -> dict[int, int]:
        return {key: self.lots[key] for key in self.keys[:DEPTH]}

    def near(self, reach: float = 16.0) -> int:
        """A level of the window; its weight falls by e every ``reach`` levels from the touch."""
        return self.keys[min(int(self._rng.expovariate(1 / reach)), DEPTH - 1)]

    def _size(self) -> int:
        return min(max(1, int(self._rng.lognormvariate(3.5, 2.0))), 5_000_000)


class _Market:
    """One symbol's book, and the frames that tell its changes."""

    def __init__(self, symbol: Symbol, rng: random.Random) -> None:
        self.symbol = symbol
        self._rng = rng
        self._tick = Decimal(symbol.tick_size)
        self._lot = Decimal(symbol.lot_step)
        self._middle = round(symbol.price / float(self._tick))
        self._bids = _Side(-self._middle, rng)
        self._asks = _Side(self._middle + 1, rng)
        self._update_id = 13_616_587
        self.sequence = 530_382_887_925

    # --- frames ------------------------------------------------------------------------------------------------

    def frame(self, kind: str, now_ms: int) -> bytes:
        make = {BOOK: self._delta, TICKER: self._ticker, TRADE: self._trades, KLINE: self._kline}
        return make[kind](now_ms)

    def snapshot(self) -> bytes:
        bids = [self._level(-key, lots) for key, lots in self._bids.window().items()]
        asks = [self._level(key, lots) for key, lots in self._asks.window().items()]
        return self._book("snapshot", bids, asks, START_MS)

    def whole_ticker(self) -> bytes:
        values = {key: make() for key, make in self._ticker_values().items()}
        return self._encode_ticker("snapshot", values, START_MS)

    def _delta(self, now_ms: int) -> bytes:
        before = self._bids.window(), self._asks.window()
        wanted = self._rng.randint(8, 11)  # a change tells at most two levels: 12 are never exceeded
        bids: list[list[str]] = []
        asks: list[list[str]] = []
        for _ in range(wanted // 2):
            self._change()
        while len(bids) + len(asks) < wanted:
            self._change()
            bids = self._told(before[0], self._bids.window(), -1)
            asks = self._told(before[1], self._asks.window(), 1)
        self._update_id += 1
        return self._book("delta", bids, asks, now_ms)

    def _ticker(self, now_ms: int) -> bytes:
        values = self._ticker_values()
        keys = self._rng.sample(sorted(values), self._rng.randint(3, 6))
        return self._encode_ticker("delta", {key: values[key]() for key in keys}, now_ms)

    def _trades(self, now_ms: int) -> bytes:
        is_buy = self._rng.random() < 0.5
        ticks = self._asks.keys[0] if is_buy else -self._bids.keys[0]
        rows = [
            {
                "T": now_ms - 3, "s": self.symbol.name, "S": "Buy" if is_buy else "Sell",
                "v": self._size_text(max(1, int(self._rng.lognormvariate(2.0, 1.8)))), "p": self._price_text(ticks),
                "L": self._rng.choice(("PlusTick", "ZeroPlusTick", "MinusTick", "ZeroMinusTick")),
                "i": self._trade_id(), "BT": False, "RPI": False, "seq": self.sequence,
            }
            for _ in range(self._rng.randint(1, 4))
        ]  # fmt: skip
        frame = {"topic": f"publicTrade.{self.symbol.name}", "type": "snapshot", "ts": now_ms, "data": rows}
        return _encode(frame)

    def _kline(self, now_ms: int) -> bytes:
        start_ms = now_ms - now_ms % MINUTE_MS
        close = -self._bids.keys[0]
        row = {
            "start": start_ms, "end": start_ms + MINUTE_MS - 1, "interval": "1",
            "open": self._price_text(self._middle), "close": self._price_text(close),
            "high": self._price_text(max(close, self._middle) + 7),
            "low": self._price_text(min(close, self._middle) - 9),
            "volume": self._size_text(self._rng.randint(1, 1_000_000)),
            "turnover": f"{self._rng.uniform(1e3, 1e6):.4f}", "confirm": False, "timestamp": now_ms,
        }  # fmt: skip
        return _encode({"topic": f"kline.1.{self.symbol.name}", "data": [row], "ts": now_ms, "type": "snapshot"})

    # --- the market --------------------------------------------------------------------------------------------

    def _change(self) -> None:
        side, other = (self._bids, self._asks) if self._rng.random() < 0.5 else (self._asks, self._bids)
        chance = self._rng.random()
        if chance < 0.56:
            side.put(side.near())
        elif chance < 0.78:
            side.drop(side.near(reach=22.0))
        else:
            key = side.near() + self._rng.choice((-1, 1, 1, 2))
            while key in side.lots:
                key += 1
            if -key < other.keys[0]:  # a better price only as long as it does not meet the other side
                side.put(key)

    @staticmethod
    def _differences(before: dict[int, int], after: dict[int, int]) -> dict[int, int]:
        changed = {key: 0 for key in before if key not in after}
        changed.update({key: lots for key, lots in after.items() if before.get(key) != lots})
        return dict(sorted(changed.items()))

    def _told(self, before: dict[int, int], after: dict[int, int], sign: int) -> list[list[str]]:
        return [self._level(sign * key, lots) for key, lots in self._differences(before, after).items()]

    # --- texts -------------------------------------------------------------------------------------------------

    def _price_text(self, ticks: int) -> str:
        text = f"{ticks * self._tick:f}"
        return text if len(self.symbol.tick_size) > 4 or "." not in text else f"{ticks * self._tick:.2f}"

    def _size_text(self, lots: int) -> str:
        return f"{lots * self._lot:f}"

    def _level(self, ticks: int, lots: int) -> list[str]:
        return [self._price_text(ticks), self._size_text(lots) if lots else "0"]

    def _trade_id(self) -> str:
        digits = f"{self._rng.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _book(self, kind: str, bids: list[list[str]], asks: list[list[str]], now_ms: int) -> bytes:
        data = {"s": self.symbol.name, "b": bids, "a": asks, "u": self._update_id, "seq": self.sequence}
        topic = f"orderbook.50.{self.symbol.name}"
        return _encode({"topic": topic, "type": kind, "ts": now_ms, "data": data, "cts": now_ms - 2})

    def _encode_ticker(self, kind: str, values: dict[str, str], now_ms: int) -> bytes:
        data = {"symbol": self.symbol.name, **values}
        frame = {"topic": f"tickers.{self.symbol.name}", "type": kind, "data": data, "cs": self.sequence, "ts": now_ms}
        return _encode(frame)

    def _ticker_values(self) -> dict[str, Any]:
        bid, ask = -self._bids.keys[0], self._asks.keys[0]
        uniform = self._rng.uniform
        return {
            "lastPrice": lambda: self._price_text(self._rng.choice((bid, ask))),
            "markPrice": lambda: self._price_text(bid + self._rng.randint(-2, 2)),
            "indexPrice": lambda: self._price_text(bid + self._rng.randint(-9, 9)),
            "bid1Price": lambda: self._price_text(bid),
            "bid1Size": lambda: self._size_text(self._bids.lots[-bid]),
            "ask1Price": lambda: self._price_text(ask),
            "ask1Size": lambda: self._size_text(self._asks.lots[ask]),
            "price24hPcnt": lambda: f"{uniform(-0.05, 0.05):.6f}",
            "openInterest": lambda: self._size_text(self._rng.randint(10**6, 10**9)),
            "openInterestValue": lambda: f"{uniform(1e7, 1e9):.2f}",
            "volume24h": lambda: self._size_text(self._rng.randint(10**6, 10**9)),
            "turnover24h": lambda: f"{uniform(1e7, 1e10):.4f}",
        }


def _encode(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode()
