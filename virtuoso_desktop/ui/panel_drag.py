"""A panel on its way: where it would land is shown, and a drop outside every window makes it a window of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QCursor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget

from virtuoso_desktop.ui.arrangement import ABOVE, BELOW, LEFT, RIGHT, Group
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import HEADER_PX
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtuoso_desktop.ui.dock import TabGroup
    from virtuoso_desktop.ui.dock_area import DockArea
    from virtuoso_desktop.ui.theme import Theme

EDGE_PX = 14
"""So near to the edge of a window a panel lands beside everything."""
SIDE_RATIO = 0.25
"""So near to an edge of a group it lands beside the group, else among its tabs."""
LABEL_AWAY = QPoint(14, 16)


class Drop(NamedTuple):
    """Where a panel would land."""

    area: DockArea
    group: Group | None
    """None beside everything in the window."""
    side: str
    """Empty among the group's tabs."""
    index: int
    box: QRect
    """What is shown, in the area."""


def drop_at(areas: Sequence[DockArea], at: QPoint) -> Drop | None:
    """Where a panel would land that is let go at this global point; None outside every window."""
    for area in areas:
        inside = area.mapFromGlobal(at)
        if not area.isVisible() or area.window().isMinimized() or not area.rect().contains(inside):
            continue
        if area.root is None:
            return Drop(area, None, RIGHT, 0, area.rect())
        side = _near_edge(area.rect(), inside)
        if side:
            return Drop(area, None, side, 0, _part(area.rect(), side, 4))
        group = area.group_at(at)
        if group is not None:
            return _drop_on(area, group, at)
    return None


def _drop_on(area: DockArea, group: TabGroup, at: QPoint) -> Drop:
    inside = group.mapFromGlobal(at)
    box = QRect(group.mapTo(area, QPoint(0, 0)), group.size())
    if group.has_tabs and inside.y() < HEADER_PX:
        names = list(group.tabs)
        ahead = [
            name
            for name in names
            if group.tabs[name].isVisible() and group.tabs[name].geometry().center().x() < inside.x()
        ]
        index = 1 + max((group.group.panels.index(name) for name in ahead), default=-1)
        return Drop(area, group.group, "", index, QRect(box.left(), box.top(), box.width(), HEADER_PX))
    across, along = inside.x() / max(1, group.width()), inside.y() / max(1, group.height())
    distances = {LEFT: across, RIGHT: 1 - across, ABOVE: along, BELOW: 1 - along}
    side = min(distances, key=distances.__getitem__)
    if distances[side] > SIDE_RATIO:
        return Drop(area, group.group, "", len(group.group.panels), box)
    return Drop(area, group.group, side, 0, _part(box, side, 2))


def _near_edge(box: QRect, at: QPoint) -> str:
    near = {LEFT: at.x(), RIGHT: box.width() - at.x(), ABOVE: at.y(), BELOW: box.height() - at.y()}
    side = min(near, key=near.__getitem__)
    return side if near[side] < EDGE_PX else ""


def _part(box: QRect, side: str, share: int) -> QRect:
    """The half, or quarter, of a box at one side."""
    wide, high = box.width() // share, box.height() // share
    return {
        LEFT: QRect(box.left(), box.top(), wide, box.height()),
        RIGHT: QRect(box.right() + 1 - wide, box.top(), wide, box.height()),
        ABOVE: QRect(box.left(), box.top(), box.width(), high),
        BELOW: QRect(box.left(), box.bottom() + 1 - high, box.width(), high),
    }[side]


class _Hint(QWidget):
    """Tints the place where the panel would land."""

    def __init__(self, theme: Theme, area: QWidget) -> None:
        super().__init__(area)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setBrush(self._theme.color("accent", 0.22))
        painter.setPen(QPen(self._theme.color("accent"), 2))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))


