"""One way to end: SIGINT, SIGTERM, a closed window and an elapsed duration all ask for the same ordered stop."""

from __future__ import annotations

import signal
import sys
from enum import Enum
from typing import TYPE_CHECKING

from virtuoso_desktop.app.exit_codes import ExitCode

if TYPE_CHECKING:
    import asyncio
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if sys.platform != "win32" else (signal.SIGBREAK,)))


class Again(Enum):
    """What to start after the end."""

    SAME = "same"
    LIVE = "live"
    DEMO = "demo"


class StopRequest:
    """Asked from a signal handler at any moment, also before there is a loop; the first reason holds.

    Plain ``signal.signal`` serves every loop and system: Python runs the handler on the main thread between
    two instructions, and the call into the loop wakes it. Under the window a timer keeps Python running.
    """

    def __init__(self) -> None:
        self.code: ExitCode | None = None
        """None until a stop is asked for."""
        self.again: Again | None = None
        """What to start once everything has ended; None for nothing."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event: asyncio.Event | None = None

    def listen(self) -> None:
        """Take SIGINT, SIGTERM and the closing of the terminal from now on."""
        for number in SIGNALS:
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.ask(ExitCode.DONE)

    @property
    def is_asked(self) -> bool:
        return self.code is not None

    def ask(self, code: ExitCode = ExitCode.DONE) -> None:
        """End the run. Safe from signal handlers and from any thread."""
        if self.code is None:
            self.code = code
        if self._loop is not None and not self._loop.is_closed() and self._event is not None:
            self._loop.call_soon_threadsafe(self._event.set)

    def ask_again(self, again: Again) -> None:
        """End the run, and start one anew; an end that was asked for before stays one."""
        if not self.is_asked:
            self.again = again
        self.ask()

    async def wait(self) -> None:
        """Wait until a stop is asked for; returns at once when it was asked before."""
        import asyncio  # only here: the first painted window does not need it

        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if not self.is_asked:
            await self._event.wait()
