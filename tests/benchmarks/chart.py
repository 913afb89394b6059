"""The chart: pan, zoom and the last candle's update, against pyqtgraph, vnpy, finplot and a bare draw."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QEvent, QLineF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget

from tests.benchmarks.measure import Child, Contender, Local, PeerUnavailable, Rounds, alternate
from tests.benchmarks.outcome import Line, Outcome
from tests.benchmarks.painted import application, check_paints, steps
from tests.ui.charts.fake_engine import BTC, FakeEngine, walk
from virtuoso_desktop.model.study import BANDS, CVD, DEFAULT_STUDIES, Study, StudyKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts import looks, series
from virtuoso_desktop.ui.charts.choice import StudyMemory
from virtuoso_desktop.ui.charts.panel import ChartPanel
from virtuoso_desktop.ui.theme import Theme

SIZE = (1272, 700)
"""The plot is 1,200 pixels wide: 300 candles of 4 pixels."""
VISIBLE = 300
THREE_OVERLAYS = (
    *(Study(StudyKind.EMA, (length,)) for length in (12, 26)),
    Study(StudyKind.VWAP, without=(BANDS.key,)),
    Study(StudyKind.VOLUME, without=(CVD.key,)),
)
"""Candles, volume and three lines: the chart of the limits. What a first start shows has a line of its own, without
one."""
SHORT, LONG = 10_000, 1_000_000
STEPS = 24
ROUNDS = 9
PEER_ROUNDS = 5
VOLUME_SHARE = 0.2
Columns = np.ndarray[Any, np.dtype[np.float64]]


# --- ours --------------------------------------------------------------------------------------------------------


class OurChart:
    """A `ChartPanel` of so many candles with volume and three overlays."""

    def __init__(
        self, app: QApplication, rows: int, visible: float = VISIBLE, studies: tuple[Study, ...] = THREE_OVERLAYS
    ) -> None:
        self._app = app
        self.engine = FakeEngine()
        self.engine.prepare_studies()
        self.engine.hold(walk(rows))
        self.panel = ChartPanel(Theme())
        self.panel.recall(StudyMemory(studies=studies))
        self.panel.attach(self.engine)
        self.panel.set_instrument(BTC.id, Timeframe.M5)
        self.panel.resize(*SIZE)
        self.panel.show()
        self.frame()
        while self.engine.chart(BTC.id, Timeframe.M5).studies.is_behind:
            self.frame()
        self._zoom_to(visible)
        self.key(Qt.Key.Key_PageUp)
        self.frame()
        drawn = self.panel._stage.overlays.values()
        assert all(looks[0].key in self.panel._stage.model.lines for looks in drawn), "the chart draws its overlays"

    @property
    def view_bars(self) -> float:
        return self.panel.snapshot_state()[0]

    def frame(self) -> None:
        self.panel.refresh(time.perf_counter_ns())
        self._app.processEvents()

    def key(self, key: Qt.Key) -> None:
        QApplication.sendEvent(self.panel.canvas, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))

    def pan(self, number: int) -> None:
        self.key(Qt.Key.Key_Left if number % 8 < 4 else Qt.Key.Key_Right)

    def zoom(self, number: int) -> None:
        self.key(Qt.Key.Key_Plus if number % 4 < 2 else Qt.Key.Key_Minus)

    def tick(self, number: int) -> None:
        """A trade inside the last candle's range, and the turn of the frame clock that shows it."""
        row = self.engine.series[BTC.id, Timeframe.M5].columns[:, -1]
        self.engine.tick(float(row[3] + 1 + number % 7))
        self.panel.refresh(time.perf_counter_ns())

    def show_newest(self) -> None:
        self.panel.show_newest()
        self.frame()

    def show_all(self) -> None:
        self.show_newest()
        self._zoom_to(float("inf"))
        self.frame()

    def _zoom_to(self, visible: float) -> None:
        """Zoom out from the nearest until at least ``visible`` candles, or as many as can be, are in view."""
        for _ in range(80):
            self.key(Qt.Key.Key_Plus)
        while self.view_bars < visible:
            before = self.view_bars
            self.key(Qt.Key.Key_Minus)
            if self.view_bars == before:
                break
        self._app.processEvents()


# --- a bare draw -------------------------------------------------------------------------------------------------


