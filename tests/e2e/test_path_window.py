"""A person's way through the window, by mouse and by keyboard, on a live simulated market."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QDialog, QWidget

from tests.e2e.path_window import PathWindow, window_on
from tests.e2e.whole_path import (
    BTC,
    ETH,
    all_live,
    assert_candles_are_the_markets,
    assert_whole,
    engine_on,
    seconds_until,
    state_of,
    synthetic,
)
from tests.running import until
from tests.ui.conftest import _no_widget_left, qloop  # noqa: F401 (fixtures)
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.server import SimulatedExchange
from virtuoso_desktop.ui.panels.markets_columns import COLUMNS, LAST

pytestmark = [
    pytest.mark.usefixtures("qloop"),
    pytest.mark.qt_log_level_fail("WARNING"),
    pytest.mark.qt_log_ignore("propagateSizeHints"),
    pytest.mark.deadline_s(60),
]
SOL = InstrumentId.parse("bybit:linear:SOLUSDT")
CONTROL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@asynccontextmanager
async def running(profile: Path) -> AsyncIterator[tuple[Engine, PathWindow, MarketSource]]:
    clock = LiveClock()
    market = synthetic(clock)
    async with (
        SimulatedExchange(market, clock) as venue,
        engine_on(
            venue.http_url, venue.ws_url, profile, clock=clock, symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT")
        ) as engine,
        window_on(engine) as window,
    ):
        await all_live(engine)
        await until(lambda: len(window.window.interior.markets.rows.order) == 3, "all rows")
        yield engine, window, market


def order(window: PathWindow) -> list[InstrumentId]:
    return list(window.window.interior.markets.rows.order)


def visible(window: PathWindow, kind: type[QWidget]) -> list[QWidget]:
    return [each for each in window.window.findChildren(kind) if each.isVisible()]


async def test_search_sort_and_switch_by_mouse_and_by_keyboard(tmp_path: Path) -> None:
    async with running(tmp_path) as (engine, window, _):
        main, markets = window.window, window.window.interior.markets
        # search
        markets.view.setFocus()
        window.press(Qt.Key.Key_Slash)
        window.type("eth")
        await until(lambda: order(window) == [ETH], "the search narrows")
        window.press(Qt.Key.Key_Escape)
        await until(lambda: len(order(window)) == 3, "Esc clears it")
        assert markets.view.hasFocus()
        assert order(window)[markets.view.currentIndex().row()] == main.instrument
        # sort
        head = markets.view.head
        at = QPoint(head.sectionViewportPosition(LAST) + head.sectionSize(LAST) // 2, head.height() // 2)
        window.click(head.viewport(), at)
        await until(lambda: order(window) == [BTC, ETH, SOL], "the dearest first")
        window.click(head.viewport(), at)
        await until(lambda: order(window) == [SOL, ETH, BTC], "the cheapest first")
        # instrument
        window.click_row(ETH)
        assert main.instrument == ETH
        await until(lambda: "Chart ETHUSDT.P 5m" in window.chart_words, "the chart follows")
        await until(lambda: "ETHUSDT.P" in main.windowTitle(), "the title follows")
        window.press(Qt.Key.Key_Tab, CONTROL)
        assert main.instrument == BTC
        window.press(Qt.Key.Key_Backtab, CONTROL | SHIFT)
        assert main.instrument == ETH
        markets.view.setFocus()
        window.press(Qt.Key.Key_Up)
        window.press(Qt.Key.Key_Return)
        assert main.instrument == SOL
        window.chart.canvas.setFocus()
        window.type("b")
        window.type("tc")
        window.press(Qt.Key.Key_Return)
        assert main.instrument == BTC
        # timeframe
        window.press_button("Timeframe 1h")
        assert main.timeframe is Timeframe.H1
        window.press(Qt.Key.Key_2, ALT)
        assert main.timeframe is Timeframe.M5
        window.chart.canvas.setFocus()
        window.type("1")
        window.type("5")
        window.press(Qt.Key.Key_Return)
        assert main.timeframe is Timeframe.M15
        await until(lambda: "Chart BTCUSDT.P 15m" in window.chart_words, "the chart follows")
        await until(lambda: " O " in window.chart_words and "Last price" in window.chart_words, "its words are told")
        assert (engine.notices.errors, window.told) == ((), [])


async def test_zoom_pan_and_a_week_back_on_five_minutes(tmp_path: Path) -> None:
    async with running(tmp_path) as (engine, window, market):
        window.window.interior.workspace.toggle_confluence()  # a wide chart, which a drag takes further
        canvas, chart = window.chart.canvas, window.chart
        ground = canvas.viewport()
        series = state_of(engine).candles[Timeframe.M5]
        await until(lambda: len(series) >= 1_000 and "Last price" in window.chart_words, "the first page is drawn")
        middle = QPoint(canvas.width() // 2, canvas.height() // 3)
        bars = chart.snapshot_state()[0]
        window.wheel(ground, middle, 3)
        assert chart.snapshot_state()[0] < bars
        canvas.setFocus()
        window.type("-")
        window.type("-")
        window.type("-")
        assert chart.snapshot_state()[0] > bars * 0.9
        window.press(Qt.Key.Key_Home)
        right = chart.snapshot_state()[1]
        assert right > 0
        window.press(Qt.Key.Key_Left)
        assert chart.snapshot_state()[1] < right
        wanted_ms = engine.venue_now_ms() - 7 * DAY_MS
        left, far = QPoint(40, 300), QPoint(canvas.width() - 120, 300)

        def has_a_week() -> bool:
            window.drag(ground, left, far)
            return (series.first_open_ms or 0) <= wanted_ms

        took_s = await seconds_until(has_a_week, "a week of candles", 12.0)
        assert took_s < 10.0
        assert_whole(state_of(engine), Timeframe.M5)
        assert assert_candles_are_the_markets(state_of(engine), market, Timeframe.M5) > 2_000
        window.press(Qt.Key.Key_Home)
        assert chart.snapshot_state()[1] == pytest.approx(right)
        assert engine.chart(BTC, Timeframe.M5).load_error is None  # type: ignore[union-attr]


async def test_themes_sizes_dialogs_and_columns_hold_together(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, window, _market):
        main, markets = window.window, window.window.interior.markets
        grounds: list[str] = []
        for _ in range(3):
            picture = main.grab().toImage()
            grounds.append(picture.pixelColor(main.width() - 300, 20).name())
            window.press(Qt.Key.Key_T, CONTROL | SHIFT)
        assert grounds[0] == "#151a21"
        assert grounds[1] == "#f4f6f9"
        for size in ((1280, 720), (1600, 1000), (960, 600)):
            main.resize(*size)
            for column in (LAST, 0, LAST):
                markets.sort_by(column)
            await until(lambda: markets.view.canvas.width() == markets.width(), "the table fits", 2.0)
            spans = markets.view.spans()
            assert all(wide >= (COLUMNS[column].least or COLUMNS[column].width) for column, _, wide in spans)
            assert sum(wide for _, _, wide in spans) <= markets.view.canvas.width() + 1
            assert [left for _, left, _ in spans] == sorted({left for _, left, _ in spans})
            inside = main.rect()
            for child in main.findChildren(QWidget):
                if child.isVisible() and child.window() is main:
                    place = child.rect().translated(child.mapTo(main, QPoint()))
                    assert inside.contains(place), (size, child.accessibleName(), type(child).__name__, place)
        main.resize(1600, 1000)
        window.chart.canvas.setFocus()
        window.type("?")
        await until(lambda: visible(window, QDialog), "the list of shortcuts")
        (listed,) = visible(window, QDialog)
        assert listed.windowTitle() == "Shortcuts"
        QTest.keyClick(listed, Qt.Key.Key_Escape)
        await until(lambda: not visible(window, QDialog), "it is closed")


async def test_every_control_has_a_name_and_the_table_reads_its_cells(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, window, _market):
        main, view = window.window, window.window.interior.markets.view
        for child in main.findChildren(QWidget):
            is_viewport = isinstance(child.parent(), QAbstractScrollArea)
            if child.isVisible() and not is_viewport and child.focusPolicy() is not Qt.FocusPolicy.NoFocus:
                assert child.accessibleName(), f"{type(child).__name__} in {type(child.parent()).__name__}"
        model = view.model()
        texts = [model.index(0, column).data(Qt.ItemDataRole.AccessibleTextRole) for column in range(3)]
        assert texts[0] == "Symbol BTC"
        assert texts[1].startswith("Last price ")
        assert texts[2].startswith("Change 24 hours, per cent ")
