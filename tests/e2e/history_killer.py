"""Kills a writer of the history again and again, and looks at what it left.

``python -m tests.e2e.history_killer --kills 50`` from the project's folder; the suite does it a few times.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.history_rows import BTC_1M, ETH_1M, MINUTE, T0_MS, at, batch, candles
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import SeriesKey

SERIES = (BTC_1M, ETH_1M)
EVER = 2**60
FIRST_LINE_S = 20.0
SHIFTS = (0.0, 0.5)
"""A candle as streamed, and as the venue corrects it later."""


async def write_for_ever(folder: Path, seed: int) -> None:
    """Streams, pages and corrections in random order, as fast as the history takes them; tells what is safe."""
    dice = random.Random(seed)
    store = HistoryStore(folder / HISTORY_FILE, cap_mb=6.0)
    store.start()
    while True:
        for _ in range(dice.randrange(1, 40)):
            first = dice.randrange(0, 400_000)
            count = dice.choice((1, 1, 1, 60, 1_000))
            store.add(batch(first, first + count, key=dice.choice(SERIES), shift=dice.choice(SHIFTS)))
        first = dice.randrange(0, 400_000)
        store.add(batch(first, first + 5))
        await store.read(BTC_1M, at(first), at(first + 5))  # writes all that waits
        sys.stdout.write(f"{first} {store.problem}\n")
        sys.stdout.flush()
        await store.room()


def kill_one(folder: Path, seed: int, after_s: float) -> int:
    """Start a writer, kill it, judge the file; returns the rows it holds."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.history_killer", "--write", str(folder), "--seed", str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    lines = [child.stdout.readline()]
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    lines += rest.splitlines()[:-1]  # the last may be cut
    assert not [line for line in lines if not line.strip().endswith("None")], lines
    return judge(folder, int(lines[-1].split()[0]))


def judge(folder: Path, safe: int) -> int:
    """The file opens, every covered minute has its row with a value that was written, and nothing else is there."""
    assert not list(folder.glob("*damaged*"))
    file = HistoryFile(folder / HISTORY_FILE)
    rows = sum(_judge_series(file, key) for key in SERIES)
    covered = file.covered(BTC_1M)
    assert any(start <= at(safe) and at(safe + 5) <= end for start, end in covered) or file.used_bytes > 4e6
    file.close()
    return rows


def _judge_series(file: HistoryFile, key: SeriesKey) -> int:
    held = file.read(key, 0, EVER)
    expected = np.concatenate(
        [np.empty(0), *(np.arange(start, end, MINUTE, dtype=np.float64) for start, end in file.covered(key))]
    )
    assert np.array_equal(held[0], expected), f"{key}: rows and covered time differ"
    minutes = ((held[0] - T0_MS) / MINUTE).astype(int)
    if not minutes.size:
        return 0
    first, end = int(minutes[0]), int(minutes[-1]) + 1
    matches = [(candles(first, end, shift=shift)[:, minutes - first] == held).all(axis=0) for shift in SHIFTS]
    assert np.logical_or(*matches).all(), f"{key}: a row that nobody wrote"
    return len(minutes)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.write is not None:
        asyncio.run(write_for_ever(given.write, given.seed))
    dice = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        for turn in range(given.kills):
            after_s = dice.uniform(0.0, 1.5)
            rows = kill_one(Path(name), turn, after_s)
            sys.stdout.write(f"kill {turn + 1} after {after_s:.2f} s: {rows} rows, all as they should be\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
