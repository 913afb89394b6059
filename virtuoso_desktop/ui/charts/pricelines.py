"""Level lines of the bid, the ask, the mark and the index price, each with its word; the last price has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter, QPen

from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.stage import ChartItem
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from virtuoso_desktop.ui.charts.stage import Stage


class _Look(NamedTuple):
    """How a line is drawn; ``word`` stands at its left end."""

    title: str
    word: str = ""
    token: str = ""
    alpha: float = 0.7
    dash: tuple[float, float] = (1, 2)


PRICE_LINES = {
    "last": _Look("Last price"),
    "bid": _Look("Bid", "Bid", "up", 0.55, (6, 3)),
    "ask": _Look("Ask", "Ask", "down", 0.55, (6, 3)),
    "mark": _Look("Mark price", "Mark", "vwap"),
    "index": _Look("Index price", "Index", "muted"),
}
"""By name, in the order of menus."""
_OWN_LINES = frozenset({"last"})
"""Drawn by the price pane."""
_PLATE_ALPHA = 0.85
_LEFT_PX, _PAD_PX, _HALF_PX = 8, 4, 8
_TEXT_TOKENS = {"up": "up_text", "down": "down_text"}


class _Line(NamedTuple):
    """A line as it was placed: its row in device pixels of the pane, its price, and whether its word has room."""

    name: str
    row: int
    price: str
    has_word: bool


class PriceLines(ChartItem):
    """Over the candles, across the price pane; asks for a repaint of the lines that moved."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.lines: tuple[_Line, ...] = ()
        """As placed last."""

    def refresh(self, *, repaint: bool = True) -> None:
        """Place the lines of now."""
        before, self.lines = self.lines, self._placed()
        self.show_if(self._are_chosen)
        if repaint and self.lines != before:
            half = (_HALF_PX + 1) * self._stage.layout.ratio
            for line in set(before).symmetric_difference(self.lines):
                self.ask_device(0, line.row - half, self._stage.layout.plot_width, 2 * half)

    @property
    def _are_chosen(self) -> bool:
        return not self._stage.price_lines <= _OWN_LINES

    def _placed(self) -> tuple[_Line, ...]:
        stage = self._stage
        if not self._are_chosen or stage.model.is_empty or not stage.is_live:
            return ()
        scale = stage.price_scale
        found: list[_Line] = []
        for name in PRICE_LINES:
            ticks = getattr(stage.quotes, name, None) if name in stage.price_lines else None
            if ticks is None:
                continue
            row = round(scale.row(ticks))
            if 0 <= row < scale.height:
                clear = 2 * _HALF_PX * scale.ratio
                has_word = not any(abs(row - other.row) < clear for other in found if other.has_word)
                found.append(_Line(name, row, stage.price_text(ticks), has_word))
        return tuple(found)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        stage = self._stage
        color = stage.theme.color
        for line in self.lines:
            look = PRICE_LINES[line.name]
            self.to_device(painter)
            pen = QPen(color(look.token, look.alpha), stage.layout.line)
            pen.setDashPattern(list(look.dash))
            painter.setPen(pen)
            painter.drawLine(QLineF(0, line.row, stage.layout.plot_width, line.row))
            self.to_logical(painter)
            if line.has_word:
                self._draw_word(painter, look, line)

    def _draw_word(self, painter: QPainter, look: _Look, line: _Line) -> None:
        stage, letters = self._stage, face(Type.BADGE)
        words = f"{look.word} {line.price}"
        middle = stage.logical(line.row)
        box = QRectF(_LEFT_PX, middle - 7, letters.width(words) + 2 * _PAD_PX, 14)
        painter.fillRect(box, stage.theme.color("background", _PLATE_ALPHA))
        letters.begin(painter, stage.theme.color(_TEXT_TOKENS.get(look.token, look.token)))
        letters.draw(painter, box.left() + _PAD_PX, middle, words)
