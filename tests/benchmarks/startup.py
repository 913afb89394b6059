"""From the start of the process to the painted window, and to the chart with cached candles, against a bare window."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import ROOT
from tests.benchmarks.outcome import Line, Outcome
from tests.market_rows import instrument, row
from tests.ui.charts.fake_engine import walk
from virtuoso_desktop.app.warm_start import CHART_KEY, MARKETS_KEY
from virtuoso_desktop.engine.views import SNAPSHOT_VERSION, ChartSnapshot, MarketsSnapshot
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.cache import DiskCache
from virtuoso_desktop.storage.profile import Profile

ROUNDS = 11
INSTRUMENTS = 35
CANDLES = 1_000
NOBODY = "127.0.0.1:9"
"""An endpoint where nobody listens: what is shown comes from the cache."""
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Moment:
    """Something was on the screen: wall seconds since the process was asked for, processor's seconds."""

    wall_s: float
    cpu_s: float
    said: dict[str, Any]


def run(quick: bool) -> Outcome:
    found: dict[str, list[Moment]] = {"bare": [], "text": [], "window": [], "chart": []}
    with tempfile.TemporaryDirectory() as folder:
        program = ["started_program", *_prepare(Path(folder))]
        programs = [["bare_window"], ["bare_window", "text"], program]
        for number in range(3 if quick else ROUNDS):
            first = number % len(programs)
            for arguments in programs[first:] + programs[:first]:
                for name, moment in _start(arguments).items():
                    found[name].append(moment)
            sys.stderr.write(".")
            sys.stderr.flush()
    sys.stderr.write("\n")
    shown = found["window"][0].said["rows"]
    assert shown == INSTRUMENTS, f"{shown} rows of the cache are shown"
    assert found["chart"][0].said["candles"], "the chart shows no candle of the cache"
    loaded = sorted({name for moment in found["window"] for name in moment.said["heavy"]})
    with_duckdb = sum("duckdb" in moment.said["heavy"] for moment in found["chart"])
    cpu = {name: statistics.median(each.cpu_s for each in all_) for name, all_ in found.items()}
    wall = {name: statistics.median(each.wall_s for each in all_) for name, all_ in found.items()}
    lines = [
        Line("first painted window / bare PySide6 window", cpu["window"] / cpu["bare"], "x", 1.3),
        Line("chart with cached candles / bare PySide6 window", cpu["chart"] / cpu["bare"], "x", 5.0),
        Line("first painted window / a window with one line of text", cpu["window"] / cpu["text"]),
        Line("the same by the clock: window", wall["window"] / wall["bare"]),
        Line("the same by the clock: chart", wall["chart"] / wall["bare"]),
        Line("first painted window", wall["window"] * 1e3, "ms"),
        Line("heavy packages loaded before it", float(len(loaded)), "", 0, note=", ".join(loaded)),
        Line("starts with DuckDB loaded before the chart", float(with_duckdb), "", 0),
    ]
    facts = {
        name: {"cpu_s": [m.cpu_s for m in all_], "wall_s": [m.wall_s for m in all_]} for name, all_ in found.items()
    }
    return Outcome("startup", lines, facts)


def _prepare(root: Path) -> list[str]:
    """A profile with the rows and the chart of a previous run; returns the program's arguments."""
    arguments = ["--profile", str(root)]
    for name, scheme in (("rest_endpoint", "http"), ("ws_endpoint", "ws")):
        arguments += ["--set", f"exchanges.bybit.{name}={scheme}://{NOBODY}"]
    profile = Profile.open(root, f"demo-{NOBODY.replace(':', '-')}")
    cache = DiskCache(profile.folder / "cache")
    coins = ["BTC", *(f"COIN{number}" for number in range(1, INSTRUMENTS))]
    now_ms = time.time_ns() // 1_000_000
    cache.write(MARKETS_KEY, MarketsSnapshot(SNAPSHOT_VERSION, now_ms, [row(coin) for coin in coins]))
    rows = walk(CANDLES)
    rows[0] += now_ms // 300_000 * 300_000 - rows[0, -1]
    chart = ChartSnapshot(SNAPSHOT_VERSION, now_ms, instrument("BTC"), Timeframe.M5, rows.tolist(), 300.0, 10.0)
    cache.write(CHART_KEY, chart)
    cache.close()
    profile.close()
    # A whole run remembers whose cache it showed, so that the next one need not read the settings first.
    subprocess.run(
        [sys.executable, "-m", "virtuoso_desktop", *arguments, "--duration", "3"],
        cwd=ROOT, env=_environment(), capture_output=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    _start(["started_program", *arguments])
    return arguments


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    return environment


def _start(arguments: list[str]) -> dict[str, Moment]:
    """Run a program to its last moment; returns its moments by name."""
    begin_s = time.time()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{arguments[0]}", *arguments[1:]],
        cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not said:
        raise RuntimeError(f"{arguments[0]} painted nothing: {done.stderr.strip()[-500:]}")
    return {each["what"]: Moment(each["at_s"] - begin_s, each["cpu_s"], each) for each in said}
