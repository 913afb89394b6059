"""The first start of a person: who is asked, and what becomes of the answers (decision 015)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from virtuoso_desktop.app.last_start import FILE, USER_FILE
from virtuoso_desktop.app.stopping import Again
from virtuoso_desktop.settings.variables import setting_variables

if TYPE_CHECKING:
    from pathlib import Path

    from virtuoso_desktop.app.arguments import Options
    from virtuoso_desktop.app.stopping import StopRequest
    from virtuoso_desktop.engine.settings_desk import SettingsDesk
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.settings.document import KeyPath
    from virtuoso_desktop.ui.first_run import FirstChoice, FirstRunPage
    from virtuoso_desktop.ui.window import MainWindow

INCLUDED: KeyPath = ("universe", "include_symbols")
SIZE: KeyPath = ("universe", "size")
THEME: KeyPath = ("ui", "theme")


def welcomes(options: Options, root: Path) -> bool:
    """Whether a person starts the program for the first time, and said nothing of how.

    Whoever names a source, a setting, a file, a picture, a report or an end knows the program, or is a script.
    """
    said = options._replace(profile=None)
    is_plain = said == type(options)() and not setting_variables(os.environ)
    return is_plain and not (root / USER_FILE).exists() and not (root / FILE).exists()


class FirstRun:
    """Asks once, over the window, while the live market is already being loaded behind.

    Parameters
    ----------
    window : MainWindow
        Painted already.
    stop : StopRequest
        Starts again where the simulated market was chosen.
    """

    def __init__(self, window: MainWindow, stop: StopRequest) -> None:
        from virtuoso_desktop.ui.first_run import FirstRunPage

        self._stop = stop
        self._desk: SettingsDesk | None = None
        self._choice: FirstChoice | None = None
        self._is_taken = False
        self._theme = window.theme
        self.page: FirstRunPage = FirstRunPage(window.theme, window)
        self.page.chosen.connect(self._on_chosen)
        self.page.open()

    def attach(self, engine: EngineView, desk: SettingsDesk) -> None:
        """The market and the settings are there: what was answered before is taken up."""
        self._desk = desk
        self.page.attach(engine)
        if self.page.is_open:
            self._theme.choose(self.page.theme_choice)
        desk.renewed.connect(lambda _: self._take())
        self._take()

    def _on_chosen(self, choice: FirstChoice) -> None:
        self._choice, self._is_taken = choice, False
        self._take()

    def _take(self) -> None:
        desk, choice = self._desk, self._choice
        if desk is None or not desk.is_read or choice is None or self._is_taken:
            return
        self._is_taken = True
        desk.change(edits_of(choice), self._taken)

    def _taken(self, refusal: str | None) -> None:
        choice = self._choice
        if choice is None:
            return
        if refusal is not None:
            self._choice = None
            self.page.refuse(refusal)
            return
        self.page.finish()
        if choice.is_demo:
            self._stop.ask_again(Again.DEMO)


def edits_of(choice: FirstChoice) -> dict[KeyPath, Any]:
    """The settings that the answers stand for."""
    edits: dict[KeyPath, Any] = {THEME: choice.theme.value}
    if choice.symbols:
        edits[INCLUDED] = list(choice.symbols)
        edits[SIZE] = len(choice.symbols)
    return edits
