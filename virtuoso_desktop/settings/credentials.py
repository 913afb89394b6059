"""Keys and secrets in the operating system's keyring. They are in no file, log or report.

Where there is no keyring, the environment can hold them: ``BYBIT_API_KEY`` and the like.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from virtuoso_desktop.model.errors import ConfigError, StorageError
from virtuoso_desktop.settings.document import KeyPath
from virtuoso_desktop.settings.variables import CREDENTIALS

SERVICE = "virtuoso-desktop"
SECRETS: dict[str, KeyPath] = {
    f"{venue}.{name}": ("exchanges", venue, CREDENTIALS, name)
    for venue in ("bybit", "binance")
    for name in ("api_key", "api_secret")
}
"""Name of each secret and the setting that it fills."""
T = TypeVar("T")
log = logging.getLogger(__name__)


class Keyring(Protocol):
    """What is used of a backend of the package keyring."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


def default_variable(name: str) -> str:
    """The environment variable that fills a secret where nothing else is said: ``BYBIT_API_KEY``."""
    return name.replace(".", "_").upper()


class SecretStore:
    """The secrets in the keyring; its calls may wait for the person to unlock it, so never on the loop.

    Parameters
    ----------
    backend : Keyring, optional
        Instead of the system's.
    """

    def __init__(self, backend: Keyring | None = None) -> None:
        self._backend = backend

    def read(self, name: str) -> str | None:
        """The secret; None when it is not stored. Raises ConfigError for an unknown name, StorageError."""
        _check(name)
        return self._use(name, lambda keyring: keyring.get_password(SERVICE, name))

    def write(self, name: str, secret: str) -> None:
        """Store a secret. Raises ConfigError for an unknown name or an empty secret, StorageError."""
        _check(name)
        if not secret.strip():
            raise ConfigError(f"An empty secret was given for {name}; nothing was stored.")
        self._use(name, lambda keyring: keyring.set_password(SERVICE, name, secret.strip()))

    def delete(self, name: str) -> bool:
        """Forget a secret; False when there was none. Raises ConfigError for an unknown name, StorageError."""
        if self.read(name) is None:
            return False
        self._use(name, lambda keyring: keyring.delete_password(SERVICE, name))
        return True

    def _use(self, name: str, work: Callable[[Keyring], T]) -> T:
        from keyring.errors import KeyringError

        try:
            return work(self._open(name))
        except KeyringError as error:
            log.info("the keyring refused: %s", type(error).__name__)
            raise StorageError(
                f"The keyring of this computer refused ({type(error).__name__}). Unlock it and try again, or set the "
                "environment variable instead; nothing was changed."
            ) from None

    def _open(self, name: str) -> Keyring:
        if self._backend is None:
            self._backend = _system_keyring(default_variable(name))
        return self._backend


def _system_keyring(variable: str) -> Keyring:
    import keyring

    found: Any = keyring.get_keyring()
    module = type(found).__module__
    if getattr(found, "priority", 0) <= 0 or module.startswith(("keyring.backends.fail", "keyring.backends.null")):
        raise StorageError(
            "This computer has no keyring that Virtuoso can use (on Linux: GNOME Keyring or KWallet in a desktop "
            f"session). Set the environment variable {variable} instead."
        )
    if module.startswith("keyrings.alt"):
        raise StorageError(
            "The only keyring here keeps secrets in a plain file, which Virtuoso does not use. Set the environment "
            f"variable {variable} instead."
        )
    return found


def _check(name: str) -> None:
    if name not in SECRETS:
        nearest = difflib.get_close_matches(name, SECRETS, 1)
        meant = f"; did you mean {nearest[0]}?" if nearest else f". There are {', '.join(SECRETS)}."
        raise ConfigError(f"{name} is no secret{meant}")
