"""What stands over the canvas: words while there is nothing to draw, a strip about history, small buttons."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.ui.charts.kept import Kept
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.fonts import Type, font

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import ChartView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.theme import Theme

STRIP_PX = 24
CHIP_PX = 20
ROUND_PX = 28
_PAD_PX = 10
_CLEAR = QColor(0, 0, 0, 0)


def reason(subject: tuple[InstrumentId, Timeframe] | None, chart: ChartView | None) -> tuple[str, str]:
    """Why there is nothing to draw, and what happens next."""
    if subject is None:
        return "No instrument is chosen", "Choose one in Markets, or type its name here."
    identity, timeframe = subject
    name = f"{identity.symbol}{kind_badge(identity.market_kind)}"
    if chart is None:
        return f"Waiting for {name}", "Its candles load as soon as the exchange answers."
    if chart.load_error is not None:
        return f"Candles of {name} {timeframe.value} did not load", chart.load_error
    if chart.candles.is_complete_left:
        return f"No {timeframe.value} candles of {name} yet", "It has not traded since it was listed."
    return f"Loading {name} {timeframe.value}", "The newest candles come first."


class Message(QWidget):
    """Two lines over an empty chart, above its watermark: what is so, and what happens or can be done."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._title = ""
        self._detail = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def text(self) -> str:
        return f"{self._title} {self._detail}".strip() if not self.isHidden() else ""

    def say(self, title: str, detail: str = "") -> None:
        """Show these words; nothing is shown for an empty title."""
        if (title, detail) == (self._title, self._detail):
            return
        self._title, self._detail = title, detail
        self.setAccessibleName(f"{title}. {detail}" if detail else title)
        self.setVisible(bool(title))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = self.height() // 3
        center = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font(Type.TITLE))
        painter.setPen(self._theme.color("text"))
        painter.drawText(QRectF(0, middle - 24, self.width(), 20), center, self._title)
        painter.setFont(font(Type.BODY))
        painter.setPen(self._theme.color("muted"))
        below = QRectF(24, middle + 2, self.width() - 48, 40)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, self._detail)


class _Note(QAbstractButton):
    """A button over the canvas, which is repainted with every pan: its picture is kept while it looks the same."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kept = Kept()

    def draw(self, painter: QPainter) -> None:
        """Paint the button as it is now."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        size = (ceil(self.width() * ratio), ceil(self.height() * ratio))
        looks = (self.text(), self.isEnabled(), self.underMouse(), self.isDown(), self.hasFocus())
        if self._kept.is_ready((looks, self._theme.palette, size, ratio), size, ratio, _CLEAR, self.draw):
            painter.drawPixmap(0, 0, self._kept.pixmap)
        else:
            self.draw(painter)


class HistoryStrip(_Note):
    """A line at the lower left: older candles are loading, or why they are not, with a way to try again."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._color = "muted"
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()

    def say(self, words: str, *, is_error: bool = False) -> None:
        """Show these words; nothing is shown for an empty text. An error can be clicked: try again."""
        if words == self.text() and is_error == self.isEnabled():
            return
        self.setText(words)
        self.setAccessibleName(words)
        self.setEnabled(is_error)
        self.setToolTip("Try again" if is_error else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_error else Qt.CursorShape.ArrowCursor)
        self._color = "warning" if is_error else "muted"
        self.resize(self.sizeHint())
        self.setVisible(bool(words))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(face(Type.CAPTION).width(self.text())) + 2 * _PAD_PX + 1, STRIP_PX)

    def draw(self, painter: QPainter) -> None:
        _paint_ground(painter, self, self._theme, 4)
        face(Type.CAPTION).begin(painter, self._theme.color(self._color))
        face(Type.CAPTION).draw(painter, _PAD_PX, STRIP_PX / 2, self.text())


class Chip(_Note):
    """A small word on the axis: the time zone, the way back to the automatic scale."""

    def __init__(self, theme: Theme, parent: QWidget, *, is_boxed: bool = False) -> None:
        super().__init__(theme, parent)
        self._is_boxed = is_boxed
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def say(self, words: str, spoken: str, tip: str) -> None:
        """Show ``words``; ``spoken`` is read aloud, ``tip`` says what a click does."""
        if words != self.text():
            self.setText(words)
            self.update()
        self.setAccessibleName(spoken)
        self.setToolTip(tip)

    def sizeHint(self) -> QSize:
        return QSize(round(face(Type.CAPTION).width(self.text())) + 13, CHIP_PX)

    def draw(self, painter: QPainter) -> None:
        if self._is_boxed or self.underMouse() or self.hasFocus():
            _paint_ground(painter, self, self._theme, 3)
        color = "text" if self.underMouse() else "muted"
        width = face(Type.CAPTION).width(self.text())
        left = round((self.width() - width) / 2)
        face(Type.CAPTION).begin(painter, self._theme.color(color))
        face(Type.CAPTION).draw(painter, left, self.height() / 2, self.text())


class NewestButton(_Note):
    """A round button that leads back to the newest candle."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self.setFixedSize(ROUND_PX, ROUND_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Newest candle")
        self.setToolTip("Newest candle (Home)")
        self.hide()

    def draw(self, painter: QPainter) -> None:
        _paint_ground(painter, self, self._theme, ROUND_PX / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._theme.color("text" if self.underMouse() else "muted"), 1.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        middle = ROUND_PX / 2
        for left in (middle - 4.5, middle + 0.5):
            painter.drawLine(QRectF(left, middle - 4, 4, 4).topLeft(), QRectF(left, middle - 4, 4, 4).bottomRight())
            painter.drawLine(QRectF(left, middle, 4, 4).bottomLeft(), QRectF(left, middle, 4, 4).topRight())


def _paint_ground(painter: QPainter, widget: QAbstractButton, theme: Theme, radius: float) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    has_focus = widget.hasFocus()
    painter.setPen(QPen(theme.color("accent" if has_focus else "line"), 2 if has_focus else 1))
    painter.setBrush(theme.color("raised2" if widget.isDown() or widget.underMouse() else "raised"))
    inset = 1.0 if has_focus else 0.5
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
