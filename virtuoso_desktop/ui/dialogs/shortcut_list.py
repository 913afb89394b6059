"""The list of shortcuts, in the order of `shortcuts.SHORTCUTS`; searched by what they do and by their keys."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from virtuoso_desktop.ui.dialogs.frame import KeyCap, PlainDialog, in_line, themed_label
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.search_field import SearchField
from virtuoso_desktop.ui.shortcuts import SHORTCUTS, Shortcut
from virtuoso_desktop.ui.theme import Theme

KEYS_PX, SIDE_PX = 140, 320
WIDEST_PX = 940
MOST_PX = 640
"""Fits a window of 720."""


class _Row(NamedTuple):
    shortcut: Shortcut
    widgets: tuple[QWidget, QWidget]


class _Group(NamedTuple):
    title: QLabel
    box: QWidget
    rows: list[_Row]


class ShortcutList(PlainDialog):
    """Two columns of groups; every key is a key cap."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, "Shortcuts", parent)
        self.search = SearchField(theme, "Search shortcuts")
        self.search.textChanged.connect(self._find)
        self._groups: list[_Group] = []
        self._nothing = themed_label("", Type.BODY, "muted")
        self._nothing.hide()
        sides = QVBoxLayout(), QVBoxLayout()
        filled = [0, 0]
        for name, members in groupby(_by_group(), key=lambda shortcut: shortcut.group):
            side = 0 if filled[0] <= filled[1] else 1
            group = self._group(name, list(members))
            filled[side] += len(group.rows) + 2
            sides[side].addWidget(group.box)
            self._groups.append(group)
        columns = QHBoxLayout()
        columns.setContentsMargins(0, 0, 12, 0)
        columns.setSpacing(32)
        for side in sides:
            side.setSpacing(14)
            side.addStretch(1)
            columns.addLayout(side, 1)
        inner = QWidget()
        inner.setLayout(columns)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setAccessibleName("Shortcuts")
        self.area.setWidget(inner)
        for ground in (inner, self.area.viewport()):
            ground.setAutoFillBackground(False)  # the area had it filled in
        self.body.addWidget(self.search)
        self.body.addSpacing(8)
        self.body.addWidget(self._nothing)
        self.body.addWidget(self.area, 1)
        wanted = inner.sizeHint()
        most = max(parent.height() - 60, 360)
        self.resize(max(720, min(WIDEST_PX, parent.width() - 80)), min(wanted.height() + 130, most, MOST_PX))
        self.search.setFocus()

    @property
    def shown(self) -> list[Shortcut]:
        """Those that match what was typed."""
        return [row.shortcut for group in self._groups for row in group.rows if not row.widgets[1].isHidden()]

    def _group(self, name: str, members: list[Shortcut]) -> _Group:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(5)
        grid.setHorizontalSpacing(16)
        grid.setColumnMinimumWidth(0, KEYS_PX)
        title = themed_label(name, Type.STRONG)
        grid.addWidget(title, 0, 0, 1, 2)
        rows: list[_Row] = []
        for place, shortcut in enumerate(members, 1):
            keys = in_line([KeyCap(self._theme, key) for key in shortcut.keys])
            keys.setAccessibleName(", ".join(shortcut.keys))
            does = themed_label(shortcut.does, Type.BODY, "muted")
            does.setWordWrap(True)
            grid.addWidget(keys, place, 0)
            grid.addWidget(does, place, 1)
            rows.append(_Row(shortcut, (keys, does)))
        grid.setColumnStretch(1, 1)
        return _Group(title, box, rows)

    def _find(self, typed: str) -> None:
        words = typed.casefold().split()
        any_shown = False
        for group in self._groups:
            group_shown = False
            for row in group.rows:
                shortcut = row.shortcut
                text = f"{shortcut.group} {shortcut.does} {' '.join(shortcut.keys)}".casefold()
                is_shown = all(word in text for word in words)
                for widget in row.widgets:
                    widget.setVisible(is_shown)
                group_shown |= is_shown
            group.box.setVisible(group_shown)
            any_shown |= group_shown
        self._nothing.setText(f"No shortcut matches \u201c{typed.strip()}\u201d")
        self._nothing.setVisible(not any_shown)


def _by_group() -> list[Shortcut]:
    """Groups in the order of their first shortcut, each whole: the list may come back to one."""
    listed = [shortcut for shortcut in SHORTCUTS if shortcut.keys]
    order = list(dict.fromkeys(shortcut.group for shortcut in listed))
    return sorted(listed, key=lambda shortcut: order.index(shortcut.group))
