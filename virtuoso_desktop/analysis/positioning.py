"""How the holders of a contract stand: funding, accounts long and short; `open_interest` for what they open and close.

Each is a `Reading` as of a time: c in [-1, 1], its value, freshness, age, and a reason when there is none (analysis
B.4, C.2 N1 and N3, limits of C.3). What lists say is worked out once per change of the list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import DEGENERATE, MISSING, NONE, NOT_APPLICABLE, STALE, WARMUP
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.market import FundingRate, LongShortRatio

Floats = NDArray[np.float64]

HOUR_MS = 3_600_000
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
