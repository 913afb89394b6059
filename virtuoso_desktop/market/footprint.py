"""Who traded at which price, minute by minute: what the footprint of a candle is added up from (analysis B.1, F5)."""

from __future__ import annotations

from collections.abc import Iterator

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import MINUTE_MS

KEPT_MINUTES = 60
"""Candles up to an hour have their footprint."""
ROW_RATIO = 2e-4
"""Height of a row, about this share of the price."""
_STEPS = (1, 2, 5)


class FootprintMinute:
    """One minute: lots bought and sold by row, and how far its delta ran."""

    __slots__ = ("delta", "highest", "lowest", "rows")

    def __init__(self) -> None:
        self.rows: dict[int, list[int]] = {}
        """[lots that takers sold, lots that takers bought] by number of the row."""
        self.delta = 0
        self.lowest = 0
        """Least running delta since the minute began with 0."""
        self.highest = 0


class FootprintMinutes:
    """The newest hour of one instrument. Rows are whole multiples of ``row_ticks`` high, which stays what it was.

    A trade that comes late counts in its minute, at the end of what is there.
    """

    __slots__ = ("_minutes", "_tick_scale", "row_ticks")

    def __init__(self, instrument: Instrument) -> None:
        self._tick_scale = 1.0 / float(instrument.tick_size)
        self._minutes: dict[int, FootprintMinute] = {}
        """By minute since 1970."""
        self.row_ticks = 0
        """Height of a row; 0 before the first trade, whose price decides it."""

    def add(self, time_ms: int, price: float, lots: int, is_buy: bool) -> None:
        """Add one trade."""
        number = time_ms // MINUTE_MS
        minute = self._minutes.get(number)
        if minute is None:
            minute = self._begin(number)
            if minute is None:
                return
            if not self.row_ticks:
                self.row_ticks = row_height(price * self._tick_scale)
        row = int(price * self._tick_scale + 0.5) // self.row_ticks
        cell = minute.rows.get(row)
        if cell is None:
            cell = minute.rows[row] = [0, 0]
        if is_buy:
            cell[1] += lots
            minute.delta = delta = minute.delta + lots
            if delta > minute.highest:
                minute.highest = delta
        else:
            cell[0] += lots
            minute.delta = delta = minute.delta - lots
            if delta < minute.lowest:
                minute.lowest = delta

    def between(self, from_ms: int, to_ms: int) -> Iterator[FootprintMinute]:
        """The minutes of [from_ms, to_ms) that had trades, oldest first."""
        for number in range(from_ms // MINUTE_MS, -(-to_ms // MINUTE_MS)):
            minute = self._minutes.get(number)
            if minute is not None:
                yield minute

    def holds(self, from_ms: int) -> bool:
        """Whether everything that was traded since a time while this ran is still here."""
        return not self._minutes or from_ms // MINUTE_MS > max(self._minutes) - KEPT_MINUTES

    def _begin(self, number: int) -> FootprintMinute | None:
        """A new minute; None when it is older than all that is kept."""
        newest = max(self._minutes, default=number)
        if number <= newest - KEPT_MINUTES:
            return None
        minute = self._minutes[number] = FootprintMinute()
        if number > newest:
            for old in [each for each in self._minutes if each <= number - KEPT_MINUTES]:
                del self._minutes[old]
        return minute


def row_height(ticks: float) -> int:
    """The 1, 2 or 5 times a power of ten that is nearest above `ROW_RATIO` of a price, at least one tick."""
    wanted, power = ticks * ROW_RATIO, 1
    while wanted > 5 * power:
        power *= 10
    return next(step * power for step in _STEPS if step * power >= wanted)
