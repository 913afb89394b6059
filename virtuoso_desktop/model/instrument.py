"""Venues, instruments and their grids of ticks and lots."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec


class Venue(StrEnum):
    """An exchange."""

    BYBIT = "bybit"
    BINANCE = "binance"


class MarketKind(StrEnum):
    """What is traded: the coin itself, or a contract margined in quote (linear) or base (inverse) coin."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


class Source(StrEnum):
    """Where a run's data come from; fixed at start and part of every stored row (architecture 5)."""

    LIVE = "live"
    TESTNET = "testnet"
    DEMO = "demo"
    REPLAY = "replay"
    FILE = "file"


class InstrumentId(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """``venue:kind:SYMBOL``, e.g. ``bybit:linear:BTCUSDT``. ``symbol`` is the venue's own text."""

    venue: Venue
    market_kind: MarketKind
    symbol: str

    def __str__(self) -> str:
        return f"{self.venue.value}:{self.market_kind.value}:{self.symbol}"

    @classmethod
    def parse(cls, text: str) -> InstrumentId:
        """Read ``venue:kind:SYMBOL``; raises ValueError that names the wrong part."""
        parts = text.split(":")
        if len(parts) != 3 or not parts[2]:
            raise ValueError(f"{text!r} is not venue:kind:SYMBOL, e.g. bybit:linear:BTCUSDT")
        return cls(Venue(parts[0]), MarketKind(parts[1]), parts[2])


class Instrument(msgspec.Struct, frozen=True):
    """A tradable instrument and its grids.

    ``tick_size`` (price step, quote coin) and ``lot_step`` (size step, base coin; contracts' USD for
    inverse) are exact decimals as the venue wrote them.
    """

    id: InstrumentId
    base_coin: str
    quote_coin: str
    settle_coin: str
    status: str
    contract_type: str
    tick_size: Decimal
    lot_step: Decimal
    funding_interval_min: int | None = None
    launch_ms: int | None = None
    delivery_ms: int | None = None

    @property
    def symbol(self) -> str:
        return self.id.symbol

    @property
    def price_decimals(self) -> int:
        """Digits after the point that a price on the grid needs."""
        return decimals(self.tick_size)

    @property
    def size_decimals(self) -> int:
        """Digits after the point that a size on the grid needs."""
        return decimals(self.lot_step)

    def to_ticks(self, price: float) -> int:
        """Nearest grid point of a decimal price (rint)."""
        return round(price / float(self.tick_size))

    def to_price(self, ticks: float) -> float:
        """Decimal price of a tick count, as the nearest float of the exact decimal."""
        return round(ticks * float(self.tick_size), self.price_decimals)

    def to_lots(self, size: float) -> int:
        """Nearest grid point of a size."""
        return round(size / float(self.lot_step))

    def to_size(self, lots: float) -> float:
        """Decimal size of a lot count."""
        return round(lots * float(self.lot_step), self.size_decimals)


def decimals(step: Decimal) -> int:
    """Digits after the decimal point of a grid step: ``0.10`` -> 1, ``5`` -> 0, ``1E+2`` -> 0."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
