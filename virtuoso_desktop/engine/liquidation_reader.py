"""Liquidations of one or of all instruments: the newest, and sums by minute with what the stream covered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import merge
from itertools import islice
from typing import NamedTuple

from virtuoso_desktop.engine.desk_views import (
    FeedPhase,
    FeedView,
    LiquidationMinute,
    LiquidationsView,
    LiquidationView,
    notional_of,
)
from virtuoso_desktop.engine.feeds import Feeds, Span
from virtuoso_desktop.exchanges.base import Subscription, TopicKind
from virtuoso_desktop.market.derivatives import KEPT_LIQUIDATIONS
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.market import PositionSide
from virtuoso_desktop.model.timeframe import MINUTE_MS

MINUTES = 60
MOST_EVENTS = 500


class _Held(NamedTuple):
    """What was read of one instrument at one version."""

    key: tuple[int, int]
    events: tuple[LiquidationView, ...]
    """Newest first."""
    sums: dict[int, tuple[float, float]]
    """(longs, shorts) in quote coin by minute."""
    held_from_ms: int
    """Older ones were dropped; 0 while all are there."""


class LiquidationReader:
    """Reads an instrument anew only when something came.

    Parameters
    ----------
    feeds : Feeds
        Knows how the topics fare and when they were heard.
    now_ms : callable
        Venue time.
    """

    def __init__(self, feeds: Feeds, now_ms: Callable[[], int]) -> None:
        self._feeds = feeds
        self._now_ms = now_ms
        self._held: dict[InstrumentId, _Held] = {}

    def read(self, states: Sequence[InstrumentState]) -> LiquidationsView:
        """The last hour of these instruments together; spot markets have none."""
        asked = [state for state in states if state.instrument.id.market_kind is not MarketKind.SPOT] or list(states)
        if not asked:
            return LiquidationsView(FeedView(FeedPhase.LOADING, "no instrument is watched yet"))
        now_ms = self._now_ms()
        first_ms = now_ms // MINUTE_MS * MINUTE_MS - (MINUTES - 1) * MINUTE_MS
        topics = [Subscription(state.instrument.id, TopicKind.LIQUIDATIONS) for state in asked]
        spans = self._feeds.spans(topics)
        held = [self._read_one(state, first_ms) for state in asked]
        held_from_ms = max(each.held_from_ms for each in held)
        minutes = tuple(
            _minute(held, open_ms, _is_covered(max(held_from_ms, open_ms), min(now_ms, open_ms + MINUTE_MS), spans))
            if open_ms + MINUTE_MS > held_from_ms
            else _minute(held, open_ms, False)
            for open_ms in range(first_ms, first_ms + MINUTES * MINUTE_MS, MINUTE_MS)
        )
        events = merge(*(each.events for each in held), key=lambda event: event.time_ms, reverse=True)
        return LiquidationsView(
            self._feeds.of(topics[0]),
            tuple(islice(events, MOST_EVENTS)),
            minutes,
            longs=sum(minute.longs for minute in minutes),
            shorts=sum(minute.shorts for minute in minutes),
            covered_from_ms=max((each[0][0] for each in spans if each), default=None),
            heard_until_ms=min((each[-1][1] for each in spans if each and each[-1][1] is not None), default=None),
            gaps=sum(max(0, len(each) - 1) for each in spans),
        )

    def _read_one(self, state: InstrumentState, first_ms: int) -> _Held:
        tape, instrument = state.derivatives.liquidations, state.instrument
        key = (id(tape), tape.version)
        held = self._held.get(instrument.id)
        if held is not None and held.key == key:
            return held
        sums: dict[int, tuple[float, float]] = {}
        for event in reversed(tape.events):
            if event.time_ms < first_ms:
                break
            value = notional_of(instrument, event.price, event.size)
            longs, shorts = sums.get(event.time_ms // MINUTE_MS * MINUTE_MS, (0.0, 0.0))
            is_long = event.side is PositionSide.LONG
            sums[event.time_ms // MINUTE_MS * MINUTE_MS] = (
                (longs + value, shorts) if is_long else (longs, shorts + value)
            )
        newest = tuple(
            LiquidationView(
                instrument, event.side, event.price, event.size, notional_of(instrument, event.price, event.size),
                event.time_ms,
            )
            for event in reversed(tape.events[-MOST_EVENTS:])
        )  # fmt: skip
        is_cut = len(tape.events) >= KEPT_LIQUIDATIONS
        made = self._held[instrument.id] = _Held(key, newest, sums, tape.events[0].time_ms if is_cut else 0)
        return made


def _minute(held: Sequence[_Held], open_ms: int, is_covered: bool) -> LiquidationMinute:
    cells = [each.sums[open_ms] for each in held if open_ms in each.sums]
    return LiquidationMinute(open_ms, sum(cell[0] for cell in cells), sum(cell[1] for cell in cells), is_covered)


def _is_covered(from_ms: int, to_ms: int, spans: Sequence[Sequence[Span]]) -> bool:
    """Whether every link was heard from the one time to the other."""
    return bool(spans) and all(
        any(begin <= from_ms and (end is None or end >= to_ms) for begin, end in each) for each in spans
    )
