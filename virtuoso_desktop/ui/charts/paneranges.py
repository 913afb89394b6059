"""The value scales of the panes below the candles: fixed, or fitted to what is in view."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from virtuoso_desktop.model.study import Study, StudyKind
from virtuoso_desktop.ui.charts.looks import pane_look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from virtuoso_desktop.ui.charts.looks import PaneLook

    Floats = NDArray[np.float64]

_ABOVE = 0.35
"""Room above the highest value, of the range: one line of legend stands there."""
_ABOVE_BARS = 0.7
"""Bars fill what a line leaves free."""
_BELOW = 0.08


class PaneRanges:
    """Lower and upper edge of every pane, by its study's name; the line in the volume's pane is ``cvd``."""

    def __init__(self) -> None:
        self.edges: dict[str, tuple[float, float]] = {}
        self.version = 0
        """Changes whenever an edge does."""

    def fit(self, studies: tuple[Study, ...], lines: Mapping[str, Floats], in_view: slice) -> bool:
        """Fit every scale to the part ``in_view`` of the lines; True when one changed."""
        found = {
            name: look.fixed or _about(_seen(look, lines, in_view), _ABOVE_BARS if look.as_bars else _ABOVE)
            for name, look in _panes(studies)
        }
        if found == self.edges:
            return False
        self.edges = found
        self.version += 1
        return True

    def are_left_by(self, studies: tuple[Study, ...], newest: Mapping[str, float | None]) -> bool:
        """Whether a newest value lies beyond the edges of its pane."""
        for name, look in _panes(studies):
            low, high = self.edges.get(name, (-math.inf, math.inf))
            for key in (*(line.key for line in look.lines), look.bars):
                value = newest.get(key)
                if value is not None and look.fixed is None and not low <= value <= high:
                    return True
        return False


@lru_cache(maxsize=16)
def _panes(studies: tuple[Study, ...]) -> tuple[tuple[str, PaneLook], ...]:
    return tuple(
        ("cvd" if study.kind is StudyKind.VOLUME else study.name, pane_look(study))
        for study in studies
        if study.spec.has_pane
    )


def _seen(look: PaneLook, lines: Mapping[str, Floats], in_view: slice) -> tuple[float, float]:
    """Smallest and largest value in view; the values that the axis names are within reach too."""
    found = [lines[key][in_view] for key in (*(line.key for line in look.lines), look.bars) if key in lines]
    parts = [part for part in found if len(part)]
    lowest = min((float(np.fmin.reduce(part)) for part in parts), default=math.nan)
    highest = max((float(np.fmax.reduce(part)) for part in parts), default=math.nan)
    reached = (*look.labels, 0.0) if look.as_bars and parts else look.labels
    if reached:
        lowest, highest = min(lowest, *reached), max(highest, *reached)
    return lowest, highest


def _about(seen: tuple[float, float], above: float) -> tuple[float, float]:
    """Edges about what is in view; 0 to 1 where there is nothing."""
    lowest, highest = seen
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        return 0.0, 1.0
    span = highest - lowest or max(abs(highest), 1.0)
    return lowest - _BELOW * span, highest + above * span
