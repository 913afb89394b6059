"""Named workspaces in the real window: saved, switched, named, taken out and in; there after a restart and a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from tests.market_rows import COINS, NOW_MS, FakeMarket, row
from tests.ui.test_window import share_of_equal
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.arrangement import LEFT, panels_of
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow
from virtuoso_desktop.ui.workspace_menu import NameBox, WorkspaceFiles, add_workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

BOTH = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme()
    made.apply()
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS))


class Runs:
    """One run of the window after the other, with the files of one profile."""

    def __init__(self, qtbot: QtBot, theme: Theme, market: FakeMarket, folder: Path) -> None:
        self._qtbot = qtbot
        self._theme = theme
        self._market = market
        self.folder = folder
        self._open: list[tuple[MainWindow, UserFiles]] = []

    def start(self, size: QSize = QSize(1600, 1000)) -> MainWindow:  # noqa: B008
        files = UserFiles(self.folder)
        window = MainWindow(self._theme, Source.LIVE, now_ms=lambda: NOW_MS, files=files)
        window.resize(size)
        self._qtbot.addWidget(window)
        self._open.append((window, files))
        window.show()
        self._qtbot.waitExposed(window)
        window.activateWindow()
        window.attach(self._market)
        for _ in range(3):
            QApplication.processEvents()
        return window

    def end(self) -> None:
        """Close as the user does."""
        for window, files in self._open:
            window.close()
            window.detach()
            files.close()
        self._open = []

    def kept(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "workspaces.json").read_bytes())
        return found


@pytest.fixture
def runs(qtbot: QtBot, theme: Theme, market: FakeMarket, tmp_path: Path) -> Iterator[Runs]:
    made = Runs(qtbot, theme, market, tmp_path / "desk")
    yield made
    made.end()


def arranged(window: MainWindow) -> list[tuple[list[str], QRect]]:
    groups = window.interior.workspace.main.groups
    return [(group.group.panels, QRect(group.mapTo(window, QPoint()), group.size())) for group in groups]


def told(window: MainWindow) -> str:
    """What the toasts say."""
    toasts = window.interior._toasts
    return "" if toasts is None else " ".join(each.accessibleName() for each in toasts.toasts)


# --- saving --------------------------------------------------------------------------------------------------------


def test_a_change_is_in_the_file_soon_after_without_the_window_closing(runs: Runs, qtbot: QtBot) -> None:
    window = runs.start()
    work = window.interior.workspace
    work.close_panel("log")
    work.float_panel("system")
    qtbot.waitUntil((runs.folder / "workspaces.json").exists, timeout=3_000)
    qtbot.waitUntil(lambda: bool(runs.kept()["workspaces"].get("Default", {}).get("floating")), timeout=3_000)
    default = runs.kept()["workspaces"]["Default"]
    assert default["floating"][0]["root"]["panels"] == ["system"]
    assert "log" in default["seats"]


def test_a_start_alone_keeps_nothing(runs: Runs, qtbot: QtBot) -> None:
    window = runs.start(QSize(1280, 720))
    qtbot.wait(500)
    assert arranged(window)[0][1].width() == 357
    window.resize(1600, 1000)
    QApplication.processEvents()
    assert [box.width() for _, box in arranged(window)] == [470, 806, 316, 742, 380], "made for this size as well"
    runs.end()
    assert not (runs.folder / "workspaces.json").exists()
    window = runs.start()
    assert arranged(window)[0][1].width() == 470, "Default is made for the window that it opens in"


def test_everything_is_there_after_a_restart(runs: Runs) -> None:
    window = runs.start()
    work = window.interior.workspace
    work.move_panel("signals", work.main, work.group_of("chart").group, LEFT)  # type: ignore[union-attr]
    work.show_panel("overview")
    work.close_panel("liquidations")
    work.float_panel("trades")
    work.windows.all[0].setGeometry(60, 70, 480, 320)
    work.toggle_confluence()
    QApplication.processEvents()
    before = arranged(window)
    runs.end()
    again = runs.start()
    assert arranged(again) == before
    work = again.interior.workspace
    assert work.group_of("overview").chosen == "overview"  # type: ignore[union-attr]
    assert work.make().confluence.is_collapsed
    assert not work.is_open("liquidations")
    (floating,) = work.windows.all
    assert floating.isVisible()
    assert floating.geometry() == QRect(60, 70, 480, 320)
    work.show_panel("liquidations")
    assert work.group_of("liquidations").group.known == ["liquidations"]  # type: ignore[union-attr]


def test_a_killed_program_has_lost_nothing(tmp_path: Path) -> None:
    program = f"""
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow
app = QApplication([])
window = MainWindow(Theme(), Source.LIVE, now_ms=lambda: 0, files=UserFiles(Path({str(tmp_path)!r})))
window.show()
work = window.interior.workspace
work.make()
window.interior.panel_actions.keeper.save_as("Before the crash")
work.close_panel("log")
work.float_panel("trades")
QTimer.singleShot(1500, lambda: os.kill(os.getpid(), signal.SIGKILL))
app.exec()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL
    kept = json.loads((tmp_path / "workspaces.json").read_bytes())
    assert kept["current"] == "Before the crash"
    mine = kept["workspaces"]["Before the crash"]
    assert mine["floating"][0]["root"]["panels"] == ["trades"]
    assert "log" in mine["seats"]
    assert not list(tmp_path.glob("*set-aside*"))


