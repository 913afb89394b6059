"""How the components' shares of a score moved from one result to the next: what every explanation tells.

Apart from `explain`, because the window's process reads it and imports no compiled code.
"""

from __future__ import annotations

import msgspec

from virtuoso_desktop.model.result import Component, Confluence, DimensionName


class Change(msgspec.Struct, frozen=True):
    """How the points of one component moved from one result to the next."""

    dimension: DimensionName
    component: str
    before: float | None
    now: float | None
    points: float
    """``now - before``, a missing one counted as 0: all changes add up to the change of the score."""


def changes_between(before: Confluence, now: Confluence) -> tuple[Change, ...]:
    """What moved, came or went, largest first."""
    earlier = {(dimension, name): component.points for dimension, name, component in components_of(before)}
    found: list[Change] = []
    for dimension, name, component in components_of(now):
        was, points = earlier.get((dimension, name)), component.points
        moved = (points or 0.0) - (was or 0.0)
        if moved != 0.0 or (was is None) != (points is None):
            found.append(Change(dimension, name, was, points, moved))
    return tuple(sorted(found, key=lambda each: -abs(each.points)))


def components_of(result: Confluence) -> list[tuple[DimensionName, str, Component]]:
    """All components with their dimension and name, in the order of the result."""
    return [
        (name, key, component)
        for name, dimension in result.dimensions.items()
        for key, component in dimension.components.items()
    ]
