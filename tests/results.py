"""Results of the analysis as a test wants them, without any analysis: what is stored is not judged here."""

from __future__ import annotations

import random

from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.result import (
    COMPONENTS,
    Component,
    Confluence,
    Dimension,
    Metadata,
    Profile,
    Reason,
    SignalKind,
    SignalStrength,
    Withheld,
)
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.ledger_rows import NOTHING, Standing, Transition, changes

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
ETH = InstrumentId.parse("bybit:linear:ETHUSDT")
T0_MS = 1_700_000_100_000
STRENGTHS = (SignalStrength.MODERATE, SignalStrength.STRONG, SignalStrength.VERY_STRONG)


def result(
    place: int = 0,
    signal: SignalKind = SignalKind.NEUTRAL,
    strength: SignalStrength = SignalStrength.NONE,
    *,
    instrument_id: InstrumentId = BTC,
    timeframe: Timeframe = Timeframe.M5,
    score: float | None = 50.0,
    seed: int = 0,
    forming: bool = False,
    reason: str | None = None,
    withheld: tuple[Withheld, ...] = (),
) -> Confluence:
    """The result of the candle number ``place``; the same arguments give the same result."""
    dice = random.Random(f"{place} {instrument_id} {timeframe} {seed}")
    close_ms = T0_MS + (place + 1) * timeframe.duration_ms
    streams = ("orderflow", "orderbook", "sentiment")
    dimensions = {
        name: Dimension(
            score=None if name.value in streams else dice.uniform(0, 100),
            weight=0.0 if name.value in streams else 1 / 3,
            weighted_score=0.0 if name.value in streams else dice.uniform(0, 33),
            nominal_weight=0.25,
            status="MISSING" if name.value in streams else "OK",
            completeness=0.0 if name.value in streams else 1.0,
            components={
                key: Component(
                    value=None if name.value in streams else dice.gauss(0, 1e6),
                    signal=SignalKind.NEUTRAL,
                    weight=1 / len(names),
                    score=None if name.value in streams else dice.uniform(0, 100),
                    available=name.value not in streams,
                    age_ms=None if name.value in streams else dice.randrange(60_000),
                    reason=Reason.MISSING if name.value in streams else None,
                    points=None if name.value in streams else dice.uniform(-20, 20),
                )
                for key in names
            },
        )
        for name, names in COMPONENTS.items()
    }
    return Confluence(
        instrument_id=instrument_id,
        timeframe=timeframe,
        source=Source.LIVE,
        confluence_score=score,
        signal=signal,
        signal_strength=strength,
        confidence=0.5,
        confidence_raw=0.625,
        calibrated=False,
        forming=forming,
        profile=Profile.FULL,
        dimensions=dimensions,
        metadata=Metadata(
            processing_time_ms=dice.random() if seed == 0 else 9.0,
            data_points=1000,
            last_candle_open_ms=close_ms - timeframe.duration_ms,
            last_candle_ms=close_ms,
            analysis_ms=close_ms + 40,
            engine_version="1",
            config_hash="c0ffee",
            delta_source="trades",
            gap=False,
            rejected=0,
        ),
        reason=reason,
        withheld=withheld,
        signal_since_ms=None if signal is SignalKind.NEUTRAL else close_ms,
        signal_entry_score=None if signal is SignalKind.NEUTRAL else score,
    )


def step(place: int, instrument_id: InstrumentId, before: Standing) -> Standing:
    """What holds after a candle; the same arguments give the same answer."""
    dice = random.Random(f"step {place} {instrument_id}")
    if dice.random() < 0.6:
        return before
    if before.signal is not SignalKind.NEUTRAL and dice.random() < 0.5:
        return NOTHING
    fresh = dice.choice((SignalKind.BUY, SignalKind.SELL))
    signal = fresh if before.signal is SignalKind.NEUTRAL else before.signal
    return Standing(signal, dice.choice(STRENGTHS))


def evaluated(
    place: int, instrument_id: InstrumentId, before: Standing, after: Standing
) -> tuple[Confluence, tuple[Transition, ...]]:
    """The result of that step, and what the ledger has to say of it."""
    found = result(place, *after, instrument_id=instrument_id, score=float(place % 97))
    return found, changes(before, found)


def walk(count: int) -> list[tuple[Confluence, tuple[Transition, ...]]]:
    """Evaluations of two instruments with what the ledger has to say of each; signals come and go at random."""
    standing = {BTC: NOTHING, ETH: NOTHING}
    steps: list[tuple[Confluence, tuple[Transition, ...]]] = []
    for place in range(count):
        for instrument_id in (BTC, ETH):
            after = step(place, instrument_id, standing[instrument_id])
            steps.append(evaluated(place, instrument_id, standing[instrument_id], after))
            standing[instrument_id] = after
    return steps


def transitions(count: int) -> list[Transition]:
    """The first ``count`` transitions of a walk."""
    found = [each for _, told in walk(3 * count + 20) for each in told]
    assert len(found) >= count
    return found[:count]
