"""The window's way to the settings: the dialog, and looks that are chosen elsewhere in the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.ui.tokens import MOTION_CHOICES, ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from virtuoso_desktop.engine.live_settings import SettingsChange
    from virtuoso_desktop.engine.settings_desk import SettingsDesk
    from virtuoso_desktop.settings.document import KeyPath
    from virtuoso_desktop.settings.schema import UiSettings
    from virtuoso_desktop.ui.dialogs.settings import SettingsDialog
    from virtuoso_desktop.ui.interior import Interior

LOOKS = ("theme", "colour_blind_safe", "motion")
NOT_READ = "The settings are still being read."


class Restart(NamedTuple):
    """How the program is started again."""

    same: Callable[[], None]
    other: Callable[[], None]
    """With the simulated market instead of the live one, or the other way round."""
    why_not_other: str | None = None


class SettingsAccess:
    """Opens the dialog, and keeps theme and settings the same.

    Parameters
    ----------
    interior : Interior
        The window's widgets.
    """

    def __init__(self, interior: Interior) -> None:
        self._interior = interior
        self._desk: SettingsDesk | None = None
        self._restart: Restart | None = None
        self._is_taking = False
        interior.commands.add("settings", self.open, self.why_not)
        interior.commands.add("other_market", self.start_other, self.why_not_other)

    def why_not(self) -> str | None:
        """Why the dialog cannot be opened now."""
        return None if self._desk is not None and self._desk.is_read else NOT_READ

    def why_not_other(self) -> str | None:
        """Why the other market cannot be started."""
        return NOT_READ if self._restart is None else self._restart.why_not_other

    def start_other(self) -> None:
        """Start again with the other market, live or simulated."""
        if self._restart is not None:
            self._restart.other()

    def attach(self, desk: SettingsDesk, restart: Restart) -> Callable[[], None]:
        """The settings of the run, and how to start it again; returns what ends that."""
        self._desk, self._restart = desk, restart
        ends = self._interior.theme.changed.connect(lambda _: self._keep_looks())
        desk.refresh()

        def end() -> None:
            ends()
            desk.close()
            self._desk = None

        return end

    def open(self, path: KeyPath | None = None) -> None:
        """Show the dialog, at one setting if it is named."""
        from virtuoso_desktop.ui.dialogs.settings import SettingsDialog

        if self._desk is None:
            return
        window = self._interior.window()
        page: SettingsDialog | None = next(
            (each for each in window.findChildren(SettingsDialog) if each.isVisible()), None
        )
        if page is None:
            page = SettingsDialog(self._interior.theme, self._desk, window)
            if self._restart is not None:
                page.restart_asked.connect(self._restart.same)
        page.show()
        page.activateWindow()
        if path is not None:
            page.point_at(path)

    def take(self, change: SettingsChange) -> None:
        """Looks of a change at run time."""
        self.show_looks(change.after.ui, {name for name in LOOKS if change.touches(f"ui.{name}")})

    def show_looks(self, ui: UiSettings, names: AbstractSet[str]) -> None:
        """Show those of the looks that are named as the settings ask for them."""
        theme = self._interior.theme
        self._is_taking = True
        if "theme" in names:
            theme.choose(ThemeChoice(ui.theme))
        if "colour_blind_safe" in names:
            theme.set_colour_blind(ui.colour_blind_safe)
        if "motion" in names:
            theme.set_reduced_motion(MOTION_CHOICES[ui.motion])
        self._is_taking = False

    def _keep_looks(self) -> None:
        """What was chosen in the menu stands in the settings too, unless something else decides it."""
        desk, theme = self._desk, self._interior.theme
        if desk is None or self._is_taking or not desk.is_read or not desk.is_own_file:
            return
        motion = next(name for name, reduced in MOTION_CHOICES.items() if reduced is theme.reduced_motion_choice)
        chosen: dict[KeyPath, str | bool] = {
            ("ui", "theme"): theme.choice.value,
            ("ui", "colour_blind_safe"): theme.colour_blind,
            ("ui", "motion"): motion,
        }
        wanted = {
            path: value
            for path, value in chosen.items()
            if desk.standing(path).locked_by is None and desk.standing(path).value != value
        }
        if wanted:
            desk.change(wanted, lambda _refusal: None)
