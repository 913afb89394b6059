"""Which candles a kline request means."""

from __future__ import annotations

from virtuoso_desktop.model.timeframe import Timeframe


def candle_range(
    timeframe: Timeframe, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
) -> tuple[int, int]:
    """(open of the oldest, open of the newest candle) that a kline request means; first > last is none.

    A start inside a candle includes it. Only a start counts forward from it; in all other cases the
    newest ``limit`` candles of the range are meant.
    """
    newest = timeframe.open_ms(now_ms if end_ms is None else min(end_ms, now_ms))
    if start_ms is None:
        return max(0, timeframe.step_back(newest, limit - 1)), newest
    first = timeframe.open_ms(start_ms) if start_ms <= now_ms else newest + 1
    if end_ms is None:
        return first, min(newest, timeframe.step_back(first, 1 - limit)) if first <= newest else newest
    return max(first, timeframe.step_back(newest, limit - 1)), newest
