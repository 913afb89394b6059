"""Compiles the kernels in a process of their own where the disk has none: the first start after an installation.

Compiling takes half a minute of processor and 150 MB that a process never gives back. Done elsewhere it costs the
window neither.
"""

from __future__ import annotations

import logging
import subprocess
import time
from typing import TYPE_CHECKING, Self

from virtuoso_desktop.app.own_program import own_command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.kernels import Kernel

LOOK_S = 0.1
PATIENCE_S = 300.0
"""After this a kernel is compiled here."""
log = logging.getLogger(__name__)


class KernelChild:
    """Started by the first kernel that is not on disk. Both methods wait: for a worker."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def compile(self, kernel: Kernel, params: NDArray[np.float64]) -> None:
        """Compile a kernel, or load what the child compiled."""
        if not kernel.is_cached:
            self._start()
            self._wait(kernel)
        kernel.compile(params)

    def wait(self) -> None:
        """Until the child has done all its work, if one was started or the scoring is not on disk."""
        from virtuoso_desktop.analysis.scoring import LIVE_SCORE

        if not LIVE_SCORE.is_cached:
            self._start()
        self._wait(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is waited for any more; the child ends."""
        self._is_closed = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def _start(self) -> None:
        if self._process is not None or self._is_closed:
            return
        try:
            self._process = subprocess.Popen(  # noqa: S603 (this very program)
                own_command("prepare"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            log.info("the indicators are compiled in the program itself: %s", error)

    def _wait(self, kernel: Kernel | None) -> None:
        began_s = time.monotonic()
        while self._process is not None and self._process.poll() is None and not self._is_closed:
            if (kernel is not None and kernel.is_cached) or time.monotonic() - began_s > PATIENCE_S:
                return
            time.sleep(LOOK_S)
        if self._process is not None and self._process.returncode not in (None, 0) and not self._is_closed:
            log.info("compiling in a process of its own ended with %s", self._process.returncode)
