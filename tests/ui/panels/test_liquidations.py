from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from tests.desk import BTC, ETH, DeskRig
from tests.market_rows import ALL_CHANNELS
from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.model.market import PositionSide
from virtuoso_desktop.ui.panels.liquidations import STEP_NS, LiquidationsPanel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    made.link(LinkPhase.LIVE)
    made.clock.advance_ms(90_000)
    made.liquidation(100.0, 20.0, PositionSide.LONG)
    made.clock.advance_ms(1_000)
    made.liquidation(50.0, 10.0, PositionSide.SHORT, ETH)
    return made


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> LiquidationsPanel:
    made = LiquidationsPanel(theme)
    for control in made.controls:
        qtbot.addWidget(control)
    qtbot.addWidget(made)
    made.resize(1126, 204)
    made.show()
    made.activateWindow()
    return made


def open_on(panel: LiquidationsPanel, rig: DeskRig) -> None:
    panel.show_instrument(BTC)
    panel.attach(rig)
    panel.refresh(STEP_NS)
    QApplication.processEvents()


def column(panel: LiquidationsPanel, index: int) -> list[str]:
    return [panel.model.index(place, index).data() for place in range(panel.model.rowCount())]


def test_all_instruments_newest_first_with_side_by_word_and_sign(panel: LiquidationsPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    assert column(panel, 1) == ["ETHUSDT.P", "BTCUSDT.P"]
    assert column(panel, 2) == ["\u25b2 short", "\u25bc long"]
    assert column(panel, 5) == ["500", "2.00K"]
    spoken = panel.model.index(0, 2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Liquidated short liquidated"
    assert panel.bars.accessibleDescription() == (
        "last hour: shorts 500, longs 2.00K; every one that the exchange tells, heard for 91 s"
    )
    panel.grab()


def test_only_the_instrument_of_the_chart(panel: LiquidationsPanel, rig: DeskRig, qtbot: QtBot) -> None:
    open_on(panel, rig)
    qtbot.mouseClick(panel.scope_button, Qt.MouseButton.LeftButton)
    assert (panel.scope_button.text(), column(panel, 1)) == ("This instrument", ["BTCUSDT.P"])
    panel.show_instrument(ETH)
    panel.refresh(2 * STEP_NS)
    assert column(panel, 1) == ["ETHUSDT.P"]


def test_the_smallest_that_is_listed_leaves_the_sums(panel: LiquidationsPanel, rig: DeskRig, qtbot: QtBot) -> None:
    open_on(panel, rig)
    qtbot.keyClicks(panel.least, "1K")
    assert column(panel, 1) == ["BTCUSDT.P"]
    assert "shorts 500" in panel.bars.accessibleDescription()
    qtbot.keyClicks(panel.least, "K")
    assert panel.least.is_wrong
    assert column(panel, 1) == ["BTCUSDT.P"]
    panel.least.selectAll()
    qtbot.keyClicks(panel.least, "5M")
    assert panel.view.note is not None
    assert panel.view.note.title == "No liquidation of at least 5M"


def test_new_ones_are_read_and_minutes_go_on(panel: LiquidationsPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    rig.liquidation(99.0, 1.0, PositionSide.LONG)
    panel.refresh(STEP_NS + 1)
    assert len(column(panel, 1)) == 3
    rig.clock.advance_ms(2 * 3_600_000)
    panel.refresh(STEP_NS + 2)
    assert "longs 2.10K" in panel.bars.accessibleDescription(), "looked at once a second"
    panel.refresh(2 * STEP_NS)
    assert "shorts 0.00, longs 0.00" in panel.bars.accessibleDescription()


def test_a_row_leads_to_its_instrument(panel: LiquidationsPanel, rig: DeskRig, qtbot: QtBot) -> None:
    open_on(panel, rig)
    with qtbot.waitSignal(panel.instrument_chosen) as chosen:
        qtbot.mouseClick(panel.view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(40, 10))
    assert chosen.args == [ETH]


def test_each_state_has_its_words(panel: LiquidationsPanel) -> None:
    assert panel.view.note is not None
    assert panel.view.note.title == "The engine is being started"
    rig = DeskRig()
    open_on(panel, rig)
    assert panel.view.note.title == "The liquidation stream is on its way"
    rig.link(LinkPhase.LIVE)
    rig.clock.advance_ms(300_000)
    panel.refresh(2 * STEP_NS)
    assert panel.view.note.title == "No liquidation yet"
    assert "heard for 5 min. The exchange has no history of them." in panel.view.note.detail
    rig.liquidation(100.0, 1.0)
    rig.link(LinkPhase.BACKOFF, "timed out", rig.clock.now_ms() + 9_000)
    panel.refresh(3 * STEP_NS)
    assert panel.strip.accessibleName().startswith("The liquidation stream was lost 0 s ago: timed out")
    assert not panel.rows.is_live
    rig.clock.advance_ms(20_000)
    panel.refresh(3 * STEP_NS + STEP_NS // 2)
    panel.refresh(4 * STEP_NS - 1)
    assert panel.bars.accessibleDescription().endswith("not for the last 0 s"), "looked at once a second"
    panel.refresh(4 * STEP_NS)
    assert panel.bars.accessibleDescription().endswith("heard for 5 min, not for the last 20 s")
    rig.link(LinkPhase.LIVE)
    panel.refresh(5 * STEP_NS)
    assert panel.strip.shown is None
    assert panel.bars.accessibleDescription().endswith(", 1 interruption")


def test_switched_off_says_which_setting(panel: LiquidationsPanel) -> None:
    rig = DeskRig(ALL_CHANNELS.model_copy(update={"liquidation": False}))
    rig.link(LinkPhase.LIVE)
    open_on(panel, rig)
    assert panel.view.note is not None
    assert panel.view.note.spoken == (
        "The liquidation stream is not there. Switched off: websocket.channels.liquidation in the settings."
    )


def test_the_bars_give_way(panel: LiquidationsPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    assert panel.bars.isVisible()
    panel.resize(560, 100)
    QApplication.processEvents()
    assert not panel.bars.isVisible()
    assert sum(width for _, _, width in panel.view.spans()) <= panel.view.canvas.width()
