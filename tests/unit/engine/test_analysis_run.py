"""The analysis behind the store: the same closed candles give the same ledger, whatever the batching."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.fake_adapter import instrument
from tests.running import until
from virtuoso_desktop.analysis.layout import T_CLOSE
from virtuoso_desktop.engine.analysed_series import AnalysedSeries
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.engine.analysis_run import AnalysisRun
from virtuoso_desktop.engine.sealing import SeriesKey
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, Source
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.result import Confluence, SignalKind
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


@pytest.fixture(scope="module")
def core() -> AnalysisCore:
    return AnalysisCore(SETTINGS.analysis, Source.DEMO)


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


def live_run(core: AnalysisCore, *, shown: int, settle_every: Callable[[int], bool], live: int = LIVE) -> Rig:
    """Both instruments through history and live candles."""
    rig = Rig(core, shown=shown)
    made = {BTC: waves(1, HISTORY + live), ETH: waves(2, HISTORY + live)}
    for of, rows in made.items():
        rig.hold(of, rows[:HISTORY])
    rig.settle()
    for number in range(HISTORY, HISTORY + live):
        for of, rows in made.items():
            rig.close(of, number, rows[number])
            if settle_every(number):
                rig.settle()
    rig.settle()
    return rig


def test_any_batching_and_any_order_of_looking_gives_the_same_ledger(core: AnalysisCore) -> None:
    each = live_run(core, shown=0, settle_every=lambda _: True)
    late = live_run(core, shown=1, settle_every=lambda number: number % 17 == 0)
    once = live_run(core, shown=1, settle_every=lambda _: False)
    assert each.journal.ledger() == late.journal.ledger() == once.journal.ledger()
    kinds = {row.kind for row in each.journal.rows()}
    assert {LedgerKind.ENTERED, LedgerKind.EXITED} <= kinds
    assert {row.signal for row in each.journal.rows()} >= {SignalKind.BUY, SignalKind.SELL}
    assert [result.metadata.last_candle_ms for result, _, _ in each.journal.put_] == sorted(
        result.metadata.last_candle_ms for result, _, _ in each.journal.put_
    )


def test_nothing_is_signalled_of_candles_that_closed_before_anybody_watched(core: AnalysisCore) -> None:
    rig = Rig(core)
    rig.hold(BTC, waves(1, HISTORY))
    rig.settle()
    assert rig.journal.rows() == []
    result = rig.series(BTC).result
    assert result is not None
    assert result.confluence_score is not None
    assert result.signal is SignalKind.NEUTRAL


def signalling(core: AnalysisCore) -> tuple[Rig, int, list[tuple[float, float, float, float, float]]]:
    """A run of BTC that ends while a signal holds; with the number of the next candle."""
    rows = waves(1, HISTORY + LIVE + 200)
    rig = Rig(core)
    rig.hold(BTC, rows[:HISTORY])
    rig.settle()
    for number in range(HISTORY, HISTORY + LIVE):
        rig.close(BTC, number, rows[number])
        rig.settle()
        told = rig.journal.rows()
        if told and told[-1].signal is not SignalKind.NEUTRAL:
            return rig, number + 1, rows
    raise AssertionError("no signal was raised")


def test_a_restart_goes_on_and_signals_nothing_twice(core: AnalysisCore) -> None:
    first, number, rows = signalling(core)
    key = (BTC.id, Timeframe.M1)
    again = Rig(core, restored=first.journal.ending(key))
    again.run._restored = first.journal.ending(key)
    again.now_ms = first.now_ms
    again.hold(BTC, rows[:number])
    again.settle()
    assert again.journal.rows() == []
    held, before = again.series(BTC).result, first.series(BTC).result
    assert held is not None
    assert before is not None
    assert (held.signal, held.signal_since_ms, held.signal_entry_score) == (
        before.signal, before.signal_since_ms, before.signal_entry_score,
    )  # fmt: skip
    for rig in (first, again):
        for later in range(number, number + 60):
            rig.close(BTC, later, rows[later])
            rig.settle()
    later_rows = again.journal.ledger()
    assert later_rows
    assert later_rows == first.journal.ledger()[-len(later_rows) :]


def test_a_signal_that_nobody_watched_ends_for_want_of_data(core: AnalysisCore) -> None:
    first, number, rows = signalling(core)
    key = (BTC.id, Timeframe.M1)
    again = Rig(core)
    again.run._restored = first.journal.ending(key)
    later = number + 90
    again.now_ms = T0_MS + later * MINUTE_MS
    again.hold(BTC, rows[:later])
    again.settle()
    (row,) = again.journal.rows()
    assert (row.kind, row.reason, row.from_signal) == (LedgerKind.EXITED, "data", first.journal.rows()[-1].signal)


@pytest.mark.parametrize(("back", "live"), [(3, LIVE), (200, LIVE), (599, 600)])
def test_a_revision_leads_to_what_the_revised_candles_say(core: AnalysisCore, back: int, live: int) -> None:
    rig = live_run(core, shown=0, settle_every=lambda number: number % 7 == 0, live=live)
    rows = waves(1, HISTORY + live)
    number = HISTORY + live - 1 - back
    kept = [each for each in rig.series(BTC).checkpoints if each.open_ms < T0_MS + number * MINUTE_MS]
    assert kept, "a checkpoint lies before the candle"
    changed = (rows[number][0], rows[number][1] + 400.0, rows[number][2] - 400.0, rows[number][3] - 250.0, 500.0)
    told = len(rig.journal.rows())
    rig.store.apply(candle(BTC, number, changed))
    rig.settle()
    rows[number] = changed
    fresh = Rig(core)
    fresh.now_ms = rig.now_ms
    fresh.hold(BTC, rows)
    fresh.settle()
    revised = [row for row in rig.journal.rows()[told:] if row.kind is LedgerKind.REVISED]
    assert [row.close_ms for row in revised] == [T0_MS + (number + 1) * MINUTE_MS]
    assert rig.series(BTC).table_state.tobytes() == fresh.series(BTC).table_state.tobytes()
    score, expected = rig.series(BTC).result, fresh.series(BTC).result
    assert score is not None
    assert expected is not None
    assert score.confluence_score == expected.confluence_score


def test_a_candle_that_only_rest_closed_is_judged(core: AnalysisCore) -> None:
    rig = Rig(core)
    rows = waves(1, HISTORY + 2)
    rig.hold(BTC, rows[:HISTORY])
    rig.settle()
    rig.now_ms += 2 * MINUTE_MS
    rig.hold(BTC, rows)
    rig.settle()
    assert [result.metadata.last_candle_open_ms for result, _, _ in rig.journal.put_] == [
        T0_MS + HISTORY * MINUTE_MS, T0_MS + (HISTORY + 1) * MINUTE_MS,
    ]  # fmt: skip


def test_a_forming_candle_is_a_preview_that_leaves_no_trace(core: AnalysisCore) -> None:
    rig = Rig(core)
    rows = waves(1, HISTORY + 1)
    rig.hold(BTC, rows[:HISTORY])
    rig.settle()
    seen: list[tuple[AnalysedSeries, int]] = []

    class Watcher:
        def judged(self, series: AnalysedSeries, transitions: tuple[Transition, ...]) -> None: ...

        def previewed(self, series: AnalysedSeries, forming_open_ms: int) -> None:
            seen.append((series, forming_open_ms))

        def restored(self, rows: list[LedgerRow]) -> None: ...

    rig.run.publisher = Watcher()
    series = rig.series(BTC)
    before = (series.table_state.tobytes(), series.score_state.tobytes(), len(rig.journal.put_))
    rig.store.apply(candle(BTC, HISTORY, rows[HISTORY], closed=False))
    rig.run._preview()
    assert seen == [(series, T0_MS + HISTORY * MINUTE_MS)]
    preview = series.preview(rig.now_ms, T0_MS + HISTORY * MINUTE_MS)
    assert preview is not None
    assert preview.forming
    assert before == (series.table_state.tobytes(), series.score_state.tobytes(), len(rig.journal.put_))
    rig.close(BTC, HISTORY, rows[HISTORY])
    rig.settle()
    result = rig.series(BTC).result
    assert result is not None
    assert result.confluence_score == preview.confluence_score


def test_an_instrument_that_goes_does_not_hold_up_the_ledger(core: AnalysisCore) -> None:
    rig = Rig(core)
    made = {BTC: waves(1, HISTORY + 3), ETH: waves(2, HISTORY + 3)}
    for of, rows in made.items():
        rig.hold(of, rows[:HISTORY])
    rig.settle()
    for of, rows in made.items():
        rig.close(of, HISTORY, rows[HISTORY])
    rig.store.remove(BTC.id)
    rig.run.forget(BTC.id)
    rig.settle()
    assert [result.instrument_id for result, _, _ in rig.journal.put_] == [ETH.id]


def test_a_tick_size_that_the_venue_changes_begins_anew_and_says_the_same(core: AnalysisCore) -> None:
    rig, rows = Rig(core), waves(1, HISTORY + 3)
    rig.hold(BTC, rows[:HISTORY])
    rig.settle()
    rig.close(BTC, HISTORY, rows[HISTORY])
    rig.settle()
    before, told = rig.series(BTC).result, len(rig.journal.rows())
    assert before is not None
    finer = msgspec.structs.replace(BTC, tick_size=Decimal("0.01"))
    rig.store.remove(BTC.id)
    rig.run.forget(BTC.id)
    rig.hold(finer, rows[: HISTORY + 1])
    rig.settle()
    again = rig.series(BTC).result
    assert again is not None
    assert rig.series(BTC).columns[T_CLOSE] == round(rows[HISTORY][3] * 100)
    assert again.confluence_score == pytest.approx(before.confluence_score, abs=1e-9)
    assert (again.signal, again.metadata.last_candle_ms) == (before.signal, before.metadata.last_candle_ms)
    assert len(rig.journal.rows()) == told, "another grid is no event of the market"
    rig.close(finer, HISTORY + 1, rows[HISTORY + 1])
    rig.settle()
    one_grid = Rig(core)
    one_grid.now_ms += MINUTE_MS
    one_grid.hold(finer, rows[: HISTORY + 1])
    one_grid.settle()
    one_grid.close(finer, HISTORY + 1, rows[HISTORY + 1])
    one_grid.settle()
    assert rig.series(BTC).table_state.tobytes() == one_grid.series(BTC).table_state.tobytes()


@pytest.mark.parametrize("away", [0, 90])
def test_an_instrument_that_is_watched_again_goes_on_or_its_signal_ends_once(core: AnalysisCore, away: int) -> None:
    rig, rows = Rig(core), waves(1, HISTORY + 120)
    rig.hold(BTC, rows[:HISTORY])
    rig.settle()
    number = HISTORY
    while not rig.journal.rows():
        rig.close(BTC, number, rows[number])
        rig.settle()
        number += 1
    told = len(rig.journal.rows())
    for _ in range(2):
        rig.store.remove(BTC.id)
        rig.run.forget(BTC.id)
        rig.now_ms = T0_MS + (number + away) * MINUTE_MS
        rig.hold(BTC, rows[: number + away])
        rig.settle()
    new = [(row.kind, row.reason) for row in rig.journal.rows()[told:]]
    assert new == ([(LedgerKind.EXITED, "data")] if away else [])


@pytest.mark.deadline_s(60)
async def test_the_task_prepares_in_a_worker_and_judges_what_closes(core: AnalysisCore) -> None:
    rig = Rig(core)
    rig.run.core = None
    rows = waves(1, HISTORY + 1)
    rig.hold(BTC, rows[:HISTORY])
    tasks = Supervisor()
    tasks.spawn("analysis", rig.run.run)
    await until(lambda: rig.run.series((BTC.id, Timeframe.M1)) is not None, "history loaded", deadline_s=30)
    rig.close(BTC, HISTORY, rows[HISTORY])
    await until(lambda: len(rig.journal.put_) == 1, "the candle judged", deadline_s=30)
    await tasks.stop()
    rig.run.stop()
    assert rig.run.figures.evaluations == 1
