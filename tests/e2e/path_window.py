"""The real window with its chart on a running engine, as the app puts them together, for a person's hands in a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from PySide6.QtWidgets import QApplication

from tests.e2e.whole_path import BTC
from tests.hands.hands import Hands
from tests.running import until
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.engine.views import MarketRow
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.panel import ChartPanel
from virtuoso_desktop.ui.feed_state import FeedMessage
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow


class PathWindow(Hands):
    """The window and what a test reads of it."""

    def __init__(self, window: MainWindow, chart: ChartPanel) -> None:
        super().__init__(window)
        self.window = window
        self.chart = chart
        self.told: list[FeedMessage] = []
        """Every banner that was shown, each wording once."""

    @property
    def banner(self) -> FeedMessage | None:
        """What the band under the top bar says now."""
        return self.window.interior.banner.message

    @property
    def top_row(self) -> InstrumentId:
        return self.window.interior.markets.rows.order[0]

    def row(self, instrument: InstrumentId) -> MarketRow:
        """The row as Markets shows it."""
        row = self.window.interior.markets.rows.find(instrument)
        assert row is not None
        return row

    @property
    def chart_words(self) -> str:
        """What the chart tells a screen reader."""
        return f"{self.chart.canvas.accessibleName()}: {self.chart.canvas.accessibleDescription()}"

    async def says_live(self) -> None:
        """Wait until the window knows what the engine knows: it looks twice a second."""
        await until(lambda: self.named("Bybit live"), "the chip says live")

    # --- hands --------------------------------------------------------------------------------------------------

    def click_row(self, instrument: InstrumentId) -> None:
        """Click the row's name, wherever sorting has put it."""
        view = self.window.interior.markets.view
        place = self.window.interior.markets.rows.place[instrument]
        self.click(view.viewport(), view.visualRect(view.model().index(place, 0)).center())


@asynccontextmanager
async def window_on(
    engine: Engine,
    *,
    instrument: InstrumentId = BTC,
    timeframe: Timeframe = Timeframe.M5,
    size: tuple[int, int] = (1600, 1000),
) -> AsyncGenerator[PathWindow]:
    """The window on a running engine; closed and deleted at the end."""
    theme = Theme()
    theme.apply()
    memory = WindowMemory(geometry=(0, 0, *size), instrument=str(instrument), timeframe=timeframe.value)
    window = MainWindow(theme, engine.source, memory=memory, now_ms=engine.clock.now_ms)
    chart = ChartPanel(theme, engine.clock.now_ms, engine.source)
    path = PathWindow(window, chart)
    window.resize(*size)
    window.show()
    window.attach(engine)
    chart.set_instrument(instrument, timeframe)
    window.shown_changed.connect(chart.set_instrument)
    chart.letters_typed.connect(window.choose_instrument)
    chart.digit_typed.connect(window.choose_interval)
    chart.attach(engine)
    window.set_chart(chart, chart, chart.take_painted_ns)
    window.activateWindow()

    window.interior.frame.add(_Witness(path))
    try:
        await asyncio.sleep(0)
        yield path
    finally:
        window.hide()
        window.detach()
        chart.detach()
        window.close()
        window.deleteLater()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.setStyleSheet("")
        await asyncio.sleep(0.05)


class _Witness:
    """Takes part in the window's frames and writes down every banner."""

    rate_hz = 30.0
    urgency = 9

    def __init__(self, path: PathWindow) -> None:
        self._path = path

    def isVisible(self) -> bool:  # noqa: N802 (Qt's name)
        return True

    def refresh(self, now_ns: int) -> None:
        del now_ns
        banner = self._path.banner
        if banner is not None and banner not in self._path.told:
            self._path.told.append(banner)
