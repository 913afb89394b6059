"""Controls of the panels under the chart: go on after a pause, an amount, a choice out of a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from virtuoso_desktop.ui.amount import amount_text, parse_amount
from virtuoso_desktop.ui.controls import Button, GivingRow
from virtuoso_desktop.ui.panels.desk_words import ACTIONS, NEWEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtuoso_desktop.ui.table import TableView
    from virtuoso_desktop.ui.theme import Theme

FIELD_PX = 76


class PauseButton(Button):
    """Lies over a table that is fed from above: while its rows are hovered or scrolled they stand still.

    It says how many rows wait, and a click goes on.
    """

    ended = Signal()
    """Go on with the newest rows."""

    def __init__(self, theme: Theme, view: TableView) -> None:
        super().__init__(theme, "Paused", "pause", is_boxed=True, parent=view)
        self._view = view
        self._is_waived = False
        """The user went on while the pointer was over the rows: until it leaves."""
        self.is_on = False
        self.quiet_colour = "text"
        self.setToolTip(ACTIONS[NEWEST])
        self.clicked.connect(self._go_on)
        self.hide()

    def holds(self, waiting: int) -> bool:
        """Whether the rows have to stand still now; shows how many wait."""
        view = self._view
        is_scrolled = view.verticalScrollBar().value() > 0
        is_hovered = view.canvas.underMouse()
        if not is_hovered:
            self._is_waived = False
        self.is_on = is_scrolled or (is_hovered and not self._is_waived)
        if self.is_on:
            why = "scrolled" if is_scrolled else "under the pointer"
            words = f"Paused while {why}: {waiting} newer. Go on"
            if words != self.text():
                self.setText(words)
                self.setAccessibleName(words)
                self.place()
        self.setVisible(self.is_on)
        return self.is_on

    def end(self) -> None:
        """Stand still no longer, and show the top."""
        self._view.verticalScrollBar().setValue(0)
        self.is_on = False
        self.hide()

    def place(self) -> None:
        """At the lower edge of the rows."""
        size = self.sizeHint()
        canvas = self._view.canvas.geometry()
        left = canvas.left() + (canvas.width() - size.width()) // 2
        self.setGeometry(left, canvas.bottom() - size.height() - 3, size.width(), size.height())

    def _go_on(self) -> None:
        self._is_waived = True
        self.end()
        self.ended.emit()


class AmountField(QLineEdit):
    """An amount in quote coin. What cannot be read is told beside it, and the last valid amount stays in force."""

    amount_changed = Signal(object)
    """The new amount; None where an empty field means none."""

    def __init__(self, theme: Theme, name: str, amount: float | None, parent: QWidget, *, may_be_empty: bool) -> None:
        super().__init__(parent)
        self._theme = theme
        self._may_be_empty = may_be_empty
        self.amount = amount
        self.is_wrong = False
        self.setFixedSize(FIELD_PX, 22)
        self.setAccessibleName(name)
        self.about = ""
        self.set_amount(amount)
        self.textEdited.connect(self._on_text)
        self.editingFinished.connect(self._tidy)

    def sizeHint(self) -> QSize:
        return QSize(FIELD_PX, 22)

    def set_amount(self, amount: float | None) -> None:
        """Show an amount without telling."""
        self.amount = amount
        self.setText("" if amount is None else amount_text(amount))
        self._judge(False)

    def explain(self, about: str) -> None:
        """What it is for."""
        self.about = about
        self.setToolTip(about)

    def _on_text(self, typed: str) -> None:
        amount = parse_amount(typed)
        if amount is None and (typed.strip() or not self._may_be_empty):
            self._judge(True)
            return
        self._judge(False)
        if amount != self.amount:
            self.amount = amount
            self.amount_changed.emit(amount)

    def _judge(self, is_wrong: bool) -> None:
        self.is_wrong = is_wrong
        kept = "no limit" if self.amount is None else amount_text(self.amount)
        said = f"\u201c{self.text()}\u201d is no amount such as 100K or 2.5M. {kept} stays in force."
        self.setToolTip(said if is_wrong else self.about)
        self.setAccessibleDescription(said if is_wrong else self.about)
        border = f"QLineEdit {{ border: 2px solid {self._theme.palette.down}; padding: 0 5px; }}" if is_wrong else ""
        if border != self.styleSheet():
            self.setStyleSheet(border)

    def _tidy(self) -> None:
        if not self.is_wrong:
            self.set_amount(self.amount)


def choices_menu(
    button: Button, choices: Sequence[tuple[str, object]], chosen: object, take: Callable[[object], None]
) -> QMenu:
    """A menu of choices for a button; ``take`` gets what was chosen. `open_under` shows it."""
    menu = QMenu(button)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for label, value in choices:
        action = menu.addAction(label)
        action.setCheckable(True)
        action.setChecked(value == chosen)
        action.triggered.connect(lambda _=False, taken=value: take(taken))
    return menu


def open_under(button: Button, menu: QMenu | None) -> None:
    """Open a menu under its button; nothing where there is nothing to choose."""
    if menu is not None:
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def relabel(button: Button, words: str, *, is_on: bool = False) -> None:
    """Give a button in a row other words."""
    if words == button.text() and (button.quiet_colour == "accent_text") == is_on:
        return
    button.setText(words)
    button.setAccessibleName(words)
    button.quiet_colour = "accent_text" if is_on else "text"
    button.updateGeometry()
    button.update()
    arrange_row(button)


def arrange_row(control: QWidget) -> None:
    """A control in the row of tabs has another width."""
    row = control.parentWidget()
    if isinstance(row, GivingRow):
        row.arrange()
