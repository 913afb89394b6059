"""cryptofeed reading the mix: its Bybit feed's own message handler, with callbacks that count."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from importlib.metadata import version
from typing import Any

from cryptofeed.defines import CANDLES, L2_BOOK, PERPETUAL, TICKER, TRADES
from cryptofeed.exchanges import Bybit
from cryptofeed.symbols import Symbol, Symbols

from tests.benchmarks.peers.rounds import answer, read_frames, timed


class _Connection:
    """What the handler asks of a connection."""

    address = "wss://stream.bybit.com/v5/public/linear"
    uuid = "benchmark"

    def __init__(self, subscription: dict[str, list[str]]) -> None:
        self.subscription = subscription


class _Run:
    def __init__(self, bases: list[str]) -> None:
        self.counts: Counter[str] = Counter()
        symbols = [Symbol(base, "USDT", type=PERPETUAL) for base in bases]
        Symbols.set(
            Bybit.id,
            {symbol.normalized: f"{symbol.base}USDT" for symbol in symbols},
            {"tick_size": {}, "instrument_type": {symbol.normalized: PERPETUAL for symbol in symbols}},
        )
        channels = [L2_BOOK, TRADES, TICKER, CANDLES]
        callbacks = {channel: self._counter(channel) for channel in channels}
        names = [symbol.normalized for symbol in symbols]
        self.feed = Bybit(
            config={"log": {"disabled": True}},
            symbols=names,
            channels=channels,
            callbacks=callbacks,
            candle_closed_only=False,
        )
        Bybit.tickers = {}
        self.connection = _Connection({chan: list(pairs) for chan, pairs in self.feed.subscription.items()})

    def _counter(self, channel: str) -> Any:
        async def count(_: object, __: float) -> None:
            self.counts[channel] += 1

        return count

    async def read(self, frames: list[str]) -> None:
        handle = self.feed.message_handler
        connection = self.connection
        for frame in frames:
            await handle(frame, connection, 1.0)

    def touch(self) -> dict[str, list[float]]:
        """Best bid and ask of every book."""
        return {
            name.split("-")[0] + "USDT": [float(book.book.bids.index(0)[0]), float(book.book.asks.index(0)[0])]
            for name, book in self.feed._l2_book.items()
        }


def main() -> None:
    logging.disable(logging.CRITICAL)
    opening, frames = ([frame.decode() for frame in part] for part in read_frames(sys.argv[1]))
    bases = sys.argv[2].split(",")
    loop = asyncio.new_event_loop()

    def run(_: str) -> dict[str, Any]:
        state = _Run(bases)
        loop.run_until_complete(state.read(opening))
        state.counts.clear()
        cpu_s = timed(lambda: loop.run_until_complete(state.read(frames)))
        return {"cpu_s": cpu_s, "counts": state.counts, "touch": state.touch()}

    answer({"version": version("cryptofeed")}, run)


main()
