"""The cache: typed values back, nothing unpickled, damage begun anew, a full disk said in words."""

from __future__ import annotations

import os
import random
import resource
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import diskcache
import msgspec
import pytest

from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.storage.cache import DiskCache

KEY = "snapshot:markets"


class Row(msgspec.Struct, frozen=True):
    instrument_id: InstrumentId
    last_price: float | None
    sparkline: tuple[float, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    version: int
    rows: list[Row]


SNAPSHOT = Snapshot(
    1, [Row(InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "BTCUSDT"), 67155.1, (0.1, 0.2, 1e-300)) for _ in range(300)]
)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[DiskCache]:
    opened = DiskCache(tmp_path / "cache")
    yield opened
    opened.close()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_value_comes_back_in_the_next_run(tmp_path: Path) -> None:
    first = DiskCache(tmp_path / "cache")
    first.write(KEY, SNAPSHOT)
    first.close()
    second = DiskCache(tmp_path / "cache")
    assert second.read(KEY, Snapshot) == SNAPSHOT
    second.close()
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_what_is_not_there_or_of_another_shape_is_none(cache: DiskCache) -> None:
    assert cache.read(KEY, Snapshot) is None
    cache.write(KEY, SNAPSHOT)
    assert cache.read(KEY, list[int]) is None
    assert cache.read(KEY, Snapshot) == SNAPSHOT


def test_an_older_format_is_not_read(cache: DiskCache, tmp_path: Path) -> None:
    cache.write(KEY, 1)
    cache.close()
    with diskcache.Cache(str(tmp_path / "cache")) as other:
        other[KEY] = b"\x00" + b"1"
    again = DiskCache(tmp_path / "cache")
    assert again.read(KEY, int) is None
    again.close()


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("padding", [0, 100_000])
def test_a_pickle_in_the_database_is_never_run(tmp_path: Path, padding: int) -> None:
    marker = tmp_path / "unpickled"
    with diskcache.Cache(str(tmp_path / "cache")) as attacker:
        attacker[KEY] = [_Bomb(marker), b"x" * padding]
        attacker[(KEY, 1)] = b"x"
    opened = DiskCache(tmp_path / "cache")
    assert opened.read(KEY, list[int]) is None
    opened.write(KEY, [1])
    assert opened.read(KEY, list[int]) == [1]
    opened.close()
    assert not marker.exists()


def test_a_row_that_names_a_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\x011")
    with diskcache.Cache(str(tmp_path / "cache")) as attacker:
        attacker[KEY] = b"x" * 100_000
        attacker._sql("UPDATE Cache SET filename = '../secret'")
    opened = DiskCache(tmp_path / "cache")
    assert opened.read(KEY, int) is None
    opened.write(KEY, 2)
    opened.close()
    assert secret.exists()


def test_objects_are_refused_on_the_way_in(cache: DiskCache) -> None:
    with pytest.raises(TypeError):
        cache.write(KEY, object())
    with pytest.raises(TypeError, match="cache values are bytes"):
        cache._cache.set(KEY, {"a": 1})


@pytest.mark.parametrize("junk", [b"", b"garbage" * 999, bytes(4096), b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_database_of_garbage_is_begun_anew(tmp_path: Path, junk: bytes) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "cache.db").write_bytes(junk)
    (folder / "cache.db-wal").write_bytes(junk)
    opened = DiskCache(folder)
    assert opened.read(KEY, Snapshot) is None
    opened.write(KEY, SNAPSHOT)
    assert opened.read(KEY, Snapshot) == SNAPSHOT
    opened.close()


def test_any_damage_is_survived_and_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    opened = DiskCache(folder)
    opened.write(KEY, SNAPSHOT)
    opened.close()
    intact = (folder / "cache.db").read_bytes()
    dice = random.Random(5)
    for turn in range(60):
        damaged = bytearray(intact)
        if turn % 3 == 0:
            del damaged[dice.randrange(len(damaged)) :]
        else:
            for _ in range(dice.randrange(1, 100)):
                damaged[dice.randrange(len(damaged) if turn % 3 == 1 else 9000)] = dice.randrange(256)
        for old in folder.iterdir():
            old.unlink()
        (folder / "cache.db").write_bytes(damaged)
        opened = DiskCache(folder)
        assert opened.read(KEY, Snapshot) in (None, SNAPSHOT) or turn % 3
        opened.write(KEY, SNAPSHOT)
        assert opened.read(KEY, Snapshot) == SNAPSHOT
        opened.close()


def test_a_full_disk_keeps_the_previous_value(cache: DiskCache) -> None:
    cache.write(KEY, SNAPSHOT)
    large = [float(n) for n in range(50_000)]
    with files_no_larger_than(200_000), pytest.raises(StorageError, match="what was kept before stays"):
        cache.write("snapshot:chart", large)
    assert cache.read(KEY, Snapshot) == SNAPSHOT


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Nothing can be kept"):
        DiskCache(tmp_path / "file" / "cache")
    with files_no_larger_than(0), pytest.raises(StorageError, match="Nothing can be kept"):
        DiskCache(tmp_path / "full")


def test_worker_threads_write_and_leave_no_connection(cache: DiskCache) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            cache.write(f"key-{number}", turn)
            seen.append(cache.read(f"key-{number}", int) == turn)

    seen: list[bool] = []
    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert seen == [True] * 60
    assert [cache.read(f"key-{number}", int) for number in range(3)] == [19, 19, 19]
