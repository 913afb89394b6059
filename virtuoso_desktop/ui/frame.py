"""The one frame timer: panels pull their state at their own rate, inside a budget per frame.

A panel that is hidden, or in a window that cannot be seen, costs nothing; each window is asked for itself. When a frame
would exceed its budget, the least urgent panels that are due wait for the next frame; each such skip is counted.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME_MS = 33
BUDGET_NS = 14_000_000
MOST_PERIODS_LATE = 4.0
"""A panel that waited this many of its periods is refreshed whatever the budget says."""
_NS_PER_S = 1_000_000_000
_EARLY = 0.6
"""A panel is due when its next turn is nearer than this share of a frame: timers are never exact."""
_COST_MEMORY = 0.8


class Refreshable(Protocol):
    """What the clock asks of a panel. Every ``QWidget`` has ``isVisible``."""

    @property
    def rate_hz(self) -> float:
        """Refreshes per second wanted now; may change from frame to frame."""
        ...

    @property
    def urgency(self) -> int:
        """0 is the most urgent."""
        ...

    def isVisible(self) -> bool: ...

    def refresh(self, now_ns: int) -> None:
        """Read the newest state and mark what has to be painted. ``now_ns`` is ``perf_counter_ns``."""
        ...


class _Entry:
    __slots__ = ("cost_ns", "painted_ns", "panel", "turn_ns")

    def __init__(self, panel: Refreshable, painted_ns: Callable[[], int] | None) -> None:
        self.panel = panel
        self.painted_ns = painted_ns
        self.cost_ns = 0.0
        """Running mean of one refresh with the painting that it causes."""
        self.turn_ns = 0
        """When its newest turn should have been."""


class FrameClock(QObject):
    """Calls the panels' ``refresh`` from one precise timer of 33 ms.

    Parameters
    ----------
    parent : QObject or None
        Qt parent.
    is_exposed : callable
        Whether the window of a panel can be seen; what nobody can see is not refreshed.
    count_skipped : callable
        Told the panel's name for each refresh that the budget put off.
    """

    def __init__(
        self,
        parent: QObject | None,
        *,
        is_exposed: Callable[[Refreshable], bool] = lambda _: True,
        count_skipped: Callable[[str], object] = str,
    ) -> None:
        super().__init__(parent)
        self.count_skipped = count_skipped
        self.skipped = self.refreshed = 0
        """Turns that the budget put off, and turns that were taken."""
        self._is_exposed = is_exposed
        self._entries: list[_Entry] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._on_timeout)

    def add(self, panel: Refreshable, painted_ns: Callable[[], int] | None = None) -> Callable[[], None]:
        """Refresh ``panel`` from now on; returns the function that ends it.

        Parameters
        ----------
        panel : Refreshable
            Asked for rate, urgency and visibility at every frame.
        painted_ns : callable, optional
            Nanoseconds that the panel spent painting since the last call; counted into its cost.
        """
        entry = _Entry(panel, painted_ns)
        self._entries.append(entry)

        def remove() -> None:
            if entry in self._entries:
                self._entries.remove(entry)

        return remove

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @property
    def is_running(self) -> bool:
        return self._timer.isActive()

    def _on_timeout(self) -> None:
        self.tick(perf_counter_ns())

    def tick(self, now_ns: int) -> None:
        """One frame: refresh what is due, the most urgent first, as far as the budget goes."""
        due = [entry for entry in self._entries if self._is_due(entry, now_ns)]
        due.sort(key=lambda entry: entry.panel.urgency)
        spent_ns = 0.0
        for entry in due:
            period_ns = int(_NS_PER_S / entry.panel.rate_hz)
            is_late = now_ns - entry.turn_ns > (MOST_PERIODS_LATE + 1) * period_ns
            if spent_ns and spent_ns + entry.cost_ns > BUDGET_NS and not is_late:
                # One dear turn, such as the first, must not keep a panel waiting for long.
                entry.cost_ns *= _COST_MEMORY
                self.skipped += 1
                self.count_skipped(_name(entry.panel))
                continue
            spent_ns += max(self._refresh(entry, now_ns), entry.cost_ns)
            # The turns keep their rhythm through late timers, and start anew after a pause.
            entry.turn_ns = max(entry.turn_ns + period_ns, now_ns - period_ns // 2)

    def _is_due(self, entry: _Entry, now_ns: int) -> bool:
        rate_hz = entry.panel.rate_hz
        if rate_hz <= 0 or not entry.panel.isVisible():
            return False
        is_due = now_ns - entry.turn_ns > _NS_PER_S / rate_hz - _EARLY * FRAME_MS * 1_000_000
        return is_due and self._is_exposed(entry.panel)

    def _refresh(self, entry: _Entry, now_ns: int) -> float:
        """Refresh one panel; returns what it took, ns. Paint time of the previous turns joins the mean."""
        self.refreshed += 1
        painted_ns = entry.painted_ns() if entry.painted_ns is not None else 0
        begun_ns = perf_counter_ns()
        entry.panel.refresh(now_ns)
        took_ns = perf_counter_ns() - begun_ns
        whole_ns = took_ns + painted_ns
        entry.cost_ns = _COST_MEMORY * entry.cost_ns + (1 - _COST_MEMORY) * whole_ns if entry.cost_ns else whole_ns
        return took_ns


def _name(panel: Refreshable) -> str:
    """How a person calls it."""
    said = panel.accessibleName() if isinstance(panel, QWidget) else ""
    name = type(panel).__name__.strip("_")
    return said or name.removesuffix("Panel") or name
