"""From rows to `model.result.Confluence`: prices leave ticks, numbers become words, NaN becomes None."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import (
    AGE_MS,
    CELLS,
    COMPONENT_NAMES,
    COMPONENT_WEIGHTS,
    CONFIDENCE,
    CONFIDENCE_RAW,
    D_COMPLETENESS,
    D_SCORE,
    D_STATUS,
    D_WEIGHT,
    DIMENSION_CELLS,
    DIMENSIONS,
    ENDED,
    ENDINGS,
    ENGINE_VERSION,
    ENTRY_SCORE,
    FIRST,
    LEVEL,
    LEVELS,
    MACD,
    NO_SCORE,
    POINTS,
    REASON,
    REASONS,
    SCORE,
    SIGNAL,
    SIGNALS,
    SINCE_MS,
    STRENGTH,
    STRENGTHS,
    SUPPORT_RESISTANCE,
    VALUE,
    VWAP,
    WITHHELD,
    C,
    words_of,
)
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.result import (
    Component,
    Confluence,
    Dimension,
    Metadata,
    Profile,
    SignalKind,
)
from virtuoso_desktop.model.timeframe import Timeframe

Floats = NDArray[np.float64]

SIGNAL_C = 0.25
"""A component leans to BUY from this c on, to SELL from its negative on."""
IN_TICKS = frozenset({MACD, VWAP})
"""Components whose value is a price in ticks."""


class Subject(NamedTuple):
    """What stays the same from evaluation to evaluation of one instrument on one timeframe."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    source: Source
    profile: Profile
    tick_size: float
    weights: tuple[float, ...]
    """Nominal weight of each dimension."""
    config_hash: str


class Facts(NamedTuple):
    """What the rows do not hold of one evaluation."""

    open_ms: int
    """Open of the last closed candle."""
    analysis_ms: int
    data_points: int
    delta_source: str | None = None
    gap: bool = False
    rejected: int = 0
    processing_time_ms: float = 0.0


def confluence_of(
    subject: Subject, facts: Facts, inputs: Floats, outcome: Floats, *, held: Floats | None = None
) -> Confluence:
    """The result of one evaluation.

    Parameters
    ----------
    inputs, outcome : ndarray
        The rows of `scoring.score_step`.
    held : ndarray, optional
        For a preview on the forming candle: the outcome row of the last closed one, whose signal still holds.
    """
    score = _maybe(outcome[SCORE])
    signal = outcome if held is None else held
    ending = ENDINGS[int(outcome[ENDED])] if held is None else None
    return Confluence(
        instrument_id=subject.instrument_id,
        timeframe=subject.timeframe,
        source=subject.source,
        confluence_score=score,
        signal=SIGNALS[int(signal[SIGNAL])],
        signal_strength=STRENGTHS[int(signal[STRENGTH])],
        confidence=float(outcome[CONFIDENCE]),
        confidence_raw=float(outcome[CONFIDENCE_RAW]),
        calibrated=False,
        forming=held is not None,
        profile=subject.profile,
        dimensions={name: _dimension(subject, index, inputs, outcome) for index, name in enumerate(DIMENSIONS)},
        metadata=Metadata(
            processing_time_ms=facts.processing_time_ms,
            data_points=facts.data_points,
            last_candle_open_ms=facts.open_ms,
            last_candle_ms=subject.timeframe.close_ms(facts.open_ms),
            analysis_ms=facts.analysis_ms,
            engine_version=ENGINE_VERSION,
            config_hash=subject.config_hash,
            delta_source=facts.delta_source,
            gap=facts.gap,
            rejected=facts.rejected,
        ),
        reason=ending if score is not None else _word(outcome[NO_SCORE]),
        withheld=words_of(signal[WITHHELD]),
        signal_since_ms=None if math.isnan(signal[SINCE_MS]) else int(signal[SINCE_MS]),
        signal_entry_score=_maybe(signal[ENTRY_SCORE]),
    )


def _dimension(subject: Subject, index: int, inputs: Floats, outcome: Floats) -> Dimension:
    cell = index * DIMENSION_CELLS
    score, weight = _maybe(outcome[D_SCORE + cell]), float(outcome[D_WEIGHT + cell])
    status = REASONS[int(outcome[D_STATUS + cell])]
    return Dimension(
        score=score,
        weight=weight,
        weighted_score=0.0 if score is None else weight * score,
        nominal_weight=subject.weights[index],
        status="OK" if score is not None or status is None else status.value,
        completeness=min(float(outcome[D_COMPLETENESS + cell]), 1.0),
        components={
            COMPONENT_NAMES[component][1]: _component(subject, component, inputs, outcome)
            for component in range(FIRST[index], FIRST[index + 1])
        },
    )


def _component(subject: Subject, component: int, inputs: Floats, outcome: Floats) -> Component:
    cells = inputs[component * CELLS : (component + 1) * CELLS]
    c, value = _maybe(cells[C]), _maybe(cells[VALUE])
    if value is not None and component in IN_TICKS:
        value *= subject.tick_size
    age_ms = _maybe(cells[AGE_MS])
    return Component(
        value=value,
        signal=leaning(c),
        weight=COMPONENT_WEIGHTS[component],
        score=None if c is None else 50.0 + 50.0 * c,
        available=c is not None,
        age_ms=None if age_ms is None else int(age_ms),
        reason=REASONS[int(cells[REASON])],
        points=_maybe(outcome[POINTS + component]),
        level=LEVELS[int(inputs[LEVEL])] if component == SUPPORT_RESISTANCE and value is not None else None,
    )


def leaning(c: float | None) -> SignalKind:
    """What a component by itself says."""
    if c is None or abs(c) < SIGNAL_C:
        return SignalKind.NEUTRAL
    return SignalKind.BUY if c > 0 else SignalKind.SELL


def _maybe(cell: float) -> float | None:
    return None if math.isnan(cell) else float(cell)


def _word(code: float) -> str | None:
    reason = REASONS[int(code)]
    return None if reason is None else reason.value
