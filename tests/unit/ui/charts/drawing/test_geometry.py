"""Places, shapes, what is under the mouse, the magnet, the measure."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.drawing.figures import (
    Drawing,
    Kind,
    Point,
    corners,
    fib_prices,
    with_corner,
)
from virtuoso_desktop.ui.charts.drawing.measuring import measured, spoken
from virtuoso_desktop.ui.charts.drawing.places import Places
from virtuoso_desktop.ui.charts.drawing.shapes import clipped, corner_at, is_on, shape_of
from virtuoso_desktop.ui.charts.drawing.snapping import snapped
from virtuoso_desktop.ui.charts.reduction import Bars
from virtuoso_desktop.ui.charts.slots import open_of, slot_at
from virtuoso_desktop.ui.charts.timeview import TimeView

FIRST_MS = 1_743_811_200_000
WIDTH, HEIGHT = 600, 400


def places(timeframe: Timeframe = Timeframe.M5, ratio: float = 1.0, is_log: bool = False) -> Places:
    """600 x 400 with 6 px a candle, the first one at FIRST_MS; 100 ticks of 0.1 a pixel, 930,000 at the top."""
    time = TimeView(ratio, round(WIDTH * ratio))
    slot = slot_at(FIRST_MS, timeframe)
    time.set_extent(slot, slot + 50)
    time.show_right(slot + WIDTH / 6)
    tall = HEIGHT * ratio
    high, low = 930_000.0, 890_000.0
    if is_log:
        upper, span = math.log10(high), math.log10(high / low)
        rows = (lambda ticks: (upper - math.log10(ticks)) * tall / span, lambda row: 10 ** (upper - row * span / tall))
    else:
        rows = (lambda ticks: (high - ticks) * tall / (high - low), lambda row: high - row * (high - low) / tall)
    return Places(time, timeframe, 3.0 * ratio, ratio, WIDTH, HEIGHT, 0.1, 1, *rows)


def bars(slots: list[int], ohlc: list[tuple[float, float, float, float]]) -> Bars:
    columns = np.array(ohlc, dtype=float).T
    return Bars(np.array(slots, float), *columns, np.ones(len(slots)), np.arange(len(slots)))


# --- places ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_a_point_stands_in_the_candle_that_contains_it_on_every_timeframe(timeframe: Timeframe) -> None:
    view = places(timeframe)
    for moment in (FIRST_MS, FIRST_MS + 137_123, FIRST_MS + 40 * timeframe.duration_ms):
        slot = slot_at(moment, timeframe)
        assert view.slot(view.x(moment)) == slot
        assert view.x(moment) == view.x(open_of(slot, timeframe))


def test_right_of_the_newest_candle_is_a_place_like_any_other() -> None:
    view = places()
    point = view.point(view.x(FIRST_MS + 90 * 300_000), 100.0)
    assert point.time_ms == FIRST_MS + 90 * 300_000
    assert point.price == 92_000.0


@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@given(st.floats(0, WIDTH - 1), st.floats(0, HEIGHT))
def test_a_place_and_its_point_agree(ratio: float, is_log: bool, x: float, y: float) -> None:
    view = places(ratio=ratio, is_log=is_log)
    point = view.point(x, y)
    assert view.x(point.time_ms) == pytest.approx(x, abs=6 / ratio + 1)
    assert view.y(point.price) == pytest.approx(y, abs=0.02)
    assert round(point.price * 10) / 10 == point.price


@given(st.floats(-1e9, 1e9), st.floats(-1e6, 1e6))
def test_no_place_is_too_far_for_a_sound_point(x: float, y: float) -> None:
    point = places().point(x, y)
    assert point.time_ms >= 0
    assert 0.1 <= point.price <= 1e12


def test_a_move_by_candles_keeps_the_moment_within_the_candle() -> None:
    view = places()
    assert view.moved(Point(FIRST_MS + 7_000, 93_000.1), 3, -5) == Point(FIRST_MS + 907_000, 92_999.6)


# --- shapes ------------------------------------------------------------------------------------------------------


def two(kind: Kind, first: Point, last: Point) -> Drawing:
    return Drawing("a", kind, (first, last))


LEFT, RIGHT = Point(FIRST_MS + 10 * 300_000, 92_000.0), Point(FIRST_MS + 60 * 300_000, 91_000.0)


def test_a_ray_goes_on_beyond_its_second_point_and_a_trend_line_does_not() -> None:
    view = places()
    x1, y1, x2, y2 = shape_of(two(Kind.RAY, LEFT, RIGHT), view).lines[0]
    assert (x1, y1) == view.xy(LEFT)
    assert x2 > WIDTH
    assert (y2 - y1) / (x2 - x1) == pytest.approx((view.y(91_000) - y1) / (view.x(RIGHT.time_ms) - x1))
    assert shape_of(two(Kind.TREND, LEFT, RIGHT), view).lines[0][2:] == view.xy(RIGHT)
    assert shape_of(two(Kind.RAY, LEFT, LEFT), view).lines[0] == (x1, y1, x1, y1)


def test_fibonacci_is_0_at_the_end_of_the_move_and_1_at_its_beginning() -> None:
    levels = dict(fib_prices(LEFT, RIGHT))
    assert (levels[0.0], levels[1.0], levels[0.5]) == (91_000.0, 92_000.0, 91_500.0)
    assert levels[0.618] == pytest.approx(91_618.0)
    shape = shape_of(two(Kind.FIB, LEFT, RIGHT), places())
    assert len(shape.lines) == 8


@pytest.mark.parametrize("index", range(4))
def test_each_corner_of_a_rectangle_moves_alone(index: int) -> None:
    box = two(Kind.BOX, LEFT, RIGHT)
    place = Point(FIRST_MS, 95_000.0)
    moved = with_corner(box, index, place)
    assert corners(moved)[index] == place
    opposite = {0: 1, 1: 0, 2: 3, 3: 2}[index]
    assert corners(moved)[opposite] == corners(box)[opposite]


def test_the_nearest_corner_then_the_lines_are_taken_hold_of() -> None:
    view = places()
    shape = shape_of(two(Kind.BOX, LEFT, RIGHT), view)
    x, y = view.xy(LEFT)
    assert corner_at(shape, x + 5, y + 5) == 0
    assert corner_at(shape, x + 7, y + 7) is None
    assert is_on(shape, x + 50, y + 4)
    assert not is_on(shape, x + 50, y + 40)
    measure = shape_of(two(Kind.MEASURE, LEFT, RIGHT), view)
    assert is_on(measure, x + 50, y + 40)


def test_a_text_is_taken_hold_of_anywhere_on_it() -> None:
    shape = shape_of(Drawing("a", Kind.TEXT, (LEFT,), text="words"), places(), 40.0)
    x, y = places().xy(LEFT)
    assert is_on(shape, x + 45, y + 5)
    assert not is_on(shape, x + 80, y)


def test_a_horizontal_line_keeps_its_handle_in_view() -> None:
    level = Drawing("a", Kind.LEVEL, (Point(0, 92_000.0),))
    (handle,) = shape_of(level, places()).handles
    assert 0 <= handle[0] <= WIDTH


@given(*(st.floats(-1e6, 1e6) for _ in range(4)))
def test_what_is_clipped_lies_inside_and_on_the_line(x1: float, y1: float, x2: float, y2: float) -> None:
    piece = clipped((x1, y1, x2, y2), WIDTH, HEIGHT)
    shares = np.linspace(0, 1, 2001)
    xs, ys = x1 + shares * (x2 - x1), y1 + shares * (y2 - y1)
    crosses = bool(((xs >= 0) & (xs <= WIDTH) & (ys >= 0) & (ys <= HEIGHT)).any())
    if piece is None:
        assert not crosses
        return
    for x, y in (piece[:2], piece[2:]):
        assert -8.01 <= x <= WIDTH + 8.01
        assert -8.01 <= y <= HEIGHT + 8.01
        away = (x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)
        assert abs(away) <= 1e-6 * max(1.0, math.hypot(x2 - x1, y2 - y1)) * 1e3


# --- the magnet --------------------------------------------------------------------------------------------------

SLOT = slot_at(FIRST_MS, Timeframe.M5)
CANDLES = bars(
    [SLOT + 20, SLOT + 21, SLOT + 23],
    [(910_000, 915_000, 905_000, 912_000), (912_000, 920_000, 911_000, 919_000), (919_000, 921_000, 900_000, 901_000)],
)


@pytest.mark.parametrize("ticks", [910_000, 915_000, 905_000, 912_000])
def test_each_of_the_four_prices_attracts_within_8_px(ticks: int) -> None:
    view = places()
    x, y = view.x(FIRST_MS + 20 * 300_000), view.row_of(ticks)
    assert snapped(view, CANDLES.cut(0, 1), x, y + 7) == Point(FIRST_MS + 20 * 300_000, ticks / 10)


def test_nothing_attracts_from_farther_away_or_where_a_candle_is_missing() -> None:
    view = places()
    x = view.x(FIRST_MS + 20 * 300_000)
    assert snapped(view, CANDLES, x, view.row_of(915_000) - 9) is None
    assert snapped(view, CANDLES, x + 300, view.row_of(915_000)) is None
    assert snapped(view, CANDLES.cut(0, 0), x, 100.0) is None


def test_the_nearest_price_wins() -> None:
    view = places()
    x = view.x(FIRST_MS + 20 * 300_000)
    found = snapped(view, CANDLES, x, view.row_of(911_400))
    assert found == Point(FIRST_MS + 21 * 300_000, 91_100.0)
    alone = snapped(view, CANDLES.cut(0, 1), x, view.row_of(911_400))
    assert alone == Point(FIRST_MS + 20 * 300_000, 91_200.0)


# --- the measure -------------------------------------------------------------------------------------------------


def candles(rows: int = 10, is_complete_left: bool = False) -> CandleView:
    columns = np.ones((7, rows))
    columns[0] = FIRST_MS + np.arange(rows) * 300_000.0
    columns[5] = np.arange(rows) + 1.0
    return CandleView(columns, version=1, base_version=1, last_is_forming=False, is_complete_left=is_complete_left)


def test_a_measure_tells_price_per_cent_bars_time_and_volume() -> None:
    points = (Point(FIRST_MS + 2 * 300_000, 200.0), Point(FIRST_MS + 5 * 300_000, 210.0))
    told = measured(points, Timeframe.M5, candles())
    assert (told.change, told.change_pct, told.slots, told.span_ms) == (10.0, 5.0, 3, 900_000)
    assert told.volume == 3 + 4 + 5 + 6
    assert told.words(1) == ("+10.0  (+5.00\u2009%)", "3 bars, 15m 00s", "Vol 18.0")
    back = measured(points[::-1], Timeframe.M5, candles()).words(1)
    assert back[0].startswith("\u221210.0")
    assert back[1] == "\u22123 bars, \u221215m 00s"


def test_a_measure_into_the_future_and_before_what_is_loaded_says_so() -> None:
    into = measured((Point(FIRST_MS + 9 * 300_000, 1.0), Point(FIRST_MS + 20 * 300_000, 1.0)), Timeframe.M5, candles())
    assert (into.volume, into.slots) == (10.0, 11)
    beyond = (Point(FIRST_MS + 20 * 300_000, 1.0), Point(FIRST_MS + 21 * 300_000, 1.0))
    assert measured(beyond, Timeframe.M5, candles()).words(0)[2] == "Vol \u2014"
    early = (Point(FIRST_MS - 300_000, 1.0), Point(FIRST_MS, 1.0))
    assert "loaded candles only" in measured(early, Timeframe.M5, candles()).words(0)[2]
    assert "only" not in measured(early, Timeframe.M5, candles(is_complete_left=True)).words(0)[2]


def test_a_measure_of_a_coarser_timeframe_counts_its_own_bars() -> None:
    points = (Point(FIRST_MS + 300_000, 1.0), Point(FIRST_MS + 3_600_000 * 3, 1.0))
    assert measured(points, Timeframe.H1, candles()).slots == 3


def test_a_drawing_is_said_in_words() -> None:
    zone = dt.UTC
    assert spoken(Drawing("a", Kind.LEVEL, (LEFT,), is_locked=True), 1, zone) == "Horizontal line at 92,000.0, locked"
    words = spoken(two(Kind.TREND, LEFT, RIGHT), 1, zone)
    assert words == "Trend line from 92,000.0 on Sat 5 Apr \u00b7 00:50 to 91,000.0 on Sat 5 Apr \u00b7 05:00"
    assert spoken(Drawing("a", Kind.TEXT, (LEFT,), text="low"), 0, zone).startswith("Text \u201clow\u201d at 92,000 on")
