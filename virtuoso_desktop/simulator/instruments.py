"""Catalogue of the synthetic market: what is traded, on which grid, how lively, since when."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue


class Listing(NamedTuple):
    """One synthetic instrument.

    ``price`` is the level around which the price wanders, ``turnover_musd`` the usual turnover of a day in
    millions of quote coin, ``daily_pct`` the usual standard deviation of a day's move, ``shared_ratio`` the
    correlation with the whole market.
    """

    coin: str
    price: float
    tick: str
    lot: str
    turnover_musd: float
    daily_pct: float
    shared_ratio: float
    launch: str
    funding_h: int = 8


_LINEAR = (
    Listing("BTC", 93_988.4, "0.10", "0.001", 6_900, 2.0, 0.93, "2024-06-03"),
    Listing("ETH", 1_783.8, "0.01", "0.01", 4_100, 2.8, 0.90, "2024-06-03"),
    Listing("SOL", 153.69, "0.01", "0.1", 2_300, 3.6, 0.84, "2024-06-17"),
    Listing("XRP", 2.1893, "0.0001", "0.1", 1_250, 3.3, 0.76, "2024-06-17"),
    Listing("DOGE", 0.18164, "0.00001", "1", 860, 4.0, 0.81, "2024-07-01"),
    Listing("SUI", 3.3712, "0.0001", "1", 540, 4.6, 0.74, "2024-07-08"),
    Listing("HYPE", 18.432, "0.001", "0.01", 470, 5.0, 0.62, "2025-02-10", 4),
    Listing("BNB", 603.1, "0.1", "0.01", 420, 2.3, 0.75, "2024-06-24"),
    Listing("ADA", 0.7148, "0.0001", "1", 360, 3.7, 0.80, "2024-07-01"),
    Listing("1000PEPE", 0.0088412, "0.0000001", "100", 340, 5.4, 0.72, "2024-09-02"),
    Listing("LINK", 14.921, "0.001", "0.1", 300, 3.8, 0.82, "2024-07-15"),
    Listing("AVAX", 22.344, "0.001", "0.1", 270, 3.9, 0.82, "2024-07-15"),
    Listing("ENA", 0.36015, "0.00001", "1", 250, 5.6, 0.68, "2024-10-07", 4),
    Listing("TRX", 0.24418, "0.00001", "1", 230, 2.0, 0.55, "2024-07-29"),
    Listing("LTC", 84.31, "0.01", "0.1", 220, 3.2, 0.78, "2024-08-05"),
    Listing("BCH", 358.25, "0.05", "0.01", 205, 3.5, 0.74, "2024-08-05"),
    Listing("WIF", 0.61237, "0.00001", "1", 195, 6.2, 0.66, "2024-11-11", 4),
    Listing("DOT", 4.2207, "0.0001", "0.1", 180, 3.7, 0.82, "2024-08-12"),
    Listing("NEAR", 2.5893, "0.0001", "0.1", 170, 4.3, 0.79, "2024-08-19"),
    Listing("AAVE", 171.92, "0.01", "0.01", 160, 4.1, 0.76, "2024-09-09"),
    Listing("WLD", 0.85312, "0.00001", "0.1", 150, 5.2, 0.69, "2024-12-02"),
    Listing("ARB", 0.33462, "0.00001", "0.1", 140, 4.4, 0.80, "2024-09-16"),
    Listing("TAO", 364.8, "0.01", "0.001", 132, 4.9, 0.67, "2025-01-13", 4),
    Listing("UNI", 5.9021, "0.0001", "0.1", 126, 4.2, 0.76, "2024-09-23"),
    Listing("ONDO", 0.9814, "0.00001", "1", 118, 4.8, 0.70, "2025-03-03", 4),
    Listing("APT", 5.5874, "0.0001", "0.01", 110, 4.5, 0.77, "2024-10-14"),
    Listing("XLM", 0.28341, "0.00001", "1", 104, 3.8, 0.70, "2024-10-21"),
    Listing("HBAR", 0.18902, "0.00001", "1", 98, 4.3, 0.71, "2024-11-18"),
    Listing("OP", 0.80133, "0.00001", "0.1", 92, 4.7, 0.79, "2024-11-04"),
    Listing("TON", 3.2466, "0.0001", "0.1", 86, 3.4, 0.60, "2025-01-27"),
    Listing("SEI", 0.21554, "0.00001", "1", 80, 5.0, 0.74, "2025-02-24", 4),
    Listing("INJ", 10.318, "0.001", "0.1", 75, 4.8, 0.75, "2025-04-07"),
    Listing("FIL", 2.8041, "0.0001", "0.1", 70, 4.2, 0.78, "2024-12-16"),
    Listing("ATOM", 4.5211, "0.0001", "0.1", 66, 3.8, 0.78, "2025-01-06"),
    Listing("TIA", 2.4455, "0.0001", "0.1", 62, 5.3, 0.70, "2025-05-12", 4),
    Listing("ETC", 17.284, "0.001", "0.1", 58, 3.6, 0.77, "2025-03-17"),
    Listing("ICP", 5.013, "0.0001", "0.1", 52, 4.2, 0.73, "2025-06-02"),
    Listing("JUP", 0.47318, "0.00001", "1", 46, 5.1, 0.70, "2025-07-14", 4),
    Listing("FARTCOIN", 0.91274, "0.00001", "1", 42, 7.5, 0.50, "2025-10-06", 4),
    Listing("CRV", 0.61905, "0.00001", "0.1", 38, 4.9, 0.71, "2025-08-11"),
    Listing("ALGO", 0.20417, "0.00001", "1", 34, 4.0, 0.77, "2025-09-01"),
    Listing("1000BONK", 0.017523, "0.000001", "100", 30, 5.9, 0.68, "2025-11-17", 4),
)
_SPOT = (
    Listing("BTC", 93_988.4, "0.1", "0.000001", 1_900, 2.0, 0.93, "2024-06-03"),
    Listing("ETH", 1_783.8, "0.01", "0.00001", 980, 2.8, 0.90, "2024-06-03"),
    Listing("SOL", 153.69, "0.01", "0.001", 520, 3.6, 0.84, "2024-06-17"),
    Listing("XRP", 2.1893, "0.0001", "0.01", 410, 3.3, 0.76, "2024-06-17"),
    Listing("DOGE", 0.18164, "0.00001", "0.1", 190, 4.0, 0.81, "2024-07-01"),
    Listing("SUI", 3.3712, "0.0001", "0.01", 120, 4.6, 0.74, "2024-07-08"),
    Listing("BNB", 603.1, "0.1", "0.0001", 95, 2.3, 0.75, "2024-06-24"),
    Listing("ADA", 0.7148, "0.0001", "0.1", 82, 3.7, 0.80, "2024-07-01"),
    Listing("LINK", 14.921, "0.001", "0.001", 60, 3.8, 0.82, "2024-07-15"),
    Listing("LTC", 84.31, "0.01", "0.001", 48, 3.2, 0.78, "2024-08-05"),
)


_INVERSE = (
    Listing("BTC", 93_988.4, "0.10", "1", 620, 2.0, 0.93, "2024-06-03"),
    Listing("ETH", 1_783.8, "0.01", "1", 260, 2.8, 0.90, "2024-06-03"),
    Listing("XRP", 2.1893, "0.0001", "1", 70, 3.3, 0.76, "2024-06-17"),
)
"""Contracts of 1 USD each."""


class Listed(NamedTuple):
    """A catalogue row and the instrument made of it."""

    instrument: Instrument
    listing: Listing


def synthetic_instruments() -> tuple[Listed, ...]:
    """Every synthetic instrument: linear perpetuals, then spot, then inverse, each by usual turnover."""
    makers = (_linear, _LINEAR), (_spot, _SPOT), (_inverse, _INVERSE)
    return tuple(make(listing) for make, listings in makers for listing in listings)


def _linear(listing: Listing) -> Listed:
    instrument = Instrument(
        id=InstrumentId(Venue.BYBIT, MarketKind.LINEAR, f"{listing.coin}USDT"),
        base_coin=listing.coin,
        quote_coin="USDT",
        settle_coin="USDT",
        status="Trading",
        contract_type="LinearPerpetual",
        tick_size=Decimal(listing.tick),
        lot_step=Decimal(listing.lot),
        funding_interval_min=listing.funding_h * 60,
        launch_ms=_launch_ms(listing),
    )
    return Listed(instrument, listing)


def _inverse(listing: Listing) -> Listed:
    instrument = Instrument(
        id=InstrumentId(Venue.BYBIT, MarketKind.INVERSE, f"{listing.coin}USD"),
        base_coin=listing.coin,
        quote_coin="USD",
        settle_coin=listing.coin,
        status="Trading",
        contract_type="InversePerpetual",
        tick_size=Decimal(listing.tick),
        lot_step=Decimal(listing.lot),
        funding_interval_min=listing.funding_h * 60,
        launch_ms=_launch_ms(listing),
    )
    return Listed(instrument, listing)


def _spot(listing: Listing) -> Listed:
    instrument = Instrument(
        id=InstrumentId(Venue.BYBIT, MarketKind.SPOT, f"{listing.coin}USDT"),
        base_coin=listing.coin,
        quote_coin="USDT",
        settle_coin="",
        status="Trading",
        contract_type="",
        tick_size=Decimal(listing.tick),
        lot_step=Decimal(listing.lot),
        launch_ms=_launch_ms(listing),
    )
    return Listed(instrument, listing)


def _launch_ms(listing: Listing) -> int:
    """08:00 UTC of the launch date."""
    moment = dt.datetime.combine(dt.date.fromisoformat(listing.launch), dt.time(8), dt.UTC)
    return int(moment.timestamp()) * 1000
