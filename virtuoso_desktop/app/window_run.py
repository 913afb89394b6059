"""The program behind its window, in the order in which a person needs things.

Frame, last known market and last known chart first, then settings, links and kernels, each loaded in a worker.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from virtuoso_desktop.app import warm_start
from virtuoso_desktop.app.exit_codes import ExitCode, refusal
from virtuoso_desktop.app.first_run import FirstRun
from virtuoso_desktop.app.kernel_child import KernelChild
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.app.loop import WindowLoop
from virtuoso_desktop.app.run import OPENING, keep_memory_small, settle_memory
from virtuoso_desktop.app.window_start import FirstPaint
from virtuoso_desktop.engine.views import SNAPSHOT_VERSION, ChartSnapshot
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.kernel.imports import import_all, plain_imports, short_switches
from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.model.errors import VirtuosoError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.app.closing import Closing
    from virtuoso_desktop.app.examination import RunExamination
    from virtuoso_desktop.app.run import Run
    from virtuoso_desktop.app.second_start import WindowDoor
    from virtuoso_desktop.app.window_start import OpenedWindow
    from virtuoso_desktop.engine.engine import Engine
    from virtuoso_desktop.ui.charts.grid import ChartGrid

KEPT_CANDLES = 1_000
FEWEST_CANDLES = 100
"""Fewer live candles than this do not replace the chart of the previous run."""
CANDLES_PATIENCE_S = 5.0
"""Without a chart of the previous run the history waits so long for the venue's first candles."""
CANDLES_STEP_S = 0.07
PAINT_PATIENCE_S = 2.0
"""A window that starts minimised is never painted; the rest begins all the same."""
log = logging.getLogger(__name__)


def run_window(run: Run, opened: OpenedWindow) -> ExitCode:
    """Run behind the window until a stop is asked for; returns how the program ends."""
    loop = WindowLoop(opened.application, run.stop.ask)
    try:
        return loop.run(_WindowRun(run, opened).main())
    finally:
        run.leave()
        loop.close()


async def _until_painted(paint: FirstPaint) -> None:
    """Let Qt paint before anything else is loaded, if it has not yet."""
    painted = asyncio.Event()
    paint.then(painted.set)
    try:
        async with asyncio.timeout(PAINT_PATIENCE_S):
            await painted.wait()
    except TimeoutError:
        log.info("the window has not been painted yet")


