"""What only contracts have: funding, open interest, long/short ratio, mark, index and premium candles, liquidations."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.market import (
    FundingRate,
    Liquidation,
    LongShortRatio,
    OpenInterest,
    PositionSide,
    PriceKind,
)

KEPT_FUNDING = 200
KEPT_HOURS = 30 * 24
"""Open interest, ratios and prices reach back 30 days by the hour."""
KEPT_LIQUIDATIONS = 1_000
KEPT_LIQUIDATION_HOURS = 14 * 24
HOUR_MS = 3_600_000
REPEAT_WINDOW_MS = 60_000
"""A liquidation that comes again within this time is the same one, sent anew after a reconnect."""


class HasTime(Protocol):
    """A value at one venue time."""

    @property
    def time_ms(self) -> int: ...


P = TypeVar("P", bound=HasTime)


class PointSeries(Generic[P]):
    """Values by time, oldest first, one a time, the newest ``most``.

    Parameters
    ----------
    most : int
        Points kept.
    """

    __slots__ = ("_most", "points", "version")

    def __init__(self, most: int) -> None:
        self._most = most
        self.points: list[P] = []
        """Oldest first."""
        self.version = 0

    def __len__(self) -> int:
        return len(self.points)

    @property
    def newest_ms(self) -> int | None:
        """Time of the newest point."""
        return self.points[-1].time_ms if self.points else None

    def merge(self, points: Iterable[P]) -> int:
        """Add points; one of a time that is known replaces it. Returns how many are new or differ."""
        known = {point.time_ms: point for point in self.points}
        changed = 0
        for point in points:
            if known.get(point.time_ms) != point:
                known[point.time_ms] = point
                changed += 1
        if changed:
            self.points = [known[time_ms] for time_ms in sorted(known)][-self._most :]
            self.version += 1
        return changed

    def clear(self) -> None:
        """Forget all points: they are another market's."""
        self.points = []
        self.version += 1


class PriceSeries:
    """Hourly candles of a mark price, an index or a premium: (5, n) columns open_ms, open, high, low, close.

    Prices are decimals; a premium is a fraction and may be negative.
    """

    __slots__ = ("_most", "columns", "version")

    def __init__(self, most: int = KEPT_HOURS) -> None:
        self._most = most
        self.columns: NDArray[np.float64] = np.empty((5, 0))
        self.version = 0

    def __len__(self) -> int:
        return self.columns.shape[1]

    def merge(self, rows: NDArray[np.float64]) -> None:
        """Add (5, n) columns, oldest first; rows of known times are replaced."""
        kept = self.columns[:, ~np.isin(self.columns[0], rows[0])]
        joined = np.concatenate((kept, rows), axis=1)
        self.columns = joined[:, np.argsort(joined[0], kind="stable")][:, -self._most :]
        self.version += 1

    def clear(self) -> None:
        """Forget all rows: they are another market's."""
        self.columns = np.empty((5, 0))
        self.version += 1


class LiquidationTape:
    """The newest liquidations in the order of venue time. They have no id: see `REPEAT_WINDOW_MS`."""

    __slots__ = ("_kept", "_recent", "duplicates", "events", "hours", "version")

    def __init__(self, kept: int = KEPT_LIQUIDATIONS) -> None:
        self._kept = kept
        self._recent: OrderedDict[tuple[int, str, float, float], tuple[int, int]] = OrderedDict()
        """The frame (send time, receive stamp) in which each came first."""
        self.events: list[Liquidation] = []
        """Oldest first; up to twice as many as kept between trims."""
        self.hours: dict[int, tuple[float, float]] = {}
        """By the begin of the hour: sizes of liquidated longs and shorts, all that came since the start."""
        self.duplicates = 0
        self.version = 0

    @property
    def newest(self) -> Liquidation | None:
        return self.events[-1] if self.events else None

    def apply(self, event: Liquidation) -> bool:
        """Add one; returns False for one that another frame has brought before.

        Two equal ones within one frame are two liquidations.
        """
        key = (event.time_ms, event.side.value, event.size, event.price)
        frame = (event.event_ms, event.recv_ns)
        if self._recent.setdefault(key, frame) != frame:
            self.duplicates += 1
            return False
        self._forget(event.time_ms - REPEAT_WINDOW_MS)
        events = self.events
        if events and event.time_ms < events[-1].time_ms:
            events.insert(bisect_left(events, event.time_ms + 1, key=_time_ms), event)
        else:
            events.append(event)
        if len(events) > 2 * self._kept:
            del events[: -self._kept]
        self._add_to_hour(event)
        self.version += 1
        return True

    def _add_to_hour(self, event: Liquidation) -> None:
        hours, hour_ms = self.hours, event.time_ms - event.time_ms % HOUR_MS
        longs, shorts = hours.get(hour_ms, (0.0, 0.0))
        if event.side is PositionSide.LONG:
            longs += event.size
        else:
            shorts += event.size
        hours[hour_ms] = (longs, shorts)
        if len(hours) > KEPT_LIQUIDATION_HOURS:
            del hours[min(hours)]

    def _forget(self, before_ms: int) -> None:
        recent = self._recent
        while recent and (len(recent) > 2 * self._kept or next(iter(recent))[0] < before_ms):
            recent.popitem(last=False)


def _time_ms(event: Liquidation) -> int:
    return event.time_ms


class DerivativeState:
    """What is held of one contract beside its market."""

    __slots__ = ("funding", "liquidations", "long_short", "open_interest", "prices")

    def __init__(self) -> None:
        self.funding: PointSeries[FundingRate] = PointSeries(KEPT_FUNDING)
        """Settled rates."""
        self.open_interest: PointSeries[OpenInterest] = PointSeries(KEPT_HOURS)
        """By the hour."""
        self.long_short: PointSeries[LongShortRatio] = PointSeries(KEPT_HOURS)
        """By the hour."""
        self.prices = {kind: PriceSeries() for kind in PriceKind}
        self.liquidations = LiquidationTape()

    @property
    def version(self) -> int:
        """Grows with every change but liquidations."""
        parts = (self.funding, self.open_interest, self.long_short, *self.prices.values())
        return sum(part.version for part in parts)
