"""Whole-number sums by second of venue time, of which any stretch of the last hour is one subtraction."""

from __future__ import annotations

from array import array

WINDOW_S = 3_600
"""The longest stretch that can be asked for."""
_RING_S = WINDOW_S + 60
_NARROW = 1 << 58
"""Totals beyond this are brought back, long before they leave 64 bits."""


class SecondSums:
    """Running totals of some columns, and what each total was when a second began.

    Parameters
    ----------
    columns : int
        Sums kept beside each other.

    Notes
    -----
    The writer calls `roll` when a second begins and then adds to ``totals`` itself: that is the whole cost of an
    event. Whole numbers make the difference of two totals exact.
    """

    __slots__ = ("_starts", "first", "second", "too_late", "totals")

    def __init__(self, columns: int) -> None:
        self.totals = [0] * columns
        self.second = -1
        """Newest second that has begun, since 1970; -1 before the first event."""
        self.first = -1
        """Second of the first event."""
        self.too_late = 0
        """Events older than all that is kept."""
        self._starts = [array("q", bytes(8 * _RING_S)) for _ in range(columns)]
        """Total of all earlier seconds, by second modulo the ring."""

    def roll(self, second: int) -> None:
        """Begin a later second; those passed over were empty."""
        newest = self.second
        self.second = second
        if newest < 0:
            self.first = second
            return
        if second // _RING_S != newest // _RING_S and max(map(abs, self.totals)) > _NARROW:
            self._bring_back(newest)
        try:
            if second == newest + 1:
                place = second % _RING_S
                for starts, total in zip(self._starts, self.totals, strict=True):
                    starts[place] = total
            else:
                for starts, total in zip(self._starts, self.totals, strict=True):
                    for passed in range(max(newest + 1, second - _RING_S + 1), second + 1):
                        starts[passed % _RING_S] = total
        except OverflowError:
            self._begin_anew(second)

    def add_late(self, second: int, column: int, amount: int) -> bool:
        """Add to a second that is over; returns False (and counts it) when it is no longer kept."""
        if second <= self.second - _RING_S:
            self.too_late += 1
            return False
        self.first = min(self.first, second)
        self.totals[column] += amount
        starts = self._starts[column]
        for later in range(second + 1, self.second + 1):
            starts[later % _RING_S] += amount
        return True

    def between(self, column: int, from_s: int, to_s: int) -> int:
        """Sum over the seconds [from_s, to_s); what is older than the ring is not in it."""
        return self._before(column, to_s) - self._before(column, from_s)

    def _before(self, column: int, second: int) -> int:
        if second > self.second:
            return self.totals[column]
        return self._starts[column][max(second, self.second - _RING_S + 1) % _RING_S]

    def _bring_back(self, newest: int) -> None:
        """Take the oldest kept total off every total: differences stay what they are."""
        oldest = (newest + 1) % _RING_S
        for column, starts in enumerate(self._starts):
            least = starts[oldest]
            self._starts[column] = array("q", (start - least for start in starts))
            self.totals[column] -= least

    def _begin_anew(self, second: int) -> None:
        """Forget everything: an event of a size that no market has would falsify the sums of the whole hour."""
        self.first = second
        self.totals[:] = [0] * len(self.totals)
        self._starts = [array("q", bytes(8 * _RING_S)) for _ in self.totals]
