"""Studies on the chart: panes, legends, closing and taking back, borders, evidence, and what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, FakeEngine, walk
from tests.ui.charts.test_painting import assert_screen_is_whole, code, pixels, screen
from virtuoso_desktop.engine.views import EvidenceView, ScoreHistoryView, SignalMark
from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.model.study import BANDS, CVD, DEFAULT_STUDIES, SPECS, Study, StudyKind, study_of
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.choice import EVIDENCE, LEAST_PANE_PX, StudyMemory
from virtuoso_desktop.ui.charts.stage import LEAST_PRICE_PX, PaneWish, arrange

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.panel import ChartPanel

    Open = Callable[..., ChartPanel]

EVERYTHING = tuple(study_of(spec.kind) for spec in SPECS)
OVERLAYS = tuple(study for study in EVERYTHING if not study.spec.has_pane)


@pytest.fixture
def drawn(open_panel: Open, engine: FakeEngine) -> ChartPanel:
    """A panel with the usual studies, computed."""
    engine.prepare_studies()
    return settle(open_panel(engine), engine)


def settle(panel: ChartPanel, engine: FakeEngine) -> ChartPanel:
    """Frames until every slice is computed."""
    frame(panel)
    while engine.chart(BTC.id, Timeframe.M5).studies.is_behind:
        frame(panel)
    frame(panel)
    return panel


def choose(panel: ChartPanel, engine: FakeEngine, *studies: Study) -> None:
    panel.recall(StudyMemory(studies=studies))
    settle(panel, engine)


def words(panel: ChartPanel, name: str) -> str:
    return panel.canvas.rows[name].legend.words


def move(panel: ChartPanel, place: QPointF) -> None:
    panel.canvas.gestures.hover_at(place)


def click(panel: ChartPanel, place: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    move(panel, place)
    QTest.mouseClick(panel.canvas.viewport(), button, pos=place.toPoint())


def inside(panel: ChartPanel, name: str, x: int = 300) -> QPointF:
    """A place in the middle of a pane."""
    pane = panel._stage.layout.pane(name)
    assert pane is not None
    return QPointF(x, pane.top + pane.height / 2)


def cross(panel: ChartPanel, name: str) -> QPointF:
    """The cross behind a study's words, once the mouse is on them."""
    legend = panel.canvas.rows[name].legend if name in panel.canvas.rows else panel.canvas.price_legend
    box = legend.entries[name]
    move(panel, legend._origin + box.center())
    return legend._origin + legend._cross.center()


def columns(engine: FakeEngine) -> dict[str, np.ndarray]:
    return engine.chart(BTC.id, Timeframe.M5).studies.columns


# --- panes -----------------------------------------------------------------------------------------------------


def test_the_usual_studies_have_their_panes(drawn: ChartPanel) -> None:
    assert drawn._stage.layout.names == ("volume", "rsi_14", "confluence")
    assert [round(pane.height) for pane in drawn._stage.layout.panes] == [76, 60, 68]


def test_every_study_has_a_line_a_pane_or_marks_and_is_named(open_panel: Open, engine: FakeEngine) -> None:
    engine.prepare_studies()
    panel = open_panel(engine)
    panel.resize(806, 2400)
    choose(panel, engine, *EVERYTHING)
    assert set(panel._stage.layout.names) == {study.name for study in EVERYTHING if study.spec.has_pane}
    told = panel.canvas.price_legend.words
    for study in OVERLAYS:
        assert study.title in told
    for name in panel._stage.layout.names:
        assert panel.canvas.rows[name].legend.words.startswith(panel._stage.choice.find(name).title)
    assert_screen_is_whole(panel, "everything")


