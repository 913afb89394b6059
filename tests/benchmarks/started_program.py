"""The program's start with the moments a person waits for: ``python -m tests.benchmarks.started_program ARGUMENTS``.

The steps are those of `virtuoso_desktop.__main__` and `app.main`. When the window was painted, and when the
chart was, one line each on stdout: ``{"what","cpu_s","at_s","heavy"}`` with the processor's seconds so far, the time
(UTC s) and which of the heavy packages were loaded. Then the program ends.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent, QObject

HEAVY = ("numpy", "pyqtgraph", "pandas", "ccxt", "numba", "duckdb")


def note(what: str, **more: Any) -> None:
    import json
    import time

    heavy = [name for name in HEAVY if name in sys.modules]
    said = {"what": what, "cpu_s": time.process_time(), "at_s": time.time(), "heavy": heavy} | more
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main() -> None:
    from virtuoso_desktop.__main__ import begin

    begin()
    import importlib
    import os

    from virtuoso_desktop.app.arguments import parse
    from virtuoso_desktop.app.logs import RunLog
    from virtuoso_desktop.app.run_folder import RunFolder
    from virtuoso_desktop.app.stopping import StopRequest
    from virtuoso_desktop.kernel.imports import plain_imports

    options = parse(sys.argv[1:])
    stop = StopRequest()
    stop.listen()
    folder = RunFolder(options, RunLog())
    importlib.import_module("PySide6.QtWidgets")
    with plain_imports():
        from virtuoso_desktop.app.window_start import open_window

    opened = open_window(options, folder, stop)
    if isinstance(opened, int):
        os._exit(opened)
    window = opened.window
    if opened.paint.at_s is not None:
        note("window", rows=len(window.last_shown_rows()))
    else:
        from PySide6.QtCore import QTimer

        told = lambda: note("window", rows=len(window.last_shown_rows()))  # noqa: E731
        opened.paint.then(lambda: QTimer.singleShot(0, told))
    with plain_imports():
        from virtuoso_desktop.app.run import Run
        from virtuoso_desktop.app.window_run import run_window
    from PySide6.QtCore import QEvent, QObject, QTimer

    class ChartPaint(QObject):
        def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
            if event.type() is QEvent.Type.Paint and not self.property("done"):
                self.setProperty("done", True)
                QTimer.singleShot(0, tell_chart)
            return False

    charts: list[Any] = []

    def tell_chart() -> None:
        note("chart", candles=charts[0].active._stage.model.bars.count)
        os._exit(0)

    place_chart = window.set_chart

    def set_chart(chart: Any, *more: Any) -> None:
        charts.append(chart)
        chart.active.canvas.viewport().installEventFilter(ChartPaint(chart.active))
        place_chart(chart, *more)

    window.set_chart = set_chart  # type: ignore[method-assign]
    run_window(Run(options, stop, folder, None), opened)


main()
