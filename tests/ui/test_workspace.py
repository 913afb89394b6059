from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QApplication, QWidget

from tests.analysis_results import signal, view
from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.dock import Dock
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme()
    made.apply()
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def market() -> FakeMarket:
    made = FakeMarket(row(coin, 100.0) for coin in COINS)
    made.board.publish(view())
    return made


@pytest.fixture
def make(qtbot: QtBot, theme: Theme) -> Iterator[Callable[..., MainWindow]]:
    windows: list[MainWindow] = []

    def build(size: QSize = QSize(1600, 1000), memory: WindowMemory | None = None) -> MainWindow:  # noqa: B008
        window = MainWindow(theme, Source.LIVE, now_ms=lambda: NOW_MS, memory=memory)
        window.resize(size)
        windows.append(window)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        return window

    yield build
    for window in windows:
        window.detach()


def test_the_places_of_the_picture(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    window = make()
    window.attach(market)
    QApplication.processEvents()
    work = window.interior.workspace
    assert (window.interior.markets.width(), work.confluence.width(), work.dock.height()) == (470, 316, 236)
    assert work.dock.width() == work.width(), "the dock lies under chart and Confluence"


def test_the_panels_come_after_the_first_frame_by_themselves(make: Callable[..., MainWindow], qtbot: QtBot) -> None:
    window = make()
    qtbot.waitUntil(lambda: window._interior is not None and window._interior.workspace._panels is not None)
    assert window.interior.workspace.confluence.isVisible()


def test_sizes_and_collapsed_panels_come_back(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    window = make(memory=WindowMemory(confluence_width=360, dock_height=190))
    window.attach(market)
    QApplication.processEvents()
    work = window.interior.workspace
    assert (work.confluence.width(), work.dock.height()) == (360, 190)
    work.toggle_confluence()
    work.toggle_dock()
    QApplication.processEvents()
    assert (work.confluence.width(), work.dock.height()) == (28, 32)
    memory = window.remember()
    assert (memory.confluence_width, memory.dock_height) == (360, 190)
    assert (memory.confluence_collapsed, memory.dock_collapsed) == (True, True)
    again = make(memory=memory)
    again.attach(market)
    QApplication.processEvents()
    work = again.interior.workspace
    assert (work.confluence.width(), work.dock.height()) == (28, 32)
    work.toggle_confluence()
    work.toggle_dock()
    QApplication.processEvents()
    assert (work.confluence.width(), work.dock.height()) == (360, 190)


def test_the_user_drags_the_edges(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    window = make()
    window.attach(market)
    work = window.interior.workspace
    work._upper.handle(1).moveSplitter(700)
    work.handle(1).moveSplitter(600)
    memory = window.remember()
    assert memory.confluence_width == work.confluence.width() != 316
    assert memory.dock_height == work.dock.height() != 236


def test_keys_collapse_the_panels(make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot) -> None:
    window = make()
    window.attach(market)
    QApplication.processEvents()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_C, both)
    qtbot.keyClick(window, Qt.Key.Key_D, both)
    work = window.interior.workspace
    assert work.confluence.is_collapsed
    assert work.dock.is_collapsed


def test_a_signal_leads_to_its_instrument_timeframe_and_moment(
    make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot
) -> None:
    raised = signal(5, "SOL", timeframe=Timeframe.H1)
    market.board.put_signal(raised)
    window = make()
    window.attach(market)
    QApplication.processEvents()
    view_ = window.interior.workspace.signals.view
    told: list[object] = []
    window.shown_changed.connect(lambda instrument, timeframe: told.append((instrument, timeframe)))
    window.moment_asked.connect(told.append)
    qtbot.mouseClick(view_.canvas, Qt.MouseButton.LeftButton, pos=QPoint(40, 12))
    assert told == [(identity("SOL"), Timeframe.H1), raised.candle_open_ms]
    assert (window.instrument, window.timeframe) == (identity("SOL"), Timeframe.H1)
    assert market.calls[-1] == ("show", identity("SOL"), Timeframe.H1)


def test_components_and_timeframes_lead_out_of_the_panel(
    make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot
) -> None:
    window = make()
    window.attach(market)
    confluence = window.interior.workspace.confluence
    with qtbot.waitSignal(window.evidence_asked) as asked:
        confluence.components.opened.emit(0)
    assert asked.args == ["volume_delta"]
    qtbot.mouseClick(confluence.strip.cells[5], Qt.MouseButton.LeftButton)
    assert window.timeframe is Timeframe.H4
    assert window.interior.markets.timeframe is Timeframe.H4


def test_a_small_window_still_shows_what_never_gives_way(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    window = make(QSize(1280, 720))
    window.attach(market)
    QApplication.processEvents()
    confluence = window.interior.workspace.confluence
    for part in (confluence.head, confluence.dimensions, confluence.strip):
        assert part.isVisible()
        bottom = part.mapTo(confluence, QPoint(0, part.height())).y()
        assert bottom <= confluence.height(), part.accessibleName()
        assert part.mapTo(confluence, QPoint(part.width(), 0)).x() <= confluence.width()


def test_tabs_choose_their_panel_and_open_the_dock(qtbot: QtBot, theme: Theme) -> None:
    dock = Dock(theme)
    qtbot.addWidget(dock)
    one, two, control = QWidget(), QWidget(), QWidget()
    first = dock.add_panel(one, "One", "The first", (control,))
    second = dock.add_panel(two, "Two", "The second")
    dock.resize(600, 200)
    dock.show()
    assert (one.isVisible(), two.isVisible(), control.isVisible()) == (True, False, True)
    dock.set_collapsed(True)
    assert not one.isVisible()
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert (one.isVisible(), two.isVisible(), control.isVisible()) == (False, True, False)
    assert not dock.is_collapsed
    qtbot.keyClick(first, Qt.Key.Key_Space)
    assert one.isVisible()
    dock.show_count(first, 8)
    assert first.accessibleName() == "One, 8 hold now"
    assert first.width() == first.sizeHint().width()


def test_the_overview_is_a_tab_whose_rows_load_an_instrument(
    make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot
) -> None:
    window = make()
    window.attach(market)
    panel = window.interior.workspace.make().overview
    assert not panel.isVisible()
    assert market.overviews_asked == 0, "nobody looks at it"
    tab = next(tab for tab in window.interior.workspace.dock._tabs if tab.text() == "Overview")
    qtbot.mouseClick(tab, Qt.MouseButton.LeftButton)
    assert panel.isVisible()
    qtbot.waitUntil(lambda: market.overviews_asked > 0)
    panel.instrument_chosen.emit(identity("ETH"))
    assert window.interior.instrument == identity("ETH")
