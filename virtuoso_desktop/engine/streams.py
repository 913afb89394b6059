"""Order flow, order book and sentiment of all watched instruments, sampled inside the store and smoothed over time.

The store calls when the first event of a new second of venue time is about to be applied: what is sampled then is the
state at the end of the seconds before, whatever the batching. An instrument without events for seconds is sampled by
its next event, which also closes its candles; nothing is sampled by a reader. Imports numba: made in a worker.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import CELLS, STREAM_COUNT, STREAM_SHARES, STREAMS_WIDTH
from virtuoso_desktop.analysis.orderbook import OrderBookDimension
from virtuoso_desktop.analysis.orderflow import FlowLiveness, OrderFlowDimension
from virtuoso_desktop.analysis.recent_atr import ENOUGH, recent_atr
from virtuoso_desktop.analysis.sentiment import Sentiment, linear_twin
from virtuoso_desktop.analysis.stream_row import smooth
from virtuoso_desktop.analysis.streams import SAMPLE_MS, STREAM_DIMENSIONS, StreamDimension, half_life_s
from virtuoso_desktop.engine.kept_scales import VERSION, KeptScales
from virtuoso_desktop.engine.sealing import SeriesKey
from virtuoso_desktop.market.candles import CLOSE, HIGH, LOW
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.result import COMPONENTS, DimensionName
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

Floats = NDArray[np.float64]
log = logging.getLogger(__name__)

KEEP_EVERY_MS = 180_000
"""The scales of an instrument are put aside so often."""
FORGET_MS = 14 * DAY_MS
"""What is left of instruments that are not watched any more goes after this."""
OLDEST_ROW_MS = 60_000
"""A row sampled longer ago says nothing of now."""
SLOW_S = 30.0
"""Half-life from which a timeframe reads more seldom."""
SLOW_PACE_S = 5
_WIDTHS = [len(COMPONENTS[name]) for name in STREAM_DIMENSIONS]
_EDGES = [sum(_WIDTHS[:place]) for place in range(len(_WIDTHS) + 1)]


class Life(FlowLiveness, Protocol):
    """What the connections know of an instrument's topics; `liveness.InstrumentLife`."""

    def liquidations_since_ms(self) -> int | None: ...


class RecentAtr:
    """ATR of each timeframe of an instrument as of its last closed candle, from its newest candles.

    Parameters
    ----------
    state : InstrumentState
        Holds the candles.
    """

    def __init__(self, state: InstrumentState) -> None:
        self._state = state
        self._found: dict[Timeframe, tuple[int, float]] = {}

    def __call__(self, timeframe: Timeframe) -> float:
        """In ticks; NaN while history has not joined."""
        series = self._state.candles.get(timeframe)
        if series is None or not series.is_joined:
            return math.nan
        found = self._found.get(timeframe)
        if found is None or found[0] != series.base_version:
            rows = series.committed(ENOUGH)
            found = self._found[timeframe] = (series.base_version, recent_atr(rows[HIGH], rows[LOW], rows[CLOSE]))
        return found[1]


class _Group:
    """Timeframes of one instrument that are read at the same pace."""

    def __init__(self, timeframes: tuple[Timeframe, ...], pace_s: int) -> None:
        self.timeframes = timeframes
        self._pace_s = pace_s
        count = len(timeframes)
        self._half_lives_s: Floats = np.array([half_life_s(timeframe) for timeframe in timeframes])
        self._held: Floats = np.full((count, STREAM_COUNT), np.nan)
        self.cells: Floats = np.full((count, STREAM_COUNT, CELLS), np.nan)
        self.shares: Floats = np.ones((count, len(STREAM_DIMENSIONS)))
        self._parts = [
            [self.cells[place, begin:end] for begin, end in itertools.pairwise(_EDGES)] for place in range(count)
        ]
        self._second: int | None = None

    def read(self, dimensions: tuple[StreamDimension, ...], now_ms: int) -> None:
        """Read and smooth when it is time."""
        second, before = now_ms // SAMPLE_MS, self._second
        if before is not None and second // self._pace_s == before // self._pace_s:
            return
        self._second = second
        for timeframe, parts, shares in zip(self.timeframes, self._parts, self.shares, strict=True):
            for number, (dimension, part) in enumerate(zip(dimensions, parts, strict=True)):
                shares[number] = dimension.cells(timeframe, now_ms, part)
        passed_s = self._pace_s if before is None else second - before
        smooth(self.cells, self._held, 2.0 ** (-passed_s / self._half_lives_s))


