"""Watchlists in the panel: chosen, made, filled, arranged, taken back, and there after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMenu

from tests.market_rows import identity
from tests.ui.panels.markets_panel import Stage, scanned
from virtuoso_desktop.ui.panels.list_name_box import ListNameBox
from virtuoso_desktop.ui.panels.markets_columns import LAST, NAMES
from virtuoso_desktop.ui.panels.markets_menus import add_menu, list_menu, panel_menu, row_menu
from virtuoso_desktop.ui.symbol_popup import SymbolPopup
from virtuoso_desktop.ui.watchlists import ALL_WATCHED, FAVOURITES, SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme

BTC, ETH, SOL, XRP = (identity(coin) for coin in ("BTC", "ETH", "SOL", "XRP"))
ALT_SHIFT = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme) -> Stage:
    return Stage(qtbot, theme)


def majors(stage: Stage) -> None:
    assert stage.panel.lists.create("Majors", (SOL, BTC, ETH)) is None


def actions(menu: QMenu) -> dict[str, object]:
    menu.deleteLater()
    return {action.text().partition("\t")[0]: action for action in menu.actions() if action.text()}


def test_a_list_shows_its_members_in_their_own_order_and_says_how_many(stage: Stage) -> None:
    majors(stage)
    assert stage.coins() == ["SOL", "BTC", "ETH"]
    assert stage.panel.header.text == "Markets Majors \u00b7 3, own order"
    assert stage.panel.view.head.sorted_column == -1, "no column is marked as sorted"
    stage.panel.lists.show(ALL_WATCHED)
    assert stage.coins()[0] == "BTC"
    assert stage.panel.header.text == "Markets 12 perps, USDT"


def test_lists_their_order_and_their_sorting_are_there_after_a_restart(
    qtbot: QtBot, theme: Theme, tmp_path: Path
) -> None:
    first = Stage(qtbot, theme, tmp_path)
    majors(first)
    first.panel.lists.move(BTC, None)
    first.panel.lists.create("Others", (XRP,))
    first.panel.sort_by(LAST, down=False)
    first.files.close()
    again = Stage(qtbot, theme, tmp_path)
    assert again.panel.rows.scope.name == "Others"
    assert again.panel.view.head.sorted_column == LAST
    again.panel.lists.show("Majors")
    assert again.coins() == ["SOL", "ETH", "BTC"]
    assert again.panel.remember().sort_column == "score", "the order of a list is not that of all"
    again.files.close()


@pytest.mark.parametrize("content", ["{", '{"lists": 5}', '{"lists": [{"name": 7}]}', "\x00" * 100, "[]"])
def test_a_damaged_file_is_told_and_set_aside(qtbot: QtBot, theme: Theme, tmp_path: Path, content: str) -> None:
    (tmp_path / "watchlists.json").write_text(content)
    stage = Stage(qtbot, theme, tmp_path)
    assert "could not be read" in stage.host.told[0]
    assert len(list(tmp_path.glob("watchlists.set-aside-*.json"))) == 1
    assert stage.coins()[0] == "BTC"
    majors(stage)
    stage.files.close()
    assert "Majors" in (tmp_path / "watchlists.json").read_text()


def test_space_and_a_click_at_the_edge_are_stars_and_open_nothing(stage: Stage, qtbot: QtBot) -> None:
    panel, opened = stage.panel, []
    panel.instrument_chosen.connect(opened.append)
    panel.view.setCurrentIndex(panel.model.index(1, 0))
    qtbot.keyClick(panel.view, Qt.Key.Key_Space)
    qtbot.mouseClick(panel.view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(8, 2 * 24 + 12))
    assert opened == []
    assert [panel.view.is_starred(row) for row in range(4)] == [False, True, True, False]
    panel.lists.show(FAVOURITES)
    assert stage.coins() == ["ETH", "SOL"]
    qtbot.mouseClick(panel.view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(8, 12))
    assert stage.coins() == ["SOL"]
    assert stage.host.undo is not None
    stage.host.undo()
    assert stage.coins() == ["ETH", "SOL"]


def test_a_row_is_dragged_to_another_place(stage: Stage, qtbot: QtBot) -> None:
    majors(stage)
    canvas, opened = stage.panel.view.canvas, []
    stage.panel.instrument_chosen.connect(opened.append)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(60, 12))
    qtbot.mouseMove(canvas, QPoint(60, 40))
    assert stage.panel.view.is_dragging
    qtbot.mouseMove(canvas, QPoint(60, 70))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(60, 70))
    assert stage.coins() == ["BTC", "ETH", "SOL"]
    assert opened == []
    assert not stage.panel.view.is_dragging


def test_a_sorted_list_says_why_its_rows_do_not_move(stage: Stage, qtbot: QtBot) -> None:
    majors(stage)
    stage.panel.sort_by(LAST)
    assert stage.coins() == ["SOL", "ETH", "BTC"]
    assert stage.panel.header.text == "Markets Majors \u00b7 3"
    stage.panel.arranging.move_to(0, 3)
    assert "sorted by a column" in stage.host.told[-1]
    stage.panel.sort_by(LAST)
    stage.panel.sort_by(LAST)
    assert stage.coins() == ["SOL", "BTC", "ETH"], "the third click brings the own order back"
    stage.panel.lists.show(ALL_WATCHED)
    qtbot.keyClick(stage.panel.view, Qt.Key.Key_Down, ALT_SHIFT)
    assert "lists of yours" in stage.host.told[-1]


def test_rows_are_moved_by_keyboard_and_keep_the_keyboard(stage: Stage, qtbot: QtBot) -> None:
    majors(stage)
    view = stage.panel.view
    view.setCurrentIndex(stage.panel.model.index(0, 0))
    qtbot.keyClick(view, Qt.Key.Key_Down, ALT_SHIFT)
    assert stage.coins() == ["BTC", "SOL", "ETH"]
    assert view.currentIndex().row() == 1
    qtbot.keyClick(view, Qt.Key.Key_Down, ALT_SHIFT)
    qtbot.keyClick(view, Qt.Key.Key_Down, ALT_SHIFT)
    assert stage.coins() == ["BTC", "ETH", "SOL"]
    qtbot.keyClick(view, Qt.Key.Key_Up, ALT_SHIFT)
    assert stage.coins() == ["BTC", "SOL", "ETH"]


def test_what_is_taken_out_can_be_brought_back_and_stays_watched(stage: Stage, qtbot: QtBot) -> None:
    stage.allow_choice()
    majors(stage)
    stage.panel.view.setCurrentIndex(stage.panel.model.index(1, 0))
    qtbot.keyClick(stage.panel.view, Qt.Key.Key_Delete)
    assert stage.coins() == ["SOL", "ETH"]
    assert stage.chosen == [], "out of a list is not out of what is watched"
    assert "Whether it is watched has not changed" in stage.host.told[-1]
    assert stage.host.undo is not None
    stage.host.undo()
    assert stage.coins() == ["SOL", "BTC", "ETH"]


def test_a_deleted_list_can_be_brought_back(stage: Stage) -> None:
    majors(stage)
    actions(panel_menu(stage.panel))["Delete Majors"].trigger()  # type: ignore[attr-defined]
    assert stage.panel.rows.scope.name == ""
    assert "Its 3 instruments stay as they are" in stage.host.told[-1]
    assert stage.host.undo is not None
    stage.host.undo()
    assert stage.coins() == ["SOL", "BTC", "ETH"]


def test_a_name_is_asked_for_and_refused_in_words(stage: Stage, qtbot: QtBot) -> None:
    majors(stage)
    stage.panel.lists.show(ALL_WATCHED)
    qtbot.mouseClick(stage.panel.header.plus, Qt.MouseButton.LeftButton)
    box = stage.panel.window().findChild(ListNameBox)
    assert box is not None
    assert box.isVisible()
    qtbot.keyClicks(box.field, "majors")
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert box.problem == "There is a list majors already."
    qtbot.keyClicks(box.field, " 2")
    assert box.problem is None
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert not box.isVisible()
    assert stage.panel.header.text == "Markets majors 2 \u00b7 0, own order"
    assert stage.panel._note.accessibleName().startswith("This list is empty")
    qtbot.keyClick(stage.panel.view, Qt.Key.Key_F2)
    boxes = [each for each in stage.panel.window().findChildren(ListNameBox) if each.isVisible()]
    boxes[0].field.setText("Others")
    qtbot.keyClick(boxes[0].field, Qt.Key.Key_Return)
    assert stage.panel.rows.scope.name == "Others"


def test_instruments_are_added_from_all_that_the_exchange_has(stage: Stage, qtbot: QtBot) -> None:
    stage.market.scan.find(scanned("RARE"))
    majors(stage)
    qtbot.keyClick(stage.panel.view, Qt.Key.Key_Insert)
    popup = stage.panel.window().findChild(SymbolPopup)
    assert popup is not None
    qtbot.keyClicks(popup.search, "rare")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert [each.symbol for each in stage.panel.rows.order] == ["SOLUSDT", "BTCUSDT", "ETHUSDT", "RAREUSDT"]
    stage.later()
    assert stage.panel.rows.row(3).last_price == 5.0, "its ticker comes from the scan"
    assert stage.panel.rows.row(3).is_scanned


def test_only_a_list_with_members_that_are_not_watched_asks_for_the_scan(stage: Stage) -> None:
    majors(stage)
    stage.later()
    assert stage.market.scan.taken == 0
    stage.panel.lists.add("Majors", (identity("RARE"),))
    stage.later()
    assert stage.market.scan.taken == 1
    assert stage.panel.rows.is_skeleton(3), "nobody has told of it yet"
    stage.panel.lists.show(ALL_WATCHED)
    stage.later()
    assert stage.market.scan.taken == 1
    assert stage.panel.rows.find(identity("RARE")) is None


def test_menus_show_what_can_be_done(stage: Stage) -> None:
    majors(stage)
    shown = actions(list_menu(stage.panel))
    assert shown["Majors"].isChecked()  # type: ignore[attr-defined]
    shown["Scanner: every instrument"].trigger()  # type: ignore[attr-defined]
    assert stage.panel.lists.all.shown == SCANNER
    adding = actions(add_menu(stage.panel, BTC))
    assert not adding["Majors"].isEnabled(), "it is there"  # type: ignore[attr-defined]
    actions(add_menu(stage.panel, XRP))["Majors"].trigger()  # type: ignore[attr-defined]
    assert stage.panel.lists.all.lists[0].instruments() == (SOL, BTC, ETH, XRP)


def test_watching_ends_with_an_undo_and_waits_for_the_settings(stage: Stage) -> None:
    bitcoin = stage.panel.rows.row(0)
    assert not actions(row_menu(stage.panel, bitcoin, LAST))["Stop watching"].isEnabled()  # type: ignore[attr-defined]
    stage.allow_choice()
    actions(row_menu(stage.panel, bitcoin, LAST))["Stop watching"].trigger()  # type: ignore[attr-defined]
    assert stage.chosen == [(BTC, False)]
    assert "BTCUSDT is no longer watched" in stage.host.told[-1]
    assert stage.host.undo is not None
    stage.host.undo()
    assert stage.chosen[-1] == (BTC, True)


def test_the_row_menu_leads_to_the_data_page(stage: Stage) -> None:
    asked: list[object] = []
    stage.panel.data_asked.connect(asked.append)
    actions(row_menu(stage.panel, stage.panel.rows.row(1), LAST))["Data of the instrument"].trigger()  # type: ignore[attr-defined]
    assert asked == [ETH]


def drop(stage: Stage, words: str, y: int) -> None:
    data = QMimeData()
    data.setText(words)
    at = QPointF(60, y)
    action = Qt.DropAction.CopyAction
    event = QDropEvent(at, action, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    stage.panel.view.dropEvent(event)


def test_dropped_text_adds_the_instruments_that_it_names(stage: Stage) -> None:
    majors(stage)
    drop(stage, "XRPUSDT, DOGEUSDT; nothing bybit:linear:ADAUSDT", 30)
    assert stage.coins() == ["SOL", "XRP", "DOGE", "ADA", "BTC", "ETH"]
    drop(stage, "no symbol here", 30)
    assert "names no instrument" in stage.host.told[-1]
    stage.panel.lists.show(ALL_WATCHED)
    drop(stage, "XRPUSDT", 30)
    assert "into a list of yours" in stage.host.told[-1]


def test_a_symbol_is_copied_by_key(stage: Stage, qtbot: QtBot) -> None:
    stage.panel.view.setCurrentIndex(stage.panel.model.index(2, 0))
    qtbot.keyClick(stage.panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "SOLUSDT"


def test_members_that_the_engine_drops_stay_in_their_list(stage: Stage) -> None:
    majors(stage)
    del stage.market.rows[SOL]
    stage.panel.forget_unwatched()
    assert [each.symbol for each in stage.panel.rows.order] == ["SOLUSDT", "BTCUSDT", "ETHUSDT"]
    assert stage.panel.rows.row(0).is_scanned


def test_every_control_of_the_header_has_a_name_and_a_tooltip(stage: Stage) -> None:
    header = stage.panel.header
    for control in (header.chooser, header.plus, header.menu, stage.panel.search, stage.panel._line.button):
        assert control.accessibleName()
        assert control.toolTip()
    stage.panel.resize(357, 500)
    assert header.plus.isHidden(), "where it is narrow the menus say it"
    assert header.chooser.geometry().right() < stage.panel.search.geometry().left()
    assert stage.panel.search.geometry().right() < header.menu.geometry().left()
    assert NAMES[stage.panel.view.head.sorted_column] == "score"
