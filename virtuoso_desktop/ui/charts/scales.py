"""The value scales: an item per pane that paints its level grid, its labels and its tags at the axis."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from virtuoso_desktop.model.study import Study
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts import steps
from virtuoso_desktop.ui.charts.arrays import RectArray
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.looks import pane_look
from virtuoso_desktop.ui.charts.stage import AXIS_PAD_PX, ChartItem, Pane, Stage
from virtuoso_desktop.ui.fonts import Type

TAG_PX = 18
TALL_TAG_PX = 32
TAG_RADIUS_PX = 2
_EDGE_PX = 8
"""Labels nearer to a pane's edge than this would be cut."""
_LABEL_HALF_PX = 9


class Tag(NamedTuple):
    """A filled box at the axis. ``middle`` in logical pixels of the pane; colours are tokens."""

    middle: float
    first: str
    second: str
    fill: str
    color: str
    second_color: str

    @property
    def height(self) -> int:
        return TALL_TAG_PX if self.second else TAG_PX


class _Label(NamedTuple):
    middle: float
    text: str


class ScaleContent(Protocol):
    """What a value scale shows."""

    @property
    def pane(self) -> Pane: ...

    def key(self) -> tuple[object, ...]:
        """Changes when the labels do."""
        ...

    def labels(self) -> list[tuple[int, str]]:
        """Rows of the pane (device pixels) and texts."""
        ...

    def tags(self) -> tuple[Tag, ...]:
        """Tags of this moment, the last one on top."""
        ...


class ValueScale(ChartItem):
    """Level grid, labels and tags of one pane; covers the pane and its piece of the axis."""

    def __init__(self, stage: Stage, content: ScaleContent) -> None:
        super().__init__(stage)
        self._content = content
        self._grid = RectArray()
        self._labels: list[_Label] = []
        self._key: tuple[object, ...] = ()
        self._tags: tuple[Tag, ...] = ()

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tags as painted last."""
        return self._tags

    def refresh(self, *, repaint: bool = True) -> None:
        """Place the tags of now; ask for a repaint of those that changed."""
        tags = self._content.tags()
        before, self._tags = self._tags, tags
        if not repaint or tags == before:
            return
        for tag in set(before).symmetric_difference(tags):
            self.ask(self._reach(tag))

    def _reach(self, tag: Tag) -> QRectF:
        """A tag's box with the labels that give way to it."""
        left = self._stage.logical(self._stage.layout.plot_width)
        half = tag.height / 2 + 2 * _LABEL_HALF_PX
        return QRectF(left, tag.middle - half, self._bounds.width() - left, 2 * half).intersected(self._bounds)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        self._rebuild()
        stage = self._stage
        layout, theme = stage.layout, stage.theme
        line = layout.line
        if not stage.is_partial:
            self.to_device(painter)
            self._draw_levels(painter)
            self.to_logical(painter)
        left = stage.logical(layout.plot_width)
        height = self._bounds.height()
        axis = QRectF(left, 0, self._bounds.width() - left, height)
        asked = self.asked_part(axis) if stage.is_partial else axis
        if asked.isEmpty():
            return
        painter.fillRect(QRectF(left, 0, line / layout.ratio, height), theme.color("line"))
        tags = self._tags
        caption = face(Type.CAPTION)
        caption.begin(painter, theme.color("muted"))
        first, last = asked.top() - _LABEL_HALF_PX, asked.bottom() + _LABEL_HALF_PX
        taken = [(tag.middle, tag.height / 2 + _LABEL_HALF_PX) for tag in tags]
        for middle, words in self._labels:
            if first <= middle <= last and not any(abs(middle - at) < reach for at, reach in taken):
                caption.draw(painter, left + AXIS_PAD_PX, middle, words)
        for tag in tags:
            self._paint_tag(painter, left, tag)

    def draw_grid(self, painter: QPainter) -> None:
        """Level lines of the plot, device pixels of the pane."""
        self._rebuild()
        self._draw_levels(painter)

    def _draw_levels(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._stage.theme.color("grid"))
        self._grid.draw(painter)

    def _rebuild(self) -> None:
        layout = self._stage.layout
        pane = self._content.pane
        key = (self._content.key(), layout.ratio, layout.plot_width, pane)
        if key == self._key:
            return
        self._key = key
        rows = self._content.labels()
        line = layout.line
        cells = self._grid.resize(len(rows))
        if rows:
            cells[:] = (0, 0, layout.plot_width, line)
            cells[:, 1] = [row for row, _ in rows]
        edge = _EDGE_PX * layout.ratio
        self._labels = [
            _Label(self._stage.logical(row), words) for row, words in rows if edge <= row <= pane.height - edge
        ]

    def _paint_tag(self, painter: QPainter, left: float, tag: Tag) -> None:
        theme = self._stage.theme
        box = QRectF(left + 1, tag.middle - tag.height / 2, self._bounds.width() - left - 2, tag.height)
        paint_box(painter, box, theme.color(tag.fill))
        x = left + AXIS_PAD_PX
        small, large = face(Type.CAPTION_NUMBER), face(Type.KEY)
        if not tag.second:
            small.begin(painter, theme.color(tag.color))
            small.draw(painter, x, tag.middle, tag.first)
            return
        large.begin(painter, theme.color(tag.color))
        large.draw(painter, x, tag.middle - 6.5, tag.first)
        small.begin(painter, theme.color(tag.second_color))
        small.draw(painter, x, tag.middle + 7.5, tag.second)


