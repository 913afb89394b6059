"""A run of the analysis over a store that is fed by hand, with a journal in memory."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.fake_adapter import instrument
from virtuoso_desktop.engine.analysed_series import AnalysedSeries
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.engine.analysis_run import AnalysisRun
from virtuoso_desktop.engine.sealing import SeriesKey
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.result import Confluence
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.storage.analysis_journal import Restored
from virtuoso_desktop.storage.evaluations import CELLS, History, MachineState
from virtuoso_desktop.storage.ledger_rows import LedgerKind, LedgerRow, Transition, canonical

MINUTE_MS = 60_000
T0_MS = 1_700_000_040_000 // MINUTE_MS * MINUTE_MS
HISTORY = 400
LIVE = 240
BTC, ETH = instrument("BTCUSDT"), instrument("ETHUSDT")
SETTINGS = load_settings(
    default_file=resource("config/default.yaml"), profile=Path("nowhere"), config_file=None, overrides=(), environ={}
).settings


class KeptJournal:
    """Holds what was put, in order."""

    def __init__(self, restored: Restored | None = None) -> None:
        self.put_: list[tuple[Confluence, tuple[Transition, ...], bytes | None]] = []
        self._restored = restored or Restored({}, {})

    def put(self, result: Confluence, transitions: Sequence[Transition] = (), state: bytes | None = None) -> None:
        self.put_.append((result, tuple(transitions), state))

    async def restore(self) -> Restored:
        return self._restored

    async def history(self, instrument_id: object, timeframe: Timeframe) -> History:
        return History(np.empty(0, np.int64), np.empty(0, CELLS), ())

    async def newest_rows(self, limit: int) -> list[LedgerRow]:
        return []

    def rows(self) -> list[LedgerRow]:
        return [each.row(1, "0" * 64) for _, transitions, _ in self.put_ for each in transitions]

    def ledger(self) -> list[bytes]:
        return [canonical(row) for row in self.rows()]

    def ending(self, key: SeriesKey) -> Restored:
        """What the next start finds of one series."""
        mine = [(result, state) for result, _, state in self.put_ if (result.instrument_id, result.timeframe) == key]
        result, state = mine[-1]
        assert state is not None
        meta = result.metadata
        rows = [row for row in self.rows() if row.instrument == str(key[0]) and row.kind is not LedgerKind.REVISED]
        machine = MachineState(meta.last_candle_ms, meta.engine_version, meta.config_hash, state)
        return Restored({key: rows[-1]} if rows else {}, {key: machine})


def waves(seed: int, count: int) -> list[tuple[float, float, float, float, float]]:
    """Candles that trend, turn and rest: enough for signals on both sides."""
    rng = random.Random(seed)
    price, made = 50_000.0, []
    for number in range(count):
        drift = 14.0 * math.sin(number / 35.0) + rng.gauss(0, 6)
        close = max(100.0, price + drift)
        high, low = max(price, close) + abs(rng.gauss(0, 4)), min(price, close) - abs(rng.gauss(0, 4))
        made.append((round(price, 1), round(high, 1), round(low, 1), round(close, 1), rng.uniform(1, 20)))
        price = close
    return made


def candle(of: Instrument, number: int, row: tuple[float, ...], *, closed: bool = True) -> Candle:
    open_ms = T0_MS + number * MINUTE_MS
    open_, high, low, close, volume = row
    return Candle(
        of.id, Timeframe.M1, open_ms, open_, high, low, close, volume, volume * (high + low + close) / 3,
        closed, open_ms + MINUTE_MS + 5, 0,
    )  # fmt: skip


class Rig:
    """One run over a store that is fed by hand."""

    def __init__(self, core: AnalysisCore, *, shown: int = 0, restored: Restored | None = None) -> None:
        self.now_ms = T0_MS + HISTORY * MINUTE_MS
        self.store = MarketStore(timeframes=(Timeframe.M1,))
        self.journal = KeptJournal(restored)
        order = [BTC.id, ETH.id]
        self.run = AnalysisRun(
            self.store, self.journal, lambda: self.now_ms, lambda: core,
            lambda key: 0 if key[0] == order[shown] else 3, lambda: self.now_ms * 1_000_000,
        )  # fmt: skip
        self.run.core = core

    def hold(self, of: Instrument, rows: Sequence[tuple[float, ...]]) -> None:
        state = self.store.add(of)
        series = state.candles[Timeframe.M1]
        page = np.array([
            [T0_MS + n * MINUTE_MS, *(of.to_ticks(x) for x in row[:4]), row[4], row[4] * sum(row[1:4]) / 3]
            for n, row in enumerate(rows)
        ]).T  # fmt: skip
        series.merge(page, self.now_ms)
        series.is_joined = True

    def close(self, of: Instrument, number: int, row: tuple[float, ...]) -> None:
        self.now_ms = T0_MS + (number + 1) * MINUTE_MS
        self.store.apply(candle(of, number, row))

    def settle(self) -> None:
        """Everything that can be done is done."""
        self.run._look_around()
        while self.run._work_a_turn():
            pass

    def series(self, of: Instrument) -> AnalysedSeries:
        found = self.run.series((of.id, Timeframe.M1))
        assert found is not None
        return found
