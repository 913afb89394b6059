"""One asyncio loop on Qt's: the only import of qasync.

qasync takes the binding that is already imported, so PySide6 comes first.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

os.environ["QT_API"] = "pyside6"
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

T = TypeVar("T")
WORKERS = 6


class WindowLoop:
    """Runs a coroutine while Qt runs the window.

    Parameters
    ----------
    application : QApplication
        Closing its last window does not end it: the program decides.
    on_quit : callable
        Asks ``main`` to end when Qt itself wants to (log-out of the desktop, Quit of the Dock).
    """

    def __init__(self, application: QApplication, on_quit: Callable[[], None]) -> None:
        application.setQuitOnLastWindowClosed(False)
        self._on_quit = on_quit
        self._loop: Any = QEventLoop(application, already_running=False)
        # qasync's own workers are QThreads; one that is destroyed while it runs ends the process.
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="worker")
        self._loop.set_default_executor(self._workers)
        asyncio.set_event_loop(self._loop)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run ``main`` to its end; Qt's loop is entered again when it was left before."""
        task: asyncio.Task[T] = self._loop.create_task(main)
        while True:
            try:
                return self._loop.run_until_complete(task)
            except RuntimeError:
                if task.done():
                    raise
                self._on_quit()

    def close(self) -> None:
        """Leave the loop without waiting for a worker that still imports something."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._loop.set_default_executor(None)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self._loop.close()
