"""Changes one setting in the text of a settings file; comments, order and everything else stay.

Whatever the text looks like, the result is read again: it holds the one change and no other, or nothing is changed.
"""

from __future__ import annotations

import copy
from typing import Any, cast

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.settings.document import KeyPath, Tree, parse_document, parse_tree
from virtuoso_desktop.settings.explain import dotted
from virtuoso_desktop.settings.load import dump_tree
from virtuoso_desktop.settings.migrate import CURRENT, VERSION_KEY

HEAD = "# What differs from the defaults. `virtuoso-desktop settings show` lists every setting.\n"


def with_value(text: str, where: str, path: KeyPath, value: Any) -> str:
    """The text with the setting at ``path`` set to a plain value. Raises ConfigError."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    tree = parse_tree(text, where)
    if tree is None:
        tree = parse_tree(f"{VERSION_KEY}: {CURRENT}\n", where)
        text = (text.rstrip("\n") + "\n" if text.strip() else HEAD) + dump_tree(tree)
        tree = parse_tree(text, where)
    section: Any = tree
    for part in path[:-1]:
        if section.get(part) is None:
            section[part] = {}
        if not isinstance(section[part], dict):
            raise _unchangeable(where, path)
        section = section[part]
    section[path[-1]] = _flowing(value)
    wanted = _with(parse_document(text, where).values, path, value)
    return _checked(_dumped(tree, text), where, path, wanted).replace("\n", line_end)


def without_value(text: str, where: str, path: KeyPath) -> str:
    """The text without the setting at ``path``, which must be in it. Raises ConfigError."""
    document = parse_document(text, where)
    wanted = _without(document.values, path)
    shorter = _cut(text, document.lines[path], str(path[-1]))
    try:
        return _checked(shorter, where, path, wanted)
    except ConfigError:
        # The key shares its line with others: the tree is written anew.
        tree = parse_tree(text, where)
        section = tree
        for part in path[:-1]:
            section = section[part]
        del section[path[-1]]
        return _checked(_dumped(tree, text), where, path, wanted)


def _cut(text: str, line: int, name: str) -> str:
    """The lines without a key in block style, its value and the comments inside it."""
    rows = text.splitlines(keepends=True)
    first = rows[line - 1]
    indent = len(first) - len(first.lstrip())
    if not first.lstrip().lstrip("'\"").startswith(name):
        return text
    end = line
    for number in range(line, len(rows)):
        row = rows[number].strip()
        inside = len(rows[number]) - len(rows[number].lstrip())
        if not row or row.startswith("#"):
            continue
        if inside > indent or (inside == indent and row.startswith("- ")):
            end = number + 1
        else:
            break
    return "".join(rows[: line - 1] + rows[end:])


def _dumped(tree: Any, text: str) -> str:
    """The tree as text, indented as it was."""
    from ruamel.yaml import util

    guess: Any = cast(Any, util).load_yaml_guess_indent
    _, indent, offset = guess(text)
    if offset is None:
        return dump_tree(tree)
    mapping = indent if indent and indent > 1 else 2
    return dump_tree(tree, mapping=min(mapping, 2) if offset else mapping, sequence=offset + 2, offset=offset)


def _checked(text: str, where: str, path: KeyPath, wanted: Tree) -> str:
    if _comparable(parse_document(text, where).values) != _comparable(wanted):
        raise _unchangeable(where, path)
    return text


def _unchangeable(where: str, path: KeyPath) -> ConfigError:
    return ConfigError(f"{where}: {dotted(path)} cannot be changed without touching something else. Edit it by hand.")


def _flowing(value: Any) -> Any:
    """A list as ``[a, b]`` on one line."""
    if not isinstance(value, list):
        return value
    from ruamel.yaml.comments import CommentedSeq

    written: Any = CommentedSeq(cast("list[Any]", value))
    written.fa.set_flow_style()
    return written


def _with(values: Tree, path: KeyPath, value: Any) -> Tree:
    changed = copy.deepcopy(values)
    section: Any = changed
    for part in path[:-1]:
        if section.get(part) is None:
            section[part] = {}
        section = section[part]
    section[path[-1]] = value
    return changed


def _without(values: Tree, path: KeyPath) -> Tree:
    changed = copy.deepcopy(values)
    section: Any = changed
    for part in path[:-1]:
        section = section[part]
    del section[path[-1]]
    return changed


def _comparable(values: Tree) -> Tree:
    """Without the version; an empty section is none."""
    kept: Tree = {}
    for key, value in values.items():
        if key != VERSION_KEY:
            kept[key] = (_comparable(cast(Tree, value)) or None) if isinstance(value, dict) else value
    return kept
