"""Panels that float, tab, split, close and come back, in the real window."""

from __future__ import annotations

import gc
from collections import Counter
from time import perf_counter_ns
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from tests.desk import BTC, DeskRig, ladder_levels
from tests.market_rows import COINS, NOW_MS, row
from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.arrangement import ABOVE, LEFT, RIGHT, FloatingPlace, Group, panels_of
from virtuoso_desktop.ui.floating import is_seen, visible_box
from virtuoso_desktop.ui.panel_drag import drop_at, said_of
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.panels.desk_words import StateWords
from virtuoso_desktop.ui.symbol_popup import SymbolPopup
from virtuoso_desktop.ui.theme import Theme, ThemeChoice
from virtuoso_desktop.ui.window import MainWindow
from virtuoso_desktop.ui.workspace_menu import panel_menu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.dock import TabGroup
    from virtuoso_desktop.ui.workspace import Workspace

FRAME_NS = 33_000_000
BOTH = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme()
    made.apply()
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    for place, coin in enumerate(COINS):
        made.rows[row(coin).instrument_id] = row(coin, 100.0 + place)
    made.link(LinkPhase.LIVE)
    made.book(ladder_levels(99.9, 60, step=-0.1), ladder_levels(100.0, 60, step=0.1))
    return made


@pytest.fixture
def make(qtbot: QtBot, theme: Theme, rig: DeskRig) -> Iterator[Callable[..., MainWindow]]:
    windows: list[MainWindow] = []

    def build(files: UserFiles | None = None, size: QSize = QSize(1600, 1000)) -> MainWindow:  # noqa: B008
        window = MainWindow(theme, Source.DEMO, now_ms=lambda: NOW_MS, files=files)
        window.resize(size)
        windows.append(window)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        window.attach(rig)
        window.interior.show_instrument(BTC)
        QApplication.processEvents()
        return window

    yield build
    for window in windows:
        window.detach()


@pytest.fixture
def window(make: Callable[..., MainWindow]) -> MainWindow:
    return make()


def group_of(work: Workspace, name: str) -> TabGroup:
    group = work.group_of(name)
    assert group is not None
    return group


def arranged(window: MainWindow) -> list[tuple[list[str], QRect]]:
    """Panels and place of every group of the main window."""
    return [
        (group.group.panels, QRect(group.mapTo(window, QPoint()), group.size()))
        for group in window.interior.workspace.main.groups
    ]


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()


# --- closing and coming back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_closes_and_comes_back_to_its_place(window: MainWindow, name: str) -> None:
    work = window.interior.workspace
    before = arranged(window)
    work.toggle_panel(name)
    settle()
    assert not work.is_open(name)
    assert not work.panels.widget(name).isVisible()
    work.toggle_panel(name)
    settle()
    assert arranged(window) == before
    assert work.panels.widget(name).isVisible()
    assert work.current == name, "it has the keyboard"


