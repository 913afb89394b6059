"""Prices of one synthetic coin: a walk over days with moods, bridged by a walk over the minutes of each day.

The price at 00:00 of every day comes from a recursion over days (momentum, pull back to the coin's usual
price, moods of volatility), part of it shared by all coins. Within a day the minutes take fat-tailed steps,
again partly shared, whose sum is bent to end at the next day's first price: a Brownian bridge, so that no
scale of the chart shows a seam. Every number is a function of the seed, the coin and the time.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from virtuoso_desktop.simulator.noise import (
    QUANTILE_SHIFT,
    Floats,
    Ints,
    Words,
    derive_key,
    fat_tailed,
    hash_words,
    power_of_two,
)

EPOCH_DAY = 19_600
"""Days since 1970 at which the recursions begin: 2023-08-31, before every launch."""
MINUTES = 1440
KNOTS = 48
KNOT_MINUTES = MINUTES // KNOTS
_SPAN = 512
"""Days that one cached step of the recursions covers."""
_PULL_BACK = 0.985
_MOMENTUM = 0.955
_MOMENTUM_STEP = 0.085
_MOOD = 0.94
_MOOD_STEP = 0.17
_LARGEST_DAY_STEP = 4.5
_MARKET_MOOD, _OWN_MOOD = 0.8, 0.55
_LOG2_E = 1.4426950408889634
_DRIFT = 0.030
"""Mean step of a trending half hour, in deviations of one minute."""
_CALM = 0.80
"""What keeps the mean square of a day's minutes near the usual day's, moods and activity included."""
_DEEPEST_DAY = 0.2
_WITHIN_KNOT = np.arange(KNOT_MINUTES) / KNOT_MINUTES
_ACTIVITY_BY_HOUR = (
    1.12, 0.98, 0.92, 0.84, 0.78, 0.74, 0.78, 0.92, 1.02, 0.96, 0.90, 0.92,
    1.02, 1.28, 1.50, 1.46, 1.28, 1.12, 1.02, 0.98, 1.00, 0.98, 0.90, 0.94, 1.12,
)  # fmt: skip
_ACTIVITY = np.array([(_ACTIVITY_BY_HOUR[knot // 2] + _ACTIVITY_BY_HOUR[(knot + 1) // 2]) / 2 for knot in range(KNOTS)])


class _Span(NamedTuple):
    """Per day: unit ``step`` taken that day, ``momentum`` added to it, log2 ``mood``; and where the recursions end."""

    step: Floats
    momentum: Floats
    mood: Floats


class Driver:
    """What moves prices from day to day, for the whole market or for one coin."""

    def __init__(self, key: int) -> None:
        self._keys = derive_key(key, "step"), derive_key(key, "momentum"), derive_key(key, "mood")
        self.span = functools.lru_cache(maxsize=None)(self._compute)

    def _compute(self, index: int) -> _Span:
        """The days ``index`` x `_SPAN` and following, counted from `EPOCH_DAY`."""
        numbers = np.arange(index * _SPAN, (index + 1) * _SPAN, dtype=np.uint64)
        step, push, shift = (fat_tailed()[hash_words(key, numbers) >> QUANTILE_SHIFT] for key in self._keys)
        before = self.span(index - 1) if index > 0 else None
        return _Span(
            np.clip(step, -_LARGEST_DAY_STEP, _LARGEST_DAY_STEP),
            _recur(before.momentum[-1] if before else 0.0, _MOMENTUM, push * _MOMENTUM_STEP),
            _recur(before.mood[-1] if before else 0.0, _MOOD, shift * _MOOD_STEP),
        )


def _recur(value: float, decay: float, inputs: Floats) -> Floats:
    """Each value is the previous one times ``decay`` plus the input."""
    value = float(value)
    values: list[float] = []
    for item in inputs.tolist():
        value = value * decay + item
        values.append(value)
    return np.array(values)


class Character(NamedTuple):
    """A coin's usual price (quote coin), deviation of a day's move as a ratio, and correlation with the market."""

    price: float
    daily_ratio: float
    shared_ratio: float

    @property
    def own_ratio(self) -> float:
        return math.sqrt(1.0 - self.shared_ratio * self.shared_ratio)


class DayWalk:
    """Price and mood of one coin at 00:00 UTC of every day since `EPOCH_DAY`."""

    def __init__(self, market: Driver, own: Driver, character: Character) -> None:
        self._market = market
        self._own = own
        self._character = character
        self._span = functools.lru_cache(maxsize=None)(self._compute)

    def days(self, first: int, count: int) -> tuple[Floats, Floats]:
        """(price, log2 of volatility) at the first moment of ``count`` days from day ``first`` since 1970."""
        offset = first - EPOCH_DAY
        spans = [self._span(index) for index in range(offset // _SPAN, (offset + count - 1) // _SPAN + 1)]
        start = offset % _SPAN
        levels, moods = (np.concatenate(parts)[start : start + count] for parts in zip(*spans, strict=True))
        exponents = levels * (self._character.daily_ratio * _LOG2_E)
        return self._character.price * power_of_two(exponents), moods

    def _compute(self, index: int) -> tuple[Floats, Floats]:
        shared, own_ratio = self._character.shared_ratio, self._character.own_ratio
        market, own = self._market.span(index), self._own.span(index)
        mood = _MARKET_MOOD * market.mood + _OWN_MOOD * own.mood
        step = power_of_two(mood) * (shared * market.step + own_ratio * own.step)
        drift = shared * market.momentum + own_ratio * own.momentum
        before = self._span(index - 1)[0][-1] if index > 0 else 0.0
        return _recur(before, _PULL_BACK, step + drift), mood


class Minutes(NamedTuple):
    """``count`` days of one coin by minute, as (days, 1440) arrays.

    ``prices`` has one column more: the price at the start of each minute and at the end of the last.
    ``deviations`` is each minute's standard deviation as a ratio of the price; ``day_prices`` the first price
    of every day.
    """

    prices: Floats
    deviations: Floats
    day_prices: Floats


class CoinPath:
    """The price of one coin at every minute: `DayWalk` bridged by hashed steps."""

    def __init__(self, seed: int, coin: str, character: Character, market: Driver) -> None:
        self._character = character
        self._walk = DayWalk(market, Driver(derive_key(seed, coin, "days")), character)
        self._market_keys = _IntradayKeys.of(derive_key(seed, "market"))
        self._own_keys = _IntradayKeys.of(derive_key(seed, coin))

    def minutes(self, first_day: int, count: int) -> Minutes:
        """All minutes of ``count`` days from ``first_day`` (days since 1970)."""
        day_prices, moods = self._walk.days(first_day, count + 1)
        knots = np.arange(first_day * KNOTS, (first_day + count) * KNOTS + 1)
        strength = self._strength(knots, moods)
        left = strength[:-1].reshape(count, KNOTS, 1)
        rise = np.diff(strength).reshape(count, KNOTS, 1)
        deviations = (left + rise * _WITHIN_KNOT).reshape(count, MINUTES)
        steps = self._steps(first_day, count, knots[:-1])
        steps *= deviations
        sums = steps.cumsum(axis=1)
        shares = np.square(deviations).cumsum(axis=1)
        shares /= shares[:, -1:].copy()
        target = day_prices[1:, None] / day_prices[:-1, None] - 1.0
        shares *= sums[:, -1:] - target
        sums -= shares
        sums += 1.0
        prices = np.empty((count, MINUTES + 1))
        prices[:, 0] = day_prices[:-1]
        np.multiply(sums[:, :-1], day_prices[:-1, None], out=prices[:, 1:-1])
        np.maximum(prices, day_prices[:-1, None] * _DEEPEST_DAY, out=prices)
        prices[:, -1] = day_prices[1:]
        return Minutes(prices, deviations, day_prices[:-1])

    def _strength(self, knots: Ints, moods: Floats) -> Floats:
        """Standard deviation of a minute's move (ratio) at every half hour."""
        position = (knots - knots[0]) % KNOTS
        day = (knots - knots[0]) // KNOTS
        later = np.minimum(day + 1, moods.size - 1)
        mood = moods[day] + (moods[later] - moods[day]) * (position / KNOTS)
        nervous = 0.7 * _nervousness(self._market_keys, knots) + 0.6 * _nervousness(self._own_keys, knots)
        usual = self._character.daily_ratio * _CALM / math.sqrt(MINUTES)
        return power_of_two(mood + nervous) * (_ACTIVITY[position] * usual)

    def _steps(self, first_day: int, count: int, knots: Ints) -> Floats:
        """Unit steps of every minute, partly shared by all coins, with the half hour's trend."""
        shared, own = self._character.shared_ratio, self._character.own_ratio
        numbers = np.arange(first_day * MINUTES, (first_day + count) * MINUTES, dtype=np.uint64)
        table = fat_tailed()
        steps = (shared * table)[_quantiles(self._market_keys.step, numbers)]
        steps += (own * table)[_quantiles(self._own_keys.step, numbers)]
        trend = shared * _trend(self._market_keys, knots) + own * _trend(self._own_keys, knots)
        blocks = steps.reshape(knots.size, KNOT_MINUTES)
        blocks += trend[:, None]
        return steps.reshape(count, MINUTES)


