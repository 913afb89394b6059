"""What System shows, as rows: connections, figures, streams. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.views import DOWN_PHASES, LinkPhase
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import DOWN, LABEL, MUTED, NUMBER, UP, WARNING, Cell, Column, Ink, cell, no_value
from virtuoso_desktop.ui.feed_state import silence, topic_name, venue_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtuoso_desktop.engine.run_views import SystemView
    from virtuoso_desktop.engine.views import LinkView, PartView

MOST_SILENT = 20
CONNECTIONS: tuple[Column, ...] = (
    Column("name", "Connection", "Connection", "One connection of an exchange", 108, 0, is_right=False),
    Column(
        "state", "State", "State", "live, syncing, stale, backoff, banned, blocked, maintenance", 80, 0, is_right=False
    ),
    Column("since", "Since", "Since", "When the state began", 66, 0),
    Column("age", "Age", "Age of the newest data", "Age of the newest data", 58, 0),
    Column("next", "Next step", "Next step", "What happens now", 128, 0, is_right=False),
)
FIGURES: tuple[Column, ...] = (
    Column("name", "Figure", "Figure", "What is measured", 134, 0, is_right=False),
    Column("value", "Value", "Value", "Now", 112, 0),
    Column("note", "Note", "Note", "What it means", 150, 0, is_right=False),
)
STREAMS: tuple[Column, ...] = (
    Column("name", "Stream", "Stream", "Kind of topic", 112, 0, is_right=False),
    Column("rate", "Per s", "Messages per second", "Messages a second since the reading before", 54, 0),
    Column("total", "All", "All messages", "Messages since the start", 74, 0),
)
_INKS = {LinkPhase.LIVE: UP, LinkPhase.STALE: WARNING}


class Fact(NamedTuple):
    """One row and its tooltip."""

    cells: tuple[Cell, ...]
    tooltip: str = ""


class FactRows(CalmRows):
    """A list of facts as last read."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def show(self, facts: Iterable[Fact]) -> bool:
        """Take newer facts; True when there is anything else to paint."""
        newer = list(facts)
        if newer == self.facts:
            return False
        self.facts = newer
        return True

    def row_count(self) -> int:
        return len(self.facts)

    def cells(self, index: int) -> tuple[Cell, ...]:
        return self.facts[index].cells

    def tooltip(self, index: int, column: int) -> str:
        fact = self.facts[index]
        return fact.tooltip or fact.cells[column].text


def connection_facts(view: SystemView) -> Iterator[Fact]:
    """Each venue, its connections, and topics that are silent."""
    now_ms = view.at_ms
    for link in view.links:
        for part in link.parts:
            yield _connection(link, part, now_ms)
        if not link.parts:
            words = cell(link.phase.value, _INKS.get(link.phase, MUTED))
            yield Fact(
                (cell(venue_name(link.venue)), words, _since(link.since_ms), no_value("none came"), cell("", MUTED))
            )
        for topic in link.stale_topics[:MOST_SILENT]:
            said = silence(topic, now_ms)
            name = topic_name(topic)
            kind, _, symbol = name.partition(" ")
            short = f"{symbol} {kind}".strip()  # where there is little room, whose it is counts most
            yield Fact(
                (cell(short, LABEL), cell("silent", WARNING), no_value("unknown"), no_value(said), cell(said, MUTED)),
                f"{name}: {said}. It is asked for again by itself.",
            )


def _connection(link: LinkView, part: PartView, now_ms: int) -> Fact:
    name = f"{venue_name(link.venue)} {part.name}"
    ink = _INKS.get(part.phase, DOWN if part.phase in DOWN_PHASES else MUTED)
    age = no_value("none came") if part.age_ms is None else cell(text.milliseconds(part.age_ms), NUMBER)
    step = next_step(part, now_ms)
    tip = f"{name}: {part.phase.value} since {text.utc_moment(part.since_ms)}"
    if part.reason:
        tip += f"\n{part.reason}"
    return Fact((cell(name, LABEL), cell(part.phase.value, ink), _since(part.since_ms), age, cell(step, MUTED)), tip)


def next_step(part: PartView, now_ms: int) -> str:
    """What a connection does next: nothing while it is live."""
    if part.phase in DOWN_PHASES:
        left_ms = 0 if part.next_retry_ms is None else part.next_retry_ms - now_ms
        step = f"next try in {text.countdown(left_ms)}" if left_ms >= 1000 else "trying again now"
        return f"{step}: {part.reason}" if part.reason else step
    return {
        LinkPhase.LIVE: "none needed",
        LinkPhase.STALE: "silent topics are asked for again",
        LinkPhase.SYNCING: "loading what is missing",
    }.get(part.phase, "connecting")


