"""Kills a writer of history, settings and cache again and again, and looks at what it left.

``python -m tests.e2e.history_killer --kills 50`` from the project's folder; the suite does it a few times.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from tests.history_rows import BTC_1M, ETH_1M, MINUTE, T0_MS, at, batch, candles
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.settings.atomic import write_atomically
from virtuoso_desktop.settings.load import LAST_GOOD_FILE, USER_FILE, load_settings
from virtuoso_desktop.storage.cache import DiskCache
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import SeriesKey

SERIES = (BTC_1M, ETH_1M)
EVER = 2**60
FIRST_LINE_S = 20.0
SHIFTS = (0.0, 0.5)
"""A candle as streamed, and as the venue corrects it later."""
CACHE = "cache"
PADDING = 2_000
"""Lines of the settings file, numbers in the cache: as much as a long universe."""


class Keeper:
    """Writes settings and cache for ever, in a thread; ``safe`` is the newest number that both hold."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.safe = 0
        self._first = 1 + seed * 1_000_000
        self._folder = folder
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        cache = DiskCache(self._folder / CACHE)
        for number in itertools.count(self._first):
            write_atomically(self._folder / USER_FILE, settings_text(number))
            load(self._folder)  # keeps a copy of what was right
            cache.write("number", [number] * PADDING)
            self.safe = number


def settings_text(number: int) -> str:
    """A settings file that tells its number first and last."""
    filling = "# a line of a person's own\n" * PADDING
    return f"# {number}\nuniverse:\n  size: {1 + number % 30}\n{filling}# {number}\n"


def load(folder: Path) -> int:
    """Load the settings as the program does; returns the universe's size. They must be right."""
    loaded = load_settings(
        default_file=resource("config/default.yaml"), profile=folder, config_file=None, overrides=[], environ={}
    )
    assert loaded.problem is None, loaded.problem
    return loaded.settings.universe.size


def judge_kept(folder: Path, safe: int) -> None:
    """Settings and cache open cleanly, with the newest that was written whole or one that came later."""
    if not safe and not (folder / LAST_GOOD_FILE).exists():
        return  # killed before the first of all
    for name in (USER_FILE, LAST_GOOD_FILE):
        numbers = [int(text) for text in re.findall(r"^# (\d+)$", (folder / name).read_text(), re.MULTILINE)]
        assert len(numbers) == 2, f"{name} is not whole"
        assert numbers[0] == numbers[1] >= safe, f"{name} is older than what was written, or made of several"
    number = int((folder / USER_FILE).read_text().split()[1])
    assert load(folder) == 1 + number % 30
    cache = DiskCache(folder / CACHE)
    try:
        kept = cache.read("number", list[int])
    finally:
        cache.close()
    if kept is None and not safe:
        return
    assert kept is not None, "the cache is empty"
    assert len(kept) == PADDING
    assert len(set(kept)) == 1
    assert kept[0] >= safe, "the cache is older than what was written"


async def write_for_ever(folder: Path, seed: int) -> None:
    """Streams, pages and corrections in random order, as fast as the history takes them; tells what is safe."""
    dice = random.Random(seed)
    store = HistoryStore(folder / HISTORY_FILE, cap_mb=6.0)
    store.start()
    keeper = Keeper(folder, seed)
    while True:
        for _ in range(dice.randrange(1, 40)):
            first = dice.randrange(0, 400_000)
            count = dice.choice((1, 1, 1, 60, 1_000))
            store.add(batch(first, first + count, key=dice.choice(SERIES), shift=dice.choice(SHIFTS)))
        first = dice.randrange(0, 400_000)
        store.add(batch(first, first + 5))
        await store.read(BTC_1M, at(first), at(first + 5))  # writes all that waits
        sys.stdout.write(f"{first} {keeper.safe} {store.problem}\n")
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
    first, kept, _ = lines[-1].split()
    judge_kept(folder, int(kept))
    return judge(folder, int(first))


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
