"""Drawing with keys alone, and what a screen reader is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.charts.conftest import frame
from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Kind, Point
from virtuoso_desktop.ui.charts.stage import Hover

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.drawing.book import DrawingBook
    from virtuoso_desktop.ui.charts.panel import ChartPanel

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def chart(panel: ChartPanel) -> ChartPanel:
    panel.canvas.hand.desk.set_magnet(False)
    panel.canvas.setFocus()
    return panel


def press(panel: ChartPanel, *keys: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    for key in keys:
        QTest.keyClick(panel.canvas, key, held)


def book_of(panel: ChartPanel) -> DrawingBook:
    book = panel.canvas.hand.book
    assert book is not None
    return book


def test_a_trend_line_is_placed_by_keys_from_the_newest_candle(chart: ChartPanel) -> None:
    newest = chart._stage.model.newest
    assert newest is not None
    chart.canvas.hand.desk.take(Kind.TREND)
    press(chart, Qt.Key.Key_Return)
    press(chart, *[Qt.Key.Key_Left] * 3, Qt.Key.Key_Up, Qt.Key.Key_Up)
    press(chart, Qt.Key.Key_Left, held=SHIFT)
    frame(chart)
    hover = chart._stage.hover
    assert hover is not None
    assert hover.slot == newest.slot - 13
    press(chart, Qt.Key.Key_Return)
    (made,) = book_of(chart).drawings
    first, last = made.points
    assert first.time_ms - last.time_ms == 13 * 300_000
    assert first.price == pytest.approx(newest.close / 10, abs=20)
    assert last.price > first.price
    assert chart.canvas.hand.desk.tool is None


def test_a_crosshair_in_another_pane_is_no_place_to_begin(chart: ChartPanel) -> None:
    newest, layout = chart._stage.model.newest, chart._stage.layout
    assert newest is not None
    chart._stage.hover = Hover(newest.slot - 40, layout.panes[0].top + 5)
    chart.canvas.hand.desk.take(Kind.LEVEL)
    press(chart, Qt.Key.Key_Return)
    (made,) = book_of(chart).drawings
    assert made.points[0].price == pytest.approx(newest.close / 10, abs=20)


def test_a_horizontal_line_is_one_key_more(chart: ChartPanel) -> None:
    chart.canvas.hand.desk.take(Kind.LEVEL)
    press(chart, Qt.Key.Key_Up, Qt.Key.Key_Return)
    assert [each.kind for each in book_of(chart).drawings] == [Kind.LEVEL]


def made_line(chart: ChartPanel) -> Drawing:
    places = chart.canvas.hand.places()
    assert places is not None
    drawing = Drawing("made", Kind.TREND, (places.point(200, 150), places.point(400, 250)))
    book_of(chart).add(drawing)
    book_of(chart).select("made")
    frame(chart)
    return drawing


def test_arrows_move_the_selected_drawing_and_pan_without_one(chart: ChartPanel) -> None:
    made, left = made_line(chart), chart._stage.model.time.left
    press(chart, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up)
    (moved,) = book_of(chart).drawings
    assert [after.time_ms - before.time_ms for before, after in zip(made.points, moved.points, strict=True)] == [
        600_000,
        600_000,
    ]
    assert moved.points[0].price > made.points[0].price
    assert chart._stage.model.time.left == left
    book_of(chart).undo()
    assert book_of(chart).drawings == (made,)
    press(chart, Qt.Key.Key_Escape, Qt.Key.Key_Left)
    assert chart._stage.model.time.left < left


def test_space_goes_through_the_points_and_arrows_move_the_one(chart: ChartPanel) -> None:
    made = made_line(chart)
    press(chart, Qt.Key.Key_Space, Qt.Key.Key_Space, Qt.Key.Key_Down)
    (moved,) = book_of(chart).drawings
    assert moved.points[0] == made.points[0]
    assert moved.points[1].price < made.points[1].price
    press(chart, Qt.Key.Key_Space, Qt.Key.Key_Down, held=Qt.KeyboardModifier.NoModifier)
    assert book_of(chart).drawings[0].points[0].price < made.points[0].price


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)
def test_delete_and_the_menu_key(chart: ChartPanel) -> None:
    made_line(chart)
    press(chart, Qt.Key.Key_Menu)
    menu = chart._drawings.menu
    assert menu is not None
    menu.close()
    press(chart, Qt.Key.Key_Delete)
    assert book_of(chart).drawings == ()
    book_of(chart).undo()
    assert len(book_of(chart).drawings) == 1


def test_a_screen_reader_hears_the_tool_and_the_selected_drawing(chart: ChartPanel) -> None:
    chart._describe(time.perf_counter_ns() + 10**10)
    assert "Selected" not in chart.canvas.accessibleDescription()
    made_line(chart)
    chart._describe(time.perf_counter_ns() + 2 * 10**10)
    assert chart.canvas.accessibleDescription().startswith("Selected: Trend line from ")
    press(chart, Qt.Key.Key_Space)
    assert chart.canvas.hand.words().endswith("Point 1 of 2")
    chart.canvas.hand.desk.take(Kind.FIB)
    assert chart.canvas.hand.words() == (
        "Fibonacci retracement: arrow keys and Enter place the first point, Escape ends"
    )


def test_letters_and_digits_still_open_their_boxes(chart: ChartPanel) -> None:
    typed: list[str] = []
    chart.letters_typed.connect(typed.append)
    chart.digit_typed.connect(typed.append)
    made_line(chart)
    QTest.keyClicks(chart.canvas, "e1")
    assert typed == ["e", "1"]


def test_a_step_of_an_instrument_with_tiny_prices_is_at_least_a_tick(chart: ChartPanel) -> None:
    book = book_of(chart)
    book.add(Drawing("low", Kind.LEVEL, (Point(1_743_811_200_000, 0.1),)))
    book.select("low")
    press(chart, Qt.Key.Key_Down)
    assert book.drawings[0].points[0].price == 0.1
    press(chart, Qt.Key.Key_Up)
    assert book.drawings[0].points[0].price > 0.1
