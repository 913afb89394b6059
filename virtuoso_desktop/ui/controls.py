"""Small painted controls: buttons, words and figures in a row, and a row that gives way when it is narrow.

They are painted here rather than styled: no style sheet is asked per widget, and each is exact to the
pixel in both themes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import BADGE_TINT_RATIO
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent

RADIUS_PX = 4


def paint_focus(painter: QPainter, theme: Theme, rect: QRectF, radius: float = RADIUS_PX) -> None:
    """The ring of 2 px that says: the keyboard is here."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("accent"), 2))
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)


class Words(QWidget):
    """A line of words; its accessible name is what it says.

    Parameters
    ----------
    theme : Theme
        Colours.
    spoken : str
        What stands before the words when read aloud, empty for nothing.
    """

    def __init__(self, theme: Theme, spoken: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._spoken = spoken
        self._words: tuple[Word, ...] = ()
        self._width = 0

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self._words if word.text)

    def say(self, *words: Word) -> bool:
        """Show these words; True when the width changed."""
        if words == self._words:
            return False
        self._words = words
        self.setAccessibleName(f"{self._spoken} {self.text}".strip())
        self.update()
        width = round(words_width(words) + 0.5)
        if width == self._width:
            return False
        self._width = width
        self.updateGeometry()
        return True

    def sizeHint(self) -> QSize:
        return QSize(self._width, 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 16)

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_words(QPainter(self), self._theme, self._words, QRectF(self.rect()))


class Badge(QWidget):
    """A tinted word of 16 px: LIVE, DEMO."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = ""
        self._colour = "muted"

    @property
    def text(self) -> str:
        return self._text

    def say(self, text: str, colour: str) -> bool:
        """Show the word in the tint of a colour token; True when the width changed."""
        if (text, colour) == (self._text, self._colour):
            return False
        is_wider = len(text) != len(self._text)
        self._text, self._colour = text, colour
        self.setAccessibleName(f"Data: {text}")
        self.updateGeometry()
        self.update()
        return is_wider

    def sizeHint(self) -> QSize:
        return QSize(round(QFontMetricsF(font(Type.BADGE)).horizontalAdvance(self._text)) + 12, 16)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        fill = {"up_text": "up", "down_text": "down"}.get(self._colour, self._colour)
        painter.setBrush(self._theme.color(fill, BADGE_TINT_RATIO))
        box = QRectF(0, (self.height() - 16) / 2, self.width(), 16)
        painter.drawRoundedRect(box, 3, 3)
        painter.setFont(font(Type.BADGE))
        painter.setPen(self._theme.color(self._colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._text)


class Button(QAbstractButton):
    """A flat button: words or an icon, a tint when checked, a box when ``is_boxed``.

    Parameters
    ----------
    theme : Theme
        Colours.
    text : str
        Shown and read aloud.
    icon_name : str
        Phosphor name of an icon before the text, empty for none.
    is_boxed : bool
        Draw a border and the raised fill.
    """

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        icon_name: str = "",
        *,
        is_boxed: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.icon_name = icon_name
        self.is_boxed = is_boxed
        self.quiet_colour = "muted"
        """Colour of the words while not checked."""
        self.setText(text)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        if not self.text():
            return QSize(28, 28)
        return QSize(round(words_width(self._words("text")) + 0.5) + 20, 28 if not self.is_boxed else 24)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _words(self, colour: str) -> tuple[Word, ...]:
        kind = Type.KEY if self.isChecked() else Type.NUMBER
        return (Word(self.text(), kind, colour, icon=self.icon_name),)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter)
        colour = "accent_text" if self.isChecked() else "text" if self.underMouse() else self.quiet_colour
        if not self.isEnabled():
            colour = "disabled"
        words = self._words(colour)
        width = words_width(words)
        left = (self.width() - width) / 2
        paint_words(painter, self._theme, words, QRectF(left, 0, width + 2, self.height()))
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, self._theme, QRectF(self.rect()))

    def _paint_ground(self, painter: QPainter) -> None:
        theme = self._theme
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("line"), 1) if self.is_boxed else Qt.PenStyle.NoPen)
        if self.isChecked():
            painter.setBrush(theme.color("accent", theme.palette.accent_tint_ratio))
        elif self.isDown() or self.underMouse():
            painter.setBrush(theme.color("raised2" if self.is_boxed or self.isDown() else "raised"))
        elif self.is_boxed:
            painter.setBrush(theme.color("raised"))
        else:
            return
        painter.drawRoundedRect(box, RADIUS_PX, RADIUS_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Line(QWidget):
    """An upright line of 1 px between groups of controls."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self) -> QSize:
        return QSize(1, 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        top = (self.height() - 20) // 2
        QPainter(self).fillRect(0, top, 1, 20, self._theme.color("line"))


class _Place:
    __slots__ = ("gap", "is_wanted", "rank", "stands_right", "widget")

    def __init__(self, widget: QWidget, *, rank: int, gap: int, stands_right: bool) -> None:
        self.widget = widget
        self.rank = rank
        self.gap = gap
        self.stands_right = stands_right
        self.is_wanted = True


class GivingRow(QWidget):
    """Widgets in one line, from the left and from the right.

    When it is too narrow, those of the highest rank are hidden first; rank 0 stays.

    Parameters
    ----------
    theme : Theme
        Colours.
    height : int
        Logical pixels.
    pad : int
        Room at both ends.
    colour : str
        Token of the background.
    """

    def __init__(
        self, theme: Theme, height: int, *, pad: int = 12, colour: str = "surface", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pad = pad
        self._colour = colour
        self._places: list[_Place] = []
        self.setFixedHeight(height)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def add(self, widget: QWidget, *, rank: int = 0, gap: int = 12, right: bool = False) -> None:
        """Append a widget; ``gap`` px keep it from its neighbour towards the end it stands at."""
        widget.setParent(self)
        self._places.append(_Place(widget, rank=rank, gap=gap, stands_right=right))

    def want(self, widget: QWidget, wanted: bool) -> None:
        """A widget that is not wanted is hidden, however much room there is."""
        for place in self._places:
            if place.widget is widget and place.is_wanted != wanted:
                place.is_wanted = wanted
                self.arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(sum(self._need(place) for place in self._places if place.rank == 0) + 2 * self._pad, self.height())

    @staticmethod
    def _need(place: _Place) -> int:
        return place.widget.sizeHint().width() + place.gap

    def arrange(self) -> None:
        """Place everything that fits."""
        shown = [place for place in self._places if place.is_wanted]
        room = self.width() - 2 * self._pad
        need = sum(self._need(place) for place in shown)
        for place in sorted(shown, key=lambda place: -place.rank):
            if need <= room or place.rank == 0:
                break
            shown.remove(place)
            need -= self._need(place)
        for place in self._places:
            place.widget.setVisible(place in shown)
        left, right = self._pad, self.width() - self._pad
        is_first = True
        for place in shown:
            size = place.widget.sizeHint()
            top = (self.height() - size.height()) // 2
            if place.stands_right:
                right -= size.width()
                place.widget.setGeometry(QRect(right, top, size.width(), size.height()))
                right -= place.gap
            else:
                left += 0 if is_first else place.gap
                place.widget.setGeometry(QRect(left, top, size.width(), size.height()))
                left += size.width()
                is_first = False

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self.arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._theme.color(self._colour))
