from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QWidget

from virtuoso_desktop.ui.dialogs.about import About
from virtuoso_desktop.ui.dialogs.shortcut_list import ShortcutList
from virtuoso_desktop.ui.shortcuts import SHORTCUTS
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def host(qtbot: QtBot, qapp: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    made.resize(1280, 720)
    qtbot.addWidget(made)
    made.show()
    yield made
    qapp.setStyleSheet("")


def test_about_lists_every_component_and_copies_it(host: QWidget, qtbot: QtBot) -> None:
    dialog = About(Theme(), host)
    dialog.show()
    names = [each.name for each in dialog.components]
    assert names[:3] == ["Python", "Qt", "Inter (font)"], "what needs no file is there at once"
    qtbot.waitUntil(lambda: dialog.list.count() > 30)
    assert {"PySide6_Essentials", "numpy", "ccxt"} <= {each.name for each in dialog.components}
    assert "LGPL" in dialog.list.item(1).text()
    dialog.copy_button.click()
    assert f"numpy {next(each for each in dialog.components if each.name == 'numpy').version}: BSD" in (
        QApplication.clipboard().text()
    )
    dialog.grab()
    dialog.close()


def test_about_may_be_closed_while_it_reads(host: QWidget, qtbot: QtBot) -> None:
    About(Theme(), host).close()
    qtbot.wait(300)


def test_the_list_of_shortcuts_is_whole_and_fits_a_small_window(host: QWidget, qtbot: QtBot) -> None:
    dialog = ShortcutList(Theme(), host)
    dialog.show()
    qtbot.waitExposed(dialog)
    assert sorted(dialog.shown) == sorted(shortcut for shortcut in SHORTCUTS if shortcut.keys)
    assert dialog.height() <= 660
    assert dialog.width() <= 1280
    inner = dialog.area.widget()
    bar = dialog.area.verticalScrollBar()
    assert inner.height() - dialog.area.viewport().height() <= bar.maximum(), "all of it can be scrolled to"
    assert inner.width() <= dialog.area.viewport().width(), "nothing is cut off at the right"
    dialog.close()


@pytest.mark.parametrize(
    ("typed", "does"), [("ctrl+i", "Indicators"), ("candles 4h", "Candles of 4h"), ("markets enter", "Open the row")]
)
def test_shortcuts_are_found_by_words_group_and_keys(host: QWidget, typed: str, does: str) -> None:
    dialog = ShortcutList(Theme(), host)
    dialog.show()
    dialog.search.setText(typed)
    assert any(shortcut.does.startswith(does) for shortcut in dialog.shown)
    assert len(dialog.shown) < 6
    dialog.search.setText("no such key \u2603")
    assert dialog.shown == []
    nothing = dialog._nothing
    assert nothing.isVisible()
    assert QRect(QPoint(), dialog.size()).contains(nothing.geometry())
    dialog.search.clear()
    assert len(dialog.shown) > 20
    dialog.close()
