"""The program behind its window, in the order in which a person needs things.

Frame and last known market first, then settings, links, chart and kernels, each loaded in a worker.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import PySide6
import shiboken6
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from virtuoso_desktop.app import warm_start
from virtuoso_desktop.app.arguments import PROGRAM, Options
from virtuoso_desktop.app.exit_codes import CannotRun, ExitCode
from virtuoso_desktop.app.imports import import_all, plain_imports, short_switches
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.app.loop import WindowLoop
from virtuoso_desktop.app.pairs import pair_problem
from virtuoso_desktop.app.run import Run, refusal, settle_memory
from virtuoso_desktop.engine.views import SNAPSHOT_VERSION, ChartSnapshot
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.theme import Theme, ThemeChoice
from virtuoso_desktop.ui.window import MainWindow, default_markets_width

if TYPE_CHECKING:
    from virtuoso_desktop.engine.engine import Engine
    from virtuoso_desktop.settings.schema import UiSettings
    from virtuoso_desktop.ui.charts.panel import ChartPanel

CHART_MODULE = "virtuoso_desktop.ui.charts.panel"
KEPT_CANDLES = 1_000
FEWEST_CANDLES = 100
"""Fewer live candles than this do not replace the chart of the previous run."""
PAINT_PATIENCE_S = 2.0
"""A window that starts minimised is never painted; the rest begins all the same."""
CLOSE_PATIENCE_S = 0.5
_UI_SETTING = "ui."
log = logging.getLogger(__name__)


def run_window(run: Run) -> ExitCode:
    """Show the window and run until a stop is asked for; returns how the program ends."""
    problem = pair_problem(PySide6.__version__, shiboken6.__version__)
    if problem is not None:
        return refusal(CannotRun(problem))
    application = QApplication([PROGRAM])
    application.setApplicationName(PROGRAM)
    application.setDesktopFileName(PROGRAM)
    try:
        source = run.read_source()
        run.open_profile(source.folder)
    except VirtuosoError as error:
        return refusal(error)
    stored = warm_start.read_window(run.cache)
    memory = _sized_for(run.options, WindowMemory.from_bytes(stored))
    theme = Theme(
        _named_theme(run.options) or memory.theme,
        colour_blind=memory.colour_blind,
        reduced_motion=memory.reduced_motion,
    )
    theme.apply()
    window = MainWindow(
        theme,
        source.source,
        snapshot=warm_start.read_markets(run.cache),
        memory=memory,
        now_ms=run.notices_clock.now_ms,
    )
    window.closing.connect(run.stop.ask)
    loop = WindowLoop(application, run.stop.ask)
    try:
        return loop.run(_WindowRun(run, window, is_first=stored is None).main())
    finally:
        loop.close()


class _WindowRun:
    """One run behind one window."""

    def __init__(self, run: Run, window: MainWindow, *, is_first: bool) -> None:
        self._run = run
        self._window = window
        self._chart: ChartPanel | None = None
        self._is_first = is_first
        self._painted = asyncio.Event()
        self._paint_watch = _FirstPaint(window, self._painted.set)
        self._kept_view: tuple[Any, ...] | None = None

    async def main(self) -> ExitCode:
        run, window = self._run, self._window
        if run.options.screenshot is not None:
            window.setFixedSize(*run.options.screenshot.size)
        window.show()
        run.tasks.spawn("app.run", self._open)
        await run.stop.wait()
        window.hide()
        window.detach()
        if self._chart is not None:
            self._chart.detach()
        code = await run.close()
        window.deleteLater()
        return code

    async def _open(self) -> None:
        run, window = self._run, self._window
        try:
            async with asyncio.timeout(PAINT_PATIENCE_S):
                await self._painted.wait()
        except TimeoutError:
            log.info("the window has not been painted yet")
        run.mark("window painted")
        try:
            engine = await run.open_engine()
        except VirtuosoError as error:
            run.stop.ask(refusal(error))
            return
        run.face_values = self._values_to_keep
        run.tasks.spawn("app.end", lambda: self._end(engine))
        window.attach(engine)
        self._apply_settings(engine.settings.ui)
        await self._open_chart(engine)
        run.mark("chart shown")
        engine.prepare_overlays()
        settle_memory()

    def _apply_settings(self, ui: UiSettings) -> None:
        """What the window remembers of itself goes before the settings file, the command line before both."""
        named = {text.partition("=")[0].strip() for text in self._run.options.overrides}
        window = self._window

        def counts(name: str) -> bool:
            return self._is_first or f"{_UI_SETTING}{name}" in named

        if counts("theme"):
            window.theme.choose(ThemeChoice(ui.theme))
        if counts("colour_blind_safe"):
            window.theme.set_colour_blind(ui.colour_blind_safe)
        if counts("instrument") or window.instrument is None:
            window.show_instrument(ui.instrument)
        if counts("timeframe") and window.instrument is not None:
            window.show_instrument(window.instrument, ui.timeframe)

    async def _open_chart(self, engine: Engine) -> None:
        window = self._window
        with short_switches():
            await asyncio.to_thread(import_all, CHART_MODULE)
        with plain_imports():
            from virtuoso_desktop.ui.charts.panel import ChartPanel

            chart = self._chart = ChartPanel(window.theme, engine.clock.now_ms, engine.source)
        snapshot = warm_start.read_chart(self._run.cache)
        if window.instrument is not None:
            if snapshot is not None and (snapshot.instrument.id, snapshot.timeframe) == (
                window.instrument,
                window.timeframe,
            ):
                chart.show_snapshot(snapshot)
            else:
                chart.set_instrument(window.instrument, window.timeframe)
        window.shown_changed.connect(chart.set_instrument)
        chart.letters_typed.connect(window.choose_instrument)
        chart.digit_typed.connect(window.choose_interval)
        chart.attach(engine)
        window.set_chart(chart, chart, chart.take_painted_ns)

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
        snapshot = self._chart_snapshot()
        if snapshot is not None:
            values[warm_start.CHART_KEY] = snapshot
        return values

    def _chart_snapshot(self) -> ChartSnapshot | None:
        """The chart as shown now; None while it shows nothing of its own yet."""
        window, engine, chart = self._window, self._run.engine, self._chart
        if engine is None or chart is None or window.instrument is None:
            return None
        view = engine.chart(window.instrument, window.timeframe)
        if view is None or (len(view.candles) < FEWEST_CANDLES and not view.candles.is_complete_left):
            return None
        rows = view.candles
        columns = (rows.open_ms, rows.open, rows.high, rows.low, rows.close, rows.volume, rows.turnover)
        view_bars, bars_right = chart.snapshot_state()
        return ChartSnapshot(
            version=SNAPSHOT_VERSION,
            as_of_ms=engine.venue_now_ms(),
            instrument=view.instrument,
            timeframe=view.timeframe,
            candles=[column[-KEPT_CANDLES:].tolist() for column in columns],
            view_bars=view_bars,
            bars_right=bars_right,
        )


class _FirstPaint(QObject):
    """Tells once that the window has been painted."""

    def __init__(self, window: MainWindow, tell: Callable[[], None]) -> None:
        super().__init__(window)
        self._window = window
        self._tell = tell
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        del watched
        if event.type() is QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            self._tell()
        return False


def _sized_for(options: Options, memory: WindowMemory) -> WindowMemory:
    """A picture's window has the proportions of its size, whatever the user dragged."""
    if options.screenshot is None:
        return memory
    width = default_markets_width(options.screenshot.size[0])
    return msgspec.structs.replace(memory, markets_width=width, is_maximized=False)


def _named_theme(options: Options) -> ThemeChoice | None:
    """The theme of ``--set ui.theme=...``, for the first painted frame; the settings judge the rest."""
    for text in reversed(options.overrides):
        name, _, value = text.partition("=")
        if name.strip() == f"{_UI_SETTING}theme":
            return next((choice for choice in ThemeChoice if choice.value == value.strip()), None)
    return None
