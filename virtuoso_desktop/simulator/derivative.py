"""What only a contract has: mark and index price, open interest, funding; slow noise around the last price."""

from __future__ import annotations

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.simulator.bars import Grid
from virtuoso_desktop.simulator.market import SimDerivative
from virtuoso_desktop.simulator.noise import derive_key, smooth

_HOUR_MS = 3_600_000
_INTEREST_RATIO = 0.0001
"""Per 8 h; the premium moves the rate only beyond 5 basis points of it."""
_DEADBAND_RATIO = 0.0005
_LARGEST_RATE = 0.005
_SLOW_PREMIUM, _FAST_PREMIUM = 0.0009, 0.00018
_MARK_RATIO = 0.00003
_USUAL_INTEREST_MINUTES = 700


class DerivativeMaker:
    """Makes the contract figures of one instrument; None throughout for spot."""

    def __init__(self, key: int, grid: Grid, instrument: Instrument, usual_lots: float) -> None:
        self._grid = grid
        self._interval_ms = (instrument.funding_interval_min or 0) * 60_000
        self._interest_lots = usual_lots * _USUAL_INTEREST_MINUTES
        self._slow, self._fast, self._mark, self._interest = (
            derive_key(key, name) for name in ("premium", "fast premium", "mark", "open interest")
        )

    def derivative(self, last_ticks: int, now_ms: int) -> SimDerivative | None:
        """The figures as of ``now_ms`` when the last trade was at ``last_ticks``."""
        if not self._interval_ms:
            return None
        slow = _SLOW_PREMIUM * smooth(self._slow, now_ms, 7 * _HOUR_MS)
        premium = slow + _FAST_PREMIUM * smooth(self._fast, now_ms, 11 * 60_000)
        mark_ticks = round(last_ticks * (1.0 + _MARK_RATIO * smooth(self._mark, now_ms, 9_000)))
        index_ticks = max(1, round(last_ticks * (1.0 - premium)))
        interest = self._interest_at(now_ms)
        return SimDerivative(
            self._grid.price(mark_ticks),
            self._grid.price(index_ticks),
            self._grid.size(interest),
            self._grid.turnover(self._grid.turnover_of_trades(interest * mark_ticks)),
            self._funding_rate(slow),
            (now_ms // self._interval_ms + 1) * self._interval_ms,
        )

    def _funding_rate(self, premium: float) -> str:
        """Premium plus interest, the interest's pull limited to the dead band (the venue's rule), as text."""
        interest = _INTEREST_RATIO * self._interval_ms / (8 * _HOUR_MS)
        rate = premium + max(-_DEADBAND_RATIO, min(_DEADBAND_RATIO, interest - premium))
        text = f"{max(-_LARGEST_RATE, min(_LARGEST_RATE, rate)):.8f}".rstrip("0")
        return "0" if text in {"0.", "-0."} else text

    def _interest_at(self, now_ms: int) -> int:
        key = self._interest
        share = 1.0 + 0.22 * smooth(key, now_ms, 150 * _HOUR_MS) + 0.10 * smooth(key + 1, now_ms, 31 * _HOUR_MS)
        share += 0.030 * smooth(key + 2, now_ms, 3 * _HOUR_MS) + 0.008 * smooth(key + 3, now_ms, 17 * 60_000)
        share += 0.0012 * smooth(key + 4, now_ms, 50_000)
        return round(self._interest_lots * share)
