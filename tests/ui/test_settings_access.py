"""The window's way to the settings: key, menu and dialog, and looks that are the same in menu and file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt

from tests.market_rows import NOW_MS
from tests.settings_rig import SettingsRig
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.dialogs.settings import SettingsDialog
from virtuoso_desktop.ui.menu import main_menu
from virtuoso_desktop.ui.settings_access import NOT_READ, Restart
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def window(qtbot: Any) -> Iterator[MainWindow]:
    made = MainWindow(Theme(), Source.LIVE, now_ms=lambda: NOW_MS)
    made.resize(1280, 720)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    yield made
    made.interior.detach()
    made.theme.choose(ThemeChoice.DARK)
    made.theme.set_colour_blind(False)


@pytest.fixture
def attach(window: MainWindow, tmp_path: Path) -> Callable[..., SettingsRig]:
    def build(*overrides: str, why_not_other: str | None = None) -> SettingsRig:
        rig = SettingsRig(tmp_path, *overrides)
        access = window.interior.settings
        window.interior.on_detach(
            access.attach(rig.desk, Restart(calls.append_same, calls.append_other, why_not_other))
        )
        rig.live.subscribe("the window", access.take)
        rig.run()
        return rig

    return build


class _Calls(list[str]):
    def append_same(self) -> None:
        self.append("same")

    def append_other(self) -> None:
        self.append("other")


calls = _Calls()


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


def dialogs(window: MainWindow) -> list[SettingsDialog]:
    return [each for each in window.findChildren(SettingsDialog) if each.isVisible()]


def is_listed(window: MainWindow, words: str) -> bool:
    menu = main_menu(window.interior)
    found = any(action.text().startswith(words) for action in menu.actions())
    menu.deleteLater()
    return found


def test_until_the_settings_are_read_there_is_a_reason(window: MainWindow, attach: Any) -> None:
    access = window.interior.settings
    assert access.why_not() == access.why_not_other() == NOT_READ
    access.open()
    assert dialogs(window) == []
    assert not is_listed(window, "Settings")
    attach()
    assert access.why_not() is None
    assert is_listed(window, "Settings")


def test_the_key_opens_one_dialog(window: MainWindow, attach: Any, qtbot: Any) -> None:
    attach()
    window.setFocus()
    for _ in range(2):
        qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert len(dialogs(window)) == 1
    dialogs(window)[0].restart_asked.emit()
    assert calls == ["same"]
    window.interior.settings.open(("universe", "size"))
    assert len(dialogs(window)) == 1
    assert dialogs(window)[0].search.text() == "universe.size"
    dialogs(window)[0].close()


def test_the_other_market_is_started_unless_the_run_names_its_own(window: MainWindow, attach: Any) -> None:
    rig = attach()
    window.interior.commands.run("other_market")
    assert calls == ["other"]
    rig.desk.close()
    attach(why_not_other="This run names its own exchange.")
    window.interior.commands.run("other_market")
    assert calls == ["other"]
    assert not is_listed(window, "Start again with the demo")


def test_a_theme_of_the_menu_stands_in_the_file_and_one_of_the_file_is_shown(window: MainWindow, attach: Any) -> None:
    rig = attach()
    theme = window.theme
    theme.choose(ThemeChoice.LIGHT)
    theme.set_colour_blind(True)
    theme.set_reduced_motion(True)
    rig.run()
    ui = rig.live.current.ui
    assert (ui.theme, ui.colour_blind_safe, ui.motion) == ("light", True, "reduced")
    told: list[str | None] = []
    rig.desk.change(
        {("ui", "theme"): "dark", ("ui", "colour_blind_safe"): False, ("ui", "motion"): "full"}, told.append
    )
    rig.run()
    assert told == [None]
    assert (theme.choice, theme.colour_blind, theme.reduced_motion_choice) == (ThemeChoice.DARK, False, False)
    assert rig._waiting == [], "what the settings asked for is not written down again"


def test_a_locked_theme_can_be_looked_at_but_is_not_written(window: MainWindow, attach: Any) -> None:
    rig = attach("ui.theme=dark")
    window.theme.choose(ThemeChoice.LIGHT)
    rig.run()
    assert window.theme.choice is ThemeChoice.LIGHT
    assert not rig.file.exists()
