"""Series beside the candles in bars: what holds, what sums up, and what is not known."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.engine.beside_views import BesideSeries, BesideView, Fold
from virtuoso_desktop.model.study import StudyKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.beside import columns_beside, folded, newest_beside
from virtuoso_desktop.ui.charts.slots import open_of, opens_of, slot_at

T0 = 1_743_811_200_000
MINUTE = 60_000
HOUR = 60 * MINUTE


def series(fold: Fold, points: list[tuple[float, float]], **more: object) -> BesideSeries:
    times, values = [point[0] for point in points], [point[1] for point in points]
    return BesideSeries(fold, np.array(times, dtype=float), {"x": np.array(values, dtype=float)}, **more)  # type: ignore[arg-type]


def bars(count: int, width_ms: int = 5 * MINUTE) -> tuple[np.ndarray, np.ndarray]:
    begins = T0 + np.arange(count) * float(width_ms)
    return begins, begins + width_ms


def test_the_newest_value_before_a_bars_end_holds_until_it_is_too_old() -> None:
    held = series(Fold.LAST, [(T0 + 4 * MINUTE, 1.0), (T0 + 6 * MINUTE, 2.0)], hold_ms=10 * MINUTE)
    found = folded(held, *bars(5))["x"]
    assert found[:3].tolist() == [1.0, 2.0, 2.0]
    assert np.isnan(found[4])  # 25 minutes, the value is of minute 6


def test_a_day_without_open_interest_is_a_hole() -> None:
    points = [(T0 + hour * HOUR, float(hour)) for hour in range(48) if not 10 <= hour < 34]
    found = folded(series(Fold.LAST, points, hold_ms=2 * HOUR + HOUR // 2), *bars(48, HOUR))["x"]
    known = ~np.isnan(found)
    assert known[:11].all()
    assert not known[13:33].any()
    assert known[34:].all()


def test_a_sum_is_zero_where_nothing_happened_and_nothing_where_nobody_listened() -> None:
    held = series(
        Fold.SUM, [(T0 + 6 * MINUTE, 5.0), (T0 + 9 * MINUTE, 2.0)], covered=((T0 + 5 * MINUTE, T0 + 15 * MINUTE),)
    )
    found = folded(held, *bars(4))["x"]
    assert math.isnan(found[0])
    assert math.isnan(found[3])
    assert found[1:3].tolist() == [7.0, 0.0]


@given(
    st.lists(st.tuples(st.integers(0, 100 * MINUTE), st.floats(0, 1e6)), max_size=40),
    st.integers(1, 7),
)
def test_bars_of_several_candles_hold_the_sum_of_theirs(points: list[tuple[int, float]], per_column: int) -> None:
    points = sorted(points)
    held = series(Fold.SUM, [(T0 + time_ms, value) for time_ms, value in points], covered=((T0, 1 << 62),))
    view = BesideView({StudyKind.LIQUIDATIONS: held}, 1, T0 + 200 * MINUTE)
    first = slot_at(T0, Timeframe.M1) // per_column * per_column
    keys = np.arange(first // per_column, first // per_column + 120 // per_column + 1, dtype=float)
    whole = columns_beside(view, keys, per_column, Timeframe.M1)["x"]
    assert math.isclose(float(np.nansum(whole)), sum(value for _, value in points), abs_tol=1e-3)


def test_a_mean_of_no_sample_is_no_value() -> None:
    held = series(Fold.MEAN, [(T0, 0.2), (T0 + MINUTE, 0.6)], covered=((T0, 1 << 62),))
    found = folded(held, *bars(2))["x"]
    assert math.isclose(found[0], 0.4)
    assert math.isnan(found[1])


def test_the_running_value_belongs_to_the_newest_candle_only() -> None:
    held = series(Fold.LAST, [(T0 - HOUR, 1.0)], hold_ms=3 * HOUR, running={"x": 9.0})
    view = BesideView({StudyKind.OPEN_INTEREST: held}, 1, T0 + MINUTE)
    newest = slot_at(T0, Timeframe.M5)
    assert newest_beside(view, newest, Timeframe.M5)["x"] == 9.0
    assert newest_beside(view, newest - 1, Timeframe.M5)["x"] == 1.0


def test_a_series_with_a_reason_has_no_values() -> None:
    held = series(Fold.LAST, [], reason="Spot has none.")
    view = BesideView({StudyKind.FUNDING: held}, 1, T0)
    assert columns_beside(view, np.array([1.0]), 1, Timeframe.M5) == {}
    assert newest_beside(view, 1, Timeframe.M5) == {}


def test_open_times_of_many_slots_are_those_of_each() -> None:
    for timeframe in (Timeframe.M1, Timeframe.D1, Timeframe.W1, Timeframe.MO1):
        first = slot_at(T0, timeframe)
        slots = np.arange(first, first + 30, dtype=float)
        assert opens_of(slots, timeframe).tolist() == [open_of(int(slot), timeframe) for slot in slots]
