"""The user's hand on drawings: places points, takes hold of drawings, selects, deletes; by mouse and by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QCursor

from virtuoso_desktop.ui.charts.drawing.figures import SPECS, Kind, Point, corners, with_corner
from virtuoso_desktop.ui.charts.drawing.layer import places_of
from virtuoso_desktop.ui.charts.drawing.measuring import spoken
from virtuoso_desktop.ui.charts.drawing.reach import Window
from virtuoso_desktop.ui.charts.drawing.shapes import HANDLE_REACH_PX, Hit, corner_at, is_on
from virtuoso_desktop.ui.charts.drawing.snapping import snapped

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent

    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.charts.canvas import Canvas
    from virtuoso_desktop.ui.charts.drawing.book import DrawingBook
    from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
    from virtuoso_desktop.ui.charts.drawing.figures import Drawing
    from virtuoso_desktop.ui.charts.drawing.layer import DrawingLayer
    from virtuoso_desktop.ui.charts.drawing.places import Places
    from virtuoso_desktop.ui.charts.stage import Stage

CLICK_PX = 4.0
"""A press that moved less is a click."""
_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_LEFT = Qt.MouseButton.LeftButton


class _Grip(NamedTuple):
    """What the mouse holds, and where it took hold."""

    drawing: Drawing
    corner: int | None
    slot: int
    ticks: float


class DrawingHand:
    """Takes mouse events before the chart's own gestures do; True says that an event was the hand's.

    With a tool: press and release, or press, drag and release, place the points. Without: a press on a drawing
    selects it, a drag moves it or one of its corners, a click on nothing lets go of it. Locked drawings stand still,
    so a drag on one moves the chart.
    """

    def __init__(self, stage: Stage, canvas: Canvas, layer: DrawingLayer) -> None:
        self._stage = stage
        self._canvas = canvas
        self.layer = layer
        self.instrument: InstrumentId | None = None
        self.making: Drawing | None = None
        """The drawing whose points are being placed."""
        self._is_second = False
        """The press in hand places the last point."""
        self._grip: _Grip | None = None
        self._pressed: QPointF | None = None

    @property
    def desk(self) -> DrawingDesk:
        return self.layer.desk

    @property
    def book(self) -> DrawingBook | None:
        return self.layer.book

    def show(self, instrument: InstrumentId | None) -> None:
        """Another instrument's drawings from now on."""
        self.drop()
        self.instrument = instrument
        self.layer.book = None if instrument is None else self.desk.books.of(instrument)

    def places(self) -> Places | None:
        """Where things stand now; None while there is nothing to draw on."""
        book = self.book
        return None if book is None or not book.is_open or self.desk.hides else places_of(self._stage)

    def drop(self) -> None:
        """Forget what is half made or held."""
        self.making = self._grip = self._pressed = None
        self.layer.hovered = self.layer.snap = None
        if self.book is not None:
            self.book.show_draft(None)

    def words(self) -> str:
        """For a screen reader: what the hand waits for, or the chosen drawing."""
        tool, instrument = self.desk.tool, self._stage.model.instrument
        if tool is not None:
            which = "last" if self.making is not None else "first" if SPECS[tool].points > 1 else "only"
            return f"{SPECS[tool].title}: arrow keys and Enter place the {which} point, Escape ends"
        chosen = None if self.book is None else self.book.chosen
        if chosen is None or instrument is None:
            return ""
        corner = None if self.book is None else self.book.corner
        words = f"Selected: {spoken(chosen, instrument.price_decimals, self._stage.axis_zone)}"
        plate = self.layer.measured_words(chosen)
        words += f". {'; '.join(plate)}" if plate else ""
        return words if corner is None else f"{words}. Point {corner + 1} of {len(corners(chosen))}"

    # --- looking ---------------------------------------------------------------------------------------------------

    def _is_inside(self, place: QPointF) -> bool:
        layout = self._stage.layout
        x, y = place.x() * layout.ratio, place.y() * layout.ratio
        return 0 <= x < layout.plot_width and 0 <= y < layout.price.bottom

    def hit_at(self, place: QPointF) -> Hit | None:
        """The drawing at a place: the selected one first, then from the top."""
        places, book = self.places(), self.book
        if places is None or book is None or not self._is_inside(place):
            return None
        x, y = place.x(), place.y()
        reach = HANDLE_REACH_PX
        window: Window = places.window(x - reach, y - reach, x + reach, y + reach)
        near = book.in_view(window, places.timeframe.value)[::-1]
        near.sort(key=lambda each: each.id != book.selected)
        for drawing in near:
            shape = self.layer.outline(drawing, places)
            corner = corner_at(shape, x, y) if drawing.id == book.selected else None
            if corner is not None or is_on(shape, x, y):
                return Hit(drawing, corner)
        return None

    def cursor(self) -> QCursor | None:
        """What the mouse looks like over the plot; None leaves it to the chart."""
        if self._grip is not None:
            return QCursor(Qt.CursorShape.ClosedHandCursor)
        if self.desk.tool is not None:
            return QCursor(Qt.CursorShape.CrossCursor)
        hit = self.layer.hovered
        if hit is None:
            return None
        is_free = hit.corner is not None and not hit.drawing.is_locked
        return QCursor(Qt.CursorShape.SizeAllCursor if is_free else Qt.CursorShape.PointingHandCursor)

    def point_at(self, places: Places, place: QPointF, held: Qt.KeyboardModifier) -> Point:
        """The point for a place: snapped to a candle when the magnet says so; Ctrl turns the magnet round."""
        has_magnet = self.desk.has_magnet != bool(held & _CONTROL)
        x, y = place.x(), place.y()
        found = snapped(places, self._stage.model.bars, x, y) if has_magnet else None
        self.layer.snap = found
        return found or places.point(x, y)

    # --- mouse -----------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> bool:
        """A button went down."""
        place = event.position()
        self._pressed = None
        if self.places() is None or not self._is_inside(place):
            return False
        if event.button() is Qt.MouseButton.RightButton:
            return self._press_right(event)
        if event.button() is not _LEFT:
            return False
        self._pressed = place
        if self.desk.tool is not None:
            self.put(place, event.modifiers())
            return True
        return self._take_hold(place)

    def _press_right(self, event: QMouseEvent) -> bool:
        if self.making is not None or self.desk.tool is not None:
            self.cancel()
            return True
        hit = self.hit_at(event.position())
        if hit is None or self.book is None:
            return False
        self.book.select(hit.drawing.id)
        self._canvas.drawing_menu_asked.emit(event.globalPosition().toPoint())
        return True

    def _take_hold(self, place: QPointF) -> bool:
        places, book, hit = self.places(), self.book, self.hit_at(place)
        if places is None or book is None or hit is None:
            return False
        book.select(hit.drawing.id)
        self._canvas.hover_moved.emit()
        if hit.drawing.is_locked:
            return False
        ticks = places.ticks_at(place.y() * places.ratio)
        self._grip = _Grip(hit.drawing, hit.corner, places.slot(place.x()), ticks)
        return True

    def move(self, event: QMouseEvent) -> bool:
        """The mouse moved; False when the chart may pan."""
        places, place = self.places(), event.position()
        if places is None or self.book is None:
            return False
        if self._grip is not None and event.buttons() & _LEFT:
            self._drag(places, self._grip, place, event.modifiers())
            return True
        self._grip = None
        if self.making is not None:
            self.stretch(places, place, event.modifiers())
            return True
        if self.desk.tool is not None:
            self._show_snap(places, place, event.modifiers())
            return bool(event.buttons() & _LEFT)
        if not event.buttons():
            self.layer.hovered = self.hit_at(place)
        return False

    def _show_snap(self, places: Places, place: QPointF, held: Qt.KeyboardModifier) -> None:
        """Where the first point would go."""
        if self._is_inside(place):
            self.point_at(places, place, held)
        else:
            self.layer.snap = None

    def _drag(self, places: Places, grip: _Grip, place: QPointF, held: Qt.KeyboardModifier) -> None:
        if self._pressed is not None and (place - self._pressed).manhattanLength() < CLICK_PX:
            return
        self._pressed = None
        book, drawing = self.book, grip.drawing
        assert book is not None
        if grip.corner is not None:
            book.show_draft(with_corner(drawing, grip.corner, self.point_at(places, place, held)))
            return
        slots = places.slot(place.x()) - grip.slot
        ticks = round(places.ticks_at(place.y() * places.ratio) - grip.ticks)
        book.show_draft(drawing.with_points(*(places.moved(point, slots, ticks) for point in drawing.points)))

    def release(self, event: QMouseEvent) -> bool:
        """A button came up."""
        if event.button() is not _LEFT:
            return False
        pressed, self._pressed = self._pressed, None
        places, place = self.places(), event.position()
        if self._grip is not None:
            self._let_go()
            return True
        was_click = pressed is not None and (place - pressed).manhattanLength() < CLICK_PX
        if self.making is not None and places is not None:
            if not was_click or SPECS[self.making.kind].points == 1 or self._is_second:
                self.stretch(places, place, event.modifiers())
                self.finish()
            return True
        if was_click and self.book is not None and self.hit_at(place) is None:
            self.book.select("")
            self._canvas.hover_moved.emit()
        return False

    def _let_go(self) -> None:
        """Keep the drawing where it was dragged to."""
        self._grip = None
        self.layer.snap = None
        book = self.book
        if book is not None and book.draft is not None:
            moved = book.draft
            book.show_draft(None)
            book.replace(moved)
        self.desk.changed.emit()

    def leave(self) -> None:
        """The mouse left the chart."""
        self.layer.hovered = None
        if self.making is None:
            self.layer.snap = None

    def double_click(self, event: QMouseEvent) -> bool:
        """Edit a text; a double click with a tool is its second press."""
        if event.button() is not _LEFT:
            return False
        hit = self.hit_at(event.position()) if self.desk.tool is None else None
        if hit is not None and hit.drawing.kind is Kind.TEXT and not hit.drawing.is_locked:
            self._grip = None
            self._canvas.text_asked.emit(hit.drawing)
            return True
        return False

    # --- making, for mouse and keys ----------------------------------------------------------------------------------

    def put(self, place: QPointF, held: Qt.KeyboardModifier) -> None:
        """A press with a tool: the first point, or the last one."""
        places, tool = self.places(), self.desk.tool
        if places is None or self.book is None or tool is None:
            return
        self._is_second = self.making is not None
        if self.making is None:
            self.book.select("")
            self.making = self.desk.begin(tool, self.point_at(places, place, held))
            self.book.show_draft(self.making)
        else:
            self.stretch(places, place, held)
        self._canvas.hover_moved.emit()

    def stretch(self, places: Places, place: QPointF, held: Qt.KeyboardModifier) -> None:
        """The last point follows; Shift keeps it level with the first."""
        making, book = self.making, self.book
        if making is None or book is None:
            return
        point = self.point_at(places, place, held)
        if held & _SHIFT and len(making.points) > 1:
            point = Point(point.time_ms, making.points[0].price)
        self.making = making.with_points(*making.points[:-1], point)
        book.show_draft(self.making)

    def finish(self) -> None:
        """All points are placed: keep the drawing; a text is written first."""
        made, self.making = self.making, None
        self.layer.snap = None
        book = self.book
        if made is None or book is None:
            return
        if made.kind is Kind.TEXT:
            self._canvas.text_asked.emit(made)
        else:
            book.show_draft(None)
            self.keep(book, made)
        self.desk.lay_down()

    def keep(self, book: DrawingBook, made: Drawing) -> None:
        """Put a new drawing into a book and select it."""
        if book.add(made):
            book.select(made.id)
        else:
            self.desk.told.emit("There are too many drawings on this instrument. Remove some first.")
        self._canvas.hover_moved.emit()

    def ask_text(self, drawing: Drawing) -> None:
        """Let the user write a text in its place."""
        self._canvas.text_asked.emit(drawing)

    def write(self, instrument: InstrumentId, drawing: Drawing, words: str | None) -> None:
        """A text was written; None when that was given up. An empty text removes its drawing.

        ``instrument`` is the one it was begun on: another may be shown by now.
        """
        book = self.desk.books.of(instrument)
        book.show_draft(None)
        is_known = book.find(drawing.id) is not None
        written = "" if words is None else words.strip()
        if written:
            made = msgspec.structs.replace(drawing, text=written)
            if is_known:
                book.replace(made)
            else:
                self.keep(book, made)
        elif words is not None and is_known:
            self.desk.remove(instrument, (drawing,))
        self.desk.changed.emit()

    def cancel(self) -> bool:
        """One step back: the half-made drawing, then the tool, then the selection; False when there is nothing."""
        book = self.book
        if self.making is not None or self._grip is not None:
            self.drop()
        elif self.desk.tool is not None:
            self.layer.snap = None
            self.desk.take(None)
        elif book is not None and book.selected:
            book.select("")
        else:
            return False
        self._canvas.hover_moved.emit()
        return True

    def remove_chosen(self) -> None:
        """Remove the selected drawing; a locked one stays."""
        chosen = None if self.book is None else self.book.chosen
        if chosen is None or self.instrument is None:
            return
        if chosen.is_locked:
            self.desk.told.emit(f"{chosen.title} is locked. Unlock it in its menu before you remove it.")
        else:
            self.desk.remove(self.instrument, (chosen,))
