"""The lines of one pane as shape arrays in device pixels, and faint areas between two of them.

What stands still is computed once per slice and scale; the segment that ends at the newest candle is drawn apart.
Dashes are computed too: they stand still while the view moves, and Qt draws them as fast as any line.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyqtgraph.functions as pgf
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF

from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.ui.charts.arrays import LineArray
from virtuoso_desktop.ui.charts.looks import HIGHLIGHT_WIDTH
from virtuoso_desktop.ui.charts.series import THIN_LINE_WIDTH, THIN_SPACING, columns_of, metrics_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.ui.charts.looks import LineLook
    from virtuoso_desktop.ui.charts.model import ChartModel
    from virtuoso_desktop.ui.theme import Theme

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_FAR = 4.0


class Scale(NamedTuple):
    """How values become rows of a pane: its upper edge, the range across it, its height in device pixels."""

    upper: float
    span: float
    height: int
    ratio: float

    def row(self, value: float) -> float:
        """Device pixels from the pane's upper edge."""
        return (self.upper - value) * self.height / self.span


class _Shape:
    """One line: segments, or dashes, and its pen."""

    def __init__(self) -> None:
        self.segments = LineArray()
        self._pen_key: tuple[object, ...] = ()
        self._pen = QPen()

    def pen(self, theme: Theme, look: LineLook, width: float) -> QPen:
        """The line's pen, ``width`` device pixels wide."""
        color = theme.color(look.token, look.alpha)
        key = (color.rgba(), width)
        if key != self._pen_key:
            self._pen_key = key
            self._pen = QPen(QBrush(color), width)
            self._pen.setCosmetic(True)
            self._pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return self._pen


