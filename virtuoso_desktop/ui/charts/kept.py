"""A picture that is painted straight the first time and kept from the second: for what comes again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QPainter, QPixmap

if TYPE_CHECKING:
    from collections.abc import Callable


class Kept:
    """One pixmap with a key. A picture that is asked for once costs nothing extra."""

    def __init__(self) -> None:
        self.pixmap = QPixmap()
        self._key: tuple[object, ...] = ()
        self._asked_key: tuple[object, ...] = ()

    def is_ready(
        self,
        key: tuple[object, ...],
        size: tuple[int, int],
        ratio: float,
        ground: QColor,
        draw: Callable[[QPainter], None],
    ) -> bool:
        """Whether `pixmap` shows the picture of ``key``; it is painted when it is asked for a second time.

        Parameters
        ----------
        key : tuple
            Changes when the picture does.
        size : (int, int)
            Device pixels.
        ratio : float
            Device pixels per logical pixel, in which ``draw`` paints.
        ground : QColor
            What the pixmap is filled with first.
        draw : callable
            Paints the picture.
        """
        if key == self._key:
            return True
        if key != self._asked_key:
            self._asked_key = key
            return False
        self._key = key
        if (self.pixmap.width(), self.pixmap.height()) != size:
            self.pixmap = QPixmap(*size)
        self.pixmap.setDevicePixelRatio(ratio)
        self.pixmap.fill(ground)
        painter = QPainter(self.pixmap)
        draw(painter)
        painter.end()
        return True
