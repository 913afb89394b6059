"""A seeded market of one instrument with everything that the six dimensions read, and a run of the analysis over it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np

from tests.flow_market import BEGIN_MS, DEPTH, MIDDLE, events_of, market
from virtuoso_desktop.engine.analysed_series import AnalysedSeries
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.engine.analysis_run import AnalysisRun
from virtuoso_desktop.engine.kept_scales import KeptScales
from virtuoso_desktop.engine.streams import Streams
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import (
    BookDelta,
    BookSnapshot,
    Candle,
    FundingRate,
    Liquidation,
    LongShortRatio,
    MarketEvent,
    OpenInterest,
    Ticker,
    Trade,
)
from virtuoso_desktop.model.result import Confluence
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.storage.analysis_journal import Restored
from virtuoso_desktop.storage.evaluations import CELLS, History
from virtuoso_desktop.storage.ledger_rows import LedgerRow, Transition, canonical

TIMEFRAMES = (Timeframe.M1, Timeframe.M5)
HISTORY = 300
HOUR_MS = 60 * MINUTE_MS
FEEDS = {"trades": Trade, "book": BookDelta, "liquidations": Liquidation}


class Alive:
    """What the connections would say: each topic lives from ``since`` until the time at which it is lost."""

    def __init__(self) -> None:
        self.lost_ms: dict[str, int] = {}

    def lives(self, feed: str, now_ms: int) -> bool:
        return now_ms < self.lost_ms.get(feed, 1 << 60)

    def trades_alive(self, now_ms: int) -> bool:
        return self.lives("trades", now_ms)

    def book_alive(self, now_ms: int) -> bool:
        return self.lives("book", now_ms)

    def liquidations_alive(self, now_ms: int) -> bool:
        return self.lives("liquidations", now_ms)

    def liquidations_since_ms(self) -> int | None:
        return None if self.lost_ms.get("liquidations", 1) <= BEGIN_MS else BEGIN_MS


class KeptJournal:
    """Holds what was put, in order."""

    def __init__(self) -> None:
        self.put_: list[tuple[Confluence, tuple[Transition, ...], bytes | None]] = []

    def put(self, result: Confluence, transitions: Sequence[Transition] = (), state: bytes | None = None) -> None:
        self.put_.append((result, tuple(transitions), state))

    async def restore(self) -> Restored:
        return Restored({}, {})

    async def history(self, instrument_id: InstrumentId, timeframe: Timeframe) -> History:
        return History(np.empty(0, np.int64), np.empty(0, CELLS), ())

    async def newest_rows(self, limit: int) -> list[LedgerRow]:
        return []

    def results(self, instrument_id: InstrumentId, timeframe: Timeframe = Timeframe.M1) -> list[Confluence]:
        return [each for each, _, _ in self.put_ if (each.instrument_id, each.timeframe) == (instrument_id, timeframe)]

    def ledger(self) -> list[bytes]:
        """Every byte of what is kept."""
        kept: list[bytes] = []
        for result, transitions, state in self.put_:
            kept.append(msgspec.json.encode(result) + (state or b""))
            kept += [canonical(each.row(1, "0" * 64)) for each in transitions]
        return kept


def whole_market(subject: Instrument, seed: int, minutes: int, *, trades_a_second: float = 2.0) -> list[MarketEvent]:
    """Order book, trades, liquidations, tickers and the candles of `TIMEFRAMES`, by the time of their frames."""
    events = events_of(market(seed, minutes * 60, trades_a_second=trades_a_second), subject)
    rng = random.Random(seed)
    price = subject.to_price(MIDDLE)
    trades = [event for event in events if isinstance(event, Trade)]
    for timeframe in TIMEFRAMES:
        events += _candles(subject, timeframe, trades, minutes)
    for second in range(0, minutes * 60, 2):
        fields: dict[str, float | None] = {
            "last_price": price, "funding_rate": 0.0001, "funding_interval_h": 8.0,
            "open_interest": 1e6 + second + rng.random(),
        }  # fmt: skip
        events.append(Ticker(subject.id, not second, fields, BEGIN_MS + second * 1_000 + 700, 0))
    return sorted(events, key=_frame_ms)


def _frame_ms(event: MarketEvent) -> int:
    return event.event_ms


def _candles(subject: Instrument, timeframe: Timeframe, trades: list[Trade], minutes: int) -> list[MarketEvent]:
    found: list[MarketEvent] = []
    close = subject.to_price(MIDDLE)
    for open_ms in range(BEGIN_MS, BEGIN_MS + minutes * MINUTE_MS, timeframe.duration_ms):
        close_ms = open_ms + timeframe.duration_ms
        if close_ms > BEGIN_MS + minutes * MINUTE_MS:
            break
        mine = [trade for trade in trades if open_ms <= trade.time_ms < close_ms]
        prices = [close, *(trade.price for trade in mine)]
        volume = sum(trade.size for trade in mine)
        turnover = sum(trade.size * trade.price for trade in mine)
        close = prices[-1]
        found.append(
            Candle(
                subject.id, timeframe, open_ms, prices[0], max(prices), min(prices), close, volume, turnover, True,
                close_ms + 40, 0,
            )
        )  # fmt: skip
    return found


class Run:
    """The analysis and its streams over a store that is fed by hand."""

    def __init__(self, core: AnalysisCore, subjects: Iterable[Instrument], kept: KeptScales | None = None) -> None:
        self.now_ms = BEGIN_MS
        self.store = MarketStore((DEPTH,), TIMEFRAMES)
        self.journal = KeptJournal()
        self.alive = Alive()
        self.analysis = AnalysisRun(
            self.store, self.journal, lambda: self.now_ms, lambda: core, lambda _: 3, lambda: self.now_ms * 1_000_000
        )
        self.analysis.core = core
        self.streams = Streams(self.store, lambda _: self.alive, kept)
        self.analysis.streams = self.streams.row
        for subject in subjects:
            self._hold(self.store.add(subject))
        self.settle()

    def _hold(self, state: InstrumentState) -> None:
        for timeframe, series in state.candles.items():
            rng = np.random.default_rng(7)
            closes = MIDDLE + np.cumsum(rng.integers(-3, 4, HISTORY))
            opens = np.concatenate(([MIDDLE], closes[:-1]))
            times = BEGIN_MS - timeframe.duration_ms * np.arange(HISTORY, 0, -1)
            high, low = np.maximum(opens, closes) + 3, np.minimum(opens, closes) - 3
            volume = rng.uniform(50, 100, HISTORY)
            turnover = volume * closes * float(state.instrument.tick_size)
            series.merge(np.vstack((times, opens, high, low, closes, volume, turnover)), BEGIN_MS)
            series.is_joined = True
        held, identity = state.derivatives, state.instrument.id
        begin_ms = BEGIN_MS // HOUR_MS * HOUR_MS
        held.funding.merge(
            FundingRate(identity, 0.0001 + 0.00005 * (n % 5), begin_ms - n * 8 * HOUR_MS) for n in range(100)
        )
        held.open_interest.merge(
            OpenInterest(identity, 1e6 + 500.0 * (n % 7), begin_ms - n * HOUR_MS) for n in range(700)
        )
        held.long_short.merge(
            LongShortRatio(identity, 0.5 + 0.01 * (n % 4), 0.5 - 0.01 * (n % 4), begin_ms - n * HOUR_MS)
            for n in range(700)
        )

    def take(self, events: Iterable[MarketEvent], settle_every: Callable[[int], bool] = lambda _: False) -> None:
        """Apply events; the analysis works whenever it is told to, and at the end."""
        for number, event in enumerate(events):
            self.now_ms = max(self.now_ms, event.event_ms)
            self.store.apply(event)
            if settle_every(number):
                self.settle()
        self.settle()

    def settle(self) -> None:
        """Everything that can be done is done."""
        self.analysis._look_around()
        while self.analysis._work_a_turn():
            pass

    def series(self, subject: Instrument, timeframe: Timeframe = Timeframe.M1) -> AnalysedSeries:
        found = self.analysis.series((subject.id, timeframe))
        assert found is not None
        return found


def without(events: Iterable[MarketEvent], feed: str, from_ms: int = 0) -> list[MarketEvent]:
    """What comes when one feed brings nothing any more."""
    kinds = (BookDelta, BookSnapshot) if feed == "book" else (FEEDS[feed],)
    return [event for event in events if not (isinstance(event, kinds) and event.event_ms >= from_ms)]
