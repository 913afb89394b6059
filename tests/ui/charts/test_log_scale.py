"""The logarithmic price scale: round labels, the price under the cursor, nothing at or below zero."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, FakeEngine, walk
from tests.ui.charts.test_gestures import AXIS_X, drag, wheel
from virtuoso_desktop.model.study import Study, StudyKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts import steps
from virtuoso_desktop.ui.charts.pricerange import PriceRange
from virtuoso_desktop.ui.charts.rowscale import FAR, Scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.panel import ChartPanel


def steep(rows: int = 400) -> np.ndarray:
    """A market that rises a thousandfold."""
    made = walk(rows)
    made[1:5] = np.rint(made[1:5] / made[4, 0] * 100 * np.exp(np.linspace(0, math.log(1000), rows)))
    made[2], made[3] = made[1:5].max(axis=0) + 1, made[1:5].min(axis=0) - 1
    return made


# --- the scale ---------------------------------------------------------------------------------------------------


@given(low=st.floats(0.1, 1e8), decades=st.floats(1e-5, 6), share=st.floats(0, 1), is_log=st.booleans())
def test_a_row_and_its_value_are_each_others_way_back(low: float, decades: float, share: float, is_log: bool) -> None:
    high = low * 10**decades
    price = PriceRange()
    price.set_log(is_log)
    price.fit(low, high)
    scale = Scale(price.high, price.span, 700, 1.0, is_log)
    value = low * 10 ** (decades * share)
    row = scale.row(value)
    assert scale.value_at(row) == pytest.approx(value, rel=1e-6, abs=1e-6)
    assert scale.rows(np.array([value]))[0] == pytest.approx(row)


def test_equal_ratios_are_equally_high() -> None:
    price = PriceRange()
    price.set_log(True)
    price.fit(100.0, 100_000.0)
    scale = Scale(price.high, price.span, 700, 1.0, True)
    rows = [scale.row(value) for value in (100.0, 1_000.0, 10_000.0, 100_000.0)]
    assert np.diff(rows) == pytest.approx([np.diff(rows)[0]] * 3)


def test_what_is_not_above_zero_has_no_place() -> None:
    scale = Scale(5.0, 4.0, 700, 1.0, True)
    assert scale.row(0.0) == scale.row(-3.0) == FAR * 700
    assert np.isnan(scale.rows(np.array([0.0, -1.0]))).all()
    price = PriceRange()
    price.set_log(True)
    price.fit(-50.0, 100.0)
    assert price.low_ticks > 0


@given(low=st.floats(1, 1e6), decades=st.floats(0.001, 5))
def test_labels_are_round_and_apart(low: float, decades: float) -> None:
    high = low * 10**decades
    gap = decades * 44 / 700
    tick = Decimal("0.1")
    marks = steps.log_marks(low, high, gap, lambda least: steps.price_step_ticks(least, tick))
    assert all(low - 1 <= mark <= high for mark in marks)
    for below, above in itertools.pairwise(marks):
        assert math.log10(above / below) >= gap * 0.999 or above - below == 1
    digits = [f"{mark:.0f}".rstrip("0") for mark in marks if decades > 1]
    assert all(len(each) <= 4 for each in digits), "few digits, then zeros"


def test_per_cents_are_counted_from_zero() -> None:
    marks = steps.log_marks(50.0, 400.0, 0.09, steps.amount_step, 100.0)
    assert all(mark - 100 == pytest.approx(round(mark - 100, 1)) for mark in marks)
    assert any(abs(mark - 100) < 1e-9 for mark in marks) or marks[0] < 100 < marks[-1]


# --- on the chart ------------------------------------------------------------------------------------------------


@pytest.fixture
def log_panel(open_panel: Callable[..., ChartPanel], engine: FakeEngine) -> ChartPanel:
    engine.hold(steep())
    panel = open_panel(engine)
    for _ in range(30):
        panel._stage.model.time.zoom_at(0, -1)
    panel._on_view_moved()
    panel.looks.set_log(True)
    frame(panel)
    return panel


def test_labels_grow_by_ratios_and_the_newest_price_is_where_it_belongs(log_panel: ChartPanel) -> None:
    panel = log_panel
    panel.grab()
    labels = [float(label.text.replace(",", "")) for label in panel.canvas.price_scale._labels]
    gaps = np.abs(np.diff([label.middle for label in panel.canvas.price_scale._labels]))
    assert len(labels) >= 5
    assert gaps.min() >= 43
    assert max(labels) > 50 * min(labels)
    assert min(labels) > 0
    assert panel._notes.log.isVisible()
    panel._notes.log.click()
    frame(panel)
    assert not panel.looks.is_log
    assert panel._notes.log.isHidden()


def test_dragging_and_the_wheel_on_the_axis_and_back_to_automatic(log_panel: ChartPanel) -> None:
    price = log_panel._stage.model.price
    span = price.span
    drag(log_panel, QPoint(AXIS_X, 200), QPoint(0, 60))
    assert price.span > span
    assert not log_panel.looks.is_auto
    wheel(log_panel, QPoint(AXIS_X, 200), up=-2400)
    assert price.low_ticks > 0
    held = (price.low, price.high)
    drag(log_panel, QPoint(300, 200), QPoint(0, -40))
    assert (price.low, price.high) != held
    QTest.mouseDClick(
        log_panel.canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(AXIS_X, 200)
    )
    assert log_panel.looks.is_auto
    assert price.span == pytest.approx(span)


def test_the_crosshair_names_the_price_under_it(log_panel: ChartPanel) -> None:
    panel = log_panel
    panel.canvas.gestures.hover_at(QPoint(300, 150).toPointF())
    frame(panel)
    tag = panel.canvas.price_scale.tags[-1]
    ticks = panel._stage.price_scale.value_at(150)
    assert float(tag.first.replace(",", "")) == pytest.approx(ticks / 10, abs=0.1)


def test_holding_the_scale_keeps_it_while_candles_leave(panel: ChartPanel, engine: FakeEngine) -> None:
    panel.looks.set_auto(False)
    held = (panel._stage.model.price.low, panel._stage.model.price.high)
    engine.tick(float(engine.series[BTC.id, Timeframe.M5].columns[2, -1]) * 1.1)
    frame(panel)
    assert (panel._stage.model.price.low, panel._stage.model.price.high) == held
    assert panel._notes.auto.isVisible()
    panel.looks.set_auto(True)
    frame(panel)
    assert panel._stage.model.price.high > held[1]


def test_lines_below_zero_end_where_the_scale_does(log_panel: ChartPanel, engine: FakeEngine) -> None:
    """The lower Bollinger band of a market that rises this fast lies below zero."""
    engine.prepare_studies()
    log_panel._stage.choice.add(Study(StudyKind.BOLLINGER, (20.0, 10.0)))
    frame(log_panel)
    while engine.chart(BTC.id, Timeframe.M5).studies.is_behind:
        frame(log_panel)
    frame(log_panel)
    name = next(each for each in log_panel._stage.model.lines if each.endswith(".lower"))
    values = log_panel._stage.model.lines[name]
    assert (values[np.isfinite(values)] <= 0).any()
    log_panel.grab()
    shape = log_panel.canvas.price_pane._lines._shapes[name]
    assert shape.segments.count < len(values) - 1
    assert np.isfinite(shape.segments.cells).all()


def test_another_kind_of_scale_is_whole_at_once() -> None:
    """Whoever asks for a price before the next reading gets one."""
    price = PriceRange()
    price.set_log(True)
    assert (price.low_ticks, price.high_ticks) == (1.0, 10.0)
    price.set_log(False)
    price.fit(800_000.0, 900_000.0)
    price.set_log(True)
    assert price.low_ticks == pytest.approx(800_000, rel=0.05)
    assert 900_000 < price.high_ticks < 1_000_000
    price.set_log(False)
    assert (price.low_ticks, price.high_ticks) == pytest.approx((794_000, 930_000))
