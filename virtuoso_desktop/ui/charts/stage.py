"""What every item of one chart shares: model, theme, geometry, crosshair, and the base class of items."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtWidgets import QGraphicsItem

from virtuoso_desktop.engine.views import QuotesView, RowState
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.study import StudyKind
from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.choice import StudyChoice
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.looks import LineLook, PaneLook, fills, highlighted, overlay_lines
from virtuoso_desktop.ui.charts.memory import LAST
from virtuoso_desktop.ui.charts.model import ChartModel, Reading
from virtuoso_desktop.ui.charts.rowscale import Scale
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.theme import Theme

AXIS_PX = 72
AXIS_PAD_PX = 8
TIME_STRIP_PX = 26
LEAST_PRICE_PX = 120
EVIDENCE_RANK = -1
COMPARED_INKS = ("ema_third", "accent_text", "vwap")
COMPARED_WIDTH = 1.5
_PRICE_SHARE = 0.55
"""Panes give way until the candles have this share of the height, unless their heights were set by hand."""
_ONE_SHARE = 0.28
"""The first pane alone takes no more than this."""


class Pane(NamedTuple):
    """Rows of one pane, device pixels."""

    top: int
    height: int

    @property
    def bottom(self) -> int:
        return self.top + self.height


class PaneWish(NamedTuple):
    """A pane that is wanted. ``px`` logical pixels; panes of the highest rank give way first."""

    name: str
    px: int
    rank: int
    is_by_hand: bool = False


class Layout(NamedTuple):
    """Where everything stands, device pixels from the canvas' upper left corner."""

    ratio: float = 1.0
    width: int = 1
    height: int = 1
    plot_width: int = 1
    price: Pane = Pane(0, 1)
    names: tuple[str, ...] = ()
    """Studies of the panes below the candles, from above."""
    panes: tuple[Pane, ...] = ()
    time: Pane = Pane(2, 1)

    @property
    def line(self) -> int:
        """A line of one pixel, in device pixels; at 150 % it stays the thinnest there is."""
        return max(1, int(self.ratio))

    def pane(self, name: str) -> Pane | None:
        """The pane of a study; None where it has none now."""
        return self.panes[self.names.index(name)] if name in self.names else None

    def index_at(self, y: float) -> int | None:
        """Which pane below the candles a row (device pixels) lies in; None for none."""
        return next((index for index, pane in enumerate(self.panes) if pane.top <= y < pane.bottom), None)

    def border_at(self, y: float, reach: float) -> int | None:
        """The pane whose upper border is within ``reach`` of a row (device pixels)."""
        return next(
            (index for index, pane in enumerate(self.panes) if abs(pane.top - self.line / 2 - y) <= reach), None
        )