class _WindowRun:
    """One run behind one window."""

    def __init__(self, run: Run, opened: OpenedWindow) -> None:
        self._run = run
        self._window = opened.window
        self._paint = opened.paint
        self._is_first = opened.is_first
        self._is_welcome = opened.is_welcome
        self._welcome: FirstRun | None = None
        self._chart: ChartGrid | None = None
        self._door: WindowDoor | None = None
        self._closing: Closing | None = None

    async def main(self) -> ExitCode:
        run, window = self._run, self._window
        run.folder.open_log()
        run.tasks.spawn(OPENING, self._open)
        await run.stop.wait()
        if self._door is not None:
            self._door.close()
        if self._closing is not None:
            self._closing.end()
        window.hide()
        window.detach()
        if self._chart is not None:
            self._chart.detach()
        code = await run.close()
        window.deleteLater()
        return code

    async def _open(self) -> None:
        run, window = self._run, self._window
        await _until_painted(self._paint)
        if self._paint.at_s is not None:
            run.mark("window painted", self._paint.at_s)
        if self._is_welcome:
            self._welcome = FirstRun(window, run.stop)
        snapshot = self._chart_of_last_run()
        if snapshot is not None:
            # Links and settings wait: a chart of the last run is worth more to a person than a live one later.
            paint = FirstPaint(await self._place_chart(snapshot))
            await _until_painted(paint)
            run.mark("chart of the last run shown")
        self._listen_for_second_starts()
        try:
            engine = await run.open_engine(history_waits=snapshot is None)
        except VirtuosoError as error:
            run.stop.ask(refusal(error))
            return
        run.face_values = self._values_to_keep
        run.tasks.spawn("app.end", lambda: self._end(engine))
        for notice in run.notices.all:
            if notice.severity is Severity.WARNING or (notice.severity is Severity.INFO and notice.where == "settings"):
                window.post_notice(notice)  # errors are shown by `attach`
        window.attach(engine)
        self._open_settings(engine)
        window.set_doctor(self._examination)
        if self._chart is None:
            await self._place_chart(None)
        if self._chart is not None:
            self._chart.attach(engine)
        run.mark("chart shown")
        self._begin_closing(engine)
        if snapshot is None:
            run.tasks.spawn("app.history", lambda: self._open_history(engine))
        settle_memory()
        with short_switches():
            with KernelChild() as child:
                await asyncio.wait([engine.prepare_studies(child.compile)])
                await asyncio.to_thread(child.wait)
            await engine.begin_analysis()
        run.mark(f"indicators {engine.studies.state}")
        await keep_memory_small()

    def _listen_for_second_starts(self) -> None:
        profile = self._run.folder.profile
        if profile is None or not profile.usable or self._run.options.screenshot is not None:
            return
        with plain_imports():
            from virtuoso_desktop.app.second_start import WindowDoor

        self._door = WindowDoor(profile.folder, self._window)
        self._door.open()

    def _begin_closing(self, engine: Engine) -> None:
        """From now on closing the window is what the settings say; until here it quits."""
        if self._run.options.screenshot is not None:
            return
        from virtuoso_desktop.app.closing import Closing

        self._closing = Closing(self._run, self._window, was_told=warm_start.was_told(self._run.folder.reader))
        self._closing.begin(engine, keeps=engine.settings.ui.close_to_tray)

    def _open_settings(self, engine: Engine) -> None:
        from virtuoso_desktop.app.watch_choice import WatchChoice
        from virtuoso_desktop.app.window_settings import open_settings, show_remembered_looks

        show_remembered_looks(self._run, self._window, engine.settings.ui, is_first=self._is_first)
        run = self._run
        if run.settings is not None:
            choice = WatchChoice(run.settings, engine, run.tasks, run.post)
            self._window.interior.markets.lists.choose_watched = choice.choose
        desk = open_settings(run, self._window)
        if self._welcome is not None:
            self._welcome.attach(engine, desk)

    async def _open_history(self, engine: Engine) -> None:
        """Candles before the history: nobody waits for DuckDB's import with an empty chart."""
        window = self._window
        for _ in range(round(CANDLES_PATIENCE_S / CANDLES_STEP_S)):
            view = None if window.instrument is None else engine.chart(window.instrument, window.timeframe, None)
            if view is not None and len(view.candles) >= FEWEST_CANDLES:
                break
            await asyncio.sleep(CANDLES_STEP_S)
        await asyncio.sleep(CANDLES_STEP_S)  # two frames, in which they are painted
        engine.open_history()

    def _examination(self) -> RunExamination:
        from virtuoso_desktop.app.examination import RunExamination

        return RunExamination(self._run)

    def _chart_of_last_run(self) -> ChartSnapshot | None:
        """The chart as last shown, if the window shows the same series now."""
        snapshot, window = warm_start.read_chart(self._run.folder.reader), self._window
        if snapshot is None or (snapshot.instrument.id, snapshot.timeframe) != (window.instrument, window.timeframe):
            return None
        return snapshot

    async def _place_chart(self, snapshot: ChartSnapshot | None) -> QWidget:
        """Load the chart and put it into the window; returns what it paints on."""
        window = self._window
        with short_switches():
            await asyncio.to_thread(import_all, "numpy")
        # pyqtgraph looks at every class of Qt while it is imported. A worker that makes Qt's types while the loop uses
        # them has ended the process, so this is done here: once, before anything is live.
        with plain_imports():
            from virtuoso_desktop.ui.charts.choice import StudyMemory
            from virtuoso_desktop.ui.charts.grid import ChartGrid

            clock = window.interior.frame
            desk = window.interior.drawing.desk()
            chart = self._chart = ChartGrid(window.theme, clock, LiveClock().now_ms, window.source, desk)
        chart.active.recall(StudyMemory.from_bytes(warm_start.read_studies(self._run.folder.reader)))
        window.interior.charts.recall(chart)
        if snapshot is not None:
            chart.show_snapshot(snapshot)
        elif window.instrument is not None:
            chart.set_instrument(window.instrument, window.timeframe)
        window.interior.charts.connect(chart)
        window.set_chart(chart)
        return chart.active.canvas.viewport()

    async def _end(self, engine: Engine) -> None:
        """Take the screenshot and end when it is time; without either, nothing."""
        del engine
        options = self._run.options
        begun_s = time.monotonic()
        if options.screenshot is not None:
            await asyncio.sleep(options.screenshot.after_s)
            picture = self._window.grab()
            if not picture.save(str(options.screenshot.file), "PNG"):
                say(f"The screenshot {options.screenshot.file} cannot be written.")
                self._run.stop.ask(ExitCode.ERRORS)
        if options.ends_after_s is not None:
            await asyncio.sleep(options.ends_after_s - (time.monotonic() - begun_s))
            self._run.stop.ask()

    def _values_to_keep(self) -> dict[str, Any]:
        if self._run.options.screenshot is not None:
            return {}  # a window sized for a picture is nobody's choice
        values: dict[str, Any] = {warm_start.WINDOW_KEY: self._window.remember().to_bytes()}
        if self._run.settings is not None:
            ui = self._run.settings.current.ui
            values[warm_start.APPEARANCE_KEY] = warm_start.Appearance(ui.theme, ui.colour_blind_safe, ui.motion)
        if self._closing is not None and self._closing.was_told:
            values[warm_start.TOLD_KEY] = True
        if self._chart is not None:
            values[warm_start.STUDIES_KEY] = self._chart.active.remember().to_bytes()
        snapshot = self._chart_snapshot()
        if snapshot is not None:
            values[warm_start.CHART_KEY] = snapshot
        return values

    def _chart_snapshot(self) -> ChartSnapshot | None:
        """The chart as shown now; None while it shows nothing of its own yet."""
        window, engine, chart = self._window, self._run.engine, self._chart
        if engine is None or chart is None or window.instrument is None:
            return None
        view = engine.chart(window.instrument, window.timeframe, None)
        if view is None or (len(view.candles) < FEWEST_CANDLES and not view.candles.is_complete_left):
            return None
        rows = view.candles
        columns = (rows.open_ms, rows.open, rows.high, rows.low, rows.close, rows.volume, rows.turnover)
        view_bars, bars_right = chart.active.snapshot_state()
        return ChartSnapshot(
            version=SNAPSHOT_VERSION,
            as_of_ms=engine.venue_now_ms(),
            instrument=view.instrument,
            timeframe=view.timeframe,
            candles=[column[-KEPT_CANDLES:].tolist() for column in columns],
            view_bars=view_bars,
            bars_right=bars_right,
        )
