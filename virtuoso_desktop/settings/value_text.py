"""Values of settings as plain values and as YAML, the way a person would write them."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import msgspec
from pydantic import BaseModel

from virtuoso_desktop.settings.document import KeyPath
from virtuoso_desktop.settings.variables import masked


def value_at(settings: BaseModel, path: KeyPath) -> Any:
    """The typed value of a setting."""
    value: Any = settings
    for part in path:
        value = getattr(value, str(part))
    return value


def plain(value: Any) -> Any:
    """A value as YAML and JSON know it, without the password of a proxy."""
    if isinstance(value, tuple):
        return [plain(each) for each in cast("tuple[Any, ...]", value)]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return masked(str(value))


def yaml_text(value: Any) -> str:
    """A plain value as one line of YAML, whatever letters it has."""
    return msgspec.json.encode(value).decode()


def moment_text(value_ms: int) -> str:
    """UTC milliseconds as the ISO time that `clock.start` is written as."""
    moment = dt.datetime.fromtimestamp(value_ms / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds" if value_ms % 1000 else "seconds").replace("+00:00", "Z")
