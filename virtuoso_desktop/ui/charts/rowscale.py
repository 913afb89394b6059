"""How values become rows of a pane and back, on a linear or a logarithmic scale."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAR = 4.0
"""Pane heights beyond which a coordinate is cut off: Qt paints with 32-bit integers."""


class Scale(NamedTuple):
    """``upper`` and ``span`` in scale units: values, or their decimal logarithms where ``is_log``.

    ``height`` of the pane and all rows in device pixels, counted from its upper edge.
    """

    upper: float
    span: float
    height: int
    ratio: float
    is_log: bool = False

    def row(self, value: float) -> float:
        """Row of a value; far below the pane for one that a logarithmic scale cannot show."""
        if self.is_log:
            return (self.upper - math.log10(value)) * (self.height / self.span) if value > 0 else FAR * self.height
        return (self.upper - value) * (self.height / self.span)

    def value_at(self, row: float) -> float:
        """The value at a row."""
        return to_value(self.upper - row * self.span / self.height, self.is_log)

    def rows(self, values: Floats) -> Floats:
        """Rows of many values, cut off far outside of the pane; NaN where there is no place for one."""
        if self.is_log:
            units = np.full(values.shape, np.nan)
            np.log10(values, out=units, where=values > 0)
            values = units
        rows = (self.upper - values) * (self.height / self.span)
        far = FAR * self.height
        if rows.size and np.fmax.reduce(np.abs(rows), axis=None) > far:
            np.clip(rows, -far, far, out=rows)
        return rows


def to_units(value: float, is_log: bool) -> float:
    """A value, above 0 where ``is_log``, in scale units."""
    return math.log10(value) if is_log else value


def to_value(units: float, is_log: bool) -> float:
    """What `to_units` was given."""
    return 10.0**units if is_log else units
