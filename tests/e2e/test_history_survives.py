"""SIGKILL at random under load: the history opens cleanly and knows every hole that it has."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.e2e.history_killer import judge, kill_one
from tests.history_rows import batch
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