class InstrumentStreams:
    """The three dimensions of one instrument.

    They are sampled every second. Timeframes that smooth over half a minute and more read them every five seconds:
    at the multiples, so that every candle closes with a reading of its own second.

    Parameters
    ----------
    state, twin : InstrumentState
        The instrument; for spot its linear twin, None when that is not watched.
    life, source_life : Life
        Topics of the instrument, and of the one whose sentiment it has.
    """

    def __init__(self, state: InstrumentState, twin: InstrumentState | None, life: Life, source_life: Life) -> None:
        self.state, self.twin = state, twin
        self.flow = OrderFlowDimension(state, life, tuple(state.candles))
        self.book = OrderBookDimension(state, life.book_alive, RecentAtr(state))
        self.sentiment = Sentiment(state, twin, liquidations_since_ms=source_life.liquidations_since_ms)
        self._dimensions: tuple[StreamDimension, ...] = (self.flow, self.book, self.sentiment)
        slow = tuple(each for each in state.candles if half_life_s(each) >= SLOW_S)
        fast = tuple(each for each in state.candles if each not in slow)
        self._groups = (_Group(fast, 1), _Group(slow, SLOW_PACE_S))
        self._places = {each: (group, place) for group in self._groups for place, each in enumerate(group.timeframes)}
        self.sampled_ms: int | None = None
        self.put_aside_ms = 0
        """When its scales were put aside last."""
        self.scales_since_ms: int | None = None
        """When an earlier run put aside the scales that this one began with."""

    @property
    def dimensions(self) -> dict[DimensionName, StreamDimension]:
        return dict(zip(STREAM_DIMENSIONS, self._dimensions, strict=True))

    def sample(self, now_ms: int) -> None:
        """Sample all dimensions at a whole second, and smooth."""
        self.sampled_ms = now_ms
        for dimension in self._dimensions:
            dimension.sample(now_ms)
        for group in self._groups:
            group.read(self._dimensions, now_ms)

    def row(self, timeframe: Timeframe) -> Floats:
        """The streams row as of the newest reading, a copy."""
        group, place = self._places[timeframe]
        row = np.empty(STREAMS_WIDTH)
        row[:STREAM_SHARES] = group.cells[place].ravel()
        row[STREAM_SHARES:] = group.shares[place]
        return row

    def warm_at_ms(self, timeframe: Timeframe) -> dict[DimensionName, int]:
        """When the scales of a dimension are known, of those that are not yet."""
        found = {name: dimension.warm_at_ms(timeframe) for name, dimension in self.dimensions.items()}
        return {name: at_ms for name, at_ms in found.items() if at_ms is not None}


class Streams:
    """The streams of all watched instruments.

    Parameters
    ----------
    store : MarketStore
        Calls at every new second of an instrument from now on.
    life_of : callable
        What the connections know of an instrument's topics.
    kept : KeptScales, optional
        What an earlier run left.
    """

    def __init__(
        self, store: MarketStore, life_of: Callable[[InstrumentId], Life], kept: KeptScales | None = None
    ) -> None:
        self._store = store
        self._life_of = life_of
        is_known = kept is not None and kept.version == VERSION
        self._kept_ms: dict[str, int] = dict(kept.kept_ms) if kept is not None and is_known else {}
        self._scales: dict[str, dict[str, bytes]] = dict(kept.scales) if kept is not None and is_known else {}
        self._held: dict[InstrumentId, InstrumentStreams] = {}
        store.second_began = self._sample

    def close(self) -> None:
        """Nothing is sampled any more."""
        self._store.second_began = None

    def of(self, instrument_id: InstrumentId) -> InstrumentStreams | None:
        """The streams of one instrument; None before its first event."""
        return self._held.get(instrument_id)

    def row(self, key: SeriesKey, now_ms: int) -> Floats | None:
        """The streams row of a series as of its newest sample, a copy; None when that is no more of now."""
        streams = self._held.get(key[0])
        if streams is None or streams.sampled_ms is None or now_ms - streams.sampled_ms > OLDEST_ROW_MS:
            return None
        return streams.row(key[1])

    def forget(self, instrument_id: InstrumentId) -> None:
        """An instrument is no longer watched, or its grids changed."""
        self._held.pop(instrument_id, None)

    def keep(self, now_ms: int, *, is_last: bool) -> KeptScales:
        """All scales, for the profile, as they were put aside; the last time as they are now.

        Those of instruments that are not watched now stay for a while.
        """
        if is_last:
            for streams in self._held.values():
                self._put_aside(streams, now_ms)
        kept_ms = {name: at_ms for name, at_ms in self._kept_ms.items() if now_ms - at_ms < FORGET_MS}
        return KeptScales(VERSION, kept_ms, {name: self._scales[name] for name in kept_ms})

    def _put_aside(self, streams: InstrumentStreams, now_ms: int) -> None:
        name = str(streams.state.instrument.id)
        self._kept_ms[name] = now_ms
        self._scales[name] = {each.value: dimension.keep() for each, dimension in streams.dimensions.items()}

    def _sample(self, state: InstrumentState, now_ms: int) -> None:
        """A second of an instrument began; called inside `MarketStore.apply`."""
        streams = self._held.get(state.instrument.id)
        if streams is None or streams.state is not state or self._twin(state) is not streams.twin:
            streams = self._begin(state, now_ms)
        streams.sample(now_ms)
        if now_ms - streams.put_aside_ms >= KEEP_EVERY_MS:
            streams.put_aside_ms = now_ms
            self._put_aside(streams, now_ms)

    def _twin(self, state: InstrumentState) -> InstrumentState | None:
        instrument_id = state.instrument.id
        if instrument_id.market_kind is not MarketKind.SPOT:
            return None
        return self._store.get(linear_twin(instrument_id))

    def _begin(self, state: InstrumentState, now_ms: int) -> InstrumentStreams:
        twin = self._twin(state)
        instrument_id = state.instrument.id
        source = instrument_id if twin is None else twin.instrument.id
        streams = InstrumentStreams(state, twin, self._life_of(instrument_id), self._life_of(source))
        self._held[instrument_id] = streams
        streams.put_aside_ms = now_ms
        kept = self._scales.get(str(instrument_id))
        if kept is not None:
            age_ms = now_ms - self._kept_ms[str(instrument_id)]
            streams.scales_since_ms = self._kept_ms[str(instrument_id)]
            taken = [
                name for name, each in streams.dimensions.items() if each.recall(kept.get(name.value, b""), age_ms)
            ]
            log.debug("%s: scales of an earlier run for %s", instrument_id, ", ".join(taken) or "nothing")
        return streams