class _IntradayKeys(NamedTuple):
    step: int
    trend: int
    short: int
    middle: int
    long: int

    @classmethod
    def of(cls, key: int) -> _IntradayKeys:
        return cls(*(derive_key(key, name) for name in cls._fields))


def _quantiles(key: int, numbers: Words) -> Words:
    return hash_words(key, numbers) >> QUANTILE_SHIFT


def _layer(key: int, knots: Ints, period: int) -> Floats:
    """Fat-tailed noise every ``period`` knots, joined by straight lines."""
    numbers, offsets = knots // period, knots % period
    here = fat_tailed()[_quantiles(key, numbers.astype(np.uint64))]
    there = fat_tailed()[_quantiles(key, (numbers + 1).astype(np.uint64))]
    return here + (there - here) * (offsets / period)


def _nervousness(keys: _IntradayKeys, knots: Ints) -> Floats:
    """log2 of how much livelier a half hour is than usual."""
    noise = 0.22 * _layer(keys.short, knots, 1) + 0.30 * _layer(keys.middle, knots, 5)
    noise += 0.26 * _layer(keys.long, knots, 17)
    return np.clip(noise, -1.5, 1.8)


def _trend(keys: _IntradayKeys, knots: Ints) -> Floats:
    """Mean of the minutes' unit steps: mostly near 0, at times a trend over hours."""
    noise = np.clip(_layer(keys.trend, knots, 7), -1.6, 1.6)
    return noise * np.abs(noise) * _DRIFT
