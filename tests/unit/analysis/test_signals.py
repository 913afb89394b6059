"""The signal machine on scores that are given: when it raises, holds, ends and withholds (analysis C.5, C.6)."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scored_series import FULL_PARAMS, REAL_FILES, Floats, real, scored
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis.components import new_inputs
from virtuoso_desktop.analysis.scoring import SCORE
from virtuoso_desktop.model.result import Withheld

MINUTE = 60_000.0


def inputs_of(
    score: float, *, missing: tuple[int, ...] = (), bars: float = 1000.0, fresh: float = 1.0, synthetic: float = 0.0
) -> Floats:
    """All dimensions at one score, but for those that are missing."""
    row = new_inputs()
    for dimension in range(6):
        if dimension in missing:
            continue
        for component in range(at.FIRST[dimension], at.FIRST[dimension + 1]):
            cell = component * at.CELLS
            row[cell + at.C], row[cell + at.FRESH], row[cell + at.REASON] = (score - 50) / 50, fresh, at.NONE
    row[at.BARS], row[at.SYNTHETIC] = bars, synthetic
    return row


class Machine:
    """Candles one after another, unsmoothed: a reset before each keeps the score what it is told."""

    def __init__(self) -> None:
        self.state, self.out, self.now = SCORE.new_state(), np.empty(at.OUTCOME_WIDTH), 0.0

    def step(self, row: Floats) -> Floats:
        self.now += MINUTE
        row[at.CLOSE_MS], row[at.RESET] = self.now, 1.0
        SCORE.step(self.state, row, FULL_PARAMS, self.out)
        return self.out.copy()

    def scores(self, *scores: float) -> list[int]:
        return [int(self.step(inputs_of(score))[at.SIGNAL]) for score in scores]

    def settled(self) -> Machine:
        """After the dimensions have come to count as there."""
        self.scores(*[50.0] * 8)
        return self

    @property
    def withheld(self) -> set[Withheld]:
        return set(at.words_of(self.out[at.WITHHELD]))


def test_a_signal_needs_two_candles_and_ends_at_its_exit() -> None:
    machine = Machine().settled()
    assert machine.scores(70.0) == [0]
    assert machine.withheld == {Withheld.CONFIRMATION}
    assert machine.scores(70.0, 66.0, 65.0) == [1, 1, 1]
    assert machine.withheld == set()
    assert machine.out[at.ENTRY_SCORE] == pytest.approx(70.0)
    assert machine.out[at.SINCE_MS] == machine.now - 2 * MINUTE
    assert machine.scores(64.9) == [0]
    assert at.ENDINGS[int(machine.out[at.ENDED])] == "score"
    assert machine.out[at.CHANGED] == 1
    assert math.isnan(machine.out[at.SINCE_MS])


def test_selling_is_the_mirror() -> None:
    machine = Machine().settled()
    assert machine.scores(30.0, 30.0, 35.0, 35.1) == [0, -1, -1, 0]


def test_one_candle_below_the_threshold_begins_the_count_again() -> None:
    assert Machine().settled().scores(75.0, 69.9, 75.0, 75.0) == [0, 0, 0, 1]


def test_the_cool_down_lasts_three_candles_in_both_directions() -> None:
    machine = Machine().settled()
    machine.scores(80.0, 80.0, 60.0)
    assert machine.scores(80.0, 80.0) == [0, 0]
    assert machine.withheld == {Withheld.COOL_DOWN}
    assert machine.scores(80.0) == [1]
    machine = Machine().settled()
    machine.scores(80.0, 80.0)
    assert machine.scores(10.0, 10.0, 10.0, 10.0) == [0, 0, 0, -1], "never from BUY to SELL on one candle"


def test_below_the_threshold_the_threshold_withholds() -> None:
    machine = Machine().settled()
    machine.scores(60.0)
    assert machine.withheld == {Withheld.THRESHOLD}


def test_too_little_confidence_withholds() -> None:
    machine = Machine().settled()
    assert [int(machine.step(inputs_of(80.0, fresh=0.3))[at.SIGNAL]) for _ in range(3)] == [0, 0, 0]
    assert machine.withheld == {Withheld.CONFIDENCE}
    machine = Machine().settled()
    for _ in range(3):
        machine.step(inputs_of(80.0, bars=60.0))
    assert machine.withheld == {Withheld.CONFIDENCE}


@pytest.mark.parametrize(
    "missing",
    [(at.TECHNICAL,), (at.ORDERFLOW, at.ORDERBOOK, at.PRICE_STRUCTURE, at.SENTIMENT), (0, 1, 4)],
)
def test_too_few_dimensions_withhold(missing: tuple[int, ...]) -> None:
    machine = Machine().settled()
    for _ in range(12):
        machine.step(inputs_of(90.0, missing=missing))
    assert machine.out[at.SIGNAL] == 0
    assert Withheld.COVERAGE in machine.withheld
    assert Withheld.DIMENSIONS_CHANGED not in machine.withheld


def test_a_signal_ends_when_its_data_do() -> None:
    machine = Machine().settled()
    machine.scores(80.0, 80.0)
    machine.step(inputs_of(80.0, missing=(at.TECHNICAL,)))
    assert machine.out[at.SIGNAL] == 0
    assert at.ENDINGS[int(machine.out[at.ENDED])] == "data"
    machine = Machine().settled()
    machine.scores(20.0, 20.0)
    machine.step(inputs_of(20.0, missing=tuple(range(6))))
    assert machine.out[at.SIGNAL] == 0
    assert at.ENDINGS[int(machine.out[at.ENDED])] == "data"


def test_one_missing_dimension_does_not_end_a_signal() -> None:
    machine = Machine().settled()
    machine.scores(80.0, 80.0)
    machine.step(inputs_of(80.0, missing=(at.SENTIMENT,)))
    assert machine.out[at.SIGNAL] == 1


def test_a_dissenter_that_drops_out_raises_nothing_for_a_while() -> None:
    machine = Machine().settled()
    raised = []
    for _ in range(8):
        machine.step(inputs_of(90.0, missing=(at.ORDERBOOK,)))
        raised.append(int(machine.out[at.SIGNAL]))
    # Undecided on the first two, changed on the third, and a pause of two candles more.
    assert raised == [0, 0, 0, 0, 0, 1, 1, 1]


def test_the_pause_is_told_and_a_flicker_is_forgotten() -> None:
    machine = Machine().settled()
    machine.step(inputs_of(90.0, missing=(at.ORDERBOOK,)))
    assert machine.withheld == {Withheld.CONFIRMATION, Withheld.DIMENSIONS_CHANGED}
    assert machine.scores(90.0) == [1], "back on the next candle: nothing has changed"


def test_a_candle_that_fills_a_gap_raises_nothing() -> None:
    machine = Machine().settled()
    machine.scores(90.0)
    machine.step(inputs_of(90.0, synthetic=1.0))
    assert machine.out[at.SIGNAL] == 0
    assert machine.withheld == {Withheld.COVERAGE}
    assert machine.scores(90.0) == [1]


def test_strength_has_classes_with_slack() -> None:
    machine = Machine().settled()
    strengths = []
    for score in (73.0, 73.0, 71.5, 70.5, 72.5, 82.5, 81.5, 80.5, 60.0):
        machine.step(inputs_of(score))
        strengths.append(at.STRENGTHS[int(machine.out[at.STRENGTH])].value)
    assert strengths == [
        "LEAN", "STRONG", "STRONG", "MODERATE", "STRONG", "VERY_STRONG", "VERY_STRONG", "STRONG", "LEAN",
    ]  # fmt: skip
    machine.scores(55.0)
    assert at.STRENGTHS[int(machine.out[at.STRENGTH])] == "NONE"


def test_a_signal_without_confidence_is_moderate() -> None:
    machine = Machine().settled()
    for _ in range(2):
        machine.step(inputs_of(90.0, fresh=0.7))
    assert machine.out[at.SIGNAL] == 1
    assert at.STRENGTHS[int(machine.out[at.STRENGTH])] == "MODERATE"


def test_a_change_of_strength_is_a_change() -> None:
    machine = Machine().settled()
    machine.scores(71.0, 71.0)
    assert machine.out[at.CHANGED] == 1
    machine.scores(71.0)
    assert machine.out[at.CHANGED] == 0
    machine.scores(75.0)
    assert machine.out[at.CHANGED] == 1


# --- E13 -------------------------------------------------------------------------------------------------------------


def check_history(signals: list[int]) -> None:
    """No direct turn, and at least three candles between the end of a signal and the next one."""
    ended = None
    for index, (before, now) in enumerate(zip([0, *signals], signals, strict=False)):
        assert before * now != -1, "from BUY to SELL on one candle"
        if before != 0 and now == 0:
            ended = index
        if before == 0 and now != 0 and ended is not None:
            assert index - ended >= 3


@given(scores=st.lists(st.floats(0, 100), max_size=120))
def test_any_scores_keep_the_distances(scores: list[float]) -> None:
    check_history(Machine().settled().scores(*scores))


@given(score=st.floats(0, 100))
def test_a_constant_score_never_toggles(score: float) -> None:
    signals = Machine().settled().scores(*[score] * 60)
    assert sum(a != b for a, b in itertools.pairwise(signals)) <= 1


@settings(max_examples=50)
@given(scores=st.lists(st.floats(66, 71), min_size=1, max_size=200))
def test_a_score_that_swings_about_the_threshold_enters_once(scores: list[float]) -> None:
    signals = Machine().settled().scores(*scores)
    assert sum(a == 0 and b == 1 for a, b in zip([0, *signals], signals, strict=False)) <= 1


@given(scores=st.lists(st.floats(0, 100), max_size=60))
def test_a_signal_is_raised_exactly_when_nothing_withholds_it(scores: list[float]) -> None:
    machine = Machine().settled()
    held = 0
    for score in scores:
        machine.step(inputs_of(score))
        signal = int(machine.out[at.SIGNAL])
        assert (signal == 0) == bool(machine.withheld)
        if held == 0 and signal != 0:
            assert machine.out[at.ENTRY_SCORE] == machine.out[at.SCORE]
        held = signal


@pytest.mark.parametrize(("name", "tick", "timeframe"), REAL_FILES)
def test_real_candles_keep_the_distances(real_data, name, tick, timeframe) -> None:
    outcome = scored(real(real_data, name, tick, timeframe), tick, timeframe=timeframe).outcome
    signals = outcome[:, at.SIGNAL].astype(int).tolist()
    check_history(signals)
    assert 1 in signals
    assert -1 in signals
