"""Seeded random clicking on the running program: ``make monkey``, or ``python -m tests.hands.monkey``.

``--minutes 60 --seed 1``. Hands that know nothing click, type, drag, scroll and resize whatever can be seen. Every two
minutes they let go: dialogs closed, the default workspace, no work under way. What is held then is compared from one
rest to the next. It fails on an exception, a Qt warning, an error in the log, widgets that pile up, or memory that
ends more than 5 % above the first rest after warm-up. The result, as JSON, is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MOST_GROWTH_PCT = 5.0
STOP_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="virtuoso-monkey-") as folder:
        told = play(arguments.minutes, arguments.seed, Path(folder))
    print(json.dumps(told, indent=1))
    problems = judge(told)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def play(minutes: float, seed: int, folder: Path) -> dict[str, Any]:
    """Run the program under the monkey's hands; returns what the hands wrote down."""
    into = folder / "told.json"
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "MONKEY_MINUTES": str(minutes),
        "MONKEY_SEED": str(seed),
    }
    program = (sys.executable, "-m", "tests.hands.driven", "tests.hands.monkey_hands:play", str(into))
    done = subprocess.run(
        [*program, "--demo", "--profile", str(folder / "profile")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=minutes * 60 + STOP_S + 120,
        check=False,
    )
    told: dict[str, Any] = json.loads(into.read_text()) if into.exists() else {"error": "nothing was written down"}
    return {"exit_code": done.returncode, "stderr": done.stderr[-4000:], **told}


def judge(told: dict[str, Any]) -> list[str]:
    """What is wrong, a sentence each; empty when nothing is."""
    result: dict[str, Any] | None = told.get("result")
    if result is None:
        return [f"The hands stopped early: {told.get('error')}"]
    problems = [f"The program ended with {told['exit_code']}."] if told["exit_code"] not in (0, 1) else []
    problems += [str(problem) for problem in result["problems"]]
    rests: list[dict[str, float]] = result["rests"]
    if len(rests) < 2:
        return [*problems, "There was no second rest: play for longer."]
    first, last = rests[0], rests[-1]
    growth_pct = 100 * (last["rss_mb"] / first["rss_mb"] - 1)
    if growth_pct > MOST_GROWTH_PCT:
        problems.append(f"Memory grew by {growth_pct:.1f} %, from {first['rss_mb']:.0f} to {last['rss_mb']:.0f} MB.")
    if last["widgets"] > first["widgets"]:
        problems.append(f"Widgets were left: {result['widgets_left']}.")
    return problems


if __name__ == "__main__":
    sys.exit(main())
