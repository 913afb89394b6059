"""The history: a year of minutes written and read, a million candles for a chart, what the event loop notices of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.outcome import Line, Outcome
from tests.fake_adapter import instrument
from tests.history_rows import BTC_1M, at, batch
from virtuoso_desktop.engine.archive import to_ticks
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import Batch, SeriesKey

YEAR = 525_600
MILLION = 1_000_000
BACKFILL_ROWS = 100_000
PAGE = 1_000
PROBE_S = 0.002
EVER = 2**60
MEMORY = """
import psutil, sys
from pathlib import Path
process = psutil.Process()
import numpy
from virtuoso_desktop.storage.history_file import HistoryFile
before = process.memory_info().rss
file = HistoryFile(Path(sys.argv[1]))
print((process.memory_info().rss - before) / 1e6)
"""


def noisy(first: int, end: int) -> Batch:
    """Candles whose volumes do not compress."""
    made = batch(first, end)
    made.rows[5:] = np.random.default_rng(first).random((2, end - first)) * 1e6
    return made


def run(quick: bool) -> Outcome:
    """Measure; ``quick`` with a tenth of the rows."""
    share = 10 if quick else 1
    outcome = Outcome("history")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _columns(outcome, folder / "year.duckdb", YEAR // share)
        _chart(outcome, folder / "million.duckdb", MILLION // share)
        asyncio.run(_loop(outcome, folder / HISTORY_FILE, BACKFILL_ROWS // share))
        memory = subprocess.run(
            [sys.executable, "-c", MEMORY, str(folder / "year.duckdb")], capture_output=True, text=True, check=True
        )
        outcome.lines.append(Line("memory of DuckDB with an open history", float(memory.stdout), "MB", 60.0, 48.0))
    return outcome


def _columns(outcome: Outcome, path: Path, rows: int) -> None:
    year = noisy(0, rows)
    file = HistoryFile(path)
    begin = time.perf_counter()
    file.store([year])
    file.close()
    outcome.lines.append(Line(f"{rows:,} candles written and closed", time.perf_counter() - begin, "s", 10.0, 2.0))
    file = HistoryFile(path)
    begin = time.perf_counter()
    read = file.read(BTC_1M, 0, EVER)
    outcome.lines.append(Line(f"{rows:,} candles read as columns", time.perf_counter() - begin, "s", 0.7, 0.3))
    assert np.array_equal(read, year.rows)
    outcome.facts["bytes_per_candle"] = file.size_bytes / rows
    file.close()


def _chart(outcome: Outcome, path: Path, rows: int) -> None:
    file = HistoryFile(path)
    for first in range(0, rows, 100_000):
        file.store([noisy(first, min(first + 100_000, rows))])
    file.close()
    file = HistoryFile(path)
    begin = time.perf_counter()
    columns = to_ticks(file.newest(BTC_1M, at(rows), rows), instrument("BTCUSDT"))
    outcome.lines.append(Line(f"{rows:,} candles from disk in ticks", time.perf_counter() - begin, "s", 1.5, 0.6))
    assert columns.shape[1] == rows
    file.close()


async def _loop(outcome: Outcome, path: Path, rows: int) -> None:
    """How late a timer comes while pages of 35 instruments are stored, and without."""
    store = HistoryStore(path)
    store.start()
    await store.opened(10.0)
    keys = [SeriesKey.candles(InstrumentId.parse(f"bybit:linear:S{n}USDT"), Timeframe.M5) for n in range(35)]
    pages = [noisy(page * PAGE, (page + 1) * PAGE)._replace(key=keys[page % 35]) for page in range(rows // PAGE)]
    for what, work in (("idle", []), ("back-fill", pages)):
        late_ms = await _lateness(store, work)
        figure = float(np.quantile(late_ms, 0.99))
        at_most = 60.0 if work else None
        outcome.lines.append(Line(f"loop late, p99, {what} ({len(late_ms):,} probes)", figure, "ms", at_most, 12.0))
        outcome.facts[f"late_max_ms_{what}"] = float(np.max(late_ms))
    begin = time.perf_counter()
    await store.close(30.0)
    outcome.facts["close_s"] = time.perf_counter() - begin


async def _lateness(store: HistoryStore, pages: list[Batch]) -> list[float]:
    late_ms: list[float] = []
    left = list(pages)
    until_s = time.perf_counter() + 1.0
    while left or time.perf_counter() < until_s:
        if left:
            store.add(left.pop())
            await store.room()
        asked = time.perf_counter()
        await asyncio.sleep(PROBE_S)
        late_ms.append((time.perf_counter() - asked - PROBE_S) * 1000)
    await store.read(BTC_1M, 0, 1)
    return late_ms
