"""One side of an order book: sizes in slots beside each other, one a tick from the touch outwards."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator

from virtuoso_desktop.model.market import Level

NO_LEVEL = 1 << 62
"""``best_key`` of a side without levels."""
FEWEST_SLOTS = 2_048
SLOTS_A_LEVEL = 8
GRID_TOLERANCE = 1e-4
"""A price further than this from its grid point (in ticks) counts as off the grid."""

_nearest = float.__round__
"""``round`` for floats only, at half its price. An infinite value raises OverflowError, NaN ValueError."""


class BookSide:
    """Sizes in lots by key: the price in ticks for asks, minus that for bids, so that the least key is best.

    Parameters
    ----------
    tick_size, lot_step : float
        The instrument's grids.
    sign : int
        1 for asks, -1 for bids.
    depth : int
        Levels that the venue's topic carries; decides how many ticks have a slot.

    Notes
    -----
    Where trading happens, levels stand on almost every tick. There a list is quicker than a dict, all
    instruments' books stay in the processor's cache, and a deletion is a write of 0. Levels beyond
    the slots are kept in a dict; when the touch has moved far enough the slots are laid anew.
    `OrderBook.apply` writes the slots itself, and leaves to `apply` what has none.
    """

    __slots__ = (
        "_ahead",
        "_far",
        "_lot_scale",
        "_sign",
        "_slots",
        "_tick_scale",
        "best",
        "last_best",
        "near",
        "origin",
    )

    def __init__(self, tick_size: float, lot_step: float, sign: int, depth: int) -> None:
        self._sign = sign
        self._tick_scale = sign / tick_size
        self._lot_scale = 1.0 / lot_step
        self._slots = max(FEWEST_SLOTS, SLOTS_A_LEVEL * depth)
        self._ahead = self._slots // 4
        """Slots before the best level when they are laid, for better ones to come."""
        self.last_best = self._slots // 2
        """When the best level lies beyond this slot, the slots should be laid anew."""
        self.origin = 0.0
        """Key of the first slot."""
        self.near = [0] * self._slots
        """Lots by slot."""
        self.best = self._slots
        """Slot of the best level; one after the last while the side is empty."""
        self._far: dict[int, int] = {}
        """Lots by key, of the levels beyond the slots."""

    @property
    def best_key(self) -> int:
        """Key of the best level, `NO_LEVEL` while the side is empty."""
        return int(self.origin) + self.best if self.best < self._slots else NO_LEVEL

    def apply(self, levels: Iterable[Level]) -> None:
        """Set the sizes of changed levels, wherever they lie; 0 deletes.

        Raises
        ------
        OverflowError, ValueError
            A price or size is infinite or no number. The side is half changed then.
        """
        origin = int(self.origin)
        is_passed = False
        for price, size in levels:
            key = _nearest(price * self._tick_scale)
            lots = _nearest(size * self._lot_scale)
            if 0 <= key - origin < self._slots:
                self.near[key - origin] = lots
                if lots:
                    self.best = min(self.best, key - origin)
            elif lots:
                self._far[key] = lots
                is_passed = is_passed or key < origin
            else:
                self._far.pop(key, None)
        while self.best < self._slots and not self.near[self.best]:
            self.best += 1
        if is_passed or self.best > self.last_best:
            self.lay_anew()

    def load(self, levels: Iterable[Level]) -> int:
        """Replace all levels; returns how many prices lie off the grid."""
        off_grid = 0
        held: dict[int, int] = {}
        for price, size in levels:
            exact = price * self._tick_scale
            key = _nearest(exact)
            if not -GRID_TOLERANCE < exact - key < GRID_TOLERANCE:
                off_grid += 1
            held[key] = _nearest(size * self._lot_scale)
        self._place({key: lots for key, lots in held.items() if lots})
        return off_grid

    def levels(self) -> dict[int, int]:
        """Lots by price in ticks, best first."""
        sign = self._sign
        return {sign * key: lots for key, lots in sorted(self._held().items())}

    def top(self, count: int) -> list[tuple[int, int]]:
        """The best ``count`` levels as (ticks, lots), best first."""
        found: list[tuple[int, int]] = []
        origin = int(self.origin)
        sign = self._sign
        for slot in range(self.best, self._slots):
            lots = self.near[slot]
            if lots:
                found.append((sign * (origin + slot), lots))
                if len(found) == count:
                    return found
        missing = sorted(self._far)[: count - len(found)]
        return found + [(sign * key, self._far[key]) for key in missing]

    def best_levels(self, count: int) -> tuple[list[float], list[int]]:
        """Keys and lots of the best ``count`` levels."""
        top = self.top(count)
        return [float(self._sign * ticks) for ticks, _ in top], [lots for _, lots in top]

    def outward(self, levels: int) -> Iterator[tuple[int, list[int]]]:
        """The side as it lies here, in pieces from the best level outwards, for readers that want many levels quickly.

        Yields
        ------
        tuple
            Key of the first slot, and lots by slot, 0 where there is no level. The first piece has room for
            ``levels`` and half as many again, since most slots near the touch hold one.
        """
        near, origin = self.near, int(self.origin)
        end = self.best + levels + levels // 2
        piece = near[self.best : end]
        yield origin + self.best, piece
        # Whoever goes on has found less than it wants: from here on it pays to know when all were found.
        missing = self._slots - near.count(0) - len(piece) + piece.count(0)
        while missing:
            piece = near[end : end + levels]
            yield origin + end, piece
            missing -= len(piece) - piece.count(0)
            end += levels

    def beyond(self) -> list[tuple[int, int]]:
        """(key, lots) of the levels that have no slot, nearest first."""
        return sorted(self._far.items())

    def copy(self) -> BookSide:
        """The same side, apart."""
        twin = copy.copy(self)
        twin.near = self.near.copy()
        twin._far = self._far.copy()
        return twin

    def cut(self, kept: int) -> None:
        """Drop all but the best ``kept`` levels when there are more than twice as many."""
        if self._slots - self.near.count(0) + len(self._far) > 2 * kept:
            self._place(dict(sorted(self._held().items())[:kept]))

    def lay_anew(self) -> None:
        """Lay the slots about the best level."""
        self._place(self._held())

    def _held(self) -> dict[int, int]:
        origin = int(self.origin)
        return {origin + slot: lots for slot, lots in enumerate(self.near) if lots} | self._far

    def _place(self, held: dict[int, int]) -> None:
        best_key = min(held, default=NO_LEVEL)
        origin = best_key - self._ahead if held else 0
        near = [0] * self._slots
        far: dict[int, int] = {}
        for key, lots in held.items():
            if key - origin < self._slots:
                near[key - origin] = lots
            else:
                far[key] = lots
        self.origin = float(origin)
        self.near = near
        self._far = far
        self.best = self._ahead if held else self._slots
