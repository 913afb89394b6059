"""The children's side of `measure.Child`: say that one is ready, then answer each line with a measured round."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def answer(about: dict[str, Any], run: Callable[[str], dict[str, Any]]) -> None:
    """Answer every line on stdin with ``run(line)``, which holds ``cpu_s``, until stdin closes."""
    _say(about)
    for line in sys.stdin:
        _say(run(line.strip()))


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def read_frames(path: str) -> tuple[list[bytes], list[bytes]]:
    """Opening and measured frames of a mix that `parse_apply` wrote."""
    with Path(path).open("rb") as file:
        opening = int(file.readline())
        frames = file.read().splitlines()
    return frames[:opening], frames[opening:]
