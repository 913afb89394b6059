"""Contenders measured in alternating rounds, in this process or as a child in the peers' environment."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[2]
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"


class Contender(Protocol):
    """Something whose rounds are measured."""

    name: str

    def round(self) -> float:
        """One round; returns its CPU seconds."""
        ...


@dataclass
class Local:
    """A contender in this process: ``work`` is called once a round and timed, ``prepare`` before it is not."""

    name: str
    work: Callable[[Any], object]
    prepare: Callable[[], Any] = field(default=lambda: None)

    def round(self) -> float:
        state = self.prepare()
        gc.collect()
        begin = time.process_time()
        self.work(state)
        return time.process_time() - begin


class PeerUnavailable(RuntimeError):
    """A peer could not be started; the message says why."""


class Child:
    """A contender in a process of its own, driven line by line: see `peers/rounds.py`.

    Parameters
    ----------
    name : str
        What the figures are called.
    module : str
        ``python -m`` name of the program, below ``tests.benchmarks.peers``.
    arguments : sequence of str
        Its arguments.
    python : Path
        The interpreter, the peers' by default.
    """

    def __init__(self, name: str, module: str, arguments: Sequence[str] = (), *, python: Path = PEERS_PYTHON) -> None:
        self.name = name
        if not python.exists():
            raise PeerUnavailable(f"{python.relative_to(ROOT)} is missing: `make bench` makes it")
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        self._process = subprocess.Popen(
            [str(python), "-m", f"tests.benchmarks.peers.{module}", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.about = self._answer()
        """What the child says of itself when it is ready."""
        self.figures: dict[str, Any] = {}
        """What the newest round said beside its time."""

    def round(self) -> float:
        return self.ask("run")

    def ask(self, what: str) -> float:
        """One round of a kind that the child knows; returns its CPU seconds."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(what + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        self.figures = self._answer()
        return float(self.figures["cpu_s"])

    def close(self) -> None:
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("{"):
            _, words = self._process.communicate()
            last = (words.strip().splitlines() or ["it ended without a word"])[-1]
            raise PeerUnavailable(f"{self.name}: {last}")
        return json.loads(line)


@dataclass(frozen=True)
class Rounds:
    """CPU seconds of every contender by round."""

    seconds: dict[str, list[float]]

    def best(self, name: str) -> float:
        """The least disturbed round."""
        return min(self.seconds[name])

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, to: str) -> float:
        """Quotient of the best rounds."""
        return self.best(name) / self.best(to)

    def median_ratio(self, name: str, to: str) -> float:
        """Median of the quotients round by round."""
        pairs = zip(self.seconds[name], self.seconds[to], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def facts(self, scale: float = 1.0) -> dict[str, Any]:
        """Best and median of each, times ``scale``."""
        return {
            name: {"best": min(all_) * scale, "median": statistics.median(all_) * scale, "rounds": len(all_)}
            for name, all_ in self.seconds.items()
        }


def alternate(contenders: Sequence[Contender], rounds: int) -> Rounds:
    """Rounds of all contenders in turn; who begins moves on every round."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        first = number % len(contenders)
        for contender in [*contenders[first:], *contenders[:first]]:
            seconds[contender.name].append(contender.round())
        sys.stderr.write(".")
        sys.stderr.flush()
    sys.stderr.write("\n")
    return Rounds(seconds)
