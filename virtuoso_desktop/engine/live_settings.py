"""Settings that change while the program runs: by a command of its own, or because the file changed.

A change is checked, then offered to those who use the setting. Only when all of them take it does it hold;
when one refuses, those that had taken it take the old one back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.errors import ConfigError, VirtuosoError
from virtuoso_desktop.settings.change import (
    Edit,
    SettingsSource,
    changed_names,
    counts_at_once,
    prepare_edits,
    set_aside,
    taken_at_once,
    write_edit,
)
from virtuoso_desktop.settings.explain import dotted
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
    renewed : Signal of LiveSettings
        After anything changed: values in use, the file, or what is wrong with it.
    problem : ConfigError or None
        What is wrong with the user's own file.
    """

    def __init__(self, loaded: LoadedSettings, source: SettingsSource) -> None:
        self.current = loaded.settings
        self.changed: Signal[SettingsChange] = Signal("settings changed")
        self.renewed: Signal[LiveSettings] = Signal("settings renewed")
        self.problem: ConfigError | None = loaded.problem
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

    @property
    def waiting(self) -> frozenset[str]:
        """Settings that count from the next start."""
        return self._waiting

    async def change(self, key: str, value: str | None) -> None:
        """Change one setting now and in the user's file; see `change_many`."""
        await self.change_many({key: value})

    async def change_many(self, edits: Mapping[str, str | None], *, may_wait: bool = False) -> None:
        """Change settings now and in the user's file, all or none.

        Parameters
        ----------
        edits : mapping
            Value by name, as YAML; None means the default.
        may_wait : bool
            Those that need a restart are saved for the next start instead of being refused.

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
            edit = await asyncio.to_thread(prepare_edits, self._source, edits)
            if edit is None:
                return
            _refuse_what_cannot(edit, may_wait=may_wait)
            change = self._change_to(taken_at_once(self.current, edit.settings))
            self._offer(change)
            try:
                await asyncio.to_thread(write_edit, self._source, edit)
            except VirtuosoError:
                self._take_back(change, len(self._takers))
                raise
            self._stamp = await asyncio.to_thread(file_stamp, self._source.file)
            self.problem = None
            self._hold(change)
            self._waiting = frozenset(changed_names(self.current, edit.settings))
            self.renewed.emit(self)

    async def set_aside(self) -> Path:
        """Give the wrong file another name and go on from the last good one; returns where it is now.

        Raises StorageError with everything as it was.
        """
        async with self._changing:
            aside = await asyncio.to_thread(set_aside, self._source)
        await self.take_file()
        return aside

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
            try:
                wanted = await asyncio.to_thread(self._read_again)
            except ConfigError as error:
                self.problem = error
                self.renewed.emit(self)
                raise
            self.problem = None
            change = self._change_to(taken_at_once(self.current, wanted))
            self._offer(change)
            self._hold(change)
            later = frozenset(changed_names(self.current, wanted))
            new, self._waiting = sorted(later - self._waiting), later
            self.renewed.emit(self)
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


def _refuse_what_cannot(edit: Edit, *, may_wait: bool) -> None:
    """Raises ChangeRefused for a change that would have no effect in this run."""
    for path, where in edit.decided.items():
        raise ChangeRefused(f"{dotted(path)} is decided by {where} in this run. Nothing was changed.")
    key = next((dotted(path) for path in edit.paths if not counts_at_once(path)), None)
    if key is not None and not may_wait:
        raise ChangeRefused(
            f"{key} needs a restart: it is used when the program starts. Nothing was changed; "
            f"`virtuoso-desktop settings set {key} VALUE` saves it for the next start."
        )
