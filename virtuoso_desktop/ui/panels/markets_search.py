"""What the search field of Markets understands: names, ``buy`` and ``sell``, and ``score > 70``. No Qt."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from virtuoso_desktop.engine.analysis_views import ScoreRow
from virtuoso_desktop.model.result import DimensionName, SignalKind
from virtuoso_desktop.ui.analysis_words import LETTERS, STRENGTHS
from virtuoso_desktop.ui.panels.markets_scores import column_value

Condition = Callable[[str, ScoreRow | None], bool]
"""Of the row's names, lower case, and its scores (None while stale or not there)."""
_COMPARISON = re.compile(r"([a-z_]+)\s*(>=|<=|>|<)\s*(\d+(?:\.\d+)?)(?=\s|$)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
_COLUMNS = {"score": "score", "structure": "price_structure_score"}
_COLUMNS |= {name.value: f"{name.value}_score" for name in DimensionName}
_COLUMNS |= {letter.lower(): f"{name.value}_score" for name, letter in LETTERS.items()}


def conditions(words: str) -> tuple[Condition, ...]:
    """All have to hold; empty for an empty search. ``and`` may stand between them."""
    rest = words.casefold()
    found: list[Condition] = []
    for match in _COMPARISON.finditer(rest):
        if match[1] in _COLUMNS:
            found.append(_comparison(_COLUMNS[match[1]], _COMPARE[match[2]], float(match[3])))
            rest = rest.replace(match[0], " ")
    return (*found, *(_named(word) for word in rest.split() if word != "and" or not found))


def _comparison(column: str, compare: Callable[[float, float], bool], than: float) -> Condition:
    def check(_names: str, scores: ScoreRow | None) -> bool:
        score = None if scores is None else column_value(scores, column)
        return score is not None and compare(score, than)

    return check


def _named(word: str) -> Condition:
    def check(names: str, scores: ScoreRow | None) -> bool:
        return word in names or (scores is not None and word in _signal_words(scores))

    return check


def _signal_words(scores: ScoreRow) -> tuple[str, ...]:
    if scores.signal is SignalKind.NEUTRAL:
        return ()
    return scores.signal.value.lower(), *STRENGTHS[scores.strength].lower().split()
