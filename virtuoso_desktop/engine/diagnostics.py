"""The diagnostic report: what System shows, as text that can be given away."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from virtuoso_desktop import __version__

if TYPE_CHECKING:
    from virtuoso_desktop.engine.run_views import SystemView
    from virtuoso_desktop.engine.views import LinkView
    from virtuoso_desktop.kernel.log_lines import LogLine

MOST_ERRORS, MOST_LINES = 20, 40
_NO_VALUE = "no value"
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s/?#\"']+)[^\s\"']*")
_SECRET = re.compile(r"(?i)\b([\w.-]*(?:token|secret|password|passwd|api[_-]?key|webhook)[\w.-]*)(\s*[=:]\s*)\S+")
_LONG_CODE = re.compile(r"\b(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{32,}\b")


def without_secrets(text: str, home: Path | None = None) -> str:
    """The text without the person's folder, addresses beyond their host, and whatever looks like a key."""
    text = _URL.sub(r"\1\2", text)
    text = _SECRET.sub(r"\1\2[hidden]", text)
    text = _LONG_CODE.sub("[hidden]", text)
    folder = str(Path.home() if home is None else home)
    return text.replace(folder, "~") if len(folder) > 1 else text


def diagnostic_report(view: SystemView, source: str, log_lines: Sequence[LogLine], home: Path | None = None) -> str:
    """Everything that System shows, one fact a line, then the newest errors and log lines."""
    parts = [
        *_head(view, source),
        *(line for link in view.links for line in _link(link, view.at_ms)),
        *_figures(view),
        "",
        "Streams (frames a second, all):",
        *(f"  {topic.name}: {_number(topic.per_s, 1)}, {topic.total}" for topic in view.topics),
        "",
        f"Tasks ({len(view.tasks)} own of {view.all_tasks}): {', '.join(view.tasks)}",
        "",
        f"Errors ({len(view.errors)}), warnings ({view.warnings}):",
        *(f"  {each.at_ms} {each.where}: {each.user_text}" for each in view.errors[-MOST_ERRORS:]),
        "",
        f"Log, newest {MOST_LINES} lines:",
        *_log(log_lines[-MOST_LINES:]),
    ]
    return without_secrets("\n".join(parts), home) + "\n"


def _head(view: SystemView, source: str) -> Iterator[str]:
    yield f"Virtuoso Desktop {__version__}, source {source}"
    yield f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}"
    yield f"Venue time {view.at_ms} ms UTC, up for {view.uptime_s:.0f} s"
    yield ""


def _link(link: LinkView, now_ms: int) -> Iterator[str]:
    yield f"{link.venue}: {link.phase.value} for {(now_ms - link.since_ms) / 1000:.0f} s"
    yield f"  clock offset {_number(link.offset_ms, 0)} ms"
    for part in link.parts:
        line = f"  {part.name}: {part.phase.value} for {(now_ms - part.since_ms) / 1000:.0f} s"
        line += f", newest data {_number(part.age_ms, 0)} ms old"
        yield f"{line}, {part.reason}" if part.reason else line
    for topic in link.stale_topics:
        yield f"  silent: {topic.topic}"


def _figures(view: SystemView) -> Iterator[str]:
    status = view.status
    yield ""
    yield f"Instruments live {status.instruments_live} of {status.instruments_watched}"
    yield f"Candle series {status.series_loaded} of {status.series_wanted}"
    yield f"Messages a second {status.messages_per_s:.0f}, refused frames {view.refused_frames}"
    yield f"Lag ms p50 {_number(view.lag_p50_ms, 1)}, p99 {_number(view.lag_p99_ms, 1)}"
    yield f"Read to stored ms p99 {_number(view.apply_p99_ms, 3)}"
    yield f"Loop late ms p50 {_number(view.loop_p50_ms, 1)}, p99 {_number(view.loop_p99_ms, 1)}"
    yield f"Gaps {status.gaps}, reconnects {status.reconnects}, duplicate trades {view.duplicate_trades}"
    yield f"Requests a second {status.requests_per_s:.1f} of {view.requests_limit_per_s:g}"
    yield f"Requests {view.requests}, failed {view.requests_failed}"
    for budget in view.budgets:
        yield f"Budget {budget.name} {budget.limit_ms:g} ms: {budget.exceeded} times {budget.means}"
    yield f"Panels that waited: {', '.join(f'{name} {count}' for name, count in view.skipped_panels) or 'none'}"
    yield f"Stored candles: {view.disk_answered} of {view.disk_asked} questions answered by the disk"
    kept = "kept" if view.history_is_kept else "not kept"
    yield f"History {kept}, {view.history_dropped_rows} rows dropped, {status.history_problem or 'no problem'}"
    yield f"Memory {status.rss_mb:.0f} MB, processor {_number(view.cpu_pct, 0)} % of a core"


def _log(lines: Iterable[LogLine]) -> Iterator[str]:
    for line in lines:
        yield f"  {line.at_ms} {line.level} {line.source}: {line.text}"
        last = line.detail.strip().splitlines()[-1:] if line.detail else []
        yield from (f"    {each}" for each in last)


def _number(value: float | None, decimals: int) -> str:
    return _NO_VALUE if value is None else f"{value:.{decimals}f}"
