"""Order flow as a dimension of the score: pressure, imbalance, large trades, liquidations (analysis B.1, C.2, C.3).

Missing figures have these reasons. ``MISSING``: the stream never was there, or fewer than five trades came in a whole
candle. ``STALE``: it was there and is dead, or the candle's volume grows while no trades come. ``WARMUP``: the stream
is there, but not for long enough to fill the window or to know how large its figures usually are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import msgspec

from virtuoso_desktop.analysis.flow_scale import LEAST_S, LEAST_SAMPLES, FlowScale, KeptScale
from virtuoso_desktop.analysis.layout import (
    AGE_MS,
    DEGENERATE,
    FRESH,
    MISSING,
    NONE,
    NOT_APPLICABLE,
    QUALITY,
    REASON,
    STALE,
    VALUE,
    WARMUP,
    C,
)
from virtuoso_desktop.analysis.streams import SAMPLE_MS, Floats, window_s
from virtuoso_desktop.market.flow import InstrumentFlow
from virtuoso_desktop.market.orders import KeptSizes
from virtuoso_desktop.market.second_sums import WINDOW_S
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe

PRESSURE, IMBALANCE, LARGE_TRADES, LIQUIDATIONS = range(4)
"""Rows of the cells, in the order of `model.result.COMPONENTS`."""
LEAST_TRADES = 5
"""The window grows until it holds so many."""
LEAST_RMS = 0.05
SILENCE_MS = 30_000
"""Volume may grow this long without a trade before the trades count as dead."""
LAG_MS = 5_000
"""A candle may tell of a trade so much later than the trade itself."""
OLDEST_KEPT_MS = 86_400_000
MOST_CAUGHT_UP_S = 120
"""Skipped seconds are sampled later, the newest so many of them."""
SAMPLE_TRADES = 30
"""So many trades are half of a full sample."""


class FlowLiveness(Protocol):
    """What the connections know: whether a topic is subscribed and gave a sign of life lately."""

    def trades_alive(self, now_ms: int) -> bool: ...

    def book_alive(self, now_ms: int) -> bool: ...

    def liquidations_alive(self, now_ms: int) -> bool: ...


class KeptFlow(msgspec.Struct, frozen=True):
    """Scales as they are kept between runs; those in lots are of one grid only."""

    lot_step: str
    pressure: dict[str, KeptScale]
    """By timeframe."""
    imbalance: dict[int, KeptScale]
    """By length of the window in seconds."""
    sizes: KeptSizes


class _Window(NamedTuple):
    """The newest trades of a timeframe: the window w, grown until it holds enough."""

    span_s: int
    trades: int


class OrderFlowDimension:
    """Order flow of one instrument; a `StreamDimension`.

    Parameters
    ----------
    state : InstrumentState
        The instrument, whose flow is kept.
    live : FlowLiveness
        Which of its topics are alive.
    timeframes : iterable of Timeframe
        Those that are scored.
    """

    def __init__(
        self, state: InstrumentState, live: FlowLiveness, timeframes: Iterable[Timeframe] = ANALYSED_TIMEFRAMES
    ) -> None:
        if state.flow is None:
            raise ValueError(f"{state.instrument.id}: its order flow is not kept")
        self._state = state
        self._flow: InstrumentFlow = state.flow
        self._live = live
        self._timeframes = tuple(timeframes)
        self._most_s = {each: min(each.duration_ms // 1_000, WINDOW_S) for each in self._timeframes}
        scales = {(window_s(each), self._most_s[each]): FlowScale() for each in self._timeframes}
        self._pressure = {each: scales[window_s(each), self._most_s[each]] for each in self._timeframes}
        """Timeframes of equal windows share a scale."""
        self._pressures = [(window, most, scale) for (window, most), scale in scales.items()]
        self._imbalance = {window_s(each): FlowScale() for each in self._timeframes}
        self._since_s: int | None = None
        self._second = -1
        """The newest sampled one."""
        self._trades_since_s: int | None = None
        """When trades were first alive; earlier ones may be known from REST."""
        self._liquidations_since_s: int | None = None
        """Since when liquidations are alive without a break."""
        self._silence = _Silence()

    # --- once a second ---------------------------------------------------------------------------------------------

    def sample(self, now_ms: int) -> None:
        """Take notice of the state at a whole second; seconds that were skipped are sampled first.

        Nothing may have come since the first of the skipped seconds but what belongs before it.
        """
        now_s = now_ms // SAMPLE_MS
        if now_s <= self._second:
            return
        if self._since_s is None:
            self._since_s = now_s
            self._second = now_s - 1
        if self._trades_since_s is None and self._live.trades_alive(now_ms):
            self._trades_since_s = now_s
        for second in range(max(self._second + 1, now_s - MOST_CAUGHT_UP_S + 1), now_s + 1):
            self._sample_at(second)
        self._second = now_s
        if not self._live.liquidations_alive(now_ms):
            self._liquidations_since_s = None
        elif self._liquidations_since_s is None:
            self._liquidations_since_s = now_s

    def _sample_at(self, second: int) -> None:
        for least_s, most_s, scale in self._pressures:
            window = self._window(second, least_s, most_s)
            if window is not None and self._is_filled(second, least_s):
                scale.add(self._taker_imbalance(second, window.span_s), second)
        quotes = self._flow.quotes
        if quotes.book.is_valid and not quotes.book.is_crossed:
            known_s = second - quotes.sums.first
            for window_length_s, scale in self._imbalance.items():
                if known_s >= window_length_s:
                    scale.add(float(quotes.imbalance(second - window_length_s, second)), second)
        self._silence.look(self._state, self._flow, second * SAMPLE_MS)

    # --- the components --------------------------------------------------------------------------------------------

    def cells(self, timeframe: Timeframe, now_ms: int, out: Floats) -> float:
        """Write the four components as they are now; returns n / (n + 30) of the window's trades."""
        second = now_ms // SAMPLE_MS
        least_s, most_s = window_s(timeframe), self._most_s[timeframe]
        window = self._window(second, least_s, most_s)
        out[:] = math.nan
        out[:, QUALITY] = 1.0
        out[:, FRESH] = 1.0
        out[:, REASON] = NONE
        reason, fresh = self._trades_state(now_ms)
        if not reason:
            reason = self._why_few(window, second, timeframe)
        newest_ms = self._flow.trades.newest_ms
        for row in (PRESSURE, LARGE_TRADES):
            out[row, FRESH] = fresh
            out[row, REASON] = reason
            if newest_ms is not None:
                out[row, AGE_MS] = max(now_ms - newest_ms, 0)
        if window is not None and not reason:
            self._write_pressure(timeframe, second, window.span_s, out)
            self._write_large(second, window.span_s, out)
        self._write_imbalance(least_s, now_ms, out)
        self._write_liquidations(least_s, now_ms, out)
        count = self._flow.trades.count(second - most_s, second) if window is None else window.trades
        return count / (count + SAMPLE_TRADES)

    def _write_pressure(self, timeframe: Timeframe, second: int, span_s: int, out: Floats) -> None:
        imbalance = self._taker_imbalance(second, span_s)
        scale = self._pressure[timeframe]
        out[PRESSURE, VALUE] = imbalance
        if scale.is_known(second):
            out[PRESSURE, C] = math.tanh(imbalance / (1.5 * max(scale.rms, LEAST_RMS)))
        else:
            out[PRESSURE, REASON] = WARMUP

    def _write_large(self, second: int, span_s: int, out: Floats) -> None:
        trades = self._flow.trades
        share = trades.large(second - span_s, second) / trades.volume(second - span_s, second)
        out[LARGE_TRADES, VALUE] = share
        if self._sizes_known(second):
            out[LARGE_TRADES, C] = math.tanh(share / 0.1)
        else:
            out[LARGE_TRADES, REASON] = WARMUP

    def _write_imbalance(self, length_s: int, now_ms: int, out: Floats) -> None:
        quotes, second = self._flow.quotes, now_ms // SAMPLE_MS
        if quotes.newest_ms is None:
            out[IMBALANCE, REASON] = MISSING
            return
        out[IMBALANCE, AGE_MS] = max(now_ms - quotes.newest_ms, 0)
        if not quotes.book.is_valid or quotes.book.is_crossed or not self._live.book_alive(now_ms):
            out[IMBALANCE, REASON] = STALE
            return
        scale, lots = self._imbalance[length_s], quotes.imbalance(second - length_s, second)
        out[IMBALANCE, VALUE] = self._coins(lots)
        if second - quotes.sums.first < length_s or not scale.is_known(second):
            out[IMBALANCE, REASON] = WARMUP
            return
        rms = scale.rms
        out[IMBALANCE, C] = math.tanh(lots / (2.0 * rms)) if rms else 0.0
        out[IMBALANCE, REASON] = NONE if rms else DEGENERATE

    def _write_liquidations(self, length_s: int, now_ms: int, out: Floats) -> None:
        liquidations, second = self._flow.liquidations, now_ms // SAMPLE_MS
        if liquidations.newest_ms is not None:
            out[LIQUIDATIONS, AGE_MS] = max(now_ms - liquidations.newest_ms, 0)
        reason = self._liquidations_state(length_s, now_ms)
        bought, sold = liquidations.forced(second - length_s, second)
        volume = self._flow.trades.volume(second - length_s, second)
        if not reason and (bought or sold) and not volume:
            reason = MISSING
        out[LIQUIDATIONS, REASON] = reason
        if not reason:
            pressure = (bought - sold) / volume if volume else 0.0
            out[LIQUIDATIONS, VALUE] = pressure
            out[LIQUIDATIONS, C] = math.tanh(pressure / 0.02)

    def _trades_state(self, now_ms: int) -> tuple[int, float]:
        """Reason why trades do not count, and how fresh they are."""
        if not self._live.trades_alive(now_ms):
            return (MISSING if self._flow.trades.newest_ms is None else STALE), 0.0
        silent_ms = self._silence.length_ms(now_ms)
        if silent_ms >= SILENCE_MS:
            return STALE, 0.0
        return NONE, min(1.0, 2.0 - silent_ms / (SILENCE_MS / 2))

    def _why_few(self, window: _Window | None, second: int, timeframe: Timeframe) -> int:
        """Reason when there is no window, or it began before the trades did."""
        if window is None:
            return MISSING if self._is_filled(second, self._most_s[timeframe]) else WARMUP
        return NONE if self._is_filled(second, window_s(timeframe)) else WARMUP

    def _liquidations_state(self, length_s: int, now_ms: int) -> int:
        if self._state.instrument.id.market_kind is MarketKind.SPOT:
            return NOT_APPLICABLE
        if not self._live.liquidations_alive(now_ms):
            return MISSING if self._flow.liquidations.newest_ms is None else STALE
        trades_reason, _ = self._trades_state(now_ms)
        if trades_reason:
            return trades_reason
        since_s, second = self._liquidations_since_s, now_ms // SAMPLE_MS
        return WARMUP if since_s is None or second - since_s < length_s else NONE

    def _window(self, second: int, least_s: int, most_s: int) -> _Window | None:
        trades = self._flow.trades
        span_s = trades.seconds_holding(LEAST_TRADES, second, least_s, most_s)
        return None if span_s is None else _Window(span_s, trades.count(second - span_s, second))

    def _is_filled(self, second: int, length_s: int) -> bool:
        """Whether trades were watched for as long as that."""
        first_s, since_s = self._flow.trades.sums.first, self._trades_since_s
        if since_s is None or 0 <= first_s < since_s:
            since_s = first_s
        return since_s >= 0 and second - since_s >= length_s

    def _taker_imbalance(self, second: int, span_s: int) -> float:
        """(B - S) / (B + S) of the window, TI."""
        window = self._flow.trades.sums
        bought = window.between(0, second - span_s, second)
        sold = window.between(1, second - span_s, second)
        return (bought - sold) / (bought + sold)

    def _sizes_known(self, second: int) -> bool:
        sizes = self._flow.trades.sizes
        since_s = self._since_s
        is_old_enough = since_s is not None and second - since_s >= LEAST_S
        return sizes.is_recalled or (sizes.count >= LEAST_SAMPLES and is_old_enough)

    def _coins(self, lots: int) -> float:
        """Lots in base coin; those of an inverse contract are dollars, turned by the mid price."""
        instrument = self._state.instrument
        size = instrument.to_size(lots)
        if instrument.id.market_kind is not MarketKind.INVERSE:
            return size
        book = self._flow.quotes.book
        if not book.is_two_sided:
            return math.nan
        return size / ((book.best_bid + book.best_ask) / 2 * float(instrument.tick_size))

    # --- warm-up, and what is kept between runs --------------------------------------------------------------------

    def warm_at_ms(self, timeframe: Timeframe) -> int | None:
        """When all scales are known if the streams go on; None when nothing is warming up."""
        second, since_s = self._second, self._since_s
        if since_s is None:
            return None
        known_s: list[int] = []
        now_ms = second * SAMPLE_MS
        if self._live.trades_alive(now_ms):
            if not self._pressure[timeframe].is_known(second):
                known_s.append(self._pressure[timeframe].known_at(second, since_s + window_s(timeframe)))
            if not self._sizes_known(second):
                known_s.append(self._sizes_known_at(second, since_s))
        imbalance = self._imbalance[window_s(timeframe)]
        if self._live.book_alive(now_ms) and not imbalance.is_known(second):
            known_s.append(imbalance.known_at(second, since_s + window_s(timeframe)))
        return max(known_s) * SAMPLE_MS if known_s else None

    def _sizes_known_at(self, second: int, since_s: int) -> int:
        """By the pace of the orders so far."""
        count = self._flow.trades.sizes.count
        pace = max(count, 1) / max(second - since_s, 1)
        return max(since_s + LEAST_S, second + math.ceil(max(LEAST_SAMPLES - count, 0) / pace))

    def keep(self) -> bytes:
        """The scales that are known, for the profile."""
        second = self._second
        kept = KeptFlow(
            lot_step=str(self._state.instrument.lot_step),
            pressure={each.value: scale.keep() for each, scale in self._pressure.items() if scale.is_known(second)},
            imbalance={length: scale.keep() for length, scale in self._imbalance.items() if scale.is_known(second)},
            sizes=self._flow.trades.sizes.keep(),
        )
        return msgspec.json.encode(kept)

    def recall(self, kept: bytes, age_ms: int) -> bool:
        """Take the scales of an earlier run; False when they are too old, of another grid, or not readable."""
        if not 0 <= age_ms < OLDEST_KEPT_MS:
            return False
        try:
            flow = msgspec.json.decode(kept, type=KeptFlow)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if flow.lot_step != str(self._state.instrument.lot_step):
            return False
        recalled = [
            *(
                self._pressure[each].recall(flow.pressure[each.value])
                for each in self._timeframes
                if each in flow.pressure
            ),
            *(
                scale.recall(flow.imbalance[length])
                for length, scale in self._imbalance.items()
                if length in flow.imbalance
            ),
        ]
        if flow.sizes.count >= LEAST_SAMPLES:
            recalled.append(self._flow.trades.sizes.recall(flow.sizes))
        return bool(recalled) and all(recalled)


