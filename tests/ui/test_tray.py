from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row
from tests.running import until
from virtuoso_desktop.app.closing import NO_TRAY, Closing
from virtuoso_desktop.app.stopping import StopRequest
from virtuoso_desktop.engine.live_settings import LiveSettings
from virtuoso_desktop.engine.views import LinkPhase, LinkView, StaleTopic
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.settings.change import SettingsSource
from virtuoso_desktop.ui.bring_up import bring_up
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.tray import Tray, TrayState, tray_icon, tray_state, tray_words
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.app.run import Run
    from virtuoso_desktop.engine.views import EngineView


DEFAULT = Path(__file__).parents[2] / "config" / "default.yaml"


SILENT = (StaleTopic("tickers", identity("BTC"), NOW_MS),)


def link(phase: LinkPhase, **more: Any) -> LinkView:
    return msgspec.structs.replace(LinkView("bybit", phase, 12.0, NOW_MS - 60_000), **more)


@pytest.mark.parametrize(
    ("source", "links", "state"),
    [
        (Source.LIVE, (), TrayState.STARTING),
        (Source.LIVE, (link(LinkPhase.CONNECTING),), TrayState.STARTING),
        (Source.LIVE, (link(LinkPhase.LIVE),), TrayState.LIVE),
        (Source.DEMO, (link(LinkPhase.LIVE),), TrayState.DEMO),
        (
            Source.LIVE,
            (link(LinkPhase.LIVE, stale_topics=(StaleTopic("tickers", identity("BTC"), NOW_MS),)),),
            TrayState.STALE,
        ),
        (Source.DEMO, (link(LinkPhase.STALE),), TrayState.STALE),
        (Source.DEMO, (link(LinkPhase.BACKOFF, reason="reset by peer"),), TrayState.LOST),
        (Source.LIVE, (link(LinkPhase.LIVE), link(LinkPhase.BANNED, next_retry_ms=NOW_MS)), TrayState.LOST),
    ],
)
def test_the_icon_tells_the_worst_of_all_links(source: Source, links: tuple[LinkView, ...], state: TrayState) -> None:
    assert tray_state(source, links, was_live=False) is state


def corner(state: TrayState, theme: Theme) -> set[tuple[int, int]]:
    """The pixels of the state's shape, whatever its colour."""
    image = tray_icon(theme, state).pixmap(64, 64).toImage().convertToFormat(QImage.Format.Format_ARGB32)
    blank = theme.color("surface").rgb()
    return {(x, y) for x in range(32, 64) for y in range(32, 64) if image.pixel(x, y) not in (blank, 0)}


@pytest.mark.parametrize("choice", [ThemeChoice.DARK, ThemeChoice.LIGHT])
def test_no_two_states_have_the_same_shape(qapp: QApplication, choice: ThemeChoice) -> None:
    theme = Theme(choice)
    for one, other in combinations(TrayState, 2):
        assert len(corner(one, theme) ^ corner(other, theme)) > 40, (one, other)


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(row(coin, 100.0) for coin in COINS)


def test_the_tooltip_names_source_live_count_and_signals(market: FakeMarket) -> None:
    assert tray_words(Source.DEMO, market, TrayState.DEMO) == "Virtuoso (demo): live\n12 of 12 live, no active signal"
    assert tray_words(Source.LIVE, market, TrayState.LOST).startswith("Virtuoso: feed lost\n")
    assert tray_words(Source.LIVE, None, TrayState.STARTING) == "Virtuoso: starting"


class Program(NamedTuple):
    """What `Closing` needs of a run, from the real parts."""

    stop: StopRequest
    notices: NoticeBoard
    tasks: Supervisor
    settings: LiveSettings


@pytest.fixture
def program(tmp_path: Path) -> Program:
    source = SettingsSource(DEFAULT, tmp_path)
    return Program(StopRequest(), NoticeBoard(ManualClock(NOW_MS)), Supervisor(), LiveSettings(source.load(), source))


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, program: Program) -> Iterator[MainWindow]:
    theme = Theme()
    theme.apply()
    made = MainWindow(theme, Source.DEMO, now_ms=lambda: NOW_MS)
    made.resize(1280, 720)
    qtbot.addWidget(made)
    made.closing.connect(program.stop.ask)
    made.quit_asked.connect(program.stop.ask)
    made.show()
    yield made
    made.detach()
    qapp.setStyleSheet("")


def begun(program: Program, window: MainWindow, market: FakeMarket, *, keeps: bool, has_place: bool = True) -> Closing:
    closing = Closing(cast("Run", program), window, was_told=False, has_place=lambda: has_place)
    closing.begin(cast("EngineView", market), keeps=keeps)
    return closing


