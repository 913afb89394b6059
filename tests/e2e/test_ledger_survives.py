"""SIGKILL at random under load: the ledger is the one that an undisturbed program would have written."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.e2e.ledger_killer import judge, kill_one
from tests.journals import spoil
from virtuoso_desktop.storage.journal import JOURNAL_FILE

KILLS = 5


@pytest.mark.timeout(180)
def test_killed_again_and_again(tmp_path: Path) -> None:
    dice = random.Random(7)
    rows = [kill_one(tmp_path, seed, dice.uniform(0.0, 0.6)) for seed in range(KILLS)]
    assert rows == sorted(rows)
    assert rows[-1] > 100
    spoil(tmp_path / JOURNAL_FILE, "UPDATE machine_states SET state = x'0100000000000000'")
    with pytest.raises(AssertionError, match="rows and states tell the same"):
        judge(tmp_path, 0)
