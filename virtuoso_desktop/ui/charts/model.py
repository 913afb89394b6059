"""What the chart shows now: the visible slice of one series, copied, with its scales.

The model reads a `ChartView` inside one frame and keeps nothing of it but copies, so that painting and the mouse
never touch live memory. It knows no Qt.

A long module: candles, studies, scores and what lies beside them are read together, in one order, for one slice.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.engine.beside_views import BesideView
from virtuoso_desktop.engine.views import CandleView, ChartView, RowState, ScoreHistoryView, SignalMark
from virtuoso_desktop.ui.charts.beside import columns_beside, matched, newest_beside
from virtuoso_desktop.ui.charts.candletypes import DERIVED, CandleType
from virtuoso_desktop.ui.charts.looks import derived
from virtuoso_desktop.ui.charts.paneranges import PaneRanges
from virtuoso_desktop.ui.charts.pricerange import PriceRange
from virtuoso_desktop.ui.charts.profile import Profiles
from virtuoso_desktop.ui.charts.reduction import Bars, Candles, no_bars
from virtuoso_desktop.ui.charts.slots import open_of, slot_at
from virtuoso_desktop.ui.charts.timeview import DEFAULT_BARS_RIGHT, TimeView
from virtuoso_desktop.ui.charts.viewmarks import ViewMarks, marks_of

if TYPE_CHECKING:
    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.model.study import Study
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.across import Across
    from virtuoso_desktop.ui.charts.compared import Compared

Floats = NDArray[np.float64]

_ENOUGH_ROWS = 500
"""A series that holds fewer may still be loading: its end says nothing about how far to zoom out."""
VOLUME_HEADROOM = 1.35
"""The volume pane's upper edge over its highest bar: one line of legend stands there."""


class Change(IntEnum):
    """How much of the picture the newest reading changed."""

    NOTHING = 0
    LAST = 1
    """Values of the last candle only, on the same scales."""
    ALL = 2


class Reading(NamedTuple):
    """One candle in numbers: prices in ticks, studies by the names of their columns, None where one has no value."""

    slot: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    lines: dict[str, float | None]
    slots: int = 1
    """How many slots the bar stands for."""

    @property
    def is_up(self) -> bool:
        return self.close >= self.open


