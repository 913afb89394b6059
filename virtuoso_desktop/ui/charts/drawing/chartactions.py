"""What belongs to the drawings of one chart beside its canvas: their menu, and the line in which a text is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint

from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
from virtuoso_desktop.ui.charts.drawing.menu import DrawingMenu
from virtuoso_desktop.ui.charts.drawing.store import DrawingBooks
from virtuoso_desktop.ui.charts.drawing.texteditor import TextEditor
from virtuoso_desktop.ui.memory import DrawMemory

if TYPE_CHECKING:
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.charts.canvas import Canvas
    from virtuoso_desktop.ui.charts.drawing.figures import Drawing
    from virtuoso_desktop.ui.charts.stage import Stage
    from virtuoso_desktop.ui.theme import Theme


def unkept_desk(owner: QObject) -> DrawingDesk:
    """A desk for a chart that stands alone: its drawings last as long as it does."""
    return DrawingDesk(DrawingBooks(UserFiles(None), str), DrawMemory(), owner)


class DrawingActions(QObject):
    """Answers what the hand asks on the canvas."""

    def __init__(self, theme: Theme, stage: Stage, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._theme = theme
        self._stage = stage
        self._canvas = canvas
        self.menu: DrawingMenu | None = None
        """The menu while it is open."""
        self.editor: TextEditor | None = None
        """The line while a text is written."""
        canvas.drawing_menu_asked.connect(self._open_menu)
        canvas.text_asked.connect(self._write)
        canvas.hand.desk.changed.connect(self._look)

    def _look(self) -> None:
        """Tool, visibility or book changed, here or on another chart."""
        hand = self._canvas.hand
        if hand.desk.tool is None and hand.making is not None:
            hand.drop()
        if hand.desk.tool is not None:
            hand.layer.hovered = None
        self._canvas.hover_moved.emit()

    def _open_menu(self, place: QPoint) -> None:
        timeframe = self._stage.model.timeframe
        if timeframe is None:
            return
        self.menu = DrawingMenu(self._theme, self._canvas.hand, timeframe.value, self._canvas)
        self.menu.destroyed.connect(self._forget_menu)
        self._canvas.hover_moved.emit()
        self.menu.popup(place)

    def _forget_menu(self) -> None:
        self.menu = None

    def _write(self, drawing: Drawing) -> None:
        hand = self._canvas.hand
        places, instrument = hand.places(), hand.instrument
        if places is None or instrument is None:
            return
        editor = self.editor = TextEditor(drawing.text, self._canvas)
        editor.written.connect(lambda words: self._take_text(instrument, drawing, words))
        x, y = places.xy(drawing.points[0])
        editor.open_at(QPoint(round(x), round(y)))

    def _take_text(self, instrument: InstrumentId, drawing: Drawing, words: str | None) -> None:
        self.editor = None
        self._canvas.hand.write(instrument, drawing, words)
