"""The window's actions: what each listed name does, the keys that start it, and why it cannot be started now.

`shortcuts.SHORTCUTS` names them. Whoever can do one adds it; keys, menus and the command palette start it by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut

from virtuoso_desktop.ui.shortcuts import SHORTCUTS, Shortcut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QWidget

TYPED = frozenset({"/", "?"})
"""Keys that are letters in a text field: looked up by the window's key handler, not bound as shortcuts."""
_LISTED = {shortcut.action: shortcut for shortcut in SHORTCUTS if shortcut.action}


class Action(NamedTuple):
    """One of them, as a list shows it."""

    listed: Shortcut
    do: Callable[[], object]
    why_not: Callable[[], str | None]
    """Why it cannot be started now, in words; None when it can."""


class Actions:
    """All actions of one window.

    Parameters
    ----------
    window : QWidget
        Keys count anywhere in its window.
    """

    def __init__(self, window: QWidget) -> None:
        self._windows = [window]
        self._known: dict[str, Action] = {}
        self.typed: dict[str, str] = {}
        """Action by key, for the keys of `TYPED`."""

    def add(self, name: str, do: Callable[[], object], why_not: Callable[[], str | None] | None = None) -> None:
        """Say what a listed action does; a second time replaces the first.

        Raises
        ------
        KeyError
            The name is not in `shortcuts.SHORTCUTS`.
        """
        listed = _LISTED[name]
        is_new = name not in self._known
        self._known[name] = Action(listed, do, why_not or _always)
        if not is_new:
            return
        for key in listed.keys:
            if key in TYPED:
                self.typed[key] = name
                continue
            for window in self._windows:
                self._bind(name, key, window)

    def bind_in(self, window: QWidget) -> None:
        """The keys count in this window too."""
        self._windows.append(window)
        window.destroyed.connect(lambda: self._windows.remove(window))
        for name, action in self._known.items():
            for key in action.listed.keys:
                if key not in TYPED:
                    self._bind(name, key, window)

    def _bind(self, name: str, key: str, window: QWidget) -> None:
        bound = QShortcut(QKeySequence(key), window)
        bound.setContext(Qt.ShortcutContext.WindowShortcut)
        bound.activated.connect(lambda: self.run(name))

    def add_all(self, actions: Mapping[str, Callable[[], object]]) -> None:
        """Several at once, by name."""
        for name, do in actions.items():
            self.add(name, do)

    def run(self, name: str) -> None:
        """Start it, unless there is a reason why not."""
        action = self._known[name]
        if action.why_not() is None:
            action.do()

    def why_not(self, name: str) -> str | None:
        """Why it cannot be started now, in words; None when it can."""
        return self._known[name].why_not()

    def all(self) -> list[Action]:
        """In the order of the list."""
        return [self._known[name] for name in _LISTED if name in self._known]


def _always() -> None:
    """No reason against it."""
