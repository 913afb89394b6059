"""Which faults happen now. Asked at every push, request, subscription and connection; a healthy board costs nothing."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.simulator.faults import Fault, FaultKind

log = logging.getLogger(__name__)

_ONCE_A_SECOND = frozenset(
    (FaultKind.GAP, FaultKind.CROSSED, FaultKind.UNKNOWN_LEVEL, FaultKind.SNAPSHOT, FaultKind.RESTART)
)
_REPEAT_S = 1.0
_ONCE_FOR_ALL = frozenset((FaultKind.RESET, FaultKind.EOF, FaultKind.CLOSE))
_STATES = frozenset((FaultKind.SILENT, FaultKind.DEAD))
_ALL = "*"


class Standing(NamedTuple):
    """How an instrument is listed: its status and delisting time, status None while it is not listed at all."""

    status: str | None
    delivery_ms: int | None


class Maintenance(NamedTuple):
    """A window of maintenance, venue ms."""

    begin_ms: int
    end_ms: int


class _Injected:
    """A fault with its place in time and what it has already done."""

    def __init__(self, fault: Fault, now_s: float, now_ms: int, rate: float) -> None:
        self.fault = fault
        self.begin_s = now_s + fault.at_s
        self.end_s = self.begin_s + fault.for_s if fault.for_s else None
        self.begin_ms = now_ms + round(fault.at_s * 1000 * rate)
        self.end_ms = self.begin_ms + round(fault.for_s * 1000 * rate)
        self.begun = False
        self.hit_s: dict[str, float] = {}
        self._random = random.Random(fault.seed)

    def is_over(self, now_s: float) -> bool:
        return self.end_s is not None and now_s >= self.end_s

    def is_on(self, now_s: float) -> bool:
        return self.begin_s <= now_s and not self.is_over(now_s)

    def strikes(self, where: str, now_s: float) -> bool:
        """Whether it happens at this chance: once without a duration, else as often as its kind does."""
        if not self.is_on(now_s):
            return False
        last_s = self.hit_s.get(where)
        if last_s is not None and self.fault.fault not in _STATES:
            if self.end_s is None:
                return False
            is_paced = self.fault.fault in _ONCE_A_SECOND and self.fault.probability == 1
            if is_paced and now_s - last_s < _REPEAT_S:
                return False
        return self.draws()

    def draws(self) -> bool:
        """Whether this chance is taken."""
        return self.fault.probability == 1 or self._random.random() < self.fault.probability


class FaultBoard:
    """All injected faults. ``now_s`` is a monotonic clock in real seconds, ``clock`` the venue's before any skew."""

    def __init__(self, now_s: Callable[[], float], clock: Clock) -> None:
        self._now_s = now_s
        self._clock = clock
        self._injected: tuple[_Injected, ...] = ()
        """Replaced, never changed: a worker thread reads it too."""
        self._maintenances: list[Maintenance] = []

    def inject(self, fault: Fault) -> None:
        """Add a fault whose ``at_s`` counts from now. Raises ConfigError when it makes no sense."""
        problem = fault.problem()
        if problem is not None:
            raise ConfigError(problem)
        injected = _Injected(fault, self._now_s(), self._clock.now_ms(), self._clock.rate)
        self._injected += (injected,)
        if fault.fault is FaultKind.MAINTENANCE:
            self._maintenances.append(Maintenance(injected.begin_ms, injected.end_ms))

    def heal(self) -> None:
        """End all faults, also those that have not begun."""
        self._injected = ()
        self._maintenances.clear()

    # --- streams ---

    def silences(self, kind: str, symbol: str, category: str | None = None) -> bool:
        """Whether topics of this kind and symbol send nothing now, not even a snapshot."""
        return any(
            fault.matches(kind, symbol, category)
            for fault in self._on(FaultKind.SILENT, FaultKind.MAINTENANCE, FaultKind.DELISTING)
        )

    def kills(self, kind: str, symbol: str, category: str) -> bool:
        """Whether a subscription that begins now is accepted and never served."""
        if not self._injected:
            return False
        return (
            self._take(
                f"{category} {kind}.{symbol}",
                lambda fault: fault.fault is FaultKind.DEAD and fault.matches(kind, symbol, category),
            )
            is not None
        )

    def strike(
        self,
        topic: str,
        kind: str,
        symbol: str,
        category: str | None = None,
        fits: Callable[[FaultKind], bool] = lambda _: True,
    ) -> Fault | None:
        """The fault that happens to a push of ``topic`` (any unique name) now, None for a healthy push.

        ``fits`` tells whether these frames can suffer a kind of fault.
        """
        if not self._injected:
            return None
        return self._take(
            topic,
            lambda fault: (
                fault.strikes_topics
                and fault.fault is not FaultKind.DEAD
                and fault.matches(kind, symbol, category)
                and fits(fault.fault)
            ),
        )

    def ignores_ping(self, category: str) -> bool:
        return any(fault.category in (None, category) for fault in self._on(FaultKind.NO_PONG))

    def handshake(self, category: str) -> Fault | None:
        """The fault that refuses a connection now."""
        if not self._injected:
            return None
        return self._take(_ALL, lambda fault: fault.fault is FaultKind.HANDSHAKE and fault.category in (None, category))

    # --- requests ---

    def request(self, path: str, category: str, symbol: str) -> Fault | None:
        """The fault that happens to a request now."""
        if not self._injected:
            return None
        if path != "/v5/system/status":
            for fault in self._on(FaultKind.MAINTENANCE):
                if fault.matches_request(path, category, symbol):
                    return fault
        return self._take(
            _ALL,
            lambda fault: (
                fault.strikes_requests
                and fault.matches_request(path, category, symbol)
                and (fault.fault is not FaultKind.CROSSED or path == "/v5/market/orderbook")
            ),
        )

    # --- the venue ---

    @property
    def skew_ms(self) -> int:
        """By how much the venue's clock is ahead of what it should be."""
        return sum(round((fault.skew_s or 0) * 1000) for fault in self._on(FaultKind.CLOCK_SKEW))

    def standing(self, instrument_id: InstrumentId) -> Standing | None:
        """How faults change an instrument's listing, None when they do not."""
        now_s = self._now_s()
        for injected in self._injected:
            fault = injected.fault
            if fault.symbol != instrument_id.symbol or fault.category not in (None, instrument_id.market_kind.value):
                continue
            if fault.fault is FaultKind.LISTING and now_s < injected.begin_s:
                return Standing(None, None)
            if fault.fault is FaultKind.DELISTING and not injected.is_over(now_s):
                return Standing("Closed" if injected.is_on(now_s) else "Trading", injected.begin_ms)
        return None

    def maintenances(self) -> list[Maintenance]:
        """Windows of maintenance, past and to come."""
        return list(self._maintenances)

    # --- time ---

    def _on(self, *kinds: FaultKind) -> Iterator[Fault]:
        """Faults of these kinds that are on now."""
        if not self._injected:
            return
        now_s = self._now_s()
        for injected in self._injected:
            if injected.fault.fault in kinds and injected.is_on(now_s):
                self._begin(injected)
                yield injected.fault

    def _take(self, where: str, is_meant: Callable[[Fault], bool]) -> Fault | None:
        """The first fault that is meant and happens at this chance."""
        now_s = self._now_s()
        self._retire(now_s)
        for injected in self._injected:
            if is_meant(injected.fault) and injected.strikes(where, now_s):
                injected.hit_s[where] = now_s
                self._begin(injected)
                if injected.end_s is None and injected.fault.fault in _ONCE_FOR_ALL:
                    self._remove(injected)
                return injected.fault
        return None

    def _remove(self, gone: _Injected) -> None:
        self._injected = tuple(injected for injected in self._injected if injected is not gone)

    def _begin(self, injected: _Injected) -> None:
        if not injected.begun:
            injected.begun = True
            log.info("fault %s begins", _words(injected.fault))

    def _retire(self, now_s: float) -> None:
        for injected in [injected for injected in self._injected if injected.is_over(now_s)]:
            self._remove(injected)
            log.info("fault %s is over", _words(injected.fault))


def _words(fault: Fault) -> str:
    place = fault.topic or fault.endpoint or "*"
    return f"{fault.fault.value} on {place} {fault.symbol or '(any symbol)'}"
