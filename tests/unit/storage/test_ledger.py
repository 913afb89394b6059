"""The ledger: what becomes a row, its canonical bytes, its chain, and what a restart finds in it."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journals import rows_of, spoil, verdict_of, write_ledger
from tests.results import BTC, ETH, T0_MS, result, transitions, walk
from virtuoso_desktop.model.result import SignalKind, SignalStrength
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger import read_row
from virtuoso_desktop.storage.ledger_rows import (
    GENESIS,
    NOTHING,
    LedgerKind,
    Standing,
    Transition,
    canonical,
    changes,
    revision,
)

ROOT = Path(__file__).parents[3]
BUY = Standing(SignalKind.BUY, SignalStrength.MODERATE)
STRONG_BUY = Standing(SignalKind.BUY, SignalStrength.STRONG)
SELL = Standing(SignalKind.SELL, SignalStrength.MODERATE)
LEAN = Standing(SignalKind.NEUTRAL, SignalStrength.LEAN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (NOTHING, NOTHING, []),
        (NOTHING, LEAN, []),
        (LEAN, NOTHING, []),
        (BUY, BUY, []),
        (NOTHING, BUY, [(LedgerKind.ENTERED, NOTHING, BUY)]),
        (LEAN, SELL, [(LedgerKind.ENTERED, LEAN, SELL)]),
        (BUY, LEAN, [(LedgerKind.EXITED, BUY, LEAN)]),
        (BUY, STRONG_BUY, [(LedgerKind.STRENGTH, BUY, STRONG_BUY)]),
        (STRONG_BUY, BUY, [(LedgerKind.STRENGTH, STRONG_BUY, BUY)]),
        (BUY, SELL, [(LedgerKind.EXITED, BUY, NOTHING), (LedgerKind.ENTERED, NOTHING, SELL)]),
    ],
)
def test_what_the_ledger_has_to_say(before: Standing, after: Standing, told: list[object]) -> None:
    found = changes(before, result(0, *after))
    assert [(each.kind, each.before, each.after) for each in found] == told


def test_a_provisional_result_is_refused() -> None:
    forming = result(0, *BUY, forming=True)
    with pytest.raises(ValueError, match="provisional"):
        changes(NOTHING, forming)
    with pytest.raises(ValueError, match="provisional"):
        revision(NOTHING, forming)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        changes(NOTHING, result(0, *BUY, score=score))


def test_a_row_says_what_the_result_said(path: Path) -> None:
    given = result(7, *BUY, score=72.5, reason="why")
    write_ledger(path, changes(NOTHING, given))
    (stored,) = rows_of(path)
    row = read_row(stored.body)
    assert row is not None
    assert (row.number, row.previous, row.lost_before) == (1, GENESIS, 0)
    assert (row.instrument, row.timeframe, row.source) == (str(BTC), Timeframe.M5, given.source)
    assert (row.close_ms, row.decision_ms) == (given.metadata.last_candle_ms, given.metadata.analysis_ms)
    assert (row.from_signal, row.from_strength, row.signal, row.strength) == (*NOTHING, *BUY)
    assert (row.score, row.confidence, row.confidence_raw) == (72.5, 0.5, 0.625)
    assert (row.engine_version, row.config_hash, row.profile, row.reason) == ("1", "c0ffee", given.profile, "why")
    assert len(row.components) == 20
    for name, dimension in given.dimensions.items():
        assert row.dimensions[name].score == dimension.score
        assert row.dimensions[name].status == dimension.status
        for key, component in dimension.components.items():
            assert row.components[key] == (
                component.score, component.value, component.points, component.weight, component.age_ms,
                component.reason,
            )  # fmt: skip


def test_the_canonical_form_is_what_the_documentation_says(path: Path) -> None:
    write_ledger(path, transitions(30))
    previous = GENESIS
    for number, stored in enumerate(rows_of(path), 1):
        assert stored.body is not None
        row = json.loads(stored.body)
        assert json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == stored.body
        assert (row["number"], row["previous"]) == (number, previous)
        previous = hashlib.sha256(stored.body).hexdigest()
        assert previous == stored.hash


@pytest.mark.own_process
def test_the_verifier_of_the_documentation_works_as_printed(path: Path, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert program is not None
    assert len(program[1].splitlines()) <= 20
    (tmp_path / "verify.py").write_text(program[1], encoding="utf-8")
    write_ledger(path, transitions(12))

    def ran() -> str:
        command = [sys.executable, str(tmp_path / "verify.py"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert ran().split() == ["12", rows_of(path)[-1].hash]
    spoil(path, "UPDATE ledger SET body = replace(body, 'c0ffee', 'c0ffef') WHERE number = 5")
    assert "row 5" in ran()


def test_the_time_it_took_leaves_no_trace() -> None:
    slow, quick = result(0, *BUY, seed=0), result(0, *BUY, seed=0)
    slow = msgspec.structs.replace(slow, metadata=msgspec.structs.replace(slow.metadata, processing_time_ms=99.0))
    assert canonical(changes(NOTHING, slow)[0].row(1, GENESIS)) == canonical(changes(NOTHING, quick)[0].row(1, GENESIS))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 12), min_size=1, max_size=20))
def test_any_batching_gives_the_same_ledger(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    given_rows = transitions(25)
    folder = tmp_path_factory.mktemp("ledger")
    write_ledger(folder / "one.db", given_rows)
    file = JournalFile(folder / "many.db")
    waiting = list(given_rows)
    while waiting:
        size = sizes.pop(0) if sizes else 5
        with file.transaction():
            file.ledger.append(waiting[:size])
        waiting = waiting[size:]
        if size % 3 == 0:  # the program ends and starts again
            file.close()
            file = JournalFile(folder / "many.db")
    file.close()
    assert rows_of(folder / "one.db") == rows_of(folder / "many.db")


def test_the_last_row_of_each_series_says_what_holds(path: Path) -> None:
    told = [each for _, found in walk(60) for each in found]
    hourly = changes(NOTHING, result(0, *BUY, timeframe=Timeframe.H1))
    revised = revision(BUY, result(3, *NOTHING, timeframe=Timeframe.H1))
    file = JournalFile(path)
    with file.transaction():
        file.ledger.append([*told, *hourly, revised])
    last = file.ledger.last_rows()
    file.close()
    again = JournalFile(path)
    assert again.ledger.last_rows() == last, "and so after a restart"
    again.close()
    for instrument_id in (BTC, ETH):
        newest = [each for each in told if each.result.instrument_id == instrument_id][-1]
        assert last[instrument_id, Timeframe.M5].standing == newest.after
        assert last[instrument_id, Timeframe.M5].close_ms == newest.result.metadata.last_candle_ms
    assert last[BTC, Timeframe.H1].standing == BUY, "a revised row changes nothing that holds"
    assert len(last) == 3


def test_a_restart_that_goes_over_it_again_tells_nothing_twice(path: Path) -> None:
    told = [each for _, found in walk(120) for each in found]
    write_ledger(path, told[:40])
    before = rows_of(path)
    file = JournalFile(path)
    with file.transaction():
        assert file.ledger.append(told[:40]) == 0
        assert file.ledger.append(told[20:]) == len(told) - 40
    assert file.ledger.repeated == 60
    file.close()
    write_ledger(path.with_name("straight.db"), told)
    assert rows_of(path)[:40] == before
    assert rows_of(path) == rows_of(path.with_name("straight.db"))


def test_a_signal_may_come_and_go_with_the_revisions_of_one_candle(path: Path) -> None:
    candle = 5
    steps: list[Transition] = [
        *changes(NOTHING, result(candle, *BUY)),
        revision(BUY, result(candle, *NOTHING, seed=1)),
        *changes(BUY, result(candle, *NOTHING, seed=1), "revision"),
        revision(NOTHING, result(candle, *BUY, seed=2)),
        *changes(NOTHING, result(candle, *BUY, seed=2), "revision"),
    ]
    write_ledger(path, steps, batch=2)
    rows = [read_row(stored.body) for stored in rows_of(path)]
    assert [row.kind.value for row in rows if row] == ["entered", "revised", "exited", "revised", "entered"]
    assert [row.reason for row in rows if row] == [None, None, "revision", None, "revision"]


def test_rows_that_were_lost_are_told(path: Path) -> None:
    file = JournalFile(path)
    with file.transaction():
        file.ledger.append(transitions(3), lost_before=7)
    file.close()
    assert [row.lost_before for each in rows_of(path) if (row := read_row(each.body))] == [7, 0, 0]
    assert verdict_of(path).lost == 7


def test_rows_by_series_time_and_count(path: Path) -> None:
    told = transitions(40)
    write_ledger(path, told)
    file = JournalFile(path, read_only=True)
    eth = [number for number, each in enumerate(told, 1) if each.result.instrument_id == ETH]
    assert [row.number for row in file.ledger.rows(instrument=str(ETH))] == eth
    assert [row.number for row in file.ledger.rows(instrument=str(ETH), limit=3)] == eth[-3:]
    assert file.ledger.rows(timeframe="1h") == []
    since_ms = T0_MS + 20 * Timeframe.M5.duration_ms
    late = [number for number, each in enumerate(told, 1) if each.result.metadata.last_candle_ms >= since_ms]
    assert [row.number for row in file.ledger.rows(since_ms=since_ms)] == late
    file.close()


def test_no_row_is_ever_changed_or_deleted(path: Path) -> None:
    write_ledger(path, transitions(3))
    connection = sqlite3.connect(path)
    for statement in ("UPDATE ledger SET hash = ''", "DELETE FROM ledger", "UPDATE ledger SET number = 9"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(statement)
    connection.close()


def test_a_chain_whose_end_was_cut_goes_on_and_keeps_the_hole(path: Path) -> None:
    told = [each for _, found in walk(60) for each in found]
    write_ledger(path, told[:10])
    spoil(path, "DELETE FROM ledger WHERE number > 7")
    file = JournalFile(path)
    assert "rows 8 to 10 are missing" in (file.ledger.remark or "")
    with file.transaction():
        file.ledger.append(told[10:12])
    file.close()
    verdict = verdict_of(path)
    assert (verdict.rows, verdict.bad_row) == (7, 8)
    assert "rows 8 to 10 were cut out" in (verdict.fault or "")