def arrange(width: int, height: int, ratio: float, axis_px: float, wishes: Sequence[PaneWish] = ()) -> Layout:
    """Price pane over study panes over time strip, price axis at the right; logical sizes in.

    Lines of one device pixel part the panes. A pane that finds no room is left out.
    """
    line = max(1, int(ratio))
    whole_width, whole_height = round(width * ratio), round(height * ratio)
    strip = round(TIME_STRIP_PX * ratio)
    room = max(2, whole_height - strip - line)
    shown = _fitting(list(wishes), room / ratio)
    heights = [round(wish.px * ratio) for wish in shown]
    if len(shown) == 1 and not shown[0].is_by_hand:
        heights[0] = min(heights[0], round(room * _ONE_SHARE))
    if len(shown) == 1 and room - heights[0] < LEAST_PRICE_PX * ratio:
        heights[0] = max(1, min(heights[0], room // 5))
    price = max(1, room - sum(heights) - line * len(heights))
    panes: list[Pane] = []
    top = price + line
    for pane_height in heights:
        panes.append(Pane(top, pane_height))
        top += pane_height + line
    return Layout(
        ratio,
        whole_width,
        whole_height,
        max(1, whole_width - round(axis_px * ratio)),
        Pane(0, price),
        tuple(wish.name for wish in shown),
        tuple(panes),
        Pane(top, strip),
    )


def _fitting(wishes: list[PaneWish], room_px: float) -> list[PaneWish]:
    """Leave out panes, the highest rank first, until the candles have their room; one always stays."""
    is_by_hand = any(wish.is_by_hand for wish in wishes)
    least = LEAST_PRICE_PX if is_by_hand else max(LEAST_PRICE_PX, _PRICE_SHARE * room_px)
    while len(wishes) > 1 and room_px - sum(wish.px + 1 for wish in wishes) < least:
        wishes.remove(max(reversed(wishes), key=lambda wish: wish.rank))
    return wishes


class Hover(NamedTuple):
    """Where the crosshair is. ``y`` in device pixels of the canvas, None when only its time is known."""

    slot: int
    y: int | None


class Pin(NamedTuple):
    """A tag at the axes for something on the chart; ``time_ms`` None for a price alone. Colours are tokens."""

    time_ms: int | None
    ticks: float
    fill: str
    color: str


class Stage:
    """Shared by the items of one chart."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.choice = StudyChoice()
        self.model = ChartModel()
        self.overlays: dict[str, tuple[LineLook, ...]] = {}
        """Lines over the candles, by study."""
        self.fills: list[tuple[str, str, str, float]] = []
        self.shows_signals = True
        self.entry = ""
        """Name of the study whose pane or legend the mouse is on."""
        self.layout = Layout()
        self.hover: Hover | None = None
        self.price_lines: frozenset[str] = frozenset({LAST})
        """Level lines of prices that are drawn, by the names of `pricelines.PRICE_LINES`."""
        self.quotes = QuotesView()
        self.pins: tuple[Pin, ...] = ()
        self.zone: dt.tzinfo | None = None
        """None is the computer's own."""
        self.exposed = QRegion()
        """What the paint event in hand asks for."""
        self.asked = QRegion()
        """What has to be painted next."""
        self.is_partial = False
        """The paint event in hand asks for a part of the view only."""
        self.watermark = ""
        self.is_named_above = False
        """A head over the chart names its series: the legend need not."""
        self.close_ms: int | None = None
        """When the newest candle closes, venue time; None while it does not form."""
        self.now_ms = 0
        """Venue time of the newest frame."""
        self._scale = Scale(1.0, 1.0, 1, 1.0)
        self._scale_of: tuple[Layout | None, int] = (None, 0)
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
    def price_scale(self) -> Scale:
        """Prices in ticks to device pixels of the price pane, and back."""
        price, layout = self.model.price, self.layout
        kept_layout, version = self._scale_of
        if layout is not kept_layout or price.version != version:
            self._scale_of = (layout, price.version)
            self._scale = Scale(price.high, price.span, layout.price.height, layout.ratio, price.is_log)
        return self._scale

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

    def take_choice(self) -> None:
        """The chosen studies changed."""
        drawn = tuple(study for study in self.choice.drawn if study.is_shown)
        marked = self.choice.highlighted
        lines = overlay_lines(drawn)
        self.overlays = {name: highlighted(looks) if name in marked else looks for name, looks in lines.items()}
        self.fills = fills(drawn)
        self.shows_signals = any(study.kind is StudyKind.SIGNALS for study in drawn)
        self.model.choose(drawn)

    @property
    def compared_looks(self) -> list[LineLook]:
        """The lines of other instruments over the candles."""
        if not self.model.compared:
            return []
        inks = COMPARED_INKS[: len(self.model.compared)]
        return [LineLook(each.name, ink, COMPARED_WIDTH) for each, ink in zip(self.model.compared, inks, strict=True)]

    def percent_text(self, ticks: float | None) -> str:
        """A price on the candles' scale in per cent of their close at the left edge."""
        base = self.model.percent_base
        return text.percent(None if ticks is None or not base else (ticks / base - 1) * 100)

    def wishes(self) -> list[PaneWish]:
        """The panes that the shown studies want, in their order; those of evidence give way last."""
        heights, marked = self.choice.heights, self.choice.highlighted
        return [
            PaneWish(
                study.name,
                heights.get(study.name, study.spec.pane_px),
                EVIDENCE_RANK if study.name in marked else study.spec.rank,
                study.name in heights,
            )
            for study in self.choice.drawn
            if study.spec.has_pane and study.is_shown
        ]

    def price_text(self, ticks: float | None) -> str:
        """A price, on the grid or between its points, in the instrument's own decimals."""
        instrument = self.model.instrument
        if instrument is None or ticks is None:
            return text.price(None, 0)
        if instrument is not self._grid_of:
            self._grid_of = instrument
            self._tick, self._decimals = float(instrument.tick_size), instrument.price_decimals
        return text.price(ticks * self._tick, self._decimals)

    def study_text(self, value: float | None, look: PaneLook) -> str:
        """A value of an indicator's pane."""
        if value is None:
            return text.DASH
        if look.in_ticks:
            instrument = self.model.instrument
            return (
                text.DASH
                if instrument is None
                else text.signed(value * float(instrument.tick_size), instrument.price_decimals)
            )
        if look.decimals == 0:
            return text.amount(value, look.digits, is_signed=look.is_signed)
        words = text.signed(value, look.decimals) if look.is_signed else text.price(value, look.decimals)
        return f"{words}{text.THIN}{look.unit}" if look.unit else words

    def logical(self, device: float) -> float:
        return device / self.layout.ratio

    def axis_px(self) -> float:
        """Width of the price axis, logical pixels: 72, or what the longest price needs."""
        model = self.model
        prices = [self.price_text(ticks) for ticks in (model.price.high_ticks, model.last_price)]
        need = max(face(Type.KEY).width(words) for words in prices)
        return max(AXIS_PX, 4 * round((need + 2 * AXIS_PAD_PX) / 4 + 0.5))


class ChartItem(QGraphicsItem):
    """An item that fills a rectangle of the canvas and paints from its upper left corner."""

    def __init__(self, stage: Stage, parent: QGraphicsItem | None = None) -> None:
        super().__init__(parent)
        self._stage = stage
        self._bounds = QRectF()
        self._origin = QPointF()
        self._is_needed = True

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

    def show_if(self, is_needed: bool) -> None:
        """An item without anything to paint is left out of every frame: the scene would ask it for its place."""
        if is_needed is not self._is_needed:
            self._is_needed = is_needed
            self.setVisible(is_needed)

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