class ChartModel:
    """The visible slice and its scales.

    ``bars`` and each of ``lines`` hold one entry a visible column and one more on either side; when
    ``shows_newest`` the last entry is the newest candle. ``drawn`` stands beside ``bars``: what the candle type makes
    of them. ``data_version`` changes with the slice, not with ticks.
    """

    def __init__(self) -> None:
        self.time = TimeView()
        self.price = PriceRange()
        self.volume_high = 1.0
        self.instrument: Instrument | None = None
        self.timeframe: Timeframe | None = None
        self.state = RowState.WAITING
        self.newest_ms: int | None = None
        self.last_price: float | None = None
        self.newest: Reading | None = None
        self.is_forming = False
        self.is_complete_left = False
        self.count = 0
        self.study_state = ""
        self.candle_type = CandleType.CANDLE
        self.bars: Bars = no_bars()
        self.drawn: Bars = self.bars
        self.lines: dict[str, Floats] = {}
        self.panes = PaneRanges()
        self.view_marks = ViewMarks()
        self.across: Across | None = None
        """Kept by `across_of`."""
        self.scores = ScoreHistoryView()
        self.marks: tuple[SignalMark, ...] = ()
        self.beside = BesideView()
        self.compared: list[Compared] = []
        self.percent_base: float | None = None
        """Close at the left edge, ticks: what per cent are told from while instruments are compared; else None."""
        self._studies: tuple[Study, ...] = ()
        self._columns: dict[str, Floats] = {}
        self.shows_newest = False
        self.data_version = 0
        self._reader: Candles | None = None
        self._derived: Candles | None = None
        """Of a candle type that draws something else than the candles."""
        self._profiles = Profiles()
        self._slice_key: tuple[object, ...] = ()
        self._seen_version: tuple[object, ...] = ()
        self._fit_static = (math.inf, -math.inf, 0.0)
        self._newest_is_inside = False
        self._is_fitted = False
        """The newest reading has fitted the scales."""
        self._in_view = slice(0)
        self._view_bars: float | None = None
        self._bars_right = DEFAULT_BARS_RIGHT
        self._right_ms: float | None = None
        self._is_placed = False

    @property
    def is_empty(self) -> bool:
        """Nothing to draw: no series, or one without candles."""
        return self.count == 0

    # --- which series ------------------------------------------------------------------------------------------

    def begin(self, instrument: Instrument | None, timeframe: Timeframe | None) -> None:
        """Forget the series; the next reading is drawn at the same zoom and place.

        A view that follows the newest candle will follow; one that looks back shows the same moment.
        """
        if self.count and self.timeframe is not None:
            self._view_bars = None
            if self.time.follows:
                self._bars_right, self._right_ms = self.time.bars_right, None
            else:
                self._right_ms = self._time_at_right_edge(self.timeframe)
        self.instrument, self.timeframe = instrument, timeframe
        self._begin_reading()
        self.clear()

    def clear(self) -> None:
        """Nothing to draw until the next reading."""
        self.count = 0
        self.bars, self.lines, self._columns = no_bars(), {}, {}
        self.drawn = self.bars
        self.view_marks = ViewMarks()
        self.newest = self.last_price = self.newest_ms = None
        self.shows_newest = self.is_forming = self.is_complete_left = False
        self._slice_key = self._seen_version = ()
        self._is_placed = False
        self.price.set_auto()
        self.data_version += 1

    def restart(self) -> None:
        """The same series comes from elsewhere: read it from scratch, at the same place."""
        self._begin_reading()
        self._slice_key = self._seen_version = ()

    def _begin_reading(self) -> None:
        self._reader = None if self.timeframe is None else Candles(self.timeframe)
        self._profiles = Profiles()
        self._begin_derived()

    def _begin_derived(self) -> None:
        derived_by = DERIVED.get(self.candle_type)
        self._derived = None if derived_by is None or self.timeframe is None else Candles(self.timeframe, *derived_by)
        self._slice_key = ()

    def draw_as(self, candle_type: CandleType) -> None:
        """Draw another type of candle from the next reading on."""
        if candle_type is not self.candle_type:
            self.candle_type = candle_type
            self._begin_derived()

    def place(self, view_bars: float, bars_right: float) -> None:
        """Zoom and place of the next series' first reading."""
        self._view_bars, self._bars_right, self._right_ms = view_bars, bars_right, None

    def place_again(self) -> None:
        """Nobody has seen the view yet and its width changed: its place is found anew."""
        self._is_placed = False
        self._slice_key = ()

    def _time_at_right_edge(self, timeframe: Timeframe) -> float:
        slot = math.floor(self.time.right_slot)
        return open_of(slot, timeframe) + (self.time.right_slot - slot) * timeframe.duration_ms

    # --- reading -----------------------------------------------------------------------------------------------

    def choose(self, studies: tuple[Study, ...]) -> None:
        """Read the columns of these, shown ones only, from the next reading on."""
        self._studies = tuple(study for study in studies if study.is_shown)
        self._slice_key = ()

    def tell(self, scores: ScoreHistoryView, marks: tuple[SignalMark, ...], beside: BesideView) -> None:
        """What the analysis says of the series, and what there is beside it; taken over by the next `read`."""
        self.scores = scores
        self.marks = marks
        self.beside = beside

    def read(self, chart: ChartView) -> Change:
        """Take over what the engine holds now; cheap when nothing changed."""
        candles, studies = chart.candles, chart.studies
        self._is_fitted = False
        if self._reader is None or not len(candles):
            was_empty = self.is_empty
            if not was_empty:
                self.clear()
            return Change.NOTHING if was_empty else Change.ALL
        self.instrument = chart.instrument
        last_price = chart.last_price_ticks
        if last_price is None:
            last_price = float(candles.close[-1])
        status = (chart.state, chart.newest_ms, candles.is_complete_left, last_price)
        changed = status != (self.state, self.newest_ms, self.is_complete_left, self.last_price)
        looks_changed = (chart.state, candles.is_complete_left) != (self.state, self.is_complete_left)
        self.state, self.newest_ms, self.is_complete_left, self.last_price = status
        self._reader.advance(candles)
        if self._derived is not None:
            self._derived.advance(candles)
        self.count = len(candles)
        self._extend(chart)
        key = (
            self.time.version, candles.base_version, candles.last_is_forming, studies.state, studies.serial,
            studies.levels, self.scores.version, self.marks, self.beside.version,
            tuple((each.name, each.version[0]) for each in self.compared),
        )  # fmt: skip
        seen = (candles.version, *(each.version for each in self.compared))
        if key != self._slice_key:
            self._slice_key = key
            self._seen_version = seen
            self._read_slice(chart)
            return Change.ALL
        if looks_changed:
            self.data_version += 1
        if seen != self._seen_version:
            self._seen_version = seen
            return max(self._read_last(chart), Change.ALL if looks_changed else Change.LAST)
        if looks_changed:
            return Change.ALL
        return Change.LAST if changed else Change.NOTHING

    def _extend(self, chart: ChartView) -> None:
        opens = chart.candles.open_ms
        oldest = slot_at(opens[0], chart.timeframe)
        newest = slot_at(opens[-1], chart.timeframe)
        self.time.set_extent(oldest, newest)
        if self._is_placed:
            return
        self._is_placed = True
        if self._view_bars is not None:
            self.time.set_view_bars(self._view_bars)
        if self.count >= _ENOUGH_ROWS or chart.candles.is_complete_left:
            self.time.limit_zoom()
        if self._right_ms is None:
            self.time.show_newest(self._bars_right)
        else:
            slot = slot_at(self._right_ms, chart.timeframe)
            inside = (self._right_ms - open_of(slot, chart.timeframe)) / chart.timeframe.duration_ms
            self.time.show_right(slot + inside)

    def _read_slice(self, chart: ChartView) -> None:
        assert self._reader is not None
        view, candles = self.time, chart.candles
        per_column = view.zoom.per_column
        first, last = view.slot_at(0), view.slot_at(view.width - 1)
        reach = (first - per_column, last + 2 * per_column - 1, per_column)
        self.bars = self.drawn = bars = self._reader.bars(candles, *reach)
        if self._derived is not None:
            self.drawn = self._derived.bars(candles, *reach)
        self.study_state = chart.studies.state
        # Row by row, or of every column's last row.
        rows = slice(int(bars.row[0]), int(bars.row[-1]) + 1) if per_column == 1 and bars.count else bars.row
        self._columns = {name: column[rows].copy() for name, column in chart.studies.columns.items()}
        if self.scores.open_ms is not None and self.scores.score is not None:
            opens = candles.open_ms[bars.row]
            self._columns["confluence"] = matched(self.scores.open_ms, self.scores.score, opens)
        self._columns |= columns_beside(self.beside, bars.key, per_column, chart.timeframe)
        self.lines = self._columns | derived(self._studies, self._columns)
        self.shows_newest = bool(bars.count) and int(bars.row[-1]) == len(candles) - 1
        begin = int(bars.key.searchsorted(first // per_column))
        end = int(bars.key.searchsorted(last // per_column, side="right"))
        self._compare(slice(begin, end))
        self._read_newest(chart)
        self._put_running()
        newest_is_inside = self.shows_newest and end == bars.count > begin
        static = slice(begin, end - 1 if newest_is_inside else end)
        self._fit_static = self._extremes(static)
        self._newest_is_inside = newest_is_inside
        self._in_view = slice(begin, end)
        self.view_marks = self._marks_in_view(chart)
        self._fit()
        self._is_fitted = True
        self.data_version += 1

    def _compare(self, in_view: slice) -> None:
        """The lines of other instruments, from the close of the first bar in view."""
        bars, per_column = self.bars, self.time.zoom.per_column
        has_base = bool(self.compared) and in_view.start < bars.count
        self.percent_base = float(bars.close[in_view.start]) if has_base else None
        self.lines |= {each.name: each.column(bars, per_column, in_view) for each in self.compared}

    def _extremes(self, part: slice) -> tuple[float, float, float]:
        """Lowest and highest of what is drawn over the scale, and the largest volume."""
        lowest, highest, volume = _extremes(self.bars, self.drawn, part)
        for each in self.compared:
            values = self.lines[each.name][part]
            if len(values) and np.isfinite(values).any():
                lowest, highest = min(lowest, float(np.nanmin(values))), max(highest, float(np.nanmax(values)))
        return lowest, highest, volume

    def _marks_in_view(self, chart: ChartView) -> ViewMarks:
        rows = self.bars.row[self._in_view]
        if not len(rows):
            return ViewMarks()
        left_ms = open_of(self.time.slot_at(0), chart.timeframe)
        return marks_of(
            chart, self._studies, self._profiles, int(np.searchsorted(chart.candles.open_ms, left_ms)), int(rows[-1])
        )

    def _read_newest(self, chart: ChartView) -> None:
        candles = chart.candles
        self.is_forming = candles.last_is_forming
        self.newest = Reading(
            self.time.newest,
            float(candles.open[-1]),
            float(candles.high[-1]),
            float(candles.low[-1]),
            float(candles.close[-1]),
            float(candles.volume[-1]),
            self._newest_lines(chart),
        )

    def _newest_lines(self, chart: ChartView) -> dict[str, float | None]:
        cells = {name: column[-1:] for name, column in chart.studies.columns.items()}
        cells |= derived(self._studies, cells)
        found = {name: _value(cell[0]) for name, cell in cells.items()}
        if self.scores.score is not None and len(self.scores.score):
            found["confluence"] = _value(self.scores.score[-1])
        found["rvol"] = chart.relative_volume
        if self.percent_base is not None:
            newest, per_column = self.time.newest, self.time.zoom.per_column
            found |= {each.name: each.newest(newest, per_column, self.percent_base) for each in self.compared}
        return found | newest_beside(self.beside, self.time.newest, chart.timeframe)

    def _put_running(self) -> None:
        """What runs beside the newest candle belongs to its bar."""
        if not self.shows_newest or self.newest is None or self.time.zoom.per_column > 1:
            return
        for series in self.beside.series.values():
            for name in series.running:
                value = self.newest.lines.get(name)
                if value is not None and name in self.lines:
                    self.lines[name][-1] = value

    def _read_last(self, chart: ChartView) -> Change:
        """The last candle moved: update its column in place, and the scales when it left them."""
        self._read_newest(chart)
        if not self.shows_newest:
            return Change.LAST
        candles, bars = chart.candles, self.bars
        rows = slice(int(bars.row[-2]) + 1 if bars.count > 1 else self._first_row_of_last(), None)
        bars.high[-1] = candles.high[rows].max()
        bars.low[-1] = candles.low[rows].min()
        bars.close[-1] = candles.close[-1]
        bars.open[-1] = candles.open[rows][0]
        bars.volume[-1] = candles.volume[rows].max()
        if self._derived is not None:
            self._read_last_derived(self._derived, candles, rows.start)
        for name, value in self.newest.lines.items() if self.newest is not None else ():
            if name in self.lines and name != "confluence" and self._is_of_one(name):
                self.lines[name][-1] = math.nan if value is None else value
        return Change.ALL if self._newest_is_inside and self._fit_newest() else Change.LAST

    def _read_last_derived(self, derived: Candles, candles: CandleView, first: int) -> None:
        """What the candle type makes of the last column."""
        made, drawn = derived.read(candles, first, len(candles), derived.timeframe), self.drawn
        drawn.open[-1], drawn.close[-1] = made.open[0], made.close[-1]
        drawn.high[-1], drawn.low[-1] = made.high.max(), made.low.min()

    def _is_of_one(self, name: str) -> bool:
        """Whether the newest candle's value is its bar's: a bar of several candles sums up what lies beside them."""
        return self.time.zoom.per_column == 1 or not any(name in each.values for each in self.beside.series.values())

    def _first_row_of_last(self) -> int:
        """Only one column is in view: its rows are counted back by its length."""
        return max(0, int(self.bars.row[-1]) + 1 - self.time.zoom.per_column)

    def _fit(self) -> bool:
        """Fit both scales to what is in view; True when one changed."""
        return any([self._fit_price(), self._fit_volume(), self.panes.fit(self._studies, self.lines, self._in_view)])

    def _fit_price(self) -> bool:
        lowest, highest, _ = self._fit_static
        if self._newest_is_inside:
            lowest = min(lowest, float(self.drawn.low[-1]))
            highest = max(highest, float(self.drawn.high[-1]))
            lines = {} if self.newest is None else self.newest.lines
            values = [value for each in self.compared if (value := lines.get(each.name)) is not None]
            lowest, highest = min([lowest, *values]), max([highest, *values])
        return self.price.fit(lowest, highest)

    def _fit_volume(self) -> bool:
        volume = self._fit_static[2]
        if self._newest_is_inside:
            volume = max(volume, float(self.bars.volume[-1]))
        volume_high = volume * VOLUME_HEADROOM if volume > 0 else 1.0
        if volume_high == self.volume_high:
            return False
        self.volume_high = volume_high
        return True

    def _fit_newest(self) -> bool:
        """A tick: prices are fitted at once, volumes only when the bar has grown to the pane's edge."""
        changed = self._fit_price()
        if float(self.bars.volume[-1]) > self.volume_high:
            changed = self._fit_volume() or changed
        if self.newest is not None and self.panes.are_left_by(self._studies, self.newest.lines):
            changed = self.panes.fit(self._studies, self.lines, self._in_view) or changed
        return changed

    def fit_again(self) -> None:
        """The price scale became automatic, or the view moved by hand."""
        if not self._is_fitted:
            self._fit()

    # --- looking up --------------------------------------------------------------------------------------------

    def reading_at(self, slot: int) -> Reading | None:
        """The bar that covers a slot in view; None where a candle is missing."""
        per_column = self.time.zoom.per_column
        key = slot // per_column
        index = int(np.searchsorted(self.bars.key, key))
        if index >= self.bars.count or self.bars.key[index] != key:
            return None
        bars = self.bars
        return Reading(
            key * per_column,
            float(bars.open[index]),
            float(bars.high[index]),
            float(bars.low[index]),
            float(bars.close[index]),
            float(bars.volume[index]),
            {name: _value(line[index]) for name, line in self.lines.items()},
            per_column,
        )

    def open_ms(self, slot: int) -> int | None:
        """Open time of a slot of the series."""
        return None if self.timeframe is None else open_of(slot, self.timeframe)


def _extremes(bars: Bars, drawn: Bars, part: slice) -> tuple[float, float, float]:
    """Lowest low and highest high that are drawn, and the largest volume; infinities and 0 without bars."""
    low = drawn.low[part]
    if not len(low):
        return math.inf, -math.inf, 0.0
    return float(low.min()), float(drawn.high[part].max()), float(bars.volume[part].max())


def _value(cell: float) -> float | None:
    return None if math.isnan(cell) else float(cell)
