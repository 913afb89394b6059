"""The program as it is, with a script's hands on its window.

``python -m tests.hands.driven MODULE:SCRIPT RESULT.json ARGUMENTS`` takes the steps of `app.main`. The script is an
``async def script(hands: Driven) -> object``; what it returns, or how it failed, is written into the file as JSON.
The program is then asked to stop, as SIGINT does; a script may choose another way (`Driven.leave`).
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from virtuoso_desktop.app.arguments import Options, parse
from virtuoso_desktop.app.logs import RunLog
from virtuoso_desktop.app.run_folder import RunFolder
from virtuoso_desktop.app.stopping import StopRequest
from virtuoso_desktop.kernel.imports import plain_imports

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.hands.hands import Hands
    from virtuoso_desktop.app.run import Run
    from virtuoso_desktop.ui.window import MainWindow


class Driven:
    """What a script is given."""

    def __init__(self, run: Run, window: MainWindow, hands: Hands) -> None:
        self.run = run
        self.window = window
        self.hands = hands
        self.leave: Callable[[], object] = run.stop.ask
        """How the script's end ends the program."""

    async def until(self, condition: Callable[[], Any], what: str, deadline_s: float = 20.0) -> None:
        """Let the program run until ``condition()`` is true; fails naming ``what``."""
        try:
            async with asyncio.timeout(deadline_s):
                while not condition():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not within {deadline_s:g} s: {what}") from None

    async def until_live(self, deadline_s: float = 40.0) -> None:
        """Wait until the engine runs and the shown instrument has a live row."""
        await self.until(lambda: self.run.engine is not None, "the engine", deadline_s)
        await self.until(lambda: bool(self.hands.named("Bybit live")), "the chip says live", deadline_s)

    async def settle(self, wait_s: float = 0.15) -> None:
        """A few frames."""
        await asyncio.sleep(wait_s)


async def _play(script: Callable[[Driven], Coroutine[Any, Any, object]], driven: Driven, into: Path) -> None:
    try:
        told: dict[str, object] = {"result": await script(driven)}
    except BaseException as error:
        told = {
            "error": f"{type(error).__name__}: {error}",
            "trace": traceback.format_exc(),
            "words": driven.hands.words,
        }
    into.write_text(json.dumps(told))
    driven.run.stop.ask()


def main() -> None:
    name, into, *arguments = sys.argv[1:]
    options = parse(arguments)
    stop = StopRequest()
    stop.listen()
    folder = RunFolder(options, RunLog())
    try:
        code = _run(name, Path(into), options, stop, folder)
    finally:
        folder.leave()
    os._exit(code)


def _run(name: str, into: Path, options: Options, stop: StopRequest, folder: RunFolder) -> int:
    importlib.import_module("PySide6.QtWidgets")
    with plain_imports():
        from virtuoso_desktop.app.window_start import open_window

    opened = open_window(options, folder, stop)
    if isinstance(opened, int):
        return opened
    child = None
    if options.demo:
        from virtuoso_desktop.app.demo_child import DemoChild

        child = DemoChild(options.speed)
    with plain_imports():
        from virtuoso_desktop.app.run import Run
        from virtuoso_desktop.app.window_run import run_window
    from PySide6.QtCore import QTimer

    from tests.hands.hands import Hands

    module, _, function = name.partition(":")
    script = getattr(importlib.import_module(module), function)
    driven = Driven(run := Run(options, stop, folder, child), opened.window, Hands(opened.window))
    QTimer.singleShot(0, lambda: run.tasks.spawn("hands", lambda: _play(script, driven, into)))
    return run_window(run, opened)


if __name__ == "__main__":
    main()
