"""A group of panels in one place: a row of tabs, and the panel of the chosen one. Collapsed, the row stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLineEdit, QMenu, QVBoxLayout, QWidget

from virtuoso_desktop.ui.controls import Button, GivingRow
from virtuoso_desktop.ui.dock_tab import Tab
from virtuoso_desktop.ui.measures import DOCK_LEAST_PX, HEADER_PX, RAIL_PX
from virtuoso_desktop.ui.panel_head import paint_head
from virtuoso_desktop.ui.panel_list import PANELS, needs_tabs
from virtuoso_desktop.ui.shortcuts import with_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.ui.arrangement import Group
    from virtuoso_desktop.ui.theme import Theme

LARGEST_PX = 16_777_215


class PanelHost(Protocol):
    """Has the panels; a group asks for those that it shows."""

    def is_there(self, name: str) -> bool:
        """Whether a panel may be shown yet: most are made some time after the first painted frame."""
        ...

    def widget(self, name: str) -> QWidget:
        """The panel, made when it is first asked for."""
        ...

    def controls(self, name: str) -> Sequence[QWidget]:
        """What stands in the row of tabs while the panel is in front; they give way from the last on."""
        ...

    def count(self, name: str) -> int:
        """The number in its pill; 0 for none."""
        ...

    def put_away(self, widget: QWidget) -> None:
        """A panel or a control that stands nowhere now."""
        ...


class TabRow(GivingRow):
    """The row of tabs, with the controls of the chosen panel at its right. Tabs without room are behind ``+2``."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, HEADER_PX, pad=0, parent=parent)
        self.tabs: list[Tab] = []
        self.more_button = Button(theme, "+1", "", parent=self)
        self.more_button.quiet_colour = "text"
        self.more_button.clicked.connect(self._open_more)

    def show_tabs(self, tabs: list[Tab]) -> None:
        """These tabs, in this order, before anything else."""
        rest = [place for place in self._places if place.widget not in (*self.tabs, self.more_button)]
        self.tabs = tabs
        self._places = []
        for tab in tabs:
            self.add(tab, rank=0, gap=0)
        self.add(self.more_button, rank=0, gap=2)
        self._places += rest

    def leave_out(self, widgets: Sequence[QWidget]) -> None:
        """These no longer stand in the row."""
        self._places = [place for place in self._places if place.widget not in widgets]

    def minimumSizeHint(self) -> QSize:
        return QSize(1, HEADER_PX)

    def arrange(self) -> None:
        hidden = self._without_room()
        said = f"+{len(hidden)}"
        if said != self.more_button.text():
            self.more_button.setText(said)
            self.more_button.setAccessibleName(f"{len(hidden)} more panels")
        self.more_button.setToolTip("More panels: " + ", ".join(tab.text() for tab in hidden))
        for place in self._places:
            if isinstance(place.widget, Tab):
                place.is_wanted = place.widget not in hidden
            elif place.widget is self.more_button:
                place.is_wanted = bool(hidden)
        super().arrange()

    def _without_room(self) -> list[Tab]:
        """Tabs that have to hide: from the last on, never the chosen one."""
        right = sum(self._need(place) for place in self._places if place.stands_right and place.rank == 0)
        room = self.width() - right
        widths = {tab: tab.sizeHint().width() for tab in self.tabs}
        if sum(widths.values()) <= room:
            return []
        room -= self.more_button.sizeHint().width() + 2
        hidden: list[Tab] = []
        for tab in reversed(self.tabs):
            if sum(widths.values()) <= room:
                break
            if not tab.isChecked():
                hidden.insert(0, tab)
                del widths[tab]
        return hidden

    def _open_more(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for tab in self._without_room():
            menu.addAction(tab.text(), tab.click)
        menu.popup(self.more_button.mapToGlobal(QPoint(0, self.more_button.height())))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, HEADER_PX - 1, self.width(), 1, self._theme.color("hair"))


def _rank(controls: Sequence[QWidget], place: int) -> int:
    """The last control gives way first; the word before a field goes before the field."""
    before_field = place + 1 < len(controls) and isinstance(controls[place + 1], QLineEdit)
    return 2 * place + 5 if before_field else 2 * place + 2


