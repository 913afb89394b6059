from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.desk import BTC, ETH, DeskRig, Wall, ladder_levels
from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.ui.panels.order_book import DEPTH_NS, OrderBookPanel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    made.link(LinkPhase.LIVE)
    made.book(ladder_levels(99.9, 200, step=-0.1), ladder_levels(100.0, 200, step=0.1))
    return made


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> OrderBookPanel:
    made = OrderBookPanel(theme)
    for control in made.controls:
        qtbot.addWidget(control)
    qtbot.addWidget(made)
    made.resize(1126, 204)
    made.show()
    made.activateWindow()
    return made


def open_on(panel: OrderBookPanel, rig: DeskRig) -> None:
    panel.show_instrument(BTC)
    panel.attach(rig)
    panel.refresh(DEPTH_NS)
    QApplication.processEvents()


def row(panel: OrderBookPanel, place: int) -> list[str]:
    return [panel.model.index(place, column).data() for column in range(6)]


def test_the_ladder_of_the_shown_instrument(panel: OrderBookPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    assert row(panel, 0) == ["1.000", "1.000", "99.9", "100.0", "1.000", "1.000"]
    assert row(panel, 2) == ["3.000", "1.000", "99.7", "100.2", "1.000", "3.000"]
    spoken = panel.model.index(0, 2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Bid price 99.9"
    assert "sizes in BTC" in panel.unit.accessibleName()
    assert "0.1 1 tick, 10.0 bps" in panel.facts.spread.accessibleName()
    assert panel.facts.bands[3].accessibleName() == "Imbalance within 50.0 bps 0.00"
    assert panel.curve.accessibleDescription().startswith("within 1")
    assert not panel.strip.isVisible()


def test_newer_books_are_read_and_unchanged_ones_are_not(panel: OrderBookPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    shown = panel.rows.view
    panel.refresh(DEPTH_NS + 100_000_000)
    assert panel.rows.view is shown
    rig.book(ladder_levels(99.5, 60, step=-0.1), ladder_levels(99.6, 60, step=0.1))
    panel.refresh(DEPTH_NS + 200_000_000)
    assert row(panel, 0)[2:4] == ["99.5", "99.6"]


def test_the_group_is_kept_for_each_instrument(panel: OrderBookPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    assert panel.group_button.text() == "Group 0.1"
    menu = panel.group_menu()
    assert menu is not None
    assert [action.text() for action in menu.actions()][:3] == ["0.1  (1 \u00d7)", "0.2  (2 \u00d7)", "0.5  (5 \u00d7)"]
    menu.actions()[3].trigger()
    menu.close()
    assert panel.group_button.text() == "Group 1.0"
    assert row(panel, 0) == ["10.000", "10.000", "99.0", "100.0", "1.000", "1.000"]
    panel.show_instrument(ETH)
    assert panel.group_ticks == 1
    panel.show_instrument(BTC)
    assert panel.group_ticks == 10
    panel.choose_group(1)
    assert panel.groups == {}


def test_a_wall_has_a_letter_and_is_said(panel: OrderBookPanel, rig: DeskRig) -> None:
    rig.walls = [Wall(is_bid=True, price=99.8), Wall(is_bid=False, price=100.0, is_suspected_pull=True)]
    open_on(panel, rig)
    assert row(panel, 1)[1] == "W 1.000"
    assert row(panel, 0)[4] == "W? 1.000"
    spoken = panel.model.index(0, 4).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Ask size 1.000, wall, pulled liquidity"
    assert "A wall: far more" in panel.rows.tooltip(1, 1)
    assert "Pulled liquidity" in panel.rows.tooltip(0, 4)
    panel.grab()


def test_slippage_of_the_amount_that_is_typed(panel: OrderBookPanel, rig: DeskRig, qtbot: QtBot) -> None:
    open_on(panel, rig)
    assert panel.facts.buy.accessibleName().startswith("Slippage of a buy Buy > "), "the book holds less than 100K"
    assert "at least so much" in panel.facts.buy.toolTip()
    field = panel.facts.amount
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "100")
    panel.refresh(2 * DEPTH_NS)
    assert panel.facts.buy.accessibleName() == "Slippage of a buy Buy 5.00 bps"
    field.selectAll()
    qtbot.keyClicks(field, "lots")
    assert field.is_wrong
    assert "100 stays in force" in field.accessibleDescription()
    panel.refresh(3 * DEPTH_NS)
    assert panel.facts.buy.accessibleName() == "Slippage of a buy Buy 5.00 bps"
    field.selectAll()
    qtbot.keyClicks(field, "2k")
    assert (field.is_wrong, field.amount) == (False, 2_000.0)


def test_each_state_has_its_words_and_its_way_out(panel: OrderBookPanel, qtbot: QtBot) -> None:
    rig = DeskRig()
    assert panel.view.note is not None
    assert panel.view.note.title == "The engine is being started"
    panel.attach(rig)
    assert panel.view.note.title == "No instrument is shown"
    open_on(panel, rig)
    assert panel.view.note.title == "The order book of BTCUSDT is on its way"
    rig.link(LinkPhase.LIVE)
    rig.book(ladder_levels(99.9, 60, step=-0.1), ladder_levels(100.0, 60, step=0.1))
    panel.refresh(10 * DEPTH_NS)
    assert (panel.view.note, panel.strip.shown) == (None, None)
    rig.clock.advance_ms(12_000)
    panel.refresh(20 * DEPTH_NS)
    assert panel.strip.shown is not None
    assert panel.strip.shown.title == "The order book of BTCUSDT is stale, 12 s old: no change came"
    assert panel.model.rowCount() > 0
    for book in rig.state().books.values():
        book.invalidate("connection reset")
    rig.link(LinkPhase.BACKOFF, "connection reset", rig.clock.now_ms() + 4_000)
    panel.refresh(30 * DEPTH_NS)
    assert panel.strip.isVisible()
    assert panel.strip.accessibleName().startswith("The order book of BTCUSDT was lost 0 s ago: connection reset")
    assert "Next try in 4s. The last values are kept, in grey." in panel.strip.accessibleName()
    assert row(panel, 0)[2:4] == ["99.9", "100.0"], "what was there stays"
    assert not panel.rows.is_live
    qtbot.mouseClick(panel.strip.button, Qt.MouseButton.LeftButton)
    assert rig.calls[-1] == ("retry_now", "bybit")


def test_another_instrument_never_shows_the_book_of_the_last(panel: OrderBookPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    panel.show_instrument(ETH)
    assert panel.model.rowCount() == 0
    panel.refresh(10 * DEPTH_NS)
    assert panel.view.note is not None
    assert panel.view.note.title == "The order book of ETHUSDT is on its way"
    assert panel.facts.bands[0].accessibleName() == "Imbalance no order book"


def test_a_narrow_or_low_panel_gives_way(panel: OrderBookPanel, rig: DeskRig) -> None:
    open_on(panel, rig)
    assert panel.curve.isVisible()
    assert panel.facts.bands[3].isVisible()
    panel.resize(640, 92)
    QApplication.processEvents()
    assert not panel.curve.isVisible()
    assert panel.facts.spread.isVisible()
    assert not panel.facts.bands[3].isVisible()
    assert sum(width for _, _, width in panel.view.spans()) <= panel.view.canvas.width()
    assert [column for column, _, _ in panel.view.spans()] == [1, 2, 3, 4]
