"""The vote of the timeframes (analysis C.8, E14)."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.analysis import timeframes as tf
from virtuoso_desktop.analysis.timeframes import take_vote, vote_step
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.result import Confluence, Metadata, Profile, SignalKind, SignalStrength
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe

BUY, SELL, NEUTRAL = SignalKind.BUY, SignalKind.SELL, SignalKind.NEUTRAL


def result(
    timeframe: Timeframe, signal: SignalKind, confidence: float, score: float | None = None,
    strength: SignalStrength = SignalStrength.MODERATE,
) -> Confluence:  # fmt: skip
    return Confluence(
        InstrumentId.parse("bybit:linear:BTCUSDT"), timeframe, Source.DEMO,
        {BUY: 75.0, SELL: 25.0, NEUTRAL: 50.0}[signal] if score is None else score,
        signal, strength, confidence, confidence, False, False, Profile.FULL, {},
        Metadata(0.1, 1000, 0, 60_000, 60_000, "1", "0", None, False, 0),
    )  # fmt: skip


def voted(*votes: tuple[Timeframe, SignalKind, float]):
    return take_vote({timeframe: result(timeframe, signal, confidence) for timeframe, signal, confidence in votes})


def test_the_weights_are_those_of_the_seven_timeframes() -> None:
    assert sum(tf.SHARES) == pytest.approx(1)
    assert len(tf.SHARES) == len(ANALYSED_TIMEFRAMES)
    assert ANALYSED_TIMEFRAMES[tf.H4] is Timeframe.H4
    assert ANALYSED_TIMEFRAMES[tf.D1] is Timeframe.D1


def test_neutral_timeframes_are_no_veto() -> None:
    """15m and 30m weigh the same, as do 1h and 4h: 3 against 4 of equal weight is the specification's example."""
    ballots = np.zeros((7, 4))
    ballots[:, tf.THERE] = 1
    out = np.empty(tf.VOTE_WIDTH)
    shares = np.array(tf.SHARES)
    ballots[:3] = [[1, 1, 0.8 / share, 75] for share in shares[:3]]
    ballots[3:] = [[1, 0, 0.9 / share, 50] for share in shares[3:]]
    vote_step(np.zeros(1), ballots, out)
    assert out[tf.V_BIAS] == pytest.approx(2.4 / 6.0)
    ballots[:4] = [[1, 1, 0.6 / share, 75] for share in shares[:4]]
    ballots[4:] = [[1, -1, 0.7 / share, 25] for share in shares[4:]]
    vote_step(np.zeros(1), ballots, out)
    assert out[tf.V_BIAS] == pytest.approx((2.4 - 2.1) / 4.5)
    assert out[tf.V_SIGNAL] == 0


def test_a_majority_that_takes_part_decides() -> None:
    vote = voted((Timeframe.H1, BUY, 0.8), (Timeframe.H4, BUY, 0.8), (Timeframe.D1, NEUTRAL, 0.9))
    assert vote.overall_signal is BUY
    assert vote.net_bias == pytest.approx(0.32 / (0.32 + 0.135))
    assert vote.consensus_strength == pytest.approx(0.32 / 0.455)
    assert vote.confidence == pytest.approx(0.455), "mean confidence times the weight that is there"
    assert vote.mtf_score == pytest.approx((0.32 * 75 + 0.135 * 50) / 0.455)


def test_too_few_that_take_part_decide_nothing() -> None:
    vote = voted((Timeframe.M1, BUY, 1.0), (Timeframe.H1, NEUTRAL, 0.01), (Timeframe.H4, NEUTRAL, 0.01))
    assert vote.net_bias > 0.25
    assert vote.overall_signal is NEUTRAL


