"""A day of order flow by the minute, for the chart: what the market keeps by the second is gone after an hour."""

from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.market.flow import InstrumentFlow
    from virtuoso_desktop.market.store import InstrumentState, MarketStore
    from virtuoso_desktop.model.instrument import InstrumentId

KEPT_MINUTES = DAY_MS // MINUTE_MS + 60
LATE_MS = 3_000
"""A minute is read so long after its end: the last of its events are on the way until then."""
MOST_BEHIND = 59
"""The market's own seconds reach back so many whole minutes."""
PERIOD_S = 1.0
_MINUTE_S = MINUTE_MS // 1_000


class MinuteFlow:
    """Columns of one instrument, oldest first, a row a minute; lots."""

    __slots__ = ("imbalance", "large", "minute_ms", "price", "version")

    def __init__(self) -> None:
        self.minute_ms = array("d")
        self.imbalance = array("d")
        """Flow at the best quotes, bid less ask."""
        self.large = array("d")
        """Large orders, bought less sold."""
        self.price = array("d")
        """Last price when the minute was read; NaN before there was one."""
        self.version = 0

    def append(self, minute_ms: int, imbalance: float, large: float, price: float) -> None:
        """The next minute."""
        for column, value in zip(self._columns, (float(minute_ms), imbalance, large, price), strict=True):
            column.append(value)
            if len(column) > 2 * KEPT_MINUTES:
                del column[:-KEPT_MINUTES]
        self.version += 1

    @property
    def _columns(self) -> tuple[array[float], ...]:
        return self.minute_ms, self.imbalance, self.large, self.price


class MinuteFlows:
    """Reads every ended minute of every watched instrument.

    Parameters
    ----------
    store : MarketStore
        Whose states keep flow by the second.
    now_ms : callable
        Venue time.
    """

    def __init__(self, store: MarketStore, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._held: dict[InstrumentId, tuple[InstrumentState, MinuteFlow]] = {}

    def of(self, state: InstrumentState) -> MinuteFlow | None:
        """What was read of an instrument; None before its first minute ended."""
        held = self._held.get(state.instrument.id)
        return held[1] if held is not None and held[0] is state else None

    async def run(self) -> None:
        """Read for ever."""
        while True:
            self.step()
            await asyncio.sleep(PERIOD_S)

    def step(self) -> None:
        """Read the minutes that have ended since the last call."""
        states = self._store.states
        ended = (self._now_ms() - LATE_MS) // MINUTE_MS
        for state in states:
            if state.flow is not None:
                self._read(state, state.flow, ended)
        if len(self._held) > len(states):
            watched = {state.instrument.id for state in states}
            self._held = {key: held for key, held in self._held.items() if key in watched}

    def _read(self, state: InstrumentState, flow: InstrumentFlow, ended: int) -> None:
        """The minutes before number ``ended``; a state that began anew begins anew here."""
        known = self._held.get(state.instrument.id)
        held = known[1] if known is not None and known[0] is state else None
        if held is not None and len(held.minute_ms):
            begin = int(held.minute_ms[-1]) // MINUTE_MS + 1
        else:
            first = [sums.first for sums in (flow.trades.sums, flow.quotes.sums) if sums.first >= 0]
            if not first:
                return
            begin = min(first) // _MINUTE_S
        begin = max(begin, ended - MOST_BEHIND)
        if begin >= ended:
            return
        if held is None:
            held = MinuteFlow()
            self._held[state.instrument.id] = (state, held)
        price = state.ticker.fields.get("last_price")
        for minute in range(begin, ended):
            from_s, to_s = minute * _MINUTE_S, (minute + 1) * _MINUTE_S
            held.append(
                minute * MINUTE_MS,
                float(flow.quotes.imbalance(from_s, to_s)),
                float(flow.trades.large(from_s, to_s)),
                float("nan") if price is None else price,
            )
