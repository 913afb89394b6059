"""How late the loop runs: the one figure that every part of the program shares."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from virtuoso_desktop.kernel.metrics import Distribution

PROBE_PERIOD_S = 0.1
READ_BUDGET_MS = 4.0
"""Reading of one link per loop turn."""
ANALYSIS_BUDGET_MS = 6.0
"""Analysis per loop turn."""
PAINT_BUDGET_MS = 14.0
"""Painting per frame."""


class LoopMonitor:
    """Measures by how much a timer of 100 ms comes late, and counts what did not fit into a turn."""

    def __init__(self) -> None:
        self.late_ms = Distribution()
        self.skips: Counter[str] = Counter()
        """Refreshes that were put off because the frame was over budget, by panel."""

    async def run(self) -> None:
        while True:
            asked_ns = time.perf_counter_ns()
            await asyncio.sleep(PROBE_PERIOD_S)
            self.late_ms.add((time.perf_counter_ns() - asked_ns) / 1e6 - PROBE_PERIOD_S * 1000)
