"""The simulated exchange of ``--demo``: the same program as a child process, kept alive on one port."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from virtuoso_desktop.app.exit_codes import CannotRun
from virtuoso_desktop.kernel.clock import Clock, LiveClock, ScaledClock
from virtuoso_desktop.kernel.tasks import Backoff

FIRST_LINE_S = 10.0
POLL_S = 0.2
END_S = 0.7
KILL_S = 0.3
LAST_WORDS_S = 0.05
"""What a child that failed has to say comes over its other pipe."""
SOURCE = "synthetic:1"
RESTARTS = Backoff(first_s=0.2, most_s=5.0)
_LONGEST_LINE = 1_000
log = logging.getLogger("simulator")


@dataclass(frozen=True, slots=True)
class DemoMarket:
    """Where the simulated exchange answers, and its clock."""

    rest_endpoint: str
    ws_endpoint: str
    clock: Clock

    @property
    def port(self) -> int:
        return urlsplit(self.rest_endpoint).port or 0


def simulator_command() -> list[str]:
    """The same executable, from source, wheel or bundle."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "simulate"]
    return [sys.executable, "-m", "virtuoso_desktop", "simulate"]


class DemoExchange:
    """Owns the child. It dies with this process, however that ends: its standard input is our pipe.

    Parameters
    ----------
    speed : float
        Market seconds in one real second.
    command : sequence of str, optional
        What to start instead of this program's own ``simulate``.
    """

    def __init__(self, speed: float = 1.0, command: Sequence[str] | None = None) -> None:
        self._speed = speed
        self._command = list(command) if command is not None else simulator_command()
        self._child: subprocess.Popen[str] | None = None
        self._market: Future[DemoMarket] = Future()
        self._last_words = ""

    @property
    def process_id(self) -> int | None:
        """The running child's, None without one."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self, port: int = 0, clock: Clock | None = None) -> None:
        """Start the child on a port (0 takes a free one), its market where ``clock`` is; returns at once."""
        self._market = Future()
        self._market.set_running_or_notify_cancel()  # whoever stops waiting for it does not cancel it
        self._last_words = ""
        arguments = [*self._command, "--port", str(port), "--source", SOURCE]
        if self._speed != 1.0:
            arguments += ["--speed", f"{self._speed:g}"]
            if clock is not None:
                arguments += ["--start", _iso(clock.now_ms())]
        arguments.append("--exit-on-stdin-close")
        try:
            child = subprocess.Popen(  # noqa: S603 (our own executable)
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                **_own_group(),
            )
        except OSError as error:
            self._market.set_exception(CannotRun(f"The simulated market cannot be started: {error.strerror or error}."))
            return
        self._child = child
        reader = Thread(target=self._read_first_line, args=(child, self._market), daemon=True, name="simulator-stdout")
        logger = Thread(target=self._log_lines, args=(child,), daemon=True, name="simulator-stderr")
        logger.start()
        reader.start()

    async def market(self) -> DemoMarket:
        """Wait for the first line. Raises CannotRun when it does not come within 10 s."""
        try:
            async with asyncio.timeout(FIRST_LINE_S):
                return await asyncio.wrap_future(self._market)
        except TimeoutError:
            raise CannotRun(f"The simulated market did not start within {FIRST_LINE_S:g} s.") from None

    async def keep_alive(self, market: DemoMarket, tell: Callable[[str, bool], None]) -> None:
        """Start the child again, on the same port, whenever it ends. ``tell`` gets a sentence and whether it is bad."""
        failures = 0
        while True:
            await asyncio.sleep(POLL_S)
            child = self._child
            if child is not None and child.poll() is None:
                continue
            if failures == 0:
                tell(f"The simulated market stopped{self._why(child)}; it is being started again.", True)
            self._end_child()
            await asyncio.sleep(RESTARTS.wait_s(failures))
            self.start(market.port, market.clock)
            try:
                await self.market()
            except CannotRun as error:
                log.info("start again failed: %s", error.user_text)
                failures += 1
                if failures == 3:
                    tell(f"{error.user_text} It is tried again until it succeeds.", True)
            else:
                failures = 0
                tell("The simulated market runs again.", False)

    def stop(self) -> None:
        """End the child: its pipe closes, and what does not end within a second is killed."""
        self._end_child()

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()
        for wait_s, end in ((END_S, child.kill), (KILL_S, lambda: None)):
            try:
                child.wait(wait_s)
            except subprocess.TimeoutExpired:
                end()
            else:
                return

    def _why(self, child: subprocess.Popen[str] | None) -> str:
        words = f" ({self._last_words})" if self._last_words else ""
        if child is None or child.returncode is None:
            return words
        return f" with exit code {child.returncode}{words}"

    def _read_first_line(self, child: subprocess.Popen[str], market: Future[DemoMarket]) -> None:
        assert child.stdout is not None
        with child.stdout as stdout:
            line = stdout.readline()
            read_s = time.perf_counter()
            try:
                market.set_result(_read_market(json.loads(line), read_s))
            except (ValueError, LookupError, TypeError):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(FIRST_LINE_S)
                time.sleep(LAST_WORDS_S)
                market.set_exception(CannotRun(f"The simulated market did not start{self._why(child)}."))
            stdout.read()

    def _log_lines(self, child: subprocess.Popen[str]) -> None:
        assert child.stderr is not None
        with child.stderr as stderr:
            for line in stderr:
                text = line.rstrip()[:_LONGEST_LINE]
                if text:
                    self._last_words = text
                    log.info("%s", text)


def _read_market(first_line: Mapping[str, Any], read_s: float) -> DemoMarket:
    """Raises LookupError, ValueError or TypeError for a line that is no first line."""
    endpoints, times = first_line["bybit"], first_line["clock"]
    rate = float(times["rate"])
    late_ms = (time.perf_counter() - read_s) * 1000 * rate
    clock = LiveClock() if rate == 1.0 else ScaledClock(int(times["now_ms"] + late_ms), rate)
    return DemoMarket(str(endpoints["http"]), str(endpoints["ws"]), clock)


def _iso(time_ms: int) -> str:
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _own_group() -> dict[str, Any]:
    """Ctrl+C in the terminal is for us alone: we stop first, and the child after us."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}
