"""The program as it is, with its figures on request: ``python -m tests.benchmarks.watched_program ARGUMENTS``.

Lines on stdin: ``mark`` begins to measure anew, ``figures`` prints what was measured since, ``stop`` ends the run
as SIGINT does. The steps are those of `app.main`; what is added are a store that notes how old a book's frame is
when it is stored (`load` writes the time of sending, in us, as its cross sequence) and a turn of the frame clock.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from virtuoso_desktop.app.arguments import Options, parse
from virtuoso_desktop.app.logs import RunLog
from virtuoso_desktop.app.run_folder import RunFolder
from virtuoso_desktop.app.stopping import StopRequest
from virtuoso_desktop.kernel.imports import plain_imports

if TYPE_CHECKING:
    from virtuoso_desktop.app.run import Run
    from virtuoso_desktop.kernel.metrics import Distribution
    from virtuoso_desktop.ui.frame import FrameClock

INTERIOR_AFTER_MS = 2_000
STALL_STEP_MS = 10


class FrameNote:
    """A panel that notes how far its turns are apart: `ui.frame.Refreshable`."""

    rate_hz = 1_000.0  # every turn of the timer
    urgency = 0

    def __init__(self) -> None:
        self.turns_ns: list[int] = []

    def isVisible(self) -> bool:  # noqa: N802 (Qt's name)
        return True

    def refresh(self, now_ns: int) -> None:
        self.turns_ns.append(now_ns)


class StallNote:
    """How late a timer of the window's thread is each time: what a click would have to wait."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._last_ns = 0
        self._timer: Any = None

    def begin(self, timer: Any) -> None:
        """Listen to a timer of `STALL_STEP_MS`."""
        self._timer = timer
        timer.timeout.connect(self._on_timeout)
        timer.start(STALL_STEP_MS)

    def _on_timeout(self) -> None:
        now_ns = time.perf_counter_ns()
        if self._last_ns:
            self.late_ms.append(max(0.0, (now_ns - self._last_ns) / 1e6 - STALL_STEP_MS))
        self._last_ns = now_ns


