"""``settings show|set|unset|secret``: what is set, and changes of the user's file.

A running window or table sees the file change and takes up what can be taken up at once.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
from pydantic import SecretStr

from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.app.exit_codes import ExitCode, refusal
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.kernel.paths import default_profile, resource
from virtuoso_desktop.model.errors import ConfigError, StorageError, VirtuosoError
from virtuoso_desktop.settings.change import SettingsSource, counts_at_once, path_of, prepare_edit, write_edit
from virtuoso_desktop.settings.credentials import SECRETS, SecretStore
from virtuoso_desktop.settings.document import Document, KeyPath
from virtuoso_desktop.settings.explain import dotted, setting_paths, value_paths
from virtuoso_desktop.settings.load import read_user_file
from virtuoso_desktop.settings.schema import Settings
from virtuoso_desktop.settings.value_text import plain, value_at
from virtuoso_desktop.settings.variables import CREDENTIALS

DEFAULT_SETTINGS = "config/default.yaml"
NOT_SET = "not set"


class Shown(NamedTuple):
    """One setting as ``show`` tells it."""

    key: str
    value: Any
    origin: str


def run_settings(argv: Sequence[str], secrets: SecretStore | None = None) -> int:
    """Run one command on the settings; returns the exit code."""
    given = _parser().parse_args(argv)
    store = secrets or SecretStore()
    try:
        return given.run(given, store)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except VirtuosoError as error:
        return refusal(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} settings",
        description="What is set, where it comes from, and changes of it.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="show|set|unset|secret")
    show = commands.add_parser("show", help="every setting with its origin", allow_abbrev=False)
    show.add_argument("key", nargs="?", metavar="KEY", help="only this setting or section")
    show.add_argument("--json", action="store_true", help="the result as JSON")
    set_ = commands.add_parser("set", help="write a setting into the settings file", allow_abbrev=False)
    set_.add_argument("key", metavar="KEY", help="e.g. universe.size")
    set_.add_argument("value", metavar="VALUE", help="as YAML: 10, dark, [spot, linear]; empty for none")
    unset = commands.add_parser("unset", help="take a setting out of the settings file", allow_abbrev=False)
    unset.add_argument("key", metavar="KEY")
    secret = commands.add_parser("secret", help="keys and secrets in the system's keyring", allow_abbrev=False)
    acts = secret.add_subparsers(dest="act", required=True, metavar="set|delete")
    write = acts.add_parser("set", help="store a secret; it is asked for, or read from standard input")
    delete = acts.add_parser("delete", help="forget a secret")
    runs: dict[argparse.ArgumentParser, Callable[[argparse.Namespace, SecretStore], int]] = {
        show: _show, set_: _set, unset: _unset, write: _write_secret, delete: _delete_secret,
    }  # fmt: skip
    for command, run in runs.items():
        command.set_defaults(run=run)
    for command in (show, set_, unset):
        command.add_argument("--profile", type=Path, metavar="DIR", help="the profile folder")
        command.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of the profile's own")
    for command in (write, delete):
        command.add_argument("name", metavar="NAME", help=", ".join(SECRETS))
    return parser


def _source(given: argparse.Namespace) -> SettingsSource:
    profile = given.profile or default_profile()
    return SettingsSource(resource(DEFAULT_SETTINGS), profile, given.config, environ=os.environ)


# --- show ----------------------------------------------------------------------------------------------------------


def _show(given: argparse.Namespace, secrets: SecretStore) -> int:
    source = _source(given)
    wanted = _section_or_setting(given.key)
    loaded = source.load()
    try:
        user = read_user_file(source.file).document if loaded.problem is None else None
    except FileNotFoundError:
        user = None
    rows = list(_rows(loaded.settings, source, user, secrets, wanted))
    if given.json:
        values = [{"key": row.key, "value": row.value, "origin": row.origin} for row in rows]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(values), indent=2).decode() + "\n")
    else:
        width = max(len(row.key) for row in rows)
        for row in rows:
            note = "" if row.origin == "default" else f"    # {row.origin}"
            sys.stdout.write(f"{row.key.ljust(width)}  {_yaml(row.value)}{note}\n")
    for sentence in loaded.told:
        say(sentence)
    if loaded.problem is not None:
        return refusal(loaded.problem)
    return ExitCode.DONE


def _section_or_setting(key: str | None) -> KeyPath:
    if key is None:
        return ()
    path = tuple(key.strip().split("."))
    return path if path in setting_paths() else path_of(key)


def _rows(
    settings: Settings, source: SettingsSource, user: Document | None, secrets: SecretStore, wanted: KeyPath
) -> list[Shown]:
    layers = source.layers()
    rows: list[Shown] = []
    for path in value_paths():
        if path[: len(wanted)] != wanted:
            continue
        value: Any = value_at(settings, path)
        if CREDENTIALS in path:
            rows.append(Shown(dotted(path), *_secret_state(path, value, secrets)))
        else:
            rows.append(Shown(dotted(path), plain(value), layers.origin_of(path, user)))
    return rows


def _secret_state(path: KeyPath, value: SecretStr | None, secrets: SecretStore) -> tuple[str, str]:
    """Whether a secret is there, never the secret."""
    if value is not None:
        return "set", "environment"
    name = next(name for name, each in SECRETS.items() if each == path)
    try:
        return ("set", "keyring") if secrets.read(name) is not None else (NOT_SET, "default")
    except StorageError:
        return NOT_SET, "no keyring here"


def _yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_yaml(each) for each in cast('list[Any]', value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


# --- set and unset -------------------------------------------------------------------------------------------------


def _set(given: argparse.Namespace, _: SecretStore) -> int:
    source = _source(given)
    edit = prepare_edit(source, given.key, given.value)
    assert edit is not None
    write_edit(source, edit)
    sys.stdout.write(
        f"{given.key} is now {given.value or 'null'} in {source.file}. {_when(path_of(given.key), edit.overriding)}\n"
    )
    return ExitCode.DONE


def _unset(given: argparse.Namespace, _: SecretStore) -> int:
    source = _source(given)
    edit = prepare_edit(source, given.key, None)
    default = _yaml(source.layers().default_of(path_of(given.key)))
    if edit is None:
        sys.stdout.write(f"{given.key} is not in {source.file}; the default is {default}.\n")
        return ExitCode.DONE
    write_edit(source, edit)
    when = _when(path_of(given.key), edit.overriding)
    sys.stdout.write(f"{given.key} is no longer in {source.file}; the default is {default}. {when}\n")
    return ExitCode.DONE


def _when(path: KeyPath, overriding: str | None) -> str:
    if overriding is not None:
        return f"It has no effect while {overriding} is set."
    if counts_at_once(path):
        return "A running Virtuoso takes it up within two seconds."
    return "It counts from the next start of Virtuoso."


# --- secrets -------------------------------------------------------------------------------------------------------


def _write_secret(given: argparse.Namespace, secrets: SecretStore) -> int:
    if given.name not in SECRETS:
        secrets.read(given.name)  # raises with the nearest name, before anything is typed
    secret = getpass.getpass(f"{given.name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not secret.strip():
        raise ConfigError(f"No secret was given for {given.name}; nothing was stored.")
    secrets.write(given.name, secret)
    sys.stdout.write(f"{given.name} is stored in the keyring of this computer.\n")
    return ExitCode.DONE


def _delete_secret(given: argparse.Namespace, secrets: SecretStore) -> int:
    if secrets.delete(given.name):
        sys.stdout.write(f"{given.name} is no longer in the keyring.\n")
    else:
        sys.stdout.write(f"{given.name} was not in the keyring.\n")
    return ExitCode.DONE
