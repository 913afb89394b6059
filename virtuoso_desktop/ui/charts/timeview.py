"""The visible stretch of time in whole device pixels: spacing, position, pan and zoom.

A slot is ``spacing`` device pixels wide; zoomed out further, one pixel column holds ``per_column`` slots.
The position is a whole column counted from slot 0, so that nothing shimmers while it moves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

DEFAULT_SPACING = 6
MOST_SPACING = 40
DEFAULT_BARS_RIGHT = 14.0
_LEAST_ROOMY_SPACING = 3
_STEP = 1.12
_MOST_PER_COLUMN = 3 << 13
_WALL_SHARE = 0.5
"""How much of the view may be empty beyond either end of the candles."""


class Zoom(NamedTuple):
    """One rung of the zoom ladder. One of the two is 1."""

    spacing: int
    """Device pixels per slot."""
    per_column: int
    """Slots per device pixel column."""

    @property
    def slots_per_px(self) -> float:
        return self.per_column / self.spacing


def ladder(ratio: float) -> tuple[Zoom, ...]:
    """All zooms at one device pixel ratio, the nearest first."""
    spacings: list[int] = []
    spacing = round(MOST_SPACING * ratio)
    while spacing >= 1:
        spacings.append(spacing)
        spacing = min(spacing - 1, round(spacing / _STEP))
    groups = sorted({base << power for power in range(1, 14) for base in (1, 3)} - {1})
    return (
        *(Zoom(spacing, 1) for spacing in spacings),
        *(Zoom(1, group) for group in groups if group <= _MOST_PER_COLUMN),
    )


class TimeView:
    """Which slots are visible and where.

    ``left`` is the column at the left edge: slot s begins ``s * spacing - left`` (or ``s // per_column -
    left``) device pixels from it. ``oldest`` and ``newest`` are the first and the last slot with a candle.
    """

    def __init__(self, ratio: float = 1.0, width: int = 1) -> None:
        self._ratio = ratio
        self._ladder = ladder(ratio)
        self._rung = self._nearest_rung(1 / (DEFAULT_SPACING * ratio))
        self.width = width
        self.left = 0
        self.oldest = 0
        self.newest = 0
        self.version = 0
        """Changes whenever what is visible changes."""

    @property
    def zoom(self) -> Zoom:
        return self._ladder[self._rung]

    @property
    def view_bars(self) -> float:
        """Slots across the visible width."""
        return self.width * self.zoom.slots_per_px

    @property
    def bars_right(self) -> float:
        """Slots between the newest candle and the right edge; negative when scrolled back."""
        return self.right_slot - self.newest - 1

    @property
    def left_slot(self) -> float:
        return self.left * self.zoom.slots_per_px

    @property
    def right_slot(self) -> float:
        """The slot, with fraction, at the right edge."""
        return (self.left + self.width) * self.zoom.slots_per_px

    @property
    def follows(self) -> bool:
        """Whether the newest candle is in view, which keeps it in view when the next one begins."""
        return self.left_slot <= self.newest < self.right_slot

    def column_of(self, slot: int) -> int:
        """Device pixels from the left edge to where a slot begins."""
        zoom = self.zoom
        return slot * zoom.spacing - self.left if zoom.per_column == 1 else slot // zoom.per_column - self.left

    def slot_at(self, x: float) -> int:
        """The slot (the first one of its column) ``x`` device pixels from the left edge."""
        zoom = self.zoom
        column = math.floor(x) + self.left
        return column // zoom.spacing if zoom.per_column == 1 else column * zoom.per_column

    def set_width(self, width: int, ratio: float) -> None:
        """The plot became ``width`` device pixels wide; the right edge stays where it is in time."""
        if (width, ratio) == (self.width, self._ratio):
            return
        right, per_logical_px = self.right_slot, self.zoom.slots_per_px * self._ratio
        self.width = width
        if ratio != self._ratio:
            self._ratio = ratio
            self._ladder = ladder(ratio)
            self._rung = self._nearest_rung(per_logical_px / ratio)
        self._put_right_edge(right)

    def set_extent(self, oldest: int, newest: int) -> None:
        """The candles reach from slot ``oldest`` to slot ``newest``; a newest candle in view stays in view."""
        if (oldest, newest) == (self.oldest, self.newest):
            return
        bars_right = self.bars_right
        follows = self.follows
        self.oldest, self.newest = oldest, newest
        if follows:
            self.show_newest(bars_right)

    def show_newest(self, bars_right: float = DEFAULT_BARS_RIGHT) -> None:
        """Put the newest candle ``bars_right`` slots left of the right edge."""
        self._put_right_edge(self.newest + 1 + bars_right)

    def show_oldest(self) -> None:
        """Put the oldest candle near the left edge."""
        self._put_right_edge(self.oldest + self.view_bars * 0.9)

    def show_right(self, slot: float) -> None:
        """Put a slot at the right edge."""
        self._put_right_edge(slot)

    def set_view_bars(self, bars: float) -> None:
        """The zoom whose width is nearest to ``bars``; the right edge stays."""
        if bars > 0 and self.width > 0:
            right = self.right_slot
            self._rung = self._nearest_rung(bars / self.width)
            self._put_right_edge(right)

    def pan(self, pixels: int) -> bool:
        """Move the candles right by device pixels (the view goes back in time); True when it moved."""
        return self._move_to(self.left - pixels)

    def pan_bars(self, bars: float) -> bool:
        """Move the view by slots, positive towards newer ones."""
        return self._move_to(self.left + round(bars / self.zoom.slots_per_px))

    def zoom_at(self, x: float, rungs: int) -> bool:
        """Go ``rungs`` nearer (positive) or farther, the slot ``x`` pixels from the left staying there.

        Zooming out, the empty place right of the newest candle does not grow: older candles come in.
        """
        target = min(max(self._rung - rungs, 0), self._farthest_rung())
        if target == self._rung:
            return False
        slot = (self.left + x) * self.zoom.slots_per_px
        empty = self._empty_right() if rungs < 0 and self.follows else self.width
        self._rung = target
        left = round(slot / self.zoom.slots_per_px - x)
        self._move_to(min(left, self._end() + empty - self.width))
        self.version += 1
        return True

    def limit_zoom(self) -> None:
        """Come nearer if the view is much wider than all candles together; the right edge stays."""
        right = self.right_slot
        if self._rung > self._farthest_rung():
            self._rung = self._farthest_rung()
            self._put_right_edge(right)

    def reset_zoom(self) -> None:
        """The default spacing; the right edge stays."""
        right = self.right_slot
        self._rung = self._nearest_rung(1 / (DEFAULT_SPACING * self._ratio))
        self._put_right_edge(right)

    def _end(self) -> int:
        """Column after the newest candle."""
        return math.ceil((self.newest + 1) / self.zoom.slots_per_px)

    def _empty_right(self) -> int:
        """Device pixels right of the newest candle."""
        return self.left + self.width - self._end()

    def _put_right_edge(self, slot: float) -> None:
        self._move_to(round(slot / self.zoom.slots_per_px) - self.width)
        self.version += 1

    def _move_to(self, left: int) -> bool:
        slots_per_px = self.zoom.slots_per_px
        room = round(self.width * _WALL_SHARE)
        first = math.floor(self.oldest / slots_per_px) - room
        last = self._end() - self.width + room
        left = min(max(left, min(first, last)), max(first, last))
        if left == self.left:
            return False
        self.left = left
        self.version += 1
        return True

    def _nearest_rung(self, slots_per_px: float) -> int:
        wanted = math.log(slots_per_px)
        return min(range(len(self._ladder)), key=lambda rung: abs(math.log(self._ladder[rung].slots_per_px) - wanted))

    def _farthest_rung(self) -> int:
        """One rung beyond the one that shows every candle, never nearer than a roomy spacing."""
        count = self.newest - self.oldest + 1
        least = _LEAST_ROOMY_SPACING * self._ratio
        for rung, zoom in enumerate(self._ladder):
            if zoom.spacing <= least and self.width * zoom.slots_per_px >= count * 1.1:
                return rung
        return len(self._ladder) - 1
