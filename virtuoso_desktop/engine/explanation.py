"""Why and why not: what stands between a result and the next signal, what would end it, what changed.

Everything is read from results as they were recorded; nothing is evaluated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.analysis import signal_rules as rules
from virtuoso_desktop.analysis.changes import changes_between
from virtuoso_desktop.engine.analysis_views import Explanation, Move, Obstacle
from virtuoso_desktop.model.result import SignalKind, SignalStrength, Withheld

if TYPE_CHECKING:
    from virtuoso_desktop.model.result import Confluence
    from virtuoso_desktop.settings.schema import ThresholdsSettings

SCORE = "score"
AGREEMENT = "agreement"
LEAST_CHANGE = 0.05
"""Points; smaller changes of a component are not told."""


def explain(result: Confluence, before: Confluence | None, thresholds: ThresholdsSettings) -> Explanation:
    """Explain a result of a closed candle.

    Parameters
    ----------
    result : Confluence
        Of the last closed candle.
    before : Confluence or None
        Of the candle before it, same instrument and timeframe.
    thresholds : ThresholdsSettings
        Those by which the signal was judged.
    """
    target, obstacles = _obstacles(result, thresholds)
    ends_at = None if result.signal is SignalKind.NEUTRAL else rules.ends_at(thresholds, result.signal)
    return Explanation(
        target=target,
        obstacles=obstacles,
        ends_at=ends_at,
        ends_by=() if ends_at is None else _ends_by(result, ends_at),
        score_before=None if before is None else before.confluence_score,
        changes=() if before is None else _changes(result, before),
    )


def _side(result: Confluence) -> SignalKind:
    """The signal that holds, else the one that the score leans to."""
    if result.signal is not SignalKind.NEUTRAL:
        return result.signal
    score = result.confluence_score
    return SignalKind.SELL if score is not None and score < rules.MIDDLE else SignalKind.BUY


def _obstacles(result: Confluence, thresholds: ThresholdsSettings) -> tuple[str | None, tuple[Obstacle, ...]]:
    if result.confluence_score is None:
        return None, ()
    if result.signal is SignalKind.NEUTRAL:
        return _side(result).value, tuple(_withheld(rule, result, thresholds) for rule in result.withheld)
    return _next_class(result, result.confluence_score)


def _withheld(rule: Withheld, result: Confluence, thresholds: ThresholdsSettings) -> Obstacle:
    needs: dict[Withheld, tuple[float | None, float | None]] = {
        Withheld.THRESHOLD: (rules.raised_at(thresholds, _side(result)), result.confluence_score),
        Withheld.CONFIRMATION: (rules.CONFIRMATIONS, None),
        Withheld.COOL_DOWN: (rules.COOL_DOWN, None),
        Withheld.COVERAGE: (rules.LEAST_WEIGHT, _coverage(result)),
        Withheld.CONFIDENCE: (rules.LEAST_CONFIDENCE, None),  # its own is the agreement that there is no signal
        Withheld.DIMENSIONS_CHANGED: (rules.PAUSE, None),
    }
    return Obstacle(rule.value, *needs[rule])


def _coverage(result: Confluence) -> float:
    return sum(each.nominal_weight for each in result.dimensions.values() if each.score is not None)


def _next_class(result: Confluence, score: float) -> tuple[str | None, tuple[Obstacle, ...]]:
    if result.signal_strength is SignalStrength.VERY_STRONG:
        return None, ()
    is_strong = result.signal_strength is SignalStrength.STRONG
    distance = rules.VERY_STRONG_FROM if is_strong else rules.STRONG_FROM
    confidence = rules.VERY_STRONG_CONFIDENCE if is_strong else rules.STRONG_CONFIDENCE
    obstacles: list[Obstacle] = []
    if abs(score - rules.MIDDLE) < distance:
        sign = 1.0 if result.signal is SignalKind.BUY else -1.0
        obstacles.append(Obstacle(SCORE, rules.MIDDLE + sign * distance, score))
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
