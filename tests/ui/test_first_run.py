"""The welcome: three clicks at most, one where the defaults are right; the answers stand in the settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit

from tests.market_rows import COINS, NOW_MS, FakeMarket, row
from tests.settings_rig import SettingsRig
from virtuoso_desktop.app.first_run import FirstRun
from virtuoso_desktop.app.stopping import Again, StopRequest
from virtuoso_desktop.engine.live_settings import ChangeRefused, SettingsChange
from virtuoso_desktop.engine.views import LinkPhase, LinkView
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.first_run import LARGE, MAJORS, OWN
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from virtuoso_desktop.ui.first_run import FirstRunPage


class Welcome:
    """A window with the page over it, and the settings that come later."""

    def __init__(self, window: MainWindow, profile: Path) -> None:
        self.window = window
        self.stop = StopRequest()
        self.first_run = FirstRun(window, self.stop)
        self.rig = SettingsRig(profile)

    @property
    def page(self) -> FirstRunPage:
        return self.first_run.page

    def settings_come(self) -> None:
        market = FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS))
        self.rig.desk.refresh()
        self.first_run.attach(market, self.rig.desk)
        self.rig.run()


@pytest.fixture
def welcome(qtbot: Any, tmp_path: Path) -> Iterator[Welcome]:
    window = MainWindow(Theme(), Source.LIVE, now_ms=lambda: NOW_MS)
    window.resize(1280, 720)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.interior  # noqa: B018 (made by the first paint at the latest)
    made = Welcome(window, tmp_path)
    yield made
    made.rig.run()
    made.rig.desk.close()
    window.detach()
    window.theme.choose(ThemeChoice.DARK)


def click(qtbot: Any, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def text_of(welcome: Welcome) -> str:
    return welcome.rig.file.read_text() if welcome.rig.file.exists() else ""


def test_one_click_begins_live_with_the_defaults(welcome: Welcome, qtbot: Any) -> None:
    welcome.settings_come()
    click(qtbot, welcome.page.live)
    welcome.rig.run()
    assert not welcome.first_run.page.is_open
    assert text_of(welcome) == "", "the defaults are not written down"
    assert welcome.stop.again is None


def test_three_clicks_choose_everything_and_the_demo_starts_anew(welcome: Welcome, qtbot: Any) -> None:
    page = welcome.page
    click(qtbot, page.sets[LARGE])
    click(qtbot, page.themes[ThemeChoice.LIGHT])
    assert welcome.window.theme.choice is ThemeChoice.LIGHT, "shown at once"
    click(qtbot, page.demo)
    assert welcome.stop.again is None, "the settings are not there yet"
    welcome.settings_come()
    welcome.rig.run()
    assert welcome.stop.again is Again.DEMO
    universe = welcome.rig.live.current.universe
    assert (universe.include_symbols, universe.size) == (MAJORS, 10)
    assert welcome.rig.live.current.ui.theme == "light"


def test_an_own_list_is_read_and_an_empty_one_is_asked_for(welcome: Welcome, qtbot: Any) -> None:
    welcome.settings_come()
    page = welcome.page
    assert not page.own.isVisible()
    click(qtbot, page.sets[OWN])
    assert page.own.isVisible()
    click(qtbot, page.live)
    assert page.problem.text() == "Name at least one symbol, such as BTCUSDT."
    qtbot.keyClicks(page.own, "ethusdt, BTCUSDT;ETHUSDT  solusdt")
    click(qtbot, page.live)
    welcome.rig.run()
    universe = welcome.rig.live.current.universe
    assert (universe.include_symbols, universe.size) == (("ETHUSDT", "BTCUSDT", "SOLUSDT"), 3)


@pytest.mark.parametrize("typed", ["NOPEUSDT", "BTC/USDT"])
def test_what_cannot_be_watched_is_told_and_chosen_anew(welcome: Welcome, qtbot: Any, typed: str) -> None:
    def refuse(change: SettingsChange) -> None:
        if "NOPEUSDT" in change.after.universe.include_symbols:
            raise ChangeRefused("Bybit does not list NOPEUSDT.")

    welcome.rig.live.subscribe("the market", refuse)
    welcome.settings_come()
    page = welcome.page
    click(qtbot, page.sets[OWN])
    qtbot.keyClicks(page.own, typed)
    click(qtbot, page.live)
    welcome.rig.run()
    assert page.is_open
    assert "does not list" in page.problem.text() or "letters, figures" in page.problem.text()
    page.own.setText("BTCUSDT")
    click(qtbot, page.live)
    welcome.rig.run()
    assert welcome.rig.live.current.universe.include_symbols == ("BTCUSDT",)


def test_escape_takes_the_defaults_but_keeps_the_theme_that_is_shown(welcome: Welcome, qtbot: Any) -> None:
    welcome.settings_come()
    click(qtbot, welcome.page.themes[ThemeChoice.LIGHT])
    click(qtbot, welcome.page.sets[LARGE])
    qtbot.keyClick(welcome.page, Qt.Key.Key_Escape)
    welcome.rig.run()
    assert welcome.rig.live.current.universe.size == 35
    assert welcome.rig.live.current.ui.theme == "light"


def test_the_window_behind_is_neither_typed_into_nor_clicked(welcome: Welcome, qtbot: Any) -> None:
    page = welcome.page
    qtbot.keyClicks(page.live, "btc5")
    assert not [field for field in welcome.window.findChildren(QLineEdit) if field.text() in ("btc5", "b", "btc")]
    assert welcome.window.childAt(QPoint(40, 200)) is page
    seen = set()
    for _ in range(20):
        qtbot.keyClick(welcome.window.focusWidget(), Qt.Key.Key_Tab)
        focused = welcome.window.focusWidget()
        assert page.isAncestorOf(focused)
        seen.add(focused)
    assert {page.live, page.demo, page.skip, *page.sets.values(), *page.themes.values()} <= seen


def test_the_card_says_whether_the_exchange_is_reached(welcome: Welcome) -> None:
    page = welcome.page
    assert "being reached" in page.live.accessibleDescription()
    market = FakeMarket(())
    page.attach(market)
    for phase, words in ((LinkPhase.LIVE, "reachable, 12 ms"), (LinkPhase.BACKOFF, "cannot be reached")):
        market.link_views = (LinkView("bybit", phase, 12.0, NOW_MS),)
        page._tell_link()
        assert words in page.live.accessibleDescription()


def test_it_fills_the_window_whatever_its_size(welcome: Welcome, qtbot: Any) -> None:
    for size in ((960, 600), (1600, 1000)):
        welcome.window.resize(*size)
        qtbot.waitUntil(lambda: welcome.page.size() == welcome.window.size())
        assert welcome.page.rect().contains(welcome.page.card.geometry())
