"""SIGKILL at random under load: history, settings and cache open cleanly; no hole that is not known as one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.e2e.history_killer import CACHE, PADDING, judge, judge_kept, kill_one, settings_text
from tests.history_rows import batch
from virtuoso_desktop.settings.load import LAST_GOOD_FILE, USER_FILE
from virtuoso_desktop.storage.cache import DiskCache
from virtuoso_desktop.storage.history import HISTORY_FILE
from virtuoso_desktop.storage.history_file import HistoryFile

KILLS = 5


@pytest.mark.timeout(180)
def test_killed_again_and_again(tmp_path: Path) -> None:
    dice = random.Random(7)
    rows = [kill_one(tmp_path, seed, dice.uniform(0.0, 0.8)) for seed in range(KILLS)]
    assert rows[-1] > 1_000


def test_the_judge_sees_a_row_that_is_missing(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / HISTORY_FILE)
    file.store([batch(0, 50)])
    file._connection.execute("DELETE FROM candles WHERE time_ms = (SELECT max(time_ms) - 60000 FROM candles)")
    file.close()
    with pytest.raises(AssertionError, match="rows and covered time differ"):
        judge(tmp_path, 0)


@pytest.mark.parametrize("damage", ["half a file", "an old file", "an empty cache", "an old cache"])
def test_the_judge_sees_settings_and_a_cache_that_are_not_whole(tmp_path: Path, damage: str) -> None:
    for name in (USER_FILE, LAST_GOOD_FILE):
        (tmp_path / name).write_text(settings_text(7))
    cache = DiskCache(tmp_path / CACHE)
    cache.write("number", [7] * PADDING)
    judge_kept(tmp_path, 7)
    if damage == "half a file":
        (tmp_path / USER_FILE).write_text(settings_text(7)[:-200])
    elif damage == "an old file":
        (tmp_path / LAST_GOOD_FILE).write_text(settings_text(6))
    elif damage == "an old cache":
        cache.write("number", [6] * PADDING)
    else:
        cache.write("number", None)
    cache.close()
    with pytest.raises(AssertionError, match=r"not whole|older than|cache is empty"):
        judge_kept(tmp_path, 7)
