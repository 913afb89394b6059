"""Results as structs and JSON, and why they say what they say."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.scored_series import FULL_PARAMS, PARAMS, REAL_FILES, Floats, default_analysis, fed, real, scored, walk
from tests.unit.analysis.test_confluence import SAMPLE_SCORES, inputs_of, set_c
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis import levels
from virtuoso_desktop.analysis.explain import Turn, explain, outlook
from virtuoso_desktop.analysis.result_json import confluence_json, iso, vote_json
from virtuoso_desktop.analysis.results import Facts, Subject, confluence_of, leaning
from virtuoso_desktop.analysis.scoring import SCORE, config_hash
from virtuoso_desktop.analysis.timeframes import take_vote
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.result import Confluence, DimensionName, Profile, Reason, SignalKind, Withheld
from virtuoso_desktop.model.timeframe import Timeframe

ANALYSIS = default_analysis()
LIMITS = ANALYSIS.thresholds
SUBJECT = Subject(
    InstrumentId.parse("bybit:linear:BTCUSDT"), Timeframe.M5, Source.LIVE, Profile.FULL, 0.1,
    (0.25, 0.20, 0.15, 0.15, 0.15, 0.10), config_hash(ANALYSIS),
)  # fmt: skip
OPEN_MS = 1_693_396_800_000
FACTS = Facts(OPEN_MS, OPEN_MS + 315_000, 1000, "trades")


def results_of(*rows: Floats, params: Floats = FULL_PARAMS) -> list[Confluence]:
    state, found = SCORE.new_state(), []
    for row in rows:
        out = np.empty(at.OUTCOME_WIDTH)
        SCORE.step(state, row, params, out)
        found.append(confluence_of(SUBJECT, FACTS, row, out))
    return found


def test_the_json_has_the_names_of_the_original_and_the_added_ones() -> None:
    (result,) = results_of(inputs_of(SAMPLE_SCORES))
    told = json.loads(msgspec.json.encode(confluence_json(result)))
    assert told["symbol"] == "BTCUSDT"
    assert told["instrument"] == "bybit:linear:BTCUSDT"
    assert (told["timeframe"], told["source"], told["profile"]) == ("5m", "live", "full")
    assert told["confluence_score"] == pytest.approx(72.70, abs=1e-9)
    assert told["timestamp"] == "2023-08-30T12:05:15Z"
    assert told["metadata"]["last_candle_time"] == "2023-08-30T12:05:00Z"
    assert told["metadata"]["last_candle_open"] == "2023-08-30T12:00:00Z"
    assert told["metadata"]["engine_version"] == at.ENGINE_VERSION
    assert list(told["dimensions"]) == [name.value for name in DimensionName]
    technical = told["dimensions"]["technical"]
    assert technical["score"] == pytest.approx(75)
    assert technical["weighted_score"] == pytest.approx(18.75)
    assert technical["status"] == "OK"
    assert set(technical["components"]["rsi"]) == {
        "value", "signal", "weight", "score", "available", "age_ms", "reason", "points",
    }  # fmt: skip
    assert technical["components"]["rsi"]["signal"] == "BUY"
    assert told["withheld"] == ["confirmation", "dimensions_changed"]
    assert told["calibrated"] is told["forming"] is False


def test_missing_is_null_with_a_reason_and_without_weight() -> None:
    (result,) = results_of(inputs_of((75.0, math.nan, *[60.0] * 4)))
    volume = confluence_json(result)["dimensions"]["volume"]
    assert (volume["score"], volume["weight"], volume["weighted_score"]) == (None, 0.0, 0.0)
    assert (volume["status"], volume["nominal_weight"], volume["completeness"]) == ("MISSING", 0.20, 0.0)
    assert volume["components"]["obv"] == {
        "value": None, "signal": "NEUTRAL", "weight": 0.3, "score": None, "available": False, "age_ms": None,
        "reason": "MISSING", "points": 0.0,
    }  # fmt: skip
    nothing = confluence_json(results_of(inputs_of((math.nan,) * 6))[0])
    assert nothing["confluence_score"] is None
    assert (nothing["signal"], nothing["confidence"], nothing["reason"]) == ("NEUTRAL", 0.0, "MISSING")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (levels.OF_SWINGS, "swings"), (levels.OF_DAY_HIGH, "prior_day_high"), (levels.OF_DAY_LOW, "prior_day_low"),
        (levels.OF_CONTROL, "poc"), (levels.OF_VALUE_HIGH, "vah"), (levels.OF_VALUE_LOW, "val"),
    ],
)  # fmt: skip
def test_support_and_resistance_name_the_kind_of_level(kind: float, word: str) -> None:
    row = inputs_of(SAMPLE_SCORES)
    row[at.SUPPORT_RESISTANCE * at.CELLS + at.VALUE] = -0.4
    row[at.LEVEL] = kind + 1.0
    components = confluence_json(results_of(row)[0])["dimensions"]["price_structure"]["components"]
    assert components["support_resistance"]["level"] == word
    assert "level" not in components["trend_analysis"]
    row[at.SUPPORT_RESISTANCE * at.CELLS + at.VALUE] = math.nan
    components = confluence_json(results_of(row)[0])["dimensions"]["price_structure"]["components"]
    assert components["support_resistance"]["level"] is None


def test_a_result_of_a_file_names_no_venue() -> None:
    (result,) = results_of(inputs_of(SAMPLE_SCORES))
    told = confluence_json(msgspec.structs.replace(result, source=Source.FILE))
    assert told["instrument"] is None


def test_prices_leave_their_ticks() -> None:
    row = inputs_of(SAMPLE_SCORES)
    for component in (at.RSI, at.MACD, at.VWAP, at.OBV):
        row[component * at.CELLS + at.VALUE] = 1234.0
    (result,) = results_of(row)
    technical, volume = result.dimensions[DimensionName.TECHNICAL], result.dimensions[DimensionName.VOLUME]
    assert technical.components["macd"].value == pytest.approx(123.4)
    assert volume.components["vwap"].value == pytest.approx(123.4)
    assert technical.components["rsi"].value == volume.components["obv"].value == 1234.0


@pytest.mark.parametrize(
    ("c", "signal"), [(0.25, "BUY"), (0.249, "NEUTRAL"), (-0.25, "SELL"), (0, "NEUTRAL"), (None, "NEUTRAL")]
)
def test_a_component_leans_from_a_quarter_on(c: float | None, signal: str) -> None:
    assert leaning(c) == signal


def test_a_preview_keeps_the_signal_of_the_closed_candle() -> None:
    state, held, forming = SCORE.new_state(), np.empty(at.OUTCOME_WIDTH), np.empty(at.OUTCOME_WIDTH)
    strong, weak = inputs_of((90.0,) * 6), inputs_of((10.0,) * 6)
    for _ in range(8):
        SCORE.step(state, strong, FULL_PARAMS, held)
    assert held[at.SIGNAL] == 1
    before = state.copy()
    SCORE.peek(state, weak, FULL_PARAMS, forming)
    assert np.array_equal(state, before)
    preview = confluence_of(SUBJECT, FACTS, weak, forming, held=held)
    assert preview.forming
    assert preview.signal is SignalKind.BUY
    assert preview.reason is None
    assert preview.confluence_score is not None
    assert preview.confluence_score < 65
    assert preview.signal_entry_score == pytest.approx(90.0)


def test_iso_times() -> None:
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(1_693_397_115_007) == "2023-08-30T12:05:15.007Z"


def test_the_vote_as_json() -> None:
    (result,) = results_of(inputs_of(SAMPLE_SCORES))
    told = vote_json(take_vote({Timeframe.M5: result}))
    assert told["timeframe_breakdown"]["5m"]["confluence_score"] == pytest.approx(72.70)
    assert set(told) >= {"overall_signal", "confidence", "timeframe_breakdown", "consensus_strength", "net_bias"}


# --- why -------------------------------------------------------------------------------------------------------------


def test_contributions_add_up_and_the_largest_comes_first() -> None:
    (result,) = results_of(inputs_of(SAMPLE_SCORES))
    why = explain(result, LIMITS)
    assert result.confluence_score is not None
    assert sum(each.points for each in why.contributions) == pytest.approx(result.confluence_score - 50, abs=1e-9)
    sizes = [abs(each.points) for each in why.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert why.changes == ()
    assert why.score_change is None


def test_changes_add_up_to_the_change_of_the_score() -> None:
    before, after = results_of(inputs_of(SAMPLE_SCORES), inputs_of((40.0, 80.0, 30.0, math.nan, 78.0, 60.0)))
    why = explain(after, LIMITS, before)
    assert why.score_change is not None
    assert sum(each.points for each in why.changes) == pytest.approx(why.score_change, abs=1e-9)
    assert {each.component for each in why.lacking} == {"bid_ask_depth", "liquidity_zones", "microprice"}
    assert why.lacking[0].reason is Reason.MISSING


@pytest.mark.parametrize(("name", "tick", "timeframe"), REAL_FILES[:2])
def test_the_same_on_real_candles(real_data: Path, name: str, tick: float, timeframe: Timeframe) -> None:
    found = scored(real(real_data, name, tick, timeframe, most=700), tick, timeframe=timeframe)
    results = [confluence_of(SUBJECT, FACTS, row, out) for row, out in zip(found.inputs, found.outcome, strict=True)]
    for before, after in itertools.pairwise(results[200:]):
        why = explain(after, LIMITS, before)
        assert after.confluence_score is not None
        assert sum(each.points for each in why.contributions) == pytest.approx(after.confluence_score - 50, abs=1e-9)
        assert sum(each.points for each in why.changes) == pytest.approx(why.score_change, abs=1e-9)
        assert why.withheld == after.withheld
        assert len(why.outlook) == (2 if after.signal is SignalKind.NEUTRAL else 1)


def test_what_the_next_candle_needs_is_what_it_needs() -> None:
    """Scores of 58: the next candle alone needs 82, since half of the 58 stays."""
    rows = [inputs_of((58.0, 58.0, math.nan, math.nan, 58.0, math.nan))] * 8
    result = results_of(*rows, params=PARAMS)[-1]
    buy, sell = outlook(result, LIMITS)
    assert (buy.turn, buy.signal, buy.threshold) == (Turn.RAISE, SignalKind.BUY, 70)
    assert buy.distance == pytest.approx(12)
    assert buy.next_score == pytest.approx(82)
    assert buy.candles == 1
    assert sell.signal is SignalKind.SELL
    assert sell.next_score == pytest.approx(2)
    needed = inputs_of((82.0, 82.0, math.nan, math.nan, 82.0, math.nan))
    assert results_of(*rows, needed, params=PARAMS)[-1].confluence_score == pytest.approx(70)


def test_what_one_candle_cannot_do_takes_more() -> None:
    rows = [inputs_of((22.0, 22.0, math.nan, math.nan, 22.0, math.nan))] * 2
    sold = results_of(*rows, params=PARAMS)[-1]
    buy = next(each for each in outlook(sold, LIMITS) if each.signal is SignalKind.BUY)
    assert buy.next_score is None
    assert buy.candles == 2


def test_a_held_signal_tells_where_it_ends() -> None:
    rows = [inputs_of((80.0,) * 6)] * 8
    result = results_of(*rows)[-1]
    assert result.signal is SignalKind.BUY
    (end,) = outlook(result, LIMITS)
    assert (end.turn, end.threshold) == (Turn.END, 65)
    assert end.distance == pytest.approx(15)
    # The streams' dimensions are not smoothed: 60 % of the weight keeps half of its 80.
    assert end.next_score == pytest.approx((65 - 0.6 * 0.5 * 80) / 0.7)


def test_without_a_score_there_is_nothing_to_reach() -> None:
    (result,) = results_of(inputs_of((math.nan,) * 6))
    why = explain(result, LIMITS)
    assert why.outlook == why.contributions == ()
    assert Withheld.COVERAGE in why.withheld


def test_a_dropped_component_still_contributes_what_is_remembered() -> None:
    whole = inputs_of((80.0,) * 6)
    partly = whole.copy()
    set_c(partly, at.OBV, math.nan)
    result = results_of(whole, partly)[-1]
    remembered = next(each for each in explain(result, LIMITS).contributions if each.component == "obv")
    assert remembered.score is None
    assert remembered.points > 0


def test_made_up_markets_are_explained_in_full() -> None:
    found = scored(fed(walk(3, 400)))
    for row, out in zip(found.inputs, found.outcome, strict=True):
        result = confluence_of(SUBJECT, FACTS, row, out)
        if result.confluence_score is not None:
            why = explain(result, LIMITS)
            points = sum(each.points for each in why.contributions)
            assert points == pytest.approx(result.confluence_score - 50, abs=1e-9)
