from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from tests.analysis_results import CANDLES_ONLY, CLOSED_MS, confluence, view
from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row
from virtuoso_desktop.engine.analysis_views import AnalysisState
from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.panels.confluence import SHORT_PX, ConfluencePanel
from virtuoso_desktop.ui.panels.confluence_rows import Filter
from virtuoso_desktop.ui.tokens import ThemeChoice

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme

BTC = identity("BTC")


@pytest.fixture
def market() -> FakeMarket:
    made = FakeMarket(row(coin, 100.0) for coin in COINS)
    made.board.publish(view())
    return made


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> ConfluencePanel:
    made = ConfluencePanel(theme, Timeframe.M5)
    qtbot.addWidget(made)
    made.resize(316, 692)
    made.show()
    made.activateWindow()
    return made


@pytest.fixture
def shown(panel: ConfluencePanel, market: FakeMarket) -> ConfluencePanel:
    panel.attach(market)
    panel.show_series(BTC, Timeframe.M5)
    return panel


def names(panel: ConfluencePanel) -> list[str]:
    model = panel.components.model()
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def test_the_panel_of_the_picture(shown: ConfluencePanel) -> None:
    assert "72.7 of 100" in shown.head.accessibleName()
    assert "\u25b2 BUY \u00b7 STRONG" in shown.head.accessibleName()
    assert "not advice; track record not yet measured" in shown.head.accessibleName()
    table = shown.dimensions.model()
    assert [table.index(row, 5).data() for row in range(7)] == [
        "18.75", "16.00", "9.75", "10.50", "11.70", "6.00", "72.70",
    ]  # fmt: skip
    assert len(names(shown)) == 20
    assert shown._header.note.text.startswith("closed ")


def test_every_row_of_both_tables_can_be_heard(shown: ConfluencePanel) -> None:
    role = Qt.ItemDataRole.AccessibleTextRole
    for view_ in (shown.dimensions, shown.components):
        model = view_.model()
        assert view_.accessibleName()
        for place in range(model.rowCount()):
            assert all(model.index(place, column).data(role) for column in range(model.columnCount()))
    assert shown.components.model().index(0, 5).data(role) == "Points +3.0"


def test_it_waits_in_words_until_there_is_a_result(panel: ConfluencePanel, market: FakeMarket) -> None:
    assert "No instrument" in panel.head.accessibleName()
    panel.attach(market)
    panel.show_series(identity("ETH"), Timeframe.M5)
    assert "Preparing" in panel.head.accessibleName()
    assert panel.components.note == "Nothing evaluated yet"
    warm = msgspec.structs.replace(
        view(), instrument_id=identity("ETH"), state=AnalysisState.WARM_UP, candles=21, result=None, explanation=None
    )
    market.board.publish(warm)
    panel.refresh(0)
    assert "21 of 34 candles" in panel.head.accessibleName()


def test_it_reads_only_what_changed(shown: ConfluencePanel, market: FakeMarket) -> None:
    asked: list[int] = []
    plain = market.analysis
    market.analysis = lambda *key: (asked.append(1), plain(*key))[1]
    shown.refresh(0)
    shown.refresh(0)
    assert asked == []
    market.board.publish(view(confluence({"macd": 20.0}, signal=SignalKind.NEUTRAL)))
    shown.refresh(0)
    assert len(asked) == 1
    assert "NEUTRAL" in shown.head.accessibleName()


def test_it_turns_grey_by_the_clock_alone(shown: ConfluencePanel, market: FakeMarket) -> None:
    market.clock.advance_ms(CLOSED_MS + 16 * 60_000 - NOW_MS)
    shown.refresh(0)
    assert shown.head.head.is_grey
    assert "16 min old" in shown.head.accessibleName()
    assert shown.notes.notes == ()


def test_another_series_is_read_at_once(shown: ConfluencePanel, market: FakeMarket) -> None:
    market.board.publish(view(confluence({"macd": 20.0}, timeframe=Timeframe.H1)))
    shown.show_series(BTC, Timeframe.H1)
    assert "72.7" not in shown.head.accessibleName()
    assert shown._header.text.endswith("BTCUSDT.P \u00b7 1h")


def test_a_click_and_enter_on_a_component_ask_for_its_evidence(shown: ConfluencePanel, qtbot: QtBot) -> None:
    QApplication.processEvents()
    with qtbot.waitSignal(shown.component_chosen) as chosen:
        qtbot.mouseClick(shown.components.canvas, Qt.MouseButton.LeftButton, pos=QPoint(60, 36))
    assert chosen.args == ["trend_analysis"]
    shown.components.setFocus()
    qtbot.keyClick(shown.components, Qt.Key.Key_Up)
    with qtbot.waitSignal(shown.component_chosen) as chosen:
        qtbot.keyClick(shown.components, Qt.Key.Key_Return)
    assert chosen.args == ["volume_delta"]


def test_the_filters_and_their_counts(shown: ConfluencePanel, qtbot: QtBot) -> None:
    assert [button.text() for button in reversed(shown.why.filters.values())] == [
        "All 20", "For 13", "Against 1", "Missing 0",
    ]  # fmt: skip
    qtbot.mouseClick(shown.why.filters[Filter.AGAINST], Qt.MouseButton.LeftButton)
    assert names(shown) == ["Funding"]
    assert not shown.why.filters[Filter.ALL].isChecked()
    qtbot.keyClick(shown.why.filters[Filter.MISSING], Qt.Key.Key_Return)
    assert names(shown) == []
    assert shown.components.note == "Every component has a value"


