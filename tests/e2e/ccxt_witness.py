"""A program of its own: the unchanged ccxt asks a Bybit at the given address and prints what it understood.

``python ccxt_witness.py HTTP_URL SINCE_MS UNTIL_MS`` prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import ccxt.async_support as ccxt

LINEAR, SPOT = "BTC/USDT:USDT", "BTC/USDT"


async def _forward(exchange: Any, since_ms: int, until_ms: int) -> list[list[float]]:
    """All 1m candles of a range by ``since`` and ``limit``, as users of ccxt page."""
    rows: list[list[float]] = []
    while since_ms <= until_ms:
        page = await exchange.fetch_ohlcv(LINEAR, "1m", since=since_ms, limit=150)
        page = [row for row in page if row[0] <= until_ms]
        if not page:
            break
        rows += page
        since_ms = page[-1][0] + 60_000
    return rows


async def _refusal(call: Any) -> str:
    try:
        await call
    except ccxt.BaseError as error:
        return type(error).__name__
    return "served"


async def _ask(exchange: Any, since_ms: int, until_ms: int) -> dict[str, Any]:
    markets = await exchange.load_markets()
    return {
        "markets": {symbol: market["precision"] for symbol, market in markets.items()},
        "types": {symbol: market["type"] for symbol, market in markets.items()},
        "active": all(market["active"] for market in markets.values()),
        "time": await exchange.fetch_time(),
        "status": (await exchange.fetch_status())["status"],
        "forward": await _forward(exchange, since_ms, until_ms),
        "bounded": await exchange.fetch_ohlcv(LINEAR, "1m", since=since_ms, limit=100, params={"until": until_ms}),
        "paginated": await exchange.fetch_ohlcv(
            LINEAR, "1m", since=since_ms, params={"paginate": True, "until": until_ms}
        ),
        "hours": await exchange.fetch_ohlcv(LINEAR, "1h", limit=30),
        "months": await exchange.fetch_ohlcv(LINEAR, "1M", limit=3),
        "spot_candles": await exchange.fetch_ohlcv(SPOT, "5m", limit=5),
        "ticker": await exchange.fetch_ticker(LINEAR),
        "spot_ticker": await exchange.fetch_ticker(SPOT),
        "tickers": sorted(await exchange.fetch_tickers(params={"category": "linear"})),
        "spot_tickers": sorted(await exchange.fetch_tickers(params={"type": "spot"})),
        "book": await exchange.fetch_order_book(LINEAR, 200),
        "spot_book": await exchange.fetch_order_book(SPOT),
        "trades": await exchange.fetch_trades(LINEAR, limit=300),
        "spot_trades": await exchange.fetch_trades(SPOT),
        "funding": await exchange.fetch_funding_rate_history(LINEAR, limit=5),
        "interest": await exchange.fetch_open_interest_history(LINEAR, "5m", limit=60),
        "ratios": await exchange.fetch_long_short_ratio_history(LINEAR, "1h", limit=7),
        "mark": await exchange.fetch_mark_ohlcv(LINEAR, "1h", limit=4),
        "index": await exchange.fetch_index_ohlcv(LINEAR, "1m", limit=4),
        "premium": await exchange.fetch_premium_index_ohlcv(LINEAR, "1m", limit=4),
        "unknown": await _refusal(
            exchange.public_get_v5_market_kline({"category": "linear", "symbol": "NOPEUSDT", "interval": "1"})
        ),
        "no_route": await _refusal(exchange.public_get_v5_market_insurance({"coin": "USDT"})),
    }


async def main(url: str, since_ms: int, until_ms: int) -> None:
    """Ask everything with a key-less exchange whose every host is ``url``."""
    exchange = ccxt.bybit()
    exchange.urls["api"] = dict.fromkeys(("spot", "futures", "v2", "public", "private"), url)
    try:
        print(json.dumps(await _ask(exchange, since_ms, until_ms)))
    finally:
        await exchange.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
