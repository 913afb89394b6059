"""The analysis behind the store: the same closed candles give the same ledger, whatever the batching."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from tests.live_analysis import BTC, ETH, HISTORY, LIVE, MINUTE_MS, SETTINGS, T0_MS, Rig, candle, waves
from tests.running import until
from virtuoso_desktop.analysis.layout import T_CLOSE
from virtuoso_desktop.analysis.scoring import config_hash
from virtuoso_desktop.engine.analysed_series import AnalysedSeries
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.result import DimensionName, SignalKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.schema import AnalysisSettings
from virtuoso_desktop.storage.ledger_rows import LedgerKind, LedgerRow, Transition


@pytest.fixture(scope="module")
def core() -> AnalysisCore:
    return AnalysisCore(SETTINGS.analysis, Source.DEMO)


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


def changed_analysis() -> AnalysisSettings:
    """Other weights, and thresholds that the waves reach more often."""
    analysis = SETTINGS.analysis
    weights = analysis.weights.model_copy(update={"technical": 0.15, "volume": 0.30})
    thresholds = analysis.thresholds.model_copy(update={"buy": 58.0, "buy_exit": 54.0, "sell_exit": 46.0, "sell": 42.0})
    return analysis.model_copy(update={"weights": weights, "thresholds": thresholds})


@pytest.mark.parametrize("settles", [lambda _: True, lambda number: number % 17 == 0, lambda _: False])
def test_other_weights_and_thresholds_count_for_candles_that_close_afterwards(settles: Callable[[int], bool]) -> None:
    core = AnalysisCore(SETTINGS.analysis, Source.DEMO)
    rig, rows, change_at = Rig(core), waves(1, HISTORY + LIVE), HISTORY + LIVE // 2
    rig.hold(BTC, rows[:HISTORY])
    rig.settle()
    for number in range(HISTORY, HISTORY + LIVE):
        if number == change_at:
            rig.run.judge_by(changed_analysis())
        rig.close(BTC, number, rows[number])
        if settles(number):
            rig.settle()
    rig.settle()
    old, new = config_hash(SETTINGS.analysis), config_hash(changed_analysis())
    assert old != new
    changed_ms = T0_MS + change_at * MINUTE_MS
    hashes = {
        (result.metadata.last_candle_ms <= changed_ms, result.metadata.config_hash) for result, *_ in rig.journal.put_
    }
    assert hashes == {(True, old), (False, new)}
    told = {row.config_hash for row in rig.journal.rows() if row.close_ms > changed_ms}
    assert told == {new}, "the ledger's rows carry the hash of what they were judged by"
    result = rig.series(BTC).result
    assert result is not None
    assert result.dimensions[DimensionName.TECHNICAL].nominal_weight == 0.15


def test_the_forming_candle_is_previewed_by_the_new_weights_at_once_and_the_closed_one_stays() -> None:
    core = AnalysisCore(SETTINGS.analysis, Source.DEMO)
    rig, rows, looked = Rig(core), waves(1, HISTORY + 2), []

    class Looks:
        def judged(self, series: AnalysedSeries, transitions: object) -> None: ...

        def restored(self, rows: object) -> None: ...

        def previewed(self, series: AnalysedSeries, forming_open_ms: int) -> None:
            preview = series.preview(rig.now_ms, forming_open_ms)
            assert preview is not None
            looked.append(preview.metadata.config_hash)

    rig.run.publisher = Looks()
    rig.hold(BTC, rows[:HISTORY])
    rig.settle()
    rig.store.apply(candle(BTC, HISTORY, rows[HISTORY], closed=False))
    rig.run._preview()
    rig.run.judge_by(changed_analysis())
    rig.run._preview()
    assert looked == [config_hash(SETTINGS.analysis), config_hash(changed_analysis())]
    result = rig.series(BTC).result
    assert result is not None
    assert result.metadata.config_hash == config_hash(SETTINGS.analysis)
