"""Volume delta by minute: what takers bought minus what they sold, from the trades themselves (analysis A.13)."""

from __future__ import annotations

from typing import NamedTuple

from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

KEPT_MINUTES = DAY_MS // MINUTE_MS + 60
"""A whole day, so that the daily candle has its delta, and an hour for the trim."""
MOST_MINUTES = KEPT_MINUTES + 60
LEAST_COVERAGE, MOST_COVERAGE = 0.98, 1.02
"""Share of a candle's volume that its trades have to add up to."""


class Traded(NamedTuple):
    """Trades of a stretch of time, in the unit of the trades' sizes."""

    delta: float
    """Taker buys minus taker sells."""
    volume: float

    def covers(self, volume: float) -> bool:
        """Whether these are all trades of a candle of that volume; no candle (NaN) has all its trades."""
        if volume == 0.0:
            return self.volume == 0.0
        return LEAST_COVERAGE <= self.volume / volume <= MOST_COVERAGE


class MinuteDeltas:
    """Sums of the newest day of one instrument, a cell a minute of trade time. Block trades are counted apart."""

    __slots__ = ("_minutes", "block_volume")

    def __init__(self) -> None:
        self._minutes: dict[int, list[float]] = {}
        """Signed and whole volume by minute since 1970."""
        self.block_volume = 0.0
        """Traded off the book since the run began."""

    def add(self, time_ms: int, signed: float, *, is_block: bool) -> None:
        """Add one trade; ``signed`` is its size, negative for a taker who sold."""
        if is_block:
            self.block_volume += abs(signed)
            return
        minute = time_ms // MINUTE_MS
        cell = self._minutes.get(minute)
        if cell is None:
            self._minutes[minute] = [signed, abs(signed)]
            if len(self._minutes) > MOST_MINUTES:
                self._trim()
        else:
            cell[0] += signed
            cell[1] += abs(signed)

    def between(self, from_ms: int, to_ms: int) -> Traded:
        """Trades of [from_ms, to_ms), both on whole minutes."""
        delta = volume = 0.0
        for minute in range(from_ms // MINUTE_MS, to_ms // MINUTE_MS):
            cell = self._minutes.get(minute)
            if cell is not None:
                delta += cell[0]
                volume += cell[1]
        return Traded(delta, volume)

    def _trim(self) -> None:
        for minute in sorted(self._minutes)[:-KEPT_MINUTES]:
            del self._minutes[minute]
