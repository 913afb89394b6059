"""The plain dialog: a body, and a foot with one button. Never modal: data go on behind it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.theme import Theme


class PlainDialog(QDialog):
    """A titled window on the surface colour; Esc and Close end it."""

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(20, 16, 20, 12)
        self.body.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self.body, 1)
        self.foot = foot = QHBoxLayout()
        foot.setContentsMargins(20, 8, 20, 12)
        foot.setSpacing(8)
        foot.addStretch(1)
        self.close_button = Button(theme, "Close", is_boxed=True, parent=self)
        self.close_button.quiet_colour = "text"
        self.close_button.clicked.connect(self.close)
        foot.addWidget(self.close_button)
        layout.addLayout(foot)
        self.close_button.setFocus()

    def add_words(self, words: str, kind: Type = Type.BODY, colour: str = "text", *, wraps: bool = True) -> QLabel:
        """Append a line or paragraph."""
        label = themed_label(words, kind, colour)
        label.setWordWrap(wraps)
        self.body.addWidget(label)
        return label

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._theme.color("surface"))


def themed_label(words: str, kind: Type = Type.BODY, colour: str = "text") -> QLabel:
    """A label whose colour follows the theme: a role of the palette, never a fixed colour."""
    label = QLabel(words)
    label.setFont(font(kind))
    roles = {"muted": QPalette.ColorRole.PlaceholderText, "accent": QPalette.ColorRole.Link}
    label.setForegroundRole(roles.get(colour, QPalette.ColorRole.WindowText))
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class KeyCap(QWidget):
    """A key as it is printed on the keyboard."""

    def __init__(self, theme: Theme, words: str) -> None:
        super().__init__()
        self._theme = theme
        self._words = words
        self.setAccessibleName(words)
        width = QFontMetricsF(font(Type.CAPTION_NUMBER)).horizontalAdvance(words)
        self.setFixedSize(QSize(round(width) + 14, 20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("background"))
        painter.drawRoundedRect(box, 3, 3)
        painter.setFont(font(Type.CAPTION_NUMBER))
        painter.setPen(self._theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._words)


def scrolling(rows: QGridLayout) -> QScrollArea:
    """A grid in a scroll area without frame, on the colour of what lies behind."""
    inner = QWidget()
    inner.setLayout(rows)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    for ground in (inner, area.viewport()):
        ground.setAutoFillBackground(False)  # the area had it filled in
    return area


def in_line(widgets: Iterable[QWidget]) -> QWidget:
    """Widgets side by side from the left."""
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return box
