"""Reads the layers of settings, lays them over each other and says in words what is wrong.

Order, later wins: ``config/default.yaml``, the user's file, then ``${NAME}`` is replaced from the environment,
then the ``VIRTUOSO_*`` environment, then ``--set``.
"""

from __future__ import annotations

import copy
import io
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.settings.atomic import write_atomically
from virtuoso_desktop.settings.document import (
    Document,
    KeyPath,
    Tree,
    parse_tree,
    plain_document,
    read_document,
    read_text,
)
from virtuoso_desktop.settings.explain import dotted, explain, faults, setting_paths
from virtuoso_desktop.settings.migrate import CURRENT, VERSION_KEY, migrate
from virtuoso_desktop.settings.overrides import environment_overrides, parse_override
from virtuoso_desktop.settings.schema import Settings
from virtuoso_desktop.settings.variables import CREDENTIALS

USER_FILE = "settings.yaml"
LAST_GOOD_FILE = "settings.last-good.yaml"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings of the run. ``problem`` says what is wrong with the user's own file, whose place the last good took."""

    settings: Settings
    problem: ConfigError | None = None
    told: tuple[str, ...] = ()
    """What was done to the user's file, in words."""
    stamp: tuple[int, int] | None = None
    """`file_stamp` of the user's file as it was read."""


@dataclass(frozen=True, slots=True)
class UserFile:
    """A settings file as it counts for this version. ``changed`` says what the migration changed."""

    document: Document
    tree: Any
    version: int
    changed: tuple[str, ...]


class Layers:
    """Everything but the user's file.

    Parameters
    ----------
    default_file : Path
        ``config/default.yaml``.
    overrides : sequence of str
        ``key=value`` as given to ``--set``; values are YAML.
    environ : mapping
        For ``VIRTUOSO_*`` and for ``${NAME}``, where an unset one is null.

    Raises
    ------
    ConfigError
        An override or a variable is wrong in itself.
    """

    def __init__(self, default_file: Path, overrides: Sequence[str], environ: Mapping[str, str]) -> None:
        self._default = read_document(default_file)
        self._environ = environ
        given = tuple(parse_override(text) for text in overrides)
        self._overrides = (*environment_overrides(environ, setting_paths()), *given)

    def build(self, user: Document | None) -> Settings:
        """Settings with ``user`` laid over the defaults. Raises ConfigError."""
        if user is not None:
            _refuse_written_secrets(user)
        values, unset = self._merged(user, {})
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            raise explain(error, user, self._overrides, unset) from None

    def faults(self, user: Document | None, edits: Mapping[KeyPath, Any]) -> dict[KeyPath, str]:
        """What would be wrong if the settings of ``edits`` had these values, by setting or section; empty for nothing.

        Reads no file: it may be asked at every letter that is typed.
        """
        values, unset = self._merged(user, edits)
        try:
            Settings.model_validate(values)
        except ValidationError as error:
            return faults(error, self._overrides, unset)
        return {}

    def _merged(self, user: Document | None, edits: Mapping[KeyPath, Any]) -> tuple[Tree, dict[KeyPath, str]]:
        """All layers over each other, and the variables that are not set."""
        values = copy.deepcopy(self._default.values)
        if user is not None:
            _overlay(values, {key: value for key, value in user.values.items() if key != VERSION_KEY})
        for path, value in edits.items():
            _overlay(values, _nested(path, value))
        unset: dict[KeyPath, str] = {}
        values = self._expand(values, (), unset)
        for override in self._overrides:
            _overlay(values, _nested(override.path, override.value))
        return values, unset

    def origin_of(self, path: KeyPath, user: Document | None) -> str:
        """Where the value of a setting comes from, in words."""
        for override in reversed(self._overrides):
            if override.path == path[: len(override.path)]:
                return override.where
        if user is not None and path in user.lines:
            return f"{user.where}, line {user.lines[path]}"
        return "default"

    def overriding(self, path: KeyPath) -> str | None:
        """What outside the user's file decides this setting now; None when the file does."""
        found = (each for each in reversed(self._overrides) if each.path == path[: len(each.path)])
        return next((each.where for each in found), None)

    def default_of(self, path: KeyPath) -> object:
        """The value of ``config/default.yaml``."""
        value: Any = self._default.values
        for part in path:
            value = value[part]
        return value

    def _expand(self, value: Any, path: KeyPath, unset: dict[KeyPath, str]) -> Any:
        if isinstance(value, dict):
            return {key: self._expand(item, (*path, key), unset) for key, item in cast(Tree, value).items()}
        if isinstance(value, list):
            return [self._expand(item, (*path, index), unset) for index, item in enumerate(cast("list[Any]", value))]
        if not isinstance(value, str):
            return value
        for name in _VARIABLE.findall(value):
            if not self._environ.get(name):
                unset[path] = name
                return None
        return _VARIABLE.sub(lambda match: self._environ[match[1]], value)


