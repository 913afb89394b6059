"""The scanner in the panel: rows without scores, their age, guests in the chart, filters with what they left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from tests.analysis_results import score_row
from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row, waiting
from tests.ui.panels.markets_panel import Stage, scanned
from virtuoso_desktop.engine.scan_views import ScanView
from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.cell import MUTED_NUMBER
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.panels.filter_popup import FilterPopup
from virtuoso_desktop.ui.panels.list_name_box import ListNameBox
from virtuoso_desktop.ui.panels.markets_columns import CHANGE_24H, DIMENSIONS, LAST, OI_1H, SCORE
from virtuoso_desktop.ui.watchlists import ALL_WATCHED, SCANNER
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme

RARE = identity("RARE")


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme) -> Stage:
    made = Stage(qtbot, theme)
    made.market.board.publish_scores([score_row("BTC", (90.0,) * 6), score_row("ETH", (60.0,) * 6)])
    made.later()
    return made


def scan(stage: Stage) -> None:
    stage.panel.lists.show(SCANNER)
    stage.market.scan.find(scanned("RARE"), scanned("MUCH", turnover_24h=9e12))
    stage.later()


def test_scanned_rows_join_with_an_em_dash_and_the_reason_for_every_score(stage: Stage) -> None:
    scan(stage)
    assert stage.panel.header.text == f"Markets Scanner \u00b7 {len(COINS) + 2}"
    assert stage.coins()[:3] == ["BTC", "ETH", "MUCH"], "scores first, then turnover"
    place = stage.panel.rows.place[RARE]
    cells = stage.panel.rows.cells(place)
    for column in (*DIMENSIONS, SCORE):
        assert (cells[column].text, cells[column].spoken) == ("\u2014", "no value, not analysed: it is not watched")
    assert cells[OI_1H].spoken == "no value, only what is watched has it"
    assert cells[LAST].text == "5.00"
    assert "not watched" in stage.panel.rows.tooltip(place, SCORE)


def test_only_the_visible_scanner_asks(stage: Stage) -> None:
    stage.later()
    assert stage.market.scan.taken == 0
    scan(stage)
    assert stage.market.scan.taken == 1
    stage.panel.lists.show(ALL_WATCHED)
    stage.later()
    assert stage.market.scan.taken == 1
    assert len(stage.panel.rows) == len(COINS), "what nobody asks for any more is not kept to age"


def test_the_age_of_the_scan_and_its_fault_are_told(stage: Stage) -> None:
    stage.panel.lists.show(SCANNER)
    stage.later()
    assert stage.line == "Scan: the exchange is being asked"
    scan(stage)
    stage.market.scan.told = ScanView(stage.market.clock.now_ms() - 4_000)
    stage.later()
    assert stage.line == f"{len(COINS)} watched and analysed, the others a ticker 5 s old"
    stage.market.scan.told = ScanView(NOW_MS, "The exchange does not answer.")
    stage.later()
    assert stage.line.endswith("old: The exchange does not answer.")


def test_a_stale_row_looks_stale(stage: Stage) -> None:
    scan(stage)
    stage.market.scan.find(scanned("RARE", state=RowState.STALE, updated_ms=NOW_MS - 42_000))
    stage.later()
    cells = stage.panel.rows.cells(stage.panel.rows.place[RARE])
    assert (cells[CHANGE_24H].icon, cells[LAST].parts[0].ink) == ("clock", MUTED_NUMBER)


def test_a_stream_of_its_own_replaces_the_scan(stage: Stage) -> None:
    scan(stage)
    stage.market.tick(waiting("RARE"))
    stage.later()
    row = stage.panel.rows.find(RARE)
    assert row is not None
    assert (row.is_scanned, row.state, row.last_price) == (False, RowState.LAST_SEEN, 5.0)
    stage.market.scan.find(scanned("RARE", last_move=1))
    stage.later()
    row = stage.panel.rows.find(RARE)
    assert row is not None
    assert not row.is_scanned


def test_a_guest_is_told_and_can_be_kept(stage: Stage, qtbot: QtBot) -> None:
    scan(stage)
    stage.market.guest = RARE
    stage.panel.set_shown(RARE)
    stage.later()
    assert stage.line == "RAREUSDT is watched while it is shown"
    assert stage.panel._line.button.isHidden(), "the settings are not there yet"
    stage.allow_choice()
    stage.later()
    qtbot.mouseClick(stage.panel._line.button, Qt.MouseButton.LeftButton)
    assert stage.chosen == [(RARE, True)]
    assert "universe.include_symbols" in stage.host.told[-1]
    assert stage.panel.is_unwatched(RARE)
    stage.market.guest = None
    stage.later()
    assert "watched while" not in stage.line


def test_a_filter_works_on_the_scan_and_counts_what_it_could_not_judge(stage: Stage) -> None:
    scan(stage)
    stage.panel.search.setText("score > 70")
    assert stage.coins() == ["BTC"]
    assert stage.panel.header.text == f"Markets Scanner \u00b7 1 of {len(COINS) + 2}"
    assert stage.line == "12 rows have no value for this filter and are left out"
    stage.panel.search.setText("volume24h > 5e12 or score > 70")
    assert stage.coins() == ["BTC", "MUCH"]


def test_a_wrong_filter_is_told_and_the_one_before_stays(stage: Stage) -> None:
    stage.panel.search.setText("score > 70")
    assert stage.coins() == ["BTC"]
    stage.panel.search.setText("score > 70 and volum24h > 5")
    assert stage.coins() == ["BTC"]
    assert "did you mean volume24h? (at character 16)" in stage.line
    stage.panel.search.setText("__import__('os')")
    assert "means nothing in a filter" in stage.line
    stage.panel.search.clear()
    assert len(stage.coins()) == len(COINS)
    assert stage.line == ""


def test_completion_is_offered_while_typing_and_taken_by_key(stage: Stage, qtbot: QtBot) -> None:
    search = stage.panel.search
    stage.panel.start_search()
    qtbot.keyClicks(search, "s")
    popup = stage.panel.window().findChild(FilterPopup)
    assert popup is not None
    assert popup.offered == (), "one letter is more often a coin"
    qtbot.keyClicks(search, "co")
    assert popup.offered == ("score",)
    qtbot.keyClick(search, Qt.Key.Key_Tab)
    assert search.text() == "score "
    assert popup.offered[:2] == (">", ">=")
    qtbot.keyClicks(search, "> 70 and si")
    assert popup.offered == ("signal",)
    qtbot.keyClick(search, Qt.Key.Key_Down)
    qtbot.keyClick(search, Qt.Key.Key_Return)
    qtbot.keyClicks(search, "= ")
    assert popup.offered == ("BUY", "SELL", "NEUTRAL")
    qtbot.keyClick(search, Qt.Key.Key_Escape)
    assert popup.offered == ()
    assert search.text() == "score > 70 and signal = ", "the first Esc closes the list only"
    qtbot.keyClick(search, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    qtbot.mouseClick(popup, Qt.MouseButton.LeftButton, pos=popup.rect().center() - popup.rect().center() / 1.3)
    assert search.text() == "score > 70 and signal = BUY "
    assert stage.coins() == ["BTC"]


def test_an_unfinished_filter_changes_nothing_until_the_keyboard_leaves(stage: Stage, qtbot: QtBot) -> None:
    stage.panel.start_search()
    qtbot.keyClicks(stage.panel.search, "score > 70 and vol")
    assert stage.coins() == ["BTC"], "what stands before it counts"
    assert "at character" not in stage.line
    qtbot.keyClicks(stage.panel.search, "ume24h >")
    assert stage.coins() == ["BTC"]
    qtbot.keyClick(stage.panel.search, Qt.Key.Key_Return)
    assert "a number is missing" in stage.line
    qtbot.keyClicks(stage.panel.search, " 9e99")
    assert "too large" in stage.line
    stage.panel.search.clear()
    qtbot.keyClicks(stage.panel.search, "eth or")
    stage.panel.view.setFocus()
    assert stage.line == "A condition is missing at the end (at character 7)"


def test_the_list_of_completions_goes_with_the_focus(stage: Stage, qtbot: QtBot) -> None:
    stage.panel.start_search()
    qtbot.keyClicks(stage.panel.search, "sco")
    popup = stage.panel.window().findChild(FilterPopup)
    assert popup is not None
    assert popup.offered
    stage.panel.view.setFocus()
    assert popup.offered == ()


def test_600_rows_and_their_names(stage: Stage) -> None:
    stage.panel.lists.show(SCANNER)
    stage.market.scan.find(*(scanned(f"C{number}", turnover_24h=float(number)) for number in range(600)))
    stage.later()
    assert len(stage.coins()) == 600 + len(COINS)
    assert stage.coins()[-1] == "C0"
    stage.panel.search.setText("symbol ~ C59 and turnover > 594.5")
    assert stage.coins() == ["C599", "C598", "C597", "C596", "C595"]


class _OpenMarket(FakeMarket):
    """What is shown without being watched becomes its guest."""

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        super().show(instrument_id, timeframe)
        self.guest = None if instrument_id in self.rows else instrument_id


def test_a_guest_of_the_last_run_is_shown_again(qtbot: QtBot, theme: Theme) -> None:
    window = MainWindow(theme, Source.LIVE, memory=WindowMemory(instrument=str(RARE)), now_ms=lambda: NOW_MS)
    qtbot.addWidget(window)
    market = _OpenMarket((row("BTC"), row("ETH")))
    window.attach(market)
    assert window.instrument == RARE
    market.watched_changed.emit((identity("BTC"), identity("ETH")))
    assert window.instrument == RARE
    market.guest = None  # the exchange does not list it any more
    market.watched_changed.emit((identity("BTC"), identity("ETH")))
    assert window.instrument == identity("BTC")
    window.detach()


def test_the_actions_show_the_panel_and_know_why_they_cannot_start(qtbot: QtBot, theme: Theme) -> None:
    window = MainWindow(theme, Source.LIVE, now_ms=lambda: NOW_MS)
    qtbot.addWidget(window)
    commands = window.interior.commands
    known = {action.listed.action: action for action in commands.all()}
    assert known["toggle_watched"].why_not() == "The settings are not loaded yet."
    assert known["toggle_favourite"].why_not() == "No instrument is shown."
    window.attach(FakeMarket((row("BTC"), row("ETH"))))
    chosen: list[tuple[InstrumentId, bool]] = []
    lists = window.interior.markets.lists
    lists.choose_watched = lambda instrument, wanted, _done: chosen.append((instrument, wanted))
    commands.run("toggle_watched")
    commands.run("toggle_favourite")
    assert chosen == [(identity("BTC"), False)]
    assert lists.all.is_starred(identity("BTC"))
    commands.run("show_scanner")
    assert window.interior.markets.rows.scope.has_scanned
    commands.run("show_all_watched")
    assert not window.interior.markets.rows.scope.has_scanned
    commands.run("new_watchlist")
    (box,) = window.findChildren(ListNameBox)
    assert box.isVisibleTo(window)
    window.detach()
