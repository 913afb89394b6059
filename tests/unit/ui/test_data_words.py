"""Inputs in words: what can be used, what is wrong first, shares that never round to a lie."""

from __future__ import annotations

from typing import Any

import pytest

from virtuoso_desktop.engine.input_views import InputKind, InputState, InputsView, InputView
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui import data_words as words
from virtuoso_desktop.ui import format as text

NOW_MS = 1_764_349_200_000
BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
FLOW = (DimensionName.VOLUME, DimensionName.ORDERFLOW)


def view(*inputs: InputView, **more: Any) -> InputsView:
    return InputsView(BTC, NOW_MS, inputs, **more)


def trades(state: InputState = InputState.LIVE, **more: Any) -> InputView:
    return InputView(InputKind.TRADES, state, FLOW, **more)


def only_row(each: InputView) -> words.DataRow:
    (row,) = words.rows_of(view(each))
    return row


def test_a_row_tells_since_when_how_old_and_how_complete() -> None:
    row = only_row(
        InputView(
            InputKind.CANDLES, InputState.LIVE, (DimensionName.TECHNICAL,), Timeframe.H1,
            NOW_MS - 3 * 86_400_000, NOW_MS - 42_000, count=1_000, complete_ratio=1.0,
        )
    )  # fmt: skip
    assert row.name == "Candles 1h"
    assert row.letters == "T"
    assert row.age == "42 s"
    assert row.share == "100\u2009%"
    assert row.said == "1,000 candles"
    assert row.since == f"{text.day(NOW_MS - 3 * 86_400_000, None)} {text.clock(NOW_MS - 3 * 86_400_000, None)}"
    assert row.since_utc.endswith("UTC")
    assert row.spoken.startswith("Candles 1h, live, since ")


@pytest.mark.parametrize(("ratio", "said"), [(0.0, "0"), (0.001, "1"), (0.5, "50"), (0.9999, "99"), (1.0, "100")])
def test_a_share_that_is_not_whole_never_reads_as_whole_or_nothing(ratio: float, said: str) -> None:
    assert only_row(trades(complete_ratio=ratio)).share == f"{said}\u2009%"


def test_what_is_not_known_is_a_dash() -> None:
    row = only_row(trades(InputState.MISSING, words="Switched off."))
    assert (row.since, row.age, row.share, row.said) == (text.DASH, text.DASH, text.DASH, "Switched off.")
    assert row.spoken == "Trades, missing, Switched off."


def test_the_headline_counts_what_can_be_used_and_tells_the_first_fault() -> None:
    quiet = InputView(InputKind.LIQUIDATIONS, InputState.QUIET, ())
    none = InputView(InputKind.FUNDING, InputState.NOT_APPLICABLE, ())
    assert words.headline(view(trades(), quiet, none)) == ("2 of 2 inputs can be used", words.ALL_THERE)
    late = trades(InputState.STALE, words="The connection is lost.")
    loading = InputView(InputKind.CANDLES, InputState.LOADING, (), Timeframe.D1)
    title, advice = words.headline(view(late, loading, quiet))
    assert title == "1 of 3 inputs can be used"
    assert advice == "Trades: too old. The connection is lost. 1 more below."
    assert words.headline(None)[0] == words.NEVER


def test_what_warms_up_tells_the_latest_time_and_whose_sentiment_it_is() -> None:
    said = words.remarks(
        view(
            source_symbol="BTCUSDT",
            warm_at_ms={
                Timeframe.M1: {DimensionName.ORDERFLOW: NOW_MS + 60_000},
                Timeframe.H1: {DimensionName.ORDERFLOW: NOW_MS + 601_000, DimensionName.ORDERBOOK: NOW_MS + 30_000},
            },
            scales_since_ms=NOW_MS - 7_200_000,
        )
    )
    assert said[0].endswith("those of BTCUSDT.")
    assert said[1] == "Known in every part and on every timeframe: order flow in 11 min, order book in 30 s."
    assert "earlier run" in said[2]
    assert words.remarks(view()) == ()


@pytest.mark.parametrize(
    ("left_ms", "said"),
    [(-1, "soon"), (0, "soon"), (1, "in 1 s"), (90_000, "in 90 s"), (90_001, "in 2 min"), (7_140_000, "in 119 min"),
     (7_200_001, "in 3 h"), (604_800_000, "in 7 d")],
)  # fmt: skip
def test_time_left_is_rounded_up(left_ms: int, said: str) -> None:
    assert text.time_left(left_ms) == said
