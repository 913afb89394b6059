"""Single settings from outside any file: ``--set key=value`` and the ``VIRTUOSO_*`` environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.settings.document import KeyPath, parse_value
from virtuoso_desktop.settings.variables import CREDENTIALS, PREFIX, SEPARATOR, masked, setting_variables, variable_of


@dataclass(frozen=True, slots=True)
class Override:
    """One value. ``where`` names its origin for a person, without the value of a secret."""

    where: str
    path: KeyPath
    value: Any
    is_variable: bool = False


def parse_override(text: str) -> Override:
    """Read ``key=value`` of ``--set``; values are YAML. Raises ConfigError."""
    name, equals, value = text.partition("=")
    parts = name.strip().split(".")
    if CREDENTIALS in parts:
        raise ConfigError(
            f"--set {name}: a command line can be read by others, so no key or secret is taken from it. Store it "
            "with `virtuoso-desktop settings secret set`, or set its environment variable."
        )
    if not equals or not all(parts):
        raise ConfigError(f"--set {text}: write it as key=value, for example --set universe.size=10.")
    try:
        return Override(f"--set {masked(text)}", tuple(parts), parse_value(value))
    except ConfigError as error:
        raise ConfigError(f"--set {masked(text)}: the {error.user_text}") from None


def environment_overrides(environ: Mapping[str, str], known: Iterable[KeyPath]) -> tuple[Override, ...]:
    """Read the ``VIRTUOSO_*`` settings; values are YAML, credentials plain text. Raises ConfigError.

    ``known`` are the paths of all settings: a variable with single underscores that would otherwise be one is named.
    """
    by_slip = {PREFIX + "_".join(map(str, path)).upper(): path for path in known if len(path) > 1}
    for name in sorted(environ):
        path = by_slip.get(name.upper())
        if path is not None:
            raise ConfigError(f"Environment variable {name} is no setting; did you mean {variable_of(path)}?")
    return tuple(_read_variable(name, text) for name, text in setting_variables(environ).items())


def _read_variable(name: str, text: str) -> Override:
    where = f"environment variable {name}"
    path = tuple(name[len(PREFIX) :].lower().split(SEPARATOR))
    if not all(path):
        raise ConfigError(f"{where}: write sections and name between double underscores, e.g. VIRTUOSO_UNIVERSE__SIZE.")
    if CREDENTIALS in path:
        return Override(where, path, text or None, is_variable=True)
    try:
        return Override(where, path, parse_value(text), is_variable=True)
    except ConfigError as error:
        raise ConfigError(f"{where}: the {error.user_text}") from None
