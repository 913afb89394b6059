"""The history's thread: batches, reads in between, and a file that is deleted, damaged, newer, locked or full."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.history_rows import BTC_1M, ETH_1M, at, batch, candles
from tests.running import until
from tests.unit.storage.test_history_file import files_no_larger_than
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage import history
from virtuoso_desktop.storage.history import HistoryStore
from virtuoso_desktop.storage.history_file import HistoryFile

EVER = 2**60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.duckdb"


@asynccontextmanager
async def opened(path: Path | None) -> AsyncIterator[HistoryStore]:
    store = HistoryStore(path)
    store.start()
    try:
        yield store
    finally:
        await store.close(5.0)


async def said(store: HistoryStore, words: str) -> str:
    heard: list[str] = []

    def is_said() -> bool:
        heard.extend(message.user_text for message in store.take_messages())
        return any(words in text for text in heard)

    await until(is_said, words)
    return next(text for text in heard if words in text)


async def test_rows_are_covered_at_once_and_read_back(path: Path) -> None:
    async with opened(path) as store:
        store.add(batch(0, 100))
        store.add(batch(100, 150))
        assert store.covered(BTC_1M) == ((at(0), at(150)),), "also while they wait"
        assert np.array_equal(await store.read(BTC_1M, 0, EVER), candles(0, 150))
        assert (await store.newest(BTC_1M, at(150), 10)).shape == (7, 10)
        assert store.take_messages() == []
        assert store.problem is None
        assert store.is_kept
    async with opened(path) as store:
        assert np.array_equal(await store.read(BTC_1M, 0, EVER), candles(0, 150))


async def test_what_waits_is_written_at_the_end(path: Path) -> None:
    async with opened(path) as store:
        await store.newest(BTC_1M, at(0), 1)
        for turn in range(40):
            store.add(batch(turn, turn + 1))
            store.add(batch(turn, turn + 1, key=ETH_1M))
    file = HistoryFile(path)
    assert file.covered(BTC_1M) == file.covered(ETH_1M) == ((at(0), at(40)),)
    assert np.array_equal(file.read(ETH_1M, 0, EVER), candles(0, 40))
    file.close()


async def test_few_rows_wait_and_many_are_written_together(path: Path) -> None:
    async with opened(path) as store:
        await store.read(BTC_1M, 0, 1)
        store.add(batch(0, 1))
        await until(lambda: store._waiting_rows == 0, "the first write")
        store.add(batch(1, 2))
        await asyncio.sleep(0.2)
        assert store._waiting_rows == 1, "five seconds have not passed"
        store.add(batch(2, 2 + history.FLUSH_ROWS))
        await until(lambda: store._waiting_rows == 0, "the second write")


async def test_the_loop_never_waits_for_the_thread(path: Path) -> None:
    async with opened(path) as store:
        await store.read(BTC_1M, 0, 1)
        end = threading.Event()
        busy = store.submit(lambda _: end.wait(5.0))
        await asyncio.sleep(0.05)
        begin_s = time.perf_counter()
        for turn in range(200):
            store.add(batch(turn * 100, turn * 100 + 100))
            store.covered(BTC_1M)
        store.forget(ETH_1M)
        store.take_messages()
        took_s = time.perf_counter() - begin_s
        assert not busy.done()
        end.set()
        assert took_s < 2.0, "the thread would have been busy for five"
        assert (await store.read(BTC_1M, 0, EVER)).shape[1] == 20_000


async def test_revisions_are_counted(path: Path) -> None:
    async with opened(path) as store:
        store.add(batch(0, 10))
        await store.read(BTC_1M, 0, EVER)
        store.add(batch(4, 6, shift=0.2))
        await store.read(BTC_1M, 0, EVER)
        assert store.revised_rows == 2


async def test_what_is_added_after_a_series_was_forgotten_stays(path: Path) -> None:
    async with opened(path) as store:
        store.add(batch(0, 50))
        store.add(batch(0, 50, key=ETH_1M))
        await store.read(BTC_1M, 0, EVER)
        store.add(batch(50, 60))
        store.forget(BTC_1M)
        assert store.covered(BTC_1M) == (), "also what waits, at once"
        store.add(batch(20, 30, shift=0.5))
        assert store.covered(BTC_1M) == ((at(20), at(30)),)
        assert np.array_equal(await store.read(BTC_1M, 0, EVER), candles(20, 30, shift=0.5))
        assert store.covered(BTC_1M) == ((at(20), at(30)),)
        assert (await store.read(ETH_1M, 0, EVER)).shape[1] == 50, "no other series goes"


async def test_what_comes_before_the_start_waits_for_it(path: Path) -> None:
    store = HistoryStore(path)
    assert store.is_pending
    store.add(batch(0, 10))
    await store.opened(5.0)  # does not wait: who asks before the start has no use for the disk
    reading = store.submit(lambda file: file.read(BTC_1M, 0, EVER), needs_all=True)
    store.start()
    store.start()
    assert not store.is_pending
    assert (await asyncio.wrap_future(reading)).shape[1] == 10
    await store.close(5.0)


async def test_an_end_without_a_start_leaves_nobody_waiting(path: Path) -> None:
    store = HistoryStore(path)
    reading = store.submit(lambda file: file.read(BTC_1M, 0, EVER))
    await store.close(5.0)
    await store.close(5.0)
    with pytest.raises(StorageError):
        await asyncio.wrap_future(reading)
    store.start()
    assert not path.exists()


async def test_without_a_file_nothing_is_kept_and_nothing_fails() -> None:
    async with opened(None) as store:
        store.add(batch(0, 10))
        assert not store.is_kept
        assert store.covered(BTC_1M) == ()
        await store.room()
        with pytest.raises(StorageError):
            await store.read(BTC_1M, 0, EVER)


async def test_rows_that_cannot_be_written_are_dropped_in_the_end_and_known_as_missing(tmp_path: Path) -> None:
    async with opened(tmp_path / "nowhere" / "history.duckdb") as store:
        text = await said(store, "cannot be used")
        assert "Nothing is stored until it can be" in text
        assert not store.is_kept
        for turn in range(30):
            store.add(batch(turn * 10_000, (turn + 1) * 10_000))
        assert store.dropped_rows == 100_000
        assert store.covered(BTC_1M) == ((at(100_000), at(300_000)),)
        with pytest.raises(StorageError, match="cannot be used"):
            await store.read(BTC_1M, 0, EVER)


async def test_background_work_waits_while_rows_pile_up(tmp_path: Path) -> None:
    async with opened(tmp_path / "nowhere" / "history.duckdb") as store:
        store.add(batch(0, 30_000))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await store.room()


async def test_a_damaged_file_is_set_aside(path: Path) -> None:
    path.write_bytes(b"garbage" * 999)
    async with opened(path) as store:
        text = await said(store, "damaged")
        assert "set aside as history.damaged-1.duckdb" in text
        store.add(batch(0, 10))
        assert (await store.read(BTC_1M, 0, EVER)).shape[1] == 10
        assert store.is_kept
    assert (path.parent / "history.damaged-1.duckdb").read_bytes() == b"garbage" * 999


async def test_no_more_than_three_damaged_files_are_kept(path: Path) -> None:
    for turn in range(5):
        path.write_bytes(b"garbage %d" % turn)
        async with opened(path) as store:
            await said(store, "set aside")
    left = sorted(each.name for each in path.parent.iterdir())
    assert left == [*(f"history.damaged-{number}.duckdb" for number in (1, 2, 3)), "history.duckdb"]


async def test_damage_met_while_reading_begins_a_new_file(path: Path) -> None:
    file = HistoryFile(path)
    file.store([batch(0, 300_000)])
    file.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 255
    path.write_bytes(data)
    async with opened(path) as store:
        with pytest.raises(StorageError, match="damaged"):
            await store.read(BTC_1M, 0, EVER)
        await said(store, "a new one is begun")
        store.add(batch(5, 10))
        assert (await store.read(BTC_1M, 0, EVER)).shape[1] == 5


async def test_damage_while_the_program_runs_never_makes_up_rows(path: Path) -> None:
    async with opened(path) as store:
        store.add(batch(0, 200_000))
        await store.read(BTC_1M, 0, EVER)
        with path.open("r+b") as file:
            for place in range(0, path.stat().st_size, 100_000):
                file.seek(place)
                file.write(b"garbage" * 100)
        store.add(batch(300_000, 300_010))
        await asyncio.sleep(0)
    async with opened(path) as store:
        await store.opened(5.0)
        try:
            rows = await store.read(BTC_1M, 0, EVER)
        except StorageError:
            rows = await store.read(BTC_1M, 0, EVER)  # the damage was met: a new file was begun
        minutes = ((rows[0] - at(0)) / 60_000).astype(int)
        assert np.array_equal(rows, candles(0, 300_010)[:, minutes])
        assert store.is_kept
        store.add(batch(0, 10))
        assert (await store.read(BTC_1M, at(0), at(10))).shape[1] == 10


async def test_a_newer_file_is_left_alone(path: Path) -> None:
    HistoryFile(path).close()
    with duckdb.connect(str(path)) as newer:
        newer.execute("UPDATE meta SET format = 2")
    before = path.read_bytes()
    async with opened(path) as store:
        assert "newer version" in await said(store, "Nothing is stored in this run")
        store.add(batch(0, 10))
        assert store.covered(BTC_1M) == ()
        with pytest.raises(StorageError, match="newer version"):
            await store.read(BTC_1M, 0, EVER)
    assert path.read_bytes() == before


async def test_a_file_deleted_while_the_program_runs_is_begun_anew(path: Path) -> None:
    async with opened(path) as store:
        store.add(batch(0, 10))
        await store.read(BTC_1M, 0, EVER)
        path.unlink()
        store.add(batch(10, 20))
        assert (await store.read(BTC_1M, 0, EVER))[0].tolist() == [at(n) for n in range(10, 20)]
        assert store.covered(BTC_1M) == ((at(10), at(20)),), "what was deleted is known as missing"
        await said(store, "deleted or replaced")
    assert path.is_file()


async def test_a_full_disk_is_said_and_storing_goes_on_when_there_is_room(path: Path) -> None:
    async with opened(path) as store:
        store.add(batch(0, 10))
        await store.read(BTC_1M, 0, EVER)
        with files_no_larger_than(200_000):
            store.add(batch(10, 60_000))
            await said(store, "no room")
            assert not store.is_kept
        store._retry_at_s = 0.0
        assert (await store.read(BTC_1M, 0, EVER)).shape[1] == 60_000
        await said(store, "stored again")
        assert store.dropped_rows == 0


@pytest.mark.logs("the history's thread failed")
async def test_nobody_waits_for_a_thread_that_failed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)

    store = HistoryStore(path)
    store.start()
    failing = store.submit(lambda _: 1 // 0)
    waiting = store.submit(lambda _: 1)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wrap_future(failing)
    with pytest.raises(StorageError, match="nothing is stored until the next start"):
        await asyncio.wrap_future(waiting)
    with pytest.raises(StorageError, match="nothing is stored until the next start"):
        await store.read(BTC_1M, 0, EVER)
    await said(store, "The part that keeps the history failed")
    assert not store.is_kept
    await store.opened(5.0)
    await store.close(5.0)
    assert store._thread is not None
    await asyncio.to_thread(store._thread.join)  # its exception is heard while the hook is still replaced


@pytest.mark.own_process
async def test_a_file_that_another_program_holds_is_tried_again(path: Path) -> None:
    holder = await asyncio.to_thread(
        lambda: subprocess.Popen(
            [sys.executable, "-c", f"import duckdb; c = duckdb.connect({str(path)!r}); print(1, flush=True); input()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
    )  # fmt: skip
    assert holder.stdout is not None
    await asyncio.to_thread(holder.stdout.readline)
    try:
        async with opened(path) as store:
            assert "open in another program" in await said(store, "Nothing is stored until it can be")
            store.add(batch(0, 10))
            await asyncio.to_thread(holder.communicate, b"\n")
            store._retry_at_s = 0.0
            assert (await store.read(BTC_1M, 0, EVER)).shape[1] == 10
            await said(store, "stored again")
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
async def test_a_folder_without_write_permission_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    async with opened(folder / "history.duckdb") as store:
        await said(store, "cannot be used")