def test_values_at_the_crosshair_are_those_of_the_candle(drawn: ChartPanel, engine: FakeEngine) -> None:
    choose(drawn, engine, study_of(StudyKind.RSI), study_of(StudyKind.MACD), study_of(StudyKind.ADX))
    model = drawn._stage.model
    move(drawn, QPointF(model.time.column_of(model.time.newest - 40) + 3, 100))
    frame(drawn)
    found = {name: float(column[-41]) for name, column in columns(engine).items()}
    assert words(drawn, "rsi_14") == f"RSI 14 {found['rsi_14']:.1f}"
    assert words(drawn, "adx_14") == (
        f"ADX 14 {found['adx_14']:.1f} +DI {found['adx_14.plus']:.1f} \u2212DI {found['adx_14.minus']:.1f}"
    )
    line, signal, bars = (f"{found[f'macd_12_26_9.{part}'] / 10:+,.1f}" for part in ("line", "signal", "hist"))
    expected = f"MACD 12 26 9 {line} signal {signal} histogram {bars}".replace("-", "\u2212")
    assert words(drawn, "macd_12_26_9") == expected


def test_studies_that_are_still_being_compiled_say_so_and_the_others_are_drawn(
    drawn: ChartPanel, engine: FakeEngine
) -> None:
    engine.studies._compiled = frozenset({"ema", "vwap"})
    for state, said in (("preparing", "preparing"), ("failed", "not available, see the log")):
        engine.studies.state = state
        settle(drawn, engine)
        assert f"S/R: {said}" in drawn.canvas.price_legend.words
        assert f"EMA 12 {columns(engine)['ema_12'][-1] / 10:,.1f}" in drawn.canvas.price_legend.words
        assert words(drawn, "rsi_14") == f"RSI 14 {said}"


def test_the_cvd_says_where_it_comes_from(drawn: ChartPanel) -> None:
    assert words(drawn, "volume").endswith("estimated from candles")


def test_the_volume_says_how_large_it_is_beside_the_candles_before(drawn: ChartPanel, engine: FakeEngine) -> None:
    assert "RVOL" not in words(drawn, "volume")
    engine.relative_volume = 1.346
    engine.tick(11_000)
    settle(drawn, engine)
    assert "RVOL 1.35" in words(drawn, "volume")


def test_the_volume_without_its_cvd_and_the_vwap_without_its_bands(drawn: ChartPanel, engine: FakeEngine) -> None:
    def colors(pane: str) -> set[int]:
        place = drawn._stage.layout.pane(pane)
        return {int(cell) for cell in pixels(screen(drawn))[place.top : place.bottom, 200:700].ravel()}

    choice = drawn._stage.choice
    cvd = code(drawn, "info")
    assert cvd in colors("volume")
    assert "1\u03c3" in drawn.canvas.price_legend.words
    choice.set_part("volume", CVD, False)
    choice.set_part("vwap", BANDS, False)
    settle(drawn, engine)
    assert "CVD" not in words(drawn, "volume")
    assert words(drawn, "volume").startswith("Volume")
    assert cvd not in colors("volume")
    assert [look.key for look in drawn._stage.overlays["vwap"]] == ["vwap"]
    assert "1\u03c3" not in drawn.canvas.price_legend.words
    assert_screen_is_whole(drawn, "after a part was left out")
    choice.set_part("volume", CVD, True)
    settle(drawn, engine)
    assert cvd in colors("volume")


def test_evidence_draws_the_parts_that_were_left_out(drawn: ChartPanel, engine: FakeEngine) -> None:
    choice = drawn._stage.choice
    choice.set_part("volume", CVD, False)
    kept = choice.remember()
    drawn.show_evidence("volume_delta")
    settle(drawn, engine)
    assert "CVD" in words(drawn, "volume")
    choice.end_evidence()
    settle(drawn, engine)
    assert "CVD" not in words(drawn, "volume")
    assert choice.remember() == kept


def test_left_out_parts_are_kept_and_what_was_kept_before_there_were_any_is_read() -> None:
    memory = StudyMemory(studies=(Study(StudyKind.VOLUME, without=(CVD.key,)),))
    assert StudyMemory.from_bytes(memory.to_bytes()) == memory
    old = b'{"version":1,"studies":[{"kind":"volume","values":[],"is_shown":true}],"heights":{}}'
    assert StudyMemory.from_bytes(old).studies == (study_of(StudyKind.VOLUME),)


def test_the_menu_of_a_study_leaves_a_part_out(drawn: ChartPanel) -> None:
    actions = drawn._studies
    actions._add_study(menu := QMenu(drawn), drawn._stage.choice.find("volume"))
    action = next(action for action in menu.actions() if action.text() == CVD.words)
    assert action.isChecked()
    action.trigger()
    assert drawn._stage.choice.find("volume").without == (CVD.key,)


