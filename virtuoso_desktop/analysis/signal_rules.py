"""The rules of signals as numbers: what the machine compares with, and what those who explain it name.

Imports no numba: also for those who only tell of results.
"""

from __future__ import annotations

from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.settings.schema import ThresholdsSettings

MIDDLE = 50.0
CONFIRMATIONS = 2.0
LEAST_CONFIDENCE = 0.40
LEAST_WEIGHT = 0.5
"""Share of the nominal weight that has to be there."""
LEAST_DIMENSIONS = 3.0
COOL_DOWN = 3.0
"""Closed candles."""
SETTLED = 3.0
PAUSE = 2.0
"""Closed candles without an entry after a dimension came or went."""
LEAN_FROM = 10.0
STRONG_FROM, STRONG_CONFIDENCE = 22.0, 0.75
VERY_STRONG_FROM, VERY_STRONG_CONFIDENCE = 32.0, 0.80
"""Points from the middle, and confidence."""


def raised_at(thresholds: ThresholdsSettings, signal: SignalKind) -> float:
    """Score from which a BUY or SELL is raised."""
    return thresholds.buy if signal is SignalKind.BUY else thresholds.sell


def ends_at(thresholds: ThresholdsSettings, signal: SignalKind) -> float:
    """Score beyond which a BUY or SELL ends."""
    return thresholds.buy_exit if signal is SignalKind.BUY else thresholds.sell_exit
