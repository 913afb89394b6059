"""What can be drawn on a chart: kinds, points, looks, and which values are sound. No Qt.

A point is a moment (UTC ms) and a price: a drawing is at home on every timeframe, and right of the newest candle.
"""

from __future__ import annotations

import math
import secrets
from enum import StrEnum
from typing import NamedTuple

import msgspec

LATEST_MS = 7_258_118_400_000
"""The year 2200: no point lies later."""
HIGHEST_PRICE = 1e12
MOST_LETTERS = 200
"""Of a text on the chart."""
MOST_ID_LETTERS = 40
WIDTHS_PX = (1, 2, 3, 4)
COLOURS = {
    "info": "Blue",
    "accent": "Violet",
    "ema_fast": "Cyan",
    "up": "Up",
    "down": "Down",
    "warning": "Amber",
    "ema_third": "Pink",
    "text": "Text",
    "muted": "Muted",
}
"""Tokens of the theme that a drawing can have, and what they are called."""
FIB_RATIOS = (0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0)


class Kind(StrEnum):
    """One tool each."""

    TREND = "trend_line"
    LEVEL = "horizontal_line"
    RAY = "ray"
    BOX = "rectangle"
    FIB = "fibonacci"
    MEASURE = "measure"
    TEXT = "text"


class Stroke(StrEnum):
    """How a line is drawn."""

    SOLID = "solid"
    DASHED = "dashed"
    DOTTED = "dotted"


class Spec(NamedTuple):
    """``points`` is how many the user places; ``icon`` a Phosphor name."""

    title: str
    icon: str
    points: int
    colour: str


SPECS = {
    Kind.TREND: Spec("Trend line", "line-segment", 2, "info"),
    Kind.LEVEL: Spec("Horizontal line", "minus", 1, "info"),
    Kind.RAY: Spec("Ray", "arrow-up-right", 2, "info"),
    Kind.BOX: Spec("Rectangle", "rectangle", 2, "accent"),
    Kind.FIB: Spec("Fibonacci retracement", "text-align-justify", 2, "warning"),
    Kind.MEASURE: Spec("Measure", "ruler", 2, "info"),
    Kind.TEXT: Spec("Text", "text-t", 1, "text"),
}


class Point(msgspec.Struct, frozen=True, array_like=True):
    """``time_ms`` UTC; ``price`` is the float nearest to the exact decimal on the instrument's grid."""

    time_ms: int
    price: float


class Look(msgspec.Struct, frozen=True):
    """A colour's token, a width in logical pixels, a stroke."""

    colour: str = "info"
    width_px: int = 2
    stroke: Stroke = Stroke.SOLID


class Drawing(msgspec.Struct, frozen=True):
    """One of them. ``timeframe`` is the only one it is shown on, empty for all."""

    id: str
    kind: Kind
    points: tuple[Point, ...]
    look: Look = Look()
    is_locked: bool = False
    text: str = ""
    timeframe: str = ""

    @property
    def title(self) -> str:
        return SPECS[self.kind].title

    def with_points(self, *points: Point) -> Drawing:
        """The same drawing elsewhere."""
        return msgspec.structs.replace(self, points=points)


def new_id() -> str:
    """For a drawing made now."""
    return secrets.token_hex(6)


def is_sound(drawing: Drawing) -> bool:
    """Whether it can be drawn: nothing absurd in what a file held."""
    return (
        0 < len(drawing.id) <= MOST_ID_LETTERS
        and len(drawing.points) == SPECS[drawing.kind].points
        and all(_is_place(point) for point in drawing.points)
        and drawing.look.colour in COLOURS
        and drawing.look.width_px in WIDTHS_PX
        and len(drawing.text) <= MOST_LETTERS
        and (drawing.kind is not Kind.TEXT or bool(drawing.text.strip()))
    )


def _is_place(point: Point) -> bool:
    return 0 <= point.time_ms <= LATEST_MS and math.isfinite(point.price) and 0 < point.price <= HIGHEST_PRICE


def in_bounds(time_ms: int, price: float, tick: float) -> Point:
    """The sound point nearest to where something was dragged; ``tick`` is the least price."""
    return Point(min(max(time_ms, 0), LATEST_MS), min(max(price, tick), HIGHEST_PRICE))


def fib_prices(first: Point, last: Point) -> tuple[tuple[float, float], ...]:
    """(ratio, price) of each level: 0 at the end of the move, 1 at its beginning."""
    return tuple((ratio, last.price + (first.price - last.price) * ratio) for ratio in FIB_RATIOS)


def corners(drawing: Drawing) -> tuple[Point, ...]:
    """Points that can be taken hold of: those placed, and the other two corners of a rectangle or a measure."""
    if drawing.kind not in (Kind.BOX, Kind.MEASURE):
        return drawing.points
    first, last = drawing.points
    return first, last, Point(first.time_ms, last.price), Point(last.time_ms, first.price)


def with_corner(drawing: Drawing, index: int, place: Point) -> Drawing:
    """One of `corners` put elsewhere."""
    points = list(drawing.points)
    if index < len(points):
        points[index] = place
    elif index == len(points):
        points = [Point(place.time_ms, points[0].price), Point(points[1].time_ms, place.price)]
    else:
        points = [Point(points[0].time_ms, place.price), Point(place.time_ms, points[1].price)]
    return drawing.with_points(*points)
