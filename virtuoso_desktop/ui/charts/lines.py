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

from virtuoso_desktop.ui.charts.across import across_of, session_of
from virtuoso_desktop.ui.charts.arrays import LineArray
from virtuoso_desktop.ui.charts.looks import HIGHLIGHT_WIDTH, SESSION
from virtuoso_desktop.ui.charts.rowscale import FAR, Scale
from virtuoso_desktop.ui.charts.series import THIN_LINE_WIDTH, THIN_SPACING, metrics_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.ui.charts.looks import LineLook
    from virtuoso_desktop.ui.charts.model import ChartModel
    from virtuoso_desktop.ui.theme import Theme

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DASH_PERIOD_PX = 6.0


class _Shape:
    """One line: segments, or dashes, and its pen."""

    def __init__(self) -> None:
        self.segments = LineArray()
        self._pen_key: tuple[object, ...] = ()
        self.drawn_pen = QPen()
        """As asked for last."""

    def pen(self, theme: Theme, look: LineLook, width: float) -> QPen:
        """The line's pen, ``width`` device pixels wide."""
        color = theme.color(look.token, look.alpha)
        key = (color.rgba(), width)
        if key != self._pen_key:
            self._pen_key = key
            self.drawn_pen = QPen(QBrush(color), width)
            self.drawn_pen.setCosmetic(True)
            self.drawn_pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return self.drawn_pen


