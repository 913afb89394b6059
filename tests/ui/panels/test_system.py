from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.desk import BTC, DeskRig
from tests.market_rows import NOW_MS
from virtuoso_desktop.engine.views import LinkPhase, LinkView, PartView, StaleTopic
from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.ui.panels.system import FactTable, SystemPanel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    made.link_views = (
        LinkView(
            "bybit",
            LinkPhase.BACKOFF,
            None,
            NOW_MS - 60_000,
            "connection reset",
            NOW_MS + 5_000,
            stale_topics=(StaleTopic("tickers.BTCUSDT", BTC, NOW_MS - 42_000),),
            parts=(
                PartView("linear 1", LinkPhase.LIVE, NOW_MS - 60_000, age_ms=12),
                PartView("linear 2", LinkPhase.BACKOFF, NOW_MS - 8_000, "connection reset", NOW_MS + 5_000),
                PartView("requests", LinkPhase.LIVE, NOW_MS - 60_000),
            ),
        ),
    )
    made.metrics.messages.update({"orderbook.50": 300, "tickers": 40})
    for value in range(1, 101):
        made.metrics.lag_ms.add(float(value))
    return made


@pytest.fixture
def copied() -> list[str]:
    return []


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme, copied: list[str]) -> SystemPanel:
    made = SystemPanel(theme, copied.append)
    for control in made.controls:
        qtbot.addWidget(control)
    qtbot.addWidget(made)
    made.resize(1126, 204)
    made.show()
    return made


def rows(table: FactTable) -> dict[str, list[str]]:
    model = table.facts_model
    found = [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]
    return {cells[0]: cells[1:] for cells in found}


def test_connections_say_state_since_and_next_step(panel: SystemPanel, rig: DeskRig) -> None:
    panel.attach(rig)
    panel.refresh(0)
    found = rows(panel.connections)
    assert found["Bybit linear 1"][0] == "live"
    assert found["Bybit linear 1"][2:] == ["12 ms", "none needed"]
    assert found["Bybit linear 2"][0] == "backoff"
    assert found["Bybit linear 2"][3] == "next try in 5s: connection reset"
    assert found["Bybit requests"][2] == "\u2014"
    assert found["BTCUSDT tickers"][3] == "silent for 42 s"
    panel.grab()


def test_figures_and_streams(panel: SystemPanel, rig: DeskRig) -> None:
    panel.attach(rig)
    panel.refresh(0)
    figures = rows(panel.figures)
    assert figures["Messages"][0] == "1,240 /s"
    median, p99 = figures["Lag"][0].split(" / ")
    assert 48 <= float(median.split()[0]) <= 56
    assert 95 <= float(p99.split()[0]) <= 110
    assert figures["Loop late"][0] == "\u2014", "nothing was measured yet"
    assert figures["Processor"][0] == "\u2014", "needs a second reading"
    assert figures["Candles from disk"][0] == "\u2014"
    assert figures["Request rate"][0] == "4.0 of 10 /s"
    assert figures["Errors"][:2] == ["0", "none in this run"]
    assert rows(panel.streams)["orderbook.50"] == ["\u2014", "300"]
    rig.metrics.messages["orderbook.50"] += 100
    rig.metrics.read_pauses = 3
    rig.archive.asked, rig.archive.answered = 4, 3
    rig.notices.post(Severity.ERROR, "bybit.rest", "Bybit cannot be reached.")
    panel.refresh(0)
    figures = rows(panel.figures)
    assert figures["Processor"][0].endswith("%")
    assert figures["Over 4 ms"][0] == "3 \u00d7"
    assert figures["Over 6 ms"][0] == "0 \u00d7"
    assert figures["Panels that waited"] == ["0 \u00d7", "every panel was on time"]
    assert figures["Candles from disk"][0].startswith("75")
    assert figures["Errors"] == ["1", "Bybit cannot be reached."]
    rate, total = rows(panel.streams)["orderbook.50"]
    assert float(rate.replace(",", "")) > 0
    for panel_name in ("Overview", "Markets", "Overview"):
        rig.count_skipped_refresh(panel_name)
    panel.refresh(0)
    figures = rows(panel.figures)
    assert figures["Panels that waited"] == ["3 \u00d7", "Overview 2, Markets 1"]
    assert total == "400"


def test_the_report_goes_to_the_clipboard(panel: SystemPanel, rig: DeskRig, copied: list[str], qtbot: QtBot) -> None:
    assert not panel.copy_button.isEnabled()
    panel.attach(rig)
    panel.refresh(0)
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert len(copied) == 1
    assert copied[0].startswith("Virtuoso Desktop ")
    assert "linear 2: backoff for 8 s" in copied[0]
    assert "lines copied at" in panel.copied.accessibleName()


def test_without_an_engine_or_data_it_says_so(panel: SystemPanel) -> None:
    assert panel.figures.note is not None
    assert panel.figures.note.title == "The engine is being started"
    panel.attach(DeskRig())
    panel.refresh(0)
    assert panel.figures.note is None
    assert panel.streams.note is not None
    assert panel.streams.note.title == "No message came yet"
    panel.detach()
    panel.refresh(0)
    assert rows(panel.figures)["Messages"][0] == "1,240 /s", "what was shown stays"


def test_a_narrow_panel_gives_way(panel: SystemPanel, rig: DeskRig) -> None:
    panel.attach(rig)
    panel.refresh(0)
    panel.resize(920, 100)
    QApplication.processEvents()
    assert (panel.connections.isVisible(), panel.streams.isVisible()) == (True, False)
    for table in (panel.connections, panel.figures):
        assert sum(width for _, _, width in table.spans()) <= table.canvas.width()
    panel.resize(500, 100)
    QApplication.processEvents()
    assert (panel.connections.isVisible(), panel.figures.isVisible()) == (False, True)
