"""The newest lines of the log in memory, for a face that shows them."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

MOST_LINES = 2_000
MOST_DETAIL_CHARS = 4_000


class LogLine(msgspec.Struct, frozen=True):
    """One line; ``at_ms`` by the computer's own clock, as in the file."""

    number: int
    at_ms: int
    level: int
    """Of `logging`: 20 info, 30 warning, 40 error."""
    source: str
    """Name of the logger, without the program's own."""
    text: str
    detail: str = ""
    """Traceback of a fault."""


class LogLines(logging.Handler):
    """Keeps the newest lines; records may come from any thread."""

    def __init__(self, most: int = MOST_LINES) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[LogLine] = deque(maxlen=most)
        self.version = 0
        """Lines since the start."""
        self.folder: Path | None = None
        """Where the log's files are; None while nothing can be written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError) as error:  # a call with wrong arguments must not end the run
            text = f"{record.msg} ({error})"
        detail = ""
        if record.exc_info and record.exc_info[1] is not None:
            detail = "".join(traceback.format_exception(record.exc_info[1]))[-MOST_DETAIL_CHARS:]
        source = record.name.removeprefix("virtuoso_desktop.")
        self.version += 1
        self._lines.append(LogLine(self.version, int(record.created * 1000), record.levelno, source, text, detail))

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """Oldest first."""
        self.acquire()
        try:
            return tuple(self._lines)
        finally:
            self.release()
