"""The dock under the chart: a row of tabs, and the panel of the chosen one. Collapsed, the row stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from virtuoso_desktop.ui.controls import Button, GivingRow, paint_focus
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import DOCK_LEAST_PX, HEADER_PX
from virtuoso_desktop.ui.shortcuts import with_keys
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.ui.panels.desk_parts import DeskPanel
    from virtuoso_desktop.ui.theme import Theme

LARGEST_PX = 16_777_215
PILL_PX = 14
SIDE_PX = 12


class Tab(QAbstractButton):
    """A tab: its name, and how many there are in a pill."""

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.count = 0
        self.setText(title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.show_count(0)

    def show_count(self, count: int) -> None:
        """The number in the pill; none for 0."""
        self.count = count
        self.setAccessibleName(f"{self.text()}, {count} hold now" if count else self.text())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        pill = self._pill_width() + 6 if self.count else 0
        return QSize(round(words_width((self._title("text"),)) + 0.5) + 2 * SIDE_PX + pill, HEADER_PX)

    def _title(self, colour: str) -> Word:
        return Word(self.text(), Type.STRONG if self.isChecked() else Type.BODY, colour)

    def _pill_width(self) -> int:
        return max(PILL_PX + 2, round(words_width((Word(str(self.count), Type.BADGE),))) + 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, is_chosen = self._theme, self.isChecked()
        if is_chosen:
            painter.fillRect(self.rect(), theme.color("background"))
            painter.fillRect(0, 0, self.width(), 2, theme.color("accent"))
        title = self._title("text" if is_chosen or self.underMouse() else "muted")
        paint_words(painter, theme, (title,), QRectF(SIDE_PX, 1, self.width() - SIDE_PX, HEADER_PX - 1))
        if self.count:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            wide = self._pill_width()
            box = QRectF(self.width() - SIDE_PX - wide, (HEADER_PX - PILL_PX) / 2 + 0.5, wide, PILL_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised2"))
            painter.drawRoundedRect(box, PILL_PX / 2, PILL_PX / 2)
            word = (Word(str(self.count), Type.BADGE),)
            paint_words(painter, theme, word, box.adjusted((wide - words_width(word)) / 2, 0, 4, 0))
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, theme, QRectF(self.rect()))


class TabRow(GivingRow):
    """The row of tabs, with the controls of the chosen panel at its right."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, HEADER_PX, pad=0, parent=parent)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, HEADER_PX - 1, self.width(), 1, self._theme.color("hair"))


class Dock(QWidget):
    """Tabs and the panel of the chosen one.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    collapse_changed = Signal(bool)
    """The user collapsed the dock or opened it again."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.is_collapsed = False
        self._row = TabRow(theme, self)
        self.collapse_button = Button(theme, icon_name="caret-down", parent=self)
        self._tabs: dict[Tab, QWidget] = {}
        self._controls: dict[Tab, Sequence[QWidget]] = {}
        self._later: dict[Tab, Callable[[], DeskPanel]] = {}
        self._body = QVBoxLayout()
        self._body.setContentsMargins(0, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._row)
        layout.addLayout(self._body, 1)
        self._row.add(self.collapse_button, rank=0, gap=4, right=True)
        self.collapse_button.clicked.connect(lambda: self.set_collapsed(not self.is_collapsed))
        self.setAccessibleName("Panels under the chart")
        self.setMinimumHeight(DOCK_LEAST_PX)
        self._tell_button()

    def add_panel(self, panel: QWidget, title: str, about: str, controls: Sequence[QWidget] = ()) -> Tab:
        """Add a tab; the first one is chosen. Controls give way from the last on."""
        tab = self._add_tab(title, about)
        self._put(tab, panel, controls)
        if len(self._tabs) == 1:
            self.choose(tab)
        else:
            panel.hide()
            for control in controls:
                self._row.want(control, False)
        return tab

    def add_later(self, title: str, about: str, make: Callable[[], DeskPanel]) -> Tab:
        """Add a tab whose panel is made when it is first chosen."""
        tab = self._add_tab(title, about)
        self._tabs[tab] = QWidget(self)
        self._tabs[tab].hide()
        self._controls[tab] = ()
        self._later[tab] = make
        return tab

    def _add_tab(self, title: str, about: str) -> Tab:
        tab = Tab(self._theme, title, self._row)
        tab.setToolTip(about)
        self._row.add(tab, rank=0, gap=0)
        tab.clicked.connect(lambda: self.choose(tab))
        return tab

    def _put(self, tab: Tab, panel: QWidget, controls: Sequence[QWidget]) -> None:
        self._tabs[tab] = panel
        self._controls[tab] = controls
        self._body.addWidget(panel)
        for place, control in reversed(list(enumerate(controls))):
            self._row.add(control, rank=place + 1, gap=6, right=True)

    def choose(self, tab: Tab) -> None:
        """Show a tab's panel; the dock opens if it was collapsed."""
        make = self._later.pop(tab, None)
        if make is not None:
            self._tabs[tab].deleteLater()
            panel = make()
            self._put(tab, panel, panel.controls)
        for each, panel in self._tabs.items():
            is_chosen = each is tab
            each.setChecked(is_chosen)
            panel.setVisible(is_chosen)
            for control in self._controls[each]:
                self._row.want(control, is_chosen)
        self.set_collapsed(False)
        self._row.arrange()

    def choose_named(self, title: str) -> None:
        """Show the panel of this title, or the first one."""
        named = (tab for tab in self._tabs if tab.text() == title)
        tab = next(named, next(iter(self._tabs), None))
        if tab is not None:
            self.choose(tab)

    @property
    def chosen(self) -> str:
        """Title of the chosen tab."""
        return next((tab.text() for tab in self._tabs if tab.isChecked()), "")

    def show_count(self, tab: Tab, count: int) -> None:
        """The number in a tab's pill."""
        tab.show_count(count)
        self._row.arrange()

    def set_collapsed(self, collapsed: bool) -> None:
        """Leave only the row of tabs, or open again."""
        if collapsed == self.is_collapsed:
            return
        self.is_collapsed = collapsed
        for tab, panel in self._tabs.items():
            panel.setVisible(tab.isChecked() and not collapsed)
            for control in self._controls[tab]:
                self._row.want(control, tab.isChecked() and not collapsed)
        self.setMinimumHeight(HEADER_PX if collapsed else DOCK_LEAST_PX)
        self.setMaximumHeight(HEADER_PX if collapsed else LARGEST_PX)
        self._tell_button()
        self.collapse_changed.emit(collapsed)

    def _tell_button(self) -> None:
        words = "Open the panels under the chart" if self.is_collapsed else "Collapse the panels under the chart"
        self.collapse_button.icon_name = "caret-up" if self.is_collapsed else "caret-down"
        self.collapse_button.setAccessibleName(words)
        self.collapse_button.setToolTip(with_keys(words, "toggle_dock"))
        self.collapse_button.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._theme.color("background"))
