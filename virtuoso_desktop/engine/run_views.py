"""Read models of the panels System and Log: how the run itself fares. Imports no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import LinkView, StatusView
    from virtuoso_desktop.kernel.log_lines import LogLine
    from virtuoso_desktop.kernel.notices import Notice


class TopicRate(msgspec.Struct, frozen=True):
    """Frames of one kind of topic."""

    name: str
    per_s: float | None
    """Since the reading before; None at the first one."""
    total: int


class BudgetView(msgspec.Struct, frozen=True):
    """A limit that one turn of the loop has, and how often it did not suffice."""

    name: str
    limit_ms: float
    exceeded: int
    means: str
    """What happened then, in words."""


class SystemView(msgspec.Struct, frozen=True):
    """Figures of the run. Quantiles are of the last ten readings, None without data."""

    at_ms: int
    uptime_s: float
    links: tuple[LinkView, ...]
    status: StatusView
    topics: tuple[TopicRate, ...]
    """Most frames first."""
    lag_p50_ms: float | None
    lag_p99_ms: float | None
    apply_p99_ms: float | None
    """Socket read to stored."""
    loop_p50_ms: float | None
    loop_p99_ms: float | None
    """By how much the loop's timer comes late."""
    refused_frames: int
    duplicate_trades: int
    requests: int
    requests_failed: int
    requests_limit_per_s: float
    budgets: tuple[BudgetView, ...]
    skipped_panels: tuple[tuple[str, int], ...]
    """Panels whose refresh was put off, and how often; the most first."""
    disk_asked: int
    """Questions for stored candles."""
    disk_answered: int
    history_is_kept: bool
    history_dropped_rows: int
    cpu_pct: float | None
    """Of one core, since the reading before."""
    tasks: tuple[str, ...]
    all_tasks: int
    errors: tuple[Notice, ...]
    """Newest last."""
    warnings: int


class LogView(msgspec.Struct, frozen=True):
    """The newest lines of the log."""

    lines: tuple[LogLine, ...]
    """Oldest first."""
    version: int
    folder: str | None
    """Where its files are; None where nothing can be written."""


class RunDesk(Protocol):
    """What System and Log ask of the engine."""

    def system(self) -> SystemView:
        """The figures since the reading before; about once a second."""
        ...

    def report(self) -> str:
        """All figures as text for a bug report: no secret, no path of a person's folder."""
        ...

    def log_version(self) -> int:
        """Changes with every line."""
        ...

    def log(self) -> LogView: ...
