"""One run of the program, behind either face: its profile, settings, engine, end, and what it keeps."""

from __future__ import annotations

import asyncio
import gc
import linecache
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from virtuoso_desktop.app import warm_start
from virtuoso_desktop.app.demo import DemoExchange
from virtuoso_desktop.app.exit_codes import CannotRun, ExitCode
from virtuoso_desktop.app.last_start import SourceFolder, remember_source
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.kernel import memory
from virtuoso_desktop.kernel.clock import Clock, LiveClock
from virtuoso_desktop.kernel.imports import import_all, plain_imports, short_switches
from virtuoso_desktop.kernel.notices import Notice, NoticeBoard, Severity
from virtuoso_desktop.kernel.tasks import Backoff, Supervisor
from virtuoso_desktop.model.errors import ConfigError, StorageError, VirtuosoError

if TYPE_CHECKING:
    from virtuoso_desktop.app.arguments import Options
    from virtuoso_desktop.app.demo_child import DemoChild, DemoMarket
    from virtuoso_desktop.app.report import Meter
    from virtuoso_desktop.app.run_folder import RunFolder
    from virtuoso_desktop.app.stopping import StopRequest
    from virtuoso_desktop.app.wiring import Plan
    from virtuoso_desktop.engine.engine import Engine
    from virtuoso_desktop.engine.kept_scales import KeptScales
    from virtuoso_desktop.engine.live_settings import LiveSettings
    from virtuoso_desktop.engine.universe import RememberedUniverse

OPENING = "app.open"
"""The task that starts everything; when it fails, the run is over."""
KEEP_PERIOD_S = 30.0
SCALES_PERIOD_S = 180.0
SETTINGS_PERIOD_S = 1.0
LIVE_STEP_S = 0.1
HEAVY_MODULES = ("virtuoso_desktop.app.wiring", "virtuoso_desktop.app.report")
OWN_MARKET_PREFIX = "demo-"
GIVE_BACK_PERIOD_S = 60.0
RARELY_RUN = (
    "libllvmlite",
    "_duckdb",
    "_rust.abi3",
    "_pydantic_core",
    "QtOpenGL",
    "Qt6OpenGL",
    "QtNetwork",
    "Qt6Network",
)
"""Libraries of which most code runs once: LLVM links kernels, DuckDB opens its file, settings are validated, keys read,
a second start is listened for, and what pyqtgraph imports of OpenGL is never used.
"""
GENERATION_0, GENERATION_1, GENERATION_2 = 20_000, 20, 50
log = logging.getLogger(__name__)


def settle_memory() -> None:
    """End of the start, during which nothing was collected: imports make objects that stay, not garbage.

    They leave the collector's sight, and from now on it runs, but less often than by default.
    """
    gc.freeze()
    gc.set_threshold(GENERATION_0, GENERATION_1, GENERATION_2)
    gc.enable()


async def keep_memory_small() -> None:
    """Give back what only the start needed, and later what bursts of work needed; runs until cancelled."""
    while True:
        await asyncio.to_thread(_give_back_memory)
        await asyncio.sleep(GIVE_BACK_PERIOD_S)


def _give_back_memory() -> None:
    linecache.clearcache()  # PySide6's import hook read every module's source through it
    for library in RARELY_RUN:
        memory.give_back_code(library)
    memory.give_back_free()


class _RunClock:
    """The computer's clock until the run's own is known."""

    def __init__(self) -> None:
        self.inner: Clock = LiveClock()

    @property
    def rate(self) -> float:
        return self.inner.rate

    def now_ns(self) -> int:
        return self.inner.now_ns()

    def now_ms(self) -> int:
        return self.inner.now_ms()


