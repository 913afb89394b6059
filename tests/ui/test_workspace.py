from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QApplication, QSplitter

from tests.analysis_results import signal, view
from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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

    def build(size: QSize = QSize(1600, 1000), files: UserFiles | None = None) -> MainWindow:  # noqa: B008
        window = MainWindow(theme, Source.LIVE, now_ms=lambda: NOW_MS, files=files)
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


def sizes(window: MainWindow) -> dict[str, tuple[int, int]]:
    """Width and height of each panel's place."""
    groups = window.interior.workspace.main.groups
    return {group.chosen: (group.width(), group.height()) for group in groups}


def test_the_places_of_the_picture(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    window = make()
    window.attach(market)
    QApplication.processEvents()
    inside = 1000 - 44 - 24
    assert sizes(window) == {
        "markets": (470, inside),
        "chart": (806, inside - 236 - 4),
        "confluence": (316, inside - 236 - 4),
        "order_book": (742, 236),
        "trades": (380, 236),
    }


def test_the_panels_come_after_the_first_frame_by_themselves(make: Callable[..., MainWindow], qtbot: QtBot) -> None:
    window = make()
    qtbot.waitUntil(lambda: window._interior is not None and window._interior.workspace.panels.is_ready)
    assert window.interior.workspace.make().confluence.isVisible()


def test_sizes_and_collapsed_panels_come_back(
    make: Callable[..., MainWindow], market: FakeMarket, tmp_path: Path
) -> None:
    files = UserFiles(tmp_path)
    window = make(files=files)
    window.attach(market)
    work = window.interior.workspace
    upper = work.group_of("confluence").parentWidget()  # type: ignore[union-attr]
    column = upper.parentWidget()
    assert isinstance(upper, QSplitter)
    assert isinstance(column, QSplitter)
    upper.handle(1).moveSplitter(upper.width() - 360 - 4)
    column.handle(1).moveSplitter(column.height() - 190 - 4)
    assert (sizes(window)["confluence"][0], sizes(window)["order_book"][1]) == (360, 190)
    work.toggle_confluence()
    work.toggle_dock()
    QApplication.processEvents()
    small = sizes(window)
    assert (small["confluence"][0], small["order_book"][1], small["trades"][1]) == (28, 32, 32)
    window.close()
    files.close()
    again = make(files=UserFiles(tmp_path))
    again.attach(market)
    QApplication.processEvents()
    assert sizes(again) == small
    work = again.interior.workspace
    work.toggle_confluence()
    work.toggle_dock()
    QApplication.processEvents()
    assert (sizes(again)["confluence"][0], sizes(again)["order_book"][1]) == (360, 190)


def test_a_window_made_small_and_large_again_has_its_sizes(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    window = make()
    window.attach(market)
    QApplication.processEvents()
    before = sizes(window)
    window.resize(1000, 620)
    QApplication.processEvents()
    assert sizes(window)["markets"][0] >= 350
    window.resize(1600, 1000)
    QApplication.processEvents()
    assert sizes(window) == before


def test_keys_collapse_the_panels(make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot) -> None:
    window = make()
    window.attach(market)
    QApplication.processEvents()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_C, both)
    qtbot.keyClick(window, Qt.Key.Key_D, both)
    work = window.interior.workspace
    assert work.make().confluence.is_collapsed
    assert all(group.group.is_collapsed for group in work.main.groups if group.has_tabs)


def test_a_signal_leads_to_its_instrument_timeframe_and_moment(
    make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot
) -> None:
    raised = signal(5, "SOL", timeframe=Timeframe.H1)
    market.board.put_signal(raised)
    window = make()
    window.attach(market)
    QApplication.processEvents()
    view_ = window.interior.workspace.make().signals.view
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
    confluence = window.interior.workspace.make().confluence
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
    confluence = window.interior.workspace.make().confluence
    for part in (confluence.head, confluence.dimensions, confluence.strip):
        assert part.isVisible()
        bottom = part.mapTo(confluence, QPoint(0, part.height())).y()
        assert bottom <= confluence.height(), part.accessibleName()
        assert part.mapTo(confluence, QPoint(part.width(), 0)).x() <= confluence.width()


def test_the_overview_is_a_tab_whose_rows_load_an_instrument(
    make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot
) -> None:
    window = make()
    window.attach(market)
    panel = window.interior.workspace.make().overview
    assert not panel.isVisible()
    assert market.overviews_asked == 0, "nobody looks at it"
    group = window.interior.workspace.group_of("overview")
    assert group is not None
    qtbot.mouseClick(group.tabs["overview"], Qt.MouseButton.LeftButton)
    assert panel.isVisible()
    qtbot.waitUntil(lambda: market.overviews_asked > 0)
    panel.instrument_chosen.emit(identity("ETH"))
    assert window.interior.instrument == identity("ETH")
