from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tests.analysis_results import score_row
from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row, waiting
from virtuoso_desktop.engine.views import MarketsSnapshot, RowState
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.memory import ColumnMemory
from virtuoso_desktop.ui.panels.markets import SORT_PERIOD_NS, STILL_NS, MarketsPanel
from virtuoso_desktop.ui.panels.markets_columns import DIMENSIONS, LAST, NAMES, SCORE, SIGNAL
from virtuoso_desktop.ui.panels.markets_menus import column_menu, row_menu
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS))


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> MarketsPanel:
    made = MarketsPanel(theme, MarketsRows(), lambda: NOW_MS)
    qtbot.addWidget(made)
    made.resize(470, 500)
    made.show()
    made.activateWindow()
    return made


def coins(panel: MarketsPanel) -> list[str]:
    return [panel.model.index(index, 0).data() for index in range(panel.model.rowCount())]


def header(panel: MarketsPanel) -> str:
    return panel.header.text


def later(panel: MarketsPanel, past_ns: int = 0) -> None:
    """A turn of the frame clock, so late that rows may be sorted anew."""
    panel.refresh(perf_counter_ns() + STILL_NS + SORT_PERIOD_NS + past_ns)


def test_rows_come_live_from_the_engine(panel: MarketsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    assert coins(panel) == list(COINS)
    assert header(panel) == f"Markets {len(COINS)} perps, USDT"
    market.change("SOL", last_price=123.45, last_change_ms=NOW_MS + 5)
    panel.refresh(perf_counter_ns())
    assert panel.model.index(2, LAST).data() == "123.45"


def test_only_changed_rows_are_painted(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    qtbot.waitUntil(lambda: panel.view.last_paint_ns > 0)
    QApplication.processEvents()
    painted: list[set[int]] = []
    plain = panel.view.update_rows
    panel.view.update_rows = lambda rows: (painted.append(set(rows)), plain(rows))[1]  # type: ignore[method-assign]
    market.change("SOL", volume_24h=7.0)
    panel.refresh(perf_counter_ns())
    panel.refresh(perf_counter_ns())
    assert painted == [{2}, set()]


def test_the_previous_run_is_shown_muted_until_each_ticker(qtbot: QtBot, theme: Theme) -> None:
    rows = MarketsRows()
    rows.advance(NOW_MS)
    seen = [row(coin, 90.0, state=RowState.LAST_SEEN) for coin in ("BTC", "ETH", "XRP")]
    rows.show_last_seen(MarketsSnapshot(1, NOW_MS - 240_000, seen))
    panel = MarketsPanel(theme, rows, lambda: NOW_MS)
    qtbot.addWidget(panel)
    assert "last seen" in header(panel)
    assert "4 min ago" in header(panel)
    market = FakeMarket([waiting("BTC"), waiting("ETH"), waiting("SOL")])
    panel.attach(market)
    assert set(coins(panel)) == {"BTC", "ETH", "SOL"}, "what is no longer watched went, what is new came"
    assert panel.model.index(coins(panel).index("BTC"), LAST).data() == "90.00"
    market.tick(row("BTC", 91.0))
    market.clock.advance_ms(1000)
    later(panel)
    assert panel.model.index(coins(panel).index("BTC"), LAST).data() == "91.00"
    assert "last seen" in header(panel), "ETH is still of the previous run"
    market.tick(row("ETH", 92.0))
    market.clock.advance_ms(1000)
    later(panel)
    assert header(panel) == "Markets 2 of 3 live"


def test_typing_searches_and_escape_clears(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_S)
    assert panel.search.hasFocus()
    qtbot.keyClicks(panel.search, "o")
    assert coins(panel) == ["SOL"]
    assert header(panel) == f"Markets 1 of {len(COINS)}"
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == ""
    assert coins(panel) == list(COINS)
    assert panel.view.hasFocus()


def test_a_search_without_result_says_why_and_what_to_do(panel: MarketsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    panel.search.setText("zzz")
    assert not panel._note.isHidden()
    assert "zzz" in panel._note.accessibleName()
    assert "Esc clears" in panel._note.accessibleName()
    panel.search.clear()
    assert panel._note.isHidden()


def test_the_cross_in_the_field_clears_the_search(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    panel.search.setText("btc")
    qtbot.mouseClick(panel.search, Qt.MouseButton.LeftButton, pos=QPoint(panel.search.width() - 10, 12))
    assert panel.search.text() == ""


def test_enter_in_the_search_opens_the_first_row(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    panel.search.setText("do")
    with qtbot.waitSignal(panel.instrument_chosen) as chosen:
        qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert chosen.args == [identity("DOGE")]


def test_down_leads_from_the_search_into_the_table(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    panel.start_search()
    qtbot.keyClick(panel.search, Qt.Key.Key_Down)
    assert panel.view.hasFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.instrument_chosen) as chosen:
        qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    assert chosen.args == [identity("ETH")]


def test_a_click_opens_the_row(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    with qtbot.waitSignal(panel.instrument_chosen) as chosen:
        qtbot.mouseClick(panel.view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 3 * 24 + 12))
    assert chosen.args == [identity("XRP")]


def test_a_click_on_a_head_sorts_and_the_second_turns_round(
    panel: MarketsPanel, market: FakeMarket, qtbot: QtBot
) -> None:
    panel.attach(market)
    at = QPoint(panel.view.head.sectionPosition(LAST) + 20, 12)
    qtbot.mouseClick(panel.view.head.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert coins(panel) == list(reversed(COINS))
    assert (panel.view.head.sorted_column, panel.view.head.sorts_down) == (LAST, True)
    qtbot.mouseClick(panel.view.head.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert coins(panel) == list(COINS)


def test_sorting_by_keyboard(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    panel.view.setCurrentIndex(panel.model.index(0, 0))
    qtbot.keyClick(panel.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert coins(panel) == sorted(COINS)
    qtbot.keyClick(panel.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert coins(panel) == sorted(COINS, reverse=True)


def test_rows_are_sorted_anew_at_most_once_a_second_and_the_chosen_stays_chosen(
    panel: MarketsPanel, market: FakeMarket
) -> None:
    panel.attach(market)
    panel.set_shown(identity("ETH"))
    now_ns = perf_counter_ns() + STILL_NS + SORT_PERIOD_NS
    panel.refresh(now_ns)
    market.change("ICP", turnover_24h=9e12)
    panel.refresh(now_ns + SORT_PERIOD_NS // 2)
    assert coins(panel)[0] == "BTC"
    panel.refresh(now_ns + SORT_PERIOD_NS)
    assert coins(panel)[0] == "ICP"
    assert panel.rows.is_marked(2)
    assert coins(panel)[panel.view.currentIndex().row()] == "ETH"


def test_rows_do_not_move_under_a_moving_pointer(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    market.change("ICP", turnover_24h=9e12)
    qtbot.mouseMove(panel.view.canvas, QPoint(30, 30))
    qtbot.mouseMove(panel.view.canvas, QPoint(30, 60))
    panel._sorted_ns = 0
    panel.refresh(perf_counter_ns())
    assert coins(panel)[0] == "BTC"
    later(panel)
    assert coins(panel)[0] == "ICP"


def test_a_changed_order_keeps_the_columns(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    before = panel.view.spans()
    assert [NAMES[column] for column, _, _ in before] == list(panel.shown_columns)
    market.change("ICP", turnover_24h=9e12)
    later(panel)
    panel.search.setText("btc")
    panel.search.clear()
    panel.resize(470, 200)  # a scroll bar comes
    panel.resize(470, 500)
    qtbot.waitUntil(lambda: panel.view.spans() == before)
    assert panel.remember().widths == {}, "what Qt told on its own is not the user's wish"


def test_a_fit_that_is_asked_for_during_a_fit_comes_after_it(panel: MarketsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    depths: list[int] = []
    depth = [0]
    plain = panel._fit_once

    def counted() -> None:
        depth[0] += 1
        depths.append(depth[0])
        if len(depths) < 3:
            panel.view.resized.emit()  # what a scroll bar that comes or goes brings about
        plain()
        depth[0] -= 1

    panel._fit_once = counted  # type: ignore[method-assign]
    panel.view.resized.emit()
    assert depths == [1, 1, 1]


def test_columns_are_chosen_by_menu_and_remembered(panel: MarketsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    menu = column_menu(panel, LAST)
    actions = {action.text(): action for action in menu.actions()}
    assert actions["Course of 24 hours"].isChecked()
    assert not actions["Mark price"].isChecked()
    actions["Course of 24 hours"].trigger()
    actions["Mark price"].trigger()
    assert "mark" in panel.shown_columns
    assert "sparkline" not in panel.shown_columns
    assert panel.remember().chosen == {"sparkline": False, "mark": True}
    actions["As many as fit"].trigger()
    assert panel.remember().chosen == {}
    menu.deleteLater()


def test_an_edge_that_is_dragged_is_remembered_and_a_double_click_forgets_it(
    panel: MarketsPanel, market: FakeMarket, qtbot: QtBot
) -> None:
    panel.attach(market)
    head = panel.view.head
    edge = head.sectionPosition(LAST) + head.sectionSize(LAST)
    before = head.sectionSize(LAST)
    qtbot.mousePress(head.canvas, Qt.MouseButton.LeftButton, pos=QPoint(edge - 1, 12))
    qtbot.mouseMove(head.canvas, QPoint(edge + 29, 12))
    qtbot.mouseRelease(head.canvas, Qt.MouseButton.LeftButton, pos=QPoint(edge + 29, 12))
    assert panel.remember().widths["last"] == pytest.approx(before + 30, abs=2)
    assert sum(width for _, _, width in panel.view.spans()) <= panel.view.canvas.width()
    panel._forget_width(LAST)
    assert panel.remember().widths == {}


def test_what_was_remembered_comes_back(panel: MarketsPanel, market: FakeMarket) -> None:
    kept = ColumnMemory({"mark": True, "gone": True}, {"last": 120, "high": 0}, "basis", sorts_down=False, words="eth")
    panel.recall(kept)
    panel.attach(market)
    remembered = panel.remember()
    assert remembered == ColumnMemory({"mark": True}, {"last": 120}, "basis", sorts_down=False, words="eth")
    assert panel.rows.row_count() == 1
    assert panel.view.columnWidth(LAST) == 120
    assert panel.view.head.sorted_column == NAMES.index("basis")


def test_a_wide_panel_shows_every_column(panel: MarketsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    assert len(panel.shown_columns) == 12
    panel.resize(1_600, 500)
    assert panel.shown_columns == NAMES
    assert panel.rows.shows_age
    panel.resize(357, 500)
    assert panel.shown_columns == NAMES[: NAMES.index("sparkline")]
    assert not panel.view.horizontalScrollBar().isVisible()


def test_the_row_menu_copies_the_symbol(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    menu = row_menu(panel, panel.rows.row(1), LAST)
    actions = {action.text().partition("\t")[0]: action for action in menu.actions()}
    actions["Copy ETHUSDT"].trigger()
    assert QGuiApplication.clipboard().text() == "ETHUSDT"
    with qtbot.waitSignal(panel.instrument_chosen) as chosen:
        actions["Open in the chart"].trigger()
    assert chosen.args == [identity("ETH")]
    menu.deleteLater()


def test_no_bars_over_rows_that_are_there(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not panel._note.isHidden())
    panel.attach(market)
    assert panel._note.isHidden()
    assert header(panel) == f"Markets {len(COINS)} perps, USDT"


def test_bars_stand_for_rows_to_come_but_not_at_once(panel: MarketsPanel, qtbot: QtBot) -> None:
    panel.attach(FakeMarket())
    assert panel._note.isHidden()
    qtbot.waitUntil(lambda: not panel._note.isHidden())
    assert panel._note.accessibleName() == "Loading the instruments"
    assert header(panel) == "Markets loading instruments"


def test_neighbours_go_around_the_ends(panel: MarketsPanel, market: FakeMarket) -> None:
    assert panel.neighbour(1) is None
    panel.attach(market)
    assert panel.neighbour(1) == identity(COINS[0])
    panel.set_shown(identity(COINS[-1]))
    assert panel.neighbour(1) == identity(COINS[0])
    panel.set_shown(identity(COINS[0]))
    assert panel.neighbour(-1) == identity(COINS[-1])


def test_after_detach_nothing_is_read(panel: MarketsPanel, market: FakeMarket) -> None:
    panel.attach(market)
    panel.detach()
    market.change("BTC", last_price=1.0)
    panel.refresh(perf_counter_ns())
    assert panel.model.index(0, LAST).data() == "100.00"


def test_scores_come_live_and_follow_the_timeframe(panel: MarketsPanel, market: FakeMarket) -> None:
    market.board.publish_scores([score_row("ETH", (90.0,) * 6), score_row("SOL", (20.0,) * 6)])
    market.board.publish_scores([score_row("SOL", (80.0,) * 6, Timeframe.H1)])
    panel.attach(market)
    assert coins(panel)[:2] == ["ETH", "SOL"], "sorted by score, then by turnover"
    assert panel.model.index(0, SCORE).data() == "90.0"
    market.board.publish_scores([score_row("BTC", (95.0,) * 6)])
    later(panel)
    assert coins(panel)[:2] == ["BTC", "ETH"]
    panel.show_timeframe(Timeframe.H1)
    assert coins(panel)[0] == "SOL"
    assert [panel.model.index(row, SCORE).data() for row in range(2)] == ["80.0", "\u2014"]


def test_a_screen_reader_hears_every_cell_of_the_analysis(panel: MarketsPanel, market: FakeMarket) -> None:
    market.board.publish_scores([score_row("BTC", (75.0, 80.0, None, 70.0, 78.0, 60.0))])
    panel.attach(market)
    role = Qt.ItemDataRole.AccessibleTextRole
    heard = [panel.model.index(0, column).data(role) for column in (*DIMENSIONS, SCORE, SIGNAL)]
    assert heard == [
        "Technical 75",
        "Volume 80",
        "Order flow no value, the data for it are not there",
        "Order book 70",
        "Structure 78",
        "Sentiment 60",
        "Confluence score 74.1",
        "Signal buy, moderate",
    ]


def test_a_digit_is_left_to_the_window(panel: MarketsPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    qtbot.keyClick(panel.view, Qt.Key.Key_5)
    assert panel.search.text() == ""
