"""Settings that change while the program runs: by a command of its own, or because the file changed.

A change is checked, then offered to those who use the setting. Only when all of them take it does it hold;
when one refuses, those that had taken it take the old one back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.errors import ConfigError, VirtuosoError
from virtuoso_desktop.settings.change import (
    SettingsSource,
    changed_names,
    counts_at_once,
    prepare_edit,
    taken_at_once,
    write_edit,
)
from virtuoso_desktop.settings.load import LoadedSettings, file_stamp, keep_last_good, read_user_file
from virtuoso_desktop.settings.schema import Settings

log = logging.getLogger(__name__)


class ChangeRefused(VirtuosoError):
    """A running program cannot take a change; everything is as it was."""


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """From one tree to another. ``names`` are the settings that differ, e.g. ``universe.size``."""

    before: Settings
    after: Settings
    names: tuple[str, ...]

    def touches(self, prefix: str) -> bool:
        """Whether a setting, or one of a section, differs."""
        return any(name == prefix or name.startswith(f"{prefix}.") for name in self.names)

    @property
    def reverse(self) -> SettingsChange:
        return SettingsChange(self.after, self.before, self.names)


Taker = Callable[[SettingsChange], None]
"""Takes a change up at once. Raises ChangeRefused, having changed nothing."""


class LiveSettings:
    """The settings of a running program.

    Parameters
    ----------
    loaded : LoadedSettings
        As loaded at the start.
    source : SettingsSource
        Where they came from, and where a change is saved.

    Attributes
    ----------
    current : Settings
        As in use now.
    changed : Signal of SettingsChange
        After a change holds.
    """

    def __init__(self, loaded: LoadedSettings, source: SettingsSource) -> None:
        self.current = loaded.settings
        self.changed: Signal[SettingsChange] = Signal("settings changed")
        self._source = source
        self._takers: list[tuple[str, Taker]] = []
        self._changing = asyncio.Lock()
        self._stamp = loaded.stamp
        self._waiting: frozenset[str] = frozenset()
        """Settings that were told to wait for the next start."""

    def subscribe(self, name: str, taker: Taker) -> Callable[[], None]:
        """Offer changes to ``taker``, called ``name`` to people; returns the function that ends it."""
        entry = (name, taker)
        self._takers.append(entry)

        def end() -> None:
            if entry in self._takers:
                self._takers.remove(entry)

        return end

    async def change(self, key: str, value: str | None) -> None:
        """Change one setting now and in the user's file; ``value`` is YAML, None means the default.

        Raises
        ------
        ConfigError
            Wrong name or value.
        ChangeRefused
            It needs a restart, something outside the file decides it, or a part of the program refuses it.
        StorageError
            It cannot be saved.
        In each case everything is as it was.
        """
        async with self._changing:
            edit = await asyncio.to_thread(prepare_edit, self._source, key, value)
            if edit is None:
                return
            if edit.overriding is not None:
                raise ChangeRefused(f"{key} is decided by {edit.overriding} in this run. Nothing was changed.")
            if not counts_at_once(edit.path):
                raise ChangeRefused(
                    f"{key} needs a restart: it is used when the program starts. Nothing was changed; "
                    f"`virtuoso-desktop settings set {key} VALUE` saves it for the next start."
                )
            change = self._change_to(taken_at_once(self.current, edit.settings))
            self._offer(change)
            try:
                await asyncio.to_thread(write_edit, self._source, edit)
            except VirtuosoError:
                self._take_back(change, len(self._takers))
                raise
            self._stamp = await asyncio.to_thread(file_stamp, self._source.file)
            self._hold(change)

    async def take_file(self) -> list[str]:
        """Take up what changed in the user's file since the last look; returns what to tell a person.

        Raises
        ------
        ConfigError
            The file is wrong now; the settings in use stay.
        ChangeRefused
            A part of the program refuses; everything is as it was, but for the file.
        """
        async with self._changing:
            stamp = await asyncio.to_thread(file_stamp, self._source.file)
            if stamp == self._stamp:
                return []
            self._stamp = stamp
            wanted = await asyncio.to_thread(self._read_again)
            change = self._change_to(taken_at_once(self.current, wanted))
            self._offer(change)
            self._hold(change)
            later = frozenset(changed_names(self.current, wanted))
            new, self._waiting = sorted(later - self._waiting), later
        told = [f"Changed by the settings file: {', '.join(change.names)}."] if change.names else []
        if new:
            told.append(f"{', '.join(new)} {'counts' if len(new) == 1 else 'count'} from the next start of Virtuoso.")
        return told

    def _read_again(self) -> Settings:
        layers = self._source.layers()
        try:
            settings = layers.build(read_user_file(self._source.file).document)
        except FileNotFoundError:
            return layers.build(None)
        except ConfigError as error:
            raise ConfigError(f"{error.user_text} The settings in use stay.", line=error.line) from None
        if self._source.config_file is None:
            keep_last_good(self._source.profile)
        return settings

    def _change_to(self, after: Settings) -> SettingsChange:
        return SettingsChange(self.current, after, changed_names(self.current, after))

    def _offer(self, change: SettingsChange) -> None:
        """Let every taker take it; raises ChangeRefused with everything as it was."""
        if not change.names:
            return
        for number, (name, taker) in enumerate(self._takers):
            try:
                taker(change)
            except ChangeRefused as refusal:
                self._take_back(change, number)
                raise ChangeRefused(
                    f"{', '.join(change.names)} was not changed: {name} refused. {refusal.user_text}"
                ) from None

    def _take_back(self, change: SettingsChange, count: int) -> None:
        """The first ``count`` takers take the old settings back, newest first."""
        for name, taker in reversed(self._takers[:count]):
            try:
                taker(change.reverse)
            except ChangeRefused as refusal:
                log.error("%s did not take its old settings back: %s", name, refusal.user_text)

    def _hold(self, change: SettingsChange) -> None:
        if change.names:
            self.current = change.after
            self.changed.emit(change)
