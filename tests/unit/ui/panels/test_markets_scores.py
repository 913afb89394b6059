from __future__ import annotations

from typing import Any

import pytest

from tests.analysis_results import CANDLES_ONLY, CLOSED_MS, score_row
from tests.market_rows import NOW_MS, row
from virtuoso_desktop.engine.analysis_views import AnalysisState, ScoreRow
from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.model.result import Profile, SignalKind, SignalStrength
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.cell import Cell
from virtuoso_desktop.ui.panels.markets_columns import DIMENSIONS, SCORE, SIGNAL
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.panels.markets_scores import MarketScores

MOCK = (75.0, 80.0, 65.0, 70.0, 78.0, 60.0)
DASH = "\u2014"


def rows_of(*scores: ScoreRow, now_ms: int = NOW_MS, **fields: Any) -> MarketsRows:
    made = MarketsRows()
    made.show_scores(MarketScores())
    made.advance(now_ms)
    made.apply([row(each.instrument_id.symbol.removesuffix("USDT"), **fields) for each in scores], 0)
    made.apply_scores(scores)
    made.rearrange()
    return made


def cells(rows: MarketsRows, index: int = 0) -> tuple[Cell, ...]:
    return rows.cells(index)[DIMENSIONS[0] : SIGNAL + 1]


def texts(rows: MarketsRows, index: int = 0) -> list[str]:
    return [cell.text for cell in cells(rows, index)]


def coins(rows: MarketsRows) -> list[str]:
    return [instrument.symbol.removesuffix("USDT") for instrument in rows.order]


def test_the_row_of_the_picture() -> None:
    assert texts(rows_of(score_row("BTC", MOCK))) == ["75", "80", "65", "70", "78", "60", "72.7", "BUY"]


def test_a_row_without_scores_has_em_dashes_that_say_why() -> None:
    plain = MarketsRows()
    plain.apply([row("BTC")], 0)
    plain.rearrange()
    preparing = rows_of(ScoreRow(score_row("BTC", MOCK).instrument_id, Timeframe.M5, AnalysisState.PREPARING))
    warming = rows_of(ScoreRow(score_row("BTC", MOCK).instrument_id, Timeframe.M5, AnalysisState.WARM_UP))
    for rows, why in ((plain, "prepared"), (preparing, "prepared"), (warming, "too few candles")):
        assert texts(rows) == [DASH] * 8
        assert all(why in cell.spoken for cell in cells(rows))
        assert why in rows.tooltip(0, SCORE)


def test_a_dimension_that_is_missing_is_an_em_dash_without_tint() -> None:
    rows = rows_of(score_row("BTC", (75.0, 80.0, None, 70.0, 78.0, 60.0)))
    assert texts(rows)[2] == DASH
    assert cells(rows)[2].plates == ()
    assert "the data for it are not there" in rows.tooltip(0, DIMENSIONS[2])


def test_what_this_version_does_not_analyse_is_said_in_words() -> None:
    scores = score_row(
        "BTC", (75.0, 80.0, None, None, 78.0, None), not_analysed=CANDLES_ONLY, profile=Profile.CANDLES_ONLY
    )
    rows = rows_of(scores)
    for place in (2, 3, 5):
        assert "not analysed in this version" in cells(rows)[place].spoken
        assert "not analysed in this version" in rows.tooltip(0, DIMENSIONS[place])
    assert "Candles only" in rows.tooltip(0, SCORE)


@pytest.mark.parametrize("fields", [{"state": RowState.STALE}, {}], ids=["ticker", "candles"])
def test_stale_rows_have_neither_tint_nor_score_nor_signal(fields: dict[str, Any]) -> None:
    now_ms = NOW_MS if fields else CLOSED_MS + 500_000
    rows = rows_of(score_row("BTC", MOCK), now_ms=now_ms, **fields)
    assert texts(rows) == ["75", "80", "65", "70", "78", "60", DASH, DASH]
    assert all(cell.plates == () for cell in cells(rows))
    assert {part.ink.token for cell in cells(rows) for part in cell.parts} == {"muted"}


