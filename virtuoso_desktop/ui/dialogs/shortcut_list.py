"""The list of shortcuts, in the order of `shortcuts.SHORTCUTS`."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from virtuoso_desktop.ui.dialogs.frame import KeyCap, PlainDialog, in_line, themed_label
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.shortcuts import SHORTCUTS, Shortcut
from virtuoso_desktop.ui.theme import Theme

_LEFT = ("Instrument", "Timeframe")


class ShortcutList(PlainDialog):
    """Two columns of groups; every key is a key cap."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, "Shortcuts", parent)
        columns = QHBoxLayout()
        columns.setSpacing(36)
        sides = QVBoxLayout(), QVBoxLayout()
        for group, members in groupby((each for each in SHORTCUTS if each.keys), key=lambda shortcut: shortcut.group):
            sides[group not in _LEFT].addLayout(self._group(group, list(members)))
        for side in sides:
            side.setSpacing(14)
            side.addStretch(1)
            columns.addLayout(side)
        self.body.addLayout(columns)

    def _group(self, name: str, members: list[Shortcut]) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(5)
        grid.setHorizontalSpacing(16)
        grid.setColumnMinimumWidth(0, 130)
        grid.addWidget(themed_label(name, Type.STRONG), 0, 0, 1, 2)
        for row, shortcut in enumerate(members, 1):
            grid.addWidget(in_line([KeyCap(self._theme, key) for key in shortcut.keys]), row, 0)
            grid.addWidget(themed_label(shortcut.does, Type.BODY, "muted"), row, 1)
        grid.setColumnStretch(1, 1)
        return grid
