"""Changes of the user's settings file: checked with every layer over it, then written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from virtuoso_desktop.model.errors import ConfigError, StorageError
from virtuoso_desktop.settings.atomic import write_atomically
from virtuoso_desktop.settings.document import KeyPath, Tree, parse_value, read_text
from virtuoso_desktop.settings.edit import with_value, without_value
from virtuoso_desktop.settings.explain import dotted, nearest_setting, setting_paths, value_paths
from virtuoso_desktop.settings.load import (
    LAST_GOOD_FILE,
    USER_FILE,
    Layers,
    LoadedSettings,
    keep_last_good,
    load_settings,
    user_file_of,
)
from virtuoso_desktop.settings.schema import Settings
from virtuoso_desktop.settings.value_text import value_at
from virtuoso_desktop.settings.variables import CREDENTIALS, holds_password

AT_ONCE: tuple[KeyPath, ...] = (
    ("universe",),
    ("analysis", "weights"),
    ("analysis", "thresholds"),
    ("ui", "theme"),
    ("ui", "colour_blind_safe"),
    ("ui", "close_to_tray"),
    ("ui", "motion"),
    ("websocket", "log_level"),
)
"""Settings and sections that a running program takes up; all others count from the next start."""


URL_REFUSED = "a password must not stand in a file. Write ${NAME} for it and set that variable."


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Where a run's settings come from; see `load_settings`."""

    default_file: Path
    profile: Path
    config_file: Path | None = None
    overrides: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def file(self) -> Path:
        """The user's file of this run."""
        return self.config_file or self.profile / USER_FILE

    def load(self) -> LoadedSettings:
        return load_settings(
            default_file=self.default_file,
            profile=self.profile,
            config_file=self.config_file,
            overrides=self.overrides,
            environ=self.environ,
        )

    def layers(self) -> Layers:
        return Layers(self.default_file, self.overrides, self.environ)


@dataclass(frozen=True, slots=True)
class Edit:
    """A checked change of the user's file that has not been written."""

    paths: tuple[KeyPath, ...]
    text: str
    old_text: str
    settings: Settings
    decided: Mapping[KeyPath, str]
    """Those that something else decides in this run whatever the file says, and what, in words."""

    @property
    def overriding(self) -> str | None:
        """What decides the first of those."""
        return next(iter(self.decided.values()), None)


def path_of(key: str) -> KeyPath:
    """The path of a setting that has a value. Raises ConfigError with the nearest name."""
    path = tuple(key.strip().split("."))
    if path in value_paths():
        return path
    if path in setting_paths():
        inside = ", ".join(str(each[-1]) for each in setting_paths() if each[:-1] == path)
        raise ConfigError(f"{key} is a section; name one of its settings: {inside}.")
    nearest = nearest_setting(path)
    raise ConfigError(f"{key} is no setting" + (f"; did you mean {dotted(nearest)}?" if nearest else "."))


def prepare_edit(source: SettingsSource, key: str, value: str | None) -> Edit | None:
    """Check the change of one setting; see `prepare_edits`."""
    return prepare_edits(source, {key: value})


def prepare_edits(source: SettingsSource, edits: Mapping[str, str | None]) -> Edit | None:
    """Check a change of several settings at once, as those need that only together are right.

    Parameters
    ----------
    edits : mapping
        Value by name, as YAML; None takes the setting out of the file.

    Returns
    -------
    Edit or None
        None when all were to be taken out of a file that they are not in.

    Raises
    ------
    ConfigError
        Wrong name, wrong value, or a file that is wrong already: nothing was written.
    """
    paths = {key: path_of(key) for key in edits}
    for key, value in edits.items():
        _refuse_secret(key, paths[key], value)
    where = str(source.file)
    try:
        old_text = read_text(source.file)
    except FileNotFoundError:
        old_text = ""
    layers = source.layers()
    layers.build(user_file_of(old_text, where).document)  # a file that is wrong already is told with its own line
    text = old_text
    changed: list[KeyPath] = []
    for key, value in edits.items():
        written = _written(text, where, paths[key], value)
        if written is not None:
            text = written
            changed.append(paths[key])
    if not changed:
        return None
    try:
        settings = layers.build(user_file_of(text, where).document)
    except ConfigError as error:
        raise ConfigError(f"{error.user_text} Nothing was changed.", line=error.line) from None
    found = {path: layers.overriding(path) for path in changed}
    decided = {path: where for path, where in found.items() if where is not None}
    return Edit(tuple(changed), text, old_text, settings, decided)


def _refuse_secret(key: str, path: KeyPath, value: str | None) -> None:
    if CREDENTIALS in path:
        raise ConfigError(f"{key} must not stand in a file; use `virtuoso-desktop settings secret set` for it.")
    if value is not None and holds_password(value):
        raise ConfigError(f"{key}: {URL_REFUSED}")


def _written(text: str, where: str, path: KeyPath, value: str | None) -> str | None:
    """The text with one change; None when there is nothing to take out."""
    if value is None:
        return without_value(text, where, path) if path in user_file_of(text, where).document.lines else None
    try:
        return with_value(text, where, path, parse_value(value))
    except ConfigError as error:
        words = error.user_text
        said = f"{dotted(path)}: the {words}" if words.startswith("value,") else words
        raise ConfigError(said, line=error.line) from None


def write_edit(source: SettingsSource, edit: Edit) -> None:
    """Write a checked change. Raises StorageError; the file is then as it was."""
    try:
        try:
            now = read_text(source.file)
        except FileNotFoundError:
            now = ""
        if now != edit.old_text:
            raise StorageError(f"{source.file} was changed by somebody else meanwhile; nothing was saved. Try again.")
        source.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(source.file, edit.text)
    except OSError as error:
        raise StorageError(
            f"{source.file} cannot be written ({error.strerror or error}); nothing was saved."
        ) from error
    if source.config_file is None:
        keep_last_good(source.profile)


def set_aside(source: SettingsSource) -> Path:
    """Give a file that is wrong another name, and let the last good one take its place; returns where it is now.

    Raises StorageError with everything as it was.
    """
    file = source.file
    last_good = source.profile / LAST_GOOD_FILE
    aside = file.with_name(f"{file.stem}.broken{file.suffix}")
    number = 1
    while aside.exists():
        number += 1
        aside = file.with_name(f"{file.stem}.broken-{number}{file.suffix}")
    try:
        good = last_good.read_bytes() if source.config_file is None and last_good.is_file() else b""
        file.rename(aside)
        if good:
            write_atomically(file, good)
    except OSError as error:
        raise StorageError(f"{file} cannot be set aside ({error.strerror or error}); nothing was changed.") from error
    return aside


def counts_at_once(path: KeyPath) -> bool:
    """Whether a running program takes a change of the setting up."""
    return any(path[: len(each)] == each for each in AT_ONCE)


def changed_names(before: Settings, after: Settings) -> tuple[str, ...]:
    """The settings in which two trees differ."""
    return tuple(dotted(path) for path in value_paths() if value_at(before, path) != value_at(after, path))


def taken_at_once(current: Settings, wanted: Settings) -> Settings:
    """``current`` with those values of ``wanted`` that count at once."""
    values: Tree = {name: getattr(current, name) for name in type(current).model_fields}
    for section, *names in AT_ONCE:
        if not names:
            values[str(section)] = getattr(wanted, str(section))
            continue
        update = {str(name): value_at(wanted, (section, name)) for name in names}
        values[str(section)] = values[str(section)].model_copy(update=update)
    return current.model_copy(update=values)
