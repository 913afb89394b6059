"""The table of Markets: stars, rows dragged to another place or onto another list, symbols dropped into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtWidgets import QApplication

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.table import TableView

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QMouseEvent, QPainter, QPaintEvent
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.ui.table_model import PaintedModel
    from virtuoso_desktop.ui.theme import Theme

STAR_PX = 17
"""At the left edge of a row: a click there is a star."""
_STAR_ICON_PX = 11.0


class MarketsTable(TableView):
    """A `TableView` whose rows can be starred and dragged. Dragging runs in our own events, never in a nested loop."""

    star_asked = Signal(int)
    """A star was clicked: its row."""
    row_moved = Signal(int, int)
    """A row was dragged before another one; the count of rows stands for the end."""
    row_let_go = Signal(int, QPoint)
    """A row was dropped outside the table, at a point of the screen."""
    text_dropped = Signal(str, int)
    """Text from elsewhere, and the row it was dropped on."""

    def __init__(self, model: PaintedModel, theme: Theme, parent: QWidget) -> None:
        super().__init__(model, theme, parent)
        self.is_starred: Callable[[int], bool] = _never
        self.can_move: Callable[[], bool] = _never_now
        """Whether rows stand in an order that dragging can change; asked when a drag begins."""
        self._pressed = QPoint()
        self._held = -1
        self._target: int | None = None
        self._is_star = False
        self.pictures[0] = self._paint_star
        self.setAcceptDrops(True)
        self.canvas.setAcceptDrops(True)

    @property
    def is_dragging(self) -> bool:
        """Whether a row is held: rows must not move by themselves meanwhile."""
        return self._target is not None

    def _paint_star(self, painter: QPainter, cell: QRectF, row: int) -> None:
        is_starred = self.is_starred(row)
        if not is_starred and row != self._hovered:
            return
        box = QRectF(cell.left() + 4, cell.center().y() - _STAR_ICON_PX / 2, _STAR_ICON_PX, _STAR_ICON_PX)
        icons.paint(painter, "star-fill" if is_starred else "star", box, self._theme.color("muted"))

    # --- the mouse ----------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        row = self.rowAt(at.y())
        self._is_star = event.button() is Qt.MouseButton.LeftButton and row >= 0 and at.x() < STAR_PX
        if self._is_star:
            self.star_asked.emit(row)
            return
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._held = at, row
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held >= 0 and event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event.position().toPoint())
            return
        super().mouseMoveEvent(event)

    def _drag(self, at: QPoint) -> None:
        if self._target is None and (at - self._pressed).manhattanLength() < QApplication.startDragDistance():
            return
        offset = at.y() + self.verticalOffset()
        self._target = max(0, min(self._painted.row_count(), (offset + self.row_px // 2) // self.row_px))
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.canvas.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._is_star:
            self._is_star = False
            return
        held, target = self._held, self._target
        self.end_drag()
        if target is None:
            super().mouseReleaseEvent(event)
            return
        self.setState(TableView.State.NoState)
        at = event.position().toPoint()
        if not self.canvas.rect().contains(at):
            self.row_let_go.emit(held, event.globalPosition().toPoint())
        else:
            self.row_moved.emit(held, target)

    def end_drag(self) -> None:
        """Let the held row go where it was."""
        self._held, self._target = -1, None
        self.unsetCursor()
        self.canvas.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._target is not None and self.can_move():
            from PySide6.QtGui import QPainter

            top = self._target * self.row_px - self.verticalOffset()
            QPainter(self.canvas).fillRect(0, max(0, top - 1), self.canvas.width(), 2, self._theme.color("accent"))

    # --- dropped from elsewhere ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasText():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasText():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.text_dropped.emit(event.mimeData().text(), self.rowAt(event.position().toPoint().y()))
        event.acceptProposedAction()


def _never(_row: int) -> bool:
    return False


def _never_now() -> bool:
    return False
