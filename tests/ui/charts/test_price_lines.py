"""Lines of bid, ask, mark and index: shown as chosen, where they belong, gone when they are old."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, FakeEngine
from tests.ui.charts.test_painting import Counting, assert_screen_is_whole, code, pixels, screen
from virtuoso_desktop.engine.views import QuotesView, RowState
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.pricelines import PRICE_LINES

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.panel import ChartPanel


def last(engine: FakeEngine) -> float:
    return float(engine.series[BTC.id, Timeframe.M5].columns[4, -1])


@pytest.fixture
def quoted(panel: ChartPanel, engine: FakeEngine) -> ChartPanel:
    price = last(engine)
    engine.quotes = QuotesView(bid=price - 200, ask=price + 200, mark=price + 1000.5, index=price - 1000)
    frame(panel)
    return panel


def test_only_the_last_price_has_a_line_until_others_are_chosen(quoted: ChartPanel) -> None:
    assert quoted.canvas.price_lines.lines == ()
    assert [name for name in PRICE_LINES if quoted.looks.shows_line(name)] == ["last"]


@pytest.mark.parametrize("name", ["bid", "ask", "mark", "index"])
def test_each_stands_at_its_price_and_can_be_hidden(quoted: ChartPanel, engine: FakeEngine, name: str) -> None:
    without = pixels(screen(quoted)).copy()
    quoted.looks.show_line(name, True)
    frame(quoted)
    (line,) = quoted.canvas.price_lines.lines
    ticks = getattr(engine.quotes, name)
    assert line.row == round(quoted._stage.price_scale.row(ticks))
    assert line.price == quoted._stage.price_text(ticks)
    drawn = pixels(screen(quoted))[line.row, :300]
    assert (drawn != without[line.row, :300]).sum() > 50
    assert_screen_is_whole(quoted, name)
    quoted.looks.show_line(name, False)
    frame(quoted)
    assert quoted.canvas.price_lines.lines == ()
    assert (pixels(screen(quoted))[line.row, :300] == without[line.row, :300]).all()


def test_a_moved_price_repaints_its_line_alone(quoted: ChartPanel, engine: FakeEngine) -> None:
    quoted.looks.show_line("mark", True)
    frame(quoted)
    screen(quoted)
    counting = Counting(quoted)
    engine.quotes = QuotesView(mark=last(engine) + 700)
    frame(quoted)
    assert 0 < counting.area_share() < 0.1
    assert_screen_is_whole(quoted, "moved")


def test_words_that_would_cover_others_are_left_out(quoted: ChartPanel, engine: FakeEngine) -> None:
    engine.quotes = QuotesView(bid=last(engine) - 1, ask=last(engine), mark=last(engine) + 1200)
    for name in ("bid", "ask", "mark"):
        quoted.looks.show_line(name, True)
    frame(quoted)
    assert [(line.name, line.has_word) for line in quoted.canvas.price_lines.lines] == [
        ("bid", True), ("ask", False), ("mark", True),
    ]  # fmt: skip


def test_no_line_of_an_old_price_and_a_grey_one_of_the_last(quoted: ChartPanel, engine: FakeEngine) -> None:
    for name in ("bid", "mark"):
        quoted.looks.show_line(name, True)
    row = quoted._stage.price_scale.row(last(engine))
    engine.state = RowState.STALE
    frame(quoted)
    assert quoted.canvas.price_lines.lines == ()
    inks = set(pixels(screen(quoted))[round(row), :200].tolist())
    assert code(quoted, "muted") in inks
    assert not {code(quoted, "up"), code(quoted, "down")} & inks


def test_the_line_of_the_last_price_can_be_hidden_its_tag_stays(quoted: ChartPanel, engine: FakeEngine) -> None:
    row = round(quoted._stage.price_scale.row(last(engine)))
    opened = float(engine.series[BTC.id, Timeframe.M5].columns[1, -1])
    ink = code(quoted, "up" if last(engine) >= opened else "down")
    assert ink in pixels(screen(quoted))[row, :40]
    quoted.looks.show_line("last", False)
    frame(quoted)
    assert ink not in pixels(screen(quoted))[row, :40]
    assert quoted.canvas.price_scale.tags[0].first == f"{last(engine) / 10:,.1f}"
