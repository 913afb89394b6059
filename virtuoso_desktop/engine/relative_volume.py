"""The newest candle's volume against that of the candles before it, also while it forms (analysis A.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import CandleView
    from virtuoso_desktop.model.timeframe import Timeframe

LENGTH = 20
LEAST_ELAPSED = 0.25
"""Share of a forming candle's time from which its volume says something."""


def relative_volume(candles: CandleView, timeframe: Timeframe, now_ms: int) -> float | None:
    """Volume over the mean of the 20 candles before; of a forming one over the share of it that time has earned.

    None with fewer candles, when those before had no volume, and in the first quarter of a forming candle.
    """
    volumes = candles.volume[-LENGTH - 1 :]
    if len(volumes) <= LENGTH:
        return None
    usual = float(volumes[:-1].sum()) / LENGTH
    elapsed = 1.0
    if candles.last_is_forming:
        open_ms = int(candles.open_ms[-1])
        elapsed = min((now_ms - open_ms) / (timeframe.close_ms(open_ms) - open_ms), 1.0)
    if usual <= 0.0 or elapsed < LEAST_ELAPSED:
        return None
    return float(volumes[-1]) / (elapsed * usual)
