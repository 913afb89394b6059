"""Paints the drawings of the shown instrument over the candles: only those in view, with pens that are kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.drawing.figures import Kind, Stroke, fib_prices
from virtuoso_desktop.ui.charts.drawing.measuring import measured
from virtuoso_desktop.ui.charts.drawing.places import Places
from virtuoso_desktop.ui.charts.drawing.shapes import Shape, clipped, shape_of
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.scales import paint_box
from virtuoso_desktop.ui.charts.series import metrics_of
from virtuoso_desktop.ui.charts.stage import ChartItem, Pin
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from virtuoso_desktop.engine.views import ChartView
    from virtuoso_desktop.ui.charts.drawing.book import DrawingBook
    from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
    from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Look, Point
    from virtuoso_desktop.ui.charts.drawing.shapes import Box, Hit, Segment
    from virtuoso_desktop.ui.charts.stage import Stage

_DASHES = {Stroke.DASHED: [5.0, 4.0], Stroke.DOTTED: [1.0, 3.0]}
_AREA_ALPHA, _BAND_ALPHA, _PLATE_ALPHA = 0.12, 0.06, 0.82
_HANDLE_PX = 4.0
_SNAP_PX = 3.5
_LINE_PX = 16.0
_HEAD_PX = 6.0
_LEVEL_GAP_PX = 12.0
_PAD_PX = 8.0
_LEGEND_PX = 48.0
"""Lines of the legend stand above this."""
_MOST_LEVEL_PINS = 200


def places_of(stage: Stage) -> Places | None:
    """Where things stand in the price pane now; None while there is nothing drawn."""
    model, layout = stage.model, stage.layout
    if model.is_empty or model.instrument is None or model.timeframe is None:
        return None
    scale = stage.price_scale
    return Places(
        model.time,
        model.timeframe,
        metrics_of(model.time.zoom, layout.ratio).middle,
        layout.ratio,
        stage.logical(layout.plot_width),
        stage.logical(scale.height),
        float(model.instrument.tick_size),
        model.instrument.price_decimals,
        scale.row,
        scale.value_at,
    )


class DrawingLayer(ChartItem):
    """Over the panes, under the crosshair; covers the canvas and paints into the price pane."""

    def __init__(self, stage: Stage, desk: DrawingDesk) -> None:
        super().__init__(stage)
        self.desk = desk
        self.book: DrawingBook | None = None
        self.hovered: Hit | None = None
        self.snap: Point | None = None
        """Where a point would be put now."""
        self._pens: dict[tuple[object, ...], QPen] = {}
        self._seen: tuple[object, ...] = ()
        self._pinned: tuple[object, ...] = ()
        self._measured: dict[str, tuple[str, ...]] = {}
        self._measured_key: tuple[object, ...] = ()

    def outline(self, drawing: Drawing, places: Places) -> Shape:
        """A drawing as lines and areas."""
        words_px = face(Type.NUMBER).width(drawing.text) if drawing.text else 0.0
        return shape_of(drawing, places, words_px)

    def shown(self, places: Places) -> list[Drawing]:
        """What is in view, from below to the top, the draft last."""
        if self.book is None or not self._has_any:
            return []
        found = self.book.in_view(places.whole, places.timeframe.value)
        return [*found, self.book.draft] if self.book.draft is not None else found

    @property
    def _has_any(self) -> bool:
        """Whether there may be something in view."""
        book = self.book
        return book is not None and not self.desk.hides and (bool(book.drawings) or book.draft is not None)

    # --- what changed --------------------------------------------------------------------------------------------

    def refresh(self, *, repaint: bool = True) -> None:
        """Look at the book again; ask for a repaint of the pane when something else is to be seen."""
        self.desk.books.take_read()
        book, stage = self.book, self._stage
        model = stage.model
        pinned = (book, None if book is None else book.version, self.desk.hides, model.instrument, model.timeframe)
        if pinned != self._pinned:
            self._pinned = pinned
            self._pin()
        seen = (pinned, self.hovered, self.snap)
        if seen == self._seen:
            return
        self._seen = seen
        self.show_if(self._has_any or self.snap is not None)
        if repaint:
            layout = stage.layout
            self.ask_device(0, 0, layout.width, layout.price.bottom)
            self.ask_device(0, layout.time.top, layout.width, layout.time.height)

    def _pin(self) -> None:
        """Tags at the axes: both coordinates of the chosen drawing, the prices of other horizontal lines."""
        stage, book, instrument = self._stage, self.book, self._stage.model.instrument
        if book is None or instrument is None or self.desk.hides:
            stage.pins = ()
            return
        tick = float(instrument.tick_size)
        chosen = book.draft or book.chosen
        levels = [each for each in book.drawings if each.kind is Kind.LEVEL and each is not chosen]
        pins = [
            Pin(None, each.points[0].price / tick, "raised", _text_token(each.look.colour))
            for each in levels[-_MOST_LEVEL_PINS:]
            if each.timeframe in ("", stage.model.timeframe)
        ]
        if chosen is not None:
            is_level = chosen.kind is Kind.LEVEL
            pins += [
                Pin(None if is_level else point.time_ms, point.price / tick, "accent", "on_accent")
                for point in chosen.points
            ]
        stage.pins = tuple(pins)

    def measure(self, chart: ChartView) -> None:
        """Read from the candles what the measures in view hold; asks for a repaint when it changed."""
        if not self._has_any:
            self._measured, self._measured_key = {}, ()
            return
        places = places_of(self._stage)
        if places is None:
            return
        wanted = [each for each in self.shown(places) if each.kind is Kind.MEASURE]
        key = (tuple(wanted), chart.candles.version, chart.candles.base_version, len(chart.candles))
        if key == self._measured_key:
            return
        self._measured_key = key
        told = {
            each.id: measured(each.points, places.timeframe, chart.candles).words(places.decimals) for each in wanted
        }
        if told != self._measured:
            self._measured = told
            self.ask_device(0, 0, self._stage.layout.plot_width, self._stage.layout.price.bottom)

    def measured_words(self, drawing: Drawing) -> tuple[str, ...]:
        """The lines of a measure's plate; empty before its candles were read."""
        return self._measured.get(drawing.id, ())

    # --- painting ------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        places = places_of(self._stage)
        if places is None or self.book is None:
            return
        shown = self.shown(places)
        if not shown and self.snap is None:
            return
        painter.save()
        painter.setClipRect(QRectF(0, 0, places.width, places.height), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen, hovered = self.book.chosen, self.hovered
        held = self.book.draft or chosen
        for drawing in shown:
            self._paint(painter, places, drawing)
        if held is not None and held in shown:
            self._paint_handles(painter, self.outline(held, places), held, is_held=True)
        elif hovered is not None and hovered.drawing in shown:
            self._paint_handles(painter, self.outline(hovered.drawing, places), hovered.drawing, is_held=False)
        if self.snap is not None:
            painter.setPen(self._pen("accent", 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(*places.xy(self.snap)), _SNAP_PX, _SNAP_PX)
        painter.restore()

    def _paint(self, painter: QPainter, places: Places, drawing: Drawing) -> None:
        shape, look = self.outline(drawing, places), drawing.look
        is_marked = self.hovered is not None and self.hovered.drawing.id == drawing.id
        if drawing.kind is Kind.TEXT:
            self._paint_text(painter, shape, drawing, is_marked)
            return
        if shape.area is not None and drawing.kind is not Kind.FIB:
            painter.fillRect(_rect(shape.area, places), self._stage.theme.color(look.colour, _AREA_ALPHA))
        if drawing.kind is Kind.FIB:
            self._paint_bands(painter, places, shape, look)
        painter.setPen(self._pen(look.colour, look.width_px + (1 if is_marked else 0), look.stroke))
        lines = shape.lines[:-1] if drawing.kind is Kind.FIB else shape.lines
        for line in lines:
            _draw_line(painter, places, line, look.width_px)
        if drawing.kind is Kind.FIB:
            painter.setPen(self._pen("muted", 1, Stroke.DASHED))
            _draw_line(painter, places, shape.lines[-1], 1)
            self._paint_levels(painter, places, shape, drawing)
        elif drawing.kind is Kind.MEASURE:
            for line in shape.lines:
                _draw_head(painter, line)
            self._paint_plate(painter, places, shape, drawing)

    def _pen(self, token: str, width: float, stroke: Stroke = Stroke.SOLID) -> QPen:
        theme = self._stage.theme
        key = (token, width, stroke, theme.version)
        pen = self._pens.get(key)
        if pen is None:
            pen = self._pens[key] = QPen(theme.color(token), width)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            if stroke in _DASHES:
                pen.setDashPattern(_DASHES[stroke])
        return pen

    def _paint_bands(self, painter: QPainter, places: Places, shape: Shape, look: Look) -> None:
        """Every other stretch between two levels is tinted."""
        rows = [line[1] for line in shape.lines[:-1]]
        left, _, right, _ = shape.area or (0, 0, 0, 0)
        color = self._stage.theme.color(look.colour, _BAND_ALPHA)
        for first, second in zip(rows[::2], rows[1::2], strict=False):
            box = (left, min(first, second), right, max(first, second))
            painter.fillRect(_rect(box, places), color)

    def _paint_levels(self, painter: QPainter, places: Places, shape: Shape, drawing: Drawing) -> None:
        """``0.618  93,210.5`` left of each level, above it where there is no room; none over another."""
        letters, theme, before = face(Type.CAPTION_NUMBER), self._stage.theme, math.inf
        for line, words in zip(shape.lines, level_words(drawing, places), strict=False):
            left, row = line[0], line[1]
            width = letters.width(words)
            x, middle = (left - width - 6, row) if left - width - 6 >= 4 else (max(left, 4.0) + 2, row - 8)
            if not -_LINE_PX < middle < places.height + _LINE_PX or abs(middle - before) < _LEVEL_GAP_PX:
                continue
            before = middle
            plate = (x - 3, middle - 7, x + width + 3, middle + 7)
            painter.fillRect(_rect(plate, places), theme.color("background", _PLATE_ALPHA))
            letters.begin(painter, theme.color(_text_token(drawing.look.colour)))
            letters.draw(painter, x, middle, words)

    def _paint_text(self, painter: QPainter, shape: Shape, drawing: Drawing, is_marked: bool) -> None:
        theme, box = self._stage.theme, QRectF()
        if shape.area is not None:
            left, top, right, bottom = shape.area
            box = QRectF(left, top, right - left, bottom - top)
        paint_box(painter, box, theme.color("background", _PLATE_ALPHA))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_marked:
            painter.setPen(self._pen(drawing.look.colour, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        letters = face(Type.NUMBER)
        letters.begin(painter, theme.color(_text_token(drawing.look.colour)))
        letters.draw(painter, box.left() + 6, box.center().y(), drawing.text)

    def _paint_plate(self, painter: QPainter, places: Places, shape: Shape, drawing: Drawing) -> None:
        """Beyond the end of the move, held inside the pane."""
        lines = self._measured.get(drawing.id)
        if not lines or shape.area is None:
            return
        left, top, right, bottom = shape.area
        if right < 0 or left > places.width:
            return
        letters = face(Type.CAPTION_NUMBER)
        width = max(letters.width(words) for words in lines) + 2 * _PAD_PX
        height = len(lines) * _LINE_PX + _PAD_PX
        is_up = drawing.points[1].price >= drawing.points[0].price
        x = min(max((left + right - width) / 2, 4.0), places.width - width - 4)
        y = top - height - 6 if is_up else bottom + 6
        y = min(max(y, _LEGEND_PX), places.height - height - 4)
        paint_box(painter, QRectF(round(x), round(y), round(width), height), self._stage.theme.color("raised2", 0.94))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        letters.begin(painter, self._stage.theme.color("text"))
        for place, words in enumerate(lines):
            letters.draw(painter, round(x) + _PAD_PX, round(y) + _PAD_PX / 2 + (place + 0.5) * _LINE_PX, words)

    def _paint_handles(self, painter: QPainter, shape: Shape, drawing: Drawing, *, is_held: bool) -> None:
        """Rings at the corners; the one that the keys move is filled, a locked drawing has squares."""
        theme, corner = self._stage.theme, None if self.book is None else self.book.corner
        painter.setPen(self._pen("accent" if is_held and not drawing.is_locked else "muted", 1.5))
        for place, (x, y) in enumerate(shape.handles):
            painter.setBrush(theme.color("accent" if is_held and place == corner else "background"))
            box = QRectF(x - _HANDLE_PX, y - _HANDLE_PX, 2 * _HANDLE_PX, 2 * _HANDLE_PX)
            if drawing.is_locked:
                painter.drawRect(box)
            else:
                painter.drawEllipse(box)


def level_words(drawing: Drawing, places: Places) -> list[str]:
    """What stands at each Fibonacci level: its ratio and the price on the instrument's grid."""
    return [
        f"{ratio:g}  {text.price(places.price(price / places.tick), places.decimals)}"
        for ratio, price in fib_prices(*drawing.points)
    ]


def _text_token(token: str) -> str:
    return f"{token}_text" if token in ("up", "down", "accent") else token


def _rect(box: Box, places: Places) -> QRect:
    """An area on whole pixels, which are filled ten times as fast, and cut at the pane: Qt's numbers are small."""
    left, top = max(round(box[0]), -8), max(round(box[1]), -8)
    right, bottom = min(round(box[2]), round(places.width) + 8), min(round(box[3]), round(places.height) + 8)
    return QRect(left, top, max(0, right - left), max(0, bottom - top))


def _draw_line(painter: QPainter, places: Places, line: Segment, width: int) -> None:
    """The piece in view; level and upright lines stand on whole pixels."""
    piece = clipped(line, places.width, places.height)
    if piece is None:
        return
    x1, y1, x2, y2 = piece
    half = 0.5 if width % 2 else 0.0
    if y1 == y2:
        y1 = y2 = round(y1 - half) + half
    elif x1 == x2:
        x1 = x2 = round(x1 - half) + half
    painter.drawLine(QLineF(x1, y1, x2, y2))


def _draw_head(painter: QPainter, line: Segment) -> None:
    """An open arrow head at the end of a level or an upright line."""
    x1, y1, x2, y2 = line
    length = abs(x2 - x1) + abs(y2 - y1)
    if length < 2 * _HEAD_PX:
        return
    right, down = (x2 - x1) / length * _HEAD_PX, (y2 - y1) / length * _HEAD_PX
    tip = QPointF(x2, y2)
    painter.drawLine(tip, QPointF(x2 - right - down / 1.5, y2 - down - right / 1.5))
    painter.drawLine(tip, QPointF(x2 - right + down / 1.5, y2 - down + right / 1.5))
