from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.command_palette import CommandPalette
from virtuoso_desktop.ui.dialogs.frame import PlainDialog
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.shortcuts import SHORTCUTS
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS))


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, market: FakeMarket) -> Iterator[MainWindow]:
    theme = Theme()
    theme.apply()
    made = MainWindow(theme, Source.DEMO, now_ms=lambda: NOW_MS)
    made.resize(1280, 720)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitActive(made)
    made.attach(market)
    yield made
    made.detach()
    qapp.setStyleSheet("")


def opened(window: MainWindow, qtbot: QtBot) -> CommandPalette:
    qtbot.keyClick(window.interior, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    return shown(window)[0]


def shown(window: MainWindow) -> list[CommandPalette]:
    return [palette for palette in window.findChildren(CommandPalette) if palette.isVisible()]


def titles(palette: CommandPalette) -> list[str]:
    return [found.entry.title for found in palette.found]


def test_every_action_and_every_instrument_can_be_found(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    listed = {shortcut.does for shortcut in SHORTCUTS if shortcut.action} - {
        next(shortcut.does for shortcut in SHORTCUTS if shortcut.action == "command_palette")
    }
    assert listed <= set(titles(palette))
    assert {f"{coin}USDT.P" for coin in COINS} <= set(titles(palette))


def test_what_the_exchange_trades_besides_is_found_and_shown(
    window: MainWindow, market: FakeMarket, qtbot: QtBot
) -> None:
    market.scan.find(row("ZETA", 1.0))
    palette = opened(window, qtbot)
    qtbot.keyClicks(palette.field, "zeta")
    (found,) = palette.found
    assert found.entry.spoken == "ZETAUSDT.P, Bybit perp, not watched"
    palette.grab()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.instrument == identity("ZETA")


def test_enter_shows_the_instrument_and_gives_the_focus_back(window: MainWindow, qtbot: QtBot) -> None:
    before = window.focusWidget()
    palette = opened(window, qtbot)
    assert palette.field.hasFocus()
    qtbot.keyClicks(palette.field, "eth")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.instrument == identity("ETH")
    assert shown(window) == []
    assert window.focusWidget() is before


def test_an_action_runs_and_stands_first_the_next_time_even_after_a_restart(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    qtbot.keyClicks(palette.field, "about")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    (dialog,) = [each for each in window.findChildren(PlainDialog) if each.isVisible()]
    assert dialog.windowTitle() == "About Virtuoso"
    dialog.close()
    window.activateWindow()
    qtbot.waitActive(window)
    assert titles(opened(window, qtbot))[0] == "About Virtuoso"
    memory = WindowMemory.from_bytes(window.remember().to_bytes())
    assert memory.recent_commands == ("action:show_about",)


def test_what_cannot_be_done_now_is_there_with_its_reason_and_does_nothing(window: MainWindow, qtbot: QtBot) -> None:
    done: list[str] = []
    window.interior.commands.add("indicators", lambda: done.append("opened"), lambda: "The chart is not there yet.")
    palette = opened(window, qtbot)
    qtbot.keyClicks(palette.field, "indicators")
    assert palette.current is not None
    assert "The chart is not there yet." in palette.current.spoken
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert (done, palette.isVisible(), palette.refusal) == ([], True, "The chart is not there yet.")
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.refusal == ""


def test_arrows_walk_over_headings_and_round_the_ends(window: MainWindow, qtbot: QtBot) -> None:
    palette = opened(window, qtbot)
    all_titles = titles(palette)
    walked = []
    for _ in range(len(all_titles)):
        assert palette.current is not None
        walked.append(palette.current.title)
        qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert walked == all_titles
    assert palette.current is not None
    assert palette.current.title == all_titles[0]
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.current.title == all_titles[-1]
    qtbot.keyClick(palette.field, Qt.Key.Key_PageDown)
    assert palette.current.title == all_titles[-1]


def test_escape_its_own_key_and_a_click_elsewhere_close_it(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(opened(window, qtbot).field, Qt.Key.Key_Escape)
    assert shown(window) == []
    palette = opened(window, qtbot)
    qtbot.keyClick(palette.field, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert shown(window) == []
    opened(window, qtbot)
    qtbot.mouseClick(window.interior.status_bar, Qt.MouseButton.LeftButton)
    assert shown(window) == []


def test_it_opens_while_a_text_field_has_the_focus(window: MainWindow, qtbot: QtBot) -> None:
    search: QLineEdit = window.interior.markets.search
    search.setFocus()
    search.setText("btc")
    search.setCursorPosition(0)
    qtbot.keyClick(search, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert len(shown(window)) == 1
    assert search.text() == "btc"


@pytest.mark.parametrize("typed", ["zzzzqq", "\u2028\t;drop", "x" * 5_000])
def test_what_matches_nothing_is_said_and_enter_does_nothing(window: MainWindow, qtbot: QtBot, typed: str) -> None:
    palette = opened(window, qtbot)
    palette.field.setText(typed)
    assert palette.found == []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(palette.field, key)
    assert palette.isVisible()
    assert palette.current is None
    palette.grab()


def test_it_opens_and_paints_in_less_than_fifty_milliseconds(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot).finish()  # the first one imports
    QApplication.processEvents()
    took_s: list[float] = []
    for _ in range(5):
        began_s = time.thread_time()
        window.interior.palette_opener.toggle()
        shown(window)[0].repaint()
        took_s.append(time.thread_time() - began_s)
        window.interior.palette_opener.toggle()
        QApplication.processEvents()
    assert sorted(took_s)[2] < 0.05, took_s
