"""The legends: the numbers of the candle under the crosshair, or of the newest one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, zip_longest
from math import ceil
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.charts.kept import Kept
from virtuoso_desktop.ui.charts.lettering import face, figureless
from virtuoso_desktop.ui.charts.stage import ChartItem, Stage
from virtuoso_desktop.ui.fonts import Type

LEFT_PX = 8
SWATCH_PX = 10
GROUP_GAP = 12
_CLOSE_PX = 9
_GAP = 5
_CLEAR = QColor(0, 0, 0, 0)


class Run(NamedTuple):
    """A piece of legend. ``swatch`` is a colour token of a short line before it, empty for none.

    ``entry`` names the study that it tells of: its runs can be pointed at, and closed.
    """

    words: str
    role: Type
    token: str
    gap: int = _GAP
    swatch: str = ""
    entry: str = ""


Groups = list[list[Run]]
Lines = list[tuple[float, list[Groups]]]
"""(middle, ways to say it) of every line: the first that fits is shown, of the last one what fits."""


_NOTHING = (QRectF(), Run("", Type.CAPTION, ""))


class Legend(ChartItem):
    """Lines of runs at a pane's upper left; only runs that changed are repainted.

    Parameters
    ----------
    stage : Stage
        Shared state.
    make_lines : callable
        What the legend says at this moment.
    """

    def __init__(self, stage: Stage, make_lines: Callable[[Stage], Lines]) -> None:
        super().__init__(stage)
        self._make_lines = make_lines
        self._placed: list[tuple[QRectF, Run]] = []
        self._key: tuple[object, ...] = ()
        self._shape: tuple[float, list[list[str]]] = (0.0, [])
        self._places: list[tuple[int, list[QRectF]]] = []
        self._parts: list[QRect] = []
        """What a repaint of each run touches."""
        self._height = 0.0
        self._kept = Kept()
        self._cross = QRectF()
        """Behind the words of the study that the mouse is on; empty for none."""

    @property
    def words(self) -> str:
        """What the legend says, in one line."""
        return " ".join(run.words for _, run in self._placed)

    def entry_at(self, place: QPointF) -> str:
        """The study whose words are at a place of the canvas (logical pixels), with the cross behind them."""
        inside = place - self._origin
        return next((name for name, box in self.entries.items() if box.contains(inside)), "")

    def is_cross(self, place: QPointF) -> bool:
        """Whether the cross of the pointed-at study is at a place of the canvas (logical pixels)."""
        return self._cross.isValid() and self._cross.adjusted(-2, -4, 2, 4).contains(place - self._origin)

    @property
    def entries(self) -> dict[str, QRectF]:
        """Boxes of the studies it tells of, with room for the cross."""
        found: dict[str, QRectF] = {}
        for box, run in self._placed:
            if run.entry:
                found[run.entry] = found.get(run.entry, QRectF()).united(box)
        return {name: box.adjusted(0, 0, GROUP_GAP, 0) for name, box in found.items()}

    def refresh(self, *, repaint: bool = True) -> None:
        """Say what holds now; ask for a repaint of the runs that changed."""
        key = self._current_key()
        if key == self._key:
            return
        self._key = key
        before, self._placed = self._placed, self._place()
        box = self.entries.get(self._stage.entry) if self._stage.entry else None
        cross, self._cross = self._cross, QRectF() if box is None else _cross(box)
        if not repaint:
            return
        if cross != self._cross:
            self.ask(cross.united(self._cross).adjusted(-1, -1, 1, 1))
        changed: dict[float, QRectF] = {}
        for (old_box, old), (box, run) in zip_longest(before, self._placed, fillvalue=_NOTHING):
            if (old_box, old) != (box, run):
                line = box.top() if box.isValid() else old_box.top()
                changed[line] = changed.get(line, QRectF()).united(old_box).united(box)
        for box in changed.values():
            self.ask(box)

    def _current_key(self) -> tuple[object, ...]:
        """Changes when what is said may change."""
        stage, model = self._stage, self._stage.model
        age = None if stage.seen_ms is None else text.age(stage.now_ms - stage.seen_ms)
        return (
            stage.shown_reading(),
            model.instrument,
            model.timeframe,
            model.is_empty,
            model.state,
            model.study_state,
            model.scores.reason,
            stage.choice.version,
            stage.entry,
            model.view_marks.poc,
            model.candle_type,
            stage.is_named_above,
            stage.layout.price.height,
            model.percent_base,
            tuple((each.name, each.is_known) for each in model.compared) if model.compared else (),
            age,
            self._bounds.width(),
        )

    def _place(self) -> list[tuple[QRectF, Run]]:
        lines = self._make_lines(self._stage)
        shape = (self._bounds.width(), [[run.words for group in ways[0] for run in group] for _, ways in lines])
        before, self._shape = self._shape, shape
        if shape[0] != before[0] or not _stand_alike(shape[1], before[1]):
            self._places = [self._place_line(middle, variants) for middle, variants in lines]
            # A pixel more: the origin may lie between two.
            self._parts = [box.toAlignedRect().adjusted(-1, -1, 1, 1) for _, boxes in self._places for box in boxes]
            self._height = max((box.bottom() for _, boxes in self._places for box in boxes), default=0.0)
        return [
            (box, run)
            for (_, variants), (chosen, boxes) in zip(lines, self._places, strict=True)
            for box, run in zip(boxes, chain.from_iterable(variants[chosen]), strict=False)
        ]

    def _place_line(self, middle: float, variants: list[Groups]) -> tuple[int, list[QRectF]]:
        """Which variant is shown, and where its runs stand as far as they fit."""
        room = self._bounds.width() - LEFT_PX
        widths = [LEFT_PX + groups_width(groups) for groups in variants]
        chosen = next((index for index, width in enumerate(widths) if width <= room), len(variants) - 1)
        boxes: list[QRectF] = []
        x = float(LEFT_PX)
        for group in variants[chosen]:
            if x + groups_width([group]) > room:
                break
            for index, run in enumerate(group):
                x += run.gap if index else 0
                width = _run_width(run)
                boxes.append(QRectF(x, middle - 9, width + 1, 18))
                x += width
            x += GROUP_GAP
        return chosen, boxes

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        stage = self._stage
        if not stage.is_partial and self._placed:
            ratio = stage.layout.ratio
            size = (ceil(self._bounds.width() * ratio), ceil(self._height * ratio))
            key = (self._key, stage.theme.version, ratio)
            if self._kept.is_ready(key, size, ratio, _CLEAR, self._draw):
                painter.drawPixmap(0, 0, self._kept.pixmap)
                return
        asked = stage.exposed.translated(-self._origin.toPoint())
        whole = QRect(0, 0, ceil(self._bounds.width()), ceil(self._height) + 1)
        if asked.intersects(whole):
            for (box, run), part in zip(self._placed, self._parts, strict=True):
                if asked.intersects(part):
                    self._draw_run(painter, box, run)
        self._draw_cross(painter)

    def _draw_cross(self, painter: QPainter) -> None:
        """A cross behind the words of the study that the mouse is on."""
        if self._cross.isValid():
            icons.paint(painter, "x", self._cross, self._stage.theme.color("text"))

    def _draw(self, painter: QPainter) -> None:
        for box, run in self._placed:
            self._draw_run(painter, box, run)
        self._draw_cross(painter)

    def _draw_run(self, painter: QPainter, box: QRectF, run: Run) -> None:
        color = self._stage.theme.color
        x, middle = box.x(), box.y() + 9
        if run.swatch:
            painter.fillRect(QRectF(x, middle - 1, SWATCH_PX, 2), color(run.swatch))
            x += SWATCH_PX + _GAP
        letters = face(run.role)
        letters.begin(painter, color(run.token))
        letters.draw(painter, x, middle, run.words)


def _stand_alike(lines: list[list[str]], before: list[list[str]]) -> bool:
    """Whether the texts of every line stand where they stood: they differ in figures only."""
    if len(lines) != len(before):
        return False
    for words, old_words in zip(lines, before, strict=True):
        if len(words) != len(old_words):
            return False
        for word, old in zip(words, old_words, strict=True):
            if word != old and figureless(word) != figureless(old):
                return False
    return True


def groups_width(groups: Groups) -> float:
    """Logical pixels of some groups in one line."""
    runs = sum(_run_width(run) for group in groups for run in group)
    gaps = sum(run.gap for group in groups for run in group[1:])
    return runs + gaps + GROUP_GAP * (len(groups) - 1)


def _run_width(run: Run) -> float:
    return face(run.role).width(run.words) + (SWATCH_PX + _GAP if run.swatch else 0)


def _cross(box: QRectF) -> QRectF:
    return QRectF(box.right() - GROUP_GAP + 2, box.center().y() - _CLOSE_PX / 2, _CLOSE_PX, _CLOSE_PX)
