"""The simulated exchange as a process of its own that is told its faults by lines: ``venue.py BASE_MS RATE``.

Stdin takes one JSON object a line: ``{"inject": {...}}`` or ``{"truth": [symbols], "since_ms"}``.
Each is answered by one line on stdout. Truth is what the market and the books' subscribers have, not what was sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import msgspec

from virtuoso_desktop.kernel.clock import Clock, LiveClock, ScaledClock
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.encode import trade_item
from virtuoso_desktop.simulator.faults import Fault
from virtuoso_desktop.simulator.server import SimulatedExchange
from virtuoso_desktop.simulator.synthetic import SyntheticMarket

SEED = 1
DEPTH = 1000
CANDLES_BACK_MS = 1_800_000


def clock_of(base_ms: int, rate: float) -> Clock:
    """The clock that two processes share: real time at rate 1, else ``rate`` times as fast since ``base_ms``."""
    if rate == 1:
        return LiveClock()
    return ScaledClock(base_ms + round((time.time_ns() / 1e6 - base_ms) * rate), rate)


class Control:
    """Answers the lines."""

    def __init__(self, venue: SimulatedExchange, market: SyntheticMarket, clock: Clock) -> None:
        self._venue = venue
        self._market = market
        self._clock = clock

    def answer(self, line: dict[str, Any]) -> dict[str, Any]:
        if "inject" in line:
            self._venue.inject(msgspec.convert(line["inject"], Fault))
            return {"injected": True}
        return {symbol: self._truth(symbol, line["since_ms"]) for symbol in line["truth"]}

    def _truth(self, symbol: str, since_ms: int) -> dict[str, Any]:
        identity = InstrumentId.parse(f"bybit:linear:{symbol}")
        now_ms = self._clock.now_ms()
        book = self._venue.book(identity, DEPTH)
        texts = self._venue.texts(identity)
        trades = self._market.trades(identity, since_ms, now_ms)
        first_ms = Timeframe.M1.open_ms(now_ms - CANDLES_BACK_MS)
        candles = self._market.candles(identity, Timeframe.M1, first_ms, now_ms, now_ms)
        return {
            "now_ms": now_ms,
            "u": book.update_id,
            "bids": book.bids,
            "asks": book.asks,
            "trades": [
                [trade_item(texts, each, "")["i"], each.time_ms, each.price_ticks, each.size_lots, each.is_buy]
                for each in trades
            ],
            "candles": [
                [row.open_ms, row.open_ticks, row.high_ticks, row.low_ticks, row.close_ticks, float(row.volume)]
                for row in candles
            ],
        }


def by_turnover(market: SyntheticMarket, now_ms: int) -> list[str]:
    """Linear symbols, the most traded first."""
    linear = [each for each in market.instruments if each.id.market_kind is MarketKind.LINEAR]
    linear.sort(key=lambda each: -float(market.day(each.id, now_ms).turnover_24h))
    return [each.symbol for each in linear]


async def serve(base_ms: int, rate: float) -> None:
    clock = clock_of(base_ms, rate)
    market = SyntheticMarket(SEED)
    async with SimulatedExchange(market, clock) as venue:
        say({"http": venue.http_url, "ws": venue.ws_url, "symbols": by_turnover(market, clock.now_ms())})
        control = Control(venue, market, clock)
        reader = asyncio.StreamReader(limit=1 << 20)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            say(control.answer(json.loads(line)))


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1]), float(sys.argv[2])))