class LineSet:
    """The lines of one pane and the areas between them."""

    def __init__(self) -> None:
        self._shapes: dict[str, _Shape] = {}
        self._looks: tuple[LineLook, ...] = ()
        self._areas: list[tuple[QPolygonF, str, float]] = []
        self._fills: tuple[tuple[str, str, str, float], ...] = ()

    def rebuild(
        self,
        model: ChartModel,
        scale: Scale,
        looks: Iterable[LineLook],
        fills: Iterable[tuple[str, str, str, float]] = (),
    ) -> None:
        """Compute everything but the segments that end at the newest candle."""
        self._looks = tuple(look for look in looks if look.key in model.lines)
        self._fills = tuple(fill for fill in fills if fill[0] in model.lines and fill[1] in model.lines)
        self._areas = []
        count = model.bars.count - model.shows_newest
        for look in self._looks:
            self._shapes.setdefault(look.key, _Shape()).segments.clear()
        if not self._looks or count < 2:
            return
        key = model.bars.key[:count]
        x = columns_of(model)[:count] + metrics_of(model.time.zoom, scale.ratio).middle
        values = np.array([model.lines[look.key] for look in self._looks])[:, :count]
        y = rows_of(values, scale.upper, scale.height / scale.span, scale.height)
        is_value = np.isfinite(y)
        touching = are_touching(key)
        joined = touching & is_value[:, 1:] & is_value[:, :-1]
        within = touching & is_same_session(model, key) if any(look.is_session for look in self._looks) else touching
        rows = {look.key: index for index, look in enumerate(self._looks)}
        for index, look in enumerate(self._looks):
            leads = joined[index] & within if look.is_session else joined[index]
            cells = _dashes(x, y[index], leads, look.dash, model.time.left, scale.ratio) if look.dash[0] else None
            self._fill_segments(self._shapes[look.key].segments, x, y[index], leads, cells)
        for upper, lower, token, alpha in self._fills:
            if upper in rows and lower in rows:
                leads = joined[rows[upper]] & joined[rows[lower]] & (within if upper.startswith("vwap") else True)
                self._areas += [(shape, token, alpha) for shape in _polygons(x, y[rows[upper]], y[rows[lower]], leads)]

    @staticmethod
    def _fill_segments(segments: LineArray, x: Floats, y: Floats, joined: Flags, dashes: Floats | None) -> None:
        if dashes is not None:
            segments.resize(len(dashes))[:] = dashes
        elif joined.all():
            cells = segments.resize(len(joined))
            cells[:, 0], cells[:, 1], cells[:, 2], cells[:, 3] = x[:-1], y[:-1], x[1:], y[1:]
        else:
            starts = np.flatnonzero(joined)
            ends = starts + 1
            cells = segments.resize(len(starts))
            cells[:, 0], cells[:, 1], cells[:, 2], cells[:, 3] = x[starts], y[starts], x[ends], y[ends]

    # --- painting ------------------------------------------------------------------------------------------------

    def draw_areas(self, painter: QPainter, theme: Theme) -> None:
        """The faint areas, under everything."""
        if self._areas:
            painter.setPen(Qt.PenStyle.NoPen)
            for shape, token, alpha in self._areas:
                painter.setBrush(theme.color(token, alpha))
                painter.drawPolygon(shape)

    def draw(self, painter: QPainter, model: ChartModel, theme: Theme, ratio: float) -> None:
        """All lines."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for look in self._looks:
            shape = self._shapes[look.key]
            painter.setPen(shape.pen(theme, look, _width(look, model, ratio)))
            shape.segments.draw(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def draw_newest(self, painter: QPainter, model: ChartModel, scale: Scale, theme: Theme) -> None:
        """The pieces that end at the newest candle."""
        span = _newest_span(model, scale)
        if span is None:
            return
        x1, x2, is_same_day = span
        if self._fills:
            painter.setPen(Qt.PenStyle.NoPen)
        for upper, lower, token, alpha in self._fills:
            if is_same_day or not upper.startswith("vwap"):
                corners = (*_ends(model, upper, scale), *_ends(model, lower, scale))
                if all(math.isfinite(row) and abs(row) < _FAR * scale.height for row in corners):
                    painter.setBrush(theme.color(token, alpha))
                    places = zip((x1, x2, x2, x1), (corners[0], corners[1], corners[3], corners[2]), strict=True)
                    painter.drawPolygon(QPolygonF([QPointF(x, row) for x, row in places]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        far = _FAR * scale.height
        for look in self._looks:
            y1, y2 = _ends(model, look.key, scale)
            if (look.is_session and not is_same_day) or not (abs(y1) < far and abs(y2) < far):  # or a missing value
                continue
            painter.setPen(self._shapes[look.key].pen(theme, look, _width(look, model, scale.ratio)))
            for line in _newest_pieces(QLineF(x1, y1, x2, y2), look, model.time.left, scale.ratio):
                painter.drawLine(line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _width(look: LineLook, model: ChartModel, ratio: float) -> float:
    is_thin = model.time.zoom.spacing < THIN_SPACING and look.width < HIGHLIGHT_WIDTH
    return (min(look.width, THIN_LINE_WIDTH) if is_thin else look.width) * ratio


def _newest_span(model: ChartModel, scale: Scale) -> tuple[float, float, bool] | None:
    """Left and right end of the newest segment, and whether both are of one UTC day; None where there is none."""
    if model.bars.count < 2 or not model.shows_newest:
        return None
    before, newest = model.bars.key[-2:].tolist()
    if newest - before != 1.0:
        return None
    zoom = model.time.zoom
    x2 = newest * zoom.spacing - model.time.left + metrics_of(zoom, scale.ratio).middle
    return x2 - zoom.spacing, x2, session_of(model, before) == session_of(model, newest)


def _ends(model: ChartModel, key: str, scale: Scale) -> tuple[float, float]:
    """Rows of a line at the last bar but one and at the newest."""
    before, newest = model.lines[key][-2:].tolist()
    return scale.row(before), scale.row(newest)


def _newest_pieces(whole: QLineF, look: LineLook, left: int, ratio: float) -> Iterable[QLineF]:
    """The segment, or its dashes."""
    if not look.dash[0]:
        return (whole,)
    on, period = look.dash[0] * ratio, sum(look.dash) * ratio
    slope = whole.dy() / whole.dx()
    pieces: list[QLineF] = []
    for index in range(math.floor((whole.x1() + left) / period), math.ceil((whole.x2() + left) / period)):
        begin = max(index * period - left, whole.x1())
        end = min(index * period - left + on, whole.x2())
        if begin < end:
            y = whole.y1() + (begin - whole.x1()) * slope
            pieces.append(QLineF(begin, y, end, y + (end - begin) * slope))
    return pieces


def _dashes(x: Floats, y: Floats, joined: Flags, dash: tuple[float, float], left: int, ratio: float) -> Floats:
    """Dashes along a line, shape (n, 4); their places depend on time alone, not on the view."""
    period, on = (dash[0] + dash[1]) * ratio, dash[0] * ratio
    starts = np.arange(math.floor((x[0] + left) / period), math.ceil((x[-1] + left) / period)) * period - left
    starts, ends = np.clip(starts, x[0], x[-1]), np.clip(starts + on, x[0], x[-1])
    first = np.clip(np.searchsorted(x, starts, side="right") - 1, 0, len(joined) - 1)
    last = np.clip(np.searchsorted(x, ends, side="left") - 1, 0, len(joined) - 1)
    whole = joined[first] & joined[last] & (ends > starts)
    starts, ends = starts[whole], ends[whole]
    cells = np.empty((len(starts), 4))
    cells[:, 0], cells[:, 2] = starts, ends
    cells[:, 1], cells[:, 3] = np.interp(starts, x, y), np.interp(ends, x, y)
    return cells[np.isfinite(cells).all(axis=1)]


def _polygons(x: Floats, upper: Floats, lower: Floats, joined: Flags) -> list[QPolygonF]:
    """One polygon for every unbroken run of two lines."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], joined, [False])).astype(np.int8)))
    found: list[QPolygonF] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        part = slice(begin, end + 1)
        found.append(
            pgf.arrayToQPolygonF(
                np.concatenate((x[part], x[part][::-1])), np.concatenate((upper[part], lower[part][::-1]))
            )
        )
    return found


def are_touching(key: Floats) -> Flags:
    """Whether each bar and the next are neighbours: lines do not run over a gap."""
    return key[1:] - key[:-1] == 1.0


def is_same_session(model: ChartModel, key: Floats) -> Flags:
    """Whether each bar and the next are of one UTC day."""
    slot_ms = 0 if model.timeframe is None else model.timeframe.duration_ms
    session = np.floor(((key + 1) * model.time.zoom.per_column - 1) * slot_ms / DAY_MS)
    return session[1:] == session[:-1]


def session_of(model: ChartModel, key: float) -> int:
    """UTC day of the last slot of a column."""
    slot_ms = 0 if model.timeframe is None else model.timeframe.duration_ms
    return int(((key + 1) * model.time.zoom.per_column - 1) * slot_ms // DAY_MS)
