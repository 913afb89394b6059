"""Why a result says what it says, as data: contributions, what changed, what withheld a signal, what would change it.

Everything is taken from results alone, so a stored one is explained as well as the newest. The words are written by
whoever shows them.
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from virtuoso_desktop.analysis.changes import Change, changes_between, components_of
from virtuoso_desktop.analysis.confluence import ALPHAS
from virtuoso_desktop.analysis.signal_rules import ends_at, raised_at
from virtuoso_desktop.model.result import Confluence, DimensionName, Reason, SignalKind, Withheld
from virtuoso_desktop.settings.schema import ThresholdsSettings

MOST_CANDLES = 50
SLACK = 1e-9


class Contribution(msgspec.Struct, frozen=True):
    """What one component brings to ``score - 50``."""

    dimension: DimensionName
    component: str
    points: float
    score: float | None
    """Of the component itself, on its newest candle; None when it dropped out and only the smoothing remembers it."""


class Lacking(msgspec.Struct, frozen=True):
    """A component without a value, and why."""

    dimension: DimensionName
    component: str
    reason: Reason | None


class Turn(StrEnum):
    """What happens at a threshold."""

    RAISE = "raise"
    END = "end"


class Outlook(msgspec.Struct, frozen=True):
    """A threshold that would change the signal."""

    turn: Turn
    signal: SignalKind
    """Which one would be raised or would end."""
    threshold: float
    distance: float
    """Points from the score to the threshold; 0 when it is reached already."""
    next_score: float | None
    """Unsmoothed score that the next candle needs to bring the smoothed one there; None when one candle cannot."""
    candles: int | None
    """Fewest candles until the score can be there; None when never."""


class Explanation(msgspec.Struct, frozen=True):
    """All of it for one result."""

    contributions: tuple[Contribution, ...]
    """Largest first, whatever their sign."""
    changes: tuple[Change, ...]
    """Largest first; empty without an earlier result."""
    score_change: float | None
    lacking: tuple[Lacking, ...]
    withheld: tuple[Withheld, ...]
    outlook: tuple[Outlook, ...]
    """Nearest first."""


def explain(result: Confluence, thresholds: ThresholdsSettings, before: Confluence | None = None) -> Explanation:
    """Explain a result, against the one before it where there is one."""
    contributions = [
        Contribution(dimension, name, component.points, component.score)
        for dimension, name, component in components_of(result)
        if component.points is not None and (component.available or component.points != 0.0)
    ]
    return Explanation(
        contributions=tuple(sorted(contributions, key=lambda each: -abs(each.points))),
        changes=() if before is None else changes_between(before, result),
        score_change=_difference(before, result),
        lacking=tuple(
            Lacking(dimension, name, component.reason)
            for dimension, name, component in components_of(result)
            if not component.available and component.reason is not Reason.NOT_APPLICABLE
        ),
        withheld=result.withheld,
        outlook=outlook(result, thresholds),
    )


def outlook(result: Confluence, thresholds: ThresholdsSettings) -> tuple[Outlook, ...]:
    """The thresholds that would change the signal, nearest first; empty without a score."""
    score = result.confluence_score
    if score is None:
        return ()
    if result.signal is not SignalKind.NEUTRAL:
        return (_outlook(result, score, Turn.END, result.signal, ends_at(thresholds, result.signal)),)
    found = [
        _outlook(result, score, Turn.RAISE, signal, raised_at(thresholds, signal))
        for signal in (SignalKind.BUY, SignalKind.SELL)
    ]
    return tuple(sorted(found, key=lambda each: each.distance))


def _outlook(result: Confluence, score: float, turn: Turn, signal: SignalKind, threshold: float) -> Outlook:
    upwards = (signal is SignalKind.BUY) == (turn is Turn.RAISE)
    distance = max(threshold - score if upwards else score - threshold, 0.0)
    kept, pull = _memory(result)
    needed = (threshold - kept) / pull if pull > 0.0 else math.nan
    return Outlook(
        turn=turn,
        signal=signal,
        threshold=threshold,
        distance=distance,
        next_score=needed if -SLACK <= needed <= 100.0 + SLACK else None,
        candles=_candles(result, threshold, upwards=upwards),
    )


def _memory(result: Confluence) -> tuple[float, float]:
    """(what the smoothing keeps of the score on the next candle, share that the next candle brings)."""
    kept = pull = 0.0
    for alpha, dimension in zip(ALPHAS, result.dimensions.values(), strict=True):
        if dimension.score is not None:
            kept += dimension.weight * (1.0 - alpha) * dimension.score
            pull += dimension.weight * alpha
    return kept, pull


def _candles(result: Confluence, threshold: float, *, upwards: bool) -> int | None:
    """Fewest candles, each of them as extreme as can be, until the smoothed score passes the threshold."""
    extreme = 100.0 if upwards else 0.0
    held = [
        (dimension.weight, alpha, dimension.score)
        for alpha, dimension in zip(ALPHAS, result.dimensions.values(), strict=True)
        if dimension.score is not None
    ]
    for count in range(1, MOST_CANDLES + 1):
        score = sum(weight * (extreme + (1.0 - alpha) ** count * (at - extreme)) for weight, alpha, at in held)
        if score >= threshold - SLACK if upwards else score <= threshold + SLACK:
            return count
    return None


def _difference(before: Confluence | None, now: Confluence) -> float | None:
    if before is None or before.confluence_score is None or now.confluence_score is None:
        return None
    return now.confluence_score - before.confluence_score
