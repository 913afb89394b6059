"""A YAML document as plain values, with the line of every key, and in words what is wrong with it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from virtuoso_desktop.model.errors import ConfigError

LARGEST_BYTES = 256_000
DEEPEST = 16
MOST_BRACKETS = 64
"""In one line: the parser takes seconds over a thousand of them."""

KeyPath = tuple[str | int, ...]
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """Values of a settings file. ``lines`` has the 1-based line of every key and list item."""

    where: str
    values: Tree
    lines: dict[KeyPath, int]


def read_document(path: Path) -> Document:
    """Read a settings file. Raises ConfigError with the line, FileNotFoundError when there is no file."""
    return parse_document(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Text of a settings file. Raises ConfigError with the line, FileNotFoundError when there is no file."""
    try:
        if path.is_file() and path.stat().st_size > LARGEST_BYTES:
            raise ConfigError(f"{path} is larger than {LARGEST_BYTES // 1000} kB, which no settings file is.")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(str(path), raw.count(b"\n", 0, error.start), "this is no UTF-8 text") from error


def parse_document(text: str, where: str) -> Document:
    """Parse YAML text whose top level is a mapping (or nothing). Raises ConfigError with the line."""
    return plain_document(parse_tree(text, where), where)


def parse_tree(text: str, where: str) -> Any:
    """Parse YAML text into ruamel's mapping, which keeps comments, order and lines; None for no settings at all."""
    tree = _load(text, where)
    if tree is not None and not isinstance(tree, dict):
        raise _unreadable(where, 0, "settings are written as `name: value`, one a line")
    return cast(Any, tree)


def plain_document(tree: Any, where: str) -> Document:
    """Plain values and lines of a tree of `parse_tree`. Raises ConfigError with the line."""
    document = Document(where, {}, {})
    if tree is not None:
        document.values.update(_Plain(document).convert(tree, (), 1))
    return document


def parse_value(text: str) -> Any:
    """Parse one YAML value: ``35``, ``true``, ``[spot, linear]``, ``dark``; empty text is null. Raises ConfigError."""
    return _Plain(Document("value", {}, {})).convert(_load(text, "value"), (), 1)


def _load(text: str, where: str) -> Any:
    from ruamel.yaml import YAML  # a settings file is parsed once: no reason to import it with the schema
    from ruamel.yaml.constructor import RoundTripConstructor
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    for index, row in enumerate(text.splitlines()):
        if row.count("[") + row.count("{") > MOST_BRACKETS:
            raise _unreadable(where, index, "nested too deeply")
    newest_line = 0

    class Constructor(RoundTripConstructor):
        """Notes where the value stands that is being made: Python's own errors carry no line."""

        def construct_object(self, node: Any, deep: bool = False) -> Any:
            nonlocal newest_line
            newest_line = int(node.start_mark.line)
            return cast(Any, super()).construct_object(node, deep)

    parser: Any = YAML(typ="rt", pure=True)
    parser.Constructor = Constructor
    parser.preserve_quotes = True
    fault: Any
    try:
        return parser.load(text)
    except ReaderError as error:
        fault = error
        raise _unreadable(where, text.count("\n", 0, fault.position), "a character that no text file has") from error
    except MarkedYAMLError as error:
        fault = error
        mark = fault.problem_mark or fault.context_mark
        raise _unreadable(where, newest_line if mark is None else int(mark.line), _problem(fault.problem)) from error
    except RecursionError as error:
        raise _unreadable(where, newest_line, "nested too deeply") from error
    except (YAMLError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError) as error:
        reason = next(iter(str(error).splitlines()), "this is no YAML")
        raise _unreadable(where, newest_line, reason.rstrip(".")) from error


def _unreadable(where: str, index: int, problem: str) -> ConfigError:
    return ConfigError(f"{where}, line {index + 1}: {problem}.", line=index + 1)


def _problem(problem: str | None) -> str:
    words = (problem or "this is no YAML").splitlines()[0].rstrip(". ")
    if words.startswith("found duplicate key"):
        return f"the key {words.split(chr(34))[1]} stands here a second time"
    if words == "but found another document":
        return "a second document begins here; a settings file is one document"
    if r"'\t'" in words:
        return "a tab; YAML is indented with spaces"
    return words


class _Plain:
    """Turns ruamel's values into plain ones and notes their lines."""

    def __init__(self, document: Document) -> None:
        self._where = document.where
        self._lines = document.lines
        self._seen: set[int] = set()

    def convert(self, value: Any, path: KeyPath, line: int) -> Any:
        if isinstance(value, (dict, list)):
            return self._convert_nested(value, path, line)
        if value is None or isinstance(value, (bool, dt.date)):
            return value
        for plain in (str, int, float):
            if isinstance(value, plain):
                return plain(value)
        raise _unreadable(self._where, line - 1, "YAML tags and sets are not used in settings")

    def _convert_nested(self, value: Any, path: KeyPath, line: int) -> Any:
        if len(path) >= DEEPEST:
            raise _unreadable(self._where, line - 1, "nested too deeply")
        if id(value) in self._seen:
            raise _unreadable(self._where, line - 1, "YAML aliases are not used in settings")
        self._seen.add(id(value))
        if isinstance(value, list):
            return [self._convert_entry(value, index, index, path, line) for index, _ in enumerate(cast(Any, value))]
        return {str(key): self._convert_entry(value, key, str(key), path, line) for key in value}

    def _convert_entry(self, value: Any, key: Any, name: str | int, path: KeyPath, line: int) -> Any:
        position = value.lc.data.get(key) if value.lc.data else None
        entry_line = position[0] + 1 if position else line
        self._lines[(*path, name)] = entry_line
        return self.convert(value[key], (*path, name), entry_line)
