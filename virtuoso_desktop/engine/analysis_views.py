"""Read models of the analysis for both faces: what the engine says of scores and signals, never how it holds it.

Imports no numpy. Times are int64 ms UTC. Missing is None with a reason.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import Confluence, DimensionName, Profile, SignalKind, SignalStrength, TimeframeVote
from virtuoso_desktop.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable


class AnalysisState(StrEnum):
    """How far the analysis of one series is."""

    PREPARING = "preparing"
    """Kernels are being compiled, or candles loaded."""
    WARM_UP = "warm_up"
    """Too few closed candles for a score."""
    READY = "ready"


class Obstacle(msgspec.Struct, frozen=True):
    """One rule between a result and what it could be next: what it needs, and what there is."""

    rule: str
    """A `model.result.Withheld`, or ``score`` and ``agreement`` for a class of strength."""
    needs: float | None = None
    has: float | None = None


class Move(msgspec.Struct, frozen=True):
    """A value of a component or dimension before and after."""

    name: str
    before: float
    after: float


class Explanation(msgspec.Struct, frozen=True):
    """Why a result is not more than it is, what would end it, and what changed since the candle before."""

    target: str | None
    """What is not reached: ``BUY``, ``SELL``, ``STRONG``, ``VERY STRONG``; None when there is nothing above."""
    obstacles: tuple[Obstacle, ...]
    ends_at: float | None
    """Score at which the signal that holds now ends: below it for BUY, above it for SELL."""
    ends_by: tuple[Move, ...]
    """For each dimension alone, the score that would end the signal, the nearest first."""
    score_before: float | None
    """Confluence of the candle before."""
    changes: tuple[Move, ...]
    """Points of the components that changed since the candle before, the largest change first."""


class AnalysisView(msgspec.Struct, frozen=True):
    """All that is known of one (instrument, timeframe)."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    version: int
    """Changes with every change of what is here."""
    state: AnalysisState
    price_decimals: int
    candles: int = 0
    """Closed candles that are there."""
    candles_needed: int = 0
    """Closed candles that a score needs."""
    result: Confluence | None = None
    """Of the last closed candle."""
    preview: Confluence | None = None
    """Of the forming candle: provisional, never written anywhere."""
    vote: TimeframeVote | None = None
    explanation: Explanation | None = None
    """Of ``result``."""
    signal_candles: int | None = None
    """Closed candles since the signal that holds now was raised, its own included."""
    stale_at_ms: int | None = None
    """Venue time after which ``result`` is too old to be used."""
    not_analysed: frozenset[DimensionName] = frozenset()
    """Dimensions that this version does not analyse at all."""
    warm_at_ms: dict[DimensionName, int] = {}
    """Venue time at which the scales of a dimension are known, where they are not yet: those of `WARMUP`."""
    missing_since_ms: dict[DimensionName, int] = {}
    """Close of the first candle in a row on which a dimension was missing; absent where that is not known."""


class ScoreRow(msgspec.Struct, frozen=True):
    """The scores of one (instrument, timeframe) as Markets shows them."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    state: AnalysisState
    dimensions: tuple[float | None, float | None, float | None, float | None, float | None, float | None] = (
        None, None, None, None, None, None,
    )  # fmt: skip
    """In the order T V F B P S."""
    reasons: tuple[str, str, str, str, str, str] = ("", "", "", "", "", "")
    """Why a dimension has no score: its `model.result.Dimension.status`; empty where it has one."""
    score: float | None = None
    signal: SignalKind = SignalKind.NEUTRAL
    strength: SignalStrength = SignalStrength.NONE
    confidence: float | None = None
    profile: Profile = Profile.FULL
    forming: bool = False
    """A preview on a candle that is not closed."""
    closed_ms: int | None = None
    """Close of the last closed candle."""
    stale_at_ms: int | None = None
    reason: str | None = None
    """Why there is no score."""
    not_analysed: frozenset[DimensionName] = frozenset()
    warm_at_ms: dict[DimensionName, int] = {}
    """As in `AnalysisView`."""


class SignalView(msgspec.Struct, frozen=True):
    """One signal, from the ledger."""

    number: int
    """Of its row in the ledger: grows with every signal."""
    instrument_id: InstrumentId
    timeframe: Timeframe
    kind: SignalKind
    strength: SignalStrength
    score: float
    confidence: float
    calibrated: bool
    profile: Profile
    raised_ms: int
    """Close of the candle that raised it."""
    candle_open_ms: int
    """Open of that candle: where it stands on the chart."""
    alerts: bool = True
    """False where signals of this timeframe are shown but never alerted."""
    ended_ms: int | None = None
    """Close of the candle that ended it; None while it holds."""
    end_reason: str | None = None
    """``score`` or ``data``."""
    end_score: float | None = None


class ScoreCursor(Protocol):
    """One reader's view of changed scores of one timeframe."""

    def take(self) -> Iterable[ScoreRow]:
        """Scores changed since the last call (each at most once)."""
        ...
