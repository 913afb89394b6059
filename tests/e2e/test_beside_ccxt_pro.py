"""ccxt.pro beside us on one simulated market: the same trades and candles.

``VIRTUOSO_BESIDE_S=300`` watches for five minutes instead of the few seconds of every run.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.simulate_program import simulate
from tests.e2e.whole_path import BTC, engine_on, state_of
from tests.running import until
from virtuoso_desktop.kernel.clock import ScaledClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.market import Trade
from virtuoso_desktop.model.timeframe import Timeframe

WITNESS = Path(__file__).with_name("pro_witness.py")
BESIDE_S = float(os.environ.get("VIRTUOSO_BESIDE_S", "15"))
RATE = 10
"""Venue seconds a real second: some closed candles in a short time. Longer runs go at the pace of every day."""
START_S = 60.0
FEWEST_TRADES = 100
NOTED = 600
"""More trades than come between two looks."""


@pytest.mark.timeout(BESIDE_S + 180)
@pytest.mark.deadline_s(BESIDE_S + 150)
async def test_ccxt_pro_saw_the_same_trades_and_candles(tmp_path: Path) -> None:
    rate = RATE if BESIDE_S < 60 else 1
    arguments = ("--source", "synthetic:1", "--clock", "original", "--speed", str(rate), "--exit-on-stdin-close")
    async with simulate(*arguments) as program:
        clock = ScaledClock(program.line["clock"]["now_ms"], rate)
        async with engine_on(program.http, program.ws, tmp_path, clock=clock, symbols=("BTCUSDT",)) as engine:
            await until(lambda: engine.status().series_loaded == engine.status().series_wanted > 0, "history", START_S)
            state = state_of(engine)
            held: dict[str, Trade] = {}
            noting = Supervisor()
            noting.spawn("test.trades", lambda: note_trades(state, held))
            try:
                said = await beside(program.http, program.ws)
                await asyncio.sleep(1.0)
            finally:
                await noting.stop()
            trades_are_the_same(said, held)
            candles_are_the_same(said, state, engine.venue_now_ms(BTC))
            assert engine.adapter.metrics.gaps == 0


async def beside(http: str, ws: str) -> dict[str, Any]:
    """What ccxt.pro saw for as long as is asked for."""
    command = (sys.executable, str(WITNESS), http, ws, "BTC/USDT:USDT", str(BESIDE_S))
    child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, limit=1 << 26)
    assert child.stdout is not None
    async with asyncio.timeout(START_S):
        assert await child.stdout.readline() == b"watching\n"
    said = json.loads(await child.stdout.readline())
    await child.wait()
    return said


async def note_trades(state: InstrumentState, held: dict[str, Trade]) -> None:
    """Keep what the tape forgets: it holds the newest thousand."""
    while True:
        for trade in state.tape.trades[-NOTED:]:
            held[trade.trade_id] = trade
        await asyncio.sleep(0.5)


def trades_are_the_same(said: dict[str, Any], held: dict[str, Trade]) -> None:
    """From its first trade to its last: no other, none missing, the same numbers."""
    told = {key: tuple(row) for key, row in said["trades"].items()}
    times = [row[0] for row in told.values()]
    begin_ms, end_ms = min(times), max(times)
    ours = {
        trade.trade_id: (trade.time_ms, trade.price, trade.size, trade.aggressor.value)
        for trade in held.values()
        if begin_ms < trade.time_ms < end_ms
    }
    theirs = {key: row for key, row in told.items() if begin_ms < row[0] < end_ms}
    assert len(theirs) >= FEWEST_TRADES
    assert ours == theirs


def candles_are_the_same(said: dict[str, Any], state: InstrumentState, now_ms: int) -> None:
    """Every candle that closed while both watched."""
    to_price = state.instrument.to_price
    compared = 0
    for word, rows in said["candles"].items():
        timeframe = Timeframe(word)
        stored = {int(row[0]): row[1:6] for row in state.candles[timeframe].columns.T.tolist()}
        opens = sorted(int(ms) for ms in rows)
        for open_ms in opens[:-1]:  # the last one is forming
            assert timeframe.close_ms(open_ms) <= now_ms
            o, high, low, close, volume = stored[open_ms]
            assert [*map(to_price, (o, high, low, close)), volume] == rows[str(open_ms)], (word, open_ms)
            compared += 1
        assert opens == list(range(opens[0], opens[-1] + 1, timeframe.duration_ms)), "ccxt.pro missed none either"
    assert compared >= 2
