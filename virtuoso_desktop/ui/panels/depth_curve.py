"""The depth curve: how much is bid and offered up to a distance from the middle, both sides to the same distance."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.engine.desk_views import size_unit
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.desk_views import DepthView
    from virtuoso_desktop.ui.theme import Theme

HEAD_PX, FOOT_PX, SIDE_PX = 24, 18, 12
FILL_RATIO = 0.16
LINE_PX = 1.25
LOW_PX = 110
"""Lower than this, the line of distances gives way."""


class DepthCurve(QWidget):
    """Stepped curves of both sides, the middle dashed; grey when the book is old.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view: DepthView | None = None
        self._is_live = False
        self._painted_ns = 0
        self.setMinimumWidth(160)
        self.setAccessibleName("Depth curve")

    def show_depth(self, view: DepthView | None, *, is_live: bool) -> None:
        """Draw another book."""
        if view is self._view and is_live == self._is_live:
            return
        self._view, self._is_live = view, is_live
        self.setAccessibleDescription(self._spoken())
        self.update()

    @property
    def view(self) -> DepthView | None:
        """What is drawn."""
        return self._view

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call."""
        spent, self._painted_ns = self._painted_ns, 0
        return spent

    def _spoken(self) -> str:
        view = self._view
        if view is None or not view.bid_sizes:
            return "no order book"
        unit = size_unit(view.instrument)
        return (
            f"within {text.bps(view.span_bps)} bps of the middle {text.compact(view.bid_sizes[-1])} {unit} are bid, "
            f"{text.compact(view.ask_sizes[-1])} {unit} are offered"
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        begun_ns = perf_counter_ns()
        painter = QPainter(self)
        theme, view = self._theme, self._view
        painter.fillRect(self.rect(), theme.color("background"))
        painter.fillRect(0, 0, 1, self.height(), theme.color("hair"))
        if view is None or not view.bid_sizes or view.span_bps is None:
            words = (Word("Depth", Type.CAPTION, "muted"), Word(text.DASH, Type.CAPTION, "muted", gap=6))
            paint_words(painter, theme, words, QRectF(SIDE_PX, 0, self.width() - 2 * SIDE_PX, HEAD_PX))
        else:
            foot = FOOT_PX if self.height() >= LOW_PX else 0
            plot = QRectF(1, HEAD_PX, self.width() - 1, self.height() - HEAD_PX - foot)
            self._paint_words(painter, view, plot, has_foot=foot > 0)
            self._paint_curves(painter, view, plot)
        painter.end()
        self._painted_ns += perf_counter_ns() - begun_ns

    def _paint_words(self, painter: QPainter, view: DepthView, plot: QRectF, *, has_foot: bool) -> None:
        theme = self._theme
        unit = size_unit(view.instrument)
        room = self.width() - 2 * SIDE_PX
        span = f"\u00b1{text.bps(view.span_bps)} bps"
        head = (Word("Depth", Type.CAPTION, "muted"), Word(span, Type.CAPTION_NUMBER, gap=4))
        paint_words(painter, theme, head, QRectF(SIDE_PX, 0, room, HEAD_PX))
        scale = (Word(f"{text.compact(_largest(view))} {unit}", Type.CAPTION, "muted"),)
        left = self.width() - SIDE_PX - words_width(scale)
        if left > SIDE_PX + words_width(head) + 8:
            paint_words(painter, theme, scale, QRectF(left, 0, words_width(scale) + 1, HEAD_PX))
        if not has_foot:
            return
        price = text.price(view.mid, view.instrument.price_decimals + 1)
        middle = (Word(price, Type.CAPTION_NUMBER, "text" if self._is_live else "muted"),)
        ends = (f"{text.MINUS}{text.bps(view.span_bps)}", f"+{text.bps(view.span_bps)}")
        lower = QRectF(SIDE_PX, plot.bottom(), room, FOOT_PX)
        paint_words(painter, theme, (Word(ends[0], Type.CAPTION, "muted"),), lower)
        right = (Word(ends[1], Type.CAPTION, "muted"),)
        paint_words(painter, theme, right, lower.adjusted(room - words_width(right), 0, 1, 0))
        paint_words(painter, theme, middle, lower.adjusted((room - words_width(middle)) / 2, 0, 0, 0))

    def _paint_curves(self, painter: QPainter, view: DepthView, plot: QRectF) -> None:
        theme = self._theme
        centre = round(plot.center().x()) + 0.5
        most = _largest(view)
        if most <= 0:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for sizes, sign, token in ((view.bid_sizes, -1, "up"), (view.ask_sizes, 1, "down")):
            colour = token if self._is_live else "muted"
            line = _steps(sizes, most, QPointF(centre, plot.bottom()), sign, plot)
            area = QPolygonF(line)
            area.append(QPointF(line[-1].x(), plot.bottom()))
            area.append(QPointF(centre, plot.bottom()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(colour, FILL_RATIO))
            painter.drawPolygon(area)
            painter.setPen(QPen(theme.color(colour), LINE_PX))
            painter.drawPolyline(QPolygonF(line))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(theme.color("muted"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(centre, plot.top()), QPointF(centre, plot.bottom()))
        painter.fillRect(QRectF(plot.left(), plot.bottom() - 1, plot.width(), 1), theme.color("hair"))


def _largest(view: DepthView) -> float:
    return max(view.bid_sizes[-1], view.ask_sizes[-1])


def _steps(sizes: Sequence[float], most: float, origin: QPointF, sign: int, plot: QRectF) -> list[QPointF]:
    """The stepped line of one side, from the middle outwards."""
    step = (plot.width() / 2 - 2) / len(sizes) * sign
    height = plot.height() - 4
    points = [QPointF(origin)]
    x, before = origin.x(), -1.0
    for place, size in enumerate(sizes):
        if size != before:
            y = origin.y() - size / most * height
            points += (QPointF(x, points[-1].y()), QPointF(x, y))
            before = size
        x = origin.x() + (place + 1) * step
    points.append(QPointF(x, points[-1].y()))
    return points
