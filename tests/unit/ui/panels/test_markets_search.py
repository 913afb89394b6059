from __future__ import annotations

import pytest

from tests.analysis_results import score_row
from virtuoso_desktop.engine.analysis_views import ScoreRow
from virtuoso_desktop.ui.panels.markets_search import conditions

HIGH = score_row("BTC", (80.0, 75.0, None, 70.0, 78.0, 60.0))
LOW = score_row("XRP", (20.0, 30.0, None, 25.0, 28.0, 40.0))
NAMES = "btc btcusdt bybit perp"


def holds(words: str, scores: ScoreRow | None, names: str = NAMES) -> bool:
    return all(condition(names, scores) for condition in conditions(words))


@pytest.mark.parametrize(
    "words", ["", "btc", "BTC perp", "buy", "moderate", "score > 70", "score>70 and t >= 80", "s<61"]
)
def test_what_is_found(words: str) -> None:
    assert holds(words, HIGH)


@pytest.mark.parametrize(
    "words", ["eth", "sell", "score > 90", "score < 50", "f > 0", "volume > 75", "score > 7O", "and"]
)
def test_what_is_not_found(words: str) -> None:
    assert not holds(words, HIGH)


def test_a_side_finds_its_signals() -> None:
    assert holds("sell", LOW)
    assert not holds("buy", LOW)


def test_nothing_is_compared_with_scores_that_are_not_there() -> None:
    assert not holds("score > 0", None)
    assert not holds("score < 100", None)
    assert holds("btc", None)
