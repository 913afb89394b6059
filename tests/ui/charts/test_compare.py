"""Another instrument in per cent: from the left edge, never over a gap, with its own history and a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, ETH, FakeEngine, instrument, walk
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.compared import MOST_COMPARED, name_of

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.panel import ChartPanel

NAME = name_of(ETH.id)


@pytest.fixture
def compared(panel: ChartPanel, engine: FakeEngine) -> ChartPanel:
    engine.hold(walk(1000, 250_000.0, seed=5), ETH)
    assert panel.looks.compare(ETH.id)
    frame(panel)
    return panel


def eth(engine: FakeEngine) -> np.ndarray[Any, Any]:
    return engine.series[ETH.id, Timeframe.M5].columns


def in_view(panel: ChartPanel) -> slice:
    return panel._stage.model._in_view


def percents(panel: ChartPanel) -> np.ndarray[Any, Any]:
    model = panel._stage.model
    assert model.percent_base is not None
    return (model.lines[NAME] / model.percent_base - 1) * 100


def test_the_line_is_the_change_since_the_left_edge(compared: ChartPanel, engine: FakeEngine) -> None:
    part = in_view(compared)
    rows = compared._stage.model.bars.row[part]
    close = eth(engine)[4, rows]
    assert percents(compared)[part] == pytest.approx((close / close[0] - 1) * 100)
    legend = compared.canvas.price_legend.words
    own = engine.series[BTC.id, Timeframe.M5].columns[4]
    told = (own[-1] / own[rows[0]] - 1) * 100
    assert f"BTCUSDT.P {told:+.2f}".replace("-", "\u2212") in legend
    assert "ETHUSDT.P" in legend


def test_panning_moves_the_base_and_the_axis_tells_per_cent(compared: ChartPanel, engine: FakeEngine) -> None:
    before = compared._stage.model.percent_base
    compared._stage.model.time.pan(200)
    compared._on_view_moved()
    model = compared._stage.model
    assert model.percent_base != before
    assert percents(compared)[in_view(compared)][0] == pytest.approx(0)
    compared.grab()
    labels = [label.text for label in compared.canvas.price_scale._labels]
    assert labels
    assert all(label.endswith("%") for label in labels)
    real = f"{engine.series[BTC.id, Timeframe.M5].columns[4, -1] / 10:,.1f}"
    assert compared.canvas.price_scale.tags[0].first == real, "the last price stays a price"


def test_the_scale_holds_both(compared: ChartPanel) -> None:
    values = compared._stage.model.lines[NAME][in_view(compared)]
    assert compared._stage.model.price.low < values.min()
    assert compared._stage.model.price.high > values.max()


@pytest.mark.parametrize("zoom", [0, -16, -24])
def test_a_tick_of_the_other_moves_its_end(compared: ChartPanel, engine: FakeEngine, zoom: int) -> None:
    compared._stage.model.time.zoom_at(400, zoom)
    compared._on_view_moved()
    model = compared._stage.model
    engine.tick(float(eth(engine)[4, -1]) + 300, ETH)
    frame(compared)
    kept = model.lines[NAME][-3:].copy()
    model.restart()
    frame(compared)
    assert model.lines[NAME][-3:] == pytest.approx(kept)
    assert model.newest is not None
    assert model.newest.lines[NAME] == pytest.approx(kept[-1])


def test_gaps_of_the_other_are_never_bridged(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(np.delete(walk(1000, 250_000.0, seed=5), slice(950, 960), axis=1), ETH)
    panel.looks.compare(ETH.id)
    frame(panel)
    model = panel._stage.model
    rows = model.bars.row
    missing = (rows >= 950) & (rows < 960)
    assert np.isnan(model.lines[NAME][missing]).all()
    assert np.isfinite(model.lines[NAME][~missing & (rows < 999)]).all()
    panel.grab()
    cells = panel.canvas.price_pane._lines._shapes[NAME].segments.cells
    assert (cells[:, 2] - cells[:, 0]).max() == model.time.zoom.spacing


def test_one_that_begins_later_begins_at_nought_there(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(walk(1000, 250_000.0, seed=5)[:, 950:], ETH)
    engine.complete_left = True
    panel.looks.compare(ETH.id)
    frame(panel)
    values = percents(panel)
    assert np.isfinite(values).sum() == 50
    assert values[np.isfinite(values)][0] == pytest.approx(0)


def test_its_older_candles_are_asked_for_too(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(walk(1000, 250_000.0, seed=5)[:, 980:], ETH)
    panel.looks.compare(ETH.id)
    frame(panel)
    assert engine.calls == ["older ETHUSDT 5m"]
    engine.bring_older(walk(1000, 250_000.0, seed=5)[:, :980], ETH)
    frame(panel)
    assert np.isfinite(percents(panel)[in_view(panel)]).all()


def test_an_instrument_that_is_gone_is_said_to_be(compared: ChartPanel, engine: FakeEngine) -> None:
    del engine.instruments[ETH.id]
    frame(compared)
    assert "ETHUSDT.P not watched" in compared.canvas.price_legend.words
    compared.grab()


def test_removed_by_its_cross_and_taken_back(compared: ChartPanel, engine: FakeEngine) -> None:
    offers: list[tuple[Any, Any]] = []
    compared.undo_offered.connect(lambda notice, undo: offers.append((notice, undo)))
    compared.canvas.close_asked.emit(NAME)
    frame(compared)
    assert compared._stage.model.percent_base is None
    assert NAME not in compared._stage.model.lines
    assert "ETHUSDT" not in compared.canvas.price_legend.words
    notice, undo = offers.pop()
    assert "ETHUSDT.P" in notice.user_text
    undo()
    frame(compared)
    assert compared.looks.compared == (ETH.id,)


def test_few_others_and_each_once(panel: ChartPanel, engine: FakeEngine) -> None:
    others = [instrument(f"bybit:linear:{coin}USDT") for coin in ("SOL", "XRP", "ADA", "TRX")]
    assert not panel.looks.compare(BTC.id), "not with itself"
    for number, each in enumerate(others):
        engine.hold(walk(200, 50_000.0, seed=number), each)
        assert panel.looks.compare(each.id) is (number < MOST_COMPARED)
        assert not panel.looks.compare(each.id)
    assert panel.looks.why_not_compare() is not None
    frame(panel)
    inks = [look.token for look in panel._stage.compared_looks]
    assert len(set(inks)) == MOST_COMPARED
    panel.end_compared()
    assert panel.looks.compared == ()


def test_another_timeframe_compares_its_own_candles(compared: ChartPanel, engine: FakeEngine) -> None:
    for each, start, seed in ((BTC, 900_000.0, 1), (ETH, 250_000.0, 5)):
        engine.hold(walk(300, start, seed=seed, timeframe=Timeframe.H1), each, Timeframe.H1)
    compared.set_instrument(BTC.id, Timeframe.H1)
    frame(compared)
    part = in_view(compared)
    close = engine.series[ETH.id, Timeframe.H1].columns[4, compared._stage.model.bars.row[part]]
    assert percents(compared)[part] == pytest.approx((close / close[0] - 1) * 100)
