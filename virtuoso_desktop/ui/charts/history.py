"""Back-fill while scrolling left: when an older page is asked for, and when it is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui.charts.slots import slot_at

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import ChartView, EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.timeview import TimeView

WANTED_SCREENS = 1.0
"""With less than this left of the view, the next page is asked for."""
ENOUGH_SCREENS = 1.5
"""With more than this, a page in flight is given up: the view has turned."""


class BackFill:
    """Decides from the view alone; the engine keeps one page in flight and knows the rest.

    After a failure it asks again when the user clicks, or scrolls away from the end and back.
    """

    def __init__(self) -> None:
        self._is_asked = False
        self._has_failed = False
        self.is_near = False
        """The view is so near to the oldest candle that older ones matter."""

    def forget(self) -> None:
        """Another series is shown."""
        self._is_asked = self._has_failed = self.is_near = False

    def retry(self) -> None:
        """The user wants it: a failure no longer holds back."""
        self._has_failed = False

    def step(self, engine: EngineView, chart: ChartView, time: TimeView) -> None:
        """Ask, or give up, as the view stands now."""
        if not len(chart.candles):
            return
        oldest = slot_at(chart.candles.open_ms[0], chart.timeframe)
        screens = (time.left_slot - oldest) / max(time.view_bars, 1.0)
        self.is_near = screens < WANTED_SCREENS
        if chart.is_loading_older:
            if self._is_asked and screens > ENOUGH_SCREENS:
                self._is_asked = False
                engine.cancel_older(chart.instrument.id, chart.timeframe)
            return
        self._has_failed = self.is_near and (self._has_failed or (self._is_asked and chart.load_error is not None))
        self._is_asked = False
        if self.is_near and not self._has_failed and _has_older(chart):
            self._is_asked = True
            engine.load_older(chart.instrument.id, chart.timeframe)

    def give_up(self, engine: EngineView, identity: InstrumentId, timeframe: Timeframe) -> None:
        """The series is no longer shown."""
        if self._is_asked:
            engine.cancel_older(identity, timeframe)
        self.forget()

    def words(self, chart: ChartView) -> tuple[str, bool]:
        """What the strip says, and whether it is an error; nothing while older candles do not matter."""
        if not self.is_near:
            return "", False
        if self._has_failed and chart.load_error is not None:
            return f"No older candles for now: {chart.load_error.rstrip('.')}. Click to try again.", True
        return ("Loading older candles" if self._is_asked else ""), False


def _has_older(chart: ChartView) -> bool:
    return not chart.candles.is_complete_left
