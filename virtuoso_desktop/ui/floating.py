"""A window of its own for panels that were pulled out: on any screen, with the main window's theme and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.arrangement import FloatingPlace, groups_of
from virtuoso_desktop.ui.dock_area import DockArea
from virtuoso_desktop.ui.floating_windows import moved_inside
from virtuoso_desktop.ui.panel_list import PANELS

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QKeyEvent, QMoveEvent, QResizeEvent, QScreen

    from virtuoso_desktop.ui.dock import PanelHost
    from virtuoso_desktop.ui.theme import Theme

LEAST = QSize(280, 160)
SEEN_PX = 48
"""So much of a window has to be on a screen, or it is brought back."""


class FloatingWindow(QWidget):
    """The window. It belongs to no other: the main one may be minimised while this one goes on.

    Parameters
    ----------
    theme : Theme
        Colours.
    host : PanelHost
        Has the panels.
    place : FloatingPlace
        What stands in it and where it is; kept up to date.
    mark : str
        What its title says of the source.
    """

    close_asked = Signal(object)
    """The user closed this `FloatingWindow`."""
    moved = Signal()
    key_typed = Signal(object)
    """A `QKeyEvent` that no panel in it took."""

    def __init__(self, theme: Theme, host: PanelHost, place: FloatingPlace, mark: str) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.place = place
        self._mark = mark
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)  # the main window is active after a start
        self.area = DockArea(theme, host, self)
        self.setMinimumSize(LEAST)
        self.setGeometry(visible_box(place))
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, place.stays_on_top)
        if place.is_maximized:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def stay_on_top(self, stays: bool) -> None:
        """Lie over every other window, or no longer."""
        self.place.stays_on_top = stays
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, stays)
        self.show()  # another flag is another window for the desktop
        self.moved.emit()

    def tell_title(self) -> None:
        """Name the panels in it."""
        titles = ", ".join(PANELS[group.shown].title for group in groups_of(self.area.root))
        self.setWindowTitle(f"{self._mark}{titles} \u00b7 Virtuoso")

    def note_place(self) -> None:
        """Keep where it is now."""
        box = self.normalGeometry() if self.isMaximized() else self.geometry()
        screen = self.screen()
        left, top = box.x() - screen.geometry().x(), box.y() - screen.geometry().y()
        self.place.box = (left, top, box.width(), box.height())
        self.place.screen, self.place.is_maximized = screen.name(), self.isMaximized()
        if self.area.root is not None:
            self.place.root = self.area.root

    def come_back(self) -> None:
        """Be where it can be seen; after a screen went away."""
        if not self.isMaximized() and not is_seen(self.geometry()):
            self.note_place()
            self.setGeometry(visible_box(self.place))

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        self.close_asked.emit(self)

    def moveEvent(self, _event: QMoveEvent) -> None:
        self.moved.emit()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self.area.resize(self.size())
        self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.key_typed.emit(event)


def visible_box(place: FloatingPlace) -> QRect:
    """Where a window goes: on its screen, or on the main one when that is gone or it would not be seen."""
    screens = QGuiApplication.screens()
    named = next((screen for screen in screens if screen.name() == place.screen), None)
    screen: QScreen = named or QGuiApplication.primaryScreen()
    left, top, width, height = place.box
    room = screen.availableGeometry()
    size = QSize(width or 560, height or 420).expandedTo(LEAST).boundedTo(room.size())
    box = QRect(QPoint(left, top) + screen.geometry().topLeft(), size)
    if named is not None and is_seen(box):
        return box
    return moved_inside(box, room)


def is_seen(box: QRect) -> bool:
    """Whether enough of a window is on some screen to take hold of it."""
    head = QRect(box.left(), box.top(), box.width(), SEEN_PX)
    parts = (screen.availableGeometry().intersected(head) for screen in QGuiApplication.screens())
    return any(part.width() >= SEEN_PX and part.height() >= SEEN_PX // 2 for part in parts)
