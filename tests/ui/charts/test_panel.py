"""What the chart shows and says: live, old, missing, loading, last seen."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, ETH, FIRST_MS, FakeEngine, instrument, snapshot_of, walk
from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts import panel as panel_module
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.panel import SMOOTH_HZ, ChartPanel
from virtuoso_desktop.ui.charts.timeview import Zoom
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable

    Open = Callable[..., ChartPanel]


def legend(panel: ChartPanel) -> str:
    return panel.canvas.price_legend.words


def tag(panel: ChartPanel) -> tuple[str, str, str]:
    """Price, second line and fill of the last-price tag."""
    first = panel.canvas.price_scale.tags[0]
    return first.first, first.second, first.fill


def message(panel: ChartPanel) -> str:
    return panel._message.text


def strip(panel: ChartPanel) -> str:
    return "" if panel._strip.isHidden() else panel._strip.text()


def later(panel: ChartPanel) -> None:
    """Two frames with more than the patience between them."""
    frame(panel)
    QTest.qWait(panel_module.PATIENCE_NS // 1_000_000 + 20)
    frame(panel)


def series_of(engine: FakeEngine, timeframe: Timeframe = Timeframe.M5) -> Any:
    return engine.series[BTC.id, timeframe]


# --- live ------------------------------------------------------------------------------------------------------


def test_the_newest_candle_is_told_and_the_countdown_runs(panel: ChartPanel, engine: FakeEngine) -> None:
    rows = series_of(engine).columns[:, -1]
    opened, high, low, close = (f"{ticks / 10:,.1f}" for ticks in rows[1:5])
    assert legend(panel).startswith(
        "BTCUSDT.P 5m \u00b7 Bybit O " + " ".join((opened, "H", high, "L", low, "C", close))
    )
    assert "EMA 12, EMA 26, VWAP day, S/R: preparing" in legend(panel)
    assert tag(panel)[:2] == (close, "01:48")
    engine.clock.advance_ms(49_000)
    frame(panel)
    assert tag(panel)[1] == "00:59"


def test_default_zoom_and_place(panel: ChartPanel) -> None:
    view = panel._stage.model.time
    assert view.zoom == Zoom(6, 1)
    assert panel.snapshot_state() == pytest.approx((view.width / 6, 14), abs=0.2)


def test_the_tag_and_the_legend_take_the_direction_of_the_candle(panel: ChartPanel, engine: FakeEngine) -> None:
    opened = float(series_of(engine).columns[1, -1])
    for close, fill in ((opened + 30, "up_tag"), (opened - 30, "down_tag"), (opened, "up_tag")):
        engine.tick(close)
        frame(panel)
        assert tag(panel)[0] == f"{close / 10:,.1f}"
        assert tag(panel)[2] == fill


def test_overlay_values_come_once_the_kernels_are_ready(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.prepare_studies()
    frame(panel)
    while engine.chart(BTC.id, Timeframe.M5).studies.is_behind:
        frame(panel)
    columns = engine.chart(BTC.id, Timeframe.M5).studies.columns
    fast, slow, vwap = (f"{columns[name][-1] / 10:,.1f}" for name in ("ema_12", "ema_26", "vwap"))
    assert f"EMA 12 {fast} EMA 26 {slow} VWAP day \u00b11\u03c3 \u00b12\u03c3 {vwap} S/R" in legend(panel)


def test_kernels_that_failed_are_said_to_have(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.studies.state = "failed"
    frame(panel)
    assert "not available" in legend(panel)


def test_a_new_candle_keeps_its_place_at_the_right(panel: ChartPanel, engine: FakeEngine) -> None:
    before = panel._stage.model.time.bars_right
    for _ in range(3):
        engine.append()
        frame(panel)
    assert panel._stage.model.time.bars_right == pytest.approx(before)
    assert panel._stage.model.shows_newest


def test_a_candle_that_breaks_the_scale_moves_it(panel: ChartPanel, engine: FakeEngine) -> None:
    price = panel._stage.model.price
    high = price.high
    engine.tick(high + 500)
    frame(panel)
    assert price.high > high + 500
    assert 0 < panel.canvas.price_pane.row_of(high + 500) < panel._stage.layout.price.height


def test_view_boxes_carry_the_same_ranges(panel: ChartPanel) -> None:
    model = panel._stage.model
    for box, low, high in (
        (panel.canvas.price_box, model.price.low, model.price.high),
        (panel.canvas.rows["volume"].box, 0.0, model.volume_high),
    ):
        across, up = box.viewRange()
        assert across == pytest.approx([model.time.left_slot, model.time.right_slot])
        assert up == pytest.approx([low, high])


def test_a_screen_reader_gets_name_and_numbers(panel: ChartPanel) -> None:
    panel._described_ns = -(10**18)
    frame(panel)
    assert panel.canvas.accessibleName() == "Chart BTCUSDT.P 5m"
    words = panel.canvas.accessibleDescription()
    assert legend(panel) in words
    assert "Volume" in words
    assert "Last price" in words
    assert panel._notes.zone.accessibleName().startswith("Time zone")


def test_the_frame_rate_follows_what_happens(panel: ChartPanel, engine: FakeEngine) -> None:
    panel._touched_ns = panel._changed_ns = -(10**18)
    assert panel.rate_hz == 10
    engine.tick(float(series_of(engine).columns[4, -1]) + 5)
    frame(panel)
    assert panel.rate_hz == SMOOTH_HZ
    panel._changed_ns = -(10**18)
    panel.canvas.gestures.hover_at(panel.canvas.rect().center().toPointF())
    assert panel.rate_hz == SMOOTH_HZ


# --- the crosshair ---------------------------------------------------------------------------------------------


def hover(panel: ChartPanel, x: int, y: int) -> None:
    panel.canvas.gestures.hover_at(QPoint(x, y).toPointF())


def test_the_crosshair_tells_candle_price_and_time(panel: ChartPanel, engine: FakeEngine) -> None:
    model = panel._stage.model
    slot = model.time.newest - 20
    hover(panel, model.time.column_of(slot) + 3, 200)
    row = series_of(engine).columns[:, -21]
    assert f"O {row[1] / 10:,.1f} H {row[2] / 10:,.1f}" in legend(panel)
    price = round(model.price.high - 200 * model.price.span / panel._stage.layout.price.height)
    assert panel.canvas.price_scale.tags[-1].first == f"{price / 10:,.1f}"
    assert panel.canvas.rows["volume"].scale.tags == ()
    assert panel.canvas.time_scale.tag.count(":") == 1
    hover(panel, 300, panel._stage.layout.panes[0].top + 20)
    assert len(panel.canvas.price_scale.tags) == 1
    assert len(panel.canvas.rows["volume"].scale.tags) == 1
    panel.canvas.gestures.leave()
    assert panel.canvas.time_scale.tag == ""
    assert f"C {series_of(engine).columns[4, -1] / 10:,.1f}" in legend(panel)


def test_the_crosshair_stays_at_a_resting_mouse_while_the_view_moves(panel: ChartPanel) -> None:
    hover(panel, 303, 200)
    before = panel._stage.hover
    QTest.keyClick(panel.canvas, Qt.Key.Key_PageUp)
    after = panel._stage.hover
    assert before is not None
    assert after is not None
    assert after.slot < before.slot
    assert after.slot == panel._stage.model.time.slot_at(303)


def test_right_of_the_newest_candle_the_crosshair_tells_the_time_and_the_newest_candle(panel: ChartPanel) -> None:
    newest = legend(panel)
    hover(panel, panel._stage.layout.plot_width - 4, 200)
    assert legend(panel) == newest
    assert panel.canvas.time_scale.tag


# --- old and missing -------------------------------------------------------------------------------------------


def test_a_stale_series_greys_its_price_and_says_since_when(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.state = RowState.STALE
    engine.clock.advance_ms(52_000)
    frame(panel)
    panel.canvas.viewport().repaint()
    assert tag(panel)[1:] == ("52 s old", "raised2")
    moment = text.clock_seconds(engine.newest_ms, None)
    assert panel.canvas.price_pane.notes == ["no data", moment]
    panel._stage.model.time.pan(-60)
    panel._on_view_moved()
    panel.canvas.viewport().repaint()
    assert panel.canvas.price_pane.notes == ["no data", f"since {moment}"]
    engine.state = RowState.LIVE
    frame(panel)
    panel.canvas.viewport().repaint()
    assert tag(panel)[2] != "raised2"
    assert panel.canvas.price_pane.notes == []


def test_missing_candles_leave_their_place_empty_and_are_named(open_panel: Open, engine: FakeEngine) -> None:
    rows = np.delete(walk(1000), np.s_[960:975], axis=1)
    engine.hold(rows)
    panel = open_panel(engine)
    panel.canvas.viewport().repaint()
    assert panel.canvas.price_pane.notes == ["gap 75 min"]
    model = panel._stage.model
    hole = model.time.newest - 30
    hover(panel, model.time.column_of(hole) + 3, 200)
    assert "no candle" in legend(panel)
    assert panel.canvas.rows["volume"].legend.words == "Volume \u2014"


def test_waiting_for_the_first_live_value_is_said(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.state = RowState.WAITING
    engine.newest_ms = None
    frame(panel)
    assert tag(panel)[1:] == ("waiting", "raised2")


@pytest.mark.parametrize(
    ("set_up", "words"),
    [
        (lambda engine: None, "Loading BTCUSDT.P 5m"),
        (lambda engine: setattr(engine, "load_error", "Bybit answers 502."), "did not load Bybit answers 502."),
        (lambda engine: setattr(engine, "complete_left", True), "No 5m candles of BTCUSDT.P yet"),
        (lambda engine: engine.instruments.clear(), "Waiting for BTCUSDT.P"),
    ],
)
def test_an_empty_chart_says_why(open_panel: Open, set_up: Any, words: str) -> None:
    engine = FakeEngine()
    engine.hold(walk(1)[:, :0])
    panel = open_panel(engine)
    set_up(engine)
    frame(panel)
    assert message(panel) == ""  # nothing before 150 ms
    later(panel)
    assert words in message(panel)
    engine.hold(walk(50))
    frame(panel)
    assert message(panel) == ""


def test_without_an_instrument_the_chart_says_what_to_do(open_panel: Open) -> None:
    panel = open_panel()
    later(panel)
    assert message(panel).startswith("No instrument is chosen")


# --- switching -------------------------------------------------------------------------------------------------


def test_nothing_of_the_former_instrument_stays(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.instruments[ETH.id] = ETH
    panel._stage.model.time.zoom_at(300, 5)
    zoom = panel._stage.model.time.zoom
    panel.set_instrument(ETH.id, Timeframe.M5)
    assert panel._stage.model.is_empty
    assert panel.canvas.price_scale.tags == ()
    assert legend(panel) == "ETHUSDT.P 5m \u00b7 Bybit"
    assert engine.calls == [], "the window says what is shown, not the chart"
    engine.hold(walk(500, start=180_000.0), ETH)
    frame(panel)
    assert panel._stage.model.time.zoom == zoom
    assert panel._stage.model.price.high < 400_000
    assert tag(panel)[0] == f"{engine.series[ETH.id, Timeframe.M5].columns[4, -1] / 100:,.2f}"


def test_a_held_instrument_is_there_at_once(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(walk(500, start=180_000.0), ETH)
    panel.set_instrument(ETH.id, Timeframe.M5)
    assert not panel._stage.model.is_empty
    assert message(panel) == ""


def test_another_timeframe_shows_the_same_moment(panel: ChartPanel, engine: FakeEngine) -> None:
    hours = walk(800, timeframe=Timeframe.H1)
    hours[0] += series_of(engine).columns[0, 0] - hours[0, 400]
    engine.hold(hours, BTC, Timeframe.H1)
    model = panel._stage.model
    model.time.pan(1500)
    panel._on_view_moved()
    right_ms = model.time.right_slot * 5 * MINUTE_MS
    spacing = model.time.zoom.spacing
    panel.set_instrument(BTC.id, Timeframe.H1)
    assert model.time.right_slot * 60 * MINUTE_MS == pytest.approx(right_ms, abs=10 * MINUTE_MS)
    assert model.time.zoom.spacing == spacing
    panel.show_newest()
    panel.set_instrument(BTC.id, Timeframe.M5)
    assert model.time.bars_right == pytest.approx(14, abs=0.5)


def test_a_short_series_is_not_lost_in_a_wide_view(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(walk(20_000))
    frame(panel)
    model = panel._stage.model
    while model.time.zoom_at(400, -1):
        pass
    panel._on_view_moved()
    bars = model.time.view_bars
    engine.complete_left = True
    engine.hold(walk(240, timeframe=Timeframe.D1), BTC, Timeframe.D1)
    panel.set_instrument(BTC.id, Timeframe.D1)
    assert 240 < model.time.view_bars < 600 < bars
    engine.complete_left = False
    engine.hold(walk(1)[:, -1:], ETH)
    model.time.zoom_at(400, -3)
    spacing = model.time.zoom
    panel.set_instrument(ETH.id, Timeframe.M5)
    assert model.time.zoom == spacing, "one streamed candle says nothing about the series"


def test_setting_the_shown_series_again_changes_nothing(panel: ChartPanel, engine: FakeEngine) -> None:
    calls = len(engine.calls)
    panel.set_instrument(BTC.id, Timeframe.M5)
    assert len(engine.calls) == calls
    assert not panel._stage.model.is_empty


# --- last seen -------------------------------------------------------------------------------------------------


def test_a_snapshot_is_muted_until_live_candles_have_joined(open_panel: Open) -> None:
    rows = walk(1000)
    now_ms = int(rows[0, -1]) + 12 * MINUTE_MS
    panel = open_panel(now_ms=lambda: now_ms)
    panel.show_snapshot(snapshot_of(rows, as_of_ms=now_ms - 12 * MINUTE_MS, view_bars=180, bars_right=20))
    assert panel._stage.is_muted
    assert "last seen 12 min ago" in legend(panel)
    assert "EMA" not in legend(panel)
    assert tag(panel)[1:] == ("12 min old", "raised2")
    assert panel.snapshot_state() == pytest.approx((180, 20), rel=0.1)

    engine = FakeEngine()
    engine.hold(walk(1003)[:, -1:])
    panel.attach(engine)
    frame(panel)
    assert panel._stage.is_muted, "one streamed candle is no chart"
    assert panel._stage.model.count == 1000
    place = panel._stage.model.time.left

    engine.hold(walk(1003))
    frame(panel)
    assert not panel._stage.is_muted
    assert panel._stage.model.count == 1003
    assert "last seen" not in legend(panel)
    assert panel.snapshot_state()[1] == pytest.approx(20, abs=1)
    assert panel._stage.model.time.left == place + 3 * panel._stage.model.time.zoom.spacing


def test_a_snapshot_before_the_window_is_laid_out_keeps_its_zoom(qtbot: Any) -> None:
    panel = ChartPanel(Theme())
    qtbot.addWidget(panel)
    panel.show_snapshot(snapshot_of(walk(1000), view_bars=200, bars_right=30))
    panel.resize(1200, 700)
    with qtbot.waitExposed(panel):
        panel.show()
    frame(panel)
    assert panel.snapshot_state() == pytest.approx((200, 30), rel=0.2)


def test_another_instrument_drops_the_snapshot(open_panel: Open, engine: FakeEngine) -> None:
    panel = open_panel()
    panel.show_snapshot(snapshot_of(walk(300)))
    engine.instruments[ETH.id] = ETH
    panel.attach(engine)
    panel.set_instrument(ETH.id, Timeframe.M5)
    frame(panel)
    assert panel._stage.model.is_empty
    assert panel._stage.seen_ms is None


# --- back-fill -------------------------------------------------------------------------------------------------


def scroll_left(panel: ChartPanel, bars: float) -> None:
    panel._stage.model.time.pan_bars(-bars)
    panel._on_view_moved()


def older_calls(engine: FakeEngine) -> list[str]:
    return [call for call in engine.calls if not call.startswith("show")]


def test_older_candles_are_asked_for_a_screen_before_the_end(open_panel: Open) -> None:
    engine = FakeEngine()
    rows = walk(2000)
    engine.hold(rows[:, 1000:])
    panel = open_panel(engine)
    scroll_left(panel, 700)
    assert older_calls(engine) == []
    scroll_left(panel, 80)
    for _ in range(5):
        frame(panel)
    assert older_calls(engine) == ["older BTCUSDT 5m"]
    assert strip(panel) == "Loading older candles"
    view = panel._stage.model.time
    place, under = view.left, panel._stage.model.reading_at(view.slot_at(200))
    engine.bring_older(rows[:, :1000])
    frame(panel)
    assert view.left == place
    assert panel._stage.model.reading_at(view.slot_at(200)) == under
    assert panel._stage.model.count == 2000
    assert strip(panel) == ""


def test_a_view_that_turns_gives_the_page_up(panel: ChartPanel, engine: FakeEngine) -> None:
    scroll_left(panel, 800)
    assert older_calls(engine) == ["older BTCUSDT 5m"]
    panel.show_newest()
    frame(panel)
    assert older_calls(engine) == ["older BTCUSDT 5m", "cancel BTCUSDT 5m"]
    assert strip(panel) == ""


def test_another_series_gives_the_page_up(panel: ChartPanel, engine: FakeEngine) -> None:
    scroll_left(panel, 800)
    panel.set_instrument(BTC.id, Timeframe.H1)
    assert "cancel BTCUSDT 5m" in engine.calls


def test_a_page_that_fails_is_said_and_tried_again_on_a_click(panel: ChartPanel, engine: FakeEngine) -> None:
    scroll_left(panel, 800)
    engine.fail_older("Bybit did not answer within 10 s.")
    for _ in range(5):
        frame(panel)
    assert strip(panel) == "No older candles for now: Bybit did not answer within 10 s. Click to try again."
    assert older_calls(engine) == ["older BTCUSDT 5m"]
    QTest.mouseClick(panel._strip, Qt.MouseButton.LeftButton)
    assert older_calls(engine) == ["older BTCUSDT 5m"] * 2
    assert strip(panel) == "Loading older candles"


def test_after_a_failure_coming_back_tries_again(panel: ChartPanel, engine: FakeEngine) -> None:
    scroll_left(panel, 800)
    engine.fail_older("Bybit did not answer.")
    frame(panel)
    panel.show_newest()
    frame(panel)
    assert strip(panel) == ""
    scroll_left(panel, 800)
    assert older_calls(engine) == ["older BTCUSDT 5m"] * 2


def test_the_true_end_is_marked_and_nothing_is_asked(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.complete_left = True
    scroll_left(panel, 2000)
    frame(panel)
    panel.canvas.viewport().repaint()
    assert older_calls(engine) == []
    assert panel.canvas.price_pane.notes == ["no older candles"]


def test_a_long_series_goes_on_to_the_left(open_panel: Open) -> None:
    engine = FakeEngine()
    engine.hold(walk(60_000))
    panel = open_panel(engine)
    scroll_left(panel, 70_000)
    frame(panel)
    assert older_calls(engine) == ["older BTCUSDT 5m"]


# --- instruments and scales ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tick", "start", "last"),
    [
        ("0.00000001", 1234.0, "0.0000"),
        ("0.00000001", 987_654_321.0, "9."),
        ("0.0005", 4567.0, "2."),
        ("0.25", 400_000.0, "97,"),
        ("5", 20_000.0, "97,"),
        ("100", 9_000.0, "881,"),
    ],
)
def test_every_grid_has_its_decimals_and_an_axis_that_holds_them(
    open_panel: Open, tick: str, start: float, last: str
) -> None:
    engine = FakeEngine()
    coin = instrument("bybit:linear:TESTUSDT", tick)
    engine.hold(walk(600, start=start), coin)
    panel = open_panel(engine)
    panel.canvas.viewport().repaint()
    words, _, _ = tag(panel)
    assert words.startswith(last)
    labels = panel.canvas.price_scale._labels
    assert len(labels) >= 3
    decimals = max(0, -coin.tick_size.normalize().as_tuple().exponent)
    axis = panel.width() - panel._stage.layout.plot_width
    for label in labels:
        assert len(label.text.partition(".")[2]) == decimals
        assert float(label.text.replace(",", "")) / float(tick) == pytest.approx(
            round(float(label.text.replace(",", "")) / float(tick))
        )
    assert face(Type.KEY).width(words) + 12 <= axis
    rows = [label.middle for label in labels]
    assert all(upper - lower >= 43 for upper, lower in itertools.pairwise(rows))


def test_the_axis_zone_is_a_choice_and_days_are_the_venues(
    open_panel: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        panel = open_panel(engine)
        assert panel._notes.zone.text() == "UTC+5:30"
        model = panel._stage.model
        hover(panel, model.time.column_of(model.time.newest) + 2, 100)
        local = panel.canvas.time_scale.tag
        QTest.mouseClick(panel._notes.zone, Qt.MouseButton.LeftButton)
        assert panel._notes.zone.text() == "UTC"
        hover(panel, model.time.column_of(model.time.newest) + 2, 101)
        utc = panel.canvas.time_scale.tag
        assert local != utc
        assert utc.endswith("11:15")
        assert local.endswith("16:45")
        QTest.mouseClick(panel._notes.zone, Qt.MouseButton.LeftButton)
        engine.hold(walk(400, timeframe=Timeframe.D1), BTC, Timeframe.D1)
        panel.set_instrument(BTC.id, Timeframe.D1)
        frame(panel)
        assert panel._notes.zone.text() == "UTC"
        assert "venue" in panel._notes.zone.toolTip()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_midnight_shows_the_date_and_stands_out(open_panel: Open, engine: FakeEngine) -> None:
    panel = open_panel(engine)
    panel._stage.zone = dt.UTC
    panel._on_view_moved()
    midnight = FIRST_MS + 3 * DAY_MS
    panel._stage.model.time.show_right(midnight / (5 * MINUTE_MS) + 40)
    panel._on_view_moved()
    panel.canvas.viewport().repaint()
    assert panel.canvas.time_scale.key_labels == ["8 Apr"]
    assert "22:00" in panel.canvas.time_scale.labels


def test_other_sources_than_live_are_written_over_the_chart(open_panel: Open) -> None:
    engine = FakeEngine(Source.DEMO)
    engine.hold(walk(300))
    panel = open_panel(engine)
    assert panel._stage.watermark == "DEMO"
    with_mark = panel.grab().toImage()
    panel._stage.watermark = ""
    panel.canvas.redraw()
    assert panel.grab().toImage() != with_mark
    assert open_panel(source=Source.REPLAY)._stage.watermark == "REPLAY"
    assert open_panel(FakeEngine())._stage.watermark == ""


# --- a moment ---------------------------------------------------------------------------------------------------


def test_a_moment_is_brought_into_view(open_panel: Open) -> None:
    engine = FakeEngine()
    rows = walk(3_000)
    engine.hold(rows)
    panel = open_panel(engine)
    time_ = panel._stage.model.time
    wanted = time_.oldest + 400
    panel.show_moment(int(rows[0, 400]))
    frame(panel)
    assert time_.left_slot <= wanted < time_.right_slot
    panel.show_newest()
    frame(panel)
    assert time_.follows, "what the user does afterwards holds"


def test_a_moment_before_the_oldest_candle_waits_for_older_ones(open_panel: Open) -> None:
    engine = FakeEngine()
    rows = walk(3_000)
    engine.hold(rows[:, 2_000:])
    panel = open_panel(engine)
    panel.show_moment(int(rows[0, 1_500]))
    frame(panel)
    assert older_calls(engine), "the page before is asked for"
    engine.hold(rows)
    frame(panel)
    time_ = panel._stage.model.time
    assert time_.left_slot <= time_.oldest + 1_500 < time_.right_slot
