"""Results of the analysis by hand, for tests of what shows them: BTCUSDT at 72.70, component by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tests.market_rows import NOW_MS, identity
from virtuoso_desktop.engine.analysis_views import AnalysisState, AnalysisView, ScoreRow, SignalView
from virtuoso_desktop.engine.explanation import explain
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.result import (
    COMPONENTS,
    Component,
    Confluence,
    Dimension,
    DimensionName,
    Metadata,
    Profile,
    Reason,
    SignalKind,
    SignalStrength,
    TimeframeVote,
)
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.settings.schema import ThresholdsSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

THRESHOLDS = ThresholdsSettings(buy=70, buy_exit=65, sell_exit=35, sell=30)
CLOSED_MS = Timeframe.M5.open_ms(NOW_MS)
WEIGHTS = {
    DimensionName.TECHNICAL: 0.25,
    DimensionName.VOLUME: 0.20,
    DimensionName.ORDERFLOW: 0.15,
    DimensionName.ORDERBOOK: 0.15,
    DimensionName.PRICE_STRUCTURE: 0.15,
    DimensionName.SENTIMENT: 0.10,
}
CANDLES_ONLY = frozenset({DimensionName.ORDERFLOW, DimensionName.ORDERBOOK, DimensionName.SENTIMENT})
"""What is missing while only candles are analysed."""
PARTS: dict[str, tuple[float, float, float, int | None]] = {
    "rsi": (0.25, 65.5, 58.1, 0),
    "macd": (0.30, 38.6, 84.0, 0),
    "ema_crossover": (0.25, 1.0, 82.0, 0),
    "bollinger_bands": (0.20, 0.87, 73.875, 0),
    "obv": (0.30, 125_040.0, 77.0, 0),
    "volume_delta": (0.40, 96.4, 88.0, 0),
    "vwap": (0.30, 93_504.9, 50.0 + 1.34 / 0.06, 0),
    "buy_sell_pressure": (0.35, 0.31, 68.0, 900),
    "order_imbalance": (0.35, 41.2, 66.0, 400),
    "large_trades": (0.15, 0.02, 60.0, 900),
    "liquidations": (0.15, 0.004, 50.0 + 0.24 / 0.0225, 2_000),
    "bid_ask_depth": (0.50, 0.24, 74.0, 100),
    "liquidity_zones": (0.25, 0.18, 62.0, 100),
    "microprice": (0.25, 0.41, 70.0, 100),
    "support_resistance": (0.45, 0.82, 74.0, 0),
    "trend_analysis": (0.55, 0.11, 50.0 + 2.58 / 0.0825, 0),
    "funding_rate": (0.35, 0.000042, 34.0, 30_000),
    "open_interest_change": (0.35, 0.31, 86.0, 240_000),
    "long_short_ratio": (0.15, 1.24, 58.0, 240_000),
    "liquidation_skew": (0.15, 0.12, 62.0, 2_000),
}
"""Weight within the dimension, value, score, age in ms. The points add up to +22.70."""


def judge(score: float) -> SignalKind:
    return SignalKind.BUY if score >= 62.5 else SignalKind.SELL if score <= 37.5 else SignalKind.NEUTRAL


def dimension(name: DimensionName, scores: Mapping[str, float], weight: float) -> Dimension:
    """A whole dimension from the scores of its components."""
    components: dict[str, Component] = {}
    score = sum(PARTS[part][0] * scores[part] for part in COMPONENTS[name])
    for part in COMPONENTS[name]:
        share, value, _, age_ms = PARTS[part]
        points = weight * share * (scores[part] - 50.0)
        components[part] = Component(value, judge(scores[part]), share, scores[part], True, age_ms, None, points)
    return Dimension(score, weight, weight * score, WEIGHTS[name], "OK", 1.0, components)


def missing(name: DimensionName, reason: Reason = Reason.MISSING) -> Dimension:
    components = {
        part: Component(None, SignalKind.NEUTRAL, PARTS[part][0], None, False, None, reason)
        for part in COMPONENTS[name]
    }
    return Dimension(None, 0.0, 0.0, WEIGHTS[name], reason.value, 0.0, components)


def confluence(
    scores: Mapping[str, float] | None = None, *, without: frozenset[DimensionName] = frozenset(), **fields: Any
) -> Confluence:
    """BUY, STRONG at 72.70 unless ``scores`` of single components or ``fields`` say otherwise."""
    every = {part: values[2] for part, values in PARTS.items()} | dict(scores or {})
    left = sum(weight for name, weight in WEIGHTS.items() if name not in without)
    dimensions = {
        name: missing(name) if name in without else dimension(name, every, weight / left)
        for name, weight in WEIGHTS.items()
    }
    known: dict[str, Any] = {
        "instrument_id": identity("BTC"),
        "timeframe": Timeframe.M5,
        "source": Source.LIVE,
        "confluence_score": sum(each.weighted_score for each in dimensions.values()),
        "signal": SignalKind.BUY,
        "signal_strength": SignalStrength.STRONG,
        "confidence": 0.85,
        "confidence_raw": 0.85,
        "calibrated": False,
        "forming": False,
        "profile": Profile.CANDLES_ONLY if without else Profile.FULL,
        "dimensions": dimensions,
        "metadata": Metadata(
            0.4, 1000, CLOSED_MS - 300_000, CLOSED_MS, CLOSED_MS + 300, "1", "c0ffee", "trades", False, 0
        ),
        "signal_since_ms": CLOSED_MS,
        "signal_entry_score": 72.7,
    }
    return Confluence(**(known | fields))


def vote(mine: Confluence) -> TimeframeVote:
    """Seven timeframes of which three besides ``mine`` say BUY."""
    known = dict(zip(ANALYSED_TIMEFRAMES, (58.0, 72.7, 71.0, 70.2, 61.0, 72.0, 55.0), strict=True))
    results: dict[Timeframe, Confluence] = {}
    for timeframe, score in known.items():
        kind = SignalKind.BUY if score >= 70 else SignalKind.NEUTRAL
        results[timeframe] = msgspec.structs.replace(mine, timeframe=timeframe, confluence_score=score, signal=kind)
    results[mine.timeframe] = mine
    return TimeframeVote(SignalKind.BUY, 0.81, 0.64, 0.64, 67.1, False, results)


def view(result: Confluence | None = None, before: Confluence | None = None, **fields: Any) -> AnalysisView:
    """A ready view of ``result``, with its explanation and vote."""
    result = result or confluence()
    before = before or confluence({"volume_delta": 76.75, "macd": 76.0})
    known: dict[str, Any] = {
        "instrument_id": result.instrument_id,
        "timeframe": result.timeframe,
        "version": 1,
        "state": AnalysisState.READY,
        "price_decimals": 1,
        "candles": 1000,
        "candles_needed": 34,
        "result": result,
        "vote": vote(result),
        "explanation": explain(result, before, THRESHOLDS),
        "signal_candles": 1,
        "stale_at_ms": result.metadata.last_candle_ms + 450_000,
    }
    return AnalysisView(**(known | fields))


def score_row(
    coin: str, dimensions: tuple[float | None, ...], timeframe: Timeframe = Timeframe.M5, **fields: Any
) -> ScoreRow:
    """Scores of one instrument; the confluence is made of what is there."""
    there = [(weight, score) for weight, score in zip(WEIGHTS.values(), dimensions, strict=True) if score is not None]
    left = sum(weight for weight, _ in there)
    score = sum(weight * score for weight, score in there) / left if there else None
    kind = SignalKind.NEUTRAL
    if score is not None and (score >= 70 or score <= 30):
        kind = SignalKind.BUY if score >= 70 else SignalKind.SELL
    known: dict[str, Any] = {
        "reasons": tuple("" if each is not None else Reason.MISSING.value for each in dimensions),
        "score": score,
        "signal": kind,
        "strength": SignalStrength.MODERATE if kind is not SignalKind.NEUTRAL else SignalStrength.NONE,
        "confidence": 0.7,
        "closed_ms": CLOSED_MS,
        "stale_at_ms": CLOSED_MS + 450_000,
    }
    return ScoreRow(identity(coin), timeframe, AnalysisState.READY, dimensions, **(known | fields))  # type: ignore[arg-type]


def signal(number: int, coin: str = "BTC", kind: SignalKind = SignalKind.BUY, **fields: Any) -> SignalView:
    """A signal of 5m, an hour times ``number`` old or younger."""
    raised_ms = CLOSED_MS - (20 - number) * 3_600_000
    known: dict[str, Any] = {
        "timeframe": Timeframe.M5,
        "strength": SignalStrength.STRONG,
        "score": 72.7 if kind is SignalKind.BUY else 26.4,
        "confidence": 0.78,
        "calibrated": False,
        "profile": Profile.FULL,
        "raised_ms": raised_ms,
        "candle_open_ms": raised_ms - 300_000,
    }
    return SignalView(number=number, instrument_id=identity(coin), kind=kind, **(known | fields))
