"""Open interest and price: whether a move is carried by new positions or left by closed ones (analysis B.4 N2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import DEGENERATE, GAP, MISSING, NONE, NOT_APPLICABLE, STALE, WARMUP
from virtuoso_desktop.analysis.positioning import (
    HOUR_MS,
    LEAST_HOURS,
    PERIOD_LIMIT_MS,
    Reading,
    absent,
    freshness,
    live_value_age_ms,
)
from virtuoso_desktop.market.candles import CLOSE, HIGH, LOW, OPEN_MS, CandleSeries
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import Instrument, MarketKind, Venue
from virtuoso_desktop.model.market import OpenInterest
from virtuoso_desktop.model.timeframe import Timeframe

Floats = NDArray[np.float64]

MINUTE_5_MS = 300_000
LEAST_ATR_ROWS = 15
ATR_ROWS = 250
ATR_LENGTH = 14
LEAST_INTEREST_Z = 0.5
LEAST_MOVE_ATR = 0.25
OPENING, CLOSING = 1.0, 0.3
"""Weight of a move that new positions carry, and of one that closed positions leave."""
COUNTS_BOTH_SIDES = frozenset({Venue.BYBIT})
"""Venues whose open interest counts every contract twice, for its long and for its short."""


class InterestHistory:
    """Open interest by the hour, one side, and the usual size of its changes."""

    def __init__(self) -> None:
        self._version = -1
        self.times_ms: Floats = np.empty(0)
        self.values: Floats = np.empty(0)
        self._spreads: dict[int, float] = {}

    def update(self, points: Sequence[OpenInterest], version: int, sides: int) -> None:
        """Take the list, if it is another one; ``sides`` is how often the venue counts a contract."""
        if version == self._version:
            return
        self._version = version
        good = [point for point in points if point.open_interest > 0.0]
        self.times_ms = np.array([point.time_ms for point in good], dtype=np.float64)
        self.values = np.array([point.open_interest for point in good]) / sides
        self._spreads.clear()

    def spread_pct(self, window_ms: int) -> float:
        """Standard deviation of the changes over a window, per cent; NaN for too few. Holes have no changes."""
        spread = self._spreads.get(window_ms)
        if spread is None:
            places = np.searchsorted(self.times_ms, self.times_ms - window_ms)
            same = self.times_ms[places] == self.times_ms - window_ms if self.times_ms.size else np.empty(0, np.bool_)
            changes = 100.0 * (self.values[same] / self.values[places[same]] - 1.0)
            spread = float(np.std(changes)) if changes.size >= LEAST_HOURS else math.nan
            self._spreads[window_ms] = spread
        return spread


class InterestReading(NamedTuple):
    """Change of open interest as of now."""

    reading: Reading
    change_pct: float
    z: float
    move_atr: float
    """Change of the price over the same time in ATR of the window's timeframe."""


class RangeHistory:
    """ATR of the timeframes that windows have, worked out once per closed candle."""

    def __init__(self) -> None:
        self._held: dict[Timeframe, tuple[int, float]] = {}

    def atr_ticks(self, series: CandleSeries | None) -> float:
        """Wilder's mean true range of 14 closed candles; NaN for too few."""
        if series is None:
            return math.nan
        held = self._held.get(series.timeframe)
        if held is None or held[0] != series.base_version:
            held = self._held[series.timeframe] = (series.base_version, wilder_atr(series.committed(ATR_ROWS)))
        return held[1]


def wilder_atr(rows: Floats) -> float:
    """ATR14 after the last of the rows, shape (7, n); NaN for fewer than 15 (analysis A.5)."""
    if rows.shape[1] < LEAST_ATR_ROWS:
        return math.nan
    high, low, before = rows[HIGH, 1:], rows[LOW, 1:], rows[CLOSE, :-1]
    ranges = np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before))).tolist()
    atr = sum(ranges[:ATR_LENGTH]) / ATR_LENGTH
    for each in ranges[ATR_LENGTH:]:
        atr = ((ATR_LENGTH - 1) * atr + each) / ATR_LENGTH
    return atr


def window_of(timeframe: Timeframe) -> Timeframe:
    """The timeframe over which open interest is looked at: not less than an hour."""
    return timeframe if timeframe.duration_ms > HOUR_MS else Timeframe.H1


def sides_of(instrument: Instrument) -> int:
    """How often the venue's open interest counts a contract."""
    return 2 if instrument.id.venue in COUNTS_BOTH_SIDES else 1


def one_sided_interest(state: InstrumentState) -> float | None:
    """Open interest of one side now: as the venue tells it, else half of what it counts twice; coins, inverse USD."""
    single = state.ticker.value("single_open_interest")
    if single is not None:
        return single
    counted = state.ticker.value("open_interest")
    return None if counted is None else counted / sides_of(state.instrument)


