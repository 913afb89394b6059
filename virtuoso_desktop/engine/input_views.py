"""Read models of what an instrument's analysis is made of: which inputs there are, since when, how old, how complete.

Imports no numpy. Times are int64 ms UTC of the venue. Missing is None with words.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import Timeframe


class InputKind(StrEnum):
    """What the analysis reads."""

    CANDLES = "candles"
    TICKER = "ticker"
    TRADES = "trades"
    ORDER_BOOK = "order_book"
    LIQUIDATIONS = "liquidations"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    LONG_SHORT = "long_short"


class InputState(StrEnum):
    """How an input is now."""

    LIVE = "live"
    QUIET = "quiet"
    """Its stream lives, and there is nothing to tell: nobody trades, nobody was liquidated."""
    LOADING = "loading"
    STALE = "stale"
    """It was there, and is older than the analysis believes."""
    MISSING = "missing"
    """It never came, or is not subscribed."""
    NOT_APPLICABLE = "not_applicable"
    """This market has none."""


class InputView(msgspec.Struct, frozen=True):
    """One input of one instrument."""

    kind: InputKind
    state: InputState
    dimensions: tuple[DimensionName, ...]
    """Which dimensions read it."""
    timeframe: Timeframe | None = None
    """Of candles."""
    since_ms: int | None = None
    """From when it reaches to now without a break that is known: first candle or point, or begin of the stream."""
    newest_ms: int | None = None
    """Time of the newest of it; of candles the close of the last closed one."""
    limit_ms: int | None = None
    """Age from which it is not used; None where no age is too old as long as its stream lives."""
    count: int | None = None
    """Candles, trades or points that are held."""
    complete_ratio: float | None = None
    """Share of what is wanted, 0 to 1: candles of those that the analysis loads, trades of the newest candle's volume,
    hours and settlements of those that are compared, own coverage of liquidations of a week. None where it has no
    such measure."""
    words: str | None = None
    """Why it is not live, or what is particular about it, for people."""


class InputsView(msgspec.Struct, frozen=True):
    """All inputs of one instrument."""

    instrument_id: InstrumentId
    at_ms: int
    inputs: tuple[InputView, ...]
    source_symbol: str | None = None
    """The contract whose funding, open interest, ratios and liquidations a spot market borrows."""
    warm_at_ms: dict[Timeframe, dict[DimensionName, int]] = {}
    """When the scales of a dimension are known, where they are not yet."""
    scales_since_ms: int | None = None
    """When the scales that an earlier run left were kept; None when this run has its own only."""
