"""Filters as a person types them: understood, judged with missing values, or refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.market.filter_completion import completion, is_unfinished
from virtuoso_desktop.market.row_filter import (
    MOST_CHARACTERS,
    Check,
    Field,
    FilterError,
    Unit,
    Verdict,
    names_of,
    parse,
)

Row = dict[str, Any]
FIELDS = names_of(
    (
        Field("score", "Score", lambda row: row.get("score")),
        Field("volume24h", "Volume", lambda row: row.get("volume"), aliases=("turnover",)),
        Field("change24h", "Change", lambda row: row.get("change"), unit=Unit.PERCENT),
        Field("spread", "Spread", lambda row: row.get("spread"), unit=Unit.BPS),
        Field("signal", "Signal", lambda row: row.get("signal"), True, choices=("BUY", "SELL")),
        Field("symbol", "Symbol", lambda row: row.get("symbol"), True),
    )
)
ETH: Row = {
    "score": 72.3,
    "volume": 6e7,
    "change": -2.5,
    "spread": 0.4,
    "signal": ("buy",),
    "symbol": ("eth", "ethusdt"),
}


def named(word: str) -> Check:
    return lambda row: any(word in name for name in row.get("symbol", ()))


def judged(text: str, row: Row = ETH) -> Verdict:
    check = parse(text, FIELDS, named)
    assert check is not None
    return check(row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("score > 70 and volume24h > 5e7", True),
        ("score>70 volume24h>50M", True),
        ("score > 70 and volume24h > 0.1b", False),
        ("SCORE >= 72.3", True),
        ("score = 72", True),
        ("score = 72.0", False),
        ("score != 72", False),
        ("turnover < 60_000_001", True),
        ("change24h < -2%", True),
        ("change24h < \u22122", True),
        ("spread < 0.01%", True),
        ("signal = BUY", True),
        ("signal != buy", False),
        ("signal == sell or symbol ~ eth", True),
        ("symbol !~ eth", False),
        ("symbol = eth", True),
        ('symbol = "ethusdt"', True),
        ("eth", True),
        ('"score"', False),
        ("btc or eth", True),
        ("not btc and not (score < 70 or signal = sell)", True),
        ("btc or eth and sell", False),
        ("(btc or eth) score > 1", True),
        ("not not eth", True),
    ],
)
def test_understood_and_judged(text: str, expected: bool) -> None:
    assert judged(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("score > 70", None),
        ("not score > 70", None),
        ("score > 70 and btc", False),
        ("score > 70 or eth", True),
        ("score > 70 and eth", None),
        ("score > 70 or btc", None),
        ("signal = buy", None),
    ],
)
def test_a_missing_value_says_neither_yes_nor_no(text: str, expected: Verdict) -> None:
    assert judged(text, {"symbol": ("eth",)}) is expected


@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("score >", "After \u201cscore >\u201d a number is missing", 7),
        ("score > and eth", "a number is missing", 8),
        ("score > seventy", "\u201cseventy\u201d is no number", 8),
        ("score > 7O", "\u201c7O\u201d is no number", 8),
        ('score > "70"', "is no number", 9),
        ("score ~ 7", "score holds numbers: compare it by > >= < <= = !=", 6),
        ("signal > 7", "signal holds words: compare it by = != ~ !~", 7),
        ("signal = maybe", "signal is one of BUY, SELL", 9),
        ("vloume24h > 5", "is no column; did you mean volume24h?", 0),
        ("score", "score is a column: compare it, such as score > 10", 0),
        ("signal", "signal is a column: compare it, such as signal = BUY", 0),
        ("(score > 70", "The parenthesis is not closed", 0),
        ("score > 70)", "no open parenthesis", 10),
        ("()", "missing before this parenthesis", 1),
        ("and eth", "missing before \u201cand\u201d", 0),
        ("eth and", "missing at the end", 7),
        ("eth or or btc", "missing before \u201cor\u201d", 7),
        ("not", "missing at the end", 3),
        ("> 5", "missing before \u201c>\u201d", 0),
        ("score > 5%", "A per cent does not fit", 8),
        ('symbol = "eth', "closing quotation mark is missing", 9),
        ("score > 1e999", "too large", 8),
        ("score > " + "9" * 400, "too large", 8),
        ("score > 70; eth", "\u201c;\u201d means nothing", 10),
        ("__import__('os')", "\u201c'\u201d means nothing", 11),
        ("__import__(os)", "looks like a call; a filter runs nothing", 0),
        ("score.__class__ > 5", "is no column", 0),
        ("lambda: 0 > 5", "is no column", 8),
        ("(" * 40 + "eth" + ")" * 40, "More than 32 parentheses", 32),
        ("not " * 40 + "eth", "More than 32 parentheses or nots", 128),
        ("(" * 10_000, f"longer than {MOST_CHARACTERS}", MOST_CHARACTERS),
    ],
)
def test_refused_in_words_with_the_place(text: str, words: str, at: int) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text, FIELDS, named)
    assert words in refused.value.user_text
    assert refused.value.at == at
    assert f"(at character {at + 1})" in refused.value.user_text


def test_an_empty_filter_is_none() -> None:
    assert parse("   ", FIELDS, named) is None


PIECES = st.sampled_from(
    [
        "score",
        "signal",
        "symbol",
        "eth",
        "and",
        "or",
        "not",
        "(",
        ")",
        ">",
        "<=",
        "=",
        "~",
        "70",
        "5e7",
        "2%",
        '"',
        "BUY",
        "'",
        "\n",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map(" ".join)))
def test_whatever_is_typed_is_a_filter_or_an_error_in_words(text: str) -> None:
    refused: FilterError | None = None
    check: Check | None = None
    try:
        check = parse(text, FIELDS, named)
    except FilterError as error:
        refused = error
    assert refused is None or (refused.user_text and 0 <= refused.at <= max(len(text), MOST_CHARACTERS))
    assert check is None or check(ETH) in (True, False, None)


@given(st.text(max_size=60), st.integers(0, 60))
def test_completion_never_fails(text: str, caret: int) -> None:
    found = completion(text, caret, FIELDS)
    assert 0 <= found.start <= max(caret, len(text))
    assert is_unfinished(text, FIELDS) in (True, False)


@given(st.floats(0, 100), st.floats(0, 100))
def test_numbers_compare_as_they_are(value: float, than: float) -> None:
    assert judged(f"score > {than!r}", {"score": value}) is (value > than)
    assert judged(f"not score > {than!r}", {"score": value}) is not (value > than)


@pytest.mark.parametrize(
    ("text", "start", "offered"),
    [
        ("sco", 0, ["score"]),
        ("s", 0, ["score", "spread", "signal", "symbol"]),
        ("score ", 6, [">", ">=", "<", "<=", "=", "!="]),
        ("signal ", 7, ["=", "!=", "~", "!~"]),
        ("signal = ", 9, ["BUY", "SELL"]),
        ("signal = b", 9, ["BUY"]),
        ("score > 70 a", 11, ["and"]),
        ("score > 70 and vol", 15, ["volume24h"]),
        ("(n", 1, ["not"]),
        ("score > ", 8, []),
        ("score", 0, []),
        ("'", 1, []),
    ],
)
def test_what_can_come_next(text: str, start: int, offered: list[str]) -> None:
    found = completion(text, len(text), FIELDS)
    assert (found.start, [option.text for option in found.options]) == (start, offered)


@pytest.mark.parametrize(
    "text",
    ["score", "score >", "score > 70 and", "score > 70 and vol", "eth or", "not", "(", "eth s", "eth an", "signal ="],
)
def test_what_is_on_its_way(text: str) -> None:
    assert is_unfinished(text, FIELDS)


@pytest.mark.parametrize(
    "text", ["", "eth", "sco", "score > 7", "score > 70 and eth", "signal = b", "eth)", "'", '"score"']
)
def test_what_stands_as_it_is(text: str) -> None:
    assert not is_unfinished(text, FIELDS)
