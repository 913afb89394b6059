"""The tables of the Confluence panel, fitted to its width, and the row of filters between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui.controls import Button, GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import HEAD_PX, ROW_PX
from virtuoso_desktop.ui.panels.confluence_rows import (
    COMPONENT_COLUMNS,
    DIMENSION_COLUMNS,
    ComponentRows,
    DimensionRows,
    Filter,
    ShownResult,
)
from virtuoso_desktop.ui.table import TableView
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.table_note import paint_note
from virtuoso_desktop.ui.words import Word, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.ui.theme import Theme

NARROW_PX = 300
"""Below it weights give way."""
WHY_PX = 28
_NARROW = {
    "name": (68, 80),
    "bar": (54, 0),
    "letter": (40, 22),
    "value": (0, 58),
    "score": (44, 26),
    "points": (58, 32),
}
"""Widths in a narrow panel: of the dimensions' columns, of the components' columns."""


class FittedTable(TableView):
    """A table whose name column takes the room that is left; the weight gives way where it is narrow."""

    def __init__(self, model: PaintedModel, theme: Theme, parent: QWidget, *, narrow: int) -> None:
        super().__init__(model, theme, parent)
        self._narrow = narrow
        self._columns = model.columns
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(HEAD_PX + ROW_PX)
        self.resized.connect(self.fit)

    def fit(self) -> None:
        """Share the width among the columns."""
        room = self.canvas.width()
        is_narrow = self.window() is not self and self.width() < NARROW_PX
        widths = {index: column.width for index, column in enumerate(self._columns)}
        for index, column in enumerate(self._columns):
            if is_narrow and column.name in _NARROW:
                widths[index] = _NARROW[column.name][self._narrow] or column.width
            self.head.setSectionHidden(index, is_narrow and column.name == "weight")
        used = sum(width for index, width in widths.items() if not self.head.isSectionHidden(index))
        names = next(index for index, column in enumerate(self._columns) if column.name == "name")
        widths[names] = max(32, widths[names] + room - used)
        for index, width in widths.items():
            if self.head.sectionSize(index) != width and not self.head.isSectionHidden(index):
                self.head.resizeSection(index, width)


class DimensionTable(FittedTable):
    """Six dimensions and their sum."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        self.rows_shown = DimensionRows()
        self._own_model = PaintedModel(DIMENSION_COLUMNS, self.rows_shown)
        super().__init__(self._own_model, theme, parent, narrow=0)
        self.setAccessibleName("Dimensions")
        self.setFixedHeight(HEAD_PX + ROW_PX * self.rows_shown.row_count())
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.head.setSectionsClickable(False)
        title = Words(theme, parent=self.head)
        title.say(Word("Dimensions", Type.STRONG))
        title.setGeometry(12, 0, 90, HEAD_PX - 1)
        title.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_result(self, shown: ShownResult | None) -> None:
        """Show another result."""
        self.rows_shown.show(shown)
        self.canvas.update()


