"""The simulated exchange of ``--demo`` as a child process. Needs no loop: it is started before anything else."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from virtuoso_desktop.app.exit_codes import CannotRun
from virtuoso_desktop.app.own_program import own_command
from virtuoso_desktop.kernel.clock import Clock, LiveClock, ScaledClock

FIRST_LINE_S = 10.0
END_S = 0.7
KILL_S = 0.3
LAST_WORDS_S = 0.05
"""What a child that failed has to say comes over its other pipe."""
SOURCE = "synthetic:1"
SPOKEN_BY = "virtuoso-desktop simulate: "
"""How a sentence for a person begins."""
_LONGEST_LINE = 1_000
_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d ")
log = logging.getLogger("simulator")


class DemoMarket(NamedTuple):
    """Where the simulated exchange answers, and its clock."""

    rest_endpoint: str
    ws_endpoint: str
    clock: Clock

    @property
    def port(self) -> int:
        return urlsplit(self.rest_endpoint).port or 0


class DemoChild:
    """One child. It dies with this process, however that ends: its standard input is our pipe.

    Parameters
    ----------
    speed : float
        Market seconds in one real second.
    port : int
        0 takes a free one.
    start : str or None
        Where its market begins (ISO time); None is now.
    command : sequence of str, optional
        What to start instead of this program's own ``simulate``.
    """

    def __init__(
        self, speed: float = 1.0, *, port: int = 0, start: str | None = None, command: Sequence[str] | None = None
    ) -> None:
        self.market: DemoMarket | None = None
        self.problem: str | None = None
        """Why it did not start."""
        self._judged = Event()
        self._last_words = ""
        self._process: subprocess.Popen[str] | None = None
        arguments = [*(command or own_command("simulate")), "--port", str(port), "--source", SOURCE]
        if speed != 1.0:
            arguments += ["--speed", f"{speed:g}"]
        if start is not None:
            arguments += ["--clock", "original", "--start", start]
        arguments.append("--exit-on-stdin-close")
        try:
            self._process = _start(arguments)
        except OSError as error:
            self.problem = f"The simulated market cannot be started: {error.strerror or error}."
            self._judged.set()
            return
        for read in (self._read_first_line, self._log_lines):
            Thread(target=read, args=(self._process,), daemon=True, name=f"simulator{read.__name__}").start()

    @property
    def process_id(self) -> int | None:
        """None once it has ended."""
        return self._process.pid if self.is_running and self._process is not None else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def end_words(self) -> str:
        """How it ended: its exit code and its last words."""
        words = f" ({self._last_words})" if self._last_words else ""
        code = self._process.returncode if self._process is not None else None
        return words if code is None else f" with exit code {code}{words}"

    def wait_for_market(self) -> DemoMarket:
        """Wait for the first line; for a worker. Raises CannotRun when it does not come within 10 s."""
        if not self._judged.wait(FIRST_LINE_S):
            raise CannotRun(f"The simulated market did not start within {FIRST_LINE_S:g} s.")
        if self.market is None:
            raise CannotRun(self.problem or "The simulated market did not start.")
        return self.market

    def stop(self) -> None:
        """End it: its pipe closes, and what does not end within a second is killed."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        for wait_s, end in ((END_S, process.kill), (KILL_S, lambda: None)):
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                end()
            else:
                return

    def _read_first_line(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as stdout:
            line = stdout.readline()
            read_s = time.perf_counter()
            try:
                self.market = _read_market(json.loads(line), read_s)
            except (ValueError, LookupError, TypeError):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(FIRST_LINE_S)
                time.sleep(LAST_WORDS_S)
                self.problem = f"The simulated market did not start{self.end_words}."
            self._judged.set()
            stdout.read()

    def _log_lines(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as stderr:
            for line in stderr:
                text = line.rstrip()[:_LONGEST_LINE]
                if text and not _LOG_LINE.match(text):
                    self._last_words = text.removeprefix(SPOKEN_BY)
                if text:
                    log.info("%s", text)


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    # Ctrl+C in the terminal is for us alone: we stop first, and the child after us.
    apart: dict[str, Any] = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {"process_group": 0}
    )
    return subprocess.Popen(  # noqa: S603 (our own executable)
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        **apart,
    )


def _read_market(first_line: Mapping[str, Any], read_s: float) -> DemoMarket:
    """Raises LookupError, ValueError or TypeError for a line that is no first line."""
    endpoints, times = first_line["bybit"], first_line["clock"]
    rate = float(times["rate"])
    late_ms = (time.perf_counter() - read_s) * 1000 * rate
    clock = LiveClock() if rate == 1.0 else ScaledClock(int(times["now_ms"] + late_ms), rate)
    return DemoMarket(str(endpoints["http"]), str(endpoints["ws"]), clock)