def test_a_row_turns_stale_by_the_clock_alone() -> None:
    rows = rows_of(score_row("BTC", MOCK))
    assert texts(rows)[-1] == "BUY"
    assert rows.advance(CLOSED_MS + 451_000)
    assert texts(rows)[-2:] == [DASH, DASH]


def test_provisional_scores_are_marked_in_sign_outline_and_words() -> None:
    rows = rows_of(score_row("BTC", MOCK, forming=True))
    assert texts(rows)[6] == "~72.7"
    assert all("provisional" in cell.spoken for cell in cells(rows)[:7])
    assert "Provisional" in rows.tooltip(0, SCORE)


def test_what_has_no_room_gives_way() -> None:
    rows = rows_of(score_row("BTC", MOCK))
    rows.has_bar = rows.has_word = False
    rows.reformat()
    assert texts(rows)[-1] == "B"
    assert cells(rows)[6].plates == ()
    assert cells(rows)[7].spoken == "buy, moderate"


def test_sorting_by_score_signal_and_dimension() -> None:
    rows = rows_of(
        score_row("BTC", MOCK),
        score_row("ETH", (60.0,) * 6),
        score_row("SOL", (20.0, 90.0, 20.0, 20.0, 20.0, 20.0)),
        score_row("XRP", (None,) * 6),
    )
    rows.sort_column = "score"
    rows.rearrange()
    assert coins(rows) == ["BTC", "ETH", "SOL", "XRP"]
    rows.sorts_down = False
    rows.rearrange()
    assert coins(rows) == ["SOL", "ETH", "BTC", "XRP"], "what is missing comes last either way"
    rows.sort_column, rows.sorts_down = "volume_score", True
    rows.rearrange()
    assert coins(rows)[:2] == ["SOL", "BTC"]


def test_equal_scores_stand_by_turnover() -> None:
    rows = rows_of(score_row("SOL", MOCK), score_row("BTC", MOCK), score_row("ETH", MOCK))
    rows.sort_column = "score"
    rows.rearrange()
    assert coins(rows) == ["BTC", "ETH", "SOL"]


def test_searching_by_signal_and_score() -> None:
    rows = rows_of(score_row("BTC", MOCK), score_row("ETH", (60.0,) * 6), score_row("SOL", (20.0,) * 6))
    for words, expected in (("sell", ["SOL"]), ("score > 55", ["BTC", "ETH"]), ("p>70 and btc", ["BTC"])):
        rows.set_filter(words)
        rows.rearrange()
        assert sorted(coins(rows)) == expected
    rows.set_filter("")
    rows.rearrange()
    assert len(coins(rows)) == 3


def test_a_tooltip_tells_candle_agreement_and_opinion() -> None:
    rows = rows_of(score_row("BTC", MOCK, strength=SignalStrength.STRONG))
    said = rows.tooltip(0, SIGNAL)
    assert "Confluence 72.7 of 100, BUY STRONG, agreement 0.70 (not a probability)." in said
    assert "5m, last candle closed" in said
    assert "UTC" in said
    assert "not advice" in said
    calm = rows_of(score_row("BTC", (55.0,) * 6, signal=SignalKind.NEUTRAL))
    assert "no signal" in calm.tooltip(0, SIGNAL)
    assert "not advice" not in calm.tooltip(0, SIGNAL)


def test_an_instrument_that_went_takes_its_scores_along() -> None:
    rows = rows_of(score_row("BTC", MOCK), score_row("ETH", MOCK))
    rows.keep_only([rows.order[0]])
    rows.apply([row("ETH")], 0)
    rows.rearrange()
    shown = {coin: texts(rows, place)[6] for place, coin in enumerate(coins(rows))}
    assert sorted(shown.values()) == ["72.7", DASH]
