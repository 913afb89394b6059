"""Faults on purpose: which frames are lost, which topics fall silent, which connections break.

A fault counts its seconds (real ones) from its injection; those of a file are injected at start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import msgspec

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.simulator.encode import INTERVALS

log = logging.getLogger(__name__)

BOOK_DEPTHS = ("1", "50", "200", "1000")
TOPIC_KINDS = (
    *(f"orderbook.{depth}" for depth in BOOK_DEPTHS),
    "publicTrade",
    "tickers",
    "allLiquidation",
    *(f"kline.{interval}" for interval in INTERVALS),
)
"""Every kind of topic that the simulated venue streams."""

_FAULT_TOPICS = ("*", "orderbook", "kline", *TOPIC_KINDS)
_GAP_EVERY_S = 1.0


class FaultKind(StrEnum):
    """What goes wrong.

    ``gap`` loses a frame (its ``u`` with it), ``silent`` sends nothing while acks and pongs go on,
    ``reset`` breaks the connection inside a frame.
    """

    GAP = "gap"
    SILENT = "silent"
    RESET = "reset"


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault. Without ``for_s`` a gap or reset happens once; a silence needs it.

    ``topic`` is a kind such as ``orderbook.50``, ``tickers``, ``kline``, or ``*``; ``symbol`` None is any.
    """

    at_s: float
    fault: FaultKind
    topic: str
    for_s: float = 0.0
    symbol: str | None = None

    def matches(self, kind: str, symbol: str) -> bool:
        """Whether a topic of this kind (``kline.5``) and symbol is meant."""
        if self.symbol is not None and self.symbol != symbol:
            return False
        return self.topic in ("*", kind) or kind.startswith(f"{self.topic}.")

    def problem(self) -> str | None:
        """What is wrong with this fault in words, None when nothing is."""
        if self.topic not in _FAULT_TOPICS:
            near = get_close_matches(self.topic, _FAULT_TOPICS, n=1)
            return f"unknown topic {self.topic!r}" + (f", did you mean {near[0]!r}?" if near else "")
        if self.at_s < 0:
            return f"at_s must not be negative, it is {self.at_s:g}"
        if self.for_s < 0:
            return f"for_s must not be negative, it is {self.for_s:g}"
        if self.fault is FaultKind.SILENT and self.for_s == 0:
            return "a silent fault needs for_s, how many seconds it lasts"
        return None


def read_faults(file: Path, symbols: Iterable[str]) -> list[Fault]:
    """Faults of a YAML file.

    Raises ConfigError that names the file and the entry (counted from 1), or the line of a syntax error.
    """
    from ruamel.yaml import YAML  # 50 ms: only when a file is named
    from ruamel.yaml.error import YAMLError

    try:
        content: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8"))  # pyright: ignore[reportUnknownMemberType]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error})") from error
    except YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        line = None if mark is None else int(mark.line) + 1
        raise ConfigError(f"{file}, line {line}: {getattr(error, 'problem', error)}", line=line) from error
    if not isinstance(content, list):
        raise ConfigError(f"{file}: must be a list of faults, each with at_s, fault and topic")
    known = frozenset(symbols)
    entries = cast("list[Any]", content)
    return [_entry(f"{file}: entry {number}", entry, known) for number, entry in enumerate(entries, 1)]


def _entry(where: str, entry: Any, symbols: frozenset[str]) -> Fault:
    try:
        fault = msgspec.convert(entry, Fault)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}") from error
    problem = fault.problem()
    if problem is None and fault.symbol is not None and fault.symbol not in symbols:
        near = get_close_matches(fault.symbol, sorted(symbols), n=1)
        problem = f"the market has no symbol {fault.symbol!r}" + (f", did you mean {near[0]!r}?" if near else "")
    if problem is not None:
        raise ConfigError(f"{where}: {problem}")
    return fault


class _Injected:
    """A fault with its place in time and what it has already done."""

    def __init__(self, fault: Fault, now_s: float) -> None:
        self.fault = fault
        self.begin_s = now_s + fault.at_s
        self.end_s = self.begin_s + fault.for_s if fault.for_s else None
        self.begun = False
        self.hit_s: dict[str, float] = {}

    def is_over(self, now_s: float) -> bool:
        return self.end_s is not None and now_s >= self.end_s

    def strikes(self, topic: str, now_s: float) -> bool:
        """Whether it happens to this push; a gap repeats every second of its duration."""
        if now_s < self.begin_s or self.is_over(now_s):
            return False
        last_s = self.hit_s.get(topic)
        if self.fault.fault is FaultKind.GAP and last_s is not None:
            return self.end_s is not None and now_s - last_s >= _GAP_EVERY_S
        return True


class FaultBoard:
    """All injected faults; asked once per push. ``now_s`` is a monotonic clock in seconds."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._injected: list[_Injected] = []

    def inject(self, fault: Fault) -> None:
        """Add a fault whose ``at_s`` counts from now. Raises ConfigError when it makes no sense."""
        problem = fault.problem()
        if problem is not None:
            raise ConfigError(problem)
        self._injected.append(_Injected(fault, self._now_s()))

    def silences(self, kind: str, symbol: str) -> bool:
        """Whether topics of this kind and symbol send nothing now, not even a snapshot."""
        now_s = self._now_s()
        return any(
            injected.fault.fault is FaultKind.SILENT
            and injected.begin_s <= now_s
            and not injected.is_over(now_s)
            and injected.fault.matches(kind, symbol)
            for injected in self._injected
        )

    def strike(self, topic: str, kind: str, symbol: str) -> Fault | None:
        """The fault that happens to a push of ``topic`` (any unique name) now, None for a healthy push."""
        if not self._injected:
            return None
        now_s = self._now_s()
        self._retire(now_s)
        for injected in self._injected:
            fault = injected.fault
            if fault.matches(kind, symbol) and injected.strikes(topic, now_s):
                self._note(injected, topic, now_s)
                return fault
        return None

    def _note(self, injected: _Injected, topic: str, now_s: float) -> None:
        injected.hit_s[topic] = now_s
        fault = injected.fault
        if not injected.begun:
            injected.begun = True
            log.info("fault %s on %s %s begins", fault.fault.value, fault.topic, fault.symbol or "(any symbol)")
        if fault.fault is FaultKind.RESET and injected.end_s is None:
            self._injected.remove(injected)

    def _retire(self, now_s: float) -> None:
        for injected in [injected for injected in self._injected if injected.is_over(now_s)]:
            self._injected.remove(injected)
            fault = injected.fault
            log.info("fault %s on %s %s is over", fault.fault.value, fault.topic, fault.symbol or "(any symbol)")