class BareDraw(QWidget):
    """The same shapes as ready arrays, drawn by one call each: no scales, no texts, no scene.

    Overlay lines are as wide as the chart's, and as smooth unless ``smooth`` is false.
    """

    def __init__(self, rows: Columns, *, smooth: bool = True) -> None:
        super().__init__()
        self._smooth = smooth
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.resize(*SIZE)
        _, opens, high, low, close, volume, _ = rows
        count = rows.shape[1]
        width, height = SIZE
        spacing = width / count
        split = height * (1 - VOLUME_SHARE)
        scale = split / (high.max() - low.min())
        x = np.arange(count) * spacing

        def y(prices: Columns) -> Columns:
            return (high.max() - prices) * scale

        up = close >= opens
        self._wicks = [_lines(x[part] + spacing / 2, y(high[part]), y(low[part])) for part in (up, ~up)]
        top, bottom = y(np.maximum(opens, close)), y(np.minimum(opens, close))
        bar = max(1.0, spacing * 0.7)
        self._bodies = [_rects(x[part], top[part], bar, bottom[part] - top[part] + 1) for part in (up, ~up)]
        tall = volume / volume.max() * height * VOLUME_SHARE
        self._volumes = [_rects(x[part], height - tall[part], bar, tall[part]) for part in (up, ~up)]
        self._overlays = [_polyline(x, y(close) + shift) for shift in (0.0, 5.0, 10.0)]
        is_thin = spacing < series.THIN_SPACING
        self._overlay_pen = QPen(Qt.GlobalColor.yellow, series.THIN_LINE_WIDTH if is_thin else looks.LINE_WIDTH)
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        for number, color in enumerate((Qt.GlobalColor.green, Qt.GlobalColor.red)):
            painter.setPen(QPen(color, 0))
            painter.drawLines(*self._wicks[number].drawargs())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRects(*self._bodies[number].drawargs())
            painter.drawRects(*self._volumes[number].drawargs())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._smooth)
        for line in self._overlays:
            painter.setPen(self._overlay_pen)
            painter.drawLines(*line.drawargs())
        painter.end()

    def step(self, _: int) -> None:
        self.update()


def _lines(x: Columns, top: Columns, bottom: Columns) -> PrimitiveArray:
    array = PrimitiveArray(QLineF, 4)
    array.resize(len(x))
    array.ndarray()[:] = np.column_stack((x, top, x, bottom))
    return array


def _polyline(x: Columns, y: Columns) -> PrimitiveArray:
    array = PrimitiveArray(QLineF, 4)
    array.resize(len(x) - 1)
    array.ndarray()[:] = np.column_stack((x[:-1], y[:-1], x[1:], y[1:]))
    return array


def _rects(x: Columns, top: Columns, width: float, height: Columns) -> PrimitiveArray:
    array = PrimitiveArray(QRectF, 4)
    array.resize(len(x))
    array.ndarray()[:] = np.column_stack((x, top, np.full(len(x), width), height))
    return array


def by_column(rows: Columns, columns: int) -> Columns:
    """Candles merged to one a pixel column: first open, highest high, lowest low, last close, highest volume."""
    edges = np.linspace(0, rows.shape[1], columns, endpoint=False).astype(int)
    last = np.append(edges[1:], rows.shape[1]) - 1
    return np.vstack(
        (
            rows[0, edges], rows[1, edges], np.maximum.reduceat(rows[2], edges), np.minimum.reduceat(rows[3], edges),
            rows[4, last], np.maximum.reduceat(rows[5], edges), rows[6, edges],
        )
    )  # fmt: skip


# --- pyqtgraph ---------------------------------------------------------------------------------------------------


class TwoPlots:
    """pyqtgraph's two linked plots without data, price over volume."""

    def __init__(self) -> None:
        self.widget = pg.GraphicsLayoutWidget()
        self.widget.resize(*SIZE)
        self.upper = self.widget.addPlot(row=0, col=0)
        self.lower = self.widget.addPlot(row=1, col=0)
        self.widget.ci.layout.setRowStretchFactor(0, 4)
        self.widget.ci.layout.setRowStretchFactor(1, 1)
        self.lower.setXLink(self.upper)
        for plot in (self.upper, self.lower):
            plot.disableAutoRange()
            plot.setXRange(0, VISIBLE, padding=0)
            plot.setYRange(0, 1000, padding=0)
        self.widget.show()

    def pan(self, number: int) -> None:
        self.upper.vb.translateBy(x=24.0 if number % 8 < 4 else -24.0)

    def zoom(self, number: int) -> None:
        self.upper.vb.scaleBy(x=0.89 if number % 4 < 2 else 1 / 0.89)

    def repaint(self, _: int) -> None:
        self.widget.viewport().update()