class Watch:
    """Figures of the run, told on stdout from a thread of its own."""

    def __init__(self, run: Run, stop: StopRequest, ages_ms: Distribution) -> None:
        import psutil

        self._run = run
        self._stop = stop
        self._ages_ms = ages_ms
        self._process = psutil.Process()
        self.frames = FrameNote()
        self.stalls = StallNote()
        self.clock: FrameClock | None = None
        self._turns = (0, 0)
        self._marks: dict[str, tuple[int, ...]] = {}
        self._begun = (0.0, 0.0)

    def listen(self) -> None:
        threading.Thread(target=self._listen, name="watch", daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            what = line.strip()
            if what == "mark":
                self._mark()
            elif what == "stop":
                self._stop.ask()
            self._say(self._figures())

    def _distributions(self) -> dict[str, Distribution]:
        engine = self._run.engine
        found = {"age_ms": self._ages_ms}
        if engine is not None:
            found |= {"apply_ms": engine.adapter.metrics.apply_ms, "lag_ms": engine.adapter.metrics.lag_ms}
            found["score_ms"] = engine.analysis_figures.delay_ms
        return found

    def _mark(self) -> None:
        self._marks = {name: each.mark() for name, each in self._distributions().items()}
        self.frames.turns_ns = []
        self.stalls.late_ms = []
        self._turns = self._taken()
        self._begun = (time.monotonic(), sum(self._process.cpu_times()[:2]))

    def _taken(self) -> tuple[int, int]:
        return (0, 0) if self.clock is None else (self.clock.skipped, self.clock.refreshed)

    def _figures(self) -> dict[str, Any]:
        engine = self._run.engine
        wall_s, cpu_s = time.monotonic() - self._begun[0], sum(self._process.cpu_times()[:2]) - self._begun[1]
        turns = self.frames.turns_ns
        gaps_ms = [(later - one) / 1e6 for one, later in pairwise(turns)]
        figures: dict[str, Any] = {
            name: {
                "p50": each.quantile_ms(0.5, self._marks.get(name)),
                "p99": each.quantile_ms(0.99, self._marks.get(name)),
            }
            for name, each in self._distributions().items()
        }
        figures |= {
            "wall_s": wall_s,
            "cpu_share": cpu_s / wall_s,
            "rss_mb": self._process.memory_info().rss / 1e6,
            "skipped_share": self._skipped_share(),
            "stall_ms": quantile(self.stalls.late_ms, 0.99),
            "frames": len(gaps_ms),
            "frame_ms": {"p50": quantile(gaps_ms, 0.5), "p99": quantile(gaps_ms, 0.99)},
        }
        if engine is not None:
            metrics, status = engine.adapter.metrics, engine.status()
            figures |= {
                "messages": metrics.messages, "gaps": metrics.gaps, "reconnects": metrics.reconnects,
                "refused": metrics.refused, "series": [status.series_loaded, status.series_wanted],
                "phases": [link.phase.value for link in engine.links()], "errors": len(self._run.notices.errors),
            }  # fmt: skip
        return figures

    def _skipped_share(self) -> float:
        skipped, taken = (now - before for now, before in zip(self._taken(), self._turns, strict=True))
        return skipped / max(1, skipped + taken)

    def _say(self, what: dict[str, Any]) -> None:
        sys.stderr.write(json.dumps(what) + "\n")
        sys.stderr.flush()


def quantile(values: list[float], share: float) -> float | None:
    """The value that this share lies below; None for no values."""
    return sorted(values)[int(len(values) * share)] if values else None


def main() -> None:
    options = parse(sys.argv[1:])
    stop = StopRequest()
    stop.listen()
    folder = RunFolder(options, RunLog())
    try:
        code = _headless(options, stop, folder) if options.headless else _window(options, stop, folder)
    finally:
        folder.leave()
    os._exit(code)


def _window(options: Options, stop: StopRequest, folder: RunFolder) -> int:
    importlib.import_module("PySide6.QtWidgets")
    with plain_imports():
        from virtuoso_desktop.app.window_start import open_window

    opened = open_window(options, folder, stop)
    if isinstance(opened, int):
        return opened
    with plain_imports():
        from virtuoso_desktop.app.run import Run
        from virtuoso_desktop.app.window_run import run_window

        watch = _watch(run := Run(options, stop, folder, None), stop)
    from PySide6.QtCore import Qt, QTimer

    window = opened.window

    def begin() -> None:
        watch.clock = window.interior.frame
        watch.clock.add(watch.frames)
        timer = QTimer(window)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        watch.stalls.begin(timer)

    QTimer.singleShot(INTERIOR_AFTER_MS, begin)
    return run_window(run, opened)


def _headless(options: Options, stop: StopRequest, folder: RunFolder) -> int:
    from virtuoso_desktop.app.headless import run_headless
    from virtuoso_desktop.app.run import Run

    run = Run(options, stop, folder, None)
    _watch(run, stop)
    return run_headless(run)


def _watch(run: Run, stop: StopRequest) -> Watch:
    from virtuoso_desktop.app import wiring
    from virtuoso_desktop.kernel.metrics import Distribution
    from virtuoso_desktop.market.store import MarketStore
    from virtuoso_desktop.model.market import BookDelta, MarketEvent

    ages_ms = Distribution()

    class AgeingStore(MarketStore):
        def apply(self, event: MarketEvent) -> None:
            super().apply(event)
            if type(event) is BookDelta:
                ages_ms.add(time.time_ns() / 1e6 - event.sequence / 1e3)

    wiring.MarketStore = AgeingStore
    watch = Watch(run, stop, ages_ms)
    watch.listen()
    return watch


main()
