from __future__ import annotations

import pytest

from tests.analysis_results import score_row
from tests.market_rows import NOW_MS, row
from virtuoso_desktop.engine.analysis_views import ScoreRow
from virtuoso_desktop.market.row_filter import FilterError, Verdict
from virtuoso_desktop.ui.panels.markets_columns import FILTER_NAMES, NAMES
from virtuoso_desktop.ui.panels.markets_search import FIELDS, search_check

HIGH = score_row("BTC", (80.0, 75.0, None, 70.0, 78.0, 60.0))
LOW = score_row("XRP", (20.0, 30.0, None, 25.0, 28.0, 40.0))
BTC = row(
    "BTC", 93_988.4, change_24h_pct=1.87, turnover_24h=6.9e9, spread_bps=0.1, funding_rate=0.000042,
    updated_ms=NOW_MS - 3_000, open_interest_quote=5e9, oi_change_1h_pct=0.3, oi_change_24h_pct=None,
)  # fmt: skip


def verdict(words: str, scores: ScoreRow | None = HIGH) -> Verdict:
    check = search_check(words)
    return True if check is None else check((BTC, scores, NOW_MS))


@pytest.mark.parametrize(
    "words",
    [
        "", "btc", "BTC perp", "buy", "moderate", "score > 70", "score>70 and t >= 80", "s<61", "signal = BUY",
        "signal != sell", "strength = moderate", "symbol = btc", "symbol ~ tcus", "symbol = bybit:linear:BTCUSDT",
        "volume24h > 5e9", "turnover > 5B", "change24h > 1.5%", "change24h = 1.9", "spread < 0.01%", "funding < 0.01%",
        "oi1h > 0.2", "oi > 4b", "age <= 3", "kind = perp and quote = usdt", "venue = bybit", "structure = 78",
        "last > 90k", "not sell", "eth or btc",
    ],
)  # fmt: skip
def test_what_is_found(words: str) -> None:
    assert verdict(words) is True


@pytest.mark.parametrize(
    "words", ["eth", "sell", "score > 90", "score < 50", "volume > 75", "symbol ~ eth", "signal = SELL", "spread > 1%"]
)
def test_what_is_not_found(words: str) -> None:
    assert verdict(words) is False


def test_a_side_finds_its_signals() -> None:
    assert verdict("sell", LOW) is True
    assert verdict("buy", LOW) is False


@pytest.mark.parametrize("words", ["score > 0", "score < 100", "not score > 0", "signal = buy", "score > 0 and btc"])
def test_nothing_is_said_of_scores_that_are_not_there(words: str) -> None:
    assert verdict(words, None) is None


def test_a_word_needs_no_scores_and_a_missing_dimension_is_missing() -> None:
    assert verdict("btc", None) is True
    assert verdict("buy", None) is False
    assert verdict("orderflow > 0") is None
    assert verdict("oi24h > 0 or score > 70") is True


def test_every_column_with_values_has_a_name_in_filters() -> None:
    assert set(NAMES) - FILTER_NAMES.keys() == {"sparkline"}
    assert set(FILTER_NAMES.values()) <= FIELDS.keys()


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    with pytest.raises(FilterError, match="did you mean volume24h"):
        search_check("volum24h > 5")
