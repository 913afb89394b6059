"""Volume by price of a session: where it goes, the point of control, the value area, and the levels made of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.candle_series import random_candles, series_of
from virtuoso_desktop.analysis import levels
from virtuoso_desktop.analysis import volume_profile as vp
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE, COLUMNS, PROFILE
from virtuoso_desktop.analysis.kernels import CLOSE, HIGH, LOW, OPEN, OPEN_MS, VOLUME, Floats
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

AT = {name: index for index, name in enumerate(COLUMNS)}
PARAMS = np.array([0.1, 0.0, float(DAY_MS), float(MINUTE_MS)])


def profile_of(candles: Floats, height: float, vwap: float) -> Floats:
    """State of the profile of one session of candles with rows of a given height."""
    state = np.zeros(vp.PROFILE_CELLS)
    vp.profile_session(state, 0, 5.0, True, 0.0)
    state[vp.HEIGHT] = height
    for candle in np.ascontiguousarray(candles.T):
        vp.add_candle(state, 0, candle)
    vp.find_levels(state, 0, vwap)
    return state


def at_prices(volumes: dict[float, float]) -> Floats:
    """Candles of a single price each."""
    candles = np.zeros((9, len(volumes)))
    candles[OPEN : CLOSE + 1], candles[VOLUME] = list(volumes), list(volumes.values())
    return candles


def rows_of(state: Floats) -> dict[int, float]:
    """Volumes by number of the row."""
    rows = range(int(state[vp.FIRST]), int(state[vp.LAST]) + 1)
    volumes = {row: float(state[vp.VOLUMES + row % vp.ROWS]) for row in rows}
    return {row: volume for row, volume in volumes.items() if volume}


def found(state: Floats) -> tuple[float, float, float]:
    return float(state[vp.POC]), float(state[vp.VAL]), float(state[vp.VAH])


def plain(candles: Floats, height: float, vwap: float) -> tuple[dict[int, float], float, float, float]:
    """The same in the plainest way: volumes by row, POC, VAL, VAH."""
    rows: dict[int, float] = {}
    for low, high, volume in candles[[LOW, HIGH, VOLUME]].T.tolist():
        if not volume:
            continue
        first, last = math.floor(low / height), math.floor(high / height)
        for row in range(first, last + 1):
            overlap = min(high, (row + 1) * height) - max(low, row * height)
            if overlap > 0:
                rows[row] = rows.get(row, 0.0) + volume * overlap / (high - low)
        if low == high:
            beside = [first - 1, first] if first * height == low else [first]
            for row in beside:
                rows[row] = rows.get(row, 0.0) + volume / len(beside)
    top = max(rows.values())
    tied = [row for row, volume in rows.items() if volume >= top * (1 - 1e-9)]
    distance = {row: abs((row + 0.5) - vwap / height) for row in tied}
    near = [row for row in tied if distance[row] <= min(distance.values()) + 1e-9]
    low_row, high_row = min(near), max(near)
    poc = (low_row + high_row + 1) / 2 * height
    total, inside = sum(rows.values()), sum(rows.get(row, 0.0) for row in range(low_row, high_row + 1))
    while inside < 0.7 * total * (1 - 1e-9):
        below = rows.get(low_row - 1, 0.0) if low_row > min(rows) else -math.inf
        above = rows.get(high_row + 1, 0.0) if high_row < max(rows) else -math.inf
        if below >= above - top * 1e-9:
            low_row -= 1
            inside += below
        if above >= below - top * 1e-9:
            high_row += 1
            inside += above
    return rows, poc, low_row * height, (high_row + 1) * height


# --- rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("atr", "height"),
    [(0, 1), (11.9, 1), (12, 1), (12.1, 2), (25, 5), (61, 10), (120, 10), (121, 20), (600, 50), (601, 100)],
)
def test_heights_of_rows_are_round(atr: float, height: float) -> None:
    assert vp.row_height(atr) == height


def test_a_candle_is_spread_by_overlap_and_a_price_on_an_edge_counts_half_for_either() -> None:
    candles = at_prices({110.0: 4.0, 95.0: 25.0, 105.0: 1.0})
    candles[HIGH, 1] = 120.0
    assert rows_of(profile_of(candles, 10.0, 100.0)) == {9: 5.0, 10: 13.0, 11: 12.0}


def test_a_session_that_outgrows_its_rows_has_them_joined_two_and_two() -> None:
    candles = at_prices({1000.5: 1.0, 1001.5: 2.0, 1002.5: 4.0, 1000.5 + vp.ROWS: 8.0})
    assert rows_of(profile_of(candles[:, :3], 1.0, 0.0)) == {1000: 1.0, 1001: 2.0, 1002: 4.0}
    state = profile_of(candles, 1.0, 0.0)
    assert state[vp.HEIGHT] == 2.0
    assert rows_of(state) == {500: 3.0, 501: 4.0, (1000 + vp.ROWS) // 2: 8.0}
    assert state[vp.GREATEST] == 8.0
    spike = np.column_stack((candles, at_prices({1e9: 16.0})))
    assert sum(rows_of(profile_of(spike, 1.0, 0.0)).values()) == 31.0


# --- point of control and value area -----------------------------------------------------------------------------


def by_row(volumes: list[float], vwap: float = 0.0) -> tuple[float, float, float]:
    return found(profile_of(at_prices({100.5 + row: volume for row, volume in enumerate(volumes)}), 1.0, vwap))


def test_the_value_area_takes_the_greater_neighbour_and_both_of_equal_ones() -> None:
    assert by_row([1.0, 4.0, 10.0, 3.0, 2.0]) == (102.5, 101.0, 103.0)
    assert by_row([1.0, 4.0, 10.0, 4.0, 6.0]) == (102.5, 101.0, 104.0)
    assert by_row([10.0, 1.0, 2.0, 3.0]) == (100.5, 100.0, 103.0)


def test_of_equal_rows_the_nearest_to_the_average_is_the_point_of_control() -> None:
    volumes = [8.0, 1.0, 1.0, 8.0]
    assert by_row(volumes, 101.0)[0] == 100.5
    assert by_row(volumes, 103.0)[0] == 103.5
    assert by_row(volumes, 102.0) == (102.0, 100.0, 104.0)


def test_no_volume_is_no_profile() -> None:
    candles = random_candles(1, 10)
    candles[VOLUME] = 0.0
    assert found(profile_of(candles, 1.0, 100.0)) == (0.0, 0.0, 0.0)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 300), height=st.sampled_from([1.0, 2.0, 5.0, 20.0]))
def test_a_profile_is_what_plain_arithmetic_makes_of_the_candles_and_keeps_its_mirror(
    seed: int, count: int, height: float
) -> None:
    candles = random_candles(seed, count)
    if not candles[VOLUME].sum() > 0:
        candles[VOLUME] = 1.0
    axis = 640_000.0
    vwap = float(np.average(candles[[HIGH, LOW, CLOSE]].mean(axis=0), weights=candles[VOLUME]))
    state = profile_of(candles, height, vwap)
    rows, *expected = plain(candles, state[vp.HEIGHT], vwap)
    assert rows_of(state) == pytest.approx(rows, rel=1e-9)
    assert found(state) == tuple(expected)
    poc, val, vah = found(state)
    assert val <= poc <= vah
    other = candles.copy()
    other[HIGH], other[LOW] = axis - candles[LOW], axis - candles[HIGH]
    assert found(profile_of(other, height, axis - vwap)) == (axis - poc, axis - vah, axis - val)


# --- in the candle table -------------------------------------------------------------------------------------------


def stepped(candles: Floats, params: Floats) -> tuple[Floats, Floats]:
    """Columns of every candle, and the cells of the profile after it."""
    state, out = CANDLE_TABLE.new_state(), np.empty((candles.shape[1], len(COLUMNS)))
    kept = np.empty((candles.shape[1], vp.PROFILE_CELLS))
    for index, candle in enumerate(np.ascontiguousarray(candles.T)):
        CANDLE_TABLE.step(state, candle, params, out[index])
        kept[index] = state[PROFILE : PROFILE + vp.PROFILE_CELLS]
    return out, kept


def test_the_levels_of_a_real_session_are_those_of_its_closed_candles(real_data: Path) -> None:
    (series,) = series_of(real_data / "d_ohlcv_bybit_linear/BTCUSDT_5m.csv.gz")
    candles = np.ascontiguousarray(series.candles[:, :1500])
    out, kept = stepped(candles, np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms]))
    session = candles[OPEN_MS] // DAY_MS
    starts = np.flatnonzero(candles[OPEN_MS] % DAY_MS == 0)
    seen = 0
    for start in starts[starts >= 14]:
        for index in (start, start + 1, start + 100, start + 287):
            if index >= 1500:
                continue
            assert kept[start, vp.HEIGHT] == vp.row_height(out[start, AT["atr"]])
            _, *expected = plain(candles[:, start : index + 1], kept[index, vp.HEIGHT], out[index, AT["vwap"]])
            assert found(kept[index]) == tuple(expected)
            seen += 1
    assert seen > 12
    before_any = session == session[0]
    assert not kept[before_any, vp.POC].any() or starts[0] == 0
    check_nearest(candles, out, kept, session)


def check_nearest(candles: Floats, out: Floats, kept: Floats, session: Floats) -> None:
    """No level of the profile lies between the close and the one that is told; those told are of the candle before."""
    kinds = {levels.OF_CONTROL: vp.POC, levels.OF_VALUE_HIGH: vp.VAH, levels.OF_VALUE_LOW: vp.VAL}
    told = 0
    for index in range(1, candles.shape[1]):
        profile = kept[index - 1] if session[index] == session[index - 1] else np.zeros(vp.PROFILE_CELLS)
        close, row = candles[CLOSE, index], out[index]
        below = [price for price in found(profile) if 0 < price < close]
        above = [price for price in found(profile) if price > close]
        assert not below or row[AT["support"]] >= max(below)
        assert not above or row[AT["resistance"]] <= min(above)
        for side in ("support", "resistance"):
            cell = kinds.get(row[AT[f"{side}_kind"]])
            if cell is not None:
                assert row[AT[side]] == profile[cell]
                assert row[AT[f"{side}_strength"]] == levels.NAMED_STRENGTH
                told += 1
    assert told > 100


def test_a_session_not_seen_from_its_begin_or_begun_without_an_atr_has_no_profile() -> None:
    candles = random_candles(3, 3000)
    candles[OPEN_MS] += 20 * DAY_MS - candles[OPEN_MS, 0] % DAY_MS - 10 * MINUTE_MS
    _, kept = stepped(candles, PARAMS)
    assert not kept[: 10 + 1440, vp.HEIGHT].any(), "ten candles are no ATR"
    assert kept[10 + 1440 :, vp.HEIGHT].all()
    _, kept = stepped(np.ascontiguousarray(candles[:, 500:1440]), PARAMS)
    assert not kept[:, vp.HEIGHT].any()


def test_no_daily_candle_has_a_profile() -> None:
    candles = random_candles(3, 300, spacing_ms=DAY_MS)
    out, kept = stepped(candles, np.array([0.1, 0.0, DAY_MS, DAY_MS]))
    assert not kept.any()
    assert not (out[:, AT["support_kind"]] > levels.OF_SWINGS).any()


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), spacing=st.sampled_from([1, 5, 15, 60]))
def test_a_mirrored_market_has_levels_of_mirrored_kinds(seed: int, spacing: int) -> None:
    candles = random_candles(seed, 900, spacing_ms=spacing * MINUTE_MS)
    axis = 640_000.0
    other = candles.copy()
    other[OPEN], other[CLOSE] = axis - candles[OPEN], axis - candles[CLOSE]
    other[HIGH], other[LOW] = axis - candles[LOW], axis - candles[HIGH]
    other[6] = axis * 0.1 * candles[VOLUME] - candles[6]
    params = PARAMS * np.array([1.0, 1.0, 1.0, spacing])
    up = CANDLE_TABLE.batch(np.ascontiguousarray(candles), params, CANDLE_TABLE.new_state())
    down = CANDLE_TABLE.batch(np.ascontiguousarray(other), params, CANDLE_TABLE.new_state())
    turned = {
        levels.OF_DAY_HIGH: levels.OF_DAY_LOW,
        levels.OF_DAY_LOW: levels.OF_DAY_HIGH,
        levels.OF_VALUE_HIGH: levels.OF_VALUE_LOW,
        levels.OF_VALUE_LOW: levels.OF_VALUE_HIGH,
    }
    kinds = [turned.get(kind, kind) for kind in up[:, AT["support_kind"]].tolist()]
    np.testing.assert_array_equal(kinds, down[:, AT["resistance_kind"]])
    np.testing.assert_allclose(up[:, AT["support"]], axis - down[:, AT["resistance"]], atol=1e-6)
    np.testing.assert_allclose(up[:, AT["support_strength"]], down[:, AT["resistance_strength"]], atol=1e-9)
