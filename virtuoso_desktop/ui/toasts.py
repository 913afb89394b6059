"""Notices at the lower right: errors stay until they are closed, others go after 8 s."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.theme import Theme

WIDTH_PX = 360
MARGIN_PX = 12
GAP_PX = 8
STAYS_MS = 8_000
MOST_SHOWN = 5
_LOOK = {
    Severity.ERROR: ("down", "warning-circle"),
    Severity.WARNING: ("warning", "warning"),
    Severity.INFO: ("info", "info"),
}


class Toast(QWidget):
    """One notice: its first sentence as title, the rest below; with ``undo`` a link that takes something back."""

    def __init__(
        self, theme: Theme, notice: Notice, parent: ToastStack, undo: Callable[[], object] | None = None
    ) -> None:
        super().__init__(parent.window_widget)
        self._theme = theme
        self._stack = parent
        self.notice = notice
        self._title, self._body = split_sentence(notice.user_text)
        self._close = Button(theme, icon_name="x", parent=self)
        self._close.setAccessibleName("Close this notice")
        self._close.setToolTip("Close")
        self._close.setGeometry(WIDTH_PX - 32, 6, 26, 26)
        self._close.clicked.connect(lambda: parent.remove(self))
        self.setAccessibleName(f"{notice.severity.value}: {notice.user_text}")
        self.setToolTip(f"{notice.where}, {text.local_time(notice.at_ms)} ({text.utc_moment(notice.at_ms)})")
        self._title_rect = self._fit(self._title, Type.STRONG, 10.0)
        self._body_rect = self._fit(self._body, Type.BODY, self._title_rect.bottom() + 2)
        bottom = self._body_rect.bottom() if self._body else self._title_rect.bottom()
        self._undo: Button | None = None
        if undo is not None:
            self._undo = self._undo_button(undo, round(bottom) + 4)
            bottom = self._undo.geometry().bottom()
        self.resize(WIDTH_PX, round(bottom) + 10)
        self._goes: QTimer | None = None
        if notice.severity is not Severity.ERROR:
            self._goes = QTimer(self)
            self._goes.setSingleShot(True)
            self._goes.timeout.connect(lambda: parent.remove(self))
            self._goes.start(STAYS_MS)

    def _undo_button(self, undo: Callable[[], object], top: int) -> Button:
        """A link that takes back, with the seconds it is there."""
        button = Button(self._theme, "Undo", is_boxed=True, parent=self)
        button.quiet_colour = "accent_text"
        button.setToolTip("Take it back")
        button.clicked.connect(lambda: (self._stack.remove(self), undo()))
        seconds = QTimer(self)
        left = [STAYS_MS // 1000]

        def count() -> None:
            button.setText(f"Undo ({left[0]} s)")
            button.resize(button.sizeHint())
            left[0] = max(0, left[0] - 1)

        count()
        button.setAccessibleName("Undo")
        button.move(44, top)
        seconds.timeout.connect(count)
        seconds.start(1000)
        return button

    def _fit(self, words: str, kind: Type, top: float) -> QRectF:
        box = QRectF(44, top, WIDTH_PX - 44 - 36, 400)
        flags = int(Qt.TextFlag.TextWordWrap)
        height = QFontMetricsF(font(kind)).boundingRect(box, flags, words).height() if words else 0
        return QRectF(box.left(), top, box.width(), height)

    @property
    def takes_back(self) -> bool:
        """Whether it offers an undo."""
        return self._undo is not None

    def sizeHint(self) -> QSize:
        return self.size()

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._theme
        colour, sign = _LOOK[self.notice.severity]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(colour))
        painter.drawRoundedRect(QRectF(0, 0, 3, self.height()), 1.5, 1.5)
        icons.paint(painter, sign, QRectF(16, 9, 18, 18), theme.color(colour))
        flags = int(Qt.TextFlag.TextWordWrap)
        painter.setFont(font(Type.STRONG))
        painter.setPen(theme.color("text"))
        painter.drawText(self._title_rect, flags, self._title)
        painter.setFont(font(Type.BODY))
        painter.setPen(theme.color("muted"))
        painter.drawText(self._body_rect, flags, self._body)


class ToastStack(QObject):
    """The notices of one window, newest at the bottom.

    Parameters
    ----------
    theme : Theme
        Colours.
    window : QWidget
        Toasts are its children.
    bottom_px : int
        Height at the lower edge that stays free (status bar, ribbon).
    """

    def __init__(self, theme: Theme, window: QWidget, bottom_px: int) -> None:
        super().__init__(window)
        self._theme = theme
        self._bottom_px = bottom_px
        self.window_widget = window
        self.toasts: list[Toast] = []
        window.installEventFilter(self)

    def post(self, notice: Notice) -> None:
        """Show a notice; one that says the same as a shown one replaces it."""
        for toast in [shown for shown in self.toasts if shown.notice.user_text == notice.user_text]:
            self.remove(toast)
        while len(self.toasts) >= MOST_SHOWN:
            oldest = next(
                (shown for shown in self.toasts if shown.notice.severity is not Severity.ERROR), self.toasts[0]
            )
            self.remove(oldest)
        self._show(Toast(self._theme, notice, self))

    def offer_undo(self, notice: Notice, undo: Callable[[], object]) -> None:
        """Say what was done, with a link that takes it back; the newest offer stands alone."""
        for toast in [shown for shown in self.toasts if shown.takes_back]:
            self.remove(toast)
        self._show(Toast(self._theme, notice, self, undo))

    def _show(self, toast: Toast) -> None:
        self.toasts.append(toast)
        self._arrange()
        toast.show()
        toast.raise_()

    def remove(self, toast: Toast) -> None:
        """Close one notice."""
        if toast in self.toasts:
            self.toasts.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._arrange()

    def _arrange(self) -> None:
        window = self.window_widget
        bottom = window.height() - self._bottom_px - MARGIN_PX
        for toast in reversed(self.toasts):
            bottom -= toast.height()
            toast.move(window.width() - WIDTH_PX - MARGIN_PX, bottom)
            bottom -= GAP_PX

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._arrange()
        return super().eventFilter(watched, event)


def split_sentence(words: str) -> tuple[str, str]:
    """The first sentence without its full stop, and the rest."""
    first, stop, rest = words.partition(". ")
    return (first, rest) if stop else (words.removesuffix("."), "")
