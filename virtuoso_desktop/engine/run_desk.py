"""Reads the run itself for the panels System and Log. What needs two readings begins with the first one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from virtuoso_desktop.engine.archive import Archive
from virtuoso_desktop.engine.budget import ANALYSIS_BUDGET_MS, PAINT_BUDGET_MS, READ_BUDGET_MS, LoopMonitor
from virtuoso_desktop.engine.diagnostics import diagnostic_report
from virtuoso_desktop.engine.run_views import BudgetView, LogView, SystemView, TopicRate
from virtuoso_desktop.engine.views import LinkView, StatusView
from virtuoso_desktop.kernel.log_lines import LogLines
from virtuoso_desktop.kernel.metrics import Distribution, LinkMetrics
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore

KEPT_READINGS = 10


class RunParts(NamedTuple):
    """What is read."""

    source: str
    metrics: LinkMetrics
    store: MarketStore
    archive: Archive
    loop: LoopMonitor
    tasks: Supervisor
    notices: NoticeBoard
    requests_limit_per_s: float
    analysis_full_turns: Callable[[], int]


class RunReader:
    """Implements `run_views.RunDesk`.

    Parameters
    ----------
    parts : RunParts
        What is read.
    now_ms : callable
        Venue time.
    links, status : callable
        The engine's own views.
    """

    def __init__(
        self,
        parts: RunParts,
        now_ms: Callable[[], int],
        links: Callable[[], tuple[LinkView, ...]],
        status: Callable[[], StatusView],
    ) -> None:
        self._parts = parts
        self._now_ms = now_ms
        self._links = links
        self._status = status
        self.log_lines = LogLines()
        """The program's own, once the wiring has given them."""
        self._begun_s = time.monotonic()
        self._read_s: float | None = None
        self._cpu_s = 0.0
        self._frames: dict[str, int] = {}
        self._quantiles = {
            name: _Recent(distribution)
            for name, distribution in (
                ("lag", parts.metrics.lag_ms),
                ("apply", parts.metrics.apply_ms),
                ("loop", parts.loop.late_ms),
            )
        }

    def system(self) -> SystemView:
        parts, metrics = self._parts, self._parts.metrics
        now_s, cpu_s = time.monotonic(), time.process_time()
        passed_s = None if self._read_s is None else now_s - self._read_s
        for recent in self._quantiles.values():
            recent.read()
        lag, apply, loop = (self._quantiles[name] for name in ("lag", "apply", "loop"))
        status = self._status()
        view = SystemView(
            at_ms=self._now_ms(),
            uptime_s=now_s - self._begun_s,
            links=self._links(),
            status=status,
            topics=self._topics(passed_s),
            lag_p50_ms=lag.quantile_ms(0.5),
            lag_p99_ms=lag.quantile_ms(0.99),
            apply_p99_ms=apply.quantile_ms(0.99),
            loop_p50_ms=loop.quantile_ms(0.5),
            loop_p99_ms=loop.quantile_ms(0.99),
            refused_frames=metrics.refused.total(),
            duplicate_trades=sum(state.tape.duplicates for state in parts.store.states),
            requests=metrics.requests,
            requests_failed=metrics.requests_failed,
            requests_limit_per_s=parts.requests_limit_per_s,
            budgets=(
                BudgetView(
                    "reading of a link", READ_BUDGET_MS, metrics.read_pauses, "the rest waited for the next turn"
                ),
                BudgetView(
                    "analysis", ANALYSIS_BUDGET_MS, parts.analysis_full_turns(), "the rest waited for the next turn"
                ),
                BudgetView("painting", PAINT_BUDGET_MS, status.skipped_refreshes, "a panel waited for the next frame"),
            ),
            skipped_panels=tuple(parts.loop.skips.most_common()),
            disk_asked=parts.archive.asked,
            disk_answered=parts.archive.answered,
            history_is_kept=parts.archive.history.is_kept,
            history_dropped_rows=parts.archive.history.dropped_rows,
            cpu_pct=(cpu_s - self._cpu_s) / passed_s * 100.0 if passed_s else None,
            tasks=parts.tasks.names,
            all_tasks=_count_tasks(),
            errors=parts.notices.errors,
            warnings=sum(1 for notice in parts.notices.all if notice.severity is Severity.WARNING),
        )
        self._read_s, self._cpu_s = now_s, cpu_s
        return view

    def report(self) -> str:
        return diagnostic_report(self.system(), self._parts.source, self.log_lines.lines)

    def log_version(self) -> int:
        return self.log_lines.version

    def log(self) -> LogView:
        folder = self.log_lines.folder
        return LogView(self.log_lines.lines, self.log_lines.version, None if folder is None else str(folder))

    def _topics(self, passed_s: float | None) -> tuple[TopicRate, ...]:
        counts = dict(self._parts.metrics.messages)
        before, self._frames = self._frames, counts
        found = [
            TopicRate(name, (total - before.get(name, 0)) / passed_s if passed_s else None, total)
            for name, total in counts.items()
        ]
        return tuple(sorted(found, key=lambda topic: (-topic.total, topic.name)))


class _Recent:
    """Quantiles of what came since the tenth reading before."""

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution
        self._marks: deque[tuple[int, ...]] = deque(maxlen=KEPT_READINGS)

    def read(self) -> None:
        self._marks.append(self._distribution.mark())

    def quantile_ms(self, q: float) -> float | None:
        """Since the oldest kept reading; of the whole run at the first one."""
        since = self._marks[0] if len(self._marks) > 1 else None
        return self._distribution.quantile_ms(q, since=since)


def _count_tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # no loop runs: a reader outside of it
        return 0
