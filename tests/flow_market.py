"""A seeded market in ticks and lots whose events order flow is tried on: as it is, mirrored, or on other grids."""

from __future__ import annotations

import random
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from virtuoso_desktop.analysis.orderflow import OrderFlowDimension
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import (
    Aggressor,
    BookDelta,
    BookSnapshot,
    Liquidation,
    MarketEvent,
    PositionSide,
    Trade,
)
from virtuoso_desktop.model.timeframe import Timeframe

BEGIN_MS = 1_771_012_800_000
MIDDLE = 20_000
"""Ticks about which the market is mirrored."""
DEPTH = 50


def instrument(
    tick: str = "0.5", lot: str = "0.25", *, quote: str = "EUR", kind: MarketKind = MarketKind.LINEAR
) -> Instrument:
    """By default not in dollars, so that no order is too small to be large."""
    identity = InstrumentId(Venue.BYBIT, kind, f"ABC{quote}")
    return Instrument(identity, "ABC", quote, quote, "Trading", "", Decimal(tick), Decimal(lot))


class Quote(NamedTuple):
    """New sizes of one level a side, ticks and lots; a whole book in the first."""

    time_ms: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class Fill(NamedTuple):
    time_ms: int
    ticks: int
    lots: int
    is_buy: bool
    sequence: int | None


class Forced(NamedTuple):
    time_ms: int
    is_long: bool
    lots: int


Step = Quote | Fill | Forced


def market(seed: int, seconds: int, *, trades_a_second: float = 2.0) -> list[Step]:
    """The first step is the whole book."""
    rng = random.Random(seed)
    bid, ask = MIDDLE - 1, MIDDLE + 1
    bids = {bid - n: rng.randint(1, 500) for n in range(40)}
    asks = {ask + n: rng.randint(1, 500) for n in range(40)}
    steps: list[Step] = [Quote(BEGIN_MS, tuple(bids.items()), tuple(asks.items()))]
    now_ms, sequence = BEGIN_MS, 1
    while now_ms < BEGIN_MS + seconds * 1_000:
        now_ms += rng.randint(1, 400)
        sequence += 1
        steps.append(_quote(rng, now_ms, bids, asks))
        if rng.random() < trades_a_second / 5:
            is_buy = rng.random() < 0.5 + 0.3 * ((now_ms // 60_000) % 3 - 1)
            for _ in range(rng.randint(1, 3)):
                lots = int(rng.lognormvariate(4.0, 1.5)) + 1
                steps.append(Fill(now_ms, min(asks) if is_buy else max(bids), lots, is_buy, sequence))
        if rng.random() < 0.02:
            steps.append(Forced(now_ms, rng.random() < 0.5, rng.randint(1, 50)))
    return [step for step in steps if step.time_ms < BEGIN_MS + seconds * 1_000]


def _quote(rng: random.Random, now_ms: int, bids: dict[int, int], asks: dict[int, int]) -> Quote:
    side, other, sign = (bids, asks, 1) if rng.random() < 0.5 else (asks, bids, -1)
    best = max(side) if sign > 0 else min(side)
    chance, place = rng.random(), best - sign * rng.randint(0, 6)
    if chance < 0.1 and best + sign not in other and len(other) > 10:
        place = best + sign
    lots = rng.randint(1, 500)
    if chance > 0.7 and place in side and len(side) > 10:
        lots = 0
        del side[place]
    else:
        side[place] = lots
    change = ((place, lots),)
    return Quote(now_ms, change, ()) if sign > 0 else Quote(now_ms, (), change)


def mirrored(steps: Iterable[Step]) -> list[Step]:
    """The same market upside down: prices about the middle, buyers and sellers, longs and shorts swapped."""
    turned: list[Step] = []
    for step in steps:
        if isinstance(step, Quote):
            bids, asks = (tuple((2 * MIDDLE - ticks, lots) for ticks, lots in side) for side in (step.asks, step.bids))
            turned.append(Quote(step.time_ms, bids, asks))
        elif isinstance(step, Fill):
            turned.append(step._replace(ticks=2 * MIDDLE - step.ticks, is_buy=not step.is_buy))
        else:
            turned.append(step._replace(is_long=not step.is_long))
    return turned


def events_of(steps: list[Step], subject: Instrument) -> list[MarketEvent]:
    """The steps as events on the grids of an instrument."""
    events: list[MarketEvent] = []
    update = 10
    for number, step in enumerate(steps):
        at_ms = step.time_ms
        if isinstance(step, Quote):
            bids, asks = (
                [(subject.to_price(ticks), subject.to_size(lots)) for ticks, lots in side]
                for side in (step.bids, step.asks)
            )
            if not number:
                events.append(BookSnapshot(subject.id, DEPTH, bids, asks, update, update, at_ms, at_ms, 0))
            else:
                update += 1
                events.append(BookDelta(subject.id, DEPTH, bids, asks, update - 1, update, update, at_ms + 3, at_ms, 0))
        elif isinstance(step, Fill):
            price, size = subject.to_price(step.ticks), subject.to_size(step.lots)
            side = Aggressor.BUY if step.is_buy else Aggressor.SELL
            events.append(Trade(subject.id, f"t{number}", price, size, side, at_ms, step.sequence, False, at_ms, 0))
        else:
            side = PositionSide.LONG if step.is_long else PositionSide.SHORT
            events.append(Liquidation(subject.id, side, 1.0, subject.to_size(step.lots), at_ms, at_ms, number))
    return events


class Alive:
    """Which topics are alive; all at first."""

    def __init__(self) -> None:
        self.trades = self.book = self.liquidations = True

    def trades_alive(self, now_ms: int) -> bool:
        return self.trades

    def book_alive(self, now_ms: int) -> bool:
        return self.book

    def liquidations_alive(self, now_ms: int) -> bool:
        return self.liquidations


class Watched:
    """A store with one instrument, and its order flow as a dimension that is sampled by the events."""

    def __init__(self, subject: Instrument) -> None:
        self.store = MarketStore((DEPTH,), (Timeframe.M1,))
        self.state: InstrumentState = self.store.add(subject)
        self.live = Alive()
        self.dimension = OrderFlowDimension(self.state, self.live)
        self.second = BEGIN_MS // 1_000

    def take(self, events: Iterable[MarketEvent], *, skips: bool = False) -> None:
        """Apply events, each second sampled before the first event of the next; with ``skips`` empty ones later."""
        for event in events:
            self.reach(event.match_ms or 0 if isinstance(event, BookDelta) else event.event_ms, skips=skips)
            self.store.apply(event)

    def reach(self, now_ms: int, *, skips: bool = False) -> None:
        """Time goes on."""
        now_s = now_ms // 1_000
        if now_s > self.second:
            for second in (now_s,) if skips else range(self.second + 1, now_s + 1):
                self.dimension.sample(second * 1_000)
            self.second = now_s
