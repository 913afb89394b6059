"""From a click on another instrument or timeframe to its painted chart, in the whole program with all history there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import ROOT
from tests.benchmarks.outcome import Line, Outcome

MOST_MS = 300.0
PATIENCE_S = 420


def run(quick: bool) -> Outcome:
    del quick  # the loading of the history is what takes the time
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "told.json"
        program = (sys.executable, "-m", "tests.hands.driven", "tests.hands.switch_hands:play", str(into))
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
        arguments = ("--demo", "--profile", str(Path(folder) / "profile"))
        subprocess.run([*program, *arguments], cwd=ROOT, env=environment, check=False, timeout=PATIENCE_S)
        told = json.loads(into.read_text())
    if "result" not in told:
        raise RuntimeError(told["error"])
    outcome = Outcome("switching", facts=told["result"])
    for what, took_ms in told["result"].items():
        ordered = sorted(took_ms)
        outcome.lines += [
            Line(f"another {what} painted, median", ordered[len(ordered) // 2], "ms"),
            Line(f"another {what} painted, slowest of {len(ordered)}", ordered[-1], "ms", MOST_MS),
        ]
    return outcome
