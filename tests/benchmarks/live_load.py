"""The window under 2,000 messages a second from 35 instruments: lost messages, delays, frames, processor, memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.load import INSTRUMENTS, RATE
from tests.benchmarks.measure import ROOT
from tests.benchmarks.outcome import Line, Outcome

MOST_LATE_MS = 5.0
"""A run whose sender was later than this (p99) is void."""
MOST_MB = 430.0
ATTEMPTS = 2
CALM_S = 1.0
"""From the last frame to the count."""


@dataclass(frozen=True)
class Plan:
    """Sizes and seconds of a run.

    Measured is from ``begin_s`` after the program's start, or from when all history is loaded if that is later,
    for ``measured_s`` or until ``memory_at_s`` after the start.
    """

    rate: int = RATE
    instruments: int = INSTRUMENTS
    begin_s: float = 60.0
    measured_s: float = 60.0
    memory_at_s: float = 120.0


QUICK = Plan(rate=250, instruments=5, begin_s=5.0, measured_s=8.0, memory_at_s=0.0)
PATIENCE_S = 240.0


class Program:
    """A child that is asked by lines and answers on one of its streams."""

    def __init__(self, module: str, arguments: Sequence[str], answers: str) -> None:
        pipe = {"stdin": subprocess.PIPE, answers: subprocess.PIPE}
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments], cwd=ROOT, text=True, **pipe
        )
        self._answers = getattr(self._process, answers)
        self._last_words = ""

    def read(self) -> dict[str, Any]:
        """The next line that is an answer."""
        for line in self._answers:
            if line.startswith("{"):
                return json.loads(line)
            self._last_words = line.strip()
        raise RuntimeError(f"{self._process.args[2]} ended: {self._last_words or 'without a word'}")

    def ask(self, what: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self.read()

    def close(self, patience_s: float = 10.0) -> None:
        try:
            self._process.communicate(timeout=patience_s)
        except (subprocess.TimeoutExpired, ValueError):
            self._process.kill()
            self._process.wait()


def run(quick: bool) -> Outcome:
    plan = QUICK if quick else Plan()
    outcome = Outcome("load")
    for _ in range(ATTEMPTS):
        facts = _measure(plan)
        outcome.facts["attempts"] = [*outcome.facts.get("attempts", ()), facts]
        late_ms = facts["venue"]["late_ms"]["p99"]
        if late_ms <= MOST_LATE_MS:
            break
    note = "" if late_ms <= MOST_LATE_MS else f"void: the sender was {late_ms:.0f} ms late (p99)"
    outcome.lines = [_noted(line, note) for line in _lines(facts)]
    return outcome


def _noted(line: Line, note: str) -> Line:
    return Line(line.what, line.value, line.unit, line.at_most, line.stretch, note or line.note)


def _measure(plan: Plan) -> dict[str, Any]:
    venue = Program("load", ["--rate", str(plan.rate), "--instruments", str(plan.instruments)], "stdout")
    try:
        where = venue.read()
        with tempfile.TemporaryDirectory() as profile:
            program = Program("watched_program", program_arguments(where, profile, plan), "stderr")
            begun_s = time.monotonic()
            try:
                return _watch(venue, program, plan, begun_s)
            finally:
                program.close()
    finally:
        venue.close()


def program_arguments(where: dict[str, Any], profile: str, plan: Plan) -> list[str]:
    """The command line of a program that watches the load's market."""
    settings = {
        "exchanges.bybit.rest_endpoint": where["bybit"]["http"],
        "exchanges.bybit.ws_endpoint": where["bybit"]["ws"],
        "universe.include_symbols": f"[{', '.join(where['symbols'])}]",
        "universe.size": str(plan.instruments),
    }
    arguments = ["--profile", profile]
    for name, value in settings.items():
        arguments += ["--set", f"{name}={value}"]
    return arguments


def _watch(venue: Program, program: Program, plan: Plan, begun_s: float) -> dict[str, Any]:
    _sleep_until(begun_s + plan.begin_s)
    while not _is_loaded(program.ask("figures")):
        if time.monotonic() > begun_s + PATIENCE_S:
            raise RuntimeError(f"the program has not loaded its history {PATIENCE_S:.0f} s after its start")
        time.sleep(1.0)
    venue.ask("mark")
    at_begin = program.ask("mark")
    _sleep_until(max(time.monotonic() + plan.measured_s, begun_s + plan.memory_at_s))
    figures = program.ask("figures")
    sent = venue.ask("stop")
    time.sleep(CALM_S)
    received = program.ask("figures")
    program.ask("stop")
    return {"at_begin": at_begin, "figures": figures, "venue": sent, "received": received["messages"]}


def _is_loaded(figures: dict[str, Any]) -> bool:
    loaded, wanted = figures.get("series", (0, 0))
    return loaded == wanted > 0


def _sleep_until(at_s: float) -> None:
    time.sleep(max(0.0, at_s - time.monotonic()))


def _lines(facts: dict[str, Any]) -> list[Line]:
    figures, sent, received = facts["figures"], facts["venue"]["sent"], facts["received"]
    lost = sum(abs(count - received.get(kind, 0)) for kind, count in sent.items())
    per_s = sum(sent.values())
    return [
        Line("messages lost or doubled", float(lost), "", 0, note=f"of {per_s}; {figures['gaps']} gaps"),
        Line("sent to stored, p50", figures["age_ms"]["p50"], "ms", 1.0),
        Line("sent to stored, p99", figures["age_ms"]["p99"], "ms", 30.0, 10.0),
        Line("read from the socket to stored, p50", figures["apply_ms"]["p50"], "ms"),
        Line("read from the socket to stored, p99", figures["apply_ms"]["p99"], "ms"),
        Line("from frame to frame, p99", figures["frame_ms"]["p99"], "ms", 45.0),
        Line("refreshes that the budget put off", 100 * figures["skipped_share"], "%", 2.0),
        Line("wait of the window's thread, p99", figures["stall_ms"], "ms", 50.0),
        Line("frames a second", figures["frames"] / figures["wall_s"], ""),
        Line("processor", figures["cpu_share"], "cores", 0.5),
        Line("socket read of a closing frame to its score, p99", figures["score_ms"]["p99"], "ms", 60.0),
        Line(
            "memory (RSS) 2 minutes after start",
            figures["rss_mb"],
            "MB",
            MOST_MB,
            note="with all six dimensions, of which 440 is asked",
        ),
        Line("sender late, p99", facts["venue"]["late_ms"]["p99"], "ms"),
    ]
