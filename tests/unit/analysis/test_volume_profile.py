"""Volume by price: where it goes, the point of control, the value area."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.candle_series import random_candles, series_of
from virtuoso_desktop.analysis.kernels import CLOSE, HIGH, LOW, OPEN, VOLUME, Floats
from virtuoso_desktop.analysis.volume_profile import (
    MOST_ROWS,
    add_price,
    candle_profile,
    profile_of,
    row_height,
)


def vwap_of(candles: Floats) -> float:
    return float(np.average(candles[[HIGH, LOW, CLOSE]].mean(axis=0), weights=candles[VOLUME] + 1e-12))


@pytest.mark.parametrize(
    ("atr", "height"), [(0, 1), (11.9, 1), (12, 1), (12.1, 2), (25, 5), (61, 10), (120, 10), (121, 20), (600, 50)]
)
def test_heights_of_rows_are_round(atr: float, height: float) -> None:
    assert row_height(atr) == height


def test_a_candle_is_spread_by_overlap_and_a_price_on_an_edge_counts_half_for_either() -> None:
    candles = np.zeros((7, 2))
    candles[LOW], candles[HIGH], candles[VOLUME] = (95.0, 110.0), (120.0, 110.0), (25.0, 4.0)
    profile = candle_profile(candles, 10.0, 100.0)
    assert profile is not None
    rows = {profile.first_row + index: volume for index, volume in enumerate(profile.volumes) if volume}
    assert rows == {9: 5.0, 10: 12.0, 11: 12.0}
    volumes = np.zeros(3)
    add_price(volumes, 10, 10.0, 115.0, 2.0)
    add_price(volumes, 10, 10.0, 110.0, 2.0)
    assert volumes.tolist() == [1.0, 3.0, 0.0]


def test_the_value_area_takes_the_greater_neighbour_and_both_of_equal_ones() -> None:
    profile = profile_of(np.array([1.0, 4.0, 10.0, 3.0, 2.0]), 100, 1.0, 0.0)
    assert (profile.poc, profile.val, profile.vah) == (102.5, 101.0, 103.0)
    profile = profile_of(np.array([1.0, 4.0, 10.0, 4.0, 6.0]), 100, 1.0, 0.0)
    assert (profile.poc, profile.val, profile.vah) == (102.5, 101.0, 104.0)
    profile = profile_of(np.array([10.0, 1.0, 2.0, 3.0]), 100, 1.0, 0.0)
    assert (profile.val, profile.vah) == (100.0, 103.0)


def test_of_equal_rows_the_nearest_to_the_average_is_the_point_of_control() -> None:
    volumes = np.array([0.0, 8.0, 1.0, 1.0, 8.0, 0.0])
    assert profile_of(volumes, 100, 1.0, 102.0).poc == 101.5
    assert profile_of(volumes, 100, 1.0, 104.0).poc == 104.5
    middle = profile_of(volumes, 100, 1.0, 103.0)
    assert (middle.poc, middle.val, middle.vah) == (103.0, 101.0, 105.0)


def test_no_volume_and_too_many_rows_are_no_profile() -> None:
    candles = random_candles(1, 10)
    assert candle_profile(candles[:, :0], 1.0, 100.0) is None
    candles[VOLUME] = 0.0
    assert candle_profile(candles, 1.0, 100.0) is None
    candles[VOLUME], candles[HIGH, 0] = 1.0, 100.0 * MOST_ROWS
    assert candle_profile(candles, 1.0, 100.0) is None


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 300), height=st.sampled_from([1.0, 2.0, 5.0, 20.0]))
def test_a_profile_keeps_the_volume_its_order_and_its_mirror(seed: int, count: int, height: float) -> None:
    candles = random_candles(seed, count)
    if not candles[VOLUME].sum() > 0:
        candles[VOLUME] = 1.0
    axis, vwap = 60_000.0, vwap_of(candles)
    profile = candle_profile(candles, height, vwap)
    assert profile is not None
    assert profile.volumes.sum() == pytest.approx(candles[VOLUME].sum(), rel=1e-9)
    assert profile.val <= profile.poc <= profile.vah
    rows = np.arange(profile.volumes.size) + profile.first_row
    inside = (rows * height >= profile.val) & ((rows + 1) * height <= profile.vah)
    assert profile.volumes[inside].sum() >= 0.7 * profile.volumes.sum() * (1 - 1e-8)
    other = candles.copy()
    other[[OPEN, CLOSE]] = axis - candles[[OPEN, CLOSE]]
    other[HIGH], other[LOW] = axis - candles[LOW], axis - candles[HIGH]
    mirror = candle_profile(other, height, axis - vwap)
    assert mirror is not None
    assert (mirror.poc, mirror.val, mirror.vah) == (axis - profile.poc, axis - profile.vah, axis - profile.val)


def test_the_profile_of_a_real_day_has_its_control_where_most_was_traded(real_data: Path) -> None:
    (series,) = series_of(real_data / "d_ohlcv_bybit_linear/BTCUSDT_5m.csv.gz")
    day = np.ascontiguousarray(series.candles[:, :288])
    profile = candle_profile(day, row_height(600.0), vwap_of(day))
    assert profile is not None
    traded = (day[LOW] <= profile.poc) & (day[HIGH] >= profile.poc)
    others = [
        day[VOLUME, (day[LOW] <= price) & (day[HIGH] >= price)].sum()
        for price in np.arange(day[LOW].min(), day[HIGH].max(), 500.0)
    ]
    assert day[VOLUME, traded].sum() > np.median(others)
    assert day[LOW].min() - 50.0 <= profile.val < profile.vah <= day[HIGH].max() + 50.0
