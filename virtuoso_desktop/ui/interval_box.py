"""The box that a typed number opens: ``5 Enter``, ``1h Enter``."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.overlay import Overlay
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.words import Word, paint_words

WIDTH_PX, HEIGHT_PX = 260, 84
_MINUTES = {int(timeframe.duration_ms // 60_000): timeframe for timeframe in ANALYSED_TIMEFRAMES}
_UNIT_MINUTES = {"": 1, "m": 1, "min": 1, "h": 60, "d": 1440}


def parse_interval(words: str) -> Timeframe | None:
    """``5`` and ``5m`` are 5 minutes, ``60`` and ``1h`` an hour, ``d`` a day; None for anything else."""
    typed = words.strip().casefold()
    digits = typed.rstrip("minhd")
    unit = typed[len(digits) :]
    if unit not in _UNIT_MINUTES or not (digits.isdigit() or (not digits and unit)):
        return None
    return _MINUTES.get(int(digits or 1) * _UNIT_MINUTES[unit])


class IntervalBox(Overlay):
    """Shown over the middle of the window until Enter, Esc or a click elsewhere."""

    chosen = Signal(object)
    """`Timeframe`."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(theme, window)
        self.setFixedSize(WIDTH_PX, HEIGHT_PX)
        self.field = QLineEdit(self)
        self.field.setFont(font(Type.TITLE))
        self.field.setAccessibleName("Timeframe")
        self.field.setGeometry(12, 14, WIDTH_PX - 24, 30)
        self.field.textChanged.connect(lambda _: self.update())
        self.field.returnPressed.connect(self._on_return)
        self.setFocusProxy(self.field)

    def open_with(self, first: str) -> None:
        """Show with the first typed character in place."""
        middle = self._window.rect().center()
        self.field.setText(first)
        self.open_over(middle - QPoint(WIDTH_PX // 2, HEIGHT_PX))
        self.field.deselect()

    def _hint(self) -> Word:
        timeframe = parse_interval(self.field.text())
        if timeframe is not None:
            return Word(f"{timeframe.value} candles, Enter", Type.BODY, "muted")
        offered = " ".join(candidate.value for candidate in ANALYSED_TIMEFRAMES)
        return Word(f"one of {offered}", Type.BODY, "warning")

    def _on_return(self) -> None:
        timeframe = parse_interval(self.field.text())
        if timeframe is not None:
            self.finish()
            self.chosen.emit(timeframe)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_words(QPainter(self), self._theme, (self._hint(),), QRectF(14, 52, WIDTH_PX - 28, 20))
