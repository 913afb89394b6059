"""Reduced bars equal a plain loop over the candles, whatever is missing and however history grew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts import reduction
from virtuoso_desktop.ui.charts.reduction import Bars, Candles

FIRST_SLOT = 29_000_003


def columns(rows: int, seed: int = 1, missing: float = 0.0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    slots = FIRST_SLOT + np.arange(rows * 2)
    keep = np.flatnonzero(rng.random(rows * 2) >= missing)[:rows]
    prices = np.sort(rng.integers(1, 10_000, (4, len(keep))).astype(float), axis=0)
    volume = rng.exponential(5, len(keep))
    return np.vstack((slots[keep] * 60_000.0, prices[1], prices[3], prices[0], prices[2], volume, volume))


def view_of(rows: np.ndarray[Any, Any], base_version: int = 1) -> CandleView:
    return CandleView(
        rows, version=base_version, base_version=base_version, last_is_forming=True, is_complete_left=False
    )


def plain(rows: np.ndarray[Any, Any], first: int, last: int, per_column: int) -> list[tuple[float, ...]]:
    """The same by a loop: (column, open, high, low, close, volume, row)."""
    made: dict[int, list[float]] = {}
    for index in range(rows.shape[1]):
        slot = int(rows[0, index] // 60_000)
        if not first <= slot <= last:
            continue
        _, opened, high, low, close, volume, _ = rows[:, index]
        bar = made.setdefault(slot // per_column, [opened, high, low, close, volume, index])
        bar[1], bar[2] = max(bar[1], high), min(bar[2], low)
        bar[3], bar[4], bar[5] = close, max(bar[4], volume), index
    return [(column, *bar) for column, bar in made.items()]


def as_rows(bars: Bars) -> list[tuple[float, ...]]:
    return [tuple(map(float, row)) for row in zip(*bars, strict=True)]


def whole(candles: Candles, rows: np.ndarray[Any, Any], per_column: int, base_version: int = 1) -> Bars:
    view = view_of(rows, base_version)
    first, last = int(rows[0, 0] // 60_000), int(rows[0, -1] // 60_000)
    first -= first % per_column
    return candles.bars(view, first, last, per_column)


@settings(max_examples=40)
@given(
    rows=st.integers(1, 900),
    missing=st.sampled_from([0.0, 0.02, 0.6]),
    per_column=st.sampled_from([1, 2, 3, 6, 8, 24, 64, 96, 512]),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    turns=st.integers(0, 3),
)
def test_bars_equal_a_loop(rows: int, missing: float, per_column: int, cut: tuple[float, float], turns: int) -> None:
    data = columns(rows, rows, missing)
    view, candles = view_of(data), Candles(Timeframe.M1)
    for _ in range(turns):
        candles.advance(view)
    begin, end = sorted(int((data[0, 0] + share * (data[0, -1] - data[0, 0])) // 60_000) for share in cut)
    begin -= begin % per_column
    end += per_column - 1 - end % per_column
    assert as_rows(candles.bars(view, begin, end, per_column)) == plain(data, begin, end, per_column)


def test_a_pyramid_in_the_making_shows_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduction, "CHUNK_ROWS", 100)
    data = columns(1000, missing=0.1)
    view, candles = view_of(data), Candles(Timeframe.M1)
    expected = plain(data, 0, 10**9, 64)
    seen = []
    for _ in range(12):
        seen.append(as_rows(whole(candles, data, 64)) == expected)
        candles.advance(view)
    assert all(seen)


@pytest.mark.parametrize("change", ["tick", "append", "prepend", "revision", "trimmed"])
def test_bars_follow_every_change_of_the_series(change: str) -> None:
    data = columns(700)
    candles = Candles(Timeframe.M1)
    for _ in range(3):
        candles.advance(view_of(data[:, 100:600], 1))
    if change == "tick":
        changed, base_version = data[:, 100:600].copy(), 1
        changed[2, -1] = changed[4, -1] = 99_999.0
    elif change == "append":
        changed, base_version = data[:, 100:601].copy(), 2
        changed[2, -2] = 77_777.0
    elif change == "prepend":
        changed, base_version = data[:, :600], 2
    elif change == "revision":
        changed, base_version = data[:, 100:600].copy(), 2
        changed[2, 7] = 88_888.0
    else:
        changed, base_version = data[:, 150:601], 2
    for turn in range(3):
        for per_column in (8, 64, 512):
            assert as_rows(whole(candles, changed, per_column, base_version)) == plain(changed, 0, 10**9, per_column)
        if turn < 2:
            candles.advance(view_of(changed, base_version))


@settings(max_examples=25)
@given(
    steps=st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.integers(0, 2)), min_size=1, max_size=6),
    missing=st.sampled_from([0.0, 0.1, 0.7]),
)
def test_older_rows_again_and_again_show_the_same_as_a_loop(steps: list[tuple[int, bool, int]], missing: float) -> None:
    """Each step brings so many older rows, perhaps one newer row, and so many turns of the pyramid."""
    chunk_rows, reduction.CHUNK_ROWS = reduction.CHUNK_ROWS, 50
    try:
        data = columns(3_000, missing=missing)
        end = data.shape[1] - len(steps)
        first, version, candles = end - 60, 1, Candles(Timeframe.M1)
        for older, is_append, turns in steps:
            first, version = max(0, first - older), version + 1
            candles.advance(view_of(data[:, first:end], version))
            if is_append:
                end, version = end + 1, version + 1
            shown = data[:, first:end]
            for _ in range(turns):
                candles.advance(view_of(shown, version))
            for per_column in (3, 8, 96):
                assert as_rows(whole(candles, shown, per_column, version)) == plain(shown, 0, 10**9, per_column)
    finally:
        reduction.CHUNK_ROWS = chunk_rows


def test_bars_are_copies() -> None:
    data = columns(50)
    candles = Candles(Timeframe.M1)
    bars = whole(candles, data, 1)
    data[1:] = 0
    assert bars.high.all()
    assert bars.close.all()


def test_no_candles_no_bars() -> None:
    candles = Candles(Timeframe.M1)
    view = view_of(np.empty((7, 0)))
    candles.advance(view)
    assert candles.bars(view, 0, 100, 1).count == 0
    assert candles.bars(view, 0, 100, 64).count == 0
