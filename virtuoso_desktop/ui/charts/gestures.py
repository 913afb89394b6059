"""Mouse and keys of the chart: pan, zoom, scale, crosshair."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QWheelEvent

from virtuoso_desktop.ui.charts.drawing.keys import DrawingKeys
from virtuoso_desktop.ui.charts.stage import Hover, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.canvas import Canvas

NOTCH = 120
"""Wheel units of one notch."""
_SCALE_PX = 160.0
"""Dragging the price axis this far scales by e."""
_RUNG_PX = 14.0
"""Dragging the time axis this far is one zoom step."""
_BORDER_REACH_PX = 3.0
_ARROW_SHARE = 0.08
_PAGE_SHARE = 0.9
_PRICE_SHARE = 0.08
_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class Area(Enum):
    """What lies under the mouse."""

    PLOT = Qt.CursorShape.CrossCursor
    PRICE_AXIS = Qt.CursorShape.SizeVerCursor
    STUDY_AXIS = Qt.CursorShape.ArrowCursor
    TIME_AXIS = Qt.CursorShape.SizeHorCursor
    BORDER = Qt.CursorShape.SplitVCursor
    ENTRY = Qt.CursorShape.PointingHandCursor


class Gestures:
    """Turns events of the canvas into moves of the model; tells by the canvas' signals.

    Drag in the plot pans (prices too, once they are scaled by hand); drag on an axis scales it; the
    wheel zooms at the cursor, sideways or with Shift it pans; a double click on an axis resets it. Drag
    of a pane's upper border gives it another height.
    """

    def __init__(self, stage: Stage, canvas: Canvas) -> None:
        self._stage = stage
        self._canvas = canvas
        self._hand = canvas.hand
        self._drawing_keys = DrawingKeys(stage, canvas, canvas.hand)
        self._drag: Area | None = None
        self._border = 0
        self._last = QPointF()
        self._place: QPointF | None = None
        self._rest = 0.0
        self._notches = 0.0
        self._keys: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_Left: lambda: self._pan_share(-_ARROW_SHARE),
            Qt.Key.Key_Right: lambda: self._pan_share(_ARROW_SHARE),
            Qt.Key.Key_PageUp: lambda: self._pan_share(-_PAGE_SHARE),
            Qt.Key.Key_PageDown: lambda: self._pan_share(_PAGE_SHARE),
            Qt.Key.Key_Up: lambda: self._stage.model.price.shift(_PRICE_SHARE),
            Qt.Key.Key_Down: lambda: self._stage.model.price.shift(-_PRICE_SHARE),
            Qt.Key.Key_Home: self._stage.model.time.show_newest,
            Qt.Key.Key_End: self._stage.model.time.show_oldest,
            Qt.Key.Key_Plus: lambda: self.zoom(1),
            Qt.Key.Key_Equal: lambda: self.zoom(1),
            Qt.Key.Key_Minus: lambda: self.zoom(-1),
            Qt.Key.Key_Underscore: lambda: self.zoom(-1),
        }

    @property
    def is_dragging(self) -> bool:
        return self._drag is not None

    def zoom(self, rungs: int) -> None:
        """Zoom about the crosshair, else about the newest candle when it is in view, else the middle."""
        time = self._stage.model.time
        hover = self._stage.hover
        if hover is not None:
            x = time.column_of(hover.slot)
        elif time.follows:
            x = time.column_of(time.newest)
        else:
            x = time.width // 2
        time.zoom_at(x, rungs)

    # --- mouse -------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        self._drawing_keys.cursor = None
        if self._hand.press(event):
            return
        if event.button() is Qt.MouseButton.RightButton:
            self._canvas.menu_asked.emit(self._canvas.entry_at(event.position()), event.globalPosition().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or self._stage.model.is_empty:
            return
        if self._canvas.is_cross(event.position()):
            self._canvas.close_asked.emit(self._stage.entry)
            return
        self._drag = self.area_at(event.position())
        self._border = self._border_at(event.position()) or 0
        self._last = event.position()
        self._rest = 0.0
        if self._drag is Area.PLOT:
            self._canvas.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, event: QMouseEvent) -> None:
        place = event.position()
        self._drawing_keys.cursor = None
        if self._drag is None and self._hand.move(event):
            self._canvas.viewport().setCursor(self._cursor_at(place))
            self._show_hover(place)
            return
        if self._drag is None or not event.buttons() & Qt.MouseButton.LeftButton:
            self._drag = None
            self._canvas.viewport().setCursor(self._cursor_at(place))
        else:
            self._drag_to(place)
        self._show_hover(place)

    def _show_hover(self, place: QPointF) -> None:
        """The crosshair follows, and drawings under it show that they can be taken hold of."""
        self._place = place
        self.follow_mouse()
        self._canvas.hover_moved.emit()

    def release(self, event: QMouseEvent) -> None:
        if self._hand.release(event):
            self._canvas.viewport().setCursor(self._cursor_at(event.position()))
            self._canvas.hover_moved.emit()
        elif event.button() is Qt.MouseButton.LeftButton:
            self._drag = None
            self._canvas.viewport().setCursor(self._cursor_at(event.position()))

    def leave(self) -> None:
        """The mouse left: no crosshair."""
        self._place = None
        self._hand.leave()
        if self._stage.hover is not None or self._stage.entry:
            self._stage.hover, self._stage.entry = None, ""
            self._canvas.hover_moved.emit()

    def double_click(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._hand.double_click(event):
            return
        if self._hand.press(event):
            return
        area = self.area_at(event.position())
        if area is Area.PRICE_AXIS:
            self._stage.model.price.set_auto()
        elif area is Area.TIME_AXIS:
            self._stage.model.time.reset_zoom()
        elif area is Area.ENTRY:
            self._canvas.settings_asked.emit(self._stage.entry)
            return
        else:
            self.press(event)
            return
        self._canvas.view_moved.emit()

    def wheel(self, event: QWheelEvent) -> None:
        event.accept()
        if self._stage.model.is_empty:
            return
        delta = event.angleDelta()
        sideways = delta.x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not sideways:
            sideways = delta.y()
        if abs(sideways) > abs(delta.y()) or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._stage.model.time.pan(round(sideways * self._stage.layout.ratio / 2))
        elif self.area_at(event.position()) is Area.PRICE_AXIS:
            self._stage.model.price.scale(math.exp(-delta.y() / NOTCH / 10))
        else:
            self._zoom_by_wheel(delta.y(), event.position())
        self._canvas.view_moved.emit()
        self.hover_at(event.position())

    def _zoom_by_wheel(self, units: int, place: QPointF) -> None:
        """Whole notches zoom; the fine steps of a touch pad add up to them."""
        if units * self._notches < 0:
            self._notches = 0.0
        self._notches += units / NOTCH
        rungs = int(self._notches)
        self._notches -= rungs
        if rungs:
            x = min(place.x() * self._stage.layout.ratio, self._stage.layout.plot_width)
            self._stage.model.time.zoom_at(x, rungs)

    def _drag_to(self, place: QPointF) -> None:
        moved = place - self._last
        self._last = place
        model, ratio = self._stage.model, self._stage.layout.ratio
        if self._drag is Area.PLOT:
            self._rest += moved.x() * ratio
            whole = round(self._rest)
            self._rest -= whole
            model.time.pan(whole)
            if not model.price.is_auto and moved.y():
                model.price.shift(moved.y() * ratio / self._stage.layout.price.height)
        elif self._drag is Area.PRICE_AXIS:
            model.price.scale(math.exp(moved.y() / _SCALE_PX))
        elif self._drag is Area.TIME_AXIS:
            self._rest -= moved.x() / _RUNG_PX
            rungs = int(self._rest)
            self._rest -= rungs
            model.time.zoom_at(model.time.width, rungs)
        elif self._drag is Area.BORDER:
            self._rest += moved.y()
            whole = round(self._rest)
            self._rest -= whole
            self._canvas.move_border(self._border, whole)
        self._canvas.view_moved.emit()

    def hover_at(self, place: QPointF) -> None:
        """Put the crosshair at a place of the viewport (logical pixels); away from the plot there is none."""
        self._place = place
        if self.follow_mouse():
            self._canvas.hover_moved.emit()

    def follow_mouse(self) -> bool:
        """The view may have moved under a resting mouse: the crosshair stays at the mouse. True when it moved."""
        stage, place = self._stage, self._place
        if self._drawing_keys.show_cursor() or place is None:
            return False
        hover: Hover | None = None
        entry = ""
        if not stage.model.is_empty and self.area_at(place) in (Area.PLOT, Area.ENTRY, Area.BORDER):
            x, y = math.floor(place.x() * stage.layout.ratio), math.floor(place.y() * stage.layout.ratio)
            hover = Hover(stage.model.time.slot_at(x), y)
            entry = self._canvas.entry_at(place)
        if (hover, entry) == (stage.hover, stage.entry):
            return False
        stage.hover, stage.entry = hover, entry
        return True

    def area_at(self, place: QPointF) -> Area:
        """What lies under a place of the viewport (logical pixels)."""
        layout = self._stage.layout
        x, y = place.x() * layout.ratio, place.y() * layout.ratio
        if y >= layout.time.top:
            return Area.TIME_AXIS
        if self._border_at(place) is not None:
            return Area.BORDER
        if x < layout.plot_width:
            return Area.ENTRY if self._canvas.is_legend(place) else Area.PLOT
        return Area.PRICE_AXIS if y < layout.price.bottom else Area.STUDY_AXIS

    def _border_at(self, place: QPointF) -> int | None:
        layout = self._stage.layout
        return layout.border_at(place.y() * layout.ratio, _BORDER_REACH_PX * layout.ratio)

    def _cursor_at(self, place: QPointF) -> QCursor:
        if self._stage.model.is_empty:
            return QCursor(Qt.CursorShape.ArrowCursor)
        area = self.area_at(place)
        drawn = self._hand.cursor() if area in (Area.PLOT, Area.ENTRY) else None
        return drawn or QCursor(area.value)

    # --- keys --------------------------------------------------------------------------------------------------

    def key(self, event: QKeyEvent) -> bool:
        """Do what a key says; False when it is none of the chart's."""
        if event.modifiers() & _COMMANDS:
            return False
        if self._drawing_keys.key(event):
            return True
        if event.key() == Qt.Key.Key_Escape:
            return self._stage.choice.end_evidence()
        action = self._keys.get(Qt.Key(event.key()))
        if action is not None:
            if not self._stage.model.is_empty:
                action()
                self._canvas.view_moved.emit()
            return True
        typed = event.text()
        if typed.isalpha():
            self._canvas.letters_typed.emit(typed)
        elif typed.isdigit():
            self._canvas.digit_typed.emit(typed)
        else:
            return False
        return True

    def _pan_share(self, share: float) -> None:
        time = self._stage.model.time
        time.pan_bars(share * time.view_bars)