class LineSet:
    """The lines of one pane and the areas between them."""

    def __init__(self) -> None:
        self._shapes: dict[str, _Shape] = {}
        self._looks: tuple[LineLook, ...] = ()
        self._has_session = False
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
        self._has_session = any(look.is_session for look in self._looks)
        self._areas = []
        count = model.bars.count - model.shows_newest
        for look in self._looks:
            if look.key not in self._shapes:
                self._shapes[look.key] = _Shape()
            self._shapes[look.key].segments.clear()
        if not self._looks or count < 2:
            return
        across = across_of(model, scale.ratio)
        x, key = across.x, across.key
        values = np.array([model.lines[look.key] for look in self._looks])[:, :count]
        y = scale.rows(values)
        is_value = np.isfinite(y)
        joined = across.touching & is_value[:, 1:] & is_value[:, :-1]
        is_unbroken = [across.is_whole and bool(row.all()) for row in is_value]
        within = across.within
        rows = {look.key: index for index, look in enumerate(self._looks)}
        for index, look in enumerate(self._looks):
            leads = joined[index] & within if look.is_session else joined[index]
            segments = self._shapes[look.key].segments
            if is_unbroken[index] and not (look.is_session or look.is_dashed):
                _fill_unbroken(segments, x, y[index])
            elif look.is_dashed:
                _fill_dashes(segments, x, y[index], leads, _dashing(model, scale.ratio), key)
            else:
                _fill_segments(segments, x, y[index], leads)
        for upper, lower, token, alpha in self._fills:
            if upper in rows and lower in rows:
                leads = joined[rows[upper]] & joined[rows[lower]] & (within if upper.startswith(SESSION) else True)
                self._areas += [(shape, token, alpha) for shape in _polygons(x, y[rows[upper]], y[rows[lower]], leads)]

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
        """The pieces that end at the newest candle, with the pens of `draw`."""
        if not self._looks or model.bars.count < 2:
            return
        before, newest = model.bars.key[-2:].tolist()
        if newest - before != 1.0:
            return
        zoom = model.time.zoom
        x2 = newest * zoom.spacing - model.time.left + metrics_of(zoom, scale.ratio).middle
        x1 = x2 - zoom.spacing
        breaks = self._has_session and session_of(model, before) != session_of(model, newest)
        if self._fills:
            self._draw_newest_areas(painter, model, scale, theme, (x1, x2, breaks))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        far = FAR * scale.height
        for look in self._looks:
            y1, y2 = model.lines[look.key][-2:].tolist()
            y1, y2 = scale.row(y1), scale.row(y2)
            if (breaks and look.is_session) or not (abs(y1) < far and abs(y2) < far):  # or a missing value
                continue
            painter.setPen(self._shapes[look.key].drawn_pen)
            if look.is_dashed:
                for line in _newest_dashes(QLineF(x1, y1, x2, y2), _dashing(model, scale.ratio), before):
                    painter.drawLine(line)
            else:
                painter.drawLine(QLineF(x1, y1, x2, y2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_newest_areas(
        self, painter: QPainter, model: ChartModel, scale: Scale, theme: Theme, span: tuple[float, float, bool]
    ) -> None:
        x1, x2, breaks = span
        painter.setPen(Qt.PenStyle.NoPen)
        for upper, lower, token, alpha in self._fills:
            if breaks and upper.startswith(SESSION):
                continue
            corners = (*_ends(model, upper, scale), *_ends(model, lower, scale))
            if all(math.isfinite(row) and abs(row) < FAR * scale.height for row in corners):
                painter.setBrush(theme.color(token, alpha))
                places = zip((x1, x2, x2, x1), (corners[0], corners[1], corners[3], corners[2]), strict=True)
                painter.drawPolygon(QPolygonF([QPointF(x, row) for x, row in places]))


def _width(look: LineLook, model: ChartModel, ratio: float) -> float:
    is_thin = model.time.zoom.spacing < THIN_SPACING and look.width < HIGHLIGHT_WIDTH
    return (min(look.width, THIN_LINE_WIDTH) if is_thin else look.width) * ratio


def _ends(model: ChartModel, key: str, scale: Scale) -> tuple[float, float]:
    """Rows of a line at the last bar but one and at the newest."""
    before, newest = model.lines[key][-2:].tolist()
    return scale.row(before), scale.row(newest)


class _Dashing(NamedTuple):
    """How a line is dashed at one zoom: so many dashes a segment, or so many segments a dash."""

    per_segment: int
    segments: int


def _dashing(model: ChartModel, ratio: float) -> _Dashing:
    """Dashes of about 3 pixels with gaps as long; their places depend on time alone, not on the view."""
    spacing = model.time.zoom.spacing / ratio
    return _Dashing(max(1, round(spacing / DASH_PERIOD_PX)), 1 if spacing >= 4 else max(1, round(3 / spacing)))


def _fill_unbroken(segments: LineArray, x: Floats, y: Floats) -> None:
    cells = segments.resize(len(x) - 1)
    cells[:, 0], cells[:, 1], cells[:, 2], cells[:, 3] = x[:-1], y[:-1], x[1:], y[1:]


def _fill_segments(segments: LineArray, x: Floats, y: Floats, joined: Flags) -> None:
    starts = joined.nonzero()[0]
    ends = starts + 1
    cells = segments.resize(len(starts))
    cells[:, 0], cells[:, 1], cells[:, 2], cells[:, 3] = x[starts], y[starts], x[ends], y[ends]


def _fill_dashes(segments: LineArray, x: Floats, y: Floats, joined: Flags, dashing: _Dashing, key: Floats) -> None:
    """Dashes along a line."""
    if dashing.segments > 1:
        joined = joined & (key[:-1] // dashing.segments % 2 == 0)
    starts = np.flatnonzero(joined)
    if dashing.segments > 1 or not len(starts):
        _fill_segments(segments, x, y, joined)
        return
    count = len(starts)
    cells = segments.resize(count * dashing.per_segment)
    x1, y1 = x[starts], y[starts]
    across, down = x[starts + 1] - x1, y[starts + 1] - y1
    for index in range(dashing.per_segment):
        begin, end = index / dashing.per_segment, (index + 0.5) / dashing.per_segment
        part = cells[index * count : (index + 1) * count]
        part[:, 0], part[:, 1] = x1 + begin * across, y1 + begin * down
        part[:, 2], part[:, 3] = x1 + end * across, y1 + end * down


def _newest_dashes(whole: QLineF, dashing: _Dashing, key: float) -> list[QLineF]:
    """The dashes of a segment; ``key`` of the bar that it begins at."""
    if dashing.segments > 1:
        return [whole] if key // dashing.segments % 2 == 0 else []
    steps = dashing.per_segment
    return [QLineF(whole.pointAt(index / steps), whole.pointAt((index + 0.5) / steps)) for index in range(steps)]


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
