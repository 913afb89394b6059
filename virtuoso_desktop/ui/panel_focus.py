"""Where the keyboard goes in a panel, and in which order Tab goes through the panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.ui.dock import TabGroup


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
    before: QWidget | None = None
    for group in groups:
        for widget in _inside(group):
            if before is not None:
                QWidget.setTabOrder(before, widget)
            before = widget


def _inside(group: TabGroup) -> list[QWidget]:
    """What can have the keyboard in a group, in its own order."""
    found: list[QWidget] = []
    widget = group.nextInFocusChain()
    while widget is not None and widget is not group:
        if group.isAncestorOf(widget) and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


def _takes(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isVisible() and widget.isEnabled()
