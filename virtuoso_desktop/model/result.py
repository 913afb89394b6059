"""What the analysis says of one instrument on one timeframe: components, dimensions, confluence, signal.

Times are int64 ms UTC, prices decimal. Missing is None with a `Reason`, never 0 and never a silent 50. The JSON with
the names of the original system is made at the border, where times become text.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import Timeframe


class DimensionName(StrEnum):
    """The six dimensions, in the order of their letters T V F B P S."""

    TECHNICAL = "technical"
    VOLUME = "volume"
    ORDERFLOW = "orderflow"
    ORDERBOOK = "orderbook"
    PRICE_STRUCTURE = "price_structure"
    SENTIMENT = "sentiment"


COMPONENTS: dict[DimensionName, tuple[str, ...]] = {
    DimensionName.TECHNICAL: ("rsi", "macd", "ema_crossover", "bollinger_bands"),
    DimensionName.VOLUME: ("obv", "volume_delta", "vwap"),
    DimensionName.ORDERFLOW: ("buy_sell_pressure", "order_imbalance", "large_trades", "liquidations"),
    DimensionName.ORDERBOOK: ("bid_ask_depth", "liquidity_zones", "microprice"),
    DimensionName.PRICE_STRUCTURE: ("support_resistance", "trend_analysis"),
    DimensionName.SENTIMENT: ("funding_rate", "open_interest_change", "long_short_ratio", "liquidation_skew"),
}
"""The 20 components in the order of every array that holds one cell a component (analysis C.2)."""


class SignalKind(StrEnum):
    """The opinion of the model; never an order."""

    BUY = "BUY"
    SELL = "SELL"
    NEUTRAL = "NEUTRAL"


class SignalStrength(StrEnum):
    """Class of a signal (analysis C.6)."""

    NONE = "NONE"
    LEAN = "LEAN"
    MODERATE = "MODERATE"
    STRONG = "STRONG"
    VERY_STRONG = "VERY_STRONG"


class Reason(StrEnum):
    """Why a value is missing, or not what it seems (analysis 0.9)."""

    WARMUP = "WARMUP"
    MISSING = "MISSING"
    STALE = "STALE"
    DEGENERATE = "DEGENERATE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    GAP = "GAP"
    REACH = "REACH"


class LevelKind(StrEnum):
    """What a level of support or resistance is (analysis B.3, P3)."""

    SWINGS = "swings"
    """Where the market turned more than once."""
    DAY_HIGH = "prior_day_high"
    DAY_LOW = "prior_day_low"
    CONTROL = "poc"
    """Of the session's volume profile, as the two below."""
    VALUE_HIGH = "vah"
    VALUE_LOW = "val"


class Profile(StrEnum):
    """Which dimensions a score is made of (analysis C.7)."""

    FULL = "full"
    CANDLES_ONLY = "candles_only"


class Withheld(StrEnum):
    """The rule that kept a signal from being raised or changed (analysis C.5)."""

    THRESHOLD = "threshold"
    CONFIRMATION = "confirmation"
    COOL_DOWN = "cool_down"
    COVERAGE = "coverage"
    CONFIDENCE = "confidence"
    DIMENSIONS_CHANGED = "dimensions_changed"


class Component(msgspec.Struct, frozen=True):
    """One input of a dimension. ``score`` = 50 + 50 c; None when not available."""

    value: float | None
    """In the component's own unit (analysis C.2, column ``value``)."""
    signal: SignalKind
    weight: float
    """Nominal share of its dimension, 0 to 1."""
    score: float | None
    available: bool
    age_ms: int | None
    """Age of the newest input at the evaluation."""
    reason: Reason | None
    points: float | None = None
    """Share of ``confluence_score - 50``: the points of all components add up to it."""
    level: LevelKind | None = None
    """Of support and resistance: the level that ``value`` is the distance from."""


class Dimension(msgspec.Struct, frozen=True):
    """One dimension. ``weighted_score`` = weight x score; both 0 when it is missing."""

    score: float | None
    weight: float
    """Effective share of the score after renormalising over what is available."""
    weighted_score: float
    nominal_weight: float
    status: str
    """``OK`` or a `Reason`."""
    completeness: float
    components: dict[str, Component]


class Metadata(msgspec.Struct, frozen=True):
    """How a result came about."""

    processing_time_ms: float
    """The only field that two runs over the same events may disagree on."""
    data_points: int
    last_candle_open_ms: int
    last_candle_ms: int
    """Close of the last closed candle."""
    analysis_ms: int
    """Venue time of the evaluation."""
    engine_version: str
    config_hash: str
    delta_source: str | None
    gap: bool
    rejected: int


class Confluence(msgspec.Struct, frozen=True):
    """The result of one evaluation (analysis C.9)."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    source: Source
    confluence_score: float | None
    signal: SignalKind
    signal_strength: SignalStrength
    confidence: float
    confidence_raw: float
    calibrated: bool
    forming: bool
    """A preview on a candle that is not closed: never written anywhere."""
    profile: Profile
    dimensions: dict[DimensionName, Dimension]
    metadata: Metadata
    reason: str | None = None
    """Why there is no score, or why a signal ended."""
    withheld: tuple[Withheld, ...] = ()
    """Rules that stand between this result and a signal in its direction, all that apply."""
    signal_since_ms: int | None = None
    """Close of the candle that raised the signal which holds now."""
    signal_entry_score: float | None = None


class TimeframeVote(msgspec.Struct, frozen=True):
    """The timeframes of one instrument taken together (analysis C.8)."""

    overall_signal: SignalKind
    confidence: float
    consensus_strength: float
    net_bias: float
    """(BUY votes - SELL votes) / all votes, -1 to 1."""
    mtf_score: float | None
    counter_trend: bool
    timeframes: dict[Timeframe, Confluence]
