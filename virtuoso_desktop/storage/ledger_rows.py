"""What one row of the ledger says, and the bytes that are hashed for it (``docs/ledger.md``).

The canonical form is JSON as Python's ``json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)``
writes it, in UTF-8. Times are int64 ms UTC of events; no clock of this computer is in it.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import NamedTuple

import msgspec

from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.result import (
    COMPONENTS,
    Component,
    Confluence,
    Dimension,
    DimensionName,
    Profile,
    Reason,
    SignalKind,
    SignalStrength,
)
from virtuoso_desktop.model.timeframe import Timeframe

FORMAT = 1
GENESIS = "0" * 64
"""What the first row names as its predecessor."""


class LedgerKind(StrEnum):
    """What a row reports."""

    ENTERED = "entered"
    """NEUTRAL became BUY or SELL."""
    EXITED = "exited"
    """BUY or SELL became NEUTRAL."""
    STRENGTH = "strength"
    """The same signal in another class of strength."""
    REVISED = "revised"
    """The venue changed a candle that was closed: what the model says of it now. It changes nothing that holds."""


class Standing(NamedTuple):
    """The signal that holds."""

    signal: SignalKind
    strength: SignalStrength


NOTHING = Standing(SignalKind.NEUTRAL, SignalStrength.NONE)


class DimensionCells(NamedTuple):
    """A dimension in the order of its cells in a row; see `Dimension`."""

    score: float | None
    weight: float
    weighted_score: float
    nominal_weight: float
    completeness: float
    status: str


class ComponentCells(NamedTuple):
    """A component in the order of its cells in a row; see `Component`."""

    score: float | None
    value: float | None
    points: float | None
    weight: float
    age_ms: int | None
    reason: Reason | None


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it stands in the ledger."""

    number: int
    """From 1, without holes."""
    previous: str
    """SHA-256 of the row before, in hex; `GENESIS` in row 1."""
    format: int = FORMAT
    lost_before: int
    """Rows between this and the one before that could not be written, since the disk refused for too long."""
    kind: LedgerKind
    source: Source
    instrument: str
    timeframe: Timeframe
    close_ms: int
    """Close of the candle."""
    decision_ms: int
    """Venue time of the evaluation."""
    from_signal: SignalKind
    from_strength: SignalStrength
    signal: SignalKind
    strength: SignalStrength
    since_ms: int | None
    """Close of the candle that raised the signal."""
    entry_score: float | None
    score: float | None
    confidence: float
    confidence_raw: float
    calibrated: bool
    profile: Profile
    reason: str | None
    data_points: int
    delta_source: str | None
    gap: bool
    rejected: int
    engine_version: str
    config_hash: str
    dimensions: dict[DimensionName, DimensionCells]
    components: dict[str, ComponentCells]

    @property
    def standing(self) -> Standing:
        """What holds after this row."""
        return Standing(self.signal, self.strength)


class Transition(msgspec.Struct, frozen=True):
    """A row that is not in the chain yet. Made by `changes` and `revision`."""

    kind: LedgerKind
    before: Standing
    after: Standing
    result: Confluence
    reason: str | None

    def row(self, number: int, previous: str, lost_before: int = 0) -> LedgerRow:
        """The row at its place in the chain."""
        result, meta = self.result, self.result.metadata
        return LedgerRow(
            number=number,
            previous=previous,
            lost_before=lost_before,
            kind=self.kind,
            source=result.source,
            instrument=str(result.instrument_id),
            timeframe=result.timeframe,
            close_ms=meta.last_candle_ms,
            decision_ms=meta.analysis_ms,
            from_signal=self.before.signal,
            from_strength=self.before.strength,
            signal=self.after.signal,
            strength=self.after.strength,
            since_ms=result.signal_since_ms,
            entry_score=result.signal_entry_score,
            score=result.confluence_score,
            confidence=result.confidence,
            confidence_raw=result.confidence_raw,
            calibrated=result.calibrated,
            profile=result.profile,
            reason=self.reason,
            data_points=meta.data_points,
            delta_source=meta.delta_source,
            gap=meta.gap,
            rejected=meta.rejected,
            engine_version=meta.engine_version,
            config_hash=meta.config_hash,
            dimensions={name: _dimension(each) for name, each in result.dimensions.items()},
            components={
                name: _component(component)
                for dimension, names in COMPONENTS.items()
                for name in names
                if (component := _found(result, dimension, name)) is not None
            },
        )


def changes(before: Standing, result: Confluence, reason: str | None = None) -> tuple[Transition, ...]:
    """What the ledger has to say after an evaluation of a closed candle: none, one or two transitions.

    A BUY that becomes SELL (only a revision can do that within one candle) is left first. Between LEAN and NONE
    nothing is signalled, so nothing is told.

    Parameters
    ----------
    before : Standing
        What held before.
    reason : str or None
        Instead of the result's own, e.g. ``revision``.

    Raises
    ------
    ValueError
        The result is provisional (``forming``), or holds a number that is none.
    """
    after = Standing(result.signal, result.signal_strength)
    steps: list[tuple[LedgerKind, Standing, Standing]] = []
    if after.signal is before.signal:
        if after.strength is not before.strength and after.signal is not SignalKind.NEUTRAL:
            steps.append((LedgerKind.STRENGTH, before, after))
    else:
        between = NOTHING if after.signal is not SignalKind.NEUTRAL else after
        if before.signal is not SignalKind.NEUTRAL:
            steps.append((LedgerKind.EXITED, before, between))
            before = between
        if after.signal is not SignalKind.NEUTRAL:
            steps.append((LedgerKind.ENTERED, before, after))
    told = result.reason if reason is None else reason
    return tuple(_checked(Transition(kind, start, end, result, told)) for kind, start, end in steps)


def revision(told: Standing, result: Confluence, reason: str | None = None) -> Transition:
    """The `REVISED` row of a candle whose values changed after it was judged. Raises ValueError as `changes`."""
    after = Standing(result.signal, result.signal_strength)
    return _checked(Transition(LedgerKind.REVISED, told, after, result, result.reason if reason is None else reason))


def canonical(row: LedgerRow) -> bytes:
    """The bytes of a row that are stored and hashed. Raises ValueError for NaN and infinity."""
    built = msgspec.to_builtins(row)
    return json.dumps(built, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(body: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(body).hexdigest()


def _checked(transition: Transition) -> Transition:
    if transition.result.forming:
        raise ValueError("a provisional result is never written to the ledger")
    canonical(transition.row(1, GENESIS))
    return transition


def _dimension(each: Dimension) -> DimensionCells:
    return DimensionCells(
        each.score, each.weight, each.weighted_score, each.nominal_weight, each.completeness, each.status
    )


def _found(result: Confluence, dimension: DimensionName, name: str) -> Component | None:
    held = result.dimensions.get(dimension)
    return None if held is None else held.components.get(name)


def _component(each: Component) -> ComponentCells:
    return ComponentCells(each.score, each.value, each.points, each.weight, each.age_ms, each.reason)
