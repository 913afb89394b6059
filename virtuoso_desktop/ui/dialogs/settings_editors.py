"""What a value is entered with: a switch, a number with its unit, a choice, several of a few, a list, a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLineEdit, QMenu, QWidget

from virtuoso_desktop.settings.fields import Field, FieldKind
from virtuoso_desktop.ui.controls import Button, paint_focus
from virtuoso_desktop.ui.dialogs.frame import themed_label
from virtuoso_desktop.ui.fonts import Type, font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.ui.theme import Theme

NUMBER_PX, TEXT_PX, HEIGHT_PX = 96, 264, 26
MOST_SEGMENTS = 4
"""More words than these are chosen from a menu."""
ITEM_GAP_PX = 4


class Editor(QWidget):
    """Base of the editors; ``value`` is a plain value of the settings."""

    edited = Signal()
    """At every letter and click."""
    finished = Signal()
    """The person is done: Enter, the focus left, a click."""
    is_wide = False
    """Whether it stands under the words, not beside them."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.name = name
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(ITEM_GAP_PX)

    def value(self) -> Any:
        """As it is entered now; text that is no number stays text."""
        return None

    def show_value(self, value: Any) -> None:
        """Show a value that nobody typed."""
        del value

    def mark(self, *, is_wrong: bool) -> None:
        """Say by its border that what stands there cannot be."""

    def explain(self, words: str) -> None:
        """What is told under the pointer, and read aloud after the name."""
        for part in (self, *self.findChildren(QWidget)):
            part.setToolTip(words)
            part.setAccessibleDescription(words)

    def settle(self) -> None:
        """A click is a whole entry."""
        self.edited.emit()
        self.finished.emit()


class Switch(QAbstractButton):
    """On or off."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setFixedSize(QSize(36, 22))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_on, is_enabled = self.isChecked(), self.isEnabled()
        track = QRectF(4.5, 3.5, 27, 15)
        rim = "disabled" if not is_enabled else "accent" if is_on else "muted"
        painter.setPen(QPen(theme.color(rim), 1))
        painter.setBrush(theme.color("accent") if is_on and is_enabled else theme.color("raised2"))
        painter.drawRoundedRect(track, 7.5, 7.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("on_accent" if is_on and is_enabled else rim))
        side = 9 if is_on else 7
        centre = track.right() - 7.5 if is_on else track.left() + 7.5
        painter.drawEllipse(QRectF(centre - side / 2, track.center().y() - side / 2, side, side))
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, theme, QRectF(self.rect()), 10)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class SwitchEditor(Editor):
    """A switch."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.switch = Switch(theme, name)
        self.switch.clicked.connect(self.settle)
        self._row.addWidget(self.switch)
        self.setFocusProxy(self.switch)

    def value(self) -> bool:
        return self.switch.isChecked()

    def show_value(self, value: Any) -> None:
        self.switch.setChecked(bool(value))


class LineEditor(Editor):
    """A line of text; a word after it where it has a unit."""

    def __init__(self, theme: Theme, name: str, *, width: int = TEXT_PX, unit: str = "") -> None:
        super().__init__(theme, name)
        self.line = QLineEdit()
        self.line.setFixedSize(width, HEIGHT_PX)
        self.line.setAccessibleName(name)
        self.line.textEdited.connect(self.edited)
        self.line.editingFinished.connect(self.finished)
        self._row.addWidget(self.line)
        if unit:
            self._row.addWidget(themed_label(unit, Type.BODY, "muted"))
        self.setFocusProxy(self.line)

    def value(self) -> Any:
        return self.line.text().strip()

    def show_value(self, value: Any) -> None:
        said = self._text(value)
        if said != self.line.text():
            self.line.setText(said)
            self.line.setCursorPosition(0)

    def _text(self, value: Any) -> str:
        return "" if value is None else str(value)

    def mark(self, *, is_wrong: bool) -> None:
        line = f"solid {self._theme.palette.down}"
        wanted = f"QLineEdit {{ border: 1px {line}; }} QLineEdit:focus {{ border: 2px {line}; }}" if is_wrong else ""
        if self.line.styleSheet() != wanted:
            self.line.setStyleSheet(wanted)


