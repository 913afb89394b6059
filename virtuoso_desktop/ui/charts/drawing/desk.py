"""What all charts of the window share of drawing: the books, the tool in hand, the magnet, the looks chosen last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from virtuoso_desktop.ui.charts.drawing.figures import COLOURS, SPECS, WIDTHS_PX, Drawing, Kind, Look, new_id

if TYPE_CHECKING:
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.charts.drawing.figures import Point
    from virtuoso_desktop.ui.charts.drawing.store import DrawingBooks
    from virtuoso_desktop.ui.memory import DrawMemory

StoredLook = tuple[str, int, str]


class DrawingDesk(QObject):
    """One for a window.

    Parameters
    ----------
    books : DrawingBooks
        The drawings of each instrument.
    memory : DrawMemory
        The user's choices of the previous run.

    Signals
    -------
    changed
        Tool, magnet, visibility or a book: what shows them has to look again.
    undo_offered(str, callable)
        What was removed, in words, and how to take that back.
    told(str)
        Why something was not done.
    """

    changed = Signal()
    undo_offered = Signal(str, object)
    told = Signal(str)

    def __init__(self, books: DrawingBooks, memory: DrawMemory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.books = books
        self.tool: Kind | None = None
        """None: the mouse moves the chart and takes hold of drawings."""
        self.keeps_tool = False
        """The tool stays in hand after a drawing."""
        self.has_magnet = memory.magnet
        self.hides = False
        """No drawing is shown."""
        self._looks = {kind: _look_of(kind, memory.looks.get(kind.value)) for kind in Kind}

    @property
    def looks(self) -> dict[str, StoredLook]:
        """The looks chosen last, for the next run."""
        return {kind.value: (look.colour, look.width_px, look.stroke.value) for kind, look in self._looks.items()}

    # --- tools ---------------------------------------------------------------------------------------------------

    def take(self, tool: Kind | None, *, keeps: bool | None = None) -> None:
        """Take a tool in hand, or none; ``keeps`` None leaves as it is whether it stays there."""
        self.tool = tool
        if keeps is not None:
            self.keeps_tool = keeps
        if tool is not None:
            self.hides = False
        self.changed.emit()

    def lay_down(self) -> None:
        """A drawing was made: the tool goes, unless it was kept."""
        if not self.keeps_tool:
            self.take(None)

    def keep_tool(self, keeps: bool) -> None:
        """Whether the tool stays in hand for more than one drawing."""
        self.keeps_tool = keeps
        self.changed.emit()

    def set_magnet(self, has_magnet: bool) -> None:
        """Whether points snap to candles."""
        self.has_magnet = has_magnet
        self.changed.emit()

    def hide(self, hides: bool) -> None:
        """Show no drawing, or all of them again."""
        self.hides = hides
        if hides:
            self.tool = None
        self.changed.emit()

    def begin(self, kind: Kind, point: Point) -> Drawing:
        """A new drawing, all of its points at one place."""
        return Drawing(new_id(), kind, (point,) * SPECS[kind].points, self._looks[kind])

    # --- drawings ------------------------------------------------------------------------------------------------

    def restyle(self, instrument: InstrumentId, drawing: Drawing, look: Look) -> None:
        """Give a drawing another look; the next one of its kind has it too."""
        self._looks[drawing.kind] = look
        self.replace(instrument, msgspec.structs.replace(drawing, look=look))

    def replace(self, instrument: InstrumentId, drawing: Drawing) -> None:
        """Put a drawing in the place of the one with its id."""
        self.books.of(instrument).replace(drawing)
        self.changed.emit()

    def remove(self, instrument: InstrumentId, drawings: tuple[Drawing, ...]) -> None:
        """Remove some and offer to take that back."""
        book = self.books.of(instrument)
        removed = book.remove(each.id for each in drawings)
        self.changed.emit()
        if not removed:
            return
        many = f"{len(removed)} drawings of {instrument.symbol} were"
        what = f"{removed[0][1].title} was" if len(removed) == 1 else many

        def put_back() -> None:
            book.put_back(removed)
            self.changed.emit()

        self.undo_offered.emit(f"{what} removed.", put_back)

    def remove_all(self, instrument: InstrumentId) -> None:
        """Remove every drawing of an instrument, locked ones too, and offer to take that back."""
        self.remove(instrument, self.books.of(instrument).drawings)

    def select_next(self, instrument: InstrumentId, step: int, timeframe: str) -> None:
        """Select the drawing after (or before) the selected one."""
        self.hides = False
        self.books.of(instrument).select_next(step, timeframe)
        self.changed.emit()

    def undo(self, instrument: InstrumentId) -> None:
        """Take the last change of an instrument's drawings back."""
        self.books.of(instrument).undo()
        self.changed.emit()

    def redo(self, instrument: InstrumentId) -> None:
        """Do again what was undone last."""
        self.books.of(instrument).redo()
        self.changed.emit()


def _look_of(kind: Kind, stored: StoredLook | None) -> Look:
    """A remembered look if it is one, else the kind's own."""
    own = Look(SPECS[kind].colour, 2 if kind in (Kind.TREND, Kind.RAY) else 1)
    if stored is None:
        return own
    try:
        look = msgspec.convert(dict(zip(Look.__struct_fields__, stored, strict=True)), Look)
    except msgspec.ValidationError:
        return own
    return look if look.colour in COLOURS and look.width_px in WIDTHS_PX else own
