"""SIGKILL at random under load: the ledger is the one that an undisturbed program would have written."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.ledger_killer import judge, kill_one, start_writer
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


def test_the_command_line_reads_beside_a_program_that_writes(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    folder.mkdir()
    child, _ = start_writer(folder, 3)
    try:
        found = [verify(tmp_path) for _ in range(3)]
    finally:
        child.kill()
        child.communicate()
    assert [each["fault"] for each in found] == [None] * 3
    assert 0 < found[0]["rows"] < found[2]["rows"]
    judge(folder, 0)


def verify(profile: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "virtuoso_desktop", "ledger", "verify", "--json", "--profile", str(profile)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found
