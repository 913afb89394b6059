"""Swings and breaks in view, read from the columns that the analysis computed (B.3, P1 and P2)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Slots = Callable[[int], float]

SWING_DELAY = 2
_BEFORE_ROWS = 500
"""A break in view may be of a swing that is this far out of it."""
MOST_MARKS = 160
"""With more in view they would be noise: only the newest are drawn."""


class Swing(NamedTuple):
    """A swing; ``words`` compare it with the one of its kind before: HH, LH, HL, LL."""

    slot: float
    price: float
    is_high: bool
    words: str


class Break(NamedTuple):
    """A close beyond a swing: from the swing's slot to the close's."""

    from_slot: float
    slot: float
    price: float
    is_up: bool
    words: str


class Structure(NamedTuple):
    """What is in view, oldest first."""

    swings: tuple[Swing, ...] = ()
    breaks: tuple[Break, ...] = ()


def structure_of(columns: Mapping[str, Floats], slots: Slots, first: int, last: int, closed: int) -> Structure:
    """Swings and breaks of the rows [first, last].

    Parameters
    ----------
    columns : mapping
        ``table.swing_high``, ``table.swing_low``, ``table.bos``, ``table.choch``.
    slots : callable
        The slot of a row.
    closed : int
        Closed rows: what the forming candle seems to break is not told.
    """
    end = min(last + 1 + SWING_DELAY, closed)
    begin = max(0, first - _BEFORE_ROWS)
    swings: list[Swing] = []
    breaks: list[Break] = []
    newest: dict[bool, Swing] = {}
    settled: dict[bool, float] = {}
    for row, kind, value in _events(columns, begin, end):
        if kind == "break":
            is_up = value > 0
            broken = newest.get(is_up)
            if broken is not None and row >= first:
                words = "BOS" if columns["table.bos"][row] != 0 else "CHoCH"
                breaks.append(Break(broken.slot, slots(row), broken.price, is_up, words))
            continue
        is_high = kind == "high"
        if swings and swings[-1].is_high == is_high:
            swings.pop()
        elif is_high in newest:
            settled[is_high] = newest[is_high].price
        newest[is_high] = Swing(
            slots(row - SWING_DELAY), value, is_high, _compared(value, settled.get(is_high), is_high)
        )
        swings.append(newest[is_high])
    seen = [swing for swing in swings if slots(first) <= swing.slot <= slots(last)]
    return Structure(tuple(seen[-MOST_MARKS:]), tuple(breaks[-MOST_MARKS:]))


def _events(columns: Mapping[str, Floats], begin: int, end: int) -> Iterator[tuple[int, str, float]]:
    """(row, kind, value) in the order in which they became known; a candle's swings come before its break."""
    part = slice(begin, end)
    high, low = columns["table.swing_high"][part], columns["table.swing_low"][part]
    breaks = np.nan_to_num(columns["table.bos"][part]) + np.nan_to_num(columns["table.choch"][part])
    last_is_high = True
    for place in np.flatnonzero(np.isfinite(high) | np.isfinite(low) | (breaks != 0)).tolist():
        told = [("high", high[place]), ("low", low[place])]
        for kind, value in told if last_is_high else reversed(told):
            if math.isfinite(value):
                yield begin + place, kind, float(value)
                last_is_high = kind == "high"
        if breaks[place] != 0:
            yield begin + place, "break", float(breaks[place])


def _compared(price: float, before: float | None, is_high: bool) -> str:
    if before is None:
        return ""
    if is_high:
        return "HH" if price > before else "LH"
    return "HL" if price > before else "LL"
