"""The settings: every one of the tree, searched, explained, judged while it is typed, and in force without a restart.

The rows are made when they are shown, a few in a turn of the loop, so that the market goes on behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QScrollArea,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from virtuoso_desktop.settings.explain import dotted
from virtuoso_desktop.settings.variables import CREDENTIALS
from virtuoso_desktop.ui.controls import Button, paint_focus
from virtuoso_desktop.ui.dialogs.frame import PlainDialog, themed_label
from virtuoso_desktop.ui.dialogs.settings_broken import BrokenFile
from virtuoso_desktop.ui.dialogs.settings_form import SettingsForm
from virtuoso_desktop.ui.dialogs.settings_rows import Heading, SettingRow
from virtuoso_desktop.ui.dialogs.settings_secrets import SecretRow
from virtuoso_desktop.ui.dialogs.settings_words import FIRST_STARTS, Group, groups, paths_of, title_of
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.search_field import SearchField
from virtuoso_desktop.ui.words import Word, paint_words

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QKeyEvent

    from virtuoso_desktop.engine.settings_desk import SettingsDesk
    from virtuoso_desktop.settings.document import KeyPath
    from virtuoso_desktop.ui.theme import Theme

SIZE = QSize(820, 620)
GROUPS_PX, GROUP_ROW_PX = 176, 30
ROWS_A_TURN = 2
WEIGHTS: KeyPath = ("analysis", "weights")


class SettingsDialog(PlainDialog):
    """The dialog.

    Parameters
    ----------
    theme : Theme
        Colours.
    desk : SettingsDesk
        The settings, read already.
    parent : QWidget
        The window.
    """

    restart_asked = Signal()
    """Start the program again, so that what waits counts."""

    def __init__(self, theme: Theme, desk: SettingsDesk, parent: QWidget) -> None:
        super().__init__(theme, "Settings", parent)
        self._desk = desk
        self.form = SettingsForm(desk, self)
        self.rows: dict[KeyPath, SettingRow | SecretRow] = {}
        self._headings: dict[KeyPath, Heading] = {}
        self._shown: list[KeyPath] = []
        self._turn = 0
        self.search = SearchField(theme, "Search settings")
        self.search.setFixedWidth(240)
        self.search.setToolTip("Finds names, what they do, and their names in the file (Ctrl+F)")
        self.changed_only = Button(theme, "Changed only", "funnel", is_boxed=True)
        self.changed_only.setCheckable(True)
        self.changed_only.setToolTip("Only what differs from the default")
        self.groups = QListWidget()
        self.broken = BrokenFile(theme, desk)
        self.restart = Button(theme, "Start again now", "arrow-clockwise", is_boxed=True)
        self.waiting = themed_label("", Type.BODY, "muted")
        self.nothing = themed_label("", Type.BODY, "muted")
        self._build()
        self.search.textChanged.connect(self._fill)
        self.changed_only.toggled.connect(self._fill)
        self.groups.currentRowChanged.connect(self._on_group)
        self.restart.clicked.connect(self._ask_restart)
        self.form.judged.connect(self._tell)
        end = desk.renewed.connect(lambda _: self._tell())
        self.destroyed.connect(end)
        self.groups.setCurrentRow(0)
        self._tell()
        self.search.setFocus()

    # --- construction ----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(20, 10, 20, 10)
        head.setSpacing(8)
        for part in (self.search, self.changed_only):
            head.addWidget(part)
        head.addStretch(1)
        self.body.addLayout(head)
        self.body.addWidget(self.broken)
        self.groups.setAccessibleName("Groups of settings")
        self.groups.setFrameShape(QFrame.Shape.NoFrame)
        self.groups.setFixedWidth(GROUPS_PX)
        self.groups.setItemDelegate(_GroupRows(self._theme, self.groups))
        self.groups.viewport().setAutoFillBackground(False)
        self.groups.addItems([group.title for group in groups()])
        self._inner = QWidget()
        self._page = QVBoxLayout(self._inner)
        self._page.setContentsMargins(0, 0, 14, 12)
        self._page.setSpacing(0)
        self._page.addWidget(self.nothing)
        self._page.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self._inner)
        for ground in (self._inner, self.area.viewport()):
            ground.setAutoFillBackground(False)
        middle = QHBoxLayout()
        middle.setContentsMargins(12, 0, 6, 0)
        middle.setSpacing(20)
        middle.addWidget(self.groups)
        middle.addWidget(self.area, 1)
        self.body.addLayout(middle, 1)
        self.restart.quiet_colour = "text"
        self.restart.setToolTip("Close the program and open it again with the same options")
        self.foot.insertWidget(0, self.waiting)
        self.foot.insertWidget(2, self.restart)
        self.resize(SIZE)
        self.setMinimumSize(560, 360)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def point_at(self, path: KeyPath) -> None:
        """Show one setting, and put the keyboard there."""
        self.search.setText(dotted(path))
        self._lay_all()
        row = self.rows[path]
        if isinstance(row, SettingRow):
            row.editor.setFocus()

    def _on_group(self, number: int) -> None:
        if number >= 0 and self.search.text():
            self.search.clear()  # fills
        elif number >= 0:
            self._fill()

    def _wanted(self) -> list[KeyPath]:
        words = self.search.text().casefold().split()
        number = self.groups.currentRow()
        searched = groups() if words or number < 0 else (groups()[number],)
        return [
            path
            for group in searched
            for path in paths_of(group)
            if (not words or self._matches(group, path, words))
            and (not self.changed_only.isChecked() or self._is_changed(path))
        ]

    def _matches(self, group: Group, path: KeyPath, words: list[str]) -> bool:
        above = " ".join(title_of(path[:length]) for length in range(1, len(path)))
        told = self._desk.explained(path).words
        text = f"{group.title} {above} {title_of(path)} {told} {dotted(path)}".casefold()
        return all(word in text for word in words)

    def _is_changed(self, path: KeyPath) -> bool:
        if CREDENTIALS in path:
            return False
        return path in self.form.typed or not self._desk.standing(path).is_default

    def _fill(self) -> None:
        """Show what is wanted now; rows that do not exist yet follow in the next turns."""
        for part in (*self.rows.values(), *self._headings.values()):
            part.hide()
        while self._page.count() > 2:
            self._page.takeAt(0)
        self._shown = self._wanted()
        self._turn += 1
        searches = bool(self.search.text())
        what = "has this in its name or explanation" if searches else "differs from the default here"
        self.nothing.setText("" if self._shown else f"No setting {what}.")
        self.nothing.setVisible(not self._shown)
        self.area.verticalScrollBar().setValue(0)
        self._lay_from(0, self._turn)

    def _lay_from(self, start: int, turn: int) -> None:
        if turn != self._turn:
            return
        stop = min(start + ROWS_A_TURN, len(self._shown))
        for place in range(start, stop):
            self._lay(place)
        if stop < len(self._shown):
            QTimer.singleShot(0, self, lambda: self._lay_from(stop, turn))

    def _lay_all(self) -> None:
        """At once, where one of the rows is wanted."""
        self._fill()
        self._turn += 1
        for place in range(min(ROWS_A_TURN, len(self._shown)), len(self._shown)):
            self._lay(place)

    def _lay(self, place: int) -> None:
        path = self._shown[place]
        section = path[:-1]
        if not place or self._shown[place - 1][:-1] != section:
            self._add(self._heading(section))
        row = self.rows.get(path)
        if row is None:
            is_secret = CREDENTIALS in path
            row = self.rows[path] = (
                SecretRow(self._theme, path, self._desk)
                if is_secret
                else SettingRow(self._theme, path, self._desk, self.form)
            )
        self._add(row)

    def _add(self, part: QWidget) -> None:
        self._page.insertWidget(self._page.count() - 2, part)
        part.show()

    def _heading(self, section: KeyPath) -> Heading:
        found = self._headings.get(section)
        if found is None:
            explained = self._desk.explained(section)
            found = self._headings[section] = Heading(self._theme, title_of(section), explained.words)
            if section == WEIGHTS:
                self._tell_sum(found)
        return found

    # --- what is told ----------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        for row in self.rows.values():
            row.show_standing()
        weights = self._headings.get(WEIGHTS)
        if weights is not None:
            self._tell_sum(weights)
        self.broken.tell()
        waiting = [name for name in self._desk.waiting if name not in FIRST_STARTS]
        said = "1 setting counts" if len(waiting) == 1 else f"{len(waiting)} settings count"
        self.waiting.setText(f"{said} from the next start." if waiting else "")
        self.waiting.setToolTip(", ".join(waiting))
        self.restart.setVisible(bool(waiting))

    def _tell_sum(self, heading: Heading) -> None:
        values = [self.form.value(path) for path in paths_of(groups()[2]) if path[:-1] == WEIGHTS]
        if all(isinstance(value, (int, float)) for value in values):
            total = sum(values)
            is_right = abs(total - 1) < 1e-9
            heading.say(f"sum {total:.2f} {chr(0x2713) if is_right else chr(0x2260) + ' 1'}", _INK[is_right])
        else:
            heading.say("sum \u2014", "muted")

    # --- ends ------------------------------------------------------------------------------------------------------

    def _ask_restart(self) -> None:
        self.form.take()
        self.restart_asked.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        self.form.take()
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.search.setFocus()
            self.search.selectAll()
        elif event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            self.search.setFocus()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()  # Enter in a field ends the field, not the dialog
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter, hair = QPainter(self), self._theme.color("hair")
        top, bottom = self.area.geometry().top(), self.area.geometry().bottom()
        left = self.area.geometry().left() - 10
        painter.fillRect(0, top - 1, self.width(), 1, hair)
        painter.fillRect(0, bottom + 1, self.width(), 1, hair)
        painter.fillRect(left, top, 1, bottom - top + 1, hair)


_INK = {True: "up_text", False: "down_text"}


class _GroupRows(QStyledItemDelegate):
    """The entries of the list at the left."""

    def __init__(self, theme: Theme, parent: QListWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._list = parent

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, GROUP_ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, box = self._theme, QRectF(option.rect).adjusted(0, 1, -1, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)
        is_hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if is_current or is_hovered:
            tint = theme.color("accent", theme.palette.accent_tint_ratio)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint if is_current else theme.color("raised"))
            painter.drawRoundedRect(box, 4, 4)
        word = Word(index.data(), Type.STRONG if is_current else Type.BODY, "accent_text" if is_current else "text")
        paint_words(painter, theme, (word,), box.adjusted(10, 0, -4, 0))
        if (
            is_current
            and self._list.hasFocus()
            and self._list.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        ):
            paint_focus(painter, theme, box)
        painter.restore()
