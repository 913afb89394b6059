"""Brings a user's file of an older version up to this one, step by step, in place in ruamel's tree.

``version`` is a key of the file; a file without it is of version 1. Step N turns version N into N + 1 and says in
words what it changed. A step changes values where they stand, so that comments, order and lines stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from virtuoso_desktop.model.errors import ConfigError

VERSION_KEY = "version"

Step = Callable[[Any], list[str]]


def step_1(tree: Any) -> list[str]:
    """Values that Virtuoso's earlier configuration files had and this program's bounds refuse."""
    changed: list[str] = []
    streams = _section(tree, "websocket")
    attempts = streams.get("reconnect_attempts")
    if isinstance(attempts, int) and not isinstance(attempts, bool):
        changed.append(f"websocket.reconnect_attempts from {attempts} to endless")
        streams["reconnect_attempts"] = "endless"
    for path, most in _MOST.items():
        *sections, name = path.split(".")
        section = _section(tree, *sections)
        value = section.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > most:
            changed.append(f"{path} from {value:g} to {most}")
            section[name] = most
    return changed


_MOST = {
    "websocket.ping_interval": 25,
    "connection_pool.limit": 100,
    "connection_pool.limit_per_host": 8,
    "exchanges.bybit.rate_limits.requests_per_second": 10,
    "exchanges.bybit.rate_limits.requests_per_minute": 600,
    "exchanges.binance.rate_limits.requests_per_second": 10,
    "exchanges.binance.rate_limits.requests_per_minute": 600,
}

STEPS: tuple[Step, ...] = (step_1,)
"""Step N stands at index N - 1."""
CURRENT = len(STEPS) + 1


def migrate(tree: Any, where: str) -> tuple[int, list[str]]:
    """Take every step that the file's version asks for.

    Returns
    -------
    tuple of int and list of str
        The version that the file had, and what was changed, in words. The tree has this program's version when
        anything was.

    Raises
    ------
    ConfigError
        The version is none, or newer than this program: nothing is changed then.
    """
    version = _version(tree, where)
    changed = [sentence for step in STEPS[version - 1 :] for sentence in step(tree)]
    if changed:
        _write_version(tree)
    return version, changed


def _version(tree: Any, where: str) -> int:
    if VERSION_KEY not in tree:
        return 1
    version = tree[VERSION_KEY]
    line = int(tree.lc.data[VERSION_KEY][0]) + 1 if tree.lc.data and VERSION_KEY in tree.lc.data else None
    place = where if line is None else f"{where}, line {line}"
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(f"{place}: version should be a whole number from 1 to {CURRENT}.", line=line)
    if version > CURRENT:
        raise ConfigError(
            f"{place}: these settings are of version {version}, written by a newer Virtuoso; this one knows versions "
            f"up to {CURRENT}. The file was left as it is.",
            line=line,
        )
    return version


def _write_version(tree: Any) -> None:
    if VERSION_KEY in tree:
        tree[VERSION_KEY] = CURRENT
    else:
        tree.insert(0, VERSION_KEY, CURRENT)


def _section(tree: Any, *names: str) -> dict[str, Any]:
    """The section, an unattached empty one where there is none."""
    section: Any = tree
    for name in names:
        section = cast(Any, section.get(name)) if isinstance(section, dict) else None
    return cast("dict[str, Any]", section) if isinstance(section, dict) else {}
