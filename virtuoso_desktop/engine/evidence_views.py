"""Read models of the evidence of a component: the window that it compares, and what it was read from, for the chart.

Imports no numpy. Prices in ticks, times int64 ms UTC.
"""

from __future__ import annotations

import msgspec


class PrintView(msgspec.Struct, frozen=True):
    """One liquidation, or the large trades of a minute, net."""

    time_ms: int
    price: float | None
    """None where it was of several prices."""
    usd: float
    is_buy: bool
    """The taker bought; of a liquidation: a short was closed by force."""


class BandView(msgspec.Struct, frozen=True):
    """Depth within a distance of the middle, both sides."""

    distance_bps: float
    low: float
    high: float
    imbalance: float
    """(bids - asks) / both, -1 to 1."""


class WallView(msgspec.Struct, frozen=True):
    """Unusually much size about one price."""

    is_bid: bool
    low: float
    high: float
    size: float
    """Base coin; USD of inverse contracts."""
    usd: float
    is_confirmed: bool
    """It has stood for half a minute."""
    is_suspected: bool = False
    """Liquidity there was pulled when the price came near."""
    since_ms: int | None = None


class TopView(msgspec.Struct, frozen=True):
    """The best prices and what lies between them."""

    bid: float
    ask: float
    microprice: float


class ComponentEvidence(msgspec.Struct, frozen=True):
    """What one component was read from."""

    component: str
    window: tuple[int, int] | None = None
    """[from_ms, to_ms] that it compares; None where it is of one moment."""
    window_words: str = ""
    """What is compared there, in few words."""
    prints: tuple[PrintView, ...] = ()
    bands: tuple[BandView, ...] = ()
    walls: tuple[WallView, ...] = ()
    top: TopView | None = None
    at_ms: int | None = None
    """When the book was looked at."""
    reason: str | None = None
    """Why there is nothing to show, as a sentence; None when there is."""
