"""Memory of the whole program under load, minute by minute: whether it stays flat over half an hour.

Not one of those that run without being named: it takes 33 minutes.
"""

from __future__ import annotations

import tempfile
import time
from statistics import mean
from typing import TYPE_CHECKING, Any

from tests.benchmarks.live_load import MOST_MB, Plan, Program, program_arguments
from tests.benchmarks.outcome import Line, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAT_MINUTES, QUICK_MINUTES = 30, 1
BEGIN_MINUTES = 2
MOST_GROWTH = 1.02
"""Last third against the first third of the minutes: more is a leak, less is the allocator's breathing."""


def run(quick: bool) -> Outcome:
    minutes = QUICK_MINUTES if quick else FLAT_MINUTES
    step_s = 10.0 if quick else 60.0
    rss_mb, figures = _watch(Plan(rate=250, instruments=5) if quick else Plan(), minutes, step_s)
    third = max(1, len(rss_mb) // 3)
    first, last = mean(rss_mb[:third]), mean(rss_mb[-third:])
    outcome = Outcome("memory_over_time")
    outcome.facts |= {"rss_mb": rss_mb, "step_s": step_s, "figures": figures}
    outcome.lines = [
        Line("last third against the first third", last / first, "x", MOST_GROWTH),
        Line("memory (RSS) at its most", max(rss_mb), "MB", MOST_MB),
        Line("memory (RSS), mean of the first third", first, "MB"),
        Line("memory (RSS), mean of the last third", last, "MB"),
        Line("errors shown", float(figures["errors"]), "", 0),
    ]
    return outcome


def _watch(plan: Plan, minutes: int, step_s: float) -> tuple[Sequence[float], dict[str, Any]]:
    venue = Program("load", ["--rate", str(plan.rate), "--instruments", str(plan.instruments)], "stdout")
    try:
        where = venue.read()
        with tempfile.TemporaryDirectory() as profile:
            program = Program("watched_program", program_arguments(where, profile, plan), "stderr")
            try:
                time.sleep(BEGIN_MINUTES * step_s)
                rss_mb, figures = list[float](), dict[str, Any]()
                for _ in range(round(minutes * 60 / step_s)):
                    time.sleep(step_s)
                    figures = program.ask("figures")
                    rss_mb.append(round(figures["rss_mb"], 1))
                    print(f"{len(rss_mb)}: {rss_mb[-1]} MB", flush=True)
                program.ask("stop")
                return rss_mb, figures
            finally:
                program.close()
    finally:
        venue.close()
