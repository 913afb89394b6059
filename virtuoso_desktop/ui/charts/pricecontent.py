"""What the price scale shows: prices or per cents, the last price with its countdown, the crosshair, pinned points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts import steps
from virtuoso_desktop.ui.charts.scales import TAG_PX, TALL_TAG_PX, Tag, hover_tag, inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.ui.charts.stage import Pane, Stage

_MOST_TEXTS = 512
_MOST_PIN_TAGS = 24


class PriceContent:
    """Prices on the instrument's grid; the last price's tag with the countdown, the crosshair's tag."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._texts: dict[int, str] = {}
        """By ticks: a pan shows most labels again."""
        self._texts_of: Instrument | None = None

    @property
    def pane(self) -> Pane:
        return self._stage.layout.price

    def key(self) -> tuple[object, ...]:
        model = self._stage.model
        return (model.price.version, model.instrument, model.is_empty, model.percent_base)

    def labels(self) -> list[tuple[int, str]]:
        model, layout = self._stage.model, self._stage.layout
        if model.instrument is None or model.is_empty:
            return []
        price, height, scale = model.price, self.pane.height, self._stage.price_scale
        gap = price.span * steps.PRICE_GAP_PX * layout.ratio / height
        tick_size = model.instrument.tick_size
        if model.percent_base:
            return self._percent_labels(model.percent_base, gap)
        places: Iterable[int]
        if price.is_log:
            marks = steps.log_marks(
                max(price.low_ticks, 1.0), price.high_ticks, gap, lambda least: steps.price_step_ticks(least, tick_size)
            )
            places = map(round, marks)
        else:
            step = steps.price_step_ticks(gap, tick_size)
            first, last = math.ceil(max(price.low, 1) / step), math.floor(price.high / step)
            places = range(first * step, last * step + 1, step)
        if model.instrument is not self._texts_of or len(self._texts) > _MOST_TEXTS:
            self._texts_of = model.instrument
            self._texts.clear()
        found: list[tuple[int, str]] = []
        for ticks in places:
            words = self._texts.get(ticks)
            if words is None:
                words = self._texts[ticks] = self._stage.price_text(ticks)
            found.append((round(scale.row(ticks)), words))
        return found

    def _percent_labels(self, base: float, gap: float) -> list[tuple[int, str]]:
        """Round per cents of the close at the left edge."""
        price, scale = self._stage.model.price, self._stage.price_scale
        if price.is_log:
            low, high = (100 * ticks / base for ticks in (price.low_ticks, price.high_ticks))
            places = [value - 100 for value in steps.log_marks(low, high, gap, steps.amount_step, 100.0)]
        else:
            low, high = ((ticks / base - 1) * 100 for ticks in (price.low, price.high))
            step = steps.amount_step(gap / base * 100)
            places = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
        return [(round(scale.row(base * (1 + place / 100))), text.percent(place)) for place in places]

    def tags(self) -> tuple[Tag, ...]:
        stage = self._stage
        tags: list[Tag] = []
        if stage.model.last_price is not None and not stage.model.is_empty:
            tags += self._pin_tags()
            tags.append(self._last_price_tag(stage.model.last_price))
        hover = stage.hover
        if hover is not None and hover.y is not None and 0 <= hover.y - self.pane.top < self.pane.height:
            ticks = self.ticks_at(hover.y)
            words = stage.price_text(ticks) if stage.model.percent_base is None else stage.percent_text(ticks)
            tags.append(hover_tag(stage, self.pane, hover.y, words))
        return tuple(tags)

    def _pin_tags(self) -> list[Tag]:
        """Prices of drawings in view."""
        if not self._stage.pins:
            return []
        stage, scale, height = self._stage, self._stage.price_scale, self.pane.height
        tags: list[Tag] = []
        for pin in stage.pins:
            row = scale.row(pin.ticks)
            if 0 <= row < height and len(tags) < _MOST_PIN_TAGS:
                middle = inside(round(stage.logical(row)), TAG_PX, stage.logical(height))
                tags.append(Tag(middle, stage.price_text(pin.ticks), "", pin.fill, pin.color, pin.color))
        return tags

    def ticks_at(self, y: float) -> int:
        """The price on the grid nearest to a row of the canvas (device pixels)."""
        return round(self._stage.price_scale.value_at(y - self.pane.top))

    def _last_price_tag(self, ticks: float) -> Tag:
        stage = self._stage
        model = stage.model
        row = stage.price_scale.row(ticks)
        middle = inside(round(stage.logical(row)), TALL_TAG_PX, stage.logical(self.pane.height))
        words = stage.price_text(ticks)
        if stage.is_live:
            is_up = model.newest is None or model.newest.is_up
            fill, color = ("up_tag", "on_up") if is_up else ("down_tag", "on_down")
            left_ms = None if stage.close_ms is None else stage.close_ms - stage.now_ms
            second = text.DASH if left_ms is None else text.bar_countdown(left_ms)
            return Tag(middle, words, second, fill, color, color)
        since = stage.seen_ms if stage.seen_ms is not None else model.newest_ms
        age = "waiting" if since is None else f"{text.age(stage.now_ms - since)} old"
        return Tag(middle, words, age, "raised2", "text", "warning")
