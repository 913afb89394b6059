"""Order book on integer ticks and lots, with its sequence rules and its kept best prices."""

from __future__ import annotations

import copy
from typing import NoReturn

from virtuoso_desktop.market.book_side import NO_LEVEL, BookSide
from virtuoso_desktop.model.errors import BookGap
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.market import BookDelta, BookSnapshot

NO_BID = -1
NO_ASK = NO_LEVEL
CROSSED_LIMIT_MS = 1_000
"""A book may be crossed this long (venue time) before it must be rebuilt."""
TIDY_EVERY = 512
"""Updates between two looks at what need not be right at once: where the slots lie, how many levels there are."""

_nearest = float.__round__
"""``round`` for floats only, at half its price. An infinite value raises OverflowError, NaN ValueError."""


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
        "_ask_key",
        "_ask_scale",
        "_asks",
        "_bid_key",
        "_bid_scale",
        "_bids",
        "_lot_scale",
        "crossed_since_ms",
        "depth",
        "event_ms",
        "invalid_reason",
        "is_valid",
        "journal",
        "match_ms",
        "off_grid",
        "restarts",
        "sequence",
        "symbol",
        "update_id",
        "version",
    )

    def __init__(self, instrument: Instrument, depth: int) -> None:
        self.symbol = instrument.symbol
        self.depth = depth
        tick_size, lot_step = float(instrument.tick_size), float(instrument.lot_step)
        self._bid_scale = -1.0 / tick_size
        self._ask_scale = 1.0 / tick_size
        self._lot_scale = 1.0 / lot_step
        self._bids = BookSide(tick_size, lot_step, -1, depth)
        self._asks = BookSide(tick_size, lot_step, 1, depth)
        self._bid_key = NO_LEVEL
        """Minus the best bid in ticks."""
        self._ask_key = NO_LEVEL
        self.update_id: int = 0
        self.sequence: int = 0
        self.event_ms = 0
        self.match_ms: int | None = None
        self.is_valid = False
        self.invalid_reason: str | None = "waiting for the first snapshot"
        self.crossed_since_ms: int | None = None
        self.off_grid = 0
        """Snapshot levels whose price lies off the instrument's grid; rounded and counted."""
        self.restarts = 0
        """Snapshots under update id 1: the venue's service was restarted or the grid changed."""
        self.journal: list[BookDelta] | None = None
        """Deltas since the last snapshot or since somebody put a list here; None while nobody compares."""
        self.version = 0

    @property
    def bids(self) -> dict[int, int]:
        """All bids, lots by ticks, best first."""
        return self._bids.levels()

    @property
    def asks(self) -> dict[int, int]:
        """All asks, lots by ticks, best first."""
        return self._asks.levels()

    @property
    def sides(self) -> tuple[BookSide, BookSide]:
        """Bids and asks as they are held, the same two for the life of the book."""
        return self._bids, self._asks

    @property
    def best_bid(self) -> int:
        """The highest bid in ticks, `NO_BID` without one."""
        return -self._bid_key if self._bid_key != NO_LEVEL else NO_BID

    @property
    def best_ask(self) -> int:
        """The lowest ask in ticks, `NO_ASK` without one."""
        return self._ask_key

    @property
    def is_two_sided(self) -> bool:
        """Whether there is a bid and an ask."""
        return self._bid_key != NO_LEVEL and self._ask_key != NO_LEVEL

    @property
    def is_crossed(self) -> bool:
        """Best bid at or above best ask; such a book is never shown."""
        return self._bid_key + self._ask_key <= 0

    def load(self, snapshot: BookSnapshot) -> None:
        """Replace the whole book. Raises BookGap if the snapshot stays crossed longer than the limit."""
        try:
            self.off_grid += self._bids.load(snapshot.bids) + self._asks.load(snapshot.asks)
        except (OverflowError, ValueError):
            self._refuse_level()
        self._bid_key = self._bids.best_key
        self._ask_key = self._asks.best_key
        self.update_id = snapshot.update_id
        self.sequence = snapshot.sequence
        self.event_ms = snapshot.event_ms
        self.match_ms = snapshot.match_ms
        self.is_valid = True
        self.invalid_reason = None
        self.restarts += snapshot.update_id == 1
        if self.journal is not None:
            self.journal.clear()
        self.version += 1
        if self.is_crossed:
            self._judge_crossed(snapshot.event_ms)
        else:
            self.crossed_since_ms = None

    def apply(self, delta: BookDelta) -> bool:  # noqa: C901 (the hottest code: both sides unrolled)
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
        lot_scale = self._lot_scale
        try:
            side, scale = self._bids, self._bid_scale
            near, origin, best = side.near, side.origin, side.best
            for price, size in delta.bids:
                slot = nearest(price * scale - origin)
                if slot < 0:
                    raise IndexError
                near[slot] = nearest(size * lot_scale)
                if slot < best and size:
                    best = slot
            while not near[best]:
                best += 1
            if best != side.best:
                side.best = best
                self._bid_key = best + int(origin)

            side, scale = self._asks, self._ask_scale
            near, origin, best = side.near, side.origin, side.best
            for price, size in delta.asks:
                slot = nearest(price * scale - origin)
                if slot < 0:
                    raise IndexError
                near[slot] = nearest(size * lot_scale)
                if slot < best and size:
                    best = slot
            while not near[best]:
                best += 1
            if best != side.best:
                side.best = best
                self._ask_key = best + int(origin)
        except IndexError:  # a level lies outside the slots, or there is none in them
            self._apply_anywhere(delta)
        except (OverflowError, ValueError):
            self._refuse_level()
        self.update_id = delta.update_id
        self.sequence = delta.sequence
        self.event_ms = delta.event_ms
        self.match_ms = delta.match_ms
        if self.journal is not None:
            self.journal.append(delta)
        self.version = version = self.version + 1
        if self._bid_key + self._ask_key <= 0:
            self._judge_crossed(delta.event_ms)
        elif self.crossed_since_ms is not None:
            self.crossed_since_ms = None
        if not version % TIDY_EVERY:
            self._tidy()
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
        return self._bids.top(levels), self._asks.top(levels)

    def copy(self) -> OrderBook:
        """The same book, apart; nothing is recorded in it."""
        twin = copy.copy(self)
        twin._bids = self._bids.copy()
        twin._asks = self._asks.copy()
        twin.journal = None
        return twin

    def _tidy(self) -> None:
        for side in (self._bids, self._asks):
            if self.depth > 0:
                side.cut(self.depth)
            if side.best > side.last_best:
                side.lay_anew()

    def _apply_anywhere(self, delta: BookDelta) -> None:
        """Apply a delta whose levels may lie outside the slots; that some were applied before does not matter."""
        try:
            self._bids.apply(delta.bids)
            self._asks.apply(delta.asks)
        except (OverflowError, ValueError):
            self._refuse_level()
        self._bid_key = self._bids.best_key
        self._ask_key = self._asks.best_key

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
