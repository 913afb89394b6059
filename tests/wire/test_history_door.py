"""The history of a running program, asked by another: over its socket, behind its key, never past a stranger."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from tests.history_rows import BTC_1M, ETH_1M, at, batch, candles
from tests.running import until
from virtuoso_desktop import frames
from virtuoso_desktop.app.history_command import run_history
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_access import open_history
from virtuoso_desktop.storage.history_door import KEY_FILE, SOCKET_FILE, HistoryClient
from virtuoso_desktop.storage.history_file import HistoryFile


@asynccontextmanager
async def program(folder: Path) -> AsyncIterator[HistoryStore]:
    """What a running program keeps."""
    folder.mkdir(parents=True, exist_ok=True)
    store = HistoryStore(folder / HISTORY_FILE, answers=True)
    store.start()
    try:
        await until((folder / KEY_FILE).exists, "the door")
        yield store
    finally:
        await store.close(5.0)


async def test_a_client_reads_what_the_program_holds_also_what_waits(tmp_path: Path) -> None:
    def ask() -> None:
        client = HistoryClient(tmp_path)
        assert np.array_equal(client.read(BTC_1M, at(10), at(20)), candles(10, 20))
        assert client.read(ETH_1M, 0, at(0)).shape == (7, 0)
        assert client.covered(BTC_1M) == ((at(0), at(50)),)
        (info,) = client.info().series
        assert (info.rows, info.covered_ratio) == (50, 1.0)
        assert client.store([batch(50, 60), batch(0, 5, key=ETH_1M)]) == (15, 0)
        client.close()

    async with program(tmp_path) as store:
        store.add(batch(0, 50))
        await asyncio.to_thread(ask)
        assert np.array_equal(await store.read(BTC_1M, 0, at(99)), candles(0, 60))


async def test_many_rows_come_over(tmp_path: Path) -> None:
    async with program(tmp_path) as store:
        store.add(batch(0, 150_000))
        rows = await asyncio.to_thread(lambda: HistoryClient(tmp_path).read(BTC_1M, 0, at(10**6)))
        assert np.array_equal(rows, candles(0, 150_000))


async def test_frame_and_command_ask_the_running_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--instrument", "bybit:linear:BTCUSDT", "--timeframe", "1m", "--profile", str(tmp_path)]
    out = tmp_path / "out.csv"
    async with program(tmp_path / "live") as store:
        store.add(batch(0, 50))
        frame = await asyncio.to_thread(lambda: frames.candles("bybit:linear:BTCUSDT", "1m", profile=tmp_path))
        assert len(frame) == 50
        assert await asyncio.to_thread(run_history, ["export", *words, "--out", str(out)]) == 0
        more = pd.read_csv(out)
        more["timestamp"] = pd.to_datetime(more["timestamp"]) + pd.Timedelta(minutes=50)
        more.to_csv(out, index=False)
        assert await asyncio.to_thread(run_history, ["import", *words, str(out)]) == 0
        assert await asyncio.to_thread(run_history, ["info", "--profile", str(tmp_path)]) == 0
        assert (await store.read(BTC_1M, 0, at(10**6))).shape[1] == 100
    assert "bybit:linear:BTCUSDT  1m     100" in capsys.readouterr().out


async def test_the_key_is_the_users_own_and_gone_afterwards(tmp_path: Path) -> None:
    async with program(tmp_path):
        assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [HISTORY_FILE]


async def test_a_stranger_with_a_wrong_key_gets_nothing_and_stops_nobody(tmp_path: Path) -> None:
    def knock() -> None:
        key = msgspec.json.decode((tmp_path / KEY_FILE).read_bytes())
        with pytest.raises((OSError, EOFError, AuthenticationError)):
            Client(key["address"], key["family"], authkey=b"guess")
        silent = [Client(key["address"], key["family"]) for _ in range(3)]
        assert HistoryClient(tmp_path).covered(BTC_1M) == ((at(0), at(5)),)
        for each in silent:
            each.close()

    async with program(tmp_path) as store:
        store.add(batch(0, 5))
        await asyncio.to_thread(knock)


async def test_nonsense_ends_one_conversation_only(tmp_path: Path) -> None:
    def babble() -> None:
        client = HistoryClient(tmp_path)
        client._connection.send_bytes(b"\xc1 no message")
        with pytest.raises(StorageError, match="ended before"):
            client.info()
        assert HistoryClient(tmp_path).info().series == ()

    async with program(tmp_path):
        await asyncio.to_thread(babble)


async def test_a_program_that_stores_nothing_says_why(tmp_path: Path) -> None:
    def ask() -> str:
        with pytest.raises(StorageError) as caught:
            HistoryClient(tmp_path).info()
        return caught.value.user_text

    (tmp_path / HISTORY_FILE).mkdir()
    async with program(tmp_path):
        assert "cannot be used" in await asyncio.to_thread(ask)


def test_what_a_killed_program_left_is_passed_by(tmp_path: Path) -> None:
    HistoryFile(tmp_path / HISTORY_FILE).close()
    (tmp_path / KEY_FILE).write_text('{"address":"%s","family":"AF_UNIX","secret":"00"}' % (tmp_path / SOCKET_FILE))
    history = open_history(tmp_path)
    assert isinstance(history, HistoryFile)
    history.close()


async def test_a_folder_with_a_long_name_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    async with program(folder) as store:
        store.add(batch(0, 5))
        assert await asyncio.to_thread(lambda: HistoryClient(folder).covered(BTC_1M)) == ((at(0), at(5)),)
