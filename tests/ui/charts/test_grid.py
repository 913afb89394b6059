"""Several charts: which is active, what is linked, one crosshair, what the engine is asked, what is remembered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.charts.fake_engine import BTC, ETH, FIRST_MS, FakeEngine, walk
from virtuoso_desktop.model.study import StudyKind, study_of
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.candletypes import CandleType
from virtuoso_desktop.ui.charts.grid import FIRST_TIMEFRAMES, ChartGrid, Links
from virtuoso_desktop.ui.charts.memory import ChartMemory, GridMemory
from virtuoso_desktop.ui.frame import FrameClock
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable


END_MS = FIRST_MS + 400 * Timeframe.H4.duration_ms
"""All series end here."""


@pytest.fixture
def market() -> FakeEngine:
    made = FakeEngine()
    for each, start, seed in ((BTC, 900_000.0, 1), (ETH, 250_000.0, 5)):
        for timeframe in FIRST_TIMEFRAMES:
            rows = walk(400, start, seed=seed, timeframe=timeframe)
            rows[0] += END_MS - timeframe.duration_ms - rows[0, -1]
            made.hold(rows, each, timeframe)
    return made


@pytest.fixture
def open_grid(qtbot: Any) -> Callable[..., ChartGrid]:
    def opened(engine: FakeEngine | None, kept: dict[str, Any] | None = None) -> ChartGrid:
        clock = FrameClock(None)
        grid = ChartGrid(Theme(), clock)
        grid.clock_of_test = clock  # type: ignore[attr-defined]
        qtbot.addWidget(grid)
        if kept is not None:
            grid.recall(kept)
        if engine is not None:
            grid.set_instrument(BTC.id, Timeframe.M5) if kept is None else None
            grid.attach(engine)
        grid.resize(1000, 800)
        with qtbot.waitExposed(grid):
            grid.show()
        frame(grid)
        return grid

    return opened


def frame(grid: ChartGrid) -> None:
    for cell in grid.shown:
        cell.panel.refresh(time.perf_counter_ns())


def series(grid: ChartGrid) -> list[tuple[str, str]]:
    return [(cell.series[0].symbol, cell.series[1].value) for cell in grid.shown if cell.series is not None]


@pytest.fixture
def four(open_grid: Callable[..., ChartGrid], market: FakeEngine) -> ChartGrid:
    grid = open_grid(market)
    grid.arrange(4)
    frame(grid)
    return grid


# --- arrangement -------------------------------------------------------------------------------------------------


def test_one_two_and_four(open_grid: Callable[..., ChartGrid], market: FakeEngine) -> None:
    grid = open_grid(market)
    assert grid.cells[0].head.isHidden(), "a chart alone needs no head"
    grid.arrange(2)
    left, right = (cell.geometry() for cell in grid.shown)
    assert (left.height(), right.height()) == (800, 800)
    assert right.left() == left.right() + 5
    grid.arrange(4)
    frame(grid)
    assert series(grid) == [("BTCUSDT", timeframe.value) for timeframe in FIRST_TIMEFRAMES]
    assert {(cell.y() > 0, cell.x() > 0) for cell in grid.shown} == {
        (a, b) for a in (False, True) for b in (False, True)
    }
    assert [cell.head.timeframe.text() for cell in grid.shown] == ["5m", "15m", "1h", "4h"]
    assert all(not cell.panel.model.is_empty for cell in grid.shown)
    grid.arrange(1)
    assert [cell.isVisible() for cell in grid.cells] == [True, False, False, False]
    with pytest.raises(ValueError, match="3 charts"):
        grid.arrange(3)


def test_a_hidden_chart_reads_nothing_and_asks_for_nothing(four: ChartGrid, market: FakeEngine) -> None:
    four.cells[3].panel._stage.choice.add(study_of(StudyKind.MACD))
    four.arrange(1)
    asked: list[int | None] = []
    original = market.chart
    market.chart = lambda *args: asked.append(args[2] if len(args) > 2 else 0) or original(*args)  # type: ignore[method-assign, func-returns-value]
    clock = four.clock_of_test  # type: ignore[attr-defined]
    for step in range(1, 6):
        clock.tick(step * 200_000_000)
    assert set(asked) == {0}
    assert market.calls[-1] == "beside BTCUSDT-5m"
    assert market.studies._charts[3].chosen == ()
    four.arrange(4)
    assert study_of(StudyKind.MACD) in market.studies._charts[3].chosen


def test_everything_in_view_is_told_to_the_engine(four: ChartGrid, market: FakeEngine) -> None:
    assert market.calls[-1] == "beside BTCUSDT-5m BTCUSDT-15m BTCUSDT-1h BTCUSDT-4h"
    four.cells[2].panel.looks.compare(ETH.id)
    assert market.calls[-1] == "beside BTCUSDT-5m BTCUSDT-15m BTCUSDT-1h BTCUSDT-4h ETHUSDT-1h"


# --- the active one ----------------------------------------------------------------------------------------------


def test_a_press_makes_a_chart_active_and_the_window_follows(four: ChartGrid) -> None:
    followed: list[Any] = []
    four.series_asked.connect(lambda *shown: followed.append(shown))
    viewport = four.cells[2].panel.canvas.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(100, 150))
    assert followed == [(BTC.id, Timeframe.H1)]
    assert four.active is four.cells[2].panel
    assert [cell.is_active for cell in four.cells] == [False, False, True, False]
    edge = four.cells[2].grab().toImage().pixelColor(0, 100)
    assert edge == four._theme.color("accent")
    four.set_instrument(ETH.id, Timeframe.M5)
    assert series(four) == [("BTCUSDT", "5m"), ("BTCUSDT", "15m"), ("ETHUSDT", "5m"), ("BTCUSDT", "4h")]


def test_the_keyboard_steps_through_the_charts(four: ChartGrid) -> None:
    for _ in range(5):
        four.step(1)
    assert four.active is four.cells[1].panel
    four.step(-1)
    four.step(-1)
    assert four.active is four.cells[3].panel
    assert QApplication.focusWidget() in (four.active.canvas, None)
    four.arrange(2)
    assert four.active is four.cells[0].panel, "one that is hidden cannot be the active one"


def test_the_active_charts_settings_are_its_own(four: ChartGrid) -> None:
    four.activate(1)
    four.active.looks.draw_as(CandleType.LINE)
    four.active._stage.choice.remove("rsi_14")
    assert [cell.panel.looks.candle_type for cell in four.cells].count(CandleType.LINE) == 1
    assert [cell.panel._stage.choice.find("rsi_14") is None for cell in four.cells] == [False, True, False, False]


def test_the_head_asks_for_its_charts_lists(four: ChartGrid) -> None:
    asked: list[object] = []
    four.instrument_asked.connect(asked.append)
    four.timeframe_asked.connect(asked.append)
    head = four.cells[3].head
    head.instrument.click()
    head.timeframe.click()
    assert asked == [head.instrument, head.timeframe]
    assert four.active is four.cells[3].panel, "the list is that of the chart that was clicked"
    assert head.instrument.accessibleName() == "Instrument of this chart: BTCUSDT.P"


# --- links -------------------------------------------------------------------------------------------------------


def test_a_linked_instrument_is_followed_with_their_own_timeframes(four: ChartGrid) -> None:
    four.set_links(Links(instrument=True))
    four.set_instrument(ETH.id, Timeframe.M5)
    assert series(four) == [("ETHUSDT", timeframe.value) for timeframe in FIRST_TIMEFRAMES]
    four.set_instrument(ETH.id, Timeframe.H4)
    assert [timeframe for _, timeframe in series(four)] == ["4h", "15m", "1h", "4h"]


def test_a_linked_timeframe_is_followed_with_their_own_instruments(four: ChartGrid) -> None:
    four.activate(1)
    four.set_instrument(ETH.id, Timeframe.M15)
    four.set_links(Links(timeframe=True))
    assert series(four) == [("BTCUSDT", "15m"), ("ETHUSDT", "15m"), ("BTCUSDT", "15m"), ("BTCUSDT", "15m")]
    four.set_instrument(ETH.id, Timeframe.H1)
    assert {timeframe for _, timeframe in series(four)} == {"1h"}


def test_without_links_the_others_stay(four: ChartGrid) -> None:
    before = series(four)[1:]
    four.set_instrument(ETH.id, Timeframe.H4)
    assert series(four)[1:] == before


# --- one crosshair -----------------------------------------------------------------------------------------------


def test_the_crosshair_stands_at_the_same_time_in_all(four: ChartGrid) -> None:
    first = four.cells[0].panel
    first.canvas.gestures.hover_at(QPointF(360, 100))
    slot = first._stage.hover.slot  # type: ignore[union-attr]
    moment = first.model.open_ms(slot)
    for cell in four.cells[1:]:
        hover, view = cell.panel._stage.hover, cell.panel.model.time
        assert hover is not None
        assert hover.y is None, "no level line: their prices are others"
        assert cell.series is not None
        opened = cell.panel.model.open_ms(hover.slot)
        assert opened is not None
        assert moment is not None
        assert opened <= moment < cell.series[1].close_ms(opened)
        assert view.left_slot <= hover.slot < view.right_slot
        assert cell.panel.canvas.time_scale.tag
    first.canvas.gestures.leave()
    assert all(cell.panel._stage.hover is None for cell in four.cells)


def test_a_moment_out_of_view_has_no_crosshair(four: ChartGrid) -> None:
    third = four.cells[3].panel
    third.canvas.gestures.hover_at(QPointF(20, 60))
    assert third._stage.hover is not None
    assert four.cells[0].panel._stage.hover is None


# --- memory ------------------------------------------------------------------------------------------------------


def test_everything_is_there_again(four: ChartGrid, open_grid: Callable[..., ChartGrid], market: FakeEngine) -> None:
    four.set_links(Links(timeframe=False, instrument=True))
    four.activate(2)
    four.active.looks.draw_as(CandleType.HEIKIN_ASHI)
    four.active.looks.set_log(True)
    four.active.looks.show_line("mark", True)
    four.active.looks.set_utc(True)
    four.active.looks.compare(ETH.id)
    four.active._stage.choice.add(study_of(StudyKind.MACD))
    kept = four.remember()
    again = open_grid(market, kept)
    assert again.remember() == kept
    assert series(again) == series(four)
    looks = again.active.looks
    assert (again.count, again.cells.index(again.shown[2]), again.links) == (4, 2, Links(instrument=True))
    assert (looks.candle_type, looks.is_log, looks.is_utc) == (CandleType.HEIKIN_ASHI, True, True)
    assert looks.compared == (ETH.id,)
    assert [looks.shows_line(name) for name in ("last", "mark", "bid")] == [True, True, False]


def test_hidden_charts_are_remembered_too(
    four: ChartGrid, open_grid: Callable[..., ChartGrid], market: FakeEngine
) -> None:
    four.activate(3)
    four.set_instrument(ETH.id, Timeframe.H1)
    four.arrange(1)
    again = open_grid(market, four.remember())
    assert again.count == 1
    assert again.remember() == four.remember()
    again.arrange(4)
    assert series(again)[3] == ("ETHUSDT", "1h")


def test_a_workspace_that_is_opened_takes_the_window_with_it(four: ChartGrid) -> None:
    kept = four.remember()
    kept["charts"] = [{"instrument": str(ETH.id), "timeframe": "1h"}]
    kept["count"] = 1
    followed: list[Any] = []
    four.series_asked.connect(lambda *shown: followed.append(shown))
    four.recall(kept)
    assert followed[-1] == (ETH.id, Timeframe.H1)
    assert four.count == 1


@pytest.mark.parametrize(
    "kept",
    [
        {"version": 9},
        {"count": "four"},
        {"charts": [{"studies": 3}]},
        {"charts": "none"},
        {"links_instrument": None},
        {},
    ],
)
def test_what_cannot_be_read_changes_nothing(four: ChartGrid, kept: dict[str, Any]) -> None:
    before = four.remember()
    four.recall(kept)
    assert four.remember() == before


def test_senseless_values_become_sensible_ones(open_grid: Callable[..., ChartGrid], market: FakeEngine) -> None:
    chart = {
        "instrument": "nonsense", "timeframe": "7m", "candle_type": "renko", "price_lines": ["moon", "ask"],
        "compared": ["x", str(ETH.id), str(ETH.id)], "unknown": 1,
    }  # fmt: skip
    grid = open_grid(market, {"count": 3, "active": 99, "charts": [chart] * 9})
    assert (grid.count, grid.memory().active, len(grid.memory().charts)) == (1, 0, 4)
    looks = grid.active.looks
    assert looks.candle_type is CandleType.CANDLE
    assert looks.compared == (ETH.id,)
    assert looks.shows_line("ask")
    assert not looks.shows_line("last")
    grid.set_instrument(BTC.id, Timeframe.M5)
    frame(grid)
    assert not grid.active.model.is_empty


def test_the_memory_of_nothing_is_one_plain_chart() -> None:
    memory = GridMemory.from_dict({"charts": []})
    assert memory is not None
    assert memory.charts == (ChartMemory(),)


def test_an_instrument_that_vanishes_says_so_in_its_chart(four: ChartGrid, market: FakeEngine) -> None:
    four.activate(1)
    four.set_instrument(ETH.id, Timeframe.M15)
    frame(four)
    del market.instruments[ETH.id]
    frame(four)
    QTest.qWait(180)
    frame(four)
    assert "ETHUSDT" in four.active._message.text or four.active.model.count
    assert four.cells[0].panel.model.count, "the others go on"


def test_a_narrow_chart_tells_the_first_values_of_a_pane(four: ChartGrid, market: FakeEngine) -> None:
    market.relative_volume = 0.97
    market.prepare_studies()
    for _ in range(40):
        frame(four)
    wide = four.cells[0].panel.canvas.rows["volume"].legend.words
    assert "RVOL 0.97" in wide
    four.resize(560, 800)
    frame(four)
    narrow = four.cells[0].panel.canvas.rows["volume"].legend.words
    assert narrow.startswith("Volume ")
    assert wide.startswith(narrow)
    assert len(narrow) < len(wide)
