"""The words of the history: which series there are, what one batch of rows is, what a file holds."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.ranges import Range

Rows = NDArray[np.float64]
"""Columns as rows of one array: time in ms (whole numbers, ascending), then the values of `VALUES`; NaN is unknown."""


class HistoryKind(StrEnum):
    """What a series is of; also the name of its table."""

    CANDLES = "candles"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    LONG_SHORT_RATIO = "long_short_ratio"
    MARK_PRICE = "mark_price"
    INDEX_PRICE = "index_price"
    PREMIUM_INDEX = "premium_index"

    @property
    def has_candles(self) -> bool:
        """A row stands for the time from its open to its close, not for a moment."""
        return self in _WITH_CANDLES


_WITH_CANDLES = frozenset(
    {HistoryKind.CANDLES, HistoryKind.MARK_PRICE, HistoryKind.INDEX_PRICE, HistoryKind.PREMIUM_INDEX}
)
_PRICES = ("open", "high", "low", "close")
VALUES: dict[HistoryKind, tuple[str, ...]] = {
    HistoryKind.CANDLES: (*_PRICES, "volume", "turnover"),
    HistoryKind.FUNDING: ("rate",),
    HistoryKind.OPEN_INTEREST: ("open_interest",),
    HistoryKind.LONG_SHORT_RATIO: ("long_ratio", "short_ratio"),
    HistoryKind.MARK_PRICE: _PRICES,
    HistoryKind.INDEX_PRICE: _PRICES,
    HistoryKind.PREMIUM_INDEX: _PRICES,
}
"""Value columns; prices are decimals, funding a fraction per period, ratios shares in [0, 1], premiums fractions."""


class SeriesKey(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """One series. ``period`` is the timeframe of candles, the spacing of points (``1h``), empty for funding."""

    instrument_id: InstrumentId
    kind: HistoryKind = HistoryKind.CANDLES
    period: str = ""

    @classmethod
    def candles(cls, instrument_id: InstrumentId, timeframe: Timeframe) -> SeriesKey:
        return cls(instrument_id, HistoryKind.CANDLES, timeframe.value)

    def __str__(self) -> str:
        kind = "" if self.kind is HistoryKind.CANDLES else self.kind.value
        return " ".join((str(self.instrument_id), *filter(None, (kind, self.period))))


class Batch(NamedTuple):
    """Rows of one series, and the time in which nothing else exists: ``covered`` holds every row's own time.

    ``yields``: rows that are held already stay as they are (a user's file never overwrites the venue's word).
    ``replaces``: all that is held of the series before goes.
    """

    key: SeriesKey
    rows: Rows
    covered: tuple[Range, ...]
    yields: bool = False
    replaces: bool = False

    @property
    def row_count(self) -> int:
        return self.rows.shape[1]


def nothing_of(key: SeriesKey) -> Batch:
    """The batch after which nothing is held of a series."""
    return Batch(key, np.empty((1 + len(VALUES[key.kind]), 0)), (), replaces=True)


class Stored(NamedTuple):
    """What a transaction did: new rows, rows whose values the venue had changed."""

    added: int
    revised: int


class SeriesInfo(msgspec.Struct, frozen=True):
    """What is held of one series. ``covered_ratio`` is the known share of the time between first and last row."""

    instrument: str
    kind: str
    period: str
    rows: int
    first_ms: int
    last_ms: int
    """Time of the newest row; a candle's open."""
    covered_ratio: float
    revised: int
    """Rows that the venue changed after they were stored."""
    size_bytes: int
    """Its share of the file, by number of values."""


class HistoryInfo(msgspec.Struct, frozen=True):
    """What a history file holds."""

    file: str
    size_bytes: int
    series: tuple[SeriesInfo, ...]


def candle_rows(*columns: object) -> Rows:
    """Equally long columns (open_ms, open, high, low, close, volume, turnover) as `Rows`."""
    return np.array(columns, dtype=np.float64)
