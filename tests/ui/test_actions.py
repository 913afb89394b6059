from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.actions import Actions
from virtuoso_desktop.ui.shortcuts import SHORTCUTS, keys_of, with_keys

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitActive(made)
    return made


def test_an_action_runs_by_name_and_by_key_unless_there_is_a_reason(host: QWidget, qtbot: QtBot) -> None:
    done: list[str] = []
    reason: list[str | None] = [None]
    actions = Actions(host)
    actions.add("show_data", lambda: done.append("data"), lambda: reason[0])
    actions.run("show_data")
    qtbot.keyClick(host, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert done == ["data", "data"]
    reason[0] = "There is no instrument yet."
    actions.run("show_data")
    qtbot.keyClick(host, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert done == ["data", "data"]
    (action,) = actions.all()
    assert (action.listed.does[:4], action.why_not()) == ("Data", "There is no instrument yet.")


def test_the_last_one_that_can_do_it_does_it(host: QWidget, qtbot: QtBot) -> None:
    done: list[int] = []
    actions = Actions(host)
    actions.add("indicators", lambda: done.append(1))
    actions.add("indicators", lambda: done.append(2))
    qtbot.keyClick(host, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert done == [2]


def test_letters_are_left_to_the_windows_key_handler(host: QWidget) -> None:
    actions = Actions(host)
    actions.add_all({"search": lambda: None, "list_shortcuts": lambda: None})
    assert actions.typed == {"/": "search", "?": "list_shortcuts"}


def test_only_what_is_listed_can_be_added(host: QWidget) -> None:
    with pytest.raises(KeyError):
        Actions(host).add("place_an_order", lambda: None)


def test_no_key_stands_for_two_actions() -> None:
    keys = [key for shortcut in SHORTCUTS if shortcut.action for key in shortcut.keys]
    assert len(keys) == len(set(keys))


def test_words_of_an_action_with_and_without_keys() -> None:
    assert (keys_of("indicators"), keys_of("show_about")) == ("Ctrl+I", "")
    assert with_keys("Indicators", "indicators") == "Indicators (Ctrl+I)"
    assert with_keys("About", "show_about") == "About"
