"""Shapes in bulk: numpy memory that ``QPainter`` reads as rectangles or lines in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter
from shiboken6 import wrapInstance

Cells = NDArray[np.float64]


class _ShapeArray:
    """Four float64 cells a shape, grown on demand, handed to Qt without a copy."""

    _shape: type[QRectF | QLineF]

    def __init__(self) -> None:
        self.count = 0
        self._grow(64)

    def _grow(self, capacity: int) -> None:
        self._memory: Cells = np.empty((capacity, 4))
        self._first: Any = wrapInstance(self._memory.ctypes.data, self._shape)

    @property
    def cells(self) -> Cells:
        """The shapes' cells, shape (count, 4)."""
        return self._memory[: self.count]

    def resize(self, count: int) -> Cells:
        """Make room for ``count`` shapes; returns their cells, shape (count, 4), not initialised."""
        if count > len(self._memory):
            self._grow(count + count // 2)
        self.count = count
        return self._memory[:count]

    def clear(self) -> None:
        self.count = 0


class RectArray(_ShapeArray):
    """Rectangles: x, y, width, height."""

    _shape = QRectF

    def draw(self, painter: QPainter) -> None:
        if self.count:
            painter.drawRects(self._first, self.count)


class LineArray(_ShapeArray):
    """Lines: x1, y1, x2, y2."""

    _shape = QLineF

    def draw(self, painter: QPainter) -> None:
        if self.count:
            painter.drawLines(self._first, self.count)
