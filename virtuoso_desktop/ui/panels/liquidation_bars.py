"""Liquidated longs and shorts by minute: shorts upwards, longs downwards, and where nobody listened a hatch."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.desk_views import LiquidationMinute, LiquidationsView
    from virtuoso_desktop.ui.theme import Theme

LINE_PX, SIDE_PX, AXIS_PX, FOOT_PX = 20, 12, 44, 18
HATCH_RATIO, HATCH_PX = 0.16, 8
LOW_PX = 130
"""Lower than this, the second line of words and the times give way."""


def method_words(view: LiquidationsView, now_ms: int) -> str:
    """How these are known, and how much of them."""
    if view.covered_from_ms is None:
        return "heard of as soon as the stream is connected"
    until_ms = now_ms if view.heard_until_ms is None else view.heard_until_ms
    said = f"every one that the exchange tells, heard for {text.age(until_ms - view.covered_from_ms)}"
    if view.heard_until_ms is not None:
        said += f", not for the last {text.age(now_ms - view.heard_until_ms)}"
    if view.gaps:
        said += f", {view.gaps} {'interruption' if view.gaps == 1 else 'interruptions'}"
    return said


def uncovered_runs(minutes: Sequence[LiquidationMinute]) -> list[tuple[int, int]]:
    """Stretches [first, after) of minutes in which nobody listened."""
    runs: list[tuple[int, int]] = []
    for place, minute in enumerate(minutes):
        if minute.is_covered:
            continue
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


class LiquidationBars(QWidget):
    """The last hour.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view: LiquidationsView | None = None
        self._method = ""
        self._painted_ns = 0
        self.setAccessibleName("Liquidations by minute")

    def show_minutes(self, view: LiquidationsView | None, now_ms: int) -> None:
        """Draw another hour."""
        self._view = view
        self._method = "" if view is None else method_words(view, now_ms)
        said = "" if view is None else (
            f"last hour: shorts {text.compact(view.shorts)}, longs {text.compact(view.longs)}; {self._method}"
        )  # fmt: skip
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
            self.setToolTip(f"{said}\nOf all sizes. Values at the bankruptcy price. Hatched: nobody listened.")
        self.update()

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call."""
        spent, self._painted_ns = self._painted_ns, 0
        return spent

    def paintEvent(self, _event: QPaintEvent) -> None:
        begun_ns = perf_counter_ns()
        painter, theme, view = QPainter(self), self._theme, self._view
        painter.fillRect(self.rect(), theme.color("background"))
        painter.fillRect(0, 0, 1, self.height(), theme.color("hair"))
        is_high = self.height() >= LOW_PX
        top = self._paint_words(painter, view, is_high=is_high)
        if view is not None and view.minutes:
            foot = FOOT_PX if is_high else 4
            plot = QRectF(SIDE_PX, top, self.width() - SIDE_PX - AXIS_PX, self.height() - top - foot)
            self._paint_bars(painter, view.minutes, plot)
            if is_high:
                self._paint_times(painter, view.minutes, plot)
        painter.end()
        self._painted_ns += perf_counter_ns() - begun_ns

    def _paint_words(self, painter: QPainter, view: LiquidationsView | None, *, is_high: bool) -> float:
        theme, room = self._theme, self.width() - 2 * SIDE_PX
        known = view is not None and view.covered_from_ms is not None
        shorts = text.compact(view.shorts if view is not None and known else None)
        longs = text.compact(view.longs if view is not None and known else None)
        totals = (
            Word("Last hour: shorts", Type.CAPTION, "muted"),
            Word(f"\u25b2 {shorts}", Type.CAPTION_NUMBER, "up_text", gap=4),
            Word("longs", Type.CAPTION, "muted", gap=10),
            Word(f"\u25bc {longs}", Type.CAPTION_NUMBER, "down_text", gap=4),
        )
        paint_words(painter, theme, totals, QRectF(SIDE_PX, 2, room, LINE_PX))
        if not is_high:
            return LINE_PX + 4
        method = (Word(self._method, Type.CAPTION, "muted"),)
        paint_words(painter, theme, method, QRectF(SIDE_PX, LINE_PX, room, LINE_PX))
        return 2 * LINE_PX + 4

    def _paint_bars(self, painter: QPainter, minutes: tuple[LiquidationMinute, ...], plot: QRectF) -> None:
        theme = self._theme
        most = max(max(minute.longs, minute.shorts) for minute in minutes)
        middle = round(plot.center().y())
        step = plot.width() / len(minutes)
        for first, after in uncovered_runs(minutes):
            self._paint_hatch(
                painter, QRectF(plot.left() + first * step, plot.top(), (after - first) * step, plot.height())
            )
        half = plot.height() / 2 - 2
        for place, minute in enumerate(minutes):
            left = plot.left() + place * step
            wide = max(1.0, step - 1)
            for value, token, sign in ((minute.shorts, "up", -1), (minute.longs, "down", 1)):
                if value and most:
                    high = max(1.0, value / most * half)
                    top = middle - high if sign < 0 else middle + 1
                    painter.fillRect(QRectF(left, top, wide, high), theme.color(token))
        painter.fillRect(QRectF(plot.left(), middle, plot.width(), 1), theme.color("line"))
        if most:
            label = (Word(text.compact(most), Type.CAPTION, "muted"),)
            for y in (plot.top(), plot.bottom() - 14):
                paint_words(painter, theme, label, QRectF(plot.right() + 6, y, AXIS_PX - 6, 14))

    def _paint_hatch(self, painter: QPainter, rect: QRectF) -> None:
        """Lines of 45 degrees in one call: a pattern brush costs ten times as much."""
        high = rect.height()
        lines = [
            QLineF(x, rect.bottom(), x + high, rect.top())
            for x in range(round(rect.left() - high), round(rect.right()), HATCH_PX)
        ]
        painter.save()
        painter.setClipRect(rect)
        painter.setPen(QPen(self._theme.color("muted", HATCH_RATIO), 1))
        painter.drawLines(lines)
        painter.restore()

    def _paint_times(self, painter: QPainter, minutes: tuple[LiquidationMinute, ...], plot: QRectF) -> None:
        step = plot.width() / len(minutes)
        for place, minute in enumerate(minutes):
            if minute.open_ms // 60_000 % 15:
                continue
            said = (Word(text.clock(minute.open_ms, None), Type.CAPTION, "muted"),)
            wide = words_width(said)
            left = plot.left() + place * step
            if left + wide <= plot.right():
                paint_words(painter, self._theme, said, QRectF(left, plot.bottom(), wide + 1, FOOT_PX))
