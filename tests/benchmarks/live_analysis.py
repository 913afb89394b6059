"""A day boundary: all 245 candles of 35 instruments close at once, sealed in the store, judged, put to the journal."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from tests.benchmarks.outcome import Line, Outcome
from virtuoso_desktop.engine.analysis_board import AnalysisBoard
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.engine.analysis_publish import AnalysisPublisher, Asked
from virtuoso_desktop.engine.analysis_run import AnalysisRun
from virtuoso_desktop.engine.sealing import SeriesKey
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Source, Venue
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.result import Confluence, DimensionName
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, DAY_MS, Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.storage.analysis_journal import Restored
from virtuoso_desktop.storage.evaluations import CELLS, History
from virtuoso_desktop.storage.ledger_rows import LedgerRow, Transition

INSTRUMENTS = 35
CANDLES = 1_000
MIDNIGHT_MS = 1_700_006_400_000 // DAY_MS * DAY_MS
DAYS = 4


class CountingJournal:
    """Takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.taken = 0

    def put(self, result: Confluence, transitions: Sequence[Transition] = (), state: bytes | None = None) -> None:
        self.taken += 1

    async def restore(self) -> Restored:
        return Restored({}, {})

    async def newest_rows(self, limit: int) -> list[LedgerRow]:
        return []

    async def history(self, instrument_id: InstrumentId, timeframe: Timeframe) -> History:
        return History(np.empty(0, np.int64), np.empty(0, CELLS), ())


def instrument(number: int) -> Instrument:
    return Instrument(
        InstrumentId(Venue.BYBIT, MarketKind.LINEAR, f"COIN{number}USDT"), f"COIN{number}", "USDT", "USDT", "Trading",
        "LinearPerpetual", Decimal("0.1"), Decimal("0.001"),
    )  # fmt: skip


def walk(rng: random.Random, count: int) -> np.ndarray:
    """Rows (open, high, low, close, volume, turnover) in ticks, shape (6, count)."""
    steps = np.array([rng.gauss(14 * math.sin(number / 40), 40) for number in range(count + 1)])
    close = 500_000 + np.rint(np.cumsum(steps))
    open_, close = close[:-1], close[1:]
    high, low = np.maximum(open_, close) + 15, np.minimum(open_, close) - 15
    volume = np.array([rng.uniform(1, 50) for _ in range(count)])
    return np.vstack((open_, high, low, close, volume, volume * (high + low + close) / 30))


def run(quick: bool) -> Outcome:
    instruments = [instrument(number) for number in range(5 if quick else INSTRUMENTS)]
    settings = load_settings(
        default_file=resource("config/default.yaml"),
        profile=Path("nowhere"),
        config_file=None,
        overrides=(),
        environ={},
    ).settings
    core = AnalysisCore(settings.analysis, Source.DEMO)
    rng = random.Random(7)
    now_ms = MIDNIGHT_MS
    store, journal = MarketStore(), CountingJournal()
    analysis = AnalysisRun(
        store, journal, lambda: now_ms, lambda: core, lambda key: 0 if key[0] == instruments[0].id else 3,
        time.perf_counter_ns,
    )  # fmt: skip
    analysis.core = core
    analysis.publisher = AnalysisPublisher(
        AnalysisBoard(), settings.analysis.thresholds, lambda: now_ms, Asked(core.vote, _nothing_warms)
    )
    for each in instruments:
        state = store.add(each)
        for timeframe in ANALYSED_TIMEFRAMES:
            opens = MIDNIGHT_MS - timeframe.duration_ms * np.arange(CANDLES, 0, -1)
            state.candles[timeframe].merge(np.vstack((opens, walk(rng, CANDLES))), MIDNIGHT_MS)
            state.candles[timeframe].is_joined = True
    begun_s = time.process_time()
    settle(analysis)
    loading_s = time.process_time() - begun_s
    boundaries: list[float] = []
    longest_turn_ms = 0.0
    for day in range(1, DAYS + 1):
        now_ms = MIDNIGHT_MS + day * DAY_MS
        for each in instruments:
            for timeframe in ANALYSED_TIMEFRAMES:
                store.apply(_candle(rng, each, timeframe, now_ms - timeframe.duration_ms))
        begun_s = time.process_time()
        longest_turn_ms = max(longest_turn_ms, settle(analysis))
        boundaries.append(time.process_time() - begun_s)
    series = len(instruments) * len(ANALYSED_TIMEFRAMES)
    assert journal.taken == series * DAYS, f"{journal.taken} of {series * DAYS} candles were judged"
    figures = analysis.figures
    return Outcome(
        "live_analysis",
        [
            Line("one sealed evaluation, p99", figures.duration_ms.quantile_ms(0.99), "ms", 2.0),
            Line(f"{series} at a day boundary, processor", min(boundaries), "s", 0.5),
            Line("longest turn of the loop", longest_turn_ms, "ms", note="at most 6 and one evaluation"),
            Line(f"first load of {series} series of {CANDLES}, processor", loading_s, "s"),
        ],
        {"boundaries_s": boundaries, "one_ms": figures.duration_ms.quantile_ms(0.5)},
    )


def _nothing_warms(key: SeriesKey) -> dict[DimensionName, int]:
    return {}


def settle(analysis: AnalysisRun) -> float:
    """Work until nothing is left; the longest turn in ms."""
    analysis._look_around()
    longest_ms, has_more = 0.0, True
    while has_more:
        begun = time.perf_counter()
        has_more = analysis._work_a_turn()
        longest_ms = max(longest_ms, (time.perf_counter() - begun) * 1000)
    return longest_ms


def _candle(rng: random.Random, of: Instrument, timeframe: Timeframe, open_ms: int) -> Candle:
    open_, high, low, close, volume, turnover = walk(rng, 1)[:, 0].tolist()
    prices = [price / 10 for price in (open_, high, low, close)]
    return Candle(
        of.id,
        timeframe,
        open_ms,
        *prices,
        volume,
        turnover,
        True,
        open_ms + timeframe.duration_ms,
        time.perf_counter_ns(),
    )
