"""The timeframes of one instrument taken together (analysis C.8).

``vote_step(state, ballots, out)`` is the rule on rows: ``state`` one cell, the overall signal that holds, 0 at first
(its exit is nearer to zero than its entry); ``ballots`` shape (7, 4), a row for each of `ANALYSED_TIMEFRAMES`:
1 when its result is there, signal (1, 0, -1), confidence, score or NaN. `take_vote` does it for results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import SIGNALS
from virtuoso_desktop.model.result import Confluence, SignalKind, SignalStrength, TimeframeVote
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe

Floats = NDArray[np.float64]

SHARES = (0.05, 0.10, 0.15, 0.15, 0.20, 0.20, 0.15)
"""Nominal weight of 1m, 5m, 15m, 30m, 1h, 4h and 1d."""
ENTER, EXIT = 0.25, 0.15
PARTICIPATION = 0.30
OPPOSING = 0.6
"""Confidence from which on the two longest timeframes weigh against the others."""
H4, D1 = 5, 6

THERE, KIND, CONFIDENCE, SCORE = range(4)
BALLOT_WIDTH = 4
V_SIGNAL, V_CONFIDENCE, V_CONSENSUS, V_BIAS, V_SCORE, V_AGAINST = range(6)
"""Cells of the vote; ``V_AGAINST`` is the direction that 4h and 1d both oppose, 0 for none."""
VOTE_WIDTH = 6
ROUNDING = 1e-12

_NUMBERS = {kind: number for number, kind in SIGNALS.items()}
_LOWER = {
    SignalStrength.VERY_STRONG: SignalStrength.STRONG,
    SignalStrength.STRONG: SignalStrength.MODERATE,
    SignalStrength.MODERATE: SignalStrength.LEAN,
}


@njit(cache=True)
def vote_step(state: Floats, ballots: Floats, out: Floats) -> None:
    """Net directional share of the votes, with a threshold, a quorum and hysteresis."""
    share = spread = buy = sell = neutral = score = 0.0
    buyers = sellers = 0.0
    for index in range(len(SHARES)):
        if ballots[index, THERE] == 0.0:
            continue
        weight = SHARES[index]
        vote = weight * ballots[index, CONFIDENCE]
        share += weight
        if not math.isnan(ballots[index, SCORE]):
            score += vote * ballots[index, SCORE]
            spread += vote
        if ballots[index, KIND] > 0.0:
            buy += vote
            buyers += weight
        elif ballots[index, KIND] < 0.0:
            sell += vote
            sellers += weight
        else:
            neutral += vote
    total = buy + sell + neutral
    bias = (buy - sell) / total if total > 0.0 else 0.0
    state[0] = _overall(state[0], bias, buyers - PARTICIPATION * share, sellers - PARTICIPATION * share)
    out[V_SIGNAL] = state[0]
    out[V_CONFIDENCE] = total
    out[V_CONSENSUS] = max(buy, sell, neutral) / total if total > 0.0 else 0.0
    out[V_BIAS] = bias
    out[V_SCORE] = score / spread if spread > 0.0 else math.nan
    out[V_AGAINST] = _opposed(ballots)


@njit(cache=True)
def _overall(held: float, bias: float, buyers: float, sellers: float) -> float:
    """The overall signal; ``buyers`` and ``sellers`` are what they have beyond the quorum."""
    if bias >= (EXIT if held > 0.0 else ENTER) - ROUNDING and buyers >= -ROUNDING:
        return 1.0
    if bias <= -((EXIT if held < 0.0 else ENTER) - ROUNDING) and sellers >= -ROUNDING:
        return -1.0
    return 0.0


@njit(cache=True)
def _opposed(ballots: Floats) -> float:
    """Direction against which 4h and 1d both stand with confidence, 0 for none."""
    for index in (H4, D1):
        if ballots[index, THERE] == 0.0 or ballots[index, CONFIDENCE] < OPPOSING:
            return 0.0
    if ballots[H4, KIND] != ballots[D1, KIND]:
        return 0.0
    return 0.0 - ballots[H4, KIND]


def take_vote(results: Mapping[Timeframe, Confluence], state: Floats | None = None) -> TimeframeVote:
    """The vote of the timeframes that have a result; those that are not among the seven do not vote.

    Parameters
    ----------
    results : mapping
        Newest results on closed candles. One without a score votes NEUTRAL with its confidence of 0.
    state : ndarray, optional
        One cell that lives as long as the instrument; without it there is no hysteresis.

    Raises
    ------
    ValueError
        For a signal that is none of the three.
    """
    ballots = np.zeros((len(ANALYSED_TIMEFRAMES), BALLOT_WIDTH))
    for index, timeframe in enumerate(ANALYSED_TIMEFRAMES):
        result = results.get(timeframe)
        if result is not None:
            score = math.nan if result.confluence_score is None else result.confluence_score
            ballots[index] = (1.0, _NUMBERS[SignalKind(result.signal)], result.confidence, score)
    out = np.empty(VOTE_WIDTH)
    vote_step(np.zeros(1) if state is None else state, ballots, out)
    against = SIGNALS[int(out[V_AGAINST])]
    overall = SIGNALS[int(out[V_SIGNAL])]
    return TimeframeVote(
        overall_signal=overall,
        confidence=min(float(out[V_CONFIDENCE]), 1.0),
        consensus_strength=float(out[V_CONSENSUS]),
        net_bias=float(out[V_BIAS]),
        mtf_score=None if math.isnan(out[V_SCORE]) else float(out[V_SCORE]),
        counter_trend=overall is not SignalKind.NEUTRAL and overall is against,
        timeframes={timeframe: _lowered(result, against) for timeframe, result in results.items()},
    )


def _lowered(result: Confluence, against: SignalKind) -> Confluence:
    """A signal that 4h and 1d both oppose is one class weaker; its direction stays."""
    if result.signal is SignalKind.NEUTRAL or result.signal is not against:
        return result
    weaker = _LOWER.get(result.signal_strength, result.signal_strength)
    return msgspec.structs.replace(result, signal_strength=weaker)