class ExampleChart(TwoPlots):
    """pyqtgraph's own candlestick example over all candles, no volume, no overlays."""

    def __init__(self, rows: Columns) -> None:
        super().__init__()
        import pyqtgraph.examples.customGraphicsItem

        example = pyqtgraph.examples.customGraphicsItem
        example.plt.hide()
        data = np.column_stack((np.arange(rows.shape[1]), rows[1], rows[4], rows[3], rows[2]))
        self._data = [tuple(row) for row in data]
        self._make = example.CandlestickItem
        self._item = self._make(self._data)
        self.upper.addItem(self._item)
        end = rows.shape[1]
        self.upper.setXRange(end - VISIBLE - 100, end - 100, padding=0)
        self.upper.setYRange(rows[3, -VISIBLE:].min(), rows[2, -VISIBLE:].max(), padding=0)

    def tick(self, number: int) -> None:
        """The example has no update: the picture is made anew."""
        index, opened, _, low, high = self._data[-1]
        self._data[-1] = (index, opened, low + number % 7, low, high)
        self._item.data = self._data
        self._item.generatePicture()
        self._item.update()


# --- the benchmark -----------------------------------------------------------------------------------------------


def run(quick: bool) -> Outcome:
    app = application()
    long = LONG // 50 if quick else LONG
    rounds = 2 if quick else ROUNDS
    outcome = Outcome("chart", facts={"size": SIZE, "visible": VISIBLE, "candles": [SHORT, long]})
    measured = _move(app, long, rounds)
    outcome.lines += _move_lines(measured)
    ticks = _tick(app, rounds)
    outcome.lines += _tick_lines(ticks)
    whole = _whole(app, long, rounds)
    outcome.lines += _whole_lines(whole)
    outcome.facts["ms_per_step"] = {
        what: each.facts(1e3 / STEPS) for what, each in (("move", measured), ("tick", ticks), ("whole", whole))
    }
    for name, module in (("vnpy", "vnpy_chart"), ("finplot", "finplot_chart")):
        outcome.lines += _against(app, name, module, (1 if quick else PEER_ROUNDS, outcome.facts))
    return outcome


def _move(app: QApplication, long: int, rounds: int) -> Rounds:
    short_chart, long_chart = OurChart(app, SHORT), OurChart(app, long)
    usual = OurChart(app, SHORT, studies=DEFAULT_STUDIES)
    empty, example = TwoPlots(), ExampleChart(walk(SHORT))
    bare, rough = BareDraw(walk(VISIBLE)), BareDraw(walk(VISIBLE), smooth=False)
    subjects: list[tuple[str, QWidget, Callable[[int], object]]] = [
        ("pan", short_chart.panel.canvas.viewport(), short_chart.pan),
        ("zoom", short_chart.panel.canvas.viewport(), short_chart.zoom),
        ("pan with the usual studies", usual.panel.canvas.viewport(), usual.pan),
        ("pan of long", long_chart.panel.canvas.viewport(), long_chart.pan),
        ("zoom of long", long_chart.panel.canvas.viewport(), long_chart.zoom),
        ("empty pan", empty.widget.viewport(), empty.pan),
        ("empty zoom", empty.widget.viewport(), empty.zoom),
        ("example pan", example.widget.viewport(), example.pan),
        ("bare draw", bare, bare.step),
        ("rough bare draw", rough, rough.step),
    ]
    return _rounds(app, subjects, rounds)


def _move_lines(found: Rounds) -> list[Line]:
    lines: list[Line] = []
    for what in ("pan", "zoom"):
        lines += [
            Line(f"{what} / pyqtgraph's empty two plots", found.ratio(what, f"empty {what}"), "x", 0.5),
            Line(f"{what} / a bare draw of the visible slice", found.ratio(what, "bare draw"), "x", None, 2.0),
            Line(f"{what} of 1 M candles / of 10 k", found.ratio(f"{what} of long", what), "x", 1.2),
        ]
    lines.append(Line("pan / a bare draw with unsmoothed lines", found.ratio("pan", "rough bare draw")))
    lines.append(
        Line("pan with the usual studies / empty two plots", found.ratio("pan with the usual studies", "empty pan"))
    )
    lines.append(Line("pan / pyqtgraph's candlestick example", found.ratio("pan", "example pan")))
    lines.append(Line("pan", found.best("pan") / STEPS * 1e3, "ms"))
    return lines


