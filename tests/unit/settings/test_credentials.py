"""Secrets go to the keyring and come from it; where there is none, a person is told what to do."""

from __future__ import annotations

import keyring
import pytest
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from virtuoso_desktop.model.errors import ConfigError, StorageError
from virtuoso_desktop.settings.credentials import SERVICE, SecretStore


class MemoryKeyring:
    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


class LockedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("s3cret details")


def test_a_secret_goes_there_and_back() -> None:
    backend = MemoryKeyring()
    store = SecretStore(backend)
    store.write("bybit.api_key", "s3cret\n")
    assert backend.held == {(SERVICE, "bybit.api_key"): "s3cret"}
    assert store.read("bybit.api_key") == "s3cret"
    assert store.delete("bybit.api_key")
    assert store.read("bybit.api_key") is None
    assert not store.delete("bybit.api_key")


@pytest.mark.parametrize(
    ("name", "words"), [("bybit.apikey", "mean bybit.api_key?"), ("x", "There are bybit.api_key,")]
)
def test_an_unknown_name_is_told(name: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SecretStore(MemoryKeyring()).write(name, "s3cret")
    assert words in caught.value.user_text
    assert "s3cret" not in caught.value.user_text


def test_a_locked_keyring_says_what_to_do_and_nothing_of_its_own() -> None:
    with pytest.raises(StorageError, match="Unlock it and try again") as caught:
        SecretStore(LockedKeyring()).read("bybit.api_key")
    assert "s3cret" not in caught.value.user_text


@pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring()])
def test_no_keyring_is_told_with_the_way_around(backend: keyring.backend.KeyringBackend) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        with pytest.raises(StorageError, match=r"no keyring that Virtuoso can use.*BYBIT_API_KEY"):
            SecretStore().write("bybit.api_key", "s3cret")
    finally:
        keyring.set_keyring(before)