def test_the_overall_signal_leaves_later_than_it_comes() -> None:
    state = np.zeros(1)

    def vote(neutral: float) -> SignalKind:
        results = {Timeframe.H1: result(Timeframe.H1, BUY, 0.5), Timeframe.H4: result(Timeframe.H4, NEUTRAL, neutral)}
        return take_vote(results, state).overall_signal

    assert vote(0.5 * 0.78 / 0.22) is NEUTRAL, "a bias of 0.22 raises nothing"
    assert vote(0.5) is BUY
    assert vote(0.5 * 0.78 / 0.22) is BUY
    assert vote(0.5 * 0.86 / 0.14) is NEUTRAL


def test_nobody_and_nothing_are_safe() -> None:
    empty = take_vote({})
    assert (empty.overall_signal, empty.confidence, empty.consensus_strength) == (NEUTRAL, 0.0, 0.0)
    assert (empty.net_bias, empty.mtf_score, empty.timeframes) == (0.0, None, {})
    silent = voted(*((timeframe, BUY, 0.0) for timeframe in ANALYSED_TIMEFRAMES))
    assert (silent.overall_signal, silent.net_bias, silent.mtf_score) == (NEUTRAL, 0.0, None)
    without = take_vote(
        {Timeframe.H1: msgspec.structs.replace(result(Timeframe.H1, NEUTRAL, 0.0), confluence_score=None)}
    )
    assert without.mtf_score is None


def test_an_unknown_signal_is_refused() -> None:
    odd = msgspec.structs.replace(result(Timeframe.H1, BUY, 0.5), signal="HOLD")
    with pytest.raises(ValueError, match="HOLD"):
        take_vote({Timeframe.H1: odd})


def test_against_the_two_longest_a_signal_is_weaker_but_stays() -> None:
    results = {
        Timeframe.M5: result(Timeframe.M5, BUY, 0.9, strength=SignalStrength.STRONG),
        Timeframe.H4: result(Timeframe.H4, SELL, 0.6, strength=SignalStrength.STRONG),
        Timeframe.D1: result(Timeframe.D1, SELL, 0.7),
    }
    vote = take_vote(results)
    assert vote.timeframes[Timeframe.M5].signal_strength is SignalStrength.MODERATE
    assert vote.timeframes[Timeframe.M5].signal is BUY
    assert vote.timeframes[Timeframe.H4].signal_strength is SignalStrength.STRONG
    assert vote.overall_signal is SELL
    assert not vote.counter_trend
    results[Timeframe.H4] = result(Timeframe.H4, SELL, 0.59)
    assert take_vote(results).timeframes[Timeframe.M5].signal_strength is SignalStrength.STRONG


def test_an_overall_signal_against_the_two_longest_says_so() -> None:
    shorter = [Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.M30, Timeframe.H1]
    vote = voted(*((each, BUY, 1.0) for each in shorter), (Timeframe.H4, SELL, 0.6), (Timeframe.D1, SELL, 0.6))
    assert vote.overall_signal is BUY
    assert vote.counter_trend


votes = st.dictionaries(
    st.sampled_from(list(Timeframe)), st.tuples(st.sampled_from([BUY, SELL, NEUTRAL]), st.floats(0, 1)), max_size=13
)


@given(votes=votes)
def test_swapping_buy_and_sell_negates_the_bias(votes: dict[Timeframe, tuple[SignalKind, float]]) -> None:
    swap = {BUY: SELL, SELL: BUY, NEUTRAL: NEUTRAL}
    one = take_vote({timeframe: result(timeframe, *vote) for timeframe, vote in votes.items()})
    other = take_vote({timeframe: result(timeframe, swap[vote[0]], vote[1]) for timeframe, vote in votes.items()})
    assert other.net_bias == pytest.approx(-one.net_bias, abs=1e-12)
    assert other.overall_signal is swap[one.overall_signal]
    assert other.counter_trend == one.counter_trend
    assert 0 <= one.confidence <= 1
    assert 0 <= one.consensus_strength <= 1
    assert -1 <= one.net_bias <= 1
    assert not math.isnan(one.net_bias)
