"""The page behind the banner: results as they come, the first cause on top, again and closed in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from tests.market_rows import NOW_MS, FakeMarket, row
from virtuoso_desktop.engine.views import LinkPhase, LinkView
from virtuoso_desktop.exchanges.diagnosis import Check, Finding, Verdict
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.doctor_page import ALL_WELL, LOOKING, DoctorPage
from virtuoso_desktop.ui.menu import main_menu
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

CHECKS = (Check.NAME, Check.REQUESTS, Check.STREAM)
NAME_OK = Finding(Check.NAME, Verdict.OK, "Found.")
BANNED = Finding(Check.REQUESTS, Verdict.FAULT, "You are banned.", "Wait ten minutes.")
FOLLOWS = Finding(Check.STREAM, Verdict.FOLLOWS, "Not tried.")


class FakeExamination:
    """Tells what a test makes it tell."""

    def __init__(self) -> None:
        self.is_cancelled = False

    @property
    def checks(self) -> Sequence[Check]:
        return CHECKS

    def begin(self, tell: Callable[[Finding], None], ended: Callable[[str | None], None]) -> None:
        self.tell, self.ended = tell, ended

    def cancel(self) -> None:
        self.is_cancelled = True


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme()
    made.apply()
    yield made
    qapp.setStyleSheet("")


class Opened:
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        self.parent = parent
        self.made: list[FakeExamination] = []
        self.connections_asked = 0
        self.page = DoctorPage(theme, self._make, self._ask, parent)
        self.page.show()

    def _make(self) -> FakeExamination:
        self.made.append(FakeExamination())
        return self.made[-1]

    def _ask(self) -> None:
        self.connections_asked += 1

    def button(self, words: str) -> Button:
        return next(each for each in self.page.findChildren(Button) if each.text() == words)


@pytest.fixture
def opened(theme: Theme, qtbot: QtBot) -> Opened:
    parent = QWidget()
    qtbot.addWidget(parent)
    return Opened(theme, parent)


def test_results_come_one_by_one_and_the_first_fault_stands_above(opened: Opened) -> None:
    page, first = opened.page, opened.made[0]
    assert page.headline.text() == LOOKING
    assert not page.again.isEnabled()
    first.tell(NAME_OK)
    assert page.headline.text() == LOOKING
    first.tell(BANNED)
    assert (page.headline.text(), page.advice.text()) == ("You are banned.", "Wait ten minutes.")
    first.tell(FOLLOWS)
    first.ended(None)
    assert page.headline.text() == "You are banned."
    assert page.again.isEnabled()
    assert {check: page.rows[check].finding for check in CHECKS} == dict(
        zip(CHECKS, (NAME_OK, BANNED, FOLLOWS), strict=True)
    )
    assert page.accessibleDescription() == "You are banned. Wait ten minutes."


def test_it_runs_again_and_forgets_the_old_results(opened: Opened, qtbot: QtBot) -> None:
    page, first = opened.page, opened.made[0]
    first.tell(BANNED)
    first.ended(None)
    qtbot.mouseClick(page.again, Qt.MouseButton.LeftButton)
    second = opened.made[1]
    assert first.is_cancelled
    assert page.headline.text() == LOOKING
    assert all(each.finding is None for each in page.rows.values())
    for check in CHECKS:
        second.tell(Finding(check, Verdict.OK, "Well."))
    second.ended(None)
    assert page.headline.text() == ALL_WELL


def test_two_faults_are_both_told(opened: Opened) -> None:
    first = opened.made[0]
    first.tell(Finding(Check.NAME, Verdict.FAULT, "One.", "Do one."))
    first.tell(BANNED)
    first.tell(FOLLOWS)
    first.ended(None)
    assert opened.page.headline.text() == "One."
    assert opened.page.advice.text() == "Do one. 1 more to mend below."


def test_what_could_not_be_finished_says_why(opened: Opened) -> None:
    opened.made[0].ended("No file descriptors. Run it again.")
    assert opened.page.headline.text() == "The examination was not finished."
    assert opened.page.again.isEnabled()


@pytest.mark.parametrize("way", ["close", "escape"])
def test_closing_ends_the_examination(opened: Opened, qtbot: QtBot, way: str) -> None:
    if way == "close":
        qtbot.mouseClick(opened.button("Close"), Qt.MouseButton.LeftButton)
    else:
        qtbot.keyClick(opened.page, Qt.Key.Key_Escape)
    assert opened.made[0].is_cancelled


def test_its_button_leads_to_the_connections(opened: Opened, qtbot: QtBot) -> None:
    qtbot.mouseClick(opened.button("Connections"), Qt.MouseButton.LeftButton)
    assert opened.connections_asked == 1


def test_the_rows_stand_on_the_dialogs_own_ground_in_both_themes(opened: Opened, theme: Theme) -> None:
    for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
        theme.choose(choice)
        picture = opened.page.grab().toImage()
        ground = picture.pixelColor(opened.page.width() // 2, opened.page.height() - 90)
        assert ground.name() == theme.color("surface").name()


def offers_it(window: MainWindow) -> bool:
    menu = main_menu(window.interior)
    words = [action.text() for action in menu.actions()]
    menu.deleteLater()
    return "Why is there no data?" in words


def test_details_of_the_banner_and_the_menu_open_one_page(theme: Theme, qtbot: QtBot) -> None:
    market = FakeMarket([row("BTC", 100.0)])
    window = MainWindow(theme, Source.LIVE, now_ms=lambda: NOW_MS)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.attach(market)
    assert not offers_it(window)
    made: list[FakeExamination] = []

    def make() -> FakeExamination:
        made.append(FakeExamination())
        return made[-1]

    window.set_doctor(make)
    assert offers_it(window)
    market.link_views = (LinkView("bybit", LinkPhase.BACKOFF, None, NOW_MS - 9_000, "refused", NOW_MS + 8_000),)
    window.interior.refresh_status()
    details = next(each for each in window.interior.banner.findChildren(Button) if each.text() == "Details")
    qtbot.mouseClick(details, Qt.MouseButton.LeftButton)
    window.interior.show_doctor()
    assert len(made) == 1
    page = window.findChild(DoctorPage)
    assert page is not None
    assert page.isVisible()
    page.close()
    assert made[0].is_cancelled
    window.detach()
    window.close()
