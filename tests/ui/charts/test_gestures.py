"""Mouse and keys as a person uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.charts.conftest import WIDTH
from virtuoso_desktop.ui.charts.gestures import Area

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.panel import ChartPanel

LEFT = Qt.MouseButton.LeftButton
AXIS_X = WIDTH - 30


def drag(panel: ChartPanel, start: QPoint, *ways: QPoint) -> None:
    surface = panel.canvas.viewport()
    QTest.mousePress(surface, LEFT, Qt.KeyboardModifier.NoModifier, start)
    place = start
    for way in ways:
        place += way
        QTest.mouseMove(surface, place)
    QTest.mouseRelease(surface, LEFT, Qt.KeyboardModifier.NoModifier, place)


def wheel(panel: ChartPanel, place: QPoint, up: int = 0, aside: int = 0, shift: bool = False) -> None:
    event = QWheelEvent(
        QPointF(place), panel.canvas.viewport().mapToGlobal(QPointF(place)), QPoint(), QPoint(aside, up),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(panel.canvas.viewport(), event)


def test_a_drag_moves_the_candles_with_the_mouse(panel: ChartPanel) -> None:
    time = panel._stage.model.time
    slot = time.slot_at(300)
    drag(panel, QPoint(300, 200), QPoint(100, 0), QPoint(73, 5))
    assert time.slot_at(473) == slot
    assert panel._stage.model.price.is_auto
    assert panel._notes.newest.isHidden() != (time.newest >= time.right_slot)


def test_the_wheel_zooms_at_the_cursor(panel: ChartPanel) -> None:
    time = panel._stage.model.time
    slot, bars = time.slot_at(250), time.view_bars
    wheel(panel, QPoint(250, 200), up=240)
    assert time.view_bars < bars
    assert time.slot_at(250) == slot
    wheel(panel, QPoint(250, 200), up=-240)
    assert time.view_bars == bars


def test_fine_wheel_steps_add_up_to_a_notch(panel: ChartPanel) -> None:
    time = panel._stage.model.time
    bars = time.view_bars
    for _ in range(3):
        wheel(panel, QPoint(250, 200), up=30)
    assert time.view_bars == bars
    wheel(panel, QPoint(250, 200), up=30)
    assert time.view_bars < bars


@pytest.mark.parametrize("shift", [False, True])
def test_a_sideways_wheel_pans(panel: ChartPanel, shift: bool) -> None:
    time = panel._stage.model.time
    left = time.left
    wheel(panel, QPoint(250, 200), **({"up": 120} if shift else {"aside": 120}), shift=shift)
    assert time.left == left - 60


def test_the_price_axis_scales_by_hand_and_a_double_click_ends_it(panel: ChartPanel) -> None:
    price = panel._stage.model.price
    auto = (price.low, price.high)
    drag(panel, QPoint(AXIS_X, 200), QPoint(0, 80))
    assert not price.is_auto
    assert price.span > auto[1] - auto[0]
    assert not panel._notes.auto.isHidden()
    drag(panel, QPoint(300, 200), QPoint(0, 40))
    assert price.high > auto[1]
    QTest.mouseDClick(panel.canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, QPoint(AXIS_X, 200))
    assert (price.low, price.high) == pytest.approx(auto)
    assert panel._notes.auto.isHidden()


def test_the_wheel_on_the_price_axis_scales_and_the_chip_leads_back(panel: ChartPanel) -> None:
    price = panel._stage.model.price
    span = price.span
    wheel(panel, QPoint(AXIS_X, 200), up=-120)
    assert price.span > span
    QTest.mouseClick(panel._notes.auto, LEFT)
    assert price.is_auto
    assert price.span == pytest.approx(span)


def test_the_time_axis_zooms_and_a_double_click_resets(panel: ChartPanel) -> None:
    time = panel._stage.model.time
    bars = time.view_bars
    bottom = panel.canvas.height() - 8
    drag(panel, QPoint(400, bottom), QPoint(-40, 0), QPoint(-40, 0))
    assert time.view_bars < bars
    QTest.mouseDClick(panel.canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, QPoint(400, bottom))
    assert time.view_bars == bars


@pytest.mark.parametrize(
    ("key", "moves"),
    [
        (Qt.Key.Key_Left, -1),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_PageUp, -1),
        (Qt.Key.Key_PageDown, 1),
        (Qt.Key.Key_Home, 1),
        (Qt.Key.Key_End, -1),
    ],
)
def test_keys_pan(panel: ChartPanel, key: Qt.Key, moves: int) -> None:
    time = panel._stage.model.time
    time.pan(2500)
    panel._on_view_moved()
    left = time.left
    QTest.keyClick(panel.canvas, key)
    assert (time.left - left) * moves > 0
    if key is Qt.Key.Key_Home:
        assert time.bars_right == pytest.approx(14, abs=0.2)
    if key is Qt.Key.Key_End:
        assert time.left_slot <= time.oldest


def test_keys_zoom_and_move_prices(panel: ChartPanel) -> None:
    time, price = panel._stage.model.time, panel._stage.model.price
    bars = time.view_bars
    QTest.keyClick(panel.canvas, Qt.Key.Key_Plus)
    assert time.view_bars < bars
    QTest.keyClick(panel.canvas, Qt.Key.Key_Minus)
    assert time.view_bars == bars
    low = price.low
    QTest.keyClick(panel.canvas, Qt.Key.Key_Up)
    assert price.low > low
    assert not price.is_auto


def test_letters_and_digits_go_to_the_window(panel: ChartPanel) -> None:
    letters: list[str] = []
    digits: list[str] = []
    panel.letters_typed.connect(letters.append)
    panel.digit_typed.connect(digits.append)
    QTest.keyClicks(panel.canvas, "eT5")
    QTest.keyClick(panel.canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert (letters, digits) == (["e", "T"], ["5"])


def test_the_button_leads_to_the_newest_candle(panel: ChartPanel) -> None:
    time = panel._stage.model.time
    assert panel._notes.newest.isHidden()
    time.pan(2000)
    panel._on_view_moved()
    assert not panel._notes.newest.isHidden()
    QTest.mouseClick(panel._notes.newest, LEFT)
    assert time.follows
    assert panel._notes.newest.isHidden()


def test_areas_and_cursors(panel: ChartPanel) -> None:
    gestures, bottom = panel.canvas.gestures, panel.canvas.height()
    assert gestures.area_at(QPointF(300, 200)) is Area.PLOT
    assert gestures.area_at(QPointF(AXIS_X, 200)) is Area.PRICE_AXIS
    assert gestures.area_at(QPointF(AXIS_X, bottom - 60)) is Area.STUDY_AXIS
    assert gestures.area_at(QPointF(300, bottom - 5)) is Area.TIME_AXIS
    QTest.mouseMove(panel.canvas.viewport(), QPoint(AXIS_X, 200))
    assert panel.canvas.viewport().cursor().shape() is Qt.CursorShape.SizeVerCursor
    assert panel._stage.hover is None


def test_every_control_on_the_chart_has_a_name_and_a_tooltip(panel: ChartPanel) -> None:
    for control in (panel._notes.newest, panel._notes.auto, panel._notes.zone):
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert panel.focusProxy() is panel.canvas


def test_an_empty_chart_takes_no_gesture(panel: ChartPanel) -> None:
    panel._engine.instruments.clear()  # type: ignore[union-attr]
    panel._stage.model.clear()
    left = panel._stage.model.time.left
    drag(panel, QPoint(300, 200), QPoint(100, 0))
    wheel(panel, QPoint(250, 200), up=240)
    QTest.keyClick(panel.canvas, Qt.Key.Key_Left)
    assert panel._stage.model.time.left == left
    assert panel._stage.hover is None
