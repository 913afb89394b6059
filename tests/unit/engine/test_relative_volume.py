"""Volume of the newest candle against the 20 before it."""

from __future__ import annotations

import numpy as np
import pytest

from virtuoso_desktop.engine.relative_volume import relative_volume
from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.model.timeframe import Timeframe

TIMEFRAME = Timeframe.M5
OPEN_MS = 1_700_000_100_000


def view(volumes: list[float], *, is_forming: bool) -> CandleView:
    count = len(volumes)
    columns = np.full((7, count), 100.0)
    columns[0] = OPEN_MS - TIMEFRAME.duration_ms * np.arange(count - 1, -1, -1)
    columns[5] = volumes
    return CandleView(columns, version=1, base_version=1, last_is_forming=is_forming, is_complete_left=False)


def told(volumes: list[float], elapsed_ratio: float | None) -> float | None:
    now_ms = OPEN_MS + round((1.0 if elapsed_ratio is None else elapsed_ratio) * TIMEFRAME.duration_ms)
    return relative_volume(view(volumes, is_forming=elapsed_ratio is not None), TIMEFRAME, now_ms)


def test_a_closed_candle_is_measured_by_the_20_before_it() -> None:
    assert told([1000.0, *range(1, 21), 21.0], None) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("elapsed_ratio", "expected"), [(0.0, None), (0.24, None), (0.25, 6.0), (0.5, 3.0), (1.0, 1.5), (1.3, 1.5)]
)
def test_a_forming_candle_is_measured_by_the_time_it_had(elapsed_ratio: float, expected: float | None) -> None:
    assert told([10.0] * 20 + [15.0], elapsed_ratio) == (None if expected is None else pytest.approx(expected))


def test_without_20_candles_or_any_volume_there_is_none() -> None:
    assert told([10.0] * 20, None) is None
    assert told([0.0] * 20 + [5.0], None) is None
    assert told([10.0] * 20 + [0.0], None) == 0.0
    assert told([], None) is None
