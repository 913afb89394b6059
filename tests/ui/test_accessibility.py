"""The real window with every panel: what a screen reader and a keyboard find in it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from tests.market_rows import COINS, NOW_MS, FakeMarket, row
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.shortcuts import SHORTCUTS
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

CONTROLS = {
    QAccessible.Role.Button, QAccessible.Role.CheckBox, QAccessible.Role.RadioButton, QAccessible.Role.EditableText,
    QAccessible.Role.ComboBox, QAccessible.Role.List, QAccessible.Role.Table, QAccessible.Role.Tree,
    QAccessible.Role.SpinBox, QAccessible.Role.Slider, QAccessible.Role.ButtonMenu, QAccessible.Role.PageTab,
}  # fmt: skip
NOT_INTO = {QAccessible.Role.Table, QAccessible.Role.List, QAccessible.Role.Tree}
"""Their cells are tested with the table: thousands."""


class Found(NamedTuple):
    """One control of the tree."""

    path: str
    name: str
    role: QAccessible.Role
    widget: QWidget


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication) -> Iterator[MainWindow]:
    theme = Theme()
    theme.apply()
    made = MainWindow(theme, Source.DEMO, now_ms=lambda: NOW_MS)
    made.resize(1600, 1000)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitActive(made)
    made.attach(FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS)))
    qtbot.waitUntil(lambda: made.interior.workspace.panels.is_ready)
    yield made
    made.detach()
    qapp.setStyleSheet("")


def controls(interface: QAccessibleInterface, path: str = "") -> Iterator[Found]:
    """Every control below an element that can be seen."""
    for place in range(interface.childCount()):
        child = interface.child(place)
        if not child.isValid() or child.state().invisible:
            continue
        name, role, widget = child.text(QAccessible.Text.Name), child.role(), child.object()
        here = f"{path}/{name or role.name}"
        if role in CONTROLS and isinstance(widget, QWidget):
            yield Found(here, name, role, widget)
        if role not in NOT_INTO:
            yield from controls(child, here)


def found_in(window: QWidget) -> list[Found]:
    return list(controls(QAccessible.queryAccessibleInterface(window)))


def each_panel(window: MainWindow, qtbot: QtBot) -> Iterator[str]:
    """Every panel in front, one after the other."""
    for name in PANELS:
        window.interior.commands.run(f"show_{name}")
        panel = window.interior.workspace.panels.widget(name)
        qtbot.waitUntil(panel.isVisible)
        QApplication.processEvents()
        yield name


def test_every_control_has_a_name_a_role_and_a_tooltip_that_says_more(window: MainWindow, qtbot: QtBot) -> None:
    nameless: set[str] = set()
    untold: set[str] = set()
    seen: set[str] = set()
    for panel in each_panel(window, qtbot):
        found = found_in(window)
        assert len(found) > 15, panel
        seen |= {each.path for each in found}
        nameless |= {f"{panel}: {each.path}" for each in found if not each.name.strip()}
        untold |= {
            f"{panel}: {each.path}"
            for each in found
            if isinstance(each.widget, QAbstractButton) and not each.widget.toolTip()
        }
    assert nameless == set()
    assert untold == set()
    assert len(seen) > 40


def test_no_two_controls_of_one_place_have_the_same_name(window: MainWindow, qtbot: QtBot) -> None:
    """What is called the same is the same: otherwise a voice command or a list of controls cannot tell them apart."""
    for panel in each_panel(window, qtbot):
        by_parent: dict[tuple[int, str, QAccessible.Role], list[QWidget]] = defaultdict(list)
        for each in found_in(window):
            by_parent[id(each.widget.parentWidget()), each.name, each.role].append(each.widget)
        doubles = {key[1]: len(widgets) for key, widgets in by_parent.items() if len(widgets) > 1}
        assert doubles == {}, panel


def test_everything_that_can_have_the_keyboard_is_reached_by_tab(window: MainWindow, qtbot: QtBot) -> None:
    for panel in each_panel(window, qtbot):
        window.interior.markets.search.setFocus()
        reached: list[QWidget] = []
        for _ in range(400):
            now = QApplication.focusWidget()
            assert now is not None
            if now in reached:
                break
            reached.append(now)
            window.focusNextChild()
        wanted = {
            each.widget
            for each in found_in(window)
            if each.widget.isEnabled()
            and each.widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and each.widget.focusProxy() is None
        }
        missed = {widget.accessibleName() for widget in wanted - set(reached) if not _stands_for(widget, reached)}
        assert missed == set(), panel


def _stands_for(widget: QWidget, reached: list[QWidget]) -> bool:
    """Of buttons that exclude each other, one has the tab stop; arrows reach the others."""
    if not isinstance(widget, QAbstractButton) or not widget.autoExclusive():
        return False
    brothers = [each for each in reached if isinstance(each, QAbstractButton)]
    return any(each.autoExclusive() and each.parentWidget() is widget.parentWidget() for each in brothers)


def test_every_listed_action_starts_something_or_says_why_not(window: MainWindow) -> None:
    listed = {shortcut.action for shortcut in SHORTCUTS if shortcut.action}
    known = {action.listed.action: action for action in window.interior.commands.all()}
    assert set(known) == listed
    for action in known.values():
        assert callable(action.do)
        reason = action.why_not()
        assert reason is None or reason.endswith("."), action.listed


def test_every_action_is_reached_by_keyboard_alone(window: MainWindow, qtbot: QtBot) -> None:
    """Those without keys of their own through the palette, which has keys."""
    qtbot.keyClick(window.interior, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    from virtuoso_desktop.ui.command_palette import CommandPalette

    palette = window.findChild(CommandPalette)
    assert palette is not None
    assert palette.field.hasFocus()
    found = {each.entry.key.removeprefix("action:") for each in palette.found}
    assert {shortcut.action for shortcut in SHORTCUTS if shortcut.action} - {"command_palette"} <= found
    palette.finish()