class _Label(QWidget):
    """The panel's name at the pointer."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        flags = Qt.WindowType.ToolTip | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowTransparentForInput
        super().__init__(parent, flags)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._name = name
        self.words = ""
        self.say("")

    def say(self, words: str) -> None:
        """What a drop would do."""
        self.words = words
        self.setFixedSize(round(words_width(self._said)) + 24, 28)
        self.update()

    @property
    def _said(self) -> tuple[Word, ...]:
        return (Word(PANELS[self._name].title, Type.STRONG), Word(self.words, Type.BODY, gap=8))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("raised2"))
        painter.fillRect(0, 0, self.width(), 2, self._theme.color("accent"))
        paint_words(painter, self._theme, self._said, QRectF(12, 1, self.width() - 12, self.height() - 1))


class PanelDrag(QObject):
    """From the pull until the button is let go, or Esc. Deletes itself.

    Parameters
    ----------
    theme : Theme
        Colours.
    name : str
        The panel.
    areas : sequence of DockArea
        Where it can land, the uppermost window first.
    """

    dropped = Signal(str, object, QPoint)
    """Panel, `Drop` or None for a window of its own, global point."""

    def __init__(self, theme: Theme, name: str, areas: Sequence[DockArea], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._areas = areas
        self._hint: _Hint | None = None
        self._label = _Label(theme, name, parent)
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)
        self._move(QCursor.pos())

    def _move(self, at: QPoint) -> None:
        drop = drop_at(self._areas, at)
        self._show(drop)
        self._label.say(said_of(drop))
        self._label.move(at + LABEL_AWAY)
        self._label.show()

    def _show(self, drop: Drop | None) -> None:
        hint = self._hint
        if hint is not None and (drop is None or hint.parent() is not drop.area):
            hint.hide()
            hint.deleteLater()
            hint = self._hint = None
        if drop is None:
            return
        if hint is None:
            hint = self._hint = _Hint(self._theme, drop.area)
        hint.setGeometry(drop.box)
        hint.show()
        hint.raise_()

    def finish(self) -> None:
        """Take everything away again."""
        app = QApplication.instance()
        assert app is not None
        app.removeEventFilter(self)
        self._show(None)
        self._label.hide()
        self._label.deleteLater()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        del watched
        if isinstance(event, QMouseEvent):
            at = event.globalPosition().toPoint()
            if event.type() is QEvent.Type.MouseMove:
                self._move(at)
                return True
            if event.type() is QEvent.Type.MouseButtonRelease and event.button() is Qt.MouseButton.LeftButton:
                self.finish()
                self.dropped.emit(self._name, drop_at(self._areas, at), at)
        elif isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() is QEvent.Type.KeyPress:
                self.finish()
            return True
        return False


def said_of(drop: Drop | None) -> str:
    """What letting go there would do."""
    if drop is None:
        return "as a window of its own"
    if drop.group is None:
        return _EDGES[drop.side]
    title = PANELS[drop.group.shown].title
    return f"{_BESIDE[drop.side]} {title}" if drop.side else f"as a tab beside {title}"


_EDGES = {LEFT: "at the left edge", RIGHT: "at the right edge", ABOVE: "along the top", BELOW: "along the bottom"}
_BESIDE = {LEFT: "left of", RIGHT: "right of", ABOVE: "above", BELOW: "below"}


class HeadHandle(QObject):
    """Lets a panel be pulled, floated by a double click, and asked for its menu at the head that it has itself.

    Parameters
    ----------
    name : str
        The panel.
    panel : QWidget
        Its uppermost row is the handle; what lies there and takes the mouse itself is left alone.
    """

    dragged = Signal(str)
    menu_asked = Signal(str, QPoint)
    double_clicked = Signal(str)

    def __init__(self, name: str, panel: QWidget) -> None:
        super().__init__(panel)
        self._name = name
        self._panel = panel
        self._pressed_at: QPoint | None = None
        self._answers: dict[QEvent.Type, Callable[[QEvent], bool]] = {
            QEvent.Type.MouseButtonPress: self._press,
            QEvent.Type.MouseMove: self._move,
            QEvent.Type.MouseButtonRelease: self._release,
            QEvent.Type.MouseButtonDblClick: self._double,
            QEvent.Type.ContextMenu: self._menu,
        }
        panel.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        answer = self._answers.get(event.type()) if watched is self._panel else None
        return answer is not None and answer(event)

    def _press(self, event: QEvent) -> bool:
        assert isinstance(event, QMouseEvent)
        at = event.position().toPoint()
        if event.button() is not Qt.MouseButton.LeftButton or at.y() >= HEADER_PX:
            return False
        self._pressed_at = at
        return True

    def _move(self, event: QEvent) -> bool:
        assert isinstance(event, QMouseEvent)
        begun = self._pressed_at
        if begun is None:
            return False
        if (event.position().toPoint() - begun).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            self.dragged.emit(self._name)
        return True

    def _release(self, _event: QEvent) -> bool:
        was_pressed = self._pressed_at is not None
        self._pressed_at = None
        return was_pressed

    def _double(self, event: QEvent) -> bool:
        assert isinstance(event, QMouseEvent)
        if event.button() is not Qt.MouseButton.LeftButton or event.position().y() >= HEADER_PX:
            return False
        self.double_clicked.emit(self._name)
        return True

    def _menu(self, event: QEvent) -> bool:
        assert isinstance(event, QContextMenuEvent)
        if event.pos().y() >= HEADER_PX:
            return False
        self.menu_asked.emit(self._name, event.globalPos())
        return True
