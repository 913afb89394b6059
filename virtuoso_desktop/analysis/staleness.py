"""How old a closed candle may be before nothing is concluded from it (analysis C.3). Imports no numba."""

from __future__ import annotations

from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe

SHORT_TIMEFRAME_MS = 5 * MINUTE_MS
STALE_SLACK_MS = 30_000


def stale_at_ms(timeframe: Timeframe, close_ms: int) -> int:
    """Venue time after which a candle is too old: one and a half of its timeframe, for 5m and less 30 s over one."""
    duration_ms = timeframe.duration_ms
    slack_ms = duration_ms // 2
    return close_ms + duration_ms + (min(slack_ms, STALE_SLACK_MS) if duration_ms <= SHORT_TIMEFRAME_MS else slack_ms)
