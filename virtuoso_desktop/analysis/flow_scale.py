"""How large a figure of order flow usually is: its root mean square over about an hour (analysis C.2, C.3)."""

from __future__ import annotations

import math

import msgspec

HALF_LIFE_S = 3_600
LEAST_SAMPLES = 120
LEAST_S = 600
"""A scale is known after so many samples, and not before this time has passed since the first."""
_FADE = 2.0 ** (-1 / HALF_LIFE_S)


class KeptScale(msgspec.Struct, frozen=True, array_like=True):
    """A scale as it is kept between runs."""

    square: float
    weight: float


class FlowScale:
    """Weighted mean of squares, not about the mean, so that buying and selling are measured alike.

    A sample weighs half of what one weighs that comes `HALF_LIFE_S` later; seconds without a sample fade too.
    """

    __slots__ = ("_is_recalled", "_square", "_weight", "count", "first_s", "last_s")

    def __init__(self) -> None:
        self._square = 0.0
        self._weight = 0.0
        self._is_recalled = False
        self.count = 0
        self.first_s: int | None = None
        self.last_s: int | None = None

    def add(self, figure: float, second: int) -> None:
        """Take the figure of a second; seconds come in order."""
        if self.last_s is None:
            self.first_s = second
            fade = _FADE
        else:
            fade = _FADE ** (second - self.last_s)
        self.last_s = second
        self.count += 1
        self._square = self._square * fade + figure * figure
        self._weight = self._weight * fade + 1.0

    @property
    def rms(self) -> float:
        """Root mean square; NaN before the first sample."""
        return math.sqrt(self._square / self._weight) if self._weight else math.nan

    def is_known(self, second: int) -> bool:
        """Whether it says enough by then."""
        if self._is_recalled:
            return True
        return self.first_s is not None and self.count >= LEAST_SAMPLES and second - self.first_s >= LEAST_S

    def known_at(self, second: int, possible_s: int) -> int:
        """Second by which it is known if every second from now on brings a sample, the first at ``possible_s``."""
        first_s = max(second, possible_s) if self.first_s is None else self.first_s
        return max(first_s + LEAST_S, second + LEAST_SAMPLES - self.count)

    def keep(self) -> KeptScale:
        return KeptScale(self._square, self._weight)

    def recall(self, kept: KeptScale) -> bool:
        """Take the scale of an earlier run; False when it is none."""
        if not (math.isfinite(kept.square) and math.isfinite(kept.weight) and kept.weight > 0 and kept.square >= 0):
            return False
        self._square, self._weight = kept.square, kept.weight
        self._is_recalled = True
        return True
