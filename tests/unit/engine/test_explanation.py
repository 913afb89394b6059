from __future__ import annotations

import msgspec
import pytest

from tests.analysis_results import THRESHOLDS, confluence
from virtuoso_desktop.engine.explanation import explain
from virtuoso_desktop.model.result import DimensionName, SignalKind, SignalStrength, Withheld
from virtuoso_desktop.settings.schema import ThresholdsSettings


def test_a_strong_buy_lacks_a_score_of_82() -> None:
    said = explain(confluence(), None, THRESHOLDS)
    assert said.target == "VERY STRONG"
    assert [(each.rule, each.needs) for each in said.obstacles] == [("score", 82.0)]
    assert said.obstacles[0].has == pytest.approx(72.7)


def test_a_moderate_buy_may_lack_score_and_agreement() -> None:
    said = explain(confluence(signal_strength=SignalStrength.MODERATE, confidence=0.5), None, THRESHOLDS)
    assert said.target == "STRONG"
    assert [(each.rule, each.needs, each.has) for each in said.obstacles] == [("agreement", 0.75, 0.5)]


def test_there_is_nothing_above_very_strong() -> None:
    said = explain(confluence(signal_strength=SignalStrength.VERY_STRONG), None, THRESHOLDS)
    assert (said.target, said.obstacles) == (None, ())


def test_every_rule_that_withheld_is_told_with_what_it_needs() -> None:
    withheld = tuple(Withheld)
    said = explain(confluence(signal=SignalKind.NEUTRAL, withheld=withheld, confidence_raw=0.31), None, THRESHOLDS)
    assert said.target == "BUY"
    needs = {each.rule: (each.needs, each.has) for each in said.obstacles}
    assert set(needs) == {rule.value for rule in Withheld}
    assert needs["confidence"] == (0.4, None), "the agreement of a neutral result is another figure"
    assert needs["coverage"] == (0.5, pytest.approx(1.0))
    assert needs["threshold"] == (70.0, pytest.approx(72.7))
    assert (said.ends_at, said.ends_by) == (None, ())


def test_a_neutral_below_the_middle_looks_towards_sell() -> None:
    low = confluence(dict.fromkeys(("macd", "volume_delta", "trend_analysis", "rsi", "obv"), 2.0))
    assert low.confluence_score is not None
    assert low.confluence_score < 50
    said = explain(
        msgspec.structs.replace(low, signal=SignalKind.NEUTRAL, withheld=(Withheld.THRESHOLD,)), None, THRESHOLDS
    )
    assert said.target == "SELL"
    assert said.obstacles[0].needs == 30.0


def test_each_move_that_ends_a_buy_brings_the_score_to_the_exit() -> None:
    result = confluence()
    said = explain(result, None, THRESHOLDS)
    assert said.ends_at == 65.0
    assert said.ends_by[0].name == "technical"
    for move in said.ends_by:
        dimension = result.dimensions[DimensionName(move.name)]
        score = 72.7 + dimension.weight * (move.after - move.before)
        assert score == pytest.approx(65.0)
        assert 0 <= move.after <= 100
    distances = [abs(move.after - move.before) for move in said.ends_by]
    assert distances == sorted(distances)


def test_a_sell_ends_above_35() -> None:
    said = explain(confluence(signal=SignalKind.SELL), None, THRESHOLDS)
    assert said.ends_at == 35.0


def test_each_side_has_its_own_thresholds() -> None:
    apart = ThresholdsSettings(buy=80, buy_exit=60, sell_exit=45, sell=20)
    assert explain(confluence(), None, apart).ends_at == 60.0
    assert explain(confluence(signal=SignalKind.SELL), None, apart).ends_at == 45.0
    low = confluence(dict.fromkeys(("macd", "volume_delta", "trend_analysis", "rsi", "obv"), 2.0))
    for result, needs in ((low, 20.0), (confluence(), 80.0)):
        held = msgspec.structs.replace(result, signal=SignalKind.NEUTRAL, withheld=(Withheld.THRESHOLD,))
        assert explain(held, None, apart).obstacles[0].needs == needs


def test_changes_add_up_to_the_change_of_the_score() -> None:
    before = confluence({"macd": 60.0, "obv": 91.0, "funding_rate": 50.0})
    now = confluence()
    said = explain(now, before, THRESHOLDS)
    assert [move.name for move in said.changes] == ["macd", "obv", "funding_rate"]
    assert said.score_before is not None
    assert now.confluence_score is not None
    change = sum(move.after - move.before for move in said.changes)
    assert change == pytest.approx(now.confluence_score - said.score_before)


def test_without_a_score_nothing_is_explained() -> None:
    said = explain(confluence(confluence_score=None, signal=SignalKind.NEUTRAL), None, THRESHOLDS)
    assert (said.target, said.obstacles, said.ends_at) == (None, (), None)
