"""Read models of what an instrument has beside its candles, for the chart: series by their own times, with coverage.

Imports no numpy. Times are int64 ms UTC in float64 columns, oldest first; nothing of them changes after it was given.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from virtuoso_desktop.model.study import StudyKind

    FloatColumn = NDArray[np.float64]


class Fold(StrEnum):
    """What a candle makes of the values within it."""

    LAST = "last"
    """The newest value before its end, as long as it holds."""
    SUM = "sum"
    """Their sum: nothing happened is 0, not recorded is no value."""
    MEAN = "mean"


class BesideSeries(msgspec.Struct, frozen=True):
    """One series beside the candles; ``values`` by the names of the chart's columns."""

    fold: Fold
    time_ms: FloatColumn
    values: dict[str, FloatColumn]
    hold_ms: int = 0
    """How long a value of `Fold.LAST` says something."""
    covered: tuple[tuple[int, int], ...] | None = None
    """Spans [from, to) in which it was recorded; None where that is not a question of when one connected."""
    running: dict[str, float] = {}
    """Values of this moment, which belong to the newest candle and are not in ``values``; of a sum, what to add."""
    remark: str = ""
    """What has to be said of where the values come from; a few words."""
    reason: str | None = None
    """Why there is nothing, as a sentence; None when there is."""

    @property
    def since_ms(self) -> int | None:
        """Since when it has been recorded without a break."""
        return self.covered[-1][0] if self.covered else None


class BesideView(msgspec.Struct, frozen=True):
    """The chosen series of one instrument."""

    series: dict[StudyKind, BesideSeries] = {}
    version: int = 0
    """Changes when anything but ``running`` does."""
    now_ms: int = 0
    """Venue time."""
