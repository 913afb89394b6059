"""Volume by price, swings and breaks of the rows in view; how lines are dashed."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.charts.fake_engine import BTC, FakeEngine, walk
from virtuoso_desktop.engine.views import CandleView
from virtuoso_desktop.model.study import DEFAULT_STUDIES, StudyKind, study_of
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts import profile as profile_module
from virtuoso_desktop.ui.charts.profile import VALUE_AREA, Profiles, profile_of
from virtuoso_desktop.ui.charts.steps import price_step_ticks
from virtuoso_desktop.ui.charts.structure import structure_of
from virtuoso_desktop.ui.charts.viewmarks import marks_of

Floats = np.ndarray


def by_hand(
    low: list[float], high: list[float], volume: list[float], first: float, step: float, rows: int
) -> list[float]:
    """Each candle's volume over rows by overlap, one at a time."""
    found = [0.0] * rows
    for bottom, top, amount in zip(low, high, volume, strict=True):
        for row in range(rows):
            edge = first + row * step
            overlap = max(0.0, min(top + 0.5, edge + step) - max(bottom - 0.5, edge))
            found[row] += amount * overlap / (top - bottom + 1.0)
    return found


CANDLE = st.tuples(st.integers(1, 400), st.integers(0, 120), st.floats(0, 1e4, allow_subnormal=False))


@given(st.lists(CANDLE, min_size=1, max_size=40), st.integers(1, 25))
def test_volume_is_spread_by_overlap_and_none_is_lost(candles: list[tuple[int, int, float]], step: int) -> None:
    low = np.array([float(bottom) for bottom, _, _ in candles])
    high = low + np.array([float(size) for _, size, _ in candles])
    volume = np.array([amount for _, _, amount in candles])
    profile = profile_of(low, high, volume, float(step))
    if not volume.any():
        assert profile is None
        return
    assert profile is not None
    assert profile.volume.sum() == pytest.approx(volume.sum(), rel=1e-9, abs=1e-9)
    expected = by_hand(low.tolist(), high.tolist(), volume.tolist(), profile.first, profile.step, len(profile.volume))
    np.testing.assert_allclose(profile.volume, expected, rtol=1e-7, atol=1e-7 * max(expected))
    assert expected[profile.poc] == pytest.approx(max(expected), rel=1e-6)
    held = profile.volume[profile.value_low : profile.value_high + 1].sum()
    assert held >= VALUE_AREA * profile.volume.sum() * (1 - 1e-9)
    assert profile.value_low <= profile.poc <= profile.value_high


def test_the_poc_is_where_most_was_traded() -> None:
    low, high = np.array([100.0, 100.0, 150.0]), np.array([110.0, 200.0, 155.0])
    profile = profile_of(low, high, np.array([1.0, 1.0, 50.0]), 10.0)
    assert profile is not None
    assert 145 <= profile.poc_price <= 160


def table(rows: int) -> dict[str, np.ndarray]:
    names = ("swing_high", "swing_low")
    empty = {f"table.{name}": np.full(rows, np.nan) for name in names}
    return empty | {f"table.{name}": np.zeros(rows) for name in ("bos", "choch")}


def test_swings_are_compared_with_the_one_of_their_kind_before() -> None:
    columns = table(60)
    for row, name, price in ((10, "high", 100), (20, "low", 80), (30, "high", 110), (40, "low", 85), (50, "high", 105)):
        columns[f"table.swing_{name}"][row] = price
    found = structure_of(columns, float, 0, 59, 60)
    assert [(swing.slot, swing.words) for swing in found.swings] == [
        (8, ""), (18, ""), (28, "HH"), (38, "HL"), (48, "LH"),
    ]  # fmt: skip


def test_a_swing_that_is_outdone_gives_way() -> None:
    columns = table(60)
    columns["table.swing_low"][5] = 80
    columns["table.swing_high"][10] = 100
    columns["table.swing_high"][16] = 104
    found = structure_of(columns, float, 0, 59, 60)
    assert [(swing.slot, swing.price) for swing in found.swings] == [(3, 80), (14, 104)]


