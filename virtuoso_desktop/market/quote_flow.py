"""Order flow imbalance: what came to and left the best quotes, update by update (analysis B.1, F2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import compress
from operator import itemgetter

from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.market.book_side import BookSide
from virtuoso_desktop.market.second_sums import SecondSums

LEVELS = 5
LEVEL_WEIGHTS = tuple(math.exp(-0.5 * level) for level in range(LEVELS))
DEPTH = LEVELS
UPDATES = LEVELS + 1
_WIDTHS = (10, 64, 512)
"""Slots in which the best levels are looked for; those of a busy book are within the first few."""


def _nothing(_: Sequence[int]) -> tuple[int, ...]:
    return ()


class _Followed:
    """The best levels of one side as they were after the last update.

    As long as levels neither come nor go among the best, what a level brings adds up to its size now minus its size
    when that began, and an update costs hardly more than reading the sizes. The sums get it when the levels change,
    and when they are asked for.
    """

    __slots__ = ("_begun", "_best", "_end", "_gaps", "_near", "_origin", "_places", "_read", "_sign", "lots", "side")

    def __init__(self, side: BookSide, sign: int) -> None:
        self.side = side
        self._sign = sign
        self._near: list[int] | None = None
        """The slots in which the levels were found; None when they are to be looked for anew."""
        self._best = 0
        self._end = 0
        """One after the slot of the last level."""
        self._gaps = 0
        """Empty slots between the levels."""
        self._read: Callable[[Sequence[int]], tuple[int, ...]] = _nothing
        """Takes the sizes out of the slots."""
        self._places: Sequence[float] = ()
        """Distance of each level to the origin in ticks; the least is best."""
        self._origin = 0.0
        self._begun: Sequence[int] = ()
        """Sizes that are in the sums already."""
        self.lots: Sequence[int] = ()

    def forget(self) -> None:
        """What comes next is another book."""
        self._near = None
        self._places = self._begun = self.lots = ()

    def settle(self, totals: list[int]) -> None:
        """Bring into the totals what is not yet in them."""
        sign, begun = self._sign, self._begun
        for level, size in enumerate(self.lots):
            totals[level] += sign * (size - begun[level])
        self._begun = self.lots

    def step(self, totals: list[int]) -> None:
        """Take notice of an update."""
        near = self.side.near
        if near is self._near and self.side.best == self._best:
            lots = self._read(near)
            if 0 not in lots and near[self._best : self._end].count(0) == self._gaps:
                self.lots = lots
                return
        origin = self.side.origin
        if origin != self._origin:
            self._places = [place + self._origin - origin for place in self._places]
            self._origin = origin
        places, lots = self._find()
        if len(places) != len(self._places):
            self.settle(totals)
        sign, level = self._sign, 0
        for place, size, old_place, old_size, begun in zip(
            places, lots, self._places, self.lots, self._begun, strict=False
        ):
            if place == old_place:
                if size != begun:
                    totals[level] += sign * (size - begun)
            elif place < old_place:
                totals[level] += sign * (old_size - begun + size)
            else:
                totals[level] -= sign * begun
            level += 1  # noqa: SIM113 (enumerate costs a tuple a level, here in the hottest code)
        self._places = places
        self._begun = self.lots = lots

    def _find(self) -> tuple[Sequence[float], Sequence[int]]:
        """Places and lots of the best levels, and how to read them."""
        side = self.side
        near, best = side.near, side.best
        for width in _WIDTHS:
            slots = list(compress(range(best, best + width), near[best : best + width]))
            if len(slots) >= LEVELS:
                del slots[LEVELS:]
                self._near, self._best, self._end = near, best, slots[-1] + 1
                self._gaps = self._end - best - LEVELS
                self._read = read = itemgetter(*slots)
                return slots, read(near)
        self._near = None
        keys, lots = side.best_levels(LEVELS)
        return [key - side.origin for key in keys], lots


class QuoteFlow:
    """Sums of the analysed book by second of the matching engine's time, in lots.

    Columns of ``sums``: the imbalance of each of the `LEVELS` best levels, ``DEPTH`` (lots at the best bid plus those
    at the best ask, summed over the updates) and ``UPDATES``.

    Parameters
    ----------
    book : OrderBook
        The book that is followed.

    Notes
    -----
    Between two books there is no event: a snapshot, or an update after the book was crossed, only begins anew. A
    level that a side has not, before or after an update, brings nothing at that update.
    """

    __slots__ = ("_asks", "_bids", "book", "newest_ms", "sums")

    def __init__(self, book: OrderBook) -> None:
        self.book = book
        bids, asks = book.sides
        self._bids = _Followed(bids, 1)
        self._asks = _Followed(asks, -1)
        self.sums = SecondSums(LEVELS + 2)
        self.newest_ms: int | None = None
        """Time of the newest update, a snapshot included."""

    def begin(self, time_ms: int) -> None:
        """The book was loaded from a snapshot."""
        self._forget()
        self.follow(time_ms)

    def follow(self, time_ms: int) -> None:
        """The book took an update of this time."""
        self.newest_ms = time_ms
        sums = self.sums
        second = time_ms // 1_000
        totals = sums.totals
        bids, asks = self._bids, self._asks
        if second > sums.second:
            bids.settle(totals)
            asks.settle(totals)
            sums.roll(second)
        if self.book.is_crossed:
            self._forget()
            return
        bids.step(totals)
        asks.step(totals)
        if bids.lots and asks.lots:
            totals[DEPTH] += bids.lots[0] + asks.lots[0]
            totals[UPDATES] += 1

    def imbalance(self, from_s: int, to_s: int) -> int:
        """OFI of the best quotes over the seconds [from_s, to_s), lots."""
        return self._settled().between(0, from_s, to_s)

    def weighted_imbalance(self, from_s: int, to_s: int) -> float:
        """OFI of the five best levels, each further one weighing e^-0.5 times as much, lots."""
        sums = self._settled()
        return math.fsum(weight * sums.between(level, from_s, to_s) for level, weight in enumerate(LEVEL_WEIGHTS))

    def mean_depth(self, from_s: int, to_s: int) -> float | None:
        """Mean lots at a best quote over the updates of [from_s, to_s); None without an update."""
        updates = self.sums.between(UPDATES, from_s, to_s)
        return self.sums.between(DEPTH, from_s, to_s) / (2 * updates) if updates else None

    def _settled(self) -> SecondSums:
        self._bids.settle(self.sums.totals)
        self._asks.settle(self.sums.totals)
        return self.sums

    def _forget(self) -> None:
        self._settled()
        self._bids.forget()
        self._asks.forget()