@pytest.mark.parametrize("content", [b"\x00garbage", b'{"current": "Mine", "workspaces": {"Mine": {"root": {"ki'])
def test_a_damaged_file_is_named_in_a_toast_and_default_opens(runs: Runs, qtbot: QtBot, content: bytes) -> None:
    runs.folder.mkdir()
    (runs.folder / "workspaces.json").write_bytes(content)
    window = runs.start()
    assert next(panels for panels, _ in arranged(window)) == ["markets"]
    assert len(arranged(window)) == 5
    qtbot.waitUntil(lambda: "set-aside" in told(window))
    assert (runs.folder / "workspaces.set-aside-1.json").read_bytes() == content


def test_a_layout_of_a_newer_program_opens_with_what_is_known(runs: Runs) -> None:
    runs.folder.mkdir()
    whole = {
        "version": 9,
        "current": "Theirs",
        "workspaces": {
            "Theirs": {
                "root": {
                    "kind": "split",
                    "is_row": True,
                    "parts": [
                        {"kind": "tabs", "panels": ["chart"], "pinned": True},
                        {"kind": "tabs", "panels": ["news", "log"], "size_px": 400},
                    ],
                },
                "sound": "bell",
            }
        },
    }
    (runs.folder / "workspaces.json").write_text(json.dumps(whole))
    window = runs.start()
    assert panels_of(window.interior.workspace.main.root) == ["chart", "log"]
    window.interior.workspace.show_panel("trades")
    runs.end()
    kept = runs.kept()
    assert (kept["version"], kept["workspaces"]["Theirs"]["sound"]) == (9, "bell")
    assert "news" in json.dumps(kept["workspaces"]["Theirs"]["root"])


def test_the_first_frame_shows_the_workspace_that_will_be_there(runs: Runs) -> None:
    window = runs.start()
    keeper, work = window.interior.panel_actions.keeper, window.interior.workspace
    keeper.open("Scanner")
    work.move_panel("log", work.main, work.group_of("markets").group, LEFT)  # type: ignore[union-attr]
    QApplication.processEvents()
    second = window.grab().toImage()
    runs.end()
    files = UserFiles(runs.folder)
    again = MainWindow(window.theme, Source.LIVE, now_ms=lambda: NOW_MS, files=files)
    again.resize(1600, 1000)
    again._after_first_paint = lambda: None  # type: ignore[method-assign]
    first = again.grab().toImage()
    assert again._interior is None
    boxes = [box for _, box in arranged(window)]
    assert len(boxes) == 4
    for box in boxes:
        if box.left():
            edge = (box.left() - 4, box.top() + 33, 6, box.height() - 40)  # the gutter and what lies beside it
            assert share_of_equal(first, second, edge) > 0.9
        head = (box.left(), box.top(), 60, 32)
        assert share_of_equal(first, second, head) > 0.8
    again.deleteLater()


# --- switching -----------------------------------------------------------------------------------------------------


def test_shipped_workspaces_by_key_and_back_as_they_were_left(runs: Runs, qtbot: QtBot) -> None:
    window = runs.start()
    keeper = window.interior.panel_actions.keeper
    window.interior.workspace.close_panel("log")
    before = arranged(window)
    qtbot.keyClick(window, Qt.Key.Key_2, BOTH)
    assert keeper.current == "Scanner"
    assert arranged(window)[0][1].width() == 928, "Markets is wide"
    qtbot.keyClick(window, Qt.Key.Key_3, BOTH)
    assert [panels for panels, _ in arranged(window)] == [["chart"]]
    assert window.interior.top_bar.workspace_button.text() == "Single chart"
    qtbot.keyClick(window, Qt.Key.Key_1, BOTH)
    QApplication.processEvents()
    assert arranged(window) == before


