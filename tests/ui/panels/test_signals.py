from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from tests.analysis_results import CLOSED_MS, signal
from tests.market_rows import COINS, FakeMarket, identity, row
from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.panels.signals import SignalsPanel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme


@pytest.fixture
def market() -> FakeMarket:
    made = FakeMarket(row(coin, 100.0) for coin in COINS)
    made.board.put_signal(signal(1, "ETH", ended_ms=CLOSED_MS, end_reason="score", end_score=64.0))
    made.board.put_signal(signal(2, "SOL", SignalKind.SELL))
    made.board.put_signal(signal(3, "BTC", timeframe=Timeframe.M1, alerts=False))
    return made


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> SignalsPanel:
    made = SignalsPanel(theme)
    for control in made.controls:
        qtbot.addWidget(control)
    qtbot.addWidget(made)
    made.resize(900, 200)
    made.show()
    made.activateWindow()
    return made


def column(panel: SignalsPanel, index: int) -> list[str]:
    return [panel.model.index(place, index).data() for place in range(panel.model.rowCount())]


def test_newest_first_with_their_states(panel: SignalsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.counted) as counted:
        panel.attach(market)
    assert counted.args == [2]
    assert column(panel, 1) == ["BTCUSDT.P", "SOLUSDT.P", "ETHUSDT.P"]
    states = column(panel, 8)
    assert states[:2] == ["holds \u00b7 scalp, not alerted", "holds"]
    assert states[2].endswith("score 64.0")


def test_a_new_signal_and_a_new_state_are_read(panel: SignalsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    market.board.put_signal(signal(4, "XRP"))
    market.board.put_signal(msgspec.structs.replace(signal(2, "SOL", SignalKind.SELL), ended_ms=CLOSED_MS))
    panel.refresh(0)
    assert column(panel, 1)[0] == "XRPUSDT.P"
    assert column(panel, 8)[2].startswith("ended")


def test_a_click_and_enter_ask_for_the_moment(panel: SignalsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    QApplication.processEvents()
    with qtbot.waitSignal(panel.moment_chosen) as chosen:
        qtbot.mouseClick(panel.view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(40, 36))
    assert chosen.args[0].instrument_id == identity("SOL")
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.moment_chosen) as chosen:
        qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    assert chosen.args[0].number == 1


def test_the_filters(panel: SignalsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    qtbot.mouseClick(panel.side_button, Qt.MouseButton.LeftButton)
    assert (panel.side_button.text(), column(panel, 1)) == ("BUY only", ["BTCUSDT.P", "ETHUSDT.P"])
    qtbot.mouseClick(panel.side_button, Qt.MouseButton.LeftButton)
    assert column(panel, 1) == ["SOLUSDT.P"]
    qtbot.mouseClick(panel.side_button, Qt.MouseButton.LeftButton)
    panel.choose_timeframe(Timeframe.M1)
    assert (panel.timeframe_button.text(), column(panel, 1)) == ("1m only", ["BTCUSDT.P"])
    panel.choose_timeframe(None)
    panel.show_instrument(identity("ETH"))
    qtbot.mouseClick(panel.instrument_button, Qt.MouseButton.LeftButton)
    assert column(panel, 1) == ["ETHUSDT.P"]
    panel.show_instrument(identity("BTC"))
    assert column(panel, 1) == ["BTCUSDT.P"]
    panel.show_instrument(identity("DOGE"))
    assert column(panel, 1) == []
    assert panel.note[0] == "No signal matches the filters"
    assert "3 are there" in panel.view.accessibleDescription()


def test_an_empty_list_says_why(panel: SignalsPanel) -> None:
    assert panel.note[0] == "Signals come with the engine"
    panel.attach(FakeMarket())
    assert panel.note[0] == "No signals yet"
    assert "70 or more" in panel.view.accessibleDescription()


def test_columns_give_way_in_a_narrow_dock(panel: SignalsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    assert [column for column, _, _ in panel.view.spans()] == list(range(9))
    panel.resize(640, 200)
    QApplication.processEvents()
    shown = [column for column, _, _ in panel.view.spans()]
    assert 7 not in shown
    assert 8 in shown
    assert sum(width for _, _, width in panel.view.spans()) <= panel.view.canvas.width()
