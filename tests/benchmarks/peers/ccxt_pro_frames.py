"""ccxt.pro reading the mix: its Bybit client's own message handler; the caches fill, nobody waits for a future."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version
from typing import Any

import ccxt.pro

from tests.benchmarks.peers.rounds import answer, read_frames, timed

URL = "wss://stream.bybit.com/v5/public/linear"


def market(exchange: Any, base: str) -> dict[str, Any]:
    """A linear perpetual as `load_markets` would have made it."""
    return exchange.safe_market_structure(
        {
            "id": f"{base}USDT", "symbol": f"{base}/USDT:USDT", "base": base, "quote": "USDT", "settle": "USDT",
            "baseId": base, "quoteId": "USDT", "settleId": "USDT", "type": "swap", "spot": False, "swap": True,
            "contract": True, "linear": True, "inverse": False, "contractSize": 1.0, "active": True,
            "precision": {"amount": 0.001, "price": 0.0000001}, "info": {},
        }
    )  # fmt: skip


async def main() -> None:
    opening, frames = ([frame.decode() for frame in part] for part in read_frames(sys.argv[1]))
    bases = sys.argv[2].split(",")

    def run(_: str) -> dict[str, Any]:
        exchange = ccxt.pro.bybit()
        exchange.set_markets([market(exchange, base) for base in bases])
        client = exchange.client(URL)
        books = 0

        def read(part: list[str]) -> None:
            handle = client.handle_text_or_binary_message
            for frame in part:
                handle(frame)

        original = exchange.handle_order_book

        def counting(owner: Any, message: dict[str, Any]) -> None:
            nonlocal books
            books += 1
            original(owner, message)

        read(opening)
        exchange.handle_order_book = counting
        cpu_s = timed(lambda: read(frames))
        touch = {
            symbol.split("/")[0] + "USDT": [book["bids"][0][0], book["asks"][0][0]]
            for symbol, book in exchange.orderbooks.items()
        }
        counts = {
            "l2_book": books,
            "tickers": len(exchange.tickers),
            "trades": sum(len(cache) for cache in exchange.trades.values()),
            "candles": sum(len(cache) for by in exchange.ohlcvs.values() for cache in by.values()),
        }
        return {"cpu_s": cpu_s, "counts": counts, "touch": touch}

    answer({"version": version("ccxt")}, run)


asyncio.run(main())
