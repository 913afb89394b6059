"""The legends: the numbers of the candle under the crosshair, or of the newest one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, zip_longest
from math import ceil
from typing import NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.kept import Kept
from virtuoso_desktop.ui.charts.lettering import face, figureless
from virtuoso_desktop.ui.charts.model import Reading
from virtuoso_desktop.ui.charts.series import LINE_TOKENS
from virtuoso_desktop.ui.charts.stage import ChartItem, Stage
from virtuoso_desktop.ui.fonts import Type

LEFT_PX = 8
FIRST_MIDDLE_PX = 14
SECOND_MIDDLE_PX = 33
VOLUME_MIDDLE_PX = 10
SWATCH_PX = 10
INVERSE_DECIMALS = 4
_GROUP_GAP = 12
_GAP = 5
_CLEAR = QColor(0, 0, 0, 0)

LINE_WORDS = {"ema_12": "EMA 12", "ema_26": "EMA 26", "vwap": "VWAP day"}
_PREPARING_WORDS = {
    "preparing": "EMA 12, EMA 26, VWAP day: preparing",
    "failed": "EMA 12, EMA 26, VWAP day: not available, see the log",
}


class Run(NamedTuple):
    """A piece of legend. ``swatch`` is a colour token of a short line before it, empty for none."""

    words: str
    role: Type
    token: str
    gap: int = _GAP
    swatch: str = ""


Groups = list[list[Run]]
Lines = list[tuple[float, list[Groups]]]
"""(middle, ways to say it) of every line: the first that fits is shown, of the last one what fits."""


_LETTERS = tuple(Run(letter, Type.BODY, "muted") for letter in "OHLC")
_LINE_NAMES = {name: Run(words, Type.CAPTION, "muted", swatch=LINE_TOKENS[name]) for name, words in LINE_WORDS.items()}
_NOTHING = (QRectF(), Run("", Type.CAPTION, ""))


class Legend(ChartItem):
    """Lines of runs at a pane's upper left; only runs that changed are repainted.

    Parameters
    ----------
    stage : Stage
        Shared state.
    make_lines : callable
        What the legend says at this moment.
    """

    def __init__(self, stage: Stage, make_lines: Callable[[Stage], Lines]) -> None:
        super().__init__(stage)
        self._make_lines = make_lines
        self._placed: list[tuple[QRectF, Run]] = []
        self._key: tuple[object, ...] = ()
        self._shape: tuple[object, ...] = ()
        self._places: list[tuple[int, list[QRectF]]] = []
        self._kept = Kept()

    @property
    def words(self) -> str:
        """What the legend says, in one line."""
        return " ".join(run.words for _, run in self._placed)

    def refresh(self, *, repaint: bool = True) -> None:
        """Say what holds now; ask for a repaint of the runs that changed."""
        key = self._current_key()
        if key == self._key:
            return
        self._key = key
        before, self._placed = self._placed, self._place()
        if not repaint:
            return
        changed: dict[float, QRectF] = {}
        for (old_box, old), (box, run) in zip_longest(before, self._placed, fillvalue=_NOTHING):
            if (old_box, old) != (box, run):
                line = box.top() if box.isValid() else old_box.top()
                changed[line] = changed.get(line, QRectF()).united(old_box).united(box)
        for box in changed.values():
            self.ask(box)

    def _current_key(self) -> tuple[object, ...]:
        """Changes when what is said may change."""
        stage, model = self._stage, self._stage.model
        age = None if stage.seen_ms is None else text.age(stage.now_ms - stage.seen_ms)
        return (
            stage.shown_reading(),
            model.instrument,
            model.timeframe,
            model.is_empty,
            model.state,
            model.overlay_state,
            model.line_names,
            age,
            self._bounds.width(),
        )

    def _place(self) -> list[tuple[QRectF, Run]]:
        lines = self._make_lines(self._stage)
        # Texts that differ in figures only stand where they stood.
        shape = (
            self._bounds.width(),
            *([figureless(run.words) for group in variants[0] for run in group] for _, variants in lines),
        )
        if shape != self._shape:
            self._shape = shape
            self._places = [self._place_line(middle, variants) for middle, variants in lines]
        return [
            (box, run)
            for (_, variants), (chosen, boxes) in zip(lines, self._places, strict=True)
            for box, run in zip(boxes, chain.from_iterable(variants[chosen]), strict=False)
        ]

    def _place_line(self, middle: float, variants: list[Groups]) -> tuple[int, list[QRectF]]:
        """Which variant is shown, and where its runs stand as far as they fit."""
        room = self._bounds.width() - LEFT_PX
        widths = [LEFT_PX + self._width(groups) for groups in variants]
        chosen = next((index for index, width in enumerate(widths) if width <= room), len(variants) - 1)
        boxes: list[QRectF] = []
        x = float(LEFT_PX)
        for group in variants[chosen]:
            if x + self._width([group]) > room:
                break
            for index, run in enumerate(group):
                x += run.gap if index else 0
                width = self._run_width(run)
                boxes.append(QRectF(x, middle - 9, width + 1, 18))
                x += width
            x += _GROUP_GAP
        return chosen, boxes

    def _run_width(self, run: Run) -> float:
        return face(run.role).width(run.words) + (SWATCH_PX + _GAP if run.swatch else 0)

    def _width(self, groups: Groups) -> float:
        runs = sum(self._run_width(run) for group in groups for run in group)
        gaps = sum(run.gap for group in groups for run in group[1:])
        return runs + gaps + _GROUP_GAP * (len(groups) - 1)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        stage = self._stage
        if not stage.is_partial and self._placed:
            ratio = stage.layout.ratio
            height = max(box.bottom() for box, _ in self._placed)
            size = (ceil(self._bounds.width() * ratio), ceil(height * ratio))
            key = (self._key, stage.theme.version, ratio)
            if self._kept.is_ready(key, size, ratio, _CLEAR, self._draw):
                painter.drawPixmap(0, 0, self._kept.pixmap)
                return
        for box, run in self._placed:
            if self.is_asked(box):
                self._draw_run(painter, box, run)

    def _draw(self, painter: QPainter) -> None:
        for box, run in self._placed:
            self._draw_run(painter, box, run)

    def _draw_run(self, painter: QPainter, box: QRectF, run: Run) -> None:
        color = self._stage.theme.color
        x, middle = box.x(), box.y() + 9
        if run.swatch:
            painter.fillRect(QRectF(x, middle - 1, SWATCH_PX, 2), color(run.swatch))
            x += SWATCH_PX + _GAP
        letters = face(run.role)
        letters.begin(painter, color(run.token))
        letters.draw(painter, x, middle, run.words)


def price_legend(stage: Stage) -> Lines:
    """Symbol, timeframe, open, high, low, close and change; the overlay lines' values below."""
    model = stage.model
    if model.instrument is None or model.timeframe is None:
        return []
    identity = model.instrument.id
    name = Run(f"{identity.symbol}{kind_badge(identity.market_kind)}", Type.KEY, "text")
    place = Run(f"{model.timeframe.value} \u00b7 {identity.venue.value.capitalize()}", Type.BODY, "muted", 8)
    head = [name, place]
    if model.is_empty:
        return [(FIRST_MIDDLE_PX, [[head]])]
    if stage.seen_ms is not None:
        age = text.age(stage.now_ms - stage.seen_ms)
        head.append(Run(f"last seen {age} ago", Type.BODY, "warning", 8))
    reading = stage.shown_reading()
    figures = _figures(stage, reading)
    short = [group for group in figures if group[0].words not in "OHL"]
    ways = [[head, *figures], [head, *short], [[name, *head[2:]], *short]]
    return [(FIRST_MIDDLE_PX, ways), (SECOND_MIDDLE_PX, [_overlays(stage, reading)])]


