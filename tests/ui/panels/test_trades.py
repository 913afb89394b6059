from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication

from tests.desk import BTC, ETH, DeskRig
from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.model.market import Aggressor
from virtuoso_desktop.ui.panels.trades import SOUND_NS, TradesPanel
from virtuoso_desktop.ui.panels.trades_rows import tint_ratio

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    made.link(LinkPhase.LIVE)
    return made


@pytest.fixture
def rung() -> list[str]:
    return []


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme, rung: list[str]) -> TradesPanel:
    made = TradesPanel(theme, lambda: rung.append("rung"))
    for control in made.controls:
        qtbot.addWidget(control)
    qtbot.addWidget(made)
    made.resize(900, 204)
    made.show()
    made.activateWindow()
    return made


def open_on(panel: TradesPanel, rig: DeskRig) -> None:
    panel.show_instrument(BTC)
    panel.attach(rig)
    panel.refresh(1)
    QApplication.processEvents()


def column(panel: TradesPanel, index: int) -> list[str]:
    return [panel.model.index(place, index).data() for place in range(panel.model.rowCount())]


def test_orders_newest_first_with_side_by_word_and_sign(panel: TradesPanel, rig: DeskRig) -> None:
    rig.trade(100.0, 2.0, sequence=1)
    rig.trade(100.1, 2.0, sequence=1)
    rig.clock.advance_ms(5)
    rig.trade(99.9, 1.0, Aggressor.SELL)
    open_on(panel, rig)
    assert column(panel, 1) == ["\u25bc Sell", "\u25b2 Buy"]
    assert column(panel, 2) == ["99.9", "100.1"]
    assert column(panel, 3) == ["1.000", "4.000"]
    assert column(panel, 4) == ["99.9", "400"]
    assert column(panel, 5) == ["", "2"]
    assert column(panel, 0)[0].endswith(".005")
    assert "2 fills, 100.05 on average" in panel.rows.tooltip(1, 0)
    assert "UTC" in panel.rows.tooltip(0, 0)
    assert "size in BTC, value in USDT" in panel.unit.accessibleName()


def test_the_smallest_trade_that_is_shown(panel: TradesPanel, rig: DeskRig, qtbot: QtBot) -> None:
    for size in (1.0, 50.0, 3_000.0):
        rig.clock.advance_ms(1)
        rig.trade(100.0, size)
    open_on(panel, rig)
    qtbot.keyClicks(panel.least, "5K")
    assert column(panel, 3) == ["3,000.000", "50.000"]
    panel.least.selectAll()
    qtbot.keyClicks(panel.least, "1M")
    assert column(panel, 3) == []
    assert panel.view.note is not None
    assert panel.view.note.title == "No trade of at least 1M"
    assert panel.view.note.detail.startswith("3 smaller ones are left out")
    panel.least.selectAll()
    qtbot.keyClick(panel.least, Qt.Key.Key_Delete)
    assert len(column(panel, 3)) == 3
    assert panel.view.note is None


def test_a_large_trade_rings_once_and_only_when_wished(panel: TradesPanel, rig: DeskRig, rung: list[str]) -> None:
    rig.trade(100.0, 9_000.0)
    open_on(panel, rig)
    panel.sound_button.setChecked(True)
    assert panel.sound_button.accessibleName() == "Sound of large trades: on"
    panel.refresh(2 * SOUND_NS)
    assert rung == [], "it was there before"
    for place, size in enumerate((10.0, 5_000.0, 5_000.0)):
        rig.clock.advance_ms(1)
        rig.trade(100.0, size)
        panel.refresh(3 * SOUND_NS + place)
    assert rung == ["rung"], "one sound a second"
    panel.sound_button.setChecked(False)
    rig.clock.advance_ms(1)
    rig.trade(100.0, 5_000.0)
    panel.refresh(9 * SOUND_NS)
    assert rung == ["rung"]