def test_closing_quits_unless_the_person_chose_otherwise(
    program: Program, window: MainWindow, market: FakeMarket
) -> None:
    closing = begun(program, window, market, keeps=False)
    window.close()
    assert program.stop.is_asked
    assert not closing.was_told
    closing.end()


def test_closing_keeps_watching_says_so_once_and_the_icon_brings_the_window_back(
    program: Program, window: MainWindow, market: FakeMarket
) -> None:
    closing = begun(program, window, market, keeps=True)
    tray = window.findChild(Tray)
    assert tray is not None
    window.close()
    assert not program.stop.is_asked
    assert not window.isVisible()
    assert closing.was_told
    tray.open_asked.emit()
    assert window.isVisible()
    tray.quit_action.trigger()
    assert program.stop.is_asked
    closing.end()


def test_quit_is_no_closing(program: Program, window: MainWindow, market: FakeMarket) -> None:
    closing = begun(program, window, market, keeps=True)
    window.interior.commands.run("quit")
    assert program.stop.is_asked
    closing.end()


def test_without_a_system_tray_closing_quits_and_the_person_knows(
    program: Program, window: MainWindow, market: FakeMarket
) -> None:
    closing = begun(program, window, market, keeps=True, has_place=False)
    assert [notice.user_text for notice in program.notices.all] == [NO_TRAY]
    assert window.findChild(Tray) is None
    window.close()
    assert program.stop.is_asked
    closing.end()


def test_a_tray_that_went_away_lets_closing_quit(program: Program, window: MainWindow, market: FakeMarket) -> None:
    there = [True]
    closing = Closing(cast("Run", program), window, was_told=True, has_place=lambda: there[0])
    closing.begin(cast("EngineView", market), keeps=True)
    there[0] = False
    window.close()
    assert program.stop.is_asked
    closing.end()


async def test_the_choice_in_the_menu_is_the_setting_and_follows_it(
    program: Program, window: MainWindow, market: FakeMarket
) -> None:
    closing = begun(program, window, market, keeps=False)
    tray = window.findChild(Tray)
    assert tray is not None
    tray.keep_action.trigger()
    await until(lambda: program.settings.current.ui.close_to_tray, "the setting")
    await program.settings.change("ui.close_to_tray", "false")
    assert not tray.keep_action.isChecked()
    window.close()
    assert program.stop.is_asked
    closing.end()
    await program.tasks.stop(deadline_s=1)


def test_what_connects_again_was_lost(window: MainWindow, market: FakeMarket) -> None:
    tray = Tray(window.theme, Source.LIVE, window)
    market.link_views = (link(LinkPhase.CONNECTING),)
    tray.attach(cast("EngineView", market))
    assert tray.state is TrayState.STARTING
    for phase, state in (
        (LinkPhase.LIVE, TrayState.LIVE),
        (LinkPhase.BACKOFF, TrayState.LOST),
        (LinkPhase.SYNCING, TrayState.LOST),
        (LinkPhase.LIVE, TrayState.LIVE),
    ):
        market.link_views = (link(phase),)
        tray.refresh()
        assert tray.state is state
    tray.close()


def test_a_hidden_window_paints_nothing_and_comes_back_with_newer_prices(
    program: Program, window: MainWindow, market: FakeMarket, qtbot: QtBot
) -> None:
    window.attach(market)
    closing = begun(program, window, market, keeps=True)
    qtbot.waitUntil(lambda: window.interior.frame.is_running)
    window.close()
    qtbot.wait(100)
    window.interior.markets.view.take_painted_ns()
    market.change("BTC", last_price=123.0)
    qtbot.wait(300)
    assert window.interior.markets.view.take_painted_ns() == 0
    bring_up(window)
    qtbot.waitUntil(lambda: window.interior.markets.view.take_painted_ns() > 0)
    closing.end()


def test_floating_panels_go_and_come_with_the_window(
    program: Program, window: MainWindow, market: FakeMarket, qtbot: QtBot
) -> None:
    closing = begun(program, window, market, keeps=True)
    work = window.interior.workspace
    work.show_panel("trades")
    work.toggle_float("trades")
    (floating,) = work.windows.all
    qtbot.waitUntil(floating.isVisible)
    window.close()
    assert not floating.isVisible()
    bring_up(window)
    qtbot.waitUntil(floating.isVisible)
    assert work.floats("trades")
    closing.end()
    work.dock_panel("trades")
