"""Candle lengths. Week starts Monday 00:00 UTC, month is the calendar month (analysis 0.2)."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

MINUTE_MS = 60_000
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
MONDAY_OFFSET_MS = 4 * DAY_MS
"""The Unix epoch is a Thursday; the first Monday is 4 days later."""


class Timeframe(StrEnum):
    """The thirteen candle lengths that the venues offer."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H12 = "12h"
    D1 = "1d"
    W1 = "1w"
    MO1 = "1M"

    @property
    def duration_ms(self) -> int:
        """Length in ms; for the month the mean (30.436875 days), for display and ordering only."""
        return _DURATION_MS[self]

    def open_ms(self, time_ms: int) -> int:
        """Open time of the candle that contains ``time_ms`` (UTC ms)."""
        if self is Timeframe.MO1:
            moment = dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)
            return int(dt.datetime(moment.year, moment.month, 1, tzinfo=dt.UTC).timestamp()) * 1000
        if self is Timeframe.W1:
            return time_ms - (time_ms - MONDAY_OFFSET_MS) % WEEK_MS
        return time_ms - time_ms % _DURATION_MS[self]

    def close_ms(self, open_ms: int) -> int:
        """Exclusive close time of the candle that opens at ``open_ms``."""
        if self is Timeframe.MO1:
            moment = dt.datetime.fromtimestamp(open_ms / 1000, dt.UTC)
            year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
            return int(dt.datetime(year, month, 1, tzinfo=dt.UTC).timestamp()) * 1000
        return open_ms + _DURATION_MS[self]

    def step_back(self, open_ms: int, count: int) -> int:
        """Open time of the candle ``count`` candles before the one that opens at ``open_ms``."""
        if self is Timeframe.MO1:
            moment = dt.datetime.fromtimestamp(open_ms / 1000, dt.UTC)
            months = moment.year * 12 + moment.month - 1 - count
            return int(dt.datetime(months // 12, months % 12 + 1, 1, tzinfo=dt.UTC).timestamp()) * 1000
        return open_ms - count * _DURATION_MS[self]


_DURATION_MS: dict[Timeframe, int] = {
    Timeframe.M1: MINUTE_MS,
    Timeframe.M3: 3 * MINUTE_MS,
    Timeframe.M5: 5 * MINUTE_MS,
    Timeframe.M15: 15 * MINUTE_MS,
    Timeframe.M30: 30 * MINUTE_MS,
    Timeframe.H1: 60 * MINUTE_MS,
    Timeframe.H2: 120 * MINUTE_MS,
    Timeframe.H4: 240 * MINUTE_MS,
    Timeframe.H6: 360 * MINUTE_MS,
    Timeframe.H12: 720 * MINUTE_MS,
    Timeframe.D1: DAY_MS,
    Timeframe.W1: WEEK_MS,
    Timeframe.MO1: 2_629_746_000,
}

ANALYSED_TIMEFRAMES: tuple[Timeframe, ...] = (
    Timeframe.M1,
    Timeframe.M5,
    Timeframe.M15,
    Timeframe.M30,
    Timeframe.H1,
    Timeframe.H4,
    Timeframe.D1,
)
"""The seven timeframes that every watched instrument carries."""
