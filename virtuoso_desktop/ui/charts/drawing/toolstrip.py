"""The strip of drawing tools at the chart's left edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.charts.drawing.figures import SPECS, Kind
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.shortcuts import with_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
    from virtuoso_desktop.ui.theme import Theme

WIDTH_PX = 36
BUTTON_PX = 28
_PAD_PX, _GAP_PX, _GROUP_PX = 4, 2, 8


class ToolButton(Button):
    """A tool; a double click keeps it in hand."""

    double_clicked = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        # Not a second press: that would lay the tool down again.
        if event.button() is Qt.MouseButton.LeftButton:
            self.double_clicked.emit()


class ToolStrip(QWidget):
    """Tools from above, then what holds for all of them; up and down keys go from one to the next.

    Signals
    -------
    chosen
        A tool was taken or laid down here: the keys belong to the chart now.
    undo_asked, redo_asked, clear_asked
        For the drawings of the shown instrument.
    """

    chosen = Signal()
    undo_asked = Signal()
    redo_asked = Signal()
    clear_asked = Signal()

    def __init__(self, theme: Theme, desk: DrawingDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._desk = desk
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName("Drawing tools")
        self._order: list[Button | None] = []
        """From above; None parts two groups."""
        self.buttons: dict[str, Button] = {}
        self.tools: dict[Kind | None, ToolButton] = {
            None: self._tool(None, "cursor", "Move the chart, select drawings")
        }
        for kind, spec in SPECS.items():
            self.tools[kind] = self._tool(kind, spec.icon, with_keys(spec.title, f"draw_{kind.value}"))
        self._order.append(None)
        self._switch("keep", "push-pin", "Keep the tool after a drawing", desk.keep_tool)
        self._switch(
            "magnet",
            "magnet",
            with_keys("Magnet: snap to candles. Ctrl turns it round", "draw_magnet"),
            desk.set_magnet,
        )
        self._switch("hide", "eye-slash", with_keys("Hide drawings", "draw_hide"), desk.hide)
        self._order.append(None)
        self._act("undo", "arrow-counter-clockwise", with_keys("Undo", "draw_undo"), self.undo_asked.emit)
        self._act("redo", "arrow-clockwise", with_keys("Redo", "draw_redo"), self.redo_asked.emit)
        self._act(
            "clear", "trash", with_keys("Remove all drawings of the instrument", "draw_clear"), self.clear_asked.emit
        )
        desk.changed.connect(self.look)
        self.look()

    def _add(self, button: Button, words: str, tip: str) -> None:
        button.setAccessibleName(words)
        button.setToolTip(tip)
        self._order.append(button)

    def _tool(self, kind: Kind | None, icon: str, tip: str) -> ToolButton:
        button = ToolButton(self._theme, icon_name=icon, parent=self)
        button.setCheckable(True)
        more = "" if kind is None else "\nDouble click keeps it"
        self._add(button, "Select" if kind is None else SPECS[kind].title, tip + more)
        button.clicked.connect(lambda: self._choose(kind))
        button.double_clicked.connect(lambda: self._desk.take(kind, keeps=kind is not None))
        return button

    def _choose(self, kind: Kind | None) -> None:
        """The tool in hand is laid down by its own button."""
        self._desk.take(None if self._desk.tool is kind else kind)
        self.chosen.emit()

    def _switch(self, name: str, icon: str, tip: str, turn: Callable[[bool], None]) -> None:
        button = self.buttons[name] = Button(self._theme, icon_name=icon, parent=self)
        button.setCheckable(True)
        self._add(button, tip.partition(" (")[0].partition(":")[0], tip)
        button.clicked.connect(turn)

    def _act(self, name: str, icon: str, tip: str, do: Callable[[], object]) -> None:
        button = self.buttons[name] = Button(self._theme, icon_name=icon, parent=self)
        self._add(button, tip.partition(" (")[0], tip)
        button.clicked.connect(lambda _checked: do())

    def _arrange(self) -> None:
        """From above; where the window is low, in a second column."""
        x, y = _PAD_PX, _PAD_PX
        for button in self._order:
            if button is None:
                y += _GROUP_PX if y > _PAD_PX else 0
                continue
            if y > _PAD_PX and y + BUTTON_PX + _PAD_PX > self.height():
                x, y = x + BUTTON_PX + _GAP_PX, _PAD_PX
            button.setGeometry(x, y, BUTTON_PX, BUTTON_PX)
            y += BUTTON_PX + _GAP_PX
        self.setFixedWidth(x + BUTTON_PX + _PAD_PX)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._arrange()

    def look(self) -> None:
        """Show which tool is in hand, and what is switched on."""
        desk = self._desk
        for kind, button in self.tools.items():
            button.setChecked(kind is desk.tool)
        for name, is_on in (("keep", desk.keeps_tool), ("magnet", desk.has_magnet), ("hide", desk.hides)):
            self.buttons[name].setChecked(is_on)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.focusNextChild()
        elif event.key() == Qt.Key.Key_Up:
            self.focusPreviousChild()
        elif event.key() == Qt.Key.Key_Escape and self._desk.tool is not None:
            self._desk.take(None)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("surface"))
        painter.fillRect(self.width() - 1, 0, 1, self.height(), self._theme.color("line"))
