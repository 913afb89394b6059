"""The program's commands. Imports little: a window must be on the screen before anything heavy is loaded."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from virtuoso_desktop.app.arguments import Options, parse
from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.app.stopping import StopRequest
from virtuoso_desktop.kernel.imports import plain_imports

if TYPE_CHECKING:
    from virtuoso_desktop.app.demo_child import DemoChild
    from virtuoso_desktop.app.run_folder import RunFolder


def run_command(argv: Sequence[str]) -> int:
    """Run one command; returns the exit code. A run works without garbage collection until `settle_memory`."""
    arguments = list(argv)
    if arguments and not arguments[0].startswith("-"):
        from virtuoso_desktop.app.commands import COMMANDS

        if arguments[0] in COMMANDS:
            gc.enable()
            return COMMANDS[arguments[0]](arguments[1:])
    stop = StopRequest()
    stop.listen()
    code = _run(parse(arguments), stop)
    if stop.again is None:
        return code
    from virtuoso_desktop.app.restart import start_again

    return start_again(arguments, stop.again)


def main() -> NoReturn:
    """Run and leave the process at once.

    No import or compilation under way in a worker may hold it, and Qt's objects are not taken apart in the order
    that the interpreter happens to choose.
    """
    code = run_command(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    busy = any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate())
    # DuckDB's own objects complain on stderr when the interpreter takes them apart in its order.
    if busy or "PySide6.QtWidgets" in sys.modules or "duckdb" in sys.modules:
        os._exit(code)
    sys.exit(code)


def _run(options: Options, stop: StopRequest) -> int:
    from virtuoso_desktop.app.logs import RunLog
    from virtuoso_desktop.app.run_folder import RunFolder

    gc.disable()
    folder = RunFolder(options, RunLog())
    try:
        if options.headless:
            return _run_without_window(options, stop, folder)
        no_window = _why_no_window()
        if no_window is None:
            return _run_window(options, stop, folder)
        if options.screenshot is not None:
            say(f"No window here, so no screenshot: {no_window}. QT_QPA_PLATFORM=offscreen needs no display.")
            return ExitCode.CANNOT_RUN
        say(f"No window here: {no_window}. The market is shown as a table instead.")
        return _run_without_window(options, stop, folder)
    finally:
        folder.leave()


def _run_window(options: Options, stop: StopRequest, folder: RunFolder) -> int:
    with plain_imports():  # Qt is loaded already: its hook would add a tenth to the time of the first paint
        from virtuoso_desktop.app.window_start import open_window

    opened = open_window(options, folder, stop)
    if isinstance(opened, ExitCode):
        return opened
    # Not before the window is painted: on a busy computer the two would wait for each other.
    child = _start_demo(options)
    with plain_imports():
        from virtuoso_desktop.app.run import Run
        from virtuoso_desktop.app.window_run import run_window

    return run_window(Run(options, stop, folder, child), opened)


def _run_without_window(options: Options, stop: StopRequest, folder: RunFolder) -> int:
    child = _start_demo(options)  # first of all: it takes a second to answer
    from virtuoso_desktop.app.headless import run_headless
    from virtuoso_desktop.app.run import Run

    return run_headless(Run(options, stop, folder, child))


def _start_demo(options: Options) -> DemoChild | None:
    if not options.demo:
        return None
    from virtuoso_desktop.app.demo_child import DemoChild

    return DemoChild(options.speed)


def _why_no_window() -> str | None:
    """Why there can be no window, in words; loads Qt if there can be one."""
    from virtuoso_desktop.app.display import find_display

    display = find_display(os.environ)
    if display.problem is not None:
        return display.problem
    if display.platform is not None:
        os.environ["QT_QPA_PLATFORM"] = display.platform
    try:
        importlib.import_module("PySide6.QtWidgets")  # its system libraries may be missing
    except ImportError as error:
        return f"Qt cannot be loaded ({error}); `make setup` installs what it needs"
    return None
