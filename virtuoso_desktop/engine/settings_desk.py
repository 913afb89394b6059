"""The settings as a face shows and changes them: values, where each comes from, what would be wrong, what must wait.

Files and keyring are read in workers; what a person types is judged here, without touching either.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from virtuoso_desktop.engine.live_settings import LiveSettings
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.errors import ConfigError, StorageError, VirtuosoError
from virtuoso_desktop.settings.change import URL_REFUSED, SettingsSource, counts_at_once
from virtuoso_desktop.settings.credentials import SECRETS, SecretStore, default_variable
from virtuoso_desktop.settings.document import Document, KeyPath, read_text
from virtuoso_desktop.settings.explain import dotted, value_paths
from virtuoso_desktop.settings.guide import Explained, read_guide
from virtuoso_desktop.settings.load import Layers, read_user_file
from virtuoso_desktop.settings.schema import Settings
from virtuoso_desktop.settings.value_text import moment_text, plain, value_at, yaml_text
from virtuoso_desktop.settings.variables import CREDENTIALS, holds_password

START = ("clock", "start")
Told = Callable[[str | None], None]
"""Gets why something was not done, in words; None when it was."""
Spawn = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], object]
"""`Supervisor.spawn`."""


class SecretPlace(Enum):
    """Where a secret is."""

    NOWHERE = "not stored"
    KEYRING = "stored in the keyring of this computer"
    ENVIRONMENT = "from the environment"


class SecretState(NamedTuple):
    """Whether a secret is there, never the secret. ``problem``: why it cannot be stored, in words."""

    place: SecretPlace
    problem: str | None = None


class Standing(NamedTuple):
    """One setting as it stands now, in plain values."""

    value: Any
    """As the file, the environment and the command line want it."""
    in_use: Any
    """Of this run: another one until the next start, where a restart is needed."""
    default: Any
    origin: str
    """``default``, or where else the value comes from, in words."""
    locked_by: str | None
    """What outside the file decides it in this run, so that it cannot be changed here."""

    @property
    def is_default(self) -> bool:
        return self.origin == "default"

    @property
    def waits(self) -> bool:
        """Whether it counts from the next start."""
        return self.value != self.in_use


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read from the disk last."""

    guide: Mapping[KeyPath, Explained]
    layers: Layers
    user: Document | None
    standing: Mapping[KeyPath, Standing] = field(default_factory=dict[KeyPath, Standing])


