"""The regime by hand: strength, direction, label with its two candles and its hysteresis, volatility a day."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.candle_series import random_candles
from tests.fake_market import instrument
from virtuoso_desktop.analysis.regime import (
    HOUR_MS,
    NO_HOURS,
    STEP_MS,
    Floats,
    TrendColumns,
    average_before,
    current_volatility,
    day_volatilities,
    directions,
    hour_variances,
    joined_hours,
    label_of,
    regime_of,
    trend_strengths,
)
from virtuoso_desktop.analysis.regime_table import trend_columns
from virtuoso_desktop.model.overview import RegimeLabel
from virtuoso_desktop.model.timeframe import Timeframe

BULL, BEAR = RegimeLabel.TRENDING_BULLISH, RegimeLabel.TRENDING_BEARISH
RANGE, VOLATILE, UNKNOWN = RegimeLabel.RANGING, RegimeLabel.VOLATILE, RegimeLabel.UNKNOWN
NAN = math.nan


def columns(count: int, **values: float) -> TrendColumns:
    known = {"adx": 30.0, "plus_di": 25.0, "minus_di": 15.0, "slope": 1.0, "r2": 0.5, "er": 0.25, "bars": 300.0}
    return TrendColumns(**{name: np.full(count, value) for name, value in (known | values).items()})


def minutes(count: int, step: float, first_ms: int = 0) -> tuple[Floats, Floats]:
    """5m closes that go up and down by a log return of ``step``."""
    return first_ms + STEP_MS * np.arange(count, dtype=float), np.exp(step * (np.arange(count) % 2))


def test_strength_by_hand() -> None:
    # Half by ADX (30 - 15) / 30 = 0.5, half by the efficiency 0.25 / 0.5 = 0.5.
    assert trend_strengths(columns(5)).tolist() == pytest.approx([0.5] * 5)
    assert trend_strengths(columns(3, adx=60.0, er=0.9)).tolist() == [1.0] * 3
    assert trend_strengths(columns(3, adx=10.0, er=0.0)).tolist() == [0.0] * 3
    stepped = columns(4)
    stepped.adx[:2] = NAN, 15.0
    stepped.er[1] = 0.0
    assert trend_strengths(stepped).tolist() == pytest.approx([NAN, 0.0, 0.25, 0.375], nan_ok=True)


@pytest.mark.parametrize(
    ("plus", "minus", "slope", "r2", "way"),
    [
        (25.0, 15.0, 1.0, 0.0, 1.0),
        (15.0, 25.0, -1.0, 0.0, -1.0),
        (25.0, 15.0, -1.0, 0.29, 0.0),
        (25.0, 15.0, -1.0, 0.30, -1.0),
        (20.0, 20.0, 1.0, 0.9, 1.0),
        (NAN, 20.0, 1.0, 0.9, 0.0),
    ],
)
def test_direction(plus: float, minus: float, slope: float, r2: float, way: float) -> None:
    assert directions(columns(1, plus_di=plus, minus_di=minus, slope=slope, r2=r2)).tolist() == [way]


def label(strengths: list[float], way: float = 1.0, ratios: list[float] | None = None) -> RegimeLabel:
    count = len(strengths)
    return label_of(strengths, [way] * count, [1.0] * count if ratios is None else ratios)


def test_a_label_needs_two_candles_and_is_left_later_than_entered() -> None:
    assert label([0.6]) is UNKNOWN
    assert label([0.6, 0.6]) is BULL
    assert label([0.6, 0.6], way=-1.0) is BEAR
    assert label([0.6, 0.6], way=0.0) is RANGE
    assert label([0.49, 0.49]) is RANGE
    assert label([0.6, 0.6, 0.45, 0.45]) is BULL, "left below 0.40 only"
    assert label([0.6, 0.6, 0.39]) is BULL, "one candle is not two"
    assert label([0.6, 0.6, 0.39, 0.39]) is RANGE
    assert label([0.6, 0.6, NAN]) is UNKNOWN


def test_a_volatile_market() -> None:
    assert label([0.3, 0.3], ratios=[1.8, 1.8]) is VOLATILE
    assert label([0.3, 0.3], ratios=[1.79, 1.79]) is RANGE
    assert label([0.3] * 4, ratios=[1.8, 1.8, 1.5, 1.5]) is VOLATILE
    assert label([0.3] * 4, ratios=[1.8, 1.8, 1.49, 1.49]) is RANGE
    assert label([0.6, 0.6], ratios=[2.5, 2.5]) is BULL, "a strong trend is not called volatile"
    assert label([0.3, 0.3], ratios=[NAN, NAN]) is RANGE


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60), st.integers(0, 2**32 - 1))
def test_the_mirror_turns_the_trend_and_nothing_else(strengths: list[float], seed: int) -> None:
    ways = np.random.default_rng(seed).integers(-1, 2, len(strengths)).astype(float)
    ratios = np.random.default_rng(seed + 1).uniform(0.5, 2.5, len(strengths)).tolist()
    turned = {BULL: BEAR, BEAR: BULL}
    plain, mirror = label_of(strengths, ways.tolist(), ratios), label_of(strengths, (-ways).tolist(), ratios)
    assert turned.get(plain, plain) is mirror


# --- volatility ------------------------------------------------------------------------------------------------------


def test_volatility_by_hand() -> None:
    """288 returns of 0.002: sqrt(288) x 0.002 = 0.0339 a day."""
    assert current_volatility(*minutes(289, 0.002)) == pytest.approx(0.002 * math.sqrt(288))
    assert current_volatility(*minutes(1000, 0.002)) == pytest.approx(0.002 * math.sqrt(288))
    assert current_volatility(*minutes(259, 0.002)) is None
    assert current_volatility(*minutes(0, 0.002)) is None


def test_a_hole_is_no_return() -> None:
    times, closes = minutes(290, 0.002)
    times[200:] += 12 * STEP_MS
    closes[200:] *= 5.0
    assert current_volatility(times, closes) == pytest.approx(0.002 * math.sqrt(288))
    assert hour_variances(times, closes).counts.sum() == 288


def test_hours_hold_the_sums() -> None:
    variances = hour_variances(*minutes(37, 0.01))
    assert variances.hours.tolist() == [0, 1, 2, 3]
    assert variances.counts.tolist() == [11, 12, 12, 1]
    assert variances.sums.tolist() == pytest.approx([11e-4, 12e-4, 12e-4, 1e-4])
    assert hour_variances(*minutes(1, 0.01)) is NO_HOURS


def test_joined_hours_take_what_knows_more() -> None:
    older, newer = hour_variances(*minutes(30, 0.01)), hour_variances(*minutes(30, 0.02, 2 * HOUR_MS))
    both = joined_hours(older, newer)
    assert both.hours.tolist() == [0, 1, 2, 3, 4]
    assert both.counts.tolist() == [11, 12, 11, 12, 6]
    assert both.sums[2] == pytest.approx(11 * 4e-4), "eleven returns of the newer against six"
    assert joined_hours(NO_HOURS, newer).sums.tolist() == newer.sums.tolist()


def test_the_average_is_the_median_of_the_days_before() -> None:
    """Ten days, each twice as lively as the one before: the last day against the median of the nine before it."""
    parts = [minutes(288, 0.001 * 2**day, day * 24 * HOUR_MS) for day in range(10)]
    times, closes = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    days = day_volatilities(hour_variances(times, closes), 0, 10 * 24 - 1)
    # The returns at midnight, from one day's price to the next, belong to the new day.
    whole = days[23::24]
    assert whole.size == 10
    assert average_before(days, 1)[0] == pytest.approx(np.median(whole[:-1]))
    assert np.isnan(average_before(days[: 7 * 24], 1)[0]), "six days before it are too few"
    assert not np.isnan(average_before(days[: 8 * 24], 1)[0])


# --- together --------------------------------------------------------------------------------------------------------


def test_a_regime_of_constant_markets() -> None:
    hours = np.arange(300, dtype=float) * HOUR_MS
    times, closes = minutes(300 * 12, 0.002)
    found = regime_of(hours, columns(300), (times, closes), hour_variances(times, closes))
    assert (found.label, found.direction, found.bars) == (BULL, 1, 300)
    assert found.trend_strength == pytest.approx(0.5)
    assert found.vol_ratio == pytest.approx(1.0)
    assert found.closed_ms == 300 * HOUR_MS
    few = regime_of(hours[:249], columns(249, bars=249.0), (times, closes), NO_HOURS)
    assert (few.label, few.avg_volatility, few.vol_ratio) == (UNKNOWN, None, None)
    assert few.trend_strength is not None
    nothing = regime_of(hours[:0], columns(0), (times[:0], closes[:0]), NO_HOURS)
    assert (nothing.label, nothing.trend_strength, nothing.current_volatility, nothing.bars) == (UNKNOWN, None, None, 0)


def test_a_burst_is_volatile_after_two_hours() -> None:
    times, closes = minutes(32 * 288, 0.001)
    burst = times >= times[-1] - 24 * HOUR_MS
    closes[burst] = np.exp(0.004 * (np.arange(int(burst.sum())) % 2))
    hours = np.arange(32 * 24, dtype=float) * HOUR_MS
    calm = columns(hours.size, adx=15.0)
    found = regime_of(hours, calm, (times, closes), hour_variances(times, closes))
    assert found.label is VOLATILE
    assert found.vol_ratio == pytest.approx(4.0, rel=1e-2)


def test_the_columns_are_those_of_the_candle_table() -> None:
    rows = random_rows(400)
    found = trend_columns(rows, instrument("BTCUSDT"), Timeframe.H1, 10**15)
    assert found[0].tolist() == rows[0].tolist()
    assert found[1].bars[-1] == 400
    assert not np.isnan(found[1].adx[-1])
    # After a long gap everything begins anew with what comes after it.
    rows[0, 300:] += 10 * HOUR_MS
    after = trend_columns(rows, instrument("BTCUSDT"), Timeframe.H1, 10**15)
    assert (after[0].size, after[1].bars[-1]) == (100, 100)


def random_rows(count: int) -> Floats:
    candles = random_candles(7, count)[:7].copy()
    candles[0] = HOUR_MS * np.arange(count)
    return candles
