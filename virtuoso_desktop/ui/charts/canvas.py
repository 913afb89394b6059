"""The drawing surface: one graphics view with a view box per pane, placed and kept in step by us.

The panes share the time axis through the model, not through links between view boxes. A tick asks for the newest
column, the tag and the changed words; everything else repaints the whole view.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView

from virtuoso_desktop.model.study import BESIDE, StudyKind
from virtuoso_desktop.ui.charts.besidepanes import BesidePane
from virtuoso_desktop.ui.charts.candleshapes import DOT_REACH_PX
from virtuoso_desktop.ui.charts.candletypes import CandleType
from virtuoso_desktop.ui.charts.choice import LEAST_PANE_PX
from virtuoso_desktop.ui.charts.crosshair import Crosshair
from virtuoso_desktop.ui.charts.drawing.hand import DrawingHand
from virtuoso_desktop.ui.charts.drawing.layer import DrawingLayer
from virtuoso_desktop.ui.charts.evidencelayer import EvidenceLayer
from virtuoso_desktop.ui.charts.gestures import Gestures
from virtuoso_desktop.ui.charts.legend import Legend
from virtuoso_desktop.ui.charts.legendwords import PriceWords, pane_legend
from virtuoso_desktop.ui.charts.panes import PaneBox, PaneItem, PricePane
from virtuoso_desktop.ui.charts.pricecontent import PriceContent
from virtuoso_desktop.ui.charts.pricelines import PriceLines
from virtuoso_desktop.ui.charts.scales import StudyContent, ValueScale, VolumeContent
from virtuoso_desktop.ui.charts.stage import LEAST_PRICE_PX, Layout, Pane, Stage, arrange
from virtuoso_desktop.ui.charts.studypanes import StudyPane, VolumePane
from virtuoso_desktop.ui.charts.timescale import TimeScale

if TYPE_CHECKING:
    from PySide6.QtWidgets import QGraphicsItem, QWidget

    from virtuoso_desktop.model.study import Study
    from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk

_SCALES, _PANES, _CROSSHAIR, _LEGENDS = range(4)


class StudyRow(NamedTuple):
    """What belongs to one pane below the candles."""

    box: PaneBox
    item: PaneItem
    scale: ValueScale
    legend: Legend
    without: tuple[str, ...] = ()
    """Parts of the study that are left out."""


class Canvas(pg.GraphicsView):
    """Paints the stage and takes mouse and keys.

    Signals
    -------
    view_moved
        The user panned, zoomed or scaled: the slice has to be read again.
    hover_moved
        The crosshair is elsewhere.
    letters_typed, digit_typed
        A key that is no command of the chart, as text.
    resized
        Panes have new places.
    activated
        A button was pressed on it, or a key gave it the keyboard.
    close_asked, menu_asked, settings_asked
        The name of the study that the mouse is on; empty in a menu for none.
    """

    view_moved = Signal()
    hover_moved = Signal()
    letters_typed = Signal(str)
    digit_typed = Signal(str)
    resized = Signal()
    activated = Signal()
    close_asked = Signal(str)
    menu_asked = Signal(str, object)
    """(name, `QPoint` of the screen)."""
    settings_asked = Signal(str)
    drawing_menu_asked = Signal(object)
    """`QPoint` of the screen; for the selected drawing."""
    text_asked = Signal(object)
    """The `Drawing` whose text is to be written."""

    def __init__(self, stage: Stage, desk: DrawingDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent, useOpenGL=False)
        self._stage = stage
        self._axis_px = 0.0
        self._row: int | None = None
        self._shows_focus = False
        self._is_seen = False
        self.painted_ns = 0
        self.setCentralWidget(None)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setOptimizationFlags(
            QGraphicsView.OptimizationFlag.DontSavePainterState
            | QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing
        )
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        scene = self.scene()
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.price_box = PaneBox()
        self.price_scale = ValueScale(stage, PriceContent(stage))
        self.time_scale = TimeScale(stage)
        self.price_pane = PricePane(stage, self.price_box, self.price_scale, self.time_scale)
        self.price_lines = PriceLines(stage)
        self.crosshair = Crosshair(stage)
        self.evidence = EvidenceLayer(stage)
        self.drawings = DrawingLayer(stage, desk)
        self.hand = DrawingHand(stage, self, self.drawings)
        self.price_legend = Legend(stage, PriceWords())
        self.rows: dict[str, StudyRow] = {}
        """By study; a row without a pane in the layout is hidden."""
        for depth, item in (
            (_SCALES, self.price_scale),
            (_SCALES, self.time_scale),
            (_PANES, self.price_box),
            (_CROSSHAIR, self.price_lines),
            (_CROSSHAIR, self.evidence),
            (_CROSSHAIR, self.drawings),
            (_CROSSHAIR, self.crosshair),
            (_LEGENDS, self.price_legend),
        ):
            self._put(item, depth)
        self.gestures = Gestures(stage, self)
        self.take_choice()
        self.set_colors()

    def _put(self, item: QGraphicsItem, depth: int) -> None:
        item.setZValue(depth)
        self.scene().addItem(item)

    # --- which studies -----------------------------------------------------------------------------------------

    def take_choice(self) -> None:
        """The chosen studies changed: make and drop panes, and find places for them."""
        stage = self._stage
        stage.take_choice()
        wanted = {study.name: study for study in stage.choice.drawn if study.spec.has_pane and study.is_shown}
        made = {name: row.without for name, row in self.rows.items()}
        for name in [name for name in made if name not in wanted or made[name] != wanted[name].without]:
            row = self.rows.pop(name)
            for item in (row.box, row.scale, row.legend):
                self.scene().removeItem(item)
        fresh = [study for name, study in wanted.items() if name not in self.rows]
        self.rows |= {study.name: self._made_row(study) for study in fresh}
        self._arrange(has_new=bool(fresh))

    def _made_row(self, study: Study) -> StudyRow:
        stage = self._stage
        is_volume = study.kind is StudyKind.VOLUME
        box = PaneBox()
        scale = ValueScale(stage, VolumeContent(stage, study) if is_volume else StudyContent(stage, study))
        pane = VolumePane if is_volume else BesidePane if study.kind in BESIDE else StudyPane
        item = pane(stage, box, scale, self.time_scale, study)
        legend = Legend(stage, partial(pane_legend, study=study))
        for made, depth in ((box, _PANES), (scale, _SCALES), (legend, _LEGENDS)):
            self._put(made, depth)
        return StudyRow(box, item, scale, legend, study.without)

    # --- what changed ------------------------------------------------------------------------------------------

    def set_colors(self) -> None:
        """The theme's palette was replaced."""
        self.setBackgroundBrush(self._stage.theme.color("background"))
        self.viewport().update()

    def redraw(self) -> None:
        """The slice, a scale or the series changed: place everything anew and repaint the view."""
        stage = self._stage
        self._fit_axis()
        self.gestures.follow_mouse()
        model = stage.model
        left, right = model.time.left_slot, model.time.right_slot
        self.price_box.set_range(left, right, *self.price_pane.range())
        for row in self.rows.values():
            low, high = row.item.range()
            row.box.set_range(left, right, low, high)
        self._row = self._price_row()
        self._refresh_marks(repaint=False)
        stage.asked = QRegion()
        self.viewport().update()

    def redraw_newest(self) -> None:
        """Only the newest candle's values changed: repaint its column, the price line, the tag and words."""
        stage = self._stage
        model, layout = stage.model, stage.layout
        if model.shows_newest:
            spacing = model.time.zoom.spacing
            reach = round(DOT_REACH_PX * layout.ratio) if model.candle_type is CandleType.LINE else 0
            column = model.time.column_of(model.time.newest) - spacing - reach
            self.crosshair.ask_device(column, 0, 2 * spacing + 1 + 2 * reach, layout.time.top)
        row = self._price_row()
        if row != self._row:
            line = layout.line
            for moved in (self._row, row):
                if moved is not None:
                    self.price_pane.ask_device(0, moved - line // 2, layout.plot_width, line)
            self._row = row
        self.redraw_marks()

    def redraw_marks(self) -> None:
        """The crosshair moved or time went on: repaint what tells so."""
        stage = self._stage
        self._refresh_marks()
        if not stage.asked.isEmpty():
            self.viewport().update(stage.asked)
            stage.asked = QRegion()

    def _refresh_marks(self, *, repaint: bool = True) -> None:
        for item in (
            self.price_lines, self.drawings, self.crosshair, self.price_scale, self.time_scale, self.price_legend
        ):  # fmt: skip
            item.refresh(repaint=repaint)
        for name in self._stage.layout.names:
            row = self.rows[name]
            row.scale.refresh(repaint=repaint)
            row.legend.refresh(repaint=repaint)

    def _price_row(self) -> int | None:
        last_price = self._stage.model.last_price
        return None if last_price is None else self.price_pane.row_of(last_price)

    # --- places ------------------------------------------------------------------------------------------------

    def begin_series(self) -> None:
        """Another instrument: its prices may need a narrower axis."""
        self._axis_px = 0.0

    def _fit_axis(self) -> None:
        axis_px = self._stage.axis_px()
        if axis_px > self._axis_px:
            self._axis_px = axis_px
            self._arrange()

    def _arrange(self, *, has_new: bool = False) -> None:
        ratio = self.viewport().devicePixelRatioF()
        view = self.viewport()
        layout = arrange(view.width(), view.height(), ratio, self._axis_px, self._stage.wishes())
        if layout == self._stage.layout and not has_new:
            return
        self._stage.layout = layout
        self._stage.model.time.set_width(layout.plot_width, ratio)
        if not self._is_seen:
            self._stage.model.place_again()
        whole = QRectF(0, 0, layout.width / ratio, layout.height / ratio)
        price = StudyRow(self.price_box, self.price_pane, self.price_scale, self.price_legend)
        for row, pane in ((price, layout.price), *((row, layout.pane(name)) for name, row in self.rows.items())):
            for item in (row.box, row.scale, row.legend):
                item.setVisible(pane is not None)
            if pane is None:
                continue
            plot = _rect(layout, pane, layout.plot_width)
            row.box.setGeometry(plot)
            row.item.fill(QRectF(0, 0, plot.width(), plot.height()), plot.topLeft())
            row.scale.fill(_rect(layout, pane, layout.width))
            row.legend.fill(plot)
        self.price_lines.fill(_rect(layout, layout.price, layout.plot_width))
        self.time_scale.fill(whole)
        self.evidence.fill(whole)
        self.drawings.fill(whole)
        self.crosshair.fill(whole)
        self.resized.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        # The base class asks for this before its own construction has ended.
        if hasattr(self, "gestures"):
            self._axis_px = max(self._axis_px, self._stage.axis_px())
            self._arrange()
            self.view_moved.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._arrange()
            self.view_moved.emit()
        return super().event(event)

    def entry_at(self, place: QPointF) -> str:
        """The study that a place of the viewport belongs to: a pane, or words of the legend over the candles."""
        layout = self._stage.layout
        x, y = place.x() * layout.ratio, place.y() * layout.ratio
        if x >= layout.plot_width:
            return ""
        index = layout.index_at(y)
        return layout.names[index] if index is not None else self.price_legend.entry_at(place)

    def is_cross(self, place: QPointF) -> bool:
        """Whether the cross of the pointed-at study is there."""
        name = self._stage.entry
        legend = self.rows[name].legend if name in self.rows else self.price_legend
        return bool(name) and legend.is_cross(place)

    def is_legend(self, place: QPointF) -> bool:
        """Whether words of a study are there: they can be clicked."""
        name = self.entry_at(place)
        return bool(name) and (name not in self.rows or bool(self.rows[name].legend.entry_at(place)))

    def move_border(self, index: int, pixels: int) -> None:
        """Move the upper border of a pane down by logical pixels: what is above it takes them."""
        stage = self._stage
        layout, heights = stage.layout, stage.choice.heights
        now = [round(pane.height / layout.ratio) for pane in layout.panes]
        above = now[index - 1] if index else round(layout.price.height / layout.ratio) - LEAST_PRICE_PX + LEAST_PANE_PX
        pixels = min(max(pixels, LEAST_PANE_PX - above), now[index] - LEAST_PANE_PX)
        if not pixels:
            return
        now[index] -= pixels
        if index:
            now[index - 1] += pixels
        heights.update(zip(layout.names, now, strict=True))
        self._arrange()

    # --- painting ----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        begun_ns = perf_counter_ns()
        self._is_seen = True
        self._stage.exposed = event.region()
        self._stage.is_partial = event.rect() != self.viewport().rect() or event.region().rectCount() > 1
        # Past the base class, which asks every view box to prepare itself: ours have nothing to prepare.
        QGraphicsView.paintEvent(self, event)
        self.painted_ns += perf_counter_ns() - begun_ns

    def drawForeground(self, painter: QPainter, _rect: QRectF) -> None:
        if self._shows_focus:
            painter.setPen(QPen(self._stage.theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        by_keys = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_keys:
            self.activated.emit()
        self._show_focus(by_keys)

    def focusOutEvent(self, _event: QFocusEvent) -> None:
        self._show_focus(False)

    def _show_focus(self, shows: bool) -> None:
        if shows != self._shows_focus:
            self._shows_focus = shows
            self.viewport().update()

    # --- mouse and keys: none of it reaches the scene ------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.activated.emit()
        self._show_focus(False)
        self.gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.gestures.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.gestures.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.gestures.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.gestures.wheel(event)

    def leaveEvent(self, _event: QEvent) -> None:
        self.gestures.leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.gestures.key(event):
            event.ignore()


def _rect(layout: Layout, pane: Pane, width: int) -> QRectF:
    ratio = layout.ratio
    return QRectF(0, pane.top / ratio, width / ratio, pane.height / ratio)
