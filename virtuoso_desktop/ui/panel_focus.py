"""Where the keyboard goes in a panel, and in which order Tab goes through the panels."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.ui.dock import TabGroup


_TAKES_TAB = (Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.WheelFocus, Qt.FocusPolicy.TabFocus)


def focus_in(panel: QWidget) -> bool:
    """Give the keyboard to a panel: its table first, else what Tab would reach first; False where nothing takes it."""
    target = panel.focusProxy() or panel
    if not _takes(target):
        inside = [child for child in panel.findChildren(QWidget) if _takes(child)]
        tables = [child for child in inside if isinstance(child, QAbstractItemView)]
        target = next(iter(tables or inside), target)
    if not _takes(target):
        return False
    target.setFocus(Qt.FocusReason.ShortcutFocusReason)
    return True


def chain(groups: Sequence[TabGroup]) -> None:
    """Tab goes through the groups in the order of the eye, whatever moved where."""
    if not groups:
        return
    found: dict[TabGroup, list[QWidget]] = {group: [] for group in groups}
    now: list[QWidget] = []
    widget = groups[0].nextInFocusChain()
    while widget is not None and widget is not groups[0]:
        if widget.focusPolicy() in _TAKES_TAB:
            group = next((group for group in groups if group.isAncestorOf(widget)), None)
            if group is not None:
                found[group].append(widget)
                now.append(widget)
        widget = widget.nextInFocusChain()
    wanted = [widget for group in groups for widget in found[group]]
    if wanted != now:
        for before, after in pairwise(wanted):
            QWidget.setTabOrder(before, after)


def _takes(widget: QWidget) -> bool:
    return widget.focusPolicy() in _TAKES_TAB and widget.isVisible() and widget.isEnabled()
