"""What every item of one chart shares: model, theme, geometry, crosshair, and the base class of items."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtWidgets import QGraphicsItem

from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.model import ChartModel, Reading
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.format import price as price_text
from virtuoso_desktop.ui.theme import Theme

AXIS_PX = 72
AXIS_PAD_PX = 8
TIME_STRIP_PX = 26
VOLUME_PX = 76
_LEAST_PRICE_PX = 120
_VOLUME_SHARE = 0.28


class Pane(NamedTuple):
    """Rows of one pane, device pixels."""

    top: int
    height: int

    @property
    def bottom(self) -> int:
        return self.top + self.height


class Layout(NamedTuple):
    """Where everything stands, device pixels from the canvas' upper left corner."""

    ratio: float = 1.0
    width: int = 1
    height: int = 1
    plot_width: int = 1
    price: Pane = Pane(0, 1)
    volume: Pane = Pane(1, 1)
    time: Pane = Pane(2, 1)

    @property
    def line(self) -> int:
        """A line of one pixel, in device pixels; at 150 % it stays the thinnest there is."""
        return max(1, int(self.ratio))


def arrange(width: int, height: int, ratio: float, axis_px: float) -> Layout:
    """Price pane over volume pane over time strip, price axis at the right; logical sizes in.

    Lines of one device pixel part the panes.
    """
    line = max(1, int(ratio))
    whole_width, whole_height = round(width * ratio), round(height * ratio)
    strip = round(TIME_STRIP_PX * ratio)
    panes = max(2, whole_height - strip - 2 * line)
    volume = min(round(VOLUME_PX * ratio), round(panes * _VOLUME_SHARE))
    if panes - volume < _LEAST_PRICE_PX * ratio:
        volume = max(1, min(volume, panes // 5))
    price = panes - volume
    return Layout(
        ratio,
        whole_width,
        whole_height,
        max(1, whole_width - round(axis_px * ratio)),
        Pane(0, price),
        Pane(price + line, volume),
        Pane(price + volume + 2 * line, strip),
    )


class Hover(NamedTuple):
    """Where the crosshair is. ``y`` in device pixels of the canvas, None when only its time is known."""

    slot: int
    y: int | None


class Stage:
    """Shared by the items of one chart."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.model = ChartModel()
        self.layout = Layout()
        self.hover: Hover | None = None
        self.zone: dt.tzinfo | None = None
        """None is the computer's own."""
        self.exposed = QRegion()
        """What the paint event in hand asks for."""
        self.asked = QRegion()
        """What has to be painted next."""
        self.is_partial = False
        """The paint event in hand asks for a part of the view only."""
        self.watermark = ""
        self.close_ms: int | None = None
        """When the newest candle closes, venue time; None while it does not form."""
        self.now_ms = 0
        """Venue time of the newest frame."""
        self._grid_of: Instrument | None = None
        self._tick, self._decimals = 1.0, 0
        self.seen_ms: int | None = None
        """When the drawn snapshot was taken; None for live data."""

    @property
    def is_muted(self) -> bool:
        return self.model.state is RowState.LAST_SEEN

    @property
    def is_live(self) -> bool:
        return self.model.state is RowState.LIVE

    @property
    def axis_zone(self) -> dt.tzinfo | None:
        """Zone of the time axis; UTC for candles of a day and longer, whose days are the venue's."""
        timeframe = self.model.timeframe
        return dt.UTC if timeframe is not None and timeframe.duration_ms >= DAY_MS else self.zone

    def shown_reading(self) -> Reading | None:
        """The candle whose numbers are told: under the crosshair, else the newest.

        None under a crosshair where a candle is missing.
        """
        if self.hover is None or self.hover.slot > self.model.time.newest:
            return self.model.newest
        return self.model.reading_at(self.hover.slot)

    def price_text(self, ticks: float | None) -> str:
        """A price, on the grid or between its points, in the instrument's own decimals."""
        instrument = self.model.instrument
        if instrument is None or ticks is None:
            return price_text(None, 0)
        if instrument is not self._grid_of:
            self._grid_of = instrument
            self._tick, self._decimals = float(instrument.tick_size), instrument.price_decimals
        return price_text(ticks * self._tick, self._decimals)

    def logical(self, device: float) -> float:
        return device / self.layout.ratio

    def axis_px(self) -> float:
        """Width of the price axis, logical pixels: 72, or what the longest price needs."""
        model = self.model
        texts = [self.price_text(ticks) for ticks in (model.price.high, model.last_price)]
        need = max(face(Type.KEY).width(text) for text in texts)
        return max(AXIS_PX, 4 * round((need + 2 * AXIS_PAD_PX) / 4 + 0.5))


class ChartItem(QGraphicsItem):
    """An item that fills a rectangle of the canvas and paints from its upper left corner."""

    def __init__(self, stage: Stage, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._stage = stage
        self._bounds = QRectF()
        self._origin = QPointF()

    def fill(self, bounds: QRectF, origin: QPointF | None = None) -> None:
        """Take this rectangle, in the parent's coordinates.

        ``origin`` is its upper left corner on the canvas, where that is not the same.
        """
        self.setPos(bounds.topLeft())
        self.prepareGeometryChange()
        self._bounds = QRectF(0, 0, bounds.width(), bounds.height())
        self._origin = bounds.topLeft() if origin is None else origin

    def boundingRect(self) -> QRectF:
        return self._bounds

    def to_device(self, painter: QPainter) -> None:
        """From here on the painter's unit is a device pixel (undone by `to_logical`)."""
        if self._stage.layout.ratio != 1.0:
            painter.save()
            painter.scale(1 / self._stage.layout.ratio, 1 / self._stage.layout.ratio)

    def to_logical(self, painter: QPainter) -> None:
        """The painter's unit is a logical pixel again."""
        if self._stage.layout.ratio != 1.0:
            painter.restore()

    def ask(self, part: QRectF) -> None:
        """A part of this item has to be painted again; all that is asked for in a frame is painted at once."""
        self._stage.asked += part.translated(self._origin).toAlignedRect()

    def ask_device(self, left: float, top: float, width: float, height: float) -> None:
        """`ask` in device pixels of this item."""
        ratio = self._stage.layout.ratio
        self.ask(QRectF(left / ratio, top / ratio, width / ratio, height / ratio))

    def asked_part(self, part: QRectF) -> QRectF:
        """What the paint event in hand touches of a part of this item, as one rectangle."""
        mine = part.translated(self._origin).toAlignedRect()
        return QRectF(self._stage.exposed.intersected(mine).boundingRect()).translated(-self._origin)

    def is_asked(self, part: QRectF) -> bool:
        """Whether the paint event in hand touches a part of this item."""
        return self._stage.exposed.intersects(part.translated(self._origin).toAlignedRect())
