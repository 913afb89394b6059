"""The command `settings` as a person gives it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from virtuoso_desktop.app.settings_command import run_settings
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.settings.credentials import SecretStore


class MemoryKeyring:
    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[username]


class NoKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise StorageError("There is no keyring here.")


class Person:
    def __init__(self, profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = profile / "settings.yaml"
        self.keyring = MemoryKeyring()
        self._profile = profile
        self._capsys = capsys

    def gives(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        place = [] if arguments[0] == "secret" else ["--profile", str(self._profile)]
        code = run_settings([*arguments, *place], SecretStore(self.keyring))
        out, err = self._capsys.readouterr()
        return code, out, err


@pytest.fixture
def person(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.delenv("BYBIT_API_KEY", raising=False)
    return Person(tmp_path, capsys)


def test_a_setting_goes_in_and_out(person: Person) -> None:
    code, out, _ = person.gives("set", "universe.size", "12")
    assert (code, out) == (
        0,
        f"universe.size is now 12 in {person.file}. A running Virtuoso takes it up within two seconds.\n",
    )
    assert "next start" in person.gives("set", "network.proxy", "http://127.0.0.1:9")[1]
    code, out, _ = person.gives("show", "universe.size")
    assert (code, out) == (0, f"universe.size  12    # {person.file}, line 4\n")
    assert "the default is 35" in person.gives("unset", "universe.size")[1]
    assert person.gives("unset", "universe.size")[:2] == (
        0,
        f"universe.size is not in {person.file}; the default is 35.\n",
    )
    assert person.gives("show", "universe.size")[1] == "universe.size  35\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "universe.sise", "1"), "did you mean universe.size?"),
        (("set", "universe.size", "0"), "line 4: universe.size should be greater than or equal to 1, not 0"),
        (("unset", "ui.them"), "did you mean ui.theme?"),
        (("show", "ui.them"), "did you mean ui.theme?"),
        (("secret", "set", "bybit.apikey"), "did you mean bybit.api_key?"),
        (("secret", "delete", "bybit.apikey"), "did you mean bybit.api_key?"),
    ],
)
def test_a_wrong_name_or_value_ends_with_2(person: Person, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = person.gives(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert not person.file.exists()


def test_a_wrong_file_is_shown_with_its_line_beside_what_is_in_use(person: Person) -> None:
    person.file.write_text("ui:\n  theme: dork\n")
    code, out, err = person.gives("show", "ui")
    assert code == 2
    assert "ui.theme              dark\n" in out
    assert "line 2" in err


def test_show_as_json_has_values_of_their_own_kind(person: Person) -> None:
    rows = {row["key"]: row for row in json.loads(person.gives("show", "--json")[1])}
    assert rows["universe.kinds"]["value"] == ["linear"]
    assert rows["universe.size"] == {"key": "universe.size", "value": 35, "origin": "default"}
    assert rows["network.proxy"]["value"] is None


def test_a_secret_is_stored_and_never_printed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cret\n"))
    code, out, err = person.gives("secret", "set", "bybit.api_key")
    assert (code, err) == (0, "")
    assert person.keyring.held == {"bybit.api_key": "s3cret"}
    shown = person.gives("show", "exchanges.bybit.api_credentials")[1]
    assert "exchanges.bybit.api_credentials.api_key     set    # keyring" in shown
    assert "s3cret" not in out + shown
    monkeypatch.setenv("BYBIT_API_KEY", "other-s3cret")
    shown = person.gives("show", "exchanges.bybit.api_credentials")[1]
    assert "api_key     set    # environment" in shown
    assert "s3cret" not in shown
    assert person.gives("secret", "delete", "bybit.api_key")[:2] == (0, "bybit.api_key is no longer in the keyring.\n")
    assert person.keyring.held == {}
    assert "was not in the keyring" in person.gives("secret", "delete", "bybit.api_key")[1]


def test_without_a_keyring_a_secret_is_refused_with_3(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.keyring = NoKeyring()
    assert person.gives("secret", "delete", "bybit.api_key")[0] == 3
    assert "no keyring here" in person.gives("show", "exchanges.bybit.api_credentials")[1]
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert person.gives("secret", "set", "bybit.api_key")[0] == 2
