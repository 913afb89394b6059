"""Phosphor's icons, as outlines from the font that ``qtawesome`` carries, without importing that package.

The file is read on the first icon. Without it (a broken installation) icons are left out; every
control that has one also has a word or an accessible name.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPixmap, QRawFont, QTransform

from virtuoso_desktop.ui.fonts import package_file

_UNIT = 64.0
_CODES = {
    "arrow-clockwise": 0xF020,
    "arrow-counter-clockwise": 0xF021,
    "arrow-line-up": 0xF041,
    "broadcast": 0xF0A2,
    "arrow-up-right": 0xF063,
    "caret-down": 0xF0C2,
    "caret-left": 0xF0C3,
    "caret-right": 0xF0C4,
    "caret-up": 0xF0C5,
    "chart-bar": 0xF0D2,
    "chart-line": 0xF0D4,
    "check": 0xF0E7,
    "circle-half": 0xF0EE,
    "clock": 0xF0F9,
    "copy": 0xF114,
    "cursor": 0xF12C,
    "dots-three-vertical": 0xF14A,
    "eye": 0xF15B,
    "eye-slash": 0xF15E,
    "flask": 0xF180,
    "folder-open": 0xF18C,
    "funnel": 0xF196,
    "gear": 0xF19B,
    "info": 0xF1E0,
    "keyboard": 0xF1E5,
    "layout": 0xF1EA,
    "line-segment": 0xF1F1,
    "list": 0xF1FA,
    "lock": 0xF1FF,
    "lock-open": 0xF204,
    "magnet": 0xF208,
    "magnifying-glass": 0xF20A,
    "minus": 0xF21A,
    "monitor": 0xF21D,
    "moon": 0xF21F,
    "pause": 0xF25E,
    "pencil-simple": 0xF265,
    "plus": 0xF27F,
    "push-pin": 0xF28D,
    "rectangle": 0xF29C,
    "ruler": 0xF2A9,
    "sign-out": 0xF2C7,
    "sliders-horizontal": 0xF2D0,
    "speaker-high": 0xF2E0,
    "speaker-slash": 0xF2E8,
    "squares-four": 0xF2F0,
    "star": 0xF2F3,
    "star-fill": 0xFA5D,
    "sun": 0xF2FE,
    "text-align-justify": 0xF312,
    "text-t": 0xF31F,
    "trash": 0xF334,
    "warning": 0xF35C,
    "warning-circle": 0xF35D,
    "x": 0xF36D,
}
_font: list[QRawFont] = []
_outlines: dict[str, QPainterPath] = {}


def outline(name: str) -> QPainterPath:
    """The icon's outline in a square of 1 x 1."""
    found = _outlines.get(name)
    if found is None:
        glyphs = _raw_font().glyphIndexesForString(chr(_CODES[name]))
        path = _raw_font().pathForGlyph(glyphs[0]) if glyphs else QPainterPath()
        # The em square stands on y = 0 and reaches up to -1 em.
        transform = QTransform.fromScale(1 / _UNIT, 1 / _UNIT).translate(0, _UNIT)
        found = _outlines[name] = transform.map(path)
    return found


def paint(painter: QPainter, name: str, rect: QRectF, color: QColor) -> None:
    """Fill the icon into ``rect``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width(), rect.height())
    painter.fillPath(outline(name), color)
    painter.restore()


def icon(name: str, color: QColor, ratio: float = 1.0, side: int = 16) -> QIcon:
    """The icon for a menu or an action."""
    pixmap = QPixmap(QSize(side, side) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint(painter, name, QRectF(0, 0, side, side), color)
    painter.end()
    return QIcon(pixmap)


def _raw_font() -> QRawFont:
    if not _font:
        path = package_file("qtawesome", "fonts/phosphor-1.3.0.ttf")
        _font.append(QRawFont(path, _UNIT) if path is not None else QRawFont())
    return _font[0]
