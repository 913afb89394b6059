"""``python -m tests.first_hour``: what is known when after an installation, into docs/first-hour.md.

Runs the real program on an empty profile against the simulated exchange for 65 minutes of market time, and reads from
its journal on which closed candle each component was there first.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from virtuoso_desktop.analysis.result_json import iso
from virtuoso_desktop.app.demo_child import DemoChild
from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, MINUTE_MS, Timeframe
from virtuoso_desktop.storage.evaluations import CELLS, COMPONENT_NAMES, REASONS
from virtuoso_desktop.storage.journal import JOURNAL_FILE

MINUTES = 65
SPEED = 15
START = "2026-06-01T00:16:30Z"
"""Of the market: when longer candles close first depends on the minute of the hour."""
SHOWN = (Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.M30, Timeframe.H1)
OUT = Path(__file__).parents[1] / "docs" / "first-hour.md"
WHEN: dict[str, str] = {
    "WARMUP": "warming up",
    "MISSING": "no data",
    "STALE": "stale",
    "DEGENERATE": "nothing to measure",
    "NOT_APPLICABLE": "not offered",
    "REACH": "shallow book",
    "GAP": "gap",
}
ABOUT = f"""\
# The first hour after an installation

Made by `python -m tests.first_hour`: the real program on an empty profile against the simulated exchange, {MINUTES}
minutes of a market that begins at 00:16:30, one instrument. A figure is the minute in which the first candle
closed that had the component, counted from the begin of the first minute that was judged (half a minute after a first
start, while the indicators are compiled); it can be no earlier than the first close of its timeframe, and 0 stands for
what the candles of the past tell at once. In words: what still stood in its place at the end of the hour. 4h and 1d go
by the same scales and windows as 1h, so they have at their first close what 1h has.

A score is there from the first minute, since 1,000 candles of each timeframe are loaded first: until streams are
known it is the mean of the dimensions that are, and says so. Funding, open interest and account ratios are fetched in
the background within the first minutes. While something warms up, the window says how long that will take.
"""
AFTER = """\
- Order flow: ten minutes and 120 samples after its window was full once (10 s on 1m, 150 s on 15m, 300 s from 30m on),
  then its scales are known. Trades of the last minutes before the start are asked for.
- Order book: depth and microprice at once; walls, and with them `liquidity_zones`, after ten minutes. "Nothing to
  measure" there means that no wall stands out: neutral, and counted as such.
- `liquidation_skew` compares with a week of the program's own coverage: the exchange keeps no liquidations.
- What was learnt is kept: a start within a day of the last one has scales at once.
"""


def main() -> int:
    venue = DemoChild(SPEED, start=START)
    try:
        market = venue.wait_for_market()
        settings = (
            f"exchanges.bybit.rest_endpoint={market.rest_endpoint}",
            f"exchanges.bybit.ws_endpoint={market.ws_endpoint}",
            f"clock.rate={SPEED}",
            f"clock.start={iso(market.clock.now_ms())}",
            "universe.size=1",
        )
        with tempfile.TemporaryDirectory() as profile:
            command = [
                sys.executable, "-m", "virtuoso_desktop", "--headless", "--duration",
                str((MINUTES + 5) * 60 // SPEED), "--profile", profile,
            ]  # fmt: skip
            for each in settings:
                command += ["--set", each]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            (journal,) = Path(profile).glob(f"*/{JOURNAL_FILE}")
            OUT.write_text(document(journal), encoding="utf-8")
    finally:
        venue.stop()
    return 0


def document(journal: Path) -> str:
    """The whole page from the journal of such a run."""
    found = {timeframe: rows_of(journal, timeframe) for timeframe in SHOWN}
    start_ms = int(found[Timeframe.M1][0][0]) - MINUTE_MS
    found = {timeframe: _until(rows, start_ms + MINUTES * MINUTE_MS) for timeframe, rows in found.items()}
    lines = [ABOUT, f"| dimension | component | {' | '.join(each.value for each in SHOWN)} |"]
    lines.append(f"|---|---|{'---|' * len(SHOWN)}")
    for place, (dimension, name) in enumerate(COMPONENT_NAMES):
        cells = [_cell(found[timeframe], place, dimension, start_ms) for timeframe in SHOWN]
        lines.append(f"| {dimension.value} | `{name}` | {' | '.join(cells)} |")
    return "\n".join([*lines, "", AFTER])


def rows_of(journal: Path, timeframe: Timeframe) -> tuple[np.ndarray, np.ndarray]:
    """Closes and records of the one instrument on one timeframe, oldest first."""
    assert timeframe in ANALYSED_TIMEFRAMES
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    found = connection.execute(
        "SELECT close_ms, cells FROM evaluations JOIN series ON series.id = evaluations.series WHERE timeframe = ? "
        "ORDER BY close_ms",
        (timeframe.value,),
    ).fetchall()
    connection.close()
    return np.array([row[0] for row in found], np.int64), np.frombuffer(b"".join(row[1] for row in found), CELLS)


def _until(rows: tuple[np.ndarray, np.ndarray], end_ms: int) -> tuple[np.ndarray, np.ndarray]:
    count = int(np.searchsorted(rows[0], end_ms, side="right"))
    return rows[0][:count], rows[1][:count]


def _cell(rows: tuple[np.ndarray, np.ndarray], place: int, dimension: DimensionName, start_ms: int) -> str:
    times, records = rows
    if not times.size:
        return "no close yet"
    is_there = ~np.isnan(records["component_score"][:, place])
    if is_there[0] and dimension in (DimensionName.TECHNICAL, DimensionName.VOLUME, DimensionName.PRICE_STRUCTURE):
        return "0"
    for time_ms in _first(times, is_there):
        return str(max(1, round((time_ms - start_ms) / MINUTE_MS)))
    reason = REASONS[int(records["component_reason"][-1, place])]
    return "no data" if reason is None else WHEN[reason.value]


def _first(times: np.ndarray, is_there: np.ndarray) -> Iterator[int]:
    return (int(each) for each in times[is_there][:1])


if __name__ == "__main__":
    sys.exit(main())
