"""How the holders of a contract stand: funding, open interest against the price, accounts long and short.

Each is a `Reading` as of a time: c in [-1, 1], its value, freshness, age, and a reason when there is none (analysis
B.4, C.2 N1 to N3, limits of C.3). What lists say is worked out once per change of the list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import DEGENERATE, GAP, MISSING, NONE, NOT_APPLICABLE, STALE, WARMUP
from virtuoso_desktop.market.candles import CLOSE, HIGH, LOW, OPEN_MS, CandleSeries
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import Instrument, MarketKind, Venue
from virtuoso_desktop.model.market import FundingRate, LongShortRatio, OpenInterest
from virtuoso_desktop.model.timeframe import Timeframe

Floats = NDArray[np.float64]

HOUR_MS = 3_600_000
MINUTE_5_MS = 300_000
TICKER_LIMIT_MS = 60_000
"""A ticker field older than this is not what holds now."""
PERIOD_LIMIT_MS = 3 * HOUR_MS
"""Lists by the hour: three periods."""
FUNDING_PERIODS = 2
"""A settled rate stands for two of its intervals."""
NEUTRAL_RATE = 0.0001
"""The interest part per 8 hours, at which nobody is crowded."""
LEAST_SPREAD = 0.00005
SETTLEMENTS = 90
LEAST_SETTLEMENTS = 30
MOST_Z = 6.0
LEAST_HOURS = 7 * 24
"""Values by the hour that a spread is worked out from."""
LEAST_ATR_ROWS = 15
ATR_ROWS = 250
ATR_LENGTH = 14
LEAST_INTEREST_Z = 0.5
LEAST_MOVE_ATR = 0.25
OPENING, CLOSING = 1.0, 0.3
"""Weight of a move that new positions carry, and of one that closed positions leave."""
COUNTS_BOTH_SIDES = frozenset({Venue.BYBIT})
"""Venues whose open interest counts every contract twice, for its long and for its short."""
PERPETUAL = "Perpetual"


class Reading(NamedTuple):
    """One component as of now; NaN where there is no number, ``reason`` a code of `layout.REASONS`."""

    c: float
    value: float
    fresh: float
    age_ms: float
    reason: int


def absent(reason: int, age_ms: float = math.nan) -> Reading:
    """There is no value."""
    return Reading(math.nan, math.nan, 1.0, age_ms, reason)


def freshness(age_ms: float, limit_ms: float) -> float:
    """1 until half of the limit, then falling to 0 at the limit (analysis C.3)."""
    return min(1.0, max(0.0, 2.0 - 2.0 * age_ms / limit_ms))


def is_perpetual(instrument: Instrument) -> bool:
    """Whether it pays funding."""
    return PERPETUAL in instrument.contract_type


def live_value_age_ms(state: InstrumentState, now_ms: int) -> float | None:
    """Age of the ticker; None when it is too old for its fields to hold now."""
    event_ms = state.ticker.event_ms
    if event_ms is None or now_ms - event_ms > TICKER_LIMIT_MS:
        return None
    return float(max(0, now_ms - event_ms))


# --- funding ---------------------------------------------------------------------------------------------------------


class FundingReading(NamedTuple):
    """Funding as of now; rates are fractions."""

    reading: Reading
    rate: float
    """Of the running period, or the settled one while there is no live one."""
    interval_h: float
    rate_8h: float
    annual: float
    """Simple: three periods of 8 hours a day, 365 days."""
    z: float


def settled_intervals_h(times_ms: Sequence[int]) -> Floats:
    """Hours that each settlement paid for: the step from the one before, so that a changed interval holds from then on.

    A single step that is longer than both its neighbours, which are equal, is a settlement that is missing.
    """
    steps = np.diff(np.asarray(times_ms, dtype=np.float64)) / HOUR_MS
    if not steps.size:
        return np.full(len(times_ms), np.nan)
    before, here, after = steps[:-2], steps[1:-1], steps[2:]
    is_hole = (before == after) & (here > before)
    steps[1:-1] = np.where(is_hole, before, here)
    return np.concatenate((steps[:1], steps))


class FundingHistory:
    """What the settled rates of a contract say, per 8 hours."""

    def __init__(self) -> None:
        self._version = -1
        self.count = 0
        self.interval_h = math.nan
        """Of the newest settlement."""
        self.spread = math.nan
        """Scaled median distance from the median of the last 90, the floor applied."""

    def update(self, points: Sequence[FundingRate], version: int) -> None:
        """Take the list, if it is another one."""
        if version == self._version:
            return
        self._version = version
        self.count = len(points)
        intervals = settled_intervals_h([point.time_ms for point in points])
        self.interval_h = float(intervals[-1]) if len(points) > 1 else math.nan
        rates = np.array([point.rate for point in points]) * 8.0 / intervals if len(points) > 1 else np.empty(0)
        rates = rates[-SETTLEMENTS:]
        if rates.size:
            apart = float(np.median(np.abs(rates - np.median(rates))))
            self.spread = max(1.4826 * apart, LEAST_SPREAD)
        else:
            self.spread = math.nan


def funding_now(state: InstrumentState, history: FundingHistory, now_ms: int) -> FundingReading:
    """N1: the rate against its usual one; a crowd that pays much is expected to be wrong."""
    nothing = (math.nan,) * 5
    if state.instrument.id.market_kind is MarketKind.SPOT or not is_perpetual(state.instrument):
        return FundingReading(absent(NOT_APPLICABLE), *nothing)
    points = state.derivatives.funding.points
    history.update(points, state.derivatives.funding.version)
    settled_age_ms = float(max(0, now_ms - points[-1].time_ms)) if points else math.nan
    interval_h = _interval_h(state, history)
    if math.isnan(interval_h):
        return FundingReading(absent(MISSING, settled_age_ms), *nothing)
    limit_ms = FUNDING_PERIODS * interval_h * HOUR_MS
    settled_fresh = freshness(settled_age_ms, limit_ms) if points else 0.0
    live_age_ms, rate = live_value_age_ms(state, now_ms), state.ticker.value("funding_rate")
    if live_age_ms is not None and rate is not None:
        age_ms, fresh = live_age_ms, max(freshness(live_age_ms, TICKER_LIMIT_MS), settled_fresh)
    elif points and settled_age_ms <= limit_ms:
        # The settled rate was paid for its own interval, whatever holds since.
        rate, age_ms, fresh = points[-1].rate, settled_age_ms, settled_fresh
        interval_h = interval_h if math.isnan(history.interval_h) else history.interval_h
    else:
        is_old = bool(points) or rate is not None
        return FundingReading(absent(STALE if is_old else MISSING, settled_age_ms), *nothing)
    rate_8h = rate * 8.0 / interval_h
    known = (rate, interval_h, rate_8h, rate_8h * 3.0 * 365.0)
    if history.count < LEAST_SETTLEMENTS:
        return FundingReading(Reading(math.nan, rate, fresh, age_ms, WARMUP), *known, math.nan)
    z = min(max((rate_8h - NEUTRAL_RATE) / history.spread, -MOST_Z), MOST_Z)
    c = -math.copysign(math.tanh(max(abs(z) - 1.0, 0.0) / 2.0), z)
    return FundingReading(Reading(c, rate, fresh, age_ms, NONE), *known, z)


def _interval_h(state: InstrumentState, history: FundingHistory) -> float:
    """Hours of the running period: the ticker's word, the venue's list, or the step of the settlements."""
    told = state.ticker.value("funding_interval_h")
    if told:
        return told
    listed = state.instrument.funding_interval_min
    return listed / 60.0 if listed else history.interval_h


# --- open interest ---------------------------------------------------------------------------------------------------


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


# --- accounts --------------------------------------------------------------------------------------------------------


class AccountHistory:
    """Logarithm of accounts long over accounts short, by the hour: mean and spread."""

    def __init__(self) -> None:
        self._version = -1
        self.count = 0
        self.newest_ms: int | None = None
        self.newest = math.nan
        self.mean = math.nan
        self.spread = math.nan

    def update(self, points: Sequence[LongShortRatio], version: int) -> None:
        """Take the list, if it is another one; shares that are 0 have no logarithm and are left out."""
        if version == self._version:
            return
        self._version = version
        good = [point for point in points if point.long_ratio > 0.0 and point.short_ratio > 0.0]
        logs = np.log([point.long_ratio / point.short_ratio for point in good]) if good else np.empty(0)
        self.count = len(good)
        self.newest_ms = good[-1].time_ms if good else None
        self.newest = float(logs[-1]) if good else math.nan
        self.mean = float(np.mean(logs)) if good else math.nan
        self.spread = float(np.std(logs)) if good else math.nan


def accounts_now(state: InstrumentState, history: AccountHistory, now_ms: int) -> Reading:
    """N3: more accounts long than usual speak against the price; they count heads, not sizes."""
    if state.instrument.id.market_kind is MarketKind.SPOT:
        return absent(NOT_APPLICABLE)
    lists = state.derivatives.long_short
    history.update(lists.points, lists.version)
    if history.newest_ms is None:
        return absent(MISSING)
    age_ms = float(max(0, now_ms - history.newest_ms))
    if age_ms > PERIOD_LIMIT_MS:
        return absent(STALE, age_ms)
    ratio, fresh = math.exp(history.newest), freshness(age_ms, PERIOD_LIMIT_MS)
    if history.count < LEAST_HOURS:
        return Reading(math.nan, ratio, fresh, age_ms, WARMUP)
    if history.spread <= 1e-12:
        return Reading(0.0, ratio, fresh, age_ms, DEGENERATE)
    return Reading(-math.tanh((history.newest - history.mean) / history.spread / 2.0), ratio, fresh, age_ms, NONE)
