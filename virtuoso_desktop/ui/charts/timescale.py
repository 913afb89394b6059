"""The time scale: one item that paints the upright grid, the time strip and the crosshair's time tag."""

from __future__ import annotations

import datetime as dt
import math
from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts import steps
from virtuoso_desktop.ui.charts.arrays import RectArray
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.scales import TAG_PX, paint_box
from virtuoso_desktop.ui.charts.series import metrics_of
from virtuoso_desktop.ui.charts.slots import open_of, slot_at
from virtuoso_desktop.ui.charts.stage import ChartItem, Pin, Stage
from virtuoso_desktop.ui.fonts import Type

_PLAIN_RANK = {"minutes": steps.TIME, "days": steps.DAY, "months": steps.MONTH}
_WORDS = {steps.TIME: text.clock, steps.DAY: text.day, steps.MONTH: text.month, steps.YEAR: text.year}
_TAG_PAD_PX = 8
_TAG_CLEAR_PX = 6


class _Mark(NamedTuple):
    """One labelled slot."""

    slot: int
    words: str
    is_key: bool
    """Something greater begins here: a day among hours, a year among months."""
    width: float


class TimeScale(ChartItem):
    """Upright grid through all panes, the time strip with its labels, the crosshair's time tag."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._grid = RectArray()
        self._labels: list[tuple[float, _Mark]] = []
        self._key: tuple[object, ...] = ()
        self._marks: list[_Mark] = []
        self._marks_key: tuple[object, ...] = ()
        self._marks_reach = (0, 0)
        self._tag = ""
        self._tag_box = QRectF()
        self._pins: tuple[tuple[str, QRectF, Pin], ...] = ()

    def refresh(self, *, repaint: bool = True) -> None:
        """Place the tags of the crosshair and of drawings; ask for a repaint of the strip when they changed."""
        hover = self._stage.hover
        tag, pins = self._make_tag(None if hover is None else hover.slot), self._make_pins()
        before = (self._tag, self._tag_box, self._pins)
        (self._tag, self._tag_box), self._pins = tag, pins
        if repaint and (*tag, pins) != before:
            strip = self._stage.layout.time
            self.ask_device(0, strip.top, self._stage.layout.width, strip.height)

    @property
    def tag(self) -> str:
        """The crosshair's time as placed last."""
        return self._tag

    @property
    def pinned(self) -> list[str]:
        """The times of drawings as placed last."""
        return [words for words, _, _ in self._pins]

    @property
    def labels(self) -> list[str]:
        """The labels as painted last."""
        return [mark.words for _, mark in self._labels]

    @property
    def key_labels(self) -> list[str]:
        """Those of them that stand out."""
        return [mark.words for _, mark in self._labels if mark.is_key]

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        stage = self._stage
        layout = stage.layout
        line = layout.line
        self.to_device(painter)
        if not stage.is_partial:
            self.draw_grid(painter, 0)
        for row in (*(pane.top - line for pane in layout.panes), layout.time.top - line):
            painter.fillRect(QRectF(0, row, layout.width, line), stage.theme.color("line"))
        self.to_logical(painter)
        top, height = stage.logical(layout.time.top), stage.logical(layout.time.height)
        if self.is_asked(QRectF(0, top, stage.logical(layout.width), height)):
            self._paint_strip(painter, top + height / 2)

    def draw_grid(self, painter: QPainter, top: int) -> None:
        """Upright lines in device pixels; ``top`` is the canvas row of the painter's origin."""
        self._rebuild()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._stage.theme.color("grid"))
        painter.translate(0, -top)
        self._grid.draw(painter)
        painter.translate(0, top)

    def _paint_strip(self, painter: QPainter, middle: float) -> None:
        self._rebuild()
        theme = self._stage.theme
        boxes = [box for _, box, _ in self._pins] + ([self._tag_box] if self._tag else [])
        taken = [box.adjusted(-_TAG_CLEAR_PX, 0, _TAG_CLEAR_PX, 0) for box in boxes]
        for is_key, role, token in ((False, Type.CAPTION, "muted"), (True, Type.CAPTION_KEY, "text")):
            letters = face(role)
            letters.begin(painter, theme.color(token))
            for left, mark in self._labels:
                if mark.is_key is is_key and (not taken or _is_clear(left, left + mark.width, taken)):
                    letters.draw(painter, left, middle, mark.words)
        for words, box, pin in self._pins:
            self._paint_tag(painter, words, box, pin.fill, pin.color)
        if self._tag:
            self._paint_tag(painter, self._tag, self._tag_box, "raised2", "text")

    def _paint_tag(self, painter: QPainter, words: str, box: QRectF, fill: str, color: str) -> None:
        paint_box(painter, box, self._stage.theme.color(fill))
        letters = face(Type.CAPTION_NUMBER)
        letters.begin(painter, self._stage.theme.color(color))
        letters.draw(painter, box.left() + _TAG_PAD_PX, box.center().y(), words)

    def _rebuild(self) -> None:
        stage = self._stage
        model, layout = stage.model, stage.layout
        key = (model.time.version, model.timeframe, stage.axis_zone, layout, model.is_empty)
        if key == self._key:
            return
        self._key = key
        self._labels = []
        if model.is_empty:
            self._grid.clear()
            return
        middle = metrics_of(model.time.zoom, layout.ratio).middle
        line = layout.line
        right = stage.logical(layout.plot_width) - 2
        lines: list[int] = []
        zoom, first = model.time.zoom, model.time.left - middle
        for mark in self._visible_marks():
            column = mark.slot * zoom.spacing if zoom.per_column == 1 else mark.slot // zoom.per_column
            x = column - first
            if not 0 <= x < layout.plot_width:
                continue
            lines.append(math.floor(x))
            left = round(stage.logical(x) - mark.width / 2)
            if left >= 2 and left + mark.width <= right:
                self._labels.append((left, mark))
        cells = self._grid.resize(len(lines))
        if lines:
            cells[:] = (0, 0, line, layout.time.top)
            cells[:, 0] = lines

    def _visible_marks(self) -> list[_Mark]:
        """Marks about the view, kept for a third of a view on either side so that a pan computes few."""
        stage = self._stage
        model = stage.model
        timeframe = model.timeframe
        assert timeframe is not None
        slot_ms = timeframe.duration_ms
        least_ms = model.time.zoom.slots_per_px * slot_ms * steps.TIME_GAP_PX * stage.layout.ratio
        step = steps.time_step(max(least_ms, slot_ms))
        first, last = math.floor(model.time.left_slot), math.ceil(model.time.right_slot)
        key = (step, stage.axis_zone, timeframe)
        if key != self._marks_key or first < self._marks_reach[0] or last > self._marks_reach[1]:
            room = (last - first) // 3
            self._marks_key = key
            self._marks_reach = (first - room, last + room)
            self._marks = self._make_marks(step)
        return self._marks

    def _make_marks(self, step: steps.TimeStep) -> list[_Mark]:
        stage = self._stage
        timeframe = stage.model.timeframe
        assert timeframe is not None
        is_years = step.unit == "months" and step.count >= 12
        plain_rank = steps.YEAR if is_years else _PLAIN_RANK[step.unit]
        from_ms, to_ms = (open_of(slot, timeframe) for slot in self._marks_reach)
        zone = stage.axis_zone
        marks = steps.time_marks(from_ms, to_ms, step, zone)
        return [_mark_of(mark, mark.rank > plain_rank, timeframe, zone) for mark in marks]

    def _make_pins(self) -> tuple[tuple[str, QRectF, Pin], ...]:
        """Times of drawings in view."""
        model = self._stage.model
        if not self._stage.pins or model.timeframe is None:
            return ()
        found: list[tuple[str, QRectF, Pin]] = []
        for pin in self._stage.pins:
            slot = None if pin.time_ms is None else slot_at(pin.time_ms, model.timeframe)
            if slot is not None and model.time.left_slot - 1 <= slot < model.time.right_slot:
                words, box = self._make_tag(slot)
                if words:
                    found.append((words, box, pin))
        return tuple(found)

    def _make_tag(self, slot: int | None) -> tuple[str, QRectF]:
        stage = self._stage
        model = stage.model
        open_ms = None if slot is None or model.is_empty else model.open_ms(slot)
        if open_ms is None or slot is None or model.timeframe is None:
            return "", QRectF()
        is_whole_day = model.timeframe.duration_ms >= DAY_MS
        words = text.bar_moment(open_ms, stage.axis_zone, is_whole_day=is_whole_day)
        width = math.ceil(face(Type.CAPTION_NUMBER).width(words)) + 2 * _TAG_PAD_PX
        x = stage.logical(model.time.column_of(slot) + metrics_of(model.time.zoom, stage.layout.ratio).middle)
        left = min(max(round(x - width / 2), 0), round(stage.logical(stage.layout.plot_width)) - width)
        top = stage.logical(stage.layout.time.top) + (stage.logical(stage.layout.time.height) - TAG_PX) / 2
        return words, QRectF(left, round(top), width, TAG_PX)


def _is_clear(left: float, right: float, taken: list[QRectF]) -> bool:
    """Whether a label stands clear of every tag."""
    return all(right < box.left() or left > box.right() for box in taken)


@lru_cache(maxsize=1024)
def _mark_of(mark: steps.TimeMark, is_key: bool, timeframe: Timeframe, zone: dt.tzinfo | None) -> _Mark:
    """The first candle that opens at the mark or after it carries the label."""
    slot = slot_at(mark.time_ms - 1, timeframe) + 1
    time_ms = open_of(slot, timeframe) if mark.rank == steps.TIME else mark.time_ms
    words = _WORDS[mark.rank](time_ms, zone)
    width = face(Type.CAPTION_KEY if is_key else Type.CAPTION).width(words)
    return _Mark(slot, words, is_key, width)
