from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication

from tests.desk import DeskRig
from virtuoso_desktop.ui.atlas import ink_font
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.panels.log import LogPanel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme


def write(rig: DeskRig, level: int, text: str, source: str = "engine.history", error: Exception | None = None) -> None:
    """One record, as the root logger hands it over."""
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(f"virtuoso_desktop.{source}", level, __file__, 1, text, (), exc_info)
    rig.run_desk.log_lines.handle(record)


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    write(made, logging.INFO, "the first page came")
    write(made, logging.WARNING, "one series is missing", "exchanges.bybit.rest")
    write(made, logging.ERROR, "task x failed", "kernel.tasks", ValueError("no such thing"))
    return made


@pytest.fixture
def opened() -> list[str]:
    return []


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme, opened: list[str]) -> LogPanel:
    made = LogPanel(theme, opened.append)
    for control in made.controls:
        qtbot.addWidget(control)
    qtbot.addWidget(made)
    made.resize(1126, 204)
    made.show()
    made.activateWindow()
    return made


def column(panel: LogPanel, index: int) -> list[str]:
    return [panel.model.index(place, index).data() for place in range(panel.model.rowCount())]


def test_newest_first_with_level_part_and_fault(panel: LogPanel, rig: DeskRig) -> None:
    panel.attach(rig)
    panel.refresh(0)
    assert column(panel, 1) == ["error", "warning", "info"]
    assert column(panel, 2) == ["kernel.tasks", "exchanges.bybit.rest", "engine.history"]
    assert column(panel, 3)[0] == "task x failed: ValueError: no such thing"
    assert "UTC ERROR kernel.tasks\ntask x failed\nValueError" in panel.rows.tooltip(0, 3)
    write(rig, logging.INFO, "another line")
    panel.refresh(0)
    assert column(panel, 3)[0] == "another line"
    panel.grab()


def test_level_and_text_hold_together(panel: LogPanel, rig: DeskRig, qtbot: QtBot) -> None:
    panel.attach(rig)
    panel.refresh(0)
    menu = panel.level_menu()
    assert [action.text() for action in menu.actions()] == ["All levels", "Warnings and errors", "Errors"]
    menu.actions()[1].trigger()
    menu.close()
    assert (panel.level_button.text(), column(panel, 1)) == ("Warnings and errors", ["error", "warning"])
    qtbot.keyClicks(panel.search, "BYBIT")
    assert column(panel, 3) == ["one series is missing"]
    qtbot.keyClicks(panel.search, " nowhere")
    assert panel.view.note is not None
    assert panel.view.note.spoken == "No line matches the filters. 3 are there; change level or text to see them."
    panel.search.clear()
    panel.choose_level(77)
    assert len(column(panel, 3)) == 3, "an unknown level shows all"


def test_scrolled_lines_stand_still(panel: LogPanel, rig: DeskRig, qtbot: QtBot) -> None:
    for number in range(60):
        write(rig, logging.INFO, f"line {number}")
    panel.attach(rig)
    panel.refresh(0)
    QApplication.processEvents()
    panel.view.verticalScrollBar().setValue(200)
    write(rig, logging.INFO, "a newer one")
    panel.refresh(0)
    assert column(panel, 3)[0] == "line 59"
    assert panel.pause.accessibleName() == "Paused while scrolled: 1 newer. Go on"
    qtbot.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    assert column(panel, 3)[0] == "a newer one"


def test_the_folder_of_the_files(
    panel: LogPanel, rig: DeskRig, opened: list[str], qtbot: QtBot, tmp_path: Path
) -> None:
    panel.attach(rig)
    panel.refresh(0)
    assert not panel.folder_button.isEnabled()
    assert panel.folder_button.toolTip().startswith("Nothing is written")
    rig.run_desk.log_lines.folder = tmp_path
    write(rig, logging.INFO, "opened")
    panel.refresh(0)
    qtbot.mouseClick(panel.folder_button, Qt.MouseButton.LeftButton)
    assert opened == [str(tmp_path)]


def test_a_line_is_copied_whole(panel: LogPanel, rig: DeskRig, qtbot: QtBot) -> None:
    panel.attach(rig)
    panel.refresh(0)
    panel.view.setFocus()
    panel.view.setCurrentIndex(panel.model.index(0, 0))
    panel.copy_line()
    assert "ValueError: no such thing" in QApplication.clipboard().text()


def test_an_empty_log_says_so(panel: LogPanel) -> None:
    assert panel.view.note is not None
    assert panel.view.note.title == "The engine is being started"
    panel.attach(DeskRig())
    panel.refresh(0)
    assert panel.view.note.title == "Nothing was logged yet"


def test_lines_are_set_in_the_fixed_font(panel: LogPanel, rig: DeskRig) -> None:
    panel.attach(rig)
    panel.refresh(0)
    rows = panel.rows
    assert rows.row_count()
    assert all(part.ink.is_fixed for cell in rows.cells(0) for part in cell.parts)
    fixed = font(Type.CODE)
    assert ink_font(rows.cells(0)[3].parts[0].ink) is fixed
    metrics = QFontMetricsF(fixed)
    assert metrics.horizontalAdvance("iiii") == metrics.horizontalAdvance("MMMM")