def load_settings(
    *,
    default_file: Path,
    profile: Path,
    config_file: Path | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
) -> LoadedSettings:
    """Load the settings of one run.

    Parameters
    ----------
    default_file : Path
        ``config/default.yaml``.
    profile : Path
        Folder of ``settings.yaml`` and of ``settings.last-good.yaml``, a copy of the newest one that was right.
    config_file : Path or None
        A file the user named on the command line; read instead of the profile's.
    overrides : sequence of str
        ``key=value`` as given to ``--set``; values are YAML.
    environ : mapping
        Environment variables.

    Returns
    -------
    LoadedSettings
        With ``problem`` when the profile's own file is wrong: then the last good settings are in use, or the
        defaults if there are none. A file of an older version is brought up to this one, the old one kept.

    Raises
    ------
    ConfigError
        When something the user named on the command line or in the environment is wrong: it names the key, the
        nearest valid name, the file and the 1-based line.
    """
    layers = Layers(default_file, overrides, environ)
    stamp = file_stamp(config_file or profile / USER_FILE)
    if config_file is not None:
        try:
            return LoadedSettings(layers.build(read_user_file(config_file).document), stamp=stamp)
        except FileNotFoundError:
            raise ConfigError(f"{config_file} does not exist.") from None
    layers.build(None)  # a wrong --set is the command line's fault, whatever the file says
    path = profile / USER_FILE
    try:
        user = read_user_file(path)
        settings = layers.build(user.document)
    except FileNotFoundError:
        return LoadedSettings(layers.build(None))
    except ConfigError as error:
        return replace(_fall_back(layers, profile, error), stamp=stamp)
    told: tuple[str, ...] = ()
    if user.changed:
        told, stamp = _write_migrated(path, user), file_stamp(path)
    keep_last_good(profile)
    return LoadedSettings(settings, None, told, stamp)


def file_stamp(file: Path) -> tuple[int, int] | None:
    """Time of change (ns) and size; None without the file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def read_user_file(path: Path) -> UserFile:
    """A settings file brought to this version, in memory. Raises ConfigError, FileNotFoundError."""
    return user_file_of(read_text(path), str(path))


def user_file_of(text: str, where: str) -> UserFile:
    """The text of a settings file, brought to this version. Raises ConfigError."""
    tree = parse_tree(text, where)
    if tree is None:
        return UserFile(Document(where, {}, {}), None, CURRENT, ())
    plain_document(tree, where)  # refuses what no step has to bear: aliases, tags, depth
    version, changed = migrate(tree, where)
    return UserFile(plain_document(tree, where), tree, version, tuple(changed))


def dump_tree(tree: Any, *, mapping: int = 2, sequence: int = 4, offset: int = 2) -> str:
    """YAML text of ruamel's tree, with its comments and order."""
    from ruamel.yaml import YAML

    writer: Any = YAML(typ="rt", pure=True)
    writer.preserve_quotes = True
    writer.width = 4096
    writer.indent(mapping=mapping, sequence=sequence, offset=offset)
    out = io.StringIO()
    writer.dump(tree, out)
    return out.getvalue()


def _write_migrated(path: Path, user: UserFile) -> tuple[str, ...]:
    """Keep the old file, write the new one; says what was done."""
    backup = _free_name(path, user.version)
    changes = "; ".join(user.changed)
    try:
        write_atomically(backup, path.read_bytes())
        write_atomically(path, dump_tree(user.tree))
    except OSError as error:
        reason = error.strerror or error
        sentence = f"{path} is of an older version and cannot be brought up to this one ({reason}); it is read with "
        return (f"{sentence}{changes}.",)
    return (f"{path} was brought from version {user.version} to {CURRENT}: {changes}. The old file is {backup.name}.",)


def _free_name(path: Path, version: int) -> Path:
    """A name beside the file that nothing has yet."""
    backup = path.with_name(f"{path.stem}.version-{version}{path.suffix}")
    number = 1
    while backup.exists():
        number += 1
        backup = path.with_name(f"{path.stem}.version-{version}-{number}{path.suffix}")
    return backup


def _fall_back(layers: Layers, profile: Path, error: ConfigError) -> LoadedSettings:
    try:
        settings = layers.build(read_user_file(profile / LAST_GOOD_FILE).document)
        kept = "The last good settings are in use; mend it and start again."
    except (ConfigError, FileNotFoundError):
        settings = layers.build(None)
        kept = "The default settings are in use; mend it and start again."
    return LoadedSettings(settings, ConfigError(f"{error.user_text} {kept}", line=error.line))


def keep_last_good(profile: Path) -> None:
    """Copy the profile's settings file, which was found right, for the day on which it is not."""
    last_good = profile / LAST_GOOD_FILE
    try:
        content = (profile / USER_FILE).read_bytes()
        if not last_good.is_file() or last_good.read_bytes() != content:
            write_atomically(last_good, content)
    except OSError as error:
        # The profile's own check tells the person that nothing can be stored here.
        log.info("the last good settings were not kept: %s", error)


def _refuse_written_secrets(user: Document) -> None:
    """A key or secret stands in the keyring or the environment, never in a file."""
    for path, line in user.lines.items():
        if len(path) < 2 or path[-2] != CREDENTIALS:
            continue
        value: Any = user.values
        for part in path:
            value = value[part]
        if value is not None and not (isinstance(value, str) and _VARIABLE.fullmatch(value)):
            raise ConfigError(
                f"{user.where}, line {line}: {dotted(path)} must not stand in a file. Store it with `virtuoso-desktop "
                "settings secret set`, or write ${NAME} and set that environment variable.",
                line=line,
            )


def _nested(path: KeyPath, value: Any) -> Tree:
    """``{"universe": {"size": value}}``."""
    for part in reversed(path):
        value = {part: value}
    return cast(Tree, value)


def _overlay(base: Tree, over: Tree) -> None:
    """Lay ``over`` on ``base`` in place; lists replace lists, an empty section changes nothing."""
    for key, value in over.items():
        below = base.get(key)
        if not isinstance(below, dict):
            base[key] = value
        elif isinstance(value, dict):
            _overlay(cast(Tree, below), cast(Tree, value))
        elif value is not None:
            base[key] = value
