"""Drawing in the window: the strip, its keys and buttons, what is there after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from tests.market_rows import NOW_MS, FakeMarket, identity, row
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Kind, Point
from virtuoso_desktop.ui.charts.drawing.toolstrip import BUTTON_PX, ToolStrip
from virtuoso_desktop.ui.memory import DrawMemory, WindowMemory
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from virtuoso_desktop.ui.interior import Interior

BTC = identity("BTC")
NO_KEY = Qt.KeyboardModifier.NoModifier
LINE = Drawing("a", Kind.LEVEL, (Point(1_743_811_200_000, 93_000.0),))


@pytest.fixture
def make(qtbot: Any, tmp_path: Path) -> Iterator[Callable[..., MainWindow]]:
    windows: list[MainWindow] = []

    def build(memory: WindowMemory | None = None) -> MainWindow:
        window = MainWindow(
            Theme(), Source.LIVE, memory=memory, files=UserFiles(tmp_path / "desk"), now_ms=lambda: NOW_MS
        )
        window.resize(1600, 960)
        with qtbot.waitExposed(window):
            window.show()
        window.attach(FakeMarket([row("BTC", 93_000.0), row("ETH", 3_500.0)]))
        windows.append(window)
        return window

    yield build
    for window in windows:
        window.detach()
        window.files.close()
        window.close()
        window.deleteLater()


def with_chart(window: MainWindow) -> Interior:
    """Any widget in the chart's place, and the desk that a chart is given."""
    interior = window.interior
    chart = QWidget()
    chart.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    interior.drawing.desk()
    interior.set_chart(chart, None, None)
    chart.show()
    return interior


def strip_of(window: MainWindow) -> ToolStrip | None:
    strips = [strip for strip in window.findChildren(ToolStrip) if strip.isVisible()]
    return strips[0] if strips else None


def opened(interior: Interior, qtbot: Any) -> Any:
    desk = interior.drawing.desk()
    book = desk.books.of(BTC)
    qtbot.waitUntil(lambda: desk.books.take_read() or book.is_open)
    return book


def test_draw_shows_and_hides_the_strip_and_that_is_remembered(make: Callable[..., MainWindow], qtbot: Any) -> None:
    window = make()
    interior = with_chart(window)
    assert strip_of(window) is None
    QTest.mouseClick(interior.top_bar.draw, Qt.MouseButton.LeftButton)
    strip = strip_of(window)
    assert strip is not None
    qtbot.waitUntil(lambda: 0 < strip.geometry().right() < interior._chart.geometry().left())
    assert interior.top_bar.draw.isChecked()
    memory = WindowMemory.from_bytes(window.remember().to_bytes())
    assert memory.draw.strip_shown
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)
    assert strip_of(window) is None
    assert not interior.top_bar.draw.isChecked()
    again = make(memory)
    with_chart(again)
    assert strip_of(again) is not None


def test_a_button_takes_a_tool_and_gives_the_chart_the_keys(make: Callable[..., MainWindow]) -> None:
    window = make(WindowMemory(draw=DrawMemory(strip_shown=True)))
    interior = with_chart(window)
    desk, strip = interior.drawing.desk(), strip_of(window)
    assert strip is not None
    for kind in Kind:
        QTest.mouseClick(strip.tools[kind], Qt.MouseButton.LeftButton)
        assert desk.tool is kind
        assert [each for each, button in strip.tools.items() if button.isChecked()] == [kind]
        assert window.focusWidget() is interior._chart
    QTest.mouseClick(strip.tools[Kind.TEXT], Qt.MouseButton.LeftButton)
    assert desk.tool is None
    button = strip.tools[Kind.RAY]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(button, Qt.MouseButton.LeftButton)
    assert (desk.tool, desk.keeps_tool) == (Kind.RAY, True)
    assert strip.buttons["keep"].isChecked()
    QTest.mouseClick(strip.tools[None], Qt.MouseButton.LeftButton)
    assert desk.tool is None


