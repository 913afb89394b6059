"""What a person does with a window: click, type, drag, turn the wheel, and look for a control by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QWidget

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


class Hands:
    """Hands on one window and on everything that it opens."""

    def __init__(self, window: QWidget) -> None:
        self.host = window

    # --- looking ------------------------------------------------------------------------------------------------

    def shown(self) -> Iterator[QWidget]:
        """Every widget that can be seen, in every window of the program."""
        for top in QApplication.topLevelWidgets():
            if top.isVisible():
                yield top
                yield from (each for each in top.findChildren(QWidget) if each.isVisible())

    def named(self, name: str) -> list[QAbstractButton]:
        """Visible buttons whose accessible name begins like this."""
        found = [each for each in self.host.findChildren(QAbstractButton) if each.accessibleName().startswith(name)]
        return [each for each in found if each.isVisible()]

    def control(self, name: str) -> QWidget:
        """The first visible control of any window with this accessible name; fails when there is none."""
        seen: list[str] = []
        for each in self.shown():
            if each.accessibleName() == name:
                return each
            seen.append(each.accessibleName())
        raise AssertionError(f"no control named {name!r}; there are {sorted(set(filter(None, seen)))}")

    @property
    def focus(self) -> QWidget:
        """The widget that has the keyboard."""
        return QApplication.focusWidget() or self.host

    @property
    def words(self) -> str:
        """All names and descriptions that a screen reader could read now."""
        return "\n".join(f"{each.accessibleName()} {each.accessibleDescription()}" for each in self.shown())

    # --- doing --------------------------------------------------------------------------------------------------

    def click(
        self,
        widget: QWidget,
        at: QPoint | None = None,
        button: Qt.MouseButton = LEFT,
        keys: Qt.KeyboardModifier = NO_KEYS,
    ) -> None:
        QTest.mouseClick(widget, button, keys, at or widget.rect().center())

    def press_button(self, name: str) -> None:
        """Click the first visible button of exactly this accessible name in the window."""
        button = next(each for each in self.named(name) if each.accessibleName() == name)
        self.click(button)

    def press(self, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Press a key where the keyboard is."""
        QTest.keyClick(self.focus, key, keys)

    def type(self, words: str) -> None:
        QTest.keyClicks(self.focus, words)

    def drag(self, widget: QWidget, start: QPoint, end: QPoint) -> None:
        """Press, move in steps as a hand does, release."""
        QTest.mousePress(widget, LEFT, NO_KEYS, start)
        for step in range(1, 9):
            QTest.mouseMove(widget, start + (end - start) * step / 8)
        QTest.mouseRelease(widget, LEFT, NO_KEYS, end)

    def wheel(self, widget: QWidget, at: QPoint, notches: int) -> None:
        """Turn the wheel over a point; up (towards positive) zooms in."""
        event = QWheelEvent(
            QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton, NO_KEYS, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)

    def choose(self, words: str) -> None:
        """Start the entry of the open menu whose words begin like this."""
        menus = [each for each in QApplication.topLevelWidgets() if isinstance(each, QMenu) and each.isVisible()]
        for menu in menus:
            for action in menu.actions():
                if action.text().replace("&", "").startswith(words):
                    action.trigger()
                    for each in menus:
                        each.close()
                    return
        offered = [action.text() for menu in menus for action in menu.actions()]
        raise AssertionError(f"no entry {words!r} in {offered}")