def test_a_break_reaches_from_its_swing_to_the_close_and_never_from_a_forming_candle() -> None:
    columns = table(60)
    columns["table.swing_high"][10] = 100
    columns["table.swing_low"][20] = 90
    columns["table.bos"][30] = 1
    columns["table.choch"][59] = -1
    found = structure_of(columns, float, 0, 59, 59)
    assert [(each.from_slot, each.slot, each.price, each.is_up, each.words) for each in found.breaks] == [
        (8, 30, 100, True, "BOS")
    ]
    closed = structure_of(columns, float, 0, 59, 60)
    assert closed.breaks[-1][:5] == (18, 59, 90, False, "CHoCH")


def test_marks_of_real_looking_candles_lie_on_their_extremes() -> None:
    engine = FakeEngine()
    engine.hold(walk(900))
    engine.prepare_studies()
    chosen = (study_of(StudyKind.SWINGS), *DEFAULT_STUDIES)
    engine.choose_studies(chosen)
    while engine.chart(BTC.id, Timeframe.M5).studies.is_behind:
        pass
    chart = engine.chart(BTC.id, Timeframe.M5)
    marks = marks_of(chart, chosen, Profiles(), 500, 899)
    assert len(marks.structure.swings) > 8
    assert marks.structure.breaks
    slot = chart.candles.open_ms / Timeframe.M5.duration_ms
    for swing in marks.structure.swings:
        row = int(np.searchsorted(slot, swing.slot))
        assert swing.price == (chart.candles.high if swing.is_high else chart.candles.low)[row]
    kinds = [swing.is_high for swing in marks.structure.swings]
    assert all(first != second for first, second in itertools.pairwise(kinds))
    assert marks.poc is not None
    assert chart.candles.low[500:].min() <= marks.poc <= chart.candles.high[500:].max()
    assert math.isfinite(marks.poc)


LOOK = st.tuples(st.integers(0, 699), st.integers(1, 700), st.integers(1, 30), st.integers(0, 40), st.booleans())
"""First row, rows, how coarse, how many older rows come first, whether a candle is appended first."""


@given(st.lists(LOOK, min_size=1, max_size=6), st.integers(5, 60), st.booleans())
def test_a_profile_from_kept_blocks_is_that_of_the_rows(
    looks: list[tuple[int, int, int, int, bool]], block_rows: int, corrects: bool
) -> None:
    rows = walk(1000)
    begin, end, version = 300, 900, 1
    profiles = Profiles(block_rows)
    for first, count, coarse, older, appends in looks:
        if older or appends:
            version += 1
        if older:
            begin = max(0, begin - older)
        elif appends:
            end += 1
        if corrects and version == 3:
            rows[5, begin:end] *= 2.0
            version += 10
        held = rows[:, begin:end]
        view = CandleView(held, version=version, base_version=version, last_is_forming=True, is_complete_left=False)
        part = slice(min(first, end - begin - 2), min(first + count, end - begin - 1))
        low, high, volume = view.low[part], view.high[part], view.volume[part]
        span = float(high.max() - low.min())
        step = price_step_ticks(max(span / (4 * coarse), 1.0), BTC.tick_size)
        found, expected = profiles.of(view, part, lambda _, step=step: step), profile_of(low, high, volume, step)
        assert found is not None
        assert expected is not None
        assert (found.first, found.step) == (expected.first, expected.step)
        np.testing.assert_allclose(found.volume, expected.volume, rtol=1e-6, atol=1e-9 * volume.sum())


def test_blocks_of_a_profile_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spread, asked = profile_module.spread, []

    def counted(low: Floats, high: Floats, volume: Floats, step: float) -> tuple[int, Floats]:
        asked.append(len(low))
        return spread(low, high, volume, step)

    monkeypatch.setattr(profile_module, "spread", counted)
    profiles = Profiles(100)
    view = CandleView(walk(5000), version=1, base_version=1, last_is_forming=True, is_complete_left=False)
    profiles.of(view, slice(0, 4999), lambda _: 200)
    assert sum(asked) == 4999
    asked.clear()
    profiles.of(view, slice(250, 4900), lambda _: 500)
    assert sum(asked) == 50


def test_the_profile_leaves_out_the_forming_candle() -> None:
    engine = FakeEngine()
    rows = walk(50)
    rows[5, -1] = 1e9
    engine.hold(rows)
    chart = engine.chart(BTC.id, Timeframe.M5)
    profile = marks_of(chart, (study_of(StudyKind.PROFILE),), Profiles(), 0, 49).profile
    assert profile is not None
    assert profile.volume.sum() == pytest.approx(rows[5, :-1].sum())
