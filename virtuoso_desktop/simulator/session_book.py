"""The order book of a recording at any moment."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple

from virtuoso_desktop.simulator.market import SimBook

Levels = list[tuple[int, int]]
"""(price ticks, lots); lots 0 takes the level away."""
_CHANGES_PER_MARK = 512


class Change(NamedTuple):
    """What changed at ``time_ms``."""

    time_ms: int
    bids: Levels
    asks: Levels


class _Side:
    """Lots by price, and the prices in order."""

    def __init__(self, lots: dict[int, int]) -> None:
        self.lots = lots
        self.prices = sorted(lots)

    def apply(self, levels: Levels) -> None:
        lots, prices = self.lots, self.prices
        for ticks, size in levels:
            if size:
                if ticks not in lots:
                    insort(prices, ticks)
                lots[ticks] = size
            elif lots.pop(ticks, None) is not None:
                del prices[bisect_left(prices, ticks)]

    def lowest(self, depth: int) -> Levels:
        return [(ticks, self.lots[ticks]) for ticks in self.prices[:depth]]

    def highest(self, depth: int) -> Levels:
        return [(ticks, self.lots[ticks]) for ticks in self.prices[: -depth - 1 : -1]]


class _Cursor(threading.local):
    """Each thread's own place in the recording: ``count`` changes are applied."""

    count = -1
    bids: _Side
    asks: _Side
    made: dict[int, SimBook]


class RecordedBook:
    """The levels of a snapshot with every change up to a time applied; cheap forwards, a short way back.

    Marks keep the whole book every `_CHANGES_PER_MARK` changes, so that no question costs more than that many.
    """

    def __init__(self, bids: Levels, asks: Levels, changes: list[Change]) -> None:
        self._changes = changes
        self._times = [change.time_ms for change in changes]
        self._cursor = _Cursor()
        self._marks: list[tuple[dict[int, int], dict[int, int]]] = []
        both = dict(bids), dict(asks)
        for number, change in enumerate(changes):
            if number % _CHANGES_PER_MARK == 0:
                self._marks.append((dict(both[0]), dict(both[1])))
            for side, levels in zip(both, change[1:], strict=True):
                side.update(levels)
                for ticks, size in levels:
                    if not size:
                        del side[ticks]

    def book(self, depth: int, time_ms: int) -> SimBook:
        """At most ``depth`` levels a side after all changes up to ``time_ms``, the first change at the least."""
        cursor, count = self._cursor, max(1, bisect_right(self._times, time_ms))
        if cursor.count != count:
            self._move(cursor, count)
        book = cursor.made.get(depth)
        if book is None:
            book = cursor.made[depth] = SimBook(cursor.bids.highest(depth), cursor.asks.lowest(depth))
        return book

    def _move(self, cursor: _Cursor, count: int) -> None:
        mark = min(count // _CHANGES_PER_MARK, len(self._marks) - 1)
        first = mark * _CHANGES_PER_MARK
        if first <= cursor.count <= count:
            first = cursor.count
        else:
            bids, asks = self._marks[mark]
            cursor.bids, cursor.asks = _Side(dict(bids)), _Side(dict(asks))
        for _, bids, asks in self._changes[first:count]:
            cursor.bids.apply(bids)
            cursor.asks.apply(asks)
        cursor.count, cursor.made = count, {}
