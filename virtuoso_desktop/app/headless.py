"""The program without a window: the same engine, its market as a live table in the terminal. No Qt."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from virtuoso_desktop.app.exit_codes import ExitCode, refusal
from virtuoso_desktop.app.kernel_child import KernelChild
from virtuoso_desktop.app.run import OPENING, Run, keep_memory_small, settle_memory
from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.model.errors import VirtuosoError

if TYPE_CHECKING:
    from rich.console import Console

    from virtuoso_desktop.app.terminal_table import MarketPicture
    from virtuoso_desktop.engine.engine import Engine

LIVE_PERIOD_S = 0.5
PLAIN_PERIOD_S = 5.0
PLAIN_WIDTH = 140
NOTICE_LIFE_MS = 60_000
SHOWN_NOTICES = 3
SMALLEST_WIDTH = 40


def run_headless(run: Run) -> ExitCode:
    """Run until a stop is asked for; returns how the program ends."""
    loop = _new_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(_run(run))
    finally:
        run.leave()
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


async def _run(run: Run) -> ExitCode:
    run.tasks.spawn(OPENING, lambda: _open(run))
    await run.stop.wait()
    return await run.close()


async def _open(run: Run) -> None:
    try:
        engine = await run.open_engine()
    except VirtuosoError as error:
        run.stop.ask(refusal(error))
        return
    run.tasks.spawn("app.table", lambda: _show(run, engine))
    run.tasks.spawn("app.analysis", lambda: _analyse(engine))
    settle_memory()
    if run.options.ends_after_s is not None:
        await asyncio.sleep(run.options.ends_after_s)
        run.stop.ask()


async def _analyse(engine: Engine) -> None:
    with KernelChild() as child:
        await asyncio.to_thread(child.wait)
    await engine.begin_analysis()
    await keep_memory_small()


async def _show(run: Run, engine: Engine) -> None:
    """Draw until cancelled. A reader that went away (``| head``) ends the run as Ctrl+C does."""
    face = _Face(run, engine)
    try:
        if sys.stdout.isatty():
            await face.draw_live()
        else:
            await face.print_plain()
    except (BrokenPipeError, ConnectionResetError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        run.stop.ask()


class _Face:
    """The engine's market in the terminal."""

    def __init__(self, run: Run, engine: Engine) -> None:
        from virtuoso_desktop.ui.feed_state import FeedWatch

        self._run = run
        self._engine = engine
        self._feed = FeedWatch()
        self._console = make_console()

    async def draw_live(self) -> None:
        """The whole terminal, twice a second."""
        from rich.live import Live

        from virtuoso_desktop.app.terminal_table import MarketTable

        console = self._console
        with Live(
            console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        ) as live:
            while True:
                live.update(MarketTable(self._picture(self._recent()), console.height, "Ctrl+C ends"), refresh=True)
                await asyncio.sleep(LIVE_PERIOD_S)

    async def print_plain(self) -> None:
        """Lines for a pipe, every 5 s."""
        from virtuoso_desktop.app.terminal_table import MarketTable

        told = 0
        while True:
            await asyncio.sleep(PLAIN_PERIOD_S)
            notices = self._run.notices.all
            self._console.print(MarketTable(self._picture(notices[told:])))
            told = len(notices)

    def _picture(self, notices: tuple[Notice, ...]) -> MarketPicture:
        from virtuoso_desktop.app.terminal_table import MarketPicture

        engine = self._engine
        now_ms, links = engine.venue_now_ms(), engine.links()
        message = self._feed.judge(links, now_ms)
        return MarketPicture(
            source=engine.source,
            now_ms=now_ms,
            rows=self._run.rows.shown(engine.market_rows()),
            links=links,
            status=engine.status(),
            feeds=() if message is None else (message,),
            notices=notices,
        )

    def _recent(self) -> tuple[Notice, ...]:
        """The newest notices: errors stay, the others are gone after a minute."""
        clock = self._engine.clock
        oldest_ms = clock.now_ms() - int(NOTICE_LIFE_MS * clock.rate)
        notices = self._run.notices.all
        shown = [each for each in notices if each.severity is Severity.ERROR or each.at_ms >= oldest_ms]
        return tuple(shown[-SHOWN_NOTICES:])


def make_console() -> Console:
    """The terminal, or plain lines of 140 characters (``COLUMNS`` changes that) on a pipe."""
    from virtuoso_desktop.app.terminal_table import TableConsole

    output = sys.stdout
    is_terminal = output.isatty()
    if isinstance(output, io.TextIOWrapper):
        output.reconfigure(errors="replace")  # a terminal without block characters shows question marks
    if is_terminal:
        return TableConsole(highlight=False)
    columns = os.environ.get("COLUMNS", "")
    width = max(SMALLEST_WIDTH, int(columns)) if columns.isdecimal() else PLAIN_WIDTH
    return TableConsole(highlight=False, no_color=True, force_terminal=False, width=width)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        from uvloop import new_event_loop
    except ImportError:  # Windows
        return asyncio.new_event_loop()
    return new_event_loop()
