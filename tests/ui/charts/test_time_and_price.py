"""Slots, zoom and pan, price range, label steps: the chart's arithmetic."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts import steps
from virtuoso_desktop.ui.charts.pricerange import PriceRange
from virtuoso_desktop.ui.charts.slots import open_of, slot_at, slots_of
from virtuoso_desktop.ui.charts.timeview import TimeView, ladder

NOW_MS = 1_750_000_123_456


# --- slots -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeframe", list(Timeframe))
@given(time_ms=st.integers(1_500_000_000_000, 1_900_000_000_000))
def test_slots_agree_with_the_timeframe(timeframe: Timeframe, time_ms: int) -> None:
    opened = timeframe.open_ms(time_ms)
    slot = slot_at(time_ms, timeframe)
    assert open_of(slot, timeframe) == opened
    assert open_of(slot + 1, timeframe) == timeframe.close_ms(opened)
    assert slots_of(np.array([float(opened)]), timeframe).tolist() == [slot]


# --- zoom and pan ----------------------------------------------------------------------------------------------


def time_view(width: int = 800, bars: int = 1000) -> TimeView:
    view = TimeView(1.0, width)
    view.set_extent(5_000_000, 5_000_000 + bars - 1)
    view.show_newest()
    return view


def test_default_view_has_six_pixels_a_bar_and_fourteen_free_bars() -> None:
    view = time_view()
    assert view.zoom.spacing == 6
    assert view.bars_right == pytest.approx(14, abs=1 / 6)
    assert view.follows


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_the_ladder_is_dense_whole_and_falls(ratio: float) -> None:
    rungs = ladder(ratio)
    assert rungs[0].spacing == round(40 * ratio)
    assert {zoom.spacing for zoom in rungs} >= {1, 2, 3, 4, 5, 6}
    for nearer, farther in itertools.pairwise(rungs):
        assert 1 < farther.slots_per_px / nearer.slots_per_px <= 2
        assert nearer.spacing == 1 or nearer.per_column == 1
    assert rungs[-1].per_column * 400 > 1_000_000


@given(x=st.integers(0, 799), rungs=st.lists(st.integers(-4, 4), max_size=12))
def test_the_slot_under_the_cursor_stays_there(x: int, rungs: list[int]) -> None:
    view = time_view(bars=40_000)
    view.pan(100_000)
    for step in rungs:
        before, left = view.slot_at(x), view.left
        walled = view.zoom_at(x, step) and abs(view.slot_at(x) - before) > max(1, view.zoom.per_column)
        if walled:  # only the end of the candles may move it
            assert view.left_slot <= view.oldest or view.right_slot >= view.newest
        assert left == view.left or view.version


def test_a_new_candle_moves_a_view_that_follows_and_leaves_one_that_looks_back() -> None:
    view = time_view()
    view.set_extent(view.oldest, view.newest + 1)
    assert view.bars_right == pytest.approx(14, abs=1 / 6)
    view.pan(1800)
    left = view.left
    view.set_extent(view.oldest, view.newest + 1)
    assert view.left == left
    view.set_extent(view.oldest - 1000, view.newest)
    assert view.left == left


def test_the_view_cannot_leave_the_candles() -> None:
    view = time_view(bars=500)
    view.pan(10**9)
    assert view.right_slot > view.oldest
    assert view.left_slot >= view.oldest - view.view_bars / 2 - 1
    view.pan(-(10**9))
    assert view.bars_right <= view.view_bars / 2 + 1
    assert not view.pan(-5)


def test_zooming_out_ends_where_every_candle_is_visible() -> None:
    view = time_view(bars=100_000)
    assert view.zoom_at(400, -(10**6) % 97 * -1)
    while view.zoom_at(400, -1):
        pass
    assert 1.1 <= view.view_bars / 100_000 < 2.3
    few = time_view(bars=3)
    while few.zoom_at(400, -1):
        pass
    assert few.zoom.spacing == 3


def test_the_right_edge_survives_a_resize_and_another_screen() -> None:
    view = time_view()
    view.pan(900)
    right, bars = view.right_slot, view.view_bars
    view.set_width(1234, 1.0)
    assert view.right_slot == pytest.approx(right, abs=1)
    view.set_width(2468, 2.0)
    assert view.right_slot == pytest.approx(right, abs=1)
    assert view.view_bars == pytest.approx(bars * 1234 / 800, rel=0.05)


def test_view_bars_are_restored() -> None:
    view = time_view()
    view.zoom_at(400, 7)
    bars, right = view.view_bars, view.bars_right
    other = time_view()
    other.set_view_bars(bars)
    other.show_newest(right)
    assert (other.view_bars, other.bars_right) == pytest.approx((bars, right))


# --- prices ----------------------------------------------------------------------------------------------------


def test_headroom_is_thirty_per_cent_above_and_six_below() -> None:
    prices = PriceRange()
    assert prices.fit(1000.0, 2000.0)
    assert (prices.low, prices.high) == pytest.approx((940, 2300))
    assert not prices.fit(1000.0, 2000.0)
    assert not prices.fit(float("nan"), float("nan"))


def test_a_flat_market_has_a_range() -> None:
    prices = PriceRange()
    prices.fit(50.0, 50.0)
    assert prices.low < 50 < prices.high


def test_a_range_set_by_hand_stays_until_auto() -> None:
    prices = PriceRange()
    prices.fit(1000.0, 2000.0)
    prices.scale(0.5)
    assert prices.span == pytest.approx(680)
    by_hand = (prices.low, prices.high)
    assert not prices.fit(5000.0, 9000.0)
    assert (prices.low, prices.high) == by_hand
    prices.set_auto()
    assert prices.fit(5000.0, 9000.0)
    assert prices.low == pytest.approx(4760)


@given(moves=st.lists(st.tuples(st.booleans(), st.floats(-3, 3)), max_size=30))
def test_no_drag_loses_the_candles(moves: list[tuple[bool, float]]) -> None:
    prices = PriceRange()
    prices.fit(1000.0, 2000.0)
    for shifts, amount in moves:
        if shifts:
            prices.shift(amount)
        else:
            prices.scale(2.0**amount)
        assert prices.low < 2000
        assert prices.high > 1000
        assert prices.span * (1 + 1e-9) >= 4


# --- labels ----------------------------------------------------------------------------------------------------


@given(
    least=st.floats(1e-3, 1e9),
    tick=st.sampled_from(["0.00000001", "0.0005", "0.1", "0.25", "0.5", "1", "2.5", "25", "100", "1E+2"]),
)
def test_price_steps_are_round_and_on_the_grid(least: float, tick: str) -> None:
    ticks = steps.price_step_ticks(least, Decimal(tick))
    assert ticks >= max(least, 1) or ticks == pytest.approx(least)
    digits = (ticks * Decimal(tick)).normalize().as_tuple().digits
    assert digits in ((1,), (2,), (2, 5), (5,))
    assert ticks <= 25 * max(least, 1)


def test_a_tick_without_round_multiples_has_steps_in_ticks() -> None:
    assert [steps.price_step_ticks(n, Decimal("0.3")) for n in (0.5, 1.5, 3, 60, 999)] == [1, 2, 5, 100, 1000]


@given(least=st.floats(1e-9, 1e12))
def test_amount_steps_are_round_and_near(least: float) -> None:
    step = steps.amount_step(least)
    assert least * (1 - 1e-9) <= step <= least * 2.6
    assert f"{step:.1e}"[:3] in ("1.0", "2.0", "2.5", "5.0")


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("hours", [0.02, 0.4, 3, 11, 30, 100, 500, 3000, 40_000])
@pytest.mark.parametrize("zone", [dt.UTC, BERLIN, ZoneInfo("Asia/Kolkata"), None])
def test_time_marks_are_round_ordered_and_apart(hours: float, zone: dt.tzinfo | None) -> None:
    least_ms = hours * 3_600_000
    step = steps.time_step(least_ms)
    to_ms = NOW_MS + 12 * least_ms
    marks = steps.time_marks(NOW_MS, to_ms, step, zone)
    assert 2 <= len(marks) <= 13
    for earlier, later in itertools.pairwise(marks):
        # A change of summer time and the end of a month make one gap smaller.
        assert later.time_ms - earlier.time_ms >= least_ms * 0.55 - 3_600_000
    for mark in marks:
        assert NOW_MS <= mark.time_ms <= to_ms
        wall = dt.datetime.fromtimestamp(mark.time_ms / 1000, dt.UTC).astimezone(zone)
        assert wall.second == 0
        midnight = (wall.hour, wall.minute) == (0, 0)
        assert (mark.rank >= steps.DAY) == midnight
        assert (mark.rank >= steps.MONTH) == (midnight and wall.day == 1)


def test_time_marks_keep_to_the_wall_clock_when_summer_time_begins() -> None:
    from_ms = dt.datetime(2025, 3, 29, 12, tzinfo=BERLIN).timestamp() * 1000
    marks = steps.time_marks(from_ms, from_ms + 36 * 3_600_000, steps.TimeStep("minutes", 360), BERLIN)
    walls = [dt.datetime.fromtimestamp(mark.time_ms / 1000, BERLIN).strftime("%d %H:%M") for mark in marks]
    assert walls == ["29 12:00", "29 18:00", "30 00:00", "30 06:00", "30 12:00", "30 18:00", "31 00:00"]
    assert marks[3].time_ms - marks[2].time_ms == 5 * 3_600_000


def test_an_hour_that_does_not_exist_is_no_second_mark() -> None:
    from_ms = dt.datetime(2025, 3, 30, 0, tzinfo=BERLIN).timestamp() * 1000
    marks = steps.time_marks(from_ms, from_ms + 4 * 3_600_000, steps.TimeStep("minutes", 60), BERLIN)
    assert [mark.time_ms - from_ms for mark in marks] == [0, 3.6e6, 7.2e6, 10.8e6, 14.4e6]


@pytest.mark.parametrize(
    ("days", "month", "expected"),
    [
        (1, 1, list(range(1, 32))),
        (1, 2, list(range(1, 29))),
        (2, 1, list(range(1, 30, 2))),
        (5, 2, [1, 6, 11, 16, 21]),
        (10, 1, [1, 11, 21]),
        (10, 2, [1, 11]),
    ],
)
def test_days_of_a_month_keep_their_distance_from_the_next_month(days: int, month: int, expected: list[int]) -> None:
    from_ms = dt.datetime(2025, month, 1, tzinfo=dt.UTC).timestamp() * 1000
    to_ms = dt.datetime(2025, month + 1, 1, tzinfo=dt.UTC).timestamp() * 1000 - 1
    marks = steps.time_marks(from_ms, to_ms, steps.TimeStep("days", days), dt.UTC)
    assert [dt.datetime.fromtimestamp(mark.time_ms / 1000, dt.UTC).day for mark in marks] == expected