def test_a_pane_carries_the_newest_value_at_its_axis(drawn: ChartPanel, engine: FakeEngine) -> None:
    tag = drawn.canvas.rows["rsi_14"].scale.tags[0]
    assert tag.first == f"{columns(engine)['rsi_14'][-1]:.1f}"
    engine.tick(float(engine.series[BTC.id, Timeframe.M5].columns[4, -1]) + 400)
    frame(drawn)
    assert drawn.canvas.rows["rsi_14"].scale.tags[0].first != tag.first


def test_rsi_has_its_band_and_macd_its_histogram_on_the_screen(open_panel: Open, engine: FakeEngine) -> None:
    engine.prepare_studies()
    panel = open_panel(engine)
    panel.resize(806, 900)
    choose(panel, engine, study_of(StudyKind.RSI), study_of(StudyKind.MACD))
    image = pixels(screen(panel))
    item = panel.canvas.rows["rsi_14"].item
    pane = panel._stage.layout.pane("rsi_14")
    rows = [pane.top + round(item.lines_scale.row(value)) for value in (80, 50)]
    outside, within = ({int(cell) for cell in image[row, 20:700]} for row in rows)
    assert code(panel, "background") in outside
    assert code(panel, "background") not in within
    assert code(panel, "ema_fast") in {int(cell) for cell in image[pane.top : pane.bottom, 20:700].ravel()}


def test_a_study_of_higher_rank_gives_way_where_there_is_little_room() -> None:
    wishes = [PaneWish("volume", 76, 0), PaneWish("rsi_14", 60, 3), PaneWish("confluence", 68, 1)]
    assert arrange(806, 640, 1.0, 72, wishes).names == ("volume", "rsi_14", "confluence")
    assert arrange(650, 436, 1.0, 72, wishes).names == ("volume", "confluence")
    assert arrange(650, 250, 1.0, 72, wishes).names == ("volume",)
    by_hand = [wish._replace(is_by_hand=True) for wish in wishes]
    assert arrange(650, 436, 1.0, 72, by_hand).names == ("volume", "rsi_14", "confluence")


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_panes_fill_the_height_without_a_gap(ratio: float) -> None:
    wishes = [PaneWish("volume", 76, 0), PaneWish("rsi_14", 60, 3), PaneWish("confluence", 68, 1)]
    for height in range(500, 900, 37):
        layout = arrange(800, height, ratio, 72, wishes)
        tops = [pane.top for pane in (*layout.panes, layout.time)]
        bottoms = [pane.bottom for pane in (layout.price, *layout.panes)]
        assert [top - bottom for top, bottom in zip(tops, bottoms, strict=True)] == [layout.line] * len(tops)
        assert layout.time.bottom == layout.height


# --- borders ---------------------------------------------------------------------------------------------------


def drag(panel: ChartPanel, begin: QPointF, down: int) -> None:
    view = panel.canvas.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=begin.toPoint())
    for step in range(1, 5):
        place = QPoint(round(begin.x()), round(begin.y() + down * step / 4))
        QTest.mouseMove(view, place)
        panel.canvas.gestures._drag_to(QPointF(place))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place)


def test_a_border_is_dragged_and_the_height_is_kept(drawn: ChartPanel) -> None:
    before = drawn._stage.layout
    drag(drawn, QPointF(300, before.panes[1].top - 1), -20)
    after = drawn._stage.layout
    assert after.panes[1].height == before.panes[1].height + 20
    assert after.panes[0].height == before.panes[0].height - 20
    assert after.price == before.price
    assert drawn.remember().heights["rsi_14"] == 80
    drag(drawn, QPointF(300, after.panes[0].top - 1), 500)
    assert drawn._stage.layout.panes[0].height == LEAST_PANE_PX
    drag(drawn, QPointF(300, drawn._stage.layout.panes[0].top - 1), -2000)
    assert drawn._stage.layout.price.height >= LEAST_PRICE_PX
    assert_screen_is_whole(drawn, "after the drag")


