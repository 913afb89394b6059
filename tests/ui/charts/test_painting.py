"""What is on the screen: exact pixels, and no difference between a part repainted and the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor, QImage, QRegion
from PySide6.QtWidgets import QApplication

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, FakeEngine, walk
from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.ui.charts import across
from virtuoso_desktop.ui.charts.kept import Kept
from virtuoso_desktop.ui.charts.series import metrics_of
from virtuoso_desktop.ui.charts.timeview import Zoom
from virtuoso_desktop.ui.theme import ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.panel import ChartPanel

    Open = Callable[..., ChartPanel]


def screen(panel: ChartPanel) -> QImage:
    """What the window shows now, without painting anything anew."""
    QApplication.processEvents()
    return panel.screen().grabWindow(panel.winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> np.ndarray:
    """(height, width) of 0xRRGGBB."""
    raw = np.frombuffer(image.constBits(), dtype=np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return raw[:, : image.width()] & 0xFFFFFF


def code(panel: ChartPanel, token: str) -> int:
    return QColor(getattr(panel._theme.palette, token)).rgb() & 0xFFFFFF


class Counting:
    """Notes what each paint event of the canvas asks for."""

    def __init__(self, panel: ChartPanel) -> None:
        self._panel = panel
        self.regions: list[QRegion] = []
        original = panel.canvas.paintEvent

        def paint(event: object) -> None:
            self.regions.append(QRegion(event.region()))  # type: ignore[attr-defined]
            original(event)

        panel.canvas.paintEvent = paint  # type: ignore[method-assign]

    def area_share(self) -> float:
        """Share of the viewport in all paints since the last call."""
        QApplication.processEvents()
        viewport = self._panel.canvas.viewport().rect()
        area = sum(rect.width() * rect.height() for region in self.regions for rect in region)
        self.regions.clear()
        return area / (viewport.width() * viewport.height())


# --- exact pixels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", range(3, 41))
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_bodies_are_odd_centred_and_leave_a_gap(spacing: int, ratio: float) -> None:
    widths = metrics_of(Zoom(round(spacing * ratio), 1), ratio)
    assert widths.body <= spacing * ratio - 1
    assert (widths.body - widths.wick) % 2 == 0
    assert widths.wick_left - widths.body_left == widths.body_left + widths.body - widths.wick_left - widths.wick
    if spacing > 3:
        assert abs(widths.body - 0.72 * spacing * ratio) <= 1.5


@pytest.mark.parametrize("rungs", [0, 8, -3])
def test_candles_stand_on_whole_pixels(open_panel: Open, rungs: int) -> None:
    engine = FakeEngine()
    rows = walk(400)
    engine.hold(rows)
    panel = open_panel(engine)
    model = panel._stage.model
    model.time.zoom_at(400, rungs)
    panel._on_view_moved()
    image = pixels(screen(panel))
    widths = metrics_of(model.time.zoom, 1.0)
    pane = panel._stage.layout.price
    checked = 0
    for back in range(5, 40):
        _, opened, high, low, close, _, _ = rows[:, -1 - back]
        left = model.time.column_of(model.time.newest - back)
        fill = code(panel, "up" if close >= opened else "down")
        top, bottom = (panel.canvas.price_pane.row_of(price) for price in (max(opened, close), min(opened, close)))
        wick_top, wick_bottom = panel.canvas.price_pane.row_of(high), panel.canvas.price_pane.row_of(low)
        if not 50 < wick_top < wick_bottom < pane.bottom or not 4 < left < 700:
            continue
        x = left + widths.body_left
        body = image[top : max(bottom, top + 1), x : x + widths.body]
        share = (body == fill).mean()  # the last-price line may cross a body
        assert share > 0.6, (back, body.shape)
        wick = image[wick_top:wick_bottom, left + widths.wick_left]
        assert (wick == fill).mean() > 0.6
        if widths.body > 1:
            assert (image[top : max(bottom, top + 1), x - 1] != fill).mean() > 0.4
        checked += 1
    assert checked >= 10


def test_the_forming_candle_is_an_outline(open_panel: Open) -> None:
    engine = FakeEngine()
    rows = walk(300)
    rows[1, -1] = rows[4, -2]
    rows[4, -1] = rows[1, -1] + 600
    rows[2, -1], rows[3, -1] = rows[4, -1] + 50, rows[1, -1] - 50
    engine.hold(rows)
    panel = open_panel(engine)
    panel._stage.model.time.zoom_at(600, 8)
    panel._on_view_moved()
    model = panel._stage.model
    widths = metrics_of(model.time.zoom, 1.0)

    def inner() -> tuple[int, int]:
        image = pixels(screen(panel))
        left = model.time.column_of(model.time.newest) + widths.body_left
        middle = panel.canvas.price_pane.row_of(float(rows[1, -1]) + 300)
        return int(image[middle, left]), int(image[middle, left + widths.body // 2])

    edge, middle = inner()
    assert edge == code(panel, "up")
    assert middle != code(panel, "up")
    engine.tick(float(rows[4, -1]), closed=True)
    frame(panel)
    assert inner() == (code(panel, "up"), code(panel, "up"))


def test_muted_candles_carry_no_direction_colour(open_panel: Open, engine: FakeEngine) -> None:
    engine.state = RowState.LAST_SEEN
    panel = open_panel(engine)
    colours = set(np.unique(pixels(screen(panel))).tolist())
    assert code(panel, "up") not in colours
    assert code(panel, "down") not in colours
    assert code(panel, "muted") in colours


def test_a_theme_is_taken_over_at_once(open_panel: Open, engine: FakeEngine) -> None:
    panel = open_panel(engine)
    dark = pixels(screen(panel))
    panel._theme.choose(ThemeChoice.LIGHT)
    light = pixels(screen(panel))
    assert (dark == code(panel, "background")).mean() < 0.1
    assert (light == code(panel, "background")).mean() > 0.6
    panel._theme.choose(ThemeChoice.DARK)
    assert (pixels(screen(panel)) == dark).all()


@pytest.mark.parametrize(
    "timeframe", [Timeframe.M1, Timeframe.M3, Timeframe.M5, Timeframe.M15, Timeframe.M30, Timeframe.H1, Timeframe.H4]
)
def test_the_vwap_is_broken_at_midnight_only(open_panel: Open, timeframe: Timeframe) -> None:
    engine = FakeEngine()
    engine.hold(walk(3000, timeframe=timeframe), BTC, timeframe)
    engine.prepare_studies()
    panel = open_panel(engine, timeframe)
    model = panel._stage.model
    for _ in range(25):
        joined = across.are_touching(model.bars.key) & across.is_same_session(model, model.bars.key)
        opens = model.bars.key[1:] * timeframe.duration_ms
        assert (joined == (opens % DAY_MS != 0)).all()
        assert across.session_of(model, model.bars.key[3]) == model.bars.key[3] * timeframe.duration_ms // DAY_MS
        model.time.pan_bars(-100)
        panel._on_view_moved()


# --- parts and the whole ---------------------------------------------------------------------------------------


def assert_screen_is_whole(panel: ChartPanel, what: str) -> None:
    shown = pixels(screen(panel)).copy()
    panel.canvas.viewport().update()
    whole = pixels(screen(panel))
    channels = [np.abs((shown >> shift & 0xFF).astype(int) - (whole >> shift & 0xFF)) for shift in (0, 8, 16)]
    # A round corner that is blended in two steps is rounded twice.
    different = np.argwhere(np.max(channels, axis=0) > 3)
    where = [(y, x, hex(shown[y, x]), hex(whole[y, x])) for y, x in different[:3].tolist()]
    assert not len(different), f"{what}: {len(different)} pixels, first (row, column, shown, whole): {where}"


@pytest.mark.parametrize("rungs", [0, 6, -4, -14])
@pytest.mark.parametrize("source", [Source.LIVE, Source.DEMO])
def test_a_part_repainted_equals_the_whole(open_panel: Open, rungs: int, source: Source) -> None:
    engine = FakeEngine(source)
    engine.hold(np.delete(walk(3000), np.s_[2950:2953], axis=1))
    engine.prepare_studies()
    panel = open_panel(engine)
    panel._stage.model.time.zoom_at(600, rungs)
    panel._on_view_moved()
    rng = np.random.default_rng(3)
    base = float(engine.series[BTC.id, Timeframe.M5].columns[4, -1])
    for step in range(12):
        engine.tick(base + float(rng.integers(-40, 41)))
        engine.clock.advance_ms(700)
        frame(panel)
        assert_screen_is_whole(panel, f"tick {step}")
        panel.canvas.gestures.hover_at(QPointF(*rng.integers(5, 600, 2).tolist()))
        assert_screen_is_whole(panel, f"crosshair {step}")
    panel.canvas.gestures.leave()
    assert_screen_is_whole(panel, "crosshair away")
    for step, close in enumerate((panel._stage.model.price.high + 400, base, base + 7, base - 3)):
        engine.tick(close)
        frame(panel)
        assert_screen_is_whole(panel, f"scale {step}")
    engine.append()
    frame(panel)
    assert_screen_is_whole(panel, "new candle")


def test_a_tick_repaints_little(panel: ChartPanel, engine: FakeEngine) -> None:
    QApplication.processEvents()
    counting = Counting(panel)
    base = float(engine.series[BTC.id, Timeframe.M5].columns[4, -1])
    for step in range(6):
        engine.tick(base + 3 * step - 9)
        frame(panel)
        assert 0 < counting.area_share() < 0.12, step


def test_a_frame_without_news_repaints_nothing(panel: ChartPanel) -> None:
    QApplication.processEvents()
    counting = Counting(panel)
    for _ in range(5):
        frame(panel)
    assert counting.area_share() == 0


def test_a_step_of_the_crosshair_repaints_lines_and_words(panel: ChartPanel) -> None:
    QApplication.processEvents()
    counting = Counting(panel)
    panel.canvas.gestures.hover_at(QPoint(300, 200).toPointF())
    counting.area_share()
    panel.canvas.gestures.hover_at(QPoint(340, 230).toPointF())
    assert 0 < counting.area_share() < 0.2


def test_a_picture_is_kept_from_the_second_time(qapp: QApplication) -> None:
    kept, drawn = Kept(), []

    def ask(key: str) -> bool:
        return kept.is_ready((key,), (4, 4), 1.0, QColor("#000000"), lambda painter: drawn.append(painter.isActive()))

    assert [ask("a"), ask("a"), ask("a"), ask("b"), ask("a"), ask("c"), ask("c")] == [
        False, True, True, False, True, False, True,
    ]  # fmt: skip
    assert drawn == [True, True]


def test_all_of_a_long_history_is_one_bar_a_column(open_panel: Open) -> None:
    engine = FakeEngine()
    engine.hold(walk(200_000))
    panel = open_panel(engine)
    for _ in range(5):
        frame(panel)
    model = panel._stage.model
    while model.time.zoom_at(400, -1):
        pass
    panel._on_view_moved()
    rows = engine.series[BTC.id, Timeframe.M5].columns
    assert model.time.left_slot <= model.time.oldest
    assert 200 < model.bars.count <= panel._stage.layout.plot_width + 2
    assert model.bars.high.max() == rows[2].max()
    assert model.bars.low.min() == rows[3].min()
    assert model.bars.volume.max() == rows[5].max()
    assert_screen_is_whole(panel, "all")
