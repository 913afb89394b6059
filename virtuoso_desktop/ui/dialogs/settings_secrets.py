"""A key or secret in the settings: where it is, never what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget
from shiboken6 import isValid

from virtuoso_desktop.engine.settings_desk import SecretPlace
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.settings_editors import HEIGHT_PX
from virtuoso_desktop.ui.dialogs.settings_rows import WordsRow
from virtuoso_desktop.ui.dialogs.settings_words import secret_of, title_of

if TYPE_CHECKING:
    from virtuoso_desktop.engine.settings_desk import SecretState, SettingsDesk
    from virtuoso_desktop.settings.document import KeyPath
    from virtuoso_desktop.ui.theme import Theme

FIELD_PX = 150
HIDDEN = "\u2022" * 8


class SecretRow(WordsRow):
    """One secret; it is asked for when the row is first shown, since the keyring may want to be unlocked.

    Parameters
    ----------
    theme : Theme
        Colours.
    path : KeyPath
        The setting that it fills.
    desk : SettingsDesk
        Keeps it.
    """

    def __init__(self, theme: Theme, path: KeyPath, desk: SettingsDesk) -> None:
        super().__init__(theme, title_of(path), desk.explained(path).words)
        self.path = path
        self._desk = desk
        self._name = secret_of(path)
        self._variable = desk.variable_of_secret(self._name)
        self.line = QLineEdit()
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setFixedSize(FIELD_PX, HEIGHT_PX)
        self.line.setAccessibleName(self.title)
        self.line.setToolTip("What is typed here goes into the keyring of this computer and is never shown again")
        self.store = Button(theme, "Store", is_boxed=True)
        self.store.setToolTip("Put it into the keyring of this computer (Enter)")
        self.forget = Button(theme, icon_name="trash")
        self.forget.setAccessibleName(f"{self.title}: take it out of the keyring")
        self.forget.setToolTip("Take it out of the keyring")
        box = QWidget()
        layout = QHBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part in (self.line, self.store, self.forget):
            layout.addWidget(part)
        self.put(box, is_wide=False)
        self.line.returnPressed.connect(self._store)
        self.line.textEdited.connect(self._on_typed)
        self.store.clicked.connect(self._store)
        self.forget.clicked.connect(self._forget)
        self._on_typed("")
        self.forget.setVisible(False)
        self.say("The keyring is being asked\u2026")
        desk.ask_secret(self._name, self._show)

    def show_standing(self) -> None:
        """Nothing of a secret changes with the settings file."""

    def _on_typed(self, typed: str) -> None:
        self.store.setEnabled(bool(typed.strip()))

    def _show(self, state: SecretState) -> None:
        if not isValid(self):
            return
        is_outside = state.place is SecretPlace.ENVIRONMENT
        can_store = not is_outside and state.problem is None
        self.line.setEnabled(can_store)
        self.line.setPlaceholderText(HIDDEN if state.place is not SecretPlace.NOWHERE else "")
        self.forget.setVisible(state.place is SecretPlace.KEYRING)
        if is_outside:
            said = f"Set by the environment variable {self._variable}, which goes before the keyring."
            self.say(said, "muted", "lock")
        elif state.problem is not None:
            self.say(state.problem, "warning", "warning")
        elif state.place is SecretPlace.KEYRING:
            self.say("Stored in the keyring of this computer. Has no effect yet.", "up_text", "check")
        else:
            self.say("Not stored. Has no effect yet.")

    def _store(self) -> None:
        typed = self.line.text()
        if typed.strip():
            self.line.clear()
            self._on_typed("")
            self.say("Being stored\u2026")
            self._desk.store_secret(self._name, typed, self._done)

    def _forget(self) -> None:
        self._desk.forget_secret(self._name, self._done)

    def _done(self, refusal: str | None) -> None:
        if not isValid(self):
            return
        if refusal is not None:
            self.say(refusal, "down_text", "warning-circle")
        else:
            self._desk.ask_secret(self._name, self._show)
