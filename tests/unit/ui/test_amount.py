from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.ui.amount import MOST, amount_text, parse_amount


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("100K", 1e5), (" 1.5m ", 1.5e6), ("250,000", 2.5e5), ("2 000", 2e3), (".5", 0.5), ("3B", 3e9), ("7.", 7.0)],
)
def test_what_a_person_types(typed: str, amount: float) -> None:
    assert parse_amount(typed) == amount


@pytest.mark.parametrize(
    "typed", ["", "0", "-5", "K", "1e9", "inf", "nan", "1.2.3", "10 USD", "\u0661\u0662", "9" * 40]
)
def test_what_is_no_amount(typed: str) -> None:
    assert parse_amount(typed) is None


@given(st.integers(1, int(MOST)))
def test_what_is_written_is_read_back(value: int) -> None:
    assert parse_amount(amount_text(value)) == value
