"""A program of its own: the unchanged ccxt.pro watches a market and prints what it saw as JSON.

``python pro_witness.py HTTP_URL WS_URL SYMBOL SECONDS`` says ``watching`` once every topic has brought something.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import ccxt.pro as ccxtpro

TIMEFRAMES = ("1m", "5m")
Seen = dict[str, Any]


async def trades(exchange: Any, symbol: str, seen: Seen) -> None:
    while True:
        for trade in await exchange.watch_trades(symbol):
            seen["trades"][trade["id"]] = [trade[key] for key in ("timestamp", "price", "amount", "side")]


async def candles(exchange: Any, symbol: str, timeframe: str, seen: Seen) -> None:
    """The last state of every candle that was watched."""
    while True:
        for row in await exchange.watch_ohlcv(symbol, timeframe):
            seen["candles"][timeframe][str(row[0])] = row[1:]


async def main(http: str, ws: str, symbol: str, seconds: float) -> None:
    exchange = ccxtpro.bybit({"newUpdates": True})
    exchange.urls["api"].update(dict.fromkeys(("spot", "futures", "v2", "public", "private"), http))
    kinds = exchange.urls["api"]["ws"]["public"]
    exchange.urls["api"]["ws"]["public"] = {kind: f"{ws}/v5/public/{kind}" for kind in kinds}
    seen: Seen = {"trades": {}, "candles": {timeframe: {} for timeframe in TIMEFRAMES}}
    await exchange.load_markets()
    topics = [trades(exchange, symbol, seen), *(candles(exchange, symbol, each, seen) for each in TIMEFRAMES)]
    try:
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(topic) for topic in topics]
            while not (seen["trades"] and all(seen["candles"].values())):
                await asyncio.sleep(0.05)
            print("watching", flush=True)
            await asyncio.sleep(seconds)
            print(json.dumps(seen), flush=True)
            for task in watching:
                task.cancel()
    finally:
        await exchange.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