def test_floating_windows_belong_to_their_workspace(runs: Runs) -> None:
    window = runs.start()
    keeper, work = window.interior.panel_actions.keeper, window.interior.workspace
    work.float_panel("trades")
    work.windows.all[0].setGeometry(50, 60, 420, 300)
    keeper.open("Scanner")
    assert work.windows.all == []
    assert not work.is_open("trades")
    keeper.open("Default")
    (floating,) = work.windows.all
    assert floating.geometry() == QRect(50, 60, 420, 300)
    assert work.panels.widget("trades").isVisible()


class Counter:
    """A part of the window that keeps a number."""

    def __init__(self) -> None:
        self.value = 0
        self.recalled: list[dict[str, Any]] = []

    def remember(self) -> dict[str, Any]:
        return {"value": self.value}

    def recall(self, kept: dict[str, Any]) -> None:
        self.recalled.append(kept)
        self.value = int(kept.get("value", 0))


def test_other_parts_keep_their_own_with_each_workspace(runs: Runs) -> None:
    window = runs.start()
    keeper, part = window.interior.panel_actions.keeper, Counter()
    keeper.add_part("counter", part)
    part.value = 4
    keeper.note_change()
    keeper.open("Scanner")
    assert part.value == 0
    part.value = 7
    keeper.note_change()
    keeper.open("Default")
    assert part.value == 4
    runs.end()
    again, part = runs.start(), Counter()
    again.interior.panel_actions.keeper.add_part("counter", part)
    assert part.recalled == [{"value": 4}]
    again.interior.panel_actions.keeper.open("Scanner")
    assert part.value == 7


def test_what_another_part_keeps_leaves_the_places_to_the_windows_size(runs: Runs, qtbot: QtBot) -> None:
    window, part = runs.start(QSize(1280, 720)), Counter()
    keeper = window.interior.panel_actions.keeper
    keeper.add_part("counter", part)
    part.value = 4
    keeper.note_change()
    qtbot.waitUntil((runs.folder / "workspaces.json").exists, timeout=3_000)
    assert runs.kept()["workspaces"] == {"Default": {"parts": {**keeper._described().parts}}}
    window.resize(1600, 1000)
    QApplication.processEvents()
    assert [box.width() for _, box in arranged(window)] == [470, 806, 316, 742, 380]
    runs.end()
    again, part = runs.start(QSize(1280, 720)), Counter()
    again.interior.panel_actions.keeper.add_part("counter", part)
    assert part.value == 4
    assert arranged(again)[0][1].width() == 357
    again.interior.workspace.close_panel("log")
    again.interior.panel_actions.keeper.flush()
    assert again.interior.panel_actions.keeper.workspaces.is_changed("Default")


# --- names ---------------------------------------------------------------------------------------------------------


def test_save_as_and_rename_ask_for_a_name_and_say_what_is_wrong(runs: Runs, qtbot: QtBot) -> None:
    window = runs.start()
    interior = window.interior
    keeper = interior.panel_actions.keeper
    qtbot.keyClick(window, Qt.Key.Key_S, BOTH)
    box = window.findChild(NameBox)
    assert box is not None
    assert box.field.text() == "Default copy"
    box.field.setText("Scanner")
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert "already" in box._problem
    assert box.isVisible()
    box.field.setText("Night & day")
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert keeper.current == "Night & day"
    assert not box.isVisible()
    interior.commands.run("rename_workspace")
    box = next(each for each in window.findChildren(NameBox) if each.isVisible())
    qtbot.keyClick(box.field, Qt.Key.Key_Escape)
    assert keeper.current == "Night & day"
    interior.commands.run("duplicate_workspace")
    assert keeper.current == "Night & day copy"


def test_delete_and_reset_can_be_taken_back(runs: Runs, qtbot: QtBot) -> None:
    window = runs.start()
    interior = window.interior
    keeper = interior.panel_actions.keeper
    assert next(action for action in interior.commands.all() if action.listed.action == "delete_workspace").why_not()
    keeper.save_as("Mine")
    interior.workspace.close_panel("markets")
    before = arranged(window)
    interior.commands.run("delete_workspace")
    assert keeper.current == "Default"
    take_back(window, qtbot)
    assert (keeper.current, arranged(window)) == ("Mine", before)
    interior.commands.run("reset_workspace")
    assert interior.workspace.is_open("markets")
    take_back(window, qtbot)
    assert arranged(window) == before