class NumberEditor(LineEditor):
    """A number; the arrows up and down change it by a step."""

    def __init__(self, theme: Theme, name: str, field: Field, unit: str) -> None:
        super().__init__(theme, name, width=NUMBER_PX, unit=unit)
        self._field = field
        self.line.setFont(font(Type.NUMBER))
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.line.installEventFilter(self)

    def value(self) -> Any:
        typed = self.line.text().strip().replace("\u2212", "-")
        try:
            number = float(typed)
        except ValueError:
            return typed
        return int(number) if number.is_integer() else number

    def _text(self, value: Any) -> str:
        return str(value) if isinstance(value, int) else f"{value:.10g}" if isinstance(value, float) else str(value)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QKeyEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
            if step is not None:
                self._step(step)
                return True
        return super().eventFilter(watched, event)

    def _step(self, sign: int) -> None:
        now, field = self.value(), self._field
        if not isinstance(now, (int, float)):
            return
        step = 0.01 if field.kind is FieldKind.NUMBER and field.most is not None and field.most <= 1 else 1
        wanted = round(now + sign * step, 10)
        least = wanted if field.least is None else max(wanted, field.least)
        self.line.setText(self._text(least if field.most is None else min(least, field.most)))
        self.edited.emit()


class ListEditor(LineEditor):
    """Names in a line, apart by commas or spaces."""

    is_wide = True

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, width=TEXT_PX + 120)
        self.line.setPlaceholderText("none; names apart by commas")

    def value(self) -> list[str]:
        return self.line.text().replace(",", " ").split()

    def _text(self, value: Any) -> str:
        return ", ".join(map(str, value or ()))

    def show_value(self, value: Any) -> None:
        if self.value() != list(value or ()):
            super().show_value(value)


class OptionalEditor(LineEditor):
    """A text that may be missing."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.line.setPlaceholderText("none")

    def value(self) -> str | None:
        return self.line.text().strip() or None


class ChoiceEditor(Editor):
    """One of a few words side by side, or of many in a menu."""

    def __init__(self, theme: Theme, name: str, words: Sequence[str]) -> None:
        super().__init__(theme, name)
        self._words = tuple(words)
        self._chosen = words[0]
        self.buttons: dict[str, Button] = {}
        if len(words) > MOST_SEGMENTS:
            self.menu_button = Button(theme, words[0], "caret-down", is_boxed=True)
            self.menu_button.quiet_colour = "text"
            self.menu_button.clicked.connect(self._open_menu)
            self._row.addWidget(self.menu_button)
            self.setFocusProxy(self.menu_button)
            return
        for word in words:
            button = self.buttons[word] = _segment(theme, name, word)
            button.clicked.connect(lambda _checked, word=word: self._choose(word))
            self._row.addWidget(button)
        self.setFocusProxy(self.buttons[words[0]])

    def value(self) -> str:
        return self._chosen

    def show_value(self, value: Any) -> None:
        self._chosen = str(value)
        for word, button in self.buttons.items():
            button.setChecked(word == self._chosen)
        if not self.buttons:
            self.menu_button.setText(self._chosen)
            self.menu_button.setAccessibleName(f"{self.name}: {self._chosen}")
            self.menu_button.updateGeometry()

    def _choose(self, word: str) -> None:
        self.show_value(word)
        self.settle()

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        group = QActionGroup(menu)
        for word in self._words:
            action = menu.addAction(word)
            action.setCheckable(True)
            action.setChecked(word == self._chosen)
            action.triggered.connect(lambda _checked, word=word: self._choose(word))
            group.addAction(action)
        menu.popup(self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height() + 4)))


class ChoicesEditor(Editor):
    """Any of a few words; the order is that of the words."""

    is_wide = True

    def __init__(self, theme: Theme, name: str, words: Sequence[str]) -> None:
        super().__init__(theme, name)
        self.buttons: dict[str, Button] = {}
        for word in words:
            button = self.buttons[word] = _segment(theme, name, word)
            button.clicked.connect(self.settle)
            self._row.addWidget(button)
        self.setFocusProxy(self.buttons[words[0]])

    def value(self) -> list[str]:
        return [word for word, button in self.buttons.items() if button.isChecked()]

    def show_value(self, value: Any) -> None:
        for word, button in self.buttons.items():
            button.setChecked(word in value)


def _segment(theme: Theme, name: str, word: str) -> Button:
    button = Button(theme, word, is_boxed=True)
    button.setCheckable(True)
    button.setAccessibleName(f"{name}: {word}")
    return button


def make_editor(theme: Theme, name: str, field: Field, unit: str) -> Editor:
    """The editor for what a setting takes."""
    if field.kind is FieldKind.SWITCH:
        return SwitchEditor(theme, name)
    if field.kind in (FieldKind.WHOLE, FieldKind.NUMBER):
        return NumberEditor(theme, name, field, unit)
    if field.kind is FieldKind.CHOICE:
        return ChoiceEditor(theme, name, field.words)
    if field.kind is FieldKind.CHOICES:
        return ChoicesEditor(theme, name, field.words)
    if field.kind is FieldKind.LIST:
        return ListEditor(theme, name)
    return OptionalEditor(theme, name) if field.may_be_none else LineEditor(theme, name)
