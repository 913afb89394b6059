"""Reads the layers of settings, lays them over each other and says in words what is wrong.

Order, later wins: ``config/default.yaml``, the user's file, then ``${NAME}`` is replaced from the environment,
then ``--set``.
"""

from __future__ import annotations

import copy
import difflib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.settings.atomic import write_atomically
from virtuoso_desktop.settings.document import Document, KeyPath, Tree, parse_value, read_document
from virtuoso_desktop.settings.schema import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

USER_FILE = "settings.yaml"
LAST_GOOD_FILE = "settings.last-good.yaml"
MOST_SHOWN = 3
LONGEST_VALUE = 40
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings of the run. ``problem`` says what is wrong with the user's own file, whose place the last good took."""

    settings: Settings
    problem: ConfigError | None = None


@dataclass(frozen=True, slots=True)
class _Override:
    text: str
    path: KeyPath
    value: Any


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
        Environment variables for ``${NAME}``; an unset one is null.

    Returns
    -------
    LoadedSettings
        With ``problem`` when the profile's own file is wrong: then the last good settings are in use, or the
        defaults if there are none.

    Raises
    ------
    ConfigError
        When something the user named on the command line is wrong: it names the key, the nearest valid name,
        the file and the 1-based line.
    """
    default = read_document(default_file)
    layers = _Layers(default, tuple(_parse_override(text) for text in overrides), environ)
    if config_file is not None:
        try:
            return LoadedSettings(layers.build(read_document(config_file)))
        except FileNotFoundError:
            raise ConfigError(f"{config_file} does not exist.") from None
    layers.build(None)  # a wrong --set is the command line's fault, whatever the file says
    user_file = profile / USER_FILE
    try:
        document = read_document(user_file)
        settings = layers.build(document)
    except FileNotFoundError:
        return LoadedSettings(layers.build(None))
    except ConfigError as error:
        return _fall_back(layers, profile, error)
    _keep_last_good(user_file, profile / LAST_GOOD_FILE)
    return LoadedSettings(settings)


def _fall_back(layers: _Layers, profile: Path, error: ConfigError) -> LoadedSettings:
    try:
        settings = layers.build(read_document(profile / LAST_GOOD_FILE))
        kept = "The last good settings are in use; mend it and start again."
    except (ConfigError, FileNotFoundError):
        settings = layers.build(None)
        kept = "The default settings are in use; mend it and start again."
    return LoadedSettings(settings, ConfigError(f"{error.user_text} {kept}", line=error.line))


def _keep_last_good(user_file: Path, last_good: Path) -> None:
    try:
        content = user_file.read_bytes()
        if not last_good.is_file() or last_good.read_bytes() != content:
            write_atomically(last_good, content)
    except OSError as error:
        # The profile's own check tells the person that nothing can be stored here.
        log.info("the last good settings were not kept: %s", error)


def _parse_override(text: str) -> _Override:
    name, equals, value = text.partition("=")
    parts = name.strip().split(".")
    if not equals or not all(parts):
        raise ConfigError(f"--set {text}: write it as key=value, for example --set universe.size=10.")
    try:
        return _Override(text, tuple(parts), parse_value(value))
    except ConfigError as error:
        raise ConfigError(f"--set {text}: the {error.user_text}") from None


class _Layers:
    """Everything but the user's file."""

    def __init__(self, default: Document, overrides: tuple[_Override, ...], environ: Mapping[str, str]) -> None:
        self._default = default
        self._overrides = overrides
        self._environ = environ

    def build(self, user: Document | None) -> Settings:
        """Settings with ``user`` laid over the defaults. Raises ConfigError."""
        values = copy.deepcopy(self._default.values)
        if user is not None:
            _overlay(values, user.values)
        unset: dict[KeyPath, str] = {}
        values = self._expand(values, (), unset)
        for override in self._overrides:
            nested: Any = override.value
            for part in reversed(override.path):
                nested = {part: nested}
            _overlay(values, nested)
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            raise _Explainer(user, self._overrides, unset).explain(error) from None

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


class _Explainer:
    """Says where a wrong value came from and what would be right."""

    def __init__(self, user: Document | None, overrides: tuple[_Override, ...], unset: dict[KeyPath, str]) -> None:
        self._user = user
        self._overrides = overrides
        self._unset = unset

    def explain(self, error: ValidationError) -> ConfigError:
        found = sorted(
            (self._place(details["loc"]), self._what(details)) for details in error.errors(include_url=False)
        )
        texts: list[str] = []
        for (_, _, where), what in found[:MOST_SHOWN]:
            texts.append(f"{where}: {what}" if what.endswith("?") else f"{where}: {what}.")
        if len(found) > MOST_SHOWN:
            texts.append(f"{len(found) - MOST_SHOWN} more are wrong.")
        line = found[0][0][1]
        return ConfigError(" ".join(texts), line=line or None)

    def _place(self, path: KeyPath) -> tuple[int, int, str]:
        """Return order of the layer, line (0 without one), and the words for it."""
        for override in self._overrides:
            shorter = min(len(override.path), len(path))
            if override.path[:shorter] == path[:shorter]:
                return 0, 0, f"--set {override.text}"
        if self._user is not None:
            for length in range(len(path), 0, -1):
                line = self._user.lines.get(path[:length])
                if line is not None:
                    return 1, line, f"{self._user.where}, line {line}"
        return 2, 0, "settings"

    def _what(self, details: ErrorDetails) -> str:
        path = details["loc"]
        name = _dotted(path)
        if details["type"] == "extra_forbidden":
            nearest = _nearest_setting(path)
            return f"{name} is no setting" + (f"; did you mean {nearest}?" if nearest else "")
        variable = self._unset.get(path)
        if variable is not None:
            return f"{name} has no value: the environment variable {variable} is not set"
        if details["type"] == "model_type":
            return f"{name} should be a section with names and values below it, not {_shown(details['input'])}"
        message = (
            details["msg"].removeprefix("Value error, ").replace("Input should", "should").partition(", unable")[0]
        )
        if details["type"] in ("value_error", "missing") or "api_credentials" in path:
            return f"{name} {message}"
        return f"{name} {message}, not {_shown(details['input'])}{_nearest_word(details)}"


def _dotted(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a section"
    text = "null" if value is None else repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _nearest_word(details: ErrorDetails) -> str:
    """For a value out of a fixed list, the one that was probably meant."""
    words = re.findall(r"'([^']*)'", str(details.get("ctx", {}).get("expected", "")))
    nearest = difflib.get_close_matches(str(details["input"]), words, 1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _nearest_setting(path: KeyPath) -> str | None:
    """Return the valid name nearest to an unknown one: among its siblings, else anywhere in the tree."""
    parent, unknown = path[:-1], str(path[-1])
    paths = list(_setting_paths(Settings, ()))
    siblings = sorted({str(valid[-1]) for valid in paths if valid[:-1] == parent})
    match = difflib.get_close_matches(unknown, siblings, 1)
    if match:
        return _dotted((*parent, match[0]))
    by_name = {str(valid[-1]): valid for valid in reversed(paths)}
    match = difflib.get_close_matches(unknown, by_name, 1, 0.8)
    return _dotted(by_name[match[0]]) if match else None


def _setting_paths(model: type[BaseModel], above: KeyPath) -> Iterator[KeyPath]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        yield path
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _setting_paths(field.annotation, path)
