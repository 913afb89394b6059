from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui.frame import FRAME_MS, FrameClock

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

MS = 1_000_000


class Panel:
    """A panel whose refresh is said to have painted for ``painted_ms``."""

    def __init__(self, rate_hz: float, urgency: int = 0, painted_ms: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.urgency = urgency
        self.painted_ms = painted_ms
        self.is_shown = True
        self.turns: list[int] = []

    def isVisible(self) -> bool:  # noqa: N802 (Qt's name)
        return self.is_shown

    def refresh(self, now_ns: int) -> None:
        self.turns.append(now_ns)

    def take_painted_ns(self) -> int:
        return int(self.painted_ms * MS)


def run(clock: FrameClock, frames: int, start_ns: int = 10**12) -> None:
    for frame in range(frames):
        clock.tick(start_ns + frame * FRAME_MS * MS)


def test_panels_have_their_own_rates(qapp: object) -> None:
    clock = FrameClock(None)
    fast, table, slow = Panel(30), Panel(10), Panel(2)
    for panel in (fast, table, slow):
        clock.add(panel)
    run(clock, 303)  # 10 s
    assert 295 <= len(fast.turns) <= 303
    assert 98 <= len(table.turns) <= 103
    assert 19 <= len(slow.turns) <= 22


def test_a_hidden_panel_costs_nothing_and_comes_back_at_once(qapp: object) -> None:
    clock = FrameClock(None)
    panel = Panel(10)
    clock.add(panel)
    panel.is_shown = False
    run(clock, 30)
    assert panel.turns == []
    panel.is_shown = True
    clock.tick(10**12 + 31 * FRAME_MS * MS)
    assert len(panel.turns) == 1


def test_nothing_is_refreshed_in_a_window_that_cannot_be_seen(qapp: object) -> None:
    seen = [False]
    clock = FrameClock(None, is_exposed=lambda _: seen[0])
    panel = Panel(10)
    clock.add(panel)
    run(clock, 10)
    assert panel.turns == []
    seen[0] = True
    run(clock, 10)
    assert panel.turns


def test_over_budget_the_least_urgent_panel_waits_and_is_counted(qapp: object) -> None:
    told: list[str] = []
    clock = FrameClock(None, count_skipped=told.append)
    chart, table = Panel(30, urgency=0, painted_ms=9.0), Panel(30, urgency=2, painted_ms=9.0)
    clock.add(table, table.take_painted_ns)
    clock.add(chart, chart.take_painted_ns)
    run(clock, 90)
    assert len(chart.turns) >= 88, "the most urgent panel never waits"
    assert clock.skipped == len(told) > 20
    assert set(told) == {"Panel"}
    assert len(table.turns) >= 15, "and the least urgent is not starved"


def test_within_the_budget_nothing_is_put_off(qapp: object) -> None:
    clock = FrameClock(None)
    panels = [Panel(30, urgency, painted_ms=3.0) for urgency in range(4)]
    for panel in panels:
        clock.add(panel, panel.take_painted_ns)
    run(clock, 60)
    assert clock.skipped == 0


def test_one_dear_frame_does_not_keep_a_panel_waiting(qapp: object) -> None:
    clock = FrameClock(None)
    chart, table = Panel(30, 0, 2.0), Panel(10, 2, 200.0)
    clock.add(chart, chart.take_painted_ns)
    clock.add(table, table.take_painted_ns)
    run(clock, 4)
    table.painted_ms = 2.0
    table.turns.clear()
    run(clock, 30, 2 * 10**12)
    assert len(table.turns) >= 6


def test_a_panel_can_leave(qapp: object) -> None:
    clock = FrameClock(None)
    panel = Panel(30)
    remove = clock.add(panel)
    run(clock, 3)
    remove()
    remove()
    turns = len(panel.turns)
    run(clock, 3, 2 * 10**12)
    assert len(panel.turns) == turns


def test_a_panel_whose_rate_rises_is_refreshed_in_the_next_frame(qapp: object) -> None:
    clock = FrameClock(None)
    panel = Panel(1)
    clock.add(panel)
    run(clock, 5)
    assert len(panel.turns) == 1
    panel.rate_hz = 30
    clock.tick(10**12 + 5 * FRAME_MS * MS)
    assert len(panel.turns) == 2


def test_the_timer_ticks_until_it_is_stopped(qtbot: QtBot) -> None:
    clock = FrameClock(None)
    panel = Panel(30)
    clock.add(panel)
    clock.start()
    qtbot.waitUntil(lambda: len(panel.turns) >= 3)
    assert clock.is_running
    clock.stop()
    assert not clock.is_running
