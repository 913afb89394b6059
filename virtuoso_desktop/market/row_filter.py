"""A filter over rows, as a person types it: ``score > 70 and volume24h > 5e7``, ``not (symbol ~ eth or buy)``.

The text is parsed by recursive descent into comparisons of named fields with numbers and words; nothing of it is ever
run. Every mistake is a `FilterError` that says in words what and where. A value that a row does not have makes a
comparison neither true nor false, and the filter says so, so that such rows can be counted.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, NoReturn

from virtuoso_desktop.model.errors import VirtuosoError

MOST_CHARACTERS = 1_000
MOST_NESTED = 32
LARGEST = 1e30
Verdict = bool | None
"""None: a value is missing, and without it nothing can be said."""
Check = Callable[[Any], Verdict]
"""Of one row."""


class FilterError(VirtuosoError):
    """What is wrong with a filter; ``at`` is the character (from 0) where."""

    def __init__(self, words: str, at: int) -> None:
        super().__init__(f"{words} (at character {at + 1})")
        self.at = at


class Unit(Enum):
    """What a number after ``%`` means for a field."""

    PLAIN = "a number"
    PERCENT = "a per cent"
    BPS = "hundredths of a per cent"


class Field(NamedTuple):
    """Something that rows can be filtered by."""

    name: str
    about: str
    read: Callable[[Any], float | tuple[str, ...] | None]
    """The value in a row: a number, or words of which any may match; None when the row has none."""
    is_text: bool = False
    unit: Unit = Unit.PLAIN
    choices: tuple[str, ...] = ()
    """The only words that its values can be; empty for any."""
    aliases: tuple[str, ...] = ()


class Token(NamedTuple):
    """``kind`` is ``op``, ``open``, ``close``, ``quoted``, ``run`` or ``end``."""

    kind: str
    text: str
    at: int


_TOKEN = re.compile(
    r"\s*(?:(?P<op>>=|<=|!=|!~|==|=|<|>|~)|(?P<open>\()|(?P<close>\))"
    r'|"(?P<quoted>[^"]*)"|(?P<run>[\w.:+%/\u2212-]+)|(?P<end>$))'
)
_NUMBER = re.compile(r"([+-]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,4})?)([kmbt%]?)", re.IGNORECASE)
_SUFFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
JOINING = ("and", "or")
WORDS = (*JOINING, "not")
NUMBER_OPERATORS = (">", ">=", "<", "<=", "=", "!=")
TEXT_OPERATORS = ("=", "!=", "~", "!~")


def tokens_of(text: str) -> list[Token]:
    """The pieces of a filter, an ``end`` last. Raises FilterError."""
    if len(text) > MOST_CHARACTERS:
        raise FilterError(f"The filter is longer than {MOST_CHARACTERS} characters", MOST_CHARACTERS)
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            at = len(text) - len(text[at:].lstrip())
            if text[at] == '"':
                raise FilterError("The closing quotation mark is missing", at)
            raise FilterError(f"\u201c{text[at]}\u201d means nothing in a filter", at)
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def names_of(fields: tuple[Field, ...]) -> dict[str, Field]:
    """Fields by every name they have."""
    return {name: field for field in fields for name in (field.name, *field.aliases)}


def parse(text: str, fields: Mapping[str, Field], named: Callable[[str], Check]) -> Check | None:
    """The filter as a check of one row; None for an empty text.

    Parameters
    ----------
    text : str
        As typed.
    fields : mapping of str to Field
        By lower-case name, see `names_of`.
    named : callable
        What a word that stands alone, lower case, asks of a row.

    Raises
    ------
    FilterError
        It cannot be understood.
    """
    tokens = tokens_of(text)
    return None if len(tokens) == 1 else _Parser(tokens, fields, named).whole()


class _Parser:
    """Recursive descent; `MOST_NESTED` bounds it."""

    def __init__(self, tokens: list[Token], fields: Mapping[str, Field], named: Callable[[str], Check]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._named = named
        self._place = 0
        self._depth = 0

    def whole(self) -> Check:
        found = self._either()
        token = self._now
        if token.kind == "close":
            raise FilterError("There is no open parenthesis for this one", token.at)
        return found

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._now
        self._place += 1
        return token

    def _takes_word(self, word: str) -> bool:
        is_there = self._now.kind == "run" and self._now.text.casefold() == word
        self._place += is_there
        return is_there

    def _either(self) -> Check:
        parts = [self._all()]
        while self._takes_word("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else _any_of(tuple(parts))

    def _all(self) -> Check:
        parts = [self._one()]
        while True:
            if not self._takes_word("and") and not self._begins_one():
                break
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else _all_of(tuple(parts))

    def _begins_one(self) -> bool:
        """Whether another condition follows without ``and``."""
        token = self._now
        return token.kind in ("run", "quoted", "open") and token.text.casefold() != "or"

    def _one(self) -> Check:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise FilterError(f"More than {MOST_NESTED} parentheses or nots within each other", self._now.at)
        if self._takes_word("not"):
            found = _negated(self._one())
        elif self._now.kind == "open":
            found = self._group()
        else:
            found = self._condition()
        self._depth -= 1
        return found

    def _group(self) -> Check:
        opened = self._take()
        found = self._either()
        if self._now.kind != "close":
            raise FilterError("The parenthesis is not closed", opened.at)
        self._place += 1
        return found

    def _condition(self) -> Check:
        token = self._take()
        if token.kind == "quoted":
            return self._named(token.text.casefold())
        name = token.text.casefold()
        if token.kind != "run" or name in JOINING:
            _refuse_beginning(token)
        if self._now.kind == "op":
            return self._comparison(token, self._field(token), self._take())
        if self._now.kind == "open" and self._now.at == token.at + len(token.text):
            raise FilterError(f"\u201c{token.text}(\u201d looks like a call; a filter runs nothing", token.at)
        if name in self._fields and len(name) > 1:
            raise FilterError(_needs_comparison(self._fields[name], token.text), token.at)
        return self._named(name)

    def _field(self, token: Token) -> Field:
        field = self._fields.get(token.text.casefold())
        if field is None:
            near = difflib.get_close_matches(token.text.casefold()[:40], self._fields, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise FilterError(f"\u201c{_short(token.text)}\u201d is no column{meant}", token.at)
        return field

    def _comparison(self, name: Token, field: Field, sign: Token) -> Check:
        allowed = TEXT_OPERATORS if field.is_text else NUMBER_OPERATORS
        how = "=" if sign.text == "==" else sign.text
        if how not in allowed:
            what = "words" if field.is_text else "numbers"
            raise FilterError(f"{name.text} holds {what}: compare it by {' '.join(allowed)}", sign.at)
        value = self._now
        if value.kind not in ("run", "quoted") or value.text.casefold() in WORDS:
            what = "a word" if field.is_text else "a number"
            raise FilterError(f"After \u201c{name.text} {sign.text}\u201d {what} is missing", value.at)
        self._place += 1
        return _text_check(field, how, value) if field.is_text else _number_check(field, how, value)


def _refuse_beginning(token: Token) -> NoReturn:
    if token.kind == "end":
        raise FilterError("A condition is missing at the end", token.at)
    if token.kind == "close":
        raise FilterError("A condition is missing before this parenthesis", token.at)
    raise FilterError(f"A condition is missing before \u201c{token.text}\u201d", token.at)


def _needs_comparison(field: Field, name: str) -> str:
    if field.is_text:
        return f"{name} is a column: compare it, such as {name} = {field.choices[0] if field.choices else 'word'}"
    return f"{name} is a column: compare it, such as {name} > 10, or put the word in quotation marks to search for it"


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:24]}\u2026"


def _number(token: Token, unit: Unit) -> tuple[float, int]:
    """The number and how many decimals were written. Raises FilterError."""
    text = token.text.replace("\u2212", "-")
    match = _NUMBER.fullmatch(text)
    if match is None or token.kind == "quoted":
        raise FilterError(f"\u201c{_short(token.text)}\u201d is no number such as 70, 5e7, 50M or 2%", token.at)
    digits, suffix = match[1].replace("_", ""), match[2].lower()
    if suffix == "%" and unit is Unit.PLAIN:
        raise FilterError("A per cent does not fit: this column holds amounts", token.at)
    scale = 1.0 if suffix == "%" else _SUFFIXES[suffix]
    if suffix == "%" and unit is Unit.BPS:
        scale = 100.0
    value = float(digits) * scale
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise FilterError(f"\u201c{_short(token.text)}\u201d is too large for a filter", token.at)
    is_plain = scale == 1.0 and "e" not in digits.lower()
    return value, len(digits.partition(".")[2]) if is_plain else 0


def _number_check(field: Field, how: str, token: Token) -> Check:
    than, decimals = _number(token, field.unit)
    read = field.read
    compare = _COMPARE.get(how)
    if compare is None:
        wanted = how == "="
        near = 0.5 * 10.0**-decimals

        def check_equal(row: Any) -> Verdict:
            """Equal as far as it was written: 70 is 70.3, too."""
            value: Any = read(row)
            return None if value is None else (abs(value - than) <= near) is wanted

        return check_equal

    def check(row: Any) -> Verdict:
        value: Any = read(row)
        return None if value is None else compare(value, than)

    return check


def _text_check(field: Field, how: str, token: Token) -> Check:
    word = token.text.casefold()
    if field.choices and how in ("=", "!=") and word not in {choice.casefold() for choice in field.choices}:
        raise FilterError(f"{field.name} is one of {', '.join(field.choices)}", token.at)
    wanted = not how.startswith("!")
    is_part = how.endswith("~")
    read = field.read

    def check(row: Any) -> Verdict:
        values: Any = read(row)
        if values is None:
            return None
        found = any(word in value for value in values) if is_part else word in values
        return found is wanted

    return check


def _all_of(parts: tuple[Check, ...]) -> Check:
    def check(row: Any) -> Verdict:
        result: Verdict = True
        for part in parts:
            verdict = part(row)
            if verdict is False:
                return False
            if verdict is None:
                result = None
        return result

    return check


def _any_of(parts: tuple[Check, ...]) -> Check:
    def check(row: Any) -> Verdict:
        result: Verdict = False
        for part in parts:
            verdict = part(row)
            if verdict:
                return True
            if verdict is None:
                result = None
        return result

    return check


def _negated(part: Check) -> Check:
    def check(row: Any) -> Verdict:
        verdict = part(row)
        return None if verdict is None else not verdict

    return check