def test_the_cursor_tells_of_a_border(drawn: ChartPanel) -> None:
    top = drawn._stage.layout.panes[1].top
    assert drawn.canvas.gestures._cursor_at(QPointF(300, top)).shape() is Qt.CursorShape.SplitVCursor
    assert drawn.canvas.gestures._cursor_at(QPointF(300, top + 20)).shape() is Qt.CursorShape.CrossCursor


# --- closing, hiding, taking back --------------------------------------------------------------------------------


def test_a_pane_is_closed_by_its_cross_and_taken_back(drawn: ChartPanel) -> None:
    offers: list[Any] = []
    drawn.undo_offered.connect(lambda notice, undo: offers.append((notice, undo)))
    before = drawn._stage.choice.studies
    click(drawn, cross(drawn, "rsi_14"))
    assert drawn._stage.layout.names == ("volume", "confluence")
    assert offers[0][0].user_text.startswith("RSI 14 was removed.")
    assert_screen_is_whole(drawn, "without the pane")
    offers[0][1]()
    assert drawn._stage.choice.studies == before
    assert drawn._stage.layout.names == ("volume", "rsi_14", "confluence")
    assert_screen_is_whole(drawn, "with it again")


def test_an_overlay_is_closed_at_its_words(drawn: ChartPanel, engine: FakeEngine) -> None:
    assert "EMA 12" in drawn.canvas.price_legend.words
    click(drawn, cross(drawn, "ema_12"))
    settle(drawn, engine)
    assert "EMA 12" not in drawn.canvas.price_legend.words
    assert "ema_12" not in columns(engine)


def test_the_cross_is_there_only_under_the_mouse(drawn: ChartPanel) -> None:
    legend = drawn.canvas.rows["rsi_14"].legend
    move(drawn, QPointF(300, 200))
    assert not legend._cross.isValid()
    move(drawn, inside(drawn, "rsi_14"))
    frame(drawn)
    assert legend._cross.isValid()
    drawn.canvas.gestures.leave()
    frame(drawn)
    assert not legend._cross.isValid()
    assert_screen_is_whole(drawn, "mouse away")


def test_a_hidden_study_is_not_computed_but_named(drawn: ChartPanel, engine: FakeEngine) -> None:
    drawn._stage.choice.replace("ema_12", Study(StudyKind.EMA, (12,), is_shown=False))
    settle(drawn, engine)
    assert "EMA 12 hidden" in drawn.canvas.price_legend.words
    assert "ema_12" not in columns(engine)
    drawn._stage.choice.replace("rsi_14", Study(StudyKind.RSI, (14,), is_shown=False))
    assert drawn._stage.layout.names == ("volume", "confluence")


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)
def test_a_right_click_opens_the_menu_of_what_is_under_the_mouse(drawn: ChartPanel) -> None:
    click(drawn, inside(drawn, "rsi_14"), Qt.MouseButton.RightButton)
    menu = drawn._studies.menu
    assert menu is not None
    actions = {action.text(): action for action in menu.actions()}
    assert list(actions) == ["RSI 14", "Settings\u2026", "Hide", "Remove", "", "Indicators\u2026"]
    actions["Remove"].trigger()
    assert "rsi_14" not in drawn._stage.layout.names
    menu.close()
    click(drawn, QPointF(300, 200), Qt.MouseButton.RightButton)
    assert [action.text() for action in drawn._studies.menu.actions()] == ["Indicators\u2026"]
    drawn._studies.menu.close()


# --- analysis --------------------------------------------------------------------------------------------------


def scores(engine: FakeEngine, values: np.ndarray) -> ScoreHistoryView:
    opens = engine.series[BTC.id, Timeframe.M5].columns[0]
    return ScoreHistoryView(opens[-1 - len(values) : -1].copy(), values, 1, None)


def test_the_confluence_pane_says_why_it_is_empty(drawn: ChartPanel, engine: FakeEngine) -> None:
    assert words(drawn, "confluence") == "Confluence The analysis has not scored this series."
    engine.scores = ScoreHistoryView(reason="Warm-up: 26 candles are needed.", version=2)
    frame(drawn)
    assert words(drawn, "confluence").endswith("Warm-up: 26 candles are needed.")


