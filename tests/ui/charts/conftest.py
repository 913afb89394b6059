"""A chart on an engine by hand, shown offscreen at a fixed size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.ui.charts.fake_engine import BTC, FakeEngine, walk
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.panel import ChartPanel
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT = 806, 640


@pytest.fixture
def engine() -> FakeEngine:
    """1,000 five-minute candles of BTCUSDT, the last one forming, live."""
    made = FakeEngine()
    made.hold(walk(1000))
    return made


@pytest.fixture
def open_panel(qtbot: Any) -> Callable[..., ChartPanel]:
    """Opens a shown panel of 806 x 640; without an engine it has no data."""

    def opened(engine: FakeEngine | None = None, timeframe: Timeframe = Timeframe.M5, **arguments: Any) -> ChartPanel:
        panel = ChartPanel(Theme(), **arguments)
        qtbot.addWidget(panel)
        if engine is not None:
            panel.attach(engine)
            panel.set_instrument(next(iter(engine.instruments), BTC.id), timeframe)
        panel.resize(WIDTH, HEIGHT)
        with qtbot.waitExposed(panel):
            panel.show()
        frame(panel)
        return panel

    return opened


@pytest.fixture
def panel(open_panel: Callable[..., ChartPanel], engine: FakeEngine) -> ChartPanel:
    return open_panel(engine)


def frame(panel: ChartPanel) -> None:
    """One turn of the frame clock."""
    panel.refresh(time.perf_counter_ns())
