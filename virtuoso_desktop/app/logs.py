"""The log file of a run, and the few sentences that go to the terminal instead."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import sys
from pathlib import Path
from typing import TextIO

from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.kernel.log_lines import LogLines

LOG_FILE = "virtuoso.log"
CRASH_FILE = "crash.txt"
MOST_BYTES = 2_000_000
KEPT_FILES = 4
_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s"
_MOST_HELD = 1_000


def say(sentence: str) -> None:
    """Tell a person, on stderr; nothing is left to do when nobody can be told any more."""
    with contextlib.suppress(OSError, ValueError):
        print(f"{PROGRAM}: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


class RunLog:
    """Holds log lines until the source's folder is known, then writes them there, rotating.

    A log that cannot be written (full disk) never disturbs the run.
    """

    def __init__(self) -> None:
        logging.raiseExceptions = False
        self._held: list[logging.LogRecord] = []
        self._holder = _Holder(self._held)
        self._handler: logging.Handler | None = None
        self._crash_file: TextIO | None = None
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        root.addHandler(self._holder)
        self.lines = LogLines()
        root.addHandler(self.lines)

    def open(self, folder: Path | None) -> None:
        """Write to ``folder/log/virtuoso.log`` from now on; nowhere when None or when it cannot be opened."""
        root = logging.getLogger()
        root.removeHandler(self._holder)
        handler: logging.Handler = logging.NullHandler()
        if folder is not None:
            from logging.handlers import RotatingFileHandler  # 10 ms that the first painted window need not wait for

            with contextlib.suppress(OSError):
                (folder / "log").mkdir(mode=0o700, exist_ok=True)
                handler = RotatingFileHandler(
                    folder / "log" / LOG_FILE, maxBytes=MOST_BYTES, backupCount=KEPT_FILES, encoding="utf-8"
                )
                self._note_crashes(folder / "log" / CRASH_FILE)
                self.lines.folder = folder / "log"
        handler.setFormatter(logging.Formatter(_FORMAT, "%Y-%m-%d %H:%M:%S"))
        for record in self._held:
            handler.handle(record)
        self._held.clear()
        root.addHandler(handler)
        self._handler = handler

    def _note_crashes(self, file: Path) -> None:
        """Where a crash of Qt or of another library tells in which line it happened."""
        if not faulthandler.is_enabled():
            self._crash_file = file.open("a", encoding="utf-8")
            faulthandler.enable(self._crash_file)

    def set_stream_level(self, level: str) -> None:
        """How much the venues' streams tell."""
        logging.getLogger("virtuoso_desktop.exchanges").setLevel(level)

    def close(self) -> None:
        root = logging.getLogger()
        root.removeHandler(self._holder)
        root.removeHandler(self.lines)
        if self._handler is not None:
            root.removeHandler(self._handler)
            self._handler.close()
            self._handler = None
        if self._crash_file is not None:
            faulthandler.disable()
            self._crash_file.close()
            self._crash_file = None


class _Holder(logging.Handler):
    def __init__(self, held: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = held

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._records) < _MOST_HELD:
            self._records.append(record)
