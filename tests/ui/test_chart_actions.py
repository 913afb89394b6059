"""The window and its charts: actions and keys, menus, who follows whom, what the workspace keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from tests.market_rows import COINS, NOW_MS, FakeMarket, row
from tests.ui.charts.fake_engine import BTC, ETH, FakeEngine, walk
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.chart_actions import LINES, LOADING, TYPES
from virtuoso_desktop.ui.charts.candletypes import TITLES
from virtuoso_desktop.ui.charts.grid import FIRST_TIMEFRAMES, ChartGrid
from virtuoso_desktop.ui.charts.pricelines import PRICE_LINES
from virtuoso_desktop.ui.shortcuts import SHORTCUTS
from virtuoso_desktop.ui.symbol_popup import SymbolPopup
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
MINE = tuple(each.action for each in SHORTCUTS if each.action.startswith(("line_", "type_", "charts_", "save_candles")))


POPS_UP = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
"""The offscreen platform says so of every menu."""


class Charted:
    """A window on a market with its charts on an engine of their own."""

    def __init__(self, folder: Path, engine: FakeEngine) -> None:
        theme = Theme()
        theme.apply()
        self.window = MainWindow(theme, Source.LIVE, files=UserFiles(folder), now_ms=lambda: NOW_MS)
        self.window.resize(1600, 960)
        self.window.show()
        self.window.attach(FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS)))
        interior = self.window.interior
        interior.show_instrument(BTC.id, Timeframe.M5)
        self.engine = engine
        self.grid = ChartGrid(theme, interior.frame)
        interior.charts.recall(self.grid)
        self.grid.set_instrument(BTC.id, Timeframe.M5)
        interior.charts.connect(self.grid)
        self.window.set_chart(self.grid)
        self.grid.attach(engine)

    def run(self, name: str) -> None:
        self.window.interior.commands.run(name)

    def close(self) -> None:
        self.grid.detach()
        self.window.detach()
        self.window.close()


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine()
    for each, start in ((BTC, 900_000.0), (ETH, 250_000.0)):
        for timeframe in FIRST_TIMEFRAMES:
            made.hold(walk(300, start, timeframe=timeframe), each, timeframe)
    return made


@pytest.fixture
def charted(qtbot: QtBot, tmp_path: Path, engine: FakeEngine, qapp: QApplication) -> Iterator[Charted]:
    made = Charted(tmp_path, engine)
    qtbot.addWidget(made.window)
    qtbot.waitExposed(made.window)
    made.window.activateWindow()
    yield made
    made.close()
    qapp.setStyleSheet("")


def entries(menu: QMenu) -> dict[str, bool | None]:
    """Words of a menu and of those under it; whether they are checked, None where they cannot be."""
    found: dict[str, bool | None] = {}
    for action in menu.actions():
        if action.menu() is not None:
            found |= entries(action.menu())  # type: ignore[arg-type]
        elif not action.isSeparator():
            found[action.text().split("\t")[0]] = action.isChecked() if action.isCheckable() else None
    return found


def open_menu(charted: Charted, press: Callable[[], object]) -> QMenu:
    press()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def test_before_the_charts_every_action_says_why_not(qtbot: QtBot, tmp_path: Path) -> None:
    theme = Theme()
    window = MainWindow(theme, Source.LIVE, files=UserFiles(tmp_path), now_ms=lambda: NOW_MS)
    qtbot.addWidget(window)
    commands = window.interior.commands
    assert len(MINE) == len(TYPES) + len(LINES) + 3 + 2
    for name in (*MINE, "log_scale", "compare", "save_picture", "link_instrument", "next_chart"):
        assert commands.why_not(name) == LOADING
        commands.run(name)
    menu = QMenu(window)
    window.interior.charts.add_looks(menu)
    window.interior.charts.add_layout(menu)
    assert entries(menu) == {LOADING: None}
    window.detach()


def test_names_are_those_of_the_charts() -> None:
    assert {kind.value: words for kind, words in TITLES.items()} == TYPES
    assert {name: look.title for name, look in PRICE_LINES.items()} == LINES


def test_keys_arrange_and_step(charted: Charted, qtbot: QtBot) -> None:
    window, grid = charted.window, charted.grid
    for key, count in ((Qt.Key.Key_2, 2), (Qt.Key.Key_4, 4)):
        qtbot.keyClick(window, key, CTRL_ALT)
        assert grid.count == count
    qtbot.keyClick(window, Qt.Key.Key_Right, CTRL_ALT)
    assert grid.active is grid.cells[1].panel
    assert window.timeframe is Timeframe.M15, "buttons and panels follow the active chart"
    qtbot.keyClick(window, Qt.Key.Key_Left, CTRL_ALT)
    qtbot.keyClick(window, Qt.Key.Key_1, CTRL_ALT)
    assert grid.count == 1
    assert window.interior.commands.why_not("next_chart") == "There is one chart only."


def test_the_window_shows_what_the_active_chart_shows(charted: Charted) -> None:
    charted.run("charts_2")
    grid, window = charted.grid, charted.window
    QTest.mouseClick(
        grid.cells[1].panel.canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(90, 90)
    )
    window.show_instrument(ETH.id, Timeframe.H1)
    assert grid.cells[1].series == (ETH.id, Timeframe.H1)
    assert grid.cells[0].series == (BTC.id, Timeframe.M5)
    QTest.mouseClick(
        grid.cells[0].panel.canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(90, 90)
    )
    assert (window.instrument, window.timeframe) == (BTC.id, Timeframe.M5)
    charted.run("timeframe_4h")
    assert grid.cells[0].series == (BTC.id, Timeframe.H4)


def test_links_are_switched(charted: Charted) -> None:
    charted.run("charts_4")
    charted.run("link_instrument")
    charted.window.show_instrument(ETH.id)
    assert {cell.series[0] for cell in charted.grid.shown if cell.series} == {ETH.id}
    charted.run("link_instrument")
    charted.run("link_timeframe")
    assert {cell.series[1] for cell in charted.grid.shown if cell.series} == {charted.window.timeframe}


def test_every_look_has_its_action(charted: Charted) -> None:
    looks = charted.grid.active.looks
    for kind in TYPES:
        charted.run(f"type_{kind}")
        assert looks.candle_type.value == kind
    for name in LINES:
        before = looks.shows_line(name)
        charted.run(f"line_{name}")
        assert looks.shows_line(name) is not before
    for name, read in (("log_scale", "is_log"), ("auto_scale", "is_auto"), ("time_zone", "is_utc")):
        before = getattr(looks, read)
        charted.run(name)
        assert getattr(looks, read) is not before


@POPS_UP
def test_menus_tell_what_is_so_and_change_it(charted: Charted) -> None:
    bar = charted.window.interior.top_bar
    charted.run("type_hollow")
    menu = open_menu(charted, bar.candles_button.click)
    told = entries(menu)
    assert [words for words in TYPES.values() if told[words]] == ["Hollow candles"]
    assert told["Automatic scale"]
    assert [words for words in LINES.values() if told[words]] == ["Last price"]
    next(action for action in menu.actions() if action.text().startswith("Logarithmic scale")).trigger()
    assert charted.grid.active.looks.is_log
    menu.close()
    menu = open_menu(charted, bar.layout_button.click)
    assert entries(menu)["One chart"]
    menu.close()


@POPS_UP
def test_a_charts_own_menu_has_it_all(charted: Charted) -> None:
    panel = charted.grid.active
    viewport = panel.canvas.viewport()

    def press() -> None:
        QTest.mousePress(viewport, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, QPoint(200, 150))

    menu = open_menu(charted, press)
    told = entries(menu)
    wanted = {"Indicators\u2026", "Compare\u2026", "Picture (PNG)\u2026", "Copy the picture", "Times in UTC", "Four"}
    assert wanted <= told.keys()
    assert "Remove the comparisons" not in told
    menu.close()
    panel.looks.compare(ETH.id)
    menu = open_menu(charted, press)
    assert "Remove the comparisons" in entries(menu)
    menu.close()


def test_compare_is_chosen_from_the_list_of_instruments(charted: Charted, qtbot: QtBot) -> None:
    qtbot.keyClick(charted.window, Qt.Key.Key_C, Qt.KeyboardModifier.AltModifier)
    popup = next(each for each in charted.window.findChildren(SymbolPopup) if each.isVisible())
    qtbot.keyClicks(popup.search, "ETH")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert charted.grid.active.looks.compared == (ETH.id,)
    assert charted.window.instrument == BTC.id, "the chart's own instrument stays"
    charted.run("end_compare")
    assert charted.grid.active.looks.compared == ()
    assert charted.window.interior.commands.why_not("end_compare") == "The chart is compared with nothing."


@POPS_UP
def test_the_head_of_a_chart_opens_its_lists(charted: Charted, qtbot: QtBot) -> None:
    charted.run("charts_2")
    head = charted.grid.cells[1].head
    menu = open_menu(charted, head.timeframe.click)
    next(action for action in menu.actions() if action.text().startswith("4h")).trigger()
    menu.close()
    assert charted.grid.cells[1].series == (BTC.id, Timeframe.H4)
    head.instrument.click()
    popup = next(each for each in charted.window.findChildren(SymbolPopup) if each.isVisible())
    qtbot.keyClicks(popup.search, "ETH")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert charted.grid.cells[1].series == (ETH.id, Timeframe.H4)


def test_the_workspace_keeps_the_charts_at_once(charted: Charted, qtbot: QtBot, tmp_path: Path) -> None:
    charted.run("charts_4")
    charted.run("type_heikin_ashi")
    keeper = charted.window.interior.panel_actions.keeper
    keeper.flush()
    kept: dict[str, Any] = charted.grid.remember()
    again = Charted(tmp_path, charted.engine)
    qtbot.addWidget(again.window)
    assert again.grid.remember() == kept
    again.close()


def test_a_workspace_without_charts_leaves_them_as_they_are(charted: Charted) -> None:
    charted.run("charts_2")
    kept = charted.grid.remember()
    charted.run("workspace_2")
    assert charted.grid.remember() == kept
    charted.run("charts_1")
    charted.run("workspace_1")
    assert charted.grid.count == 2, "the first one was left with two"


def test_a_picture_is_copied_and_told(charted: Charted, qtbot: QtBot) -> None:
    charted.run("copy_picture")
    assert QApplication.clipboard().image().width() == charted.grid.active.width()