def test_all_panels_closed_and_opened_again(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    before = arranged(window)
    for name in PANELS:
        work.close_panel(name)
    settle()
    assert work.main.root is None
    assert not window.grab().isNull()
    work.toggle_confluence()
    assert work.is_open("confluence"), "its key opens it"
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.interior.markets.search.hasFocus(), "a search needs Markets"
    for name in PANELS:
        work.show_panel(name)
    settle()
    assert sorted(panels_of(work.main.root)) == sorted(PANELS)
    window.interior.panel_actions.keeper.reset()
    settle()
    assert arranged(window) == before


def test_a_closed_panel_reads_nothing(window: MainWindow, rig: DeskRig) -> None:
    work = window.interior.workspace
    calls: Counter[str] = Counter()
    work.close_panel("order_book")
    work.close_panel("overview")
    book = work.make().desk.order_book
    book.refresh = lambda now_ns: calls.update(["refresh"])  # type: ignore[method-assign]
    turn(window)
    assert not calls


def turn(window: MainWindow, frames: int = 40) -> None:
    """Frames far enough from those before that everything is due."""
    clock = window.interior.frame
    clock.stop()
    now_ns = max(perf_counter_ns(), newest_ns[0]) + 10**10
    for _ in range(frames):
        now_ns += FRAME_NS
        clock.tick(now_ns)
    newest_ns[0] = now_ns


newest_ns = [0]


# --- windows of their own ------------------------------------------------------------------------------------------


def test_a_panel_floats_and_comes_back(window: MainWindow) -> None:
    work = window.interior.workspace
    before = arranged(window)
    size = group_of(work, "order_book").size()
    work.float_panel("order_book")
    settle()
    (floating,) = work.windows.all
    assert floating.isVisible()
    assert floating.parent() is None, "it goes on while the main window is minimised"
    assert floating.windowTitle() == "DEMO \u00b7 Order book \u00b7 Virtuoso"
    assert floating.size() == size
    book = work.panels.widget("order_book")
    assert book.window() is floating
    assert book.isVisible()
    assert "order_book" not in panels_of(work.main.root)
    work.dock_panel("order_book")
    settle()
    assert work.windows.all == []
    assert arranged(window) == before
    assert book.window() is window


def test_a_floating_panel_goes_on_while_the_main_window_is_minimised_or_hidden(window: MainWindow) -> None:
    work = window.interior.workspace
    work.float_panel("order_book")
    settle()
    calls: Counter[str] = Counter()
    for name in ("order_book", "trades"):
        panel = work.panels.widget(name)
        panel.refresh = lambda now_ns, name=name: calls.update([name])  # type: ignore[attr-defined]
    turn(window)
    assert set(calls) == {"order_book", "trades"}
    for put_away in (window.showMinimized, window.hide):
        put_away()
        settle()
        calls.clear()
        turn(window)
        assert set(calls) == {"order_book"}, "what nobody can see costs nothing"
    window.showNormal()
    work.windows.all[0].showMinimized()
    settle()
    calls.clear()
    turn(window)
    assert set(calls) == {"trades"}


def test_closing_a_floating_window_closes_its_panels_until_asked_for(window: MainWindow) -> None:
    work = window.interior.workspace
    work.float_panel("trades")
    work.move_panel("signals", work.areas[0], group_of(work, "trades").group)
    work.windows.all[0].setGeometry(120, 90, 500, 300)
    settle()
    work.windows.all[0].close()
    settle()
    assert not work.is_open("trades")
    assert not work.is_open("signals")
    work.show_panel("trades")
    settle()
    (floating,) = work.windows.all
    assert floating.geometry() == QRect(120, 90, 500, 300), "where it was"
    work.dock_panel("trades")
    work.show_panel("signals")
    work.dock_panel("signals")
    settle()
    assert group_of(work, "trades").group.known == ["trades", "liquidations", "signals"]


def test_floating_windows_follow_the_theme_and_the_series(window: MainWindow, theme: Theme) -> None:
    work = window.interior.workspace
    work.float_panel("confluence")
    settle()
    (floating,) = work.windows.all
    dark = floating.grab().toImage().pixelColor(100, 300)
    theme.choose(ThemeChoice.LIGHT)
    settle()
    assert floating.grab().toImage().pixelColor(100, 300).lightness() > dark.lightness() + 150
    theme.choose(ThemeChoice.DARK)
    other = window.interior.markets.rows.all()[2].instrument_id
    window.interior.show_instrument(other)
    assert work.make().confluence.instrument == other


def test_keys_of_the_window_work_in_a_floating_one(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    work.float_panel("order_book")
    settle()
    (floating,) = work.windows.all
    floating.activateWindow()
    qtbot.waitUntil(floating.isActiveWindow)
    shown = window.interior.instrument
    qtbot.keyClick(floating, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert window.interior.timeframe.value == "5m"
    qtbot.keyClick(floating, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert window.interior.instrument != shown
    floating.activateWindow()
    floating.setFocus()
    qtbot.keyClick(floating, Qt.Key.Key_S)
    popup = window.findChild(SymbolPopup)
    assert popup is not None
    assert popup.isVisible()
    popup.finish()
    work.focus_panel("order_book")
    qtbot.waitUntil(floating.isActiveWindow)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F, BOTH)
    assert not work.floats("order_book")


def test_a_window_can_stay_on_top(window: MainWindow) -> None:
    work = window.interior.workspace
    work.float_panel("log")
    settle()
    menu = panel_menu(work, "log")
    next(action for action in menu.actions() if action.text() == "Always on top").trigger()
    menu.deleteLater()
    settle()
    (floating,) = work.windows.all
    assert floating.isVisible()
    assert floating.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
    assert work.describe().floating[0].stays_on_top


# --- screens -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        FloatingPlace(Group(["log"]), (20_000, 300, 500, 300), "HDMI-9"),
        FloatingPlace(Group(["log"]), (-9_000, -9_000, 500, 300), ""),
        FloatingPlace(Group(["log"]), (30, 20, 99_999, 99_999), "HDMI-9"),
        FloatingPlace(Group(["log"]), (0, 0, 0, 0), ""),
        FloatingPlace(Group(["log"]), (10, -4_000, 500, 300), "offscreen"),
    ],
)
def test_a_place_that_nobody_could_see_is_given_up(qapp: QApplication, place: FloatingPlace) -> None:
    box = visible_box(place)
    assert qapp.primaryScreen().availableGeometry().contains(box)
    assert is_seen(box)


def test_when_a_screen_goes_its_windows_come_to_one_that_is_there(window: MainWindow) -> None:
    work = window.interior.workspace
    work.float_panel("system")
    (floating,) = work.windows.all
    floating.setGeometry(30_000, 200, 420, 300)
    settle()
    assert not is_seen(floating.geometry())
    QApplication.instance().screenRemoved.emit(QApplication.primaryScreen())  # type: ignore[union-attr]
    settle()
    assert is_seen(floating.geometry())
    assert floating.size() == QSize(420, 300)


# --- dragging ------------------------------------------------------------------------------------------------------


def send(widget: QWidget, kind: QEvent.Type, at: QPoint) -> None:
    """A mouse event of the left button at a global point."""
    pressed = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    local = QPointF(widget.mapFromGlobal(at))
    QApplication.sendEvent(
        widget, QMouseEvent(kind, local, QPointF(at), button, pressed, Qt.KeyboardModifier.NoModifier)
    )


def drag(widget: QWidget, to: QPoint, *, start: QPoint | None = None) -> None:
    begin = widget.mapToGlobal(start or widget.rect().center())
    send(widget, QEvent.Type.MouseButtonPress, begin)
    send(widget, QEvent.Type.MouseMove, begin + QPoint(30, 0))
    send(widget, QEvent.Type.MouseMove, to)
    send(widget, QEvent.Type.MouseButtonRelease, to)
    settle()


def test_a_tab_is_dragged_beside_the_chart(window: MainWindow) -> None:
    work = window.interior.workspace
    chart = group_of(work, "chart")
    drag(group_of(work, "signals").tabs["signals"], chart.mapToGlobal(QPoint(60, chart.height() // 2)))
    boxes = {panels[0]: box for panels, box in arranged(window)}
    assert boxes["signals"].right() + 5 == boxes["chart"].left()
    assert boxes["signals"].top() == boxes["chart"].top()
    assert work.panels.widget("signals").isVisible()


def test_a_tab_is_dragged_among_others_and_within_its_row(window: MainWindow) -> None:
    work = window.interior.workspace
    book = group_of(work, "order_book")
    at = book.tabs["system"].mapToGlobal(QPoint(2, 10))
    drag(group_of(work, "trades").tabs["trades"], at)
    book = group_of(work, "order_book")
    assert list(book.tabs) == ["order_book", "overview", "trades", "system", "log"]
    assert book.chosen == "trades"
    drag(book.tabs["order_book"], book.tabs["log"].mapToGlobal(QPoint(40, 10)))
    assert list(group_of(work, "log").tabs) == ["overview", "trades", "system", "log", "order_book"]


def test_a_head_is_dragged_out_of_every_window_and_back(window: MainWindow) -> None:
    work = window.interior.workspace
    markets = window.interior.markets
    drag(markets, window.mapToGlobal(QPoint(2_400, 300)), start=QPoint(200, 15))
    assert work.floats("markets")
    assert group_of(work, "chart").mapTo(window, QPoint()).x() == 0, "the room is the chart's"
    area = work.main
    drag(markets, area.mapToGlobal(QPoint(4, 300)), start=QPoint(200, 15))
    assert not work.floats("markets")
    assert arranged(window)[0][0] == ["markets"]
    assert arranged(window)[0][1].height() == area.height(), "beside everything"


def test_escape_ends_a_drag(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    before = arranged(window)
    tab = group_of(work, "trades").tabs["trades"]
    begin = tab.mapToGlobal(tab.rect().center())
    send(tab, QEvent.Type.MouseButtonPress, begin)
    send(tab, QEvent.Type.MouseMove, begin + QPoint(-400, -300))
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    send(tab, QEvent.Type.MouseButtonRelease, begin + QPoint(-400, -300))
    settle()
    assert arranged(window) == before


def test_a_click_is_no_drag(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    before = arranged(window)
    qtbot.mouseClick(group_of(work, "liquidations").tabs["liquidations"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(window.interior.markets, Qt.MouseButton.LeftButton, pos=QPoint(200, 15))
    assert arranged(window) == before
    assert group_of(work, "liquidations").chosen == "liquidations"


def test_where_a_drop_would_land(window: MainWindow) -> None:
    work = window.interior.workspace
    chart = group_of(work, "chart")

    def side(x_ratio: float, y_ratio: float) -> str | None:
        at = chart.mapToGlobal(QPoint(int(chart.width() * x_ratio), int(chart.height() * y_ratio)))
        drop = drop_at(work.areas, at)
        return None if drop is None else drop.side

    drops = [drop_at(work.areas, chart.mapToGlobal(QPoint(x, 200))) for x in (40, chart.width() // 2)]
    assert [said_of(drop) for drop in drops] == ["left of Chart", "as a tab beside Chart"]
    assert said_of(drop_at(work.areas, window.mapToGlobal(QPoint(3, 300)))) == "at the left edge"
    assert said_of(None) == "as a window of its own"
    assert (side(0.1, 0.5), side(0.9, 0.5), side(0.5, 0.1), side(0.5, 0.5)) == (LEFT, RIGHT, ABOVE, "")
    assert drop_at(work.areas, window.mapToGlobal(QPoint(-500, -500))) is None


def test_a_drop_lands_in_the_window_that_lies_uppermost(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    work.float_panel("system")
    (floating,) = work.windows.all
    floating.setGeometry(QRect(window.mapToGlobal(QPoint(700, 200)), QSize(400, 300)))
    settle()
    at = floating.mapToGlobal(QPoint(200, 150))

    def area_there() -> object:
        drop = drop_at(work.areas, at)
        return None if drop is None else drop.area

    assert area_there() is floating.area
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert area_there() is work.main
    floating.stay_on_top(True)
    assert area_there() is floating.area
    floating.showMinimized()
    assert area_there() is work.main


def test_a_double_click_on_a_head_floats_and_docks(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    confluence = work.make().confluence
    qtbot.mouseDClick(confluence, Qt.MouseButton.LeftButton, pos=QPoint(200, 12))
    assert work.floats("confluence")
    qtbot.mouseDClick(confluence, Qt.MouseButton.LeftButton, pos=QPoint(200, 12))
    assert not work.floats("confluence")


def test_the_tape_of_the_default_shows_every_column_whole(window: MainWindow, rig: DeskRig) -> None:
    rig.trade(100.0, 1.0)
    view = window.interior.workspace.make().desk.trades.view
    settle()
    shown = [place for place in range(view.head.count()) if not view.head.isSectionHidden(place)]
    assert len(shown) == 5
    assert sum(view.head.sectionSize(place) for place in shown) <= view.canvas.width() == 380


def test_in_the_tapes_narrow_place_the_state_of_its_feed_is_read_all_the_same(window: MainWindow) -> None:
    trades = window.interior.workspace.make().desk.trades
    title = "The trades of BTCUSDT were lost 14 s ago: the stream brings nothing, even subscribed anew"
    trades.strip.tell(StateWords(title, "", "down_text", "Retry now"))
    settle()
    assert trades.strip.isVisible()
    words = trades.strip._words
    assert words.isVisible()
    assert 100 < words.width() < words.sizeHint().width(), "elided"
    assert words.geometry().right() < trades.strip.button.x()


# --- tabs, menus, keyboard -----------------------------------------------------------------------------------------


def test_tabs_without_room_are_behind_a_button(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    for name in ("trades", "liquidations", "signals", "confluence"):
        work.move_panel(name, work.main, group_of(work, "order_book").group)
    work.move_panel("markets", work.main, group_of(work, "order_book").group)
    window.resize(960, 700)
    work.float_panel("markets")
    work.dock_panel("markets")
    group = group_of(work, "order_book")
    work.main.resize(420, 600)
    settle()
    hidden = [tab for tab in group.tabs.values() if not tab.isVisible()]
    assert hidden
    assert group.row.more_button.text() == f"+{len(hidden)}"
    assert group.row.more_button.isVisible()
    last = hidden[-1].name
    group.choose(last)
    settle()
    assert group.tabs[last].isVisible(), "the chosen one is always seen"


def test_the_menu_moves_panels_without_a_mouse(window: MainWindow) -> None:
    work = window.interior.workspace
    menu = panel_menu(work, "log")
    submenus = {action.text(): action.menu() for action in menu.actions() if action.menu() is not None}
    tabs = {action.text(): action for action in submenus["As a tab of"].actions()}  # type: ignore[union-attr]
    tabs["Trades, Liquidations, Signals"].trigger()
    menu.deleteLater()
    assert group_of(work, "trades").chosen == "log"
    menu = panel_menu(work, "log")
    submenus = {action.text(): action.menu() for action in menu.actions() if action.menu() is not None}
    edge = {action.text(): action for action in submenus["To an edge of the window"].actions()}  # type: ignore[union-attr]
    edge["To the right"].trigger()
    menu.deleteLater()
    assert arranged(window)[-1][0] == ["log"]
    assert arranged(window)[-1][1].right() == work.main.width() - 1


def test_the_keyboard_goes_through_the_panels_and_back(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    work.focus_panel("markets")
    seen = []
    for _ in range(5):
        seen.append(work.current)
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6)
    assert len(set(seen)) == 5
    assert work.current == "markets"
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert work.current == "trades"


def test_the_current_panel_closes_and_floats_by_key(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    work.focus_panel("trades")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_F, BOTH)
    assert work.floats("trades")
    work.dock_panel("trades")
    work.focus_panel("order_book")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_W, BOTH)
    assert not work.is_open("order_book")
    window.interior.commands.run("show_order_book")
    assert work.is_open("order_book")


def test_arrows_go_through_the_tabs(window: MainWindow, qtbot: QtBot) -> None:
    work = window.interior.workspace
    group = group_of(work, "trades")
    group.tabs["trades"].setFocus()
    qtbot.keyClick(group.tabs["trades"], Qt.Key.Key_Right)
    assert group.chosen == "liquidations"
    assert group.tabs["liquidations"].hasFocus()
    qtbot.keyClick(group.tabs["liquidations"], Qt.Key.Key_Left)
    qtbot.keyClick(group.tabs["trades"], Qt.Key.Key_Left)
    assert group.chosen == "signals"


def test_tab_follows_the_eye_after_a_move(window: MainWindow) -> None:
    work = window.interior.workspace
    work.move_panel("signals", work.main, group_of(work, "markets").group, RIGHT)
    settle()
    order: list[str] = []
    first = work.main.groups[0]
    widget = first.nextInFocusChain()
    while widget is not None and widget is not first:
        for group in work.main.groups:
            if group.isAncestorOf(widget) and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                order.append(group.chosen)  # noqa: PERF401
        widget = widget.nextInFocusChain()
    runs = [name for place, name in enumerate(order) if place == 0 or order[place - 1] != name]
    expected = [group.chosen for group in work.main.groups]
    assert [name for name in runs if name in expected] == expected


def test_confluence_among_tabs_is_no_rail(window: MainWindow) -> None:
    work = window.interior.workspace
    work.toggle_confluence()
    assert group_of(work, "confluence").width() == 28
    work.move_panel("confluence", work.main, group_of(work, "trades").group)
    settle()
    confluence = work.make().confluence
    assert not confluence.is_collapsed
    assert confluence.isVisible()
    assert not confluence.may_collapse
    work.toggle_confluence()
    assert not confluence.is_collapsed


def test_counts_follow_their_tab(window: MainWindow) -> None:
    work = window.interior.workspace
    work.panels._count_signals(8)
    assert group_of(work, "signals").tabs["signals"].count == 8
    work.float_panel("signals")
    work.dock_panel("signals")
    assert group_of(work, "signals").tabs["signals"].accessibleName() == "Signals, 8 hold now"


# --- nothing stays behind ------------------------------------------------------------------------------------------


def test_a_hundred_moves_leave_no_widget_behind(window: MainWindow) -> None:
    work = window.interior.workspace

    def once() -> None:
        work.float_panel("trades")
        work.move_panel("signals", work.areas[0], group_of(work, "trades").group)
        work.dock_panel("trades")
        work.dock_panel("signals")
        work.close_panel("log")
        work.show_panel("log")
        window.interior.panel_actions.keeper.open("Scanner")
        window.interior.panel_actions.keeper.open("Default")
        settle()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    for _ in range(3):
        once()
    before = len(QApplication.allWidgets())
    for _ in range(12):
        once()
    gc.collect()
    assert len(QApplication.allWidgets()) <= before


def test_floating_windows_go_with_the_main_one(make: Callable[..., MainWindow], tmp_path: Path) -> None:
    window = make(UserFiles(tmp_path))
    work = window.interior.workspace
    work.float_panel("trades")
    settle()
    window.close()
    assert not work.windows.all[0].isVisible()
