"""What is missing, said in place: holes in the series, silence since the feed was lost, the end of history."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter, QPen, QPixmap

from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.arrays import RectArray
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.stage import Pane, Stage
from virtuoso_desktop.ui.fonts import Type, make_font

HATCH_ALPHA = 0.16
WATERMARK_PX = 56
WATERMARK_ALPHA = 0.06
END_WORDS = "no older candles"
_NOTE_TOP_PX = 56
_NOTE_PAD_PX = 6
_LINE_PX = 16
_END_GAP_PX = 10


class Note(NamedTuple):
    """Words at a place of the pane, logical pixels."""

    x: float
    middle: float
    words: str
    role: Type
    token: str


class Gaps:
    """Hatched areas of the price pane and what they mean."""

    def __init__(self) -> None:
        self._areas = RectArray()
        self._edge: float | None = None
        self.notes: list[Note] = []

    def rebuild(self, stage: Stage, pane: Pane) -> None:
        """Find what is missing in the visible slice."""
        model = stage.model
        zoom, left = model.time.zoom, model.time.left
        keys = model.bars.key
        self.notes = []
        areas: list[tuple[float, float]] = []
        for hole in (keys[1:] - keys[:-1] > 1).nonzero()[0]:
            count = float(keys[hole + 1] - keys[hole] - 1)
            start, width = float(keys[hole] + 1) * zoom.spacing - left, count * zoom.spacing
            areas.append((start, width))
            assert model.timeframe is not None
            missing_ms = count * zoom.per_column * model.timeframe.duration_ms
            self._say(stage, start, width, f"gap {text.stretch(missing_ms)}")
        self._add_silence(stage, areas)
        self._add_end(stage)
        cells = self._areas.resize(len(areas))
        for index, (start, width) in enumerate(areas):
            cells[index] = (start, 0, width, pane.height)

    def _say(self, stage: Stage, start: float, width: float, first: str, *seconds: str) -> None:
        """Put words into an area: the first line if it fits, and below it the first of ``seconds`` that does."""
        left = max(start, 0.0)
        room = stage.logical(min(start + width, stage.layout.plot_width) - left) - 2 * _NOTE_PAD_PX
        x = stage.logical(left) + _NOTE_PAD_PX
        if face(Type.CAPTION_NUMBER).width(first) > room:
            return
        self.notes.append(Note(x, _NOTE_TOP_PX, first, Type.CAPTION_NUMBER, "warning"))
        second = next((words for words in seconds if face(Type.CAPTION).width(words) <= room), None)
        if second is not None:
            self.notes.append(Note(x, _NOTE_TOP_PX + _LINE_PX, second, Type.CAPTION, "muted"))

    def _add_silence(self, stage: Stage, areas: list[tuple[float, float]]) -> None:
        """From the newest candle to the right edge nothing is known while the series is stale."""
        model = stage.model
        if model.state is not RowState.STALE or not model.shows_newest:
            return
        start = float(model.bars.key[-1] + 1) * model.time.zoom.spacing - model.time.left
        width = stage.layout.plot_width - start
        if width > 0:
            areas.append((start, width))
            since = [] if model.newest_ms is None else [text.clock_seconds(model.newest_ms, stage.zone)]
            self._say(stage, start, width, "no data", *(f"since {moment}" for moment in since), *since)

    def _add_end(self, stage: Stage) -> None:
        """The venue has nothing older than the oldest candle."""
        model = stage.model
        self._edge = None
        if model.is_complete_left and model.time.left_slot < model.time.oldest:
            self._edge = float(model.time.column_of(model.time.oldest))
            x = stage.logical(self._edge) - _END_GAP_PX - face(Type.CAPTION).width(END_WORDS)
            self.notes.append(Note(x, stage.logical(stage.layout.price.height) / 2, END_WORDS, Type.CAPTION, "muted"))

    def draw(self, painter: QPainter, stage: Stage, pane: Pane) -> None:
        """Hatch the areas; device pixels."""
        if self._areas.count:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(stage.theme.color("muted", HATCH_ALPHA), Qt.BrushStyle.BDiagPattern))
            self._areas.draw(painter)
        if self._edge is not None:
            pen = QPen(stage.theme.color("line"))
            pen.setDashPattern([4, 4])
            painter.setPen(pen)
            painter.drawLine(QLineF(self._edge - 1, 0, self._edge - 1, pane.height))

    def draw_words(self, painter: QPainter, stage: Stage) -> None:
        """Say what is missing; logical pixels."""
        for note in self.notes:
            letters = face(note.role)
            letters.begin(painter, stage.theme.color(note.token))
            letters.draw(painter, note.x, note.middle, note.words)


class Watermark:
    """The run's source in large faint letters, rendered once."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._pixmap = QPixmap()

    def draw(self, painter: QPainter, stage: Stage) -> None:
        """Draw it into the middle of the price pane; logical pixels."""
        if not stage.watermark:
            return
        layout = stage.layout
        key = (stage.watermark, stage.theme.palette, layout.ratio)
        if key != self._key:
            self._key = key
            self._pixmap = _rendered(stage)
        size = self._pixmap.deviceIndependentSize()
        left = stage.logical(layout.plot_width) / 2 - size.width() / 2
        top = stage.logical(layout.price.height) / 2 - size.height() / 2
        painter.drawPixmap(QPointF(round(left), round(top)), self._pixmap)


def _rendered(stage: Stage) -> QPixmap:
    font = make_font(WATERMARK_PX, 700)
    metrics, ratio = QFontMetricsF(font), stage.layout.ratio
    width, height = metrics.horizontalAdvance(stage.watermark) + 8, metrics.height()
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setFont(font)
    painter.setPen(stage.theme.color("text", WATERMARK_ALPHA))
    painter.drawText(QRectF(0, 0, width, height), Qt.AlignmentFlag.AlignCenter, stage.watermark)
    painter.end()
    return pixmap