def take_back(window: MainWindow, qtbot: QtBot) -> None:
    buttons = [each for each in window.findChildren(Button) if each.accessibleName() == "Undo" and each.isVisible()]
    qtbot.mouseClick(buttons[-1], Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def test_the_switcher_lists_workspaces_and_what_can_be_done(runs: Runs, qtbot: QtBot) -> None:
    window = runs.start()
    interior = window.interior
    menu = QMenu()
    add_workspaces(menu, interior.panel_actions.keeper, interior.commands)
    actions = {action.text().partition("\t")[0]: action for action in menu.actions()}
    assert [name for name in ("Default", "Scanner", "Single chart") if name in actions] == [
        "Default", "Scanner", "Single chart",
    ]  # fmt: skip
    assert actions["Default"].isChecked()
    assert not actions["Delete"].isEnabled()
    assert "comes with the program" in actions["Delete"].toolTip()
    actions["Scanner"].trigger()
    menu.deleteLater()
    assert interior.panel_actions.keeper.current == "Scanner"
    assert interior.top_bar.workspace_button.accessibleName() == "Workspace: Scanner"


def test_the_switcher_gives_way_in_a_narrow_window(runs: Runs) -> None:
    window = runs.start(QSize(1280, 720))
    bar = window.interior.top_bar
    assert bar.workspace_button.text() == ""
    assert bar.workspace_button.isVisible()
    window.interior.panel_actions.keeper.save_as("A name as long as it may ever be")
    window.resize(1600, 900)
    QApplication.processEvents()
    assert bar.workspace_button.text().endswith("\u2026")
    right = [each for each in (*bar._chips.values(), bar.theme_button) if each.isVisible()]
    assert all(bar.workspace_button.geometry().right() < each.geometry().left() for each in right)


def test_every_panel_is_in_the_menu_and_the_same_entry_closes_and_opens(runs: Runs) -> None:
    window = runs.start()
    work = window.interior.workspace
    for is_open in (True, False, True):
        menu = QMenu()
        window.interior.panel_actions.add_menus(menu)
        panels = next(action.menu() for action in menu.actions() if action.text() == "Panels")
        trades = next(action for action in panels.actions() if action.text() == "Trades")  # type: ignore[union-attr]
        assert trades.isChecked() is is_open
        assert work.is_open("trades") is is_open
        trades.trigger()
        menu.deleteLater()


# --- files of their own --------------------------------------------------------------------------------------------


def test_out_to_a_file_and_in_again(runs: Runs, qtbot: QtBot, tmp_path: Path) -> None:
    window = runs.start()
    keeper = window.interior.panel_actions.keeper
    window.interior.workspace.close_panel("markets")
    before = arranged(window)
    files = WorkspaceFiles(keeper, window)
    path = tmp_path / "mine.workspace.json"
    files.export(str(path))
    qtbot.waitUntil(lambda: "was written" in told(window))
    keeper.open("Scanner")
    files.take_in(str(path))
    qtbot.waitUntil(lambda: keeper.current == "Default 2")
    QApplication.processEvents()
    assert arranged(window) == before


def test_what_cannot_be_written_or_read_is_said(runs: Runs, qtbot: QtBot, tmp_path: Path) -> None:
    window = runs.start()
    keeper = window.interior.panel_actions.keeper
    files = WorkspaceFiles(keeper, window)
    files.export(str(tmp_path / "no" / "such" / "folder.json"))
    qtbot.waitUntil(lambda: "cannot be written" in told(window))
    files.take_in(str(tmp_path / "nothing.json"))
    qtbot.waitUntil(lambda: "cannot be read" in told(window))
    (tmp_path / "bad.json").write_bytes(b"[1, 2")
    files.take_in(str(tmp_path / "bad.json"))
    qtbot.waitUntil(lambda: "holds no workspace" in told(window))
    assert keeper.current == "Default"


def test_the_file_dialogs_stop_nothing(runs: Runs) -> None:
    window = runs.start()
    for action in ("export_workspace", "import_workspace"):
        window.interior.commands.run(action)
        dialog = next(each for each in window.findChildren(QFileDialog) if each.isVisible())
        assert dialog.windowModality() is Qt.WindowModality.NonModal
        dialog.close()
        QApplication.processEvents()