class TabGroup(QWidget):
    """The panels of one place. One alone that has a head of its own has no tab.

    Parameters
    ----------
    theme : Theme
        Colours.
    group : Group
        Which panels, which in front, whether collapsed; kept up to date.
    host : PanelHost
        Has the panels.

    Notes
    -----
    Empty until `sync`: a panel that is put into a widget which is then put elsewhere is styled twice.
    """

    changed = Signal()
    """The user chose another tab."""
    dragged = Signal(str)
    """A panel is pulled out of its place."""
    menu_asked = Signal(str, QPoint)
    """Panel, and the global place for its menu."""
    collapse_asked = Signal()

    def __init__(self, theme: Theme, group: Group, host: PanelHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.group = group
        self._host = host
        self._held: dict[str, Sequence[QWidget]] = {}
        """Panels that are in this widget, with their controls."""
        self.has_tabs = True
        self.tabs: dict[str, Tab] = {}
        self._body = QVBoxLayout(self)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        self.row = TabRow(theme, self)
        self._body.addWidget(self.row)
        self.collapse_button = Button(theme, icon_name="caret-down", parent=self.row)
        self.menu_button = Button(theme, icon_name="dots-three-vertical", parent=self.row)
        self._add_buttons()

    def _add_buttons(self) -> None:
        self.menu_button.setAccessibleName("Options of the panel")
        self.menu_button.setToolTip(with_keys("Float, move or close the panel", "panel_menu"))
        self.menu_button.clicked.connect(self.ask_menu)
        self.collapse_button.clicked.connect(self.collapse_asked)
        self.row.add(self.menu_button, rank=0, gap=4, right=True)
        self.row.add(self.collapse_button, rank=0, gap=0, right=True)
        self.row.want(self.collapse_button, False)

    def sync(self) -> None:
        """Panels came or went: show the tabs that the group says."""
        known = self.group.known
        for name in [name for name in self.tabs if name not in known]:
            tab = self.tabs.pop(name)
            tab.hide()
            tab.deleteLater()
        self.tabs = {name: self.tabs.get(name) or self._new_tab(name) for name in known}
        if list(self.tabs.values()) != self.row.tabs:
            self.row.show_tabs(list(self.tabs.values()))
        if self.has_tabs != needs_tabs(self.group.panels):
            self.has_tabs = not self.has_tabs
            for name, controls in self._held.items():  # they stand in the row only while there is one
                self._let_go_controls(controls)
                self._held[name] = self._take_controls(name)
        self.row.setVisible(self.has_tabs)
        self.fill()

    def _new_tab(self, name: str) -> Tab:
        tab = Tab(self._theme, name, self.row)
        tab.setToolTip(PANELS[name].about)
        tab.clicked.connect(lambda: self.choose(name))
        tab.dragged.connect(lambda: self.dragged.emit(name))
        tab.menu_asked.connect(lambda at: self.menu_asked.emit(name, at))
        tab.stepped.connect(lambda step: self._step(name, step))
        tab.show_count(self._host.count(name))
        return tab

    def _take_controls(self, name: str) -> Sequence[QWidget]:
        controls = tuple(self._host.controls(name)) if self.has_tabs else ()
        for place, control in reversed(list(enumerate(controls))):
            self.row.add(control, rank=_rank(controls, place), gap=6, right=True)
        return controls

    def _let_go_controls(self, controls: Sequence[QWidget]) -> None:
        self.row.leave_out(controls)
        for control in controls:
            if control.parentWidget() is self.row:
                self._host.put_away(control)

    def let_go(self, *, everything: bool = False) -> None:
        """Forget panels that left; one that was not taken elsewhere yet is put away."""
        for name in [name for name in self._held if everything or name not in self.group.known]:
            self._let_go_controls(self._held.pop(name))
            panel = self._host.widget(name)
            if panel.parentWidget() is self:
                self._host.put_away(panel)

    # --- what is shown ------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> str:
        """Name of the panel in front."""
        return self.group.shown

    def choose(self, name: str) -> None:
        """Bring a panel to the front; a collapsed group opens."""
        was_collapsed = self.group.is_collapsed
        if name == self.group.shown and not was_collapsed:
            self.tabs[name].setChecked(True)
            return
        self.group.front = name
        if was_collapsed:
            self.collapse_asked.emit()
        self.fill()
        self.changed.emit()

    def fill(self) -> None:
        """Show the panel in front, and nothing else."""
        shown = self.group.shown
        is_open = not self.group.is_collapsed or not self.has_tabs
        if self._host.is_there(shown) and is_open and shown not in self._held:
            self._body.addWidget(self._host.widget(shown), 1)
            self._held[shown] = self._take_controls(shown)
        for name, tab in self.tabs.items():
            tab.setChecked(name == shown)
        for name, controls in self._held.items():
            if name in self.tabs:
                is_shown = name == shown and is_open
                self._host.widget(name).setVisible(is_shown)
                for control in controls:
                    self.row.want(control, is_shown)
        self._bound()
        self.row.arrange()

    def _bound(self) -> None:
        """The least and the most room that it can be given."""
        group = self.group
        if not self.has_tabs:
            rail = group.is_collapsed
            self.setMinimumSize(RAIL_PX if rail else PANELS[group.shown].least_px, 0)
            self.setMaximumWidth(RAIL_PX if rail else LARGEST_PX)
            return
        self.setMinimumSize(
            max(PANELS[name].least_px for name in group.known), HEADER_PX if group.is_collapsed else DOCK_LEAST_PX
        )
        self.setMaximumHeight(HEADER_PX if group.is_collapsed else LARGEST_PX)

    def show_count(self, name: str, count: int) -> None:
        """The number in a tab's pill."""
        tab = self.tabs.get(name)
        if tab is not None:
            tab.show_count(count)
            self.row.arrange()

    def offer_collapse(self, offered: bool) -> None:
        """Whether the button that leaves only the row of tabs is there."""
        closed = self.group.is_collapsed
        words = "Open the row of panels" if closed else "Collapse the row of panels"
        self.collapse_button.icon_name = "caret-up" if closed else "caret-down"
        self.collapse_button.setAccessibleName(words)
        self.collapse_button.setToolTip(with_keys(words, "toggle_dock"))
        self.collapse_button.update()
        self.row.want(self.collapse_button, offered)

    def ask_menu(self) -> None:
        """Ask for the menu of the panel in front."""
        if self.has_tabs:
            self.menu_asked.emit(self.chosen, self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height())))
        else:
            self.menu_asked.emit(self.chosen, self.mapToGlobal(QPoint(8, HEADER_PX)))

    def _step(self, name: str, step: int) -> None:
        names = list(self.tabs)
        to = names[(names.index(name) + step) % len(names)]
        self.choose(to)
        self.tabs[to].setFocus(Qt.FocusReason.TabFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("background"))
        if self.has_tabs or self._held:
            return
        if self.group.is_collapsed:
            painter.fillRect(event.rect(), self._theme.color("surface"))
        else:
            paint_head(painter, self._theme, PANELS[self.group.shown].title, QRect(0, 0, self.width(), HEADER_PX))
