"""What closing the window does: quit, or go on watching from the system tray, as `ui.close_to_tray` says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.ui.bring_up import bring_up
from virtuoso_desktop.ui.tray import Tray

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.app.run import Run
    from virtuoso_desktop.engine.live_settings import SettingsChange
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.ui.window import MainWindow

SETTING = "ui.close_to_tray"
NO_TRAY = (
    f"{SETTING} is on, but this desktop has no system tray: closing the window quits Virtuoso. "
    "Where a tray is there, the setting counts."
)
STAYS_TITLE = "Virtuoso goes on watching"
STAYS_WORDS = (
    "The window is closed, the market is not. Click the icon in the tray to open it again. "
    "Quit in its menu, or Ctrl+Q in the window, ends the program."
)
log = logging.getLogger(__name__)


class Closing:
    """Decides it for one run.

    Parameters
    ----------
    run : Run
        Ended by Quit.
    window : MainWindow
        Closed and opened.
    was_told : bool
        The person was told before that closing does not quit.
    has_place : callable
        Whether this desktop has a system tray now.
    """

    def __init__(
        self, run: Run, window: MainWindow, *, was_told: bool, has_place: Callable[[], bool] = Tray.is_possible
    ) -> None:
        self._run = run
        self._window = window
        self._has_place = has_place
        self._tray: Tray | None = None
        self._keeps = False
        self.was_told = was_told
        """The person knows that closing does not quit."""
        window.closing.disconnect(run.stop.ask)
        window.closing.connect(self._on_closing)

    def begin(self, engine: EngineView, *, keeps: bool) -> None:
        """The engine is there: show the icon where this desktop has a place for one; ``keeps`` is the setting."""
        if self._has_place():
            tray = self._tray = Tray(self._window.theme, self._window.source, self._window)
            tray.open_asked.connect(lambda: bring_up(self._window))
            tray.quit_asked.connect(self._window.quit_asked)
            tray.keeps_changed.connect(self._choose)
            tray.attach(engine)
        self._take(keeps)
        if self._run.settings is not None:
            self._run.settings.subscribe("the system tray", self._take_settings)

    def end(self) -> None:
        """Take the icon away."""
        if self._tray is not None:
            self._tray.close()
            self._tray = None

    def _take_settings(self, change: SettingsChange) -> None:
        if change.touches(SETTING):
            self._take(change.after.ui.close_to_tray)

    def _take(self, keeps: bool) -> None:
        self._keeps = keeps
        if self._tray is not None:
            self._tray.show_keeps(keeps)
        elif keeps:
            self._run.notices.post(Severity.WARNING, "settings", NO_TRAY)

    def _choose(self, keeps: bool) -> None:
        self._run.tasks.spawn("app.close_to_tray", lambda: self._save(keeps))

    async def _save(self, keeps: bool) -> None:
        settings = self._run.settings
        if settings is None:
            return
        try:
            await settings.change(SETTING, "true" if keeps else "false")
        except VirtuosoError as error:
            self._run.notices.post(Severity.WARNING, "settings", error.user_text)
            self._take(settings.current.ui.close_to_tray)

    def _on_closing(self) -> None:
        """The window hides by itself; without an icon nobody could bring it back."""
        if not self._keeps or self._tray is None or not self._has_place():
            self._run.stop.ask()
            return
        log.info("the window was closed; the program goes on in the system tray")
        if not self.was_told:
            self.was_told = True
            self._tray.tell(STAYS_TITLE, STAYS_WORDS)
