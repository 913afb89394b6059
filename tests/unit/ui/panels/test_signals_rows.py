from __future__ import annotations

from tests.analysis_results import CLOSED_MS, signal
from tests.market_rows import NOW_MS, identity
from virtuoso_desktop.engine.analysis_views import SignalView
from virtuoso_desktop.model.result import Profile, SignalKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.panels.signals_rows import COLUMNS, SignalRows, state_words

NAMES = [column.name for column in COLUMNS]


def rows_of(*signals: SignalView) -> SignalRows:
    rows = SignalRows()
    rows.now_ms = NOW_MS
    rows.show(sorted(signals, key=lambda each: -each.number))
    return rows


def row(rows: SignalRows, index: int = 0) -> dict[str, str]:
    return dict(zip(NAMES, (cell.text for cell in rows.cells(index)), strict=True))


def test_a_signal_in_its_row() -> None:
    shown = row(rows_of(signal(20, profile=Profile.CANDLES_ONLY)))
    assert shown == {
        "time": shown["time"],
        "instrument": "BTCUSDT.P",
        "timeframe": "5m",
        "signal": "BUY",
        "score": "72.7",
        "strength": "STRONG",
        "agreement": "0.78",
        "profile": "candles only",
        "state": "holds",
    }
    assert len(shown["time"]) == 5, "an hour and a minute on the same day"


def test_an_ended_signal_says_when_and_why() -> None:
    by_score = signal(3, ended_ms=CLOSED_MS, end_reason="score", end_score=63.24)
    by_data = signal(2, ended_ms=CLOSED_MS, end_reason="data")
    assert state_words(by_score).endswith("score 63.2")
    assert state_words(by_data).endswith("data missing")
    assert state_words(by_data).startswith("ended ")


def test_the_shortest_timeframe_is_a_scalp() -> None:
    assert state_words(signal(1, timeframe=Timeframe.M1, alerts=False)) == "holds \u00b7 scalp, not alerted"


def test_filters_hold_together_and_the_count_is_of_all() -> None:
    rows = rows_of(
        signal(4, "BTC"),
        signal(3, "ETH", SignalKind.SELL),
        signal(2, "BTC", SignalKind.SELL, timeframe=Timeframe.H1),
        signal(1, "BTC", ended_ms=CLOSED_MS),
    )
    assert rows.held == 3
    assert not rows.is_filtered
    rows.instrument = identity("BTC")
    rows.filter()
    assert [each.number for each in rows.order] == [4, 2, 1]
    rows.side = SignalKind.SELL
    rows.filter()
    assert [each.number for each in rows.order] == [2]
    rows.timeframe = Timeframe.M5
    rows.filter()
    assert rows.order == []
    assert rows.is_filtered
    assert rows.held == 3


def test_the_tooltip_tells_utc_and_whose_opinion_it_is() -> None:
    said = rows_of(signal(20)).tooltip(0, 0)
    assert "UTC" in said
    assert "not advice" in said
