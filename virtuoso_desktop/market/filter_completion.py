"""What can come next while a person types a filter, see `row_filter`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from virtuoso_desktop.market.row_filter import (
    JOINING,
    NUMBER_OPERATORS,
    TEXT_OPERATORS,
    WORDS,
    Field,
    FilterError,
    Token,
    tokens_of,
)

_PREFIX = re.compile(r"[\w.]*$")
_ABOUT = {
    "and": "both have to hold",
    "or": "one of them has to hold",
    "not": "the opposite",
    ">": "more than",
    ">=": "at least",
    "<": "less than",
    "<=": "at most",
    "=": "equal",
    "!=": "not equal",
    "~": "holds the letters",
    "!~": "does not hold the letters",
}


class Option(NamedTuple):
    """One way to go on."""

    text: str
    about: str


class Completion(NamedTuple):
    """``options`` may stand in the place of the characters from ``start`` up to the caret."""

    start: int
    options: tuple[Option, ...]


def completion(text: str, caret: int, fields: Mapping[str, Field]) -> Completion:
    """How the filter may go on at the caret; no options where nothing is to be offered."""
    before = text[:caret]
    prefix = _PREFIX.search(before)
    start = prefix.start() if prefix is not None else caret
    try:
        tokens = tokens_of(before[:start])[:-1]
    except FilterError:
        return Completion(start, ())
    typed = before[start:].casefold()
    options = tuple(
        option
        for option in _options(tokens, fields)
        if option.text.casefold().startswith(typed) and option.text != typed
    )
    return Completion(start, options)


def is_unfinished(text: str, fields: Mapping[str, Field]) -> bool:
    """Whether the end of a filter is on its way to something else: no use judging it while somebody types on."""
    try:
        tokens = tokens_of(text)[:-1]
    except FilterError:
        return False
    if not tokens:
        return False
    last, before = tokens[-1], tokens[-2] if len(tokens) > 1 else None
    if last.kind in ("op", "open") or _is_word(last, WORDS):
        return True
    if last.kind != "run" or (before is not None and before.kind == "op"):
        return False
    typed = last.text.casefold()
    if typed in fields and len(typed) > 1:
        return True
    return before is not None and any(name.startswith(typed) for name in (*fields, *WORDS))


def _options(tokens: list[Token], fields: Mapping[str, Field]) -> list[Option]:
    last = tokens[-1] if tokens else None
    before = tokens[-2] if len(tokens) > 1 else None
    if last is None or last.kind == "open" or _is_word(last, WORDS):
        return [*_fields(fields), Option("not", _ABOUT["not"])]
    if last.kind == "op":
        field = fields.get(before.text.casefold()) if before is not None else None
        return [Option(choice, "") for choice in field.choices] if field is not None else []
    field = fields.get(last.text.casefold()) if last.kind == "run" else None
    if field is not None and (before is None or before.kind != "op"):
        return [Option(sign, _ABOUT[sign]) for sign in (TEXT_OPERATORS if field.is_text else NUMBER_OPERATORS)]
    return [*(Option(word, _ABOUT[word]) for word in JOINING), *_fields(fields)]


def _fields(fields: Mapping[str, Field]) -> list[Option]:
    return [Option(field.name, field.about) for name, field in fields.items() if name == field.name]


def _is_word(token: Token, words: tuple[str, ...]) -> bool:
    return token.kind == "run" and token.text.casefold() in words
