"""The market as a whole: regime, breadth, volumes, and each instrument beside the others (analysis B.5, M1 to M6).

The names of `MarketOverview` are those of the original system and stand in the report as they are. Missing is None;
why stands in the metadata or beside the value. Volatility is a fraction a day, money is USD.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import Reason


class RegimeLabel(StrEnum):
    """How a market moves."""

    TRENDING_BULLISH = "trending_bullish"
    TRENDING_BEARISH = "trending_bearish"
    VOLATILE = "volatile"
    RANGING = "ranging"
    MIXED = "mixed"
    """Of the market only: no label has 40 % of the turnover."""
    UNKNOWN = "unknown"


class Regime(msgspec.Struct, frozen=True):
    """The regime of one instrument, as of its newest closed candle of an hour."""

    label: RegimeLabel = RegimeLabel.UNKNOWN
    trend_strength: float | None = None
    """0 to 1."""
    direction: int = 0
    """-1, 0, 1."""
    current_volatility: float | None = None
    """Of the last 24 hours, fraction a day."""
    avg_volatility: float | None = None
    """Median of the 30 days before."""
    vol_ratio: float | None = None
    closed_ms: int | None = None
    """Close of that candle."""
    bars: int = 0
    """Closed candles of an hour that it is made of."""


class MarketBreadth(msgspec.Struct, frozen=True):
    """How many instruments rose and fell over 24 hours; ``flat``: by less than 0.1 %."""

    up: int | None = None
    down: int | None = None
    flat: int | None = None
    breadth_percentage: float | None = None
    """100 x up / (up + down + flat)."""


class OverviewMetadata(msgspec.Struct, frozen=True):
    """Of what the overview is."""

    universe_hash: str
    """Stands for the set of instruments, in any order."""
    universe_size: int
    reason: str | None = None
    """Why the figures of the market are missing, in words."""
    regime_reason: str | None = None
    """Why the regime is missing while the rest is there."""
    regime_timeframe: str = "1h"
    volume_basis: str = "one venue, each instrument once a category, dollar coins as USD"
    unpriced_symbols: int = 0
    """Instruments without a turnover in USD."""
    unchanged_symbols: int = 0
    """Instruments whose change over 24 hours the venue does not tell: they count nowhere."""


class MarketOverview(msgspec.Struct, frozen=True):
    """The market in one record."""

    active_symbols: int
    """Instruments with a ticker younger than 30 s that tells a change: up + down + flat."""
    total_volume_24h: float | None
    """Spot and linear, as far as they are watched."""
    spot_volume_24h: float | None
    linear_volume_24h: float | None
    inverse_volume_24h: float | None
    """Not part of the total."""
    market_regime: RegimeLabel
    trend_strength: float | None
    current_volatility: float | None
    avg_volatility: float | None
    btc_dominance: float | None
    """Share of the turnover, not of a market capitalisation."""
    btc_dominance_basis: str
    market_breadth: MarketBreadth
    timestamp: int
    """Epoch seconds."""
    metadata: OverviewMetadata


class OverviewRow(msgspec.Struct, frozen=True):
    """One instrument beside the others."""

    instrument_id: InstrumentId
    base_coin: str
    price_decimals: int
    age_ms: int | None = None
    """Of its ticker."""
    last_price: float | None = None
    change_24h_pct: float | None = None
    turnover_usd: float | None = None
    regime: Regime = Regime()
    correlation: float | None = None
    """Of its returns by the hour with those of BTC, 7 days."""
    beta: float | None = None
    returns: int = 0
    """Hours that both have a return of."""
    relation_reason: Reason | None = None
    funding_rate: float | None = None
    """Fraction per funding period."""
    funding_interval_h: float | None = None
    funding_annual: float | None = None
    funding_z: float | None = None
    funding_reason: Reason | None = None
    open_interest_usd: float | None = None
    """One side."""
    interest_1h_pct: float | None = None
    interest_24h_pct: float | None = None
    interest_reason: Reason | None = None


class Overview(msgspec.Struct, frozen=True):
    """All of it at one time."""

    as_of_ms: int
    market: MarketOverview
    rows: tuple[OverviewRow, ...]
    """In the order of the universe."""
    risers: tuple[InstrumentId, ...] = ()
    """The largest rises over 24 hours, the largest first."""
    fallers: tuple[InstrumentId, ...] = ()
    regimes_known: int = 0
    """Instruments whose candles have been looked at, of all."""
