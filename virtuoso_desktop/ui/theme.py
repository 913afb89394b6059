"""The palette in force, and the switch between palettes at run time.

Painters ask `Theme.color` for a token of `tokens.Palette` and get a cached ``QColor``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.ui.tokens import DARK, DARK_COLOUR_BLIND, LIGHT, LIGHT_COLOUR_BLIND, Palette, ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Callable


class Theme:
    """The palette in force. ``changed`` is emitted after a choice; Qt repaints every widget by itself.

    Parameters
    ----------
    choice : ThemeChoice
        Dark, light, or what the desktop says.
    colour_blind : bool
        Blue and orange instead of green and red.
    reduced_motion : bool or None
        None follows the desktop where it can be asked.
    asks_dark : callable
        Whether the desktop is dark.
    """

    def __init__(
        self,
        choice: ThemeChoice = ThemeChoice.DARK,
        *,
        colour_blind: bool = False,
        reduced_motion: bool | None = None,
        asks_dark: Callable[[], bool] | None = None,
    ) -> None:
        self.changed: Signal[Theme] = Signal("theme changed")
        self.choice = choice
        self.colour_blind = colour_blind
        self.reduced_motion_choice = reduced_motion
        self.system_reduces_motion = False
        """Set by the window once the desktop has been asked, after the first paint."""
        self.version = 0
        """Counts palettes: a key for anything cached in this theme's colours."""
        self._asks_dark = asks_dark or system_is_dark
        self.palette = self._chosen_palette()
        self._colors: dict[tuple[str, float], QColor] = {}
        self._watches_system = False

    @property
    def is_dark(self) -> bool:
        return self.palette.background == DARK.background

    @property
    def reduced_motion(self) -> bool:
        if self.reduced_motion_choice is None:
            return self.system_reduces_motion
        return self.reduced_motion_choice

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """The token's colour with opacity ``alpha`` in [0, 1]. Shared: do not modify."""
        key = (token, alpha)
        color = self._colors.get(key)
        if color is None:
            color = QColor(getattr(self.palette, token))
            color.setAlphaF(alpha)
            self._colors[key] = color
        return color

    def choose(self, choice: ThemeChoice) -> None:
        """Switch at run time; applies to the running application."""
        self.choice = choice
        self._tell_desktop()
        self._replace_palette()

    def set_colour_blind(self, colour_blind: bool) -> None:
        """Blue and orange instead of green and red."""
        self.colour_blind = colour_blind
        self._replace_palette()

    def set_reduced_motion(self, reduced: bool | None) -> None:
        """None follows the desktop."""
        if reduced is not self.reduced_motion_choice:
            self.reduced_motion_choice = reduced
            self.changed.emit(self)

    def cycle(self) -> ThemeChoice:
        """Dark, light, system, and again."""
        order = tuple(ThemeChoice)
        self.choose(order[(order.index(self.choice) + 1) % len(order)])
        return self.choice

    def apply(self) -> None:
        """Give palette and style sheet to the running application, and follow the desktop from now on."""
        from virtuoso_desktop.ui.style import apply_style

        apply_style(self)
        if not self._watches_system:
            self._watches_system = True
            self._tell_desktop()
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_scheme)

    def _tell_desktop(self) -> None:
        """Let the desktop draw the window's own frame in the chosen scheme, where it can."""
        hints = QGuiApplication.styleHints()
        if self.choice is ThemeChoice.SYSTEM:
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(Qt.ColorScheme.Dark if self.choice is ThemeChoice.DARK else Qt.ColorScheme.Light)

    def _on_system_scheme(self, _scheme: Qt.ColorScheme) -> None:
        if self.choice is ThemeChoice.SYSTEM:
            self._replace_palette()

    def _chosen_palette(self) -> Palette:
        dark = self.choice is ThemeChoice.DARK or (self.choice is ThemeChoice.SYSTEM and self._asks_dark())
        if self.colour_blind:
            return DARK_COLOUR_BLIND if dark else LIGHT_COLOUR_BLIND
        return DARK if dark else LIGHT

    def _replace_palette(self) -> None:
        palette = self._chosen_palette()
        if palette != self.palette:
            self.palette = palette
            self.version += 1
            self._colors.clear()
            self.apply()
        self.changed.emit(self)


def system_is_dark() -> bool:
    """The desktop's own scheme; dark where it says nothing."""
    return QGuiApplication.styleHints().colorScheme() is not Qt.ColorScheme.Light


def qt_palette(palette: Palette) -> QPalette:
    """The tokens as Qt's roles, for everything that Qt paints itself."""
    result = QPalette()
    role = QPalette.ColorRole
    for name, token in (
        (role.Window, palette.gutter),
        (role.WindowText, palette.text),
        (role.Base, palette.background),
        (role.AlternateBase, palette.surface),
        (role.Text, palette.text),
        (role.PlaceholderText, palette.muted),
        (role.Button, palette.raised),
        (role.ButtonText, palette.text),
        (role.BrightText, palette.text),
        (role.Light, palette.raised2),
        (role.Midlight, palette.raised),
        (role.Mid, palette.line),
        (role.Dark, palette.hair),
        (role.Shadow, palette.gutter),
        (role.Highlight, palette.accent),
        (role.HighlightedText, palette.on_accent),
        (role.Accent, palette.accent),
        (role.Link, palette.accent_text),
        (role.LinkVisited, palette.accent_text),
        (role.ToolTipBase, palette.raised2),
        (role.ToolTipText, palette.text),
    ):
        result.setColor(name, QColor(token))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(palette.disabled))
    return result