def test_the_score_of_closed_bars_is_drawn_and_filled_beyond_the_thresholds(
    drawn: ChartPanel, engine: FakeEngine
) -> None:
    engine.scores = scores(engine, np.linspace(20, 90, 300))
    frame(drawn)
    assert words(drawn, "confluence") == "Confluence 90.0 closed bars only"
    assert drawn.canvas.rows["confluence"].scale.tags[0].fill == "up_tag"
    pane = drawn._stage.layout.pane("confluence")
    inner = pixels(screen(drawn))[pane.top : pane.bottom, :600].astype(int)
    red, green = inner >> 16 & 0xFF, inner >> 8 & 0xFF
    assert (green - red > 25).sum() > 200
    engine.scores = scores(engine, np.full(300, 50.0))
    engine.scores = ScoreHistoryView(engine.scores.open_ms, engine.scores.score, 2, None)
    frame(drawn)
    quiet = pixels(screen(drawn))[pane.top : pane.bottom, :600].astype(int)
    assert ((quiet >> 8 & 0xFF) - (quiet >> 16 & 0xFF) > 25).sum() < (green - red > 25).sum() / 2
    assert drawn.canvas.rows["confluence"].scale.tags[0].fill == "raised2"
    move(drawn, QPointF(drawn._stage.model.time.column_of(drawn._stage.model.time.newest - 290) + 2, 100))
    frame(drawn)
    assert_screen_is_whole(drawn, "scored")


def test_signals_stand_off_the_wick_on_closed_bars_only(drawn: ChartPanel, engine: FakeEngine) -> None:
    choose(drawn, engine, study_of(StudyKind.SIGNALS))
    rows = engine.series[BTC.id, Timeframe.M5].columns
    before = pixels(screen(drawn)).copy()
    engine.marks = (
        SignalMark(int(rows[0, -30]), SignalKind.BUY, 73.4),
        SignalMark(int(rows[0, -20]), SignalKind.BUY, 64.0, is_end=True),
        SignalMark(int(rows[0, -1]), SignalKind.SELL, 25.0),
    )
    frame(drawn)
    changed = np.argwhere(pixels(screen(drawn)) != before)
    model, price = drawn._stage.model, drawn._stage.model.price
    height = drawn._stage.layout.price.height
    low = (price.high - rows[3, -30]) * height / price.span
    below = changed[np.abs(changed[:, 1] - model.time.column_of(model.time.newest - 29)) < 30]
    assert below[:, 0].min() >= low + 9
    high = (price.high - rows[2, -20]) * height / price.span
    above = changed[np.abs(changed[:, 1] - model.time.column_of(model.time.newest - 19)) < 5]
    assert above[:, 0].max() <= high - 6
    newest = model.time.column_of(model.time.newest)
    assert not (np.abs(changed[:, 1] - newest) < 3).any()
    drawn._stage.choice.remove("signals")
    settle(drawn, engine)
    assert (pixels(screen(drawn))[60:] == before[60:]).all()


# --- evidence --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("component", sorted(EVIDENCE))
def test_evidence_brings_up_what_a_component_was_read_from_until_escape(
    drawn: ChartPanel, engine: FakeEngine, component: str
) -> None:
    before = drawn._stage.choice.studies
    drawn.resize(806, 900)
    drawn.show_evidence(component)
    settle(drawn, engine)
    for study in EVIDENCE[component]:
        shown = (
            study.name in drawn._stage.layout.names
            if study.spec.has_pane
            else study.title in (drawn.canvas.price_legend.words)
        )
        assert shown, study.name
    assert drawn._evidence.text().startswith("Evidence: ")
    assert drawn._stage.choice.studies == before
    assert drawn.remember().studies == before
    assert_screen_is_whole(drawn, component)
    QTest.keyClick(drawn.canvas, Qt.Key.Key_Escape)
    assert drawn._stage.choice.drawn == before
    assert drawn._evidence.isHidden()
    assert_screen_is_whole(drawn, "ended")