def _tick(app: QApplication, rounds: int) -> Rounds:
    chart, empty, example = OurChart(app, SHORT), TwoPlots(), ExampleChart(walk(SHORT))
    usual = OurChart(app, SHORT, studies=DEFAULT_STUDIES)
    bare = BareDraw(walk(VISIBLE))
    chart.show_newest()
    usual.show_newest()
    subjects: list[tuple[str, QWidget, Callable[[int], object]]] = [
        ("tick", chart.panel.canvas.viewport(), chart.tick),
        ("tick with the usual studies", usual.panel.canvas.viewport(), usual.tick),
        ("empty repaint", empty.widget.viewport(), empty.repaint),
        ("example tick", example.widget.viewport(), example.tick),
        ("bare draw", bare, bare.step),
    ]
    return _rounds(app, subjects, rounds)


def _tick_lines(found: Rounds) -> list[Line]:
    return [
        Line("last candle / pyqtgraph's empty repaint", found.ratio("tick", "empty repaint"), "x", 1.5, 1.0),
        Line(
            "last candle with the usual studies / empty repaint",
            found.ratio("tick with the usual studies", "empty repaint"),
        ),
        Line("a bare draw / pyqtgraph's empty repaint", found.ratio("bare draw", "empty repaint")),
        Line("last candle / pyqtgraph's candlestick example", found.ratio("tick", "example tick")),
        Line("last candle", found.best("tick") / STEPS * 1e3, "ms"),
    ]


def _whole(app: QApplication, long: int, rounds: int) -> Rounds:
    chart = OurChart(app, long)
    chart.show_all()
    plot_px = chart.panel._stage.layout.plot_width
    bare = BareDraw(by_column(walk(long), min(plot_px, long)))
    assert chart.view_bars >= long, f"{chart.view_bars:.0f} of {long} candles are in view"
    subjects: list[tuple[str, QWidget, Callable[[int], object]]] = [
        ("whole", chart.panel.canvas.viewport(), chart.pan),
        ("bare draw", bare, bare.step),
    ]
    return _rounds(app, subjects, rounds)


def _whole_lines(found: Rounds) -> list[Line]:
    return [
        Line("whole of 1 M candles / a bare draw of it", found.ratio("whole", "bare draw"), "x", 1.5),
        Line("whole of 1 M candles", found.best("whole") / STEPS * 1e3, "ms"),
    ]


def _rounds(app: QApplication, subjects: list[tuple[str, QWidget, Callable[[int], object]]], rounds: int) -> Rounds:
    contenders: list[Contender] = []
    for name, widget, step in subjects:
        check_paints(app, widget, step)
        contenders.append(Local(name, steps(app, step, STEPS)))
    try:
        return alternate(contenders, rounds)
    finally:
        for _, widget, _ in subjects:
            widget.window().hide()
        app.processEvents()


# --- peers in their own process ----------------------------------------------------------------------------------


class _Part:
    """One kind of round of a child, as a contender."""

    def __init__(self, name: str, child: Child, what: str) -> None:
        self.name = name
        self._child = child
        self._what = what

    def round(self) -> float:
        return self._child.ask(self._what)


def _against(app: QApplication, name: str, module: str, what: tuple[int, dict[str, Any]]) -> list[Line]:
    rounds, facts = what
    most = 1 / 12 if name == "vnpy" else None
    try:
        child = Child(name, module, [str(SHORT), str(VISIBLE), str(STEPS), *map(str, SIZE)])
    except PeerUnavailable as error:
        return [Line(f"last candle / {name}", None, "x", most, note=str(error))]
    chart = OurChart(app, SHORT)
    try:
        parts = [_Part(f"{name} {kind}", child, kind) for kind in ("pan", "tick")]
        pans = alternate([Local("pan", steps(app, chart.pan, STEPS)), parts[0]], rounds)
        chart.show_newest()
        ticks = alternate([Local("tick", steps(app, chart.tick, STEPS)), parts[1]], rounds)
    finally:
        child.close()
        chart.panel.close()
    facts[name] = {**child.about, "pan": pans.facts(1e3 / STEPS), "tick": ticks.facts(1e3 / STEPS)}
    ratio = ticks.ratio("tick", f"{name} tick")
    return [
        Line(f"last candle / {name}", ratio, "x", most, note=f"{1 / ratio:.0f} times"),
        Line(f"pan / {name}", pans.ratio("pan", f"{name} pan")),
    ]
