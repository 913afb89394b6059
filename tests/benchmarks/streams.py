"""Order flow, order book and sentiment of 35 instruments sampled every second, books of 1000 levels a side."""

from __future__ import annotations

import random
import time

import msgspec
import numpy as np

from tests.benchmarks.outcome import Line, Outcome
from tests.flow_market import BEGIN_MS, MIDDLE, Alive, Fill, Forced, Quote, instrument, market
from virtuoso_desktop.engine.streams import Streams
from virtuoso_desktop.market.store import ANALYSED_DEPTH, InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import (
    Aggressor,
    BookDelta,
    BookSnapshot,
    FundingRate,
    Liquidation,
    LongShortRatio,
    MarketEvent,
    OpenInterest,
    PositionSide,
    Ticker,
    Trade,
)
from virtuoso_desktop.model.timeframe import MINUTE_MS

INSTRUMENTS = 35
WARM_S, MEASURED_S = 660, 60
HOUR_MS = 60 * MINUTE_MS


class Living(Alive):
    """Everything lives since long."""

    def liquidations_since_ms(self) -> int | None:
        return BEGIN_MS - HOUR_MS


def run(quick: bool) -> Outcome:
    instruments, warm_s, measured_s = (3, 20, 5) if quick else (INSTRUMENTS, WARM_S, MEASURED_S)
    store = MarketStore()
    life = Living()
    streams = Streams(store, lambda _: life)
    listen = store.second_began
    assert listen is not None
    times: list[float] = []

    def timed(state: InstrumentState, now_ms: int) -> None:
        begun = time.thread_time()
        listen(state, now_ms)
        times.append(time.thread_time() - begun)

    store.second_began = timed
    subjects = [_subject(number) for number in range(instruments)]
    for subject in subjects:
        _know(store.add(subject))
    steps = market(5, warm_s + measured_s)
    warm = 0
    for event in _events(steps, subjects):
        if not warm and event.event_ms >= BEGIN_MS + warm_s * 1_000:
            warm = len(times)
        store.apply(event)
    taken = np.array(times[warm:])
    assert streams.of(subjects[0].id) is not None
    return Outcome(
        "streams",
        [
            Line(f"{instruments} instruments once a second", 100 * float(taken.sum()) / measured_s, "% of a core", 2.0),
            Line("one instrument, one second: p99, CPU", float(np.percentile(taken, 99)) * 1_000, "ms", 5.0),
            Line("one instrument, one second: median, CPU", float(np.median(taken)) * 1_000, "ms"),
        ],
        {"samples": int(taken.size), "max_ms": float(taken.max()) * 1_000},
    )


def _subject(number: int) -> Instrument:
    subject = msgspec.structs.replace(instrument(lot="0.001", quote="USDT"), contract_type="LinearPerpetual")
    identity = InstrumentId(subject.id.venue, subject.id.market_kind, f"COIN{number}USDT")
    return msgspec.structs.replace(subject, id=identity)


def _know(state: InstrumentState) -> None:
    """History of candles, funding, open interest and ratios."""
    rng = np.random.default_rng(1)
    for timeframe, series in state.candles.items():
        closes = MIDDLE + np.cumsum(rng.integers(-3, 4, 300))
        times = BEGIN_MS - timeframe.duration_ms * np.arange(300, 0, -1)
        volume = rng.uniform(5, 10, 300)
        series.merge(np.vstack((times, closes, closes + 3, closes - 3, closes, volume, volume * closes)), BEGIN_MS)
        series.is_joined = True
    held, identity = state.derivatives, state.instrument.id
    held.funding.merge(FundingRate(identity, 0.0001 + 1e-5 * (n % 9), BEGIN_MS - n * 8 * HOUR_MS) for n in range(200))
    held.open_interest.merge(OpenInterest(identity, 1e6 + n % 97, BEGIN_MS - n * HOUR_MS) for n in range(720))
    held.long_short.merge(
        LongShortRatio(identity, 0.5 + 0.001 * (n % 50), 0.5 - 0.001 * (n % 50), BEGIN_MS - n * HOUR_MS)
        for n in range(720)
    )


def _events(steps: list[Quote | Fill | Forced], subjects: list[Instrument]) -> list[MarketEvent]:
    """The same market for every instrument, each with a whole book to begin with."""
    rng = random.Random(2)
    events: list[MarketEvent] = []
    for subject in subjects:
        id_, price, size = subject.id, subject.to_price, subject.to_size
        bids = [(price(MIDDLE - 1 - n), size(rng.randint(1, 5_000))) for n in range(1_000)]
        asks = [(price(MIDDLE + 1 + n), size(rng.randint(1, 5_000))) for n in range(1_000)]
        events.append(BookSnapshot(id_, ANALYSED_DEPTH, bids, asks, 1, 1, BEGIN_MS, BEGIN_MS, 0))
        fields: dict[str, float | None] = {"funding_rate": 0.0002, "funding_interval_h": 8.0, "open_interest": 1e6}
        events.append(Ticker(id_, True, fields, BEGIN_MS + 1, 0))
        update = 1
        for number, step in enumerate(steps[1:]):
            at_ms = step.time_ms
            if isinstance(step, Quote):
                update += 1
                changed = [[(price(ticks), size(lots)) for ticks, lots in side] for side in (step.bids, step.asks)]
                events.append(
                    BookDelta(id_, ANALYSED_DEPTH, *changed, update - 1, update, update, at_ms, at_ms, 0)
                )  # fmt: skip
            elif isinstance(step, Fill):
                side = Aggressor.BUY if step.is_buy else Aggressor.SELL
                events.append(
                    Trade(id_, f"t{number}", price(step.ticks), size(step.lots), side, at_ms, None, False, at_ms, 0)
                )
            else:
                side = PositionSide.LONG if step.is_long else PositionSide.SHORT
                events.append(Liquidation(id_, side, price(MIDDLE), size(step.lots), at_ms, at_ms, number))
    return sorted(events, key=lambda event: event.event_ms)
