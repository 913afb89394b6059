"""The panels of one window: splitters and groups of tabs, built from a tree and kept at its sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSplitter, QWidget

from virtuoso_desktop.ui.arrangement import Group, Node, Split, collapsed_px, open_stranded, spread, unit_of
from virtuoso_desktop.ui.dock import TabGroup
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import GUTTER_PX
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from virtuoso_desktop.ui.dock import PanelHost
    from virtuoso_desktop.ui.theme import Theme

EMPTY = (
    Word("Every panel is closed", Type.TITLE),
    Word("Open one in the menu under Panels, or reset the workspace.", colour="muted", gap=12),
)


class _Splitter(QSplitter):
    """The widget of a row or column."""

    def __init__(self, split: Split, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal if split.is_row else Qt.Orientation.Vertical, parent)
        self.split = split
        self.setHandleWidth(GUTTER_PX)
        self.setChildrenCollapsible(False)


def _refresh(widget: QWidget | None) -> None:
    """Tell splitters at once, from the innermost on, how small and large their parts may be now."""
    if isinstance(widget, _Splitter):
        for place in range(widget.count()):
            _refresh(widget.widget(place))
        widget.refresh()


class DockArea(QWidget):
    """Where panels stand in one window.

    Parameters
    ----------
    theme : Theme
        Colours.
    host : PanelHost
        Has the panels.
    """

    changed = Signal()
    """The user dragged an edge, or chose another tab."""
    dragged = Signal(str)
    menu_asked = Signal(str, QPoint)

    def __init__(self, theme: Theme, host: PanelHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._host = host
        self.root: Node | None = None
        self._widget: QWidget | None = None
        self._widgets: dict[int, QWidget] = {}
        """By the identity of their part of the tree, which they keep alive."""
        self.groups: list[TabGroup] = []
        """In the order of the eye."""

    # --- building -----------------------------------------------------------------------------------------------

    def build(self, root: Node | None) -> None:
        """Show this tree. What is in it already stays the widget that it is: only what changed is made or moved."""
        before, old = self._widgets, self._widget
        self.root = root
        open_stranded(root)
        self._widgets, self.groups = {}, []
        self._widget = None if root is None else self._shown(root, before)
        if self._widget is not None and self._widget is not old:
            self._widget.setParent(self)
        for group in self.groups:
            group.sync()
        kept = set(self._widgets.values())
        for group in before.values():
            if isinstance(group, TabGroup):
                group.let_go(everything=group not in kept)
        for widget in before.values():
            if widget not in kept:
                widget.hide()
                widget.setParent(self)
                widget.deleteLater()
        if self._widget is not None:
            self._widget.show()
            self._offer_collapse()
            self.apply()
        self.update()

    def release(self) -> None:
        """Give every panel back; the area is empty then."""
        self.build(None)

    def _shown(self, node: Node, before: dict[int, QWidget]) -> QWidget:
        """The widget of a part, the one that it had if it had one."""
        widget = before.get(id(node))
        if isinstance(node, Group):
            if not isinstance(widget, TabGroup) or widget.group is not node:
                widget = self._new_group(node)
            self.groups.append(widget)
        else:
            if not isinstance(widget, _Splitter) or widget.split is not node:
                widget = self._new_splitter(node)
            for place, part in enumerate(node.parts):
                inner = self._shown(part, before)
                if widget.widget(place) is not inner:
                    widget.insertWidget(place, inner)
                inner.show()  # a splitter gives a hidden one no room
        self._widgets[id(node)] = widget
        return widget

    def _new_group(self, node: Group) -> TabGroup:
        group = TabGroup(self._theme, node, self._host, self)
        group.changed.connect(self.changed)
        group.dragged.connect(self.dragged)
        group.menu_asked.connect(self.menu_asked)
        group.collapse_asked.connect(lambda: self.toggle_collapsed(node))
        return group

    def _new_splitter(self, node: Split) -> _Splitter:
        splitter = _Splitter(node, self)
        splitter.splitterMoved.connect(lambda: self._note_sizes(splitter))
        return splitter

    # --- room ---------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Give every part the room that the tree says."""
        if self._widget is not None:
            self._widget.setGeometry(self.rect())
            _refresh(self._widget)
            self._spread(self._widget)

    def _spread(self, widget: QWidget | None) -> None:
        if isinstance(widget, _Splitter):
            is_row = widget.split.is_row
            widget.setSizes(spread(widget.split, widget.width() if is_row else widget.height()))
            for place in range(widget.count()):
                self._spread(widget.widget(place))

    def _note_sizes(self, splitter: _Splitter) -> None:
        """The user dragged an edge."""
        split = splitter.split
        for part, size in zip(split.parts, splitter.sizes(), strict=True):
            if collapsed_px(part, in_row=split.is_row) is None:
                part.size_px = size
        self.changed.emit()

    # --- collapsing ---------------------------------------------------------------------------------------------

    def unit_of(self, group: Group) -> list[Group] | None:
        """The groups that collapse together with this one; None where it cannot."""
        return unit_of(self.root, group)

    def toggle_collapsed(self, group: Group) -> None:
        """Collapse a group with those of its row, or open them again."""
        unit = self.unit_of(group)
        if unit is None:
            return
        closed = not group.is_collapsed
        for each in unit:
            each.is_collapsed = closed
        for widget in self.groups:
            if widget.group in unit:
                widget.fill()
        self._offer_collapse()
        self.apply()
        self.changed.emit()

    def _offer_collapse(self) -> None:
        """The last group of each row that can collapse has the button."""
        for widget in self.groups:
            unit = self.unit_of(widget.group) if widget.has_tabs else None
            widget.offer_collapse(unit is not None and unit[-1] is widget.group)

    # --- finding ------------------------------------------------------------------------------------------------

    def group_with(self, name: str) -> TabGroup | None:
        """The group that holds a panel."""
        return next((group for group in self.groups if name in group.group.known), None)

    def group_at(self, at: QPoint) -> TabGroup | None:
        """The group under a global point."""
        for group in self.groups:
            if group.rect().contains(group.mapFromGlobal(at)):
                return group
        return None

    # --- Qt -----------------------------------------------------------------------------------------------------

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self.apply()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("background" if self.root is None else "gutter"))
        if self.root is None:
            wide = words_width(EMPTY)
            box = QRectF((self.width() - wide) / 2, self.height() * 0.4, wide + 2, 24)
            paint_words(painter, self._theme, EMPTY, box)
