"""What a foreign hand or a bad disk did to a ledger is found, and the first bad row named."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journals import rows_of, spoil, verdict_of, write_ledger
from tests.results import transitions
from virtuoso_desktop.storage.faults import FaultKind
from virtuoso_desktop.storage.journal_faults import JournalFault
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger import SHORT_ID
from virtuoso_desktop.storage.ledger_check import heads_in_log
from virtuoso_desktop.storage.ledger_rows import GENESIS, digest

ROWS = 30
COLUMNS = ("body", "hash", "instrument", "timeframe", "kind")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "journal.db"
    write_ledger(path, transitions(ROWS))
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path))


def test_a_whole_ledger_is_whole(path: Path) -> None:
    verdict = verdict_of(path)
    assert (verdict.rows, verdict.head) == (ROWS, rows_of(path)[-1].hash)
    assert (verdict.fault, verdict.bad_row, verdict.lost) == (None, None, 0)


@pytest.mark.parametrize("name", ["with space", "50%", "what?", "a#b", "ünï cödé", "it's"])
def test_whatever_the_folder_is_called(whole: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    copied = Path(shutil.copy(whole, tmp_path / name))
    assert verdict_of(copied).rows == ROWS
    write_ledger(copied, [])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_empty_one_is_whole(tmp_path: Path) -> None:
    JournalFile(tmp_path / "journal.db").close()
    verdict = verdict_of(tmp_path / "journal.db")
    assert (verdict.rows, verdict.head, verdict.fault) == (0, GENESIS, None)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_of_any_row_that_changes_is_found(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    number = data.draw(st.integers(1, ROWS), "row")
    column = data.draw(st.sampled_from(COLUMNS), "column")
    path = Path(shutil.copy(whole, tmp_path_factory.mktemp("edited")))
    connection = sqlite3.connect(path)
    (value,) = connection.execute(f"SELECT CAST({column} AS BLOB) FROM ledger WHERE number = ?", (number,)).fetchone()
    connection.close()
    place = data.draw(st.integers(0, len(value) - 1), "place")
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != value[place]), "byte")
    spoil(
        path,
        f"UPDATE ledger SET {column} = CAST(? AS TEXT) WHERE number = ?",
        values=[(value[:place] + bytes([byte]) + value[place + 1 :], number)],
    )
    verdict = verdict_of(path)
    assert verdict.bad_row == number, verdict
    assert verdict.rows == number - 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(1, ROWS), places=st.integers(-10, 10).filter(bool))
def test_a_close_that_changes_is_found(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, number: int, places: int
) -> None:
    path = Path(shutil.copy(whole, tmp_path_factory.mktemp("edited")))
    spoil(path, "UPDATE ledger SET close_ms = close_ms + ? WHERE number = ?", values=[(places, number)])
    assert verdict_of(path).bad_row == number


@pytest.mark.parametrize(
    ("statement", "bad_row", "words"),
    [
        ("DELETE FROM ledger WHERE number = 9", 9, "row 9 was cut out"),
        ("DELETE FROM ledger WHERE number BETWEEN 1 AND 4", 1, "rows 1 to 4 were cut out"),
        ("DELETE FROM ledger WHERE number > 25", 26, "rows 26 to 30 were cut off at the end"),
        ("UPDATE ledger SET number = number + 100 WHERE number = 3", 3, "row 3 was cut out"),
        ("UPDATE chain SET number = 20", 30, "added by another hand"),
        ("DELETE FROM chain", 30, "added by another hand"),
        ("UPDATE ledger SET body = '' WHERE number = 5", 5, "edited"),
    ],
)
def test_what_was_cut_or_moved_is_named(path: Path, statement: str, bad_row: int, words: str) -> None:
    spoil(path, statement)
    verdict = verdict_of(path)
    assert verdict.bad_row == bad_row
    assert words in (verdict.fault or "")


def test_rows_that_changed_places_are_named(path: Path) -> None:
    rows = rows_of(path)
    spoil(
        path,
        *["UPDATE ledger SET body = ?, hash = ? WHERE number = ?"] * 2,
        values=[
            ((rows[11].body or b"").decode(), rows[11].hash, 8),
            ((rows[7].body or b"").decode(), rows[7].hash, 12),
        ],
    )
    verdict = verdict_of(path)
    assert verdict.bad_row == 8
    assert "reordered: here stands what was written as row 12" in (verdict.fault or "")


def test_a_row_written_anew_with_its_hash_breaks_the_next(path: Path) -> None:
    row = json.loads(rows_of(path)[16].body or b"")
    row["score"] = 99.0
    body = json.dumps(row, sort_keys=True, separators=(",", ":"))
    spoil(path, "UPDATE ledger SET body = ?, hash = ? WHERE number = 17", values=[(body, digest(body.encode()))])
    verdict = verdict_of(path)
    assert verdict.bad_row == 18
    assert "does not follow row 17" in (verdict.fault or "")


def test_a_ledger_cut_with_its_head_is_known_from_the_log(path: Path) -> None:
    rows = rows_of(path)
    name = (rows[0].hash or "")[:SHORT_ID]
    lines = [
        f"2026-11-28 12:00:00.000 INFO virtuoso_desktop.storage.journal: ledger {name}: row 12, head {rows[11].hash}\n",
        f"2026-11-28 12:00:10.000 INFO virtuoso_desktop.storage.journal: ledger {name}: row 30, head {rows[29].hash}\n",
        f"2026-11-28 12:00:10.000 INFO virtuoso_desktop.storage.journal: ledger {'0' * 16}: row 99, head {'1' * 64}\n",
        "something else\n",
    ]
    known = heads_in_log(lines)
    assert verdict_of(path, known=known).known_heads == 2
    spoil(
        path,
        "DELETE FROM ledger WHERE number > 20",
        "UPDATE chain SET number = 20, hash = (SELECT hash FROM ledger WHERE number = 20)",
    )
    assert verdict_of(path).fault is None, "by itself it looks whole"
    verdict = verdict_of(path, known=known)
    assert (verdict.bad_row, verdict.rows) == (21, 20)
    assert "rows 21 to 30 were cut off" in (verdict.fault or "")


def test_a_head_in_the_log_that_differs_is_named(path: Path) -> None:
    name = (rows_of(path)[0].hash or "")[:SHORT_ID]
    verdict = verdict_of(path, known={name: {12: "f" * 64}})
    assert verdict.bad_row == 12
    assert "log" in (verdict.fault or "")


def test_a_head_that_was_noted_must_be_there(path: Path) -> None:
    rows = rows_of(path)
    assert verdict_of(path, head=rows[14].hash).fault is None
    verdict = verdict_of(path, head="e" * 64)
    assert "no row has the hash" in (verdict.fault or "")


def _passes(path: Path) -> bool:
    try:
        return verdict_of(path).fault is None
    except JournalFault as fault:
        return fault.kind is not FaultKind.DAMAGED


def test_a_file_cut_at_any_byte_never_passes(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    dice = random.Random(5)
    lengths = {0, 1, 15, 16, 99, 100, 4096, 8192, len(data) - 4096, len(data) - 1}
    lengths |= {dice.randrange(len(data)) for _ in range(60)}
    for length in sorted(lengths):
        path = tmp_path / f"cut-{length}.db"
        path.write_bytes(data[:length])
        assert not _passes(path), f"cut at byte {length} of {len(data)}"


def test_a_log_cut_at_any_byte_leaves_the_rows_before_and_the_heads_tell_the_rest(tmp_path: Path) -> None:
    """SQLite's own log, ``journal.db-wal``, of a program that was killed."""
    killed = tmp_path / "killed.db"
    file = JournalFile(killed)
    for each in transitions(ROWS):
        with file.transaction():
            file.ledger.append([each])
    log = killed.with_name("killed.db-wal").read_bytes()
    data, rows = killed.read_bytes(), list(file.ledger.all_rows())
    file.close()
    known = {(rows[0].hash or "")[:SHORT_ID]: {ROWS: rows[-1].hash or ""}}
    dice = random.Random(8)
    counts: set[int] = set()
    for turn in range(40):
        path = tmp_path / f"cut-{turn}.db"
        path.write_bytes(data)
        path.with_name(f"{path.name}-wal").write_bytes(log[: dice.randrange(len(log) // 3, len(log))])
        verdict = verdict_of(path)
        assert verdict.fault is None
        assert rows_of(path) == rows[: verdict.rows]
        counts.add(verdict.rows)
        if 0 < verdict.rows < ROWS:
            assert verdict_of(path, known=known).bad_row == verdict.rows + 1
    assert len(counts) > 10


def test_a_bad_byte_anywhere_in_the_file_is_found_or_harmless(whole: Path, tmp_path: Path) -> None:
    """Space that no row uses may change; whatever passes holds the very same rows."""
    data, rows = whole.read_bytes(), rows_of(whole)
    dice = random.Random(6)
    found = 0
    for turn in range(250):
        place = dice.randrange(100 if turn < 40 else len(data))
        path = tmp_path / "bad.db"
        for left in tmp_path.glob("bad.db*"):
            left.unlink()
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :])
        try:
            verdict = verdict_of(path)
        except JournalFault:
            found += 1
            continue
        if verdict.fault is None:
            assert rows_of(path) == rows, f"byte {place}"
        else:
            found += 1
    assert found > 100
