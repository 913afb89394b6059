"""A drawing as lines and boxes in logical pixels: painted from these, and found under the mouse. No Qt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.ui.charts.drawing.figures import Kind, corners, fib_prices

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.drawing.figures import Drawing
    from virtuoso_desktop.ui.charts.drawing.places import Places

REACH_PX = 6.0
"""A line is under the mouse when it is this near."""
HANDLE_REACH_PX = 8.0
TEXT_PX = 20.0
_EDGE_PX = 14.0
_FAR_PX = 1e7

Segment = tuple[float, float, float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Shape(NamedTuple):
    """``lines`` can be taken hold of; ``area`` is filled, and counts as the drawing where `is_solid`."""

    lines: tuple[Segment, ...]
    handles: tuple[tuple[float, float], ...]
    area: Box | None = None
    is_solid: bool = False


class Hit(NamedTuple):
    """``corner`` of `figures.corners`, None for the drawing as a whole."""

    drawing: Drawing
    corner: int | None


def shape_of(drawing: Drawing, places: Places, words_px: float = 0.0) -> Shape:
    """Lines, handles and area of a drawing; ``words_px`` is the width of its text."""
    handles = tuple(_near(places.xy(point)) for point in corners(drawing))
    if drawing.kind is Kind.LEVEL:
        return _level(handles[0], places.width)
    if drawing.kind is Kind.TEXT:
        x, y = handles[0]
        return Shape((), handles, (x, y - TEXT_PX / 2, x + words_px + 12, y + TEXT_PX / 2), is_solid=True)
    (x1, y1), (x2, y2) = handles[:2]
    if drawing.kind is Kind.TREND:
        return Shape(((x1, y1, x2, y2),), handles)
    if drawing.kind is Kind.RAY:
        return Shape((_onwards(x1, y1, x2, y2, places),), handles)
    left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    area = (left, top, right, bottom)
    if drawing.kind is Kind.FIB:
        rows = (_near((0.0, places.y(price)))[1] for _, price in fib_prices(*drawing.points))
        return Shape((*((left, row, right, row) for row in rows), (x1, y1, x2, y2)), handles, area)
    if drawing.kind is Kind.MEASURE:
        middle, row = (left + right) / 2, (top + bottom) / 2
        return Shape(((middle, y1, middle, y2), (x1, row, x2, row)), handles, area, is_solid=True)
    edges = (
        (left, top, right, top),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
        (right, top, right, bottom),
    )
    return Shape(edges, handles, area)


def _level(handle: tuple[float, float], width: float) -> Shape:
    """Its handle stays in view: only the height counts."""
    x, y = handle
    return Shape(((0.0, y, width, y),), ((min(max(x, _EDGE_PX), width - _EDGE_PX), y),))


def _near(place: tuple[float, float]) -> tuple[float, float]:
    """Far out of view is far enough: what is painted stays in the range of its numbers."""
    x, y = place
    return min(max(x, -_FAR_PX), _FAR_PX), min(max(y, -_FAR_PX), _FAR_PX)


def _onwards(x1: float, y1: float, x2: float, y2: float, places: Places) -> Segment:
    """From the first place through the second one to beyond the edge of the view."""
    across, down = x2 - x1, y2 - y1
    length = math.hypot(across, down)
    if length == 0:
        return x1, y1, x2, y2
    far = (abs(x1) + abs(y1) + places.width + places.height) / length + 1
    return x1, y1, x1 + across * far, y1 + down * far


def clipped(line: Segment, width: float, height: float) -> Segment | None:
    """The piece of a line inside the pane, with a few pixels around it; None where there is none.

    Liang and Barsky (1984): a dashed line that runs far out of view would be dashed all the way.
    """
    x1, y1, x2, y2 = line
    across, down = x2 - x1, y2 - y1
    begin, end = 0.0, 1.0
    for way, room in ((-across, x1 + 8), (across, width + 8 - x1), (-down, y1 + 8), (down, height + 8 - y1)):
        if way == 0:
            if room < 0:
                return None
        elif way < 0:
            begin = max(begin, room / way)
        else:
            end = min(end, room / way)
    if begin > end:
        return None
    return x1 + begin * across, y1 + begin * down, x1 + end * across, y1 + end * down


def corner_at(shape: Shape, x: float, y: float) -> int | None:
    """The nearest handle within reach."""
    near = [(math.hypot(x - hx, y - hy), index) for index, (hx, hy) in enumerate(shape.handles)]
    distance, index = min(near)
    return index if distance <= HANDLE_REACH_PX else None


def is_on(shape: Shape, x: float, y: float) -> bool:
    """Whether a place is on the drawing."""
    if shape.area is not None and shape.is_solid:
        left, top, right, bottom = shape.area
        if left - 2 <= x <= right + 2 and top - 2 <= y <= bottom + 2:
            return True
    return any(_distance(line, x, y) <= REACH_PX for line in shape.lines)


def _distance(line: Segment, x: float, y: float) -> float:
    x1, y1, x2, y2 = line
    across, down = x2 - x1, y2 - y1
    square = across * across + down * down
    if square == 0:
        return math.hypot(x - x1, y - y1)
    share = min(max(((x - x1) * across + (y - y1) * down) / square, 0.0), 1.0)
    return math.hypot(x - x1 - share * across, y - y1 - share * down)
