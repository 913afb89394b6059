"""Says in words what is wrong with a setting: where it came from, what would be right, and never a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.settings.document import Document, KeyPath
from virtuoso_desktop.settings.overrides import Override
from virtuoso_desktop.settings.schema import Settings
from virtuoso_desktop.settings.variables import CREDENTIALS, masked, variable_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_SHOWN = 3
LONGEST_VALUE = 40


def explain(
    error: ValidationError, user: Document | None, overrides: Sequence[Override], unset: Mapping[KeyPath, str]
) -> ConfigError:
    """The faults of a tree in words, at most three of them, in the order of layers and lines.

    ``unset`` has the environment variables that a value asked for in vain.
    """
    explainer = _Explainer(user, overrides, unset)
    found = sorted(
        (*explainer.place(details["loc"]), explainer.what(details)) for details in error.errors(include_url=False)
    )
    texts = [f"{where}: {what}" if what.endswith("?") else f"{where}: {what}." for *_, where, what in found]
    if len(texts) > MOST_SHOWN:
        texts[MOST_SHOWN:] = [f"{len(texts) - MOST_SHOWN} more are wrong."]
    return ConfigError(" ".join(texts), line=found[0][1] or None)


class _Explainer:
    def __init__(self, user: Document | None, overrides: Sequence[Override], unset: Mapping[KeyPath, str]) -> None:
        self._user = user
        self._overrides = overrides
        self._unset = unset

    def place(self, path: KeyPath) -> tuple[int, int, str]:
        """Return order of the layer, line (0 without one), and the words for it."""
        override = self._override_of(path)
        if override is not None:
            return 0, 0, override.where
        if self._user is not None:
            for length in range(len(path), 0, -1):
                line = self._user.lines.get(path[:length])
                if line is not None:
                    return 1, line, f"{self._user.where}, line {line}"
        return 2, 0, "settings"

    def _override_of(self, path: KeyPath) -> Override | None:
        for override in reversed(self._overrides):
            shorter = min(len(override.path), len(path))
            if override.path[:shorter] == path[:shorter]:
                return override
        return None

    def what(self, details: ErrorDetails) -> str:
        path = details["loc"]
        name = dotted(path)
        if details["type"] == "extra_forbidden":
            return f"{name} is no setting" + self._meant(path)
        variable = self._unset.get(path)
        if variable is not None:
            return f"{name} has no value: the environment variable {variable} is not set"
        is_secret = CREDENTIALS in path
        if details["type"] == "model_type":
            instead = "" if is_secret else f", not {_shown(details['input'])}"
            return f"{name} should be a section with names and values below it{instead}"
        message = _message(details)
        if details["type"] in ("value_error", "missing") or is_secret:
            return f"{name} {message}"
        return f"{name} {message}, not {_shown(details['input'])}{_nearest_word(details)}"

    def _meant(self, path: KeyPath) -> str:
        override = self._override_of(path)
        nearest = nearest_setting(override.path if override is not None and len(override.path) > len(path) else path)
        if nearest is None:
            return ""
        is_variable = override is not None and override.is_variable
        return f"; did you mean {variable_of(nearest) if is_variable else dotted(nearest)}?"


def faults(error: ValidationError, overrides: Sequence[Override], unset: Mapping[KeyPath, str]) -> dict[KeyPath, str]:
    """What is wrong with each setting or section, without its name: ``must add up to 1, not 1.1``."""
    explainer = _Explainer(None, overrides, unset)
    found: dict[KeyPath, str] = {}
    for details in error.errors(include_url=False):
        path = _value_path(details["loc"])
        what = explainer.what(details)
        found.setdefault(path, what.removeprefix(dotted(path)).strip())
    return found


def _value_path(path: KeyPath) -> KeyPath:
    """The setting that a place inside its value belongs to."""
    known = setting_paths()
    return next((path[:length] for length in range(len(path), 0, -1) if path[:length] in known), path)


def _message(details: ErrorDetails) -> str:
    if details["type"] == "string_pattern_mismatch":
        return "should be of letters, figures and : . _ - only"
    return details["msg"].removeprefix("Value error, ").replace("Input should", "should").partition(", unable")[0]


def dotted(path: KeyPath) -> str:
    """``universe.kinds[2]``: as a person writes the place of a value."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a section"
    text = "null" if value is None else masked(repr(value))
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _nearest_word(details: ErrorDetails) -> str:
    """For a value out of a fixed list, the one that was probably meant."""
    words = re.findall(r"'([^']*)'", str(details.get("ctx", {}).get("expected", "")))
    nearest = difflib.get_close_matches(str(details["input"]), words, 1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def nearest_setting(path: KeyPath) -> KeyPath | None:
    """Return the valid path nearest to an unknown one: among its siblings, else anywhere in the tree."""
    parent, unknown = path[:-1], str(path[-1])
    paths = setting_paths()
    siblings = sorted({str(valid[-1]) for valid in paths if valid[:-1] == parent})
    match = difflib.get_close_matches(unknown, siblings, 1)
    if match:
        return (*parent, match[0])
    by_name = {str(valid[-1]): valid for valid in reversed(paths)}
    match = difflib.get_close_matches(unknown, by_name, 1, 0.8)
    if match:
        return by_name[match[0]]
    whole = {dotted(valid): valid for valid in paths}
    match = difflib.get_close_matches(dotted(path), whole, 1)
    return whole[match[0]] if match else None


@cache
def setting_paths() -> tuple[KeyPath, ...]:
    """Paths of all sections and settings."""
    return tuple(_paths_below(Settings, ()))


@cache
def value_paths() -> tuple[KeyPath, ...]:
    """Paths of all settings that have a value of their own, in the order of the schema."""
    paths = setting_paths()
    above = {path[:-1] for path in paths}
    return tuple(path for path in paths if path not in above)


def _paths_below(model: type[BaseModel], above: KeyPath) -> Iterator[KeyPath]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        yield path
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _paths_below(field.annotation, path)