def test_a_click_on_a_head_sorts(shown: ConfluencePanel, qtbot: QtBot) -> None:
    QApplication.processEvents()
    head = shown.components.head
    at = QPoint(head.sectionPosition(1) + 20, 12)
    qtbot.mouseClick(head.canvas, Qt.MouseButton.LeftButton, pos=at)
    first = names(shown)
    qtbot.mouseClick(head.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert names(shown) == list(reversed(first))
    assert (head.sorted_column, head.sorts_down) == (1, False)


def test_the_timeframes_tell_their_scores_and_lead_there(shown: ConfluencePanel, qtbot: QtBot) -> None:
    assert [cell.accessibleName() for cell in shown.strip.cells][:3] == [
        "1m, score 58, neutral",
        "5m, score 73, buy, shown",
        "15m, score 71, buy",
    ]
    assert "Consensus \u25b2 BUY strength 0.64" in shown.strip.accessibleName()
    with qtbot.waitSignal(shown.timeframe_asked) as asked:
        qtbot.mouseClick(shown.strip.cells[4], Qt.MouseButton.LeftButton)
    assert asked.args == [Timeframe.H1]


def test_the_notes_are_heard_whole(shown: ConfluencePanel) -> None:
    said = shown.notes.accessibleName()
    assert "Why not VERY STRONG" in said
    assert "any of technical 75 \u2192 44, volume 80 \u2192 41" in said
    assert shown.notes.toolTip().count("\n") == 3


def test_a_short_panel_keeps_gauge_sum_and_strip_and_hides_components_behind_why(
    shown: ConfluencePanel, qtbot: QtBot
) -> None:
    shown.resize(264, 520)
    QApplication.processEvents()
    assert shown.height() < SHORT_PX
    assert shown.dimensions.isVisible()
    assert not shown.components.isVisible()
    bottom = shown.strip.mapTo(shown, QPoint(0, shown.strip.height())).y()
    assert bottom <= shown.height(), "the strip is in view"
    assert len(shown.notes.notes) == 2
    qtbot.mouseClick(shown.why.open_button, Qt.MouseButton.LeftButton)
    assert shown.components.isVisible()
    assert not shown.dimensions.isVisible()
    qtbot.keyClick(shown.why.open_button, Qt.Key.Key_Return)
    assert shown.dimensions.isVisible()


def test_nothing_is_wider_than_a_narrow_panel(shown: ConfluencePanel) -> None:
    shown.resize(264, 520)
    QApplication.processEvents()
    for part in (shown.head, shown.dimensions, shown.why, shown.strip):
        assert part.mapTo(shown, QPoint(part.width(), 0)).x() <= 264
    for table in (shown.dimensions, shown.components):
        assert sum(width for _, _, width in table.spans()) <= max(264, table.canvas.width())
        assert 4 not in [column for column, _, _ in table.spans()] or table is shown.components


def test_collapsed_it_is_a_rail_that_opens_again(shown: ConfluencePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shown.collapse_changed):
        shown.set_collapsed(True)
    assert shown.maximumWidth() == 28
    assert not shown.head.isVisible()
    qtbot.mouseClick(shown.open_button, Qt.MouseButton.LeftButton)
    assert not shown.is_collapsed
    assert shown.head.isVisible()
    assert shown.minimumWidth() == 264


def test_the_preview_is_asked_for_and_marked(shown: ConfluencePanel, market: FakeMarket) -> None:
    market.board.publish(view(preview=confluence({"macd": 10.0}, forming=True)))
    shown.refresh(0)
    assert shown._header.note.text.startswith("closed")
    shown.set_preview(True)
    assert shown._header.note.text == "provisional"
    assert "provisional" in shown.head.accessibleName()
    cell = shown.components.rows_shown.cells(0)[3]
    assert "outline" in [plate.shape for plate in cell.plates]


def test_candles_only_is_said(panel: ConfluencePanel, market: FakeMarket) -> None:
    market.board.publish(view(confluence(without=CANDLES_ONLY), not_analysed=CANDLES_ONLY))
    panel.attach(market)
    panel.show_series(BTC, Timeframe.M5)
    assert "candles only" in panel.head.accessibleName()
    panel.components.show_filter(Filter.MISSING)
    reasons = {panel.components.model().index(row, 6).data() for row in range(11)}
    assert reasons == {"not analysed"}


def near(one: QColor, other: QColor) -> bool:
    return abs(one.red() - other.red()) + abs(one.green() - other.green()) + abs(one.blue() - other.blue()) < 24


def share(image: QImage, box: QRect, colour: QColor) -> float:
    """Share of a box that is painted in a colour."""
    points = [(x, y) for x in range(box.left(), box.right()) for y in range(box.top(), box.bottom())]
    return sum(near(image.pixelColor(x, y), colour) for x, y in points) / len(points)


@pytest.mark.parametrize("choice", [ThemeChoice.DARK, ThemeChoice.LIGHT])
@pytest.mark.parametrize("colour_blind", [False, True])
def test_pill_and_arc_are_in_the_theme(
    shown: ConfluencePanel, market: FakeMarket, theme: Theme, choice: ThemeChoice, colour_blind: bool
) -> None:
    theme.choose(choice)
    theme.set_colour_blind(colour_blind)
    QApplication.processEvents()
    image = shown.head.grab().toImage()
    assert share(image, QRect(60, 99, 40, 20), theme.color("up_tag")) > 0.4
    assert share(image, QRect(80, 8, 40, 40), theme.color("up")) > 0.08
    market.board.publish(view(stale_at_ms=NOW_MS - 1))
    shown.refresh(0)
    grey = shown.head.grab().toImage()
    assert share(grey, QRect(80, 8, 40, 40), theme.color("up")) == 0


def test_after_detach_nothing_is_read(shown: ConfluencePanel, market: FakeMarket) -> None:
    shown.detach()
    market.board.publish(view(confluence({"macd": 20.0})))
    shown.refresh(0)
    assert "72.7" in shown.head.accessibleName()
