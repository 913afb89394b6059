"""What order flow, order book and sentiment have in common: sampled every second, read when a candle closes.

A stream dimension is sampled at whole seconds of venue time, driven by the events themselves and before the first
event of the next second is applied, so that the same events give the same bytes in any batching. Its components are
then smoothed over time and copied when a candle closes (analysis 0.12, C.2).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import Timeframe

Floats = NDArray[np.float64]

SAMPLE_MS = 1_000
"""Grid of the samples, venue time."""
STREAM_DIMENSIONS = (DimensionName.ORDERFLOW, DimensionName.ORDERBOOK, DimensionName.SENTIMENT)


def window_s(timeframe: Timeframe) -> int:
    """Length of the flow window w of a timeframe: a sixth of it, 5 to 300 s (analysis B.1)."""
    return round(min(max(timeframe.duration_ms / 6_000, 5.0), 300.0))


def half_life_s(timeframe: Timeframe) -> float:
    """Half-life of the smoothing over time: a twentieth of the timeframe, 3 to 60 s (analysis C.2)."""
    return min(max(timeframe.duration_ms / 20_000, 3.0), 60.0)


class StreamDimension(Protocol):
    """One of the three dimensions of one instrument."""

    def sample(self, now_ms: int) -> None:
        """Take notice of the state at a whole second; seconds may be skipped, never repeated."""
        ...

    def cells(self, timeframe: Timeframe, now_ms: int, out: Floats) -> float:
        """Write the components as they are now, not smoothed.

        Parameters
        ----------
        out : ndarray, shape (components of the dimension, layout.CELLS)
            c, value, quality, freshness, age and reason of each, in the order of `model.result.COMPONENTS`.

        Returns
        -------
        float
            Share of the samples that the dimension wants, 0 to 1 (analysis C.4; n / (n + 30) for trades, else 1).
        """
        ...

    def warm_at_ms(self, timeframe: Timeframe) -> int | None:
        """When its scales are known if the streams go on; None when nothing is warming up."""
        ...

    def keep(self) -> bytes:
        """The scales, for the profile."""
        ...

    def recall(self, kept: bytes, age_ms: int) -> bool:
        """Take the scales of an earlier run; False when they are too old or not readable."""
        ...
