"""Bands across the window: a feed that is lost or silent, and the ribbon of data that is not the market's."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.feed_state import FeedMessage
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.marking import RIBBONS
from virtuoso_desktop.ui.measures import BANNER_PX, RIBBON_PX
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import BANNER_EDGE_RATIO, BANNER_TINT_RATIO
from virtuoso_desktop.ui.words import Word, paint_words


class FeedBanner(QWidget):
    """48 px under the top bar: what is wrong and since when, what happens next, what was kept."""

    retry_asked = Signal(str)
    """The venue's name."""
    details_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._message: FeedMessage | None = None
        self._hidden_key = ""
        self.setFixedHeight(BANNER_PX)
        self._retry = Button(theme, "Retry now", is_boxed=True, parent=self)
        self._retry.setToolTip("Connect at once instead of waiting")
        self._details = Button(theme, "Details", is_boxed=True, parent=self)
        self._details.setToolTip("Find out why there is no data")
        self._hide = Button(theme, icon_name="x", parent=self)
        self._hide.setAccessibleName("Hide this message")
        self._hide.setToolTip("Hide until another topic goes silent")
        for button in (self._retry, self._details):
            button.quiet_colour = "text"
        self._retry.clicked.connect(self._on_retry)
        self._details.clicked.connect(self.details_asked)
        self._hide.clicked.connect(self._on_hide)
        self.hide()

    @property
    def message(self) -> FeedMessage | None:
        """What is shown, None while hidden."""
        return self._message if not self.isHidden() else None

    def tell(self, message: FeedMessage | None) -> None:
        """Show the message, or nothing."""
        if message is None:
            self._hidden_key = ""
        if message is None or message.key == self._hidden_key:
            self._message = None
            self.hide()
            return
        if message != self._message:
            is_new = self._message is None or message.key != self._message.key
            self._message = message
            if is_new:
                self.setAccessibleName(message.title)
            self.setAccessibleDescription(f"{message.title}. {message.detail}")
            self._retry.setVisible(message.can_retry)
            self._hide.setVisible(message.colour == "warning")
            self._arrange()
            self.update()
        self.show()

    def _on_retry(self) -> None:
        if self._message is not None:
            self.retry_asked.emit(self._message.venue)

    def _on_hide(self) -> None:
        if self._message is not None:
            self._hidden_key = self._message.key
            self.tell(self._message)

    def _arrange(self) -> None:
        right = self.width() - 12
        for button in (self._hide, self._details, self._retry):
            if not button.isHidden():
                size = QSize(button.sizeHint().width(), 28)
                right -= size.width()
                button.setGeometry(right, (BANNER_PX - size.height()) // 2, size.width(), size.height())
                right -= 8
        self._words_right = right

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._message is None:
            return
        theme, message = self._theme, self._message
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("surface"))
        painter.fillRect(self.rect(), theme.color(message.colour, BANNER_TINT_RATIO))
        edge = theme.color(message.colour, BANNER_EDGE_RATIO)
        painter.fillRect(0, 0, self.width(), 1, edge)
        painter.fillRect(0, BANNER_PX - 1, self.width(), 1, edge)
        sign = "warning-circle" if message.colour == "down" else "warning"
        ink = "down_text" if message.colour == "down" else "warning"
        icons.paint(painter, sign, QRectF(14, 14, 20, 20), theme.color(ink))
        room = self._words_right - 46
        paint_words(painter, theme, (Word(message.title, Type.STRONG),), QRectF(46, 6, room, 18))
        paint_words(painter, theme, (Word(message.detail, Type.BODY, "muted"),), QRectF(46, 24, room, 18))


class Ribbon(QWidget):
    """24 px over the status bar while the data are not the live market's."""

    def __init__(self, theme: Theme, source: Source, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words = RIBBONS[source]
        self.setFixedHeight(RIBBON_PX)
        self.setAccessibleName(": ".join(self._words))

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("surface"))
        painter.fillRect(self.rect(), theme.color("warning", BANNER_TINT_RATIO))
        painter.fillRect(0, RIBBON_PX - 2, self.width(), 2, theme.color("warning"))
        title, detail = self._words
        words = (Word(title, Type.STRONG, "warning", icon="flask"), Word(detail, Type.BODY, "text", gap=8))
        paint_words(painter, theme, words, QRectF(12, 0, self.width() - 24, RIBBON_PX - 2))
