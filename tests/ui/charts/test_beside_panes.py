"""Panes of what lies beside the candles, and the evidence of stream components over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, FakeEngine
from tests.ui.charts.test_painting import assert_screen_is_whole, code, pixels, screen
from tests.ui.charts.test_study_panes import choose, inside, move, settle, words
from virtuoso_desktop.engine.beside_views import BesideSeries, BesideView, Fold
from virtuoso_desktop.engine.evidence_views import BandView, ComponentEvidence, PrintView, TopView, WallView
from virtuoso_desktop.engine.views import EvidenceView
from virtuoso_desktop.model.study import StudyKind, study_of
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.choice import EVIDENCE, StudyMemory
from virtuoso_desktop.ui.theme import ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.panel import ChartPanel

    Open = Callable[..., ChartPanel]

HOUR = 3_600_000
KINDS = (StudyKind.OPEN_INTEREST, StudyKind.FUNDING, StudyKind.LONG_SHORT, StudyKind.LIQUIDATIONS)


def rows(engine: FakeEngine) -> np.ndarray:
    return engine.series[BTC.id, Timeframe.M5].columns


def hourly(engine: FakeEngine, kind: StudyKind, values: np.ndarray, **more: Any) -> BesideSeries:
    now_ms = engine.clock.now_ms()
    times = now_ms // HOUR * HOUR - np.arange(len(values) - 1, -1, -1) * float(HOUR)
    return BesideSeries(Fold.LAST, times, {kind.value: values}, 2 * HOUR + HOUR // 2, **more)


def liquidations(engine: FakeEngine, *events: tuple[int, float], since_ms: int) -> BesideSeries:
    """Events as (ms before now, USD), longs negative."""
    now_ms = engine.clock.now_ms()
    times = np.array([now_ms - before for before, _ in events], dtype=float)
    usd = np.array([amount for _, amount in events])
    order = np.argsort(times)
    values = {
        "liquidations.shorts": np.maximum(usd, 0)[order],
        "liquidations.longs": np.minimum(usd, 0)[order],
    }
    return BesideSeries(Fold.SUM, times[order], values, covered=((since_ms, 1 << 62),), remark="USD")


@pytest.fixture
def panel(open_panel: Open, engine: FakeEngine) -> ChartPanel:
    """Every pane beside the candles, with something in each."""
    engine.prepare_studies()
    now_ms = engine.clock.now_ms()
    engine.beside_view = BesideView(
        {
            StudyKind.OPEN_INTEREST: hourly(engine, StudyKind.OPEN_INTEREST, 50_000 + np.arange(48.0)),
            StudyKind.FUNDING: hourly(
                engine, StudyKind.FUNDING, np.full(48, 0.01), running={"funding": -0.0042}, remark="settled"
            ),
            StudyKind.LONG_SHORT: hourly(engine, StudyKind.LONG_SHORT, np.linspace(0.8, 1.4, 48)),
            StudyKind.LIQUIDATIONS: liquidations(
                engine, (HOUR, 40_000.0), (HOUR + 60_000, -1_500_000.0), since_ms=now_ms - 2 * HOUR
            ),
        },
        1,
        now_ms,
    )
    made = open_panel(engine)
    made.resize(806, 1000)
    choose(made, engine, *(study_of(kind) for kind in KINDS))
    return made


def reading(panel: ChartPanel, before: int) -> dict[str, float | None]:
    found = panel._stage.model.reading_at(panel._stage.model.time.newest - before)
    assert found is not None
    return found.lines


def test_each_has_a_pane_that_says_its_newest_value(panel: ChartPanel) -> None:
    assert panel._stage.layout.names == tuple(kind.value for kind in KINDS)
    assert words(panel, "open_interest").startswith("Open interest 50,047")
    assert words(panel, "funding").startswith("Funding \u22120.0042\u2009% settled")
    assert words(panel, "long_short").startswith("Long/short 1.40")
    assert "shorts 0.00 longs 0.00 USD recorded since" in words(panel, "liquidations")
    assert_screen_is_whole(panel, "beside")


def test_a_narrow_pane_leaves_out_where_values_come_from_and_keeps_since_when(panel: ChartPanel) -> None:
    said: list[str] = []
    for width in range(700, 300, -10):
        panel.resize(width, 1000)
        frame(panel)
        told = words(panel, "liquidations")
        said += [told] if told not in said else []
    assert said[0].startswith("Liquidations shorts 0.00 longs 0.00 USD recorded since")
    assert said[1] == said[0].replace(" USD", "")
    assert said[2:] == ["Liquidations shorts 0.00 longs 0.00"]


def test_a_bar_tells_what_was_so_then(panel: ChartPanel, engine: FakeEngine) -> None:
    close_ms = rows(engine)[0, -1 - 24] + 300_000  # two hours before the newest
    since = (engine.clock.now_ms() // HOUR * HOUR - close_ms) / HOUR
    expected = 50_000 + 47 - int(np.ceil(since + 1e-9)) if since % 1 else 50_000 + 47 - since - 1
    assert reading(panel, 24)["open_interest"] == expected
    assert reading(panel, 24)["funding"] == 0.01


def test_liquidations_are_summed_by_candle_and_not_known_before_one_listened(
    panel: ChartPanel, engine: FakeEngine
) -> None:
    now_ms, last_ms = engine.clock.now_ms(), rows(engine)[0, -1]
    before = [int((last_ms - (now_ms - ago) // 300_000 * 300_000) // 300_000) for ago in (HOUR, HOUR + 60_000)]
    assert reading(panel, before[0])["liquidations.shorts"] == 40_000
    assert reading(panel, before[1])["liquidations.longs"] == -1_500_000
    assert reading(panel, 2)["liquidations.longs"] == 0
    assert reading(panel, 30)["liquidations.shorts"] is None


def test_what_was_not_recorded_is_hatched(panel: ChartPanel) -> None:
    areas = panel.canvas.rows["liquidations"].item._hatched
    model = panel._stage.model
    assert areas.count == 1
    left, _, width, height = areas.cells[0].tolist()
    begin = model.time.column_of(model.time.newest - 24)
    assert left == 0
    assert abs(width - begin) <= 2 * model.time.zoom.spacing
    assert height == panel._stage.layout.pane("liquidations").height
    assert panel.canvas.rows["open_interest"].item._hatched.count == 0


def test_bars_have_the_colours_of_their_side(panel: ChartPanel, engine: FakeEngine) -> None:
    item = panel.canvas.rows["liquidations"].item
    assert item._above.count == 1
    assert item._below.count == 1
    zero = round(item.lines_scale.row(0.0))
    _x, top, _width, height = item._above.cells[0].tolist()
    assert top + height == zero
    assert height >= 1
    assert item._below.cells[0, 1] == zero


def test_nothing_is_drawn_but_said_where_a_series_has_a_reason(panel: ChartPanel, engine: FakeEngine) -> None:
    spot = BesideSeries(Fold.LAST, np.empty(0), {"funding": np.empty(0)}, reason="Spot has none: contracts only.")
    engine.beside_view = BesideView({StudyKind.FUNDING: spot}, 2, engine.clock.now_ms())
    choose(panel, engine, study_of(StudyKind.FUNDING))
    assert words(panel, "funding") == "Funding Spot has none: contracts only."
    assert_screen_is_whole(panel, "reason")
    assert panel.canvas.rows["funding"].scale._labels == []


def test_nothing_in_view_says_from_when_there_is_something(panel: ChartPanel, engine: FakeEngine) -> None:
    series = hourly(engine, StudyKind.OPEN_INTEREST, np.array([1.0]))
    late = msgspec.structs.replace(series, time_ms=series.time_ms + 100 * HOUR)
    engine.beside_view = BesideView({StudyKind.OPEN_INTEREST: late}, 3, engine.clock.now_ms())
    choose(panel, engine, study_of(StudyKind.OPEN_INTEREST))
    assert "nothing before" in words(panel, "open_interest")


def test_a_new_value_is_drawn_and_the_running_one_follows_ticks(panel: ChartPanel, engine: FakeEngine) -> None:
    held = engine.beside_view.series | {
        StudyKind.FUNDING: msgspec.structs.replace(
            engine.beside_view.series[StudyKind.FUNDING], running={"funding": 0.02}
        )
    }
    engine.beside_view = BesideView(held, 1, engine.clock.now_ms())
    engine.tick(float(rows(engine)[4, -1]) + 3)
    frame(panel)
    assert words(panel, "funding").startswith("Funding +0.0200")
    assert panel._stage.model.lines["funding"][-1] == 0.02
    assert_screen_is_whole(panel, "running")


@pytest.mark.parametrize("rungs", [0, 4, -4, -14])
def test_a_part_repainted_equals_the_whole(panel: ChartPanel, engine: FakeEngine, rungs: int) -> None:
    panel._stage.model.time.zoom_at(500, rungs)
    panel._on_view_moved()
    base = float(rows(engine)[4, -1])
    for step in range(4):
        engine.tick(base + 10 * step)
        frame(panel)
        assert_screen_is_whole(panel, f"tick {step}")
        move(panel, inside(panel, "liquidations", 100 + 90 * step))
        assert_screen_is_whole(panel, f"crosshair {step}")


def test_chosen_panes_are_found_again(panel: ChartPanel, open_panel: Open, engine: FakeEngine) -> None:
    kept = StudyMemory.from_bytes(panel.remember().to_bytes())
    other = open_panel(engine)
    other.recall(kept)
    settle(other, engine)
    assert [study.kind for study in other._stage.choice.studies] == list(KINDS)


# --- evidence ----------------------------------------------------------------------------------------------------


def evidence(engine: FakeEngine, component: str) -> ComponentEvidence:
    """A little of everything, near the newest price."""
    columns = rows(engine)
    close, now_ms = float(columns[4, -1]), engine.clock.now_ms()
    close_ms = int(columns[0, -1])
    prints = (
        PrintView(now_ms - 40 * 300_000, close, 2_500_000.0, True),
        PrintView(now_ms - 40 * 300_000 + 1, close, 500_000.0, True),
        PrintView(now_ms - 20 * 300_000, close, 80_000.0, False),
    )
    made = ComponentEvidence(component, (close_ms - 50_000, close_ms), "50 s to the close", at_ms=now_ms)
    if component in ("liquidations", "liquidation_skew", "large_trades"):
        return msgspec.structs.replace(made, prints=prints)
    if component == "bid_ask_depth":
        bands = (
            BandView(5.0, close * 0.9995, close * 1.0005, 0.21),
            BandView(25.0, close * 0.9975, close * 1.0025, -0.1),
        )
        return msgspec.structs.replace(made, window=None, window_words="", bands=bands)
    if component == "liquidity_zones":
        walls = (
            WallView(True, close * 0.998, close * 0.9982, 85.0, 8e6, True, since_ms=now_ms - 30 * 300_000),
            WallView(False, close * 1.001, close * 1.0012, 40.0, 4e6, True, True),
        )
        return msgspec.structs.replace(made, window=None, window_words="", walls=walls)
    if component == "microprice":
        return msgspec.structs.replace(made, window=None, window_words="", top=TopView(close - 5, close + 5, close + 2))
    return made


STREAM_COMPONENTS = (
    "buy_sell_pressure", "order_imbalance", "large_trades", "liquidations", "bid_ask_depth", "liquidity_zones",
    "microprice", "funding_rate", "open_interest_change", "long_short_ratio", "liquidation_skew",
)  # fmt: skip


@pytest.mark.parametrize("component", STREAM_COMPONENTS)
def test_evidence_of_a_component_is_drawn_until_escape(panel: ChartPanel, engine: FakeEngine, component: str) -> None:
    choose(panel, engine)
    panel._redraw()
    before = pixels(screen(panel)).copy()
    engine.told, engine.component_view = EvidenceView(component, 61.0), evidence(engine, component)
    panel.show_evidence(component)
    settle(panel, engine)
    assert panel.canvas.evidence.shown == engine.component_view
    assert "score 61" in panel._evidence.text()
    assert panel._evidence.isVisible()
    for study in EVIDENCE[component]:
        assert study.name in panel._stage.layout.names
    assert (pixels(screen(panel)) != before).any()
    assert_screen_is_whole(panel, component)
    move(panel, inside(panel, panel._stage.layout.names[0]) if panel._stage.layout.names else inside_price(panel))
    assert_screen_is_whole(panel, "crosshair over evidence")
    QTest.keyClick(panel.canvas.viewport(), Qt.Key.Key_Escape)
    frame(panel)
    assert panel.canvas.evidence.shown is None
    assert not panel._evidence.isVisible()


def inside_price(panel: ChartPanel) -> Any:
    from PySide6.QtCore import QPointF

    return QPointF(300, panel._stage.layout.price.height / 2)


def test_the_window_is_marked_in_the_pane_of_its_component(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.component_view = msgspec.structs.replace(
        evidence(engine, "open_interest_change"), window=(int(rows(engine)[0, -13]), int(rows(engine)[0, -1]))
    )
    choose(panel, engine, study_of(StudyKind.OPEN_INTEREST), study_of(StudyKind.FUNDING))
    panel.show_evidence("open_interest_change")
    settle(panel, engine)
    shown = pixels(screen(panel))
    layout, time = panel._stage.layout, panel._stage.model.time
    edge = time.column_of(time.newest - 12)
    ground, grid = (code(panel, token) for token in ("background", "grid"))
    marked = layout.pane("open_interest")
    plain = layout.pane("funding")
    row = marked.bottom - 3
    assert shown[row, edge + 2 * time.zoom.spacing] != ground
    assert shown[row, edge - 2 * time.zoom.spacing] == ground
    assert shown[marked.top + 40, edge] != shown[marked.top + 40, edge - 2 * time.zoom.spacing]
    assert shown[plain.bottom - 3, edge] in (ground, grid)


def test_evidence_is_looked_at_again_while_it_is_drawn(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.component_view = evidence(engine, "microprice")
    panel.show_evidence("microprice")
    frame(panel)
    before = pixels(screen(panel)).copy()
    close = float(rows(engine)[4, -1])
    engine.component_view = msgspec.structs.replace(
        engine.component_view, top=TopView(close - 20, close - 10, close - 12)
    )
    panel._evidence_ns = -(10**9)
    frame(panel)
    assert panel.canvas.evidence.shown == engine.component_view
    moved = pixels(screen(panel)).copy()
    assert (moved != before).any()
    assert_screen_is_whole(panel, "moved")
    panel.canvas.evidence.show_evidence(None)
    frame(panel)
    assert (pixels(screen(panel)) != moved).any()
    assert_screen_is_whole(panel, "ended")


def test_evidence_with_nothing_to_show_says_why(panel: ChartPanel, engine: FakeEngine) -> None:
    engine.component_view = ComponentEvidence("bid_ask_depth", reason="The order book is being built.")
    panel.show_evidence("bid_ask_depth")
    assert "The order book is being built." in panel._evidence.text()
    engine.component_view = ComponentEvidence("liquidity_zones")
    panel.show_evidence("liquidity_zones")
    assert "no wall within reach" in panel._evidence.text()


def test_evidence_is_drawn_in_the_light_theme_too(panel: ChartPanel, engine: FakeEngine) -> None:
    panel._theme.choose(ThemeChoice.LIGHT)
    engine.component_view = evidence(engine, "liquidity_zones")
    panel.show_evidence("liquidity_zones")
    settle(panel, engine)
    assert_screen_is_whole(panel, "light")
