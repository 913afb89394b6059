"""The settings of a run over a real file, with a keyring in memory; tasks wait until they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from virtuoso_desktop.engine.live_settings import LiveSettings
from virtuoso_desktop.engine.settings_desk import SettingsDesk
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.settings.change import SettingsSource
from virtuoso_desktop.settings.credentials import Keyring, SecretStore
from virtuoso_desktop.settings.load import USER_FILE

DEFAULT = resource("config/default.yaml")


class Ring:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[username]


class SettingsRig:
    """A desk over a real file."""

    def __init__(self, profile: Path, *overrides: str, keyring: Keyring | None = None, **environ: str) -> None:
        self.file = profile / USER_FILE
        source = SettingsSource(DEFAULT, profile, overrides=overrides, environ=environ)
        self.live = LiveSettings(source.load(), source)
        self.ring = Ring()
        self._waiting: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.desk = SettingsDesk(self.live, source, self._spawn, SecretStore(keyring or self.ring))

    def _spawn(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._waiting.append(run)

    async def settle(self) -> None:
        while self._waiting:
            await self._waiting.pop(0)()

    def run(self) -> None:
        """`settle` where no loop runs."""
        asyncio.run(self.settle())

    async def read(self) -> SettingsDesk:
        self.desk.refresh()
        await self.settle()
        return self.desk

    async def change(self, edits: dict[Any, Any]) -> str | None:
        told: list[str | None] = []
        self.desk.change(edits, told.append)
        await self.settle()
        return told[0]
