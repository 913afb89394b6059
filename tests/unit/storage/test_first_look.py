"""The first look reads what the cache kept, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from virtuoso_desktop.storage.cache import DiskCache
from virtuoso_desktop.storage.first_look import DATABASE, FirstLook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cache = DiskCache(tmp_path / "cache")
    cache.write("rows", [1, 2, 3])
    cache.write("long", "x" * 200_000)
    cache.close()
    return tmp_path / "cache"


def test_it_reads_what_the_cache_wrote(folder: Path) -> None:
    look = FirstLook(folder)
    assert look.read("rows", list[int]) == [1, 2, 3]
    assert look.read("long", str) == "x" * 200_000


def test_it_reads_beside_an_open_cache(folder: Path) -> None:
    cache = DiskCache(folder)
    cache.write("rows", [4])
    assert FirstLook(folder).read("rows", list[int]) == [4]
    cache.close()


def test_what_is_not_there_is_none_and_nothing_is_made(tmp_path: Path, folder: Path) -> None:
    assert FirstLook(folder).read("other", list[int]) is None
    assert FirstLook(tmp_path / "none").read("rows", list[int]) is None
    assert not (tmp_path / "none").exists()


def test_another_type_is_none(folder: Path) -> None:
    assert FirstLook(folder).read("rows", str) is None


def test_a_damaged_file_is_none(folder: Path) -> None:
    (folder / DATABASE).write_bytes(b"not a database" * 100)
    assert FirstLook(folder).read("rows", list[int]) is None


def test_a_value_that_would_be_unpickled_is_never_read(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as base:
        base.execute("UPDATE Cache SET mode = 4 WHERE key = 'rows'")
        base.commit()
    assert FirstLook(folder).read("rows", list[int]) is None