def test_every_control_has_a_name_a_tip_and_the_keyboard(make: Callable[..., MainWindow]) -> None:
    window = make(WindowMemory(draw=DrawMemory(strip_shown=True)))
    interior, strip = with_chart(window), strip_of(window)
    assert strip is not None
    buttons = [*strip.tools.values(), *strip.buttons.values()]
    names = [button.accessibleName() for button in buttons]
    assert all(names)
    assert len(set(names)) == len(names)
    assert "(Alt+T)" in strip.tools[Kind.TREND].toolTip()
    assert "(Alt+D)" in interior.top_bar.draw.toolTip()
    strip.tools[None].setFocus()
    for _ in range(3):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Down)
    assert window.focusWidget() is strip.tools[Kind.RAY]
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Up)
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Return)
    assert interior.drawing.desk().tool is Kind.LEVEL


def test_a_low_window_has_two_columns_of_tools(make: Callable[..., MainWindow]) -> None:
    window = make(WindowMemory(draw=DrawMemory(strip_shown=True)))
    with_chart(window)
    strip = strip_of(window)
    assert strip is not None
    wide = strip.width()
    strip.resize(strip.width(), 200)
    assert strip.width() > wide
    buttons = [*strip.tools.values(), *strip.buttons.values()]
    assert all(button.geometry().bottom() < 200 or strip.width() > 3 * BUTTON_PX for button in buttons)
    places = [button.geometry() for button in buttons]
    assert not any(one.intersects(other) for place, one in enumerate(places) for other in places[:place])


def test_actions_say_why_not_before_the_chart_is_there_and_work_after(
    make: Callable[..., MainWindow], qtbot: Any
) -> None:
    window = make()
    actions = {action.listed.action: action for action in window.interior.commands.all()}
    assert actions["draw_trend_line"].why_not() == "The chart is still loading."
    assert actions["draw_undo"].why_not() == "The chart is still loading."
    window.interior.commands.run("draw_trend_line")
    interior = with_chart(window)
    book = opened(interior, qtbot)
    assert actions["draw_clear"].why_not() == "Nothing is drawn on this instrument."
    assert actions["draw_redo"].why_not() == "Nothing was undone."
    book.add(LINE)
    for name in ("draw_undo", "draw_clear", "draw_next", "draw_trend_line"):
        assert actions[name].why_not() is None
    window.interior.commands.run("draw_next")
    assert book.selected == "a"


def test_undo_and_redo_by_key_and_clear_with_a_way_back(make: Callable[..., MainWindow], qtbot: Any) -> None:
    window = make()
    interior = with_chart(window)
    book = opened(interior, qtbot)
    book.add(LINE)
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window, Qt.Key.Key_Z, control)
    assert book.drawings == ()
    QTest.keyClick(window, Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    assert book.drawings == (LINE,)
    interior.commands.run("draw_clear")
    assert book.drawings == ()
    undo = next(toast for toast in interior._toast_stack().toasts if toast.takes_back)
    assert undo.notice.user_text == "Horizontal line was removed."
    undo._undo.click()
    assert book.drawings == (LINE,)


def test_drawings_magnet_and_looks_are_there_after_a_restart(make: Callable[..., MainWindow], qtbot: Any) -> None:
    window = make()
    interior = with_chart(window)
    opened(interior, qtbot).add(LINE)
    interior.commands.run("draw_magnet")
    memory = WindowMemory.from_bytes(window.remember().to_bytes())
    assert not memory.draw.magnet
    window.files.close()
    again = make(memory)
    assert opened(with_chart(again), qtbot).drawings == (LINE,)
    assert not again.interior.drawing.desk().has_magnet


@pytest.mark.parametrize(
    "looks", [{"ray": ("plaid", 2, "solid")}, {"ray": ("up", 99, "solid")}, {"ray": ("up", 2, "w")}]
)
def test_a_strange_look_in_the_memory_is_left_out(make: Callable[..., MainWindow], looks: Any) -> None:
    window = make(WindowMemory(draw=DrawMemory(looks=looks)))
    assert with_chart(window).drawing.desk().looks["ray"] == ("info", 2, "solid")


def test_a_damaged_file_is_said_in_a_toast_and_drawing_goes_on(
    make: Callable[..., MainWindow], qtbot: Any, tmp_path: Path
) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / f"drawings-bybit-linear-{BTC.symbol}.json").write_bytes(b'{"drawings": [{"id"')
    window = make()
    interior = with_chart(window)
    book = opened(interior, qtbot)
    assert any("set-aside" in toast.notice.user_text for toast in interior._toast_stack().toasts)
    assert book.add(LINE)