def volume_legend(stage: Stage) -> Lines:
    """Volume of the candle; of the largest one where a column holds several."""
    instrument = stage.model.instrument
    if stage.model.is_empty or instrument is None:
        return []
    reading = stage.shown_reading()
    value = text.DASH if reading is None else _volume(reading.volume, _size_decimals(instrument))
    label = "Volume" if reading is None or reading.slots == 1 else "Largest volume"
    token = "muted" if stage.is_muted else "text"
    return [(VOLUME_MIDDLE_PX, [[[Run(label, Type.CAPTION, "muted"), Run(value, Type.CAPTION_KEY, token, 6)]]])]


def _size_decimals(instrument: Instrument) -> int:
    """Digits of a size in base coin; inverse contracts are counted in USD, so their grid says nothing of it."""
    return INVERSE_DECIMALS if instrument.id.market_kind is MarketKind.INVERSE else instrument.size_decimals


def _figures(stage: Stage, reading: Reading | None) -> Groups:
    if reading is None:
        return [[Run("no candle", Type.BODY, "warning")]]
    is_old = not stage.is_live and reading == stage.model.newest
    token = "muted" if is_old or stage.is_muted else "up_text" if reading.is_up else "down_text"
    groups = [
        [letter, Run(stage.price_text(ticks), Type.NUMBER, token, 6)]
        for letter, ticks in zip(_LETTERS, (reading.open, reading.high, reading.low, reading.close), strict=True)
    ]
    change = (reading.close / reading.open - 1) * 100 if reading.open else None
    groups[-1].append(Run(text.percent(change), Type.NUMBER, token, _GROUP_GAP))
    if reading.slots > 1:
        groups.append([Run(f"{reading.slots} candles", Type.BODY, "muted")])
    return groups


def _overlays(stage: Stage, reading: Reading | None) -> Groups:
    model = stage.model
    if stage.seen_ms is not None:
        return []
    if model.overlay_state in _PREPARING_WORDS:
        return [[Run(_PREPARING_WORDS[model.overlay_state], Type.CAPTION, "muted")]]
    values = reading.lines if reading is not None else (None,) * len(model.line_names)
    return [
        [
            _LINE_NAMES[name],
            Run(stage.price_text(value), Type.CAPTION_NUMBER, "text", 6),
        ]
        for name, value in zip(model.line_names, values, strict=True)
    ]


def _volume(value: float, decimals: int) -> str:
    """``58.600``, ``1.23K``; small amounts in the instrument's own decimals, three at most."""
    return text.price(value, min(decimals, 3)) if value < 100 else text.compact(value)
