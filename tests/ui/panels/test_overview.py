"""The Overview panel: its figures, movers and map; what is missing says why; a hidden panel reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from tests.market_rows import COINS, NOW_MS, FakeMarket, identity
from virtuoso_desktop.analysis.overview import market_overview, movers
from virtuoso_desktop.model.overview import Overview, OverviewRow, Regime, RegimeLabel
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.ui.frame import FrameClock
from virtuoso_desktop.ui.panels.overview import OverviewPanel
from virtuoso_desktop.ui.panels.overview_rows import INSTRUMENT_COLUMNS, NAMES, columns_for
from virtuoso_desktop.ui.theme import ThemeChoice

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme

DASH = "\u2014"
RISING = Regime(RegimeLabel.TRENDING_BULLISH, 0.75, 1, 0.045, 0.035, 0.045 / 0.035, NOW_MS, 300)


def one(coin: str, place: int, **fields: Any) -> OverviewRow:
    known: dict[str, Any] = {
        "age_ms": 1_000, "last_price": 100.0, "change_24h_pct": 3.0 - place, "turnover_usd": 1e9 / (place + 1),
        "regime": RISING, "correlation": 0.9 - place / 100, "beta": 1.0 + place / 10, "returns": 168,
        "funding_rate": 0.0001 * (place - 3), "funding_interval_h": 8.0, "funding_annual": 0.1095, "funding_z": 2.0,
        "open_interest_usd": 1e8 * (place + 1), "interest_1h_pct": 0.5, "interest_24h_pct": -4.0,
    }  # fmt: skip
    return OverviewRow(identity(coin), coin, 2, **(known | fields))


def overview(rows: list[OverviewRow], as_of_ms: int = NOW_MS) -> Overview:
    risers, fallers = movers(rows)
    return Overview(as_of_ms, market_overview(rows, as_of_ms), tuple(rows), risers, fallers, len(rows))


def every(**fields: Any) -> list[OverviewRow]:
    return [one(coin, place, **fields) for place, coin in enumerate(COINS)]


@pytest.fixture
def market() -> FakeMarket:
    made = FakeMarket()
    made.market_overview = overview(every())
    return made


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> OverviewPanel:
    made = OverviewPanel(theme)
    qtbot.addWidget(made.note)
    qtbot.addWidget(made)
    made.resize(1300, 340)
    made.show()
    made.activateWindow()
    return made


def figures(panel: OverviewPanel) -> dict[str, str]:
    return {
        cells[0].parts[0].text: cells[2].text for cells in map(panel.figures.cells, range(panel.figures.row_count()))
    }


def figure_tip(panel: OverviewPanel, name: str) -> str:
    place = [figure.name for figure in panel.figures.figures].index(name)
    return panel.figure_view.painted.index(place, 2).data(Qt.ItemDataRole.ToolTipRole)


def column(panel: OverviewPanel, name: str) -> list[str]:
    model, at = panel.instrument_view.painted, NAMES.index(name)
    return [model.index(row, at).data() for row in range(model.rowCount())]


def test_the_figures_of_the_market(panel: OverviewPanel, market: FakeMarket) -> None:
    panel.attach(market)
    assert figures(panel) == {
        "Regime": "\u25b2 trending up",
        "Trend strength": "0.75",
        "Volatility a day": "4.5\u2009%",
        "against its average": "1.29\u2009\u00d7",
        "Breadth": "25.0\u2009%",
        "BTC share of turnover": "32.2\u2009%",
        "Turnover linear": "$3.10B",
        "Turnover spot": DASH,
        "Turnover inverse": DASH,
        "Turnover total": "$3.10B",
        "Instruments": "12 of 12 fresh",
    }
    breadth = next(each for each in panel.figures.figures if each.name == "Breadth")
    assert "".join(part.text for part in breadth.detail) == "  3\u2191 1\u2192 8\u2193"
    assert [token for token, _ in breadth.bar] == ["up", "muted", "down"]
    assert sum(share for _, share in breadth.bar) == pytest.approx(1.0)
    assert "not a share of market capitalisation" in figure_tip(panel, "BTC share of turnover")
    assert figure_tip(panel, "Turnover spot").endswith("No value: none is watched")


def test_no_caption_speaks_of_market_capitalisation(panel: OverviewPanel, market: FakeMarket) -> None:
    panel.attach(market)
    names = [figure.name.lower() for figure in panel.figures.figures]
    assert not any("dominance" in name or "cap" in name for name in names)


def test_what_is_missing_says_why(panel: OverviewPanel, market: FakeMarket) -> None:
    market.market_overview = overview(every(age_ms=60_000))
    panel.attach(market)
    assert figures(panel)["Breadth"] == DASH
    why = "0 of 12 instruments are fresh, 80% are needed"
    assert figure_tip(panel, "Breadth").endswith(f"No value: {why}")
    assert panel.note.text == why
    assert panel.accessibleDescription() == why
    assert set(column(panel, "age")) == {"60 s"}
    cells = panel.instruments.cells(0)
    assert {part.ink.token for cell in cells[:-1] for part in cell.parts} == {"muted"}, "old rows lose their colour"
    assert all(not cell.plates for cell in cells)
    assert cells[-1].parts[0].ink.token == "warning"
    assert panel.riser_view.painted.rowCount() == 0


def test_a_row_without_values_says_why_in_each_cell(panel: OverviewPanel, market: FakeMarket) -> None:
    bare = OverviewRow(
        identity("BTC"), "BTC", 2, age_ms=1_000, relation_reason=Reason.WARMUP, returns=12,
        funding_reason=Reason.NOT_APPLICABLE, interest_reason=Reason.STALE,
    )  # fmt: skip
    market.market_overview = overview([bare])
    panel.attach(market)
    tips = {
        name: panel.instrument_view.painted.index(0, place).data(Qt.ItemDataRole.ToolTipRole)
        for place, name in enumerate(NAMES)
    }
    assert "too few values so far; 12 hours of both" in tips["correlation"]
    assert "does not exist for this kind of instrument" in tips["funding"]
    assert "too old to be used" in tips["interest_1h"]
    assert "candles are being looked at" in tips["regime"]
    spoken = panel.instrument_view.painted.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Correlation with BTC no value, too few values so far"


def test_movers_are_opened_by_a_click_and_by_enter(panel: OverviewPanel, market: FakeMarket, qtbot: QtBot) -> None:
    panel.attach(market)
    assert [panel.riser_view.painted.index(row, 0).data() for row in range(3)] == ["BTC.P", "ETH.P", "SOL.P"]
    assert [panel.faller_view.painted.index(row, 1).data() for row in range(2)] == ["\u22128.00", "\u22127.00"]
    QApplication.processEvents()
    with qtbot.waitSignal(panel.instrument_chosen) as chosen:
        qtbot.mouseClick(panel.riser_view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(20, 36))
    assert chosen.args == [identity("ETH")]
    panel.instrument_view.setFocus()
    qtbot.keyClick(panel.instrument_view, Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.instrument_chosen) as chosen:
        qtbot.keyClick(panel.instrument_view, Qt.Key.Key_Return)
    assert chosen.args[0] in {identity("BTC"), identity("ETH")}


def test_the_table_is_sorted_by_turnover_then_by_what_is_clicked(panel: OverviewPanel, market: FakeMarket) -> None:
    panel.attach(market)
    assert column(panel, "instrument")[0] == "BTCUSDT.P"
    panel.sort_by(NAMES.index("interest"))
    assert column(panel, "instrument")[0] == f"{COINS[-1]}USDT.P"
    panel.sort_by(NAMES.index("interest"))
    assert column(panel, "instrument")[0] == "BTCUSDT.P"
    rows = every()
    rows[0] = one("BTC", 0, beta=None, correlation=None)
    market.market_overview = overview(rows, NOW_MS + 1_000)
    panel.refresh(0)
    panel.sort_by(NAMES.index("beta"))
    assert column(panel, "instrument")[-1] == "BTCUSDT.P", "what has no value stands last"
    panel.sort_by(NAMES.index("beta"))
    assert column(panel, "instrument")[-1] == "BTCUSDT.P"


def test_the_selected_row_stays_selected_and_the_shown_one_is_marked(panel: OverviewPanel, market: FakeMarket) -> None:
    panel.attach(market)
    panel.instrument_view.setCurrentIndex(panel.instrument_view.painted.index(2, 0))
    panel.sort_by(NAMES.index("interest"))
    assert panel.instrument_view.currentIndex().data() == "SOLUSDT.P"
    panel.show_instrument(identity("SOL"))
    marked = [row for row in range(12) if panel.instruments.is_marked(row)]
    assert [panel.instruments.order[row].base_coin for row in marked] == ["SOL"]


def test_a_hidden_panel_reads_nothing(panel: OverviewPanel, market: FakeMarket) -> None:
    panel.hide()
    panel.attach(market)
    clock = FrameClock(None)
    clock.add(panel, panel.take_painted_ns)
    for second in range(5):
        clock.tick(10**12 + second * 10**9)
    assert market.overviews_asked == 0
    panel.show()
    clock.tick(10**12 + 6 * 10**9)
    assert market.overviews_asked == 1
    for frame in range(1, 12):
        clock.tick(10**12 + 6 * 10**9 + frame * 33_000_000)
    assert market.overviews_asked == 1, "not at every frame"


def test_without_an_engine_and_without_instruments_it_says_so(panel: OverviewPanel) -> None:
    assert panel.instrument_view._note() == ("The overview comes with the engine", "It is being started.")
    panel.attach(FakeMarket())
    assert panel.instrument_view._note()[0] == "No instruments yet"
    assert panel.note.text == "A market needs 10 instruments, 0 are watched"
    panel.detach()


def test_columns_give_way_in_a_narrow_dock() -> None:
    assert set(columns_for(2_000)) == set(range(len(INSTRUMENT_COLUMNS)))
    narrow = columns_for(380)
    assert [NAMES[place] for place in narrow] == [
        "instrument", "correlation", "beta", "funding", "interest", "interest_1h",
    ]  # fmt: skip
    for width in (380, 500, 640, 900):
        assert sum(columns_for(width).values()) == width


@pytest.mark.parametrize("width", [919, 1126])
def test_it_is_painted_in_every_theme_and_nothing_is_cut_off(
    panel: OverviewPanel, market: FakeMarket, theme: Theme, width: int
) -> None:
    panel.attach(market)
    panel.resize(width, 204)
    QApplication.processEvents()
    pictures = []
    for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
        theme.choose(choice)
        pictures.append(panel.grab().toImage())
    assert pictures[0] != pictures[1]
    for view in panel.views:
        assert sum(size for _, _, size in view.spans()) <= view.canvas.width()
    theme.choose(ThemeChoice.DARK)


def test_the_names_for_a_screen_reader(panel: OverviewPanel, market: FakeMarket) -> None:
    panel.attach(market)
    assert panel.accessibleName() == "Overview"
    names = [view.accessibleName() for view in panel.views]
    assert names == ["Market", "Risen most", "Fallen most", "Correlation, funding and open interest"]
    place = [figure.name for figure in panel.figures.figures].index("Breadth")
    spoken = panel.figure_view.painted.index(place, 2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Value 3 up, 1 flat, 8 down, 25.0 per cent up"
