"""Records of evaluations: what they keep, how long, and that they never part from the ledger and the state."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.results import BTC, ETH, result, walk
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import COMPONENTS, Reason, SignalKind, SignalStrength, Withheld
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.evaluations import (
    CELLS,
    COMPONENT_NAMES,
    CUT_EVERY,
    DIMENSIONS,
    KEPT_PER_SERIES,
    MOST_SERIES,
    REASONS,
    RULES,
    SIGNALS,
    STRENGTHS,
    Evaluation,
    cells_of,
    evaluation,
    rules_of,
)
from virtuoso_desktop.storage.journal_file import JournalFile


@pytest.fixture
def file(tmp_path: Path) -> JournalFile:
    return JournalFile(tmp_path / "journal.db")


def test_every_word_has_a_code() -> None:
    assert set(SIGNALS) == set(SignalKind)
    assert set(STRENGTHS) == set(SignalStrength)
    assert set(REASONS) == {None, *Reason}
    assert set(RULES) == set(Withheld)
    assert len(COMPONENT_NAMES) == 20


def test_a_record_keeps_what_the_result_said(file: JournalFile) -> None:
    withheld = (Withheld.THRESHOLD, Withheld.COOL_DOWN)
    given = result(3, SignalKind.BUY, SignalStrength.STRONG, score=77.25, reason="why", withheld=withheld)
    without = result(4, score=None)
    with file.transaction():
        for each in (given, without):
            file.evaluations.put(evaluation(each).record, None)
    history = file.evaluations.history(BTC, Timeframe.M5)
    assert history.close_ms.tolist() == [each.metadata.last_candle_ms for each in (given, without)]
    assert history.reasons == ("why", None)
    cells = history.cells
    assert cells["score"][0] == 77.25
    assert np.isnan(cells["score"][1])
    assert cells["decision_ms"].tolist() == [each.metadata.analysis_ms for each in (given, without)]
    assert (SIGNALS[cells["signal"][0]], STRENGTHS[cells["strength"][0]]) == (SignalKind.BUY, SignalStrength.STRONG)
    assert rules_of(int(cells["withheld"][0])) == withheld
    assert rules_of(int(cells["withheld"][1])) == ()
    for place, name in enumerate(DIMENSIONS):
        dimension = given.dimensions[name]
        assert _same(cells["dimension_score"][0][place], dimension.score)
        assert cells["dimension_weight"][0][place] == np.float32(dimension.weight)
        status = REASONS[cells["dimension_status"][0][place]]
        assert dimension.status == ("OK" if status is None else status)
    for place, (name, key) in enumerate(COMPONENT_NAMES):
        component = given.dimensions[name].components[key]
        assert _same(cells["component_score"][0][place], component.score)
        assert _same(cells["component_points"][0][place], component.points)
        assert REASONS[cells["component_reason"][0][place]] is component.reason


def _same(found: np.float32, said: float | None) -> bool:
    return bool(np.isnan(found)) if said is None else found == np.float32(said)


def test_dimensions_that_a_result_lacks_are_missing(file: JournalFile) -> None:
    bare = msgspec.structs.replace(result(0), dimensions={})
    cells = np.frombuffer(cells_of(bare), CELLS)[0]
    assert np.isnan(cells["component_score"]).all()
    assert {REASONS[code] for code in cells["dimension_status"]} == {Reason.MISSING}
    file.close()


def test_the_packed_bytes_are_the_columns() -> None:
    assert len(cells_of(result(0))) == CELLS.itemsize
    assert sum(len(names) for names in COMPONENTS.values()) == CELLS["component_score"].shape[0]


def test_a_revised_candle_takes_the_place_of_its_record(file: JournalFile) -> None:
    with file.transaction():
        file.evaluations.put(evaluation(result(0, score=10.0)).record, None)
        file.evaluations.put(evaluation(result(0, score=20.0)).record, None)
    assert file.evaluations.history(BTC, Timeframe.M5).cells["score"].tolist() == [20.0]


def test_the_newest_of_each_series_are_kept(file: JournalFile) -> None:
    count = KEPT_PER_SERIES + 3 * CUT_EVERY
    with file.transaction():
        for place in range(count):
            file.evaluations.put(evaluation(result(place)).record, None)
        file.evaluations.put(evaluation(result(0, instrument_id=ETH)).record, None)
    history = file.evaluations.history(BTC, Timeframe.M5, 10_000)
    assert KEPT_PER_SERIES <= history.close_ms.size < KEPT_PER_SERIES + CUT_EVERY
    assert history.close_ms[-1] == result(count - 1).metadata.last_candle_ms
    assert (np.diff(history.close_ms) == Timeframe.M5.duration_ms).all()
    assert file.evaluations.history(BTC, Timeframe.M5, 7).close_ms.tolist() == history.close_ms[-7:].tolist()
    assert file.evaluations.history(ETH, Timeframe.M5).close_ms.size == 1
    assert file.evaluations.history(ETH, Timeframe.H1).close_ms.size == 0


def test_series_left_behind_lose_their_records(file: JournalFile, tmp_path: Path) -> None:
    names = [InstrumentId.parse(f"bybit:linear:C{number}USDT") for number in range(MOST_SERIES + 2)]
    with file.transaction():
        for place, name in enumerate(names):
            evaluation(result((place * 7) % len(names), instrument_id=name), (), b"state").write(file)
    file.close()
    again = JournalFile(tmp_path / "journal.db")
    left = {name for name in names if again.evaluations.history(name, Timeframe.M5).close_ms.size}
    oldest = [name for place, name in enumerate(names) if (place * 7) % len(names) < 2]
    assert left == set(names) - set(oldest)
    assert len(again.evaluations.states()) == len(names)
    again.close()


def _write_and_fail(file: JournalFile, entry: Evaluation) -> None:
    with file.transaction():
        entry.write(file)
        raise ZeroDivisionError


def test_what_fails_midway_leaves_nothing(file: JournalFile, tmp_path: Path) -> None:
    steps = [step for step in walk(30) if step[1]]
    with file.transaction():
        evaluation(*steps[0], b"one").write(file)
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(file, evaluation(*steps[1], b"two"))
    file.close()
    again = JournalFile(tmp_path / "journal.db")
    (state,) = again.evaluations.states().values()
    assert state.state == b"one"
    assert state.as_of_ms == steps[0][0].metadata.last_candle_ms
    assert again.ledger.head.number == len(steps[0][1])
    assert (state.engine_version, state.config_hash) == ("1", "c0ffee")
    again.close()


def test_a_state_gives_way_to_a_newer_one_or_to_one_of_other_settings(file: JournalFile) -> None:
    def kept_after(place: int, state: bytes, config_hash: str = "c0ffee") -> bytes:
        given = result(place)
        given = msgspec.structs.replace(
            given, metadata=msgspec.structs.replace(given.metadata, config_hash=config_hash)
        )
        with file.transaction():
            evaluation(given, (), state).write(file)
        (found,) = file.evaluations.states().values()
        return found.state

    assert kept_after(5, b"five") == b"five"
    assert kept_after(4, b"four") == b"five", "older candles, gone over again"
    assert kept_after(5, b"revised") == b"revised"
    assert kept_after(3, b"other", "c0c0a") == b"other"
    assert kept_after(6, b"six", "c0c0a") == b"six"
    file.close()


def test_a_provisional_result_is_refused() -> None:
    with pytest.raises(ValueError, match="provisional"):
        evaluation(result(0, forming=True))


def test_a_record_of_another_length_is_not_read(file: JournalFile, tmp_path: Path) -> None:
    with file.transaction():
        file.evaluations.put(evaluation(result(0)).record, None)
        file.evaluations.put(evaluation(result(1)).record, None)
    file.close()
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("UPDATE evaluations SET cells = x'00' WHERE close_ms = (SELECT min(close_ms) FROM evaluations)")
    connection.commit()
    connection.close()
    again = JournalFile(tmp_path / "journal.db")
    assert again.evaluations.history(BTC, Timeframe.M5).close_ms.tolist() == [result(1).metadata.last_candle_ms]
    again.close()
