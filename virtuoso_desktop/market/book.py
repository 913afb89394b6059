"""Order book on integer ticks and lots, with its sequence rules and its kept best prices."""

from __future__ import annotations

import heapq
from typing import NoReturn

from virtuoso_desktop.model.errors import BookGap
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.market import BookDelta, BookSnapshot, Level

NO_BID = -1
NO_ASK = 1 << 62
CROSSED_LIMIT_MS = 1_000
"""A book may be crossed this long (venue time) before it must be rebuilt."""
GRID_TOLERANCE = 1e-4
"""A price further than this from its grid point (in ticks) counts as off the grid."""

_nearest = float.__round__
"""``round`` for floats only, at half its price; an infinite value raises OverflowError."""


class OrderBook:
    """One instrument's book of one depth.

    Prices are ticks, sizes lots. The book shows nothing until a snapshot was loaded, and again after
    a gap (``is_valid`` False) until the next snapshot.

    Parameters
    ----------
    instrument : Instrument
        Gives the grids.
    depth : int
        Levels a side that the venue's topic carries.
    """

    __slots__ = (
        "_inverse_lot",
        "_inverse_tick",
        "_most_levels",
        "asks",
        "best_ask",
        "best_bid",
        "bids",
        "crossed_since_ms",
        "depth",
        "event_ms",
        "invalid_reason",
        "is_valid",
        "match_ms",
        "off_grid",
        "sequence",
        "symbol",
        "update_id",
        "version",
    )

    def __init__(self, instrument: Instrument, depth: int) -> None:
        self.symbol = instrument.symbol
        self.depth = depth
        self._inverse_tick = 1.0 / float(instrument.tick_size)
        self._inverse_lot = 1.0 / float(instrument.lot_step)
        self._most_levels = 2 * depth if depth > 0 else 1 << 30
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.best_bid = NO_BID
        self.best_ask = NO_ASK
        self.update_id = 0
        self.sequence = 0
        self.event_ms = 0
        self.match_ms: int | None = None
        self.is_valid = False
        self.invalid_reason: str | None = "waiting for the first snapshot"
        self.crossed_since_ms: int | None = None
        self.off_grid = 0
        """Snapshot levels whose price lies off the instrument's grid; rounded and counted."""
        self.version = 0

    @property
    def is_crossed(self) -> bool:
        """Best bid at or above best ask; such a book is never shown."""
        return self.best_bid >= self.best_ask

    def load(self, snapshot: BookSnapshot) -> None:
        """Replace the whole book. Raises BookGap if the snapshot stays crossed longer than the limit."""
        try:
            self.bids = self._levels(snapshot.bids)
            self.asks = self._levels(snapshot.asks)
        except OverflowError:
            self._refuse_level()
        self.best_bid = max(self.bids, default=NO_BID)
        self.best_ask = min(self.asks, default=NO_ASK)
        self.update_id = snapshot.update_id
        self.sequence = snapshot.sequence
        self.event_ms = snapshot.event_ms
        self.match_ms = snapshot.match_ms
        self.is_valid = True
        self.invalid_reason = None
        self.version += 1
        if self.best_bid >= self.best_ask:
            self._judge_crossed(snapshot.event_ms)
        else:
            self.crossed_since_ms = None

    def apply(self, delta: BookDelta) -> bool:  # noqa: C901 (the hottest loop: both sides unrolled in one call)
        """Apply changed levels; returns False for a delta that is old or comes while the book is invalid.

        Raises
        ------
        BookGap
            ``gap`` when updates are missing, ``off_sequence`` when the cross sequence runs backwards,
            ``crossed`` when best bid and ask have crossed for longer than a second, ``bad_level`` for an
            infinite price or size. The book is invalid afterwards.
        """
        if not self.is_valid:
            return False
        if delta.previous_update_id != self.update_id or delta.sequence < self.sequence:
            return self._judge_sequence(delta)
        nearest = _nearest
        inverse_tick = self._inverse_tick
        inverse_lot = self._inverse_lot
        try:
            bids = self.bids
            best_bid = self.best_bid
            lost = False
            for price, size in delta.bids:
                ticks = nearest(price * inverse_tick)
                if size:
                    bids[ticks] = nearest(size * inverse_lot)
                    if ticks > best_bid:
                        best_bid = ticks
                elif ticks in bids:
                    del bids[ticks]
                    if ticks == best_bid:
                        lost = True
            if lost and best_bid not in bids:
                best_bid = max(bids, default=NO_BID)

            asks = self.asks
            best_ask = self.best_ask
            lost = False
            for price, size in delta.asks:
                ticks = nearest(price * inverse_tick)
                if size:
                    asks[ticks] = nearest(size * inverse_lot)
                    if ticks < best_ask:
                        best_ask = ticks
                elif ticks in asks:
                    del asks[ticks]
                    if ticks == best_ask:
                        lost = True
            if lost and best_ask not in asks:
                best_ask = min(asks, default=NO_ASK)
        except OverflowError:
            self._refuse_level()
        self.best_bid = best_bid
        self.best_ask = best_ask
        self.update_id = delta.update_id
        self.sequence = delta.sequence
        self.event_ms = delta.event_ms
        self.match_ms = delta.match_ms
        self.version += 1
        if best_bid >= best_ask:
            self._judge_crossed(delta.event_ms)
        elif self.crossed_since_ms is not None:
            self.crossed_since_ms = None
        if len(bids) > self._most_levels or len(asks) > self._most_levels:
            self._cut()
        return True

    def invalidate(self, reason: str) -> None:
        """Distrust the book until the next snapshot, for example when its link is lost."""
        self.is_valid = False
        self.invalid_reason = reason
        self.crossed_since_ms = None
        self.version += 1

    def top(self, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Best ``levels`` of both sides as (ticks, lots), best first; empty while invalid or crossed."""
        if not self.is_valid or self.is_crossed:
            return [], []
        bids = [(ticks, self.bids[ticks]) for ticks in heapq.nlargest(levels, self.bids)]
        asks = [(ticks, self.asks[ticks]) for ticks in heapq.nsmallest(levels, self.asks)]
        return bids, asks

    def _levels(self, wire: list[Level]) -> dict[int, int]:
        inverse_tick = self._inverse_tick
        inverse_lot = self._inverse_lot
        levels: dict[int, int] = {}
        for price, size in wire:
            exact = price * inverse_tick
            ticks = _nearest(exact)
            if not -GRID_TOLERANCE < exact - ticks < GRID_TOLERANCE:
                self.off_grid += 1
            if size:
                levels[ticks] = _nearest(size * inverse_lot)
        return levels

    def _cut(self) -> None:
        """Drop the levels beyond the depth: the venue did not delete what left its window."""
        self.bids = {ticks: self.bids[ticks] for ticks in heapq.nlargest(self.depth, self.bids)}
        self.asks = {ticks: self.asks[ticks] for ticks in heapq.nsmallest(self.depth, self.asks)}

    def _judge_sequence(self, delta: BookDelta) -> bool:
        if delta.update_id <= self.update_id:
            return False
        if delta.previous_update_id == self.update_id:
            self.invalidate("its cross sequence ran backwards")
            raise BookGap(
                f"{self.symbol}: the order book's sequence ran backwards; it is being rebuilt", reason="off_sequence"
            )
        missing = delta.previous_update_id - self.update_id
        self.invalidate(f"{missing} updates missing")
        raise BookGap(
            f"{self.symbol}: {missing} order book updates are missing; the book is being rebuilt", reason="gap"
        )

    def _refuse_level(self) -> NoReturn:
        self.invalidate("a price or size that is no number")
        raise BookGap(
            f"{self.symbol}: the order book brought an infinite price or size; it is being rebuilt", reason="bad_level"
        )

    def _judge_crossed(self, event_ms: int) -> None:
        if self.crossed_since_ms is None:
            self.crossed_since_ms = event_ms
        elif event_ms - self.crossed_since_ms > CROSSED_LIMIT_MS:
            self.invalidate("bid and ask crossed")
            raise BookGap(
                f"{self.symbol}: bid and ask of the order book crossed; the book is being rebuilt", reason="crossed"
            )
