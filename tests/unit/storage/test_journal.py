"""The journal's thread: batches, reads after writes, and a file that is locked, full, damaged, newer or gone."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.journals import rows_of, spoil, verdict_of, write_ledger
from tests.results import BTC, ETH, result, transitions, walk
from tests.running import until
from tests.unit.storage.test_history_file import files_no_larger_than
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.result import SignalKind, SignalStrength
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage import ledger_rows
from virtuoso_desktop.storage.analysis_journal import AnalysisJournal
from virtuoso_desktop.storage.evaluations import evaluation
from virtuoso_desktop.storage.journal import MOST_PLAIN, MOST_URGENT, Entry, Journal
from virtuoso_desktop.storage.journal_file import LATEST_VERSION, JournalFile
from virtuoso_desktop.storage.ledger import read_row
from virtuoso_desktop.storage.ledger_check import heads_in_log
from virtuoso_desktop.storage.ledger_rows import NOTHING


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@asynccontextmanager
async def opened(path: Path | None) -> AsyncIterator[Journal]:
    journal = Journal(path)
    journal.start()
    try:
        yield journal
    finally:
        await journal.close(5.0)


async def said(journal: Journal, words: str) -> str:
    heard: list[str] = []

    def is_said() -> bool:
        heard.extend(message.user_text for message in journal.take_messages())
        return any(words in text for text in heard)

    await until(is_said, words)
    return next(text for text in heard if words in text)


async def pages_at_most(journal: Journal, count: int) -> None:
    """Let the file grow no further: what a full disk does, said by SQLite itself."""
    await journal.ask(lambda file: file._connection.execute(f"PRAGMA max_page_count = {count}").fetchone())


def put_walk(analysis: AnalysisJournal, count: int, state: bytes | None = None) -> int:
    told = 0
    for found, changes in walk(count):
        analysis.put(found, changes, state)
        told += len(changes)
    return told


async def test_what_is_put_is_read_back_and_found_after_a_restart(path: Path) -> None:
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        told = put_walk(analysis, 50, b"state")
        rows = await analysis.newest_rows(1_000)
        assert [row.number for row in rows] == list(range(1, told + 1))
        assert (await analysis.history(BTC, Timeframe.M5)).close_ms.size == 50
        assert journal.problem is None
        assert journal.is_kept
        assert journal.take_messages() == []
        assert journal.written == 100
    async with opened(path) as journal:
        restored = await AnalysisJournal(journal).restore()
        assert {key: row.number for key, row in restored.last_rows.items()} == {
            key: row.number for key, row in (await AnalysisJournal(journal).last_rows()).items()
        }
        assert restored.states[BTC, Timeframe.M5].state == b"state"
        assert restored.states[ETH, Timeframe.M5].as_of_ms == walk(50)[-1][0].metadata.last_candle_ms
        assert (await AnalysisJournal(journal).newest_rows(3, instrument_id=ETH))[-1].instrument == str(ETH)


async def test_a_transition_is_written_at_once_and_a_record_waits_for_more(path: Path) -> None:
    plain, (told, change) = result(0), next(step for step in walk(50) if step[1])
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        await analysis.last_rows()
        analysis.put(plain)
        await asyncio.sleep(0.3)
        assert journal.written == 0, "two seconds have not passed"
        analysis.put(told, change)
        await until(lambda: journal.written == 2, "both")
        analysis.put(plain)
        started_s = time.monotonic()
        await until(lambda: journal.written == 3, "the record alone")
        assert time.monotonic() - started_s > 1.0


async def test_what_waits_is_written_at_the_end(path: Path) -> None:
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        for place in range(100):
            analysis.put(result(place))
    file = JournalFile(path)
    assert file.evaluations.history(BTC, Timeframe.M5).close_ms.size == 100
    file.close()


@pytest.mark.parametrize("rows", [0, 30])
async def test_a_thread_with_nothing_to_do_rests(path: Path, rows: int) -> None:
    write_ledger(path, transitions(rows))
    async with opened(path) as journal:
        await journal.ask(lambda file: file.path)
        before_s = time.process_time()
        await asyncio.sleep(0.6)
        assert time.process_time() - before_s < 0.05


@pytest.mark.logs("20 entries of the journal could not be written")
async def test_a_thread_without_its_file_rests(tmp_path: Path) -> None:
    async with opened(tmp_path / "nowhere" / "journal.db") as journal:
        put_walk(AnalysisJournal(journal), 10)
        await said(journal, "cannot be used")
        before_s = time.process_time()
        await asyncio.sleep(0.6)
        assert time.process_time() - before_s < 0.05
    assert journal.waiting == 20


async def test_a_provisional_result_is_refused(path: Path) -> None:
    async with opened(path) as journal:
        with pytest.raises(ValueError, match="provisional"):
            AnalysisJournal(journal).put(result(0, forming=True))


async def test_without_a_file_nothing_is_kept_and_nothing_fails() -> None:
    async with opened(None) as journal:
        analysis = AnalysisJournal(journal)
        told = put_walk(analysis, 20)
        assert not journal.is_kept
        assert analysis.lost_rows == told
        with pytest.raises(StorageError, match="not open"):
            await analysis.restore()


async def test_the_head_is_in_the_log_when_rows_were_written(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        for found, changes in walk(50):
            analysis.put(found, changes)
            await analysis.last_rows()
    rows = rows_of(path)
    ((name, heads),) = heads_in_log(caplog.messages).items()
    assert (rows[0].hash or "").startswith(name)
    assert heads[len(rows)] == rows[-1].hash, "the last one at the end of the run"
    assert 2 <= len(heads) <= 3, "not one a row"
    assert verdict_of(path, known={name: heads}).known_heads == len(heads)


async def test_a_locked_file_is_tried_again_and_the_loop_never_waits(path: Path) -> None:
    write_ledger(
        path, ledger_rows.changes(NOTHING, result(0, SignalKind.BUY, SignalStrength.STRONG, timeframe=Timeframe.H4))
    )
    before = [read_row(stored.body) for stored in rows_of(path)]
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        started_s = time.perf_counter()
        told = put_walk(analysis, 50)
        assert time.perf_counter() - started_s < 0.5
        text = await said(journal, "held by another program")
        assert "What was stored stays" in text
        assert "at most 5,000" in text
        assert not journal.is_kept
        assert journal.waiting == 100
        assert await analysis.newest_rows(1_000) == before, "it can still be read"
        assert journal.waiting == 100
        holder.execute("ROLLBACK")
        holder.close()
        journal._retry_at_s = 0.0
        assert len(await analysis.newest_rows(1_000)) == told + 1
        await said(journal, "stored again")
        assert analysis.lost_rows == 0
    assert verdict_of(path).fault is None


@pytest.mark.logs("entries of the journal could not be written")
async def test_closing_is_bounded_while_the_file_is_locked(path: Path) -> None:
    write_ledger(path, [])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    journal = Journal(path)
    journal.start()
    put_walk(AnalysisJournal(journal), 5)
    started_s = time.monotonic()
    await journal.close(0.2)
    assert time.monotonic() - started_s < 0.9
    await journal.close(5.0)
    holder.close()


async def test_a_full_disk_is_said_and_what_waited_is_stored_when_there_is_room(path: Path) -> None:
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        steps = walk(400)
        for found, changes in steps[:100]:
            analysis.put(found, changes)
        await pages_at_most(journal, 1)  # SQLite takes the pages that are there
        for found, changes in steps[100:]:
            analysis.put(found, changes)
        text = await said(journal, "no room")
        assert "stored when it can be" in text
        assert len(await analysis.newest_rows(10_000)) == sum(len(changes) for _, changes in steps[:100])
        await pages_at_most(journal, 1_000_000)
        journal._retry_at_s = 0.0
        assert len(await analysis.newest_rows(10_000)) == sum(len(changes) for _, changes in steps)
        await said(journal, "stored again")
    assert verdict_of(path).fault is None
    assert verdict_of(path).lost == 0


async def test_a_disk_that_fails_is_said_and_nothing_is_lost(path: Path) -> None:
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        told = put_walk(analysis, 30)
        assert len(await analysis.newest_rows(10_000)) == told
        with files_no_larger_than(path.with_name("journal.db-wal").stat().st_size):
            analysis.put(*next((found, changes) for found, changes in walk(60)[60:] if changes))
            await said(journal, "cannot be used")
        journal._retry_at_s = 0.0
        assert len(await analysis.newest_rows(10_000)) == told + 1
    assert verdict_of(path).fault is None


async def test_beyond_its_bound_the_new_is_refused_and_the_ledger_says_how_much(path: Path) -> None:
    write_ledger(path, [])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    first, second, *rest = transitions(6)
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        plain = result(0)
        for _ in range(MOST_PLAIN + 10):
            analysis.put(plain)
        assert journal.waiting == MOST_PLAIN
        assert journal.refused == 10
        assert "new ones are not stored" in await said(journal, "for so long")
        for _ in range(MOST_URGENT):
            analysis.put(first.result, [first])
        assert journal.waiting == MOST_PLAIN + MOST_URGENT, "transitions have room of their own"
        analysis.put(second.result, [second])
        assert analysis.lost_rows == 1
        holder.execute("ROLLBACK")
        holder.close()
        journal._retry_at_s = 0.0
        await analysis.last_rows()
        for each in rest:
            analysis.put(each.result, [each])
        rows = await analysis.newest_rows(100)
        assert [row.lost_before for row in rows] == [0, 1, 0, 0, 0]
    assert verdict_of(path).lost == 1


@pytest.mark.parametrize("junk", [b"garbage" * 999, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_a_damaged_journal_is_left_alone_until_the_person_moves_it(path: Path, junk: bytes) -> None:
    path.write_bytes(junk)
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        text = await said(journal, "damaged")
        assert "left as it is" in text
        assert "ledger verify" in text
        told = put_walk(analysis, 20)
        assert path.read_bytes() == junk
        path.rename(path.with_name("moved.db"))
        journal._retry_at_s = 0.0
        assert len(await analysis.newest_rows(1_000)) == told
        await said(journal, "stored again")
    assert path.with_name("moved.db").read_bytes() == junk


async def test_a_newer_journal_is_left_alone(path: Path) -> None:
    write_ledger(path, transitions(3))
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {LATEST_VERSION + 1}")
    newer.close()
    before = path.read_bytes()
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        assert "newer version" in await said(journal, "No signal is stored in this run")
        analysis.put(result(0))
        assert journal.waiting == 0
        with pytest.raises(StorageError, match="newer version"):
            await analysis.restore()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


async def test_another_programs_database_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()
    async with opened(path) as journal:
        await said(journal, "no journal of this program")
    assert path.read_bytes() == before


async def test_a_journal_deleted_while_the_program_runs_is_begun_anew(path: Path) -> None:
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        put_walk(analysis, 20)
        await analysis.last_rows()
        path.unlink()
        found, changes = next(step for step in walk(60)[40:] if step[1])
        analysis.put(found, changes)
        assert len(await analysis.newest_rows(100)) == len(changes)
        await said(journal, "deleted or replaced")
    assert verdict_of(path).rows == len(changes)


async def test_a_folder_that_is_missing_is_said_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "journal.db"
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        told = put_walk(analysis, 10)
        assert "unable to open" in await said(journal, "cannot be used")
        path.parent.mkdir()
        journal._retry_at_s = 0.0
        assert len(await analysis.newest_rows(100)) == told
        await said(journal, "stored again")


async def test_damage_met_while_reading_is_said_and_nothing_is_changed(path: Path) -> None:
    write_ledger(path, transitions(200))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    async with opened(path) as journal:
        with pytest.raises(StorageError, match="damaged"):
            await journal.ask(lambda file: list(file.ledger.all_rows()))
        assert "left as it is" in await said(journal, "damaged")
    assert path.read_bytes() == data
    verdict = verdict_of(path)
    assert 0 < verdict.rows < 200
    assert verdict.bad_row == verdict.rows + 1
    assert "cannot be read" in (verdict.fault or "")


async def test_a_ledger_whose_end_was_cut_is_told_to_the_person(path: Path) -> None:
    write_ledger(path, transitions(10))
    spoil(path, "DELETE FROM ledger WHERE number > 6")
    async with opened(path) as journal:
        assert "rows 7 to 10 are missing" in await said(journal, "ledger verify")
        assert journal.is_kept


async def test_a_look_from_outside_while_it_is_written(path: Path) -> None:
    async with opened(path) as journal:
        analysis = AnalysisJournal(journal)
        seen = 0
        for found, changes in walk(60):
            analysis.put(found, changes)
            await analysis.last_rows()
            verdict = verdict_of(path)
            assert verdict.fault is None
            assert verdict.rows >= seen
            seen = verdict.rows
        assert seen > 20


@pytest.mark.logs("the journal's thread failed")
async def test_nobody_waits_for_a_thread_that_failed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    journal = Journal(path)
    journal.start()
    with pytest.raises(ZeroDivisionError):
        await journal.ask(lambda _: 1 // 0)
    await until(lambda: not journal.is_kept, "the thread's end")
    await said(journal, "The part that keeps the journal failed")
    with pytest.raises(StorageError, match="until the next start"):
        await journal.ask(lambda _: 1)
    entry: Entry = evaluation(result(0))
    assert not journal.put(entry)
    await journal.close(5.0)