def _since(since_ms: int) -> Cell:
    return cell(text.local_time(since_ms), MUTED)


def figure_facts(view: SystemView) -> Iterator[Fact]:
    """The figures from the most to the least often looked at."""
    status = view.status
    yield _figure("Messages", f"{text.count(status.messages_per_s)} /s", "received over all streams")
    yield _figure("Lag", _pair(view.lag_p50_ms, view.lag_p99_ms), "median and p99, received minus sent")
    yield _figure("Loop late", _pair(view.loop_p50_ms, view.loop_p99_ms), "median and p99 of a timer of 100 ms")
    yield _figure("Read to stored", _fine_ms(view.apply_p99_ms), "p99 of a message")
    gaps = f"{status.gaps} / {status.reconnects}"
    yield _figure("Gaps / reconnects", gaps, "each gap was repaired by a fresh snapshot", bad=status.gaps > 0)
    yield _figure("Refused frames", text.count(view.refused_frames), "not understood", bad=view.refused_frames > 0)
    yield _figure("Doubled trades", text.count(view.duplicate_trades), "left out")
    used = f"{status.requests_per_s:.1f} of {view.requests_limit_per_s:g} /s"
    yield _figure("Request rate", used, "of the limit that the settings allow")
    failed = f"{text.count(view.requests_failed)} of {text.count(view.requests)}"
    yield _figure("Failed requests", failed, "since the start", bad=view.requests_failed > 0)
    for budget in view.budgets:
        said = f"{budget.name}, {budget.limit_ms:g} ms a turn: so often {budget.means}"
        yield _figure(f"Over {budget.limit_ms:g} ms", f"{text.count(budget.exceeded)} \u00d7", said)
    yield _skips(view)
    yield _disk(view)
    kept = "kept" if view.history_is_kept else "not kept"
    note = status.history_problem or f"{text.count(view.history_dropped_rows)} rows could not be written"
    yield _figure("History on disk", kept, note, bad=bool(status.history_problem) or not view.history_is_kept)
    yield _figure("Memory", f"{text.count(status.rss_mb)} MB", "of this program")
    cpu = text.DASH if view.cpu_pct is None else f"{view.cpu_pct:.0f}{text.THIN}%"
    yield _figure("Processor", cpu, "of one core")
    names = "\n".join(view.tasks)
    tasks = _figure("Tasks", f"{len(view.tasks)} of {view.all_tasks}", "long-lived ones, of all that run")
    yield tasks._replace(tooltip=f"Long-lived tasks:\n{names}")
    newest = view.errors[-1].user_text if view.errors else "none in this run"
    yield _figure("Errors", text.count(len(view.errors)), newest, bad=bool(view.errors))
    yield _figure("Warnings", text.count(view.warnings), "told in this run")


def _skips(view: SystemView) -> Fact:
    """Which panels waited for a frame with room."""
    named = ", ".join(f"{name} {text.count(count)}" for name, count in view.skipped_panels)
    total = sum(count for _, count in view.skipped_panels)
    return _figure("Panels that waited", f"{text.count(total)} \u00d7", named or "every panel was on time")


def _disk(view: SystemView) -> Fact:
    if not view.disk_asked:
        return _figure("Candles from disk", text.DASH, "not asked yet")
    share = f"{view.disk_answered / view.disk_asked * 100:.0f}{text.THIN}%"
    return _figure(
        "Candles from disk", share, f"{view.disk_answered} of {view.disk_asked} questions, rest from the exchange"
    )


def stream_facts(view: SystemView) -> Iterator[Fact]:
    """Frames of each kind of topic, most first."""
    for topic in view.topics:
        rate = no_value("needs a second reading")
        if topic.per_s is not None:
            rate = cell(f"{topic.per_s:,.0f}" if topic.per_s >= 9.95 else f"{topic.per_s:.1f}", NUMBER)
        yield Fact((cell(topic.name, LABEL), rate, cell(text.count(topic.total), MUTED)))


def _figure(name: str, value: str, note: str, *, bad: bool = False) -> Fact:
    ink: Ink = WARNING if bad else NUMBER
    shown = no_value("not known yet") if value == text.DASH else cell(value, ink)
    return Fact((cell(name, LABEL), shown, cell(note, MUTED)), f"{name}: {value}\n{note}")


def _pair(median: float | None, p99: float | None) -> str:
    if median is None or p99 is None:
        return text.DASH
    return f"{text.milliseconds(median)} / {text.milliseconds(p99)}"


def _fine_ms(value: float | None) -> str:
    return text.DASH if value is None else f"{value:.2f} ms"
