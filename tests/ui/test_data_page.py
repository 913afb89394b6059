"""The page with the data of an instrument: rows, faults, another instrument, and the ways to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from tests.market_rows import NOW_MS, FakeMarket, row
from virtuoso_desktop.engine.input_views import InputKind, InputState, InputsView, InputView
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.data_words import ALL_THERE, NEVER
from virtuoso_desktop.ui.dialogs.data_page import DataPage
from virtuoso_desktop.ui.menu import main_menu
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
VIEW = InputsView(
    BTC,
    NOW_MS,
    (
        InputView(
            InputKind.CANDLES, InputState.LIVE, (DimensionName.TECHNICAL,), Timeframe.M5, NOW_MS - 300_000_000,
            NOW_MS - 4_000, count=1_000, complete_ratio=1.0,
        ),
        InputView(
            InputKind.TRADES, InputState.LIVE, (DimensionName.VOLUME, DimensionName.ORDERFLOW),
            since_ms=NOW_MS - 600_000, newest_ms=NOW_MS - 200, complete_ratio=0.9,
        ),
        InputView(InputKind.FUNDING, InputState.NOT_APPLICABLE, (DimensionName.SENTIMENT,), words="Spot has none."),
    ),
)  # fmt: skip


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme()
    made.apply()
    yield made
    qapp.setStyleSheet("")


class Opened:
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        self.parent = parent
        self.view: InputsView | None = VIEW
        self.connections_asked = 0
        self.page = DataPage(theme, lambda: self.view, self._ask, parent)
        self.page.show()

    def _ask(self) -> None:
        self.connections_asked += 1


@pytest.fixture
def opened(theme: Theme, qtbot: QtBot) -> Opened:
    parent = QWidget()
    qtbot.addWidget(parent)
    return Opened(theme, parent)


def test_every_input_has_a_row(opened: Opened) -> None:
    page = opened.page
    assert page.windowTitle() == "Data of BTCUSDT.P"
    assert list(page.rows) == ["Candles 5m", "Trades", "Funding"]
    candles = page.rows["Candles 5m"]
    assert (candles._age.text(), candles._share.text(), candles._said.text()) == ("4 s", "100\u2009%", "1,000 candles")
    assert candles._bar.ratio == 1.0
    assert candles._since.toolTip().endswith("UTC")
    assert page.rows["Trades"]._readers.text() == "V F"
    assert page.rows["Trades"]._readers.toolTip() == "Read by volume, order flow"
    assert page.rows["Funding"]._said.text() == "Spot has none."
    assert (page.headline.text(), page.advice.text()) == ("2 of 2 inputs can be used", ALL_THERE)
    assert candles._mark.accessibleName().startswith("Candles 5m, live")


def test_what_changes_is_told_while_the_page_is_open(opened: Opened) -> None:
    lost = msgspec.structs.replace(VIEW.inputs[1], state=InputState.STALE, words="The connection is lost.")
    opened.view = msgspec.structs.replace(VIEW, inputs=(VIEW.inputs[0], lost, VIEW.inputs[2]), at_ms=NOW_MS + 9_000)
    kept = opened.page.rows["Trades"]
    opened.page.tell()
    assert opened.page.rows["Trades"] is kept
    assert kept._said.text() == "The connection is lost."
    assert opened.page.rows["Candles 5m"]._age.text() == "13 s"
    assert opened.page.advice.text() == "Trades: too old. The connection is lost."
    assert "connection is lost" in opened.page.accessibleDescription()


def test_what_warms_up_is_said_and_the_line_goes_when_nothing_does(opened: Opened) -> None:
    assert opened.page.remarks.isHidden()
    warm = {Timeframe.M5: {DimensionName.ORDERFLOW: NOW_MS + 420_000}}
    opened.view = msgspec.structs.replace(VIEW, warm_at_ms=warm)
    opened.page.tell()
    assert opened.page.remarks.text() == "Known in every part and on every timeframe: order flow in 7 min."
    assert not opened.page.remarks.isHidden()


def test_another_instrument_has_its_own_rows(opened: Opened) -> None:
    other = InstrumentId.parse("bybit:spot:ETHUSDT")
    opened.view = InputsView(other, NOW_MS, VIEW.inputs[:1])
    opened.page.tell()
    assert opened.page.windowTitle() == "Data of ETHUSDT"
    assert list(opened.page.rows) == ["Candles 5m"]


def test_nothing_known_is_said(opened: Opened) -> None:
    opened.view = None
    opened.page.tell()
    assert opened.page.headline.text() == NEVER
    assert opened.page.rows == {}


def test_connections_are_one_click_away(opened: Opened, qtbot: QtBot) -> None:
    button = next(each for each in opened.page.findChildren(Button) if each.text() == "Connections")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened.connections_asked == 1


# --- in the window -------------------------------------------------------------------------------------------------


@pytest.fixture
def window(theme: Theme, qtbot: QtBot) -> MainWindow:
    made = MainWindow(theme, Source.LIVE, now_ms=lambda: NOW_MS)
    qtbot.addWidget(made)
    made.show()
    market = FakeMarket([row("BTC")])
    market.inputs_view = VIEW
    made.attach(market)  # pyright: ignore[reportArgumentType]
    return made


def pages(window: MainWindow) -> list[DataPage]:
    return [page for page in window.findChildren(DataPage) if page.isVisible()]


def test_a_key_the_menu_and_the_panel_lead_to_it_and_it_opens_once(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    (page,) = pages(window)
    assert page.windowTitle() == "Data of BTCUSDT.P"
    menu = main_menu(window.interior)
    action = next(each for each in menu.actions() if each.text().startswith("Data of the instrument"))
    action.trigger()
    window.interior.workspace.make().confluence.data_asked.emit()
    assert pages(window) == [page]
    menu.deleteLater()


def test_it_is_drawn_in_both_themes(opened: Opened, theme: Theme) -> None:
    pictures = []
    for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
        theme.choose(choice)
        pictures.append(opened.page.grab().toImage())
    assert pictures[0] != pictures[1]