class SettingsDesk:
    """The settings of a running program, for a face.

    Parameters
    ----------
    live : LiveSettings
        Takes changes.
    source : SettingsSource
        Where the settings come from.
    spawn : callable
        Starts a named task.
    secrets : SecretStore
        The keyring.

    Attributes
    ----------
    renewed : Signal of SettingsDesk
        After `standing` or `problem` changed.
    """

    def __init__(self, live: LiveSettings, source: SettingsSource, spawn: Spawn, secrets: SecretStore) -> None:
        self._live = live
        self._source = source
        self._spawn = spawn
        self._secrets = secrets
        self._read: _Read | None = None
        self._number = itertools.count(1)
        self.renewed: Signal[SettingsDesk] = Signal("settings desk renewed")
        self._end = live.renewed.connect(lambda _: self.refresh())

    def close(self) -> None:
        """Follow the settings no more."""
        self._end()

    # --- what stands -----------------------------------------------------------------------------------------------

    @property
    def is_read(self) -> bool:
        """Whether there is anything to show: `refresh` has come back once."""
        return self._read is not None

    @property
    def current(self) -> Settings:
        """In use now."""
        return self._live.current

    @property
    def file(self) -> Path:
        """Where changes are saved."""
        return self._source.file

    @property
    def problem(self) -> str | None:
        """What is wrong with the user's file, with its line."""
        return None if self._live.problem is None else self._live.problem.user_text

    @property
    def is_own_file(self) -> bool:
        """Whether the file is the profile's own, and not one named on the command line."""
        return self._source.config_file is None

    @property
    def waiting(self) -> tuple[str, ...]:
        """Names of settings that count from the next start."""
        return tuple(sorted(self._live.waiting))

    def explained(self, path: KeyPath) -> Explained:
        """What the documentation says of a setting or section."""
        return self._need().guide.get(path, Explained("", is_later=False))

    def standing(self, path: KeyPath) -> Standing:
        """How a setting stands."""
        return self._need().standing[path]

    def _need(self) -> _Read:
        assert self._read is not None, "refresh has come back"
        return self._read

    def refresh(self) -> None:
        """Read again, in a worker; `renewed` tells when it is done."""
        self._start("refresh", self._refresh)

    async def _refresh(self) -> None:
        self._read = await asyncio.to_thread(self._read_all, self._read)
        self.renewed.emit(self)

    def _read_all(self, before: _Read | None) -> _Read:
        if before is None:
            file = self._source.default_file
            guide, layers = read_guide(read_text(file), str(file)), self._source.layers()
        else:
            guide, layers = before.guide, before.layers
        user: Document | None = None
        wanted = self._live.current
        try:
            user = read_user_file(self._source.file).document
            wanted = layers.build(user)
        except FileNotFoundError:
            wanted = layers.build(None)
        except ConfigError:
            user = None  # `problem` tells; what is in use is shown
        standing = {path: self._stand(path, layers, user, wanted) for path in value_paths() if CREDENTIALS not in path}
        return _Read(guide, layers, user, standing)

    def _stand(self, path: KeyPath, layers: Layers, user: Document | None, wanted: Settings) -> Standing:
        return Standing(
            _shown(path, value_at(wanted, path)),
            _shown(path, value_at(self._live.current, path)),
            layers.default_of(path),
            layers.origin_of(path, user),
            layers.overriding(path),
        )

    # --- changes ---------------------------------------------------------------------------------------------------

    def faults(self, edits: Mapping[KeyPath, Any]) -> dict[KeyPath, str]:
        """What would be wrong with these values, by setting or section, in words; quick enough for every letter."""
        read = self._need()
        found = read.layers.faults(read.user, edits)
        for path, value in edits.items():
            if isinstance(value, str) and holds_password(value):
                found.setdefault(path, URL_REFUSED)
        return found

    @staticmethod
    def counts_at_once(path: KeyPath) -> bool:
        """Whether a running program takes a change of the setting up."""
        return counts_at_once(path)

    def change(self, edits: Mapping[KeyPath, Any], told: Told) -> None:
        """Change settings, all or none; what needs a restart is saved for the next start.

        Parameters
        ----------
        edits : mapping
            Plain values by path; the default takes a setting out of the file.
        told : callable
            Gets why it was not done, None when it was.
        """
        standing = self._need().standing
        texts = {
            dotted(path): None if value == standing[path].default else yaml_text(value) for path, value in edits.items()
        }
        self._attempt("change", lambda: self._then_read(self._live.change_many(texts, may_wait=True)), told)

    def set_aside(self, told: Told) -> None:
        """Give a wrong file another name, so that settings can be changed here again."""
        self._attempt("set_aside", lambda: self._then_read(self._live.set_aside()), told)

    async def _then_read(self, change: Coroutine[Any, Any, object]) -> None:
        """Who is told of a change finds it in `standing`."""
        await change
        await self._refresh()

    # --- secrets ---------------------------------------------------------------------------------------------------

    def ask_secret(self, name: str, told: Callable[[SecretState], None]) -> None:
        """Look where a secret is; the keyring may ask the person to unlock it first."""

        async def ask() -> None:
            told(await asyncio.to_thread(self._secret_state, name))

        self._start("secret", ask)

    def _secret_state(self, name: str) -> SecretState:
        if value_at(self._live.current, SECRETS[name]) is not None:
            return SecretState(SecretPlace.ENVIRONMENT)
        try:
            stored = self._secrets.read(name) is not None
        except StorageError as error:
            return SecretState(SecretPlace.NOWHERE, error.user_text)
        return SecretState(SecretPlace.KEYRING if stored else SecretPlace.NOWHERE)

    @staticmethod
    def variable_of_secret(name: str) -> str:
        """The environment variable that can hold it instead."""
        return default_variable(name)

    def store_secret(self, name: str, secret: str, told: Told) -> None:
        """Put a secret into the keyring."""
        self._attempt("secret", lambda: asyncio.to_thread(self._secrets.write, name, secret), told)

    def forget_secret(self, name: str, told: Told) -> None:
        """Take a secret out of the keyring."""
        self._attempt("secret", lambda: asyncio.to_thread(self._secrets.delete, name), told)

    # --- tasks -----------------------------------------------------------------------------------------------------

    def _attempt(self, what: str, do: Callable[[], Coroutine[Any, Any, object]], told: Told) -> None:
        async def attempt() -> None:
            try:
                await do()
            except VirtuosoError as error:
                told(error.user_text)
            else:
                told(None)

        self._start(what, attempt)

    def _start(self, what: str, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._spawn(f"settings.{what}.{next(self._number)}", do)


def _shown(path: KeyPath, value: Any) -> Any:
    return moment_text(value) if path == START and value is not None else plain(value)
