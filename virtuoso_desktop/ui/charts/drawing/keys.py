"""Drawing without a mouse: arrow keys carry a point or the selected drawing, Enter places, Delete removes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from virtuoso_desktop.ui.charts.drawing.figures import SPECS, Kind, corners, with_corner
from virtuoso_desktop.ui.charts.stage import Hover

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from virtuoso_desktop.ui.charts.canvas import Canvas
    from virtuoso_desktop.ui.charts.drawing.figures import Drawing
    from virtuoso_desktop.ui.charts.drawing.hand import DrawingHand
    from virtuoso_desktop.ui.charts.drawing.places import Places
    from virtuoso_desktop.ui.charts.stage import Stage

STEP_PX = 4.0
FAST = 10
"""Shift makes a step so many times as long."""
_WAYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_PLACES = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_REMOVES = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class DrawingKeys:
    """Keys of one chart, asked before the chart's own."""

    def __init__(self, stage: Stage, canvas: Canvas, hand: DrawingHand) -> None:
        self._stage = stage
        self._canvas = canvas
        self._hand = hand
        self.cursor: QPointF | None = None
        """Where the keys have carried the point that is placed next; logical pixels."""

    def key(self, event: QKeyEvent) -> bool:
        """Do what a key says; False when it is none of the drawings'."""
        key = Qt.Key(event.key())
        if key is Qt.Key.Key_Escape:
            self.cursor = None
            return self._hand.cancel()
        tool, book = self._hand.desk.tool, self._hand.book
        chosen = None if book is None else book.chosen
        # Most keys are none of the drawings': they are told so before anything is worked out.
        places = None if tool is None and chosen is None else self._hand.places()
        if places is None:
            return False
        is_fast = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if tool is not None:
            return self._key_with_tool(places, key, is_fast)
        return chosen is not None and self._key_on(places, chosen, key, is_fast)

    # --- placing -------------------------------------------------------------------------------------------------

    def _key_with_tool(self, places: Places, key: Qt.Key, is_fast: bool) -> bool:
        if key in _PLACES:
            self._place(places)
        elif key in _WAYS:
            self._carry(places, *_WAYS[key], FAST if is_fast else 1)
        else:
            return False
        return True

    def _begin(self, places: Places) -> QPointF:
        """The crosshair while it is over the candles, else the newest close, else the middle."""
        hover, model = self._stage.hover, self._stage.model
        if self.cursor is not None:
            return self.cursor
        if hover is not None and hover.y is not None and hover.y < places.height * places.ratio:
            return QPointF(places.x(places.open_ms(hover.slot)), hover.y / places.ratio)
        if model.newest is not None and model.time.follows:
            y = places.row_of(model.newest.close) / places.ratio
            return self._inside(places, QPointF(places.x(places.open_ms(model.newest.slot)), y))
        return QPointF(places.width / 2, places.height / 2)

    @staticmethod
    def _inside(places: Places, place: QPointF) -> QPointF:
        return QPointF(min(max(place.x(), 1.0), places.width - 2), min(max(place.y(), 1.0), places.height - 2))

    def _carry(self, places: Places, right: int, up: int, times: int) -> None:
        begin = self._begin(places)
        column_px = max(1.0, places.time.zoom.spacing / places.ratio)
        place = QPointF(begin.x() + right * times * column_px, begin.y() - up * times * STEP_PX)
        self.cursor = self._inside(places, place)
        held = Qt.KeyboardModifier.NoModifier
        if self._hand.making is not None:
            self._hand.stretch(places, self.cursor, held)
        else:
            self._hand.point_at(places, self.cursor, held)
        self.show_cursor(places)
        self._canvas.hover_moved.emit()

    def show_cursor(self, places: Places | None = None) -> bool:
        """Put the crosshair where the keys carried the point; False when they carry none."""
        if self.cursor is None:
            return False
        places = places or self._hand.places()
        if places is None or self._hand.desk.tool is None:
            self.cursor = None
            return False
        self._stage.hover = Hover(places.slot(self.cursor.x()), round(self.cursor.y() * places.ratio))
        return True

    def _place(self, places: Places) -> None:
        self.cursor = self._begin(places)
        held = Qt.KeyboardModifier.NoModifier
        tool, is_last = self._hand.desk.tool, self._hand.making is not None
        self._hand.put(self.cursor, held)
        if is_last or (tool is not None and SPECS[tool].points == 1):
            self._hand.finish()
            self.cursor = None

    # --- the selected drawing --------------------------------------------------------------------------------------

    def _key_on(self, places: Places, chosen: Drawing, key: Qt.Key, is_fast: bool) -> bool:
        book = self._hand.book
        if book is None:
            return False
        if key in _REMOVES:
            self._hand.remove_chosen()
        elif key in _WAYS:
            self._nudge(places, chosen, *_WAYS[key], FAST if is_fast else 1)
        elif key is Qt.Key.Key_Space:
            book.next_corner(len(corners(chosen)))
        elif key is Qt.Key.Key_Menu or (key is Qt.Key.Key_F10 and is_fast):
            x, y = self._hand.layer.outline(chosen, places).handles[0]
            place = self._inside(places, QPointF(x, y))
            self._canvas.drawing_menu_asked.emit(self._canvas.viewport().mapToGlobal(place.toPoint()))
        elif key in _PLACES and chosen.kind is Kind.TEXT and not chosen.is_locked:
            self._canvas.text_asked.emit(chosen)
        else:
            return False
        self._canvas.hover_moved.emit()
        return True

    def _nudge(self, places: Places, chosen: Drawing, right: int, up: int, times: int) -> None:
        """Move the drawing, or its chosen corner, by candles and by the ticks of a few pixels."""
        book = self._hand.book
        if book is None or chosen.is_locked:
            return
        row = places.row_of(chosen.points[0].price / places.tick)
        per_step = abs(places.ticks_at(row) - places.ticks_at(row + STEP_PX * places.ratio))
        slots = right * times * places.time.zoom.per_column
        ticks = up * times * max(1, round(per_step))
        if book.corner is not None:
            corner = corners(chosen)[book.corner]
            moved = with_corner(chosen, book.corner, places.moved(corner, slots, ticks))
        else:
            moved = chosen.with_points(*(places.moved(point, slots, ticks) for point in chosen.points))
        book.replace(moved, is_nudge=True)