def interest_change(
    state: InstrumentState, history: InterestHistory, ranges: RangeHistory, window: Timeframe, now_ms: int
) -> InterestReading:
    """N2: whether positions open or close while the price moves.

    Parameters
    ----------
    history, ranges : InterestHistory, RangeHistory
        Worked out before; brought up to date here.
    window : Timeframe
        See `window_of`.

    Notes
    -----
    Both ends are what the venue calls open interest, halved alike: its figure for one side is never set against them.
    """
    nothing = (math.nan,) * 3
    if state.instrument.id.market_kind is MarketKind.SPOT:
        return InterestReading(absent(NOT_APPLICABLE), *nothing)
    lists, sides = state.derivatives.open_interest, sides_of(state.instrument)
    history.update(lists.points, lists.version, sides)
    times_ms, values = history.times_ms, history.values
    live_age_ms, live = live_value_age_ms(state, now_ms), state.ticker.value("open_interest")
    is_live = live_age_ms is not None and live is not None and live > 0.0
    if is_live and live_age_ms is not None and live is not None:
        end_ms, end, age_ms = float(now_ms), live / sides, live_age_ms
    elif times_ms.size:
        end_ms, end = float(times_ms[-1]), float(values[-1])
        age_ms = max(0.0, now_ms - end_ms)
    else:
        return InterestReading(absent(MISSING), *nothing)
    if age_ms > PERIOD_LIMIT_MS:
        return InterestReading(absent(STALE, age_ms), *nothing)
    start_ms = end_ms - window.duration_ms
    begin, why = _interest_at(history, start_ms, (end_ms, end))
    if why != NONE:
        return InterestReading(absent(why, age_ms), *nothing)
    change_pct = 100.0 * (end / begin - 1.0)
    fresh = freshness(age_ms, PERIOD_LIMIT_MS)
    spread = history.spread_pct(window.duration_ms)
    move, why = _move_atr(state, ranges, window, (start_ms, None if is_live else end_ms))
    if math.isnan(spread) or why == WARMUP:
        return InterestReading(Reading(math.nan, change_pct, fresh, age_ms, WARMUP), change_pct, math.nan, move)
    if why == MISSING:
        return InterestReading(Reading(math.nan, change_pct, fresh, age_ms, MISSING), change_pct, math.nan, move)
    if why == DEGENERATE or spread == 0.0:
        z = math.nan if spread == 0.0 else change_pct / spread
        return InterestReading(Reading(0.0, change_pct, fresh, age_ms, DEGENERATE), change_pct, z, move)
    z = change_pct / spread
    return InterestReading(Reading(quadrant(z, move), change_pct, fresh, age_ms, NONE), change_pct, z, move)


def quadrant(z: float, move_atr: float) -> float:
    """C of a change of open interest (in its spread) while the price moved (in ATR)."""
    if abs(z) < LEAST_INTEREST_Z or abs(move_atr) < LEAST_MOVE_ATR:
        return 0.0
    return math.copysign((OPENING if z > 0.0 else CLOSING) * min(1.0, abs(z) / 2.0), move_atr)


def _interest_at(history: InterestHistory, at_ms: float, end: tuple[float, float]) -> tuple[float, int]:
    """Open interest at a time on the line between its neighbours, or why it is not known."""
    times_ms, values = history.times_ms, history.values
    place = int(np.searchsorted(times_ms, at_ms, side="right"))
    if place == 0:
        return math.nan, WARMUP if times_ms.size else MISSING
    left_ms, left = float(times_ms[place - 1]), float(values[place - 1])
    right_ms, right = (float(times_ms[place]), float(values[place])) if place < times_ms.size else end
    if at_ms == left_ms:
        return left, NONE
    if right_ms - left_ms > 2 * HOUR_MS:
        return math.nan, STALE if place == times_ms.size and end[0] - left_ms > PERIOD_LIMIT_MS else GAP
    return left + (right - left) * (at_ms - left_ms) / (right_ms - left_ms), NONE


def _move_atr(
    state: InstrumentState, ranges: RangeHistory, window: Timeframe, between_ms: tuple[float, float | None]
) -> tuple[float, int]:
    """Change of the price between two times, the second None for now; in ATR, or why not."""
    atr = ranges.atr_ticks(state.candles.get(window))
    if math.isnan(atr):
        return math.nan, WARMUP
    begin = _close_at(state, between_ms[0])
    last = state.ticker.value("last_price")
    if between_ms[1] is not None:
        end = _close_at(state, between_ms[1])
    else:
        end = math.nan if last is None else last / float(state.instrument.tick_size)
    if math.isnan(begin) or math.isnan(end):
        return math.nan, MISSING
    return (math.nan, DEGENERATE) if atr == 0.0 else ((end - begin) / atr, NONE)


def _close_at(state: InstrumentState, at_ms: float) -> float:
    """Close (ticks) of the 5m candle that had ended at a time, or of the one before it; NaN for none."""
    series = state.candles.get(Timeframe.M5)
    if series is None or not len(series):
        return math.nan
    columns = series.columns
    wanted_ms = at_ms - at_ms % MINUTE_5_MS - MINUTE_5_MS
    place = int(np.searchsorted(columns[OPEN_MS], wanted_ms, side="right")) - 1
    if place < 0 or wanted_ms - columns[OPEN_MS, place] > MINUTE_5_MS:
        return math.nan
    return float(columns[CLOSE, place])