class Run:
    """Opens, keeps and ends what both faces need.

    Parameters
    ----------
    options : Options
        What the user asked for.
    stop : StopRequest
        Ends the run.
    folder : RunFolder
        Its place on disk.
    child : DemoChild or None
        The simulated market, already started.
    """

    def __init__(self, options: Options, stop: StopRequest, folder: RunFolder, child: DemoChild | None) -> None:
        memory.keep_to_one_heap()
        self.options = options
        self.stop = stop
        self.folder = folder
        self._clock = _RunClock()
        self.notices = NoticeBoard(self._clock)
        self.notices.posted.connect(_log_notice)
        self.engine: Engine | None = None
        self.plan: Plan | None = None
        self.settings: LiveSettings | None = None
        """There once the engine is."""
        self.demo = DemoExchange(child, options.speed) if child is not None else None
        self.tasks = Supervisor(self._task_failed)
        self.face_values: Callable[[], dict[str, Any]] = dict
        """What the face wants kept, by cache key; asked every 30 s and at the end."""
        self._meter: Meter | None = None
        self._marks: list[tuple[str, float]] = []
        self.rows = warm_start.RowMemory(None)
        """What the previous run saw last."""
        self._cannot_keep = False
        self._scales_kept_s = time.monotonic()

    # --- start ---------------------------------------------------------------------------------------------------

    def mark(self, what: str, at_s: float | None = None) -> None:
        """Log how long after the birth of the process ``what`` was reached (``at_s`` UTC, now by default)."""
        self._marks.append((what, time.time() if at_s is None else at_s))
        if self._meter is None:
            return  # the process is asked for its birth later: that takes an import
        for reached, at_s in self._marks:
            log.info("start: %s after %.0f ms", reached, at_s * 1000 - self._meter.started_ms)
        self._marks.clear()

    async def open_engine(self, *, history_waits: bool = False) -> Engine:
        """Load the settings, wait for the simulated market, wire and start the engine.

        With ``history_waits`` the face opens the history itself, once a person sees a chart.

        Raises
        ------
        ConfigError
            Something the user named on the command line is wrong.
        StorageError
            Another instance holds the profile.
        CannotRun
            The simulated market did not start.
        """
        folder = self.folder
        with short_switches():
            await asyncio.to_thread(import_all, *HEAVY_MODULES)
            from virtuoso_desktop.app import report, wiring

            self._meter = report.Meter()
            loaded = folder.loaded or await asyncio.to_thread(wiring.read_settings, self.options, folder.root)
            folder.set_stream_level(loaded.settings.websocket.log_level)
            market = None
            if self.demo is not None:
                self.tasks.spawn("app.preload", _preload_requests)  # while the simulated market starts
                market = await self.demo.market()
            plan = self.plan = wiring.make_plan(self.options, loaded, market)
            self._clock.inner = plan.clock
            self._take_folder_of(plan)
            if loaded.problem is not None:
                self.post(Severity.ERROR, "settings", loaded.problem.user_text)
            for sentence in loaded.told:
                self.post(Severity.INFO, "settings", sentence)
            with plain_imports():
                history, journal = wiring.make_history(plan, folder.profile), wiring.make_journal(folder.profile)
                engine = wiring.build_engine(plan, self.notices, history, journal)
            self.engine = engine
            engine.run_desk.log_lines = folder.log_lines
            engine.recall_scales(warm_start.read_scales(folder.cache))
            engine.start(self._remembered(plan, engine), history_waits=history_waits)
        self.settings = self._live_settings(plan, engine)
        if self.demo is not None and market is not None:
            self._watch_over(self.demo, market)
        self.tasks.spawn("app.keep", self._keep_often, restart=Backoff(first_s=KEEP_PERIOD_S))
        self.tasks.spawn("app.live", lambda: self._mark_live(engine))
        self.mark("engine started")
        log.info("source %s at %s", plan.source.source.value, plan.source.rest_endpoint)
        return engine

    def _live_settings(self, plan: Plan, engine: Engine) -> LiveSettings:
        """The settings from now on: log and universe take them up, the file is looked at every second."""
        from virtuoso_desktop.app import wiring
        from virtuoso_desktop.engine.live_settings import LiveSettings

        settings = LiveSettings(plan.loaded, wiring.settings_source(self.options, self.folder.root))
        settings.subscribe("the log", lambda change: self.folder.set_stream_level(change.after.websocket.log_level))
        settings.subscribe("the market", engine.take_settings)
        self.tasks.spawn("app.settings", lambda: self._follow_file(settings), restart=Backoff())
        return settings

    async def _follow_file(self, settings: LiveSettings) -> None:
        """Take up what the person, or the command `settings`, writes into the settings file."""
        while True:
            await asyncio.sleep(SETTINGS_PERIOD_S)
            try:
                for sentence in await settings.take_file():
                    self.post(Severity.INFO, "settings", sentence)
            except ConfigError as error:
                self.post(Severity.ERROR, "settings", error.user_text)
            except VirtuosoError as error:
                self.post(Severity.WARNING, "settings", error.user_text)

    async def _mark_live(self, engine: Engine) -> None:
        """Log when every watched instrument was live for the first time."""
        while True:
            await asyncio.sleep(LIVE_STEP_S)
            status = engine.status()
            if 0 < status.instruments_watched == status.instruments_live:
                self.mark(f"{status.instruments_live} instruments live")
                return

    def _take_folder_of(self, plan: Plan) -> None:
        folder, source = self.folder, SourceFolder(plan.source.source, plan.source.folder)
        if folder.profile is None:
            folder.open(source.folder)
            folder.open_log()
        remember_source(self.options, folder.root, source)
        if folder.profile is not None and folder.profile.folder.name != source.folder:
            raise CannotRun(f"The settings changed during the start, to the source {source.folder}. Start again.")
        folder.open_cache()
        for problem in folder.problems:
            self.post(Severity.WARNING, "profile", problem)
        self.rows = warm_start.RowMemory(warm_start.read_markets(folder.cache))

    def _remembered(self, plan: Plan, engine: Engine) -> RememberedUniverse | None:
        """The universe of the previous run, while it is young enough; behind a foreign port may be another market."""
        if plan.source.folder.startswith(OWN_MARKET_PREFIX):
            return None
        return warm_start.read_universe(self.folder.cache, plan.settings.universe, engine.venue_now_ms())

    def _watch_over(self, demo: DemoExchange, market: DemoMarket) -> None:
        def tell(sentence: str, bad: bool) -> None:
            self.notices.post(Severity.WARNING if bad else Severity.INFO, "demo", sentence)

        self.tasks.spawn("app.demo", lambda: demo.keep_alive(market, tell), restart=Backoff())

    # --- while it runs -------------------------------------------------------------------------------------------

    def post(self, severity: Severity, where: str, sentence: str) -> None:
        """Tell a person, in the face and on stderr."""
        say(sentence)
        self.notices.post(severity, where, sentence)

    def _task_failed(self, name: str, error: Exception) -> None:
        text = error.user_text if isinstance(error, VirtuosoError) else f"{type(error).__name__}: {error}"
        sentence = f"A part of the program failed: {name}. {text}"
        self.notices.post(Severity.ERROR, name, sentence)
        if name == OPENING:
            say(sentence)
            self.stop.ask(ExitCode.ERRORS)

    async def _keep_often(self) -> None:
        while True:
            await asyncio.sleep(KEEP_PERIOD_S)
            values = self._values_to_keep()
            problem = await asyncio.to_thread(self._write, values)
            if problem is not None and not self._cannot_keep:
                self.notices.post(Severity.WARNING, "profile", problem)
            elif problem is None and self._cannot_keep:
                self.notices.post(Severity.INFO, "profile", "What is shown now can be kept again.")
            self._cannot_keep = problem is not None

    def _scales_to_keep(self, engine: Engine, *, is_last: bool) -> KeptScales | None:
        """Every few minutes and at the end: they change slowly."""
        now_s = time.monotonic()
        if not is_last and now_s - self._scales_kept_s < SCALES_PERIOD_S:
            return None
        self._scales_kept_s = now_s
        return engine.kept_scales(is_last=is_last)

    def _values_to_keep(self, *, is_last: bool = False) -> dict[str, Any]:
        """Copies only: they are encoded in a worker."""
        engine = self.engine
        if self.folder.cache is None or engine is None or self.settings is None:
            return {}
        values: dict[str, Any] = dict(self.face_values())
        rows = self.rows.snapshot(engine.market_rows(), engine.venue_now_ms())
        if rows is not None:
            values[warm_start.MARKETS_KEY] = rows
        scales = self._scales_to_keep(engine, is_last=is_last)
        if scales is not None:
            values[warm_start.SCALES_KEY] = scales
        if engine.universe is not None:
            values[warm_start.UNIVERSE_KEY] = warm_start.universe_value(engine.universe, self.settings.current.universe)
        return values

    def _write(self, values: dict[str, Any]) -> str | None:
        """Keep the values; returns why that failed, in words."""
        cache = self.folder.cache
        if cache is None:
            return None
        try:
            for key, value in values.items():
                cache.write(key, value)
        except StorageError as error:
            return error.user_text
        return None

    # --- end -----------------------------------------------------------------------------------------------------

    async def close(self) -> ExitCode:
        """Report, keep, stop the engine, end the simulated market. Under 2 s; returns how the program ends."""
        await self.tasks.stop(deadline_s=0.3)
        code = self.stop.code if self.stop.code is not None else ExitCode.DONE
        if code is ExitCode.DONE and self.notices.errors:
            code = ExitCode.ERRORS
        if not self._write_report() and code is ExitCode.DONE:
            code = ExitCode.ERRORS
        problem = self._write(self._values_to_keep(is_last=True))
        if problem is not None and not self._cannot_keep:
            say(problem)
        if self.engine is not None:
            await self.engine.stop()
        return code

    def leave(self) -> None:
        """What needs no loop."""
        if self.demo is not None:
            self.demo.stop()

    def _write_report(self) -> bool:
        if self.options.report is None:
            return True
        from virtuoso_desktop.app import report

        meter = self._meter or report.Meter()
        try:
            report.write_report(self.options.report, report.build_report(self.engine, self.notices, meter))
        except OSError as error:
            say(f"The report {self.options.report} cannot be written: {error.strerror or error}.")
            return False
        return True


async def _preload_requests() -> None:
    """Import what requests need before the first one asks for it."""
    from virtuoso_desktop.exchanges.lazy_ccxt import load_exchange

    await load_exchange("bybit")


def _log_notice(notice: Notice) -> None:
    level = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}
    log.log(level[notice.severity], "%s: %s", notice.where, notice.user_text)
