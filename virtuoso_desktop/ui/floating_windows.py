"""All floating windows of the program, the one that was active last first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from virtuoso_desktop.ui.arrangement import FloatingPlace, Group

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.ui.dock import PanelHost
    from virtuoso_desktop.ui.dock_area import DockArea
    from virtuoso_desktop.ui.floating import FloatingWindow
    from virtuoso_desktop.ui.theme import Theme

FRAME_PX = 32
"""The desktop's own title bar over a window is about so high."""


class FloatingWindows(QObject):
    """The windows. They go with their parent.

    Parameters
    ----------
    theme : Theme
        Colours.
    host : PanelHost
        Has the panels.
    """

    opened = Signal(object)
    """A new `FloatingWindow`, not shown yet."""
    close_asked = Signal(object)
    """The user closed a `FloatingWindow`."""
    moved = Signal()

    def __init__(self, theme: Theme, host: PanelHost, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._host = host
        self.mark = ""
        """What their titles say of the source."""
        self.all: list[FloatingWindow] = []
        self._newer_than_main: set[FloatingWindow] = set()
        """Those that were shown or activated after the main window."""
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenRemoved.connect(self._on_screen_gone)

    def open(self, place: FloatingPlace) -> FloatingWindow:
        """Show a window with what this place says."""
        from virtuoso_desktop.ui.floating import FloatingWindow

        window = FloatingWindow(self._theme, self._host, place, self.mark)
        self.all.insert(0, window)
        self._newer_than_main.add(window)
        self.opened.emit(window)
        window.area.build(place.root)
        window.tell_title()
        window.close_asked.connect(self.close_asked)
        window.moved.connect(self.moved)
        self.destroyed.connect(window.deleteLater)
        window.show()
        return window

    def drop(self, window: FloatingWindow) -> None:
        """A window without panels goes."""
        window.area.release()
        self.all.remove(window)
        self._newer_than_main.discard(window)
        window.close_asked.disconnect(self.close_asked)
        window.hide()
        window.deleteLater()

    def of(self, area: DockArea) -> FloatingWindow | None:
        """The window of these panels; None for those of the main one."""
        return next((window for window in self.all if window.area is area), None)

    def note_active(self, window: QWidget) -> None:
        """A window, perhaps the main one, was activated: it lies over the others."""
        active = next((each for each in self.all if each is window), None)
        if active is None:
            self._newer_than_main.clear()
        else:
            self.all.remove(active)
            self.all.insert(0, active)
            self._newer_than_main.add(active)

    def over_and_under_main(self) -> tuple[list[FloatingWindow], list[FloatingWindow]]:
        """Which lie over the main window, and which under it, the uppermost first."""
        over = [each for each in self.all if each in self._newer_than_main or each.place.stays_on_top]
        return over, [each for each in self.all if each not in over]

    def places(self) -> list[FloatingPlace]:
        """What is to be kept of them, now."""
        for window in self.all:
            window.note_place()
        return [window.place for window in reversed(self.all)]

    def tell_titles(self) -> None:
        """Others stand in front."""
        for window in self.all:
            window.tell_title()

    def show(self) -> None:
        """The main window came back."""
        for window in self.all:
            window.show()

    def hide(self) -> None:
        """The main window goes."""
        for window in self.all:
            window.hide()

    def _on_screen_gone(self) -> None:
        QTimer.singleShot(0, self, self.come_back)

    def come_back(self) -> None:
        """Every window is where it can be seen."""
        for window in self.all:
            window.come_back()


def moved_inside(box: QRect, room: QRect) -> QRect:
    """The box moved so that all of it is in the room, the upper left corner at least."""
    moved = QRect(box)
    moved.moveRight(min(box.right(), room.right()))
    moved.moveBottom(min(box.bottom(), room.bottom()))
    moved.moveLeft(max(moved.left(), room.left()))
    moved.moveTop(max(moved.top(), room.top()))
    return moved


def place_at(box: QRect, name: str) -> FloatingPlace:
    """The place of a window with one panel at these global coordinates."""
    screen = QGuiApplication.screenAt(box.topLeft()) or QGuiApplication.primaryScreen()
    box = moved_inside(box, screen.availableGeometry().adjusted(0, FRAME_PX, 0, 0))
    corner = box.topLeft() - screen.geometry().topLeft()
    return FloatingPlace(Group([name], name), (corner.x(), corner.y(), box.width(), box.height()), screen.name())
