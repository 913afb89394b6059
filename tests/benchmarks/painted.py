"""Steps of a widget that are painted one by one, offscreen or on a display."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

CHECKED = 8


def application() -> QApplication:
    """The process' application; drawn at the size of one display pixel a logical one, unless the system says else."""
    return QApplication.instance() or QApplication([])  # type: ignore[return-value]


class Paints(QObject):
    """Counts the paint events of a widget: a step that painted nothing measured nothing."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)
        self._widget = widget

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        self.count += event.type() is QEvent.Type.Paint
        return False

    def end(self) -> int:
        self._widget.removeEventFilter(self)
        return self.count


def steps(app: QApplication, step: Callable[[int], object], count: int) -> Callable[[Any], None]:
    """A round: so many steps, each painted before the next."""

    def work(_: object) -> None:
        for number in range(count):
            step(number)
            app.processEvents()

    return work


def check_paints(app: QApplication, widget: QWidget, step: Callable[[int], object]) -> None:
    """Raises AssertionError when a step does not paint exactly once."""
    app.processEvents()
    paints = Paints(widget)
    steps(app, step, CHECKED)(None)
    count = paints.end()
    assert count == CHECKED, f"{type(widget).__name__}: {CHECKED} steps painted {count} times"
