"""The levels of an order book as arrays, and why there may be none to judge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.book_kernels import pack_levels
from virtuoso_desktop.analysis.layout import DEGENERATE, GAP, MISSING, NONE
from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.market.book_side import BookSide

Rows = NDArray[np.int64]
MOST_LEVELS = 10_000
"""Copied of a side that the venue does not cut."""


class BookLevels(NamedTuple):
    """Prices in ticks and sizes in lots of both sides, best first, int64."""

    bid_ticks: Rows
    bid_lots: Rows
    ask_ticks: Rows
    ask_lots: Rows


def book_fault(book: OrderBook | None) -> int:
    """Reason code why a book cannot be judged at all; NONE when it can."""
    if book is None or (not book.is_valid and book.event_ms == 0):
        return MISSING
    if not book.is_valid:
        return GAP
    if not book.is_two_sided:
        return DEGENERATE
    return GAP if book.is_crossed else NONE


def read_levels(book: OrderBook) -> BookLevels:
    """Copy the book, as many levels a side as its topic carries; both sides must hold one."""
    bids, asks = book.sides
    depth = book.depth if book.depth > 0 else MOST_LEVELS
    return BookLevels(*_side(bids, -1, depth), *_side(asks, 1, depth))


def _side(side: BookSide, sign: int, depth: int) -> tuple[Rows, Rows]:
    first, near, far = side.outward(depth)
    slots = np.array(near, dtype=np.int64)
    ticks, lots = np.empty(depth, dtype=np.int64), np.empty(depth, dtype=np.int64)
    count: int = pack_levels(slots, first, sign, ticks, lots)
    for key, size in far[: depth - count]:
        ticks[count], lots[count] = sign * key, size
        count += 1
    return ticks[:count], lots[:count]
