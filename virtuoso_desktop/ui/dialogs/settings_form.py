"""What was typed into the settings and is not in force yet: judged at every letter, taken up when it is right.

Values that are right only together (weights, thresholds) wait for each other; the last ones that were right stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

if TYPE_CHECKING:
    from virtuoso_desktop.engine.settings_desk import SettingsDesk
    from virtuoso_desktop.settings.document import KeyPath

IDLE_MS = 900
"""After so long without a letter, what is right is taken up."""


class SettingsForm(QObject):
    """Typed values of one dialog.

    Parameters
    ----------
    desk : SettingsDesk
        Judges and takes them.
    parent : QObject
        The dialog.
    """

    judged = Signal()
    """What is wrong, or was refused, may have changed."""

    def __init__(self, desk: SettingsDesk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self.typed: dict[KeyPath, Any] = {}
        """Not in force yet."""
        self._faults: dict[KeyPath, str] = {}
        self._refused: dict[KeyPath, str] = {}
        self._given: dict[KeyPath, Any] = {}
        """On their way into the file."""
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_MS)
        self._idle.timeout.connect(self.take)

    def type(self, path: KeyPath, value: Any) -> None:
        """A person entered a value; nothing is changed yet."""
        self._refused.pop(path, None)
        if path not in self._given and value == self._desk.standing(path).value:
            self.typed.pop(path, None)
        else:
            self.typed[path] = value
        self._judge()
        self._idle.start()

    def value(self, path: KeyPath) -> Any:
        """As typed, or as it stands."""
        return self.typed[path] if path in self.typed else self._desk.standing(path).value

    def problem(self, path: KeyPath) -> str:
        """Why a typed value is not in force; empty when it is, or will be."""
        if path not in self.typed:
            return ""
        refusal = self._refused.get(path)
        if refusal is not None:
            return refusal
        found = next((words for place, words in self._faults.items() if path[: len(place)] == place), "")
        return f"{found[0].upper()}{found[1:]}. The last valid value stays in force." if found else ""

    def take(self) -> None:
        """Take up what is right."""
        self._idle.stop()
        ready = {
            path: value
            for path, value in self.typed.items()
            if not self.problem(path) and self._given.get(path, _NOTHING) != value
        }
        if not ready:
            return
        self._given.update(ready)
        self._desk.change(ready, lambda refusal: self._taken(ready, refusal))

    def put(self, path: KeyPath, value: Any) -> None:
        """Enter a whole value, and take it up."""
        self.type(path, value)
        self.take()

    def _taken(self, given: dict[KeyPath, Any], refusal: str | None) -> None:
        if not isValid(self):
            return  # the dialog was closed meanwhile
        for path, value in given.items():
            if self._given.get(path, _NOTHING) == value:
                del self._given[path]
            if self.typed.get(path, _NOTHING) != value:
                continue  # typed on meanwhile
            if refusal is None:
                del self.typed[path]
            else:
                self._refused[path] = refusal
        self._judge()

    def _judge(self) -> None:
        # What was refused would be wrong again: it does not hold up what is typed beside it.
        asked = {path: value for path, value in self.typed.items() if path not in self._refused}
        self._faults = self._desk.faults(asked)
        self.judged.emit()


_NOTHING = object()
