"""The whole program as a child process of a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

DISPLAY_VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "COLUMNS", "PYTHONDONTWRITEBYTECODE")
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}
ORDERED_STOP_S = 2.0


class Ended(NamedTuple):
    """How a run ended; ``took_s`` from its start."""

    code: int
    out: str
    err: str
    took_s: float


class App:
    """A running program. Its output is read all the time, so that it never waits for the test.

    Without ``module`` the arguments are Python's own.
    """

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str], *, module: bool = True) -> None:
        env = {name: value for name, value in os.environ.items() if name not in DISPLAY_VARIABLES}
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *(("-m", "virtuoso_desktop") if module else ()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**env, **environment},
        )
        self._text = {"out": "", "err": ""}
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self.process.stdout), ("err", self.process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: Any) -> None:
        with stream:
            for line in stream:
                self._text[name] += line

    @property
    def out(self) -> str:
        return self._text["out"]

    @property
    def err(self) -> str:
        return self._text["err"]

    def until(self, condition: Callable[[], Any], what: str, deadline_s: float = 15.0) -> None:
        """Wait; fails when it does not come, or when the program ends before."""
        ends_s = time.monotonic() + deadline_s
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode} before: {what}\n{self.err}"
            assert time.monotonic() < ends_s, f"not within {deadline_s:g} s: {what}\n{self.out}\n{self.err}"
            time.sleep(0.02)

    def until_signals_are_taken(self) -> None:
        """Wait until the program has its own handler for SIGTERM: what comes before is Python's start."""
        mask = 1 << (signal.SIGTERM - 1)

        def catches() -> bool:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
            return bool(int(caught.split()[1], 16) & mask)

        self.until(catches, "a handler for SIGTERM")

    def children(self) -> list[int]:
        """Process numbers of what the program started."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(number) for number in listed.split()]

    def ended(self, deadline_s: float = 30.0) -> Ended:
        """Wait for the end of the program and of its output."""
        code = self.process.wait(deadline_s)
        took_s = time.monotonic() - self.began_s
        for reader in self._readers:
            reader.join(5)
        return Ended(code, self.out, self.err, took_s)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[Ended, float]:
        """Ask for an ordered stop; returns how it ended and the seconds that it took."""
        asked_s = time.monotonic()
        self.process.send_signal(number)
        ended = self.ended(10)
        return ended, time.monotonic() - asked_s


@contextmanager
def running(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[App]:
    """The program; killed at the end if it still runs."""
    app = App(arguments, environment or {})
    try:
        yield app
    finally:
        if app.process.poll() is None:
            app.process.kill()
            app.ended()


def run(*arguments: str, environment: Mapping[str, str] | None = None, deadline_s: float = 40.0) -> Ended:
    """Run to its own end."""
    with running(*arguments, environment=environment) as app:
        return app.ended(deadline_s)


def read_report(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text())


def log_of(profile: Path, folder: str = "demo") -> str:
    return (profile / folder / "log" / "virtuoso.log").read_text()


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
