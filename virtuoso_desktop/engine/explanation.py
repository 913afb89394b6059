"""Why and why not: what stands between a result and the next signal, what would end it, what changed.

Everything is read from results as they were recorded; nothing is evaluated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.analysis.changes import changes_between
from virtuoso_desktop.engine.analysis_views import Explanation, Move, Obstacle, SignalRules
from virtuoso_desktop.model.result import SignalKind, SignalStrength, Withheld

if TYPE_CHECKING:
    from virtuoso_desktop.model.result import Confluence

MIDDLE = 50.0
SCORE = "score"
AGREEMENT = "agreement"
LEAST_CHANGE = 0.05
"""Points; smaller changes of a component are not told."""
WAIT_CANDLES = 2
"""Closed candles without an entry after a dimension came or went (analysis C.5)."""


def explain(result: Confluence, before: Confluence | None, rules: SignalRules) -> Explanation:
    """Explain a result of a closed candle.

    Parameters
    ----------
    result : Confluence
        Of the last closed candle.
    before : Confluence or None
        Of the candle before it, same instrument and timeframe.
    rules : SignalRules
        The thresholds by which the signal was judged.
    """
    target, obstacles = _obstacles(result, rules)
    ends_at = None if result.signal is SignalKind.NEUTRAL else _mirrored(rules.leave_score, _lean(result))
    return Explanation(
        target=target,
        obstacles=obstacles,
        ends_at=ends_at,
        ends_by=() if ends_at is None else _ends_by(result, ends_at),
        score_before=None if before is None else before.confluence_score,
        changes=() if before is None else _changes(result, before),
    )


def _lean(result: Confluence) -> int:
    """1 towards BUY, -1 towards SELL."""
    if result.signal is not SignalKind.NEUTRAL:
        return 1 if result.signal is SignalKind.BUY else -1
    score = result.confluence_score
    return -1 if score is not None and score < MIDDLE else 1


def _mirrored(score: float, lean: int) -> float:
    return MIDDLE + lean * (score - MIDDLE)


def _obstacles(result: Confluence, rules: SignalRules) -> tuple[str | None, tuple[Obstacle, ...]]:
    if result.confluence_score is None:
        return None, ()
    if result.signal is SignalKind.NEUTRAL:
        target = SignalKind.BUY if _lean(result) > 0 else SignalKind.SELL
        return target.value, tuple(_withheld(rule, result, rules) for rule in result.withheld)
    return _next_class(result, rules, result.confluence_score)


def _withheld(rule: Withheld, result: Confluence, rules: SignalRules) -> Obstacle:
    needs: dict[Withheld, tuple[float | None, float | None]] = {
        Withheld.THRESHOLD: (_mirrored(rules.enter_score, _lean(result)), result.confluence_score),
        Withheld.CONFIRMATION: (float(rules.confirming_candles), None),
        Withheld.COOL_DOWN: (float(rules.cool_down_candles), None),
        Withheld.COVERAGE: (rules.coverage, _coverage(result)),
        Withheld.CONFIDENCE: (rules.confidence, None),  # its own figure is the agreement that there is no signal
        Withheld.DIMENSIONS_CHANGED: (float(WAIT_CANDLES), None),
    }
    return Obstacle(rule.value, *needs[rule])


def _coverage(result: Confluence) -> float:
    return sum(each.nominal_weight for each in result.dimensions.values() if each.score is not None)


def _next_class(result: Confluence, rules: SignalRules, score: float) -> tuple[str | None, tuple[Obstacle, ...]]:
    if result.signal_strength is SignalStrength.VERY_STRONG:
        return None, ()
    is_strong = result.signal_strength is SignalStrength.STRONG
    distance = rules.very_strong_distance if is_strong else rules.strong_distance
    confidence = rules.very_strong_confidence if is_strong else rules.strong_confidence
    obstacles: list[Obstacle] = []
    if abs(score - MIDDLE) < distance:
        obstacles.append(Obstacle(SCORE, MIDDLE + _lean(result) * distance, score))
    if result.confidence < confidence:
        obstacles.append(Obstacle(AGREEMENT, confidence, result.confidence))
    return "VERY STRONG" if is_strong else "STRONG", tuple(obstacles)


def _ends_by(result: Confluence, ends_at: float) -> tuple[Move, ...]:
    """What each dimension alone would have to fall (or rise) to."""
    if result.confluence_score is None:
        return ()
    missing = ends_at - result.confluence_score
    moves = [
        Move(name.value, each.score, each.score + missing / each.weight)
        for name, each in result.dimensions.items()
        if each.score is not None and each.weight > 0
    ]
    possible = [move for move in moves if 0 <= move.after <= 100]
    return tuple(sorted(possible, key=lambda move: abs(move.after - move.before)))


def _changes(result: Confluence, before: Confluence) -> tuple[Move, ...]:
    """The changes that are large enough to tell."""
    return tuple(
        Move(change.component, change.before or 0.0, change.now or 0.0)
        for change in changes_between(before, result)
        if abs(change.points) >= LEAST_CHANGE
    )
