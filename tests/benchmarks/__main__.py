"""``python -m tests.benchmarks [name...] [--quick]``: measure, print ratios against their targets, write JSON."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

BENCHMARKS = {
    "parse_apply": "tests.benchmarks.parse_apply",
    "books": "tests.benchmarks.books",
    "load": "tests.benchmarks.live_load",
    "chart": "tests.benchmarks.chart",
    "markets": "tests.benchmarks.markets",
    "markets600": "tests.benchmarks.markets600",
    "desk": "tests.benchmarks.desk",
    "startup": "tests.benchmarks.startup",
    "history": "tests.benchmarks.history",
    "history_window": "tests.benchmarks.history_window",
    "scoring": "tests.benchmarks.scoring",
    "streams": "tests.benchmarks.streams",
    "indicators": "tests.benchmarks.indicators",
    "live_analysis": "tests.benchmarks.live_analysis",
    "switching": "tests.benchmarks.switching",
}
NAMED = {"memory_over_time": "tests.benchmarks.memory_over_time"}
"""Half an hour and more: only when named."""


def main() -> int:
    which = f"which: {', '.join(BENCHMARKS)} (all); {', '.join(NAMED)}"
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=which)
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not what it measures")
    arguments = parser.parse_args()
    known = BENCHMARKS | NAMED
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(known)}")
    for name in arguments.names or BENCHMARKS:
        begin = time.monotonic()
        outcome = importlib.import_module(known[name]).run(arguments.quick)
        outcome.facts["is_quick"] = arguments.quick
        path = outcome.write()
        print(f"{outcome.table()}\n  {time.monotonic() - begin:.0f} s, {path.relative_to(path.parents[3])}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