class _Silence:
    """Since when a candle's volume grows although no trade comes."""

    __slots__ = ("_candle", "_newest_ms", "_since_ms", "_trades_at_ms")

    def __init__(self) -> None:
        self._candle: tuple[int, float] | None = None
        """Open and volume of the newest candle when a trade had last been seen; None before the first look."""
        self._newest_ms: int | None = None
        self._trades_at_ms = 0
        self._since_ms: int | None = None

    def look(self, state: InstrumentState, flow: InstrumentFlow, now_ms: int) -> None:
        """Compare with the second before."""
        series = state.candles.get(Timeframe.M1)
        if series is None or not len(series):
            return
        columns = series.columns
        candle = (int(columns[0, -1]), float(columns[5, -1]))
        if self._candle is None or flow.trades.newest_ms != self._newest_ms:
            self._newest_ms = flow.trades.newest_ms
            self._trades_at_ms = now_ms
            self._since_ms = None
            self._candle = candle
        elif now_ms - self._trades_at_ms <= LAG_MS:
            self._candle = candle
        elif self._since_ms is None and _has_grown(self._candle, candle):
            self._since_ms = now_ms

    def length_ms(self, now_ms: int) -> int:
        return 0 if self._since_ms is None else max(now_ms - self._since_ms, 0)


def _has_grown(before: tuple[int, float], now: tuple[int, float]) -> bool:
    return now[1] > before[1] if now[0] == before[0] else now[0] > before[0] and now[1] > 0.0
