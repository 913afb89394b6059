"""The program's commands. Imports little: a window must be on the screen before anything heavy is loaded."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from virtuoso_desktop.app.arguments import PROGRAM, Options, parse
from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.imports import plain_imports
from virtuoso_desktop.app.stopping import StopRequest

if TYPE_CHECKING:
    from virtuoso_desktop.app.demo_child import DemoChild
    from virtuoso_desktop.app.run_folder import RunFolder


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["simulate"]:
        return _simulate(arguments[1:])
    if arguments[:1] == ["self-test"]:
        from virtuoso_desktop.app.self_test import run_self_test

        return run_self_test(arguments[1:])
    stop = StopRequest()
    stop.listen()
    return _run(parse(arguments), stop)


def run_and_exit() -> NoReturn:
    """Run and leave the process at once: no import or compilation under way in a worker may hold it."""
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or int(ExitCode.DONE)
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)


def _simulate(arguments: list[str]) -> int:
    import argparse

    from virtuoso_desktop.simulator.command import add_simulate_arguments, run_simulate

    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} simulate",
        description="A simulated exchange on 127.0.0.1 that speaks Bybit v5. Its first line on stdout says where.",
    )
    add_simulate_arguments(parser)
    return run_simulate(parser.parse_args(arguments))


def _run(options: Options, stop: StopRequest) -> int:
    from virtuoso_desktop.app.logs import RunLog
    from virtuoso_desktop.app.run_folder import RunFolder

    child = None
    if options.demo:
        from virtuoso_desktop.app.demo_child import DemoChild

        child = DemoChild(options.speed)
    folder = RunFolder(options, RunLog())
    try:
        no_window = None if options.headless else _why_no_window()
        if options.headless or no_window is not None:
            return _run_without_window(options, stop, folder, child, no_window)
        return _run_window(options, stop, folder, child)
    finally:
        if child is not None:
            child.stop()
        folder.leave()


def _run_window(options: Options, stop: StopRequest, folder: RunFolder, child: DemoChild | None) -> int:
    from virtuoso_desktop.app.window_start import open_window

    opened = open_window(options, folder, stop)
    if isinstance(opened, ExitCode):
        return opened
    with plain_imports():
        from virtuoso_desktop.app.run import Run
        from virtuoso_desktop.app.window_run import run_window

    return run_window(Run(options, stop, folder, child), opened)


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


def _run_without_window(
    options: Options, stop: StopRequest, folder: RunFolder, child: DemoChild | None, no_window: str | None
) -> int:
    from virtuoso_desktop.app.headless import run_headless
    from virtuoso_desktop.app.logs import say
    from virtuoso_desktop.app.run import Run

    if no_window is not None and options.screenshot is not None:
        say(f"No window here, so no screenshot: {no_window}. QT_QPA_PLATFORM=offscreen needs no display.")
        return ExitCode.CANNOT_RUN
    if no_window is not None:
        say(f"No window here: {no_window}. The market is shown as a table instead.")
    return run_headless(Run(options, stop, folder, child))