class ComponentTable(FittedTable):
    """The components behind the score."""

    chosen = Signal(str)
    """Name of the component whose evidence is wanted on the chart."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        self.rows_shown = ComponentRows()
        self._own_model = PaintedModel(COMPONENT_COLUMNS, self.rows_shown)
        super().__init__(self._own_model, theme, parent, narrow=1)
        self._own_theme = theme
        self.setAccessibleName("Components")
        self.head.sectionClicked.connect(self.sort_by)
        self.opened.connect(self._open)
        self._tell_sort()

    def show_result(self, shown: ShownResult | None) -> None:
        """Show another result; rows keep their selection by name."""
        self._rearranged(self.rows_shown.show(shown))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.rows_shown.order:
            paint_note(self.canvas, self._own_theme, (Word(self.note, colour="muted"),))

    @property
    def note(self) -> str:
        """Why no row is shown."""
        return _EMPTY[self.rows_shown.filter] if self.rows_shown.counts[Filter.ALL] else _NOTHING

    def show_filter(self, chosen: Filter) -> None:
        """Show only some components."""
        self.rows_shown.filter = chosen
        self._rearranged(self.rows_shown.rearrange())

    def sort_by(self, column: int) -> None:
        """Sort by a column; again by the same one turns the order round."""
        rows, spec = self.rows_shown, COMPONENT_COLUMNS[column]
        rows.sorts_down = not rows.sorts_down if spec.name == rows.sort_column else spec.sorts_down_first
        rows.sort_column = spec.name
        self._tell_sort()
        self._rearranged(rows.rearrange())

    def _tell_sort(self) -> None:
        names = [column.name for column in COMPONENT_COLUMNS]
        self.head.show_sort(names.index(self.rows_shown.sort_column), down=self.rows_shown.sorts_down)

    def _rearranged(self, before: list[str]) -> None:
        order = self.rows_shown.order
        if order != before:
            places = {part: place for place, part in enumerate(order)}
            self._own_model.rearranged(lambda row: places.get(before[row], -1))
        self.canvas.update()

    def _open(self, row: int) -> None:
        self.chosen.emit(self.rows_shown.order[row])


class FilterButton(Button):
    """A small word that chooses one of several."""

    def sizeHint(self) -> QSize:
        return QSize(round(words_width(self._words("text")) + 0.5) + 12, 20)


class WhyBar(GivingRow):
    """``Why`` with its filters; one button that opens the table where there is no room for it.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    filter_asked = Signal(object)
    """`Filter`."""
    opened = Signal()
    """The table is asked for, or asked to go again."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, WHY_PX, pad=12, colour="background", parent=parent)
        self._title = Words(theme, parent=self)
        self._title.say(Word("Why", Type.STRONG))
        self.add(self._title, rank=0)
        self.filters: dict[Filter, FilterButton] = {}
        for place, each in enumerate(reversed(Filter)):
            button = FilterButton(theme, each.value, parent=self)
            button.setCheckable(True)
            button.setToolTip(_TOOLTIPS[each])
            button.clicked.connect(lambda _=False, asked=each: self._ask(asked))
            self.filters[each] = button
            self.add(button, rank=0, gap=2 if place else 0, right=True)
        self.open_button = FilterButton(theme, "", "caret-right", parent=self)
        self.open_button.clicked.connect(self.opened)
        self.add(self.open_button, rank=0, gap=0, right=True)
        self._is_short = False
        self.filters[Filter.ALL].setChecked(True)
        self.show_counts(dict.fromkeys(Filter, 0))
        self.set_short(False, is_open=False)

    def show_counts(self, counts: dict[Filter, int]) -> None:
        """How many components each filter would show."""
        for each, button in self.filters.items():
            said = f"{each.value} {counts[each]}"
            if button.text() != said:
                button.setText(said)
                button.setAccessibleName(f"Components: {said.lower()}")
                button.quiet_colour = "text" if counts[each] else "muted"
                button.updateGeometry()
        self.arrange()

    def set_short(self, is_short: bool, *, is_open: bool) -> None:
        """In a short panel the filters stand there only while the table is open."""
        self._is_short = is_short
        for button in self.filters.values():
            self.want(button, not is_short or is_open)
        self.want(self._title, not (is_short and is_open))  # the filters need its place
        self.want(self.open_button, is_short)
        self.open_button.icon_name = "caret-down" if is_open else "caret-right"
        self.open_button.setText("" if is_open else "20 components")
        self.open_button.setAccessibleName("Hide the components" if is_open else "Show the 20 components")
        self.open_button.setToolTip("Back to the dimensions" if is_open else "Show what the score is made of")
        self.arrange()

    def _ask(self, asked: Filter) -> None:
        for each, button in self.filters.items():
            button.setChecked(each is asked)
        self.filter_asked.emit(asked)
        self.arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, 0, self.width(), 1, self._theme.color("hair"))


_NOTHING = "Nothing evaluated yet"
_EMPTY = {
    Filter.ALL: _NOTHING,
    Filter.FOR: "No component says the same as the score",
    Filter.AGAINST: "No component says the opposite",
    Filter.MISSING: "Every component has a value",
}
_TOOLTIPS = {
    Filter.ALL: "Every component",
    Filter.FOR: "Components that say the same as the score",
    Filter.AGAINST: "Components that say the opposite",
    Filter.MISSING: "Components without a value, and why",
}
