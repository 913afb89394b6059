"""What `config/default.yaml` says of every setting: its comments are the only documentation of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from virtuoso_desktop.settings.document import KeyPath, parse_document
from virtuoso_desktop.settings.explain import setting_paths

LATER = "Later: "
"""How the comment of a setting, or of a section, begins that has no effect yet."""


class Explained(NamedTuple):
    """The words for one setting or section. ``is_later``: it is checked, but has no effect yet."""

    words: str
    is_later: bool


def read_guide(text: str, where: str) -> Mapping[KeyPath, Explained]:
    """Read the comments of a settings file.

    A comment belongs to the key below it, or to the key in the same line; both are joined. What is ``Later`` of a
    section is so of everything in it. Raises ConfigError when it is no YAML.
    """
    document = parse_document(text, where)
    rows = text.splitlines()
    found: dict[KeyPath, Explained] = {}
    for path in setting_paths():
        line = document.lines.get(path)
        said = "" if line is None else _comment_of(rows, line - 1)
        above = found.get(path[:-1])
        is_later = said.startswith(LATER) or (above is not None and above.is_later)
        found[path] = Explained(_as_sentence(said.removeprefix(LATER)), is_later)
    return found


def _comment_of(rows: list[str], at: int) -> str:
    above: list[str] = []
    for row in reversed(rows[:at]):
        if not row.lstrip().startswith("#"):
            break
        above.append(row.strip().lstrip("#").strip())
    _, hash_, beside = rows[at].partition(" #")
    return " ".join([*reversed(above), beside.strip() if hash_ else ""]).strip()


def _as_sentence(words: str) -> str:
    if not words:
        return ""
    return words[0].upper() + words[1:] + ("" if words.endswith((".", ")")) else ".")
