"""One evaluation of a closed candle in all six dimensions, from the sealed inputs to the result, and 245 of them."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.measure import Local, alternate
from tests.benchmarks.outcome import Line, Outcome
from tests.scored_series import FULL_PARAMS, default_analysis, fed, scored, walk
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE
from virtuoso_desktop.analysis.explain import explain
from virtuoso_desktop.analysis.results import Facts, Subject, confluence_of
from virtuoso_desktop.analysis.scoring import IS_STALE, LIVE_SCORE, STREAMS, config_hash
from virtuoso_desktop.analysis.stream_row import no_streams
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Source, Venue
from virtuoso_desktop.model.result import Confluence, Profile
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, DAY_MS, Timeframe

Floats = NDArray[np.float64]

INSTRUMENTS = 35
WARM_CANDLES = 300
CANDLES = 20
ROUNDS = 15
SERIES = 100_000


class Sealed:
    """One instrument on one timeframe: its states, and the candles that will close."""

    def __init__(self, number: int, timeframe: Timeframe, warm: int, candles: int) -> None:
        self.series = walk(number, warm + candles)
        self.series[0] = (1_600_000_000_000 // DAY_MS * DAY_MS) + np.arange(warm + candles) * timeframe.duration_ms
        self.params = np.array([1.0, 0.0, float(DAY_MS), float(timeframe.duration_ms)])
        self.table, self.state = CANDLE_TABLE.new_state(), LIVE_SCORE.new_state()
        self.row, self.out = np.empty(len(CANDLE_TABLE.outputs)), np.empty(len(LIVE_SCORE.outputs))
        self.sealed = np.zeros(LIVE_SCORE.candle_width)
        self.streams = no_streams()
        self.cells = self.streams[: at.STREAM_SHARES].reshape(at.STREAM_COUNT, at.CELLS)
        self.cells[:] = (0.0, 1.0, 1.0, 1.0, 20.0, 0.0)
        analysis = default_analysis()
        weights = tuple(float(each) for each in FULL_PARAMS[:6])
        identity = InstrumentId(Venue.BYBIT, MarketKind.LINEAR, f"COIN{number}USDT")
        self.subject = Subject(identity, timeframe, Source.DEMO, Profile.FULL, 1.0, weights, config_hash(analysis))
        self.thresholds = analysis.thresholds
        self.at, self.result = 0, None
        for _ in range(warm):
            self.close()

    def close(self) -> Confluence:
        """The next candle: table, the streams as they were sealed, components, score, signal, result."""
        candle = np.ascontiguousarray(self.series[:, self.at])
        self.at += 1
        CANDLE_TABLE.step(self.table, candle, self.params, self.row)
        self.cells[:, at.C] = np.sin(self.at + np.arange(at.STREAM_COUNT))
        self.sealed[: at.TABLE_WIDTH] = self.row[: at.TABLE_WIDTH]
        self.sealed[at.TABLE_WIDTH : IS_STALE] = (candle[0] + self.params[3], 0.0, 0.0, 1.0)
        self.sealed[STREAMS:] = self.streams
        LIVE_SCORE.step(self.state, self.sealed, FULL_PARAMS, self.out)
        open_ms = int(candle[0])
        facts = Facts(open_ms, open_ms + 300_000, self.at, "trades")
        self.result = confluence_of(self.subject, facts, self.out[: at.INPUTS_WIDTH], self.out[at.INPUTS_WIDTH :])
        return self.result


def run(quick: bool) -> Outcome:
    warm, candles = (60, 3) if quick else (WARM_CANDLES, CANDLES)
    instruments = 2 if quick else INSTRUMENTS
    states = [
        Sealed(number, timeframe, warm, candles + (2 if quick else ROUNDS) + 1)
        for number in range(instruments)
        for timeframe in ANALYSED_TIMEFRAMES
    ]
    times: list[tuple[float, float]] = []
    for _ in range(candles):
        for state in states:
            begin, cpu = time.perf_counter(), time.thread_time()
            state.close()
            times.append((time.thread_time() - cpu, time.perf_counter() - begin))
    every = alternate([Local("245", lambda _: [state.close() for state in states])], 2 if quick else ROUNDS)
    why = states[0]
    assert why.result is not None
    result = why.result
    explained = alternate(
        [Local("explain", lambda _: [explain(result, why.thresholds, result) for _ in range(100)])], 3
    )
    series = fed(walk(1, 2_000 if quick else SERIES))
    batch = alternate([Local("batch", lambda _: scored(series))], 2 if quick else 5)
    busy, passed = np.array(times).T * 1000
    outcome = Outcome("scoring")
    outcome.lines += [
        Line("one evaluation, six dimensions, to the result: p99, CPU", float(np.percentile(busy, 99)), "ms", 2.0),
        Line("one evaluation: median of its CPU", float(np.median(busy)), "ms"),
        Line("one evaluation: p99 by the clock, others running", float(np.percentile(passed, 99)), "ms"),
        Line(f"{len(states)} evaluations, CPU: best round", every.best("245"), "s", 0.5),
        Line(f"{len(states)} evaluations, CPU: median", every.median("245"), "s", 0.5),
        Line("why, of one result, CPU", explained.best("explain") * 10, "ms"),
        Line("series: table, score and signal, per candle", batch.best("batch") / series.row.size * 1e6, "us"),
    ]
    outcome.facts = {"evaluations": len(times), "max_ms": float(passed.max()), "rounds": every.facts()}
    return outcome