def test_rows_that_are_scrolled_stand_still(panel: TradesPanel, rig: DeskRig, qtbot: QtBot) -> None:
    for number in range(60):
        rig.clock.advance_ms(1)
        rig.trade(100.0, 1.0 + number)
    open_on(panel, rig)
    assert not panel.pause.isVisible()
    panel.view.verticalScrollBar().setValue(100)
    shown = column(panel, 3)
    for _ in range(3):
        rig.clock.advance_ms(1)
        rig.trade(100.0, 900.0)
    panel.refresh(2)
    assert column(panel, 3) == shown
    assert panel.pause.isVisible()
    assert panel.pause.accessibleName() == "Paused while scrolled: 3 newer. Go on"
    qtbot.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    assert column(panel, 3)[:3] == ["900.000"] * 3
    assert panel.view.verticalScrollBar().value() == 0
    assert not panel.pause.isVisible()


def test_rows_under_the_pointer_stand_still_until_it_leaves(panel: TradesPanel, rig: DeskRig) -> None:
    rig.trade(100.0, 1.0)
    open_on(panel, rig)
    canvas = panel.view.canvas
    canvas.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    rig.clock.advance_ms(1)
    rig.trade(100.0, 2.0)
    panel.refresh(2)
    assert column(panel, 3) == ["1.000"]
    assert panel.pause.accessibleName() == "Paused while under the pointer: 1 newer. Go on"
    canvas.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    panel.refresh(3)
    assert column(panel, 3) == ["2.000", "1.000"]
    assert not panel.pause.isVisible()


def test_an_empty_tape_under_the_pointer_still_fills(panel: TradesPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    panel.view.canvas.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    rig.trade(100.0, 1.0)
    panel.refresh(2)
    assert column(panel, 3) == ["1.000"]


def test_each_state_has_its_words(panel: TradesPanel, qtbot: QtBot) -> None:
    rig = DeskRig()
    assert panel.view.note is not None
    assert panel.view.note.title == "The engine is being started"
    open_on(panel, rig)
    assert panel.view.note.title == "The tape of BTCUSDT is on its way"
    rig.link(LinkPhase.LIVE)
    panel.refresh(2)
    assert panel.view.note.title == "No trade yet"
    assert panel.view.accessibleDescription().startswith("No trade yet. They appear")
    rig.trade(100.0, 1.0)
    panel.refresh(3)
    assert (panel.view.note, panel.strip.shown) == (None, None)
    rig.link(LinkPhase.BACKOFF, "timed out", rig.clock.now_ms() + 9_000)
    rig.clock.advance_ms(4_000)
    panel.refresh(4)
    assert panel.strip.accessibleName().startswith("The tape of BTCUSDT was lost 4 s ago: timed out")
    assert (panel.rows.is_live, column(panel, 3)) == (False, ["1.000"])
    qtbot.mouseClick(panel.strip.button, Qt.MouseButton.LeftButton)
    assert rig.calls[-1] == ("retry_now", "bybit")
    panel.show_instrument(ETH)
    assert column(panel, 3) == []


def test_the_tint_grows_with_the_value() -> None:
    assert tint_ratio(0.0) == tint_ratio(10_000.0) == 0.0
    assert 0.0 < tint_ratio(50_000.0) < tint_ratio(500_000.0) <= 0.32
    assert tint_ratio(1e12) == 0.32


def test_the_fills_give_way_in_a_narrow_dock(panel: TradesPanel, rig: DeskRig) -> None:
    rig.trade(100.0, 1.0)
    open_on(panel, rig)
    panel.resize(440, 100)
    QApplication.processEvents()
    assert [place for place, _, _ in panel.view.spans()] == [0, 1, 2, 3, 4]
    assert sum(width for _, _, width in panel.view.spans()) <= panel.view.canvas.width()
    panel.grab()
    assert panel.view.indexAt(QPoint(20, 10)).row() == 0
