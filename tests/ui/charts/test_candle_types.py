"""Hollow candles, Heikin-Ashi and the line of closes: what is drawn, how it is reduced, what stays real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, FakeEngine
from tests.ui.charts.test_painting import assert_screen_is_whole, code, pixels, screen
from tests.ui.charts.test_reduction import FIRST_SLOT, columns, view_of
from virtuoso_desktop.engine.views import QuotesView
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.candletypes import DERIVED, CandleType, closes, heikin_ashi
from virtuoso_desktop.ui.charts.reduction import Candles
from virtuoso_desktop.ui.charts.series import metrics_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.panel import ChartPanel

Rows = np.ndarray[Any, Any]


def plain_heikin_ashi(rows: Rows) -> list[tuple[float, float, float, float]]:
    """Open, high, low, close of every candle by a loop."""
    made: list[tuple[float, float, float, float]] = []
    for _, opened, high, low, close, *_ in rows.T.tolist():
        mean = (opened + high + low + close) / 4
        begin = (opened + close) / 2 if not made else (made[-1][0] + made[-1][3]) / 2
        made.append((begin, max(high, begin, mean), min(low, begin, mean), mean))
    return made


# --- what is made of the candles ---------------------------------------------------------------------------------


@settings(max_examples=40)
@given(count=st.integers(1, 400), missing=st.sampled_from([0.0, 0.3]), cut=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_any_slice_of_heikin_ashi_equals_the_loop_over_all(
    count: int, missing: float, cut: tuple[float, float]
) -> None:
    rows = columns(count, missing=missing)
    first, last = sorted(int(part * rows.shape[1]) for part in cut)
    bars = heikin_ashi(view_of(rows), first, last, Timeframe.M1)
    wanted = plain_heikin_ashi(rows)[first:last]
    found = np.column_stack((bars.open, bars.high, bars.low, bars.close))
    assert found == pytest.approx(np.array(wanted).reshape(-1, 4), rel=1e-12)
    assert bars.row.tolist() == list(range(first, last))


@settings(max_examples=30)
@given(
    count=st.integers(60, 900),
    per_column=st.sampled_from([2, 8, 24, 64, 512]),
    older=st.lists(st.integers(1, 200), max_size=3),
)
def test_columns_hold_the_extremes_of_the_derived_candles_however_history_grew(
    count: int, per_column: int, older: list[int]
) -> None:
    rows = columns(count, missing=0.02)
    begins = [max(0, rows.shape[1] - 50 - sum(older[:turn])) for turn in range(len(older) + 1)] + [0]
    for kind, (read, lead) in DERIVED.items():
        candles = Candles(Timeframe.M1, read, lead)
        for version, begin in enumerate(begins, 1):
            view = view_of(rows[:, begin:], version)
            for _ in range(3):
                candles.advance(view)
        view = view_of(rows, len(begins))
        first, last = FIRST_SLOT - FIRST_SLOT % per_column, int(rows[0, -1] // 60_000)
        bars = candles.bars(view, first, last, per_column)
        made = np.array(plain_heikin_ashi(rows)) if kind is CandleType.HEIKIN_ASHI else rows[[4, 4, 4, 4]].T
        keys = (rows[0] // 60_000) // per_column
        for place, key in enumerate(np.unique(keys)):
            part = made[keys == key]
            found = (bars.open[place], bars.high[place], bars.low[place], bars.close[place])
            assert found == pytest.approx((part[0, 0], part[:, 1].max(), part[:, 2].min(), part[-1, 3]), rel=1e-9)


def test_a_line_is_made_of_closes_alone() -> None:
    rows = columns(50)
    bars = closes(view_of(rows), 10, 20, Timeframe.M1)
    assert bars.high.tolist() == bars.low.tolist() == bars.open.tolist() == rows[4, 10:20].tolist()


# --- on the chart ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(CandleType))
def test_legend_and_last_price_stay_real(panel: ChartPanel, engine: FakeEngine, kind: CandleType) -> None:
    before = panel.canvas.price_legend.words.split("Bybit")[1]
    panel.looks.draw_as(kind)
    frame(panel)
    row = engine.series[BTC.id, Timeframe.M5].columns[:, -1]
    opened, high, low, close = (f"{ticks / 10:,.1f}" for ticks in row[1:5])
    words = panel.canvas.price_legend.words
    assert f"O {opened} H {high} L {low} C {close}" in words
    assert ("Heikin-Ashi, derived" in words) is (kind is CandleType.HEIKIN_ASHI)
    assert words.split("Bybit")[1].replace(" Heikin-Ashi, derived", "") == before
    assert panel.canvas.price_scale.tags[0].first == close


@pytest.mark.parametrize("kind", [CandleType.HEIKIN_ASHI, CandleType.LINE])
@pytest.mark.parametrize("zoom", [0, -16, -24])
def test_ticks_change_the_newest_column_as_a_whole_reading_would(
    panel: ChartPanel, engine: FakeEngine, kind: CandleType, zoom: int
) -> None:
    panel.looks.draw_as(kind)
    panel._stage.model.time.zoom_at(400, zoom)
    panel._on_view_moved()
    close = engine.series[BTC.id, Timeframe.M5].columns[4, -1]
    for step in (37.0, -55.0, 4.0):
        engine.tick(close + step)
        frame(panel)
    model = panel._stage.model
    part = slice(-3, None)
    kept = [column[part].copy() for column in model.drawn[1:5]]
    model.restart()
    frame(panel)
    for before, after in zip(kept, model.drawn[1:5], strict=True):
        assert before == pytest.approx(after[part])


def test_the_scale_fits_what_is_drawn(panel: ChartPanel) -> None:
    panel.looks.draw_as(CandleType.LINE)
    frame(panel)
    model = panel._stage.model
    values = model.drawn.close[model._in_view]
    span = values.max() - values.min()
    assert model.price.low == pytest.approx(values.min() - 0.06 * span)
    assert model.price.high == pytest.approx(values.max() + 0.30 * span)


def middle_of_bar(panel: ChartPanel, index: int) -> tuple[int, int, int]:
    """Column of the middle, and the rows of the body, of a bar counted from the newest."""
    model, stage = panel._stage.model, panel._stage
    zoom = model.time.zoom
    x = int(model.drawn.key[index] * zoom.spacing - model.time.left + metrics_of(zoom, 1.0).middle)
    rows = sorted(round(stage.price_scale.row(float(price[index]))) for price in (model.drawn.open, model.drawn.close))
    return x, rows[0], rows[1]


def test_hollow_candles_are_empty_when_they_rise_and_half_filled_while_they_form(
    open_panel: Callable[..., ChartPanel], engine: FakeEngine
) -> None:
    panel = open_panel(engine)
    for name in [study.name for study in panel._stage.choice.studies]:
        panel._stage.choice.remove(name)
    panel._stage.model.time.zoom_at(panel._stage.model.time.column_of(panel._stage.model.time.newest), 12)
    panel.looks.draw_as(CandleType.HOLLOW)
    newest = engine.series[BTC.id, Timeframe.M5].columns[:, -1]
    engine.tick(float(newest[1]) + 400)
    frame(panel)
    shown = pixels(screen(panel))
    model = panel._stage.model
    opened, close = model.drawn.open, model.drawn.close
    is_hollow = [index for index in range(-12, -1) if close[index] > opened[index]]
    is_filled = [index for index in range(-12, -1) if close[index] < opened[index]]
    seen = {"hollow": 0, "filled": 0}
    for indices, kind in ((is_hollow, "hollow"), (is_filled, "filled")):
        for index in indices:
            x, top, bottom = middle_of_bar(panel, index)
            if bottom - top < 6:
                continue
            seen[kind] += 1
            inside = shown[(top + bottom) // 2, x]
            rises = close[index] >= close[index - 1]
            ink = code(panel, "up" if rises else "down")
            assert bool(inside == ink) is (kind == "filled")
            assert shown[top, x] == ink, "the upper edge is drawn"
    assert seen["hollow"] > 1
    assert seen["filled"] > 1
    x, top, bottom = middle_of_bar(panel, -1)
    forming = shown[(top + bottom) // 2, x]
    assert forming not in (code(panel, "up"), code(panel, "background"), code(panel, "grid"))


@pytest.mark.parametrize("kind", [CandleType.HOLLOW, CandleType.HEIKIN_ASHI, CandleType.LINE])
@pytest.mark.parametrize("zoom", [6, 0, -4, -14])
@pytest.mark.parametrize("is_log", [False, True])
def test_a_part_repainted_equals_the_whole(
    panel: ChartPanel, engine: FakeEngine, kind: CandleType, zoom: int, is_log: bool
) -> None:
    panel.looks.draw_as(kind)
    panel.looks.set_log(is_log)
    for name in ("bid", "mark"):
        panel.looks.show_line(name, True)
    panel._stage.model.time.zoom_at(600, zoom)
    panel._on_view_moved()
    close = float(engine.series[BTC.id, Timeframe.M5].columns[4, -1])
    for step in (9.0, -34.0, 3.0):
        engine.tick(close + step)
        engine.quotes = QuotesView(bid=close + step - 20, mark=close - 3 * step)
        frame(panel)
        assert_screen_is_whole(panel, f"tick {step}")
    engine.append()
    frame(panel)
    assert_screen_is_whole(panel, "new candle")


def test_a_gap_is_not_bridged_by_the_line(open_panel: Callable[..., ChartPanel], engine: FakeEngine) -> None:
    rows = engine.series[BTC.id, Timeframe.M5].columns.copy()
    engine.hold(np.delete(rows, slice(960, 970), axis=1))
    panel = open_panel(engine)
    panel.looks.draw_as(CandleType.LINE)
    frame(panel)
    screen(panel)
    model = panel._stage.model
    left = model.time.column_of(int(model.drawn.key[model.drawn.key.searchsorted(model.time.newest - 40)]))
    shapes = panel.canvas.price_pane._candles
    cells = shapes._segments.cells  # type: ignore[attr-defined]
    assert len(cells) > 50
    widest = (cells[:, 2] - cells[:, 0]).max()
    assert widest == model.time.zoom.spacing, f"no segment is longer than a candle is wide, {left}"
