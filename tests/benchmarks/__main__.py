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
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not what it measures")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in arguments.names or BENCHMARKS:
        begin = time.monotonic()
        outcome = importlib.import_module(BENCHMARKS[name]).run(arguments.quick)
        outcome.facts["is_quick"] = arguments.quick
        path = outcome.write()
        print(f"{outcome.table()}\n  {time.monotonic() - begin:.0f} s, {path.relative_to(path.parents[3])}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
