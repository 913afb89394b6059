"""Another instrument beside the candles, in per cent from the left edge of the view. No Qt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.ui.charts.candletypes import closes
from virtuoso_desktop.ui.charts.history import BackFill
from virtuoso_desktop.ui.charts.reduction import Bars, Candles
from virtuoso_desktop.ui.charts.slots import slot_at

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import ChartView, EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.timeview import TimeView

Floats = NDArray[np.float64]

COMPARED = "compared:"
"""Lines and legend entries of a name that begins so are those of another instrument."""
MOST_COMPARED = 3


def name_of(identity: InstrumentId) -> str:
    """Name of its line and of its legend entry."""
    return f"{COMPARED}{identity}"


class Compared:
    """The closes of one other instrument in the chart's timeframe.

    The line is drawn on the candles' scale: where it stands at the left edge of the view it begins on the candles'
    own first close there, and a per cent of it is as high as a per cent of theirs.
    """

    def __init__(self, identity: InstrumentId) -> None:
        self.id = identity
        self.name = name_of(identity)
        self.is_known = True
        """The engine has the instrument."""
        self.base: float | None = None
        """Its close at the left edge of the view, in its own ticks; later where it has none there."""
        self._timeframe: Timeframe | None = None
        self._reader: Candles | None = None
        self._view: ChartView | None = None
        self._fill = BackFill()

    @property
    def version(self) -> tuple[int, int]:
        """(base version, version) of its candles; -1 without any."""
        return (-1, -1) if self._view is None else (self._view.candles.base_version, self._view.candles.version)

    def follow(self, engine: EngineView, timeframe: Timeframe, time: TimeView) -> None:
        """Read what the engine holds now, and ask for older candles where the view has come near to the oldest."""
        if timeframe is not self._timeframe:
            self._timeframe, self._reader = timeframe, Candles(timeframe, closes)
            self._fill.forget()
        view = engine.chart(self.id, timeframe, None)
        self.is_known = view is not None
        self._view = view if view is not None and len(view.candles) else None
        if self._view is not None and self._reader is not None:
            self._reader.advance(self._view.candles)
            self._fill.step(engine, self._view, time)

    def leave(self, engine: EngineView) -> None:
        """It is no longer shown: a page in flight is given up."""
        if self._timeframe is not None:
            self._fill.give_up(engine, self.id, self._timeframe)

    def column(self, bars: Bars, per_column: int, in_view: slice) -> Floats:
        """Its line at the bars, on their scale in ticks; NaN where it has no candle. Gaps are not bridged.

        Parameters
        ----------
        bars : Bars
            The candles with their columns.
        in_view : slice
            Those of them that are in view, the left edge first.
        """
        self.base = None
        line = np.full(bars.count, np.nan)
        found = self._closes_at(bars, per_column)
        if found is None or in_view.start >= bars.count:
            return line
        known = np.flatnonzero(np.isfinite(found[in_view]))
        if not len(known):
            return line
        self.base = float(found[in_view.start + known[0]])
        return found * (float(bars.close[in_view.start]) / self.base)

    def _closes_at(self, bars: Bars, per_column: int) -> Floats | None:
        """Its last closes in the columns of the bars, in its own ticks."""
        if self._view is None or self._reader is None or not bars.count:
            return None
        first, last = int(bars.key[0]) * per_column, int(bars.key[-1] + 1) * per_column - 1
        other = self._reader.bars(self._view.candles, first, last, per_column)
        if not other.count:
            return None
        at = np.minimum(np.searchsorted(other.key, bars.key), other.count - 1)
        return np.where(other.key[at] == bars.key, other.close[at], np.nan)

    def newest(self, slot: int, per_column: int, main_base: float) -> float | None:
        """Its newest close on the candles' scale, if it stands in the column of a slot."""
        if self._view is None or self.base is None or self._timeframe is None:
            return None
        candles = self._view.candles
        own = slot_at(candles.open_ms[-1], self._timeframe)
        value = float(candles.close[-1]) * main_base / self.base
        return value if own // per_column == slot // per_column and math.isfinite(value) else None