def test_evidence_says_the_score_and_shows_what_is_hidden(drawn: ChartPanel, engine: FakeEngine) -> None:
    drawn._stage.choice.replace("rsi_14", Study(StudyKind.RSI, (14,), is_shown=False))
    engine.told = EvidenceView("rsi", 62.4)
    drawn.show_evidence("rsi")
    assert "score 62" in drawn._evidence.text()
    assert "rsi_14" in drawn._stage.layout.names
    drawn.show_evidence("no such component")
    assert drawn._evidence.isHidden()
    assert "rsi_14" not in drawn._stage.layout.names


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)
def test_evidence_can_be_kept(drawn: ChartPanel) -> None:
    drawn.show_evidence("macd")
    click(drawn, inside(drawn, "macd_12_26_9"), Qt.MouseButton.RightButton)
    keep = next(action for action in drawn._studies.menu.actions() if action.text() == "Keep on the chart")
    keep.trigger()
    drawn._studies.menu.close()
    drawn._stage.choice.end_evidence()
    assert "macd_12_26_9" in drawn._stage.layout.names


# --- what is kept ------------------------------------------------------------------------------------------------


def test_studies_and_heights_are_found_again(drawn: ChartPanel, open_panel: Open, engine: FakeEngine) -> None:
    drawn._stage.choice.add(Study(StudyKind.EMA, (200,)))
    drawn._stage.choice.remove("vwap")
    drag(drawn, QPointF(300, drawn._stage.layout.panes[0].top - 1), -30)
    stored = drawn.remember().to_bytes()
    again = open_panel(engine)
    again.recall(StudyMemory.from_bytes(stored))
    assert again._stage.choice.studies == drawn._stage.choice.studies
    assert again._stage.layout.panes == drawn._stage.layout.panes


@pytest.mark.parametrize(
    "stored",
    [
        None, b"", b"{", b"[]", b'{"version": 99, "studies": []}', b'{"studies": [{"kind": "astrology"}]}',
        b'{"studies": 3}',
    ],
)  # fmt: skip
def test_damaged_memory_gives_the_usual_studies(stored: bytes | None) -> None:
    assert StudyMemory.from_bytes(stored).studies == DEFAULT_STUDIES


def test_kept_numbers_that_may_not_be_are_left_out(drawn: ChartPanel) -> None:
    memory = StudyMemory.from_bytes(
        b'{"studies": [{"kind": "ema", "values": [0.5]}, {"kind": "rsi", "values": []}, {"kind": "obv"},'
        b' {"kind": "obv"}], "heights": {"obv": -5}}'
    )
    drawn.recall(memory)
    assert drawn._stage.choice.studies == (study_of(StudyKind.OBV),)
    assert drawn._stage.choice.heights == {"obv": LEAST_PANE_PX}


# --- speed and wholeness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rungs", [0, 5, -5, -16])
def test_a_part_repainted_equals_the_whole_with_every_study(open_panel: Open, engine: FakeEngine, rungs: int) -> None:
    engine.hold(np.delete(walk(2000), np.s_[1950:1953], axis=1))
    engine.prepare_studies()
    panel = open_panel(engine)
    panel.resize(806, 1100)
    choose(panel, engine, *EVERYTHING)
    engine.scores = scores(engine, 50 + 30 * np.sin(np.arange(400) / 15))
    panel._stage.model.time.zoom_at(600, rungs)
    panel._on_view_moved()
    base = float(engine.series[BTC.id, Timeframe.M5].columns[4, -1])
    rng = np.random.default_rng(5)
    for step in range(8):
        engine.tick(base + float(rng.integers(-60, 61)))
        frame(panel)
        assert_screen_is_whole(panel, f"tick {step}")
        move(panel, QPointF(*rng.integers(5, 700, 2).tolist()))
        assert_screen_is_whole(panel, f"crosshair {step}")
    engine.append()
    frame(panel)
    assert_screen_is_whole(panel, "new candle")


def test_a_switch_of_the_timeframe_keeps_the_studies(drawn: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(walk(400, timeframe=Timeframe.D1), BTC, Timeframe.D1)
    drawn.set_instrument(BTC.id, Timeframe.D1)
    frame(drawn)
    assert "VWAP" not in drawn.canvas.price_legend.words
    assert "EMA 12" in drawn.canvas.price_legend.words
    assert words(drawn, "rsi_14").startswith("RSI 14 ")
