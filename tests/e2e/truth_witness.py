"""A program of its own: the unchanged ccxt reads a whole market by its unified methods and prints it as JSON.

``python truth_witness.py HTTP_URL SYMBOL SINCE_MS UNTIL_MS TIMEFRAME...``
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import ccxt.async_support as ccxt


async def paged(exchange: Any, symbol: str, timeframe: str, since_ms: int, until_ms: int) -> list[list[float]]:
    """All candles of a range, page after page as users of ccxt do it."""
    rows: list[list[float]] = []
    while since_ms <= until_ms:
        page = await exchange.fetch_ohlcv(symbol, timeframe, since=since_ms, limit=1000)
        if not page or page[-1][0] < since_ms:
            break
        rows += page
        since_ms = page[-1][0] + 1
    return [row for row in rows if row[0] <= until_ms]


async def main(url: str, symbol: str, since_ms: int, until_ms: int, timeframes: list[str]) -> None:
    """Ask everything with a key-less exchange whose every host is ``url``."""
    exchange = ccxt.bybit()
    exchange.urls["api"] = dict.fromkeys(("spot", "futures", "v2", "public", "private"), url)
    try:
        await exchange.load_markets()
        answer = {
            "candles": {word: await paged(exchange, symbol, word, since_ms, until_ms) for word in timeframes},
            "tickers": await exchange.fetch_tickers(),
            "book": await exchange.fetch_order_book(symbol, 50),
            "trades": await exchange.fetch_trades(symbol, limit=1000),
            "funding": await exchange.fetch_funding_rate_history(symbol, limit=200),
            "interest": await exchange.fetch_open_interest_history(symbol, "1h", limit=200),
            "ratios": await exchange.fetch_long_short_ratio_history(symbol, "1h", limit=200),
            "mark": await exchange.fetch_mark_ohlcv(symbol, "1h", limit=200),
            "index": await exchange.fetch_index_ohlcv(symbol, "1h", limit=200),
            "premium": await exchange.fetch_premium_index_ohlcv(symbol, "1h", limit=200),
        }
        print(json.dumps(answer))
    finally:
        await exchange.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]))
