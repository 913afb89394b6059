"""Goes from instrument to instrument and timeframe to timeframe, and writes down how long each takes to be painted."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject

from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES
from virtuoso_desktop.ui.charts.grid import ChartGrid

if TYPE_CHECKING:
    from tests.hands.driven import Driven
    from virtuoso_desktop.ui.charts.panel import ChartPanel

SWITCHES = 60
LEAST_BARS = 20
"""In view; the series itself has a thousand."""
LOADED_S = 180.0


class _Paints(QObject):
    """Notes when the chart was painted with candles of its series."""

    def __init__(self, chart: ChartPanel) -> None:
        super().__init__()
        self._chart = chart
        self.at_s: float | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        del watched
        if event.type() is QEvent.Type.Paint and self._chart.model.bars.count >= LEAST_BARS:
            self.at_s = self.at_s or time.perf_counter()
        return False


async def play(driven: Driven) -> dict[str, list[float]]:
    """Wait until all series are there; switch; ms of each."""
    await driven.until_live(60)
    engine = driven.run.engine
    assert engine is not None

    def is_loaded() -> bool:
        status = engine.status()
        return status.series_loaded == status.series_wanted > 0

    await driven.until(is_loaded, "every series", LOADED_S)
    await driven.settle(3.0)
    grid = driven.window.findChild(ChartGrid)
    assert isinstance(grid, ChartGrid)
    found: dict[str, list[float]] = {"instrument": [], "timeframe": []}
    watched = [instrument.id for instrument in engine.watched()]
    draw = random.Random(1)
    for number in range(SWITCHES):
        what = "timeframe" if number % 2 else "instrument"
        found[what].append(await _switch(driven, grid, what, draw, watched))
        await driven.settle(0.4)
    return found


async def _switch(driven: Driven, grid: ChartGrid, what: str, draw: random.Random, watched: list) -> float:  # type: ignore[type-arg]
    window, chart = driven.window, grid.active
    instrument, timeframe = window.instrument, window.timeframe
    if what == "instrument":
        instrument = draw.choice([each for each in watched if each != instrument])
    else:
        timeframe = draw.choice([each for each in ANALYSED_TIMEFRAMES if each != timeframe and each.value != "1d"])
    assert instrument is not None
    paints = _Paints(chart)
    chart.canvas.viewport().installEventFilter(paints)
    begun_s = time.perf_counter()
    window.show_instrument(instrument, timeframe)
    paints.at_s = None  # a paint that was under way counts only if it comes after
    await driven.until(lambda: paints.at_s is not None and chart.subject == (instrument, timeframe), "the chart")
    chart.canvas.viewport().removeEventFilter(paints)
    assert paints.at_s is not None
    return (paints.at_s - begun_s) * 1e3
