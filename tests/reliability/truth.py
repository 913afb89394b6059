"""Whether what the store holds is what the venue's market is: books level by level, trades, candles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from tests.reliability.stage import Stage
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.market import Aggressor
from virtuoso_desktop.model.timeframe import Timeframe

DEPTH = 1000
AT_ONCE = 4
"""Symbols a question: the venue has to push meanwhile."""
TRADES_SETTLE_MS = 1_500
"""Newer trades may still be on their way (venue ms at rate 1)."""

Judge = Callable[[InstrumentState, dict[str, Any]], str | None]
"""What differs, in words; None when nothing does; `NOT_YET` when both are of different moments."""
NOT_YET = "not of the same update yet"


def book_fault(state: InstrumentState, truth: dict[str, Any]) -> str | None:
    """Level by level at the same update."""
    book = state.books[DEPTH]
    if not book.is_valid:
        return f"not valid: {book.invalid_reason}"
    if book.update_id != truth["u"]:
        return NOT_YET
    bids, asks = book.top(DEPTH)
    ours = [list(map(list, bids)), list(map(list, asks))]
    if ours == [truth["bids"], truth["asks"]]:
        return None
    wrong = sum(
        len({tuple(level) for level in mine} ^ {tuple(level) for level in theirs})
        for mine, theirs in zip(ours, (truth["bids"], truth["asks"]), strict=True)
    )
    return f"{wrong} levels differ at update {book.update_id}"


def trades_fault(state: InstrumentState, truth: dict[str, Any]) -> str | None:
    """Every trade of the venue once, in order, and no other."""
    held = state.tape.trades
    if len({trade.trade_id for trade in held}) != len(held):
        return "trades are held twice"
    if [trade.time_ms for trade in held] != sorted(trade.time_ms for trade in held):
        return "trades are out of order"
    begin_ms = max(held[0].time_ms, truth["since_ms"]) + 1 if held else truth["since_ms"]
    end_ms = truth["now_ms"] - truth["settle_ms"]
    instrument = state.instrument
    ours = {
        trade.trade_id: [
            trade.time_ms, instrument.to_ticks(trade.price), round(trade.size / float(instrument.lot_step)),
            trade.aggressor is Aggressor.BUY,
        ]
        for trade in held
        if begin_ms <= trade.time_ms < end_ms
    }  # fmt: skip
    theirs = {trade[0]: trade[1:] for trade in truth["trades"] if begin_ms <= trade[1] < end_ms}
    missing, more = len(theirs.keys() - ours.keys()), len(ours.keys() - theirs.keys())
    if missing or more:
        return f"{missing} trades are missing, {more} are not the venue's, of {len(theirs)}"
    return None if ours == theirs else "trades differ"


def candles_fault(state: InstrumentState, truth: dict[str, Any]) -> str | None:
    """Closed 1m candles of the last half hour: no hole, no double, the venue's numbers."""
    series = state.candles[Timeframe.M1]
    end_ms = Timeframe.M1.open_ms(truth["now_ms"] - truth["settle_ms"])
    theirs = {row[0]: row[1:] for row in truth["candles"] if row[0] < end_ms}
    rows = {int(row[0]): row[1:6] for row in series.columns.T.tolist() if int(row[0]) in theirs}
    if len(series.columns.T) != len({int(ms) for ms in series.columns[0].tolist()}):
        return "candles are held twice"
    missing = sorted(theirs.keys() - rows.keys())
    if missing:
        return f"{len(missing)} candles are missing"
    wrong = [ms for ms, row in theirs.items() if rows[ms] != row]
    return f"{len(wrong)} candles differ" if wrong else None


PARTS: dict[str, Judge] = {"books": book_fault, "trades": trades_fault, "candles": candles_fault}


async def hold_against(stage: Stage, since_ms: int, most_s: float, rate: float) -> tuple[dict[str, str], float]:
    """What still differs after at most ``most_s``, by part; and after how many seconds nothing did."""
    begun_s = time.monotonic()
    open_parts = {(symbol, part): "was never compared" for symbol in stage.symbols for part in PARTS}
    while open_parts and time.monotonic() - begun_s < most_s:
        symbols = sorted({symbol for symbol, _ in open_parts})[:AT_ONCE]
        told = await stage.venue.truth(symbols, since_ms)
        for symbol in symbols:
            state = stage.state(symbol)
            truth = told[symbol] | {"since_ms": since_ms, "settle_ms": round(TRADES_SETTLE_MS * max(1.0, rate))}
            for part, judge in PARTS.items():
                if (symbol, part) in open_parts:
                    fault = "is not watched" if state is None else await _judged(judge, state, truth)
                    if fault is None:
                        del open_parts[symbol, part]
                    else:
                        open_parts[symbol, part] = fault
        await asyncio.sleep(0.1)
    faults = {f"{part} of {symbol}": words for (symbol, part), words in open_parts.items()}
    return faults, time.monotonic() - begun_s


async def _judged(judge: Judge, state: InstrumentState, truth: dict[str, Any]) -> str | None:
    """The judgement; a book that is behind the truth gets the time to come to its update."""
    words = judge(state, truth)
    for _ in range(60):
        if words != NOT_YET or state.books[DEPTH].update_id > truth["u"]:
            break
        await asyncio.sleep(0.005)
        words = judge(state, truth)
    return words
