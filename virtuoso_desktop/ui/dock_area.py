"""The panels of one window: splitters and groups of tabs, built from a tree and kept at its sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSplitter, QWidget

from virtuoso_desktop.ui.arrangement import Group, Node, Split, collapsed_px, groups_of, parent_of, spread
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

    def __init__(self, split: Split) -> None:
        super().__init__(Qt.Orientation.Horizontal if split.is_row else Qt.Orientation.Vertical)
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
        self.groups: list[TabGroup] = []
        """In the order of the eye."""

    # --- building -----------------------------------------------------------------------------------------------

    def release(self) -> None:
        """Give every panel back; the area is empty then."""
        for group in self.groups:
            group.release()
        self.groups = []
        if self._widget is not None:
            self._widget.hide()
            self._widget.deleteLater()
            self._widget = None

    def build(self, root: Node | None) -> None:
        """Show this tree. Panels that stand elsewhere have to be released there first."""
        self.release()
        self.root = root
        if root is not None:
            self._widget = self._built(root)
            self._widget.setParent(self)
            self._widget.show()
            self._offer_collapse()
            self.apply()
        self.update()

    def _built(self, node: Node) -> QWidget:
        if isinstance(node, Group):
            group = TabGroup(self._theme, node, self._host)
            group.changed.connect(self.changed)
            group.dragged.connect(self.dragged)
            group.menu_asked.connect(self.menu_asked)
            group.collapse_asked.connect(lambda: self.toggle_collapsed(group.group))
            self.groups.append(group)
            return group
        splitter = _Splitter(node)
        for part in node.parts:
            widget = self._built(part)
            splitter.addWidget(widget)
            widget.show()  # a splitter gives a hidden one no room
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
        """The groups that collapse with this one: those of its row; None where nothing could take their room."""
        part: Node = group
        parent = parent_of(self.root, group)
        if parent is not None and parent.is_row:
            if group.known == ["confluence"]:
                return [group]
            part, parent = parent, parent_of(self.root, parent)
        if parent is None:
            return None
        before = [(each, each.is_collapsed) for each in groups_of(part)]
        for each, _ in before:
            each.is_collapsed = True
        can = collapsed_px(part, in_row=parent.is_row) is not None
        others = [each for each in parent.parts if each is not part]
        can = can and any(collapsed_px(each, in_row=parent.is_row) is None for each in others)
        for each, was in before:
            each.is_collapsed = was
        return groups_of(part) if can else None

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
