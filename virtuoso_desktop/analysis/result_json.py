"""Results as JSON with the names of the original system and those that were added (analysis C.9).

Numbers are not rounded; a missing one is null beside its reason. Times become text here and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.result import Component, Confluence, Dimension, TimeframeVote

WITH_LEVEL = frozenset({"support_resistance"})
"""Components that are measured from a level, and say of which kind it is."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def iso(time_ms: int) -> str:
    """``2023-08-30T12:05:15Z``, with milliseconds where there are any."""
    moment = _EPOCH + dt.timedelta(milliseconds=time_ms)
    fraction = "" if time_ms % 1000 == 0 else f".{time_ms % 1000:03}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def confluence_json(result: Confluence) -> dict[str, Any]:
    """One result, ready for any JSON encoder. A result from a file names no venue: its ``instrument`` is null."""
    about = result.metadata
    return {
        "symbol": result.instrument_id.symbol,
        "timeframe": result.timeframe.value,
        "confluence_score": result.confluence_score,
        "signal": result.signal.value,
        "confidence": result.confidence,
        "signal_strength": result.signal_strength.value,
        "timestamp": iso(about.analysis_ms),
        "source": result.source.value,
        "instrument": None if result.source is Source.FILE else str(result.instrument_id),
        "confidence_raw": result.confidence_raw,
        "calibrated": result.calibrated,
        "forming": result.forming,
        "profile": result.profile.value,
        "reason": result.reason,
        "withheld": [rule.value for rule in result.withheld],
        "signal_since": None if result.signal_since_ms is None else iso(result.signal_since_ms),
        "signal_entry_score": result.signal_entry_score,
        "dimensions": {name.value: _dimension(dimension) for name, dimension in result.dimensions.items()},
        "metadata": {
            "processing_time_ms": about.processing_time_ms,
            "data_points": about.data_points,
            "last_candle_time": iso(about.last_candle_ms),
            "last_candle_open": iso(about.last_candle_open_ms),
            "analysis_time": iso(about.analysis_ms),
            "engine_version": about.engine_version,
            "config_hash": about.config_hash,
            "delta_source": about.delta_source,
            "gap": about.gap,
            "rejected": about.rejected,
        },
    }


def _dimension(dimension: Dimension) -> dict[str, Any]:
    return {
        "score": dimension.score,
        "weight": dimension.weight,
        "weighted_score": dimension.weighted_score,
        "nominal_weight": dimension.nominal_weight,
        "status": dimension.status,
        "completeness": dimension.completeness,
        "components": {name: _component(name, component) for name, component in dimension.components.items()},
    }


def _component(name: str, component: Component) -> dict[str, Any]:
    told = {
        "value": component.value,
        "signal": component.signal.value,
        "weight": component.weight,
        "score": component.score,
        "available": component.available,
        "age_ms": component.age_ms,
        "reason": None if component.reason is None else component.reason.value,
        "points": component.points,
    }
    if name in WITH_LEVEL:
        told["level"] = None if component.level is None else component.level.value
    return told


def vote_json(vote: TimeframeVote) -> dict[str, Any]:
    """The timeframes of one instrument taken together."""
    return {
        "overall_signal": vote.overall_signal.value,
        "confidence": vote.confidence,
        "timeframe_breakdown": {
            result.timeframe.value: {
                "signal": result.signal.value,
                "confidence": result.confidence,
                "confluence_score": result.confluence_score,
                "signal_strength": result.signal_strength.value,
            }
            for result in _in_order(vote.timeframes.values())
        },
        "consensus_strength": vote.consensus_strength,
        "net_bias": vote.net_bias,
        "mtf_score": vote.mtf_score,
        "counter_trend": vote.counter_trend,
    }


def _in_order(results: Iterable[Confluence]) -> list[Confluence]:
    return sorted(results, key=lambda result: result.timeframe.duration_ms)
