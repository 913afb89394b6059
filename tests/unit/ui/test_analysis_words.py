from __future__ import annotations

import pytest

from tests.analysis_results import PARTS
from virtuoso_desktop.model.result import COMPONENTS, DimensionName, Reason
from virtuoso_desktop.ui import analysis_words as words

ALL = [part for parts in COMPONENTS.values() for part in parts]


def test_every_dimension_component_and_reason_has_words() -> None:
    assert list(words.DIMENSIONS) == list(DimensionName)
    assert "".join(words.LETTERS.values()) == "TVFBPS"
    assert list(words.DIMENSION_OF) == ALL
    assert set(words.NAMES) == set(words.COMPONENT_ABOUT) == set(ALL)
    assert set(words.REASONS) == set(words.REASONS_IN_FULL) == {reason.value for reason in Reason}


@pytest.mark.parametrize("part", ALL)
def test_every_component_has_a_unit(part: str) -> None:
    value = PARTS[part][1]
    assert words.value_words(part, value, 1) != "\u2014"
    assert words.value_words(part, None, 1) == "\u2014"


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("rsi", 65.5, "65.5"),
        ("macd", -38.64, "\u221238.6"),
        ("ema_crossover", 1.0, "+1"),
        ("obv", 125_040.0, "125,040"),
        ("obv", -734_767_564.1, "\u2212735M"),
        ("volume_delta", 12_345.6, "+12.3K"),
        ("vwap", 93_504.94, "93,504.9"),
        ("support_resistance", 0.82, "0.82 ATR"),
        ("trend_analysis", 0.11, "+0.11 ATR"),
        ("funding_rate", 0.000042, "+0.0042\u2009%"),
        ("open_interest_change", 0.31, "+0.31\u2009%"),
    ],
)
def test_values_in_their_units(part: str, value: float, said: str) -> None:
    assert words.value_words(part, value, 1) == said


def test_what_this_version_does_not_analyse_is_called_that() -> None:
    assert words.reason_words("MISSING", is_analysed=False) == "not analysed in this version"
    assert words.reason_words("MISSING", is_analysed=True) == "the data for it are not there"
    assert words.reason_words("", is_analysed=True) == ""
