"""What an order book says of an instrument, for those who show it, and its imbalance over time."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.market import Aggressor
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

NOTIONALS = (1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
"""Order sizes of the slippage rows, in quote coin (dollars for inverse contracts)."""
SECOND_MS = 1_000
KEPT_SECONDS = 3_600
KEPT_MINUTES = DAY_MS // MINUTE_MS


class Slippage(msgspec.Struct, frozen=True):
    """What a market order of one size would pay against the mid price."""

    side: Aggressor
    notional: float
    bps: float
    """Average price against the mid price, 0 and up; of what the book holds when that is less than the order."""
    filled_ratio: float
    """Share of the notional that the known levels hold, 0 to 1."""
    is_lower_bound: bool
    """The known levels do not hold the whole order: it would cost at least this."""


class BookWall(msgspec.Struct, frozen=True):
    """A price range that holds far more than is usual at its distance; price and size decimal."""

    is_bid: bool
    price: float
    """Its largest level when it was found."""
    low: float
    high: float
    size: float
    """What stands in the range now, as the venue counts sizes."""
    distance_bps: float
    since_ms: int
    is_confirmed: bool
    is_suspected_pull: bool
    """Pulled liquidity: of the last three times that the best price came near, in two most of it went untraded."""
    pull_ratios: tuple[float, ...]
    """Of the newest three approaches, oldest first: share of what it lost that no trade explains."""


class Band(msgspec.Struct, frozen=True):
    """Imbalance of the sizes within a distance of the mid price; None where nothing stands within it."""

    width_bps: float
    imbalance: float | None


class BookMeasures(msgspec.Struct, frozen=True):
    """All measures of one book at one moment. Imbalances lie in [-1, 1], more bids positive."""

    at_ms: int
    book_ms: int | None
    """Venue time of the book's newest change."""
    reason: Reason | None
    """Why there is nothing here; None when there is."""
    walls_reason: Reason | None
    """Why there are no walls, where they cannot be judged; None when an empty list means none."""
    best_bid: float | None = None
    best_ask: float | None = None
    spread_ticks: int | None = None
    spread_bps: float | None = None
    microprice: float | None = None
    bid_reach_bps: float | None = None
    ask_reach_bps: float | None = None
    bands: tuple[Band, ...] = ()
    """Narrowest first: a tenth, a quarter, a half and the whole of min(50 bps, shorter reach)."""
    weighted_imbalance: float | None = None
    level_imbalances: tuple[float | None, ...] = ()
    """Of the best 1, 5 and 20 levels a side; None where there are fewer."""
    walls: tuple[BookWall, ...] = ()
    """By falling price."""
    slippage: tuple[Slippage, ...] = ()
    """Buys, then sells, each by rising notional."""


class ImbalanceColumns(NamedTuple):
    """Imbalance over time, oldest first; moments at which the book was not valid are left out."""

    at_ms: NDArray[np.int64]
    """The second, or the beginning of the minute."""
    depth: NDArray[np.float32]
    """Within half of the widest band (DI_25)."""
    microprice: NDArray[np.float32]
    """Place of the microprice between the best prices (mu), -1 to 1."""


class ImbalanceHistory:
    """The last hour by second, and the last day by minute as means of the seconds."""

    def __init__(self) -> None:
        self._second_ms = np.full(KEPT_SECONDS, -1, dtype=np.int64)
        self._seconds = np.empty((2, KEPT_SECONDS), dtype=np.float32)
        self._minute_ms = np.full(KEPT_MINUTES, -1, dtype=np.int64)
        self._minutes = np.empty((2, KEPT_MINUTES), dtype=np.float32)
        self._open_ms = -1
        self._sums = (0.0, 0.0)
        self._count = 0
        self.version = 0

    def add(self, at_ms: int, depth: float, microprice: float) -> None:
        """One second's figures; both are known."""
        slot = at_ms // SECOND_MS % KEPT_SECONDS
        self._second_ms[slot] = at_ms
        self._seconds[0, slot] = depth
        self._seconds[1, slot] = microprice
        open_ms = at_ms - at_ms % MINUTE_MS
        if open_ms != self._open_ms:
            self._open_ms, self._sums, self._count = open_ms, (0.0, 0.0), 0
        self._sums = (self._sums[0] + depth, self._sums[1] + microprice)
        self._count += 1
        slot = open_ms // MINUTE_MS % KEPT_MINUTES
        self._minute_ms[slot] = open_ms
        self._minutes[0, slot] = self._sums[0] / self._count
        self._minutes[1, slot] = self._sums[1] / self._count
        self.version += 1

    def seconds(self) -> ImbalanceColumns:
        """Up to 3600 seconds, copied."""
        return _in_order(self._second_ms, self._seconds, KEPT_SECONDS * SECOND_MS)

    def minutes(self) -> ImbalanceColumns:
        """Up to 1440 minutes, copied; the newest may not be over."""
        return _in_order(self._minute_ms, self._minutes, KEPT_MINUTES * MINUTE_MS)


def _in_order(at_ms: NDArray[np.int64], values: NDArray[np.float32], kept_ms: int) -> ImbalanceColumns:
    known = np.flatnonzero(at_ms > max(int(at_ms.max()) - kept_ms, -1))
    order = known[np.argsort(at_ms[known])]
    return ImbalanceColumns(at_ms[order], values[0, order], values[1, order])