class VolumeContent:
    """Amounts of the volume pane; the crosshair's tag."""

    def __init__(self, stage: Stage, study: Study) -> None:
        self._stage = stage
        self._study = study

    @property
    def pane(self) -> Pane:
        return self._stage.layout.pane(self._study.name) or Pane(0, 1)

    def key(self) -> tuple[object, ...]:
        return (self._stage.model.volume_high, self._stage.model.is_empty)

    def labels(self) -> list[tuple[int, str]]:
        model, layout = self._stage.model, self._stage.layout
        if model.is_empty:
            return []
        height = self.pane.height
        step = steps.amount_step(model.volume_high * steps.PRICE_GAP_PX * 0.75 * layout.ratio / height)
        count = math.floor(model.volume_high / step)
        return [
            (round(height - index * step * height / model.volume_high), _amount(index * step))
            for index in range(1, count + 1)
        ]

    def tags(self) -> tuple[Tag, ...]:
        stage, hover = self._stage, self._stage.hover
        if stage.model.is_empty or hover is None or hover.y is None:
            return ()
        if not 0 <= hover.y - self.pane.top < self.pane.height:
            return ()
        amount = (self.pane.bottom - hover.y) * stage.model.volume_high / self.pane.height
        return (hover_tag(stage, self.pane, hover.y, text.compact(amount)),)


class StudyContent:
    """Values of an indicator's pane; a tag with the newest value, and the crosshair's."""

    def __init__(self, stage: Stage, study: Study) -> None:
        self._stage = stage
        self._study = study
        self._look = pane_look(study)

    @property
    def pane(self) -> Pane:
        return self._stage.layout.pane(self._study.name) or Pane(0, 1)

    @property
    def _edges(self) -> tuple[float, float]:
        return self._stage.model.panes.edges.get(self._study.name, (0.0, 1.0))

    def key(self) -> tuple[object, ...]:
        return (self._edges, self._stage.model.instrument, self._has_values)

    @property
    def _has_values(self) -> bool:
        """Whether there is a scale to tell: its own, or that of a line."""
        model, look = self._stage.model, self._look
        has_lines = look.fixed is not None or any(line.key in model.lines for line in look.lines)
        return has_lines and not model.is_empty

    def labels(self) -> list[tuple[int, str]]:
        if not self._has_values:
            return []
        low, high = self._edges
        height, ratio = self.pane.height, self._stage.layout.ratio
        values = list(self._look.labels)
        if not values:
            step = steps.amount_step((high - low) * steps.PRICE_GAP_PX * 0.75 * ratio / height)
            values = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
        rows = [(round((high - value) * height / (high - low)), self._axis_text(value)) for value in values]
        return [(row, words) for row, words in rows if 0 <= row < height]

    def tags(self) -> tuple[Tag, ...]:
        stage = self._stage
        if stage.model.is_empty or stage.is_muted:
            return ()
        low, high = self._edges
        height = self.pane.height
        tags: list[Tag] = []
        is_told = stage.model.newest is not None and (len(self._look.lines) == 1 or not self._look.as_bars)
        newest = stage.model.newest.lines.get(self._look.lines[0].key) if stage.model.newest and is_told else None
        if newest is not None:
            row = round(stage.logical((high - newest) * height / (high - low)))
            middle = inside(row, TAG_PX, stage.logical(height))
            tags.append(Tag(middle, self._words(newest), "", *self._tag_colors(newest)))
        hover = stage.hover
        if hover is not None and hover.y is not None and 0 <= hover.y - self.pane.top < height:
            value = high - (hover.y - self.pane.top) * (high - low) / height
            tags.append(hover_tag(stage, self.pane, hover.y, self._words(value)))
        return tuple(tags)

    def _tag_colors(self, value: float) -> tuple[str, str, str]:
        """A score beyond the thresholds takes its direction's colour."""
        if self._look.beyond is not None and value >= self._look.beyond[1]:
            return ("up_tag", "on_up", "on_up")
        if self._look.beyond is not None and value <= self._look.beyond[0]:
            return ("down_tag", "on_down", "on_down")
        return ("raised2", "text", "text")

    def _words(self, value: float) -> str:
        return self._stage.study_text(value, self._look)

    def _axis_text(self, value: float) -> str:
        return "0" if value == 0 else f"{value:g}" if self._look.labels else self._words(value)


def hover_tag(stage: Stage, pane: Pane, y: int, words: str) -> Tag:
    """The crosshair's tag."""
    middle = inside(stage.logical(y - pane.top), TAG_PX, stage.logical(pane.height))
    return Tag(middle, words, "", "raised2", "text", "text")


def inside(middle: float, tag_px: float, pane_px: float) -> float:
    """The nearest middle at which a tag does not reach beyond its pane."""
    return max(min(float(middle), pane_px - tag_px / 2), tag_px / 2)


def paint_box(painter: QPainter, box: QRectF, color: QColor) -> None:
    """A filled box with slightly rounded corners."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(box, TAG_RADIUS_PX, TAG_RADIUS_PX)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _amount(value: float) -> str:
    """An axis amount without needless digits: ``500``, ``2.5``, ``52K``."""
    if value >= 1000:
        words = text.compact(value)
        number, unit = words[:-1], words[-1]
        return (number.rstrip("0").rstrip(".") if "." in number else number) + unit
    return f"{value:g}"
