"""Where every panel stands: in the main window, in windows of their own, or closed with a place to come back to.

A little long for a module: all moves of panels are here together, so that none forgets what another needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from virtuoso_desktop.ui import arrangement as tree
from virtuoso_desktop.ui.arrangement import Arrangement, FloatingPlace, Group, Node, Seat
from virtuoso_desktop.ui.dock_area import DockArea
from virtuoso_desktop.ui.floating_windows import FloatingWindows, place_at
from virtuoso_desktop.ui.panel_drag import Drop, HeadHandle, PanelDrag
from virtuoso_desktop.ui.panel_focus import chain, focus_in
from virtuoso_desktop.ui.panel_list import CONFLUENCE
from virtuoso_desktop.ui.panel_set import Made, PanelSet
from virtuoso_desktop.ui.shipped import SEATS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.dock import TabGroup
    from virtuoso_desktop.ui.floating import FloatingWindow
    from virtuoso_desktop.ui.frame import FrameClock
    from virtuoso_desktop.ui.theme import Theme

FLOAT_AWAY = QPoint(-60, -14)
"""Where the corner of a window stands that was dropped at the pointer."""


class Workspace(QWidget):
    """The panels in the main window; it also has those that float.

    Parameters
    ----------
    theme : Theme
        Colours.
    early : dict of QWidget
        Panels that are there from the start, by name.
    clock : FrameClock
        Gives the panels their turns.
    timeframe : Timeframe
        What is shown first.
    arrangement : Arrangement
        Where everything stands.
    """

    changed = Signal()
    """Something stands elsewhere, or has another size."""
    menu_asked = Signal(str, QPoint)
    """Panel, and the global place for its menu."""

    def __init__(
        self,
        theme: Theme,
        early: dict[str, QWidget],
        clock: FrameClock,
        timeframe: Timeframe,
        arrangement: Arrangement,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._holder = QWidget(self)
        self._holder.hide()
        self.panels = PanelSet(theme, early, clock, timeframe, self._holder)
        self.panels.counted.connect(self._show_count)
        self.main = self._new_area(DockArea(theme, self.panels, self))
        self.windows = FloatingWindows(theme, self.panels, self)
        self.windows.opened.connect(lambda window: self._new_area(window.area))
        self.windows.close_asked.connect(self._on_window_closed)
        self.windows.moved.connect(self.changed)
        self._arrangement = arrangement
        self.as_shipped: Callable[[], Node | None] = lambda: None
        """The tree for a window of this size, while everything is as it was shipped."""
        self._floats_open = False
        self._chains = QTimer(self)  # the order of Tab can wait a moment, the picture cannot
        self._chains.setSingleShot(True)
        self._chains.timeout.connect(lambda: chain(self.main.groups))
        self.setAccessibleName("Panels")
        for name, panel in early.items():
            panel.setParent(self._holder)
            self._handle(name, panel)
        self.main.build(arrangement.root)

    # --- parts --------------------------------------------------------------------------------------------------

    def make(self) -> Made:
        """The panels; made when first asked for, at the latest after the first frame."""
        if not self.panels.is_ready:
            made = self.panels.make()
            made.confluence.collapse_changed.connect(self._on_rail)
            self._handle(CONFLUENCE, made.confluence)
            for area in self.areas:
                for group in area.groups:
                    group.fill()
            self._tell_rail()
            chain(self.main.groups)
        return self.panels.make()

    @property
    def areas(self) -> list[DockArea]:
        """Every window's panels, the uppermost window first."""
        over, under = self.windows.over_and_under_main()
        return [*(window.area for window in over), self.main, *(window.area for window in under)]

    def _new_area(self, area: DockArea) -> DockArea:
        area.changed.connect(self._on_area_changed)
        area.dragged.connect(self.begin_drag)
        area.menu_asked.connect(self.menu_asked)
        return area

    def _handle(self, name: str, panel: QWidget) -> None:
        handle = HeadHandle(name, panel)
        handle.dragged.connect(self.begin_drag)
        handle.menu_asked.connect(self.menu_asked)
        handle.double_clicked.connect(self.toggle_float)

    # --- asking -------------------------------------------------------------------------------------------------

    def area_of(self, name: str) -> DockArea | None:
        """Where a panel stands; None for a closed one."""
        return next((area for area in self.areas if area.group_with(name) is not None), None)

    def group_of(self, name: str) -> TabGroup | None:
        """The group that holds a panel."""
        area = self.area_of(name)
        return None if area is None else area.group_with(name)

    def is_open(self, name: str) -> bool:
        """Whether it stands anywhere."""
        return self.area_of(name) is not None

    def floats(self, name: str) -> bool:
        """Whether it stands in a window of its own."""
        return self.area_of(name) not in (None, self.main)

    @property
    def current(self) -> str | None:
        """The panel that has the keyboard."""
        focus = QApplication.focusWidget()
        for area in self.areas:
            for group in area.groups:
                if focus is not None and (focus is group or group.isAncestorOf(focus)):
                    return group.chosen
        return None

    def describe(self) -> Arrangement:
        """Where everything stands now, to be kept."""
        self._arrangement.root = self.main.root
        if self._floats_open:
            self._arrangement.floating = self.windows.places()
        return self._arrangement

    # --- whole workspaces ---------------------------------------------------------------------------------------

    def show_arrangement(self, arrangement: Arrangement) -> None:
        """Put everything where this says."""
        self.main.release()
        for window in tuple(self.windows.all):
            self.windows.drop(window)
        self._arrangement = arrangement
        self.main.build(arrangement.root)
        if self._floats_open:
            self._floats_open = False
            self.open_floating()
        self._order()

    def open_floating(self) -> None:
        """Show the windows of their own; once the main one is on the screen, and when it comes back from the tray."""
        if self._floats_open:
            self.windows.show()
            return
        self._floats_open = True
        for place in self._arrangement.floating:
            self.windows.open(place)
        self._order()

    # --- moving -------------------------------------------------------------------------------------------------

    def show_panel(self, name: str) -> None:
        """Bring a panel to the front, opened again where it stood; the keyboard goes to it."""
        if not self.is_open(name):
            place = self._arrangement.windows.pop(name, None)
            if place is not None:
                self.windows.open(place)
                self._settle()
            else:
                self._to_seat(name)
        group = self.group_of(name)
        if group is not None:
            group.choose(name) if group.has_tabs else group.fill()
            self.focus_panel(name)

    def close_panel(self, name: str) -> None:
        """Take a panel away; `show_panel` brings it back to its place."""
        area = self.area_of(name)
        if area is None:
            return
        self._note_seat(name, area)
        window = self.windows.of(area)
        if window is not None:
            window.note_place()
            place = window.place
            self._arrangement.windows[name] = FloatingPlace(
                Group([name], name), place.box, place.screen, place.is_maximized, place.stays_on_top
            )
        self._take_out(name, area)
        self._settle()

    def toggle_panel(self, name: str) -> None:
        """Close an open panel, open a closed one."""
        if self.is_open(name):
            self.close_panel(name)
        else:
            self.show_panel(name)

    def float_panel(self, name: str, at: QPoint | None = None) -> None:
        """Give a panel a window of its own; its corner near ``at``, a global point."""
        group, area = self.group_of(name), self.area_of(name)
        if group is None or area is None:
            return
        window = self.windows.of(area)
        if window is not None and tree.panels_of(area.root) == [name]:
            if at is not None:
                window.move(at + FLOAT_AWAY)
            return
        corner = group.mapToGlobal(QPoint(24, 24)) if at is None else at + FLOAT_AWAY
        place = place_at(QRect(corner, group.size()), name)
        self._note_seat(name, area)
        self._take_out(name, area)
        self.windows.open(place)
        self._settle()
        self.focus_panel(name)

    def dock_panel(self, name: str) -> None:
        """Bring a floating panel back into the main window, where it stood."""
        area = self.area_of(name)
        if area is None or area is self.main:
            return
        self._take_out(name, area)
        self._to_seat(name)
        self.focus_panel(name)

    def toggle_float(self, name: str) -> None:
        """Into a window of its own, or back."""
        if self.floats(name):
            self.dock_panel(name)
        else:
            self.float_panel(name)

    def move_panel(
        self, name: str, area: DockArea, group: Group | None, side: str = "", index: int | None = None
    ) -> None:
        """Among the tabs of a group, to one of its sides, or (no group) to a side of the window."""
        source = self.area_of(name)
        if source is None or (group is not None and group.known == [name]):
            return
        if source is self.main and area is not self.main:
            self._note_seat(name, source)
        if group is not None and index is not None and name in group.panels:
            index -= group.panels.index(name) < index
        size = self._size_beside(area, group, side)
        root = tree.without(source.root, name)
        if source is not area:
            self._set(source, root)
            root = area.root
        if group is not None and not side:
            tree.join(group, name, index)
        elif root is None:
            root = Group([name], name)
        else:
            root = tree.put_beside(root, group or root, name, side, size)
        self._set(area, root)
        self._settle()
        self.focus_panel(name)

    def _size_beside(self, area: DockArea, group: Group | None, side: str) -> int:
        """Half of the group, a quarter of the window."""
        widget = next((each for each in area.groups if each.group is group), None)
        of, share = (area, 4) if widget is None else (widget, 2)
        return (of.width() if side in (tree.LEFT, tree.RIGHT) else of.height()) // share

    def _to_seat(self, name: str) -> None:
        seat = self._arrangement.seats.get(name) or SEATS.get(name, Seat())
        self._set(self.main, tree.take_seat(self.main.root, name, seat))
        self._settle()

    def _note_seat(self, name: str, area: DockArea) -> None:
        if area is self.main:
            self._arrangement.seats[name] = tree.seat_of(area.root, name)

    def _take_out(self, name: str, area: DockArea) -> None:
        self._set(area, tree.without(area.root, name))

    def _set(self, area: DockArea, root: Node | None) -> None:
        window = self.windows.of(area)
        if root is None and window is not None:
            self.windows.drop(window)
            return
        area.build(root)
        if window is not None:
            window.tell_title()

    def _settle(self) -> None:
        self._order()
        self.changed.emit()

    def _order(self) -> None:
        self._tell_rail()
        self._chains.start()

    def _on_window_closed(self, window: FloatingWindow) -> None:
        for name in tree.panels_of(window.area.root):
            self.close_panel(name)

    # --- dragging -----------------------------------------------------------------------------------------------

    def begin_drag(self, name: str) -> None:
        """A panel is pulled out of its place."""
        drag = PanelDrag(self._theme, name, self.areas, self)
        drag.dropped.connect(self.drop)

    def drop(self, name: str, at: Drop | None, point: QPoint) -> None:
        """A panel was let go."""
        if at is None:
            self.float_panel(name, point)
        else:
            self.move_panel(name, at.area, at.group, at.side, at.index if not at.side else None)

    # --- collapsing ---------------------------------------------------------------------------------------------

    def toggle_confluence(self) -> None:
        """Collapse Confluence, or open it again."""
        group = self.group_of(CONFLUENCE)
        confluence = self.make().confluence
        if group is None or group.chosen != CONFLUENCE:
            self.show_panel(CONFLUENCE)
        elif confluence.may_collapse:
            confluence.set_collapsed(not confluence.is_collapsed)

    def toggle_dock(self) -> None:
        """Collapse the panels under the chart, or open them again."""
        group = next((each for each in self.main.groups if each.has_tabs and self.main.unit_of(each.group)), None)
        if group is not None:
            self.main.toggle_collapsed(group.group)

    def why_no_dock(self) -> str | None:
        """Why `toggle_dock` can do nothing."""
        can = any(each.has_tabs and self.main.unit_of(each.group) for each in self.main.groups)
        return None if can else "No row of tabs lies over or under another panel."

    def _on_rail(self, collapsed: bool) -> None:
        area, group = self.area_of(CONFLUENCE), self.group_of(CONFLUENCE)
        if area is not None and group is not None and group.group.is_collapsed != collapsed:
            area.toggle_collapsed(group.group)

    def _tell_rail(self) -> None:
        """Confluence is a rail where the tree says so, and only at a side."""
        if not self.panels.is_ready:
            return
        confluence, area, group = self.make().confluence, self.area_of(CONFLUENCE), self.group_of(CONFLUENCE)
        parent = None if area is None or group is None else tree.parent_of(area.root, group.group)
        can = group is not None and not group.has_tabs and parent is not None and parent.is_row
        if group is not None and not group.has_tabs and not can:
            group.group.is_collapsed = False
            group.fill()
        confluence.may_collapse = can
        confluence.set_collapsed(can and group is not None and group.group.is_collapsed)

    # --- keyboard -----------------------------------------------------------------------------------------------

    def focus_panel(self, name: str) -> None:
        """Give a panel the keyboard."""
        group = self.group_of(name)
        if group is None:
            return
        window = group.window()
        if not window.isActiveWindow() and window.isVisible():
            window.activateWindow()
            window.raise_()
        if not (self.panels.is_ready and focus_in(self.panels.widget(name))) and name in group.tabs:
            group.tabs[name].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def step_panel(self, step: int) -> None:
        """The keyboard goes to the next panel that is in front, in the order of the eye; through all windows."""
        fronts = [
            group.chosen for area in (self.main, *(window.area for window in self.windows.all)) for group in area.groups
        ]
        if fronts:
            current = self.current
            at = fronts.index(current) + step if current in fronts else (0 if step > 0 else -1)
            self.focus_panel(fronts[at % len(fronts)])

    def why_no_current(self) -> str | None:
        """Why nothing can be done with the current panel."""
        return None if self.current is not None else "No panel has the keyboard: F6 gives it to one."

    # --- Qt -----------------------------------------------------------------------------------------------------

    def _show_count(self, name: str, count: int) -> None:
        group = self.group_of(name)
        if group is not None:
            group.show_count(name, count)

    def _on_area_changed(self) -> None:
        self.windows.tell_titles()
        self._tell_rail()
        self.changed.emit()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        fresh = self.as_shipped()
        if fresh is not None:
            tree.take_sizes(self.main.root, fresh)
        self.main.resize(self.size())
